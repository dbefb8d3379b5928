// session - who is signed in at the portal.  The cookie's value is stored as SHA-256 only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_SESSION_H
#define PB_IDENTITY_SESSION_H

#include "identity/user.h"

#define PB_SESSION_IDLE_MS (30 * 60 * 1000)
#define PB_SESSION_LIFE_MS (12 * 60 * 60 * 1000)
#define PB_SESSIONS_MAX 20  // per user; the oldest give way

// Always a new secret: what a visitor brought along is never taken over.
bool pb_session_start(pb_identity_t *identity, int64_t user_id, pb_secret_t *secret_out,
                      pb_error_t *err) PB_MUST_USE;
// With the user as he is now.  PB_AUTH: none, ended or expired.
bool pb_session_find(pb_identity_t *identity, const char *secret, struct pb_user *user_out,
                     pb_error_t *err) PB_MUST_USE;
bool pb_session_end(pb_identity_t *identity, const char *secret, pb_error_t *err) PB_MUST_USE;

#endif
