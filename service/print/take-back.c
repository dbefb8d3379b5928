// take-back - jobs of a device that stays away or was removed.
// A job goes to another device by itself only when this one has asked for no document of it:
// without that it cannot have printed anything, and from here on it gets none.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/take-back.h"

#include <stdlib.h>
#include <string.h>

#include "print/hold-time.h"
#include "print/job-change.h"
#include "print/print-private.h"

enum pb_fate
pb_job_find_fate(enum pb_gone why, enum pb_progress progress)
{
  static const enum pb_fate fates[][PB_PROGRESSES] = {
  // nothing          begun           has all          completed
    [PB_GONE_AWAY]    = {PB_FATE_OFFER, PB_FATE_HOLD, PB_FATE_HOLD,  PB_FATE_COMPLETE},
    [PB_GONE_REMOVED] = {PB_FATE_OFFER, PB_FATE_HOLD, PB_FATE_ABORT, PB_FATE_COMPLETE},
  };

  return fates[why][progress];
}

static enum pb_progress
find_progress(const struct pb_job *job, const struct pb_document *documents, size_t count)
{
  bool is_begun = job->device_state >= IPP_JSTATE_PROCESSING || job->impressions_completed > 0;
  bool has_all = false, is_completed = count > 0;

  for (size_t i = 0; i < count; i++)
  {
    is_begun |= documents[i].is_fetched || documents[i].device_state > IPP_DSTATE_PENDING;
    has_all |= !pb_reasons_has(documents[i].reasons, "document-fetchable") &&
               documents[i].state != IPP_DSTATE_PENDING;
    is_completed &= documents[i].device_state == IPP_DSTATE_COMPLETED;
  }
  return is_completed ? PB_PROGRESS_COMPLETED
         : has_all    ? PB_PROGRESS_HAS_ALL
         : is_begun   ? PB_PROGRESS_BEGUN
                      : PB_PROGRESS_NONE;
}

static bool
load_progress(struct pb_request *request, const struct pb_job *job, enum pb_progress *progress_out)
{
  pb_error_t          err       = {0};
  size_t              count     = 0;
  struct pb_document *documents = NULL;

  if (!pb_document_list(request->print->db, job->id, &documents, &count, &err))
    return pb_request_fail(request, &err);
  *progress_out = find_progress(job, documents, count);
  free(documents);
  return true;
}

// --- the device is gone

static void
format_message(const struct pb_job *job, const struct pb_device *from, enum pb_gone why,
               enum pb_progress progress, char *dst, size_t size)
{
  char far[80] = "how much of it came out is not known";

  if (job->impressions_completed > 0)
    pb_text_format(far, sizeof(far), "%d pages were counted as printed",
                   job->impressions_completed);
  else if (progress == PB_PROGRESS_HAS_ALL)
    pb_text_copy(far, sizeof(far), "its printer has had all of it");
  pb_text_format(
    dst, size,
    "Held: %.60s %s after it had begun this job; %s. Look at the printer, then release "
    "the job to print it again, or cancel it.",
    from->host[0] ? from->host : "the print server",
    why == PB_GONE_AWAY ? "has stayed away" : "was taken away", far);
}

