// attributes_test - what may cross, value by value; what a printer supports; what is equal.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"
#include "ipp/attributes.h"

#define JOB PB_ATTRIBUTES_JOB_TEMPLATE
#define DEVICE PB_ATTRIBUTES_DEVICE

struct seen
{
  int  count;
  char why[128];
};

static void
note(void *user, ipp_attribute_t *attribute, const char *why)
{
  struct seen *seen = user;

  (void)attribute;
  seen->count++;
  snprintf(seen->why, sizeof(seen->why), "%s", why);
}

// One attribute of each kind from a text: how many values it has when it has crossed.
static const struct row
{
  enum pb_attribute_set set;
  const char           *name;
  ipp_tag_t             tag;
  const char           *value;  // numbers as text, ranges "a-b"
  int                   copied, refused;
} rows[] = {
  {JOB,    "copies",                         IPP_TAG_INTEGER,    "2",                    1, 0},
  {JOB,    "copies",                         IPP_TAG_INTEGER,    "0",                    0, 1},
  {JOB,    "copies",                         IPP_TAG_INTEGER,    "-5",                   0, 1},
  {JOB,    "copies",                         IPP_TAG_INTEGER,    "2000000000",           0, 1},
  {JOB,    "copies",                         IPP_TAG_KEYWORD,    "two",                  0, 1},
  {JOB,    "copies",                         IPP_TAG_ENUM,       "2",                    0, 1},
  {JOB,    "copies",                         IPP_TAG_RANGE,      "1-2",                  0, 1},
  {JOB,    "copies-supported",               IPP_TAG_RANGE,      "1-99",                 0, 1},
  {JOB,    "sides",                          IPP_TAG_KEYWORD,    "two-sided-long-edge",  1, 0},
  {JOB,    "sides",                          IPP_TAG_KEYWORD,    "two sided",            0, 1},
  {JOB,    "sides",                          IPP_TAG_KEYWORD,    "a\nb",                 0, 1},
  {JOB,    "sides",                          IPP_TAG_KEYWORD,    "$(reboot)",            0, 1},
  {JOB,    "sides",                          IPP_TAG_KEYWORD,    "",                     0, 1},
  {JOB,    "sides",                          IPP_TAG_TEXT,       "one-sided",            0, 1},
  {JOB,    "media",                          IPP_TAG_KEYWORD,    "iso_a4_210x297mm",     1, 0},
  {JOB,    "media",                          IPP_TAG_NAME,       "Brief kopf",           1, 0},
  {JOB,    "media",                          IPP_TAG_NAME,       "a\x1b[2J",             0, 1},
  {JOB,    "media",                          IPP_TAG_NAME,       "a\xff",                0, 1},
  {JOB,    "media",                          IPP_TAG_NAME,       "\xc2\x85",             0, 1},
  {JOB,    "orientation-requested",          IPP_TAG_ENUM,       "4",                    1, 0},
  {JOB,    "orientation-requested",          IPP_TAG_ENUM,       "8",                    0, 1},
  {JOB,    "page-ranges",                    IPP_TAG_RANGE,      "1-7",                  1, 0},
  {JOB,    "page-ranges",                    IPP_TAG_RANGE,      "7-1",                  0, 1},
  {JOB,    "page-ranges",                    IPP_TAG_RANGE,      "0-1",                  0, 1},
  {JOB,    "print-darkness",                 IPP_TAG_INTEGER,    "-20",                  1, 0},
  {JOB,    "printer-state",                  IPP_TAG_ENUM,       "3",                    0, 1},
  {JOB,    "job-originating-user-name",      IPP_TAG_NAME,       "root",                 0, 1},
  {JOB,    "document-uri",                   IPP_TAG_URI,        "file:///etc/shadow",   0, 1},
  {DEVICE, "copies",                         IPP_TAG_INTEGER,    "2",                    0, 1},
  {DEVICE, "copies-default",                 IPP_TAG_INTEGER,    "1",                    1, 0},
  {DEVICE, "copies-supported",               IPP_TAG_RANGE,      "1-99",                 1, 0},
  {DEVICE, "copies-ready",                   IPP_TAG_RANGE,      "1-99",                 0, 1},
  {DEVICE, "media-ready",                    IPP_TAG_KEYWORD,    "iso_a4_210x297mm",     1, 0},
  {DEVICE, "print-quality-supported",        IPP_TAG_ENUM,       "9",                    0, 1},
  {DEVICE, "print-darkness-supported",       IPP_TAG_INTEGER,    "10",                   1, 0},
  {DEVICE, "media-default",                  IPP_TAG_NOVALUE,    NULL,                   1, 0},
  {DEVICE, "printer-state",                  IPP_TAG_ENUM,       "5",                    1, 0},
  {DEVICE, "printer-state",                  IPP_TAG_ENUM,       "6",                    0, 1},
  {DEVICE, "printer-state-message",          IPP_TAG_TEXT,       "Kein Papier \xc3\xbc", 1, 0},
  {DEVICE, "printer-state-message",          IPP_TAG_TEXT,       "a\rb",                 0, 1},
  {DEVICE, "printer-uuid",                   IPP_TAG_URI,        "urn:uuid:x",           0, 1},
  {DEVICE, "printer-more-info-manufacturer", IPP_TAG_URI,        "https://example.com/", 1, 0},
  {DEVICE, "printer-more-info-manufacturer", IPP_TAG_URI,        "javascript:alert(1)",  0, 1},
  {DEVICE, "printer-more-info-manufacturer", IPP_TAG_URI,        "https://e/\"onclick",  0, 1},
  {DEVICE, "printer-geo-location",           IPP_TAG_UNKNOWN,    NULL,                   1, 0},
  {DEVICE, "document-format-supported",      IPP_TAG_MIMETYPE,   "application/pdf",      1, 0},
  {DEVICE, "document-format-supported",      IPP_TAG_MIMETYPE,   "nothing",              0, 1},
  {DEVICE, "marker-levels",                  IPP_TAG_INTEGER,    "-3",                   1, 0},
  {DEVICE, "marker-levels",                  IPP_TAG_INTEGER,    "101",                  0, 1},
  {DEVICE, "queued-job-count",               IPP_TAG_INTEGER,    "-1",                   0, 1},
  {DEVICE, "printer-supply",                 IPP_TAG_STRING,     "type=toner;level=50;", 1, 0},
  {DEVICE, "printer-supply",                 IPP_TAG_STRING,     "type=\x01",            0, 1},
  {DEVICE, "printer-supply",                 IPP_TAG_TEXT,       "type=toner;",          0, 1},
  {DEVICE, "media-ready",                    IPP_TAG_DELETEATTR, NULL,                   1, 0},
  {DEVICE, "media-supported.3",              IPP_TAG_KEYWORD,    "iso_a4_210x297mm",     1, 0},
  {DEVICE, "media-supported.3-7",            IPP_TAG_DELETEATTR, NULL,                   1, 0},
  {DEVICE, "media-supported.0",              IPP_TAG_KEYWORD,    "iso_a4_210x297mm",     0, 1},
  {DEVICE, "media-supported.7-3",            IPP_TAG_KEYWORD,    "iso_a4_210x297mm",     0, 1},
  {DEVICE, "media-supported.1-999999",       IPP_TAG_DELETEATTR, NULL,                   0, 1},
  {DEVICE, "media-supported.-1",             IPP_TAG_DELETEATTR, NULL,                   0, 1},
  {DEVICE, "media-supported.",               IPP_TAG_DELETEATTR, NULL,                   0, 1},
  {JOB,    "copies.1",                       IPP_TAG_INTEGER,    "1",                    0, 1},
  {JOB,    "copies",                         IPP_TAG_NOVALUE,    NULL,                   0, 1},
  {JOB,    "copies",                         IPP_TAG_DELETEATTR, NULL,                   0, 1},
};

