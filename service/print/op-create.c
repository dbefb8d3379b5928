// op-create - Print-Job, Validate-Job, Create-Job, Send-Document, Close-Job.
// A job row is committed before the first byte of its document is taken.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/clock.h"
#include "cloud/protocol.h"
#include "net/coding.h"
#include "print/capabilities.h"
#include "print/job-attributes.h"
#include "print/job-change.h"
#include "print/job-hold.h"
#include "print/job-password.h"
#include "print/operations.h"
#include "print/print-private.h"
#include "print/sniff.h"
#include "print/ticket.h"
#include "print/upload.h"

static const ipp_tag_t OP = IPP_TAG_OPERATION;

// --- checks

static bool
check_printer(struct pb_request *request)
{
  pb_error_t err    = {0};
  int64_t    queued = 0;

  if (request->printer.devices_count == 0 || !request->printer.is_accepting)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_ACCEPTING_JOBS,
                             "the printer does not accept jobs now");
  if (!pb_job_count_queued(request->print->db, request->printer.id, &queued, &err))
    return pb_request_fail(request, &err);
  if (queued >= request->print->options.jobs_per_printer)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BUSY, "%d jobs are waiting already",
                             (int)queued);
  return true;
}

static bool
refuse_value(struct pb_request *request, ipp_attribute_t *attribute, ipp_status_t status,
             const char *why)
{
  pb_request_refuse(request, status, "%s", why);
  pb_job_ticket_add_unsupported(request, attribute, /*is_name*/ false);
  return false;
}

// compression and document-format; the format goes into document (NULL: only checked).
static bool
check_document(struct pb_request *request, ipp_t *capabilities, struct pb_document *document)
{
  ipp_attribute_t *compression = pb_ipp_find(request->ipp, OP, "compression", IPP_TAG_KEYWORD);
  ipp_attribute_t *format      = pb_ipp_find(request->ipp, OP, "document-format", IPP_TAG_MIMETYPE);
  const char      *value       = PB_FORMAT_UNKNOWN;
  enum pb_coding   coding      = PB_CODING_NONE;

  if (compression && !pb_coding_parse(ippGetString(compression, 0, /*language*/ NULL), &coding))
    return refuse_value(request, compression, IPP_STATUS_ERROR_COMPRESSION_NOT_SUPPORTED,
                        "documents are not taken compressed like that");
  if (format)
    value = ippGetString(format, 0, /*language*/ NULL);
  if (format && !pb_capabilities_has_format(capabilities, value))
    return refuse_value(request, format, IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
                        "the printer does not take this format");
  if (document && !pb_text_copy(document->format, sizeof(document->format), value))
    return refuse_value(request, format, IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
                        "the format is too long");
  return true;
}

// --- new jobs

// A name from the operation attributes; older clients put some into the job group.
static const char *
find_text(struct pb_request *request, const char *name)
{
  const char *text = pb_ipp_text(request->ipp, OP, name);

  return text ? text : pb_ipp_text(request->ipp, IPP_TAG_JOB, name);
}

// Shown to people and handed to print servers: one line of clean text.
static void
copy_name(char *dst, size_t dst_size, const char *src, const char *otherwise)
{
  if (!src || !*src)
    src = otherwise;
  if (pb_text_is_printable(src))
    pb_text_copy(dst, dst_size, src);
  else
    pb_text_escape(dst, dst_size, src, strlen(src));
}

static bool
check_job(struct pb_request *request, ipp_t *capabilities, struct pb_document *document,
          ipp_t **ticket_out)
{
  return check_printer(request) && check_document(request, capabilities, document) &&
         pb_job_password_check(request, capabilities) &&
         pb_job_ticket_accept(request, capabilities, ticket_out);
}

// client-job-uuid (docs/PROTOCOL.md): who does not know whether a job was created asks again, and
// gets the same one.
static void
copy_client_uuid(struct pb_request *request, char dst[PB_UUID_SIZE])
{
  const char *uuid = pb_ipp_text(request->ipp, OP, PB_CLIENT_JOB_UUID);

  dst[0] = '\0';
  if (!uuid || !pb_text_is_uuid(uuid))
    return;
  pb_text_copy(dst, PB_UUID_SIZE, uuid);
  for (char *at = dst; *at; at++)
    *at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
}

