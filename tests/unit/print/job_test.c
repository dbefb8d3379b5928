// job_test - jobs from their making to their end, as clients and proxies see them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#define PENDING IPP_JSTATE_PENDING
#define HELD IPP_JSTATE_HELD
#define PROCESSING IPP_JSTATE_PROCESSING
#define STOPPED IPP_JSTATE_STOPPED
#define CANCELED IPP_JSTATE_CANCELED
#define ABORTED IPP_JSTATE_ABORTED
#define COMPLETED IPP_JSTATE_COMPLETED

static int
count_spooled(struct bench *b)
{
  char  command[160];
  int   count = -1;
  FILE *pipe;

  snprintf(command, sizeof(command), "find %s/spool -type f | wc -l", b->folder);
  pipe = popen(command, "r");
  assert_int_equal(fscanf(pipe, "%d", &count), 1);
  pclose(pipe);
  return count;
}

static void
read_document(struct bench *b, const char *spool_id, char *text, size_t size)
{
  pb_error_t         err    = {0};
  pb_spool_reader_t *reader = NULL;
  size_t             got    = 0;

  check_ok(pb_spool_open_reader(b->spool, spool_id, NULL, NULL, &reader, &err), err);
  assert_int_equal(pb_spool_read(reader, text, size - 1, &got, &err), PB_SPOOL_DATA);
  text[got] = '\0';
  pb_spool_reader_free(reader);
}

static int
take_job(struct bench *b, int id)
{
  return call(b, &proxy, ask_device(IPP_OP_ACKNOWLEDGE_JOB, id));
}

// --- the good way

static void
a_job_goes_its_way(void **state)
{
  struct bench     *b        = *state;
  int               id       = print_job(b, &ann);
  ipp_t            *response = NULL, *ipp;
  char              text[256];
  struct pb_request request;

  check_job(b, id, PENDING, "job-fetchable");
  check_status(call_with(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id), NULL, &response),
               IPP_STATUS_OK);
  assert_string_equal(pb_ipp_text(response, IPP_TAG_JOB, "job-originating-user-name"),
                      "ann@cloud.test");
  assert_int_equal(pb_ipp_int(response, IPP_TAG_JOB, "number-of-documents", 0), 1);
  ippDelete(response);

  check_status(call(b, &proxy, ask_document(IPP_OP_FETCH_DOCUMENT, id, 1)),
               IPP_STATUS_ERROR_NOT_FETCHABLE);
  check_status(take_job(b, id), IPP_STATUS_OK);
  check_status(take_job(b, id), IPP_STATUS_OK);  // the answer was lost
  check_job(b, id, PROCESSING, "");
  check_status(call(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id)), IPP_STATUS_ERROR_NOT_FETCHABLE);

  for (int again = 0; again < 2; again++)
  {
    begin(b, &request, &proxy, ask_document(IPP_OP_FETCH_DOCUMENT, id, 1));
    assert_int_equal(request.answer, PB_ANSWER_FETCH);
    assert_int_equal(request.fetch.size, strlen(PDF));
    assert_string_equal(pb_ipp_text(request.response, IPP_TAG_DOCUMENT, "document-format"),
                        "application/pdf");
    assert_string_equal(pb_ipp_text(request.response, IPP_TAG_OPERATION, "document-format"),
                        "application/pdf");
    assert_string_equal(pb_ipp_text(request.response, IPP_TAG_OPERATION, "compression"), "none");
    read_document(b, request.fetch.spool_id, text, sizeof(text));
    assert_string_equal(text, PDF);
    pb_request_clear(&request);
  }
  check_status(report_state(b, id, PROCESSING), IPP_STATUS_OK);
  ipp = ask_document(IPP_OP_UPDATE_DOCUMENT_STATUS, id, 1);
  ippAddInteger(ipp, IPP_TAG_DOCUMENT, IPP_TAG_ENUM, "output-device-document-state", 9);
  ippAddInteger(ipp, IPP_TAG_DOCUMENT, IPP_TAG_INTEGER, "impressions-completed", 3);
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK);
  check_status(call(b, &proxy, ask_document(IPP_OP_ACKNOWLEDGE_DOCUMENT, id, 1)), IPP_STATUS_OK);
  check_status(call(b, &proxy, ask_document(IPP_OP_ACKNOWLEDGE_DOCUMENT, id, 1)), IPP_STATUS_OK);
  check_status(call(b, &proxy, ask_document(IPP_OP_FETCH_DOCUMENT, id, 1)),
               IPP_STATUS_ERROR_NOT_FETCHABLE);
  check_status(report_state(b, id, COMPLETED), IPP_STATUS_OK);
  check_job(b, id, COMPLETED, "job-completed-successfully");
  assert_int_equal(count_spooled(b), 0);
  check_status(report_state(b, id, ABORTED), IPP_STATUS_OK);
  check_job(b, id, COMPLETED, "job-completed-successfully");
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_ERROR_NOT_POSSIBLE);
}

