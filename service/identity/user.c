// user - people: their roles and passwords.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/user.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "identity/internal.h"
#include <ctype.h>
#include <string.h>

// What a person may be; PROXY is for connectors only.
static const struct
{
  enum pb_role role;
  const char  *name;
  bool         is_person;
} roles[] = {
  {PB_ROLE_NONE,     "none",          false},
  {PB_ROLE_PROXY,    "proxy",         false},
  {PB_ROLE_USER,     "user",          true },
  {PB_ROLE_OPERATOR, "operator",      true },
  {PB_ROLE_ADMIN,    "administrator", true },
};

const char *
pb_role_name(enum pb_role role)
{
  return roles[role].name;
}

bool
pb_role_parse(const char *name, enum pb_role *role_out)
{
  for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
    if (roles[i].is_person && pb_text_is_equal(name, roles[i].name))
    {
      *role_out = roles[i].role;
      return true;
    }
  return false;
}

// Not the whole of RFC 5322: something, one '@', something; no blank, and no ':' (Basic ends the
// user's name there, RFC 7617 s2).
bool
pb_user_normalize(char dst[PB_NAME_SIZE], const char *email)
{
  const char *at = email != NULL ? strchr(email, '@') : NULL;

  if (at == NULL || at == email || at[1] == '\0' || strchr(at + 1, '@') != NULL)
    return false;
  if (!pb_text_is_printable(email) || strpbrk(email, " :,;<>\"") != NULL)
    return false;
  if (!pb_text_copy(dst, PB_NAME_SIZE, email))
    return false;
  for (char *c = dst; *c != '\0'; c++)
    if (*c >= 'A' && *c <= 'Z')
      *c = (char)(*c - 'A' + 'a');
  return true;
}

static bool
check_new_password(const char *password, pb_error_t *err)
{
  size_t size = password != NULL ? strlen(password) : 0;

  if (size < PB_PASSWORD_MIN)
    return pb_error_set(err, PB_REJECT, "a password needs at least %d characters", PB_PASSWORD_MIN);
  if (size > PB_PASSWORD_MAX)
    return pb_error_set(err, PB_REJECT, "a password has at most %d characters", PB_PASSWORD_MAX);
  if (!pb_text_is_utf8(password, size))
    return pb_error_set(err, PB_REJECT, "a password is text (UTF-8)");
  return true;
}

static void
read_user(pb_db_stmt_t *query, struct pb_user *user)
{
  *user = (struct pb_user){.id         = pb_db_int(query, 0),
                           .role       = (enum pb_role)pb_db_int(query, 2),
                           .created_ms = pb_db_int(query, 3)};
  pb_text_copy(user->email, sizeof(user->email), pb_db_text(query, 1));
}

bool
pb_user_find_stored(pb_identity_t *identity, const char *email, struct pb_user *user_out,
                    char hash_out[PB_PASSWORD_HASH_SIZE], pb_error_t *err)
{
  char name[PB_NAME_SIZE];
  bool is_found;

  if (!pb_user_normalize(name, email))
    return pb_error_set(err, PB_GONE, "there is no such user");
  pb_db_stmt_t *query = pb_db_query(
    identity->db, err,
    "SELECT id, email, role, created_ms, password FROM auth_users WHERE email = ?", "t", name);
  is_found = pb_db_step(query);
  if (is_found)
  {
    read_user(query, user_out);
    if (hash_out != NULL)
      pb_text_copy(hash_out, PB_PASSWORD_HASH_SIZE, pb_db_text(query, 4));
  }
  if (!pb_db_finish(query, err))
    return false;
  return is_found || pb_error_set(err, PB_GONE, "there is no user %s", name);
}

bool
pb_user_get_name(pb_identity_t *identity, int64_t id, char name_out[PB_NAME_SIZE], pb_error_t *err)
{
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err, "SELECT email FROM auth_users WHERE id = ?", "i", id);

  pb_text_copy(name_out, PB_NAME_SIZE, pb_db_step(query) ? pb_db_text(query, 0) : "");
  return pb_db_finish(query, err);
}

bool
pb_user_find(pb_identity_t *identity, const char *email, struct pb_user *user_out, pb_error_t *err)
{
  return pb_user_find_stored(identity, email, user_out, /*hash_out*/ NULL, err);
}

bool
pb_user_each(pb_identity_t *identity, void (*fn)(void *user, const struct pb_user *), void *user,
             pb_error_t *err)
{
  pb_db_stmt_t *query = pb_db_query(
    identity->db, err, "SELECT id, email, role, created_ms FROM auth_users ORDER BY email", "");

  while (pb_db_step(query))
  {
    struct pb_user row;

    read_user(query, &row);
    fn(user, &row);
  }
  return pb_db_finish(query, err);
}

static bool
insert_user(pb_identity_t *identity, const char *email, enum pb_role role, const char *hash,
            pb_error_t *err)
{
  bool ok = false;

  if (!pb_db_begin(identity->db, err))
    return false;
  if (!pb_db_run(identity->db, err,
                 "INSERT OR IGNORE INTO auth_users (email, role, password, created_ms)"
                 " VALUES (?, ?, ?, ?)",
                 "titi", email, (int64_t)role, hash, pb_clock_now_ms()))
    goto done;
  if (pb_db_changes(identity->db) == 0)
  {
    pb_error_set(err, PB_REJECT, "there is a user %s already", email);
    goto done;
  }
  ok = true;

done:
  return pb_db_end(identity->db, ok, err);
}

