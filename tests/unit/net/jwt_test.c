// jwt_test - assertions, against the example of RFC 7515 and against forgeries.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/text.h"
#include "net/jwt.h"

static pb_key_t *key;

static const struct pb_assertion example = {
  .issuer     = "client-1",
  .subject    = "client-1",
  .audience   = "https://print.example/oauth/token",
  .id         = "0123456789abcdef",
  .issued_ms  = INT64_C(1780000000000),
  .expires_ms = INT64_C(1780000060000),
};

static void
test_sign_and_verify(void **state)
{
  pb_secret_t         jwt = {0};
  struct pb_assertion got, peeked;
  pb_error_t          err = {0};

  (void)state;
  // Often: r and s have leading zeros now and then.
  for (int i = 0; i < 300; i++)
  {
    check_ok(pb_jwt_sign(key, &example, &jwt, &err), err);
    check_ok(pb_jwt_verify(key, jwt.text, &got, &err), err);
  }
  check_ok(pb_jwt_peek(jwt.text, &peeked, &err), err);
  assert_memory_equal(&got, &peeked, sizeof(got));
  assert_string_equal(got.issuer, example.issuer);
  assert_string_equal(got.subject, example.subject);
  assert_string_equal(got.audience, example.audience);
  assert_string_equal(got.id, example.id);
  assert_true(got.issued_ms == example.issued_ms && got.expires_ms == example.expires_ms);
  pb_secret_clear(&jwt);
}