static void
add(ipp_t *to, ipp_tag_t group, const char *name, ipp_tag_t tag, const char *value)
{
  int lower = 0, upper = 0;

  switch (tag)
  {
    case IPP_TAG_INTEGER:
    case IPP_TAG_ENUM:
      ippAddInteger(to, group, tag, name, atoi(value));
      break;
    case IPP_TAG_RANGE:
      assert_int_equal(sscanf(value, "%d-%d", &lower, &upper), 2);
      ippAddRange(to, group, name, lower, upper);
      break;
    case IPP_TAG_STRING:
      ippAddOctetString(to, group, name, value, (int)strlen(value));
      break;
    case IPP_TAG_NOVALUE:
    case IPP_TAG_UNKNOWN:
    case IPP_TAG_DELETEATTR:
      ippAddOutOfBand(to, group, tag, name);
      break;
    default:
      ippAddString(to, group, tag, name, NULL, value);
      break;
  }
}

static void
test_rows(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    const struct row *row  = &rows[i];
    ipp_t            *from = ippNew(), *to = ippNew();
    struct seen       seen = {0};

    add(from, IPP_TAG_JOB, row->name, row->tag, row->value);
    int copied = pb_attributes_copy(row->set, from, IPP_TAG_JOB, to, IPP_TAG_PRINTER, note, &seen);
    if (copied != row->copied || seen.count != row->refused)
      fail_msg("%s=%s: copied %d, refused %d (%s)", row->name, row->value, copied, seen.count,
               seen.why);
    ipp_attribute_t *at = pb_ipp_find(to, IPP_TAG_PRINTER, row->name, IPP_TAG_ZERO);
    assert_int_equal(at != NULL, row->copied);
    if (at != NULL)
      assert_true(
        pb_attributes_is_equal(at, pb_ipp_find(from, IPP_TAG_JOB, row->name, IPP_TAG_ZERO)));
    // Nothing crosses from another group.
    assert_int_equal(
      pb_attributes_copy(row->set, from, IPP_TAG_DOCUMENT, to, IPP_TAG_JOB, NULL, NULL), 0);
    ippDelete(from);
    ippDelete(to);
  }
}

