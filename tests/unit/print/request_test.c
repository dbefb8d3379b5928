// request_test - what is refused before an operation begins: bad messages, wrong targets, people
// without the right.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

// --- the form (RFC 8011 s4.1, IPP Everywhere I-1 to I-9)

static ipp_t *
new_bare(int major, int minor, int id)
{
  ipp_t *ipp = ippNew();

  ippSetVersion(ipp, major, minor);
  ippSetOperation(ipp, IPP_OP_GET_PRINTER_ATTRIBUTES);
  ippSetRequestId(ipp, id);
  return ipp;
}

static void
add_charset(ipp_t *ipp, const char *charset)
{
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_CHARSET, "attributes-charset", NULL, charset);
}

static void
add_language(ipp_t *ipp)
{
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_LANGUAGE, "attributes-natural-language", NULL, "en");
}

static void
add_target(ipp_t *ipp, const char *uri)
{
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, uri);
}

static void
check_refused(struct bench *b, ipp_t *ipp, int want)
{
  int    minor = 0, got_minor = 0;
  int    major    = ippGetVersion(ipp, &minor);
  int    id       = ippGetRequestId(ipp);
  ipp_t *response = NULL;

  check_status(call_with(b, &ann, ipp, NULL, &response), want);
  assert_int_equal(ippGetVersion(response, &got_minor), major);
  assert_int_equal(got_minor, minor);
  assert_int_equal(ippGetRequestId(response), id);
  if (want >= IPP_STATUS_ERROR_BAD_REQUEST)
    assert_null(ippFindAttribute(response, "printer-name", IPP_TAG_ZERO));
  ippDelete(response);
}

static void
versions_are_checked(void **state)
{
  static const struct
  {
    int major, minor, want;
  } rows[] = {
    {1, 1, IPP_STATUS_OK                         },
    {2, 0, IPP_STATUS_OK                         },
    {2, 1, IPP_STATUS_OK                         },
    {2, 2, IPP_STATUS_OK                         },
    {0, 0, IPP_STATUS_ERROR_VERSION_NOT_SUPPORTED},
    {1, 0, IPP_STATUS_ERROR_VERSION_NOT_SUPPORTED},
    {3, 0, IPP_STATUS_ERROR_VERSION_NOT_SUPPORTED},
    {2, 9, IPP_STATUS_ERROR_VERSION_NOT_SUPPORTED},
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t *ipp = new_bare(rows[i].major, rows[i].minor, 7);

    add_charset(ipp, "utf-8");
    add_language(ipp);
    add_target(ipp, URI);
    check_refused(*state, ipp, rows[i].want);
  }
}

static void
requests_must_begin_well(void **state)
{
  ipp_t *ipp = new_bare(2, 0, 0);

  add_charset(ipp, "utf-8");
  add_language(ipp);
  add_target(ipp, URI);
  check_refused(*state, ipp, IPP_STATUS_ERROR_BAD_REQUEST);  // request-id 0

  check_refused(*state, new_bare(2, 0, 1), IPP_STATUS_ERROR_BAD_REQUEST);  // nothing

  ipp = new_bare(2, 0, 1);
  add_charset(ipp, "utf-8");
  add_target(ipp, URI);
  check_refused(*state, ipp, IPP_STATUS_ERROR_BAD_REQUEST);  // no language

  ipp = new_bare(2, 0, 1);
  add_language(ipp);
  add_target(ipp, URI);
  check_refused(*state, ipp, IPP_STATUS_ERROR_BAD_REQUEST);  // no charset

  ipp = new_bare(2, 0, 1);
  add_language(ipp);
  add_charset(ipp, "utf-8");
  add_target(ipp, URI);
  check_refused(*state, ipp, IPP_STATUS_ERROR_BAD_REQUEST);  // swapped

  ipp = new_bare(2, 0, 1);
  add_charset(ipp, "iso-8859-1");
  add_language(ipp);
  add_target(ipp, URI);
  check_refused(*state, ipp, IPP_STATUS_ERROR_CHARSET);

  ipp = new_bare(2, 0, 1);
  add_charset(ipp, "utf-8");
  add_language(ipp);
  check_refused(*state, ipp, IPP_STATUS_ERROR_BAD_REQUEST);  // no target
}

