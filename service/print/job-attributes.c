// job-attributes - jobs and documents as IPP attributes (RFC 8011 s5.3, PWG 5100.5, 5100.18).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/job-attributes.h"

#include <stdlib.h>

#include "ipp/attributes.h"
#include "print/job-password.h"
#include "print/print-private.h"

static void
add_text(ipp_t *bag, ipp_tag_t group, ipp_tag_t syntax, const char *name, const char *value)
{
  ippAddString(bag, group, syntax, name, /*language*/ NULL, value);
}

static void
add_number(ipp_t *bag, ipp_tag_t group, const char *name, int value)
{
  ippAddInteger(bag, group, IPP_TAG_INTEGER, name, value);
}

// date-time-at-xxx and time-at-xxx; 'no-value' for what has not happened.
static void
add_time(const pb_print_t *print, ipp_t *bag, ipp_tag_t group, const char *what, int64_t at_ms)
{
  char date_name[64], time_name[64];

  pb_text_format(date_name, sizeof(date_name), "date-time-at-%s", what);
  pb_text_format(time_name, sizeof(time_name), "time-at-%s", what);
  if (at_ms == 0)
  {
    ippAddOutOfBand(bag, group, IPP_TAG_NOVALUE, date_name);
    ippAddOutOfBand(bag, group, IPP_TAG_NOVALUE, time_name);
    return;
  }
  ippAddDate(bag, group, date_name, ippTimeToDate((time_t)(at_ms / 1000)));
  add_number(bag, group, time_name, pb_print_up_time_at(print, at_ms));
}

static void
format_job_uri(const struct pb_job *job, char uri[PB_JOB_URI_SIZE + 16])
{
  pb_text_format(uri, PB_JOB_URI_SIZE + 16, "%s/%d", job->printer_uri, job->id);
}

static const char *
describe_state(const struct pb_job *job)
{
  if (job->message[0])
    return job->message;
  if (job->device_message[0])
    return job->device_message;
  if (pb_job_is_canceling(&job->status))
    return "The printer is asked to stop.";
  if (pb_reasons_has(job->status.reasons, "job-incoming"))
    return "The document is arriving.";
  if (pb_reasons_has(job->status.reasons, "job-data-insufficient"))
    return "Waiting for documents.";
  if (pb_reasons_has(job->status.reasons, "job-fetchable"))
    return "Waiting for the printer.";
  switch (job->status.state)
  {
    case IPP_JSTATE_HELD:
      if (pb_reasons_has(job->status.reasons, PB_REASON_PASSWORD_WAIT))
        return "Waiting for its PIN.";
      return job->hold_until_ms != PB_HOLD_FOREVER ? "Held until its time has come."
                                                   : "Held until it is released.";
    case IPP_JSTATE_PROCESSING:
      return job->device_state == IPP_JSTATE_PROCESSING ? "Printing."
                                                        : "Taken over by the printer.";
    case IPP_JSTATE_STOPPED:
      return "Printing has stopped.";
    case IPP_JSTATE_CANCELED:
      return "Canceled.";
    case IPP_JSTATE_ABORTED:
      return "Given up.";
    case IPP_JSTATE_COMPLETED:
      return "Printed.";
    default:
      return "Waiting.";
  }
}

static void
add_state(ipp_t *bag, const struct pb_job *job)
{
  ippAddInteger(bag, IPP_TAG_JOB, IPP_TAG_ENUM, "job-state", job->status.state);
  add_text(bag, IPP_TAG_JOB, IPP_TAG_TEXT, "job-state-message", describe_state(job));
  pb_reasons_to_ipp(job->status.reasons, bag, IPP_TAG_JOB, "job-state-reasons");
}

static void
add_identity(ipp_t *bag, const struct pb_job *job)
{
  char uri[PB_JOB_URI_SIZE + 16];

  format_job_uri(job, uri);
  add_number(bag, IPP_TAG_JOB, "job-id", job->id);
  add_text(bag, IPP_TAG_JOB, IPP_TAG_URI, "job-uri", uri);
  add_text(bag, IPP_TAG_JOB, IPP_TAG_URI, "job-uuid", job->uuid);
}

