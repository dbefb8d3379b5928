// tunnel - one PTTH tunnel's HTTP/2 session: its life, keep-alive and end.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel.h"

#include "base/secret.h"
#include "net/tunnel-state.h"
#include <stdlib.h>
#include <string.h>

// An answer that stands behind a message on a slow line is late, not missing, while other bytes
// come.
#define ANSWER_LIMIT_MS 60000

static int64_t
pick_ping_ms(int64_t now_ms)
{
  return now_ms + PB_TUNNEL_PING_MS - PB_TUNNEL_PING_MS / 10 +
         pb_random_below(PB_TUNNEL_PING_MS / 5);
}

bool
pb_tunnel_new(enum pb_tunnel_end end, const struct pb_tunnel_ops *ops, void *user, int64_t now_ms,
              pb_tunnel_t **tunnel_out, pb_error_t *err)
{
  pb_tunnel_t *tunnel = calloc(1, sizeof(*tunnel));

  if (tunnel == NULL)
    return pb_error_set(err, PB_RETRY, "tunnel: out of memory");
  tunnel->end      = end;
  tunnel->ops      = *ops;
  tunnel->user     = user;
  tunnel->now_ms   = now_ms;
  tunnel->heard_ms = now_ms;
  tunnel->calm_ms  = now_ms;
  tunnel->ping_ms  = pick_ping_ms(now_ms);
  if (!pb_tunnel_make_session(tunnel, err))
  {
    pb_tunnel_free(tunnel);
    return false;
  }
  *tunnel_out = tunnel;
  return true;
}

struct pb_tunnel_stream *
pb_tunnel_find_stream(pb_tunnel_t *tunnel, int32_t id)
{
  struct pb_tunnel_stream *stream = tunnel->streams;

  while (stream != NULL && stream->id != id)
    stream = stream->next;
  return stream;
}

void
pb_tunnel_add_stream(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream)
{
  stream->next    = tunnel->streams;
  tunnel->streams = stream;
  tunnel->streams_count++;
}

void
pb_tunnel_free_stream(struct pb_tunnel_stream *stream)
{
  pb_buffer_clear(&stream->message);
  free(stream);
}

void
pb_tunnel_remove_stream(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream)
{
  struct pb_tunnel_stream **at = &tunnel->streams;

  while (*at != stream)
    at = &(*at)->next;
  *at = stream->next;
  tunnel->streams_count--;
  if (tunnel->end == PB_TUNNEL_CONNECTOR)
    tunnel->bodies -= stream->message.size;
  pb_tunnel_free_stream(stream);
}

void
pb_tunnel_free(pb_tunnel_t *tunnel)
{
  if (tunnel == NULL)
    return;
  nghttp2_session_del(tunnel->session);
  while (tunnel->streams != NULL)
    pb_tunnel_remove_stream(tunnel, tunnel->streams);
  while (tunnel->first != NULL)
  {
    struct pb_tunnel_stream *stream = tunnel->first;
    tunnel->first                   = stream->next;
    pb_tunnel_free_stream(stream);
  }
  free(tunnel);
}

bool
pb_tunnel_receive(pb_tunnel_t *tunnel, const void *data, size_t size, int64_t now_ms,
                  pb_error_t *err)
{
  ssize_t got = 0;

  tunnel->now_ms   = now_ms;
  tunnel->heard_ms = now_ms;
  got              = nghttp2_session_mem_recv(tunnel->session, data, size);
  if (tunnel->is_flooded)
    return pb_error_set(err, PB_REJECT, "tunnel: the peer floods it with control frames");
  if (got == NGHTTP2_ERR_NOMEM)
    return pb_error_set(err, PB_RETRY, "tunnel: out of memory");
  if (got < 0 || (size_t)got != size)
    return pb_error_set(err, PB_REJECT, "tunnel: %s",
                        got < 0 ? nghttp2_strerror((int)got) : "input is left");
  // After a connection error nghttp2 has a GOAWAY to send and reads no more.
  if (!nghttp2_session_want_read(tunnel->session) && tunnel->ending_ms == 0)
    return pb_error_set(err, PB_REJECT, "tunnel: the peer breaks the HTTP/2 protocol");
  return true;
}

