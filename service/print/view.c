// view - printers and jobs as plain values, for the portal; and what an administrator does there.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "print/capabilities.h"
#include "print/job-change.h"
#include "print/job-password.h"
#include "print/operations.h"
#include "print/presence.h"
#include "print/print-private.h"
#include "print/request.h"
#include "print/validate.h"

static size_t
show_devices(pb_print_t *print, const struct pb_printer *printer,
             struct pb_device_view views[PB_PRINTER_DEVICES_MAX])
{
  size_t count = 0;

  for (; count < printer->devices_count && count < PB_PRINTER_DEVICES_MAX; count++)
  {
    const struct pb_device *device = &printer->devices[count];
    int64_t                 seen   = pb_seen_get(&print->seen, device->client_id);

    views[count] = (struct pb_device_view){.uuid      = device->uuid,
                                           .host      = device->host,
                                           .client_id = device->client_id,
                                           .seen_ms   = seen ? seen : device->seen_ms,
                                           .is_away   = device->is_away};
  }
  return count;
}

static void
show_printer(pb_print_t *print, struct pb_printer                         *printer,
             void (*fn)(void *user, const struct pb_printer_view *), void *user)
{
  char       uri[PB_JOB_URI_SIZE], reasons[PB_REASONS_SIZE], message[PB_STATE_MESSAGE_SIZE];
  int64_t    queued = 0;
  pb_error_t err    = {0};

  struct pb_device_view devices[PB_PRINTER_DEVICES_MAX];
  size_t                devices_count = show_devices(print, printer, devices);

  pb_request_format_uri(print, printer->id, uri);
  if (!pb_job_count_queued(print->db, printer->id, &queued, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  pb_printer_describe_state(printer, message);
  struct pb_printer_view view = {.id             = printer->id,
                                 .name           = printer->name,
                                 .make_and_model = printer->make_and_model,
                                 .location       = printer->location,
                                 .uri            = uri,
                                 .uuid           = printer->uuid,
                                 .state          = pb_printer_get_state(printer, reasons),
                                 .state_reasons  = reasons,
                                 .state_message  = message,
                                 .queued_jobs    = (int)queued,
                                 .devices        = devices,
                                 .devices_count  = devices_count};
  fn(user, &view);
}

bool
pb_print_each_printer(pb_print_t *print, void (*fn)(void *user, const struct pb_printer_view *),
                      void *user, pb_error_t *err)
{
  int   *ids   = NULL;
  size_t count = 0;
  bool   ok    = pb_printer_list(print->db, &ids, &count, err);

  for (size_t i = 0; ok && i < count; i++)
  {
    struct pb_printer printer = {0};
    pb_error_t        why     = {0};

    if (pb_printer_load(print->db, ids[i], &printer, &why))
    {
      pb_presence_mark(print, &printer);
      show_printer(print, &printer, fn, user);
    }
    else if (why.kind != PB_GONE)  // removed meanwhile: nothing to show
      ok = pb_error_set(err, why.kind, "%s", why.message);
    pb_printer_clear(&printer);
  }
  free(ids);
  return ok;
}

static void
show_job(pb_print_t *print, const struct pb_job                   *job,
         void (*fn)(void *user, const struct pb_job_view *), void *user)
{
  char                name[PB_JOB_TEXT_SIZE];
  struct pb_document *documents = NULL;
  size_t              count     = 0;
  struct pb_job_view  view      = {
          .printer_id            = job->printer_id,
          .id                    = job->id,
          .printer_name          = "",
          .name                  = job->name,
          .user                  = pb_job_get_user(job),
          .machine               = job->machine,
          .state                 = job->status.state,
          .is_waiting_for_pin    = pb_reasons_has(job->status.reasons, PB_REASON_PASSWORD_WAIT),
          .hold_until_ms         = job->hold_until_ms == PB_HOLD_FOREVER ? 0 : job->hold_until_ms,
          .state_reasons         = job->status.reasons,
          .state_message         = job->message,
          .format                = "",
          .created_ms            = job->created_ms,
          .processing_ms         = job->status.processing_ms,
          .completed_ms          = job->status.completed_ms,
          .impressions_completed = job->impressions_completed};

  if (pb_printer_copy_name(print->db, job->printer_id, name, sizeof(name), /*err*/ NULL))
    view.printer_name = name;
  if (pb_document_list(print->db, job->id, &documents, &count, /*err*/ NULL) && count > 0)
    view.format = documents[0].format;
  for (size_t i = 0; i < count; i++)
    view.size_bytes += documents[i].size > 0 ? documents[i].size : 0;
  fn(user, &view);
  free(documents);
}

bool
pb_print_each_job(pb_print_t *print, int printer_id, const char *owner, int limit,
                  void (*fn)(void *user, const struct pb_job_view *), void *user, pb_error_t *err)
{
  struct pb_job_query query = {
    .printer_id = printer_id, .owner = owner, .newest_first = true, .limit = limit};
  int   *ids   = NULL;
  size_t count = 0;
  bool   ok    = pb_job_list(print->db, &query, &ids, &count, err);

  for (size_t i = 0; ok && i < count; i++)
  {
    struct pb_job job = {0};
    pb_error_t    why = {0};

    if (pb_job_load(print->db, ids[i], &job, &why))
      show_job(print, &job, fn, user);
    else if (why.kind != PB_GONE)
      ok = pb_error_set(err, why.kind, "%s", why.message);
    pb_job_clear(&job);
  }
  free(ids);
  return ok;
}

// --- what an administrator does

static bool
load_own_job(struct pb_request *request)
{
  pb_error_t err = {0};
  int        id  = request->job.id;

  if (!pb_job_load(request->print->db, id, &request->job, &err))
    return pb_request_fail(request, &err);
  if (request->job.printer_id != request->printer.id)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND,
                             "there is no job %d on this printer", id);
  if (!pb_request_may_touch(request, &request->job))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED,
                             "job %d belongs to somebody else", id);
  return true;
}

