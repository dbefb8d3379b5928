// approval - a person decides about a device code.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/approval.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/internal.h"
#include <stdlib.h>

static const struct
{
  const char  *scope;
  enum pb_role least;
} deciders[] = {
  {PB_SCOPE_REGISTER, PB_ROLE_ADMIN},
  {PB_SCOPE_MACHINE,  PB_ROLE_ADMIN},
  {PB_SCOPE_USER,     PB_ROLE_USER },
};

bool
pb_approval_is_allowed(const char *scope, enum pb_role role)
{
  for (size_t i = 0; i < sizeof(deciders) / sizeof(deciders[0]); i++)
    if (pb_text_is_equal(deciders[i].scope, scope))
      return role >= deciders[i].least;
  return false;
}

static bool
find_row(pb_identity_t *identity, const uint8_t hash[PB_SHA256_SIZE], struct pb_approval *approval,
         pb_error_t *err)
{
  bool          is_found;
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err,
                "SELECT id, scope, client_id, requester, peer, created_ms, expires_ms"
                " FROM auth_grants WHERE user_hash = ? AND state = ? AND expires_ms > ?",
                "bii", (const void *)hash, (size_t)PB_SHA256_SIZE, (int64_t)PB_GRANT_PENDING,
                pb_clock_now_ms());

  is_found = pb_db_step(query);
  if (is_found)
  {
    pb_text_copy(approval->id, sizeof(approval->id), pb_db_text(query, 0));
    pb_text_copy(approval->scope, sizeof(approval->scope), pb_db_text(query, 1));
    pb_text_copy(approval->client_id, sizeof(approval->client_id), pb_db_text(query, 2));
    pb_text_copy(approval->requester, sizeof(approval->requester), pb_db_text(query, 3));
    pb_text_copy(approval->peer, sizeof(approval->peer), pb_db_text(query, 4));
    approval->created_ms = pb_db_int(query, 5);
    approval->expires_ms = pb_db_int(query, 6);
  }
  if (!pb_db_finish(query, err))
    return false;
  return is_found || pb_error_set(err, PB_GONE, "this code is wrong, has expired or was used");
}

bool
pb_approval_find(pb_identity_t *identity, const char *user_code, const struct pb_approver *by,
                 struct pb_approval *approval_out, pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE];

  *approval_out = (struct pb_approval){0};
  if (!pb_lockout_try(identity->lockout, PB_LOCKOUT_CODE, by->user->email, err) ||
      !pb_lockout_try(identity->lockout, PB_LOCKOUT_PEER, by->peer, err))
    return false;
  if (!pb_user_code_hash(user_code, hash, approval_out->user_code))
    return pb_error_set(err, PB_GONE, "a code has eight letters, for example BCDF-GHJK");
  if (!find_row(identity, hash, approval_out, err))
    return false;
  pb_lockout_forgive(identity->lockout, PB_LOCKOUT_CODE, by->user->email);
  pb_lockout_undo(identity->lockout, PB_LOCKOUT_PEER, by->peer);
  return pb_device_grant_queues(identity, approval_out->id, PB_GRANT_PENDING, &approval_out->queues,
                                &approval_out->queues_count, err);
}

void
pb_approval_clear(struct pb_approval *approval)
{
  free(approval->queues);
  *approval = (struct pb_approval){0};
}

static const struct pb_approved_queue *
find_asked(const struct pb_approval *approval, const char *uuid)
{
  for (size_t i = 0; i < approval->queues_count; i++)
    if (pb_text_is_equal_nocase(approval->queues[i].uuid, uuid))
      return &approval->queues[i];
  return NULL;
}

// Nobody gets a printer who did not ask for it, and no two the same one.
static bool
check_adoption(const struct pb_approved_queue *asked, const struct pb_approval_choice *choices,
               size_t index, pb_error_t *err)
{
  if (choices[index].adopts == 0)
    return true;
  if (choices[index].adopts < 0 || asked->adopt[0] == '\0')
    return pb_error_set(err, PB_REJECT, "%s did not ask to take over a printer", asked->queue);
  for (size_t i = 0; i < index; i++)
    if (choices[i].adopts == choices[index].adopts &&
        pb_text_is_equal_nocase(choices[i].device, choices[index].device))
      return pb_error_set(err, PB_REJECT, "two queues cannot take over the same printer");
  return true;
}

