// client_test - clients that come again: client-job-uuid; and machines that print for users.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include "cloud/protocol.h"

#define JOB_UUID "urn:uuid:0a000000-0000-4000-8000-00000000000b"
#define JOB_UUID_UPPER "urn:uuid:0A000000-0000-4000-8000-00000000000B"
#define MACHINE "thumbprint-of-desk7"

static const pb_principal_t machine = {
  .role = PB_ROLE_USER, .name = MACHINE, .client_id = MACHINE, .machine = "desk7"};

static ipp_t *
ask_named(int operation, const char *uuid)
{
  ipp_t *ipp = ask(operation);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, PB_CLIENT_JOB_UUID, NULL, uuid);
  return ipp;
}

static int
get_id(struct bench *b, const pb_principal_t *who, ipp_t *ipp, const char *document)
{
  ipp_t *response = NULL;
  int    id;

  check_status(call_with(b, who, ipp, document, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  assert_true(id > 0);
  ippDelete(response);
  return id;
}

static void
test_same_job(void **state)
{
  struct bench *b       = *state;
  int           created = get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL);
  int           whole;
  ipp_t        *ipp;

  assert_int_equal(get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL), created);
  assert_int_equal(get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID_UPPER), NULL), created);
  // Another uuid, another user, no uuid, no UUID: other jobs.
  assert_int_not_equal(get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, UUID), NULL), created);
  assert_int_not_equal(get_id(b, &bob, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL), created);
  assert_int_not_equal(get_id(b, &ann, ask(IPP_OP_CREATE_JOB), NULL), created);
  assert_int_equal(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, created + 1)), IPP_STATUS_OK);
  assert_int_equal(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, created + 3)), IPP_STATUS_OK);

  // Print-Job goes on with it; and has it when it comes again, whatever became of it meanwhile.
  whole = get_id(b, &ann, ask_named(IPP_OP_PRINT_JOB, JOB_UUID), PDF);
  assert_int_equal(whole, created);
  check_job(b, whole, IPP_JSTATE_PENDING, "job-fetchable");
  assert_int_equal(get_id(b, &ann, ask_named(IPP_OP_PRINT_JOB, JOB_UUID), PDF), created);
  assert_int_equal(get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL), created);
  ipp = ask_job(IPP_OP_SEND_DOCUMENT, created);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 1);
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, created)), IPP_STATUS_OK);
  assert_int_equal(get_id(b, &ann, ask_named(IPP_OP_PRINT_JOB, JOB_UUID), PDF), created);
  check_job(b, created, IPP_JSTATE_CANCELED, "job-canceled-by-user");
}

static void
break_upload(struct bench *b, ipp_t *ipp, bool is_fetched)
{
  struct pb_request     upload;
  struct pb_upload_mark mark;
  bool                  is_ready = false;

  begin(b, &upload, &ann, ipp);
  assert_int_equal(upload.answer, PB_ANSWER_DOCUMENT);
  assert_true(pb_upload_write(&upload, PDF, 70, &is_ready));
  assert_true(is_ready);
  pb_upload_get_mark(&upload, &mark);
  pb_upload_mark_fetchable(&mark);
  if (is_fetched)
    check_status(call(b, &proxy, ask_device(IPP_OP_ACKNOWLEDGE_JOB, mark.job_id)), IPP_STATUS_OK);
  pb_upload_break_off(&upload);
  pb_request_clear(&upload);
}

// A broken upload of a named job waits for the next try; no trace of the first one is left.
static void
test_broken_comes_again(void **state)
{
  struct bench *b  = *state;
  int           id = get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL);
  ipp_t        *ipp;

  for (int i = 0; i < 3; i++)
  {
    ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);
    ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 1);
    break_upload(b, ipp, /*is_fetched*/ false);
    check_job(b, id, IPP_JSTATE_PENDING, "job-data-insufficient");
    check_status(call(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id)), IPP_STATUS_ERROR_NOT_FETCHABLE);
  }
  break_upload(b, ask_named(IPP_OP_PRINT_JOB, JOB_UUID), /*is_fetched*/ false);
  ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 1);
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_OK);
  check_job(b, id, IPP_JSTATE_PENDING, "job-fetchable");
  check_status(call(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id)), IPP_STATUS_OK);
}

