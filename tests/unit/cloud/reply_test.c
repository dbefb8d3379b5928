// reply_test - what a hostile authorization server may say, and what is taken of it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/text.h"
#include "cloud/protocol.h"
#include "cloud/reply.h"

#define ISSUER "https://print.example:8631"
#define CODE "\"device_code\":\"d\",\"user_code\":\"BCDF-GHJK\",\"expires_in\":600"
#define AT "\"verification_uri\":\"https://print.example:8631/device\""

static void
test_metadata(void **state)
{
  static const struct
  {
    const char *name;
    const char *url;
    const char *input;
    int         want;  // enum pb_error_kind
  } rows[] = {
  // clang-format off
    {"whole", ISSUER, "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER "/t\",\"device_authorization_endpoint\":\"" ISSUER "/d\"}", PB_OK},
    {"slash behind the issuer", ISSUER, "{\"issuer\":\"" ISSUER "/\",\"token_endpoint\":\"https://login.example/t\"}", PB_OK},
    {"slash behind the address", ISSUER "/", "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"https://login.example/t\"}", PB_OK},
    {"another issuer", ISSUER, "{\"issuer\":\"https://evil.example\",\"token_endpoint\":\"https://evil.example/t\"}", PB_CONFIG},
    {"another port", ISSUER, "{\"issuer\":\"https://print.example\",\"token_endpoint\":\"https://print.example/t\"}", PB_CONFIG},
    {"no issuer", ISSUER, "{\"token_endpoint\":\"" ISSUER "/t\"}", PB_REJECT},
    {"issuer is a number", ISSUER, "{\"issuer\":1,\"token_endpoint\":\"" ISSUER "/t\"}", PB_REJECT},
    {"no token endpoint", ISSUER, "{\"issuer\":\"" ISSUER "\"}", PB_REJECT},
    {"token endpoint in the clear", ISSUER, "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"http://print.example/t\"}", PB_REJECT},
    {"token endpoint is a file", ISSUER, "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"file:///etc/passwd\"}", PB_REJECT},
    {"newline in an endpoint", ISSUER, "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER "/t\\r\\nHost: x\"}", PB_REJECT},
    {"user name in an endpoint", ISSUER, "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"https://print.example@evil.example/t\"}", PB_REJECT},
    {"array", ISSUER, "[]", PB_REJECT},
    {"page", ISSUER, "<html>", PB_REJECT},
    {"empty", ISSUER, "", PB_REJECT},
  // clang-format on
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_metadata metadata;
    pb_error_t         err = {0};
    bool               ok =
      pb_reply_parse_metadata(rows[i].input, strlen(rows[i].input), rows[i].url, &metadata, &err);

    if (ok != (rows[i].want == PB_OK) || (!ok && (int)err.kind != rows[i].want))
      fail_msg("%s: %d %s", rows[i].name, ok, err.message);
    assert_true(ok || !metadata.token_endpoint[0]);
  }
}

static void
test_device_code(void **state)
{
  static const struct
  {
    const char *name;
    const char *input;
    bool        want;
    int64_t     interval_ms;
    int64_t     life_ms;
  } rows[] = {
  // clang-format off
    {"whole", "{" CODE "," AT ",\"interval\":7,\"verification_uri_complete\":\"https://print.example/device?user_code=x\"}", true, 7000, 600000},
    {"no interval", "{" CODE "," AT "}", true, 5000, 600000},
    {"interval 0", "{" CODE "," AT ",\"interval\":0}", true, 5000, 600000},
    {"negative interval", "{" CODE "," AT ",\"interval\":-9}", true, 5000, 600000},
    {"endless interval", "{" CODE "," AT ",\"interval\":9223372036854775807}", true, 300000, 600000},
    {"interval is text", "{" CODE "," AT ",\"interval\":\"1\"}", true, 5000, 600000},
    {"endless life", "{\"device_code\":\"d\",\"user_code\":\"B\",\"expires_in\":9223372036854775807," AT "}", true, 5000, 86400000},
    {"no life", "{\"device_code\":\"d\",\"user_code\":\"B\"," AT "}", false, 0, 0},
    {"negative life", "{\"device_code\":\"d\",\"user_code\":\"B\",\"expires_in\":-1," AT "}", false, 0, 0},
    {"no device code", "{\"user_code\":\"B\",\"expires_in\":1," AT "}", false, 0, 0},
    {"no user code", "{\"device_code\":\"d\",\"expires_in\":1," AT "}", false, 0, 0},
    {"empty user code", "{\"device_code\":\"d\",\"user_code\":\"\",\"expires_in\":1," AT "}", false, 0, 0},
    {"user code moves the cursor", "{\"device_code\":\"d\",\"user_code\":\"B\\u001b[2J\",\"expires_in\":1," AT "}", false, 0, 0},
    {"user code reads backwards", "{\"device_code\":\"d\",\"user_code\":\"B\\u202eX\",\"expires_in\":1," AT "}", false, 0, 0},
    {"user code with NUL", "{\"device_code\":\"d\",\"user_code\":\"B\\u0000\\u001b\",\"expires_in\":1," AT "}", false, 0, 0},
    {"user code too long", "{\"device_code\":\"d\",\"user_code\":\"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\",\"expires_in\":1," AT "}", false, 0, 0},
    {"no address", "{" CODE "}", false, 0, 0},
    {"address elsewhere", "{" CODE ",\"verification_uri\":\"https://evil.example/device\"}", false, 0, 0},
    {"address of a longer host", "{" CODE ",\"verification_uri\":\"https://print.example.evil.example/\"}", false, 0, 0},
    {"address with a user name", "{" CODE ",\"verification_uri\":\"https://print.example:8631@evil.example/\"}", false, 0, 0},
    {"address with a backslash", "{" CODE ",\"verification_uri\":\"https://evil.example\\\\@print.example/\"}", false, 0, 0},
    {"address in the clear", "{" CODE ",\"verification_uri\":\"http://print.example:8631/device\"}", false, 0, 0},
    {"script", "{" CODE ",\"verification_uri\":\"javascript:alert(1)\"}", false, 0, 0},
    {"complete address elsewhere", "{" CODE "," AT ",\"verification_uri_complete\":\"https://evil.example/\"}", false, 0, 0},
    {"address is a list", "{" CODE ",\"verification_uri\":[]}", false, 0, 0},
    {"cut", "{" CODE, false, 0, 0},
  // clang-format on
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_device_code code;
    pb_error_t            err = {0};
    bool                  ok =
      pb_reply_parse_device_code(rows[i].input, strlen(rows[i].input), ISSUER, 1000, &code, &err);

    if (ok != rows[i].want)
      fail_msg("%s: %d %s", rows[i].name, ok, err.message);
    if (ok &&
        (code.interval_ms != rows[i].interval_ms || code.expires_mono_ms != rows[i].life_ms + 1000))
      fail_msg("%s: interval %lld, expires %lld", rows[i].name, (long long)code.interval_ms,
               (long long)code.expires_mono_ms);
    assert_true(ok || (!code.user_code[0] && !code.device_code.text));
    pb_device_code_clear(&code);
  }
}

static void
test_grant(void **state)
{
  static const struct
  {
    const char *name;
    const char *input;
    bool        want;
    int         details;  // -1: none
  } rows[] = {
  // clang-format off
    {"whole", "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":600}", true, -1},
    {"lower case", "{\"access_token\":\"t\",\"token_type\":\"bearer\"}", true, -1},
    {"refresh token", "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"refresh_token\":\"r\"}", true, -1},
    {"details", "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"authorization_details\":[{},{}]}", true, 2},
    {"no details", "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"authorization_details\":[]}", true, 0},
    {"details null", "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"authorization_details\":null}", true, -1},
    {"details are an object", "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"authorization_details\":{}}", false, -1},
    {"details of text", "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"authorization_details\":[\"x\"]}", false, -1},
    {"details of null", "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"authorization_details\":[null]}", false, -1},
    {"another type", "{\"access_token\":\"t\",\"token_type\":\"DPoP\"}", false, -1},
    {"no type", "{\"access_token\":\"t\"}", false, -1},
    {"no token", "{\"token_type\":\"Bearer\"}", false, -1},
    {"empty token", "{\"access_token\":\"\",\"token_type\":\"Bearer\"}", false, -1},
    {"token is a number", "{\"access_token\":1,\"token_type\":\"Bearer\"}", false, -1},
    {"header in the token", "{\"access_token\":\"t\\r\\nX: y\",\"token_type\":\"Bearer\"}", false, -1},
    {"blank in the token", "{\"access_token\":\"t t\",\"token_type\":\"Bearer\"}", false, -1},
    {"header in the refresh token", "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"refresh_token\":\"\\n\"}", false, -1},
    {"text", "\"t\"", false, -1},
  // clang-format on
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_grant grant;
    pb_error_t      err = {0};
    bool ok = pb_reply_parse_grant(rows[i].input, strlen(rows[i].input), /*now*/ 0, &grant, &err);
    int  details = grant.details ? (int)json_object_array_length(grant.details) : -1;

    if (ok != rows[i].want || details != rows[i].details)
      fail_msg("%s: %d %d %s", rows[i].name, ok, details, err.message);
    assert_true(ok == (grant.access_token.text != NULL));
    pb_grant_clear(&grant);
  }
}

static void
test_grant_of_too_long_a_token(void **state)
{
  char           *text = malloc(PB_TOKEN_MAX + 200);
  struct pb_grant grant;
  pb_error_t      err = {0};

  (void)state;
  for (int over = 0; over <= 1; over++)
  {
    int at = sprintf(text, "{\"token_type\":\"Bearer\",\"access_token\":\"");
    memset(text + at, 'a', (size_t)(PB_TOKEN_MAX + over));
    sprintf(text + at + PB_TOKEN_MAX + over, "\"}");
    assert_int_equal(pb_reply_parse_grant(text, strlen(text), 0, &grant, &err), !over);
    pb_grant_clear(&grant);
  }
  free(text);
}

static void
test_grant_of_too_many_details(void **state)
{
  pb_buffer_t     text = {0};
  struct pb_grant grant;
  pb_error_t      err = {0};

  (void)state;
  pb_buffer_init(&text, PB_JSON_MAX);
  for (int over = 0; over <= 1; over++)
  {
    pb_buffer_reset(&text);
    check_ok(pb_buffer_append_text(&text,
                                   "{\"token_type\":\"Bearer\",\"access_token\":\"a\","
                                   "\"authorization_details\":[{}",
                                   &err),
             err);
    for (int i = 1; i < PB_QUEUES_PER_GRANT_MAX + over; i++)
      check_ok(pb_buffer_append_text(&text, ",{}", &err), err);
    check_ok(pb_buffer_append_text(&text, "]}", &err), err);
    assert_int_equal(pb_reply_parse_grant(text.data, text.size, 0, &grant, &err), !over);
    pb_grant_clear(&grant);
  }
  pb_buffer_clear(&text);
}

static void
test_errors(void **state)
{
  static const struct
  {
    const char *name;
    int         status;
    const char *input;
    int         kind;
    const char *error;
    const char *message;
  } rows[] = {
  // clang-format off
    {"pending", 400, "{\"error\":\"authorization_pending\"}", PB_RETRY, "authorization_pending", "x: authorization_pending"},
    {"slow down", 400, "{\"error\":\"slow_down\"}", PB_RETRY, "slow_down", "x: slow_down"},
    {"denied", 400, "{\"error\":\"access_denied\"}", PB_AUTH, "access_denied", "x: access_denied"},
    {"expired", 400, "{\"error\":\"expired_token\"}", PB_GONE, "expired_token", "x: expired_token"},
    {"client", 401, "{\"error\":\"invalid_client\",\"error_description\":\"who?\"}", PB_AUTH, "invalid_client", "x: invalid_client: who?"},
    {"description with escapes", 400, "{\"error\":\"invalid_scope\",\"error_description\":\"\\u001b[2J\"}", PB_REJECT, "invalid_scope", "x: invalid_scope: \\x1b[2J"},
    {"unknown error", 400, "{\"error\":\"teapot\"}", PB_REJECT, "teapot", "x: teapot"},
    {"unknown error of a busy server", 503, "{\"error\":\"teapot\"}", PB_RETRY, "teapot", "x: teapot"},
    {"error with a newline", 400, "{\"error\":\"a\\nb\"}", PB_REJECT, "", "x: HTTP status 400"},
    {"error is a number", 400, "{\"error\":7}", PB_REJECT, "", "x: HTTP status 400"},
    {"error is too long", 400, "{\"error\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", PB_REJECT, "", "x: HTTP status 400"},
    {"page", 502, "<html>", PB_RETRY, "", "x: HTTP status 502"},
    {"nothing", 429, "", PB_RETRY, "", "x: HTTP status 429"},
    {"forbidden", 403, "", PB_AUTH, "", "x: HTTP status 403"},
    {"moved", 302, "", PB_REJECT, "", "x: HTTP status 302"},
  // clang-format on
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    char       error[PB_REPLY_ERROR_SIZE];
    pb_error_t err = {0};

    assert_false(
      pb_reply_set_error(rows[i].status, rows[i].input, strlen(rows[i].input), "x", error, &err));
    if ((int)err.kind != rows[i].kind || strcmp(error, rows[i].error) != 0 ||
        strcmp(err.message, rows[i].message) != 0)
      fail_msg("%s: %s \"%s\" \"%s\"", rows[i].name, pb_error_kind_name(err.kind), error,
               err.message);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_metadata),
    cmocka_unit_test(test_device_code),
    cmocka_unit_test(test_grant),
    cmocka_unit_test(test_grant_of_too_long_a_token),
    cmocka_unit_test(test_grant_of_too_many_details),
    cmocka_unit_test(test_errors),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
