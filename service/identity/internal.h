// internal - what the files of identity share: the structure behind pb_identity_t.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_INTERNAL_H
#define PB_IDENTITY_INTERNAL_H

#include "identity/identity.h"
#include "identity/lockout.h"
#include "identity/recall.h"
#include "identity/replay.h"
#include "net/digest.h"
#include "net/key.h"
#include <stdatomic.h>

struct pb_call_route;

struct pb_identity
{
  pb_db_t              *db;  // borrowed
  char                  issuer[512];
  char                  token_endpoint[544];
  pb_key_t             *ca_key;  // NULL: no certificates are issued
  char                 *ca_pem;
  int64_t               code_interval_ms;
  atomic_int_least64_t  code_life_ms;
  atomic_int_least64_t  certificate_ms;
  int64_t               started_ms;
  pb_lockout_t         *lockout;
  pb_recall_t          *recall;
  pb_replay_t          *replay;
  pb_identity_revoked_t on_revoked;  // may be NULL
  void                 *on_revoked_user;
  struct pb_call_route *oauth_routes;  // owned; the edge points into it
};

void pb_identity_tell_revoked(pb_identity_t *identity, const char *client_id);

#endif
