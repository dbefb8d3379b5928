// call-document - the document of a call: from the spool to a connector, from a client to the
// spool.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/call.h"

#include "base/fault.h"
#include "base/log.h"
#include "print/upload.h"
#include <stdlib.h>

#define PIECE_SIZE (64 * 1024)

// --- Fetch-Document

void
pb_call_pump(pb_exchange_t *exchange, struct pb_call *call)
{
  pb_error_t err = {0};
  size_t     got;
  char       piece[PIECE_SIZE];

  while (pb_exchange_has_room(exchange))
  {
    switch (pb_spool_read(call->reader, piece, sizeof(piece), &got, &err))
    {
      case PB_SPOOL_DATA:
        pb_exchange_write(exchange, piece, got);
        break;
      case PB_SPOOL_WAIT:
        return;
      case PB_SPOOL_END:
        PB_FAULT("service.fetch-document.after");
        call->stage = PB_CALL_ANSWERED;
        pb_exchange_finish(exchange);
        return;
      case PB_SPOOL_BROKEN:
        pb_log(/*ctx*/ NULL, PB_LOG_WARN, "Fetch-Document is cut: %s", err.message);
        call->stage = PB_CALL_ANSWERED;
        pb_exchange_abort(exchange);
        return;
    }
  }
}

static void
on_more_spooled(pb_exchange_t *exchange, void *arg)
{
  (void)arg;
  if (!exchange)
    return;

  struct pb_call *call = pb_exchange_user(exchange);
  if (call->stage == PB_CALL_FETCHING)
    pb_call_pump(exchange, call);
}

// From the writer's thread.
static void
wake_reader(void *user)
{
  const struct pb_call *call = user;

  pb_edge_post(call->print->edge, call->id, on_more_spooled, /*arg*/ NULL);
}

void
pb_call_start_fetch(pb_exchange_t *exchange, struct pb_call *call)
{
  pb_buffer_t body = {0};
  pb_error_t  err  = {0};

  if (!pb_spool_open_reader(call->print->spool, call->request.fetch.spool_id, wake_reader, call,
                            &call->reader, &err))
  {
    // Gone or damaged: no use to ask again.  What ails the service now (no memory, no descriptors)
    // is not the end of the job; nor is a sender who has just been cut off.
    pb_request_reset_response(&call->request);
    if (err.kind == PB_GONE && call->request.fetch.size < 0)
      pb_request_refuse(&call->request, IPP_STATUS_ERROR_BUSY,
                        "the document has just been cut off; what becomes of it is not known yet");
    else if (err.kind == PB_GONE || err.kind == PB_REJECT)
      pb_request_refuse(&call->request, IPP_STATUS_ERROR_NOT_FETCHABLE, "%s", err.message);
    else
      pb_request_fail(&call->request, &err);
    pb_call_reply(exchange, call);
    return;
  }
  if (!pb_ipp_format(call->request.response, &body, &err))
  {
    pb_call_reply_text(exchange, 500, err.message);
    call->stage = PB_CALL_ANSWERED;
    return;
  }
  int64_t size = call->request.fetch.size;
  call->stage  = PB_CALL_FETCHING;
  PB_FAULT("service.fetch-document.before");
  pb_exchange_start(exchange, 200, "application/ipp", size < 0 ? -1 : size + (int64_t)body.size);
  pb_exchange_write(exchange, body.data, body.size);
  pb_buffer_clear(&body);
  pb_call_pump(exchange, call);
}

// --- document data in

static void
work_mark(void *arg)
{
  pb_upload_mark_fetchable(arg);
}

static void
done_mark(pb_exchange_t *exchange, void *arg)
{
  (void)exchange;
  free(arg);
}

static void
mark_fetchable(struct pb_call *call)
{
  struct pb_upload_mark *mark = malloc(sizeof(*mark));

  if (!mark)
    return;  // it will be offered when all has come
  pb_upload_get_mark(&call->request, mark);
  pb_edge_work(call->print->edge, call->id, work_mark, done_mark, mark);
}

static void
work_finish(void *arg)
{
  struct pb_call *call = arg;

  pb_upload_finish(&call->request);
}

static void
work_break_off(void *arg)
{
  struct pb_call *call = arg;

  pb_upload_break_off(&call->request);
}

static void
done_break_off(pb_exchange_t *exchange, void *arg)
{
  (void)exchange;
  pb_call_free(arg);
}

// The peer has gone in the middle of its document; the call ends with that.
void
pb_call_break_off(struct pb_call *call)
{
  pb_edge_work(call->print->edge, call->id, work_break_off, done_break_off, call);
}

void
pb_call_finish_upload(struct pb_call *call)
{
  call->stage = PB_CALL_WORKING;
  pb_edge_work(call->print->edge, call->id, work_finish, pb_call_performed, call);
}

void
pb_call_take_document(struct pb_call *call, const void *data, size_t size)
{
  bool is_ready = false;

  if (!pb_upload_write(&call->request, data, size, &is_ready))
  {
    pb_call_finish_upload(call);  // says why; the edge drops what still comes
    return;
  }
  if (is_ready && call->print->options.has_cut_through)
    mark_fetchable(call);
}

void
pb_call_start_document(pb_exchange_t *exchange, struct pb_call *call)
{
  call->stage = PB_CALL_DOCUMENT;
  if (call->pending.size > 0)
    pb_call_take_document(call, call->pending.data, call->pending.size);
  pb_buffer_clear(&call->pending);
  if (call->stage != PB_CALL_DOCUMENT)
    return;
  if (call->has_ended)
    pb_call_finish_upload(call);
  else
    pb_exchange_resume(exchange);
}
