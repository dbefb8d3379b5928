// op-fetch - Fetch-Job, Acknowledge-Job, Fetch-Document, Acknowledge-Document (PWG 5100.18 s5.1 -
// s5.6).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/secret.h"
#include "cloud/protocol.h"
#include "print/job-attributes.h"
#include "print/job-change.h"
#include "print/job-password.h"
#include "print/operations.h"
#include "print/print-private.h"
#include "print/sniff.h"
#include "print/take-back.h"

static const ipp_tag_t OP = IPP_TAG_OPERATION;

static bool
is_mine(const struct pb_request *request)
{
  return pb_text_is_equal_nocase(request->job.device_uuid, request->device->uuid);
}

// Whoever may not have the job learns why: somebody else has it, or nobody may have it now.
static bool
check_fetchable(struct pb_request *request)
{
  const struct pb_job *job = &request->job;

  if (job->device_uuid[0] && !is_mine(request))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "job %d is assigned to another device", job->id);
  if (pb_job_has_refused(job, request->device))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "this device has refused job %d", job->id);
  if (!pb_reasons_has(job->status.reasons, "job-fetchable"))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FETCHABLE, "job %d is not fetchable",
                             job->id);
  return true;
}

// For a device with PIN printing of its own.
static bool
add_password(struct pb_request *request)
{
  pb_error_t           err = {0};
  uint8_t              password[PB_JOB_PASSWORD_MAX];
  size_t               size = 0;
  const struct pb_job *job  = &request->job;

  if (!pb_job_password_open(request->print, job, password, &size, &err))
    return pb_request_fail(request, &err);
  if (size == 0)
    return true;
  ippAddOctetString(request->response, OP, "job-password", password, (int)size);
  pb_wipe(password, sizeof(password));
  ippAddString(request->response, OP, IPP_TAG_KEYWORD, "job-password-encryption",
               /*language*/ NULL, job->password_encryption);
  return true;
}

bool
pb_op_fetch_job(struct pb_request *request)
{
  // The description that goes with a ticket.
  static const char *const names[] = {"job-template",
                                      "job-id",
                                      "job-uri",
                                      "job-uuid",
                                      "job-name",
                                      "job-originating-user-name",
                                      "job-impressions",
                                      "job-state",
                                      "job-state-reasons",
                                      "document-format-ready",
                                      "number-of-documents",
                                      NULL};
  struct pb_requested      requested;
  const struct pb_job     *job = &request->job;

  if (!check_fetchable(request))
    return false;
  if (!add_password(request))
    return false;
  // What the proxy asks for does not matter here.
  ippDeleteAttribute(request->ipp,
                     ippFindAttribute(request->ipp, "requested-attributes", IPP_TAG_ZERO));
  pb_requested_read(&requested, request->ipp, names);
  if (!pb_job_add_requested(request, job, &requested))
    return false;
  if (job->offers > 0)
    ippAddInteger(request->response, IPP_TAG_JOB, IPP_TAG_INTEGER, PB_JOB_OFFERS, job->offers);
  return true;
}

// --- refusals

// fetch-status-code: omitted or successful is an acceptance (PWG 5100.18 s5.9.3); never 0.
static bool
read_fetch_status(struct pb_request *request, int *status_out)
{
  ipp_attribute_t *code = pb_ipp_find(request->ipp, OP, "fetch-status-code", IPP_TAG_ENUM);

  *status_out = code ? ippGetInteger(code, 0) : 0;
  if (code && *status_out <= 0)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST, "fetch-status-code is never 0");
  if (*status_out < 0x0100)
    *status_out = 0;
  return true;
}

static const struct
{
  int         status;
  const char *reason;
} refusal_reasons[] = {
  {IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED, "unsupported-document-format"     },
  {IPP_STATUS_ERROR_DOCUMENT_FORMAT_ERROR,         "document-format-error"           },
  {IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,          "unsupported-attributes-or-values"},
  {IPP_STATUS_ERROR_CONFLICTING,                   "conflicting-attributes"          },
  {IPP_STATUS_ERROR_COMPRESSION_ERROR,             "compression-error"               },
  {IPP_STATUS_ERROR_COMPRESSION_NOT_SUPPORTED,     "unsupported-compression"         },
  {IPP_STATUS_ERROR_DOCUMENT_PASSWORD,             "document-password-error"         },
  {IPP_STATUS_ERROR_DOCUMENT_PERMISSION,           "document-permission-error"       },
  {IPP_STATUS_ERROR_DOCUMENT_SECURITY,             "document-security-error"         },
  {IPP_STATUS_ERROR_DOCUMENT_UNPRINTABLE,          "document-unprintable-error"      },
};

// Another device of the printer may want it; else the job has nowhere to go.
static bool
take_refusal(struct pb_request *request, int status)
{
  bool           is_passed = false;
  struct pb_job *job       = &request->job;
  const char    *message   = pb_ipp_text(request->ipp, OP, "fetch-status-message");
  const char    *reason    = NULL;
  char           text[PB_JOB_TEXT_SIZE];

  for (size_t i = 0; i < sizeof(refusal_reasons) / sizeof(refusal_reasons[0]); i++)
  {
    if (refusal_reasons[i].status == status)
      reason = refusal_reasons[i].reason;
  }
  job->fetch_status = status;
  pb_text_escape(job->fetch_message, sizeof(job->fetch_message), message ? message : "",
                 message ? strlen(message) : 0);
  if (!pb_job_pass_on(request, job, &is_passed))
    return false;
  if (is_passed)
    return true;
  pb_text_format(text, sizeof(text), "The printer refused the job: %s",
                 message ? job->fetch_message : pb_ipp_status_name((ipp_status_t)status));
  return pb_job_abort(request, job, reason, text);
}

