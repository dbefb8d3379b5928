// exchange - IPP over the HTTP edge: the edge's events become calls, and calls take them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "cloud/protocol.h"
#include "print/call.h"
#include "print/device-strings.h"
#include "print/icon.h"

enum
{
  PENDING_MAX = 1024 * 1024,  // document bytes that came while the operation was being performed
  BARE_MAX    = 64 * 1024     // a larger request carries a document
};

static bool
copy_head(pb_exchange_t *exchange, struct pb_call *call)
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
  const char     *type = pb_exchange_header(exchange, "Content-Type");
  struct pb_call *call;

  pb_exchange_set_user(exchange, NULL);
  if (!type || !pb_text_has_prefix(type, "application/ipp"))
  {
    pb_call_reply_text(exchange, 415, "IPP requests are of type application/ipp");
    return;
  }
  if (is_document_unsigned(exchange))
  {
    pb_call_reply_unauthorized(exchange, "Sign in to send a document.");
    return;
  }
  call = calloc(1, sizeof(*call));
  if (!call)
  {
    pb_call_reply_text(exchange, 503, "out of memory");
    return;
  }
  *call = (struct pb_call){.print = context, .id = pb_exchange_get_id(exchange), .may_wait = true};
  pb_ipp_scan_init(&call->scan);
  pb_buffer_init(&call->message, PB_IPP_MESSAGE_MAX);
  pb_buffer_init(&call->pending, PENDING_MAX);
  pb_exchange_set_user(exchange, call);
  if (!copy_head(exchange, call))
  {
    call->stage = PB_CALL_ANSWERED;
    pb_call_reply_text(exchange, 503, "out of memory");
  }
}

static void
take_message(pb_exchange_t *exchange, struct pb_call *call, const void *data, size_t size)
{
  size_t               used = 0;
  enum pb_ipp_scan_got got  = pb_ipp_scan_feed(&call->scan, data, size, &used);

  if (got == PB_IPP_SCAN_MORE)
    used = size;
  if (got == PB_IPP_SCAN_BAD || !pb_buffer_append(&call->message, data, used, /*err*/ NULL))
  {
    call->stage = PB_CALL_ANSWERED;
    pb_call_reply_text(exchange, 400, "this is no IPP message");
    return;
  }
  if (got == PB_IPP_SCAN_MORE)
    return;
  pb_exchange_pause(exchange);
  if (!pb_buffer_append(&call->pending, (const char *)data + used, size - used, /*err*/ NULL))
  {
    call->stage = PB_CALL_ANSWERED;
    pb_call_reply_text(exchange, 503, "out of memory");
    return;
  }
  pb_call_perform(call);
}

static void
on_body(pb_exchange_t *exchange, const void *data, size_t size)
{
  struct pb_call *call = pb_exchange_user(exchange);

  if (!call)
    return;
  if (call->stage == PB_CALL_MESSAGE)
    take_message(exchange, call, data, size);
  else if (call->stage == PB_CALL_DOCUMENT)
    pb_call_take_document(call, data, size);
  else if (call->stage == PB_CALL_WORKING && !call->request.upload &&
           !pb_buffer_append(&call->pending, data, size, /*err*/ NULL))
    pb_exchange_abort(exchange);  // paused, and still this much came: not ours to keep
}

static void
on_end(pb_exchange_t *exchange)
{
  struct pb_call *call = pb_exchange_user(exchange);

  if (!call || call->has_ended)
    return;
  call->has_ended = true;
  if (call->stage == PB_CALL_DOCUMENT)
    pb_call_finish_upload(call);
  else if (call->stage == PB_CALL_MESSAGE)
  {
    call->stage = PB_CALL_ANSWERED;
    pb_call_reply_text(exchange, 400, "the IPP message is not whole");
  }
}

static void
on_writable(pb_exchange_t *exchange)
{
  struct pb_call *call = pb_exchange_user(exchange);

  if (call && call->stage == PB_CALL_FETCHING)
    pb_call_pump(exchange, call);
}

static void
on_gone(pb_exchange_t *exchange)
{
  struct pb_call *call = pb_exchange_user(exchange);

  if (!call)
    return;
  pb_exchange_set_user(exchange, NULL);
  call->is_gone = true;
  if (call->stage == PB_CALL_WORKING)
    return;  // pb_call_performed frees it
  if (call->stage == PB_CALL_DOCUMENT)
    pb_call_break_off(call);
  else
    pb_call_free(call);
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
