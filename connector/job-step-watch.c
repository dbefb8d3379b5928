// job-step-watch - the step that follows the local job to its true end, tells the service how far
// it is, and brings a cancellation from either side to the other.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include <string.h>

#define STOPPED_GRACE_MS                                                                           \
  3000  // CUPS stops a job for good when a filter fails; a shorter stop is none
#define ENDED_GRACE_MS 3000  // what a filter says at its end is taken by another thread
#define SOON_MS 200

// --- what the service is told meanwhile

static void
add_reasons(ipp_t *request, ipp_tag_t group, const char *name, const char *reasons)
{
  char        copy[512];
  const char *values[16];
  int         count = 0;
  char       *rest  = NULL;

  pb_text_copy(copy, sizeof(copy), reasons);
  for (char *at = strtok_r(copy, ",", &rest); at != NULL && count < 16;
       at       = strtok_r(NULL, ",", &rest))
    values[count++] = at;
  if (count == 0)
    values[count++] = "none";
  ippAddStrings(request, group, IPP_TAG_KEYWORD, name, count, /*language*/ NULL, values);
}

ipp_t *
pb_job_new_status(const pb_job_t *job, int state, const char *reasons, const char *message)
{
  ipp_t *request = pb_job_new_request(job, IPP_OP_UPDATE_JOB_STATUS);

  if (request == NULL)
    return NULL;
  ippAddInteger(request, IPP_TAG_JOB, IPP_TAG_ENUM, "output-device-job-state", state);
  add_reasons(request, IPP_TAG_JOB, "output-device-job-state-reasons", reasons);
  if (message[0] != '\0')
    ippAddString(request, IPP_TAG_JOB, IPP_TAG_TEXT, "output-device-job-state-message",
                 /*language*/ NULL, message);
  ippAddInteger(request, IPP_TAG_JOB, IPP_TAG_INTEGER, "job-impressions-completed",
                job->record.impressions);
  return request;
}

ipp_t *
pb_job_new_document_status(const pb_job_t *job, int number, int state, int impressions)
{
  ipp_t *request = pb_job_new_request(job, IPP_OP_UPDATE_DOCUMENT_STATUS);

  if (request == NULL)
    return NULL;
  ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "document-number", number);
  ippAddInteger(request, IPP_TAG_DOCUMENT, IPP_TAG_ENUM, "output-device-document-state", state);
  if (impressions >= 0)
    ippAddInteger(request, IPP_TAG_DOCUMENT, IPP_TAG_INTEGER, "impressions-completed", impressions);
  return request;
}

// Progress is told as well as can be: what fails now is told with the next change, the end is told
// for certain.
static void
tell_progress(pb_job_t *job, const struct pb_cups_job_state *local)
{
  pb_error_t  err     = {0};
  const char *message = local->state == IPP_JSTATE_STOPPED ? local->message : job->record.message;

  if (local->state == job->said_state && local->impressions_completed == job->said_impressions)
    return;
  if (job->said_state == 0 && job->record.documents_count == 1 &&
      !pb_job_call(
        job,
        pb_job_new_document_status(job, job->record.documents[0].number, IPP_DSTATE_PROCESSING, -1),
        /*response*/ NULL, &err) &&
      err.kind == PB_RETRY)
    return;
  if (pb_job_call(job, pb_job_new_status(job, local->state, job->record.reasons, message),
                  /*response*/ NULL, &err) ||
      err.kind != PB_RETRY)
  {
    job->said_state       = local->state;
    job->said_impressions = local->impressions_completed;
  }
  if (err.kind != PB_OK)
    pb_job_log(job, PB_LOG_DEBUG, "progress is not told: %s", err.message);
}

// --- how it ends

// What CUPS says of a job that it has given up, and what that leaves open: cupsd, killed before it
// wrote down that the job was printed, ends it so, too.
static void
format_given_up(const char *why, bool is_handed_over, char *dst, size_t size)
{
  static const char look[] = ", after the document was handed over whole: look at the printer "
                             "before printing it again";

  pb_text_format(dst, size, "%.200s%s", why, is_handed_over ? look : "");
}

// Broken off before the driver had the document, once: the connector was away, the filter was
// killed, or cupsd lost its files.  What broke because this connector had died is not the job's
// fault, however often.
static bool
may_be_made_anew(pb_job_t *job, bool is_handed_over)
{
  return !is_handed_over && job->breaks == 0 && !atomic_load(&job->is_document_lost) &&
         !job->record.is_cancel_asked;
}

// The local job that there was has ended, or bears the number of an earlier attempt.
static bool
make_anew(pb_job_t *job, pb_error_t *err)
{
  job->breaks++;
  job->record.local_job = 0;
  job->is_cancel_sent   = false;
  job->stopped_since_ms = 0;
  job->ended_since_ms   = 0;
  return pb_job_move(job, PB_JOB_LOCAL_LOST,
                     "the local job broke off before it had its document: it is made anew", err);
}

