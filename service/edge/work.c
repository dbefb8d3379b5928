// work - a few threads for what may block on the disk, so that event loops never do.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include <stdlib.h>

#define MAX_THREADS 8

struct work
{
  struct work *next;
  void (*fn)(void *arg);
  void (*done)(pb_exchange_t *exchange, void *arg);
  void            *arg;
  pb_edge_t       *edge;
  pb_exchange_id_t id;
};

struct pb_works
{
  pthread_mutex_t mutex;  // guards first, last, is_stopping
  pthread_cond_t  more;
  struct work    *first, *last;
  bool            is_stopping;
  pthread_t       threads[MAX_THREADS];
  int             threads_count;
};

static void
do_work(struct work *work)
{
  work->fn(work->arg);
  pb_edge_post(work->edge, work->id, work->done, work->arg);
  free(work);
}

static struct work *
take_work(struct pb_works *works)
{
  struct work *work;

  pthread_mutex_lock(&works->mutex);
  while (works->first == NULL && !works->is_stopping)
    pthread_cond_wait(&works->more, &works->mutex);
  work = works->first;
  if (work != NULL)
    works->first = work->next;
  pthread_mutex_unlock(&works->mutex);
  return work;
}

static void *
run_works(void *arg)
{
  for (struct work *work = take_work(arg); work != NULL; work = take_work(arg))
    do_work(work);
  return NULL;
}

bool
pb_works_start(struct pb_works **works_out, int threads, pb_error_t *err)
{
  struct pb_works *works = calloc(1, sizeof(*works));

  if (works == NULL)
    return pb_error_set(err, PB_RETRY, "edge: out of memory");
  pthread_mutex_init(&works->mutex, NULL);
  pthread_cond_init(&works->more, NULL);
  for (int i = 0; i < threads && i < MAX_THREADS; i++)
  {
    if (pthread_create(&works->threads[i], NULL, run_works, works) != 0)
    {
      pb_works_free(works);
      return pb_error_set(err, PB_RETRY, "edge: no thread for the disk");
    }
    works->threads_count++;
  }
  *works_out = works;
  return true;
}

void
pb_works_stop(struct pb_works *works)
{
  if (works == NULL)
    return;
  pthread_mutex_lock(&works->mutex);
  works->is_stopping = true;
  pthread_cond_broadcast(&works->more);
  pthread_mutex_unlock(&works->mutex);
  for (int i = 0; i < works->threads_count; i++)
    pthread_join(works->threads[i], NULL);
  works->threads_count = 0;
}

void
pb_works_free(struct pb_works *works)
{
  if (works == NULL)
    return;
  pb_works_stop(works);
  pthread_cond_destroy(&works->more);
  pthread_mutex_destroy(&works->mutex);
  free(works);
}

// False when the threads are ending: the work is the caller's to do.
static bool
add_work(struct pb_works *works, struct work *work)
{
  bool is_added;

  pthread_mutex_lock(&works->mutex);
  is_added = !works->is_stopping;
  if (is_added)
  {
    if (works->first == NULL)
      works->first = work;
    else
      works->last->next = work;
    works->last = work;
    pthread_cond_signal(&works->more);
  }
  pthread_mutex_unlock(&works->mutex);
  return is_added;
}

void
pb_edge_work(pb_edge_t *edge, pb_exchange_id_t                       id, void (*fn)(void *arg),
             void (*done)(pb_exchange_t *exchange, void *arg), void *arg)
{
  struct work *work = calloc(1, sizeof(*work));

  if (work == NULL)
    abort();  // see make_post
  *work = (struct work){.fn = fn, .done = done, .arg = arg, .edge = edge, .id = id};
  if (edge->works == NULL || !add_work(edge->works, work))
    do_work(work);
}