static void
documents_come_one_by_one(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL, *ipp;
  int           id;

  check_status(call_with(b, &ann, ask(IPP_OP_CREATE_JOB), NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  check_job(b, id, PENDING, "job-data-insufficient");
  check_status(call(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id)), IPP_STATUS_ERROR_NOT_FETCHABLE);
  check_status(call_with(b, &ann, ask_job(IPP_OP_SEND_DOCUMENT, id), PDF, NULL),
               IPP_STATUS_ERROR_BAD_REQUEST);

  ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 0);
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_OK);
  check_job(b, id, PENDING, "job-data-insufficient");

  ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 1);
  check_status(call_with(b, &ann, ipp, "plain text\n", NULL),
               IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED);
  check_job(b, id, ABORTED, "submission-interrupted,aborted-by-system");
  assert_int_equal(count_spooled(b), 0);
}

static void
an_empty_last_document_closes(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL, *ipp;
  int           id;

  check_status(call_with(b, &ann, ask(IPP_OP_CREATE_JOB), NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 0);
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_OK);
  ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 1);
  check_status(call_with(b, &ann, ipp, NULL, &response), IPP_STATUS_OK);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_JOB, "number-of-documents", 0), 1);
  ippDelete(response);
  check_job(b, id, PENDING, "job-fetchable");
  assert_int_equal(count_spooled(b), 1);
}

