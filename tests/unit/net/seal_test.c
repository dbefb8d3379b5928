// seal_test - records and wrapped keys open as they were sealed, and in no other way.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/secret.h"
#include "net/seal.h"

static uint8_t key[PB_SEAL_KEY_SIZE];
static uint8_t plain[PB_SEAL_RECORD_SIZE], sealed[PB_SEAL_RECORD_SIZE + PB_SEAL_OVERHEAD];
static uint8_t opened[PB_SEAL_RECORD_SIZE];

static void
test_record(void **state)
{
  static const size_t sizes[] = {0, 1, 16, 1000, PB_SEAL_RECORD_SIZE};
  pb_seal_t          *seal    = pb_seal_new(key);
  pb_error_t          err     = {0};

  (void)state;
  assert_non_null(seal);
  for (size_t i = 0; i < sizeof(sizes) / sizeof *sizes; i++)
  {
    size_t size = sizes[i];

    check_ok(pb_seal_record(seal, i, i == 2, plain, size, sealed, &err), err);
    check_ok(pb_seal_open(seal, i, i == 2, sealed, size + PB_SEAL_OVERHEAD, opened, &err), err);
    assert_memory_equal(plain, opened, size);
    if (size >= 16)
      assert_memory_not_equal(plain, sealed, size);
  }
  assert_false(pb_seal_record(seal, 0, false, plain, PB_SEAL_RECORD_SIZE + 1, sealed, &err));
  assert_int_equal(err.kind, PB_BUG);
  pb_seal_free(seal);
}

static void
test_record_refused(void **state)
{
  static const struct
  {
    const char *name;
    uint64_t    number;
    bool        is_last;
    size_t      size;
    int         flip;  // byte that is changed; -1: none
  } rows[] = {
    {"changed",              5,                       false, 116,                                        3  },
    {"tag changed",          5,                       false, 116,                                        110},
    {"moved",                6,                       false, 116,                                        -1 },
    {"moved far",            5 + (UINT64_C(1) << 32), false, 116,                                        -1 },
    {"marked as last",       5,                       true,  116,                                        -1 },
    {"cut",                  5,                       false, 115,                                        -1 },
    {"shorter than a tag",   5,                       false, 15,                                         -1 },
    {"empty",                5,                       false, 0,                                          -1 },
    {"longer than a record", 5,                       false, PB_SEAL_RECORD_SIZE + PB_SEAL_OVERHEAD + 1, -1 },
  };
  pb_seal_t *seal = pb_seal_new(key);
  uint8_t    copy[PB_SEAL_RECORD_SIZE + PB_SEAL_OVERHEAD + 1];

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    pb_error_t err = {0};

    check_ok(pb_seal_record(seal, 5, false, plain, 100, sealed, &err), err);
    memset(copy, 0, sizeof(copy));
    memcpy(copy, sealed, 116);
    if (rows[i].flip >= 0)
      copy[rows[i].flip] ^= 1;
    if (pb_seal_open(seal, rows[i].number, rows[i].is_last, copy, rows[i].size, opened, &err))
      fail_msg("%s", rows[i].name);
    assert_int_equal(err.kind, PB_REJECT);
  }
  pb_seal_free(seal);
}

static void
test_wrap(void **state)
{
  uint8_t    master[PB_SEAL_KEY_SIZE], other[PB_SEAL_KEY_SIZE], got[PB_SEAL_KEY_SIZE];
  uint8_t    wrapped[PB_SEAL_WRAPPED_SIZE];
  pb_error_t err = {0};

  (void)state;
  pb_random_bytes(master, sizeof(master));
  pb_random_bytes(other, sizeof(other));
  check_ok(pb_seal_wrap(master, key, "doc-1", wrapped, &err), err);
  check_ok(pb_seal_unwrap(master, wrapped, "doc-1", got, &err), err);
  assert_memory_equal(got, key, sizeof(key));
  assert_false(pb_seal_unwrap(master, wrapped, "doc-2", got, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_false(pb_seal_unwrap(other, wrapped, "doc-1", got, &err));
  for (size_t i = 0; i < sizeof(wrapped); i++)
  {
    wrapped[i] ^= 0x80;
    assert_false(pb_seal_unwrap(master, wrapped, "doc-1", got, &err));
    wrapped[i] ^= 0x80;
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_record),
    cmocka_unit_test(test_record_refused),
    cmocka_unit_test(test_wrap),
  };

  pb_random_bytes(key, sizeof(key));
  pb_random_bytes(plain, sizeof(plain));
  return cmocka_run_group_tests(tests, NULL, NULL);
}
