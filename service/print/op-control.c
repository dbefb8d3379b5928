// op-control - Cancel-Job, Cancel-Jobs, Cancel-My-Jobs, Hold-Job, Release-Job, Set-Job-Attributes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "ipp/attributes.h"
#include "print/job-change.h"
#include "print/job-hold.h"
#include "print/job-password.h"
#include "print/operations.h"
#include "print/print-private.h"

enum
{
  IDS_MAX = 1000,  // jobs that one request names
  AT_ONCE = 100    // of all jobs: nobody else gets at the database meanwhile
};

static const ipp_tag_t OP = IPP_TAG_OPERATION;

bool
pb_op_cancel_job(struct pb_request *request)
{
  return pb_job_cancel(request, &request->job);
}

// --- several

// One of many: what cannot be canceled is named in the unsupported group, and nothing is canceled
// then (PWG 5100.11).
static bool
check_cancelable(struct pb_request *request, int id, const char *owner)
{
  bool          ok       = false;
  const char   *asserted = owner ? pb_request_get_asserted(request) : NULL;
  struct pb_job job;

  if (!pb_job_load(request->print->db, id, &job, /*err*/ NULL))
    return false;
  ok = job.printer_id == request->printer.id && pb_request_may_touch(request, &job) &&
       (!owner || pb_text_is_equal(job.owner, owner)) &&
       (!asserted || pb_text_is_equal(job.asserted_user, asserted)) &&
       !pb_job_is_ended(job.status.state);
  pb_job_clear(&job);
  return ok;
}

static bool
cancel_one(struct pb_request *request, int id)
{
  bool          ok  = true;
  pb_error_t    err = {0};
  struct pb_job job;

  if (!pb_job_load(request->print->db, id, &job, &err))
    return pb_request_fail(request, &err);
  // It may have been named twice.
  if (!pb_job_is_canceling(&job.status) && !pb_job_is_ended(job.status.state))
    ok = pb_job_cancel(request, &job);
  pb_job_clear(&job);
  return ok;
}

static bool
cancel_named(struct pb_request *request, ipp_attribute_t *ids, const char *owner)
{
  bool             ok  = true;
  ipp_attribute_t *bad = NULL;

  // Each is looked at twice while nobody else gets at the database.
  if (ippGetCount(ids) > IDS_MAX)
    return pb_request_refuse(request, IPP_STATUS_ERROR_REQUEST_VALUE, "job-ids names more than %d",
                             IDS_MAX);
  for (int i = 0; i < ippGetCount(ids); i++)
  {
    if (check_cancelable(request, ippGetInteger(ids, i), owner))
      continue;
    if (!bad)
    {
      pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                        "some of the jobs cannot be canceled");
      bad = ippAddInteger(request->response, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_INTEGER, "job-ids",
                          ippGetInteger(ids, i));
    }
    else
      ippSetInteger(request->response, &bad, ippGetCount(bad), ippGetInteger(ids, i));
  }
  for (int i = 0; !bad && ok && i < ippGetCount(ids); i++)
    ok = cancel_one(request, ippGetInteger(ids, i));
  return ok && !bad;
}

