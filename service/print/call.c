// call - an IPP request is performed, waits for events, and is answered.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/call.h"

#include "base/log.h"
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 30000  // of a long poll (RFC 3996 s5.2)

static void work_perform(void *arg);

void
pb_call_free(struct pb_call *call)
{
  if (!call)
    return;
  pb_events_forget(call->print->events, call);
  pb_spool_reader_free(call->reader);
  pb_request_clear(&call->request);
  pb_buffer_clear(&call->message);
  pb_buffer_clear(&call->pending);
  if (call->authorization)
    pb_wipe(call->authorization, strlen(call->authorization));
  free(call->authorization);
  free(call->path);
  free(call);
}

// --- replies

void
pb_call_reply_text(pb_exchange_t *exchange, int status, const char *text)
{
  pb_exchange_reply(exchange, status, "text/plain; charset=utf-8", text, strlen(text));
}

void
pb_call_reply_unauthorized(pb_exchange_t *exchange, const char *why)
{
  pb_exchange_add_header(exchange, "WWW-Authenticate", "Basic realm=\"Printbridge\"");
  pb_exchange_add_header(exchange, "WWW-Authenticate", "Bearer realm=\"Printbridge\"");
  pb_call_reply_text(exchange, 401, why);
}

void
pb_call_reply(pb_exchange_t *exchange, struct pb_call *call)
{
  pb_buffer_t body = {0};
  pb_error_t  err  = {0};

  call->stage = PB_CALL_ANSWERED;
  if (call->auth.kind == PB_RETRY)
  {
    pb_exchange_add_header(exchange, "Retry-After", "30");
    pb_call_reply_text(exchange, 429, call->auth.message);
  }
  else if (call->auth.kind == PB_AUTH)
    pb_call_reply_unauthorized(exchange, call->auth.message);
  else if (call->auth.kind != PB_OK)
  {
    // Ours: to ask for a password again would not help, and the peer hears no details.
    pb_log(/*ctx*/ NULL, PB_LOG_ERROR, "nobody can sign in: %s", call->auth.message);
    pb_call_reply_text(exchange, 500, "the service has a problem; its log says which");
  }
  else if (call->request.http_status == 401)
    pb_call_reply_unauthorized(exchange, "Sign in to do this.");
  else if (!call->request.response)
    pb_call_reply_text(exchange, 500, "out of memory");
  else if (!pb_ipp_format(call->request.response, &body, &err))
  {
    pb_log(/*ctx*/ NULL, PB_LOG_ERROR, "a response could not be written: %s", err.message);
    pb_call_reply_text(exchange, 500, "the response could not be written");
  }
  else
    pb_exchange_reply(exchange, 200, "application/ipp", body.data, body.size);
  pb_buffer_clear(&body);
}

// --- the operation

void
pb_call_perform(struct pb_call *call)
{
  call->stage    = PB_CALL_WORKING;
  call->is_woken = false;
  pb_edge_work(call->print->edge, call->id, work_perform, pb_call_performed, call);
}

static void
on_wait_over(pb_exchange_t *exchange)
{
  struct pb_call *call = pb_exchange_user(exchange);

  if (call->stage != PB_CALL_WAITING)
    return;
  call->may_wait = false;
  pb_call_perform(call);
}

static void
on_woken(pb_exchange_t *exchange, void *arg)
{
  (void)arg;
  if (!exchange)
    return;

  struct pb_call *call = pb_exchange_user(exchange);
  call->is_woken       = true;
  if (call->stage == PB_CALL_WAITING)
    pb_call_perform(call);
}

// From whatever thread raised the event.
static void
wake_waiter(void *user)
{
  const struct pb_call *call = user;

  pb_edge_post(call->print->edge, call->id, on_woken, /*arg*/ NULL);
}

static void
work_perform(void *arg)
{
  struct pb_call *call       = arg;
  pb_principal_t  principal  = {0};
  int             newest_job = call->request.newest_job;

  pb_events_forget(call->print->events, call);
  pb_request_clear(&call->request);
  if (!pb_identity_authenticate(call->print->identity, call->authorization, call->peer, &principal,
                                &call->auth))
    return;
  pb_error_clear(&call->auth);
  pb_request_init(&call->request, call->print, &principal);
  call->request.newest_job = newest_job;
  call->request.may_wait   = call->may_wait && !call->print->is_ending;
  call->request.wake       = wake_waiter;
  call->request.wake_user  = call;
  pb_request_perform(&call->request, call->path, call->message.data, call->message.size);
}

static void
start_waiting(pb_exchange_t *exchange, struct pb_call *call)
{
  call->stage = PB_CALL_WAITING;
  pb_exchange_set_timer(exchange, WAIT_MS, on_wait_over);
  if (call->is_woken || call->print->is_ending)
    pb_call_perform(call);
}

// On the worker again; exchange is NULL when the peer has gone meanwhile.
void
pb_call_performed(pb_exchange_t *exchange, void *arg)
{
  struct pb_call *call = arg;

  if (!exchange || call->is_gone)
  {
    if (call->request.upload && call->request.answer == PB_ANSWER_DOCUMENT)
      pb_call_break_off(call);
    else
      pb_call_free(call);
    return;
  }
  if (call->auth.kind != PB_OK)
    pb_call_reply(exchange, call);
  else
    switch (call->request.answer)
    {
      case PB_ANSWER_DOCUMENT:
        pb_call_start_document(exchange, call);
        break;
      case PB_ANSWER_FETCH:
        pb_call_start_fetch(exchange, call);
        break;
      case PB_ANSWER_WAIT:
        start_waiting(exchange, call);
        break;
      case PB_ANSWER_AGAIN:
        pb_call_perform(call);  // behind what waits for the disk
        break;
      case PB_ANSWER_REPLY:
        pb_call_reply(exchange, call);
        break;
    }
}
