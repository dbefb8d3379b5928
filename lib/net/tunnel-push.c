// tunnel-push - the service's end: messages go out one after the other, each as a request. The next
// one is begun when the body of the one before is out, so the connector gets them in order and
// still need not answer before the next comes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel-state.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define HEADER(name, value)                                                                        \
  {                                                                                                \
    (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1,                    \
      NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                                 \
  }

bool
pb_tunnel_push(pb_tunnel_t *tunnel, const void *message, size_t size, pb_error_t *err)
{
  struct pb_tunnel_stream *stream = NULL;

  if (tunnel->ending_ms != 0)
    return pb_error_set(err, PB_GONE, "tunnel: it is ending");
  if (size > PB_TUNNEL_MESSAGE_MAX)
    return pb_error_set(err, PB_REJECT, "tunnel: a message of %zu bytes is too large", size);
  if (tunnel->waiting + size > PB_TUNNEL_QUEUE_MAX)
    return pb_error_set(err, PB_RETRY, "tunnel: %zu bytes wait already", tunnel->waiting);
  stream = calloc(1, sizeof(*stream));
  if (stream == NULL)
    return pb_error_set(err, PB_RETRY, "tunnel: out of memory");
  pb_buffer_init(&stream->message, PB_TUNNEL_MESSAGE_MAX);
  if (!pb_buffer_append(&stream->message, message, size, err))
  {
    pb_tunnel_free_stream(stream);
    return false;
  }
  if (tunnel->last != NULL)
    tunnel->last->next = stream;
  else
    tunnel->first = stream;
  tunnel->last = stream;
  tunnel->waiting += size;
  return true;
}

static ssize_t
read_message(nghttp2_session *session, int32_t stream_id, uint8_t *dst, size_t room,
             uint32_t *flags, nghttp2_data_source *source, void *user)
{
  struct pb_tunnel_stream *stream = source->ptr;
  size_t                   left   = stream->message.size - stream->sent;
  size_t                   size   = left < room ? left : room;

  (void)session;
  (void)stream_id;
  (void)user;
  if (size > 0)
    memcpy(dst, stream->message.data + stream->sent, size);
  stream->sent += size;
  if (stream->sent == stream->message.size)
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)size;
}

static struct pb_tunnel_stream *
take_first(pb_tunnel_t *tunnel)
{
  struct pb_tunnel_stream *stream = tunnel->first;

  tunnel->first = stream->next;
  if (tunnel->first == NULL)
    tunnel->last = NULL;
  stream->next = NULL;
  return stream;
}

void
pb_tunnel_send_next(pb_tunnel_t *tunnel)
{
  const nghttp2_nv headers[] = {HEADER(":method", "POST"), HEADER(":scheme", "https"),
                                HEADER(":authority", "connector"), HEADER(":path", "/events"),
                                HEADER("content-type", "application/ipp")};
  uint32_t         peer_max  = 0;

  if (tunnel->first == NULL || tunnel->sending != NULL || tunnel->ending_ms != 0)
    return;
  peer_max =
    nghttp2_session_get_remote_settings(tunnel->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  if (tunnel->streams_count >= PB_TUNNEL_STREAMS || (uint32_t)tunnel->streams_count >= peer_max)
    return;

  struct pb_tunnel_stream *stream = take_first(tunnel);
  nghttp2_data_provider    source = {.source = {.ptr = stream}, .read_callback = read_message};

  stream->id = nghttp2_submit_request(tunnel->session, NULL, headers,
                                      sizeof(headers) / sizeof(headers[0]), &source, NULL);
  if (stream->id < 0)
  {
    // No memory or no stream numbers left: say goodbye, so that the connector comes again and asks
    // for what it missed.
    tunnel->waiting -= stream->message.size;
    pb_tunnel_free_stream(stream);
    pb_tunnel_shutdown(tunnel, tunnel->now_ms);
    return;
  }
  pb_tunnel_add_stream(tunnel, stream);
  tunnel->sending = stream;
}

void
pb_tunnel_on_sent(pb_tunnel_t *tunnel, int32_t stream_id)
{
  struct pb_tunnel_stream *stream = tunnel->sending;

  if (stream == NULL || stream->id != stream_id)
    return;
  tunnel->waiting -= stream->message.size;
  pb_buffer_clear(&stream->message);
  stream->sent    = 0;
  tunnel->sending = NULL;
}

int
pb_tunnel_on_answer_header(struct pb_tunnel_stream *stream, const char *name, const char *value)
{
  int64_t status = 0;

  if (strcmp(name, ":status") == 0 && pb_text_parse_int(value, 100, 599, &status))
    stream->status = (int)status;
  return 0;
}
