// strings_test - message catalogs: what is read of a file, and what is left out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "ipp/strings.h"

static void
test_parse(void **state)
{
#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  static const struct
  {
    const char *name, *file;
    const char *key;
    const char *want;  // NULL: not there
  } rows[] = {
    {"plain",            "\"sides.one-sided\" = \"Einseitig\";",                      "sides.one-sided",   "Einseitig"  },
    {"two on a line",    "\"a\"=\"1\";\"b\"=\"2\";",                                  "b",                 "2"          },
    {"comments",         "/* \"b\" = \"0\"; */ // \"b\"=\"3\";\n\"b\" /**/ = \"2\";", "b",                 "2"          },
    {"escapes",          "\"b\" = \"1\\\"2\\\\3\\n4\";",                              "b",                 "1\"2\\3 4"  },
    {"code",             "\"b\" = \"Pr\\U00e4ge\\u0041\";",                           "b",                 "Pr\u00e4geA"},
    {"code of half",     "\"b\" = \"x\\Ud83dy\";",                                    "b",                 "x\ufffdy"   },
    {"no code",          "\"b\" = \"x\\Uzzzzy\";",                                    "b",                 "xUzzzzy"    },
    {"the first counts", "\"b\" = \"1\"; \"b\" = \"2\";",                             "b",                 "1"          },
    {"UTF-8 mark",       "\xef\xbb\xbf\"b\" = \"\xc3\xa4\";",                         "b",                 "\u00e4"     },
    {"behind a bad one", "\"a\" \"x\";\n\"b\" = \"2\";",                              "b",                 "2"          },
    {"no end",           "\"c\"=\"1\";\"b\" = \"2",                                   "b",                 NULL         },
    {"no semicolon",     "\"c\"=\"1\";\"b\" = \"2\"",                                 "b",                 NULL         },
    {"bare key",         "\"c\"=\"1\";b = \"2\";",                                    "b",                 NULL         },
    {"control",          "\"c\"=\"1\";\"b\" = \"2\x01\";",                            "b",                 NULL         },
    {"control by code",  "\"c\"=\"1\";\"b\" = \"2\\U0085\";",                         "b",                 NULL         },
    {"bad UTF-8",        "\"c\"=\"1\";\"b\" = \"\xff\";",                             "b",                 NULL         },
    {"blank",            "\"c\"=\"1\";\"b\" = \"  \";",                               "b",                 NULL         },
    {"empty key",        "\"c\"=\"1\";\"\" = \"2\";",                                 "",                  NULL         },
    {"key with control", "\"c\"=\"1\";\"b\x02\" = \"2\";",                            "b\x02",             NULL         },
    {"key too long",     "\"c\"=\"1\";\"" LONG LONG LONG LONG "\" = \"2\";",          LONG LONG LONG LONG, NULL         },
  };
#undef LONG

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_strings_t *strings = NULL;
    pb_error_t    err     = {0};
    const char   *found;

    if (!pb_strings_parse(rows[i].file, strlen(rows[i].file), &strings, &err))
      fail_msg("%s: %s", rows[i].name, err.message);
    found = pb_strings_find(strings, rows[i].key, NULL);
    if ((found == NULL) != (rows[i].want == NULL) ||
        (found != NULL && strcmp(found, rows[i].want) != 0))
      fail_msg("%s: \"%s\"", rows[i].name, found != NULL ? found : "nothing");
    pb_strings_free(strings);
  }
}

static void
test_utf16(void **state)
{
  static const char little[] = "\xff\xfe\"\0b\0\"\0=\0\"\0\xe4\0\x3d\xd8\x00\xde\"\0;\0";
  static const char big[]    = "\xfe\xff\0\"\0b\0\"\0=\0\"\0\xe4\xd8\x3d\xde\x00\0\"\0;";
  static const struct
  {
    const char *bytes;
    size_t      size;
  } rows[] = {
    {little, sizeof(little) - 1},
    {big,    sizeof(big) - 1   },
  };

  (void)state;
  for (size_t i = 0; i < 2; i++)
  {
    pb_strings_t *strings = NULL;
    pb_error_t    err     = {0};

    check_ok(pb_strings_parse(rows[i].bytes, rows[i].size, &strings, &err), err);
    assert_string_equal(pb_strings_find(strings, "b", NULL), "\u00e4\U0001f600");
    pb_strings_free(strings);
  }
}

static void
test_refused(void **state)
{
  static char   large[PB_STRINGS_FILE_MAX + 1];
  pb_strings_t *strings = NULL;
  pb_error_t    err     = {0};

  (void)state;
  memset(large, ' ', sizeof(large));
  assert_false(pb_strings_parse(large, sizeof(large), &strings, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_false(pb_strings_parse("<html>no</html>", 15, &strings, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_false(pb_strings_parse("", 0, &strings, &err));
  assert_null(strings);
}

static void
test_there_and_back(void **state)
{
  pb_strings_t *strings = pb_strings_new(), *again = NULL;
  pb_buffer_t   text = {0};
  pb_error_t    err  = {0};
  char          longer[400];

  (void)state;
  memset(longer, 'x', sizeof(longer) - 1);
  longer[sizeof(longer) - 1] = '\0';
  assert_true(pb_strings_add(strings, "media-type", "My \"Paper\\", " Mein \"Papier\\ "));
  assert_true(pb_strings_add(strings, "media-type", NULL, "Medienart"));
  assert_true(pb_strings_add(strings, "sides", "one-sided", longer));
  assert_int_equal(pb_strings_count(strings), 3);
  check_ok(pb_strings_format(strings, &text, &err), err);
  check_ok(pb_strings_parse(text.data, text.size, &again, &err), err);
  assert_string_equal(pb_strings_find(again, "media-type", "My \"Paper\\"), "Mein \"Papier\\");
  assert_string_equal(pb_strings_find(again, "media-type", NULL), "Medienart");
  assert_int_equal(strlen(pb_strings_find(again, "sides", "one-sided")), PB_STRINGS_TEXT_SIZE - 1);
  assert_null(pb_strings_find(again, "media-type", "my \"Paper\\"));
  pb_strings_free(strings);
  pb_strings_free(again);
  pb_buffer_clear(&text);
}

static void
test_cap(void **state)
{
  pb_strings_t *strings = pb_strings_new();
  char          value[16];

  (void)state;
  for (int i = 0; i < PB_STRINGS_COUNT_MAX + 10; i++)
  {
    snprintf(value, sizeof(value), "%d", i);
    assert_true(pb_strings_add(strings, "media", value, "x"));
  }
  assert_int_equal(pb_strings_count(strings), PB_STRINGS_COUNT_MAX);
  pb_strings_free(strings);
}

static void
test_languages(void **state)
{
  static const struct
  {
    const char *language;
    bool        is_one;
  } rows[] = {
    {"de",                 true },
    {"pt-br",              true },
    {"fil",                true },
    {"zh-hans-cn",         true },
    {"es-419",             true },
    {"",                   false},
    {"d",                  false},
    {"deut",               false},
    {"DE",                 false},
    {"de_DE",              false},
    {"de-",                false},
    {"-de",                false},
    {"de--at",             false},
    {"de.",                false},
    {"d1",                 false},
    {"de-a",               false},
    {"de-123456789",       false},
    {"zh-hans-cn-variant", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    if (pb_strings_is_language(rows[i].language) != rows[i].is_one)
      fail_msg("\"%s\"", rows[i].language);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_parse),   cmocka_unit_test(test_utf16),
    cmocka_unit_test(test_refused), cmocka_unit_test(test_there_and_back),
    cmocka_unit_test(test_cap),     cmocka_unit_test(test_languages),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
