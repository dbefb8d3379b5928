// client-key - the keys of a client, and how one follows the other.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/client-key.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/internal.h"
#include <stdlib.h>

enum
{
  COLUMNS = 3  // with a key
};

// "" and NULL: none.
static bool
parse_key(const char *pem, pb_key_t **key_out, pb_error_t *err)
{
  return pem == NULL || pem[0] == '\0' || pb_key_parse_pem(pem, key_out, err);
}

bool
pb_client_keys_load(pb_identity_t *identity, const char *client_id, struct pb_client_keys *keys_out,
                    pb_error_t *err)
{
  char         *pems[COLUMNS] = {NULL};
  bool          ok            = true;
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err,
                "SELECT public_key, next_key, former_key, rolled_ms FROM auth_clients WHERE id = ?",
                "t", client_id);

  *keys_out = (struct pb_client_keys){0};
  if (pb_db_step(query))
  {
    keys_out->rolled_ms = pb_db_int(query, COLUMNS);
    for (int i = 0; i < COLUMNS; i++)
    {
      const char *text = pb_db_text(query, i);

      pems[i] = pb_text_dup(text);
      if (text != NULL && pems[i] == NULL)
        ok = pb_error_set(err, PB_RETRY, "out of memory for a client's key");
    }
  }
  ok = pb_db_finish(query, ok ? err : NULL) && ok;
  ok = ok && parse_key(pems[0], &keys_out->current, err) &&
       parse_key(pems[1], &keys_out->next, err) && parse_key(pems[2], &keys_out->former, err);
  for (int i = 0; i < COLUMNS; i++)
    free(pems[i]);
  if (!ok)
    pb_client_keys_clear(keys_out);
  return ok;
}

void
pb_client_keys_clear(struct pb_client_keys *keys)
{
  pb_key_free(keys->current);
  pb_key_free(keys->next);
  pb_key_free(keys->former);
  *keys = (struct pb_client_keys){0};
}

bool
pb_identity_check_key(pb_identity_t *identity, const pb_principal_t *principal, pb_error_t *err)
{
  int64_t       rolled_ms = 0;
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err, "SELECT rolled_ms FROM auth_clients WHERE id = ?", "t",
                principal->client_id);

  if (pb_db_step(query))
    rolled_ms = pb_db_int(query, 0);
  if (!pb_db_finish(query, err))
    return false;
  return rolled_ms == principal->rolled_ms ||
         pb_error_set(err, PB_AUTH, PB_KEY_REPLACED " since this token was given");
}

bool
pb_client_key_set_next(pb_identity_t *identity, const char *client_id, const char *public_pem,
                       pb_error_t *err)
{
  return pb_db_run(identity->db, err, "UPDATE auth_clients SET next_key = ? WHERE id = ?", "tt",
                   public_pem, client_id);
}

// What is on its way with an older token is asked for once more, with a new one.
bool
pb_client_key_roll(pb_identity_t *identity, const char *client_id, pb_error_t *err)
{
  if (!pb_db_begin(identity->db, err))
    return false;
  bool ok =
    pb_db_run(
      identity->db, err,
      "UPDATE auth_clients SET former_key = coalesce(public_key, ''), public_key ="
      " next_key, next_key = '', rolled_ms = max(?, rolled_ms + 1) WHERE id = ? AND next_key <> ''",
      "it", pb_clock_now_ms(), client_id) &&
    pb_db_run(identity->db, err, "DELETE FROM auth_tokens WHERE client_id = ? AND grant_id = ''",
              "t", client_id);
  if (!pb_db_end(identity->db, ok, err))
    return false;
  pb_log(NULL, PB_LOG_INFO, "client %s has a new key", client_id);
  return true;
}
