// bench - printers, jobs and documents without HTTP: a database, a spool and events in a folder of
// their own, and IPP requests handed over as messages.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_PRINT_BENCH_H
#define PB_TESTS_PRINT_BENCH_H

#include "check.h"

#include "base/clock.h"
#include "base/log.h"
#include "print/print-private.h"
#include "print/request.h"
#include "print/upload.h"
#include <unistd.h>

#define URI "ipps://cloud.test:8631/ipp/print/1"
#define PATH "/ipp/print/1"
#define UUID "urn:uuid:00000000-0000-4000-8000-000000000001"
#define OTHER_UUID "urn:uuid:00000000-0000-4000-8000-000000000002"
#define PDF                                                                                        \
  "%PDF-1.4\nthis is a document that is longer than what is needed to find out its "               \
  "format\n%%EOF\n"

static const pb_principal_t nobody = {0};
static const pb_principal_t ann    = {.role = PB_ROLE_USER, .name = "ann@cloud.test"};
static const pb_principal_t bob    = {.role = PB_ROLE_USER, .name = "bob@cloud.test"};
static const pb_principal_t operator= {.role = PB_ROLE_OPERATOR, .name = "op@cloud.test"};
static const pb_principal_t proxy = {
  .role = PB_ROLE_PROXY, .name = "client-1", .client_id = "client-1"};
static const pb_principal_t stranger = {
  .role = PB_ROLE_PROXY, .name = "client-2", .client_id = "client-2"};
static const pb_principal_t applicant = {
  .may_register = true, .client_id = "client-3", .grant_id = "1"};

struct bench
{
  char           folder[64];
  pb_db_t       *db;
  pb_identity_t *identity;
  pb_spool_t    *spool;
  pb_events_t   *events;
  pb_print_t    *print;
};

static inline void
bench_drop_line(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

static inline void
bench_open(struct bench *b)
{
  char                    path[128], spool[128];
  pb_error_t              err     = {0};
  const uint8_t           key[32] = {1};
  struct pb_spool_limits  limits  = {.document_bytes = 1024 * 1024};
  struct pb_print_options options = {.authority             = "cloud.test:8631",
                                     .job_history_ms        = 3600000,
                                     .multiple_operation_ms = 60000,
                                     .cut_off_ms            = 20000,
                                     .held_ms               = 1000LL * 3600 * 24,
                                     .jobs_per_printer      = 5,
                                     .lease_ms              = 60000,
                                     .has_cut_through       = true};

  struct pb_identity_options identity = {.issuer = "https://cloud.test:8631"};

  snprintf(path, sizeof(path), "%s/db", b->folder);
  snprintf(spool, sizeof(spool), "%s/spool", b->folder);
  check_ok(pb_db_open(path, &b->db, &err), err);
  check_ok(pb_spool_open(spool, key, &limits, &b->spool, &err), err);
  check_ok(pb_events_new(b->db, NULL, &b->events, &err), err);
  check_ok(pb_identity_new(b->db, &identity, &b->identity, &err), err);
  check_ok(pb_print_new(NULL, b->db, b->identity, b->spool, b->events, &options, &b->print, &err),
           err);
  check_ok(pb_print_recover(b->print, &err), err);
}

static inline void
bench_close(struct bench *b)
{
  pb_print_free(b->print);
  pb_events_free(b->events);
  pb_identity_free(b->identity);
  pb_spool_close(b->spool);
  pb_db_close(b->db);
}

static inline void
bench_add_printer(struct bench *b, const char *uuid, const char *client_id)
{
  pb_error_t        err     = {0};
  struct pb_printer printer = {
    .is_accepting = true, .created_ms = 1, .config_ms = 1, .state_ms = 1};
  struct pb_device device = {0};

  pb_text_make_uuid(printer.uuid);
  strcpy(printer.name, "Laser");
  strcpy(printer.make_and_model, "Acme 1");
  check_ok(pb_printer_insert(b->db, &printer, &err), err);
  device.printer_id = printer.id;
  pb_text_copy(device.uuid, sizeof(device.uuid), uuid);
  pb_text_copy(device.client_id, sizeof(device.client_id), client_id);
  check_ok(pb_device_insert(b->db, &device, &err), err);
}

static inline int
bench_setup(void **state)
{
  struct bench *b = calloc(1, sizeof(*b));

  pb_log_set_sink(bench_drop_line, NULL);
  strcpy(b->folder, "/tmp/pb-print-XXXXXX");
  assert_non_null(mkdtemp(b->folder));
  bench_open(b);
  bench_add_printer(b, UUID, "client-1");
  bench_add_printer(b, OTHER_UUID, "client-2");
  *state = b;
  return 0;
}

static inline int
bench_teardown(void **state)
{
  struct bench *b = *state;
  char          command[128];

  bench_close(b);
  snprintf(command, sizeof(command), "rm -r %s", b->folder);
  assert_int_equal(system(command), 0);
  free(b);
  return 0;
}

// --- requests

static inline ipp_t *
ask(int operation)
{
  ipp_t *ipp     = pb_ipp_new_request((ipp_op_t)operation, NULL, NULL);
  bool is_system = operation == IPP_OP_GET_PRINTERS || operation == IPP_OP_GET_SYSTEM_ATTRIBUTES ||
                   operation == IPP_OP_REGISTER_OUTPUT_DEVICE;

  if (is_system)
    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "system-uri", NULL,
                 "ipps://cloud.test:8631/ipp/system");
  else
    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, URI);
  return ipp;
}

