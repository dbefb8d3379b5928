// printer_test - printers as the world sees them, what their devices report, and subscriptions.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#define GROUP IPP_TAG_PRINTER

static ipp_t *
get_printer(struct bench *b, const char *const *names)
{
  ipp_t *response = NULL, *ipp = ask(IPP_OP_GET_PRINTER_ATTRIBUTES);
  int    count = 0;

  while (names && names[count])
    count++;
  if (count > 0)
    ippAddStrings(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", count, NULL,
                  names);
  check_status(call_with(b, &nobody, ipp, NULL, &response), IPP_STATUS_OK);
  return response;
}

static void
check_printer(struct bench *b, int state, const char *reasons)
{
  ipp_t *response = get_printer(b, NULL);
  char   got[PB_REASONS_SIZE];

  pb_reasons_from_ipp(pb_ipp_find(response, GROUP, "printer-state-reasons", IPP_TAG_KEYWORD), got);
  assert_string_equal(got, reasons);
  assert_int_equal(pb_ipp_int(response, GROUP, "printer-state", 0), state);
  ippDelete(response);
}

// IPP Everywhere 1.1 I-10, and what PWG 5100.18 s5 adds.
static void
a_printer_without_reports_is_described(void **state)
{
  static const char *const names[]  = {"charset-configured",
                                       "charset-supported",
                                       "color-supported",
                                       "compression-supported",
                                       "copies-default",
                                       "copies-supported",
                                       "document-format-default",
                                       "document-format-supported",
                                       "document-password-supported",
                                       "fetch-document-attributes-supported",
                                       "finishings-default",
                                       "finishings-supported",
                                       "generated-natural-language-supported",
                                       "identify-actions-default",
                                       "identify-actions-supported",
                                       "ipp-features-supported",
                                       "ipp-versions-supported",
                                       "ippget-event-life",
                                       "job-creation-attributes-supported",
                                       "job-ids-supported",
                                       "media-bottom-margin-supported",
                                       "media-col-default",
                                       "media-col-ready",
                                       "media-col-supported",
                                       "media-default",
                                       "media-left-margin-supported",
                                       "media-ready",
                                       "media-right-margin-supported",
                                       "media-size-supported",
                                       "media-supported",
                                       "media-top-margin-supported",
                                       "multiple-document-handling-supported",
                                       "multiple-document-jobs-supported",
                                       "multiple-operation-time-out",
                                       "multiple-operation-time-out-action",
                                       "natural-language-configured",
                                       "notify-events-default",
                                       "notify-events-supported",
                                       "notify-lease-duration-default",
                                       "notify-lease-duration-supported",
                                       "notify-max-events-supported",
                                       "notify-pull-method-supported",
                                       "oauth-authorization-scope",
                                       "oauth-authorization-server-uri",
                                       "operations-supported",
                                       "orientation-requested-default",
                                       "orientation-requested-supported",
                                       "output-bin-default",
                                       "output-bin-supported",
                                       "output-device-supported",
                                       "output-device-uuid-supported",
                                       "overrides-supported",
                                       "page-ranges-supported",
                                       "pages-per-minute",
                                       "pdl-override-supported",
                                       "preferred-attributes-supported",
                                       "print-color-mode-default",
                                       "print-color-mode-supported",
                                       "print-content-optimize-default",
                                       "print-content-optimize-supported",
                                       "print-quality-default",
                                       "print-quality-supported",
                                       "print-rendering-intent-default",
                                       "print-rendering-intent-supported",
                                       "printer-config-change-date-time",
                                       "printer-config-change-time",
                                       "printer-current-time",
                                       "printer-geo-location",
                                       "printer-get-attributes-supported",
                                       "printer-icons",
                                       "printer-info",
                                       "printer-is-accepting-jobs",
                                       "printer-location",
                                       "printer-make-and-model",
                                       "printer-more-info",
                                       "printer-name",
                                       "printer-organization",
                                       "printer-organizational-unit",
                                       "printer-resolution-default",
                                       "printer-resolution-supported",
                                       "printer-state",
                                       "printer-state-change-date-time",
                                       "printer-state-change-time",
                                       "printer-state-message",
                                       "printer-state-reasons",
                                       "printer-up-time",
                                       "printer-uri-supported",
                                       "printer-uuid",
                                       "printer-xri-supported",
                                       "queued-job-count",
                                       "sides-default",
                                       "sides-supported",
                                       "uri-authentication-supported",
                                       "uri-security-supported",
                                       "which-jobs-supported"};
  struct bench            *b        = *state;
  ipp_t                   *response = get_printer(b, NULL);

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
  {
    if (!ippFindAttribute(response, names[i], IPP_TAG_ZERO))
      fail_msg("%s is missing", names[i]);
  }
  assert_null(ippFindAttribute(response, "media-col-database", IPP_TAG_ZERO));
  assert_true(
    pb_ipp_has_keyword(response, GROUP, "ipp-features-supported", "infrastructure-printer"));
  assert_true(pb_ipp_has_keyword(response, GROUP, "which-jobs-supported", "fetchable"));
  assert_true(pb_ipp_has_keyword(response, GROUP, "notify-events-supported", "job-fetchable"));
  ippDelete(response);
  check_printer(b, IPP_PSTATE_STOPPED, "connecting-to-device");
}

