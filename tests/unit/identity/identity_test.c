// identity_test - Authorization headers, users, and lock-outs.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "world.h"

static bool
basic(struct world *w, const char *email, const char *password, pb_principal_t *principal,
      pb_error_t *err)
{
  char text[512], header[1024];

  snprintf(text, sizeof(text), "%s:%s", email, password);
  char *encoded = pb_text_format_base64(text, strlen(text), false);
  snprintf(header, sizeof(header), "basic  %s", encoded);
  free(encoded);
  return pb_identity_authenticate(w->identity, header, PEER, principal, err);
}

static void
test_headers(void **state)
{
  static const struct
  {
    const char *name, *header;
  } rows[] = {
    {"empty",               ""                     },
    {"no scheme",           "abc"                  },
    {"other scheme",        "Digest username=\"x\""},
    {"Basic only",          "Basic"                },
    {"no base64",           "Basic %%%"            },
    {"no colon",            "Basic YWJj"           },
    {"NUL",                 "Basic YQBiOmM="       },
    {"Bearer only",         "Bearer "              },
    {"bad token",           "Bearer abc"           },
    {"Bearer run together", "Bearerabc"            },
  };
  struct world  *w = *state;
  pb_principal_t principal;
  pb_error_t     err = {0};

  check_ok(pb_identity_authenticate(w->identity, NULL, PEER, &principal, &err), err);
  assert_int_equal(principal.role, PB_ROLE_NONE);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    print_message("%s\n", rows[i].name);
    assert_false(pb_identity_authenticate(w->identity, rows[i].header, PEER, &principal, &err));
    assert_int_equal(err.kind, PB_AUTH);
    assert_int_equal(principal.role, PB_ROLE_NONE);
  }
}

static int64_t
time_of(struct world *w, const char *password, int count)
{
  pb_principal_t principal;
  pb_error_t     err    = {0};
  int64_t        before = pb_clock_mono_ms();

  for (int i = 0; i < count; i++)
    check_ok(basic(w, USER, password, &principal, &err), err);
  return pb_clock_mono_ms() - before;
}

static void
test_basic(void **state)
{
  struct world  *w = *state;
  pb_principal_t principal;
  pb_secret_t    app = {0};
  pb_error_t     err = {0};

  check_ok(basic(w, "Admin@Cloud.Test", PASSWORD, &principal, &err), err);
  assert_int_equal(principal.role, PB_ROLE_ADMIN);
  assert_string_equal(principal.name, ADMIN);
  assert_false(basic(w, ADMIN, "wrong", &principal, &err));
  assert_int_equal(err.kind, PB_AUTH);
  assert_false(basic(w, "nobody@cloud.test", PASSWORD, &principal, &err));
  assert_int_equal(err.kind, PB_AUTH);

  // The second time is remembered; an app password never costs scrypt.
  time_of(w, PASSWORD, 1);
  assert_true(time_of(w, PASSWORD, 100) < 1000);
  check_ok(pb_identity_add_app_password(w->identity, USER, "test", &app, &err), err);
  assert_true(time_of(w, app.text, 100) < 1000);
  assert_false(basic(w, ADMIN, app.text, &principal, &err));  // somebody else's
  check_ok(pb_identity_set_password(w->identity, USER, "new password", &err), err);
  assert_false(basic(w, USER, PASSWORD, &principal, &err));  // forgotten at once
  check_ok(pb_identity_remove_user(w->identity, USER, &err), err);
  assert_false(basic(w, USER, app.text, &principal, &err));
  pb_secret_clear(&app);
}

static void
test_lock_out(void **state)
{
  struct world  *w   = *state;
  pb_secret_t    app = {0};
  pb_principal_t principal;
  pb_error_t     err   = {0};
  int            tries = 0;

  check_ok(pb_identity_add_app_password(w->identity, USER, "test", &app, &err), err);
  do
    assert_false(basic(w, USER, "guess", &principal, &err));
  while (err.kind == PB_AUTH && ++tries < 100);
  assert_int_equal(err.kind, PB_RETRY);
  assert_int_equal(tries, 5);
  assert_false(basic(w, USER, PASSWORD, &principal, &err));
  assert_int_equal(err.kind, PB_RETRY);
  check_ok(basic(w, USER, app.text, &principal, &err),
           err);  // guessing does not stop the owner's printing
  check_ok(basic(w, ADMIN, PASSWORD, &principal, &err), err);
  // Each try after the wait locks for longer.
  pb_clock_shift_ms(2100);
  assert_false(basic(w, USER, "guess", &principal, &err));
  assert_int_equal(err.kind, PB_AUTH);
  pb_clock_shift_ms(2100);
  assert_false(basic(w, USER, PASSWORD, &principal, &err));
  assert_int_equal(err.kind, PB_RETRY);
  pb_clock_shift_ms(2100);
  check_ok(basic(w, USER, PASSWORD, &principal, &err), err);
  pb_secret_clear(&app);
}

static void
test_lock_out_of_address(void **state)
{
  struct world  *w = *state;
  pb_principal_t principal;
  pb_error_t     err   = {0};
  int            tries = 0;

  do
  {
    char email[64];

    snprintf(email, sizeof(email), "user%d@cloud.test", tries);
    assert_false(basic(w, email, "password1", &principal, &err));
  } while (err.kind == PB_AUTH && ++tries < 100);
  assert_int_equal(err.kind, PB_RETRY);
  assert_int_equal(tries, 20);
}

