// sign_in_test - sign-ins against a service of the test's own: shared codes, rotation,
// revocation, several processes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "base/text.h"
#include "cloud/account.h"
#include "cloud/protocol.h"
#include "cloud/sign-in-file.h"
#include "cloud/sign-in.h"
#include "net/form.h"
#include "net/jwt.h"

#include <sys/stat.h>
#include <sys/wait.h>

static struct rig rig;

// What the service knows and does; its refresh tokens are good once.
static struct
{
  const char *decision;  // OAuth error of a poll; NULL: granted
  bool        is_revoked, is_broken;
  int         codes, polls, refreshes, revocations, reuses;
  int         serial;  // of the newest refresh token
  char        last_form[8192];
} world;

static void
say_tokens(struct rig_answer *answer, bool has_refresh)
{
  world.serial++;
  if (has_refresh)
    rig_say(answer,
            "{\"access_token\":\"a%d\",\"token_type\":\"Bearer\",\"expires_in\":3600,"
            "\"refresh_token\":\"r%d\",\"username\":\"mary@cloud.test\"}",
            world.serial, world.serial);
  else
    rig_say(answer, "{\"access_token\":\"a%d\",\"token_type\":\"Bearer\",\"expires_in\":600}",
            world.serial);
}

static void
refuse(struct rig_answer *answer, const char *error)
{
  answer->status = strcmp(error, "invalid_client") == 0 ? 401 : 400;
  rig_say(answer, "{\"error\":\"%s\"}", error);
}

static void
answer_token(const pb_form_t *form, struct rig_answer *answer)
{
  const char *type = pb_form_get(form, "grant_type");
  char        newest[32];

  if (world.is_broken)
  {
    answer->status = 403;
    answer->type   = "text/html";
    rig_say(answer, "<p>Proxy</p>");
  }
  else if (strcmp(type, PB_GRANT_DEVICE_CODE) == 0)
  {
    world.polls++;
    if (world.decision)
      refuse(answer, world.decision);
    else
      say_tokens(answer, strcmp(pb_form_get(form, "client_id"), PB_CLIENT_USER) == 0);
  }
  else if (strcmp(type, "refresh_token") == 0)
  {
    world.refreshes++;
    snprintf(newest, sizeof(newest), "r%d", world.serial);
    if (strcmp(pb_form_get(form, "refresh_token"), newest) != 0)
      world.reuses++;
    if (world.is_revoked)
      refuse(answer, "invalid_grant");
    else
      say_tokens(answer, /*has_refresh*/ true);
  }
  else if (world.is_revoked)
    refuse(answer, "invalid_client");
  else
    say_tokens(answer, /*has_refresh*/ false);
}

static void
answer_any(struct rig *self, const struct rig_request *request, struct rig_answer *answer)
{
  pb_form_t *form = NULL;

  answer->date_ms = pb_clock_now_ms();
  if (!strcmp(request->path, PB_PATH_METADATA))
  {
    rig_say(answer,
            "{\"issuer\":\"%s\",\"token_endpoint\":\"%s/token\","
            "\"device_authorization_endpoint\":\"%s/code\",\"revocation_endpoint\":\"%s/revoke\"}",
            self->url, self->url, self->url, self->url);
    return;
  }
  if (!pb_form_parse(request->body, request->body_size, &form, NULL))
    return;
  snprintf(world.last_form, sizeof(world.last_form), "%.*s", (int)request->body_size,
           request->body);
  if (!strcmp(request->path, "/code"))
    rig_say(
      answer,
      "{\"device_code\":\"d%d\",\"user_code\":\"BCDF-GHJ%d\",\"verification_uri\":\"%s/device\","
      "\"expires_in\":600,\"interval\":5}",
      world.codes + 1, world.codes + 1, self->url),
      world.codes++;
  else if (!strcmp(request->path, "/revoke"))
  {
    world.revocations++;
    if (world.is_revoked)
      refuse(answer, "invalid_client");
    else
      rig_say(answer, "{}");
  }
  else
    answer_token(form, answer);
  pb_form_free(form);
}

#define CROWD "one of a crowd"  // this program's name then

// --- folders

