// token - access and refresh tokens.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/token.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/internal.h"
#include <string.h>

#define TOKEN_BYTES 32
#define MINUTE_MS INT64_C(60000)
#define LOST_ANSWER_MS (10 * MINUTE_MS)  // so long a client that heard no answer may ask again
#define KEY_TOKENS_MAX 64                // live ones per connector or machine; the oldest give way

enum pb_token_kind
{
  KIND_ACCESS  = 1,
  KIND_REFRESH = 2
};

// refresh_ms 0: none.  A refresh token lives so long from its last use.
static const struct life
{
  const char *scope;
  int64_t     access_ms;
  int64_t     refresh_ms;
} lives[] = {
  {PB_SCOPE_REGISTER, 10 * MINUTE_MS, 0                       },
  {PB_SCOPE_PROXY,    10 * MINUTE_MS, 0                       },
  {PB_SCOPE_MACHINE,  10 * MINUTE_MS, 0                       },
  {PB_SCOPE_USER,     60 * MINUTE_MS, 90 * 24 * 60 * MINUTE_MS},
};

static const struct life *
find_life(const char *scope)
{
  for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++)
    if (pb_text_is_equal(lives[i].scope, scope))
      return &lives[i];
  return NULL;
}

void
pb_token_hash(const char *text, uint8_t hash[PB_SHA256_SIZE])
{
  pb_sha256(text, strlen(text), hash);
}

void
pb_tokens_clear(struct pb_tokens *tokens)
{
  pb_secret_clear(&tokens->access);
  pb_secret_clear(&tokens->refresh);
  *tokens = (struct pb_tokens){0};
}

static bool
insert(pb_identity_t *identity, const struct pb_token_subject *subject, enum pb_token_kind kind,
       const char *family, int64_t life_ms, pb_secret_t *token_out, pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE];
  int64_t now = pb_clock_now_ms();

  if (!pb_secret_make(token_out, TOKEN_BYTES, err))
    return false;
  pb_token_hash(token_out->text, hash);
  return pb_db_run(
    identity->db, err,
    "INSERT INTO auth_tokens (hash, kind, family, scope, client_id, user_id, grant_id, created_ms,"
    " expires_ms, label, next_key) VALUES (?, ?, ?, ?, ?, nullif(?, 0), ?, ?, ?, ?, ?)",
    "bitttitiitt", (const void *)hash, sizeof(hash), (int64_t)kind, family, subject->scope,
    subject->client_id, subject->user_id, subject->grant_id, now, now + life_ms, subject->label,
    subject->next_key);
}

// Those that have expired, and those of a connector or machine that asks too often.
static bool
sweep(pb_identity_t *identity, const struct pb_token_subject *subject, pb_error_t *err)
{
  if (!pb_db_run(identity->db, err, "DELETE FROM auth_tokens WHERE expires_ms < ?", "i",
                 pb_clock_now_ms()))
    return false;
  if (!pb_text_is_equal(subject->scope, PB_SCOPE_PROXY) &&
      !pb_text_is_equal(subject->scope, PB_SCOPE_MACHINE))
    return true;
  return pb_db_run(identity->db, err,
                   "DELETE FROM auth_tokens WHERE hash IN (SELECT hash FROM auth_tokens"
                   " WHERE client_id = ? AND scope = ? ORDER BY created_ms DESC LIMIT -1 OFFSET ?)",
                   "tti", subject->client_id, subject->scope, (int64_t)(KEY_TOKENS_MAX - 1));
}

static bool
issue_locked(pb_identity_t *identity, const struct pb_token_subject *subject, const char *family,
             struct pb_tokens *tokens_out, pb_error_t *err)
{
  const struct life *life = find_life(subject->scope);

  if (life == NULL)
    return pb_error_set(err, PB_BUG, "no token has the scope %s", subject->scope);
  tokens_out->expires_in_ms = life->access_ms;
  return sweep(identity, subject, err) &&
         insert(identity, subject, KIND_ACCESS, family, life->access_ms, &tokens_out->access,
                err) &&
         (life->refresh_ms == 0 || insert(identity, subject, KIND_REFRESH, family, life->refresh_ms,
                                          &tokens_out->refresh, err));
}

bool
pb_token_issue(pb_identity_t *identity, const struct pb_token_subject *subject,
               struct pb_tokens *tokens_out, pb_error_t *err)
{
  char family[PB_UUID_SIZE];

  pb_text_make_uuid(family);
  if (!pb_db_begin(identity->db, err))
    return false;
  return pb_db_end(identity->db, issue_locked(identity, subject, family, tokens_out, err), err);
}

