// parts - the inner structures of the edge; only its own files include this.
// Owners: pb_edge_t is shared and guards what moves with mutexes; everything else belongs to one
// worker thread.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_EDGE_PARTS_H
#define PB_EDGE_PARTS_H

#include "base/buffer.h"
#include "edge/edge.h"
#include "net/http-reader.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#define ROOM_BYTES                                                                                 \
  (256 * 1024)  // waiting output above which a response has no room, and unread input likewise
#define ROOM_LOW_BYTES (128 * 1024)  // below which writing and reading go on
#define DROP_MAX_BYTES                                                                             \
  (64 * 1024)  // of an unwanted body that are read in order to keep the connection
#define LINGER_MS                                                                                  \
  10000  // how long a refused upload is read and dropped, so that the peer sees the answer
#define CLOSE_MS 2000  // how long a peer may take to close after us
#define PEER_SIZE INET6_ADDRSTRLEN

typedef struct pb_connection pb_connection_t;
typedef struct pb_worker     pb_worker_t;

// --- slots: numbers for what lives on a worker, that other threads may keep
enum pb_slot_kind
{
  PB_SLOT_FREE,
  PB_SLOT_EXCHANGE,
  PB_SLOT_STREAM
};

struct pb_slots
{
  struct pb_slot *slots;
  uint32_t        count, free_first;  // free_first: index + 1; 0: none
};

uint64_t pb_slots_add(struct pb_slots *slots, enum pb_slot_kind kind,
                      void *thing);  // 0: out of memory
void    *pb_slots_find(const struct pb_slots *slots, enum pb_slot_kind kind, uint64_t number);
void     pb_slots_remove(struct pb_slots *slots, uint64_t number);
void     pb_slots_clear(struct pb_slots *slots);

// --- posts: what other threads want done on a worker
struct pb_post
{
  struct pb_post   *next;
  enum pb_slot_kind kind;  // PB_SLOT_FREE: run_worker(worker, arg)
  uint64_t          number;
  void (*run_exchange)(pb_exchange_t *exchange, void *arg);
  void (*run_stream)(pb_stream_t *stream, void *arg);
  void (*run_worker)(pb_worker_t *worker, void *arg);  // worker NULL: it has ended
  void *arg;
};

struct pb_posts
{
  pthread_mutex_t mutex;  // guards first, last, is_closed
  struct pb_post *first, *last;
  bool            is_closed;
  int             fd;  // eventfd: there is something
};

bool pb_posts_init(struct pb_posts *posts, pb_error_t *err);
void pb_posts_add(struct pb_posts *posts, struct pb_post *post);  // takes post
void pb_posts_run(struct pb_posts *posts, pb_worker_t *worker);
void pb_posts_close(struct pb_posts *posts);  // runs what is left, and everything later, with NULL
void pb_posts_clear(struct pb_posts *posts);

// --- work: threads that may block on the disk
struct pb_works;
bool pb_works_start(struct pb_works **works_out, int threads, pb_error_t *err);
void pb_works_stop(
  struct pb_works *works);  // does what is queued, joins; what comes later is done by its caller
void pb_works_free(struct pb_works *works);

// --- peers: connections per address
struct pb_peers
{
  pthread_mutex_t  mutex;
  struct pb_peer **table;  // chains
};

bool pb_peers_init(struct pb_peers *peers, pb_error_t *err);
void pb_peers_clear(struct pb_peers *peers);
bool pb_peers_enter(struct pb_peers *peers, const uint8_t key[16], int max);  // false: too many
void pb_peers_leave(struct pb_peers *peers, const uint8_t key[16]);

// --- routes
struct pb_routes
{
  struct pb_route *list;
  size_t           count;
  char           **hosts;
  size_t           hosts_count;  // 0: any
};

bool pb_routes_add(struct pb_routes *routes, const struct pb_route *route, pb_error_t *err);
bool pb_routes_set_hosts(struct pb_routes *routes, const char *const *hosts, pb_error_t *err);
bool pb_routes_has_host(const struct pb_routes *routes, const char *host);
// The status to answer with when there is none: 404, or 405 with *allow_out filled.
const struct pb_route *pb_routes_find(const struct pb_routes *routes, const char *method,
                                      const char *path, int *status_out, pb_buffer_t *allow_out);
void                   pb_routes_clear(struct pb_routes *routes);

// --- response heads
struct pb_response_head
{
  int         status;
  const char *content_type;  // NULL: none
  const char *extra;         // "Name: value\r\n"...; NULL: none
  int64_t     body_size;     // -1: not known
  bool        is_chunked;
  bool        has_body;  // 204, 304 and 101 have none, and no length
  bool        is_close;
  const char *upgrade;  // protocol; NULL: none
  int64_t     date_ms;
};

const char *pb_response_reason(int status);
bool        pb_response_may_have_body(int status);
bool        pb_response_is_header(const char *name, const char *value);  // may be added
bool pb_response_format(pb_buffer_t *dst, const struct pb_response_head *head, pb_error_t *err);

// --- worker: a thread and its event base
struct pb_worker
{
  pb_edge_t         *edge;
  int                index;
  pthread_t          thread;
  bool               has_thread;
  struct event_base *base;
  struct event      *wake;   // posts
  struct event      *drain;  // the end of the drain time
  struct pb_posts    posts;
  struct pb_slots    slots;
  pb_connection_t   *connections;  // list
  atomic_int         count;        // of connections, the handed ones included
  bool               is_stopping;
};

