// sign-in - a stored authorization at one service, of a user (device grant, refresh tokens that
// rotate) or of the machine (a key of its own, private_key_jwt). Several processes use the same
// one at once: what must not happen twice is done under a file lock. One handle belongs to one
// thread; an account made from it may be shared. Blocks on the network where said.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_SIGN_IN_H
#define PB_CLOUD_SIGN_IN_H

#include "cloud/client.h"
#include "cloud/grant.h"
#include "cloud/services.h"

enum pb_sign_in_kind
{
  PB_SIGN_IN_USER,    // scope print.user
  PB_SIGN_IN_MACHINE  // scope print.machine: asserts the names of its users
};

typedef struct pb_sign_in pb_sign_in_t;

// A handle, whether anything is stored or not; makes nothing on the disk.  folder is of pb_places
// (user_sign_ins or machine_sign_ins); what belongs to this service is in folder/HOST_PORT/. Copies
// all.
bool pb_sign_in_new(const char *folder, enum pb_sign_in_kind kind, const struct pb_service *service,
                    pb_sign_in_t **sign_in_out, pb_error_t *err) PB_MUST_USE;
// The same, but PB_GONE when none is stored, PB_CONFIG when its file is damaged or others could
// have read it.
bool pb_sign_in_open(const char *folder, enum pb_sign_in_kind kind,
                     const struct pb_service *service, pb_sign_in_t **sign_in_out,
                     pb_error_t *err) PB_MUST_USE;
void pb_sign_in_close(pb_sign_in_t *sign_in);

bool
pb_sign_in_is_stored(pb_sign_in_t *sign_in);  // looks at the disk: somebody else may have signed in
const struct pb_service *pb_sign_in_get_service(const pb_sign_in_t *sign_in);
const char *
pb_sign_in_get_user(const pb_sign_in_t *sign_in);  // who the service says it is; "" unknown

// Ask for a code; or the one that somebody else asked for and that is still good, so that everybody
// shows the same. requester: for whom (the user and host), shown where it is approved.  May block
// (network).  PB_RETRY, PB_CONFIG ...
bool pb_sign_in_begin(pb_sign_in_t *sign_in, const char *requester, struct pb_device_code *code_out,
                      pb_error_t *err) PB_MUST_USE;
// Wait code->interval_ms between calls.  Only one process asks the service at a time; the others
// look at the disk, so PB_POLL_GRANTED may mean that another one got it.  GRANTED: it is saved.
// DENIED, EXPIRED: the code is forgotten.
enum pb_poll pb_sign_in_poll(pb_sign_in_t *sign_in, struct pb_device_code *code, pb_error_t *err);

// An access token.  is_fresh: a new one even if the old seems valid.  A new refresh token is on the
// disk before the new access token is used.  May block.  PB_AUTH: refused or revoked, told once:
// the sign-in is removed from the disk; PB_GONE: none is stored; PB_RETRY: the network.
bool pb_sign_in_copy_token(pb_sign_in_t *sign_in, bool is_fresh, pb_secret_t *token_out,
                           pb_error_t *err) PB_MUST_USE;

// For requests (cloud/client.h) and the printer list; borrows the sign-in, which must outlive it
// and be used by nobody else meanwhile.
bool pb_sign_in_make_account(pb_sign_in_t *sign_in, pb_cloud_account_t **account_out,
                             pb_error_t *err) PB_MUST_USE;

// Revoke at the service as well as can be (is_told_out, may be NULL: it heard it), and forget it
// here.
bool pb_sign_in_remove(pb_sign_in_t *sign_in, bool *is_told_out, pb_error_t *err) PB_MUST_USE;

#endif