static void
operations_that_a_must_are_listed(void **state)
{
  // PWG 5100.18 table 4.
  static const int must[]   = {0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x0b, 0x15, 0x16, 0x17,
                               0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x34, 0x35, 0x39, 0x3b, 0x3d, 0x3f,
                               0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49};
  static const int mustnt[] = {0x0e, 0x12, 0x2c, 0x36};
  ipp_t           *response = get_printer(*state, NULL);
  ipp_attribute_t *at       = ippFindAttribute(response, "operations-supported", IPP_TAG_ENUM);

  for (size_t i = 0; i < sizeof(must) / sizeof(must[0]); i++)
    assert_true(ippContainsInteger(at, must[i]));
  for (size_t i = 0; i < sizeof(mustnt) / sizeof(mustnt[0]); i++)
    assert_false(ippContainsInteger(at, mustnt[i]));
  ippDelete(response);
}

static void
only_what_was_asked_for_is_answered(void **state)
{
  static const struct
  {
    const char *name, *in, *out;
  } rows[] = {
    {"printer-description", "printer-name",       "sides-supported"   },
    {"job-template",        "sides-supported",    "printer-name"      },
    {"job-template",        "media-col-default",  "media-col-database"},
    {"media-col-database",  "media-col-database", "printer-name"      },
    {"printer-state",       "printer-state",      "printer-name"      },
    {"all",                 "printer-name",       "media-col-database"},
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    const char *names[]  = {rows[i].name, NULL};
    ipp_t      *response = get_printer(*state, names);

    if (!ippFindAttribute(response, rows[i].in, IPP_TAG_ZERO) ||
        ippFindAttribute(response, rows[i].out, IPP_TAG_ZERO))
      fail_msg("%s", rows[i].name);
    ippDelete(response);
  }
}

// --- reports

static ipp_t *
report(void)
{
  return ask_device(IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES, 0);
}