// Before the local job is canceled: another process would take that for somebody's wish.
bool
pb_job_decide_aborted(pb_job_t *job, const char *message, pb_error_t *err)
{
  job->record.outcome = IPP_JSTATE_ABORTED;
  pb_text_copy(job->record.message, sizeof(job->record.message), message);
  if (pb_journal_save(job->journal, &job->record, /*hop*/ NULL, err))
    return true;
  job->record.outcome = 0;
  return false;
}

static bool
decide_anew(pb_job_t *job, pb_error_t *err)
{
  job->record.attempt++;
  if (pb_journal_save(job->journal, &job->record, /*hop*/ NULL, err))
    return true;
  job->record.attempt--;
  return false;
}

static bool
end_aborted(pb_job_t *job, const struct pb_cups_job_state *local, pb_error_t *err)
{
  bool is_any = false;
  char message[400];

  if (!pb_job_is_handed_over(job, &is_any, err) && err->kind != PB_OK)
    return false;
  if (may_be_made_anew(job, is_any))
  {
    job->record.attempt++;
    return make_anew(job, err);
  }
  format_given_up(local->message, is_any, message, sizeof(message));
  return pb_job_end(job, IPP_JSTATE_ABORTED, "aborted-by-system", message, err);
}

// One outcome for what CUPS says, what the service asked for and what the documents did.
static bool
end(pb_job_t *job, const struct pb_cups_job_state *local, pb_error_t *err)
{
  if (local->state == IPP_JSTATE_COMPLETED)
    return pb_job_end(job, IPP_JSTATE_COMPLETED,
                      job->record.reasons[0] != '\0' ? job->record.reasons
                                                     : "job-completed-successfully",
                      job->record.message, err);
  if (job->record.is_cancel_asked)
    return pb_job_end_as_asked(job, err);
  if (atomic_load(&job->is_document_lost))
    return pb_job_end(job, IPP_JSTATE_ABORTED, "aborted-by-system", job->lost_why.message, err);
  if (job->record.outcome != 0)  // decided before the local job was canceled
    return pb_job_end(job, job->record.outcome, "aborted-by-system", job->record.message, err);
  if (local->state == IPP_JSTATE_CANCELED)
    return pb_job_end(job, IPP_JSTATE_CANCELED, PB_REASON_CANCELED_HERE,
                      "canceled at the print server", err);
  return end_aborted(job, local, err);
}

// CUPS says "completed", but the driver has not had the whole: cupsd takes a filter that was killed
// (no memory ...) for one that has done its work, and a raw queue prints the ticket itself.
static bool
end_unprinted(pb_job_t *job, bool is_handed_over, pb_error_t *err)
{
  if (may_be_made_anew(job, is_handed_over))
  {
    job->record.attempt++;
    return make_anew(job, err);
  }
  if (is_handed_over || pb_job_is_read(job))
    return pb_job_end(job, IPP_JSTATE_ABORTED, "aborted-by-system",
                      "CUPS says that it is printed, but its filter was killed before the driver "
                      "had all of it: look at the printer before printing it again",
                      err);
  return pb_job_end(
    job, IPP_JSTATE_ABORTED, "aborted-by-system",
    "CUPS ended the job without reading its document: does the queue have a driver?", err);
}

static bool
finish(pb_job_t *job, const struct pb_cups_job_state *local, int64_t *wait_ms_out, pb_error_t *err)
{
  bool    is_all = false;
  bool    is_any = false;
  int64_t now    = pb_clock_mono_ms();

  job->record.impressions = local->impressions_completed;
  if (local->state != IPP_JSTATE_COMPLETED || job->is_found)
    return end(job, local, err);
  is_all = pb_job_is_handed_over(job, &is_any, err);
  if (err->kind != PB_OK)
    return false;
  if (is_all && pb_job_is_passed_on(job))
    return end(job, local, err);
  if (job->ended_since_ms == 0)
    job->ended_since_ms = now;
  if (now - job->ended_since_ms < ENDED_GRACE_MS && !pb_job_is_reading(job, PB_JOB_READ_CUT))
  {
    *wait_ms_out = SOON_MS;
    return true;
  }
  return end_unprinted(job, is_any, err);
}

bool
pb_job_lose(pb_job_t *job, pb_error_t *err)
{
  bool is_any = false;

  pb_error_clear(err);
  if (!pb_job_is_handed_over(job, &is_any, err) && err->kind != PB_OK)
    return false;
  job->record.local_job = 0;
  job->is_cancel_sent   = false;
  if (job->record.is_cancel_asked)
    return pb_job_end_as_asked(job, err);
  if (job->record.outcome != 0)
    return pb_job_end(job, job->record.outcome, "aborted-by-system", job->record.message, err);
  if (atomic_load(&job->is_document_lost))
    return pb_job_end(job, IPP_JSTATE_ABORTED, "aborted-by-system", job->lost_why.message, err);
  if (pb_job_decide_again(is_any) == PB_AGAIN_PRINT)
    return pb_job_move(job, PB_JOB_LOCAL_LOST, "CUPS has lost the local job: it is made again",
                       err);
  return pb_job_end(
    job, IPP_JSTATE_ABORTED, "aborted-by-system",
    "CUPS has lost the job after its document was handed over whole: look at the printer before "
    "printing it again",
    err);
}

