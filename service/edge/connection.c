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
  pb_connection_run_steps(connection);
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