static char              folder[64];
static struct pb_service service;

static int
begin_test(void **state)
{
  (void)state;
  memset(&world, 0, sizeof(world));
  strcpy(folder, "/tmp/pb-sign-in-XXXXXX");
  assert_non_null(mkdtemp(folder));
  return 0;
}

static int
end_test(void **state)
{
  char command[128];

  (void)state;
  snprintf(command, sizeof(command), "rm -r %s", folder);
  assert_int_equal(system(command), 0);
  return 0;
}

static int
start_all(void **state)
{
  pb_error_t err = {0};

  (void)state;
  rig.answer = answer_any;
  rig_start(&rig);
  check_ok(pb_service_parse(rig.url, &service, &err), err);
  pb_text_copy(service.ca_fingerprint, sizeof(service.ca_fingerprint), rig.fingerprint);
  return 0;
}

static int
stop_all(void **state)
{
  (void)state;
  rig_stop(&rig);
  return 0;
}

static pb_sign_in_t *
make(enum pb_sign_in_kind kind)
{
  pb_sign_in_t *sign_in = NULL;
  pb_error_t    err     = {0};

  check_ok(pb_sign_in_new(folder, kind, &service, &sign_in, &err), err);
  return sign_in;
}

static void
get_path(const char *name, char path[512])
{
  char own[PB_SERVICE_NAME_SIZE];

  pb_service_get_name(&service, own);
  snprintf(path, 512, "%s/%s/%s", folder, own, name);
}

static void
check_mode(const char *name, unsigned want)
{
  char        path[512];
  struct stat info;

  get_path(name, path);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 07777, want);
}

static enum pb_error_kind
try_open(enum pb_sign_in_kind kind)
{
  pb_sign_in_t *sign_in = NULL;
  pb_error_t    err     = {0};
  bool          ok      = pb_sign_in_open(folder, kind, &service, &sign_in, &err);

  assert_int_equal(ok, sign_in != NULL);
  pb_sign_in_close(sign_in);
  return err.kind;
}

static void
sign_in_now(enum pb_sign_in_kind kind)
{
  pb_sign_in_t         *sign_in = make(kind);
  struct pb_device_code code;
  pb_error_t            err = {0};

  check_ok(pb_sign_in_begin(sign_in, "mary on desk7", &code, &err), err);
  assert_int_equal(pb_sign_in_poll(sign_in, &code, &err), PB_POLL_GRANTED);
  pb_device_code_clear(&code);
  pb_sign_in_close(sign_in);
}

// --- codes

static void
test_shared_code(void **state)
{
  pb_sign_in_t         *one = make(PB_SIGN_IN_USER), *two = make(PB_SIGN_IN_USER);
  struct pb_device_code first, second, third;
  pb_error_t            err = {0};

  (void)state;
  world.decision = "authorization_pending";
  assert_int_equal(try_open(PB_SIGN_IN_USER), PB_GONE);
  check_ok(pb_sign_in_begin(one, "mary on desk7", &first, &err), err);
  check_mode(PB_SIGN_IN_PENDING, 0600);
  check_mode("", 0700);
  check_ok(pb_sign_in_begin(two, "mary on desk7", &second, &err), err);
  assert_int_equal(world.codes, 1);
  assert_string_equal(first.user_code, second.user_code);
  // One asks, the other looks.
  assert_int_equal(pb_sign_in_poll(one, &first, &err), PB_POLL_PENDING);
  assert_int_equal(pb_sign_in_poll(two, &second, &err), PB_POLL_PENDING);
  assert_int_equal(pb_sign_in_poll(two, &second, &err), PB_POLL_PENDING);
  assert_int_equal(world.polls, 1);
  assert_false(pb_sign_in_is_stored(two));

  world.decision = NULL;
  assert_int_equal(pb_sign_in_poll(one, &first, &err), PB_POLL_GRANTED);
  assert_int_equal(pb_sign_in_poll(two, &second, &err), PB_POLL_GRANTED);
  assert_int_equal(world.polls, 2);
  assert_true(pb_sign_in_is_stored(two));
  assert_string_equal(pb_sign_in_get_user(two), "mary@cloud.test");
  check_mode(PB_SIGN_IN_FILE, 0600);

  // Signing in again is a new code.
  check_ok(pb_sign_in_begin(one, "mary on desk7", &third, &err), err);
  assert_int_equal(world.codes, 2);
  pb_device_code_clear(&first);
  pb_device_code_clear(&second);
  pb_device_code_clear(&third);
  pb_sign_in_close(one);
  pb_sign_in_close(two);
}

