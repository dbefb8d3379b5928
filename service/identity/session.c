// session - who is signed in at the portal.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "identity/internal.h"
#include "identity/token.h"

#define SECRET_BYTES 32
#define NOTE_SEEN_MS (60 * 1000)  // a write per page would cost an fsync each

static bool
sweep(pb_identity_t *identity, int64_t user_id, int64_t now, pb_error_t *err)
{
  return pb_db_run(identity->db, err,
                   "DELETE FROM auth_sessions WHERE seen_ms < ? OR created_ms < ?", "ii",
                   now - PB_SESSION_IDLE_MS, now - PB_SESSION_LIFE_MS) &&
         pb_db_run(identity->db, err,
                   "DELETE FROM auth_sessions WHERE hash IN (SELECT hash FROM auth_sessions"
                   " WHERE user_id = ? ORDER BY created_ms DESC LIMIT -1 OFFSET ?)",
                   "ii", user_id, (int64_t)(PB_SESSIONS_MAX - 1));
}

bool
pb_session_start(pb_identity_t *identity, int64_t user_id, pb_secret_t *secret_out, pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE];
  int64_t now = pb_clock_now_ms();

  if (!pb_secret_make(secret_out, SECRET_BYTES, err))
    return false;
  pb_token_hash(secret_out->text, hash);
  if (!pb_db_begin(identity->db, err))
    return false;
  bool ok = sweep(identity, user_id, now, err) &&
            pb_db_run(identity->db, err,
                      "INSERT INTO auth_sessions (hash, user_id, created_ms, seen_ms)"
                      " VALUES (?, ?, ?, ?)",
                      "biii", (const void *)hash, sizeof(hash), user_id, now, now);
  return pb_db_end(identity->db, ok, err);
}

// Failing to note it is no reason to send anybody away.
static void
note_seen(pb_identity_t *identity, const uint8_t hash[PB_SHA256_SIZE], int64_t now)
{
  pb_error_t err = {0};

  if (!pb_db_run(identity->db, &err, "UPDATE auth_sessions SET seen_ms = ? WHERE hash = ?", "ib",
                 now, (const void *)hash, (size_t)PB_SHA256_SIZE))
    pb_log(NULL, PB_LOG_WARN, "session: %s", err.message);
}

bool
pb_session_find(pb_identity_t *identity, const char *secret, struct pb_user *user_out,
                pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE];
  int64_t now = pb_clock_now_ms(), created = 0, seen = 0;
  bool    is_found;

  pb_token_hash(secret, hash);
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err,
                "SELECT s.created_ms, s.seen_ms, u.id, u.email, u.role, u.created_ms"
                " FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id WHERE s.hash = ?",
                "b", (const void *)hash, sizeof(hash));
  is_found = pb_db_step(query);
  if (is_found)
  {
    created   = pb_db_int(query, 0);
    seen      = pb_db_int(query, 1);
    *user_out = (struct pb_user){.id         = pb_db_int(query, 2),
                                 .role       = (enum pb_role)pb_db_int(query, 4),
                                 .created_ms = pb_db_int(query, 5)};
    pb_text_copy(user_out->email, sizeof(user_out->email), pb_db_text(query, 3));
  }
  if (!pb_db_finish(query, err))
    return false;
  if (!is_found || now - seen > PB_SESSION_IDLE_MS || now - created > PB_SESSION_LIFE_MS)
    return pb_error_set(err, PB_AUTH, "not signed in");
  if (now - seen > NOTE_SEEN_MS)
    note_seen(identity, hash, now);
  return true;
}

bool
pb_session_end(pb_identity_t *identity, const char *secret, pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE];

  pb_token_hash(secret, hash);
  return pb_db_run(identity->db, err, "DELETE FROM auth_sessions WHERE hash = ?", "b",
                   (const void *)hash, sizeof(hash));
}
