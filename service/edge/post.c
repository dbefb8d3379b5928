// post - from any thread to a worker: a queue under a mutex, and an eventfd that wakes the worker.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool
pb_posts_init(struct pb_posts *posts, pb_error_t *err)
{
  posts->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (posts->fd < 0)
    return pb_error_set_errno(err, PB_RETRY, "edge: eventfd");
  pthread_mutex_init(&posts->mutex, NULL);
  return true;
}

// worker NULL: it has ended, so nothing lives on it any more.
static void
run_post(struct pb_post *post, pb_worker_t *worker)
{
  void *thing = worker != NULL ? pb_slots_find(&worker->slots, post->kind, post->number) : NULL;

  switch (post->kind)
  {
    case PB_SLOT_EXCHANGE:
      post->run_exchange(thing, post->arg);
      break;
    case PB_SLOT_STREAM:
      post->run_stream(thing, post->arg);
      break;
    default:
      post->run_worker(worker, post->arg);
      break;
  }
  free(post);
}

void
pb_posts_add(struct pb_posts *posts, struct pb_post *post)
{
  const uint64_t one = 1;
  bool           is_closed;

  pthread_mutex_lock(&posts->mutex);
  is_closed = posts->is_closed;
  if (!is_closed)
  {
    bool was_empty = posts->first == NULL;

    if (was_empty)
      posts->first = post;
    else
      posts->last->next = post;
    posts->last = post;
    // Under the mutex, since the fd is closed once the queue is.
    if (was_empty && write(posts->fd, &one, sizeof(one)) < 0)
      abort();  // an eventfd counts to 2^64
  }
  pthread_mutex_unlock(&posts->mutex);
  if (is_closed)
    run_post(post, /*worker*/ NULL);
}

static struct pb_post *
take_all(struct pb_posts *posts, bool is_closed)
{
  struct pb_post *first;

  pthread_mutex_lock(&posts->mutex);
  first            = posts->first;
  posts->first     = NULL;
  posts->last      = NULL;
  posts->is_closed = is_closed;
  pthread_mutex_unlock(&posts->mutex);
  return first;
}

static void
run_list(struct pb_post *post, pb_worker_t *worker)
{
  while (post != NULL)
  {
    struct pb_post *next = post->next;

    run_post(post, worker);
    post = next;
  }
}

void
pb_posts_run(struct pb_posts *posts, pb_worker_t *worker)
{
  uint64_t count;

  if (read(posts->fd, &count, sizeof(count)) < 0)
    return;  // nothing there
  run_list(take_all(posts, /*is_closed*/ false), worker);
}

void
pb_posts_close(struct pb_posts *posts)
{
  run_list(take_all(posts, /*is_closed*/ true), /*worker*/ NULL);
}

void
pb_posts_clear(struct pb_posts *posts)
{
  close(posts->fd);
  pthread_mutex_destroy(&posts->mutex);
}

// Without memory for a post the caller could wait for ever, so that is the end.
static struct pb_post *
make_post(enum pb_slot_kind kind, uint64_t number, void *arg)
{
  struct pb_post *post = calloc(1, sizeof(*post));

  if (post == NULL)
    abort();
  post->kind   = kind;
  post->number = number;
  post->arg    = arg;
  return post;
}

static void
add_post(pb_edge_t *edge, int worker, struct pb_post *post)
{
  if (worker < 0 || worker >= edge->workers_count)
    run_post(post, /*worker*/ NULL);
  else
    pb_posts_add(&edge->workers[worker].posts, post);
}

void
pb_edge_post(pb_edge_t *edge, pb_exchange_id_t id, void (*fn)(pb_exchange_t *exchange, void *arg),
             void *arg)
{
  struct pb_post *post = make_post(PB_SLOT_EXCHANGE, id.number, arg);

  post->run_exchange = fn;
  add_post(edge, id.worker, post);
}

void
pb_stream_post(pb_edge_t *edge, pb_exchange_id_t id, void (*fn)(pb_stream_t *stream, void *arg),
               void *arg)
{
  struct pb_post *post = make_post(PB_SLOT_STREAM, id.number, arg);

  post->run_stream = fn;
  add_post(edge, id.worker, post);
}

void
pb_worker_post(pb_worker_t *worker, void (*fn)(pb_worker_t *worker, void *arg), void *arg)
{
  struct pb_post *post = make_post(PB_SLOT_FREE, 0, arg);

  post->run_worker = fn;
  pb_posts_add(&worker->posts, post);
}
