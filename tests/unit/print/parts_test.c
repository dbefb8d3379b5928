// parts_test - the pure parts: reasons, formats by their first bytes, sparse updates, composite
// state.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "print/capabilities.h"
#include "print/device.h"
#include "print/reasons.h"
#include "print/sniff.h"

// --- reasons

static void
reasons_are_a_set(void **state)
{
  char reasons[PB_REASONS_SIZE] = "";

  (void)state;
  assert_true(pb_reasons_add(reasons, "job-incoming"));
  assert_true(pb_reasons_add(reasons, "job-fetchable"));
  assert_true(pb_reasons_add(reasons, "job-incoming"));
  assert_string_equal(reasons, "job-incoming,job-fetchable");
  assert_false(pb_reasons_has(reasons, "job"));
  assert_false(pb_reasons_has(reasons, "fetchable"));
  pb_reasons_remove(reasons, "job");
  pb_reasons_remove(reasons, "job-incoming");
  assert_string_equal(reasons, "job-fetchable");
  pb_reasons_remove(reasons, "job-fetchable");
  assert_string_equal(reasons, "");
}

static void
reasons_have_a_cap(void **state)
{
  char reasons[PB_REASONS_SIZE] = "";
  char keyword[32];
  int  added = 0;

  (void)state;
  for (int i = 0; i < 200; i++)
  {
    snprintf(keyword, sizeof(keyword), "reason-number-%d", i);
    added += pb_reasons_add(reasons, keyword);
  }
  assert_in_range(added, 20, 40);
  assert_true(strlen(reasons) < PB_REASONS_SIZE);
}

static void
bad_keywords_are_not_read(void **state)
{
  static const char *const values[] = {"none",      "toner-low", "evil,one",   "UPPER",
                                       "new\nline", "",          "media-empty"};
  char                     reasons[PB_REASONS_SIZE];
  ipp_t                   *ipp = ippNew();

  (void)state;
  pb_reasons_from_ipp(
    ippAddStrings(ipp, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "printer-state-reasons", 7, NULL, values),
    reasons);
  assert_string_equal(reasons, "toner-low,media-empty");
  pb_reasons_from_ipp(ippAddInteger(ipp, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "x", 3), reasons);
  assert_string_equal(reasons, "");
  pb_reasons_from_ipp(NULL, reasons);
  assert_string_equal(reasons, "");
  ippDelete(ipp);
}

// --- formats

static void
formats_are_found_out(void **state)
{
  static const struct
  {
    const char *data;
    size_t      size;
    const char *want;
  } rows[] = {
    {"%PDF-1.7\n",         9,  "application/pdf"       },
    {"%!PS-Adobe-3.0",     14, "application/postscript"},
    {"RaS2PwgRaster",      13, "image/pwg-raster"      },
    {"3SaR",               4,  "image/pwg-raster"      },
    {"UNIRAST\0\0\0",      10, "image/urf"             },
    {"\xff\xd8\xff\xe0",   4,  "image/jpeg"            },
    {"Hello\r\n\tyou",     11, "text/plain"            },
    {"Gr\xc3\xbc\xc3\x9f", 6,  "text/plain"            },
    {"a\0b",               3,  NULL                    },
    {"\x1b%-12345X",       9,  NULL                    },
    {"",                   0,  NULL                    },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    const char *got = pb_sniff_format(rows[i].data, rows[i].size);

    if (!rows[i].want)
      assert_null(got);
    else
      assert_string_equal(got, rows[i].want);
  }
}

// --- sparse updates (PWG 5100.18 s5.8)

static void
sparse_names_are_parsed(void **state)
{
  static const struct
  {
    const char *text;
    bool        want;
    int         first, last;
  } rows[] = {
    {"sides-supported",          true,  0, 0},
    {"media-col-database.4",     true,  4, 4},
    {"media-col-database.4-8",   true,  4, 8},
    {"media-col-database.8-4",   false, 0, 0},
    {"media-col-database.0",     false, 0, 0},
    {"media-col-database.-1",    false, 0, 0},
    {"media-col-database.1-",    false, 0, 0},
    {"media-col-database.1x",    false, 0, 0},
    {"media-col-database.",      false, 0, 0},
    {"media-col-database.99999", false, 0, 0},
    {".3",                       false, 0, 0},
    {"",                         false, 0, 0},
  };
  char name[128];
  int  first, last;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    bool got = pb_sparse_parse(rows[i].text, name, &first, &last);

    if (got != rows[i].want || (got && (first != rows[i].first || last != rows[i].last)))
      fail_msg("\"%s\": %d %d %d", rows[i].text, got, first, last);
  }
}

