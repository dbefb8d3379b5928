// program - what a person has allowed to print with his name.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/program.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/internal.h"

bool
pb_program_each(pb_identity_t *identity, int64_t                         user_id,
                void (*fn)(void *user, const struct pb_program *), void *user, pb_error_t *err)
{
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err,
                "SELECT family, client_id, label, max(created_ms) FROM auth_tokens"
                " WHERE user_id = ? AND scope = ? AND expires_ms > ? GROUP BY family"
                " ORDER BY max(created_ms) DESC, family",
                "iti", user_id, PB_SCOPE_USER, pb_clock_now_ms());

  while (pb_db_step(query))
  {
    struct pb_program row = {.used_ms = pb_db_int(query, 3)};

    pb_text_copy(row.family, sizeof(row.family), pb_db_text(query, 0));
    pb_text_copy(row.client_id, sizeof(row.client_id), pb_db_text(query, 1));
    pb_text_copy(row.label, sizeof(row.label), pb_db_text(query, 2));
    fn(user, &row);
  }
  return pb_db_finish(query, err);
}

bool
pb_program_remove(pb_identity_t *identity, int64_t user_id, const char *family, pb_error_t *err)
{
  if (!pb_db_run(identity->db, err,
                 "DELETE FROM auth_tokens WHERE family = ? AND user_id = ? AND scope = ?", "tit",
                 family, user_id, PB_SCOPE_USER))
    return false;
  pb_log(NULL, PB_LOG_INFO, "user %lld took back what a program was allowed", (long long)user_id);
  return true;
}
