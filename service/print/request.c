// request - one IPP request on its way through the service, apart from HTTP.
// Everything from loading the printer to saving what changed is one database transaction.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "cloud/protocol.h"
#include "print/presence.h"
#include "print/print-private.h"
#include "print/upload.h"
#include "print/validate.h"

enum
{
  STATUS_MESSAGE_SIZE = 256
};

void
pb_request_init(struct pb_request *request, pb_print_t *print, const pb_principal_t *principal)
{
  *request = (struct pb_request){.print = print, .http_status = 200};
  if (principal)
    request->principal = *principal;
}

static void
drop_consequences(struct pb_request *request)
{
  for (size_t i = 0; i < request->raised_count; i++)
    ippDelete(request->raised[i].attributes);
  free(request->raised);
  free(request->removals);
  request->raised         = NULL;
  request->raised_count   = 0;
  request->removals       = NULL;
  request->removals_count = 0;
}

void
pb_request_clear(struct pb_request *request)
{
  drop_consequences(request);
  pb_upload_free(request->upload);
  pb_printer_clear(&request->printer);
  pb_job_clear(&request->job);
  ippDelete(request->response);
  ippDelete(request->ipp);
  *request = (struct pb_request){0};
}

void
pb_request_reset_response(struct pb_request *request)
{
  ippDelete(request->response);
  request->response = pb_ipp_new_response(request->ipp, IPP_STATUS_OK);
}

bool
pb_request_refuse(struct pb_request *request, ipp_status_t status, const char *format, ...)
{
  char    text[STATUS_MESSAGE_SIZE];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  request->answer = PB_ANSWER_REPLY;
  if (request->response)
    pb_ipp_set_status(request->response, status, "%s", text);
  return false;
}

static const char *
name_operation(const struct pb_request *request)
{
  return request->ipp ? ippOpString(ippGetOperation(request->ipp)) : "chore";
}

bool
pb_request_fail(struct pb_request *request, const pb_error_t *err)
{
  pb_log_ctx_t ctx = {.printer = request->printer.name[0] ? request->printer.name : NULL,
                      .job_id  = request->job.id,
                      .request = name_operation(request)};

  switch (err->kind)
  {
    case PB_GONE:
      return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND, "%s", err->message);
    case PB_REJECT:
      return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST, "%s", err->message);
    case PB_AUTH:
      return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED, "%s", err->message);
    case PB_RETRY:
      pb_log(&ctx, PB_LOG_WARN, "%s", err->message);
      return pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "%s", err->message);
    default:
      pb_log(&ctx, PB_LOG_ERROR, "%s", err->message);
      return pb_request_refuse(request, IPP_STATUS_ERROR_INTERNAL,
                               "the service has a problem; its log says which");
  }
}

// --- who may

bool
pb_request_is_proxy(const struct pb_request *request)
{
  return request->principal.role == PB_ROLE_PROXY;
}

bool
pb_request_is_operator(const struct pb_request *request)
{
  return request->principal.role >= PB_ROLE_OPERATOR;
}

// Users' tokens have a client id, too, which anybody may claim: it is nobody's tunnel, and no
// connector's right to hear of all jobs.
struct pb_event_owner
pb_request_get_event_owner(const struct pb_request *request)
{
  return (struct pb_event_owner){.name = request->principal.name,
                                 .client_id =
                                   pb_request_is_proxy(request) ? request->principal.client_id : "",
                                 .may_all = pb_request_is_operator(request)};
}

static unsigned
get_rights(const pb_principal_t *principal)
{
  unsigned rights = PB_MAY_ANYBODY;

  if (principal->may_register)
    rights |= PB_MAY_REGISTER;
  switch (principal->role)
  {
    case PB_ROLE_PROXY:
      return rights | PB_MAY_PROXY | PB_MAY_REGISTER;
    case PB_ROLE_USER:
      return rights | PB_MAY_USER;
    case PB_ROLE_OPERATOR:
    case PB_ROLE_ADMIN:
      return rights | PB_MAY_USER | PB_MAY_OPERATOR;
    default:
      return rights;
  }
}

