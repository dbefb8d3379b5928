// tunnel - one PTTH tunnel's HTTP/2 session (draft-kazuho-ptth-ptth, RFC 9113), without I/O: bytes
// and the time in, bytes out.  The service's end sends requests, POST /events with an IPP message;
// the connector's end answers them. Belongs to one thread.  The ops are called from receive only,
// and must not call the tunnel, but for push.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_TUNNEL_H
#define PB_NET_TUNNEL_H

#include "base/error.h"
#include <stdint.h>

#define PB_TUNNEL_MESSAGE_MAX (1024 * 1024)    // one pushed message
#define PB_TUNNEL_QUEUE_MAX (4 * 1024 * 1024)  // all that wait to be sent
#define PB_TUNNEL_PING_MS 25000                // between pings, give or take a tenth
#define PB_TUNNEL_ANSWER_MS 10000              // for the answer
#define PB_TUNNEL_DRAIN_MS 30000               // after GOAWAY, for what is under way

typedef struct pb_tunnel pb_tunnel_t;

enum pb_tunnel_end
{
  PB_TUNNEL_SERVICE,   // the HTTP/2 client, on the connection that it accepted
  PB_TUNNEL_CONNECTOR  // the HTTP/2 server, on the connection that it dialled
};

struct pb_tunnel_ops
{
  bool (*on_message)(void *user, const void *message,
                     size_t size);  // connector's end: false answers 503
  void (*on_answer)(void *user,
                    int   status);  // service's end: to a push; 0: there will be none; may be NULL
};

// `now_ms` is monotonic and positive, here and below.  ops is copied.
bool pb_tunnel_new(enum pb_tunnel_end end, const struct pb_tunnel_ops *ops, void *user,
                   int64_t now_ms, pb_tunnel_t **tunnel_out, pb_error_t *err) PB_MUST_USE;
void pb_tunnel_free(pb_tunnel_t *tunnel);

// Bytes from the peer.  False: the tunnel is dead (PB_RETRY) or the peer breaks the protocol
// (PB_REJECT); send what take still gives, then close.
bool pb_tunnel_receive(pb_tunnel_t *tunnel, const void *data, size_t size, int64_t now_ms,
                       pb_error_t *err) PB_MUST_USE;
// Bytes for the peer, borrowed until the next call of any kind.  0: none for now.
size_t pb_tunnel_take(pb_tunnel_t *tunnel, const void **data_out);
// Time has passed: pings, time-outs.  False (PB_RETRY): dead, close.
bool    pb_tunnel_tick(pb_tunnel_t *tunnel, int64_t now_ms, pb_error_t *err) PB_MUST_USE;
int64_t pb_tunnel_next_ms(const pb_tunnel_t *tunnel);  // when tick wants to be called at the latest

// Service's end: send a message, after those before it; copies.  False: the queue is full, or the
// tunnel is ending.
bool   pb_tunnel_push(pb_tunnel_t *tunnel, const void *message, size_t size,
                      pb_error_t *err) PB_MUST_USE;
size_t pb_tunnel_waiting(const pb_tunnel_t *tunnel);  // bytes of messages that are not sent whole

void pb_tunnel_shutdown(pb_tunnel_t *tunnel, int64_t now_ms);  // GOAWAY; what is under way may end
bool pb_tunnel_is_ending(const pb_tunnel_t *tunnel);           // either side said GOAWAY
bool pb_tunnel_is_done(const pb_tunnel_t *tunnel);             // and nothing is under way: close

#endif