static void
targets_must_be_there(void **state)
{
  static const struct
  {
    const char *uri;
    int         want;
  } rows[] = {
    {"ipps://cloud.test:8631/ipp/print/1",           IPP_STATUS_OK               },
    {"ipp://localhost/ipp/print/1",                  IPP_STATUS_OK               },
    {"ipps://cloud.test:8631/ipp/print/2",           IPP_STATUS_ERROR_NOT_FOUND  }, // came to 1
    {"ipps://cloud.test:8631/ipp/print/01",          IPP_STATUS_ERROR_NOT_FOUND  },
    {"ipps://cloud.test:8631/ipp/print/-1",          IPP_STATUS_ERROR_NOT_FOUND  },
    {"ipps://cloud.test:8631/ipp/print/1/../2",      IPP_STATUS_ERROR_NOT_FOUND  },
    {"ipps://cloud.test:8631/ipp/print/99999999999", IPP_STATUS_ERROR_NOT_FOUND  },
    {"ipps://cloud.test:8631/ipp/print/1/7",         IPP_STATUS_ERROR_BAD_REQUEST}, // a job's
    {"ipps://cloud.test:8631/ipp/system",            IPP_STATUS_ERROR_NOT_FOUND  },
    {"nonsense",                                     IPP_STATUS_ERROR_NOT_FOUND  },
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t *ipp = new_bare(2, 0, 1);

    add_charset(ipp, "utf-8");
    add_language(ipp);
    add_target(ipp, rows[i].uri);
    check_refused(*state, ipp, rows[i].want);
  }
}

static void
groups_must_be_in_order(void **state)
{
  ipp_t *ipp = ask(IPP_OP_VALIDATE_JOB);

  ippAddInteger(ipp, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "copies", 1);
  ippAddInteger(ipp, IPP_TAG_JOB, IPP_TAG_INTEGER, "copies", 1);
  check_status(call(*state, &ann, ipp), IPP_STATUS_ERROR_BAD_REQUEST);
}

static void
garbage_gets_an_answer(void **state)
{
  static const uint8_t bytes[] = {2, 0, 0, 11, 0, 0, 0, 9, 1, 0x47, 0, 5};
  struct bench        *b       = *state;
  struct pb_request    request;

  pb_request_init(&request, b->print, &nobody);
  pb_request_perform(&request, PATH, bytes, sizeof(bytes));
  assert_int_equal(ippGetStatusCode(request.response), IPP_STATUS_ERROR_BAD_REQUEST);
  assert_int_equal(ippGetRequestId(request.response), 9);
  pb_request_clear(&request);
}

// Seen by the fuzzer: a value of a syntax that does not exist was freed as a text.
static void
syntaxes_must_exist(void **state)
{
  static const uint8_t strange[] = {0x20, 0x24, 0x26, 0x2f, 0x38, 0x43, 0x4b, 0x60};
  struct bench        *b         = *state;

  for (size_t i = 0; i < sizeof(strange); i++)
  {
    pb_error_t        err  = {0};
    pb_buffer_t       body = {0};
    ipp_t            *ipp  = ask(IPP_OP_VALIDATE_JOB);
    struct pb_request request;

    ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "sides", NULL, "one-sided");
    check_ok(pb_ipp_format(ipp, &body, &err), err);
    ippDelete(ipp);
    for (size_t k = 0; k + 8 < body.size; k++)
    {
      if (body.data[k] == IPP_TAG_KEYWORD && memcmp(&body.data[k + 3], "sides", 5) == 0)
        body.data[k] = (char)strange[i];
    }
    pb_request_init(&request, b->print, &ann);
    pb_request_perform(&request, PATH, body.data, body.size);
    check_status((int)ippGetStatusCode(request.response), IPP_STATUS_ERROR_BAD_REQUEST);
    pb_request_clear(&request);
    pb_buffer_clear(&body);
  }
}

// --- who may: the table of operations, and for each somebody who may not

static void
each_operation_is_refused_to_who_may_not(void **state)
{
  static const struct
  {
    const pb_principal_t *who;
    unsigned              rights;
  } people[] = {
    {&nobody, PB_MAY_ANYBODY}, {&ann, PB_MAY_ANYBODY | PB_MAY_USER},
    {
      &operator,
      PB_MAY_ANYBODY | PB_MAY_USER | PB_MAY_OPERATOR },
      {&proxy, PB_MAY_ANYBODY | PB_MAY_PROXY | PB_MAY_REGISTER},
      {&applicant, PB_MAY_ANYBODY | PB_MAY_REGISTER},
    };
  size_t                     count      = 0;
  const struct pb_operation *operations = pb_operations(&count);

  assert_true(count >= 40);
  for (size_t i = 0; i < count; i++)
  {
    for (size_t k = 0; k < sizeof(people) / sizeof(people[0]); k++)
    {
      int got;

      if (operations[i].may & people[k].rights)
        continue;
      got = call(*state, people[k].who, ask_job((int)operations[i].code, 1));
      if (got != (people[k].who == &nobody ? 401 : IPP_STATUS_ERROR_NOT_AUTHORIZED))
        fail_msg("%s: 0x%04x", ippOpString(operations[i].code), (unsigned)got);
    }
  }
  check_status(call(*state, &ann, ask(IPP_OP_PURGE_JOBS)),
               IPP_STATUS_ERROR_OPERATION_NOT_SUPPORTED);
}

