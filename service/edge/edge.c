// edge - the whole: options, routes, TLS, start and stop.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/edge.h"
#include "edge/parts.h"

#include "base/text.h"
#include "net/tls.h"

#include <stdlib.h>
#include <unistd.h>

#define MAX_WORKERS 64
#define DISK_THREADS 2

static int64_t
get_or(int64_t value, int64_t usual)
{
  return value > 0 ? value : usual;
}

void
pb_edge_set_limits(pb_edge_t *edge, const struct pb_edge_options *options)
{
  struct pb_limits *limits          = &edge->limits;
  int               connections_max = (int)get_or(options->connections_max, 10000);

  atomic_store(&limits->connections_max, connections_max);
  atomic_store(&limits->connections_per_address,
               (int)get_or(options->connections_per_address, connections_max));
  atomic_store(&limits->idle_ms, get_or(options->idle_ms, 60000));
  atomic_store(&limits->head_ms, get_or(options->head_ms, 10000));
  atomic_store(&limits->stall_ms, get_or(options->stall_ms, 60000));
}

static int
count_workers(int wanted)
{
  long cores = sysconf(_SC_NPROCESSORS_ONLN);

  if (wanted <= 0)
    wanted = cores > 0 ? (int)cores : 1;
  return wanted < MAX_WORKERS ? wanted : MAX_WORKERS;
}

bool
pb_edge_new(const struct pb_edge_options *options, pb_edge_t **edge_out, pb_error_t *err)
{
  pb_edge_t *edge = calloc(1, sizeof(*edge));

  if (edge == NULL)
    return pb_error_set(err, PB_RETRY, "edge: out of memory");
  edge->wanted_port    = options->port;
  edge->wanted_workers = count_workers(options->workers);
  pb_edge_set_limits(edge, options);
  pthread_mutex_init(&edge->tls_mutex, NULL);
  edge->address = pb_text_dup(options->address != NULL ? options->address : "*");
  if (edge->address == NULL || !pb_peers_init(&edge->peers, err))
  {
    pb_edge_free(edge);
    return pb_error_set(err, PB_RETRY, "edge: out of memory");
  }
  *edge_out = edge;
  return true;
}

bool
pb_edge_add_route(pb_edge_t *edge, const struct pb_route *route, pb_error_t *err)
{
  return pb_routes_add(&edge->routes, route, err);
}

void
pb_edge_set_tls(pb_edge_t *edge, struct ssl_ctx_st *ctx)
{
  struct ssl_ctx_st *old;

  pthread_mutex_lock(&edge->tls_mutex);
  old       = edge->tls;
  edge->tls = ctx;
  pthread_mutex_unlock(&edge->tls_mutex);
  pb_tls_server_free(old);
}

bool
pb_edge_set_hosts(pb_edge_t *edge, const char *const *hosts, pb_error_t *err)
{
  return pb_routes_set_hosts(&edge->routes, hosts, err);
}

static bool
make_workers(pb_edge_t *edge, pb_error_t *err)
{
  edge->workers = calloc((size_t)edge->wanted_workers, sizeof(*edge->workers));
  if (edge->workers == NULL)
    return pb_error_set(err, PB_RETRY, "edge: out of memory");
  for (int i = 0; i < edge->wanted_workers; i++)
  {
    edge->workers_count = i + 1;
    if (!pb_worker_init(&edge->workers[i], edge, i, err))
      return false;
  }
  return true;
}

bool
pb_edge_start(pb_edge_t *edge, pb_error_t *err)
{
  if (edge->tls == NULL || edge->workers != NULL)
    return pb_error_set(err, PB_BUG, "edge: started without TLS, or twice");
  if (!make_workers(edge, err) || !pb_works_start(&edge->works, DISK_THREADS, err) ||
      !pb_listener_open(edge, err))
    return false;
  edge->is_started = true;
  for (int i = 0; i < edge->workers_count; i++)
  {
    if (!pb_worker_start(&edge->workers[i], err))
    {
      pb_edge_stop(edge, 0);
      return false;
    }
  }
  return true;
}

int
pb_edge_port(const pb_edge_t *edge)
{
  return edge->port;
}

// Threads that never ran leave their queue to be closed here.
static void
end_workers(pb_edge_t *edge)
{
  for (int i = 0; i < edge->workers_count; i++)
  {
    pb_worker_join(&edge->workers[i]);
    pb_posts_close(&edge->workers[i].posts);
  }
}

void
pb_edge_stop(pb_edge_t *edge, int64_t drain_ms)
{
  if (!edge->is_started)
    return;
  edge->is_started = false;
  for (int i = 0; i < edge->workers_count; i++)
    pb_worker_stop(&edge->workers[i], drain_ms);
  end_workers(edge);
  pb_listener_stop(edge);
  pb_works_stop(edge->works);
}

void
pb_edge_free(pb_edge_t *edge)
{
  if (edge == NULL)
    return;
  pb_edge_stop(edge, 0);
  pb_listener_stop(edge);
  pb_works_free(edge->works);
  for (int i = 0; i < edge->workers_count; i++)
    pb_worker_clear(&edge->workers[i]);
  free(edge->workers);
  pb_routes_clear(&edge->routes);
  pb_peers_clear(&edge->peers);
  pb_tls_server_free(edge->tls);
  pthread_mutex_destroy(&edge->tls_mutex);
  free(edge->address);
  free(edge);
}