static void
test_poller_gone(void **state)
{
  pb_sign_in_t         *one = make(PB_SIGN_IN_USER), *two = make(PB_SIGN_IN_USER);
  struct pb_device_code first, second;
  pb_error_t            err = {0};

  (void)state;
  world.decision = "authorization_pending";
  check_ok(pb_sign_in_begin(one, NULL, &first, &err), err);
  check_ok(pb_sign_in_begin(two, NULL, &second, &err), err);
  assert_int_equal(pb_sign_in_poll(one, &first, &err), PB_POLL_PENDING);
  assert_int_equal(pb_sign_in_poll(two, &second, &err), PB_POLL_PENDING);
  pb_sign_in_close(one);  // as if its process were killed
  world.decision = NULL;
  assert_int_equal(pb_sign_in_poll(two, &second, &err), PB_POLL_GRANTED);
  pb_device_code_clear(&first);
  pb_device_code_clear(&second);
  pb_sign_in_close(two);
}

static void
test_ends_of_code(void **state)
{
  static const struct
  {
    const char  *decision;
    enum pb_poll want;
  } rows[] = {
    {"access_denied", PB_POLL_DENIED },
    {"expired_token", PB_POLL_EXPIRED},
    {"invalid_grant", PB_POLL_EXPIRED}, // whoever was granted it was killed before it was saved
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_sign_in_t         *one = make(PB_SIGN_IN_USER), *two = make(PB_SIGN_IN_USER);
    struct pb_device_code first, second, third;
    pb_error_t            err = {0};

    check_ok(pb_sign_in_begin(one, NULL, &first, &err), err);
    check_ok(pb_sign_in_begin(two, NULL, &second, &err), err);
    world.decision = rows[i].decision;
    assert_int_equal(pb_sign_in_poll(one, &first, &err), rows[i].want);
    assert_int_equal(pb_sign_in_poll(two, &second, &err), rows[i].want);
    check_ok(pb_sign_in_begin(two, NULL, &third, &err), err);
    assert_string_not_equal(third.user_code, first.user_code);
    assert_int_equal(pb_sign_in_poll(one, &first, &err),
                     PB_POLL_EXPIRED);  // not this code any more
    // Ends for the next row.
    assert_int_equal(pb_sign_in_poll(two, &third, &err), rows[i].want);
    pb_device_code_clear(&first);
    pb_device_code_clear(&second);
    pb_device_code_clear(&third);
    pb_sign_in_close(one);
    pb_sign_in_close(two);
  }
}

// --- tokens

static void
test_rotation(void **state)
{
  pb_sign_in_t *sign_in = NULL;
  pb_secret_t   token   = {0};
  pb_error_t    err     = {0};

  (void)state;
  sign_in_now(PB_SIGN_IN_USER);
  check_ok(pb_sign_in_open(folder, PB_SIGN_IN_USER, &service, &sign_in, &err), err);
  check_ok(pb_sign_in_copy_token(sign_in, /*is_fresh*/ false, &token, &err), err);
  assert_string_equal(token.text, "a1");
  assert_int_equal(world.refreshes, 0);
  check_ok(pb_sign_in_copy_token(sign_in, /*is_fresh*/ true, &token, &err), err);
  assert_string_equal(token.text, "a2");
  check_ok(pb_sign_in_copy_token(sign_in, /*is_fresh*/ false, &token, &err), err);
  assert_string_equal(token.text, "a2");
  pb_clock_shift_ms(3600 * 1000 - 20 * 1000);
  check_ok(pb_sign_in_copy_token(sign_in, /*is_fresh*/ false, &token, &err), err);
  assert_string_equal(token.text, "a3");
  // The clock is set back by years: what is on the disk cannot be told from what has ended.
  pb_clock_shift_ms(-INT64_C(100000000000));
  check_ok(pb_sign_in_copy_token(sign_in, /*is_fresh*/ false, &token, &err), err);
  assert_string_equal(token.text, "a4");
  pb_clock_shift_ms(INT64_C(100000000000) - 3600 * 1000 + 20 * 1000);
  assert_int_equal(world.reuses, 0);
  check_mode(PB_SIGN_IN_FILE, 0600);
  pb_secret_clear(&token);
  pb_sign_in_close(sign_in);
}