static void
reports_are_merged(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL, *ipp = report();
  const char   *formats[] = {"application/pdf", "image/urf"};

  ippAddInteger(ipp, GROUP, IPP_TAG_ENUM, "printer-state", IPP_PSTATE_IDLE);
  ippAddString(ipp, GROUP, IPP_TAG_KEYWORD, "printer-state-reasons", NULL, "toner-low");
  ippAddStrings(ipp, GROUP, IPP_TAG_MIMETYPE, "document-format-supported", 2, NULL, formats);
  ippAddString(ipp, GROUP, IPP_TAG_TEXT, "printer-make-and-model", NULL, "Acme 2");
  ippAddString(ipp, GROUP, IPP_TAG_URI, "printer-uuid", NULL, OTHER_UUID);
  check_status(call_with(b, &proxy, ipp, NULL, &response), IPP_STATUS_OK_IGNORED_OR_SUBSTITUTED);
  assert_non_null(pb_ipp_find(response, IPP_TAG_UNSUPPORTED_GROUP, "printer-uuid", IPP_TAG_ZERO));
  ippDelete(response);
  check_printer(b, IPP_PSTATE_IDLE, "toner-low");

  response = get_printer(b, NULL);
  assert_string_equal(pb_ipp_text(response, GROUP, "printer-make-and-model"), "Acme 2");
  assert_string_not_equal(pb_ipp_text(response, GROUP, "printer-uuid"), OTHER_UUID);
  assert_true(ippContainsString(
    ippFindAttribute(response, "document-format-supported", IPP_TAG_ZERO), "image/urf"));
  ippDelete(response);

  ipp = ask_device(IPP_OP_GET_OUTPUT_DEVICE_ATTRIBUTES, 0);
  check_status(call_with(b, &operator, ipp, NULL, &response), IPP_STATUS_OK);
  assert_non_null(ippFindAttribute(response, "document-format-supported", IPP_TAG_ZERO));
  assert_null(ippFindAttribute(response, "charset-supported", IPP_TAG_ZERO));
  ippDelete(response);

  // The format decides what is accepted; what is reported survives a restart.
  bench_close(b);
  bench_open(b);
  ipp = ask(IPP_OP_VALIDATE_JOB);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format", NULL, "image/urf");
  check_status(call(b, &ann, ipp), IPP_STATUS_OK);
}

static void
sparse_reports_are_merged(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL, *ipp = report();
  const char   *media[] = {"iso_a4_210x297mm", "iso_a5_148x210mm", "na_letter_8.5x11in"};
  const char   *names[] = {"media-ready", NULL};

  ippAddStrings(ipp, GROUP, IPP_TAG_KEYWORD, "media-ready", 3, NULL, media);
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK);
  ipp = report();
  ippAddString(ipp, GROUP, IPP_TAG_KEYWORD, "media-ready.2", NULL, "iso_a3_297x420mm");
  ippAddOutOfBand(ipp, GROUP, IPP_TAG_DELETEATTR, "media-ready.3");
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK);
  response            = get_printer(b, names);
  ipp_attribute_t *at = ippFindAttribute(response, "media-ready", IPP_TAG_ZERO);
  assert_int_equal(ippGetCount(at), 2);
  assert_string_equal(ippGetString(at, 1, NULL), "iso_a3_297x420mm");
  ippDelete(response);

  ipp = report();
  ippAddOutOfBand(ipp, GROUP, IPP_TAG_DELETEATTR, "media-ready.7-9");
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK_IGNORED_OR_SUBSTITUTED);
}

static void
a_printer_is_identified(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL, *ipp = ask(IPP_OP_IDENTIFY_PRINTER);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "identify-actions", NULL, "sound");
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_TEXT, "message", NULL, "it is me");
  check_status(call(b, &ann, ipp), IPP_STATUS_OK);
  check_printer(b, IPP_PSTATE_STOPPED, "connecting-to-device,identify-printer-requested");
  check_status(
    call_with(b, &proxy, ask_device(IPP_OP_ACKNOWLEDGE_IDENTIFY_PRINTER, 0), NULL, &response),
    IPP_STATUS_OK);
  assert_true(pb_ipp_has_keyword(response, IPP_TAG_OPERATION, "identify-actions", "sound"));
  assert_string_equal(pb_ipp_text(response, IPP_TAG_OPERATION, "message"), "it is me");
  ippDelete(response);
  check_printer(b, IPP_PSTATE_STOPPED, "connecting-to-device");
  check_status(call(b, &proxy, ask_device(IPP_OP_ACKNOWLEDGE_IDENTIFY_PRINTER, 0)),
               IPP_STATUS_ERROR_NOT_POSSIBLE);
}