static void
an_empty_job_is_given_up(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL;
  int           id;

  check_status(call(b, &ann, ask(IPP_OP_PRINT_JOB)), IPP_STATUS_ERROR_BAD_REQUEST);
  check_status(call_with(b, &ann, ask(IPP_OP_CREATE_JOB), NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  check_status(call(b, &ann, ask_job(IPP_OP_CLOSE_JOB, id)), IPP_STATUS_OK);
  check_job(b, id, ABORTED, "aborted-by-system");
  check_status(call(b, &ann, ask_job(IPP_OP_CLOSE_JOB, id)), IPP_STATUS_ERROR_NOT_POSSIBLE);
  assert_int_equal(count_spooled(b), 0);
}

// --- cut-through

static void
a_job_is_fetched_while_it_arrives(void **state)
{
  struct bench         *b = *state;
  struct pb_request     upload, fetch;
  struct pb_upload_mark mark;
  bool                  is_ready = false;
  int                   id;
  size_t                got = 0;
  char                  data[256];
  pb_error_t            err    = {0};
  pb_spool_reader_t    *reader = NULL;

  begin(b, &upload, &ann, ask(IPP_OP_PRINT_JOB));
  assert_int_equal(upload.answer, PB_ANSWER_DOCUMENT);
  id = upload.job.id;
  check_job(b, id, PENDING, "job-incoming");
  check_status(call(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id)), IPP_STATUS_ERROR_NOT_FETCHABLE);
  assert_true(pb_upload_write(&upload, PDF, 10, &is_ready));
  assert_false(is_ready);  // the format is not known yet
  assert_true(pb_upload_write(&upload, &PDF[10], 60, &is_ready));
  assert_true(is_ready);
  pb_upload_get_mark(&upload, &mark);
  pb_upload_mark_fetchable(&mark);
  check_job(b, id, PENDING, "job-incoming,job-fetchable");
  check_status(take_job(b, id), IPP_STATUS_OK);
  check_job(b, id, PROCESSING, "job-incoming");

  begin(b, &fetch, &proxy, ask_document(IPP_OP_FETCH_DOCUMENT, id, 1));
  assert_int_equal(fetch.answer, PB_ANSWER_FETCH);
  assert_int_equal(fetch.fetch.size, -1);
  check_ok(pb_spool_open_reader(b->spool, fetch.fetch.spool_id, NULL, NULL, &reader, &err), err);
  assert_true(pb_upload_write(&upload, &PDF[70], strlen(PDF) - 70, &is_ready));
  assert_false(is_ready);
  pb_upload_finish(&upload);
  check_status((int)ippGetStatusCode(upload.response), IPP_STATUS_OK);
  check_job(b, id, PROCESSING, "");
  for (size_t total = 0; total < strlen(PDF); total += got)
    assert_int_equal(pb_spool_read(reader, data, sizeof(data), &got, &err), PB_SPOOL_DATA);
  assert_int_equal(pb_spool_read(reader, data, sizeof(data), &got, &err), PB_SPOOL_END);
  pb_upload_mark_fetchable(&mark);  // late: changes nothing
  check_job(b, id, PROCESSING, "");
  pb_spool_reader_free(reader);
  pb_request_clear(&fetch);
  pb_request_clear(&upload);
}

static void
a_client_that_vanishes_leaves_no_debris(void **state)
{
  struct bench         *b = *state;
  struct pb_request     upload;
  struct pb_upload_mark mark;
  bool                  is_ready = false;
  size_t                got      = 0;
  char                  data[256];
  pb_error_t            err    = {0};
  pb_spool_reader_t    *reader = NULL;
  struct pb_document    document;

  begin(b, &upload, &ann, ask(IPP_OP_PRINT_JOB));
  assert_true(pb_upload_write(&upload, PDF, 70, &is_ready));
  pb_upload_get_mark(&upload, &mark);
  pb_upload_mark_fetchable(&mark);
  check_status(take_job(b, mark.job_id), IPP_STATUS_OK);
  check_ok(pb_document_load(b->db, mark.job_id, 1, &document, &err), err);
  check_ok(pb_spool_open_reader(b->spool, document.spool_id, NULL, NULL, &reader, &err), err);
  pb_upload_break_off(&upload);
  pb_request_clear(&upload);
  check_job(b, mark.job_id, ABORTED, "submission-interrupted,aborted-by-system");
  while (pb_spool_read(reader, data, sizeof(data), &got, &err) == PB_SPOOL_DATA)
    continue;
  assert_int_equal(pb_spool_read(reader, data, sizeof(data), &got, &err), PB_SPOOL_BROKEN);
  pb_spool_reader_free(reader);
  assert_int_equal(count_spooled(b), 0);
}

static void
a_cancel_during_the_upload_is_the_last_word(void **state)
{
  struct bench     *b = *state;
  struct pb_request upload;
  bool              is_ready = false;
  int               id;

  begin(b, &upload, &ann, ask(IPP_OP_PRINT_JOB));
  id = upload.job.id;
  assert_true(pb_upload_write(&upload, PDF, 70, &is_ready));
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  (void)pb_upload_write(&upload, PDF, 70, &is_ready);
  pb_upload_finish(&upload);
  check_status((int)ippGetStatusCode(upload.response), IPP_STATUS_ERROR_JOB_CANCELED);
  pb_request_clear(&upload);
  check_job(b, id, CANCELED, "job-canceled-by-user");
  assert_int_equal(count_spooled(b), 0);
}

static void
too_much_is_refused(void **state)
{
  struct bench *b   = *state;
  char         *big = calloc(1, 2 * 1024 * 1024);

  memset(big, 'x', 2 * 1024 * 1024 - 1);
  memcpy(big, "%PDF-", 5);
  check_status(call_with(b, &ann, ask(IPP_OP_PRINT_JOB), big, NULL),
               IPP_STATUS_ERROR_REQUEST_ENTITY);
  free(big);
  assert_int_equal(count_spooled(b), 0);
  for (int i = 0; i < 5; i++)
    print_job(b, &ann);
  check_status(call_with(b, &ann, ask(IPP_OP_PRINT_JOB), PDF, NULL), IPP_STATUS_ERROR_BUSY);
}

static void
what_was_arriving_is_given_up_after_a_restart(void **state)
{
  struct bench     *b = *state;
  struct pb_request upload;
  bool              is_ready = false;
  int               id, whole;

  whole = print_job(b, &ann);
  begin(b, &upload, &ann, ask(IPP_OP_PRINT_JOB));
  id = upload.job.id;
  assert_true(pb_upload_write(&upload, PDF, 70, &is_ready));
  pb_upload_free(upload.upload);  // as if the process had gone
  upload.upload = NULL;
  pb_request_clear(&upload);
  bench_close(b);
  bench_open(b);
  check_job(b, id, ABORTED, "submission-interrupted,aborted-by-system");
  check_job(b, whole, PENDING, "job-fetchable");
  assert_int_equal(count_spooled(b), 1);
  check_status(take_job(b, whole), IPP_STATUS_OK);
  check_status(call(b, &proxy, ask_document(IPP_OP_FETCH_DOCUMENT, whole, 1)), IPP_STATUS_OK);
}

// --- the ticket

static void
tickets_are_checked(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL, *ipp;
  int           id;

  ipp = ask(IPP_OP_PRINT_JOB);
  ippAddInteger(ipp, IPP_TAG_JOB, IPP_TAG_INTEGER, "copies", 3);
  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "sides", NULL, "two-sided-long-edge");
  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "paper-of-dreams", NULL, "x");
  check_status(call_with(b, &ann, ipp, PDF, &response), IPP_STATUS_OK_IGNORED_OR_SUBSTITUTED);
  assert_non_null(pb_ipp_find(response, IPP_TAG_UNSUPPORTED_GROUP, "sides", IPP_TAG_KEYWORD));
  assert_non_null(
    pb_ipp_find(response, IPP_TAG_UNSUPPORTED_GROUP, "paper-of-dreams", IPP_TAG_UNSUPPORTED_VALUE));
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  check_status(call_with(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id), NULL, &response),
               IPP_STATUS_OK);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_JOB, "copies", 0), 3);
  assert_null(ippFindAttribute(response, "sides", IPP_TAG_ZERO));
  ippDelete(response);

  ipp = ask(IPP_OP_PRINT_JOB);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "ipp-attribute-fidelity", 1);
  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "sides", NULL, "two-sided-long-edge");
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES);

  ipp = ask(IPP_OP_VALIDATE_JOB);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "job-mandatory-attributes", NULL, "sides");
  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "sides", NULL, "two-sided-long-edge");
  check_status(call(b, &ann, ipp), IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES);

  ipp = ask(IPP_OP_VALIDATE_JOB);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "compression", NULL, "compress");
  check_status(call(b, &ann, ipp), IPP_STATUS_ERROR_COMPRESSION_NOT_SUPPORTED);

  ipp = ask(IPP_OP_VALIDATE_JOB);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format", NULL,
               "application/x-evil");
  check_status(call(b, &ann, ipp), IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED);
}

static void
names_are_made_harmless(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL, *ipp = ask(IPP_OP_PRINT_JOB);
  const char   *name;

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-name", NULL, "evil\n\033[2Jname");
  check_status(call_with(b, &ann, ipp, PDF, &response), IPP_STATUS_OK);
  ipp = ask_job(IPP_OP_GET_JOB_ATTRIBUTES, pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0));
  ippDelete(response);
  check_status(call_with(b, &ann, ipp, NULL, &response), IPP_STATUS_OK);
  name = pb_ipp_text(response, IPP_TAG_JOB, "job-name");
  assert_true(pb_text_is_printable(name));
  ippDelete(response);
}

