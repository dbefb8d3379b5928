// approval - a person decides about a device code that somebody shows: look it up, then approve or
// deny it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_APPROVAL_H
#define PB_IDENTITY_APPROVAL_H

#include "identity/device-grant.h"
#include "identity/user.h"

struct pb_approval
{
  char                      id[64];
  char                      user_code[PB_USER_CODE_SIZE];
  char                      scope[32];
  char                      client_id[PB_CLIENT_ID_SIZE];
  char                      requester[PB_NAME_SIZE];  // what the device says: not verified
  char                      peer[64];
  int64_t                   created_ms;
  int64_t                   expires_ms;
  struct pb_approved_queue *queues;
  size_t                    queues_count;
};

// Who decides, and from where.
struct pb_approver
{
  const struct pb_user *user;
  const char           *peer;
};

// Who may decide about such a scope.
bool pb_approval_is_allowed(const char *scope, enum pb_role role);

// PB_GONE: no such code is waiting; PB_RETRY: too many wrong codes.
bool pb_approval_find(pb_identity_t *identity, const char *user_code, const struct pb_approver *by,
                      struct pb_approval *approval_out, pb_error_t *err) PB_MUST_USE;
void pb_approval_clear(struct pb_approval *approval);

// A queue that is approved.
struct pb_approval_choice
{
  const char *uuid;
  int         adopts;  // the printer that it takes over, of one that asked for that; 0: a new one
  const char *device;  // in place of this device of the printer; "": it has none
};

// As below, with what each is to be.  PB_REJECT also when one that did not ask is to take over a
// printer, or when two are to take over the same.
bool pb_approval_approve_choices(pb_identity_t *identity, const char *user_code,
                                 const struct pb_approver        *by,
                                 const struct pb_approval_choice *choices, size_t count,
                                 pb_error_t *err) PB_MUST_USE;
// Once per code.  uuids: the queues that are approved, the others are struck; at least one of a
// register grant (PB_REJECT).  PB_AUTH: that user may not; PB_GONE and PB_RETRY as above.
bool pb_approval_approve(pb_identity_t *identity, const char *user_code,
                         const struct pb_approver *by, const char *const *uuids, size_t uuids_count,
                         pb_error_t *err) PB_MUST_USE;
bool pb_approval_deny(pb_identity_t *identity, const char *user_code, const struct pb_approver *by,
                      pb_error_t *err) PB_MUST_USE;

#endif
