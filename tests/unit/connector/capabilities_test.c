// capabilities_test - device reports from what CUPS said of queues: whole, changed, and of one that
// is gone.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "connector/capabilities.h"

#define P IPP_TAG_PRINTER

// As cupsd 2.4.2 describes a PostScript queue, shortened.
static ipp_t *
new_laser(void)
{
  static const char *const formats[] = {"application/octet-stream",
                                        "application/pdf",
                                        "application/postscript",
                                        "application/vnd.cups-raster",
                                        "application/vnd.printbridge.pdf",
                                        "image/jpeg",
                                        "text/plain"};
  static const char *const sides[]   = {"one-sided", "two-sided-long-edge"};
  static const char *const names[]   = {"Black; 1", "Waste"};
  static const char *const types[]   = {"toner", "wasteToner"};
  static const char *const colors[]  = {"#000000", "none"};
  static const int         levels[]  = {42, 7};
  ipp_t                   *local     = ippNew();

  ippAddStrings(local, P, IPP_TAG_MIMETYPE, "document-format-supported", 7, NULL, formats);
  ippAddString(local, P, IPP_TAG_MIMETYPE, "document-format-default", NULL,
               "application/octet-stream");
  ippAddStrings(local, P, IPP_TAG_KEYWORD, "sides-supported", 2, NULL, sides);
  ippAddRange(local, P, "copies-supported", 1, 9999);
  ippAddInteger(local, P, IPP_TAG_ENUM, "printer-state", IPP_PSTATE_IDLE);
  ippAddString(local, P, IPP_TAG_KEYWORD, "printer-state-reasons", NULL, "none");
  ippAddString(local, P, IPP_TAG_NAME, "printer-name", NULL, "Laser");
  ippAddString(local, P, IPP_TAG_TEXT, "printer-make-and-model", NULL, "Example LaserJet");
  ippAddString(local, P, IPP_TAG_URI, "printer-uuid", NULL,
               "urn:uuid:99999999-9999-4999-8999-999999999999");
  ippAddString(local, P, IPP_TAG_URI, "device-uri", NULL, "socket://10.1.2.3:9100");
  ippAddStrings(local, P, IPP_TAG_NAME, "marker-names", 2, NULL, names);
  ippAddStrings(local, P, IPP_TAG_KEYWORD, "marker-types", 2, NULL, types);
  ippAddStrings(local, P, IPP_TAG_NAME, "marker-colors", 2, NULL, colors);
  ippAddIntegers(local, P, IPP_TAG_INTEGER, "marker-levels", 2, levels);
  return local;
}

static void
test_report(void **state)
{
  ipp_t *local  = new_laser();
  ipp_t *report = pb_capabilities_new(local);

  (void)state;
  assert_non_null(report);
  assert_true(pb_ipp_has_keyword(report, P, "document-format-supported", "application/pdf"));
  assert_true(pb_ipp_has_keyword(report, P, "document-format-supported", "image/jpeg"));
  // Neither what we do not carry nor our own tickets.
  assert_false(
    pb_ipp_has_keyword(report, P, "document-format-supported", "application/octet-stream"));
  assert_false(
    pb_ipp_has_keyword(report, P, "document-format-supported", "application/vnd.cups-raster"));
  assert_false(
    pb_ipp_has_keyword(report, P, "document-format-supported", "application/vnd.printbridge.pdf"));
  assert_string_equal(pb_ipp_text(report, P, "document-format-default"), "application/pdf");
  assert_true(pb_ipp_has_keyword(report, P, "sides-supported", "two-sided-long-edge"));
  assert_int_equal(pb_ipp_int(report, P, "printer-state", 0), IPP_PSTATE_IDLE);
  // What tells of the device or the network stays at home (PWG 5100.18 s7.3).
  assert_null(pb_ipp_find(report, P, "printer-uuid", IPP_TAG_ZERO));
  assert_null(pb_ipp_find(report, P, "device-uri", IPP_TAG_ZERO));
  ippDelete(local);
  ippDelete(report);
}

