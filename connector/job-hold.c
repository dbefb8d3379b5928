// job-hold - a document that was handed over whole is not printed again by itself: who may read one
// once more, and the local job that is held until a person has decided.
// pb_job_may_read runs on document threads (journal and the job's atomics only), the rest on the
// job's worker.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

#include "base/fault.h"
#include "base/text.h"
#include <string.h>

#define SOON_MS 200
#define REASON_HELD "job-suspended-by-system"

// --- may it be read?

static enum pb_document_answer
refuse(struct pb_job_document *document, const char *runner, pb_error_t *err)
{
  pb_job_t *job = document->job;

  if (pb_journal_note_refused(job->journal, job->record.id, document->number, runner, err))
  {
    atomic_store(&job->is_out_of_hold, false);
    atomic_store(&job->hold, PB_HOLD_WANTED);
  }
  return PB_DOCUMENT_LATER;
}

// cupsd, which ends the filters of a job that is held, begins with its next document all the same
// (2.4): nothing else can be printed until that one ends.  A filter that was refused before CUPS
// was seen to have the job held is such a one.
static enum pb_document_answer
refuse_held(pb_job_t *job, const struct pb_document_reader *reader)
{
  if (reader->pid == 0 || reader->pid != atomic_load(&job->leftover_pid))
  {
    atomic_store(&job->refused_pid, reader->pid);
    return PB_DOCUMENT_LATER;
  }
  pb_job_log(job, PB_LOG_INFO, "CUPS goes on with a job that it holds: that filter is ended");
  return PB_DOCUMENT_NEVER;
}

static bool
release_for_reader(pb_job_t *job, pb_error_t *err)
{
  if (!pb_journal_forget_hand_over(job->journal, job->record.id, PB_HOLD_NONE, err))
    return false;
  atomic_store(&job->hold, PB_HOLD_NONE);
  pb_job_log(job, PB_LOG_WARN, "released at the print server: it is printed again");
  return true;
}

enum pb_document_answer
pb_job_may_read(struct pb_job_document *document, const struct pb_document_reader *reader,
                pb_error_t *err)
{
  pb_job_t                  *job            = document->job;
  int                        hold           = atomic_load(&job->hold);
  struct pb_journal_document noted          = {0};
  bool                       is_handed_over = false;

  if (!pb_journal_find_document(job->journal, job->record.id, document->number, &noted, err) ||
      hold == PB_HOLD_WANTED || hold == PB_HOLD_RELEASED)
    return PB_DOCUMENT_LATER;
  is_handed_over = noted.is_handed_over;
  // Of a job that is held nothing is printed, not even what was not printed yet.
  if (hold == PB_HOLD_HELD && !atomic_load(&job->is_out_of_hold) &&
      (!is_handed_over || strcmp(noted.refused_runner, reader->runner) == 0))
    return refuse_held(job, reader);
  if (!is_handed_over)
    return PB_DOCUMENT_READ;
  switch (pb_job_decide_read(hold, noted.runner, noted.refused_runner, reader->runner))
  {
    case PB_READ_AGAIN:
      pb_job_log(job, PB_LOG_INFO, "document %d was handed over whole and is read once more",
                 document->number);
      return PB_DOCUMENT_READ;
    case PB_READ_RELEASED:
      return release_for_reader(job, err) ? PB_DOCUMENT_READ : PB_DOCUMENT_LATER;
    default:
      return refuse(document, reader->runner, err);
  }
}

// --- held

void
pb_job_format_hold(const pb_journal_job_t *record, char *dst, size_t size)
{
  char pages[64] = "";

  if (record->documents_count > 0 && strcmp(record->documents[0].runner, PB_RUNNER_ELSEWHERE) == 0)
  {
    pb_text_format(
      dst, size,
      "held: the host that this print server was moved from may have printed it. Look "
      "at the printer, then print it here with `printbridge release %s %d`, or cancel it",
      record->queue, record->cloud_job);
    return;
  }
  if (record->impressions > 0)
    pb_text_format(pages, sizeof(pages), ", of which %d pages were counted as printed",
                   record->impressions);
  pb_text_format(
    dst, size,
    "held: CUPS began it again after the printer's driver had had all of it%s. Look at "
    "the printer, then print it again with `printbridge release %s %d`, or cancel it",
    pages, record->queue, record->cloud_job);
}

