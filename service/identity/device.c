// device - output devices and the clients (connectors) that they belong to: registered once per
// approval, certified under the client's key.
// These run inside the caller's transaction: all is checked before anything is written.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "identity/client-key.h"
#include "identity/details.h"
#include "identity/device-grant.h"
#include "identity/internal.h"
#include <stdlib.h>
#include <string.h>

static void
read_queue(pb_db_stmt_t *query, const char *uuid, struct pb_approved_queue *queue)
{
  *queue = (struct pb_approved_queue){0};
  pb_text_copy(queue->uuid, sizeof(queue->uuid), uuid);
  pb_text_copy(queue->queue, sizeof(queue->queue), pb_db_text(query, 0));
  pb_text_copy(queue->make_and_model, sizeof(queue->make_and_model), pb_db_text(query, 1));
  pb_text_copy(queue->location, sizeof(queue->location), pb_db_text(query, 2));
  pb_text_copy(queue->host, sizeof(queue->host), pb_db_text(query, 3));
}

// Registered before: client_out gets whose it is; "" when it is new.
static bool
find_device(pb_identity_t *identity, const char *uuid, char client_out[PB_CLIENT_ID_SIZE],
            struct pb_approved_queue *queue, pb_error_t *err)
{
  pb_db_stmt_t *query = pb_db_query(identity->db, err,
                                    "SELECT queue, make_and_model, location, host, client_id"
                                    " FROM auth_devices WHERE uuid = ?",
                                    "t", uuid);

  client_out[0] = '\0';
  if (pb_db_step(query))
  {
    read_queue(query, uuid, queue);
    pb_text_copy(client_out, PB_CLIENT_ID_SIZE, pb_db_text(query, 4));
  }
  return pb_db_finish(query, err);
}

static bool
find_approved(pb_identity_t *identity, const char *grant_id, const char *uuid,
              struct pb_approved_queue *queue, bool *is_found_out, pb_error_t *err)
{
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err,
                "SELECT queue, make_and_model, location, host, adopts, joins, adopt"
                " FROM auth_grant_queues"
                " WHERE grant_id = ? AND uuid = ? AND state = ?",
                "tti", grant_id, uuid, (int64_t)PB_GRANT_APPROVED);

  *is_found_out = pb_db_step(query);
  if (*is_found_out)
  {
    read_queue(query, uuid, queue);
    queue->adopts = (int)pb_db_int(query, 4);
    pb_text_copy(queue->join, sizeof(queue->join), pb_db_text(query, 5));
    pb_text_copy(queue->adopt, sizeof(queue->adopt), pb_db_text(query, 6));
  }
  return pb_db_finish(query, err);
}

// Either a fresh approval, or the client has that device already.
static bool
check_allowed(pb_identity_t *identity, const pb_principal_t *principal, const char *uuid,
              struct pb_approved_queue *queue, pb_error_t *err)
{
  char owner[PB_CLIENT_ID_SIZE];
  bool is_approved = false;

  if (!principal->may_register && principal->role != PB_ROLE_PROXY)
    return pb_error_set(err, PB_AUTH, "this token may not register an output device");
  if (principal->role == PB_ROLE_PROXY && !pb_identity_check_key(identity, principal, err))
    return false;
  if (!find_device(identity, uuid, owner, queue, err))
    return false;
  if (owner[0] != '\0' && !pb_text_is_equal(owner, principal->client_id))
    return pb_error_set(err, PB_AUTH, "%s belongs to another client", uuid);
  if (principal->may_register &&
      !find_approved(identity, principal->grant_id, uuid, queue, &is_approved, err))
    return false;
  return is_approved || owner[0] != '\0' ||
         pb_error_set(err, PB_AUTH, "%s was not approved, or its approval is used up", uuid);
}

static bool
is_key(const pb_key_t *key, const char *id)
{
  char known[PB_KEY_ID_SIZE];

  if (key == NULL)
    return false;
  pb_key_get_id(key, known);
  return pb_text_is_equal(known, id);
}

