// edge - the service's HTTP edge: one TLS port, worker threads with an event base each, requests
// that stream in and responses that stream out. An exchange (one request and its response) lives on
// the worker thread of its connection: every call that takes a pb_exchange_t is made there.  Other
// threads reach it by pb_edge_post. The program must ignore SIGPIPE.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_EDGE_EDGE_H
#define PB_EDGE_EDGE_H

#include "base/error.h"
#include <stdint.h>

typedef struct pb_edge     pb_edge_t;
typedef struct pb_exchange pb_exchange_t;
typedef struct pb_stream   pb_stream_t;  // an upgraded connection: raw bytes
struct ssl_ctx_st;

struct pb_edge_options
{
  const char *address;          // to listen on: "127.0.0.1", "::", "*"
  int         port;             // 0: any; pb_edge_port says which
  int         workers;          // 0: as there are cores
  int         connections_max;  // all together
  int         connections_per_address;
  int64_t     idle_ms;   // between requests (60 s)
  int64_t     head_ms;   // for a whole head (10 s)
  int64_t     stall_ms;  // no byte of a body, or none of a response taken (60 s)
};

// What a handler does with a request.  All but on_end may be NULL.  `user` is what
// pb_exchange_set_user gave.
struct pb_handler
{
  // The head is there.  Set the user pointer; may reply at once (what is left of the body is then
  // read and dropped, up to a cap, so that the peer sees the reply).  100-continue is sent after it
  // returns without a reply.
  void (*on_head)(pb_exchange_t *exchange, void *context);
  void (*on_body)(pb_exchange_t *exchange, const void *data, size_t size);
  void (*on_end)(pb_exchange_t *exchange);       // the body is complete: reply now, or later
  void (*on_writable)(pb_exchange_t *exchange);  // a started response has room again
  void (*on_gone)(
    pb_exchange_t *exchange);  // last call, always made once: the response was sent whole, or the
                               // peer went away (pb_exchange_is_complete tells); free user
};

// Longest matching prefix of the path wins; a prefix that ends in '/' matches what is under it,
// others match exactly. Routes are added before start.  No route: 404.  `methods` is a list like
// "GET POST"; others get 405.
struct pb_route
{
  const char              *prefix;
  const char              *methods;
  const struct pb_handler *handler;
  void                    *context;
};

bool pb_edge_new(const struct pb_edge_options *options, pb_edge_t **edge_out,
                 pb_error_t *err) PB_MUST_USE;
bool pb_edge_add_route(pb_edge_t *edge, const struct pb_route *route, pb_error_t *err) PB_MUST_USE;
// Takes ctx; may be called again while running (new connections use the new one).
void pb_edge_set_tls(pb_edge_t *edge, struct ssl_ctx_st *ctx);
// Connections and times of these options from now on, the rest is as it was; any thread, while
// running too.
void pb_edge_set_limits(pb_edge_t *edge, const struct pb_edge_options *options);
// Host names that requests may name (DNS rebinding, PWG 5100.18 s10); others get 421.
// NULL-terminated; copied.
bool pb_edge_set_hosts(pb_edge_t *edge, const char *const *hosts, pb_error_t *err) PB_MUST_USE;
bool pb_edge_start(pb_edge_t *edge, pb_error_t *err) PB_MUST_USE;  // listens and starts the threads
int  pb_edge_port(const pb_edge_t *edge);
// Stop listening, end idle connections and streams (on_shutdown), let requests finish for up to
// drain_ms.  Blocks.
void pb_edge_stop(pb_edge_t *edge, int64_t drain_ms);
void pb_edge_free(pb_edge_t *edge);

// --- the request
const char *pb_exchange_method(const pb_exchange_t *exchange);
const char *pb_exchange_path(const pb_exchange_t *exchange);
const char *pb_exchange_query(const pb_exchange_t *exchange);                     // NULL: none
const char *pb_exchange_header(const pb_exchange_t *exchange, const char *name);  // NULL: absent
const char *pb_exchange_peer(const pb_exchange_t *exchange);       // address without port
int64_t     pb_exchange_body_size(const pb_exchange_t *exchange);  // -1: chunked
void        pb_exchange_set_user(pb_exchange_t *exchange, void *user);
void       *pb_exchange_user(const pb_exchange_t *exchange);
void
pb_exchange_pause(pb_exchange_t *exchange);  // no on_body until resume: back pressure to the peer
void pb_exchange_resume(pb_exchange_t *exchange);