// RFC 7515 appendix A.3: a signature that somebody else has made.  Its claims are no client
// assertion, so the signature passes and the claims are refused; with one bit changed the signature
// is.
static void
test_rfc7515_signature(void **state)
{
  static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
                            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
                            "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
                            "-----END PUBLIC KEY-----\n";
  char              jwt[] = "eyJhbGciOiJFUzI1NiJ9"
                            ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                            "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
                            ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
                            "pmWQxfKTUJqPP3-Kg6NU1Q";
  pb_key_t *public        = NULL;
  struct pb_assertion got;
  pb_error_t          err = {0};

  (void)state;
  check_ok(pb_key_parse_pem(pem, &public, &err), err);
  assert_false(pb_jwt_verify(public, jwt, &got, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_non_null(strstr(err.message, "sub"));
  jwt[30] = jwt[30] == 'A' ? 'B' : 'A';
  assert_false(pb_jwt_verify(public, jwt, &got, &err));
  assert_int_equal(err.kind, PB_AUTH);
  pb_key_free(public);
}

static char *
make_jwt(const char *header, const char *claims, const char *signature)
{
  char *a   = pb_text_format_base64(header, strlen(header), true);
  char *b   = pb_text_format_base64(claims, strlen(claims), true);
  char *jwt = malloc(8192);

  (void)snprintf(jwt, 8192, "%s.%s.%s", a, b, signature);
  free(a);
  free(b);
  return jwt;
}

#define ES256 "{\"alg\":\"ES256\"}"
#define GOOD "\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"a\",\"jti\":\"j\""

static void
test_peek(void **state)
{
  static const struct
  {
    const char *name, *header, *claims;
    bool        want;
  } rows[] = {
    {"good",                     ES256,                                    "{" GOOD ",\"exp\":10}",                                              true },
    {"fractional exp",           ES256,                                    "{" GOOD ",\"exp\":10.5}",                                            true },
    {"one audience in an array", ES256,
     "{\"iss\":\"c\",\"sub\":\"c\",\"aud\":[\"a\"],\"jti\":\"j\",\"exp\":10}",                                                                   true },
    {"two audiences",            ES256,
     "{\"iss\":\"c\",\"sub\":\"c\",\"aud\":[\"a\",\"b\"],\"jti\":\"j\",\"exp\":10}",                                                             false},
    {"audience is a number",     ES256,
     "{\"iss\":\"c\",\"sub\":\"c\",\"aud\":[1],\"jti\":\"j\",\"exp\":10}",                                                                       false},
    {"alg none",                 "{\"alg\":\"none\"}",                     "{" GOOD ",\"exp\":10}",                                              false},
    {"alg HS256",                "{\"alg\":\"HS256\"}",                    "{" GOOD ",\"exp\":10}",                                              false},
    {"no alg",                   "{}",                                     "{" GOOD ",\"exp\":10}",                                              false},
    {"critical extension",       "{\"alg\":\"ES256\",\"crit\":[\"b64\"]}", "{" GOOD ",\"exp\":10}",
     false                                                                                                                                            },
    {"header is an array",       "[]",                                     "{" GOOD ",\"exp\":10}",                                              false},
    {"claims are no JSON",       ES256,                                    "{",                                                                  false},
    {"no exp",                   ES256,                                    "{" GOOD "}",                                                         false},
    {"exp is a text",            ES256,                                    "{" GOOD ",\"exp\":\"10\"}",                                          false},
    {"exp negative",             ES256,                                    "{" GOOD ",\"exp\":-1}",                                              false},
    {"exp too far",              ES256,                                    "{" GOOD ",\"exp\":9223372036854775807}",                             false},
    {"exp not finite",           ES256,                                    "{" GOOD ",\"exp\":1e999}",                                           false},
    {"iat is a text",            ES256,                                    "{" GOOD ",\"exp\":10,\"iat\":\"1\"}",                                false},
    {"sub is another",           ES256,
     "{\"iss\":\"c\",\"sub\":\"d\",\"aud\":\"a\",\"jti\":\"j\",\"exp\":10}",                                                                     false},
    {"no jti",                   ES256,                                    "{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"a\",\"exp\":10}",             false},
    {"empty iss",                ES256,                                    "{\"iss\":\"\",\"sub\":\"\",\"aud\":\"a\",\"jti\":\"j\",\"exp\":10}",
     false                                                                                                                                            },
    {"long jti",                 ES256,
     "{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"a\",\"exp\":10,\"jti\":"
     "\"0123456789012345678901234567890123456789012345678901234567890123\"}",                                                                    false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    char               *jwt = make_jwt(rows[i].header, rows[i].claims, "AAAA");
    struct pb_assertion got;
    pb_error_t          err = {0};

    if (pb_jwt_peek(jwt, &got, &err) != rows[i].want)
      fail_msg("%s: %s", rows[i].name, err.message);
    if (!rows[i].want)
      assert_int_equal(err.kind, PB_REJECT);
    free(jwt);
  }
}

static void
test_form_refused(void **state)
{
  static const char *const texts[] = {"",        ".",       "..",   "a.b",
                                      "a.b.c.d", "a b.c.d", "....", "e30.e30.e30="};
  char                     longer[PB_ASSERTION_MAX + 2];
  struct pb_assertion      got;

  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof *texts; i++)
  {
    pb_error_t err = {0};

    if (pb_jwt_peek(texts[i], &got, &err) || pb_jwt_verify(key, texts[i], &got, &err))
      fail_msg("%s", texts[i]);
    assert_int_equal(err.kind, PB_REJECT);
  }
  memset(longer, 'a', sizeof(longer) - 1);
  longer[sizeof(longer) - 1] = '\0';
  assert_false(pb_jwt_peek(longer, &got, NULL));
}

static void
test_signature_refused(void **state)
{
  static const char *const signatures[] = {
    "",
    "AAAA",
    // r = s = 0, which a careless verifier lets pass
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  };
  pb_secret_t         jwt   = {0};
  pb_key_t           *other = NULL;
  struct pb_assertion got;
  pb_error_t          err = {0};

  (void)state;
  for (size_t i = 0; i < sizeof(signatures) / sizeof *signatures; i++)
  {
    char *text = make_jwt(ES256, "{" GOOD ",\"exp\":10}", signatures[i]);

    assert_false(pb_jwt_verify(key, text, &got, &err));
    assert_int_equal(err.kind, PB_AUTH);
    free(text);
  }
  check_ok(pb_key_make(&other, &err), err);
  check_ok(pb_jwt_sign(other, &example, &jwt, &err), err);
  assert_false(pb_jwt_verify(key, jwt.text, &got, &err));
  assert_int_equal(err.kind, PB_AUTH);
  pb_secret_clear(&jwt);
  pb_key_free(other);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sign_and_verify),
    cmocka_unit_test(test_rfc7515_signature),
    cmocka_unit_test(test_peek),
    cmocka_unit_test(test_form_refused),
    cmocka_unit_test(test_signature_refused),
  };
  int failed = 0;

  if (!pb_key_make(&key, NULL))
    return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  pb_key_free(key);
  return failed;
}