size_t
pb_tunnel_take(pb_tunnel_t *tunnel, const void **data_out)
{
  const uint8_t *data = NULL;
  ssize_t        size = 0;

  pb_tunnel_send_next(tunnel);
  size      = nghttp2_session_mem_send(tunnel->session, &data);
  *data_out = data;
  return size > 0 ? (size_t)size : 0;
}

static bool
is_answer_missing(const pb_tunnel_t *tunnel)
{
  if (tunnel->pinged_ms == 0 || tunnel->now_ms - tunnel->pinged_ms < PB_TUNNEL_ANSWER_MS)
    return false;
  return tunnel->now_ms - tunnel->heard_ms >= PB_TUNNEL_ANSWER_MS ||
         tunnel->now_ms - tunnel->pinged_ms >= ANSWER_LIMIT_MS;
}

bool
pb_tunnel_tick(pb_tunnel_t *tunnel, int64_t now_ms, pb_error_t *err)
{
  tunnel->now_ms = now_ms;
  if (tunnel->ending_ms != 0 && now_ms - tunnel->ending_ms >= PB_TUNNEL_DRAIN_MS)
    return pb_error_set(err, PB_RETRY, "tunnel: not drained in %d s", PB_TUNNEL_DRAIN_MS / 1000);
  if (is_answer_missing(tunnel))
    return pb_error_set(err, PB_RETRY, "tunnel: no answer to a ping in %d s",
                        PB_TUNNEL_ANSWER_MS / 1000);
  if (tunnel->pinged_ms != 0 || now_ms < tunnel->ping_ms)
    return true;

  pb_random_bytes(tunnel->ping_data, sizeof(tunnel->ping_data));
  if (nghttp2_submit_ping(tunnel->session, NGHTTP2_FLAG_NONE, tunnel->ping_data) != 0)
    return pb_error_set(err, PB_RETRY, "tunnel: out of memory");
  tunnel->pinged_ms = now_ms;
  tunnel->ping_ms   = pick_ping_ms(now_ms);
  return true;
}

int64_t
pb_tunnel_next_ms(const pb_tunnel_t *tunnel)
{
  int64_t next_ms = tunnel->ping_ms;

  if (tunnel->pinged_ms != 0)
  {
    int64_t heard_until = tunnel->heard_ms + PB_TUNNEL_ANSWER_MS;
    next_ms             = tunnel->pinged_ms + PB_TUNNEL_ANSWER_MS;
    if (next_ms < heard_until)
      next_ms = heard_until;
    if (next_ms > tunnel->pinged_ms + ANSWER_LIMIT_MS)
      next_ms = tunnel->pinged_ms + ANSWER_LIMIT_MS;
  }
  if (tunnel->ending_ms != 0 && next_ms > tunnel->ending_ms + PB_TUNNEL_DRAIN_MS)
    next_ms = tunnel->ending_ms + PB_TUNNEL_DRAIN_MS;
  return next_ms;
}

size_t
pb_tunnel_waiting(const pb_tunnel_t *tunnel)
{
  return tunnel->waiting;
}

void
pb_tunnel_shutdown(pb_tunnel_t *tunnel, int64_t now_ms)
{
  tunnel->now_ms = now_ms;
  if (tunnel->ending_ms == 0)
    tunnel->ending_ms = now_ms;
  // Out of memory here only means that the peer sees the end without a goodbye.
  (void)nghttp2_submit_goaway(tunnel->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(tunnel->session),
                              NGHTTP2_NO_ERROR, NULL, 0);
}

bool
pb_tunnel_is_ending(const pb_tunnel_t *tunnel)
{
  return tunnel->ending_ms != 0;
}

bool
pb_tunnel_is_done(const pb_tunnel_t *tunnel)
{
  return tunnel->ending_ms != 0 && tunnel->streams == NULL &&
         !nghttp2_session_want_write(tunnel->session);
}