// --- refusals and cancels

static void
a_refused_job_is_given_up(void **state)
{
  struct bench *b   = *state;
  int           id  = print_job(b, &ann);
  ipp_t        *ipp = ask_device(IPP_OP_ACKNOWLEDGE_JOB, id);

  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_ENUM, "fetch-status-code", 0);
  check_status(call(b, &proxy, ipp), IPP_STATUS_ERROR_BAD_REQUEST);
  check_job(b, id, PENDING, "job-fetchable");
  ipp = ask_device(IPP_OP_ACKNOWLEDGE_JOB, id);
  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_ENUM, "fetch-status-code",
                IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED);
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK);
  check_job(b, id, ABORTED, "unsupported-document-format,aborted-by-system");
  assert_int_equal(count_spooled(b), 0);

  id  = print_job(b, &ann);
  ipp = ask_device(IPP_OP_ACKNOWLEDGE_JOB, id);
  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_ENUM, "fetch-status-code",
                IPP_STATUS_OK_IGNORED_OR_SUBSTITUTED);
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK);
  check_job(b, id, PROCESSING, "");
}

static void
cancels_wait_for_a_device_that_has_begun(void **state)
{
  struct bench *b  = *state;
  int           id = print_job(b, &ann);

  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  check_job(b, id, CANCELED, "job-canceled-by-user");

  id = print_job(b, &ann);
  check_status(take_job(b, id), IPP_STATUS_OK);
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  check_job(b, id, CANCELED, "job-canceled-by-user");  // assigned, and nothing was printed yet

  id = print_job(b, &ann);
  check_status(take_job(b, id), IPP_STATUS_OK);
  check_status(report_state(b, id, PROCESSING), IPP_STATUS_OK);
  check_status(call(b, &operator, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  check_job(b, id, STOPPED, "job-canceled-by-operator,processing-to-stop-point");
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(report_state(b, id, PROCESSING), IPP_STATUS_OK);
  check_job(b, id, STOPPED, "job-canceled-by-operator,processing-to-stop-point");
  check_status(report_state(b, id, CANCELED), IPP_STATUS_OK);
  check_job(b, id, CANCELED, "job-canceled-by-operator");
}

static void
many_are_canceled_or_none(void **state)
{
  struct bench *b    = *state;
  int           mine = print_job(b, &ann), also = print_job(b, &ann), his = print_job(b, &bob);
  int           ids[]    = {mine, his};
  ipp_t        *response = NULL, *ipp = ask(IPP_OP_CANCEL_MY_JOBS);

  ippAddIntegers(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", 2, ids);
  check_status(call_with(b, &ann, ipp, NULL, &response), IPP_STATUS_ERROR_NOT_POSSIBLE);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_UNSUPPORTED_GROUP, "job-ids", 0), his);
  ippDelete(response);
  check_job(b, mine, PENDING, "job-fetchable");

  ipp = ask(IPP_OP_CANCEL_MY_JOBS);
  ippAddIntegers(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", 1001, (int[1001]){mine});
  check_status(call(b, &ann, ipp), IPP_STATUS_ERROR_REQUEST_VALUE);
  check_job(b, mine, PENDING, "job-fetchable");
  check_status(call(b, &ann, ask(IPP_OP_CANCEL_MY_JOBS)), IPP_STATUS_OK);
  check_job(b, mine, CANCELED, "job-canceled-by-user");
  check_job(b, also, CANCELED, "job-canceled-by-user");
  check_job(b, his, PENDING, "job-fetchable");
  check_status(call(b, &operator, ask(IPP_OP_CANCEL_JOBS)), IPP_STATUS_OK);
  check_job(b, his, CANCELED, "job-canceled-by-operator");
}

// "Mine" is nobody else's, whoever asks (PWG 5100.11 s4.2.3); to name a job twice is no fault; and
// a clock that was put right hides no job.
static void
my_jobs_are_mine(void **state)
{
  struct bench *b    = *state;
  int           mine = print_job(b, &operator), his = print_job(b, &bob);
  int           both[] = {mine, his}, twice[] = {mine, mine};
  ipp_t        *ipp = ask(IPP_OP_CANCEL_MY_JOBS);

  ippAddIntegers(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", 2, both);
  check_status(call(b, &operator, ipp), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_job(b, his, PENDING, "job-fetchable");
  check_job(b, mine, PENDING, "job-fetchable");

  ipp = ask(IPP_OP_CANCEL_MY_JOBS);
  ippAddIntegers(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", 2, twice);
  check_status(call(b, &operator, ipp), IPP_STATUS_OK);
  check_job(b, mine, CANCELED, "job-canceled-by-user");

  pb_clock_shift_wall_ms(-3600 * 1000);
  check_status(call(b, &bob, ask(IPP_OP_CANCEL_MY_JOBS)), IPP_STATUS_OK);
  pb_clock_shift_wall_ms(3600 * 1000);
  check_job(b, his, CANCELED, "job-canceled-by-user");
}

static int
add_job(struct bench *b, const char *owner, int priority, bool is_fetchable)
{
  pb_error_t    err = {0};
  struct pb_job job = {.printer_id = 1, .priority = priority, .created_ms = 1, .ticket = ippNew()};
  int           id;

  job.status.state = PENDING;
  if (is_fetchable)
    strcpy(job.status.reasons, "job-fetchable");
  pb_text_copy(job.owner, sizeof(job.owner), owner);
  pb_text_make_uuid(job.uuid);
  check_ok(pb_job_insert(b->db, &job, &err), err);
  check_ok(pb_job_save(b->db, &job, &err), err);
  id = job.id;
  pb_job_clear(&job);
  return id;
}

static int64_t
count_canceled(struct bench *b)
{
  pb_error_t    err   = {0};
  int64_t       count = 0;
  pb_db_stmt_t *query = pb_db_query(b->db, &err, "SELECT count(*) FROM jobs WHERE state = 7", "");

  if (pb_db_step(query))
    count = pb_db_int(query, 0);
  check_ok(pb_db_finish(query, &err), err);
  return count;
}

// In parts, so that others get at the database; those that wait for their device to stop do not
// keep it going for ever, and what comes meanwhile is none of them.
static void
thousands_are_canceled_in_parts(void **state)
{
  struct bench     *b     = *state;
  int               later = 0, first = print_job(b, &ann);
  pb_error_t        err  = {0};
  pb_buffer_t       body = {0};
  struct pb_request request;
  ipp_t            *ipp = ask(IPP_OP_CANCEL_MY_JOBS);

  check_status(take_job(b, first), IPP_STATUS_OK);
  check_status(report_state(b, first, PROCESSING), IPP_STATUS_OK);
  check_ok(pb_db_begin(b->db, &err), err);
  for (int i = 0; i < 1000; i++)
    (void)add_job(b, i % 2 ? "ann@cloud.test" : "bob@cloud.test", 50, true);
  check_ok(pb_db_commit(b->db, &err), err);

  check_ok(pb_ipp_format(ipp, &body, &err), err);
  ippDelete(ipp);
  pb_request_init(&request, b->print, &ann);
  pb_request_perform(&request, PATH, body.data, body.size);
  pb_buffer_clear(&body);
  assert_int_equal(request.answer, PB_ANSWER_AGAIN);
  pb_request_clear(&request);
  assert_int_equal(count_canceled(b), 99);  // and one waits for its device

  pb_clock_shift_wall_ms(1000);
  check_status(call(b, &ann, ask(IPP_OP_CANCEL_MY_JOBS)), IPP_STATUS_OK);
  assert_int_equal(count_canceled(b), 500);
  check_job(b, first, STOPPED, "job-canceled-by-user,processing-to-stop-point");
  check_status(call(b, &operator, ask(IPP_OP_CANCEL_JOBS)), IPP_STATUS_OK);
  assert_int_equal(count_canceled(b), 1000);
  later = print_job(b, &ann);
  check_job(b, later, PENDING, "job-fetchable");
  pb_clock_shift_wall_ms(-1000);
}

// As a connector asks, among many: by priority, then age.
static void
fetchable_jobs_come_by_priority(void **state)
{
  struct bench *b        = *state;
  int           low      = add_job(b, "ann@cloud.test", 1, true);
  int           middle   = add_job(b, "bob@cloud.test", 50, true);
  int           high     = add_job(b, "ann@cloud.test", 100, true);
  int           also     = add_job(b, "ann@cloud.test", 100, true);
  int           held     = add_job(b, "ann@cloud.test", 100, false);
  int           want[]   = {high, also, middle, low};
  ipp_t        *response = NULL, *ipp = ask_device(IPP_OP_GET_JOBS, 0);
  size_t        count = 0;

  (void)held;
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "which-jobs", NULL, "fetchable");
  check_status(call_with(b, &proxy, ipp, NULL, &response), IPP_STATUS_OK);
  for (ipp_attribute_t *at = ippFirstAttribute(response); at; at = ippNextAttribute(response))
  {
    if (!ippGetName(at) || strcmp(ippGetName(at), "job-id") != 0)
      continue;
    assert_true(count < 4);
    assert_int_equal(ippGetInteger(at, 0), want[count++]);
  }
  assert_int_equal(count, 4);
  ippDelete(response);
}

static void
jobs_are_held_and_released(void **state)
{
  struct bench *b  = *state;
  int           id = print_job(b, &ann);
  ipp_t        *ipp;

  check_status(call(b, &ann, ask_job(IPP_OP_HOLD_JOB, id)), IPP_STATUS_OK);
  check_job(b, id, HELD, "job-hold-until-specified");
  check_status(take_job(b, id), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(call(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id)), IPP_STATUS_ERROR_NOT_FETCHABLE);
  check_status(call(b, &ann, ask_job(IPP_OP_RELEASE_JOB, id)), IPP_STATUS_OK);
  check_job(b, id, PENDING, "job-fetchable");
  check_status(take_job(b, id), IPP_STATUS_OK);
  check_status(call(b, &ann, ask_job(IPP_OP_HOLD_JOB, id)), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(call(b, &ann, ask_job(IPP_OP_RELEASE_JOB, id)), IPP_STATUS_OK);  // of no effect
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);

  ipp = ask(IPP_OP_PRINT_JOB);
  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "indefinite");
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_OK);
  check_job(b, id + 1, HELD, "job-hold-until-specified");
  check_status(call(b, &ann, ask_job(IPP_OP_RELEASE_JOB, id + 1)), IPP_STATUS_OK);
  check_job(b, id + 1, PENDING, "job-fetchable");
}

// --- lists

static int
count_jobs(struct bench *b, const pb_principal_t *who, ipp_t *ipp)
{
  ipp_t *response = NULL;
  int    count    = 0;

  check_status(call_with(b, who, ipp, NULL, &response), IPP_STATUS_OK);
  for (ipp_attribute_t *at = ippFirstAttribute(response); at; at = ippNextAttribute(response))
    count += ippGetName(at) && strcmp(ippGetName(at), "job-id") == 0;
  ippDelete(response);
  return count;
}

static ipp_t *
ask_which(const char *which)
{
  ipp_t *ipp = ask(IPP_OP_GET_JOBS);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "which-jobs", NULL, which);
  return ipp;
}

static void
jobs_are_listed(void **state)
{
  struct bench *b = *state;
  ipp_t        *ipp;
  int           taken = print_job(b, &ann);

  print_job(b, &ann);
  print_job(b, &bob);
  check_status(take_job(b, taken), IPP_STATUS_OK);
  assert_int_equal(count_jobs(b, &ann, ask(IPP_OP_GET_JOBS)), 2);
  assert_int_equal(count_jobs(b, &operator, ask(IPP_OP_GET_JOBS)), 3);
  assert_int_equal(count_jobs(b, &operator, ask_which("fetchable")), 2);
  assert_int_equal(count_jobs(b, &proxy, ask_which("fetchable")), 2);
  assert_int_equal(count_jobs(b, &operator, ask_which("completed")), 0);
  assert_int_equal(count_jobs(b, &proxy, ask_device(IPP_OP_GET_JOBS, 0)), 1);  // assigned to it
  ipp = ask_device(IPP_OP_GET_JOBS, 0);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "which-jobs", NULL, "fetchable");
  assert_int_equal(count_jobs(b, &proxy, ipp), 2);
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, taken)), IPP_STATUS_OK);
  assert_int_equal(count_jobs(b, &operator, ask_which("completed")), 1);
  assert_int_equal(count_jobs(b, &operator, ask_which("all")), 3);
  ipp = ask(IPP_OP_GET_JOBS);
  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "limit", 1);
  assert_int_equal(count_jobs(b, &operator, ipp), 1);
  ipp = ask(IPP_OP_GET_JOBS);
  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "first-index", 2);
  assert_int_equal(count_jobs(b, &operator, ipp), 1);
  check_status(call(b, &ann, ask_which("sideways")), IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES);
  ipp = ask(IPP_OP_GET_JOBS);
  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "first-index", -5);
  check_status(call(b, &ann, ipp), IPP_STATUS_ERROR_BAD_REQUEST);
}

