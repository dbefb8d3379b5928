// cups-printing - what a backend asks of the scheduler that has started it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cups-printing.h"

#include "base/clock.h"
#include "base/text.h"
#include "cups-private.h"
#include <string.h>
#include <time.h>

static ipp_t *
new_job_request(ipp_op_t operation, const char *queue, int job_id, const char *user)
{
  ipp_t *request = pb_cups_new_request(operation, queue, user);

  if (request != NULL)
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", job_id);
  return request;
}

bool
pb_cups_get_printing(pb_cups_t *cups, const char *queue, int job_id,
                     struct pb_cups_printing *printing_out, pb_error_t *err)
{
  static const char *const wanted[] = {"job-state", "job-state-reasons", "job-uuid"};
  ipp_t *request  = new_job_request(IPP_OP_GET_JOB_ATTRIBUTES, queue, job_id, /*user*/ NULL);
  ipp_t *response = NULL;

  memset(printing_out, 0, sizeof(*printing_out));
  pb_cups_want(request, wanted, 3);
  if (!pb_cups_perform(cups, request, NULL, 0, queue, &response, err))
    return false;
  printing_out->state = pb_ipp_int(response, IPP_TAG_JOB, "job-state", 0);
  pb_text_copy(printing_out->uuid, sizeof(printing_out->uuid),
               pb_ipp_text(response, IPP_TAG_JOB, "job-uuid"));
  printing_out->is_stopping =
    printing_out->state >= IPP_JSTATE_CANCELED ||
    pb_ipp_has_keyword(response, IPP_TAG_JOB, "job-state-reasons", "processing-to-stop-point");
  ippDelete(response);
  return true;
}

bool
pb_cups_release_job(pb_cups_t *cups, const char *queue, int job_id, const char *owner,
                    pb_error_t *err)
{
  return pb_cups_perform(cups, new_job_request(IPP_OP_RELEASE_JOB, queue, job_id, owner), NULL, 0,
                         queue, NULL, err);
}

// A time of day in UTC, the next one that comes.
bool
pb_cups_hold_job(pb_cups_t *cups, const char *queue, int job_id, const char *owner, int64_t for_ms,
                 pb_error_t *err)
{
  ipp_t    *request = new_job_request(IPP_OP_HOLD_JOB, queue, job_id, owner);
  time_t    at      = (time_t)((pb_clock_now_ms() + for_ms) / 1000);
  struct tm parts   = {0};
  char      text[32];

  if (gmtime_r(&at, &parts) == NULL || strftime(text, sizeof(text), "%H:%M:%S", &parts) == 0)
  {
    ippDelete(request);
    return pb_error_set(err, PB_BUG, "no time of day");
  }
  if (request != NULL)
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-hold-until", /*language*/ NULL,
                 text);
  return pb_cups_perform(cups, request, NULL, 0, queue, NULL, err);
}

bool
pb_cups_is_hold_time(const char *job_hold_until)
{
  size_t digits = strspn(job_hold_until, "0123456789");

  return digits > 0 && job_hold_until[digits] == ':' &&
         strspn(job_hold_until, "0123456789:") == strlen(job_hold_until);
}

bool
pb_cups_has_abort_policy(pb_cups_t *cups, const char *queue, bool *is_abort_out, pb_error_t *err)
{
  static const char *const wanted[] = {"printer-error-policy"};
  ipp_t *request  = pb_cups_new_request(IPP_OP_GET_PRINTER_ATTRIBUTES, queue, /*user*/ NULL);
  ipp_t *response = NULL;

  *is_abort_out = false;
  pb_cups_want(request, wanted, 1);
  if (!pb_cups_perform(cups, request, NULL, 0, queue, &response, err))
    return false;
  *is_abort_out =
    pb_text_is_equal(pb_ipp_text(response, IPP_TAG_PRINTER, "printer-error-policy"), "abort-job");
  ippDelete(response);
  return true;
}

bool
pb_cups_set_message(pb_cups_t *cups, const char *queue, const char *message, pb_error_t *err)
{
  ipp_t *request = pb_cups_new_request(IPP_OP_CUPS_ADD_MODIFY_PRINTER, queue, /*user*/ NULL);

  if (request != NULL)
    ippAddString(request, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-state-message", NULL, message);
  return pb_cups_perform(cups, request, NULL, 0, queue, NULL, err);
}