static void
format_values(ipp_t *known, char *text, size_t size)
{
  ipp_attribute_t *at = ippFindAttribute(known, "x", IPP_TAG_ZERO);

  text[0] = '\0';
  for (int i = 0; at && i < ippGetCount(at); i++)
    snprintf(text + strlen(text), size - strlen(text), "%d ", ippGetInteger(at, i));
}

static void
sparse_updates_are_applied(void **state)
{
  static const struct
  {
    const char *name;
    int         count;  // of the update's values 90, 91 ...; 0: delete-attribute
    bool        is_done;
    const char *want;  // from 10 11 12 13
  } rows[] = {
    {"x",     2, true,  "90 91 "         },
    {"x",     0, true,  ""               },
    {"x.1",   1, true,  "90 11 12 13 "   },
    {"x.4",   1, true,  "10 11 12 90 "   },
    {"x.2-3", 1, true,  "10 90 13 "      },
    {"x.2-3", 3, true,  "10 90 91 92 13 "},
    {"x.1-4", 2, true,  "90 91 "         },
    {"x.5",   1, true,  "10 11 12 13 90 "},
    {"x.4-9", 1, true,  "10 11 12 90 "   },
    {"x.2-3", 0, true,  "10 13 "         },
    {"x.1-4", 0, true,  ""               },
    {"x.6",   1, false, "10 11 12 13 "   },
    {"x.3-5", 0, false, "10 11 12 13 "   },
    {"x.3-2", 1, false, "10 11 12 13 "   },
    {"x.0",   1, false, "10 11 12 13 "   },
  };
  static const int old[] = {10, 11, 12, 13}, new[] = {90, 91, 92};

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    char             text[128];
    ipp_t           *known = ippNew(), *update = ippNew();
    ipp_attribute_t *at =
      rows[i].count == 0
        ? ippAddOutOfBand(update, IPP_TAG_PRINTER, IPP_TAG_DELETEATTR, rows[i].name)
        : ippAddIntegers(update, IPP_TAG_PRINTER, IPP_TAG_INTEGER, rows[i].name, rows[i].count,
                         new);

    ippAddIntegers(known, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "x", 4, old);
    if (pb_device_update(known, at) != rows[i].is_done)
      fail_msg("row %zu", i);
    format_values(known, text, sizeof(text));
    assert_string_equal(text, rows[i].want);
    ippDelete(known);
    ippDelete(update);
  }
}

static void
sparse_updates_keep_the_syntax(void **state)
{
  ipp_t *known = ippNew(), *update = ippNew(), *col = ippNew();

  (void)state;
  ippAddInteger(col, IPP_TAG_ZERO, IPP_TAG_INTEGER, "x-dimension", 21000);
  ippAddCollection(known, IPP_TAG_PRINTER, "media-col-database", col);
  assert_false(pb_device_update(
    known, ippAddInteger(update, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "media-col-database.1", 1)));
  assert_true(pb_device_update(
    known, ippAddCollection(update, IPP_TAG_PRINTER, "media-col-database.2", col)));
  assert_int_equal(ippGetCount(ippFindAttribute(known, "media-col-database", IPP_TAG_ZERO)), 2);
  ippDelete(col);
  ippDelete(known);
  ippDelete(update);
}

// --- composite state (PWG 5100.18 table 1)

static void
states_are_composed(void **state)
{
  enum
  {
    I = IPP_PSTATE_IDLE,
    P = IPP_PSTATE_PROCESSING,
    S = IPP_PSTATE_STOPPED
  };
  static const struct
  {
    int  service, device, want;
    bool is_stopping;
  } rows[] = {
    {I, I,  I, false},
    {I, P,  P, false},
    {I, S,  S, false},
    {P, I,  P, false},
    {P, P,  P, false},
    {P, S,  P, true },
    {S, I,  S, false},
    {S, P,  P, true },
    {S, S,  S, false},
    {I, 0,  S, false},
    {I, 77, S, false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    bool is_stopping = true;

    assert_int_equal(pb_printer_compose_state(rows[i].service, rows[i].device, &is_stopping),
                     rows[i].want);
    assert_int_equal(is_stopping, rows[i].is_stopping);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reasons_are_a_set),
    cmocka_unit_test(reasons_have_a_cap),
    cmocka_unit_test(bad_keywords_are_not_read),
    cmocka_unit_test(formats_are_found_out),
    cmocka_unit_test(sparse_names_are_parsed),
    cmocka_unit_test(sparse_updates_are_applied),
    cmocka_unit_test(sparse_updates_keep_the_syntax),
    cmocka_unit_test(states_are_composed),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