static void
a_device_that_goes_leaves_its_jobs(void **state)
{
  struct bench *b = *state;
  int waiting = print_job(b, &ann), taken = print_job(b, &ann), begun = print_job(b, &ann);

  check_status(call(b, &proxy, ask_device(IPP_OP_ACKNOWLEDGE_JOB, taken)), IPP_STATUS_OK);
  check_status(call(b, &proxy, ask_device(IPP_OP_ACKNOWLEDGE_JOB, begun)), IPP_STATUS_OK);
  check_status(call(b, &proxy, ask_document(IPP_OP_ACKNOWLEDGE_DOCUMENT, begun, 1)), IPP_STATUS_OK);
  check_status(call(b, &proxy, ask_device(IPP_OP_DEREGISTER_OUTPUT_DEVICE, 0)), IPP_STATUS_OK);
  check_job(b, waiting, IPP_JSTATE_PENDING, "job-fetchable");
  check_job(b, taken, IPP_JSTATE_PENDING, "job-fetchable");
  check_job(b, begun, IPP_JSTATE_ABORTED, "aborted-by-system");
  check_printer(b, IPP_PSTATE_STOPPED, "deactivated");
  check_status(call_with(b, &ann, ask(IPP_OP_PRINT_JOB), PDF, NULL),
               IPP_STATUS_ERROR_NOT_ACCEPTING_JOBS);
  check_status(call(b, &proxy, ask_device(IPP_OP_DEREGISTER_OUTPUT_DEVICE, 0)),
               IPP_STATUS_ERROR_NOT_POSSIBLE);
}

// --- the system

static void
the_system_is_described(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL;
  int           count    = 0;

  check_status(call_with(b, &nobody, ask(IPP_OP_GET_SYSTEM_ATTRIBUTES), NULL, &response),
               IPP_STATUS_OK);
  assert_string_equal(pb_ipp_text(response, IPP_TAG_SYSTEM, "oauth-authorization-server-uri"),
                      "https://cloud.test:8631");
  assert_true(
    ippContainsInteger(ippFindAttribute(response, "operations-supported", IPP_TAG_ENUM), 0x5f));
  ippDelete(response);
  check_status(call_with(b, &nobody, ask(IPP_OP_GET_PRINTERS), NULL, &response), IPP_STATUS_OK);
  for (ipp_attribute_t *at = ippFirstAttribute(response); at; at = ippNextAttribute(response))
    count += ippGetName(at) && strcmp(ippGetName(at), "printer-id") == 0;
  assert_int_equal(count, 2);
  ippDelete(response);
}

static void
bad_registrations_are_refused(void **state)
{
  struct bench *b = *state;
  ipp_t        *ipp;

  check_status(call(b, &applicant, ask(IPP_OP_REGISTER_OUTPUT_DEVICE)),
               IPP_STATUS_ERROR_BAD_REQUEST);
  ipp = ask(IPP_OP_REGISTER_OUTPUT_DEVICE);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, UUID);
  check_status(call(b, &applicant, ipp), IPP_STATUS_ERROR_BAD_REQUEST);
  ipp = ask(IPP_OP_REGISTER_OUTPUT_DEVICE);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, UUID);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "printer-service-type", NULL, "scan");
  check_status(call(b, &applicant, ipp), IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES);
  ipp = ask(IPP_OP_REGISTER_OUTPUT_DEVICE);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, UUID);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "printer-service-type", NULL, "print");
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_TEXT, "output-device-x509-request", NULL, "a");
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_TEXT, "output-device-x509-certificate", NULL, "b");
  check_status(call(b, &applicant, ipp), IPP_STATUS_ERROR_CONFLICTING);
}

// --- subscriptions

