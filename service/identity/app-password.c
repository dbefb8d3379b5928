// app-password - passwords that a person makes for one program or device each: random, so a plain
// hash is enough and a check costs microseconds.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/user.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "identity/internal.h"
#include <string.h>

// 25 of 32 letters and digits: 125 bits, in five groups; without 0 o 1 l, which look alike.
#define LETTERS "abcdefghijkmnpqrstuvwxyz23456789"
#define LENGTH 25
#define GROUP 5
#define NOTE_USE_MS (60 * 60 * 1000)  // a write per use would cost an fsync each

static void
make_letters(char dst[LENGTH + 1])
{
  for (int i = 0; i < LENGTH; i++)
    dst[i] = LETTERS[pb_random_below(sizeof(LETTERS) - 1)];
  dst[LENGTH] = '\0';
}

static bool
show_in_groups(const char *letters, pb_secret_t *password_out, pb_error_t *err)
{
  char   text[LENGTH + LENGTH / GROUP];
  size_t size = 0;

  for (int i = 0; i < LENGTH; i++)
  {
    if (i > 0 && i % GROUP == 0)
      text[size++] = '-';
    text[size++] = letters[i];
  }
  bool ok = pb_secret_set(password_out, text, size, err);
  pb_wipe(text, sizeof(text));
  return ok;
}

// Back from how it was typed; false when it cannot be one.
static bool
hash_typed(const char *typed, uint8_t hash[PB_SHA256_SIZE])
{
  char   letters[LENGTH + 1];
  size_t size = 0;

  for (; *typed != '\0'; typed++)
  {
    char letter = *typed >= 'A' && *typed <= 'Z' ? (char)(*typed - 'A' + 'a') : *typed;

    if (letter == '-' || letter == ' ')
      continue;
    if (strchr(LETTERS, letter) == NULL || size == LENGTH)
      return false;
    letters[size++] = letter;
  }
  pb_sha256(letters, size, hash);
  pb_wipe(letters, sizeof(letters));
  return size == LENGTH;
}

static bool
check_count(pb_identity_t *identity, int64_t user_id, pb_error_t *err)
{
  int64_t       count = 0;
  pb_db_stmt_t *query = pb_db_query(
    identity->db, err, "SELECT count(*) FROM auth_app_passwords WHERE user_id = ?", "i", user_id);

  if (pb_db_step(query))
    count = pb_db_int(query, 0);
  if (!pb_db_finish(query, err))
    return false;
  return count < PB_APP_PASSWORDS_MAX ||
         pb_error_set(err, PB_REJECT, "there are %d app passwords already; remove one first",
                      PB_APP_PASSWORDS_MAX);
}

static bool
insert(pb_identity_t *identity, const char *email, const char *name,
       const uint8_t hash[PB_SHA256_SIZE], pb_error_t *err)
{
  struct pb_user user;

  if (!pb_db_begin(identity->db, err))
    return false;
  bool ok =
    pb_user_find(identity, email, &user, err) && check_count(identity, user.id, err) &&
    pb_db_run(identity->db, err,
              "INSERT INTO auth_app_passwords (user_id, name, hash, created_ms)"
              " VALUES (?, ?, ?, ?)",
              "itbi", user.id, name, (const void *)hash, (size_t)PB_SHA256_SIZE, pb_clock_now_ms());
  return pb_db_end(identity->db, ok, err);
}

bool
pb_identity_add_app_password(pb_identity_t *identity, const char *email, const char *name,
                             pb_secret_t *password_out, pb_error_t *err)
{
  char    letters[LENGTH + 1];
  uint8_t hash[PB_SHA256_SIZE];

  if (name == NULL || name[0] == '\0' || strlen(name) > 100 || !pb_text_is_printable(name))
    return pb_error_set(err, PB_REJECT, "say in up to 100 characters what the password is for");
  make_letters(letters);
  pb_sha256(letters, LENGTH, hash);
  bool ok = insert(identity, email, name, hash, err) && show_in_groups(letters, password_out, err);
  pb_wipe(letters, sizeof(letters));
  return ok;
}

bool
pb_app_password_each(pb_identity_t *identity, int64_t                              user_id,
                     void (*fn)(void *user, const struct pb_app_password *), void *user,
                     pb_error_t *err)
{
  pb_db_stmt_t *query = pb_db_query(identity->db, err,
                                    "SELECT id, name, created_ms, used_ms FROM auth_app_passwords"
                                    " WHERE user_id = ? ORDER BY created_ms DESC, id DESC",
                                    "i", user_id);

  while (pb_db_step(query))
  {
    struct pb_app_password row = {
      .id = pb_db_int(query, 0), .created_ms = pb_db_int(query, 2), .used_ms = pb_db_int(query, 3)};

    pb_text_copy(row.name, sizeof(row.name), pb_db_text(query, 1));
    fn(user, &row);
  }
  return pb_db_finish(query, err);
}

bool
pb_app_password_remove(pb_identity_t *identity, int64_t user_id, int64_t id, pb_error_t *err)
{
  return pb_db_run(identity->db, err, "DELETE FROM auth_app_passwords WHERE id = ? AND user_id = ?",
                   "ii", id, user_id);
}

// Failing to note it is no reason to refuse anybody.
static void
note_use(pb_identity_t *identity, int64_t id, int64_t used_ms)
{
  int64_t    now = pb_clock_now_ms();
  pb_error_t err = {0};

  if (used_ms > now - NOTE_USE_MS && used_ms <= now)
    return;
  if (!pb_db_run(identity->db, &err, "UPDATE auth_app_passwords SET used_ms = ? WHERE id = ?", "ii",
                 now, id))
    pb_log(NULL, PB_LOG_WARN, "app password: %s", err.message);
}

bool
pb_app_password_check(pb_identity_t *identity, const char *email, const char *password,
                      struct pb_user *user_out, pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE];
  char    name[PB_NAME_SIZE];
  int64_t id = 0, used_ms = 0;

  if (!pb_user_normalize(name, email) || !hash_typed(password, hash))
    return pb_error_set(err, PB_AUTH, "not an app password");
  pb_db_stmt_t *query = pb_db_query(
    identity->db, err,
    "SELECT a.id, a.used_ms, u.id, u.email, u.role, u.created_ms FROM auth_app_passwords a"
    " JOIN auth_users u ON u.id = a.user_id WHERE a.hash = ? AND u.email = ?",
    "bt", (const void *)hash, (size_t)PB_SHA256_SIZE, name);
  if (pb_db_step(query))
  {
    id        = pb_db_int(query, 0);
    used_ms   = pb_db_int(query, 1);
    *user_out = (struct pb_user){.id         = pb_db_int(query, 2),
                                 .role       = (enum pb_role)pb_db_int(query, 4),
                                 .created_ms = pb_db_int(query, 5)};
    pb_text_copy(user_out->email, sizeof(user_out->email), pb_db_text(query, 3));
  }
  if (!pb_db_finish(query, err))
    return false;
  if (id == 0)
    return pb_error_set(err, PB_AUTH, "not an app password");
  note_use(identity, id, used_ms);
  return true;
}
