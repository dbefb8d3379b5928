// job-step-report - the step that tells the service how a job has ended, until it has heard.
// Documents can be fetched again until they are acknowledged, so that comes only now.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

#include "base/fault.h"
#include "base/text.h"

// Sent again after a failure: what the service has heard already it accepts or refuses without
// harm.
static bool
say(pb_job_t *job, ipp_t *request, pb_error_t *err)
{
  if (pb_job_call(job, request, /*response*/ NULL, err))
    return true;
  if (err->kind == PB_RETRY || err->kind == PB_AUTH)
    return false;
  pb_job_log(job, PB_LOG_DEBUG, "%s", err->message);
  pb_error_clear(err);
  return true;
}

static ipp_t *
new_acknowledge(const pb_job_t *job, int number)
{
  ipp_t *request = pb_job_new_request(job, IPP_OP_ACKNOWLEDGE_DOCUMENT);

  if (request != NULL)
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "document-number", number);
  return request;
}

static bool
report_document(pb_job_t *job, int number, pb_error_t *err)
{
  // Pages are counted per job; with one document they are the document's.
  int impressions = job->record.documents_count == 1 ? job->record.impressions : -1;

  // IPP_DSTATE_ and IPP_JSTATE_ have the same numbers for the ends.
  return say(job, pb_job_new_document_status(job, number, job->record.outcome, impressions), err) &&
         (job->record.outcome != IPP_JSTATE_COMPLETED ||
          say(job, new_acknowledge(job, number), err));
}

bool
pb_job_step_report(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err)
{
  char hop[64];

  (void)cups;
  (void)wait_ms_out;
  pb_job_withdraw_documents(job);
  if (PB_PLANTED("stuck-job"))
    return pb_job_move(job, PB_JOB_REPORTED, NULL, err);
  for (int i = 0; i < job->record.documents_count; i++)
  {
    if (!report_document(job, job->record.documents[i].number, err))
      return false;
  }
  if (!say(job,
           pb_job_new_status(job, job->record.outcome, job->record.reasons, job->record.message),
           err))
    return false;
  pb_text_format(hop, sizeof(hop), "the service knows: %s",
                 pb_job_outcome_name(job->record.outcome));
  return pb_job_move(job, PB_JOB_REPORTED, hop, err);
}
