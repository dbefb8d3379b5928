// alloc_test - the service's operations when memory runs out: nothing crashes, nothing leaks, and
// what is told as done is done.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"
#include "bench.h"

#include "net/coding.h"

static ipp_t *
make_print_job(void)
{
  ipp_t *ipp = ask(IPP_OP_PRINT_JOB);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-name", NULL, "a name");
  ippAddInteger(ipp, IPP_TAG_JOB, IPP_TAG_INTEGER, "copies", 2);
  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "sides", NULL, "one-sided");
  return ipp;
}

static ipp_t *
make_packed_job(void)
{
  ipp_t *ipp = ask(IPP_OP_PRINT_JOB);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "compression", NULL, "gzip");
  return ipp;
}

static ipp_t *
make_job_list(void)
{
  ipp_t *ipp = ask(IPP_OP_GET_JOBS);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", NULL, "all");
  return ipp;
}

// A job that waits.
static ipp_t *
make_secret_job(void)
{
  ipp_t *ipp = ask(IPP_OP_PRINT_JOB);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-name", NULL, "secret");
  ippAddOctetString(ipp, IPP_TAG_OPERATION, "job-password", "1234", 4);
  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "indefinite");
  return ipp;
}

static ipp_t *
make_printer(void)
{
  return ask(IPP_OP_GET_PRINTER_ATTRIBUTES);
}

static ipp_t *
make_printers(void)
{
  return ask(IPP_OP_GET_PRINTERS);
}