// One of many: this program again, as a process of its own, whose parent's threads hold none of its
// locks.
static int
be_one_of_a_crowd(char **argv)
{
  pb_sign_in_t       *sign_in = NULL;
  pb_cloud_account_t *account = NULL;
  pb_error_t          err     = {0};
  bool                ok      = pb_service_parse(argv[1], &service, &err);

  pb_text_copy(service.ca_fingerprint, sizeof(service.ca_fingerprint), argv[2]);
  ok = ok && pb_sign_in_open(argv[3], PB_SIGN_IN_USER, &service, &sign_in, &err) &&
       pb_sign_in_make_account(sign_in, &account, &err);
  for (int i = 0; ok && i < 3; i++)
  {
    pb_secret_t stale = {0};
    pb_secret_t token = {0};

    ok = pb_cloud_account_copy_token(account, false, &stale, &err) &&
         pb_cloud_account_renew_token(account, &stale, &token, &err) &&
         strcmp(stale.text, token.text) != 0;
    pb_secret_clear(&stale);
    pb_secret_clear(&token);
  }
  pb_cloud_account_free(account);
  pb_sign_in_close(sign_in);
  if (!ok)
    fprintf(stderr, "one of the crowd: %s\n", err.message);
  return ok ? 0 : 1;
}

// Many processes whose token is refused all at once: one refresh, and nobody uses a token twice.
static void
test_crowd(void **state)
{
  pid_t         children[8];
  pb_sign_in_t *sign_in = NULL;
  pb_secret_t   token   = {0};
  pb_error_t    err     = {0};

  (void)state;
  sign_in_now(PB_SIGN_IN_USER);
  for (size_t i = 0; i < 8; i++)
  {
    children[i] = fork();
    if (children[i] == 0)
    {
      execl("/proc/self/exe", CROWD, rig.url, rig.fingerprint, folder, (char *)NULL);
      _exit(1);
    }
  }
  for (size_t i = 0; i < 8; i++)
  {
    int status = 0;

    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_int_equal(status, 0);
  }
  assert_int_equal(world.reuses, 0);
  assert_in_range(world.refreshes, 3, 24);
  check_ok(pb_sign_in_open(folder, PB_SIGN_IN_USER, &service, &sign_in, &err), err);
  check_ok(pb_sign_in_copy_token(sign_in, /*is_fresh*/ true, &token, &err), err);
  assert_int_equal(world.reuses, 0);
  pb_secret_clear(&token);
  pb_sign_in_close(sign_in);
}

static void
test_revoked(void **state)
{
  pb_sign_in_t *sign_in = NULL;
  pb_secret_t   token   = {0};
  pb_error_t    err     = {0};

  (void)state;
  sign_in_now(PB_SIGN_IN_USER);
  check_ok(pb_sign_in_open(folder, PB_SIGN_IN_USER, &service, &sign_in, &err), err);
  world.is_broken = true;  // a proxy that says 403 is not the service
  assert_false(pb_sign_in_copy_token(sign_in, /*is_fresh*/ true, &token, &err));
  assert_int_equal(err.kind, PB_RETRY);
  world.is_broken  = false;
  world.is_revoked = true;
  check_ok(pb_sign_in_copy_token(sign_in, /*is_fresh*/ false, &token, &err), err);
  assert_false(pb_sign_in_copy_token(sign_in, /*is_fresh*/ true, &token, &err));
  assert_int_equal(err.kind, PB_AUTH);
  assert_false(pb_sign_in_copy_token(sign_in, /*is_fresh*/ true, &token, &err));
  assert_int_equal(err.kind, PB_GONE);
  assert_int_equal(try_open(PB_SIGN_IN_USER), PB_GONE);
  pb_secret_clear(&token);
  pb_sign_in_close(sign_in);
}