static bool
authorize(struct pb_request *request)
{
  unsigned rights = get_rights(&request->principal);

  if (request->operation->may & rights)
    return true;
  if (rights == PB_MAY_ANYBODY)
  {
    request->http_status = 401;
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHENTICATED, "sign in first");
  }
  return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED, "%s is not for this account",
                           name_operation(request));
}

const char *
pb_request_get_asserted(const struct pb_request *request)
{
  const char *name = pb_ipp_text(request->ipp, IPP_TAG_OPERATION, "requesting-user-name");

  return request->principal.machine[0] && name && *name ? name : NULL;
}

bool
pb_request_may_touch(const struct pb_request *request, const struct pb_job *job)
{
  if (pb_request_is_operator(request))
    return true;
  if (pb_request_is_proxy(request))
    return request->printer.id == job->printer_id;  // whose printer it is was checked before
  return pb_text_is_equal(job->owner, request->principal.name) && job->owner[0];
}

// --- the object

// Not one of this printer's.
static bool
refuse_device(struct pb_request *request, const char *uuid)
{
  pb_error_t err      = {0};
  int        other_id = 0;
  bool       is_bye   = request->operation->code == IPP_OP_DEREGISTER_OUTPUT_DEVICE;

  if (!pb_printer_find_by_device(request->print->db, uuid, &other_id, &err))
    return pb_request_fail(request, &err);
  if (other_id != 0)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED,
                             "the output device belongs to another printer");
  return pb_request_refuse(request,
                           is_bye ? IPP_STATUS_ERROR_NOT_POSSIBLE : IPP_STATUS_ERROR_NOT_FOUND,
                           "the output device is not registered");
}

// The proxy names its device, and it must be one of this printer's, and this client's.
static bool
check_device(struct pb_request *request)
{
  const char *uuid = pb_ipp_text(request->ipp, IPP_TAG_OPERATION, "output-device-uuid");

  if (pb_request_is_proxy(request))
    request->device = pb_printer_find_client(&request->printer, request->principal.client_id);
  if (request->operation->device == PB_DEVICE_UNASKED ||
      (!uuid && request->operation->device == PB_DEVICE_IMPLIED))
    return true;
  if (!uuid || !pb_text_is_uuid(uuid))
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST,
                             "output-device-uuid is missing or no UUID");
  request->device = pb_printer_find_device(&request->printer, uuid);
  return request->device || refuse_device(request, uuid);
}

static bool
check_client(struct pb_request *request)
{
  if (!pb_request_is_proxy(request) || (request->operation->may & PB_MAY_ANYBODY))
    return true;
  if (request->device && pb_text_is_equal(request->device->client_id, request->principal.client_id))
    return true;
  return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED,
                           "the printer belongs to another connector");
}

static bool
load_job(struct pb_request *request, int job_id)
{
  pb_error_t err = {0};

  if (job_id == 0)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST, "job-id or job-uri is missing");
  if (!pb_job_load(request->print->db, job_id, &request->job, &err))
    return pb_request_fail(request, &err);
  if (request->job.printer_id != request->printer.id)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND,
                             "there is no job %d on this printer", job_id);
  if (!pb_request_may_touch(request, &request->job))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED,
                             "job %d belongs to somebody else", job_id);
  return true;
}

static bool
load_target(struct pb_request *request, const struct pb_address *address)
{
  pb_error_t err = {0};

  if (address->is_system != (request->operation->target == PB_TARGET_SYSTEM))
    return pb_request_refuse(request, IPP_STATUS_ERROR_OPERATION_NOT_SUPPORTED,
                             "%s is not for this object", name_operation(request));
  if (address->is_system)
    return true;
  if (!pb_printer_load(request->print->db, address->printer_id, &request->printer, &err))
    return pb_request_fail(request, &err);
  pb_presence_mark(request->print, &request->printer);
  if (!check_device(request) || !check_client(request))
    return false;
  return request->operation->target == PB_TARGET_PRINTER || load_job(request, address->job_id);
}