static void
test_lists(void **state)
{
  static const char *const media[]  = {"iso_a4_210x297mm", "bad one", "na_letter_8.5x11in"};
  static const char *const colors[] = {"#00FFFF", "a\nb", "#000000"};
  ipp_t                   *from = ippNew(), *to = ippNew();
  struct seen              seen = {0};
  int                      huge[2048];

  (void)state;
  for (int i = 0; i < 2048; i++)
    huge[i] = i + 1;
  ippAddStrings(from, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "media-supported", 3, NULL, media);
  ippAddStrings(from, IPP_TAG_PRINTER, IPP_TAG_NAME, "marker-colors", 3, NULL, colors);
  ippAddIntegers(from, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "media-top-margin-supported", 2048, huge);
  ippAddInteger(from, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "queued-job-count", 1);
  ippAddInteger(from, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "queued-job-count", 2);
  assert_int_equal(
    pb_attributes_copy(DEVICE, from, IPP_TAG_PRINTER, to, IPP_TAG_PRINTER, note, &seen), 3);
  assert_int_equal(seen.count, 4);
  // A bad value goes; of lists that stand side by side the whole.
  assert_int_equal(ippGetCount(pb_ipp_find(to, IPP_TAG_PRINTER, "media-supported", IPP_TAG_ZERO)),
                   2);
  assert_true(pb_ipp_has_keyword(to, IPP_TAG_PRINTER, "media-supported", "na_letter_8.5x11in"));
  assert_null(pb_ipp_find(to, IPP_TAG_PRINTER, "marker-colors", IPP_TAG_ZERO));
  assert_int_equal(
    ippGetCount(pb_ipp_find(to, IPP_TAG_PRINTER, "media-top-margin-supported", IPP_TAG_ZERO)), 256);
  assert_int_equal(pb_ipp_int(to, IPP_TAG_PRINTER, "queued-job-count", 0), 1);
  ippDelete(from);
  ippDelete(to);
}

