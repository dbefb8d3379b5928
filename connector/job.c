// job - one cloud job on its way through the connector: its life, and which step is next.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "cloud/client.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_PER_RUN 20  // then others get the worker
#define RETRY_MIN_MS 200
#define RETRY_BASE_MS 500
#define RETRY_CAP_MS (30 * 1000)
#define AUTH_FAILURES_MAX 20  // reports that the service will not have: then the job is let go

static const pb_job_step_t steps[PB_JOB_STATES] = {
  [PB_JOB_DISCOVERED] = pb_job_step_fetch, [PB_JOB_FETCHED] = pb_job_step_acknowledge,
  [PB_JOB_REFUSING] = pb_job_step_refuse,  [PB_JOB_ACKNOWLEDGED] = pb_job_step_create,
  [PB_JOB_CREATED] = pb_job_step_submit,   [PB_JOB_SUBMITTED] = pb_job_step_watch,
  [PB_JOB_PRINTING] = pb_job_step_watch,   [PB_JOB_ENDING] = pb_job_step_report,
};

void
pb_job_log(const pb_job_t *job, enum pb_log_level level, const char *format, ...)
{
  pb_log_ctx_t ctx = {.printer = job->record.queue, .job_id = job->record.cloud_job};
  char         line[PB_LOG_LINE_SIZE];
  va_list      args;

  if (!pb_log_is_on(level))
    return;
  va_start(args, format);
  vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  pb_log(&ctx, level, "%s", line);
}

pb_job_t *
pb_job_new(const struct pb_outside *outside, pb_journal_t *journal, const char *device_uuid,
           const char *queue, const char *printer_uri, int cloud_job)
{
  pb_job_t *job = calloc(1, sizeof(*job));

  if (job == NULL)
    return NULL;
  job->outside          = outside;
  job->journal          = journal;
  job->record.cloud_job = cloud_job;
  pb_text_copy(job->record.device_uuid, sizeof(job->record.device_uuid), device_uuid);
  pb_text_copy(job->record.queue, sizeof(job->record.queue), queue);
  pb_text_copy(job->record.printer_uri, sizeof(job->record.printer_uri), printer_uri);
  return job;
}

pb_job_t *
pb_job_new_journaled(const struct pb_outside *outside, pb_journal_t *journal,
                     pb_journal_job_t *record)
{
  pb_job_t  *job = calloc(1, sizeof(*job));
  pb_error_t err = {0};

  if (job == NULL)
    return NULL;
  job->outside     = outside;
  job->journal     = journal;
  job->record      = *record;
  *record          = (pb_journal_job_t){0};
  job->shown_state = job->record.state;
  job->shown_local = job->record.local_job;

  job->is_journaled = true;
  atomic_store(&job->is_cancel_asked, job->record.is_cancel_asked);
  atomic_store(&job->hold, (int)job->record.hold);
  job->is_shown_held = job->record.hold == PB_HOLD_HELD;
  if (job->is_shown_held)
    pb_job_format_hold(&job->record, job->shown_trouble, sizeof(job->shown_trouble));
  if (job->record.ticket == NULL ||
      pb_ipp_parse(job->record.ticket, job->record.ticket_size, &job->options, &err))
    return job;
  if (err.kind == PB_RETRY)
  {
    pb_job_free(job);
    return NULL;
  }
  pb_job_log(
    job, PB_LOG_ERROR,
    "its ticket in the journal cannot be read (%s); it is printed with the queue's defaults",
    err.message);
  return job;
}

void
pb_job_free(pb_job_t *job)
{
  if (job == NULL)
    return;
  pb_job_withdraw_documents(job);
  ippDelete(job->options);
  pb_journal_job_clear(&job->record);
  free(job);
}

bool
pb_job_move(pb_job_t *job, enum pb_job_move move, const char *hop, pb_error_t *err)
{
  enum pb_job_state before = job->record.state;
  enum pb_job_state next   = before;

  if (!pb_job_state_next(before, move, &next))
    return pb_error_set(err, PB_BUG, "job %d: no move %s from %s", job->record.cloud_job,
                        pb_job_move_name(move), pb_job_state_name(before));
  job->record.state = next;
  PB_FAULT_OF("connector.move", pb_job_move_name(move), "before");
  // A job that another device took before it was in the journal leaves nothing behind.
  if ((job->record.id != 0 || next != PB_JOB_FORGOTTEN) &&
      !pb_journal_save_all(job->journal, &job->record, hop, err))
  {
    job->record.state = before;
    return false;
  }
  PB_FAULT_OF("connector.move", pb_job_move_name(move), "after");
  pb_job_log(job, next == PB_JOB_FORGOTTEN ? PB_LOG_DEBUG : PB_LOG_INFO, "%s",
             hop != NULL ? hop : pb_job_state_name(next));
  job->outside->moved(job->outside->user, job);
  return true;
}

const char *
pb_job_outcome_name(int outcome)
{
  return outcome == IPP_JSTATE_COMPLETED  ? "completed"
         : outcome == IPP_JSTATE_CANCELED ? "canceled"
                                          : "aborted";
}

bool
pb_job_end(pb_job_t *job, int outcome, const char *reason, const char *message, pb_error_t *err)
{
  char hop[400];

  job->record.outcome = outcome;
  pb_text_copy(job->record.reasons, sizeof(job->record.reasons), reason);
  pb_text_copy(job->record.message, sizeof(job->record.message), message);
  if (message != NULL && message[0] != '\0' && outcome != IPP_JSTATE_COMPLETED)
    pb_text_format(hop, sizeof(hop), "%s: %s", pb_job_outcome_name(outcome), message);
  else
    pb_text_format(hop, sizeof(hop), "%s", pb_job_outcome_name(outcome));
  return pb_job_move(job, PB_JOB_ENDED, hop, err);
}