static int
fetch_document(struct bench *b, int id)
{
  ipp_t *ipp = ask_device(IPP_OP_FETCH_DOCUMENT, id);

  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "document-number", 1);
  return call(b, &proxy, ipp);
}

static ipp_t *
ask_send(int id)
{
  ipp_t *ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);

  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 1);
  return ipp;
}

// A device that has begun to read waits for the next try, in the same job and document.
static void
test_broken_on_device(void **state)
{
  struct bench *b  = *state;
  int           id = get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL);

  break_upload(b, ask_send(id), /*is_fetched*/ true);
  for (int i = 0; i < 2; i++)
  {
    check_job(b, id, IPP_JSTATE_PROCESSING, "job-data-insufficient");
    check_status(fetch_document(b, id), IPP_STATUS_ERROR_BUSY);
    assert_int_equal(get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL), id);
    break_upload(b, ask_send(id), /*is_fetched*/ false);
  }
  check_status(call_with(b, &ann, ask_send(id), PDF, NULL), IPP_STATUS_OK);
  check_job(b, id, IPP_JSTATE_PROCESSING, "");
  check_status(fetch_document(b, id), IPP_STATUS_OK);
  check_status(call_with(b, &ann, ask_send(id), PDF, NULL), IPP_STATUS_ERROR_NOT_POSSIBLE);
}

// Nobody comes: multiple-operation-time-out.
static void
test_broken_for_good(void **state)
{
  struct bench *b   = *state;
  int           id  = get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL);
  pb_error_t    err = {0};
  struct pb_job job;

  break_upload(b, ask_named(IPP_OP_PRINT_JOB, JOB_UUID), /*is_fetched*/ false);
  pb_clock_shift_ms(61000);
  pb_print_tick(b->print);
  check_ok(pb_job_load(b->db, id, &job, &err), err);
  assert_int_equal(job.status.state, IPP_JSTATE_ABORTED);
  pb_job_clear(&job);
  assert_int_not_equal(get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL), id);
}

// Nor can a printer wait for long: others want it.  The sender who comes all the same makes another
// job.
static void
test_broken_on_device_for_good(void **state)
{
  struct bench *b  = *state;
  int           id = get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL);

  break_upload(b, ask_send(id), /*is_fetched*/ true);
  pb_clock_shift_ms(15000);
  pb_print_tick(b->print);
  check_job(b, id, IPP_JSTATE_PROCESSING, "job-data-insufficient");
  break_upload(b, ask_send(id), /*is_fetched*/ false);  // it counts from the last try
  pb_clock_shift_ms(15000);
  pb_print_tick(b->print);
  check_job(b, id, IPP_JSTATE_PROCESSING, "job-data-insufficient");
  pb_clock_shift_ms(6000);
  pb_print_tick(b->print);
  check_job(b, id, IPP_JSTATE_ABORTED, "submission-interrupted,aborted-by-system");
  check_status(fetch_document(b, id), IPP_STATUS_ERROR_NOT_FETCHABLE);
  assert_int_not_equal(get_id(b, &ann, ask_named(IPP_OP_CREATE_JOB, JOB_UUID), NULL), id);
}

static void
test_advertised(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL;

  check_status(call_with(b, &nobody, ask(IPP_OP_GET_PRINTER_ATTRIBUTES), NULL, &response),
               IPP_STATUS_OK);
  assert_true(pb_ipp_has_keyword(response, IPP_TAG_PRINTER, "ipp-features-supported",
                                 PB_FEATURE_CLIENT_JOB_UUID));
  ippDelete(response);
}