void
pb_job_add_status(struct pb_request *request, const struct pb_job *job)
{
  add_identity(request->response, job);
  add_state(request->response, job);
  add_number(request->response, IPP_TAG_JOB, "number-of-documents", job->documents);
}

// PWG 5100.18 s6.3: what the device says of it, as it said it.
static void
add_device_view(ipp_t *bag, const struct pb_job *job)
{
  if (!job->device_uuid[0])
    return;
  add_text(bag, IPP_TAG_JOB, IPP_TAG_URI, "output-device-uuid-assigned", job->device_uuid);
  if (job->device_state == 0)
    return;
  ippAddInteger(bag, IPP_TAG_JOB, IPP_TAG_ENUM, "output-device-job-state", job->device_state);
  pb_reasons_to_ipp(job->device_reasons, bag, IPP_TAG_JOB, "output-device-job-state-reasons");
  add_text(bag, IPP_TAG_JOB, IPP_TAG_TEXT, "output-device-job-state-message", job->device_message);
}

// Size and formats come from the documents.
static bool
add_of_documents(struct pb_request *request, ipp_t *bag, const struct pb_job *job)
{
  const char         *formats[32];
  int                 formats_count = 0;
  int64_t             size          = 0;
  size_t              count         = 0;
  struct pb_document *documents     = NULL;

  if (!pb_document_list(request->print->db, job->id, &documents, &count, /*err*/ NULL))
    return false;
  for (size_t i = 0; i < count; i++)
  {
    size += documents[i].size > 0 ? documents[i].size : 0;
    if (pb_reasons_has(documents[i].reasons, "document-fetchable") && formats_count < 32)
      formats[formats_count++] = documents[i].format;
  }
  add_number(bag, IPP_TAG_JOB, "job-k-octets",
             (int)((size + 1023) / 1024 > INT32_MAX ? INT32_MAX : (size + 1023) / 1024));
  if (formats_count > 0)
    ippAddStrings(bag, IPP_TAG_JOB, IPP_TAG_MIMETYPE, "document-format-ready", formats_count,
                  /*language*/ NULL, formats);
  else
    ippAddOutOfBand(bag, IPP_TAG_JOB, IPP_TAG_NOVALUE, "document-format-ready");
  if (count > 0)
    add_text(bag, IPP_TAG_JOB, IPP_TAG_MIMETYPE, "document-format", documents[0].format);
  free(documents);
  return true;
}

static bool
add_ticket(ipp_t *bag, ipp_t *ticket)
{
  if (!ticket)
    return true;
  for (ipp_attribute_t *at = ippFirstAttribute(ticket); at; at = ippNextAttribute(ticket))
  {
    if (ippGetName(at) && !pb_attributes_copy_one(at, bag, IPP_TAG_JOB))
      return false;
  }
  return true;
}

ipp_t *
pb_job_to_ipp(struct pb_request *request, const struct pb_job *job)
{
  const pb_print_t *print = request->print;
  ipp_t            *bag   = pb_bag_new();

  if (!bag)
    return NULL;
  add_identity(bag, job);
  add_state(bag, job);
  add_text(bag, IPP_TAG_JOB, IPP_TAG_NAME, "job-name", job->name);
  add_text(bag, IPP_TAG_JOB, IPP_TAG_NAME, "job-originating-user-name", pb_job_get_user(job));
  if (job->machine[0])
    add_text(bag, IPP_TAG_JOB, IPP_TAG_NAME, "job-originating-host-name", job->machine);
  add_text(bag, IPP_TAG_JOB, IPP_TAG_URI, "job-printer-uri", job->printer_uri);
  add_number(bag, IPP_TAG_JOB, "job-printer-up-time", pb_print_up_time(print));
  add_number(bag, IPP_TAG_JOB, "number-of-documents", job->documents);
  if (job->impressions > 0)
    add_number(bag, IPP_TAG_JOB, "job-impressions", job->impressions);
  else
    ippAddOutOfBand(bag, IPP_TAG_JOB, IPP_TAG_NOVALUE, "job-impressions");
  add_number(bag, IPP_TAG_JOB, "job-impressions-completed", job->impressions_completed);
  add_number(bag, IPP_TAG_JOB, "job-k-octets-processed", job->k_octets);
  add_number(bag, IPP_TAG_JOB, "job-media-sheets-completed", job->sheets);
  add_number(bag, IPP_TAG_JOB, "job-pages-completed", job->pages);
  add_time(print, bag, IPP_TAG_JOB, "creation", job->created_ms);
  add_time(print, bag, IPP_TAG_JOB, "processing", job->status.processing_ms);
  add_time(print, bag, IPP_TAG_JOB, "completed", job->status.completed_ms);
  add_text(bag, IPP_TAG_JOB, IPP_TAG_CHARSET, "attributes-charset", "utf-8");
  add_text(bag, IPP_TAG_JOB, IPP_TAG_LANGUAGE, "attributes-natural-language", PB_LANGUAGE);
  add_device_view(bag, job);
  if (add_of_documents(request, bag, job) && add_ticket(bag, job->ticket))
    return bag;
  ippDelete(bag);
  return NULL;
}

