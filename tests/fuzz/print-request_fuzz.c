// print-request_fuzz - any bytes as an IPP request of anybody, with the rest as document data;
// nothing may crash, leak or leave a document behind.  The first byte says who sends it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "print/print-private.h"
#include "print/request.h"
#include "print/upload.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UUID "urn:uuid:00000000-0000-4000-8000-000000000001"

// clang-format off
static const pb_principal_t people[] = {
  {.role = PB_ROLE_NONE, .name = ""},
  {.role = PB_ROLE_USER, .name = "ann@cloud.test"},
  {.role = PB_ROLE_OPERATOR, .name = "op@cloud.test"},
  {.role = PB_ROLE_PROXY, .name = "client-1", .client_id = "client-1"},
};
// clang-format on

static const pb_principal_t applicant = {
  .may_register = true, .client_id = "client-3", .grant_id = "1"};

static char           folder[] = "/tmp/pb-fuzz-XXXXXX";
static pb_db_t       *db;
static pb_spool_t    *spool;
static pb_identity_t *identity;
static pb_events_t   *events;
static pb_print_t    *printing;

static void
drop_line(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

static void
no_wake(void *user)
{
  (void)user;
}

static void
remove_folder(void)
{
  pb_print_free(printing);
  pb_events_free(events);
  pb_identity_free(identity);
  pb_spool_close(spool);
  pb_db_close(db);
  (void)rmdir(folder);
}

static void
start(void)
{
  const uint8_t                    key[32] = {1};
  const struct pb_spool_limits     limits  = {.document_bytes = 65536};
  const struct pb_print_options    options = {.authority             = "cloud.test:8631",
                                              .job_history_ms        = 1,
                                              .multiple_operation_ms = 1,
                                              .cut_off_ms            = 1,
                                              .held_ms               = 1,
                                              .jobs_per_printer      = 20,
                                              .has_cut_through       = true};
  const struct pb_identity_options who     = {.issuer = "https://cloud.test:8631"};
  struct pb_printer                printer = {.is_accepting = true, .name = "Laser", .uuid = UUID};
  struct pb_device                 device  = {.uuid = UUID, .client_id = "client-1"};
  pb_error_t                       err     = {0};

  pb_log_set_sink(drop_line, NULL);
  if (!mkdtemp(folder) || !pb_spool_open(folder, key, &limits, &spool, &err) ||
      !pb_db_open(":memory:", &db, &err) || !pb_events_new(db, NULL, &events, &err) ||
      !pb_identity_new(db, &who, &identity, &err) ||
      !pb_print_new(NULL, db, identity, spool, events, &options, &printing, &err) ||
      !pb_printer_insert(db, &printer, &err))
    abort();
  device.printer_id = printer.id;
  if (!pb_device_insert(db, &device, &err))
    abort();
  atexit(remove_folder);
}

static void
send_document(struct pb_request *request, const uint8_t *data, size_t size)
{
  bool                  is_ready = false;
  struct pb_upload_mark mark;

  if (pb_upload_write(request, data, size, &is_ready) && is_ready)
  {
    pb_upload_get_mark(request, &mark);
    pb_upload_mark_fetchable(&mark);
  }
  if (size % 3 == 0)
    pb_upload_break_off(request);
  else
    pb_upload_finish(request);
}

static bool
is_known(void *user, const char *id)
{
  (void)user;
  (void)id;
  return false;
}

// The first job of the database is what most messages of the corpus name.
static void
forget_jobs(void)
{
  if (!pb_db_run(db, NULL, "DELETE FROM jobs", "") ||
      !pb_db_run(db, NULL, "DELETE FROM sqlite_sequence WHERE name = 'jobs'", ""))
    abort();
  pb_spool_sweep(spool, is_known, NULL);
}

static void
add_job(void)
{
  pb_error_t         err      = {0};
  struct pb_job      job      = {.printer_id = 1, .owner = "ann@cloud.test", .documents = 1};
  struct pb_document document = {.job_id = 1, .number = 1, .state = IPP_DSTATE_PENDING, .size = 4};

  job.status.state = IPP_JSTATE_PENDING;
  strcpy(job.status.reasons, "job-fetchable");
  pb_text_make_uuid(job.uuid);
  job.ticket = pb_bag_new();
  strcpy(document.reasons, "document-fetchable");
  if (!pb_job_insert(db, &job, &err) || !pb_job_save(db, &job, &err) ||
      !pb_document_insert(db, &document, &err))
    abort();
  pb_job_clear(&job);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  pb_ipp_scan_t     scan;
  struct pb_request request;
  size_t            used = 0;

  if (!printing)
    start();
  if (size < 1)
    return 0;
  add_job();
  pb_ipp_scan_init(&scan);
  if (pb_ipp_scan_feed(&scan, data + 1, size - 1, &used) != PB_IPP_SCAN_DONE)
    used = size - 1;
  pb_request_init(&request, printing, data[0] & 8 ? &applicant : &people[data[0] % 4]);
  request.may_wait  = true;
  request.wake      = no_wake;
  request.wake_user = &request;
  pb_request_perform(&request, data[0] & 4 ? "/ipp/system" : "/ipp/print/1", data + 1, used);
  if (request.answer == PB_ANSWER_DOCUMENT)
    send_document(&request, data + 1 + used, size - 1 - used);
  pb_events_forget(events, &request);
  pb_request_clear(&request);
  pb_print_tick(printing);
  forget_jobs();
  return 0;
}