// The job that was created by this request's twin.  False also where there is none: then *ok_out is
// true.
static bool
find_twin(struct pb_request *request, bool *ok_out)
{
  pb_error_t err = {0};
  int        id  = 0;
  char       uuid[PB_UUID_SIZE];

  *ok_out = true;
  copy_client_uuid(request, uuid);
  if (!uuid[0])
    return false;
  *ok_out = (pb_job_find_by_client(request->print->db, request->printer.id, request->principal.name,
                                   uuid, &id, &err) &&
             (id == 0 || pb_job_load(request->print->db, id, &request->job, &err))) ||
            pb_request_fail(request, &err);
  return *ok_out && id != 0;
}

// The job as it begins; takes the ticket.
static bool
insert_job(struct pb_request *request, ipp_t *ticket, const char *reason)
{
  pb_error_t     err = {0};
  struct pb_job *job = &request->job;

  *job = (struct pb_job){.printer_id = request->printer.id, .ticket = ticket, .is_open = true};
  job->status.state = IPP_JSTATE_PENDING;
  job->created_ms = job->activity_ms = request->now_ms;
  job->impressions                   = pb_ipp_int(request->ipp, OP, "job-impressions",
                                                  pb_ipp_int(request->ipp, IPP_TAG_JOB, "job-impressions", 0));
  pb_text_make_uuid(job->uuid);
  copy_name(job->name, sizeof(job->name), find_text(request, "job-name"), "Untitled");
  pb_text_copy(job->owner, sizeof(job->owner), request->principal.name);
  if (request->principal.machine[0])
  {
    copy_name(job->asserted_user, sizeof(job->asserted_user), pb_request_get_asserted(request),
              "anonymous");
    pb_text_copy(job->machine, sizeof(job->machine), request->principal.machine);
  }
  copy_client_uuid(request, job->client_uuid);
  pb_text_copy(job->printer_uri, sizeof(job->printer_uri), request->printer_uri);
  (void)pb_reasons_add(job->status.reasons, reason);
  job->priority = pb_ipp_int(job->ticket, IPP_TAG_JOB, "job-priority", 50);
  if (!pb_job_begin_hold(request, job) || !pb_job_password_take(request, job))
    return false;
  if (!pb_job_insert(request->print->db, job, &err))
    return pb_request_fail(request, &err);
  return pb_job_raise(request, PB_EVENT_JOB_CREATED, job);
}

bool
pb_op_validate_job(struct pb_request *request)
{
  ipp_t *ticket       = NULL;
  ipp_t *capabilities = pb_capabilities_new(request, /*only*/ NULL);
  bool   ok = capabilities && check_job(request, capabilities, /*document*/ NULL, &ticket);

  ippDelete(ticket);
  ippDelete(capabilities);
  return ok;
}

static bool
create_subscriptions(struct pb_request *request)
{
  struct pb_event_owner owner = pb_request_get_event_owner(request);

  if (request->print->events &&
      ippFindAttribute(request->ipp, "notify-pull-method", IPP_TAG_ZERO) &&
      ippGetStatusCode(request->response) == IPP_STATUS_OK)
    pb_events_create(request->print->events, request->ipp, request->response, request->printer.id,
                     request->printer_uri, request->job.id, &owner);
  return true;
}

bool
pb_op_create_job(struct pb_request *request)
{
  bool ok = false;

  if (find_twin(request, &ok))
  {
    pb_job_add_status(request, &request->job);
    return true;
  }
  if (!ok)
    return false;

  ipp_t *ticket       = NULL;
  ipp_t *capabilities = pb_capabilities_new(request, /*only*/ NULL);
  ok = capabilities && check_job(request, capabilities, /*document*/ NULL, &ticket) &&
       insert_job(request, ticket, "job-data-insufficient");

  if (ok)
  {
    pb_job_add_status(request, &request->job);
    (void)create_subscriptions(request);
  }
  ippDelete(capabilities);
  return ok;
}

// --- documents