// --- the transaction and what follows it

bool
pb_request_raise(struct pb_request *request, enum pb_event_type type, int job_id,
                 int document_number, ipp_t *attributes, const char *text)
{
  pb_error_t        err  = {0};
  struct pb_raised *more = realloc(request->raised, (request->raised_count + 1) * sizeof(*more));

  if (!more)
  {
    ippDelete(attributes);
    return false;
  }
  request->raised = more;
  more += request->raised_count++;
  *more = (struct pb_raised){.type            = type,
                             .printer_id      = request->printer.id,
                             .job_id          = job_id,
                             .document_number = document_number,
                             .attributes      = attributes};
  pb_text_copy(more->text, sizeof(more->text), text);
  if (job_id != 0 && !pb_job_copy_owner(request->print->db, job_id, more->job_owner, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  return true;
}

bool
pb_request_remove_spooled(struct pb_request *request, const char *spool_id)
{
  char(*more)[PB_SPOOL_ID_SIZE] = NULL;

  if (!spool_id[0])
    return true;
  more = realloc(request->removals, (request->removals_count + 1) * sizeof(*more));
  if (!more)
    return false;
  request->removals = more;
  pb_text_copy(more[request->removals_count++], PB_SPOOL_ID_SIZE, spool_id);
  return true;
}

void
pb_request_format_uri(pb_print_t *print, int printer_id, char uri[PB_JOB_URI_SIZE])
{
  pb_text_format(uri, PB_JOB_URI_SIZE, "ipps://%s" PB_PATH_PRINT "%d", print->authority,
                 printer_id);
}

// It has no device of this printer any more.
static void
end_subscriptions(struct pb_request *request)
{
  if (request->ended_client[0] && request->print->events &&
      !pb_printer_find_client(&request->printer, request->ended_client))
    pb_events_drop_client(request->print->events, request->printer.id, request->ended_client);
  request->ended_client[0] = '\0';
}

static void
run_consequences(struct pb_request *request)
{
  char       uri[PB_JOB_URI_SIZE];
  pb_error_t err = {0};

  end_subscriptions(request);
  for (size_t i = 0; i < request->raised_count; i++)
  {
    const struct pb_raised *raised = &request->raised[i];
    struct pb_event         event  = {.type            = raised->type,
                                      .printer_id      = raised->printer_id,
                                      .printer_uri     = uri,
                                      .job_id          = raised->job_id,
                                      .document_number = raised->document_number,
                                      .job_owner       = raised->job_id ? raised->job_owner : NULL,
                                      .attributes      = raised->attributes,
                                      .text            = raised->text};

    pb_request_format_uri(request->print, raised->printer_id, uri);
    if (request->print->events)
      pb_events_raise(request->print->events, &event);
    if (raised->type == PB_EVENT_JOB_COMPLETED && request->print->events)
      pb_events_end_job(request->print->events, raised->printer_id, raised->job_id);
  }
  for (size_t i = 0; i < request->removals_count; i++)
  {
    if (!pb_spool_remove(request->print->spool, request->removals[i], &err))
      pb_log(/*ctx*/ NULL, PB_LOG_WARN, "spool: %s", err.message);  // the sweep at start takes it
  }
}

static bool
commit(struct pb_request *request, pb_error_t *err)
{
  bool ok;

  PB_FAULT_OF("service.commit", name_operation(request), "before");
  ok = pb_db_commit(request->print->db, err);
  PB_FAULT_OF("service.commit", name_operation(request), "after");
  return ok;
}

bool
pb_request_transact(struct pb_request *request, bool (*step)(struct pb_request *request))
{
  bool       ok;
  pb_error_t err = {0};

  if (!pb_db_begin(request->print->db, &err))
    return pb_request_fail(request, &err);
  ok = step(request);
  if (!ok)
    pb_db_rollback(request->print->db);
  else if (!commit(request, &err))
  {
    ok = false;
    pb_request_reset_response(request);
    pb_request_fail(request, &err);
  }
  if (ok)
    run_consequences(request);
  PB_FAULT_OF("service.answer", name_operation(request), "before");
  drop_consequences(request);
  return ok;
}

// --- the whole

// Not a message that can be parsed: answer with what its first eight bytes say.
static void
refuse_malformed(struct pb_request *request, const uint8_t *bytes, size_t size,
                 const pb_error_t *err)
{
  request->response = pb_ipp_new_response(/*request*/ NULL, IPP_STATUS_ERROR_BAD_REQUEST);
  if (!request->response || size < 8)
    return;
  ippSetVersion(request->response, bytes[0] < 128 ? bytes[0] : 2, bytes[1] < 128 ? bytes[1] : 0);
  ippSetRequestId(request->response, (int)((uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 |
                                           (uint32_t)bytes[6] << 8 | bytes[7]));
  pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST, "%s", err->message);
}

// The token was looked at before the transaction began: a copy of a print server whose key is
// replaced at that moment gets nothing by what it had on its way.
static bool
check_key(struct pb_request *request)
{
  pb_error_t err = {0};

  if (!pb_request_is_proxy(request) ||
      pb_identity_check_key(request->print->identity, &request->principal, &err))
    return true;
  if (err.kind != PB_AUTH)
    return pb_request_fail(request, &err);
  request->http_status = 401;
  return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHENTICATED, "%s", err.message);
}

static bool
load_and_perform(struct pb_request *request)
{
  struct pb_address address;

  if (!check_key(request))
    return false;
  // The form was checked before the transaction began.
  if (!pb_address_parse_uri(request->printer_uri, &address))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND, "there is no such object");
  if (address.job_id == 0)
    address.job_id = pb_ipp_int(request->ipp, IPP_TAG_OPERATION, "job-id", 0);
  else
    *strrchr(request->printer_uri, '/') =
      '\0';  // what was a job's URI is the printer's from here on
  return load_target(request, &address) && request->operation->perform(request);
}