static ipp_t *
new_media_col(int x, int y, const char *source)
{
  ipp_t *size = ippNew(), *media = ippNew();

  ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "x-dimension", x);
  ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "y-dimension", y);
  ippAddCollection(media, IPP_TAG_ZERO, "media-size", size);
  if (source != NULL)
    ippAddString(media, IPP_TAG_ZERO, IPP_TAG_KEYWORD, "media-source", NULL, source);
  ippDelete(size);
  return media;
}

static int
copy_media_col(ipp_t *media)
{
  ipp_t *from = ippNew(), *to = ippNew();

  ippAddCollection(from, IPP_TAG_JOB, "media-col", media);
  int copied = pb_attributes_copy(JOB, from, IPP_TAG_JOB, to, IPP_TAG_JOB, NULL, NULL);
  ippDelete(from);
  ippDelete(to);
  return copied;
}

static void
test_collections(void **state)
{
  ipp_t *media = new_media_col(21000, 29700, "tray-1");

  (void)state;
  assert_int_equal(copy_media_col(media), 1);
  ippAddInteger(media, IPP_TAG_ZERO, IPP_TAG_INTEGER, "media-top-margin", -1);
  assert_int_equal(copy_media_col(media), 0);
  ippDelete(media);
  media = new_media_col(-1, 29700, NULL);
  assert_int_equal(copy_media_col(media), 0);
  ippDelete(media);
  media = new_media_col(21000, 29700, "a b");
  assert_int_equal(copy_media_col(media), 0);
  ippDelete(media);
  media = new_media_col(21000, 29700, NULL);
  ippAddString(media, IPP_TAG_ZERO, IPP_TAG_KEYWORD, "unknown-member", NULL, "x");
  assert_int_equal(copy_media_col(media), 0);
  ippDelete(media);

  media = new_media_col(21000, 29700, "tray-1");
  ippAddString(media, IPP_TAG_ZERO, IPP_TAG_KEYWORD, "media-source", NULL, "tray-2");
  assert_int_equal(copy_media_col(media), 0);
  ippDelete(media);

  // Nested deeper than anything real.
  media = ippNew();
  for (int i = 0; i < 6; i++)
  {
    ipp_t *outer = ippNew();
    ippAddCollection(outer, IPP_TAG_ZERO, "media-col", media);
    ippDelete(media);
    media = outer;
  }
  assert_int_equal(copy_media_col(media), 0);
  ippDelete(media);
}

static ipp_t *
new_printer(void)
{
  static const char *const media[]   = {"iso_a4_210x297mm", "custom_min_100x100mm",
                                        "custom_max_300x400mm"};
  static const char *const members[] = {"media-size", "media-source", "media-top-margin"};
  ipp_t                   *printer   = ippNew();
  ipp_t                   *size      = ippNew();

  ippAddRange(printer, IPP_TAG_PRINTER, "copies-supported", 1, 50);
  ippAddString(printer, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "sides-supported", NULL, "one-sided");
  ippAddStrings(printer, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "media-supported", 3, NULL, media);
  ippAddStrings(printer, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "media-col-supported", 3, NULL, members);
  ippAddString(printer, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "media-source-supported", NULL, "tray-1");
  ippAddInteger(printer, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "media-top-margin-supported", 423);
  ippAddInteger(printer, IPP_TAG_PRINTER, IPP_TAG_ENUM, "print-quality-supported", 4);
  ippAddBoolean(printer, IPP_TAG_PRINTER, "page-ranges-supported", 0);
  ippAddResolution(printer, IPP_TAG_PRINTER, "printer-resolution-supported", IPP_RES_PER_INCH, 600,
                   600);
  ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "x-dimension", 21000);
  ippAddRange(size, IPP_TAG_ZERO, "y-dimension", 10000, 29700);
  ippAddCollection(printer, IPP_TAG_PRINTER, "media-size-supported", size);
  ippDelete(size);
  return printer;
}

