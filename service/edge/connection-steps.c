// connection-steps - what a connection can do now: its input to exchange or stream, their output to
// the peer. Called by connection.c's run() only, on the worker's thread; what a handler wants is
// noted, and done when it returns.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include "base/clock.h"

#include <event2/bufferevent_ssl.h>
#include <sys/socket.h>

// libssl's, whose headers stay in lib/net: says close_notify, so that the peer knows that this is
// the end.
int SSL_shutdown(struct ssl_st *ssl);

// All is sent: say so, and wait for the peer to close.  Closing with unread input would make the
// kernel send a reset, which can overtake the answer at the peer.
static void
start_linger(pb_connection_t *connection)
{
  if (connection->worker->is_stopping && connection->is_body_whole)
    connection->is_cut = true;
  SSL_shutdown(bufferevent_openssl_get_ssl(connection->bev));
  shutdown(connection->fd, SHUT_WR);
  pb_connection_set_phase(connection, PB_PHASE_LINGER);
}

// The response is out and the request is in, or will not be waited for.
static bool
finish_exchange(pb_connection_t *connection)
{
  pb_exchange_t *exchange = connection->exchange;

  if (exchange == NULL || !exchange->is_finished || pb_connection_waiting(connection) > 0 ||
      !(connection->is_body_whole || connection->is_last))
    return false;
  connection->exchange = NULL;
  pb_exchange_end(exchange, /*is_complete*/ true);
  if (connection->is_last || connection->worker->is_stopping)
  {
    start_linger(connection);
    return false;
  }
  pb_http_reader_reset(connection->reader);
  pb_connection_set_phase(connection, PB_PHASE_IDLE);
  return true;
}

// 101 has been said: from here on bytes are the stream's.
static void
become_stream(pb_connection_t *connection)
{
  pb_exchange_t *exchange = connection->exchange;

  connection->exchange = NULL;
  pb_exchange_end(exchange, /*is_complete*/ true);
  pb_http_reader_free(connection->reader);
  connection->reader        = NULL;
  connection->is_body_whole = true;
  pb_connection_set_phase(connection, PB_PHASE_STREAM);
}

static void
take_head(pb_connection_t *connection)
{
  connection->is_body_whole = false;
  connection->is_last       = false;
  connection->exchange      = pb_exchange_new(connection);
  if (connection->exchange == NULL)
  {
    connection->is_cut = true;
    return;
  }
  pb_connection_set_phase(connection, PB_PHASE_BODY);
  pb_exchange_begin(connection->exchange);
}

// The request is not HTTP as we read it: nothing after it can be understood.
static void
take_bad(pb_connection_t *connection)
{
  pb_exchange_t *exchange = connection->exchange;

  if (exchange != NULL && exchange->is_answered)
  {
    connection->is_cut = true;
    return;
  }
  connection->exchange = NULL;
  pb_exchange_end(exchange, /*is_complete*/ false);
  connection->is_body_whole = false;
  pb_exchange_refuse(connection, pb_http_reader_status(connection->reader),
                     pb_http_reader_reason(connection->reader));
}

static void
take_event(pb_connection_t *connection, enum pb_http_event event, const void *body,
           size_t body_size)
{
  switch (event)
  {
    case PB_HTTP_NEED_MORE:
      if (connection->phase <= PB_PHASE_IDLE && !pb_http_reader_is_between(connection->reader))
        pb_connection_set_phase(connection, PB_PHASE_HEAD);
      break;
    case PB_HTTP_HEAD:
      take_head(connection);
      break;
    case PB_HTTP_BODY:
      if (connection->phase == PB_PHASE_BODY)
        connection->since_ms = pb_clock_mono_ms();
      pb_exchange_take_body(connection->exchange, body, body_size);
      break;
    case PB_HTTP_END:
      connection->is_body_whole = true;
      pb_connection_set_phase(connection, PB_PHASE_REPLY);
      pb_exchange_take_end(connection->exchange);
      break;
    case PB_HTTP_BAD:
      take_bad(connection);
      break;
  }
}

static bool
may_read(const pb_connection_t *connection)
{
  if (connection->is_cut || connection->phase > PB_PHASE_DROP || connection->stream != NULL)
    return false;
  return connection->exchange == NULL || !connection->exchange->is_paused;
}

// Hands the input to the reader, until it is used up or somebody must be waited for.
static void
read_input(pb_connection_t *connection)
{
  struct evbuffer *input = pb_connection_input(connection);

  while (may_read(connection))
  {
    size_t      size = evbuffer_get_contiguous_space(input);
    const void *data = size > 0 ? (const void *)evbuffer_pullup(input, (ev_ssize_t)size) : "";
    const void *body;
    size_t      body_size, used;
    enum pb_http_event event =
      pb_http_reader_feed(connection->reader, data, size, &used, &body, &body_size);

    take_event(connection, event, body, body_size);
    evbuffer_drain(input, used);
    if (event == PB_HTTP_NEED_MORE && evbuffer_get_length(input) == 0)
      return;
  }
}

// The output has gone down: who waited for room may go on.
static void
tell_room(pb_connection_t *connection)
{
  pb_exchange_t *exchange = connection->exchange;
  pb_stream_t   *stream   = connection->stream;

  if (pb_connection_waiting(connection) > ROOM_LOW_BYTES)
    return;
  if (exchange != NULL && exchange->is_blocked && !exchange->is_finished)
  {
    exchange->is_blocked = false;
    if (exchange->handler->on_writable != NULL)
      exchange->handler->on_writable(exchange);
  }
  if (connection->phase == PB_PHASE_STREAM)
    pb_stream_tell_room(stream);
}

static void
run_stream(pb_connection_t *connection)
{
  if (connection->phase != PB_PHASE_STREAM)
    become_stream(connection);
  pb_stream_take(connection->stream);
  if (connection->is_cut || !connection->stream->is_closing ||
      pb_connection_waiting(connection) > 0)
    return;
  pb_stream_end(connection->stream);
  connection->stream = NULL;
  start_linger(connection);
}

void
pb_connection_run_steps(pb_connection_t *connection)
{
  if (!connection->is_cut)
    tell_room(connection);
  do
    read_input(connection);
  while (!connection->is_cut && connection->stream == NULL && finish_exchange(connection));
  if (connection->is_cut)
    return;
  if (connection->stream != NULL)
    run_stream(connection);
  if (connection->phase == PB_PHASE_FLUSH && pb_connection_waiting(connection) == 0)
    start_linger(connection);
  if (connection->phase == PB_PHASE_LINGER || connection->phase == PB_PHASE_FLUSH)
    evbuffer_drain(pb_connection_input(connection), SIZE_MAX);
}