static void
test_removed(void **state)
{
  pb_sign_in_t *sign_in = make(PB_SIGN_IN_USER);
  pb_error_t    err     = {0};
  bool          is_told = true;

  (void)state;
  check_ok(pb_sign_in_remove(sign_in, &is_told, &err), err);
  assert_false(is_told);
  sign_in_now(PB_SIGN_IN_USER);
  check_ok(pb_sign_in_remove(sign_in, &is_told, &err), err);
  assert_true(is_told);
  assert_int_equal(world.revocations, 1);
  assert_non_null(strstr(world.last_form, "token=r1"));
  assert_int_equal(try_open(PB_SIGN_IN_USER), PB_GONE);
  pb_sign_in_close(sign_in);
}

// --- machines

// It proves its key, and so gives up its approval; a service that has forgotten it need not be
// told.
static void
test_machine_removed(void **state)
{
  pb_sign_in_t *sign_in = make(PB_SIGN_IN_MACHINE);
  pb_error_t    err     = {0};
  bool          is_told = false;

  (void)state;
  sign_in_now(PB_SIGN_IN_MACHINE);
  check_ok(pb_sign_in_remove(sign_in, &is_told, &err), err);
  assert_true(is_told);
  assert_int_equal(world.revocations, 1);
  assert_non_null(strstr(world.last_form, "client_assertion=ey"));
  assert_int_equal(try_open(PB_SIGN_IN_MACHINE), PB_GONE);

  sign_in_now(PB_SIGN_IN_MACHINE);
  world.is_revoked = true;
  check_ok(pb_sign_in_remove(sign_in, &is_told, &err), err);
  assert_true(is_told);
  assert_int_equal(try_open(PB_SIGN_IN_MACHINE), PB_GONE);
  pb_sign_in_close(sign_in);
}

static void
test_machine(void **state)
{
  pb_sign_in_t         *sign_in = make(PB_SIGN_IN_MACHINE);
  pb_secret_t           token   = {0};
  pb_form_t            *form    = NULL;
  pb_key_t             *key     = NULL;
  struct pb_assertion   claims;
  struct pb_device_code code;
  char                  id[PB_KEY_ID_SIZE], first[PB_KEY_ID_SIZE];
  pb_error_t            err = {0};

  (void)state;
  check_ok(pb_sign_in_begin(sign_in, "desk7", &code, &err), err);
  check_mode(PB_SIGN_IN_KEY, 0600);
  check_ok(pb_form_parse(world.last_form, strlen(world.last_form), &form, &err), err);
  assert_string_equal(pb_form_get(form, "scope"), PB_SCOPE_MACHINE);
  check_ok(pb_jwt_peek_key(pb_form_get(form, "client_assertion"), &key, &err), err);
  check_ok(pb_jwt_verify(key, pb_form_get(form, "client_assertion"), &claims, &err), err);
  pb_key_get_id(key, first);
  assert_string_equal(pb_form_get(form, "client_id"), first);
  assert_string_equal(claims.audience, rig.url);
  pb_form_free(form);

  assert_int_equal(pb_sign_in_poll(sign_in, &code, &err), PB_POLL_GRANTED);
  check_ok(pb_sign_in_copy_token(sign_in, false, &token, &err), err);
  assert_string_equal(token.text, "a1");
  check_ok(pb_sign_in_copy_token(sign_in, true, &token, &err), err);
  assert_string_equal(token.text, "a2");
  check_ok(pb_form_parse(world.last_form, strlen(world.last_form), &form, &err), err);
  assert_string_equal(pb_form_get(form, "grant_type"), "client_credentials");
  check_ok(pb_jwt_verify(key, pb_form_get(form, "client_assertion"), &claims, &err), err);
  assert_true(pb_text_has_prefix(claims.audience, rig.url));
  pb_form_free(form);
  pb_key_free(key);

  // Revoked: told once; the key stays and can be approved again.
  world.is_revoked = true;
  assert_false(pb_sign_in_copy_token(sign_in, true, &token, &err));
  assert_int_equal(err.kind, PB_AUTH);
  assert_int_equal(try_open(PB_SIGN_IN_MACHINE), PB_GONE);
  pb_device_code_clear(&code);
  check_ok(pb_sign_in_begin(sign_in, "desk7", &code, &err), err);
  check_ok(pb_form_parse(world.last_form, strlen(world.last_form), &form, &err), err);
  check_ok(pb_text_copy(id, sizeof(id), pb_form_get(form, "client_id")), err);
  assert_string_equal(id, first);
  pb_form_free(form);
  pb_device_code_clear(&code);
  pb_secret_clear(&token);
  pb_sign_in_close(sign_in);
}