static bool
cancel_all(struct pb_request *request, const char *owner)
{
  bool                ok    = true;
  pb_error_t          err   = {0};
  int                *ids   = NULL;
  size_t              count = 0;
  struct pb_job_query query = {
    .printer_id = request->printer.id, .owner = owner, .is_not_ended = true, .limit = AT_ONCE};

  if (owner)
    query.asserted_user = pb_request_get_asserted(request);
  // Those that come while the parts are done are not meant.
  if (request->newest_job == 0 &&
      !pb_job_find_newest(request->print->db, &request->newest_job, &err))
    return pb_request_fail(request, &err);
  query.cancelable_to = request->newest_job;
  if (!pb_job_list(request->print->db, &query, &ids, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; ok && i < count; i++)
    ok = cancel_one(request, ids[i]);
  free(ids);
  if (ok && count == AT_ONCE)
    request->answer = PB_ANSWER_AGAIN;
  return ok;
}

static bool
cancel_many(struct pb_request *request, const char *owner)
{
  ipp_attribute_t *ids = pb_ipp_find(request->ipp, OP, "job-ids", IPP_TAG_INTEGER);

  return ids ? cancel_named(request, ids, owner) : cancel_all(request, owner);
}

bool
pb_op_cancel_jobs(struct pb_request *request)
{
  return cancel_many(request, /*owner*/ NULL);
}

bool
pb_op_cancel_my_jobs(struct pb_request *request)
{
  return cancel_many(request, request->principal.name);
}

// --- holding

bool
pb_op_hold_job(struct pb_request *request)
{
  int64_t until_ms = 0;

  if (!pb_job_read_hold(request, request->ipp, OP, &until_ms))
    return false;
  if (!pb_ipp_find(request->ipp, OP, "job-hold-until", IPP_TAG_ZERO) &&
      !pb_ipp_find(request->ipp, OP, "job-hold-until-time", IPP_TAG_ZERO))
    until_ms = PB_HOLD_FOREVER;
  return pb_job_change_hold(request, &request->job, OP, until_ms);
}

// PWG 5100.18 s8.7: from now on the others may not have it.  A connector speaks of its own device
// always, and means nothing by it.
static bool
keep_for(struct pb_request *request, const struct pb_device *device)
{
  pb_error_t err = {0};

  if (!device || pb_request_is_proxy(request))
    return true;
  pb_text_copy(request->job.device_uuid, sizeof(request->job.device_uuid), device->uuid);
  return pb_job_save(request->print->db, &request->job, &err) || pb_request_fail(request, &err);
}

// Whoever knows the PIN; what else holds the job is its owner's to say.
static bool
release_with_pin(struct pb_request *request, const struct pb_device *device)
{
  bool           is_right = false;
  pb_error_t     err      = {0};
  struct pb_job *job      = &request->job;

  if (!pb_job_password_try(request, job, &is_right))
    return false;
  if (is_right)
  {
    pb_job_drop_password(job);
    pb_reasons_remove(job->status.reasons, PB_REASON_PASSWORD_WAIT);
  }
  // A wrong PIN is refused, and its count stays.
  if (!is_right || (pb_request_is_proxy(request) && job->hold_until_ms != 0))
    return pb_job_save(request->print->db, job, &err) || pb_request_fail(request, &err);
  return pb_job_end_hold(request, job) && keep_for(request, device);
}

bool
pb_op_release_job(struct pb_request *request)
{
  const char       *uuid   = pb_ipp_text(request->ipp, OP, "output-device-uuid");
  struct pb_device *device = uuid ? pb_printer_find_device(&request->printer, uuid) : NULL;
  struct pb_job    *job    = &request->job;

  if (uuid && !device)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND,
                             "the output device is not this printer's");
  if (job->status.state != IPP_JSTATE_HELD)  // RFC 8011 table 6: no effect on one that is under way
    return job->status.state < IPP_JSTATE_CANCELED ||
           pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE, "job %d is %s", job->id,
                             ippEnumString("job-state", job->status.state));
  if (pb_reasons_has(job->status.reasons, PB_REASON_PASSWORD_WAIT))
    return release_with_pin(request, device);
  if (pb_request_is_proxy(request))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED,
                             "job %d is held for its owner to release", job->id);
  return pb_job_change_hold(request, job, IPP_TAG_ZERO, /*until_ms*/ 0) &&
         keep_for(request, device);
}

// --- Set-Job-Attributes: job-hold-until, job-name, job-priority

static bool
set_hold(struct pb_request *request)
{
  int64_t until_ms = 0;

  return pb_job_read_hold(request, request->ipp, IPP_TAG_JOB, &until_ms) &&
         pb_job_change_hold(request, &request->job, IPP_TAG_JOB, until_ms);
}

static bool
set_priority(struct pb_request *request, ipp_attribute_t *at)
{
  struct pb_job *job = &request->job;

  job->priority = ippGetInteger(at, 0);
  ippDeleteAttribute(job->ticket, ippFindAttribute(job->ticket, "job-priority", IPP_TAG_ZERO));
  return pb_attributes_copy_one(at, job->ticket, IPP_TAG_JOB) ||
         pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
}

static bool
set_one(struct pb_request *request, ipp_attribute_t *at)
{
  struct pb_job *job  = &request->job;
  const char    *name = ippGetName(at);
  const char    *text = ippGetString(at, 0, /*language*/ NULL);

  if (strcmp(name, "job-name") == 0 && text && pb_text_is_printable(text))
    return pb_text_copy(job->name, sizeof(job->name), text) || true;
  if (strcmp(name, "job-priority") == 0 && ippGetValueTag(at) == IPP_TAG_INTEGER &&
      ippGetInteger(at, 0) >= 1 && ippGetInteger(at, 0) <= 100)
    return set_priority(request, at);
  pb_request_refuse(request, IPP_STATUS_ERROR_ATTRIBUTES_NOT_SETTABLE, "%s cannot be set to that",
                    name);
  ippAddOutOfBand(request->response, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_NOTSETTABLE, name);
  return false;
}

// Both names of a hold are looked at together, and that moves the message's cursor: at the end.
static bool
set_each(struct pb_request *request, int *count_out)
{
  bool ok       = true;
  bool has_hold = false;

  *count_out = 0;
  for (ipp_attribute_t *at = ippFirstAttribute(request->ipp); ok && at;
       at                  = ippNextAttribute(request->ipp))
  {
    const char *name = ippGetName(at);

    if (ippGetGroupTag(at) != IPP_TAG_JOB || !name)
      continue;
    ++*count_out;
    if (strcmp(name, "job-hold-until") == 0 || strcmp(name, "job-hold-until-time") == 0)
      has_hold = true;
    else
      ok = set_one(request, at);
  }
  return ok && (!has_hold || set_hold(request));
}

bool
pb_op_set_job_attributes(struct pb_request *request)
{
  int            count = 0;
  pb_error_t     err   = {0};
  struct pb_job *job   = &request->job;

  if (pb_job_is_ended(job->status.state))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE, "job %d has ended", job->id);
  if (!set_each(request, &count))
    return false;
  if (count == 0)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST, "there is nothing to set");
  if (!pb_job_save(request->print->db, job, &err) ||
      !pb_job_save_ticket(request->print->db, job, &err))
    return pb_request_fail(request, &err);
  return pb_job_raise(request, PB_EVENT_JOB_CONFIG_CHANGED, job);
}
