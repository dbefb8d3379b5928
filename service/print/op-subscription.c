// op-subscription - the operations of RFC 3995 and 3996, which service/events performs.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/operations.h"
#include "print/print-private.h"

// What events made of it decides whether the transaction stands.
static bool
is_successful(const struct pb_request *request)
{
  return ippGetStatusCode(request->response) < IPP_STATUS_ERROR_BAD_REQUEST;
}

static bool
create(struct pb_request *request, int job_id)
{
  char                  uri[PB_JOB_URI_SIZE];
  struct pb_event_owner owner = pb_request_get_event_owner(request);

  pb_request_format_uri(request->print, request->printer.id, uri);
  pb_events_create(request->print->events, request->ipp, request->response, request->printer.id,
                   uri, job_id, &owner);
  return is_successful(request);
}

bool
pb_op_create_printer_subscriptions(struct pb_request *request)
{
  return create(request, /*job*/ 0);
}

bool
pb_op_create_job_subscriptions(struct pb_request *request)
{
  if (pb_job_is_ended(request->job.status.state))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE, "job %d has ended",
                             request->job.id);
  return create(request, request->job.id);
}

bool
pb_op_get_subscription_attributes(struct pb_request *request)
{
  struct pb_event_owner owner = pb_request_get_event_owner(request);

  pb_events_get_attributes(request->print->events, request->ipp, request->response,
                           request->printer.id, &owner);
  return is_successful(request);
}

bool
pb_op_get_subscriptions(struct pb_request *request)
{
  struct pb_event_owner owner = pb_request_get_event_owner(request);

  pb_events_list(request->print->events, request->ipp, request->response, request->printer.id,
                 &owner);
  return is_successful(request);
}

bool
pb_op_renew_subscription(struct pb_request *request)
{
  struct pb_event_owner owner = pb_request_get_event_owner(request);

  pb_events_renew(request->print->events, request->ipp, request->response, request->printer.id,
                  &owner);
  return is_successful(request);
}

bool
pb_op_cancel_subscription(struct pb_request *request)
{
  struct pb_event_owner owner = pb_request_get_event_owner(request);

  pb_events_cancel(request->print->events, request->ipp, request->response, request->printer.id,
                   &owner);
  return is_successful(request);
}

bool
pb_op_get_notifications(struct pb_request *request)
{
  struct pb_event_owner owner = pb_request_get_event_owner(request);

  if (!pb_events_get(request->print->events, request->ipp, request->response, request->printer.id,
                     &owner, request->may_wait, request->wake, request->wake_user))
    request->answer = PB_ANSWER_WAIT;
  return is_successful(request);
}
