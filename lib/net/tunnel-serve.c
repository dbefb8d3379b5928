// tunnel-serve - the connector's end: requests come in, each is a message or is refused.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel-state.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

int
pb_tunnel_on_request(pb_tunnel_t *tunnel, int32_t stream_id)
{
  struct pb_tunnel_stream *stream = NULL;

  if (tunnel->streams_count >= PB_TUNNEL_STREAMS)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  stream = calloc(1, sizeof(*stream));
  if (stream == NULL)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  stream->id = stream_id;
  pb_buffer_init(&stream->message, PB_TUNNEL_MESSAGE_MAX);
  pb_tunnel_add_stream(tunnel, stream);
  return 0;
}

int
pb_tunnel_on_request_header(struct pb_tunnel_stream *stream, const char *name, const char *value)
{
  if (strcmp(name, ":method") == 0)
    stream->is_post = strcmp(value, "POST") == 0;
  else if (strcmp(name, ":path") == 0)
    stream->is_path = strcmp(value, "/events") == 0;
  else if (strcmp(name, "content-type") == 0)
    stream->is_ipp = pb_text_is_equal_nocase(value, "application/ipp");
  return 0;
}

static int
answer(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream, int status)
{
  char       text[8];
  nghttp2_nv header = {(uint8_t *)":status", (uint8_t *)text, 7, 3, NGHTTP2_NV_FLAG_NONE};

  if (stream->status != 0)
    return 0;
  pb_text_format(text, sizeof(text), "%03d", status);
  stream->status = status;
  return nghttp2_submit_response(tunnel->session, stream->id, &header, 1, NULL) == 0
           ? 0
           : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static void
drop_body(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream)
{
  tunnel->bodies -= stream->message.size;
  pb_buffer_clear(&stream->message);
}

int
pb_tunnel_on_body(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream, const uint8_t *data,
                  size_t size)
{
  int        status = 0;
  pb_error_t err    = {0};

  if (stream->status != 0)
    return 0;  // answered already
  if (!stream->is_path || !stream->is_post || !stream->is_ipp)
    return 0;  // the end will say so
  if (stream->message.size + size > PB_TUNNEL_MESSAGE_MAX)
    status = 413;
  else if (tunnel->bodies + size > PB_TUNNEL_BODIES_MAX ||
           !pb_buffer_append(&stream->message, data, size, &err))
    status = 503;
  if (status == 0)
  {
    tunnel->bodies += size;
    return 0;
  }
  drop_body(tunnel, stream);
  return answer(tunnel, stream, status);
}

int
pb_tunnel_on_request_end(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream)
{
  int status = 200;

  stream->is_whole = true;
  if (stream->status != 0)
    return 0;
  if (!stream->is_path)
    status = 404;
  else if (!stream->is_post)
    status = 405;
  else if (!stream->is_ipp)
    status = 415;
  else if (stream->message.size == 0)
    status = 400;
  else if (!tunnel->ops.on_message(tunnel->user, stream->message.data, stream->message.size))
    status = 503;
  drop_body(tunnel, stream);
  return answer(tunnel, stream, status);
}

// An answer before the end of the body: tell the peer to stop (RFC 9113 s8.1).
void
pb_tunnel_on_response_sent(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream)
{
  if (!stream->is_whole)
    (void)nghttp2_submit_rst_stream(tunnel->session, NGHTTP2_FLAG_NONE, stream->id,
                                    NGHTTP2_NO_ERROR);
}