static bool
cancel_local(pb_job_t *job, pb_cups_t *cups, pb_error_t *err)
{
  if (job->is_cancel_sent)
    return true;
  PB_FAULT("connector.cancel-job.before");
  if (!job->outside->cancel_job(cups, job->record.queue, job->record.local_job, err) &&
      err->kind == PB_RETRY)
    return false;
  pb_error_clear(err);  // gone or ended already: the next look tells
  PB_FAULT("connector.cancel-job.after");
  job->is_cancel_sent = true;
  return true;
}

// A filter failed: CUPS keeps such a job for ever, and it would keep others from being fetched.
static bool
end_stopped(pb_job_t *job, pb_cups_t *cups, const struct pb_cups_job_state *local,
            int64_t *wait_ms_out, pb_error_t *err)
{
  bool    is_any = false;
  int64_t now    = pb_clock_mono_ms();
  char    message[400];

  if (job->stopped_since_ms == 0)
    job->stopped_since_ms = now;
  if (now - job->stopped_since_ms < STOPPED_GRACE_MS && !atomic_load(&job->is_document_lost))
  {
    *wait_ms_out = SOON_MS;
    return true;
  }
  if (!pb_job_is_handed_over(job, &is_any, err) && err->kind != PB_OK)
    return false;
  if (may_be_made_anew(job, is_any))
    return decide_anew(job, err) && cancel_local(job, cups, err) && make_anew(job, err);
  format_given_up(local->message, is_any, message, sizeof(message));
  *wait_ms_out = SOON_MS;
  return pb_job_decide_aborted(job, message, err) && cancel_local(job, cups, err);
}

// Not the one that we look for: CUPS uses numbers again; or we were to make it anew.
static bool
leave_other(pb_job_t *job, pb_cups_t *cups, const struct pb_cups_job_state *local, pb_error_t *err)
{
  bool is_before = job->record.attempt > 0 && strncmp(local->cloud_job_id, job->record.job_uuid,
                                                      strlen(job->record.job_uuid)) == 0;

  return (!is_before || local->state >= IPP_JSTATE_CANCELED || cancel_local(job, cups, err)) &&
         pb_job_lose(job, err);
}

static bool
start(pb_job_t *job, const struct pb_cups_job_state *local, pb_error_t *err)
{
  // A run that CUPS begins anew counts from 0; how far the one before got is told until it is known
  // better.
  if (local->impressions_completed > job->record.impressions)
    job->record.impressions = local->impressions_completed;
  if (job->record.state == PB_JOB_PRINTING)
    return true;
  return pb_job_move(job, PB_JOB_LOCAL_STARTED, "printing", err);
}

bool
pb_job_step_watch(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err)
{
  struct pb_cups_job_state local = {0};
  char                     local_id[PB_LOCAL_ID_SIZE];
  long                     refused_pid = 0;

  if (!pb_job_offer_documents(job, err))
    return false;
  if (atomic_load(&job->is_cancel_asked))
    job->record.is_cancel_asked = true;
  if (atomic_load(&job->is_document_lost) && job->record.outcome == 0 &&
      !pb_job_decide_aborted(job, job->lost_why.message, err))
    return false;
  if ((job->record.is_cancel_asked || job->record.outcome != 0) && !cancel_local(job, cups, err))
    return false;
  pb_job_format_local_id(job, local_id);
  refused_pid = atomic_load(&job->refused_pid);
  if (!job->outside->get_job(cups, job->record.queue, job->record.local_job, &local, err))
    return err->kind == PB_GONE && pb_job_lose(job, err);
  if (strcmp(local.cloud_job_id, local_id) != 0)
    return leave_other(job, cups, &local, err);
  if (local.state >= IPP_JSTATE_CANCELED)
    return finish(job, &local, wait_ms_out, err);

  if (!job->is_cancel_sent && atomic_load(&job->hold) != PB_HOLD_NONE)
    return pb_job_keep_held(job, cups, &local, refused_pid, wait_ms_out, err);
  if (job->is_said_held)  // a filter has brought the release
    job->outside->moved(job->outside->user, job);
  job->is_said_held = false;

  *wait_ms_out = job->is_cancel_sent ? SOON_MS : job->outside->watch_ms(job->outside->user);
  if (local.state == IPP_JSTATE_STOPPED && job->record.outcome == 0 && !job->is_cancel_sent)
  {
    tell_progress(job, &local);
    return end_stopped(job, cups, &local, wait_ms_out, err);
  }
  job->stopped_since_ms = 0;
  // cupsd has crashed and forgotten the last that it was told: it would wait for ever.
  if (local.is_left_open && !job->is_cancel_sent)
  {
    *wait_ms_out = SOON_MS;
    return pb_job_complete_local(job, cups, &local, err);
  }
  if (local.state != IPP_JSTATE_PROCESSING)
    return true;
  if (!start(job, &local, err))
    return false;
  tell_progress(job, &local);
  return true;
}