static ipp_t *
make_report(void)
{
  static const char *const reasons[] = {"media-low", "toner-low"};
  ipp_t                   *ipp       = ask_device(IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES, 0);

  ippAddStrings(ipp, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "printer-state-reasons", 2, NULL, reasons);
  ippAddString(ipp, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "sides-supported", NULL, "one-sided");
  ippAddInteger(ipp, IPP_TAG_PRINTER, IPP_TAG_ENUM, "printer-state", IPP_PSTATE_IDLE);
  ippAddString(ipp, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printbridge-strings-de", NULL, "sides=Seiten");
  return ipp;
}

static ipp_t *
make_subscription(void)
{
  ipp_t *ipp = ask_device(IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS, 0);

  ippAddString(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL, "ippget");
  ippAddString(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events", NULL, "job-fetchable");
  return ipp;
}

static ipp_t *
make_fetch(void)
{
  return ask_device(IPP_OP_FETCH_JOB, 1);
}

static int
count_attributes(ipp_t *message)
{
  int count = 0;

  for (ipp_attribute_t *at = ippFirstAttribute(message); at; at = ippNextAttribute(message))
    count += ippGetName(at) != NULL;
  return count;
}

// One request as it would come in; a successful answer is as long as when nothing fails (0: that is
// found out).
static bool
answer(struct bench *b, const pb_principal_t *who, const pb_buffer_t *body, const char *path,
       const pb_buffer_t *document, int *want_count_io)
{
  struct pb_request request;
  bool              is_ready = false;
  bool              ok;

  pb_request_init(&request, b->print, who);
  pb_request_perform(&request, path, body->data, body->size);
  if (request.answer == PB_ANSWER_DOCUMENT)
  {
    (void)pb_upload_write(&request, document->data, document->size, &is_ready);
    pb_upload_finish(&request);
  }
  ok = request.response && ippGetStatusCode(request.response) < IPP_STATUS_ERROR_BAD_REQUEST;
  if (ok && *want_count_io > 0)
    assert_int_equal(count_attributes(request.response), *want_count_io);
  if (ok)
    *want_count_io = count_attributes(request.response);
  pb_request_clear(&request);
  return ok;
}

struct row
{
  const char *name;
  ipp_t *(*make)(void);
  const pb_principal_t *who;
};

struct world
{
  struct bench     *b;
  const struct row *row;
  pb_buffer_t       body, document;
  int               want_count;
};

static const char *
get_path(const struct row *row)
{
  return row->make == make_printers ? "/ipp/system" : PATH;
}

static bool
ask_once(void *user, pb_error_t *err)
{
  struct world *w = user;

  (void)err;
  return answer(w->b, w->row->who, &w->body, get_path(w->row), &w->document, &w->want_count);
}

static bool
give_pdf(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  bool *is_given = user;

  (void)err;
  assert_true(room >= strlen(PDF));
  *got_out = *is_given ? 0 : strlen(PDF);
  memcpy(data, PDF, *got_out);
  *is_given = true;
  return true;
}

static void
make_document(const struct row *row, pb_buffer_t *document)
{
  pb_encoder_t *encoder = NULL;
  pb_error_t    err     = {0};
  char          coded[1000];
  size_t        got      = 1;
  bool          is_given = false;

  pb_buffer_init(document, 10000);
  if (row->make != make_packed_job)
  {
    check_ok(pb_buffer_append(document, PDF, strlen(PDF), &err), err);
    return;
  }
  check_ok(pb_encoder_new(PB_CODING_GZIP, &encoder, &err), err);
  while (got > 0)
  {
    check_ok(pb_encoder_read(encoder, give_pdf, &is_given, coded, sizeof(coded), &got, &err), err);
    check_ok(pb_buffer_append(document, coded, got, &err), err);
  }
  pb_encoder_free(encoder);
}

static bool
is_known(void *user, const char *id)
{
  struct bench *b     = user;
  pb_error_t    err   = {0};
  bool          known = false;

  check_ok(pb_document_is_spooled(b->db, id, &known, &err), err);
  return known;
}

// Whatever failed: a job that was meant to wait is not offered.
static void
check_secrets(struct bench *b)
{
  pb_error_t    err  = {0};
  pb_db_stmt_t *rows = pb_db_query(
    b->db, &err, "SELECT count(*) FROM jobs WHERE state = 4 AND length(password) = 80", "");

  assert_true(pb_db_step(rows));
  assert_true(pb_db_int(rows, 0) > 1);
  check_ok(pb_db_finish(rows, &err), err);
  rows = pb_db_query(b->db, &err,
                     "SELECT count(*) FROM jobs WHERE name = 'secret' AND state NOT IN (4, 8)", "");
  assert_true(pb_db_step(rows));
  assert_int_equal(pb_db_int(rows, 0), 0);
  check_ok(pb_db_finish(rows, &err), err);
}

static void
each_allocation_may_fail(void **state)
{
  static const struct row rows[] = {
    {"Get-Printer-Attributes",          make_printer,      &nobody},
    {"Get-Printers",                    make_printers,     &ann   },
    {"Get-Jobs",                        make_job_list,     &ann   },
    {"Fetch-Job",                       make_fetch,        &proxy },
    {"Update-Output-Device-Attributes", make_report,       &proxy },
    {"Create-Printer-Subscriptions",    make_subscription, &proxy },
    {"Print-Job",                       make_print_job,    &ann   },
    {"Print-Job with a PIN",            make_secret_job,   &ann   },
    {"Print-Job, compressed",           make_packed_job,   &ann   },
  };
  struct bench *b = *state;

  (void)print_job(b, &ann);
  b->print->options.jobs_per_printer = 100000;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct world w         = {.b = b, .row = &rows[i]};
    struct alloc_case this = {rows[i].name, ask_once, /*is_mute*/ true};
    ipp_t     *ipp         = rows[i].make();
    pb_error_t err         = {0};

    make_document(&rows[i], &w.document);
    check_ok(pb_ipp_format(ipp, &w.body, &err), err);
    ippDelete(ipp);
    if (!ask_once(&w, &err))  // sets want_count
      fail_msg("%s", rows[i].name);
    alloc_check(&this, 1, &w);
    pb_buffer_clear(&w.body);
    pb_buffer_clear(&w.document);
  }
  assert_int_equal(pb_spool_sweep(b->spool, is_known, b), 0);  // no debris
  check_secrets(b);
}

// --- two print servers of one printer

#define PAIR_UUID "urn:uuid:00000000-0000-4000-8000-000000000003"

static const pb_principal_t pair = {
  .role = PB_ROLE_PROXY, .name = "client-3", .client_id = "client-3"};

static ipp_t *
of_pair(ipp_t *ipp)
{
  ipp_attribute_t *uuid = ippFindAttribute(ipp, "output-device-uuid", IPP_TAG_URI);

  if (uuid)
    ippSetString(ipp, &uuid, 0, PAIR_UUID);
  else
    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, PAIR_UUID);
  return ipp;
}

