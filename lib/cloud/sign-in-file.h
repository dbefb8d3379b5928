// sign-in-file - what is stored of one sign-in: FOLDER/HOST_PORT/sign-in.json (and key.pem of a
// machine's), and the code that waits for approval, pending.json. All 0600 in a folder of 0700.
// Bytes of files are judged here; no network.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_SIGN_IN_FILE_H
#define PB_CLOUD_SIGN_IN_FILE_H

#include "base/secret.h"
#include "cloud/grant.h"
#include "cloud/services.h"

#define PB_SIGN_IN_FILE "sign-in.json"
#define PB_SIGN_IN_PENDING "pending.json"
#define PB_SIGN_IN_KEY "key.pem"
#define PB_SIGN_IN_LOCK "lock"  // held while tokens are renewed and files are written
#define PB_SIGN_IN_POLL_LOCK                                                                       \
  "poll.lock"  // held by the process that asks whether a code is approved

struct pb_stored_sign_in
{
  struct pb_service service;
  char              id[64];     // random, another one with each sign-in
  char              user[256];  // who the service says it is; "" unknown
  char              token_endpoint[512];
  char              revocation_endpoint[512];  // "": none
  pb_secret_t       access_token;              // may be empty
  pb_secret_t       refresh_token;             // empty: a machine's
  int64_t           expires_ms;                // of the access token, by the wall clock
};

// What became of a code, for the processes that did not ask.
enum pb_stored_outcome
{
  PB_STORED_WAITING,
  PB_STORED_DENIED,
  PB_STORED_EXPIRED
};

struct pb_stored_code
{
  struct pb_device_code  code;        // expires_mono_ms is counted from now
  int64_t                expires_ms;  // wall clock
  enum pb_stored_outcome outcome;
};

// PB_CONFIG: damaged.  The sign-in, or code, is cleared when false.
bool pb_stored_sign_in_parse(const char *text, size_t size, struct pb_stored_sign_in *stored_out,
                             pb_error_t *err) PB_MUST_USE;
bool pb_stored_code_parse(const char *text, size_t size, const struct pb_service *service,
                          struct pb_stored_code *stored_out, pb_error_t *err) PB_MUST_USE;

// folder is that of the service (FOLDER/HOST_PORT).  PB_GONE: there is none; PB_CONFIG: damaged, or
// others may read it.
bool pb_stored_sign_in_read(const char *folder, struct pb_stored_sign_in *stored_out,
                            pb_error_t *err) PB_MUST_USE;
bool pb_stored_sign_in_write(const char *folder, const struct pb_stored_sign_in *stored,
                             pb_error_t *err) PB_MUST_USE;
void pb_stored_sign_in_clear(struct pb_stored_sign_in *stored);

bool pb_stored_code_read(const char *folder, const struct pb_service *service,
                         struct pb_stored_code *stored_out, pb_error_t *err) PB_MUST_USE;
bool pb_stored_code_write(const char *folder, const struct pb_stored_code *stored,
                          pb_error_t *err) PB_MUST_USE;
void pb_stored_code_clear(struct pb_stored_code *stored);

#endif
