// jwk_test - assertions that carry their key: found again, and what is no such key refused.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/text.h"
#include "net/jwt.h"

static const struct pb_assertion example = {
  .issuer     = "client-1",
  .subject    = "client-1",
  .audience   = "https://print.example/oauth/token",
  .id         = "0123456789abcdef",
  .expires_ms = INT64_C(1780000060000),
};

static void
test_carried_key(void **state)
{
  pb_key_t           *key = NULL, *got = NULL;
  pb_secret_t         jwt = {0};
  struct pb_assertion claims;
  char                want[PB_KEY_ID_SIZE], id[PB_KEY_ID_SIZE];
  pb_error_t          err = {0};

  (void)state;
  for (int i = 0; i < 100; i++)  // coordinates have leading zeros now and then
  {
    check_ok(pb_key_make(&key, &err), err);
    check_ok(pb_jwt_sign_with_key(key, &example, &jwt, &err), err);
    check_ok(pb_jwt_peek_key(jwt.text, &got, &err), err);
    pb_key_get_id(key, want);
    pb_key_get_id(got, id);
    assert_string_equal(id, want);
    check_ok(pb_jwt_verify(got, jwt.text, &claims, &err), err);
    pb_key_free(key);
    pb_key_free(got);
  }
  pb_secret_clear(&jwt);
}

// The key of RFC 7515 appendix A.3.
#define X "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define Y "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define KIND "\"kty\":\"EC\",\"crv\":\"P-256\""
#define HEAD "{\"alg\":\"ES256\",\"jwk\":"

static void
test_rows(void **state)
{
  static const struct
  {
    const char *name, *header;
    bool        want;
  } rows[] = {
    {"good",             HEAD "{" KIND "," X "," Y "}}",                                                true },
    {"no jwk",           "{\"alg\":\"ES256\"}",                                                         false},
    {"jwk is a text",    HEAD "\"x\"}",                                                                 false},
    {"jwk is null",      HEAD "null}",                                                                  false},
    {"RSA",              HEAD "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}}",                       false},
    {"other curve",      HEAD "{\"kty\":\"EC\",\"crv\":\"P-384\"," X "," Y "}}",                        false},
    {"no y",             HEAD "{" KIND "," X "}}",                                                      false},
    {"y too short",      HEAD "{" KIND "," X ",\"y\":\"AAAA\"}}",                                       false},
    {"y is a number",    HEAD "{" KIND "," X ",\"y\":1}}",                                              false},
    {"not on the curve",
     HEAD "{" KIND "," X ",\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}}",                    false},
    {"no base64url",     HEAD "{" KIND "," X ",\"y\":\"x/FEzRu9m36HLN/tue659LNpXW6pCSyikYjKIWI5a0\"}}",
     false                                                                                                   },
    {"private too",      HEAD "{" KIND "," X "," Y ",\"d\":\"AAAA\"}}",                                 false},
    {"other algorithm",  "{\"alg\":\"HS256\",\"jwk\":{" KIND "," X "," Y "}}",                          false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    char      *head = pb_text_format_base64(rows[i].header, strlen(rows[i].header), true);
    char       jwt[2048];
    pb_key_t  *key = NULL;
    pb_error_t err = {0};

    (void)snprintf(jwt, sizeof(jwt), "%s.e30.AA", head);
    if (pb_jwt_peek_key(jwt, &key, &err) != rows[i].want)
      fail_msg("%s: %s", rows[i].name, err.message);
    assert_int_equal(err.kind, rows[i].want ? PB_OK : PB_REJECT);
    pb_key_free(key);
    free(head);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_carried_key),
    cmocka_unit_test(test_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