// --- Update-Active-Jobs

static void
active_jobs_are_compared(void **state)
{
  struct bench *b     = *state;
  int           known = print_job(b, &ann), lost = print_job(b, &ann), done = print_job(b, &ann);
  int           ids[3], states[3] = {PROCESSING, COMPLETED, PROCESSING};
  ipp_t        *response = NULL, *ipp;

  check_status(take_job(b, known), IPP_STATUS_OK);
  check_status(take_job(b, lost), IPP_STATUS_OK);
  check_status(take_job(b, done), IPP_STATUS_OK);
  ids[0] = known;
  ids[1] = done;
  ids[2] = 4711;
  ipp    = ask_device(IPP_OP_UPDATE_ACTIVE_JOBS, 0);
  ippAddIntegers(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", 3, ids);
  ippAddIntegers(ipp, IPP_TAG_OPERATION, IPP_TAG_ENUM, "output-device-job-states", 3, states);
  check_status(call_with(b, &proxy, ipp, NULL, &response), IPP_STATUS_OK);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_OPERATION, "job-ids", 0), lost);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_OPERATION, "output-device-job-states", 0), STOPPED);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_UNSUPPORTED_GROUP, "job-ids", 0), 4711);
  ippDelete(response);
  check_job(b, known, PROCESSING, "");
  check_job(b, lost, STOPPED, "");
  check_job(b, done, COMPLETED, "job-completed-successfully");

  ipp = ask_device(IPP_OP_UPDATE_ACTIVE_JOBS, 0);
  ippAddIntegers(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", 3, ids);
  check_status(call(b, &proxy, ipp), IPP_STATUS_ERROR_BAD_REQUEST);
  check_status(call(b, &proxy, ask_device(IPP_OP_UPDATE_ACTIVE_JOBS, 0)), IPP_STATUS_OK);
}