// Of a refresh token.
enum use
{
  USE_NOT_YET = 0,
  USE_ONCE    = 1,  // exchanged for its successor
  USE_SUPERSEDED =
    2  // its predecessor came again before it: it was lost on its way, and never comes
};

struct row
{
  struct pb_token_subject subject;
  char                    family[PB_FAMILY_SIZE];
  enum pb_token_kind      kind;
  enum pb_role            role;  // of the user
  char                    email[PB_NAME_SIZE];
  char                    machine[PB_NAME_SIZE];
  int64_t                 expires_ms;
  int64_t                 rolled_ms;  // of the client's key
  enum use                use;
};

// PB_AUTH when there is none.
static bool
find_row(pb_identity_t *identity, const char *token, struct row *row, pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE];
  bool    is_found;

  pb_token_hash(token, hash);
  pb_db_stmt_t *query = pb_db_query(
    identity->db, err,
    "SELECT t.scope, t.client_id, t.user_id, t.grant_id, t.family, t.kind, u.role, u.email,"
    " t.expires_ms, t.is_used, c.machine, t.label, t.next_key,"
    " c.rolled_ms FROM auth_tokens t"
    " LEFT JOIN auth_users u ON u.id = t.user_id LEFT JOIN auth_clients c ON c.id = t.client_id"
    " WHERE t.hash = ?",
    "b", (const void *)hash, sizeof(hash));
  is_found = pb_db_step(query);
  if (is_found)
  {
    *row = (struct row){.subject.user_id = pb_db_int(query, 2),
                        .kind            = (enum pb_token_kind)pb_db_int(query, 5),
                        .role            = (enum pb_role)pb_db_int(query, 6),
                        .expires_ms      = pb_db_int(query, 8),
                        .rolled_ms       = pb_db_int(query, 13),
                        .use             = (enum use)pb_db_int(query, 9)};
    pb_text_copy(row->subject.scope, sizeof(row->subject.scope), pb_db_text(query, 0));
    pb_text_copy(row->subject.client_id, sizeof(row->subject.client_id), pb_db_text(query, 1));
    pb_text_copy(row->subject.grant_id, sizeof(row->subject.grant_id), pb_db_text(query, 3));
    pb_text_copy(row->family, sizeof(row->family), pb_db_text(query, 4));
    pb_text_copy(row->email, sizeof(row->email), pb_db_text(query, 7));
    pb_text_copy(row->machine, sizeof(row->machine), pb_db_text(query, 10));
    pb_text_copy(row->subject.label, sizeof(row->subject.label), pb_db_text(query, 11));
    pb_text_copy(row->subject.next_key, sizeof(row->subject.next_key), pb_db_text(query, 12));
  }
  if (!pb_db_finish(query, err))
    return false;
  return is_found || pb_error_set(err, PB_AUTH, "the token is not known");
}

static bool
revoke_family(pb_identity_t *identity, const char *family, pb_error_t *err)
{
  return pb_db_run(identity->db, err, "DELETE FROM auth_tokens WHERE family = ?", "t", family);
}

// The token has been exchanged for that one.
static bool
mark_used(pb_identity_t *identity, const char *token, const char *successor, pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE], next[PB_SHA256_SIZE];

  pb_token_hash(token, hash);
  pb_token_hash(successor, next);
  return pb_db_run(
    identity->db, err, "UPDATE auth_tokens SET is_used = ?, successor = ? WHERE hash = ?", "ibb",
    (int64_t)USE_ONCE, (const void *)next, sizeof(next), (const void *)hash, sizeof(hash));
}

// A used token is taken once more when the answer that carried its successor was lost: it was a
// short while ago, and nobody has used the successor, who never may from now on.
static bool
take_back_successor(pb_identity_t *identity, const char *token, bool *is_taken_out, pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE];
  int64_t now = pb_clock_now_ms();

  pb_token_hash(token, hash);
  if (!pb_db_run(
        identity->db, err,
        "UPDATE auth_tokens SET is_used = ? WHERE is_used = ? AND created_ms > ? AND hash ="
        " (SELECT successor FROM auth_tokens WHERE hash = ?)",
        "iiib", (int64_t)USE_SUPERSEDED, (int64_t)USE_NOT_YET, now - LOST_ANSWER_MS,
        (const void *)hash, sizeof(hash)))
    return false;
  *is_taken_out = pb_db_changes(identity->db) == 1;
  return true;
}