static void
test_lock_out_table(void **state)
{
  pb_lockout_t *lockout = pb_lockout_new();
  pb_error_t    err     = {0};

  (void)state;
  // One /64 is one visitor.
  for (int i = 0; i < 20; i++)
  {
    char peer[64];

    snprintf(peer, sizeof(peer), "2001:db8::%x", i + 1);
    check_ok(pb_lockout_try(lockout, PB_LOCKOUT_PEER, peer, &err), err);
  }
  assert_false(pb_lockout_try(lockout, PB_LOCKOUT_PEER, "2001:db8::ffff", &err));
  check_ok(pb_lockout_try(lockout, PB_LOCKOUT_PEER, "2001:db8:0:1::1", &err), err);
  // Far more names than places.
  for (int i = 0; i < 50000; i++)
  {
    char name[64];

    snprintf(name, sizeof(name), "%d", i);
    check_ok(pb_lockout_try(lockout, PB_LOCKOUT_ACCOUNT, name, &err), err);
  }
  pb_lockout_undo(lockout, PB_LOCKOUT_CODE, "never tried");
  pb_lockout_forgive(lockout, PB_LOCKOUT_CODE, "never tried");
  pb_lockout_free(lockout);
}

static void
test_users(void **state)
{
  static const struct
  {
    const char  *name, *email, *password;
    enum pb_role role;
  } rows[] = {
    {"no at",          "cloud.test",      PASSWORD,  PB_ROLE_USER },
    {"two ats",        "a@b@c",           PASSWORD,  PB_ROLE_USER },
    {"colon",          "a:b@c",           PASSWORD,  PB_ROLE_USER },
    {"blank",          "a b@c",           PASSWORD,  PB_ROLE_USER },
    {"control",        "a\n@c",           PASSWORD,  PB_ROLE_USER },
    {"short password", "a@c",             "1234567", PB_ROLE_USER },
    {"no password",    "a@c",             NULL,      PB_ROLE_USER },
    {"proxy",          "a@c",             PASSWORD,  PB_ROLE_PROXY},
    {"taken",          "USER@cloud.test", PASSWORD,  PB_ROLE_USER },
  };
  struct world *w   = *state;
  pb_error_t    err = {0};

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    print_message("%s\n", rows[i].name);
    assert_false(
      pb_identity_add_user(w->identity, rows[i].email, rows[i].role, rows[i].password, &err));
    assert_int_equal(err.kind, PB_REJECT);
  }
  assert_false(pb_identity_remove_user(w->identity, ADMIN, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_false(pb_identity_remove_user(w->identity, "nobody@cloud.test", &err));
  assert_int_equal(err.kind, PB_GONE);
}

// What was stored is there after a restart, and nothing of it can be used as it stands.
static void
test_restart(void **state)
{
  struct world  *w = *state;
  pb_principal_t principal;
  pb_secret_t    app     = {0};
  pb_error_t     err     = {0};
  bool           is_bare = false;

  check_ok(pb_identity_add_app_password(w->identity, USER, "test", &app, &err), err);
  struct reply asked = world_ask(w, PB_SCOPE_USER, NULL);
  const char  *code  = pb_json_text(asked.json, "device_code");
  pb_identity_free(w->identity);
  pb_db_close(w->db);
  w->identity = NULL;
  w->db       = NULL;

  FILE  *file  = fopen(w->path, "rb");
  char  *bytes = calloc(1, 4 << 20);
  size_t size  = fread(bytes, 1, 4 << 20, file);
  fclose(file);
  for (size_t i = 0; i + strlen(code) < size; i++)
    is_bare |= memcmp(bytes + i, code, strlen(code)) == 0 ||
               memcmp(bytes + i, PASSWORD, strlen(PASSWORD)) == 0;
  free(bytes);
  assert_false(is_bare);

  check_ok(pb_db_open(w->path, &w->db, &err), err);
  check_ok(
    pb_identity_new(w->db, &(struct pb_identity_options){.issuer = ISSUER}, &w->identity, &err),
    err);
  check_ok(basic(w, USER, app.text, &principal, &err), err);
  check_error(world_poll(w, code), "authorization_pending");
  json_object_put(asked.json);
  pb_secret_clear(&app);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

// `printbridge-service user password` is another process: what was confirmed here ends there.
static void
test_changed_elsewhere(void **state)
{
  struct world  *w     = *state;
  pb_db_t       *db    = NULL;
  pb_identity_t *other = NULL;
  pb_principal_t principal;
  pb_error_t     err = {0};

  check_ok(pb_db_open(w->path, &db, &err), err);
  check_ok(pb_identity_new(db, &(struct pb_identity_options){.issuer = ISSUER}, &other, &err), err);
  check_ok(basic(w, USER, PASSWORD, &principal, &err), err);
  check_ok(pb_identity_set_password(other, USER, "new password", &err), err);
  assert_false(basic(w, USER, PASSWORD, &principal, &err));
  check_ok(basic(w, USER, "new password", &principal, &err), err);
  check_ok(pb_identity_remove_user(other, USER, &err), err);
  assert_false(basic(w, USER, "new password", &principal, &err));
  pb_identity_free(other);
  pb_db_close(db);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    WORLD(test_changed_elsewhere),
    WORLD(test_headers),
    WORLD(test_basic),
    WORLD(test_lock_out),
    WORLD(test_lock_out_of_address),
    cmocka_unit_test(test_lock_out_table),
    WORLD(test_users),
    WORLD(test_restart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