// --- machines

static ipp_t *
ask_as(ipp_t *ipp, const char *user)
{
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL, user);
  return ipp;
}

static void
check_user(struct bench *b, const pb_principal_t *who, int id, const char *user, const char *host)
{
  ipp_t *response = NULL;

  check_status(call_with(b, who, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, id), NULL, &response),
               IPP_STATUS_OK);
  assert_string_equal(pb_ipp_text(response, IPP_TAG_JOB, "job-originating-user-name"), user);
  if (host)
    assert_string_equal(pb_ipp_text(response, IPP_TAG_JOB, "job-originating-host-name"), host);
  else
    assert_null(pb_ipp_text(response, IPP_TAG_JOB, "job-originating-host-name"));
  ippDelete(response);
}

static int
count_jobs(struct bench *b, const pb_principal_t *who, const char *user, bool my_jobs)
{
  ipp_t *response = NULL, *ipp = ask(IPP_OP_GET_JOBS);
  int    count = 0;

  if (user)
    ask_as(ipp, user);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "my-jobs", my_jobs);
  check_status(call_with(b, who, ipp, NULL, &response), IPP_STATUS_OK);
  for (ipp_attribute_t *at = ippFirstAttribute(response); at; at = ippNextAttribute(response))
    count += ippGetName(at) && strcmp(ippGetName(at), "job-id") == 0;
  ippDelete(response);
  return count;
}

static void
test_asserted_names(void **state)
{
  struct bench *b         = *state;
  int           mary      = get_id(b, &machine, ask_as(ask(IPP_OP_PRINT_JOB), "mary"), PDF);
  int           false_ann = get_id(b, &machine, ask_as(ask(IPP_OP_PRINT_JOB), ann.name), PDF);
  int           none      = get_id(b, &machine, ask(IPP_OP_PRINT_JOB), PDF);
  int           own       = get_id(b, &ann, ask_as(ask(IPP_OP_PRINT_JOB), "mary"), PDF);

  check_user(b, &machine, mary, "mary", "desk7");
  check_user(b, &machine, false_ann, ann.name, "desk7");
  check_user(b, &machine, none, "anonymous", "desk7");
  check_user(b, &ann, own, ann.name, NULL);  // who has signed in asserts nothing

  assert_int_equal(count_jobs(b, &machine, NULL, false), 3);
  assert_int_equal(count_jobs(b, &machine, "mary", true), 1);
  assert_int_equal(count_jobs(b, &ann, NULL, true), 1);

  // What a machine says of a name gives that name's owner nothing, and the machine nothing of hers.
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, false_ann)),
               IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_status(call(b, &machine, ask_as(ask_job(IPP_OP_CANCEL_JOB, own), ann.name)),
               IPP_STATUS_ERROR_NOT_AUTHORIZED);
  ipp_t *ipp = ask_as(ask(IPP_OP_CANCEL_MY_JOBS), "mary");
  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", none);
  check_status(call(b, &machine, ipp), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(call(b, &machine, ask_as(ask(IPP_OP_CANCEL_MY_JOBS), "mary")), IPP_STATUS_OK);
  check_job(b, mary, IPP_JSTATE_CANCELED, "job-canceled-by-user");
  check_job(b, none, IPP_JSTATE_PENDING, "job-fetchable");
  check_status(call(b, &machine, ask_job(IPP_OP_CANCEL_JOB, none)), IPP_STATUS_OK);
  check_status(call(b, &machine, ask(IPP_OP_CANCEL_JOBS)), IPP_STATUS_ERROR_NOT_AUTHORIZED);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    BENCH(test_same_job),
    BENCH(test_broken_comes_again),
    BENCH(test_broken_on_device),
    BENCH(test_broken_for_good),
    BENCH(test_broken_on_device_for_good),
    BENCH(test_advertised),
    BENCH(test_asserted_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
