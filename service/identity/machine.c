// machine - a computer that prints for the users that it names.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/machine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/internal.h"

#define COLUMNS "SELECT id, machine, created_ms FROM auth_clients WHERE machine <> ''"
#define UNNAMED "unnamed"  // who gave no name still counts as a machine

// A connector, which may be the same client, has replaced the key since it was asked with.
static bool
check_key(pb_identity_t *identity, const struct pb_token_subject *subject, pb_error_t *err)
{
  bool          is_other = false;
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err,
                "SELECT 1 FROM auth_clients c JOIN auth_grants g ON g.client_id = c.id"
                " WHERE g.id = ? AND c.public_key <> g.public_key",
                "t", subject->grant_id);

  is_other = pb_db_step(query);
  if (!pb_db_finish(query, err))
    return false;
  return !is_other || pb_error_set(err, PB_AUTH, PB_KEY_REPLACED " since this was asked for");
}

bool
pb_machine_bind(pb_identity_t *identity, const struct pb_token_subject *subject, pb_error_t *err)
{
  if (!pb_text_is_equal(subject->scope, PB_SCOPE_MACHINE))
    return true;
  if (!check_key(identity, subject, err))
    return false;
  if (!pb_db_run(identity->db, err,
                 "INSERT INTO auth_clients (id, public_key, created_ms, machine)"
                 " SELECT client_id, public_key, ?, coalesce(nullif(requester, ''), ?)"
                 " FROM auth_grants WHERE id = ? AND public_key <> ''"
                 " ON CONFLICT (id) DO UPDATE SET public_key = excluded.public_key,"
                 " machine = excluded.machine",
                 "itt", pb_clock_now_ms(), UNNAMED, subject->grant_id))
    return false;
  if (pb_db_changes(identity->db) == 0)
    return pb_error_set(err, PB_BUG, "a machine's grant without its key");
  pb_log(NULL, PB_LOG_INFO, "machine %s may print for its users", subject->client_id);
  return true;
}

// A machine's key opens no tunnel, unless it is also a connector's.
bool
pb_machine_check_scope(pb_identity_t *identity, const char *client_id, const char *scope,
                       pb_error_t *err)
{
  bool          is_machine = false, is_connector = true;
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err,
                "SELECT machine <> '', machine = '' OR EXISTS (SELECT 1 FROM auth_devices d"
                " WHERE d.client_id = c.id) FROM auth_clients c WHERE id = ?",
                "t", client_id);

  if (pb_db_step(query))
  {
    is_machine   = pb_db_int(query, 0) != 0;
    is_connector = pb_db_int(query, 1) != 0;
  }
  if (!pb_db_finish(query, err))
    return false;
  if (pb_text_is_equal(scope, PB_SCOPE_MACHINE) ? is_machine : is_connector)
    return true;
  return pb_error_set(err, PB_AUTH, "this client was not approved for %s", scope);
}

// What it is as a connector stays.
static bool
end_locked(pb_identity_t *identity, const char *client_id, pb_error_t *err)
{
  if (!pb_db_run(identity->db, err, "UPDATE auth_clients SET machine = '' WHERE id = ?", "t",
                 client_id) ||
      !pb_db_run(identity->db, err, "DELETE FROM auth_tokens WHERE client_id = ? AND scope = ?",
                 "tt", client_id, PB_SCOPE_MACHINE))
    return false;
  pb_log(NULL, PB_LOG_INFO, "the approval of machine %s has ended", client_id);
  return true;
}

bool
pb_machine_end(pb_identity_t *identity, const char *client_id, pb_error_t *err)
{
  pb_error_t why = {0};
  bool       ok  = pb_machine_check_scope(identity, client_id, PB_SCOPE_MACHINE, err);

  if (!ok || !pb_db_begin(identity->db, err))
    return false;
  if (pb_machine_check_scope(identity, client_id, PB_SCOPE_PROXY, &why))
    ok = end_locked(identity, client_id, err);
  else if (why.kind == PB_AUTH)
    ok = pb_identity_revoke_client(identity, client_id, err);
  else
    ok = pb_error_set(err, why.kind, "%s", why.message);
  return pb_db_end(identity->db, ok, err);
}

static void
read_row(pb_db_stmt_t *query, struct pb_machine *machine)
{
  *machine = (struct pb_machine){.approved_ms = pb_db_int(query, 2)};
  pb_text_copy(machine->client_id, sizeof(machine->client_id), pb_db_text(query, 0));
  pb_text_copy(machine->host, sizeof(machine->host), pb_db_text(query, 1));
}

bool
pb_machine_each(pb_identity_t *identity, void (*fn)(void *user, const struct pb_machine *),
                void *user, pb_error_t *err)
{
  pb_db_stmt_t *query = pb_db_query(identity->db, err, COLUMNS " ORDER BY machine, id", "");

  while (pb_db_step(query))
  {
    struct pb_machine machine;

    read_row(query, &machine);
    fn(user, &machine);
  }
  return pb_db_finish(query, err);
}

bool
pb_machine_find(pb_identity_t *identity, const char *client_id, struct pb_machine *machine_out,
                pb_error_t *err)
{
  bool          is_found;
  pb_db_stmt_t *query = pb_db_query(identity->db, err, COLUMNS " AND id = ?", "t", client_id);

  is_found = pb_db_step(query);
  if (is_found)
    read_row(query, machine_out);
  if (!pb_db_finish(query, err))
    return false;
  return is_found || pb_error_set(err, PB_GONE, "there is no such machine");
}
