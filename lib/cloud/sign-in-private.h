// sign-in-private - what the files around sign-in.c share.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_SIGN_IN_PRIVATE_H
#define PB_CLOUD_SIGN_IN_PRIVATE_H

#include "cloud/sign-in-file.h"
#include "cloud/sign-in.h"

struct pb_sign_in
{
  enum pb_sign_in_kind     kind;
  char                     folder[PB_PLACE_SIZE + PB_SERVICE_NAME_SIZE];  // of this service
  struct pb_service        service;
  struct pb_stored_sign_in stored;  // as it was last read
  char               seen_id[64];  // of what was stored when the handle was made, or the code begun
  pb_http_t         *http;         // NULL: not needed yet
  struct pb_metadata metadata;     // issuer "": not read yet
  pb_key_t          *key;          // of a machine; NULL: not read yet
  char               client_id[64];
  int                poll_lock;  // -1: this process does not poll
};

// What is on the disk now.  PB_GONE: nothing; PB_CONFIG.
bool pb_sign_in_load(pb_sign_in_t *sign_in, pb_error_t *err) PB_MUST_USE;

// One of the lock files.  wait_ms 0: *fd_out is -1 when somebody else has it (and true).  PB_RETRY:
// waited for nothing.
bool pb_sign_in_lock(pb_sign_in_t *sign_in, const char *name, int64_t wait_ms, int *fd_out,
                     pb_error_t *err) PB_MUST_USE;
void pb_sign_in_unlock(int *fd);

bool pb_sign_in_drop(pb_sign_in_t *sign_in, const char *name, pb_error_t *err) PB_MUST_USE;

// http; and the service's endpoints.
bool pb_sign_in_connect(pb_sign_in_t *sign_in, pb_error_t *err) PB_MUST_USE;
bool pb_sign_in_learn(pb_sign_in_t *sign_in, pb_error_t *err) PB_MUST_USE;

// A machine's key pair, made at first when is_new_allowed; PB_GONE: there is none.
bool pb_sign_in_find_key(pb_sign_in_t *sign_in, bool is_new_allowed, pb_error_t *err) PB_MUST_USE;
bool pb_sign_in_sign(pb_sign_in_t *sign_in, const char *audience, bool has_key,
                     pb_secret_t *jwt_out, pb_error_t *err) PB_MUST_USE;

// A new token, saved; under the lock.  PB_AUTH: the sign-in has been removed.
bool pb_sign_in_renew_locked(pb_sign_in_t *sign_in, pb_error_t *err) PB_MUST_USE;
// What was granted, on the disk.
bool pb_sign_in_save_locked(pb_sign_in_t *sign_in, struct pb_grant *grant, bool is_new,
                            pb_error_t *err) PB_MUST_USE;

#endif
