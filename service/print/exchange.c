// exchange - IPP over the HTTP edge: message in, operation, document in or out, reply.
// A call belongs to its exchange's worker thread.  What blocks on the disk runs as work; meanwhile
// the worker only notes what happens (more data, end, peer gone) and acts when the work is done.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "cloud/protocol.h"
#include "print/device-strings.h"
#include "print/icon.h"
#include "print/print-private.h"
#include "print/request.h"
#include "print/upload.h"

enum
{
  PENDING_MAX = 1024 * 1024,  // document bytes that came while the operation was being performed
  PIECE_SIZE  = 64 * 1024,
  WAIT_MS     = 30000,     // of a long poll (RFC 3996 s5.2)
  BARE_MAX    = 64 * 1024  // a larger request carries a document
};

enum stage
{
  STAGE_MESSAGE,   // the attributes are arriving
  STAGE_WORKING,   // a disk thread has the request
  STAGE_DOCUMENT,  // the document is arriving
  STAGE_WAITING,   // Get-Notifications
  STAGE_FETCHING,  // the document goes out
  STAGE_ANSWERED
};

struct call
{
  pb_print_t        *print;
  pb_exchange_id_t   id;
  enum stage         stage;
  char              *authorization, *path;
  char               peer[64];
  pb_ipp_scan_t      scan;
  pb_buffer_t        message, pending;
  struct pb_request  request;
  pb_error_t         auth;      // why the credentials were refused
  bool               may_wait;  // the long poll may go on
  bool               has_ended, is_gone, is_woken;
  pb_spool_reader_t *reader;
};

static void work_perform(void *arg);
static void done_perform(pb_exchange_t *exchange, void *arg);

static void
free_call(struct call *call)
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

