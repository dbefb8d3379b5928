// exchange - one request and its response.
// Lives from the end of the request's head until the response is out and the request is in, or the
// connection ends.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ADDED_HEADERS (16 * 1024)

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
  pb_exchange_t *exchange = arg;

  (void)fd;
  (void)what;
  if (!exchange->connection->is_cut && exchange->on_time != NULL)
    exchange->on_time(exchange);
}

pb_exchange_t *
pb_exchange_new(pb_connection_t *connection)
{
  pb_exchange_t *exchange = calloc(1, sizeof(*exchange));

  if (exchange == NULL)
    return NULL;
  exchange->number = pb_slots_add(&connection->worker->slots, PB_SLOT_EXCHANGE, exchange);
  if (exchange->number == 0)
  {
    free(exchange);
    return NULL;
  }
  exchange->connection      = connection;
  exchange->is_head_request = strcmp(pb_http_reader_method(connection->reader), "HEAD") == 0;
  exchange->wants_continue  = pb_http_reader_wants_continue(connection->reader);
  pb_buffer_init(&exchange->headers, MAX_ADDED_HEADERS);
  event_assign(&exchange->timer, connection->worker->base, -1, 0, on_timer, exchange);
  return exchange;
}

// For requests that no handler gets.
static const struct pb_handler nobody;

static void
reply_status(pb_exchange_t *exchange, int status)
{
  char text[80];

  exchange->handler = &nobody;
  pb_text_format(text, sizeof(text), "%d %s\n", status, pb_response_reason(status));
  pb_exchange_reply(exchange, status, "text/plain; charset=utf-8", text, strlen(text));
}

void
pb_exchange_begin(pb_exchange_t *exchange)
{
  const struct pb_routes *routes = &exchange->connection->worker->edge->routes;
  const struct pb_route  *route;
  pb_buffer_t             allow;
  int                     status;

  if (!pb_routes_has_host(routes, pb_exchange_header(exchange, "Host")))
  {
    reply_status(exchange, 421);
    return;
  }
  pb_buffer_init(&allow, 1024);
  route = pb_routes_find(routes, pb_exchange_method(exchange), pb_exchange_path(exchange), &status,
                         &allow);
  if (route == NULL)
  {
    if (status == 405 && allow.data != NULL)
      pb_exchange_add_header(exchange, "Allow", allow.data);
    reply_status(exchange, status);
  }
  else
  {
    exchange->handler = route->handler;
    exchange->context = route->context;
    if (exchange->handler->on_head != NULL)
      exchange->handler->on_head(exchange, exchange->context);
    pb_exchange_send_continue(exchange);
  }
  pb_buffer_clear(&allow);
}

// Written as bytes, not through bufferevent_write: one call, one TLS record.
static void
write_bytes(pb_connection_t *connection, const void *data, size_t size)
{
  struct evbuffer *out = evbuffer_new();

  if (out == NULL || evbuffer_add(out, data, size) != 0)
    pb_connection_cut(connection);
  else
    pb_connection_write(connection, out);
  if (out != NULL)
    evbuffer_free(out);
}

// A handler that pauses in on_head has not decided yet whether it wants the body.
void
pb_exchange_send_continue(pb_exchange_t *exchange)
{
  static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

  if (!exchange->wants_continue || exchange->is_answered || exchange->is_paused)
    return;
  exchange->wants_continue = false;
  write_bytes(exchange->connection, text, sizeof(text) - 1);
}

void
pb_exchange_take_body(pb_exchange_t *exchange, const void *data, size_t size)
{
  if (!exchange->is_answered && exchange->handler->on_body != NULL)
    exchange->handler->on_body(exchange, data, size);
}

void
pb_exchange_take_end(pb_exchange_t *exchange)
{
  if (!exchange->is_answered && exchange->handler->on_end != NULL)
    exchange->handler->on_end(exchange);
}

