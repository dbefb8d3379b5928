// job-step-take - the steps that make a cloud job ours: Fetch-Job, Acknowledge-Job (PWG 5100.18
// s5.2, s5.5).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

#include "base/text.h"
#include "cloud/client.h"
#include "cloud/protocol.h"
#include <string.h>

static void
take_text(char *dst, size_t size, ipp_t *ticket, const char *name, const char *otherwise)
{
  const char *text = pb_ipp_text(ticket, IPP_TAG_JOB, name);

  pb_text_copy(dst, size,
               text != NULL && text[0] != '\0' && pb_text_is_printable(text) ? text : otherwise);
}

static void
take_description(pb_job_t *job, ipp_t *ticket)
{
  pb_journal_job_t *record = &job->record;

  take_text(record->job_uuid, sizeof(record->job_uuid), ticket, "job-uuid", "");
  take_text(record->title, sizeof(record->title), ticket, "job-name", "Untitled");
  take_text(record->user, sizeof(record->user), ticket, "job-originating-user-name", "anonymous");
  // A service without job uuids: ours goes into the journal before it is used.
  if (!pb_text_is_uuid(record->job_uuid))
    pb_text_make_uuid(record->job_uuid);
  record->offers = pb_ipp_int(ticket, IPP_TAG_JOB, PB_JOB_OFFERS, 0);
  ippDeleteAttribute(ticket, ippFindAttribute(ticket, PB_JOB_OFFERS, IPP_TAG_ZERO));
}

// The service's answer: somebody else was quicker, or the job has ended.  No failure, and nothing
// to report (PWG 5100.18 s4.2).
static bool
is_taken(const pb_error_t *err)
{
  return err->kind == PB_REJECT || err->kind == PB_GONE;
}

// Let go before anything of it was read, and nobody wanted it canceled: as if it had never been
// here.
static bool
is_untouched(const pb_journal_job_t *known)
{
  for (int i = 0; i < known->documents_count; i++)
  {
    if (known->documents[i].readers > 0)
      return false;
  }
  return known->outcome != IPP_JSTATE_COMPLETED && !known->is_cancel_asked &&
         strstr(known->reasons, PB_REASON_CANCELED_HERE) == NULL;
}

static void
take_end(pb_journal_job_t *record, const pb_journal_job_t *known)
{
  record->outcome     = known->refusal != 0 ? IPP_JSTATE_ABORTED : known->outcome;
  record->impressions = known->impressions;
  pb_text_copy(record->reasons, sizeof(record->reasons), known->reasons);
  pb_text_copy(record->message, sizeof(record->message), known->message);
}

// It has ended here before, and the service offers it once more: it is not printed twice.  The
// record takes over how it ended.
static bool
is_done_before(pb_job_t *job, pb_error_t *err)
{
  pb_journal_job_t known = {0};
  bool             is    = false;

  if (pb_journal_find(job->journal, job->record.device_uuid, job->record.cloud_job, &known, err))
    is = known.state == PB_JOB_DONE && pb_text_is_equal(known.job_uuid, job->record.job_uuid);
  else if (err->kind == PB_GONE)
    pb_error_clear(err);
  // What the service has taken back since, and offers, it may be given to anybody.
  if (is && !atomic_load(&job->is_adopted) &&
      (is_untouched(&known) || job->record.offers > known.offers))
  {
    job->record.attempt = known.attempt + 1;  // the old local job is not to be found again
    is                  = false;
  }
  if (is)
    take_end(&job->record, &known);
  pb_journal_job_clear(&known);
  return is;
}

// The other host's journal knows how far they got; nothing of them is fetched there any more, and
// what was may be on paper.
static void
note_elsewhere(pb_journal_job_t *record)
{
  for (int i = 0; i < record->documents_count; i++)
  {
    record->documents[i].is_handed_over = true;
    pb_text_copy(record->documents[i].runner, sizeof(record->documents[i].runner),
                 PB_RUNNER_ELSEWHERE);
  }
}