// The event of a cancel may have been lost with the service that raised it.
static void
a_device_that_comes_back_hears_of_a_cancel(void **state)
{
  struct bench *b        = *state;
  int           id       = print_job(b, &ann);
  ipp_t        *response = NULL, *ipp;

  check_status(take_job(b, id), IPP_STATUS_OK);
  for (int i = 0; i < 2; i++)
  {
    ipp = ask_device(IPP_OP_UPDATE_ACTIVE_JOBS, 0);
    ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", id);
    ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_ENUM, "output-device-job-states",
                  i == 0 ? PROCESSING : STOPPED);
    check_status(call_with(b, &proxy, ipp, NULL, &response), IPP_STATUS_OK);
    assert_int_equal(pb_ipp_int(response, IPP_TAG_OPERATION, "output-device-job-states", 0),
                     i == 0 ? 0 : CANCELED);
    ippDelete(response);
    if (i == 0)
      check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  }
  check_job(b, id, STOPPED, "job-canceled-by-user,processing-to-stop-point");
}

// --- time

static void
time_does_its_work(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL;
  pb_error_t    err      = {0};
  struct pb_job job;
  int           id, other;

  check_status(call_with(b, &ann, ask(IPP_OP_CREATE_JOB), NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  other = print_job(b, &ann);
  pb_print_tick(b->print);
  check_job(b, id, PENDING, "job-data-insufficient");
  pb_clock_shift_ms(61 * 1000);
  pb_print_tick(b->print);
  check_job(b, id, ABORTED, "submission-interrupted,aborted-by-system");
  check_job(b, other, PENDING, "job-fetchable");
  pb_clock_shift_wall_ms(3601 * 1000);
  pb_print_tick(b->print);
  assert_false(pb_job_load(b->db, id, &job, &err));
  assert_int_equal(err.kind, PB_GONE);
  check_job(b, other, PENDING, "job-fetchable");
  pb_clock_shift_wall_ms(-3601 * 1000);
  pb_clock_shift_ms(-61 * 1000);
}

static int
create_job(struct bench *b)
{
  ipp_t *response = NULL;
  int    id;

  check_status(call_with(b, &ann, ask(IPP_OP_CREATE_JOB), NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  return id;
}

static int
send_document(struct bench *b, int id, bool is_last)
{
  ipp_t *ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);

  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", is_last);
  return call_with(b, &ann, ipp, PDF, NULL);
}

// The time-out counts from the start of the service: its absence is not the client's silence (RFC
// 8011 s5.4.31). Then the job is aborted, as multiple-operation-time-out-action says; no document
// of it was ever offered.
static void
a_job_of_many_documents_outlives_the_service(void **state)
{
  struct bench *b      = *state;
  int           silent = create_job(b), goes_on = create_job(b), held = create_job(b);

  check_status(send_document(b, silent, false), IPP_STATUS_OK);
  check_status(send_document(b, goes_on, false), IPP_STATUS_OK);
  check_status(send_document(b, held, false), IPP_STATUS_OK);
  check_status(call(b, &ann, ask_job(IPP_OP_HOLD_JOB, held)), IPP_STATUS_OK);
  bench_close(b);
  pb_clock_shift_wall_ms(3600 * 1000);  // a long night
  bench_open(b);
  pb_print_tick(b->print);
  check_job(b, silent, PENDING, "job-data-insufficient");
  check_status(call(b, &proxy, ask_device(IPP_OP_FETCH_JOB, silent)),
               IPP_STATUS_ERROR_NOT_FETCHABLE);
  check_status(send_document(b, goes_on, true), IPP_STATUS_OK);
  check_job(b, goes_on, PENDING, "job-fetchable");
  check_status(call(b, &proxy, ask_device(IPP_OP_FETCH_JOB, goes_on)), IPP_STATUS_OK);
  pb_clock_shift_ms(59 * 1000);
  pb_print_tick(b->print);
  check_job(b, silent, PENDING, "job-data-insufficient");
  pb_clock_shift_ms(2 * 1000);
  pb_print_tick(b->print);
  check_job(b, silent, ABORTED, "submission-interrupted,aborted-by-system");
  check_job(b, held, ABORTED, "submission-interrupted,aborted-by-system");
  check_job(b, goes_on, PENDING, "job-fetchable");
  assert_int_equal(count_spooled(b), 2);  // those of the job that went on
  pb_clock_shift_wall_ms(-3600 * 1000);
  pb_clock_shift_ms(-61 * 1000);
}

// Forward, as after a machine's sleep: nobody was silent for that long.  Back: the time-out still
// comes.
static void
a_jump_of_the_clock_is_no_silence(void **state)
{
  static const int jumps_s[] = {3600, -3600};
  struct bench    *b         = *state;

  for (size_t i = 0; i < 2; i++)
  {
    int id = create_job(b);

    pb_print_tick(b->print);
    pb_clock_shift_wall_ms(jumps_s[i] * 1000);
    pb_print_tick(b->print);
    check_job(b, id, PENDING, "job-data-insufficient");
    pb_clock_shift_ms(59 * 1000);
    pb_print_tick(b->print);
    check_job(b, id, PENDING, "job-data-insufficient");
    pb_clock_shift_ms(2 * 1000);
    pb_print_tick(b->print);
    check_job(b, id, ABORTED, "submission-interrupted,aborted-by-system");
    pb_clock_shift_wall_ms(-jumps_s[i] * 1000);
    pb_clock_shift_ms(-61 * 1000);
  }
}

static bool
is_incoming(struct bench *b, int id)
{
  pb_error_t    err = {0};
  struct pb_job job;
  bool          is;

  check_ok(pb_job_load(b->db, id, &job, &err), err);
  is = job.is_incoming;
  pb_job_clear(&job);
  return is;
}

static ipp_t *
ask_send(int id, bool is_last)
{
  ipp_t *ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);

  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", (char)is_last);
  return ipp;
}

// "No more" for a job that was canceled meanwhile: nothing of it is left over.
static void
an_end_that_comes_too_late(void **state)
{
  struct bench     *b  = *state;
  int               id = create_job(b);
  struct pb_request request;

  check_status(call_with(b, &ann, ask_send(id, false), PDF, NULL), IPP_STATUS_OK);
  begin(b, &request, &ann, ask_send(id, true));
  assert_int_equal(request.answer, PB_ANSWER_DOCUMENT);
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  pb_upload_finish(&request);
  check_status((int)ippGetStatusCode(request.response), IPP_STATUS_ERROR_JOB_CANCELED);
  pb_request_clear(&request);
  check_job(b, id, CANCELED, "job-canceled-by-user");
  assert_false(is_incoming(b, id));
}

// A database that takes nothing just then (a full disk): no job is left behind until a restart.
static void
what_broke_off_is_noted_later(void **state)
{
  static const char full[]   = "CREATE TRIGGER full BEFORE UPDATE ON jobs BEGIN "
                               "SELECT RAISE(ABORT, 'the disk is full'); END";
  struct bench     *b        = *state;
  pb_error_t        err      = {0};
  bool              is_ready = false;
  struct pb_request request;
  int               id, open = create_job(b);

  check_status(call_with(b, &ann, ask_send(open, false), PDF, NULL), IPP_STATUS_OK);
  for (int is_end = 0; is_end < 3; is_end++)
  {
    begin(b, &request, &ann, is_end == 2 ? ask_send(open, true) : ask(IPP_OP_PRINT_JOB));
    id = request.job.id;
    if (is_end < 2)
      assert_true(pb_upload_write(&request, PDF, strlen(PDF), &is_ready));
    check_ok(pb_db_run(b->db, &err, full, ""), err);
    if (is_end == 0)
      pb_upload_break_off(&request);
    else
    {
      pb_upload_finish(&request);
      assert_true(ippGetStatusCode(request.response) >= IPP_STATUS_ERROR_INTERNAL);
    }
    pb_request_clear(&request);
    pb_print_tick(b->print);
    assert_true(is_incoming(b, id));
    check_ok(pb_db_run(b->db, &err, "DROP TRIGGER full", ""), err);
    pb_print_tick(b->print);
    assert_false(is_incoming(b, id));
    check_job(b, id, ABORTED, "submission-interrupted,aborted-by-system");
  }
  assert_int_equal(count_spooled(b), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

// Who may not see a job does not hear of it either.
static void
events_of_other_peoples_jobs_are_not_told(void **state)
{
  // The last is a token of bob's, made for a client id that is a connector's.
  struct bench        *b     = *state;
  const pb_principal_t who[] = {
    ann,
    bob,
    operator,
    proxy,
    {.role = PB_ROLE_USER, .name = "bob@cloud.test", .client_id = "client-1"}
  };
  static const int want[]   = {1, 0, 1, 1, 0};
  int              ids[5]   = {0};
  ipp_t           *response = NULL;

  for (size_t i = 0; i < 5; i++)
  {
    ipp_t *ipp = ask(IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS);

    ippAddString(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL, "ippget");
    ippAddString(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events", NULL, "job-created");
    check_status(call_with(b, &who[i], ipp, NULL, &response), IPP_STATUS_OK);
    ids[i] = pb_ipp_int(response, IPP_TAG_SUBSCRIPTION, "notify-subscription-id", 0);
    ippDelete(response);
  }
  (void)print_job(b, &ann);
  for (size_t i = 0; i < 5; i++)
  {
    ipp_t *ipp = ask(IPP_OP_GET_NOTIFICATIONS);

    ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-ids", ids[i]);
    check_status(call_with(b, &who[i], ipp, NULL, &response), IPP_STATUS_OK);
    assert_int_equal(ippFindAttribute(response, "job-name", IPP_TAG_NAME) != NULL, want[i]);
    ippDelete(response);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(events_of_other_peoples_jobs_are_not_told),
    TEST(a_job_goes_its_way),
    TEST(documents_come_one_by_one),
    TEST(an_empty_last_document_closes),
    TEST(an_empty_job_is_given_up),
    TEST(a_job_is_fetched_while_it_arrives),
    TEST(a_client_that_vanishes_leaves_no_debris),
    TEST(a_cancel_during_the_upload_is_the_last_word),
    TEST(too_much_is_refused),
    TEST(what_was_arriving_is_given_up_after_a_restart),
    TEST(tickets_are_checked),
    TEST(names_are_made_harmless),
    TEST(a_refused_job_is_given_up),
    TEST(cancels_wait_for_a_device_that_has_begun),
    TEST(many_are_canceled_or_none),
    TEST(thousands_are_canceled_in_parts),
    TEST(fetchable_jobs_come_by_priority),
    TEST(jobs_are_held_and_released),
    TEST(jobs_are_listed),
    TEST(active_jobs_are_compared),
    TEST(a_device_that_comes_back_hears_of_a_cancel),
    TEST(time_does_its_work),
    TEST(a_job_of_many_documents_outlives_the_service),
    TEST(a_jump_of_the_clock_is_no_silence),
    TEST(my_jobs_are_mine),
    TEST(an_end_that_comes_too_late),
    TEST(what_broke_off_is_noted_later),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
