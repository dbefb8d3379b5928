// lockout - slows down guessing: tries are counted by account, by address and by who types codes,
// and after some free ones each costs a longer wait.  In memory, bounded.  Thread-safe.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_LOCKOUT_H
#define PB_IDENTITY_LOCKOUT_H

#include "base/error.h"
#include <stdint.h>

typedef struct pb_lockout pb_lockout_t;

enum pb_lockout_kind
{
  PB_LOCKOUT_ACCOUNT,  // passwords of one account
  PB_LOCKOUT_PEER,     // anything from one address (an IPv6 /64)
  PB_LOCKOUT_CODE      // device codes typed by one user
};

// What counts as one address: an IPv6 address's /64, any other as it is.
void pb_lockout_format_peer(const char *peer, char *dst, size_t dst_size);

pb_lockout_t *pb_lockout_new(void);  // NULL: out of memory
void          pb_lockout_free(pb_lockout_t *lockout);

// Count a try before it is made, so that tries at the same time do not slip through.  PB_RETRY says
// how long to wait; such a try is not counted.
bool pb_lockout_try(pb_lockout_t *lockout, enum pb_lockout_kind kind, const char *name,
                    pb_error_t *err) PB_MUST_USE;
void pb_lockout_undo(pb_lockout_t *lockout, enum pb_lockout_kind kind,
                     const char *name);  // it was no guess
void pb_lockout_forgive(pb_lockout_t *lockout, enum pb_lockout_kind kind,
                        const char *name);  // forget them all

#endif