void
pb_exchange_end(pb_exchange_t *exchange, bool is_complete)
{
  if (exchange == NULL)
    return;
  exchange->is_complete = is_complete;
  pb_slots_remove(&exchange->connection->worker->slots, exchange->number);
  event_del(&exchange->timer);
  if (exchange->handler != NULL && exchange->handler->on_gone != NULL)
    exchange->handler->on_gone(exchange);
  pb_buffer_wipe(&exchange->headers);
  free(exchange);
}

const char *
pb_exchange_method(const pb_exchange_t *exchange)
{
  return pb_http_reader_method(exchange->connection->reader);
}

const char *
pb_exchange_path(const pb_exchange_t *exchange)
{
  return pb_http_reader_path(exchange->connection->reader);
}

const char *
pb_exchange_query(const pb_exchange_t *exchange)
{
  return pb_http_reader_query(exchange->connection->reader);
}

const char *
pb_exchange_header(const pb_exchange_t *exchange, const char *name)
{
  return pb_http_reader_header(exchange->connection->reader, name);
}

const char *
pb_exchange_peer(const pb_exchange_t *exchange)
{
  return exchange->connection->peer;
}

int64_t
pb_exchange_body_size(const pb_exchange_t *exchange)
{
  return pb_http_reader_body_size(exchange->connection->reader);
}

void
pb_exchange_set_user(pb_exchange_t *exchange, void *user)
{
  exchange->user = user;
}

void *
pb_exchange_user(const pb_exchange_t *exchange)
{
  return exchange->user;
}

void
pb_exchange_pause(pb_exchange_t *exchange)
{
  if (!exchange->is_answered)
    exchange->is_paused = true;
}

void
pb_exchange_resume(pb_exchange_t *exchange)
{
  if (!exchange->is_paused)
    return;
  exchange->is_paused            = false;
  exchange->connection->since_ms = pb_clock_mono_ms();
  // on_head itself may pause and resume; what is owed is then sent when it returns.
  if (!exchange->connection->is_running)
    pb_exchange_send_continue(exchange);
  pb_connection_poke(exchange->connection);
}

bool
pb_exchange_add_header(pb_exchange_t *exchange, const char *name, const char *value)
{
  size_t size = exchange->headers.size;

  if (exchange->is_answered || !pb_response_is_header(name, value))
    return false;
  if (pb_buffer_appendf(&exchange->headers, /*err*/ NULL, "%s: %s\r\n", name, value))
    return true;
  exchange->headers.size = size;
  return false;
}

// May the connection serve another request after this one?  The rest of the body has to be read for
// that, which is worth it when it is small and sure to come.
static bool
is_last_exchange(const pb_exchange_t *exchange)
{
  const pb_connection_t *connection = exchange->connection;
  int64_t                size       = pb_http_reader_body_size(connection->reader);

  if (!pb_http_reader_is_keep_alive(connection->reader) || connection->worker->is_stopping)
    return true;
  if (connection->is_body_whole)
    return false;
  return exchange->wants_continue || size < 0 || size > DROP_MAX_BYTES;
}

static bool
format_head(pb_exchange_t *exchange, int status, const char *content_type, int64_t body_size,
            struct evbuffer *out)
{
  pb_connection_t        *connection = exchange->connection;
  pb_buffer_t             text;
  struct pb_response_head head = {.status       = status,
                                  .content_type = content_type,
                                  .extra        = exchange->headers.data,
                                  .body_size    = body_size,
                                  .is_chunked   = exchange->is_chunked,
                                  .has_body     = pb_response_may_have_body(status),
                                  .is_close     = connection->is_last,
                                  .date_ms      = pb_clock_now_ms()};
  bool                    ok;

  pb_buffer_init(&text, MAX_ADDED_HEADERS + 4096);
  ok =
    pb_response_format(&text, &head, /*err*/ NULL) && evbuffer_add(out, text.data, text.size) == 0;
  pb_buffer_wipe(&text);  // may carry a cookie
  return ok;
}

