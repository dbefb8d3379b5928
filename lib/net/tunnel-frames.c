// tunnel-frames - what nghttp2 tells of the peer's frames, and how many of them are too many.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel-state.h"

#include "base/text.h"
#include <string.h>

// PING, SETTINGS, RST_STREAM, PRIORITY and empty DATA cost the peer nothing and us something.  An
// honest peer sends a few a minute.
#define CALM_MAX 200
#define CALM_PER_S 20

static void
spend_calm(pb_tunnel_t *tunnel)
{
  int64_t more = (tunnel->now_ms - tunnel->calm_ms) * CALM_PER_S / 1000;

  if (more > 0)
  {
    tunnel->calm =
      more > CALM_MAX || tunnel->calm + more > CALM_MAX ? CALM_MAX : tunnel->calm + (int)more;
    tunnel->calm_ms = tunnel->now_ms;
  }
  tunnel->calm--;
  if (tunnel->calm >= 0 || tunnel->is_flooded)
    return;
  tunnel->is_flooded = true;
  (void)nghttp2_session_terminate_session(tunnel->session, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
  pb_tunnel_t *tunnel = user;

  (void)session;
  if (tunnel->end == PB_TUNNEL_SERVICE || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
    return 0;
  return pb_tunnel_on_request(tunnel, frame->hd.stream_id);
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
          size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags, void *user)
{
  pb_tunnel_t             *tunnel = user;
  struct pb_tunnel_stream *stream = pb_tunnel_find_stream(tunnel, frame->hd.stream_id);

  (void)session;
  (void)name_size;
  (void)value_size;
  (void)flags;
  if (stream == NULL)
    return 0;
  if (++stream->headers > PB_TUNNEL_HEADERS)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  // nghttp2 puts a NUL behind both, and has refused a NUL inside.
  if (tunnel->end == PB_TUNNEL_SERVICE)
    return pb_tunnel_on_answer_header(stream, (const char *)name, (const char *)value);
  return pb_tunnel_on_request_header(stream, (const char *)name, (const char *)value);
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
        size_t size, void *user)
{
  pb_tunnel_t             *tunnel = user;
  struct pb_tunnel_stream *stream = pb_tunnel_find_stream(tunnel, stream_id);

  (void)flags;
  if (stream == NULL)
    return 0;
  if (tunnel->end == PB_TUNNEL_CONNECTOR)
    return pb_tunnel_on_body(tunnel, stream, data, size);
  stream->reply_size += size;
  if (stream->reply_size > PB_TUNNEL_REPLY_MAX)
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream_id,
                                     NGHTTP2_ENHANCE_YOUR_CALM) == 0
             ? 0
             : NGHTTP2_ERR_CALLBACK_FAILURE;
  return 0;
}

static void
on_ping(pb_tunnel_t *tunnel, const nghttp2_ping *ping)
{
  if ((ping->hd.flags & NGHTTP2_FLAG_ACK) != 0 && tunnel->pinged_ms != 0 &&
      memcmp(ping->opaque_data, tunnel->ping_data, sizeof(tunnel->ping_data)) == 0)
    tunnel->pinged_ms = 0;
  else
    spend_calm(tunnel);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
  pb_tunnel_t             *tunnel = user;
  struct pb_tunnel_stream *stream = NULL;

  (void)session;
  switch (frame->hd.type)
  {
    case NGHTTP2_PING:
      on_ping(tunnel, &frame->ping);
      return 0;
    case NGHTTP2_SETTINGS:
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_PRIORITY:
      spend_calm(tunnel);
      return 0;
    case NGHTTP2_GOAWAY:
      if (tunnel->ending_ms == 0)
        tunnel->ending_ms = tunnel->now_ms;
      return 0;
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
      if (frame->hd.type == NGHTTP2_DATA && frame->hd.length == 0)
        spend_calm(tunnel);
      stream = pb_tunnel_find_stream(tunnel, frame->hd.stream_id);
      if (stream != NULL && tunnel->end == PB_TUNNEL_CONNECTOR &&
          (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        return pb_tunnel_on_request_end(tunnel, stream);
      return 0;
    default:
      return 0;
  }
}

static int
on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
  pb_tunnel_t             *tunnel = user;
  struct pb_tunnel_stream *stream = NULL;

  (void)session;
  if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
    return 0;
  stream = pb_tunnel_find_stream(tunnel, frame->hd.stream_id);
  if (tunnel->end == PB_TUNNEL_SERVICE)
    pb_tunnel_on_sent(tunnel, frame->hd.stream_id);
  else if (stream != NULL)
    pb_tunnel_on_response_sent(tunnel, stream);
  return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *user)
{
  pb_tunnel_t             *tunnel = user;
  struct pb_tunnel_stream *stream = pb_tunnel_find_stream(tunnel, stream_id);
  int                      status = 0;

  (void)session;
  if (stream == NULL)
    return 0;
  if (tunnel->end == PB_TUNNEL_SERVICE)
    pb_tunnel_on_sent(tunnel, stream_id);
  status = error_code == NGHTTP2_NO_ERROR || stream->status >= 400 ? stream->status : 0;
  pb_tunnel_remove_stream(tunnel, stream);
  if (tunnel->end == PB_TUNNEL_SERVICE && tunnel->ops.on_answer != NULL)
    tunnel->ops.on_answer(tunnel->user, status);
  return 0;
}

// What we ask of the peer.
static bool
submit_settings(pb_tunnel_t *tunnel)
{
  const nghttp2_settings_entry service[] = {
    {NGHTTP2_SETTINGS_ENABLE_PUSH,          0                     },
    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,  PB_TUNNEL_WINDOW      },
    {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE,    1024                  },
    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, PB_TUNNEL_HEADERS_SIZE}
  };
  const nghttp2_settings_entry connector[] = {
    {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, PB_TUNNEL_STREAMS     },
    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,    PB_TUNNEL_WINDOW      },
    {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE,      1024                  },
    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,   PB_TUNNEL_HEADERS_SIZE}
  };

  return nghttp2_submit_settings(tunnel->session, NGHTTP2_FLAG_NONE,
                                 tunnel->end == PB_TUNNEL_SERVICE ? service : connector, 4) == 0 &&
         nghttp2_session_set_local_window_size(tunnel->session, NGHTTP2_FLAG_NONE, 0,
                                               PB_TUNNEL_WINDOW) == 0;
}

bool
pb_tunnel_make_session(pb_tunnel_t *tunnel, pb_error_t *err)
{
  nghttp2_session_callbacks *callbacks = NULL;
  nghttp2_option            *option    = NULL;
  bool                       ok        = false;

  tunnel->calm = CALM_MAX;
  if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
    goto done;
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, CALM_MAX + 2);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, 1024);
  nghttp2_option_set_peer_max_concurrent_streams(option, PB_TUNNEL_STREAMS);

  if ((tunnel->end == PB_TUNNEL_SERVICE
         ? nghttp2_session_client_new2
         : nghttp2_session_server_new2)(&tunnel->session, callbacks, tunnel, option) != 0)
    goto done;
  ok = submit_settings(tunnel);

done:
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return ok || pb_error_set(err, PB_RETRY, "tunnel: out of memory");
}
