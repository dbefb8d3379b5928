// connection - one socket with its TLS and its reader: from accept to close.
// Handlers are called from run() only, or from timers and posts; nothing is freed under them: what
// they do to the connection is noted, and settled when they have returned.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/tls.h"

#include <event2/bufferevent_ssl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

// libssl's, whose headers stay in lib/net: says close_notify, so that the peer knows that this is
// the end.
int SSL_shutdown(struct ssl_st *ssl);

struct evbuffer *
pb_connection_input(const pb_connection_t *connection)
{
  return bufferevent_get_input(connection->bev);
}

size_t
pb_connection_waiting(const pb_connection_t *connection)
{
  return evbuffer_get_length(bufferevent_get_output(connection->bev));
}

static bool
is_sending_phase(enum pb_phase phase)
{
  return phase == PB_PHASE_REPLY || phase == PB_PHASE_STREAM || phase == PB_PHASE_FLUSH;
}

// How long the present wait may last; 0: for ever.
static int64_t
get_limit_ms(const pb_connection_t *connection)
{
  const struct pb_limits *limits = &connection->worker->edge->limits;

  switch (connection->phase)
  {
    case PB_PHASE_FRESH:
    case PB_PHASE_HEAD:
      return limits->head_ms;
    case PB_PHASE_IDLE:
      return limits->idle_ms;
    case PB_PHASE_BODY:
      return connection->exchange->is_paused ? 0 : limits->stall_ms;
    case PB_PHASE_DROP:
      return LINGER_MS;
    case PB_PHASE_LINGER:
      return connection->is_body_whole ? CLOSE_MS : LINGER_MS;
    default:
      return pb_connection_waiting(connection) > 0 ? limits->stall_ms : 0;
  }
}

// The timer is only ever moved forward in time by itself: one that fires early looks and sets
// itself again.
static void
arm(pb_connection_t *connection)
{
  int64_t limit_ms = get_limit_ms(connection);
  int64_t due_ms   = connection->since_ms + limit_ms;
  int64_t wait_ms;

  if (limit_ms == 0 ||
      (event_pending(&connection->tick, EV_TIMEOUT, NULL) && connection->due_ms <= due_ms))
    return;
  connection->due_ms = due_ms;
  wait_ms            = due_ms - pb_clock_mono_ms();
  if (wait_ms < 1)
    wait_ms = 1;
  event_add(&connection->tick, &(struct timeval){wait_ms / 1000, (wait_ms % 1000) * 1000});
}

void
pb_connection_set_phase(pb_connection_t *connection, enum pb_phase phase)
{
  // The first head's time runs from the accept on.
  if (!(connection->phase == PB_PHASE_FRESH && phase == PB_PHASE_HEAD))
    connection->since_ms = pb_clock_mono_ms();
  connection->phase = phase;
}

void
pb_connection_poke(pb_connection_t *connection)
{
  if (!connection->is_running)
    event_active(&connection->tick, EV_TIMEOUT, 0);
}

void
pb_connection_cut(pb_connection_t *connection)
{
  connection->is_cut = true;
  pb_connection_poke(connection);
}

// What the peer has taken: bytes that left bev, and bytes that lie in the kernel.
static void
get_taken(const pb_connection_t *connection, uint64_t *sent_out, int *queued_out)
{
  *sent_out   = connection->written - pb_connection_waiting(connection);
  *queued_out = 0;
  ioctl(connection->fd, SIOCOUTQ, queued_out);
}

// Has the peer taken anything since the last look?
static bool
takes_output(pb_connection_t *connection)
{
  uint64_t sent;
  int      queued;
  bool     is_moving;

  get_taken(connection, &sent, &queued);
  is_moving               = sent != connection->seen_sent || queued != connection->seen_queued;
  connection->seen_sent   = sent;
  connection->seen_queued = queued;
  return is_moving;
}

void
pb_connection_write(pb_connection_t *connection, struct evbuffer *data)
{
  bool was_empty = pb_connection_waiting(connection) == 0;

  if (connection->is_cut || connection->phase == PB_PHASE_LINGER)
  {
    evbuffer_drain(data, evbuffer_get_length(data));
    return;
  }
  connection->written += evbuffer_get_length(data);
  bufferevent_write_buffer(connection->bev, data);
  if (was_empty && pb_connection_waiting(connection) > 0 && is_sending_phase(connection->phase))
  {
    connection->since_ms = pb_clock_mono_ms();
    takes_output(connection);
    arm(connection);
  }
}

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

// Everything that can be done now.
static void
run_steps(pb_connection_t *connection)
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

// Back pressure: what nobody reads must not pile up here.  (libevent's own read watermark would
// forget bytes that lie decrypted in OpenSSL.)
static void
set_reading(pb_connection_t *connection)
{
  size_t size = evbuffer_get_length(pb_connection_input(connection));

  if (!connection->is_read_off && size >= ROOM_BYTES)
  {
    connection->is_read_off = true;
    bufferevent_disable(connection->bev, EV_READ);
  }
  else if (connection->is_read_off && size < ROOM_LOW_BYTES)
  {
    connection->is_read_off = false;
    bufferevent_enable(connection->bev, EV_READ);
  }
}

// From the event loop only: the connection may be gone afterwards.
static void
run(pb_connection_t *connection)
{
  connection->is_running = true;
  run_steps(connection);
  connection->is_running = false;
  if (connection->is_cut)
  {
    pb_connection_end(connection);
    return;
  }
  set_reading(connection);
  arm(connection);
}

