// request - one IPP request on its way through the service, apart from HTTP: from bytes and a
// principal to a response. A request belongs to one thread at a time.  Its operation runs inside a
// database transaction; what other parts must hear of it (events, documents to remove) is kept here
// until the transaction has been committed.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_REQUEST_H
#define PB_PRINT_REQUEST_H

#include "print/document-store.h"
#include "print/job-store.h"
#include "print/print.h"
#include "print/printer-store.h"

struct pb_request;
struct pb_upload;

enum pb_answer
{
  PB_ANSWER_REPLY,     // the response is complete
  PB_ANSWER_DOCUMENT,  // document data must follow: pb_upload_write, then pb_upload_finish
  PB_ANSWER_FETCH,     // the response is followed by the document fetch.spool_id
  PB_ANSWER_WAIT,      // Get-Notifications: nothing yet; ask again when woken
  PB_ANSWER_AGAIN      // a part is done, and others have their turn: perform it again
};

enum pb_target
{
  PB_TARGET_SYSTEM,
  PB_TARGET_PRINTER,  // request->printer is loaded
  PB_TARGET_JOB       // request->printer and request->job are loaded, and may be touched by the
                      // principal
};

enum  // who may send an operation
{
  PB_MAY_ANYBODY  = 1,
  PB_MAY_USER     = 2,  // users, operators, administrators
  PB_MAY_OPERATOR = 4,  // operators, administrators
  PB_MAY_PROXY    = 8,  // the connector of the printer
  PB_MAY_REGISTER = 16  // who holds an approval, or is a connector
};

enum pb_device_need
{
  PB_DEVICE_UNASKED,
  PB_DEVICE_NAMED,   // output-device-uuid must be one of the printer's devices
  PB_DEVICE_IMPLIED  // may be left out (old proxies and Acknowledge-Identify-Printer)
};

struct pb_operation
{
  ipp_op_t            code;
  enum pb_target      target;
  unsigned            may;
  enum pb_device_need device;
  bool (*perform)(struct pb_request *request);  // false: roll back; the response says why
};

const struct pb_operation *pb_operation_find(ipp_op_t code);  // NULL: not supported
const struct pb_operation *pb_operations(size_t *count_out);

struct pb_raised  // an event to raise after the commit
{
  enum pb_event_type type;
  int                printer_id, job_id, document_number;
  char               job_owner[PB_JOB_TEXT_SIZE];  // "": not known, so nobody's but operators'
  ipp_t             *attributes;
  char               text[128];
};

struct pb_request
{
  pb_print_t                *print;
  pb_principal_t             principal;
  int                        http_status;  // 200, 401
  ipp_t                     *ipp, *response;
  const struct pb_operation *operation;
  char                       printer_uri[PB_JOB_URI_SIZE];  // as the client named it
  struct pb_printer          printer;
  struct pb_device
                *device;  // of the printer's: the one that is named, else the proxy's; may be NULL
  struct pb_job  job;
  int64_t        now_ms;
  int            newest_job;  // when it was performed first, in parts; 0: not looked at yet
  enum pb_answer answer;
  struct pb_upload *upload;  // PB_ANSWER_DOCUMENT
  struct
  {
    char    spool_id[PB_SPOOL_ID_SIZE];
    int64_t size;  // -1: not known yet
  } fetch;
  bool             may_wait;  // Get-Notifications
  pb_events_wake_t wake;
  void            *wake_user;

  char              ended_client[PB_CLIENT_ID_SIZE];  // whose subscriptions to the printer end
  struct pb_raised *raised;
  size_t            raised_count;
  char (*removals)[PB_SPOOL_ID_SIZE];
  size_t removals_count;
};

void pb_request_init(struct pb_request *request, pb_print_t *print,
                     const pb_principal_t *principal);
// Parse, check and perform a message that came to the HTTP path.  Afterwards http_status, answer
// and response say what to do; response is NULL only when not even an error could be made (HTTP
// 400, 401, 500).
void pb_request_perform(struct pb_request *request, const char *path, const void *message,
                        size_t size);
// Run a step of the request in a transaction of its own, with what must follow it.
bool pb_request_transact(struct pb_request *request, bool (*step)(struct pb_request *request));
void pb_request_clear(struct pb_request *request);

// --- for the operations
// Always false.  The response gets the status and the message.
bool pb_request_refuse(struct pb_request *request, ipp_status_t status, const char *format, ...)
  PB_PRINTF(3, 4);
bool pb_request_fail(struct pb_request *request,
                     const pb_error_t  *err);  // a failure of ours; it is logged
// A response again with nothing in it but the status.
void pb_request_reset_response(struct pb_request *request);
bool pb_request_is_proxy(const struct pb_request *request);
bool pb_request_is_operator(const struct pb_request *request);
// Whom a machine (scope print.machine) names as the user; NULL: it names nobody, or is no machine.
const char *pb_request_get_asserted(const struct pb_request *request);
// Who asks for a subscription.  Borrows from the request.
struct pb_event_owner pb_request_get_event_owner(const struct pb_request *request);
bool pb_request_may_touch(const struct pb_request *request, const struct pb_job *job);
// The URI of a printer as the service hands it out.
void pb_request_format_uri(pb_print_t *print, int printer_id, char uri[PB_JOB_URI_SIZE]);

// Takes attributes (may be NULL).
bool pb_request_raise(struct pb_request *request, enum pb_event_type type, int job_id,
                      int document_number, ipp_t *attributes, const char *text);
bool pb_request_remove_spooled(struct pb_request *request, const char *spool_id);

#endif