static inline ipp_t *
ask_job(int operation, int job_id)
{
  ipp_t *ipp = ask(operation);

  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", job_id);
  return ipp;
}

static inline ipp_t *
ask_device(int operation, int job_id)
{
  ipp_t *ipp = job_id ? ask_job(operation, job_id) : ask(operation);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, UUID);
  return ipp;
}

static inline ipp_t *
ask_document(int operation, int job_id, int number)
{
  ipp_t *ipp = ask_device(operation, job_id);

  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "document-number", number);
  return ipp;
}

// Begins the request (freed here); the caller looks at it and clears it.
static inline void
begin(struct bench *b, struct pb_request *request, const pb_principal_t *who, ipp_t *ipp)
{
  pb_error_t  err  = {0};
  pb_buffer_t body = {0};
  const char *path = ippFindAttribute(ipp, "system-uri", IPP_TAG_URI) ? "/ipp/system" : PATH;

  check_ok(pb_ipp_format(ipp, &body, &err), err);
  ippDelete(ipp);
  pb_request_init(request, b->print, who);
  pb_request_perform(request, path, body.data, body.size);
  while (request->answer == PB_ANSWER_AGAIN)
  {
    int newest_job = request->newest_job;

    pb_request_clear(request);
    pb_request_init(request, b->print, who);
    request->newest_job = newest_job;
    pb_request_perform(request, path, body.data, body.size);
  }
  pb_buffer_clear(&body);
}

// The whole request with its document (NULL: none).  response_out may be NULL.
static inline int
call_with(struct bench *b, const pb_principal_t *who, ipp_t *ipp, const char *document,
          ipp_t **response_out)
{
  struct pb_request request;
  int               status;
  bool              is_ready = false;

  begin(b, &request, who, ipp);
  if (request.answer == PB_ANSWER_DOCUMENT)
  {
    if (document)
      (void)pb_upload_write(&request, document, strlen(document), &is_ready);
    pb_upload_finish(&request);
  }
  status = request.http_status == 401 ? 401 : (int)ippGetStatusCode(request.response);
  if (response_out)
  {
    *response_out    = request.response;
    request.response = NULL;
  }
  pb_request_clear(&request);
  return status;
}

static inline int
call(struct bench *b, const pb_principal_t *who, ipp_t *ipp)
{
  return call_with(b, who, ipp, NULL, NULL);
}

#define check_status(got, want)                                                                    \
  do                                                                                               \
  {                                                                                                \
    int got_ = (got), want_ = (want);                                                              \
    if (got_ != want_)                                                                             \
      fail_msg("%s: %s (0x%04x), want 0x%04x", #got, pb_ipp_status_name((ipp_status_t)got_),       \
               (unsigned)got_, (unsigned)want_);                                                   \
  } while (0)

// A job with one PDF of that user; returns its id.
static inline int
print_job(struct bench *b, const pb_principal_t *who)
{
  ipp_t *response = NULL;
  int    id;

  check_status(call_with(b, who, ask(IPP_OP_PRINT_JOB), PDF, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  assert_true(id > 0);
  ippDelete(response);
  return id;
}

static inline void
check_job(struct bench *b, int id, int state, const char *reasons)
{
  pb_error_t    err = {0};
  struct pb_job job;

  check_ok(pb_job_load(b->db, id, &job, &err), err);
  if (job.status.state != state || strcmp(job.status.reasons, reasons) != 0)
    fail_msg("job %d is %d [%s], want %d [%s]", id, job.status.state, job.status.reasons, state,
             reasons);
  pb_job_clear(&job);
}

static inline int
report_state(struct bench *b, int id, int device_state)
{
  ipp_t *ipp = ask_device(IPP_OP_UPDATE_JOB_STATUS, id);

  ippAddInteger(ipp, IPP_TAG_JOB, IPP_TAG_ENUM, "output-device-job-state", device_state);
  return call(b, &proxy, ipp);
}

#endif
