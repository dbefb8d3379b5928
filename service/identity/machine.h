// machine - a computer that signs in by a key of its own (scope print.machine), approved once by an
// administrator, and prints for the users that it names.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_MACHINE_H
#define PB_IDENTITY_MACHINE_H

#include "identity/token.h"

// The grant's code was approved and is being used up: from now on its key is known.  Does nothing
// for other scopes.  In the caller's transaction.
bool pb_machine_bind(pb_identity_t *identity, const struct pb_token_subject *subject,
                     pb_error_t *err) PB_MUST_USE;

// May that client, which has proven its key, have a token of that scope?  PB_AUTH: no.
bool pb_machine_check_scope(pb_identity_t *identity, const char *client_id, const char *scope,
                            pb_error_t *err) PB_MUST_USE;

// It gives up its approval: its tokens end, and its key is known no more unless it is a
// connector's, too.  PB_AUTH: it is no machine.
bool pb_machine_end(pb_identity_t *identity, const char *client_id, pb_error_t *err) PB_MUST_USE;

struct pb_machine
{
  char    client_id[PB_CLIENT_ID_SIZE];
  char    host[PB_NAME_SIZE];  // as it said when it was approved
  int64_t approved_ms;
};

// For the portal; pb_identity_revoke_client ends one.
bool pb_machine_each(pb_identity_t *identity, void (*fn)(void *user, const struct pb_machine *),
                     void *user, pb_error_t *err) PB_MUST_USE;
bool pb_machine_find(pb_identity_t *identity, const char *client_id, struct pb_machine *machine_out,
                     pb_error_t *err) PB_MUST_USE;  // PB_GONE

#endif