// --- the response.  Headers are added before reply or start.
// False: refused (CR, LF; or one that the edge sets: Content-Type, Content-Length, Connection, Date
// ...).
bool pb_exchange_add_header(pb_exchange_t *exchange, const char *name, const char *value);
void pb_exchange_reply(pb_exchange_t *exchange, int status, const char *content_type,
                       const void *body, size_t size);
void pb_exchange_start(pb_exchange_t *exchange, int status, const char *content_type,
                       int64_t body_size);  // -1: chunked
void pb_exchange_write(pb_exchange_t *exchange, const void *data,
                       size_t size);  // copied; stop while !has_room
bool pb_exchange_has_room(
  const pb_exchange_t *exchange);  // under 256 KiB are waiting; else on_writable will be called
void pb_exchange_finish(pb_exchange_t *exchange);
void pb_exchange_abort(
  pb_exchange_t *exchange);  // cuts the connection, so that the peer sees it is not whole
bool pb_exchange_is_answered(const pb_exchange_t *exchange);  // reply or start was called
bool pb_exchange_is_complete(const pb_exchange_t *exchange);  // in on_gone: sent whole

// --- time and other threads
// One timer per exchange; 0 ms stops it.
void pb_exchange_set_timer(pb_exchange_t *exchange, int64_t after_ms,
                           void (*on_time)(pb_exchange_t *exchange));
// A name for the exchange that any thread may keep.
typedef struct pb_exchange_id
{
  int      worker;
  uint64_t number;
} pb_exchange_id_t;
pb_exchange_id_t pb_exchange_get_id(const pb_exchange_t *exchange);
// Any thread: run fn on the exchange's worker, soon; exchange is NULL when it has ended.  arg is
// fn's to free: fn is called in any case, even while the edge stops.
void pb_edge_post(pb_edge_t *edge, pb_exchange_id_t                     id,
                  void (*fn)(pb_exchange_t *exchange, void *arg), void *arg);
// Any thread: run fn on a thread that may block on the disk (fsync), then done on the exchange's
// worker as above.
void pb_edge_work(pb_edge_t *edge, pb_exchange_id_t                       id, void (*fn)(void *arg),
                  void (*done)(pb_exchange_t *exchange, void *arg), void *arg);

// --- upgraded connections.  In on_head: answers 101 with these headers and ends the exchange
// (on_gone follows). NULL: not a request to upgrade to this protocol (HTTP/1.1, Connection:
// upgrade, no body), or out of memory; nothing was answered.
struct pb_stream_ops
{
  void (*on_data)(pb_stream_t *stream, void *user, const void *data, size_t size);
  void (*on_writable)(pb_stream_t *stream, void *user);
  void (*on_timer)(pb_stream_t *stream, void *user);
  void (*on_shutdown)(pb_stream_t *stream,
                      void        *user);                     // the service stops: say goodbye, then close
  void (*on_closed)(pb_stream_t *stream, void *user);  // last call
};
pb_stream_t     *pb_exchange_upgrade(pb_exchange_t *exchange, const char *protocol,
                                     const struct pb_stream_ops *ops, void *user);
void             pb_stream_write(pb_stream_t *stream, const void *data, size_t size);  // copied
size_t           pb_stream_waiting(const pb_stream_t *stream);  // bytes not yet taken by the socket
void             pb_stream_set_timer(pb_stream_t *stream, int64_t after_ms);  // 0: none
void             pb_stream_close(pb_stream_t *stream);  // after what was written has gone out
pb_exchange_id_t pb_stream_get_id(const pb_stream_t *stream);
void             pb_stream_post(pb_edge_t *edge, pb_exchange_id_t                 id,
                                void (*fn)(pb_stream_t *stream, void *arg), void *arg);

#endif
