// device_strings_test - names that a device reports, and how the world is told of them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include "print/device-strings.h"

static void
add_names(ipp_t *ipp, const char *language, const char *const *pairs, int count)
{
  char name[64];

  snprintf(name, sizeof(name), "printbridge-strings-%s", language);
  ippAddStrings(ipp, IPP_TAG_PRINTER, IPP_TAG_TEXT, name, count, NULL, pairs);
}

static int
report(struct bench *b, const char *const *languages, int languages_count,
       const char *const *german, int german_count)
{
  ipp_t *ipp = ask_device(IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES, 0);

  ippAddStrings(ipp, IPP_TAG_PRINTER, IPP_TAG_LANGUAGE, "printer-strings-languages-supported",
                languages_count, NULL, languages);
  add_names(ipp, "de", german, german_count);
  return call(b, &proxy, ipp);
}

static ipp_t *
get(struct bench *b, const char *language)
{
  ipp_t           *response = NULL, *ipp = ask(IPP_OP_GET_PRINTER_ATTRIBUTES);
  ipp_attribute_t *at = ippFindAttribute(ipp, "attributes-natural-language", IPP_TAG_LANGUAGE);

  ippSetString(ipp, &at, 0, language);
  check_status(call_with(b, /*who*/ NULL, ipp, NULL, &response), IPP_STATUS_OK);
  return response;
}

static void
test_kept(void **state)
{
  static const char *const languages[] = {"de", "pt-br"};
  static const char *const german[]    = {
       "sides.one-sided=Einseitig", "no pair", "=x", "a=", "b=1=2\"", "sides.one-sided=Zweitens"};
  struct bench *b    = *state;
  pb_buffer_t   text = {0};
  pb_error_t    err  = {0};

  check_status(report(b, languages, 2, german, 6), IPP_STATUS_OK);
  check_ok(pb_device_strings_read(b->db, 1, "de", &text, &err), err);
  assert_string_equal(text.data, "\"b\" = \"1=2\\\"\";\n\"sides.one-sided\" = \"Einseitig\";\n");
  pb_buffer_clear(&text);
  assert_false(pb_device_strings_read(b->db, 1, "pt-br", &text, &err));
  assert_int_equal(err.kind, PB_GONE);
  assert_false(pb_device_strings_read(b->db, 2, "de", &text, &err));
  pb_buffer_clear(&text);

  // Not with the rest, which every request reads.
  ipp_t *response = get(b, "de");
  assert_null(ippFindAttribute(response, "printbridge-strings-de", IPP_TAG_ZERO));
  ippDelete(response);

  // Deleted.
  ipp_t *ipp = ask_device(IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES, 0);
  ippAddOutOfBand(ipp, IPP_TAG_PRINTER, IPP_TAG_DELETEATTR, "printbridge-strings-de");
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK);
  assert_false(pb_device_strings_read(b->db, 1, "de", &text, &err));
  pb_buffer_clear(&text);
}

static void
test_uri(void **state)
{
  static const char *const languages[] = {"en", "de", "pt-br", "../../x"};
  static const char *const german[]    = {"a=b"};
  static const struct
  {
    const char *wanted, *is;
  } rows[] = {
    {"de",    "https://cloud.test:8631/strings/1/de.strings"   },
    {"DE",    "https://cloud.test:8631/strings/1/de.strings"   },
    {"de-at", "https://cloud.test:8631/strings/1/de.strings"   },
    {"pt",    "https://cloud.test:8631/strings/1/pt-br.strings"},
    {"fr",    "https://cloud.test:8631/strings/1/en.strings"   },
    {"d",     "https://cloud.test:8631/strings/1/en.strings"   },
  };
  struct bench *b        = *state;
  ipp_t        *response = get(b, "de");

  assert_null(ippFindAttribute(response, "printer-strings-uri", IPP_TAG_URI));
  ippDelete(response);
  (void)report(b, languages, 4, german, 1);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    response = get(b, rows[i].wanted);
    assert_string_equal(pb_ipp_text(response, IPP_TAG_PRINTER, "printer-strings-uri"), rows[i].is);
    ippDelete(response);
  }
}

