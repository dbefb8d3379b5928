// job-hold - a job that waits for its time or for somebody.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/job-hold.h"

#include <string.h>

#include "ipp/attributes.h"
#include "print/job-change.h"
#include "print/job-password.h"
#include "print/print-private.h"
#include "print/take-back.h"
#include "print/ticket.h"

#define REASON "job-hold-until-specified"

static const char *const names[] = {"job-hold-until", "job-hold-until-time"};
#define NAMES_COUNT (sizeof(names) / sizeof(names[0]))

static bool
refuse(struct pb_request *request, ipp_attribute_t *at, ipp_status_t status, const char *why)
{
  pb_request_refuse(request, status, "%s", why);
  pb_job_ticket_add_unsupported(request, at, /*is_name*/ false);
  return false;
}

bool
pb_job_read_hold(struct pb_request *request, ipp_t *ipp, ipp_tag_t group, int64_t *until_ms_out)
{
  ipp_attribute_t *keyword = pb_ipp_find(ipp, group, names[0], IPP_TAG_ZERO);
  ipp_attribute_t *date    = pb_ipp_find(ipp, group, names[1], IPP_TAG_DATE);
  const char      *text    = keyword ? ippGetString(keyword, 0, /*language*/ NULL) : NULL;

  *until_ms_out = 0;
  if (keyword && date)
    return refuse(request, date, IPP_STATUS_ERROR_CONFLICTING,
                  "job-hold-until or job-hold-until-time, not both");
  if (keyword && (!text || !pb_hold_find_end(text, request->now_ms, until_ms_out)))
    return refuse(request, keyword, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,
                  "that job-hold-until is not supported");
  if (date)
    *until_ms_out = (int64_t)ippDateToTime(ippGetDate(date, 0)) * 1000;
  if (*until_ms_out <= request->now_ms)
    *until_ms_out = 0;
  return true;
}

bool
pb_job_begin_hold(struct pb_request *request, struct pb_job *job)
{
  if (!pb_job_read_hold(request, job->ticket, IPP_TAG_JOB, &job->hold_until_ms))
    return false;
  if (job->hold_until_ms == 0)
    return true;
  (void)pb_job_apply(&job->status, PB_JOB_HOLD, request->now_ms);
  (void)pb_reasons_add(job->status.reasons, REASON);
  return true;
}

// The ticket says what holds now.  IPP_TAG_ZERO: nothing does.
static bool
note_in_ticket(struct pb_request *request, struct pb_job *job, ipp_tag_t group)
{
  pb_error_t err = {0};

  for (size_t i = 0; i < NAMES_COUNT; i++)
  {
    ipp_attribute_t *said =
      group == IPP_TAG_ZERO ? NULL : pb_ipp_find(request->ipp, group, names[i], IPP_TAG_ZERO);

    ippDeleteAttribute(job->ticket, ippFindAttribute(job->ticket, names[i], IPP_TAG_ZERO));
    if (said && !pb_attributes_copy_one(said, job->ticket, IPP_TAG_JOB))
      return pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  }
  return pb_job_save_ticket(request->print->db, job, &err) || pb_request_fail(request, &err);
}

bool
pb_job_change_hold(struct pb_request *request, struct pb_job *job, ipp_tag_t group,
                   int64_t until_ms)
{
  if (job->device_uuid[0] || job->status.state > IPP_JSTATE_HELD)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE, "job %d is %s", job->id,
                             ippEnumString("job-state", job->status.state));
  if (!note_in_ticket(request, job, group))
    return false;
  if (until_ms == 0)
    return job->status.state == IPP_JSTATE_PENDING || pb_job_end_hold(request, job);
  job->hold_until_ms = until_ms;
  (void)pb_reasons_add(job->status.reasons, REASON);
  return pb_job_move(request, job, PB_JOB_HOLD);
}

bool
pb_job_end_hold(struct pb_request *request, struct pb_job *job)
{
  pb_error_t err = {0};

  job->hold_until_ms = 0;
  if (pb_reasons_has(job->status.reasons, PB_REASON_PASSWORD_WAIT))
  {
    pb_reasons_remove(job->status.reasons, REASON);
    // Its PIN is what it waits for from now on.
    if (!job->is_open)
      job->activity_ms = request->now_ms;
    return pb_job_save(request->print->db, job, &err) || pb_request_fail(request, &err);
  }
  if (pb_job_is_withheld(job) && !pb_job_begin_anew(request, job))
    return false;
  if (!pb_job_move(request, job, PB_JOB_RELEASE))
    return false;
  // An open job is offered when its last document has come.
  return job->is_open || job->is_incoming || pb_job_offer(request, job);
}