static const struct support_row
{
  const char *name;
  ipp_tag_t   tag;
  const char *value;
  bool        want;
} support_rows[] = {
  {"copies",        IPP_TAG_INTEGER, "50",                    true },
  {"copies",        IPP_TAG_INTEGER, "51",                    false},
  {"sides",         IPP_TAG_KEYWORD, "one-sided",             true },
  {"sides",         IPP_TAG_KEYWORD, "two-sided-long-edge",   false},
  {"media",         IPP_TAG_KEYWORD, "iso_a4_210x297mm",      true },
  {"media",         IPP_TAG_KEYWORD, "iso_a0_841x1189mm",     false},
  {"media",         IPP_TAG_KEYWORD, "custom_mine_150x200mm", true },
  {"media",         IPP_TAG_KEYWORD, "custom_mine_50x200mm",  false},
  {"print-quality", IPP_TAG_ENUM,    "4",                     true },
  {"print-quality", IPP_TAG_ENUM,    "5",                     false},
  {"page-ranges",   IPP_TAG_RANGE,   "1-2",                   false},
  {"output-bin",    IPP_TAG_KEYWORD, "face-up",               true }, // the printer does not say
};

static void
test_support(void **state)
{
  ipp_t *printer = new_printer();
  char   why[128];

  (void)state;
  for (size_t i = 0; i < sizeof(support_rows) / sizeof(support_rows[0]); i++)
  {
    const struct support_row *row = &support_rows[i];
    ipp_t                    *job = ippNew();

    add(job, IPP_TAG_JOB, row->name, row->tag, row->value);
    if (pb_attributes_is_supported(printer, ippFirstAttribute(job), why, sizeof(why)) != row->want)
      fail_msg("%s=%s: %s", row->name, row->value, why);
    assert_int_equal(why[0] == '\0', row->want);
    ippDelete(job);
  }
  ippDelete(printer);
}

static bool
is_media_col_supported(ipp_t *printer, ipp_t *media)
{
  ipp_t *job = ippNew();

  ippAddCollection(job, IPP_TAG_JOB, "media-col", media);
  bool is = pb_attributes_is_supported(printer, ippFirstAttribute(job), NULL, 0);
  ippDelete(job);
  ippDelete(media);
  return is;
}

static void
test_support_of_media_col(void **state)
{
  ipp_t *printer = new_printer();
  ipp_t *media   = new_media_col(21000, 29700, NULL);

  (void)state;
  ippAddInteger(media, IPP_TAG_ZERO, IPP_TAG_INTEGER, "media-top-margin", 0);
  assert_false(is_media_col_supported(printer, media));
  media = new_media_col(21000, 29700, NULL);
  ippAddString(media, IPP_TAG_ZERO, IPP_TAG_KEYWORD, "media-type", NULL, "stationery");
  assert_false(is_media_col_supported(printer, media));
  assert_true(is_media_col_supported(printer, new_media_col(21000, 29700, "tray-1")));
  assert_true(is_media_col_supported(printer, new_media_col(21000, 15000, NULL)));
  assert_false(is_media_col_supported(printer, new_media_col(21000, 42000, NULL)));
  // 595 by 842 points are A4.
  assert_true(is_media_col_supported(printer, new_media_col(20990, 29704, NULL)));
  assert_false(is_media_col_supported(printer, new_media_col(20950, 29700, NULL)));
  assert_false(is_media_col_supported(printer, new_media_col(21000, 29750, NULL)));
  assert_false(is_media_col_supported(printer, new_media_col(0, 2147483647, NULL)));
  assert_false(is_media_col_supported(printer, new_media_col(21000, 29700, "tray-9")));
  ippDelete(printer);
}

static void
test_resolution(void **state)
{
  ipp_t           *printer = new_printer(), *job = ippNew();
  ipp_attribute_t *at =
    ippAddResolution(job, IPP_TAG_JOB, "printer-resolution", IPP_RES_PER_INCH, 600, 600);

  (void)state;
  assert_true(pb_attributes_is_supported(printer, at, NULL, 0));
  ippSetResolution(job, &at, 0, IPP_RES_PER_INCH, 600, 300);
  assert_false(pb_attributes_is_supported(printer, at, NULL, 0));
  ippDelete(printer);
  ippDelete(job);
}