static bool
decide(pb_job_t *job, pb_error_t *err)
{
  char hop[400];

  if (job->is_from_elsewhere)
    note_elsewhere(&job->record);
  if (job->record.refusal == 0)
    return pb_job_pack_ticket(job, err) && pb_job_move(job, PB_JOB_TICKET_FITS, "fetched", err);
  if (atomic_load(&job->is_adopted))
    // It is ours already, so it is ended rather than refused.
    return pb_job_pack_ticket(job, err) && pb_job_move(job, PB_JOB_TICKET_FITS, "fetched", err) &&
           pb_job_end(job, IPP_JSTATE_ABORTED, "aborted-by-system", job->record.message, err);
  pb_text_format(hop, sizeof(hop), "refused: %s", job->record.message);
  return pb_job_move(job, PB_JOB_TICKET_BAD, hop, err);
}

// What the service believes still to be going on is told once more how it ended; what it offers
// anew, as after a restored backup, is refused, or it would wait there for ever.
static bool
settle_again(pb_job_t *job, ipp_t *ticket, pb_error_t *err)
{
  pb_journal_job_t *record = &job->record;
  char              hop[400];
  char              reasons[sizeof(record->reasons)];
  char              message[sizeof(record->message)];

  if (!atomic_load(&job->is_adopted))
  {
    record->refusal = IPP_STATUS_ERROR_NOT_POSSIBLE;
    pb_text_format(record->message, sizeof(record->message),
                   "%s here before; it is not printed again by itself",
                   pb_job_outcome_name(record->outcome));
    pb_text_format(hop, sizeof(hop), "refused: %s", record->message);
    return pb_job_move(job, PB_JOB_TICKET_BAD, hop, err);
  }
  pb_text_copy(reasons, sizeof(reasons), record->reasons);
  pb_text_copy(message, sizeof(message), record->message);
  return pb_job_take_documents(job, ticket, err) &&
         pb_job_move(job, PB_JOB_TICKET_FITS, "has ended here before", err) &&
         pb_job_end(job, record->outcome, reasons, message, err);
}

bool
pb_job_step_fetch(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err)
{
  // What is assigned to us is no longer fetchable, but its attributes can be read.
  ipp_op_t operation = atomic_load(&job->is_adopted) ? IPP_OP_GET_JOB_ATTRIBUTES : IPP_OP_FETCH_JOB;
  ipp_t   *ticket    = NULL;
  bool     ok        = false;

  (void)cups;
  (void)wait_ms_out;
  if (atomic_load(&job->is_cancel_asked) && !atomic_load(&job->is_adopted))
    return pb_job_move(job, PB_JOB_TAKEN, "canceled before it was taken", err);
  if (!pb_job_call(job, pb_job_new_request(job, operation), &ticket, err))
    return is_taken(err) && pb_job_move(job, PB_JOB_TAKEN, NULL, err);
  take_description(job, ticket);
  if (is_done_before(job, err))
    ok = settle_again(job, ticket, err);
  else
    ok = err->kind == PB_OK && pb_job_take_documents(job, ticket, err) &&
         pb_job_check_ticket(job, ticket, err) && decide(job, err);
  ippDelete(ticket);
  return ok;
}

bool
pb_job_step_acknowledge(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err)
{
  (void)cups;
  (void)wait_ms_out;
  if (!atomic_load(&job->is_adopted))
  {
    if (atomic_load(&job->is_cancel_asked))
      return pb_job_move(job, PB_JOB_TAKEN, "canceled before it was taken", err);
    // The same device may say so twice: after a restart it is simply said again.
    if (!pb_job_call(job, pb_job_new_request(job, IPP_OP_ACKNOWLEDGE_JOB), /*response*/ NULL, err))
      return is_taken(err) && pb_job_move(job, PB_JOB_TAKEN, "another device has it", err);
    atomic_store(&job->is_adopted, true);
  }
  // The capabilities are in the journal before a ticket carries them.
  return pb_job_offer_documents(job, err) && pb_job_move(job, PB_JOB_ACCEPTED, "acknowledged", err);
}

bool
pb_job_step_refuse(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err)
{
  ipp_t *request = pb_job_new_request(job, IPP_OP_ACKNOWLEDGE_JOB);

  (void)cups;
  (void)wait_ms_out;
  if (request != NULL)
  {
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_ENUM, "fetch-status-code",
                  job->record.refusal);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_TEXT, "fetch-status-message",
                 /*language*/ NULL, job->record.message);
  }
  if (!pb_job_call(job, request, /*response*/ NULL, err) && !is_taken(err))
    return false;
  pb_error_clear(err);
  return pb_job_move(job, PB_JOB_REFUSED, "the service knows that it was refused", err);
}
