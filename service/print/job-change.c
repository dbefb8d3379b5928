// job-change - what follows a change of a job or document inside a request.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/job-change.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "print/job-password.h"
#include "print/print-private.h"

static void
log_job(const struct pb_request *request, const struct pb_job *job, const char *what)
{
  pb_log_ctx_t ctx = {.printer = request->printer.name[0] ? request->printer.name : NULL,
                      .job_id  = job->id};

  pb_log(&ctx, PB_LOG_INFO, "%s: %s [%s]", what, ippEnumString("job-state", job->status.state),
         job->status.reasons);
}

bool
pb_job_raise(struct pb_request *request, enum pb_event_type type, const struct pb_job *job)
{
  char      text[128];
  ipp_tag_t group = IPP_TAG_EVENT_NOTIFICATION;
  ipp_t    *bag   = pb_bag_new();

  if (!bag)
    return true;  // nobody hears of it; the change itself stands
  request->printer.id = job->printer_id;
  ippAddInteger(bag, group, IPP_TAG_ENUM, "job-state", job->status.state);
  pb_reasons_to_ipp(job->status.reasons, bag, group, "job-state-reasons");
  ippAddString(bag, group, IPP_TAG_URI, "job-uuid", /*language*/ NULL, job->uuid);
  ippAddString(bag, group, IPP_TAG_NAME, "job-name", /*language*/ NULL, job->name);
  ippAddString(bag, group, IPP_TAG_NAME, "job-originating-user-name", /*language*/ NULL,
               pb_job_get_user(job));
  if (job->device_uuid[0])
    ippAddString(bag, group, IPP_TAG_URI, "output-device-uuid-assigned", /*language*/ NULL,
                 job->device_uuid);
  if (type == PB_EVENT_JOB_COMPLETED || type == PB_EVENT_JOB_PROGRESS)
    ippAddInteger(bag, group, IPP_TAG_INTEGER, "job-impressions-completed",
                  job->impressions_completed);
  pb_text_format(text, sizeof(text), "Job %d is %s.", job->id,
                 ippEnumString("job-state", job->status.state));
  (void)pb_request_raise(request, type, job->id, /*document*/ 0, bag, text);
  return true;
}

bool
pb_document_raise(struct pb_request *request, enum pb_event_type type,
                  const struct pb_document *document)
{
  char      text[128];
  ipp_tag_t group = IPP_TAG_EVENT_NOTIFICATION;
  ipp_t    *bag   = pb_bag_new();

  if (!bag)
    return true;
  ippAddInteger(bag, group, IPP_TAG_ENUM, "document-state", document->state);
  pb_reasons_to_ipp(document->reasons, bag, group, "document-state-reasons");
  ippAddString(bag, group, IPP_TAG_URI, "document-uuid", /*language*/ NULL, document->uuid);
  ippAddInteger(bag, group, IPP_TAG_INTEGER, "impressions-completed",
                document->impressions_completed);
  pb_text_format(text, sizeof(text), "Document %d of job %d changed.", document->number,
                 document->job_id);
  (void)pb_request_raise(request, type, document->job_id, document->number, bag, text);
  return true;
}

// --- documents

bool
pb_document_end(struct pb_request *request, struct pb_document *document, int state)
{
  pb_error_t err = {0};

  document->state        = state;
  document->completed_ms = request->now_ms;
  pb_reasons_remove(document->reasons, "document-fetchable");
  if (!pb_document_save(request->print->db, document, &err))
    return pb_request_fail(request, &err);
  return pb_document_raise(request, PB_EVENT_DOCUMENT_COMPLETED, document);
}

static bool
drop_bytes(struct pb_request *request, struct pb_document *document)
{
  pb_error_t err = {0};

  if (!document->spool_id[0])
    return true;
  if (!pb_request_remove_spooled(request, document->spool_id))
    return pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  document->spool_id[0] = '\0';
  return pb_document_save(request->print->db, document, &err) || pb_request_fail(request, &err);
}