static void
reply_text(pb_exchange_t *exchange, int status, const char *text)
{
  pb_exchange_reply(exchange, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void
reply_unauthorized(pb_exchange_t *exchange, const char *why)
{
  pb_exchange_add_header(exchange, "WWW-Authenticate", "Basic realm=\"Printbridge\"");
  pb_exchange_add_header(exchange, "WWW-Authenticate", "Bearer realm=\"Printbridge\"");
  reply_text(exchange, 401, why);
}

static void
reply_message(pb_exchange_t *exchange, struct call *call)
{
  pb_buffer_t body = {0};
  pb_error_t  err  = {0};

  call->stage = STAGE_ANSWERED;
  if (call->auth.kind == PB_RETRY)
  {
    pb_exchange_add_header(exchange, "Retry-After", "30");
    reply_text(exchange, 429, call->auth.message);
  }
  else if (call->auth.kind == PB_AUTH)
    reply_unauthorized(exchange, call->auth.message);
  else if (call->auth.kind != PB_OK)
  {
    // Ours: to ask for a password again would not help, and the peer hears no details.
    pb_log(/*ctx*/ NULL, PB_LOG_ERROR, "nobody can sign in: %s", call->auth.message);
    reply_text(exchange, 500, "the service has a problem; its log says which");
  }
  else if (call->request.http_status == 401)
    reply_unauthorized(exchange, "Sign in to do this.");
  else if (!call->request.response)
    reply_text(exchange, 500, "out of memory");
  else if (!pb_ipp_format(call->request.response, &body, &err))
  {
    pb_log(/*ctx*/ NULL, PB_LOG_ERROR, "a response could not be written: %s", err.message);
    reply_text(exchange, 500, "the response could not be written");
  }
  else
    pb_exchange_reply(exchange, 200, "application/ipp", body.data, body.size);
  pb_buffer_clear(&body);
}

// --- Fetch-Document

static void
pump(pb_exchange_t *exchange, struct call *call)
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
        call->stage = STAGE_ANSWERED;
        pb_exchange_finish(exchange);
        return;
      case PB_SPOOL_BROKEN:
        pb_log(/*ctx*/ NULL, PB_LOG_WARN, "Fetch-Document is cut: %s", err.message);
        call->stage = STAGE_ANSWERED;
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

  struct call *call = pb_exchange_user(exchange);
  if (call->stage == STAGE_FETCHING)
    pump(exchange, call);
}

// From the writer's thread.
static void
wake_reader(void *user)
{
  const struct call *call = user;

  pb_edge_post(call->print->edge, call->id, on_more_spooled, /*arg*/ NULL);
}

static void
start_fetch(pb_exchange_t *exchange, struct call *call)
{
  pb_buffer_t body = {0};
  pb_error_t  err  = {0};

  if (!pb_spool_open_reader(call->print->spool, call->request.fetch.spool_id, wake_reader, call,
                            &call->reader, &err))
  {
    // Gone or damaged: no use to ask again.  What ails the service now (no memory, no descriptors)
    // is not the end of the job.
    pb_request_reset_response(&call->request);
    if (err.kind == PB_GONE || err.kind == PB_REJECT)
      pb_request_refuse(&call->request, IPP_STATUS_ERROR_NOT_FETCHABLE, "%s", err.message);
    else
      pb_request_fail(&call->request, &err);
    reply_message(exchange, call);
    return;
  }
  if (!pb_ipp_format(call->request.response, &body, &err))
  {
    reply_text(exchange, 500, err.message);
    call->stage = STAGE_ANSWERED;
    return;
  }
  int64_t size = call->request.fetch.size;
  call->stage  = STAGE_FETCHING;
  PB_FAULT("service.fetch-document.before");
  pb_exchange_start(exchange, 200, "application/ipp", size < 0 ? -1 : size + (int64_t)body.size);
  pb_exchange_write(exchange, body.data, body.size);
  pb_buffer_clear(&body);
  pump(exchange, call);
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
mark_fetchable(struct call *call)
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
  struct call *call = arg;

  pb_upload_finish(&call->request);
}

static void
work_break_off(void *arg)
{
  struct call *call = arg;

  pb_upload_break_off(&call->request);
}

static void
done_break_off(pb_exchange_t *exchange, void *arg)
{
  (void)exchange;
  free_call(arg);
}

static void
finish_upload(struct call *call)
{
  call->stage = STAGE_WORKING;
  pb_edge_work(call->print->edge, call->id, work_finish, done_perform, call);
}

static void
take_document(struct call *call, const void *data, size_t size)
{
  bool is_ready = false;

  if (!pb_upload_write(&call->request, data, size, &is_ready))
  {
    finish_upload(call);  // says why; the edge drops what still comes
    return;
  }
  if (is_ready && call->print->options.has_cut_through)
    mark_fetchable(call);
}

static void
start_document(pb_exchange_t *exchange, struct call *call)
{
  call->stage = STAGE_DOCUMENT;
  if (call->pending.size > 0)
    take_document(call, call->pending.data, call->pending.size);
  pb_buffer_clear(&call->pending);
  if (call->stage != STAGE_DOCUMENT)
    return;
  if (call->has_ended)
    finish_upload(call);
  else
    pb_exchange_resume(exchange);
}

// --- the operation

static void
start_perform(struct call *call)
{
  call->stage    = STAGE_WORKING;
  call->is_woken = false;
  pb_edge_work(call->print->edge, call->id, work_perform, done_perform, call);
}

static void
on_wait_over(pb_exchange_t *exchange)
{
  struct call *call = pb_exchange_user(exchange);

  if (call->stage != STAGE_WAITING)
    return;
  call->may_wait = false;
  start_perform(call);
}

static void
on_woken(pb_exchange_t *exchange, void *arg)
{
  (void)arg;
  if (!exchange)
    return;

  struct call *call = pb_exchange_user(exchange);
  call->is_woken    = true;
  if (call->stage == STAGE_WAITING)
    start_perform(call);
}

// From whatever thread raised the event.
static void
wake_waiter(void *user)
{
  const struct call *call = user;

  pb_edge_post(call->print->edge, call->id, on_woken, /*arg*/ NULL);
}

static void
work_perform(void *arg)
{
  struct call   *call       = arg;
  pb_principal_t principal  = {0};
  int            newest_job = call->request.newest_job;

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
start_waiting(pb_exchange_t *exchange, struct call *call)
{
  call->stage = STAGE_WAITING;
  pb_exchange_set_timer(exchange, WAIT_MS, on_wait_over);
  if (call->is_woken || call->print->is_ending)
    start_perform(call);
}

// On the worker again; exchange is NULL when the peer has gone meanwhile.
static void
done_perform(pb_exchange_t *exchange, void *arg)
{
  struct call *call = arg;

  if (!exchange || call->is_gone)
  {
    if (call->request.upload && call->request.answer == PB_ANSWER_DOCUMENT)
      pb_edge_work(call->print->edge, call->id, work_break_off, done_break_off, call);
    else
      free_call(call);
    return;
  }
  if (call->auth.kind != PB_OK)
    reply_message(exchange, call);
  else
    switch (call->request.answer)
    {
      case PB_ANSWER_DOCUMENT:
        start_document(exchange, call);
        break;
      case PB_ANSWER_FETCH:
        start_fetch(exchange, call);
        break;
      case PB_ANSWER_WAIT:
        start_waiting(exchange, call);
        break;
      case PB_ANSWER_AGAIN:
        start_perform(call);  // behind what waits for the disk
        break;
      case PB_ANSWER_REPLY:
        reply_message(exchange, call);
        break;
    }
}

// --- the edge's events

static bool
copy_head(pb_exchange_t *exchange, struct call *call)
{
  const char *authorization = pb_exchange_header(exchange, "Authorization");

  pb_text_copy(call->peer, sizeof(call->peer), pb_exchange_peer(exchange));
  call->path          = pb_text_dup(pb_exchange_path(exchange));
  call->authorization = pb_text_dup(authorization);
  return call->path && (call->authorization || !authorization);
}

// A client that asks before it sends a document, and says nothing of who it is, hears 401 instead
// of 100 (RFC 9110 s10.1.1).  CUPS's clients forget to sign in when the 401 comes in mid-document:
// they begin again without credentials, for ever.
static bool
is_document_unsigned(const pb_exchange_t *exchange)
{
  const char *expect = pb_exchange_header(exchange, "Expect");
  int64_t     size   = pb_exchange_body_size(exchange);

  return expect && !pb_exchange_header(exchange, "Authorization") && (size < 0 || size > BARE_MAX);
}

static void
on_head(pb_exchange_t *exchange, void *context)
{
  const char  *type = pb_exchange_header(exchange, "Content-Type");
  struct call *call;

  pb_exchange_set_user(exchange, NULL);
  if (!type || !pb_text_has_prefix(type, "application/ipp"))
  {
    reply_text(exchange, 415, "IPP requests are of type application/ipp");
    return;
  }
  if (is_document_unsigned(exchange))
  {
    reply_unauthorized(exchange, "Sign in to send a document.");
    return;
  }
  call = calloc(1, sizeof(*call));
  if (!call)
  {
    reply_text(exchange, 503, "out of memory");
    return;
  }
  *call = (struct call){.print = context, .id = pb_exchange_get_id(exchange), .may_wait = true};
  pb_ipp_scan_init(&call->scan);
  pb_buffer_init(&call->message, PB_IPP_MESSAGE_MAX);
  pb_buffer_init(&call->pending, PENDING_MAX);
  pb_exchange_set_user(exchange, call);
  if (!copy_head(exchange, call))
  {
    call->stage = STAGE_ANSWERED;
    reply_text(exchange, 503, "out of memory");
  }
}

static void
take_message(pb_exchange_t *exchange, struct call *call, const void *data, size_t size)
{
  size_t               used = 0;
  enum pb_ipp_scan_got got  = pb_ipp_scan_feed(&call->scan, data, size, &used);

  if (got == PB_IPP_SCAN_MORE)
    used = size;
  if (got == PB_IPP_SCAN_BAD || !pb_buffer_append(&call->message, data, used, /*err*/ NULL))
  {
    call->stage = STAGE_ANSWERED;
    reply_text(exchange, 400, "this is no IPP message");
    return;
  }
  if (got == PB_IPP_SCAN_MORE)
    return;
  pb_exchange_pause(exchange);
  if (!pb_buffer_append(&call->pending, (const char *)data + used, size - used, /*err*/ NULL))
  {
    call->stage = STAGE_ANSWERED;
    reply_text(exchange, 503, "out of memory");
    return;
  }
  start_perform(call);
}

static void
on_body(pb_exchange_t *exchange, const void *data, size_t size)
{
  struct call *call = pb_exchange_user(exchange);

  if (!call)
    return;
  if (call->stage == STAGE_MESSAGE)
    take_message(exchange, call, data, size);
  else if (call->stage == STAGE_DOCUMENT)
    take_document(call, data, size);
  else if (call->stage == STAGE_WORKING && !call->request.upload &&
           !pb_buffer_append(&call->pending, data, size, /*err*/ NULL))
    pb_exchange_abort(exchange);  // paused, and still this much came: not ours to keep
}

static void
on_end(pb_exchange_t *exchange)
{
  struct call *call = pb_exchange_user(exchange);

  if (!call || call->has_ended)
    return;
  call->has_ended = true;
  if (call->stage == STAGE_DOCUMENT)
    finish_upload(call);
  else if (call->stage == STAGE_MESSAGE)
  {
    call->stage = STAGE_ANSWERED;
    reply_text(exchange, 400, "the IPP message is not whole");
  }
}

static void
on_writable(pb_exchange_t *exchange)
{
  struct call *call = pb_exchange_user(exchange);

  if (call && call->stage == STAGE_FETCHING)
    pump(exchange, call);
}

static void
on_gone(pb_exchange_t *exchange)
{
  struct call *call = pb_exchange_user(exchange);

  if (!call)
    return;
  pb_exchange_set_user(exchange, NULL);
  call->is_gone = true;
  if (call->stage == STAGE_WORKING)
    return;  // done_perform frees it
  if (call->stage == STAGE_DOCUMENT)
    pb_edge_work(call->print->edge, call->id, work_break_off, done_break_off, call);
  else
    free_call(call);
}

static void
reply_icon(pb_exchange_t *exchange, void *context)
{
  size_t      size = 0;
  const void *icon = pb_icon_get(&size);

  (void)context;
  pb_exchange_add_header(exchange, "Cache-Control", "max-age=86400");
  pb_exchange_reply(exchange, 200, "image/png", icon, size);
}

static void
ignore_end(pb_exchange_t *exchange)
{
  (void)exchange;
}

bool
pb_print_add_routes(pb_print_t *print, pb_error_t *err)
{
  static const struct pb_handler ipp_handler  = {.on_head     = on_head,
                                                 .on_body     = on_body,
                                                 .on_end      = on_end,
                                                 .on_writable = on_writable,
                                                 .on_gone     = on_gone};
  static const struct pb_handler icon_handler = {.on_head = reply_icon, .on_end = ignore_end};
  const struct pb_route          routes[]     = {
                 {PB_PATH_SYSTEM, "POST", &ipp_handler,  print},
                 {PB_PATH_PRINT,  "POST", &ipp_handler,  print},
                 {"/icon.png",    "GET",  &icon_handler, print},
  };

  for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
  {
    if (!pb_edge_add_route(print->edge, &routes[i], err))
      return false;
  }
  return pb_device_strings_add_route(print, err);
}
