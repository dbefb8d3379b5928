// stream - an upgraded connection: raw bytes both ways.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include <stdlib.h>

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
  pb_stream_t *stream = arg;

  (void)fd;
  (void)what;
  if (!stream->is_closing && !stream->connection->is_cut && stream->ops->on_timer != NULL)
    stream->ops->on_timer(stream, stream->user);
}

pb_stream_t *
pb_stream_new(pb_connection_t *connection, const struct pb_stream_ops *ops, void *user)
{
  pb_stream_t *stream = calloc(1, sizeof(*stream));

  if (stream == NULL)
    return NULL;
  stream->number = pb_slots_add(&connection->worker->slots, PB_SLOT_STREAM, stream);
  if (stream->number == 0)
  {
    free(stream);
    return NULL;
  }
  stream->connection = connection;
  stream->ops        = ops;
  stream->user       = user;
  event_assign(&stream->timer, connection->worker->base, -1, 0, on_timer, stream);
  return stream;
}

void
pb_stream_take(pb_stream_t *stream)
{
  struct evbuffer *input = pb_connection_input(stream->connection);

  while (evbuffer_get_length(input) > 0)
  {
    size_t size = evbuffer_get_contiguous_space(input);

    if (!stream->is_closing && !stream->connection->is_cut && stream->ops->on_data != NULL)
      stream->ops->on_data(stream, stream->user, evbuffer_pullup(input, (ev_ssize_t)size), size);
    evbuffer_drain(input, size);
  }
}

void
pb_stream_tell_room(pb_stream_t *stream)
{
  if (!stream->is_blocked || stream->is_closing)
    return;
  stream->is_blocked = false;
  if (stream->ops->on_writable != NULL)
    stream->ops->on_writable(stream, stream->user);
}

void
pb_stream_shut_down(pb_stream_t *stream)
{
  if (stream->is_closing)
    return;
  if (stream->ops->on_shutdown != NULL)
    stream->ops->on_shutdown(stream, stream->user);
  else
    pb_stream_close(stream);
}

void
pb_stream_end(pb_stream_t *stream)
{
  pb_slots_remove(&stream->connection->worker->slots, stream->number);
  event_del(&stream->timer);
  if (stream->ops->on_closed != NULL)
    stream->ops->on_closed(stream, stream->user);
  free(stream);
}

void
pb_stream_write(pb_stream_t *stream, const void *data, size_t size)
{
  pb_connection_t *connection = stream->connection;
  struct evbuffer *out;

  if (size == 0 || stream->is_closing || connection->is_cut)
    return;
  out = evbuffer_new();
  if (out != NULL && evbuffer_add(out, data, size) == 0)
    pb_connection_write(connection, out);
  else
    pb_connection_cut(connection);
  if (out != NULL)
    evbuffer_free(out);
  if (pb_connection_waiting(connection) > ROOM_LOW_BYTES)
    stream->is_blocked = true;
}

size_t
pb_stream_waiting(const pb_stream_t *stream)
{
  return pb_connection_waiting(stream->connection);
}

void
pb_stream_set_timer(pb_stream_t *stream, int64_t after_ms)
{
  if (after_ms <= 0)
    event_del(&stream->timer);
  else
    event_add(&stream->timer, &(struct timeval){after_ms / 1000, (after_ms % 1000) * 1000});
}

void
pb_stream_close(pb_stream_t *stream)
{
  stream->is_closing = true;
  pb_connection_poke(stream->connection);
}

pb_exchange_id_t
pb_stream_get_id(const pb_stream_t *stream)
{
  return (pb_exchange_id_t){stream->connection->worker->index, stream->number};
}
