// text_test - bounded strings, numbers, encodings.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include "check.h"

static void
copies_and_cuts_at_characters(void **state)
{
  static const struct
  {
    const char *name, *src, *want;
    size_t      room;
    bool        fits;
  } rows[] = {
    {"fits",              "abc",           "abc",        4, true },
    {"cut",               "abcd",          "abc",        4, false},
    {"NULL is empty",     NULL,            "",           4, true },
    {"whole character",   "ab\xc3\xa4",    "ab\xc3\xa4", 5, true },
    {"no half character", "ab\xc3\xa4",    "ab",         4, false},
    {"no third of one",   "a\xe2\x82\xac", "a",          4, false},
    {"one byte of room",  "abc",           "",           1, false},
  };
  char dst[16];

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    print_message("%s\n", rows[i].name);
    assert_int_equal(pb_text_copy(dst, rows[i].room, rows[i].src), rows[i].fits);
    assert_string_equal(dst, rows[i].want);
  }
}

static void
knows_utf8_and_printable(void **state)
{
  static const struct
  {
    const char *text;
    bool        is_utf8, is_printable;
  } rows[] = {
    {"plain",                                true,  true },
    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x96\xa8", true,  true },
    {"tab\t",                                true,  false},
    {"\x7f",                                 true,  false},
    {"\xc2\x85",                             true,  false}, // C1: next line
    {"\xc0\x80",                             false, false},
    {"\xed\xa0\x80",                         false, false}, // overlong, surrogate
    {"\xf4\x90\x80\x80",                     false, false},
    {"\xff",                                 false, false},
    {"\xc3",                                 false, false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    assert_int_equal(pb_text_is_utf8(rows[i].text, strlen(rows[i].text)), rows[i].is_utf8);
    assert_int_equal(pb_text_is_printable(rows[i].text), rows[i].is_printable);
  }
  assert_false(pb_text_is_utf8("a\0b", 3));
}

static void
parses_numbers(void **state)
{
  static const struct
  {
    const char *text;
    bool        is_ok;
    int64_t     want;
  } rows[] = {
    {"0",                    true,  0  },
    {"-5",                   true,  -5 },
    {"100",                  true,  100},
    {"101",                  false, 0  },
    {"",                     false, 0  },
    {" 5",                   false, 0  },
    {"5 ",                   false, 0  },
    {"+5",                   false, 0  },
    {"0x5",                  false, 0  },
    {"99999999999999999999", false, 0  },
    {"-",                    false, 0  },
  };
  int64_t value;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    assert_int_equal(pb_text_parse_int(rows[i].text, -10, 100, &value), rows[i].is_ok);
    if (rows[i].is_ok)
      assert_int_equal(value, rows[i].want);
  }
  assert_false(pb_text_parse_int(NULL, 0, 1, &value));
}

static void
parses_units(void **state)
{
  int64_t value;

  (void)state;
  assert_true(pb_text_parse_duration_ms("90", &value) && value == 90000);
  assert_true(pb_text_parse_duration_ms("2h", &value) && value == 7200000);
  assert_true(pb_text_parse_size_bytes("64K", &value) && value == 65536);
  assert_true(pb_text_parse_size_bytes("3G", &value) && value == 3LL << 30);
  assert_false(pb_text_parse_size_bytes("9999999999G", &value));
  assert_false(pb_text_parse_size_bytes("K", &value));
  assert_false(pb_text_parse_size_bytes("-1K", &value));
  assert_false(pb_text_parse_duration_ms("5x", &value));
  assert_false(pb_text_parse_duration_ms("", &value));
}

static void
escapes_for_one_line(void **state)
{
  char dst[32];

  (void)state;
  pb_text_escape(dst, sizeof(dst), "a\nb\x1b\xff", 5);
  assert_string_equal(dst, "a\\x0ab\\x1b\\xff");
  pb_text_escape(dst, 6, "\xc3\xa4\n", 3);
  assert_string_equal(dst, "\xc3\xa4");
  pb_text_escape(dst, sizeof(dst), "x\0y", 3);
  assert_string_equal(dst, "x\\x00y");
}

static void
encodes_base64(void **state)
{
  static const struct
  {
    const char *plain, *standard, *url;
  } rows[] = {
    {"",         "",     ""    },
    {"f",        "Zg==", "Zg"  },
    {"fo",       "Zm8=", "Zm8" },
    {"foo",      "Zm9v", "Zm9v"},
    {"\xfb\xff", "+/8=", "-_8" }
  };
  size_t size;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    for (int url = 0; url < 2; url++)
    {
      const char *want  = url ? rows[i].url : rows[i].standard;
      char       *text  = pb_text_format_base64(rows[i].plain, strlen(rows[i].plain), url);
      uint8_t    *bytes = pb_text_parse_base64(want, strlen(want), url, &size);

      assert_string_equal(text, want);
      assert_non_null(bytes);
      assert_int_equal(size, strlen(rows[i].plain));
      assert_memory_equal(bytes, rows[i].plain, size);
      free(text);
      free(bytes);
    }
}

static void
refuses_bad_base64(void **state)
{
  static const struct
  {
    const char *text;
    bool        url;
  } rows[] = {
    {"Zg",       false},
    {"Zg=",      false},
    {"Zh==",     false},
    {"Zg==",     true },
    {"Z",        true },
    {"Z g=",     false},
    {"-_8",      false},
    {"====",     false},
    {"Zg==Zg==", false}
  };
  size_t size;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    assert_null(pb_text_parse_base64(rows[i].text, strlen(rows[i].text), rows[i].url, &size));
}

static void
makes_uuids(void **state)
{
  char a[PB_UUID_SIZE], b[PB_UUID_SIZE];

  (void)state;
  pb_text_make_uuid(a);
  pb_text_make_uuid(b);
  assert_true(pb_text_is_uuid(a));
  assert_string_not_equal(a, b);
  assert_int_equal(a[23], '4');
  assert_false(pb_text_is_uuid(a + 9));
  assert_false(pb_text_is_uuid(NULL));
  a[20] = 'g';
  assert_false(pb_text_is_uuid(a));
}

static void
encodes_hex(void **state)
{
  uint8_t bytes[3];
  char    text[7];

  (void)state;
  assert_true(pb_text_parse_hex("00fFa5", bytes, 3));
  pb_text_format_hex(text, bytes, 3);
  assert_string_equal(text, "00ffa5");
  assert_false(pb_text_parse_hex("00ff", bytes, 3));
  assert_false(pb_text_parse_hex("00ff0g", bytes, 3));
  assert_false(pb_text_parse_hex(NULL, bytes, 3));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(copies_and_cuts_at_characters),
    cmocka_unit_test(knows_utf8_and_printable),
    cmocka_unit_test(parses_numbers),
    cmocka_unit_test(parses_units),
    cmocka_unit_test(escapes_for_one_line),
    cmocka_unit_test(encodes_base64),
    cmocka_unit_test(refuses_bad_base64),
    cmocka_unit_test(makes_uuids),
    cmocka_unit_test(encodes_hex),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