// --- files

static void
test_files(void **state)
{
  static const struct
  {
    const char *name, *from, *to;
  } rows[] = {
    {"cut",           "\"id\"",                          ""                               },
    {"plain http",    "\"token-endpoint\":\"https",      "\"token-endpoint\":\"http"      },
    {"other service", "\"service\":\"https://127.0.0.1", "\"service\":\"https://127.0.0.2"},
    {"not a number",  "}",                               "]"                              },
  };
  char        path[512];
  pb_buffer_t good = {0};
  pb_error_t  err  = {0};

  (void)state;
  sign_in_now(PB_SIGN_IN_USER);
  get_path(PB_SIGN_IN_FILE, path);
  assert_int_equal(chmod(path, 0640), 0);
  assert_int_equal(try_open(PB_SIGN_IN_USER), PB_CONFIG);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(try_open(PB_SIGN_IN_USER), PB_OK);
  check_ok(pb_file_read(path, 65536, &good, &err), err);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    char  bad[8192];
    char *at = strstr(good.data, rows[i].from);

    assert_non_null(at);
    snprintf(bad, sizeof(bad), "%.*s%s%s", (int)(at - good.data), good.data, rows[i].to,
             at + strlen(rows[i].from));
    check_ok(pb_file_replace(path, 0600, bad, strlen(bad), &err), err);
    if (try_open(PB_SIGN_IN_USER) != PB_CONFIG)
      fail_msg("%s", rows[i].name);
  }
  sign_in_now(PB_SIGN_IN_USER);  // mends it
  assert_int_equal(try_open(PB_SIGN_IN_USER), PB_OK);
  pb_buffer_clear(&good);
}

// A user's own sign-in is where the service's trust is known from.
static void
test_services(void **state)
{
  struct pb_places  places = {0};
  struct pb_service found, bare;
  pb_sign_in_t     *sign_in = NULL;
  pb_error_t        err     = {0};

  (void)state;
  sign_in_now(PB_SIGN_IN_USER);
  pb_text_copy(places.config, sizeof(places.config), "/nonexistent");
  pb_text_copy(places.user_sign_ins, sizeof(places.user_sign_ins), folder);
  check_ok(pb_services_find(&places, service.host, service.port, &found, &err), err);
  assert_string_equal(found.ca_fingerprint, rig.fingerprint);
  check_ok(pb_service_parse(rig.url, &bare, &err), err);
  check_ok(pb_sign_in_open(folder, PB_SIGN_IN_USER, &bare, &sign_in, &err), err);
  assert_string_equal(pb_sign_in_get_service(sign_in)->ca_fingerprint, rig.fingerprint);
  pb_sign_in_close(sign_in);
}

#define FOLDER(test) cmocka_unit_test_setup_teardown(test, begin_test, end_test)

int
main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    FOLDER(test_shared_code),     FOLDER(test_poller_gone), FOLDER(test_ends_of_code),
    FOLDER(test_rotation),        FOLDER(test_crowd),       FOLDER(test_revoked),
    FOLDER(test_machine_removed), FOLDER(test_removed),     FOLDER(test_machine),
    FOLDER(test_files),           FOLDER(test_services),
  };

  if (argc == 4 && strcmp(argv[0], CROWD) == 0)
    return be_one_of_a_crowd(argv);
  return cmocka_run_group_tests(tests, start_all, stop_all);
}
