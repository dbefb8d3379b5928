// follow - a job that the service has, to its end at the printer.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/follow.h"

#include "backend/interrupt.h"
#include "backend/track.h"
#include "backend/wait.h"
#include "base/clock.h"
#include "ipp/cups-printing.h"

#include <string.h>

#define REQUEST_MS 30000
#define CANCEL_MS 5000
#define CANCEL_TRIES 3
#define PRINTER_EVERY_MS 5000

static bool
request_there(const struct pb_follow *follow, ipp_t *request, int64_t timeout_ms, bool may_stop,
              const char *what, ipp_t **response_out, pb_error_t *err)
{
  if (!pb_cloud_request(follow->cloud, follow->printer_uri, request, timeout_ms,
                        may_stop ? pb_interrupt_get_flag() : NULL, response_out, err))
  {
    // Something else answers there, a proxy without its service: that says nothing of the job.
    if (err->kind == PB_REJECT)
      err->kind = PB_RETRY;
    return false;
  }
  if (pb_cloud_check_status(/*request*/ NULL, *response_out, what, err))
    return true;
  ippDelete(*response_out);
  *response_out = NULL;
  return false;
}

static ipp_t *
new_request(const struct pb_follow *follow, ipp_op_t operation, const char *const *wanted,
            int wanted_count)
{
  ipp_t *request = pb_ipp_new_request(operation, follow->printer_uri, follow->arguments->user);

  if (request != NULL && operation != IPP_OP_GET_PRINTER_ATTRIBUTES)
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", follow->job_id);
  if (request != NULL && wanted_count > 0)
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", wanted_count,
                  NULL, wanted);
  return request;
}

static bool
ask_job(const struct pb_follow *follow, ipp_t **job_out, pb_error_t *err)
{
  static const char *const wanted[] = {"job-state",
                                       "job-state-reasons",
                                       "job-state-message",
                                       "job-printer-state-message",
                                       "output-device-job-state-message",
                                       "job-impressions",
                                       "job-impressions-completed"};

  return request_there(follow, new_request(follow, IPP_OP_GET_JOB_ATTRIBUTES, wanted, 7),
                       REQUEST_MS, /*may_stop*/ true, "Get-Job-Attributes", job_out, err);
}

// What the printer has to say is no reason to fail.
static void
report_printer(const struct pb_follow *follow)
{
  static const char *const wanted[] = {
    "printer-state",     "printer-state-reasons", "marker-colors", "marker-levels",
    "marker-low-levels", "marker-high-levels",    "marker-names",  "marker-types"};
  ipp_t     *printer = NULL;
  pb_error_t why     = {0};

  if (!request_there(follow, new_request(follow, IPP_OP_GET_PRINTER_ATTRIBUTES, wanted, 8),
                     REQUEST_MS, /*may_stop*/ true, "Get-Printer-Attributes", &printer, &why))
    pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "%s", why.message);
  else
    pb_report_printer(follow->report, printer);
  ippDelete(printer);
}

// It was to wait for somebody at the printer.
static bool
is_patient(const char *options)
{
  cups_option_t *parsed = NULL;
  int            count  = cupsParseOptions(options, 0, &parsed);
  const char    *hold   = cupsGetOption("job-hold-until", count, parsed);
  bool is = (hold != NULL && strcmp(hold, "no-hold") != 0 && !pb_cups_is_hold_time(hold)) ||
            cupsGetOption("job-password", count, parsed) != NULL;

  cupsFreeOptions(count, parsed);
  return is;
}

// The job is the service's, whatever becomes of our authorization or of its memory of the job.
static enum pb_ending
leave(const struct pb_follow *follow, const pb_error_t *why)
{
  pb_report_info(follow->report, "Left to the cloud: %s", why->message);
  return PB_END_DONE;
}

// True: it is over.
static bool
look(const struct pb_follow *follow, struct pb_track *track, enum pb_ending *ending_out,
     pb_error_t *err)
{
  ipp_t *job     = NULL;
  bool   is_over = false;

  if (!ask_job(follow, &job, err))
    return false;
  is_over = pb_track_judge(track, job, pb_clock_mono_ms(), follow->report, ending_out);
  ippDelete(job);
  return is_over;
}

enum pb_ending
pb_follow_job(const struct pb_follow *follow)
{
  struct pb_track track      = {.leave_ms   = follow->arguments->leave_ms,
                                .is_patient = is_patient(follow->arguments->options)};
  struct pb_wait  wait       = {0};
  enum pb_ending  ending     = PB_END_DONE;
  int64_t         printer_ms = 0;

  if (follow->arguments->uri.wait_for == PB_WAIT_SERVICE)
    return PB_END_DONE;
  while (!pb_interrupt_is_set())
  {
    pb_error_t err = {0};

    if (look(follow, &track, &ending, &err))
      return ending;
    if (err.kind != PB_OK && err.kind != PB_RETRY && !pb_interrupt_is_set())
      return leave(follow, &err);
    if (err.kind == PB_RETRY)
    {
      (void)pb_wait_retry(&wait, follow->report, &err);
      continue;
    }
    pb_wait_over(&wait, follow->report);
    if (pb_clock_mono_ms() >= printer_ms)
    {
      report_printer(follow);
      printer_ms = pb_clock_mono_ms() + PRINTER_EVERY_MS;
    }
    (void)pb_interrupt_sleep(pb_track_get_interval_ms(&track, pb_clock_mono_ms()));
  }
  return pb_follow_interrupt(follow);
}

// --- SIGTERM

// Did somebody cancel the job?  A scheduler that does not answer is going down, or restarts: it
// will print the job again.
static bool
is_canceled(const struct pb_arguments *arguments)
{
  pb_cups_t              *cups     = NULL;
  struct pb_cups_printing printing = {0};
  pb_error_t              err      = {0};
  bool                    is       = true;

  if (arguments->queue == NULL || arguments->job_uuid[0] == '\0')
    return true;  // started by hand
  if (!pb_cups_open(/*server*/ NULL, &cups, &err))
    return false;
  if (pb_cups_get_printing(cups, arguments->queue, arguments->job_id, &printing, &err))
    is = printing.is_stopping || printing.state == IPP_JSTATE_HELD ||
         strcmp(printing.uuid, arguments->job_uuid) != 0;
  else
    is = err.kind == PB_GONE;
  pb_cups_close(cups);
  return is;
}

enum pb_ending
pb_follow_interrupt(const struct pb_follow *follow)
{
  if (!is_canceled(follow->arguments))
  {
    pb_log(/*ctx*/ NULL, PB_LOG_INFO, "interrupted: cloud job %d goes on", follow->job_id);
    return PB_END_INTERRUPTED;
  }
  if (follow->job_id != 0)
    (void)pb_follow_cancel(follow);
  return PB_END_CANCELED_HERE;
}

bool
pb_follow_cancel(const struct pb_follow *follow)
{
  ipp_t     *response = NULL;
  pb_error_t err      = {0};

  for (int tries = 0; tries < CANCEL_TRIES; tries++)
  {
    pb_error_clear(&err);
    if (request_there(follow, new_request(follow, IPP_OP_CANCEL_JOB, NULL, 0), CANCEL_MS,
                      /*may_stop*/ false, "Cancel-Job", &response, &err) ||
        err.kind != PB_RETRY)
      break;
  }
  ippDelete(response);
  pb_log(/*ctx*/ NULL, PB_LOG_INFO, "cloud job %d is canceled%s%s", follow->job_id,
         err.message[0] != '\0' ? ": " : "", err.message);
  return err.kind != PB_RETRY;
}