// Whose key is that?  A new client is named by it; a known one has it, or says with a token that
// was asked for by the key before that it is to follow.
static bool
judge_key(pb_identity_t *identity, const pb_principal_t *principal, const char *id,
          bool *is_next_out, pb_error_t *err)
{
  struct pb_client_keys keys = {0};
  bool                  ok   = false;

  *is_next_out = false;
  if (!pb_client_keys_load(identity, principal->client_id, &keys, err))
    return false;
  if (keys.current == NULL)
    ok = pb_text_is_equal(id, principal->client_id);
  else if (is_key(keys.current, id) || is_key(keys.next, id))
    ok = true;
  else if (principal->role == PB_ROLE_PROXY && pb_text_is_equal(id, principal->next_key) &&
           !is_key(keys.former, id) && !pb_text_is_equal(id, principal->client_id))
    ok = *is_next_out = true;  // a key that was the client's does not come back
  pb_client_keys_clear(&keys);
  return ok || pb_error_set(err, PB_REJECT, "the key of the CSR is not that of client %s",
                            principal->client_id);
}

// The key that the client proved to have in the CSR; its public half is kept for assertions.
static bool
check_csr(pb_identity_t *identity, const pb_principal_t *principal, const char *uuid,
          const char *csr_pem, pb_key_t **key_out, char **pem_out, bool *is_next_out,
          pb_error_t *err)
{
  char common_name[64], id[PB_KEY_ID_SIZE];

  if (!pb_csr_parse(csr_pem, common_name, key_out, err))
    return false;
  // PWG 5100.22: the CN is the uuid without "urn:uuid:".
  if (!pb_text_is_equal_nocase(common_name, uuid + strlen("urn:uuid:")))
    return pb_error_set(err, PB_REJECT, "the CSR's CN is not the uuid of the output device");
  pb_key_get_id(*key_out, id);
  return judge_key(identity, principal, id, is_next_out, err) &&
         pb_key_format_public(*key_out, pem_out, err);
}

static bool
issue_certificate(pb_identity_t *identity, const pb_key_t *key, const char *uuid,
                  char **cert_pem_out, pb_error_t *err)
{
  if (identity->ca_key == NULL)
    return pb_error_set(err, PB_CONFIG, "there is no CA key to issue certificates with");
  return pb_cert_make_device(identity->ca_key, identity->ca_pem, key, uuid,
                             atomic_load(&identity->certificate_ms), cert_pem_out, err);
}

static bool
write_device(pb_identity_t *identity, const pb_principal_t *principal,
             const struct pb_approved_queue *queue, const char *public_pem, pb_error_t *err)
{
  int64_t now = pb_clock_now_ms();

  return pb_db_run(identity->db, err,
                   "INSERT INTO auth_clients (id, public_key, created_ms) VALUES (?, ?, ?)"
                   " ON CONFLICT (id) DO UPDATE SET"
                   " public_key = coalesce(public_key, excluded.public_key)",
                   "tti", principal->client_id, public_pem, now) &&
         pb_db_run(identity->db, err,
                   "INSERT OR REPLACE INTO auth_devices (uuid, client_id, queue, make_and_model,"
                   " location, host, registered_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
                   "tttttti", queue->uuid, principal->client_id, queue->queue,
                   queue->make_and_model, queue->location, queue->host, now) &&
         pb_db_run(identity->db, err,
                   "UPDATE auth_grant_queues SET state = ? WHERE grant_id = ? AND uuid = ?"
                   " AND state = ?",
                   "itti", (int64_t)PB_GRANT_USED, principal->grant_id, queue->uuid,
                   (int64_t)PB_GRANT_APPROVED);
}

