// worker - a thread with an event base, and the connections that live on it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include "base/log.h"

#include <stdlib.h>

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
  pb_worker_t *worker = arg;

  (void)fd;
  (void)what;
  pb_posts_run(&worker->posts, worker);
}

static void
end_all(pb_worker_t *worker)
{
  while (worker->connections != NULL)
    pb_connection_end(worker->connections);
}

static void
on_drained(evutil_socket_t fd, short what, void *arg)
{
  pb_worker_t *worker = arg;

  (void)fd;
  (void)what;
  end_all(worker);
  event_base_loopbreak(worker->base);
}

bool
pb_worker_init(pb_worker_t *worker, pb_edge_t *edge, int index, pb_error_t *err)
{
  struct event_config *config = event_config_new();

  *worker          = (pb_worker_t){.edge = edge, .index = index};
  worker->posts.fd = -1;
  // No locks: every base belongs to one thread, and others reach it by the eventfd.
  if (config != NULL)
  {
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    worker->base = event_base_new_with_config(config);
    event_config_free(config);
  }
  if (worker->base == NULL)
    return pb_error_set(err, PB_RETRY, "edge: no event base");
  if (!pb_posts_init(&worker->posts, err))
    return false;
  worker->wake  = event_new(worker->base, worker->posts.fd, EV_READ | EV_PERSIST, on_wake, worker);
  worker->drain = event_new(worker->base, -1, 0, on_drained, worker);
  if (worker->wake == NULL || worker->drain == NULL || event_add(worker->wake, NULL) != 0)
    return pb_error_set(err, PB_RETRY, "edge: no event");
  return true;
}

static void *
run_worker(void *arg)
{
  pb_worker_t *worker = arg;

  event_base_loop(worker->base, EVLOOP_NO_EXIT_ON_EMPTY);
  pb_posts_close(&worker->posts);
  // libevent frees bufferevents one turn later.
  event_base_loop(worker->base, EVLOOP_NONBLOCK);
  return NULL;
}

bool
pb_worker_start(pb_worker_t *worker, pb_error_t *err)
{
  if (pthread_create(&worker->thread, NULL, run_worker, worker) != 0)
    return pb_error_set(err, PB_RETRY, "edge: no thread");
  worker->has_thread = true;
  return true;
}

// Soon after the last connection has ended, so has the thread.
void
pb_worker_check_end(pb_worker_t *worker)
{
  if (worker->is_stopping && worker->connections == NULL)
    event_base_loopbreak(worker->base);
}

static void
stop_now(pb_worker_t *worker, void *arg)
{
  int64_t *drain_ms = arg;

  if (worker == NULL)
    goto done;
  worker->is_stopping = true;
  if (worker->index == 0)
    pb_listener_stop(worker->edge);
  for (pb_connection_t *connection = worker->connections; connection != NULL;
       connection                  = connection->next)
    pb_connection_shut_down(connection);
  event_add(worker->drain, &(struct timeval){*drain_ms / 1000, (*drain_ms % 1000) * 1000});
  pb_worker_check_end(worker);

done:
  free(drain_ms);
}

void
pb_worker_stop(pb_worker_t *worker, int64_t drain_ms)
{
  int64_t *arg = malloc(sizeof(*arg));

  if (arg == NULL)
    abort();
  *arg = drain_ms > 0 ? drain_ms : 0;
  pb_worker_post(worker, stop_now, arg);
}

void
pb_worker_join(pb_worker_t *worker)
{
  if (worker->has_thread)
    pthread_join(worker->thread, NULL);
  worker->has_thread = false;
}

void
pb_worker_clear(pb_worker_t *worker)
{
  if (worker->wake != NULL)
    event_free(worker->wake);
  if (worker->drain != NULL)
    event_free(worker->drain);
  if (worker->base != NULL)
    event_base_free(worker->base);
  if (worker->posts.fd >= 0)
    pb_posts_clear(&worker->posts);
  pb_slots_clear(&worker->slots);
}
