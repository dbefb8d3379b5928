// privilege - a backend that cupsd runs as root reads the sign-in of the user whose job it
// prints; the part that speaks to the network runs as that user (or lp) for good, unless it prints
// with the machine's own sign-in, which is root's.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_PRIVILEGE_H
#define PB_BACKEND_PRIVILEGE_H

#include "base/error.h"

#include <sys/types.h>

struct pb_account_ids
{
  uid_t uid;
  gid_t gid;
  char  name[256];
};

// Of the user if there is such an account (NULL: of nobody's), else of lp, else of nobody; of this
// process when it is not root's. PB_CONFIG: none of them exists.
bool pb_privilege_find(const char *user, struct pb_account_ids *ids_out,
                       pb_error_t *err) PB_MUST_USE;

bool pb_privilege_is_root(void);

// For a while: effective ids only.  Both do nothing where the process is not root's.
bool pb_privilege_enter(const struct pb_account_ids *ids, pb_error_t *err) PB_MUST_USE;
bool pb_privilege_leave(pb_error_t *err) PB_MUST_USE;

// For good, groups and all.
bool pb_privilege_drop(const struct pb_account_ids *ids, pb_error_t *err) PB_MUST_USE;

#endif