// Copies are deep: the original may go.
static void
test_copy_one_and_equal(void **state)
{
  ipp_t           *from = ippNew(), *to = ippNew();
  ipp_t           *media = new_media_col(1, 2, "tray-1"), *other = new_media_col(1, 3, "tray-1");
  ipp_attribute_t *at   = ippAddCollection(from, IPP_TAG_PRINTER, "media-col-default", media);
  ipp_attribute_t *at_2 = ippAddCollection(from, IPP_TAG_PRINTER, "media-col-other", other);

  (void)state;
  assert_true(pb_attributes_copy_one(at, to, IPP_TAG_JOB));
  ipp_attribute_t *copy =
    pb_ipp_find(to, IPP_TAG_JOB, "media-col-default", IPP_TAG_BEGIN_COLLECTION);
  assert_true(pb_attributes_is_equal(at, copy));
  assert_false(pb_attributes_is_equal(at_2, copy));
  assert_false(pb_attributes_is_equal(NULL, copy));
  assert_true(pb_attributes_is_equal(NULL, NULL));
  ippDelete(media);
  ippDelete(other);
  ippDelete(from);
  assert_string_equal(
    ippGetString(ippFindAttribute(ippGetCollection(copy, 0), "media-source", IPP_TAG_ZERO), 0,
                 NULL),
    "tray-1");
  ippDelete(to);
}

// libcups keeps a value of a syntax that does not exist as bytes; a copy made of it as text was
// freed wrongly.
static void
test_copy_of_unknown_syntax(void **state)
{
  static const uint8_t strange[] = {0x14, 0x1f, 0x20, 0x24, 0x26, 0x2f, 0x38,
                                    0x3f, 0x40, 0x4b, 0x60, 0x7e, 0xff};

  (void)state;
  for (size_t i = 0; i < sizeof(strange); i++)
  {
    uint8_t size     = strange[i] < 0x20 ? 0 : 8;
    uint8_t bytes[]  = {2,   0, 0,    2,   0,   0,   0,   1,   IPP_TAG_JOB, strange[i], 0,   1,
                        'a', 0, size, 'l', 'o', 'n', 'g', 't', 'e',         'x',        't', 0};
    bytes[15 + size] = IPP_TAG_END;
    ipp_t     *from = NULL, *to = ippNew();
    pb_error_t err = {0};

    check_ok(pb_ipp_parse(bytes, 16u + size, &from, &err), err);
    assert_true(
      pb_attributes_copy_one(pb_ipp_find(from, IPP_TAG_JOB, "a", IPP_TAG_ZERO), to, IPP_TAG_JOB));
    assert_null(pb_ipp_find(to, IPP_TAG_JOB, "a", IPP_TAG_ZERO));
    ippDelete(to);
    ippDelete(from);
  }
}

static void
test_has(void **state)
{
  (void)state;
  assert_true(pb_attributes_has(JOB, "sides"));
  assert_false(pb_attributes_has(JOB, "sides-default"));
  assert_true(pb_attributes_has(DEVICE, "sides-default"));
  assert_true(pb_attributes_has(DEVICE, "media-col-database.1-3"));
  assert_true(pb_attributes_has(DEVICE, "finishings-col-ready"));
  assert_false(pb_attributes_has(DEVICE, "notify-events-default"));
  assert_false(pb_attributes_has(DEVICE, "oauth-authorization-server-uri"));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rows),
    cmocka_unit_test(test_lists),
    cmocka_unit_test(test_collections),
    cmocka_unit_test(test_support),
    cmocka_unit_test(test_support_of_media_col),
    cmocka_unit_test(test_resolution),
    cmocka_unit_test(test_copy_one_and_equal),
    cmocka_unit_test(test_copy_of_unknown_syntax),
    cmocka_unit_test(test_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