// Decides how the response is framed and what becomes of the rest of the request; puts the head
// into out.
static bool
begin_response(pb_exchange_t *exchange, int status, const char *content_type, int64_t body_size,
               struct evbuffer *out)
{
  pb_connection_t *connection = exchange->connection;

  if (exchange->is_answered)
  {
    pb_log(NULL, PB_LOG_ERROR, "edge: a request is answered twice (%d)", status);
    return false;
  }
  exchange->is_answered = true;
  exchange->is_paused   = false;
  exchange->is_bodiless = exchange->is_head_request || !pb_response_may_have_body(status);
  exchange->is_chunked  = body_size < 0 && !pb_http_reader_is_http10(connection->reader);
  exchange->body_left   = body_size;
  connection->is_last   = is_last_exchange(exchange);
  if (connection->phase == PB_PHASE_BODY)
    pb_connection_set_phase(connection, PB_PHASE_DROP);
  pb_log(&(pb_log_ctx_t){.request = pb_exchange_path(exchange)}, PB_LOG_DEBUG, "%s from %s: %d",
         pb_exchange_method(exchange), connection->peer, status);
  return format_head(exchange, status, content_type, body_size, out);
}

void
pb_exchange_reply(pb_exchange_t *exchange, int status, const char *content_type, const void *body,
                  size_t size)
{
  struct evbuffer *out = evbuffer_new();
  bool ok = out != NULL && begin_response(exchange, status, content_type, (int64_t)size, out);

  if (ok && size > 0 && !exchange->is_bodiless)
    ok = evbuffer_add(out, body, size) == 0;
  if (ok)
    pb_connection_write(exchange->connection, out);
  else
    pb_connection_cut(exchange->connection);
  if (out != NULL)
    evbuffer_free(out);
  exchange->is_finished = true;
  pb_connection_poke(exchange->connection);
}

void
pb_exchange_start(pb_exchange_t *exchange, int status, const char *content_type, int64_t body_size)
{
  struct evbuffer *out = evbuffer_new();

  if (out != NULL && begin_response(exchange, status, content_type, body_size, out))
    pb_connection_write(exchange->connection, out);
  else
    pb_connection_cut(exchange->connection);
  if (out != NULL)
    evbuffer_free(out);
  pb_connection_poke(exchange->connection);
}

static bool
add_piece(const pb_exchange_t *exchange, struct evbuffer *out, const void *data, size_t size)
{
  if (!exchange->is_chunked)
    return evbuffer_add(out, data, size) == 0;
  return evbuffer_add_printf(out, "%zx\r\n", size) > 0 && evbuffer_add(out, data, size) == 0 &&
         evbuffer_add(out, "\r\n", 2) == 0;
}

void
pb_exchange_write(pb_exchange_t *exchange, const void *data, size_t size)
{
  struct evbuffer *out;

  if (size == 0 || !exchange->is_answered || exchange->is_finished ||
      exchange->connection->is_cut || exchange->is_bodiless)
    return;
  if (exchange->body_left >= 0 && (uint64_t)exchange->body_left < size)
  {
    pb_log(NULL, PB_LOG_ERROR, "edge: a response is longer than was said");
    pb_connection_cut(exchange->connection);
    return;
  }
  if (exchange->body_left >= 0)
    exchange->body_left -= (int64_t)size;
  out = evbuffer_new();
  if (out != NULL && add_piece(exchange, out, data, size))
    pb_connection_write(exchange->connection, out);
  else
    pb_connection_cut(exchange->connection);
  if (out != NULL)
    evbuffer_free(out);
  if (pb_connection_waiting(exchange->connection) >= ROOM_BYTES)
    exchange->is_blocked = true;
}

bool
pb_exchange_has_room(const pb_exchange_t *exchange)
{
  return pb_connection_waiting(exchange->connection) < ROOM_BYTES;
}

