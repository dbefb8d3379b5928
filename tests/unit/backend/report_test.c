// report_test - lines for cupsd: each once, nothing of a stranger's between them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/report.h"

#include <unistd.h>

static int          fds[2];
static pb_report_t *report;
static char         said[8192];

static int
begin(void **state)
{
  (void)state;
  assert_int_equal(pipe(fds), 0);
  report = pb_report_new(fds[1]);
  return report == NULL;
}

// What was written since the last call.
static const char *
hear(void)
{
  ssize_t got = 0;

  assert_int_equal(write(fds[1], "\n", 1), 1);  // so that there is something
  got = read(fds[0], said, sizeof(said) - 1);
  assert_true(got > 0);
  said[got - 1] = '\0';
  return said;
}

static int
end(void **state)
{
  (void)state;
  pb_report_free(report);
  report = NULL;
  close(fds[0]);
  close(fds[1]);
  return 0;
}

static void
test_messages(void **state)
{
  (void)state;
  pb_report_info(report, "Waiting: %s", "a\nSTATE: +paused");
  assert_string_equal(hear(), "INFO: Waiting: a\\x0aSTATE: +paused\n");
  pb_report_info(report, "Waiting: %s", "a\nSTATE: +paused");
  assert_string_equal(hear(), "");
  pb_report_error(report, "Bad");
  assert_string_equal(hear(), "ERROR: Bad\n");
  pb_report_error(report, "Bad");
  assert_string_equal(hear(), "ERROR: Bad\n");
  pb_report_sink(PB_LOG_ERROR, "why", report);
  assert_string_equal(hear(), "DEBUG: why\n");
}

static void
test_reasons(void **state)
{
  (void)state;
  pb_report_reason(report, "offline-report", true);
  pb_report_reason(report, "offline-report", true);
  assert_string_equal(hear(), "STATE: +offline-report\n");
  pb_report_reason(report, "a b", true);
  pb_report_reason(report, "a,b", true);
  pb_report_reason(report, "-a", true);
  pb_report_reason(report, "", true);
  assert_string_equal(hear(), "");
  pb_report_reason(report, "toner-low", false);
  assert_string_equal(hear(), "");
  pb_report_reason(report, "offline-report", false);
  assert_string_equal(hear(), "STATE: -offline-report\n");
  pb_report_job_state(report, "account-closed");
  pb_report_job_state(report, "account-closed");
  pb_report_job_state(report, "x\ny");
  assert_string_equal(hear(), "JOBSTATE: account-closed\n");
}

// cupsd counts MaxJobTime anew when it hears this.
static void
test_still_alive(void **state)
{
  (void)state;
  pb_report_still_alive(report);
  assert_string_equal(hear(), "STATE: +connecting-to-device\nSTATE: -connecting-to-device\n");
  pb_report_reason(report, "connecting-to-device", true);
  (void)hear();
  pb_report_still_alive(report);
  assert_string_equal(hear(), "STATE: -connecting-to-device\nSTATE: +connecting-to-device\n");
}

static ipp_t *
make_printer(const char *a, const char *b)
{
  const char *reasons[] = {a, b};
  ipp_t      *printer   = ippNew();

  ippAddStrings(printer, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "printer-state-reasons", b ? 2 : 1, NULL,
                reasons);
  return printer;
}

static void
hear_printer(ipp_t *printer, const char *want)
{
  pb_report_printer(report, printer);
  assert_string_equal(hear(), want);
  ippDelete(printer);
}

static void
test_printer(void **state)
{
  (void)state;
  hear_printer(make_printer("none", NULL), "");
  hear_printer(make_printer("media-empty-error", "toner-low-warning"),
               "STATE: +media-empty-error\nSTATE: +toner-low-warning\n");
  hear_printer(make_printer("toner-low-warning", NULL), "STATE: -media-empty-error\n");
  // Ours stay, and cupsd's own are not the printer's.
  pb_report_reason(report, "offline-report", true);
  hear_printer(make_printer("paused", "cups-missing-filter-warning"),
               "STATE: +offline-report\nSTATE: -toner-low-warning\n");
  hear_printer(make_printer("bad reason", "x\nINFO: y"), "");
}

static void
test_supplies(void **state)
{
  static const int         levels[] = {50, -3};
  static const char *const names[]  = {"Black \"toner\", x", "Waste; y\n"};
  ipp_t                   *printer  = make_printer("none", NULL);

  (void)state;
  ippAddIntegers(printer, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "marker-levels", 2, levels);
  ippAddStrings(printer, IPP_TAG_PRINTER, IPP_TAG_NAME, "marker-names", 2, NULL, names);
  pb_report_printer(report, printer);
  assert_string_equal(hear(),
                      "ATTR: marker-levels=50,-3 marker-names=\"Black toner x\",\"Waste y\"\n");
  hear_printer(printer, "");
}

static void
test_free_takes_back(void **state)
{
  (void)state;
  pb_report_reason(report, "offline-report", true);
  hear_printer(make_printer("media-empty", NULL), "STATE: +offline-report\nSTATE: +media-empty\n");
  pb_report_free(report);
  report = NULL;
  assert_string_equal(hear(), "STATE: -media-empty\nSTATE: -offline-report\n");
}

static void
test_progress(void **state)
{
  (void)state;
  pb_report_progress(report, 40);
  pb_report_progress(report, 40);
  pb_report_progress(report, 400);
  assert_string_equal(hear(), "ATTR: job-media-progress=40\nATTR: job-media-progress=100\n");
  pb_report_total(report, 12);
  pb_report_total(report, 12);
  assert_string_equal(hear(), "PAGE: total 12\n");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_messages, begin, end),
    cmocka_unit_test_setup_teardown(test_reasons, begin, end),
    cmocka_unit_test_setup_teardown(test_still_alive, begin, end),
    cmocka_unit_test_setup_teardown(test_printer, begin, end),
    cmocka_unit_test_setup_teardown(test_supplies, begin, end),
    cmocka_unit_test_setup_teardown(test_free_takes_back, begin, end),
    cmocka_unit_test_setup_teardown(test_progress, begin, end),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