static void
test_supplies(void **state)
{
  ipp_t           *local  = new_laser();
  ipp_t           *report = pb_capabilities_new(local);
  ipp_attribute_t *supply = pb_ipp_find(report, P, "printer-supply", IPP_TAG_ZERO);
  int              size   = 0;
  const char      *text   = NULL;
  char             copy[256];

  (void)state;
  assert_non_null(supply);
  assert_int_equal(ippGetCount(supply), 2);
  text = ippGetOctetString(supply, 0, &size);
  snprintf(copy, sizeof(copy), "%.*s", size, text);
  assert_non_null(strstr(copy, "type=toner;"));
  assert_non_null(strstr(copy, "level=42;"));
  assert_non_null(strstr(copy, "class=supplyThatIsConsumed;"));
  text = ippGetOctetString(supply, 1, &size);
  snprintf(copy, sizeof(copy), "%.*s", size, text);
  assert_non_null(strstr(copy, "class=receptacleThatIsFilled;"));
  ippDelete(local);
  ippDelete(report);
}

static void
test_changes(void **state)
{
  ipp_t           *local   = new_laser();
  ipp_t           *sent    = pb_capabilities_new(local);
  ipp_t           *same    = pb_capabilities_new(local);
  ipp_t           *changed = NULL;
  ipp_t           *request = ippNew();
  ipp_attribute_t *at      = pb_ipp_find(local, P, "printer-state", IPP_TAG_ZERO);

  (void)state;
  assert_int_equal(pb_capabilities_add_changes(request, same, sent, true, NULL), 0);

  ippSetInteger(local, &at, 0, IPP_PSTATE_STOPPED);
  ippDeleteAttribute(local, pb_ipp_find(local, P, "copies-supported", IPP_TAG_ZERO));
  changed = pb_capabilities_new(local);
  assert_int_equal(pb_capabilities_add_changes(request, changed, sent, true, NULL), 2);
  assert_int_equal(pb_ipp_int(request, P, "printer-state", 0), IPP_PSTATE_STOPPED);
  at = pb_ipp_find(request, P, "copies-supported", IPP_TAG_ZERO);
  assert_non_null(at);
  assert_int_equal(ippGetValueTag(at), IPP_TAG_DELETEATTR);

  assert_int_equal(pb_capabilities_merge(sent, changed), 0);
  ippDelete(request);
  request = ippNew();
  assert_int_equal(pb_capabilities_add_changes(request, changed, sent, false, NULL), 0);
  ippDelete(request);
  ippDelete(changed);
  ippDelete(same);
  ippDelete(sent);
  ippDelete(local);
}

static void
test_first_and_refused(void **state)
{
  ipp_t *local   = new_laser();
  ipp_t *report  = pb_capabilities_new(local);
  ipp_t *refused = ippNew();
  ipp_t *all     = ippNew();
  ipp_t *less    = ippNew();
  int    count   = 0;

  (void)state;
  ippAddOutOfBand(refused, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_UNSUPPORTED_VALUE, "sides-supported");
  count = pb_capabilities_add_changes(all, report, NULL, true, NULL);
  assert_true(count > 5);
  assert_int_equal(pb_capabilities_add_changes(less, report, NULL, true, refused), count - 1);
  assert_null(pb_ipp_find(less, P, "sides-supported", IPP_TAG_ZERO));
  ippDelete(local);
  ippDelete(report);
  ippDelete(refused);
  ippDelete(all);
  ippDelete(less);
}

static void
test_missing(void **state)
{
  ipp_t *report = pb_capabilities_new_missing("Laser");

  (void)state;
  assert_int_equal(pb_ipp_int(report, P, "printer-state", 0), IPP_PSTATE_STOPPED);
  assert_true(pb_ipp_has_keyword(report, P, "printer-state-reasons", "shutdown"));
  assert_non_null(strstr(pb_ipp_text(report, P, "printer-state-message"), "Laser"));
  ippDelete(report);
}

// A queue without a word about formats, and with bad values, is still reported.
static void
test_odd_queue(void **state)
{
  ipp_t *local  = ippNew();
  ipp_t *report = NULL;

  (void)state;
  ippAddInteger(local, P, IPP_TAG_ENUM, "printer-state", 99);
  ippAddString(local, P, IPP_TAG_TEXT, "printer-info", NULL, "bell \a");
  ippAddInteger(local, P, IPP_TAG_INTEGER, "marker-levels", -3);
  report = pb_capabilities_new(local);
  assert_non_null(report);
  assert_null(pb_ipp_find(report, P, "printer-state", IPP_TAG_ZERO));
  ippDelete(local);
  ippDelete(report);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_report),  cmocka_unit_test(test_supplies),
    cmocka_unit_test(test_changes), cmocka_unit_test(test_first_and_refused),
    cmocka_unit_test(test_missing), cmocka_unit_test(test_odd_queue),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
