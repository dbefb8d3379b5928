// vault_test - bytes under a passphrase: round trips, and each way in which a file can be wrong.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "net/seal.h"
#include "net/vault.h"

#include <stdlib.h>
#include <string.h>

static pb_secret_t passphrase, other;

static int
set_up(void **state)
{
  pb_error_t err = {0};

  (void)state;
  check_ok(pb_secret_set(&passphrase, "correct horse", 13, &err), err);
  check_ok(pb_secret_set(&other, "wrong horse", 11, &err), err);
  return 0;
}

static int
tear_down(void **state)
{
  (void)state;
  pb_secret_clear(&passphrase);
  pb_secret_clear(&other);
  return 0;
}

static void
test_round_trips(void **state)
{
  static const size_t sizes[] = {0, PB_SEAL_RECORD_SIZE, 2 * PB_SEAL_RECORD_SIZE + 1};
  char               *text    = calloc(1, sizes[2] + 1);

  (void)state;
  memset(text, 'x', sizes[2]);
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
  {
    pb_buffer_t sealed = {0}, plain = {0};
    pb_error_t  err = {0};

    check_ok(pb_vault_seal(&passphrase, text, sizes[i], &sealed, &err), err);
    assert_null(sizes[i] > 64 ? memmem(sealed.data, sealed.size, "xxxxxxxx", 8) : NULL);
    check_ok(pb_vault_open(&passphrase, sealed.data, sealed.size, &plain, &err), err);
    assert_int_equal(plain.size, sizes[i]);
    if (plain.size > 0)
      assert_memory_equal(plain.data, text, plain.size);
    pb_buffer_clear(&sealed);
    pb_buffer_clear(&plain);
  }
  free(text);
}

static void
test_wrong_files(void **state)
{
  static const struct
  {
    const char        *name;
    int                at;  // this byte is changed; -1: none
    int                to;
    int                cut;  // bytes that are missing at the end
    bool               is_other;
    enum pb_error_kind want;
  } rows[] = {
    {"whole",                -1, 0,   0,          false, PB_OK    },
    {"another passphrase",   -1, 0,   0,          true,  PB_AUTH  },
    {"another kind",         3,  '!', 0,          false, PB_REJECT},
    {"version 2",            16, 2,   0,          false, PB_CONFIG},
    {"version 0",            16, 0,   0,          false, PB_REJECT},
    {"cheaper",              17, 13,  0,          false, PB_REJECT},
    {"cheaper, but allowed", 17, 14,  0,          false, PB_AUTH  },
    {"dearer",               17, 40,  0,          false, PB_REJECT},
    {"what is not used",     18, 1,   0,          false, PB_REJECT},
    {"salt",                 25, '!', 0,          false, PB_AUTH  },
    {"check",                55, '!', 0,          false, PB_AUTH  },
    {"sealed byte",          70, '!', 0,          false, PB_REJECT},
    {"end",                  -1, 0,   1,          false, PB_REJECT},
    {"no record",            -1, 0,   16 + 5,     false, PB_REJECT},
    {"no head",              -1, 0,   16 + 5 + 1, false, PB_REJECT},
  };
  pb_buffer_t sealed = {0};
  pb_error_t  err    = {0};

  (void)state;
  check_ok(pb_vault_seal(&passphrase, "hello", 5, &sealed, &err), err);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_buffer_t plain = {0};
    char        kept  = rows[i].at >= 0 ? sealed.data[rows[i].at] : 0;

    err = (pb_error_t){0};
    if (rows[i].at >= 0)
      sealed.data[rows[i].at] = (char)(rows[i].to == kept ? rows[i].to + 1 : rows[i].to);
    bool ok = pb_vault_open(rows[i].is_other ? &other : &passphrase, sealed.data,
                            sealed.size - (size_t)rows[i].cut, &plain, &err);
    if (err.kind != rows[i].want || ok != (rows[i].want == PB_OK))
      fail_msg("%s: %d %s", rows[i].name, err.kind, err.message);
    if (rows[i].at >= 0)
      sealed.data[rows[i].at] = kept;
    pb_buffer_clear(&plain);
  }
  pb_buffer_clear(&sealed);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_round_trips),
    cmocka_unit_test(test_wrong_files),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
