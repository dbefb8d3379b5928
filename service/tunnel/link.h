// link - one tunnel: an upgraded connection with an HTTP/2 session on it.
// Lives on its stream's worker thread, but for `load`, which any thread that holds a reference may
// ask.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TUNNEL_LINK_H
#define PB_TUNNEL_LINK_H

#include "edge/edge.h"
#include "identity/identity.h"
#include <stdatomic.h>

// How much waits in a tunnel; outlives it for those who push.
struct pb_load
{
  atomic_int    refs;
  atomic_size_t posted;   // bytes on their way to the worker
  atomic_size_t waiting;  // bytes in the session and the connection, as last seen there
};

struct pb_load *pb_load_new(void);  // one reference; NULL: out of memory
void            pb_load_hold(struct pb_load *load);
void            pb_load_drop(struct pb_load *load);
size_t          pb_load_size(struct pb_load *load);

typedef struct pb_link pb_link_t;

// Called on the worker when the link has ended.
typedef void (*pb_link_ended_t)(void *user, const char *client_id, pb_exchange_id_t id);

// Answers 101.  NULL: it could not, and nothing was answered.
pb_link_t       *pb_link_open(pb_exchange_t *exchange, const char *client_id, pb_link_ended_t ended,
                              void *user);
pb_exchange_id_t pb_link_get_id(const pb_link_t *link);
struct pb_load  *pb_link_get_load(const pb_link_t *link);

// Any thread; the link may have ended meanwhile.
// load's reference is taken; copies the message; false: out of memory.
bool pb_link_post_message(pb_edge_t *edge, pb_exchange_id_t id, pb_link_t *link,
                          struct pb_load *load, const void *message, size_t size);
void pb_link_post_goodbye(pb_edge_t *edge, pb_exchange_id_t id,
                          pb_link_t *link);  // GOAWAY, then drain
void pb_link_post_cut(pb_edge_t *edge, pb_exchange_id_t id,
                      pb_link_t *link);  // GOAWAY, then close at once

#endif