bool pb_worker_init(pb_worker_t *worker, pb_edge_t *edge, int index, pb_error_t *err);
bool pb_worker_start(pb_worker_t *worker, pb_error_t *err);
void pb_worker_stop(pb_worker_t *worker, int64_t drain_ms);  // asks
void pb_worker_join(pb_worker_t *worker);
void pb_worker_clear(pb_worker_t *worker);
void pb_worker_post(pb_worker_t *worker, void (*fn)(pb_worker_t *worker, void *arg),
                    void        *arg);  // any thread
void pb_worker_check_end(pb_worker_t *worker);

// --- listener, on worker 0
struct pb_listener;
bool pb_listener_open(pb_edge_t *edge, pb_error_t *err);
void pb_listener_stop(pb_edge_t *edge);  // on worker 0's thread, or when it does not run
void pb_listener_leave(pb_worker_t  *worker,
                       const uint8_t key[16]);  // a connection of this worker has ended

// --- the edge
struct pb_limits  // changed while the workers run
{
  atomic_int           connections_max, connections_per_address;
  atomic_int_least64_t idle_ms, head_ms, stall_ms;
};

struct pb_edge
{
  struct pb_limits    limits;
  int                 wanted_port, wanted_workers;
  char               *address;
  struct pb_routes    routes;
  pthread_mutex_t     tls_mutex;  // guards tls
  struct ssl_ctx_st  *tls;
  pb_worker_t        *workers;
  int                 workers_count;
  struct pb_works    *works;
  struct pb_peers     peers;
  atomic_int          connections;
  struct pb_listener *listener;
  int                 port;
  bool                is_started;
};

// --- connection
enum pb_phase
{
  PB_PHASE_FRESH,   // handshake, then the first byte of the first head
  PB_PHASE_IDLE,    // between requests
  PB_PHASE_HEAD,    // in a head
  PB_PHASE_BODY,    // in a body that somebody wants
  PB_PHASE_DROP,    // in a body that nobody wants
  PB_PHASE_REPLY,   // the request is whole, its response is not
  PB_PHASE_STREAM,  // upgraded
  PB_PHASE_FLUSH,   // output goes out, then the end
  PB_PHASE_LINGER   // we are done; what comes is dropped until the peer closes
};

struct pb_connection
{
  pb_worker_t        *worker;
  pb_connection_t    *prev, *next;
  struct bufferevent *bev;
  int                 fd;
  pb_http_reader_t   *reader;
  pb_exchange_t      *exchange;
  pb_stream_t        *stream;
  struct event        tick;
  enum pb_phase       phase;
  int64_t             since_ms;   // when the wait of this phase began, or went on last
  uint64_t            written;    // bytes given to bev
  uint64_t            seen_sent;  // at the last look: does the peer take what we send?
  int                 seen_queued;
  int64_t             due_ms;  // of tick
  bool                is_read_off;
  bool                is_cut;         // end it as soon as no handler is running
  bool                is_running;     // in run(): no poke is needed
  bool                is_body_whole;  // END was read
  bool                is_last;        // close after this exchange
  uint8_t             key[16];
  char                peer[PEER_SIZE];
};

struct pb_accepted
{
  int     fd;
  uint8_t key[16];
  char    peer[PEER_SIZE];
};

bool pb_connection_open(pb_worker_t *worker, const struct pb_accepted *accepted);
void pb_connection_end(
  pb_connection_t *connection);  // frees; only from the event loop, never under a handler
void   pb_connection_cut(pb_connection_t *connection);   // soon
void   pb_connection_poke(pb_connection_t *connection);  // look at it again, soon
void   pb_connection_set_phase(pb_connection_t *connection, enum pb_phase phase);
void   pb_connection_write(pb_connection_t *connection, struct evbuffer *data);
void   pb_connection_run_steps(pb_connection_t *connection);  // everything that can be done now
void   pb_connection_shut_down(pb_connection_t *connection);  // the service stops
size_t pb_connection_waiting(const pb_connection_t *connection);
struct evbuffer *pb_connection_input(const pb_connection_t *connection);

// --- exchange
struct pb_exchange
{
  pb_connection_t         *connection;
  const struct pb_handler *handler;
  void                    *context;
  void                    *user;
  uint64_t                 number;
  pb_buffer_t              headers;  // added
  struct event             timer;
  void (*on_time)(pb_exchange_t *exchange);
  int64_t body_left;  // of a fixed response
  bool is_head_request, is_paused, is_answered, is_finished, is_complete, is_chunked, is_bodiless;
  bool is_blocked;      // had no room: on_writable is owed
  bool wants_continue;  // 100 is owed
};

pb_exchange_t *pb_exchange_new(pb_connection_t *connection);  // NULL: out of memory
void           pb_exchange_begin(pb_exchange_t *exchange);    // finds the handler, calls on_head
void           pb_exchange_take_body(pb_exchange_t *exchange, const void *data, size_t size);
void           pb_exchange_take_end(pb_exchange_t *exchange);
void           pb_exchange_send_continue(pb_exchange_t *exchange);
void           pb_exchange_end(pb_exchange_t *exchange, bool is_complete);  // on_gone, frees
void           pb_exchange_refuse(pb_connection_t *connection, int status,
                                  const char *reason);  // without an exchange

// --- stream
struct pb_stream
{
  pb_connection_t            *connection;
  const struct pb_stream_ops *ops;
  void                       *user;
  uint64_t                    number;
  struct event                timer;
  bool                        is_closing, is_blocked;
};

void         pb_stream_take(pb_stream_t *stream);  // what lies in the input
void         pb_stream_tell_room(pb_stream_t *stream);
void         pb_stream_shut_down(pb_stream_t *stream);
void         pb_stream_end(pb_stream_t *stream);  // on_closed, frees
pb_stream_t *pb_stream_new(pb_connection_t *connection, const struct pb_stream_ops *ops,
                           void *user);

#endif