ipp_t *
pb_document_to_ipp(struct pb_request *request, const struct pb_job *job,
                   const struct pb_document *document)
{
  const pb_print_t *print = request->print;
  ipp_tag_t         group = IPP_TAG_DOCUMENT;
  ipp_t            *bag   = pb_bag_new();

  if (!bag)
    return NULL;
  add_number(bag, group, "document-number", document->number);
  add_number(bag, group, "document-job-id", job->id);
  add_text(bag, group, IPP_TAG_URI, "document-printer-uri", job->printer_uri);
  add_text(bag, group, IPP_TAG_URI, "document-uuid", document->uuid);
  add_text(bag, group, IPP_TAG_NAME, "document-name", document->name);
  add_text(bag, group, IPP_TAG_MIMETYPE, "document-format", document->format);
  add_text(bag, group, IPP_TAG_KEYWORD, "compression", "none");
  ippAddInteger(bag, group, IPP_TAG_ENUM, "document-state", document->state);
  add_text(bag, group, IPP_TAG_TEXT, "document-state-message", document->message);
  pb_reasons_to_ipp(document->reasons, bag, group, "document-state-reasons");
  ippAddBoolean(bag, group, "last-document", document->is_last);
  if (document->impressions > 0)
    add_number(bag, group, "impressions", document->impressions);
  add_number(bag, group, "impressions-completed", document->impressions_completed);
  if (document->size >= 0)
    add_number(bag, group, "k-octets", (int)((document->size + 1023) / 1024 & INT32_MAX));
  add_number(bag, group, "printer-up-time", pb_print_up_time(print));
  add_time(print, bag, group, "creation", document->created_ms);
  add_time(print, bag, group, "processing", document->processing_ms);
  add_time(print, bag, group, "completed", document->completed_ms);
  add_text(bag, group, IPP_TAG_CHARSET, "attributes-charset", "utf-8");
  add_text(bag, group, IPP_TAG_LANGUAGE, "attributes-natural-language", PB_LANGUAGE);
  if (pb_reasons_has(document->reasons, "document-fetchable"))
    add_text(bag, group, IPP_TAG_MIMETYPE, "document-format-ready", document->format);
  if (document->device_state != 0)
  {
    ippAddInteger(bag, group, IPP_TAG_ENUM, "output-device-document-state", document->device_state);
    pb_reasons_to_ipp(document->device_reasons, bag, group, "output-device-document-state-reasons");
    add_text(bag, group, IPP_TAG_TEXT, "output-device-document-state-message",
             document->device_message);
  }
  return bag;
}

static bool
add_bag(struct pb_request *request, ipp_t *bag, const struct pb_requested *requested,
        const struct pb_groups *groups, ipp_tag_t group)
{
  int count = bag ? pb_requested_copy(requested, groups, bag, request->response, group) : -1;

  ippDelete(bag);
  return count >= 0 ? true
                    : pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
}

bool
pb_job_add_requested(struct pb_request *request, const struct pb_job *job,
                     const struct pb_requested *requested)
{
  return add_bag(request, pb_job_to_ipp(request, job), requested, &pb_groups_job, IPP_TAG_JOB);
}

bool
pb_document_add_requested(struct pb_request *request, const struct pb_job *job,
                          const struct pb_document *document, const struct pb_requested *requested)
{
  return add_bag(request, pb_document_to_ipp(request, job, document), requested,
                 &pb_groups_document, IPP_TAG_DOCUMENT);
}