// Either the real client or a thief has used it before: which of the two asks now cannot be told.
static bool
end_family(pb_identity_t *identity, const struct row *row, pb_error_t *err)
{
  if (!revoke_family(identity, row->family, err))
    return false;
  pb_log(NULL, PB_LOG_WARN, "a used refresh token of client %s came again: its tokens are revoked",
         row->subject.client_id);
  return true;
}

bool
pb_token_refresh(pb_identity_t *identity, const char *refresh_token, const char *client_id,
                 struct pb_token_subject *subject_out, struct pb_tokens *tokens_out,
                 pb_error_t *err)
{
  struct row row;
  bool       ok = false, is_good = true;

  if (!pb_db_begin(identity->db, err))
    return false;
  if (!find_row(identity, refresh_token, &row, err))
    goto done;
  if (row.kind != KIND_REFRESH || row.expires_ms <= pb_clock_now_ms() ||
      !pb_text_is_equal(row.subject.client_id, client_id))
  {
    pb_error_set(err, PB_AUTH, "the refresh token is not good, or not this client's");
    goto done;
  }
  *subject_out = row.subject;
  ok           = true;
  if (row.use != USE_NOT_YET)
    ok = take_back_successor(identity, refresh_token, &is_good, err);
  if (ok && is_good)
    ok = issue_locked(identity, &row.subject, row.family, tokens_out, err) &&
         mark_used(identity, refresh_token, tokens_out->refresh.text, err);
  else if (ok)
    ok = end_family(identity, &row, err);

done:
  ok = pb_db_end(identity->db, ok, err);
  if (ok && !is_good)
    return pb_error_set(err, PB_AUTH, "the refresh token was used before");
  return ok;
}

bool
pb_token_revoke(pb_identity_t *identity, const char *token, pb_error_t *err)
{
  struct row row;
  pb_error_t why = {0};
  uint8_t    hash[PB_SHA256_SIZE];

  if (!find_row(identity, token, &row, &why))
    return why.kind == PB_AUTH || pb_error_set(err, why.kind, "%s", why.message);
  if (row.kind == KIND_REFRESH)
    return revoke_family(identity, row.family, err);
  pb_token_hash(token, hash);
  if (!pb_db_run(identity->db, err, "DELETE FROM auth_tokens WHERE hash = ?", "b",
                 (const void *)hash, sizeof(hash)))
    return false;
  // Which of its tokens opened the tunnel is not known: it dials again if it has another.
  if (pb_text_is_equal(row.subject.scope, PB_SCOPE_PROXY))
    pb_identity_tell_revoked(identity, row.subject.client_id);
  return true;
}

// A person's token never carries more than a user's rights, whatever the person may do in the
// portal.
static void
fill_principal(const struct row *row, pb_principal_t *principal)
{
  bool is_user = pb_text_is_equal(row->subject.scope, PB_SCOPE_USER);

  *principal = (pb_principal_t){0};
  pb_text_copy(principal->client_id, sizeof(principal->client_id), row->subject.client_id);
  pb_text_copy(principal->name, sizeof(principal->name),
               is_user ? row->email : row->subject.client_id);
  pb_text_copy(principal->grant_id, sizeof(principal->grant_id), row->subject.grant_id);
  if (is_user && row->role >= PB_ROLE_USER)
    principal->role = PB_ROLE_USER;
  else if (pb_text_is_equal(row->subject.scope, PB_SCOPE_MACHINE) && row->machine[0] != '\0')
  {
    principal->role = PB_ROLE_USER;
    pb_text_copy(principal->machine, sizeof(principal->machine), row->machine);
  }
  else if (pb_text_is_equal(row->subject.scope, PB_SCOPE_PROXY))
  {
    principal->role      = PB_ROLE_PROXY;
    principal->rolled_ms = row->rolled_ms;
    pb_text_copy(principal->next_key, sizeof(principal->next_key), row->subject.next_key);
  }
  principal->may_register = pb_text_is_equal(row->subject.scope, PB_SCOPE_REGISTER);
}

bool
pb_token_check(pb_identity_t *identity, const char *token, pb_principal_t *principal_out,
               pb_error_t *err)
{
  struct row row;

  if (!find_row(identity, token, &row, err))
    return false;
  if (row.kind != KIND_ACCESS)
    return pb_error_set(err, PB_AUTH, "this is not an access token");
  if (row.expires_ms <= pb_clock_now_ms())
    return pb_error_set(err, PB_AUTH, "the access token has expired");
  fill_principal(&row, principal_out);
  return true;
}