bool
pb_job_end_as_asked(pb_job_t *job, pb_error_t *err)
{
  if (atomic_load(&job->is_aborted_there))
    return pb_job_end(job, IPP_JSTATE_ABORTED, "aborted-by-system", "the service has given it up",
                      err);
  return pb_job_end(job, IPP_JSTATE_CANCELED, "job-canceled-by-user", "", err);
}

ipp_t *
pb_job_new_request(const pb_job_t *job, ipp_op_t operation)
{
  ipp_t *request = pb_ipp_new_request(operation, job->record.printer_uri, "printbridge");

  if (request == NULL)
    return NULL;
  ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", job->record.cloud_job);
  ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", /*language*/ NULL,
               job->record.device_uuid);
  return request;
}

bool
pb_job_call(pb_job_t *job, ipp_t *request, ipp_t **response_out, pb_error_t *err)
{
  const char *operation = request != NULL ? ippOpString(ippGetOperation(request)) : "";
  ipp_t      *response  = NULL;
  bool        ok        = false;

  if (response_out != NULL)
    *response_out = NULL;
  if (request == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  if (!job->outside->request(job->outside->user, job->record.printer_uri, request, &response, err))
  {
    // Only an answer decides anything: a proxy's page or a certificate that has expired is no
    // refusal.
    if (err->kind != PB_AUTH)
      err->kind = PB_RETRY;
    return false;
  }
  ok = pb_cloud_check_status(/*request*/ NULL, response, operation, err);
  if (ok && response_out != NULL)
  {
    *response_out = response;
    response      = NULL;
  }
  ippDelete(response);
  return ok;
}

void
pb_job_format_local_id(const pb_job_t *job, char id[PB_LOCAL_ID_SIZE])
{
  if (job->record.attempt == 0)
    pb_text_copy(id, PB_LOCAL_ID_SIZE, job->record.job_uuid);
  else
    pb_text_format(id, PB_LOCAL_ID_SIZE, "%s.%d", job->record.job_uuid, job->record.attempt);
}

// The service has taken the job away: nothing is to be reported, but nothing of it may be printed
// either.
static bool
let_go(pb_job_t *job, pb_cups_t *cups, pb_error_t *err)
{
  if (job->record.state == PB_JOB_FETCHED || job->record.state == PB_JOB_DISCOVERED ||
      job->record.state == PB_JOB_REFUSING)
    return pb_job_move(job, PB_JOB_TAKEN, "taken back by the service", err);
  if (job->record.local_job != 0 &&
      !job->outside->cancel_job(cups, job->record.queue, job->record.local_job, err) &&
      err->kind == PB_RETRY)
    return false;
  if (job->record.state != PB_JOB_ENDING &&
      !pb_job_end(job, IPP_JSTATE_CANCELED, "job-canceled-by-user",
                  "the service has taken this job back", err))
    return false;
  return pb_job_move(job, PB_JOB_REPORTED, NULL, err);
}

// What cannot be done, ever, ends the job; it must not stand in the way of others.
static bool
give_up(pb_job_t *job, const pb_error_t *why, pb_error_t *err)
{
  pb_job_log(job, PB_LOG_ERROR, "given up: %s", why->message);
  switch (job->record.state)
  {
    case PB_JOB_DISCOVERED:
    case PB_JOB_REFUSING:
      return pb_job_move(job, PB_JOB_TAKEN, why->message, err);
    case PB_JOB_ENDING:
      return pb_job_move(job, PB_JOB_REPORTED, why->message, err);
    default:
      return pb_job_end(job, IPP_JSTATE_ABORTED, "aborted-by-system", why->message, err);
  }
}

// What is not ours yet stays at the service until rights that were taken are given back.
static bool
is_worth_retrying(const pb_job_t *job, const pb_error_t *why)
{
  return why->kind == PB_RETRY ||
         (why->kind == PB_AUTH &&
          (job->failures < AUTH_FAILURES_MAX || !pb_job_state_is_assigned(job->record.state)));
}

static int64_t
fail(pb_job_t *job, const pb_error_t *why)
{
  pb_error_t err = {0};

  // Not the job's fault: the connector begins anew.
  if (pb_journal_is_damaged(job->journal))
    return RETRY_CAP_MS;
  job->trouble = *why;
  job->failures++;
  job->outside->moved(job->outside->user, job);
  if (is_worth_retrying(job, why))
  {
    pb_job_log(job, job->failures == 1 ? PB_LOG_WARN : PB_LOG_DEBUG, "%s: tried again later: %s",
               pb_job_state_name(job->record.state), why->message);
    return pb_clock_backoff_ms(job->failures, RETRY_MIN_MS, RETRY_BASE_MS, RETRY_CAP_MS);
  }
  if (!give_up(job, why, &err))
    return RETRY_CAP_MS;
  return 0;
}

int64_t
pb_job_run(pb_job_t *job, pb_cups_t *cups)
{
  for (int i = 0; i < STEPS_PER_RUN; i++)
  {
    pb_error_t err     = {0};
    int64_t    wait_ms = 0;
    bool       ok      = false;

    if (pb_job_state_is_ended(job->record.state))
      return PB_TASK_END;
    if (atomic_load(&job->is_dropped))
      ok = let_go(job, cups, &err);
    else
      ok = steps[job->record.state](job, cups, &wait_ms, &err);
    if (!ok)
      wait_ms = fail(job, &err);
    else if (job->failures > 0)
    {
      job->failures = 0;
      pb_error_clear(&job->trouble);
      job->outside->moved(job->outside->user, job);
    }
    if (wait_ms != 0)
      return wait_ms;
  }
  return 0;
}
