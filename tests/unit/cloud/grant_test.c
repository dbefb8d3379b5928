// grant_test - the device authorization grant against a server: every answer to a poll, and none.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "cloud/grant.h"
#include "cloud/protocol.h"
#include "net/form.h"

static struct rig         rig;
static struct pb_metadata metadata;
static pb_http_t         *http;

// What the server says next, and what it was asked.
static struct
{
  int         status;
  const char *body;
  char        asked[4096];
  int         asked_count;
} world;

static void
answer_any(struct rig *self, const struct rig_request *request, struct rig_answer *answer)
{
  answer->date_ms = pb_clock_now_ms();
  if (!strcmp(request->path, PB_PATH_METADATA))
  {
    rig_say(answer,
            "{\"issuer\":\"%s\",\"token_endpoint\":\"%s/token\","
            "\"device_authorization_endpoint\":\"%s/device_authorization\"}",
            self->url, self->url, self->url);
    return;
  }
  world.asked_count++;
  snprintf(world.asked, sizeof(world.asked), "%s", request->body);
  answer->status = world.status;
  rig_say(answer, "%s", world.body);
}

static int
start_all(void **state)
{
  pb_error_t err = {0};

  (void)state;
  rig.answer = answer_any;
  rig_start(&rig);
  check_ok(pb_http_new(&rig.trust, &http, &err), err);
  check_ok(pb_metadata_get(http, rig.url, &metadata, &err), err);
  return 0;
}

static int
stop_all(void **state)
{
  (void)state;
  pb_http_free(http);
  rig_stop(&rig);
  return 0;
}

static struct pb_device_code
make_code(void)
{
  struct pb_device_code code = {.interval_ms     = 5000,
                                .expires_mono_ms = pb_clock_mono_ms() + 600000};
  pb_error_t            err  = {0};

  check_ok(pb_secret_set(&code.device_code, "devcode", 7, &err), err);
  return code;
}

static void
check_field(const pb_form_t *form, const char *name, const char *want)
{
  assert_non_null(pb_form_get(form, name));
  assert_string_equal(pb_form_get(form, name), want);
}

static void
test_metadata(void **state)
{
  (void)state;
  assert_string_equal(metadata.issuer, rig.url);
  assert_true(llabs(metadata.date_ms - pb_clock_now_ms()) < 60000);
}