bool
pb_op_acknowledge_job(struct pb_request *request)
{
  bool           is_taken = false;
  int            status   = 0;
  pb_error_t     err      = {0};
  struct pb_job *job      = &request->job;

  if (!read_fetch_status(request, &status))
    return false;
  if (is_mine(request) && !pb_reasons_has(job->status.reasons, "job-fetchable") && status == 0)
    return true;  // said before, the answer was lost
  if (job->status.state == IPP_JSTATE_HELD)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE, "job %d is held", job->id);
  if (!check_fetchable(request))
    return false;
  if (status != 0)
    return take_refusal(request, status);
  if (!pb_job_take(request->print->db, job->id, request->device->uuid, &is_taken, &err))
    return pb_request_fail(request, &err);
  if (!is_taken)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "job %d is assigned to another device", job->id);
  pb_text_copy(job->device_uuid, sizeof(job->device_uuid), request->device->uuid);
  return pb_job_move(request, job, PB_JOB_ASSIGN);
}

// --- documents

static bool
load_document(struct pb_request *request, struct pb_document *document_out)
{
  pb_error_t err    = {0};
  int        number = pb_ipp_int(request->ipp, OP, "document-number", 0);

  if (number < 1)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST, "document-number is missing");
  if (request->job.device_uuid[0] && !is_mine(request))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "job %d is assigned to another device", request->job.id);
  if (!pb_document_load(request->print->db, request->job.id, number, document_out, &err))
    return pb_request_fail(request, &err);
  return true;
}

// Which formats does the proxy take: as it says now, else as it reported.
static bool
accepts_format(struct pb_request *request, const char *format)
{
  ipp_attribute_t *accepted =
    pb_ipp_find(request->ipp, OP, "document-format-accepted", IPP_TAG_MIMETYPE);

  if (!accepted)
    accepted = pb_ipp_find(request->device->attributes, IPP_TAG_PRINTER,
                           "document-format-supported", IPP_TAG_MIMETYPE);
  return !accepted || ippContainsString(accepted, format) ||
         ippContainsString(accepted, PB_FORMAT_UNKNOWN);
}

static bool
note_fetched(struct pb_request *request, struct pb_document *document)
{
  pb_error_t err = {0};

  if (document->is_fetched)
    return true;
  document->is_fetched = true;
  return pb_document_save(request->print->db, document, &err) || pb_request_fail(request, &err);
}

// A device that may not know it yet lets go at this.
static bool
is_taken_back(const struct pb_job *job)
{
  return !job->device_uuid[0] && (job->offers > 0 || pb_job_is_withheld(job));
}

bool
pb_op_fetch_document(struct pb_request *request)
{
  struct pb_document   document = {0};
  struct pb_requested  requested;
  const struct pb_job *job = &request->job;

  if (!load_document(request, &document))
    return false;
  if (!is_mine(request) && is_taken_back(job))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "job %d is not assigned to this device any more", job->id);
  if (is_mine(request) && !pb_job_is_ended(job->status.state) && pb_document_is_awaited(&document))
    return pb_request_refuse(request, IPP_STATUS_ERROR_BUSY,
                             "document %d of job %d was cut off; its sender will send it again",
                             document.number, job->id);
  // What is kept for a device, and it has not acknowledged, may still be given to another one.
  if (!is_mine(request) || pb_reasons_has(job->status.reasons, "job-fetchable") ||
      pb_job_is_ended(job->status.state) || !document.spool_id[0] ||
      !pb_reasons_has(document.reasons, "document-fetchable"))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FETCHABLE,
                             "document %d of job %d is not fetchable", document.number, job->id);
  if (!accepts_format(request, document.format))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FETCHABLE, "document %d of job %d is %s",
                             document.number, job->id, document.format);
  if (!note_fetched(request, &document))
    return false;

  // document-format also where older proxies look for it.
  ippAddString(request->response, OP, IPP_TAG_KEYWORD, "compression", /*language*/ NULL, "none");
  ippAddString(request->response, OP, IPP_TAG_MIMETYPE, "document-format", /*language*/ NULL,
               document.format);
  ippAddBoolean(request->response, OP, "document-preprocessed", /*value*/ 0);
  requested = (struct pb_requested){.is_all = true};
  if (!pb_document_add_requested(request, job, &document, &requested))
    return false;
  pb_text_copy(request->fetch.spool_id, sizeof(request->fetch.spool_id), document.spool_id);
  request->fetch.size = document.size;
  request->answer     = PB_ANSWER_FETCH;
  return true;
}

bool
pb_op_acknowledge_document(struct pb_request *request)
{
  int                status = 0;
  pb_error_t         err    = {0};
  struct pb_document document;

  if (!read_fetch_status(request, &status) || !load_document(request, &document))
    return false;
  if (!is_mine(request))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "job %d is not assigned to this device", request->job.id);
  if (!pb_reasons_has(document.reasons, "document-fetchable") ||
      pb_job_is_ended(request->job.status.state))
    return true;  // said before, or after the end: nothing is left to do
  if (status != 0)
    return take_refusal(request, status);
  pb_reasons_remove(document.reasons, "document-fetchable");
  if (document.state == IPP_DSTATE_PENDING)
    document.state = IPP_DSTATE_PROCESSING;
  if (document.processing_ms == 0)
    document.processing_ms = request->now_ms;
  if (!pb_document_save(request->print->db, &document, &err))
    return pb_request_fail(request, &err);
  return pb_document_raise(request, PB_EVENT_DOCUMENT_STATE_CHANGED, &document);
}