static void
add_pair(struct bench *b)
{
  pb_error_t       err    = {0};
  struct pb_device device = {.printer_id = 1, .uuid = PAIR_UUID, .client_id = "client-3"};

  check_ok(pb_device_insert(b->db, &device, &err), err);
  check_status(call(b, &proxy, make_report()), IPP_STATUS_OK);
  check_status(call(b, &pair, of_pair(make_report())), IPP_STATUS_OK);
}

struct taken
{
  struct bench *b;
  int           jobs[2];  // not begun, and begun
};

static int
get_state(struct bench *b, int id, struct pb_job *job)
{
  pb_error_t err = {0};

  check_ok(pb_job_load(b->db, id, job, &err), err);
  return job->status.state;
}

// Wholly or not at all: a job that is not held and has no device can be fetched.
static bool
take_back_once(void *user, pb_error_t *err)
{
  struct taken *t        = user;
  int           wanted[] = {IPP_JSTATE_PENDING, IPP_JSTATE_HELD};
  int           done     = 0;

  (void)err;
  pb_print_tick(t->b->print);
  alloc_pause();
  for (int i = 0; i < 2; i++)
  {
    struct pb_job job;
    bool          is_done = get_state(t->b, t->jobs[i], &job) == wanted[i];

    assert_true(is_done || job.status.state == IPP_JSTATE_PROCESSING);
    assert_int_equal(job.device_uuid[0] == '\0', is_done);
    if (i == 0)
      assert_int_equal(pb_reasons_has(job.status.reasons, "job-fetchable"), is_done);
    done += is_done;
    pb_job_clear(&job);
  }
  alloc_resume();
  return done == 2;
}

static void
of_two_print_servers(void **state)
{
  struct bench           *b       = *state;
  static const struct row row     = {"Get-Printer-Attributes of two", make_printer, &nobody};
  struct world            w       = {.b = b, .row = &row};
  struct taken            t       = {.b = b};
  struct alloc_case       cases[] = {
          {row.name, ask_once,       /*is_mute*/ true},
          {"leases", take_back_once, /*is_mute*/ true}
  };
  pb_error_t err      = {0};
  ipp_t     *response = NULL, *ipp = make_printer();

  add_pair(b);
  check_ok(pb_ipp_format(ipp, &w.body, &err), err);
  ippDelete(ipp);
  check_status(call_with(b, &nobody, make_printer(), NULL, &response), IPP_STATUS_OK);
  w.want_count = count_attributes(response);
  ippDelete(response);
  alloc_check(&cases[0], 1, &w);
  pb_buffer_clear(&w.body);

  for (int i = 0; i < 2; i++)
  {
    t.jobs[i] = print_job(b, &ann);
    check_status(call(b, &proxy, ask_device(IPP_OP_ACKNOWLEDGE_JOB, t.jobs[i])), IPP_STATUS_OK);
  }
  check_status(call(b, &proxy, ask_document(IPP_OP_FETCH_DOCUMENT, t.jobs[1], 1)), IPP_STATUS_OK);
  pb_clock_shift_ms(61000);
  check_status(call(b, &pair, of_pair(ask_device(IPP_OP_GET_JOBS, 0))), IPP_STATUS_OK);
  alloc_check(&cases[1], 1, &t);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(each_allocation_may_fail, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(of_two_print_servers, bench_setup, bench_teardown),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