static bool
check_choice(const struct pb_approval *approval, const struct pb_approval_choice *choices,
             size_t count, pb_error_t *err)
{
  if (approval->queues_count > 0 && count == 0)
    return pb_error_set(err, PB_REJECT, "choose at least one printer, or deny the request");
  for (size_t i = 0; i < count; i++)
  {
    const struct pb_approved_queue *asked = find_asked(approval, choices[i].uuid);

    if (asked == NULL)
      return pb_error_set(err, PB_REJECT, "a printer was chosen that nobody asked for");
    if (!check_adoption(asked, choices, i, err))
      return false;
  }
  return true;
}

// PENDING to what was decided; whoever comes second changes nothing.
static bool
set_state(pb_identity_t *identity, const struct pb_approval *approval, const struct pb_user *by,
          enum pb_grant_state state, pb_error_t *err)
{
  if (!pb_db_run(identity->db, err,
                 "UPDATE auth_grants SET state = ?, user_id = ? WHERE id = ? AND state = ?", "iiti",
                 (int64_t)state, by->id, approval->id, (int64_t)PB_GRANT_PENDING))
    return false;
  if (pb_db_changes(identity->db) == 0)
    return pb_error_set(err, PB_GONE, "somebody else has decided about this code");
  return true;
}

static bool
set_queue_states(pb_identity_t *identity, const struct pb_approval *approval,
                 const struct pb_approval_choice *choices, size_t count, pb_error_t *err)
{
  if (!pb_db_run(identity->db, err, "UPDATE auth_grant_queues SET state = ? WHERE grant_id = ?",
                 "it", (int64_t)PB_GRANT_DENIED, approval->id))
    return false;
  for (size_t i = 0; i < count; i++)
    if (!pb_db_run(identity->db, err,
                   "UPDATE auth_grant_queues SET state = ?, adopts = ?, adopt = ?"
                   " WHERE grant_id = ? AND uuid = lower(?)",
                   "iittt", (int64_t)PB_GRANT_APPROVED, (int64_t)choices[i].adopts,
                   choices[i].adopts > 0 ? choices[i].device : "", approval->id, choices[i].uuid))
      return false;
  return true;
}

static bool
find_allowed(pb_identity_t *identity, const char *user_code, const struct pb_approver *by,
             struct pb_approval *approval, pb_error_t *err)
{
  if (!pb_approval_find(identity, user_code, by, approval, err))
    return false;
  return pb_approval_is_allowed(approval->scope, by->user->role) ||
         pb_error_set(err, PB_AUTH, "only an administrator can decide about this");
}

bool
pb_approval_approve_choices(pb_identity_t *identity, const char *user_code,
                            const struct pb_approver *by, const struct pb_approval_choice *choices,
                            size_t count, pb_error_t *err)
{
  struct pb_approval approval = {0};
  bool               ok       = false;

  if (!pb_db_begin(identity->db, err))
    return false;
  ok = find_allowed(identity, user_code, by, &approval, err) &&
       check_choice(&approval, choices, count, err) &&
       set_state(identity, &approval, by->user, PB_GRANT_APPROVED, err) &&
       set_queue_states(identity, &approval, choices, count, err);
  ok = pb_db_end(identity->db, ok, err);
  if (ok)
    pb_log(&(pb_log_ctx_t){.request = by->peer}, PB_LOG_INFO,
           "%s approved %s for client %s: %zu of %zu queues", by->user->email, approval.scope,
           approval.client_id, count, approval.queues_count);
  pb_approval_clear(&approval);
  return ok;
}

bool
pb_approval_approve(pb_identity_t *identity, const char *user_code, const struct pb_approver *by,
                    const char *const *uuids, size_t uuids_count, pb_error_t *err)
{
  struct pb_approval_choice *choices = calloc(uuids_count + 1, sizeof(*choices));
  bool                       ok      = false;

  if (choices == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  for (size_t i = 0; i < uuids_count; i++)
    choices[i] = (struct pb_approval_choice){.uuid = uuids[i], .device = ""};
  ok = pb_approval_approve_choices(identity, user_code, by, choices, uuids_count, err);
  free(choices);
  return ok;
}

bool
pb_approval_deny(pb_identity_t *identity, const char *user_code, const struct pb_approver *by,
                 pb_error_t *err)
{
  struct pb_approval approval = {0};
  bool               ok       = false;

  if (!pb_db_begin(identity->db, err))
    return false;
  ok = find_allowed(identity, user_code, by, &approval, err) &&
       set_state(identity, &approval, by->user, PB_GRANT_DENIED, err);
  ok = pb_db_end(identity->db, ok, err);
  if (ok)
    pb_log(&(pb_log_ctx_t){.request = by->peer}, PB_LOG_INFO, "%s denied %s to client %s",
           by->user->email, approval.scope, approval.client_id);
  pb_approval_clear(&approval);
  return ok;
}