static int
subscribe(struct bench *b)
{
  static const char *const events[] = {"job-fetchable", "job-state-changed",
                                       "printer-config-changed"};
  ipp_t *response = NULL, *ipp = ask_device(IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS, 0);
  int    id;

  ippAddString(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL, "ippget");
  ippAddStrings(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events", 3, NULL, events);
  ippAddInteger(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, "notify-lease-duration", 0);
  check_status(call_with(b, &proxy, ipp, NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_SUBSCRIPTION, "notify-subscription-id", 0);
  assert_true(id > 0);
  ippDelete(response);
  return id;
}

static void
wake_up(void *user)
{
  *(int *)user += 1;
}

static ipp_t *
ask_notifications(int id, bool is_waiting)
{
  ipp_t *ipp = ask_device(IPP_OP_GET_NOTIFICATIONS, 0);

  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-ids", id);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "notify-wait", is_waiting);
  return ipp;
}

static void
events_come(void **state)
{
  struct bench     *b  = *state;
  int               id = subscribe(b), wakes = 0, job_id;
  ipp_t            *response = NULL;
  pb_error_t        err      = {0};
  pb_buffer_t       body     = {0};
  ipp_t            *ipp      = ask_notifications(id, true);
  struct pb_request request;

  check_ok(pb_ipp_format(ipp, &body, &err), err);
  ippDelete(ipp);
  pb_request_init(&request, b->print, &proxy);
  request.may_wait  = true;
  request.wake      = wake_up;
  request.wake_user = &wakes;
  pb_request_perform(&request, PATH, body.data, body.size);
  pb_buffer_clear(&body);
  assert_int_equal(request.answer, PB_ANSWER_WAIT);
  job_id = print_job(b, &ann);
  assert_int_equal(wakes, 1);
  pb_request_clear(&request);
  pb_events_forget(b->events, &wakes);

  check_status(call_with(b, &proxy, ask_notifications(id, false), NULL, &response), IPP_STATUS_OK);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_EVENT_NOTIFICATION, "job-id", 0), job_id);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_EVENT_NOTIFICATION, "notify-job-id", 0), job_id);
  assert_non_null(ippFindAttribute(response, "job-state-reasons", IPP_TAG_ZERO));
  ippDelete(response);
  check_status(call(b, &proxy, ask_notifications(id + 1, false)), IPP_STATUS_ERROR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

static ipp_t *
new_medium(int width)
{
  static const char *const margins[] = {"media-bottom-margin", "media-left-margin",
                                        "media-right-margin", "media-top-margin"};
  ipp_t                   *size = ippNew(), *medium = ippNew();
  char                     type[200] = {0};

  ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "x-dimension", width);
  ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "y-dimension", 29700);
  ippAddCollection(medium, IPP_TAG_ZERO, "media-size", size);
  ippDelete(size);
  for (size_t i = 0; i < 4; i++)
    ippAddInteger(medium, IPP_TAG_ZERO, IPP_TAG_INTEGER, margins[i], 100);
  memset(type, 'x', sizeof(type) - 1);
  ippAddString(medium, IPP_TAG_ZERO, IPP_TAG_KEYWORD, "media-type", NULL, type);
  return medium;
}

static void
check_fits(ipp_t *response)
{
  pb_buffer_t body = {0};
  pb_error_t  err  = {0};

  check_ok(pb_ipp_format(response, &body, &err), err);
  pb_buffer_clear(&body);
  ippDelete(response);
}

// Each report is a message of its own; what they come to together must still fit into one: else the
// printer could not be shown any more, and a list of printers not either.
static void
reports_do_not_pile_up(void **state)
{
  const char   *names[]    = {"all", "media-col-database", NULL};
  struct bench *b          = *state;
  ipp_t        *response   = NULL;
  bool          is_refused = false;

  for (int part = 0; part < 2; part++)
  {
    char             name[64];
    ipp_attribute_t *at  = NULL;
    ipp_t           *ipp = ask_device(IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES, 0);

    snprintf(name, sizeof(name), "media-col-database.%d-%d", 1 + part * 1000, 1000 + part * 1000);
    for (int i = 0; i < 1000; i++)
    {
      ipp_t *medium = new_medium(10000 + part * 1000 + i);

      if (at)
        ippSetCollection(ipp, &at, i, medium);
      else
        at = ippAddCollection(ipp, GROUP, name, medium);
      ippDelete(medium);
    }
    is_refused |= call(b, &proxy, ipp) == IPP_STATUS_ERROR_REQUEST_ENTITY;
    check_fits(get_printer(b, names));
    ipp = ask(IPP_OP_GET_PRINTERS);
    ippAddStrings(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", 2, NULL, names);
    check_status(call_with(b, &nobody, ipp, NULL, &response), IPP_STATUS_OK);
    check_fits(response);
  }
  assert_true(is_refused);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_printer_without_reports_is_described),
    TEST(operations_that_a_must_are_listed),
    TEST(only_what_was_asked_for_is_answered),
    TEST(reports_are_merged),
    TEST(sparse_reports_are_merged),
    TEST(reports_do_not_pile_up),
    TEST(a_printer_is_identified),
    TEST(a_device_that_goes_leaves_its_jobs),
    TEST(the_system_is_described),
    TEST(bad_registrations_are_refused),
    TEST(events_come),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