bool
pb_identity_add_user(pb_identity_t *identity, const char *email, enum pb_role role,
                     const char *password, pb_error_t *err)
{
  char name[PB_NAME_SIZE], hash[PB_PASSWORD_HASH_SIZE];

  if (!pb_user_normalize(name, email))
    return pb_error_set(err, PB_REJECT, "this is not an e-mail address");
  if (role < PB_ROLE_USER || role > PB_ROLE_ADMIN)
    return pb_error_set(err, PB_REJECT, "a user cannot have that role");
  if (!check_new_password(password, err) || !pb_password_hash(password, hash, err))
    return false;
  if (!insert_user(identity, name, role, hash, err))
    return false;
  pb_log(NULL, PB_LOG_INFO, "user %s was added as %s", name, pb_role_name(role));
  return true;
}

// A new password ends what the old one opened: sessions and tokens.  App passwords stay; the portal
// lists them beside.
static bool
replace_password(pb_identity_t *identity, int64_t user_id, const char *hash, pb_error_t *err)
{
  if (!pb_db_begin(identity->db, err))
    return false;
  bool ok =
    pb_db_run(identity->db, err, "UPDATE auth_users SET password = ? WHERE id = ?", "ti", hash,
              user_id) &&
    pb_db_run(identity->db, err, "DELETE FROM auth_sessions WHERE user_id = ?", "i", user_id) &&
    pb_db_run(identity->db, err, "DELETE FROM auth_tokens WHERE user_id = ?", "i", user_id);
  return pb_db_end(identity->db, ok, err);
}

bool
pb_identity_set_password(pb_identity_t *identity, const char *email, const char *password,
                         pb_error_t *err)
{
  struct pb_user user = {0};
  char           hash[PB_PASSWORD_HASH_SIZE];

  if (!check_new_password(password, err) || !pb_user_find(identity, email, &user, err) ||
      !pb_password_hash(password, hash, err))
    return false;
  if (!replace_password(identity, user.id, hash, err))
    return false;
  pb_lockout_forgive(identity->lockout, PB_LOCKOUT_ACCOUNT, user.email);
  pb_log(NULL, PB_LOG_INFO, "user %s has a new password", user.email);
  return true;
}

// Inside a transaction: someone else is administrator.
static bool
check_not_last(pb_identity_t *identity, const struct pb_user *user, pb_error_t *err)
{
  int64_t others = 0;

  if (user->role != PB_ROLE_ADMIN)
    return true;
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err, "SELECT count(*) FROM auth_users WHERE role = ? AND id <> ?",
                "ii", (int64_t)PB_ROLE_ADMIN, user->id);
  if (pb_db_step(query))
    others = pb_db_int(query, 0);
  if (!pb_db_finish(query, err))
    return false;
  return others > 0 || pb_error_set(err, PB_REJECT, "%s is the last administrator", user->email);
}

bool
pb_user_set_role(pb_identity_t *identity, const char *email, enum pb_role role, pb_error_t *err)
{
  struct pb_user user = {0};

  if (role < PB_ROLE_USER || role > PB_ROLE_ADMIN)
    return pb_error_set(err, PB_REJECT, "a user cannot have that role");
  if (!pb_db_begin(identity->db, err))
    return false;
  bool ok = pb_user_find(identity, email, &user, err) &&
            (role == PB_ROLE_ADMIN || check_not_last(identity, &user, err)) &&
            pb_db_run(identity->db, err, "UPDATE auth_users SET role = ? WHERE id = ?", "ii",
                      (int64_t)role, user.id);
  if (!pb_db_end(identity->db, ok, err))
    return false;
  pb_log(NULL, PB_LOG_INFO, "user %s is %s now", user.email, pb_role_name(role));
  return true;
}

bool
pb_identity_remove_user(pb_identity_t *identity, const char *email, pb_error_t *err)
{
  struct pb_user user;

  if (!pb_db_begin(identity->db, err))
    return false;
  bool ok = pb_user_find(identity, email, &user, err) && check_not_last(identity, &user, err) &&
            pb_db_run(identity->db, err, "DELETE FROM auth_users WHERE id = ?", "i", user.id);
  if (!pb_db_end(identity->db, ok, err))
    return false;
  pb_log(NULL, PB_LOG_INFO, "user %s was removed", user.email);
  return true;
}

// Someone who does not exist costs as long as someone who does.
static bool
is_password(const char *password, const char *hash)
{
  char scratch[PB_PASSWORD_HASH_SIZE];

  if (hash[0] != '\0')
    return pb_password_verify(password, hash);
  (void)!pb_password_hash(password, scratch, /*err*/ NULL);
  return false;
}

bool
pb_user_check_password(pb_identity_t *identity, const char *email, const char *password,
                       const char *peer, struct pb_user *user_out, pb_error_t *err)
{
  char       name[PB_NAME_SIZE] = "", hash[PB_PASSWORD_HASH_SIZE] = "";
  pb_error_t missing = {0};

  if (!pb_user_normalize(name, email) || password == NULL || strlen(password) > PB_PASSWORD_MAX)
    return pb_error_set(err, PB_AUTH, "wrong e-mail address or password");
  if (!pb_lockout_try(identity->lockout, PB_LOCKOUT_PEER, peer, err))
    return false;
  if (!pb_lockout_try(identity->lockout, PB_LOCKOUT_ACCOUNT, name, err))
    return false;
  if (!pb_user_find_stored(identity, name, user_out, hash, &missing) && missing.kind != PB_GONE)
    return pb_error_set(err, missing.kind, "%s", missing.message);
  if (!is_password(password, hash))
  {
    pb_log(&(pb_log_ctx_t){.request = peer}, PB_LOG_WARN, "wrong password for %s", name);
    return pb_error_set(err, PB_AUTH, "wrong e-mail address or password");
  }
  pb_lockout_undo(identity->lockout, PB_LOCKOUT_PEER, peer);
  pb_lockout_forgive(identity->lockout, PB_LOCKOUT_ACCOUNT, name);
  return true;
}