static bool
is_expired(pb_connection_t *connection)
{
  int64_t limit_ms = get_limit_ms(connection);
  int64_t now_ms   = pb_clock_mono_ms();

  if (limit_ms == 0 || now_ms - connection->since_ms < limit_ms)
    return false;
  if (!is_sending_phase(connection->phase) || !takes_output(connection))
    return true;
  connection->since_ms = now_ms;
  return false;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
  pb_connection_t *connection = arg;

  (void)fd;
  (void)what;
  if (!connection->is_cut && is_expired(connection))
  {
    pb_log(&(pb_log_ctx_t){.request = connection->peer}, PB_LOG_DEBUG,
           "connection timed out in phase %d", connection->phase);
    connection->is_cut = true;
  }
  run(connection);
}

static void
on_ready(struct bufferevent *bev, void *arg)
{
  (void)bev;
  run(arg);
}

static void
on_event(struct bufferevent *bev, short events, void *arg)
{
  (void)bev;
  if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
    pb_connection_end(arg);
}

void
pb_connection_shut_down(pb_connection_t *connection)
{
  if (connection->phase == PB_PHASE_STREAM)
  {
    connection->is_running = true;
    pb_stream_shut_down(connection->stream);
    connection->is_running = false;
  }
  else if (connection->phase == PB_PHASE_IDLE)
  {
    SSL_shutdown(bufferevent_openssl_get_ssl(connection->bev));
    connection->is_cut = true;
  }
  else if (connection->phase == PB_PHASE_FRESH || connection->phase == PB_PHASE_LINGER)
    connection->is_cut = true;
  pb_connection_poke(connection);
}

// A peer that is gone without a word is noticed by the kernel after two minutes.
static void
set_socket_options(int fd)
{
  static const struct
  {
    int level, name, value;
  } options[] = {
    {IPPROTO_TCP, TCP_NODELAY,   1 },
    {SOL_SOCKET,  SO_KEEPALIVE,  1 },
    {IPPROTO_TCP, TCP_KEEPIDLE,  60},
    {IPPROTO_TCP, TCP_KEEPINTVL, 15},
    {IPPROTO_TCP, TCP_KEEPCNT,   4 },
  };

  for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
    setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(options[i].value));
}

// Takes fd in any case.
static struct bufferevent *
open_tls(pb_worker_t *worker, int fd)
{
  pb_edge_t          *edge = worker->edge;
  struct ssl_st      *ssl;
  struct bufferevent *bev;

  pthread_mutex_lock(&edge->tls_mutex);
  ssl = pb_tls_accept(edge->tls);
  pthread_mutex_unlock(&edge->tls_mutex);
  if (ssl == NULL)
  {
    close(fd);
    return NULL;
  }
  // Deferred: a write that fails must not call us back while a handler is writing.
  bev = bufferevent_openssl_socket_new(worker->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                       BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
  if (bev == NULL)
  {
    close(fd);  // ssl was freed by libevent
    return NULL;
  }
  bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
  bufferevent_setwatermark(bev, EV_WRITE, ROOM_LOW_BYTES, 0);
  return bev;
}

static void
link_connection(pb_connection_t *connection)
{
  pb_worker_t *worker = connection->worker;

  connection->next = worker->connections;
  if (connection->next != NULL)
    connection->next->prev = connection;
  worker->connections = connection;
}

bool
pb_connection_open(pb_worker_t *worker, const struct pb_accepted *accepted)
{
  pb_connection_t *connection = calloc(1, sizeof(*connection));

  if (connection == NULL)
  {
    close(accepted->fd);
    return false;
  }
  set_socket_options(accepted->fd);
  connection->worker = worker;
  connection->fd     = accepted->fd;
  memcpy(connection->key, accepted->key, sizeof(connection->key));
  pb_text_copy(connection->peer, sizeof(connection->peer), accepted->peer);
  connection->bev    = open_tls(worker, accepted->fd);
  connection->reader = pb_http_reader_new(PB_HTTP_REQUESTS);
  if (connection->bev == NULL || connection->reader == NULL)
  {
    if (connection->bev != NULL)
      bufferevent_free(connection->bev);
    pb_http_reader_free(connection->reader);
    free(connection);
    return false;
  }
  event_assign(&connection->tick, worker->base, -1, 0, on_tick, connection);
  bufferevent_setcb(connection->bev, on_ready, on_ready, on_event, connection);
  bufferevent_enable(connection->bev, EV_READ | EV_WRITE);
  link_connection(connection);
  connection->since_ms = pb_clock_mono_ms();
  arm(connection);
  return true;
}

static void
unlink_connection(pb_connection_t *connection)
{
  pb_worker_t *worker = connection->worker;

  if (connection->prev != NULL)
    connection->prev->next = connection->next;
  else
    worker->connections = connection->next;
  if (connection->next != NULL)
    connection->next->prev = connection->prev;
}

void
pb_connection_end(pb_connection_t *connection)
{
  pb_worker_t   *worker   = connection->worker;
  pb_exchange_t *exchange = connection->exchange;

  // Last calls to the handlers: what they still write is dropped.
  connection->is_running = true;
  connection->is_cut     = true;
  if (exchange != NULL)
    pb_exchange_end(exchange, exchange->is_finished && pb_connection_waiting(connection) == 0);
  if (connection->stream != NULL)
    pb_stream_end(connection->stream);
  unlink_connection(connection);
  event_del(&connection->tick);
  pb_http_reader_free(connection->reader);
  bufferevent_free(connection->bev);
  pb_listener_leave(worker, connection->key);
  free(connection);
  pb_worker_check_end(worker);
}