void
pb_exchange_finish(pb_exchange_t *exchange)
{
  if (!exchange->is_answered || exchange->is_finished || exchange->connection->is_cut)
    return;
  if (!exchange->is_bodiless && exchange->body_left > 0)
  {
    pb_log(NULL, PB_LOG_ERROR, "edge: a response is shorter than was said");
    pb_connection_cut(exchange->connection);
    return;
  }
  if (exchange->is_chunked && !exchange->is_bodiless)
    write_bytes(exchange->connection, "0\r\n\r\n", 5);
  exchange->is_finished = true;
  pb_connection_poke(exchange->connection);
}

void
pb_exchange_abort(pb_exchange_t *exchange)
{
  pb_connection_cut(exchange->connection);
}

bool
pb_exchange_is_answered(const pb_exchange_t *exchange)
{
  return exchange->is_answered;
}

bool
pb_exchange_is_complete(const pb_exchange_t *exchange)
{
  return exchange->is_complete;
}

void
pb_exchange_set_timer(pb_exchange_t *exchange, int64_t after_ms,
                      void (*on_time)(pb_exchange_t *exchange))
{
  exchange->on_time = on_time;
  if (after_ms <= 0)
    event_del(&exchange->timer);
  else
    event_add(&exchange->timer, &(struct timeval){after_ms / 1000, (after_ms % 1000) * 1000});
}

pb_exchange_id_t
pb_exchange_get_id(const pb_exchange_t *exchange)
{
  return (pb_exchange_id_t){exchange->connection->worker->index, exchange->number};
}

void
pb_exchange_refuse(pb_connection_t *connection, int status, const char *reason)
{
  struct pb_response_head head = {.status       = status,
                                  .content_type = "text/plain; charset=utf-8",
                                  .body_size    = (int64_t)strlen(reason) + 1,
                                  .has_body     = true,
                                  .is_close     = true,
                                  .date_ms      = pb_clock_now_ms()};
  pb_buffer_t             text;

  pb_log(&(pb_log_ctx_t){.request = connection->peer}, PB_LOG_DEBUG, "request refused: %d %s",
         status, reason);
  pb_connection_set_phase(connection, PB_PHASE_FLUSH);
  pb_buffer_init(&text, 4096);
  if (pb_response_format(&text, &head, /*err*/ NULL) &&
      pb_buffer_appendf(&text, /*err*/ NULL, "%s\n", reason))
    write_bytes(connection, text.data, text.size);
  else
    pb_connection_cut(connection);
  pb_buffer_clear(&text);
}

static bool
may_upgrade(const pb_exchange_t *exchange, const char *protocol)
{
  const pb_http_reader_t *reader = exchange->connection->reader;

  return !exchange->is_answered && !exchange->connection->is_cut &&
         !exchange->connection->worker->is_stopping && !pb_http_reader_is_http10(reader) &&
         !pb_http_reader_has_body(reader) &&
         pb_http_reader_has_token(reader, "Connection", "upgrade") &&
         pb_http_reader_has_token(reader, "Upgrade", protocol);
}

pb_stream_t *
pb_exchange_upgrade(pb_exchange_t *exchange, const char *protocol, const struct pb_stream_ops *ops,
                    void *user)
{
  pb_connection_t        *connection = exchange->connection;
  struct pb_response_head head       = {.status  = 101,
                                        .extra   = exchange->headers.data,
                                        .upgrade = protocol,
                                        .date_ms = pb_clock_now_ms()};
  pb_buffer_t             text;

  if (!may_upgrade(exchange, protocol))
    return NULL;
  connection->stream = pb_stream_new(connection, ops, user);
  if (connection->stream == NULL)
    return NULL;
  exchange->is_answered = true;
  exchange->is_finished = true;
  pb_buffer_init(&text, MAX_ADDED_HEADERS + 4096);
  if (pb_response_format(&text, &head, /*err*/ NULL))
    write_bytes(connection, text.data, text.size);
  else
    pb_connection_cut(connection);
  pb_buffer_clear(&text);
  pb_connection_poke(connection);
  return connection->stream;
}
