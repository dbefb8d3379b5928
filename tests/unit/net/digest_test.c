// digest_test - hashes against published vectors, and password hashes that must be refused.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/text.h"
#include "net/digest.h"

static void
test_sha256(void **state)
{
  // FIPS 180-2 appendix B
  static const struct
  {
    const char *name, *input, *want;
  } rows[] = {
    {"empty",      "",                                                         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc",        "abc",                                                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"                                                                          },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    uint8_t digest[PB_SHA256_SIZE];
    char    hex[2 * PB_SHA256_SIZE + 1];

    pb_sha256(rows[i].input, strlen(rows[i].input), digest);
    pb_text_format_hex(hex, digest, sizeof(digest));
    assert_string_equal(hex, rows[i].want);
  }
}

static void
test_sha256_peek_lets_it_go_on(void **state)
{
  pb_sha256_run_t *run = pb_sha256_new();
  uint8_t          half[PB_SHA256_SIZE], whole[PB_SHA256_SIZE], want[PB_SHA256_SIZE];

  (void)state;
  assert_non_null(run);
  pb_sha256_add(run, "ab", 2);
  pb_sha256_peek(run, half);
  pb_sha256(/*data*/ "ab", 2, want);
  assert_memory_equal(half, want, sizeof(want));
  pb_sha256_add(run, "c", 1);
  pb_sha256_peek(run, whole);
  pb_sha256("abc", 3, want);
  assert_memory_equal(whole, want, sizeof(want));
  pb_sha256_free(run);
}

static void
test_password(void **state)
{
  char       hash[PB_PASSWORD_HASH_SIZE], again[PB_PASSWORD_HASH_SIZE];
  char       longer[2000];
  pb_error_t err = {0};

  (void)state;
  check_ok(pb_password_hash("correct horse", hash, &err), err);
  check_ok(pb_password_hash("correct horse", again, &err), err);
  assert_string_not_equal(hash, again);  // salted
  assert_true(pb_password_verify("correct horse", hash));
  assert_false(pb_password_verify("correct horsf", hash));
  assert_false(pb_password_verify("", hash));
  memset(longer, 'x', sizeof(longer) - 1);
  longer[sizeof(longer) - 1] = '\0';
  assert_false(pb_password_hash(longer, again, &err));
  assert_int_equal(err.kind, PB_REJECT);
}

static void
test_password_hashes_refused(void **state)
{
#define SALT "00112233445566778899aabbccddeeff"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
  static const struct
  {
    const char *name, *hash;
  } rows[] = {
    {"empty",                   ""                                    },
    {"another scheme",          "bcrypt$32768$8$1$" SALT "$" HASH     },
    {"too few fields",          "scrypt$32768$8$1$" SALT              },
    {"too many fields",         "scrypt$32768$8$1$" SALT "$" HASH "$x"},
    {"N that costs a gigabyte", "scrypt$1048576$8$1$" SALT "$" HASH   },
    {"p that costs minutes",    "scrypt$32768$8$4000$" SALT "$" HASH  },
    {"N of zero",               "scrypt$0$8$1$" SALT "$" HASH         },
    {"N no power of two",       "scrypt$1000$8$1$" SALT "$" HASH      },
    {"short salt",              "scrypt$32768$8$1$0011$" HASH         },
    {"short hash",              "scrypt$32768$8$1$" SALT "$0011"      },
    {"hash that is not hex",    "scrypt$32768$8$1$" SALT "$zz"        },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
    if (pb_password_verify("x", rows[i].hash))
      fail_msg("%s", rows[i].name);
  assert_false(pb_password_verify("x", NULL));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sha256),
    cmocka_unit_test(test_sha256_peek_lets_it_go_on),
    cmocka_unit_test(test_password),
    cmocka_unit_test(test_password_hashes_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