static void
test_request(void **state)
{
  static const char     details[] = "[{\"type\":\"printbridge-share\"}]";
  struct pb_device_code code      = {0};
  pb_form_t            *form      = NULL;
  pb_error_t            err       = {0};
  char                  body[512];

  (void)state;
  snprintf(body, sizeof(body),
           "{\"device_code\":\"d\",\"user_code\":\"BCDF-GHJK\",\"expires_in\":600,"
           "\"verification_uri\":\"%s/device\"}",
           rig.url);
  world.status = 200;
  world.body   = body;
  check_ok(pb_device_code_request(http, &metadata, "me", PB_SCOPE_REGISTER, details,
                                  "a&b@c.example", &code, &err),
           err);
  assert_string_equal(code.user_code, "BCDF-GHJK");
  pb_device_code_clear(&code);
  check_ok(pb_form_parse(world.asked, strlen(world.asked), &form, &err), err);
  check_field(form, "client_id", "me");
  check_field(form, "scope", PB_SCOPE_REGISTER);
  check_field(form, "authorization_details", details);
  check_field(form, PB_PARAM_REQUESTER, "a&b@c.example");
  pb_form_free(form);

  world.status = 400;
  world.body   = "{\"error\":\"invalid_scope\"}";
  assert_false(pb_device_code_request(http, &metadata, "me", "x", NULL, NULL, &code, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_null(code.device_code.text);
}

static void
test_poll_form(void **state)
{
  struct pb_device_code code  = make_code();
  struct pb_grant       grant = {0};
  pb_form_t            *form  = NULL;
  pb_error_t            err   = {0};

  (void)state;
  world.status = 400;
  world.body   = "{\"error\":\"authorization_pending\"}";
  assert_int_equal(pb_device_code_poll(http, &metadata, "me", &code, &grant, &err),
                   PB_POLL_PENDING);
  assert_int_equal(err.kind, PB_OK);
  check_ok(pb_form_parse(world.asked, strlen(world.asked), &form, &err), err);
  check_field(form, "client_id", "me");
  check_field(form, "device_code", "devcode");
  check_field(form, "grant_type", PB_GRANT_DEVICE_CODE);
  pb_form_free(form);
  pb_device_code_clear(&code);
}

static void
test_polls(void **state)
{
  static const struct
  {
    const char        *name;
    int                status;
    const char        *body;
    enum pb_poll       want;
    int64_t            interval_ms;
    enum pb_error_kind kind;
  } rows[] = {
  // clang-format off
    {"pending",        400, "{\"error\":\"authorization_pending\"}", PB_POLL_PENDING, 5000,  PB_OK    },
    {"slow down",      400, "{\"error\":\"slow_down\"}",             PB_POLL_PENDING, 10000, PB_OK    },
    {"denied",         400, "{\"error\":\"access_denied\"}",         PB_POLL_DENIED,  5000,  PB_OK    },
    {"expired",        400, "{\"error\":\"expired_token\"}",         PB_POLL_EXPIRED, 5000,  PB_OK    },
    {"used",           400, "{\"error\":\"invalid_grant\"}",         PB_POLL_FAILED,  5000,  PB_AUTH  },
    {"unknown client", 401, "{\"error\":\"invalid_client\"}",        PB_POLL_FAILED,  5000,  PB_AUTH  },
    {"our mistake",    400, "{\"error\":\"invalid_request\"}",       PB_POLL_FAILED,  5000,  PB_REJECT},
    {"teapot",         418, "{\"error\":\"teapot\"}",                PB_POLL_FAILED,  5000,  PB_REJECT},
    {"in trouble",     503, "",                                      PB_POLL_PENDING, 10000, PB_RETRY },
    {"too many",       429, "<html>",                                PB_POLL_PENDING, 10000, PB_RETRY },
    {"moved",          302, "",                                      PB_POLL_FAILED,  5000,  PB_REJECT},
    {"granted",        200, "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"authorization_details\":[]}", PB_POLL_GRANTED, 5000, PB_OK},
    {"bad token",      200, "{\"access_token\":\"\",\"token_type\":\"Bearer\"}", PB_POLL_FAILED, 5000, PB_REJECT},
    {"page",           200, "<html>",                                PB_POLL_FAILED,  5000,  PB_REJECT},
    {"pending as 200", 200, "{\"error\":\"authorization_pending\"}", PB_POLL_FAILED,  5000,  PB_REJECT},
  // clang-format on
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_device_code code  = make_code();
    struct pb_grant       grant = {0};
    pb_error_t            err   = {0};

    world.status      = rows[i].status;
    world.body        = rows[i].body;
    enum pb_poll poll = pb_device_code_poll(http, &metadata, "me", &code, &grant, &err);
    if (poll != rows[i].want || code.interval_ms != rows[i].interval_ms || err.kind != rows[i].kind)
      fail_msg("%s: %d, %lld ms, %s", rows[i].name, (int)poll, (long long)code.interval_ms,
               err.message);
    assert_true((poll == PB_POLL_GRANTED) == (grant.access_token.text != NULL));
    pb_grant_clear(&grant);
    pb_device_code_clear(&code);
  }
}

static void
test_network_failure_doubles_the_interval(void **state)
{
  struct pb_metadata    nowhere = metadata;
  struct pb_device_code code    = make_code();
  struct pb_grant       grant   = {0};
  pb_error_t            err     = {0};
  static const int64_t  want[]  = {10000, 20000, 40000, 80000, 160000, 300000, 300000};

  (void)state;
  strcpy(nowhere.token_endpoint, "https://127.0.0.1:1/token");
  for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
  {
    assert_int_equal(pb_device_code_poll(http, &nowhere, "me", &code, &grant, &err),
                     PB_POLL_PENDING);
    assert_int_equal(err.kind, PB_RETRY);
    assert_int_equal(code.interval_ms, want[i]);
  }
  pb_device_code_clear(&code);
}

// A code whose time is over is not asked for any more.
static void
test_expired_by_the_clock(void **state)
{
  struct pb_device_code code   = make_code();
  struct pb_grant       grant  = {0};
  pb_error_t            err    = {0};
  int                   before = world.asked_count;

  (void)state;
  pb_clock_shift_ms(600000);
  assert_int_equal(pb_device_code_poll(http, &metadata, "me", &code, &grant, &err),
                   PB_POLL_EXPIRED);
  assert_int_equal(world.asked_count, before);
  pb_clock_shift_ms(-600000);
  pb_device_code_clear(&code);
}

static void
test_bad_urls(void **state)
{
  static const char *const rows[] = {"http://127.0.0.1:1", "127.0.0.1", "", "file:///etc/passwd"};

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_metadata got;
    pb_error_t         err = {0};

    assert_false(pb_metadata_get(http, rows[i], &got, &err));
    assert_int_equal(err.kind, PB_CONFIG);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_metadata),
    cmocka_unit_test(test_request),
    cmocka_unit_test(test_poll_form),
    cmocka_unit_test(test_polls),
    cmocka_unit_test(test_network_failure_doubles_the_interval),
    cmocka_unit_test(test_expired_by_the_clock),
    cmocka_unit_test(test_bad_urls),
  };

  return cmocka_run_group_tests(tests, start_all, stop_all);
}