static bool
check_form(struct pb_request *request, const char *path)
{
  const char       *why = NULL, *uri = NULL;
  struct pb_address address;
  ipp_status_t      status = pb_validate_form(request->ipp, &why);

  if (status != IPP_STATUS_OK)
    return pb_request_refuse(request, status, "%s", why);
  request->operation = pb_operation_find(ippGetOperation(request->ipp));
  if (!request->operation)
    return pb_request_refuse(request, IPP_STATUS_ERROR_OPERATION_NOT_SUPPORTED,
                             "%s is not supported", name_operation(request));
  status = pb_validate_target(request->ipp, path, &address, &uri, &why);
  if (status != IPP_STATUS_OK)
    return pb_request_refuse(request, status, "%s", why);
  if (!pb_text_copy(request->printer_uri, sizeof(request->printer_uri), uri))
    return pb_request_refuse(request, IPP_STATUS_ERROR_REQUEST_VALUE, "the URI is too long");
  return true;
}

void
pb_request_perform(struct pb_request *request, const char *path, const void *message, size_t size)
{
  pb_error_t err = {0};

  request->now_ms = pb_clock_now_ms();
  if (!pb_ipp_parse(message, size, &request->ipp, &err))
  {
    refuse_malformed(request, message, size, &err);
    return;
  }
  request->response = pb_ipp_new_response(request->ipp, IPP_STATUS_OK);
  if (!request->response)
    return;
  if (!check_form(request, path) || !authorize(request))
    return;
  if (pb_request_is_proxy(request))
    pb_seen_note(&request->print->seen, request->principal.client_id, request->now_ms);
  (void)pb_request_transact(request, load_and_perform);
}