static bool
for_each_document(struct pb_request *request, const struct pb_job *job,
                  bool (*visit)(struct pb_request *, const struct pb_job *, struct pb_document *))
{
  bool                ok        = true;
  size_t              count     = 0;
  struct pb_document *documents = NULL;
  pb_error_t          err       = {0};

  if (!pb_document_list(request->print->db, job->id, &documents, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; ok && i < count; i++)
    ok = visit(request, job, &documents[i]);
  free(documents);
  return ok;
}

static bool
end_with_job(struct pb_request *request, const struct pb_job *job, struct pb_document *document)
{
  // document-state and job-state have the same numbers for the ends.
  if (!pb_document_is_ended(document) && !pb_document_end(request, document, job->status.state))
    return false;
  return drop_bytes(request, document);
}

static bool
make_fetchable(struct pb_request *request, const struct pb_job *job, struct pb_document *document)
{
  pb_error_t err = {0};

  (void)job;
  if (pb_document_is_ended(document) || pb_reasons_has(document->reasons, "document-fetchable"))
    return true;
  (void)pb_reasons_add(document->reasons, "document-fetchable");
  if (!pb_document_save(request->print->db, document, &err))
    return pb_request_fail(request, &err);
  return pb_document_raise(request, PB_EVENT_DOCUMENT_FETCHABLE, document);
}

// --- jobs

static enum pb_event_type
choose_event(const struct pb_job_status *before, const struct pb_job *job, enum pb_job_event event)
{
  if (pb_job_is_ended(job->status.state))
    return PB_EVENT_JOB_COMPLETED;
  if (event == PB_JOB_FETCHABLE)
    return PB_EVENT_JOB_FETCHABLE;
  if (job->status.state == IPP_JSTATE_STOPPED && before->state != IPP_JSTATE_STOPPED)
    return PB_EVENT_JOB_STOPPED;
  return PB_EVENT_JOB_STATE_CHANGED;
}

bool
pb_job_move(struct pb_request *request, struct pb_job *job, enum pb_job_event event)
{
  pb_error_t           err    = {0};
  struct pb_job_status before = job->status;

  if (!pb_job_apply(&job->status, event, request->now_ms))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE, "job %d is %s", job->id,
                             ippEnumString("job-state", job->status.state));
  if (pb_job_is_ended(job->status.state))
  {
    job->is_open       = false;
    job->hold_until_ms = 0;
    pb_job_drop_password(job);
  }
  if ((event == PB_JOB_HOLD || event == PB_JOB_WITHHOLD) && !job->is_open)
    job->activity_ms = request->now_ms;
  if (!pb_job_save(request->print->db, job, &err))
    return pb_request_fail(request, &err);
  if (before.state == job->status.state && strcmp(before.reasons, job->status.reasons) == 0)
    return true;
  log_job(request, job, pb_job_event_name(event));
  if (pb_job_is_ended(job->status.state) && !for_each_document(request, job, end_with_job))
    return false;
  if (event == PB_JOB_FETCHABLE && !for_each_document(request, job, make_fetchable))
    return false;
  return pb_job_raise(request, choose_event(&before, job, event), job);
}

bool
pb_job_offer(struct pb_request *request, struct pb_job *job)
{
  if (job->status.state != IPP_JSTATE_PENDING ||
      pb_reasons_has(job->status.reasons, "job-fetchable"))
    return true;
  return pb_job_move(request, job, PB_JOB_FETCHABLE);
}

bool
pb_job_abort(struct pb_request *request, struct pb_job *job, const char *reason,
             const char *message)
{
  if (pb_job_is_ended(job->status.state))
    return true;
  if (reason)
    (void)pb_reasons_add(job->status.reasons, reason);
  pb_text_copy(job->message, sizeof(job->message), message);
  return pb_job_move(request, job, PB_JOB_ABORT);
}

bool
pb_job_close(struct pb_request *request, struct pb_job *job)
{
  pb_error_t err = {0};

  job->is_open     = false;
  job->activity_ms = request->now_ms;
  pb_reasons_remove(job->status.reasons, "job-data-insufficient");
  if (!pb_job_save(request->print->db, job, &err))
    return pb_request_fail(request, &err);
  if (job->documents == 0)
    return pb_job_abort(request, job, /*reason*/ NULL, "The job has no documents.");
  return pb_job_offer(request, job);
}

// Has a device begun to print it?  Then it must stop first.
static bool
is_on_device(const struct pb_job *job)
{
  return job->device_uuid[0] &&
         (job->device_state == IPP_JSTATE_PROCESSING || job->device_state == IPP_JSTATE_STOPPED);
}

bool
pb_job_cancel(struct pb_request *request, struct pb_job *job)
{
  bool        is_running = is_on_device(job);
  const char *reason     = "job-canceled-by-operator";

  if (pb_text_is_equal(job->owner, request->principal.name))
    reason = "job-canceled-by-user";
  if (pb_job_is_ended(job->status.state) || pb_job_is_canceling(&job->status))
    return pb_request_refuse(
      request, IPP_STATUS_ERROR_NOT_POSSIBLE, "job %d is %s already", job->id,
      pb_job_is_ended(job->status.state) ? ippEnumString("job-state", job->status.state)
                                         : "being canceled");
  (void)pb_reasons_add(job->status.reasons, reason);
  return pb_job_move(request, job, is_running ? PB_JOB_CANCEL_RUNNING : PB_JOB_CANCEL);
}