static bool
reset_documents(struct pb_request *request, const struct pb_job *job)
{
  bool                ok        = true;
  pb_error_t          err       = {0};
  size_t              count     = 0;
  struct pb_document *documents = NULL;

  if (!pb_document_list(request->print->db, job->id, &documents, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; ok && i < count; i++)
  {
    struct pb_document *document = &documents[i];

    document->is_fetched            = false;
    document->state                 = IPP_DSTATE_PENDING;
    document->device_state          = 0;
    document->device_reasons[0]     = '\0';
    document->device_message[0]     = '\0';
    document->impressions_completed = 0;
    document->processing_ms         = 0;
    document->completed_ms          = 0;
    ok = pb_document_save(request->print->db, document, &err) || pb_request_fail(request, &err);
  }
  free(documents);
  return ok;
}

// How far it got stays.
static void
unassign(struct pb_job *job)
{
  job->device_uuid[0]    = '\0';
  job->device_state      = 0;
  job->device_reasons[0] = '\0';
  job->device_message[0] = '\0';
}

bool
pb_job_begin_anew(struct pb_request *request, struct pb_job *job)
{
  unassign(job);
  job->impressions_completed = 0;
  job->k_octets              = 0;
  job->sheets                = 0;
  job->pages                 = 0;
  job->lost_uuid[0]          = '\0';
  job->message[0]            = '\0';
  job->offers++;
  return reset_documents(request, job);
}

// One that is being canceled ends by that.
static bool
offer_anew(struct pb_request *request, struct pb_job *job)
{
  return pb_job_begin_anew(request, job) && pb_job_move(request, job, PB_JOB_UNASSIGN) &&
         (pb_job_is_ended(job->status.state) || job->is_open || pb_job_offer(request, job));
}

static bool
withhold(struct pb_request *request, struct pb_job *job, const struct pb_device *from,
         enum pb_gone why, enum pb_progress progress)
{
  if (!pb_job_is_canceling(&job->status))
    format_message(job, from, why, progress, job->message, sizeof(job->message));
  unassign(job);
  job->hold_until_ms = PB_HOLD_FOREVER;
  pb_text_copy(job->lost_uuid, sizeof(job->lost_uuid), why == PB_GONE_AWAY ? from->uuid : "");
  return pb_job_move(request, job, PB_JOB_WITHHOLD);
}

// An operator wished that device to have it (Release-Job), and it has not acknowledged it yet.
static bool
offer_to_all(struct pb_request *request, struct pb_job *job)
{
  pb_error_t err = {0};

  job->device_uuid[0] = '\0';
  if (!pb_job_save(request->print->db, job, &err))
    return pb_request_fail(request, &err);
  return !pb_reasons_has(job->status.reasons, "job-fetchable") ||
         pb_job_raise(request, PB_EVENT_JOB_FETCHABLE, job);
}

bool
pb_job_take_back(struct pb_request *request, struct pb_job *job, const struct pb_device *from,
                 enum pb_gone why)
{
  enum pb_progress progress = PB_PROGRESS_NONE;

  if (job->status.state != IPP_JSTATE_PROCESSING && job->status.state != IPP_JSTATE_STOPPED)
    return offer_to_all(request, job);
  if (!load_progress(request, job, &progress))
    return false;
  switch (pb_job_find_fate(why, progress))
  {
    case PB_FATE_OFFER:
      return offer_anew(request, job);
    case PB_FATE_COMPLETE:
      return pb_job_move(request, job, PB_JOB_DEVICE_COMPLETED);
    case PB_FATE_ABORT:
      return pb_job_abort(request, job, /*reason*/ NULL,
                          "The printer was taken away while the job was printing.");
    default:
      return withhold(request, job, from, why, progress);
  }
}

static bool
for_each_job(struct pb_request *request, const struct pb_job_query *query,
             bool (*visit)(struct pb_request *, struct pb_job *, const struct pb_device *),
             const struct pb_device *device)
{
  bool       ok    = true;
  pb_error_t err   = {0};
  int       *ids   = NULL;
  size_t     count = 0;

  if (!pb_job_list(request->print->db, query, &ids, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; ok && i < count; i++)
  {
    struct pb_job job;

    ok = pb_job_load(request->print->db, ids[i], &job, &err) ? visit(request, &job, device)
                                                             : pb_request_fail(request, &err);
    pb_job_clear(&job);
  }
  free(ids);
  return ok;
}

static bool
take_back_removed(struct pb_request *request, struct pb_job *job, const struct pb_device *from)
{
  return pb_job_take_back(request, job, from, PB_GONE_REMOVED);
}

bool
pb_jobs_take_back(struct pb_request *request, const struct pb_device *from)
{
  struct pb_job_query query = {
    .printer_id = from->printer_id, .device_uuid = from->uuid, .is_not_ended = true};

  return for_each_job(request, &query, take_back_removed, from);
}

// --- the device is back

bool
pb_job_is_withheld(const struct pb_job *job)
{
  return job->status.state == IPP_JSTATE_HELD &&
         pb_reasons_has(job->status.reasons, "job-suspended-by-system");
}

bool
pb_job_give_back(struct pb_request *request, struct pb_job *job)
{
  if (!pb_job_is_withheld(job) || !job->lost_uuid[0] ||
      !pb_text_is_equal_nocase(job->lost_uuid, request->device->uuid))
    return true;
  pb_text_copy(job->device_uuid, sizeof(job->device_uuid), request->device->uuid);
  job->lost_uuid[0]  = '\0';
  job->message[0]    = '\0';
  job->hold_until_ms = 0;
  return pb_job_move(request, job, PB_JOB_RETURN);
}

// --- nobody wants it

bool
pb_job_has_refused(const struct pb_job *job, const struct pb_device *device)
{
  return strstr(job->refused_by, device->uuid) != NULL;
}

static bool
is_wanted(const struct pb_job *job, const struct pb_printer *printer)
{
  for (size_t i = 0; i < printer->devices_count; i++)
  {
    if (!pb_job_has_refused(job, &printer->devices[i]))
      return true;
  }
  return false;
}

bool
pb_job_pass_on(struct pb_request *request, struct pb_job *job, bool *is_passed_out)
{
  pb_error_t err   = {0};
  size_t     used  = strlen(job->refused_by);
  bool       is_in = pb_job_has_refused(job, request->device);

  *is_passed_out = false;
  if (!is_in && !pb_text_format(job->refused_by + used, sizeof(job->refused_by) - used, "%s%s",
                                used > 0 ? "," : "", request->device->uuid))
    return true;
  if (!is_wanted(job, &request->printer))
    return true;
  *is_passed_out = true;
  if (job->status.state == IPP_JSTATE_PROCESSING || job->status.state == IPP_JSTATE_STOPPED)
    return offer_anew(request, job);
  job->device_uuid[0] = '\0';
  return pb_job_save(request->print->db, job, &err) || pb_request_fail(request, &err);
}

static bool
abort_unwanted(struct pb_request *request, struct pb_job *job, const struct pb_device *device)
{
  (void)device;
  if (!job->refused_by[0] || is_wanted(job, &request->printer))
    return true;
  return pb_job_abort(request, job, /*reason*/ NULL, "The printer refused the job.");
}

bool
pb_jobs_abort_unwanted(struct pb_request *request)
{
  struct pb_job_query query = {.printer_id = request->printer.id, .is_fetchable = true};

  return request->printer.devices_count == 0 ||
         for_each_job(request, &query, abort_unwanted, /*device*/ NULL);
}