static void
every_proxy_operation_wants_its_own_device(void **state)
{
  size_t                     count      = 0;
  const struct pb_operation *operations = pb_operations(&count);

  for (size_t i = 0; i < count; i++)
  {
    bool   is_bye = operations[i].code == IPP_OP_DEREGISTER_OUTPUT_DEVICE;
    ipp_t *ipp;

    if (operations[i].device != PB_DEVICE_NAMED || !(operations[i].may & PB_MAY_PROXY))
      continue;
    check_status(call(*state, &proxy, ask_job((int)operations[i].code, 1)),
                 IPP_STATUS_ERROR_BAD_REQUEST);

    ipp = ask_job((int)operations[i].code, 1);
    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL,
                 "urn:uuid:00000000-0000-4000-8000-00000000ffff");
    check_status(call(*state, &proxy, ipp),
                 is_bye ? IPP_STATUS_ERROR_NOT_POSSIBLE : IPP_STATUS_ERROR_NOT_FOUND);

    ipp = ask_job((int)operations[i].code, 1);
    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, OTHER_UUID);
    check_status(call(*state, &proxy, ipp), IPP_STATUS_ERROR_NOT_AUTHORIZED);

    check_status(call(*state, &stranger, ask_device((int)operations[i].code, 1)),
                 IPP_STATUS_ERROR_NOT_AUTHORIZED);
  }
  // Old proxies leave it out here.
  check_status(call(*state, &proxy, ask(IPP_OP_ACKNOWLEDGE_IDENTIFY_PRINTER)),
               IPP_STATUS_ERROR_NOT_POSSIBLE);
}

static void
jobs_belong_to_their_owners(void **state)
{
  struct bench *b  = *state;
  int           id = print_job(b, &ann);

  check_status(call(b, &bob, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, id)),
               IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_status(call(b, &bob, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_status(call(b, &stranger, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, id)),
               IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_status(call(b, &ann, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, id)), IPP_STATUS_OK);
  check_status(call(b, &operator, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, id)), IPP_STATUS_OK);
  check_status(call(b, &proxy, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, id)), IPP_STATUS_OK);
  check_status(call(b, &ann, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, 999)), IPP_STATUS_ERROR_NOT_FOUND);
  check_status(call(b, &ann, ask(IPP_OP_GET_JOB_ATTRIBUTES)), IPP_STATUS_ERROR_BAD_REQUEST);
}

// Let in with the token of a key that is replaced before its turn comes: the former host of a print
// server must not take a job that the new one takes, too.
static void
what_a_former_key_was_let_in_with_is_refused(void **state)
{
  struct bench  *b    = *state;
  pb_error_t     err  = {0};
  pb_principal_t anew = proxy;
  int            id   = print_job(b, &ann);
  bool           is_set =
    pb_db_run(b->db, &err,
              "INSERT INTO auth_clients (id, created_ms, rolled_ms) VALUES ('client-1', 1, 5)", "");

  check_ok(is_set, err);
  check_status(call(b, &proxy, ask_device(IPP_OP_ACKNOWLEDGE_JOB, id)), 401);
  anew.rolled_ms = 5;
  check_status(call(b, &anew, ask_device(IPP_OP_ACKNOWLEDGE_JOB, id)), IPP_STATUS_OK);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(versions_are_checked, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(requests_must_begin_well, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(targets_must_be_there, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(groups_must_be_in_order, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(syntaxes_must_exist, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(garbage_gets_an_answer, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(each_operation_is_refused_to_who_may_not, bench_setup,
                                    bench_teardown),
    cmocka_unit_test_setup_teardown(every_proxy_operation_wants_its_own_device, bench_setup,
                                    bench_teardown),
    cmocka_unit_test_setup_teardown(jobs_belong_to_their_owners, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(what_a_former_key_was_let_in_with_is_refused, bench_setup,
                                    bench_teardown),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