// The document that a device waits for, whose place the new one takes.
static bool
take_place(struct pb_request *request, struct pb_document *document, bool *ok_out)
{
  pb_error_t         err = {0};
  struct pb_document before;

  *ok_out = true;
  if (!request->job.device_uuid[0] || request->job.documents == 0)
    return false;
  if (!pb_document_load(request->print->db, request->job.id, request->job.documents, &before, &err))
  {
    *ok_out = pb_request_fail(request, &err);
    return false;
  }
  if (!pb_document_is_awaited(&before))
    return false;
  pb_text_copy(document->uuid, sizeof(document->uuid), before.uuid);
  pb_text_copy(document->reasons, sizeof(document->reasons), before.reasons);
  document->is_fetched = before.is_fetched;
  *ok_out = pb_document_delete(request->print->db, before.job_id, before.number, &err) ||
            pb_request_fail(request, &err);
  return *ok_out;
}

static bool
begin_document(struct pb_request *request, ipp_t *capabilities, struct pb_document *document,
               bool is_last)
{
  pb_error_t     err = {0};
  struct pb_job *job = &request->job;
  bool           ok  = true;

  pb_text_make_uuid(document->uuid);
  if (!take_place(request, document, &ok))
    job->documents++;
  if (!ok)
    return false;
  document->job_id      = job->id;
  document->number      = job->documents;
  document->size        = -1;
  document->state       = IPP_DSTATE_PENDING;
  document->created_ms  = request->now_ms;
  document->is_last     = is_last;
  document->impressions = job->impressions;
  copy_name(document->name, sizeof(document->name), find_text(request, "document-name"), job->name);
  job->is_open     = !is_last;
  job->is_incoming = true;
  job->activity_ms = request->now_ms;
  (void)pb_reasons_add(job->status.reasons, "job-incoming");
  if (!pb_job_save(request->print->db, job, &err))
    return pb_request_fail(request, &err);
  return pb_upload_begin(request, document, capabilities);
}

// A twin that waits for its document takes this one; one that has it wants no other.
static bool
print_twin(struct pb_request *request)
{
  bool               ok       = false;
  struct pb_document document = {0};
  ipp_t             *capabilities;

  if (!request->job.is_open || request->job.is_incoming || request->job.documents > 0)
  {
    pb_job_add_status(request, &request->job);
    return true;
  }
  capabilities = pb_capabilities_new(request, /*only*/ NULL);
  ok           = capabilities && check_document(request, capabilities, &document) &&
       begin_document(request, capabilities, &document, /*is_last*/ true);
  ippDelete(capabilities);
  return ok;
}

bool
pb_op_print_job(struct pb_request *request)
{
  bool               ok       = false;
  struct pb_document document = {0};
  ipp_t             *ticket   = NULL;

  if (find_twin(request, &ok))
    return print_twin(request);
  if (!ok)
    return false;

  ipp_t *capabilities = pb_capabilities_new(request, /*only*/ NULL);
  ok                  = capabilities && check_job(request, capabilities, &document, &ticket) &&
       insert_job(request, ticket, "job-incoming") &&
       begin_document(request, capabilities, &document, /*is_last*/ true);

  ippDelete(capabilities);
  return ok;
}

bool
pb_op_send_document(struct pb_request *request)
{
  bool               ok           = false;
  struct pb_job     *job          = &request->job;
  struct pb_document document     = {0};
  ipp_t             *capabilities = NULL;
  ipp_attribute_t   *last         = pb_ipp_find(request->ipp, OP, "last-document", IPP_TAG_BOOLEAN);

  if (!last)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST, "last-document is missing");
  if (!job->is_open || pb_job_is_ended(job->status.state))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "job %d takes no more documents", job->id);
  if (job->is_incoming)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BUSY,
                             "another document of job %d is arriving", job->id);
  if (job->documents >= PB_DOCUMENTS_MAX)
    return pb_request_refuse(request, IPP_STATUS_ERROR_TOO_MANY_DOCUMENTS,
                             "job %d has too many documents", job->id);
  capabilities = pb_capabilities_new(request, /*only*/ NULL);
  ok           = capabilities && check_document(request, capabilities, &document) &&
       begin_document(request, capabilities, &document, ippGetBoolean(last, 0) != 0);
  ippDelete(capabilities);
  return ok;
}

bool
pb_op_close_job(struct pb_request *request)
{
  struct pb_job *job = &request->job;

  if (!job->is_open || job->is_incoming)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE, "job %d cannot be closed now",
                             job->id);
  return pb_job_close(request, job);
}