static bool
cancel_step(struct pb_request *request)
{
  return load_own_job(request) && pb_job_cancel(request, &request->job);
}

static bool
release_step(struct pb_request *request)
{
  return load_own_job(request) && pb_op_release_job(request);
}

static bool
remove_step(struct pb_request *request)
{
  struct pb_job_query query = {.printer_id = request->printer.id};
  pb_error_t          err   = {0};
  int                *ids   = NULL;
  size_t              count = 0;
  bool                ok    = true;

  if (!pb_job_list(request->print->db, &query, &ids, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; ok && i < count; i++)
  {
    struct pb_document *documents       = NULL;
    size_t              documents_count = 0;

    ok = pb_document_list(request->print->db, ids[i], &documents, &documents_count, &err) ||
         pb_request_fail(request, &err);
    for (size_t k = 0; ok && k < documents_count; k++)
      ok = pb_request_remove_spooled(request, documents[k].spool_id);
    free(documents);
  }
  free(ids);
  if (!ok)
    return false;
  for (size_t i = 0; i < request->printer.devices_count; i++)
  {
    if (!pb_identity_forget_device(request->print->identity, request->printer.devices[i].uuid,
                                   &err))
      return pb_request_fail(request, &err);
  }
  return pb_printer_delete(request->print->db, request->printer.id, &err) ||
         pb_request_fail(request, &err);
}

// Run a step; what a client would be told is the error here.
static bool
run_step(struct pb_request *request, bool (*step)(struct pb_request *), pb_error_t *err)
{
  bool ok;

  request->now_ms   = pb_clock_now_ms();
  request->response = pb_ipp_new_response(/*request*/ NULL, IPP_STATUS_OK);
  if (!request->response)
    return pb_error_set(err, PB_RETRY, "out of memory");
  ok = pb_request_transact(request, step) &&
       ippGetStatusCode(request->response) < IPP_STATUS_ERROR_BAD_REQUEST;
  if (!ok)
  {
    const char *why = pb_ipp_text(request->response, IPP_TAG_OPERATION, "status-message");

    pb_error_set(err, PB_REJECT, "%s", why ? why : "not possible");
  }
  return ok;
}

bool
pb_print_cancel_job(pb_print_t *print, int printer_id, int job_id, const pb_principal_t *principal,
                    pb_error_t *err)
{
  struct pb_request request;

  pb_request_init(&request, print, principal);
  request.printer.id = printer_id;
  request.job.id     = job_id;

  bool ok = run_step(&request, cancel_step, err);
  pb_request_clear(&request);
  return ok;
}

bool
pb_print_release_job(pb_print_t *print, int printer_id, int job_id, const char *pin,
                     const pb_principal_t *principal, pb_error_t *err)
{
  struct pb_request request;
  bool              ok = false;

  pb_request_init(&request, print, principal);
  request.printer.id = printer_id;
  request.job.id     = job_id;
  request.ipp        = pb_bag_new();
  if (!request.ipp)
    pb_error_set(err, PB_RETRY, "out of memory");
  else
  {
    if (pin[0])
      ippAddOctetString(request.ipp, IPP_TAG_OPERATION, "job-password", pin, (int)strlen(pin));
    ok = run_step(&request, release_step, err);
  }
  pb_request_clear(&request);
  return ok;
}

bool
pb_print_remove_printer(pb_print_t *print, int printer_id, pb_error_t *err)
{
  struct pb_request request;
  bool              ok;

  pb_request_init(&request, print, /*principal*/ NULL);
  ok = pb_printer_load(print->db, printer_id, &request.printer, err) &&
       run_step(&request, remove_step, err);
  pb_request_clear(&request);
  if (ok)
    pb_events_drop_printer(print->events, printer_id);
  return ok;
}

static bool
remove_device_step(struct pb_request *request)
{
  pb_error_t err = {0};
  int        id  = request->printer.id;

  if (!pb_printer_load(request->print->db, id, &request->printer, &err))
    return pb_request_fail(request, &err);
  pb_presence_mark(request->print, &request->printer);
  request->device = pb_printer_find_device(&request->printer, request->printer_uri);
  if (!request->device)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND,
                             "that print server does not serve the printer");
  return pb_device_remove(request, request->device);
}

bool
pb_print_remove_device(pb_print_t *print, int printer_id, const char *uuid, pb_error_t *err)
{
  struct pb_request request;

  pb_request_init(&request, print, /*principal*/ NULL);
  request.printer.id = printer_id;
  pb_text_copy(request.printer_uri, sizeof(request.printer_uri), uuid);

  bool ok = run_step(&request, remove_device_step, err);
  pb_request_clear(&request);
  return ok;
}

bool
pb_print_find_printer(pb_print_t *print, const char                                *name,
                      void (*fn)(void *user, const struct pb_printer_view *), void *user,
                      pb_error_t *err)
{
  struct pb_printer printer = {0};
  int               id      = pb_address_parse_printer(name);

  if (id == 0)
    return pb_error_set(err, PB_GONE, "there is no printer %s", name);
  if (!pb_printer_load(print->db, id, &printer, err))
    return false;
  pb_presence_mark(print, &printer);
  show_printer(print, &printer, fn, user);
  pb_printer_clear(&printer);
  return true;
}