bool
pb_identity_register_device(pb_identity_t *identity, const pb_principal_t *principal,
                            const char *uuid, const char *csr_pem,
                            struct pb_approved_queue *queue_out, char **cert_pem_out,
                            pb_error_t *err)
{
  bool      ok          = false;
  pb_key_t *key         = NULL;
  char     *public_pem  = NULL;
  char     *certificate = NULL;
  bool      is_next     = false;
  char      name[46];

  if (!pb_details_normalize_uuid(name, uuid))
    return pb_error_set(err, PB_REJECT, "output-device-uuid is not of the form urn:uuid:...");
  if (!check_allowed(identity, principal, name, queue_out, err))
    goto done;
  if (csr_pem != NULL &&
      (!check_csr(identity, principal, name, csr_pem, &key, &public_pem, &is_next, err) ||
       !issue_certificate(identity, key, name, &certificate, err)))
    goto done;
  if (!write_device(identity, principal, queue_out, public_pem, err) ||
      (is_next && !pb_client_key_set_next(identity, principal->client_id, public_pem, err)))
    goto done;
  pb_log(&(pb_log_ctx_t){.printer = queue_out->queue}, PB_LOG_INFO,
         "%s is registered for client %s", name, principal->client_id);
  if (cert_pem_out != NULL)
  {
    *cert_pem_out = certificate;
    certificate   = NULL;
  }
  ok = true;

done:
  pb_key_free(key);
  free(public_pem);
  free(certificate);
  return ok;
}

bool
pb_identity_find_device(pb_identity_t *identity, const char *uuid,
                        struct pb_approved_queue *queue_out, pb_error_t *err)
{
  char owner[PB_CLIENT_ID_SIZE];

  return find_device(identity, uuid, owner, queue_out, err) &&
         (owner[0] != '\0' || pb_error_set(err, PB_GONE, "%s is not registered", uuid));
}

void
pb_identity_on_revoked(pb_identity_t *identity, pb_identity_revoked_t fn, void *user)
{
  identity->on_revoked      = fn;
  identity->on_revoked_user = user;
}

void
pb_identity_tell_revoked(pb_identity_t *identity, const char *client_id)
{
  if (identity->on_revoked != NULL)
    identity->on_revoked(identity->on_revoked_user, client_id);
}

bool
pb_identity_revoke_client(pb_identity_t *identity, const char *client_id, pb_error_t *err)
{
  if (!pb_db_begin(identity->db, err))
    return false;
  bool ok =
    pb_db_run(identity->db, err, "DELETE FROM auth_tokens WHERE client_id = ?", "t", client_id) &&
    pb_db_run(identity->db, err, "DELETE FROM auth_grants WHERE client_id = ?", "t", client_id) &&
    pb_db_run(identity->db, err, "DELETE FROM auth_clients WHERE id = ?", "t", client_id);
  if (ok)
    pb_identity_tell_revoked(identity, client_id);
  if (!pb_db_end(identity->db, ok, err))
    return false;
  pb_log(NULL, PB_LOG_INFO, "client %s is revoked", client_id);
  return true;
}

static bool
count_devices(pb_identity_t *identity, const char *client_id, int64_t *count_out, pb_error_t *err)
{
  pb_db_stmt_t *query = pb_db_query(
    identity->db, err, "SELECT count(*) FROM auth_devices WHERE client_id = ?", "t", client_id);

  *count_out = pb_db_step(query) ? pb_db_int(query, 0) : 0;
  return pb_db_finish(query, err);
}

bool
pb_identity_forget_device(pb_identity_t *identity, const char *uuid, pb_error_t *err)
{
  char                     owner[PB_CLIENT_ID_SIZE], name[46];
  struct pb_approved_queue queue;
  int64_t                  left = 0;

  if (!pb_details_normalize_uuid(name, uuid))
    return pb_error_set(err, PB_REJECT, "output-device-uuid is not of the form urn:uuid:...");
  if (!pb_db_begin(identity->db, err))
    return false;
  bool ok = find_device(identity, name, owner, &queue, err);
  if (ok && owner[0] != '\0')
    ok = pb_db_run(identity->db, err, "DELETE FROM auth_devices WHERE uuid = ?", "t", name) &&
         count_devices(identity, owner, &left, err) &&
         (left > 0 || pb_identity_revoke_client(identity, owner, err));
  return pb_db_end(identity->db, ok, err);
}
