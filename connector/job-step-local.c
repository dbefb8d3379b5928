// job-step-local - the steps that make the local job: found again or created, then one ticket per
// document. Nothing is created before CUPS was asked for a job with our id: so that is repeatable
// whatever dies when.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

#include "base/fault.h"
#include "base/text.h"
#include <string.h>

#define ORDER_WAIT_MS 250  // for an older job of the queue, should its wake-up be missed

static bool
note_cancel(pb_job_t *job)
{
  if (atomic_load(&job->is_cancel_asked))
    job->record.is_cancel_asked = true;
  return job->record.is_cancel_asked;
}

static bool
create(pb_job_t *job, pb_cups_t *cups, const char *local_id, pb_error_t *err)
{
  struct pb_cups_job wanted = {.queue        = job->record.queue,
                               .title        = job->record.title,
                               .user         = job->record.user,
                               .cloud_job_id = local_id,
                               .options      = job->options};

  PB_FAULT("connector.create-job.before");
  if (!job->outside->create_job(cups, &wanted, &job->record.local_job, err))
  {
    job->record.local_job = 0;
    return false;
  }
  PB_FAULT("connector.create-job.after");
  job->is_local_fresh = true;
  return true;
}

bool
pb_job_step_create(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err)
{
  char local_id[PB_LOCAL_ID_SIZE];
  char hop[64];
  bool is_canceled = note_cancel(job);

  if (!is_canceled && !job->outside->may_submit(job->outside->user, job))
  {
    *wait_ms_out = ORDER_WAIT_MS;
    return true;
  }
  pb_job_format_local_id(job, local_id);
  if (!job->outside->find_job(cups, job->record.queue, local_id, &job->record.local_job, err))
    return false;
  if (PB_PLANTED("lose-job"))
    return pb_job_end(job, IPP_JSTATE_COMPLETED, "job-completed-successfully", "", err);
  if (job->record.local_job == 0 && is_canceled)
    return pb_job_end_as_asked(job, err);
  if (!pb_job_offer_documents(job, err))
    return false;
  job->is_found = job->record.local_job != 0;
  if (job->record.local_job == 0 && !create(job, cups, local_id, err))
    return false;
  pb_text_format(hop, sizeof(hop), "%s as local job %d",
                 job->is_local_fresh ? "created" : "found again", job->record.local_job);
  return pb_job_move(job, PB_JOB_LOCAL_MADE, hop, err);
}

static bool
send_tickets(pb_job_t *job, pb_cups_t *cups, pb_error_t *err)
{
  bool is_reversed = job->record.documents_count > 1 && PB_PLANTED("reorder-documents");

  job->is_local_fresh =
    false;  // from here on only CUPS knows what has arrived; it is not sent twice
  for (int i = 0; i < job->record.documents_count; i++)
  {
    const struct pb_journal_document *document =
      &job->record.documents[is_reversed ? job->record.documents_count - 1 - i : i];
    pb_ticket_t ticket = {.document_number = job->record.documents[i].number};

    pb_text_copy(ticket.job_uuid, sizeof(ticket.job_uuid), job->record.job_uuid);
    pb_text_copy(ticket.format, sizeof(ticket.format), document->format);
    pb_text_copy(ticket.capability, sizeof(ticket.capability), document->capability);
    PB_FAULT("connector.send-ticket.before");
    if (!job->outside->send_ticket(cups, job->record.queue, job->record.local_job, &ticket,
                                   i == job->record.documents_count - 1, err))
      return false;
    PB_FAULT("connector.send-ticket.after");
  }
  return true;
}

bool
pb_job_complete_local(pb_job_t *job, pb_cups_t *cups, const struct pb_cups_job_state *local,
                      pb_error_t *err)
{
  if (local->documents < job->record.documents_count)
    return send_tickets(job, cups, err);
  return job->outside->release_job(cups, job->record.queue, job->record.local_job, err);
}

// What CUPS knows of a job that an earlier try, or an earlier process, has left.
static bool
submit_again(pb_job_t *job, pb_cups_t *cups, pb_error_t *err)
{
  struct pb_cups_job_state local = {0};
  char                     local_id[PB_LOCAL_ID_SIZE];

  pb_job_format_local_id(job, local_id);
  if (!job->outside->get_job(cups, job->record.queue, job->record.local_job, &local, err))
    return err->kind == PB_GONE && pb_job_lose(job, err);
  if (strcmp(local.cloud_job_id, local_id) != 0)  // CUPS uses numbers again
    return pb_job_lose(job, err);
  return (!local.is_left_open || pb_job_complete_local(job, cups, &local, err)) &&
         pb_job_move(job, PB_JOB_LOCAL_SENT, "submitted", err);
}

// CUPS will not have the ticket: the empty local job must not stay.
static bool
clean_up(pb_job_t *job, pb_cups_t *cups, pb_error_t *err)
{
  pb_error_t other = {0};

  if (err->kind != PB_RETRY &&
      (!pb_job_decide_aborted(job, err->message, &other) ||
       !job->outside->cancel_job(cups, job->record.queue, job->record.local_job, &other)) &&
      other.kind == PB_RETRY)
    *err = other;
  return false;
}

bool
pb_job_step_submit(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err)
{
  (void)wait_ms_out;
  if (!pb_job_offer_documents(job, err))
    return false;
  if (note_cancel(job))
    // The empty job goes the way of a full one.
    return pb_job_move(job, PB_JOB_LOCAL_SENT, NULL, err);
  if (!job->is_local_fresh)
    return submit_again(job, cups, err) || clean_up(job, cups, err);
  if (!send_tickets(job, cups, err))
    return err->kind == PB_GONE ? pb_job_lose(job, err) : clean_up(job, cups, err);
  return pb_job_move(job, PB_JOB_LOCAL_SENT, "submitted", err);
}