// Asked for alone, as a desktop does for each language.
static void
test_uri_alone(void **state)
{
  static const char *const languages[] = {"en", "de"};
  static const char *const german[]    = {"a=b"};
  struct bench            *b           = *state;
  ipp_t                   *response = NULL, *ipp = ask(IPP_OP_GET_PRINTER_ATTRIBUTES);

  (void)report(b, languages, 2, german, 1);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", NULL,
               "printer-strings-uri");
  check_status(call_with(b, /*who*/ NULL, ipp, NULL, &response), IPP_STATUS_OK);
  assert_string_equal(pb_ipp_text(response, IPP_TAG_PRINTER, "printer-strings-uri"),
                      "https://cloud.test:8631/strings/1/en.strings");
  assert_null(ippFindAttribute(response, "printer-strings-languages-supported", IPP_TAG_ZERO));
  ippDelete(response);
}

static void
test_unchanged(void **state)
{
  static const char *const languages[] = {"de"};
  static const char *const german[]    = {"a=b"};
  static const char *const other[]     = {"a=c"};
  struct bench            *b           = *state;
  struct pb_printer        before, after;
  pb_error_t               err = {0};

  check_status(report(b, languages, 1, german, 1), IPP_STATUS_OK);
  check_ok(pb_printer_load(b->db, 1, &before, &err), err);
  check_status(report(b, languages, 1, german, 1), IPP_STATUS_OK);
  check_ok(pb_printer_load(b->db, 1, &after, &err), err);
  assert_int_equal(after.config_ms, before.config_ms);
  pb_printer_clear(&after);
  pb_printer_clear(&before);
  check_status(report(b, languages, 1, other, 1), IPP_STATUS_OK);
  pb_buffer_t text = {0};
  check_ok(pb_device_strings_read(b->db, 1, "de", &text, &err), err);
  assert_string_equal(text.data, "\"a\" = \"c\";\n");
  pb_buffer_clear(&text);
}

static void
test_cap(void **state)
{
  static const char *const pairs[] = {"a=b"};
  struct bench            *b       = *state;
  pb_error_t               err     = {0};
  ipp_t                   *ipp     = ask_device(IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES, 0);
  int                      count   = 0;

  for (int i = 0; i < PB_DEVICE_STRINGS_LANGUAGES_MAX + 8; i++)
  {
    char language[3] = {(char)('a' + i / 26), (char)('a' + i % 26), '\0'};

    add_names(ipp, language, pairs, 1);
  }
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK);
  pb_db_stmt_t *query = pb_db_query(b->db, &err, "SELECT count(*) FROM device_strings", "");
  count               = pb_db_step(query) ? (int)pb_db_int(query, 0) : 0;
  assert_true(pb_db_finish(query, &err));
  assert_int_equal(count, PB_DEVICE_STRINGS_LANGUAGES_MAX);
}

static void
test_path(void **state)
{
  static const struct
  {
    const char *path;
    int         id;  // 0: refused
    const char *language;
  } rows[] = {
    {"/strings/1/de.strings",                         1,     "de"   },
    {"/strings/65535/pt-br.strings",                  65535, "pt-br"},
    {"/strings/0/de.strings",                         0,     NULL   },
    {"/strings/65536/de.strings",                     0,     NULL   },
    {"/strings/99999999999/de.strings",               0,     NULL   },
    {"/strings/-1/de.strings",                        0,     NULL   },
    {"/strings/1/.strings",                           0,     NULL   },
    {"/strings/1/de",                                 0,     NULL   },
    {"/strings/1/de.stringsx",                        0,     NULL   },
    {"/strings/1/DE.strings",                         0,     NULL   },
    {"/strings/1/../2/de.strings",                    0,     NULL   },
    {"/strings/1/%64e.strings",                       0,     NULL   },
    {"/strings/1",                                    0,     NULL   },
    {"/strings/",                                     0,     NULL   },
    {"/other/1/de.strings",                           0,     NULL   },
    {"/strings/1/aaaaaaaa-aaaaaaaa-aaaaaaaa.strings", 0,     NULL   },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    char language[PB_LANGUAGE_SIZE] = "";
    int  id                         = 0;
    bool ok                         = pb_device_strings_parse_path(rows[i].path, &id, language);

    if (ok != (rows[i].id != 0))
      fail_msg("%s", rows[i].path);
    if (ok)
    {
      assert_int_equal(id, rows[i].id);
      assert_string_equal(language, rows[i].language);
    }
  }
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    BENCH(test_kept),      BENCH(test_uri), BENCH(test_uri_alone),
    BENCH(test_unchanged), BENCH(test_cap), cmocka_unit_test(test_path),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