static bool
set_hold(pb_job_t *job, enum pb_job_hold hold, pb_error_t *err)
{
  if (!pb_journal_set_hold(job->journal, job->record.id, hold, err))
    return false;
  atomic_store(&job->hold, (int)hold);
  return true;
}

// As well as can be, again at each look until the service has heard.
static void
tell(pb_job_t *job)
{
  pb_error_t err = {0};
  char       message[400];

  if (job->said_state == IPP_JSTATE_STOPPED)
    return;
  pb_job_format_hold(&job->record, message, sizeof(message));
  if (pb_job_call(job, pb_job_new_status(job, IPP_JSTATE_STOPPED, REASON_HELD, message),
                  /*response*/ NULL, &err) ||
      err.kind != PB_RETRY)
    job->said_state = IPP_JSTATE_STOPPED;
}

static bool
reprint(pb_job_t *job, pb_error_t *err)
{
  static const char said[] = "CUPS began it anew: it is printed again, as the queue's settings say";

  if (!pb_journal_save(job->journal, &job->record, said, err) ||
      !pb_journal_forget_hand_over(job->journal, job->record.id, PB_HOLD_NONE, err))
    return false;
  atomic_store(&job->hold, PB_HOLD_NONE);
  pb_job_log(job, PB_LOG_WARN, "%s", said);
  return true;
}

static bool
hold(pb_job_t *job, pb_cups_t *cups, const struct pb_cups_job_state *local, pb_error_t *err)
{
  char message[400];

  if (job->outside->is_reprint_set(job->outside->user, cups))
    return reprint(job, err);
  if (local->state != IPP_JSTATE_HELD)
  {
    PB_FAULT("connector.hold-job.before");
    if (job->outside->hold_job(cups, job->record.queue, job->record.local_job, err) ||
        err->kind != PB_RETRY)
      pb_error_clear(err);  // the next look tells
    PB_FAULT("connector.hold-job.after");
    return err->kind == PB_OK;
  }
  pb_job_format_hold(&job->record, message, sizeof(message));
  if (!pb_journal_save(job->journal, &job->record, message, err) ||
      !set_hold(job, PB_HOLD_HELD, err))
    return false;
  pb_job_log(job, PB_LOG_WARN, "%s", message);
  job->outside->moved(job->outside->user, job);
  return true;
}

// The journal first: CUPS runs the job as soon as it is told.
static bool
release(pb_job_t *job, pb_cups_t *cups, const struct pb_cups_job_state *local, pb_error_t *err)
{
  if (!pb_journal_forget_hand_over(job->journal, job->record.id, PB_HOLD_RELEASED, err))
    return false;
  atomic_store(&job->hold, PB_HOLD_RELEASED);
  PB_FAULT("connector.release-job.before");
  if (local->state == IPP_JSTATE_HELD &&
      !job->outside->release_job(cups, job->record.queue, job->record.local_job, err) &&
      err->kind == PB_RETRY)
    return false;
  pb_error_clear(err);
  PB_FAULT("connector.release-job.after");
  if (!pb_journal_save(job->journal, &job->record, "released: it is printed again", err) ||
      !set_hold(job, PB_HOLD_NONE, err))
    return false;
  pb_job_log(job, PB_LOG_INFO, "released: it is printed again");
  job->outside->moved(job->outside->user, job);
  return true;
}

bool
pb_job_keep_held(pb_job_t *job, pb_cups_t *cups, const struct pb_cups_job_state *local,
                 long refused_pid, int64_t *wait_ms_out, pb_error_t *err)
{
  int now = atomic_load(&job->hold);

  *wait_ms_out = SOON_MS;
  if (now == PB_HOLD_RELEASED)
    return release(job, cups, local, err);
  if (now == PB_HOLD_WANTED)
    return hold(job, cups, local, err);
  job->is_said_held = true;
  // Out of held without our doing: the filter that comes decides whether that was a person.
  tell(job);
  atomic_store(&job->is_out_of_hold, local->state != IPP_JSTATE_HELD);
  atomic_store(&job->leftover_pid, local->state == IPP_JSTATE_HELD ? refused_pid : 0);
  if (local->state == IPP_JSTATE_HELD)
    *wait_ms_out = job->outside->watch_ms(job->outside->user);
  return true;
}
