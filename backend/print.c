// print - one job, from its arguments to its end.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/print.h"

#include "backend/follow.h"
#include "backend/hold.h"
#include "backend/identity.h"
#include "backend/interrupt.h"
#include "backend/side-channel.h"
#include "backend/upload.h"
#include "backend/watch.h"
#include "cloud/printer-cache.h"

#include <string.h>

struct print
{
  const struct pb_print_job *job;
  struct pb_identity         identity;
  char                       printer_uri[512];
  const char                *format;
  ipp_t                     *printer;  // NULL: not known
  pb_side_channel_t         *side;
  pb_cloud_account_t        *account;
  pb_cloud_t                *cloud;
  int                        job_id;  // of the cloud; 0: none yet
};

static enum pb_ending
fail(const struct print *print, const pb_error_t *err)
{
  // An earlier run of this job may have come further: it is over only where somebody canceled it.
  if (pb_interrupt_is_set())
    return pb_follow_interrupt(&(struct pb_follow){.arguments = print->job->arguments});
  pb_report_error(print->job->report, "%s", err->message);
  return pb_exit_get_ending(err);
}

static bool
prepare(struct print *print, pb_error_t *err)
{
  const struct pb_arguments *arguments = print->job->arguments;

  print->format = pb_arguments_get_format(arguments);
  if (print->format == NULL)
    return pb_error_set(
      err, PB_CONFIG,
      "%s is nothing that a cloud printer takes: add the queue again with its own PPD",
      arguments->final_content_type);
  if (!pb_device_uri_get_printer_uri(&arguments->uri, print->printer_uri,
                                     sizeof(print->printer_uri)))
    return pb_error_set(err, PB_CONFIG, "the device URI is too long");
  return pb_identity_find(arguments, &print->identity, err);
}

// Known from the list, or unknown: then everything sound is sent, and the service decides.
static void
read_printer(struct print *print)
{
  const struct pb_arguments *arguments = print->job->arguments;
  pb_error_t                 why       = {0};

  if (!pb_printer_cache_copy_attributes(&print->identity.places, &print->identity.service,
                                        arguments->uri.id, &print->printer, &why))
    pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "%s: %s", arguments->uri.id, why.message);
}

static bool
connect_cloud(struct print *print, pb_error_t *err)
{
  const char *device_id = NULL;

  read_printer(print);
  if (print->printer != NULL)
    device_id = pb_ipp_text(print->printer, IPP_TAG_PRINTER, "printer-device-id");
  return pb_side_channel_start(print->job->report, device_id != NULL ? device_id : "", &print->side,
                               err) &&
         pb_sign_in_make_account(print->identity.sign_in, &print->account, err) &&
         pb_cloud_open(print->account, &print->cloud, err);
}

static enum pb_ending
hold(struct print *print)
{
  pb_error_t err = {0};

  if (!pb_hold(print->job->arguments, &print->identity, print->job->report, &err))
    return fail(print, &err);
  return PB_END_SIGN_IN;
}

// Where the authorization is gone from the disk, what remains is to say so, once, and to ask for
// another.  Where it is still there the account may not do this: another code would change nothing,
// and each such job would release the others that are held, which would release it.
static enum pb_ending
hold_again(struct print *print, const pb_error_t *err)
{
  pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err->message);
  if (print->identity.is_machine || pb_sign_in_is_stored(print->identity.sign_in))
    return fail(print, err);
  // Not as an error: cupsd keeps the first error as the message, and that is to be the code.
  pb_report_info(print->job->report, "%s", err->message);
  return hold(print);
}

// cupsd has stopped us, not the job.
static void
leave_watch(const struct print *print)
{
  const struct pb_follow follow = {
    .arguments = print->job->arguments, .printer_uri = print->printer_uri, .job_id = print->job_id};

  pb_watch_start(&follow, &print->identity);
}

static enum pb_ending
print_document(struct print *print)
{
  const struct pb_print_job   *job    = print->job;
  const struct pb_upload_order order  = {.arguments       = job->arguments,
                                         .printer_uri     = print->printer_uri,
                                         .format          = print->format,
                                         .client_job_uuid = job->client_job_uuid,
                                         .ppd             = job->ppd,
                                         .printer         = print->printer,
                                         .source          = job->source,
                                         .report          = job->report};
  struct pb_follow             follow = {.arguments   = job->arguments,
                                         .printer_uri = print->printer_uri,
                                         .report      = job->report,
                                         .cloud       = print->cloud};
  pb_error_t                   err    = {0};

  pb_report_info(job->report, "Sending the job.");
  bool is_there = pb_upload_run(print->cloud, &order, &follow.job_id, &err);

  print->job_id = follow.job_id;
  if (!is_there)
  {
    if (pb_interrupt_is_set())
      return pb_follow_interrupt(&follow);
    return err.kind == PB_AUTH ? hold_again(print, &err) : fail(print, &err);
  }
  pb_side_channel_set_connected(print->side, true);
  return pb_follow_job(&follow);
}

static enum pb_ending
run(struct print *print)
{
  bool       is_empty = false;
  pb_error_t err      = {0};

  if (!prepare(print, &err) || !pb_privilege_drop(&print->identity.ids, &err))
    return fail(print, &err);
  if (print->identity.sign_in == NULL)
    return hold(print);
  pb_hold_end(print->job->arguments, &print->identity);
  // Filters that fail write nothing: no job is made of it.
  if (!connect_cloud(print, &err) ||
      !pb_source_wait(print->job->source, pb_interrupt_get_fd(), &is_empty, &err))
    return fail(print, &err);
  if (is_empty)
  {
    pb_report_error(print->job->report, "There is nothing to print: the document is empty.");
    return PB_END_FAILED;
  }
  return print_document(print);
}

enum pb_ending
pb_print(const struct pb_print_job *job)
{
  struct print   print  = {.job = job};
  enum pb_ending ending = run(&print);

  pb_side_channel_stop(print.side);
  pb_cloud_close(print.cloud);
  pb_cloud_account_free(print.account);
  if (ending == PB_END_INTERRUPTED && print.job_id != 0)
    leave_watch(&print);
  pb_identity_clear(&print.identity);
  ippDelete(print.printer);
  return ending;
}
