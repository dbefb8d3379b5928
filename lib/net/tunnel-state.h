// tunnel-state - what a pb_tunnel_t holds, for the tunnel's own files.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_TUNNEL_STATE_H
#define PB_NET_TUNNEL_STATE_H

#include "base/buffer.h"
#include "net/tunnel.h"
#include <nghttp2/nghttp2.h>

#define PB_TUNNEL_WINDOW (1024 * 1024)          // 64 KB costs two thirds of the throughput
#define PB_TUNNEL_STREAMS 16                    // requests under way
#define PB_TUNNEL_BODIES_MAX (4 * 1024 * 1024)  // connector's end: all bodies that are coming in
#define PB_TUNNEL_HEADERS 64                    // of one request or response
#define PB_TUNNEL_HEADERS_SIZE (16 * 1024)
#define PB_TUNNEL_REPLY_MAX (64 * 1024)  // bytes of an answer's body, which are dropped

// A request, at either end.
struct pb_tunnel_stream
{
  struct pb_tunnel_stream *next;
  int32_t                  id;
  int                      headers;
  int         status;  // service's end: of the answer; connector's: what was answered, 0 not yet
  size_t      reply_size;  // service's end
  size_t      sent;        // service's end: of the message
  pb_buffer_t message;
  bool        is_post, is_path, is_ipp;  // connector's end
  bool        is_whole;                  // connector's end: the request has ended
};

struct pb_tunnel
{
  nghttp2_session     *session;
  enum pb_tunnel_end   end;
  struct pb_tunnel_ops ops;
  void                *user;
  int64_t              now_ms;
  int64_t              heard_ms;   // last bytes from the peer
  int64_t              ping_ms;    // when the next ping goes out
  int64_t              pinged_ms;  // when the one under way went out; 0: none
  int64_t              ending_ms;  // since when GOAWAY was sent or received; 0: not
  uint8_t              ping_data[8];
  int     calm;     // how many control frames the peer may still send, see tunnel-frames.c
  int64_t calm_ms;  // when that was last reckoned
  bool    is_flooded;
  struct pb_tunnel_stream *streams;  // under way
  int                      streams_count;
  // service's end: messages that wait, and the one that is going out
  struct pb_tunnel_stream *first, *last;
  struct pb_tunnel_stream *sending;
  size_t                   waiting;  // bytes
  size_t                   bodies;   // connector's end: bytes of bodies
};

bool                     pb_tunnel_make_session(pb_tunnel_t *tunnel, pb_error_t *err) PB_MUST_USE;
struct pb_tunnel_stream *pb_tunnel_find_stream(pb_tunnel_t *tunnel, int32_t id);
void                     pb_tunnel_add_stream(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream);
void pb_tunnel_remove_stream(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream);  // frees
void pb_tunnel_free_stream(struct pb_tunnel_stream *stream);

// service's end
void pb_tunnel_send_next(pb_tunnel_t *tunnel);
void pb_tunnel_on_sent(pb_tunnel_t *tunnel, int32_t stream_id);
// Both return an NGHTTP2_ERR_ code or 0.
int pb_tunnel_on_answer_header(struct pb_tunnel_stream *stream, const char *name,
                               const char *value);

// connector's end
int  pb_tunnel_on_request(pb_tunnel_t *tunnel, int32_t stream_id);
int  pb_tunnel_on_request_header(struct pb_tunnel_stream *stream, const char *name,
                                 const char *value);
int  pb_tunnel_on_body(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream, const uint8_t *data,
                       size_t size);
int  pb_tunnel_on_request_end(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream);
void pb_tunnel_on_response_sent(pb_tunnel_t *tunnel, struct pb_tunnel_stream *stream);

#endif
