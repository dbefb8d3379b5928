// work - a pool of threads that runs tasks when they are due.
// The mutex guards the list and every task's fields; it is not held while a task runs.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/work.h"

#include "base/clock.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define NEVER INT64_MAX
#define WORKERS_MAX 64

struct pb_task
{
  pb_task_fn_t fn;
  void        *user;
  int64_t      due_ms;  // monotonic; NEVER: idle
  bool         is_running;
  pb_task_t   *next;
};

struct pb_work
{
  struct pb_work_options options;
  pthread_mutex_t        mutex;
  pthread_cond_t         changed;
  pb_task_t             *tasks;
  bool                   is_stopping;
  int                    threads_count;
  pthread_t              threads[WORKERS_MAX];
};

// The one that has been due longest; *due_out when the next one will be.
static pb_task_t *
find_due_locked(pb_work_t *work, int64_t now_ms, int64_t *due_out)
{
  pb_task_t *first = NULL;

  *due_out = NEVER;
  for (pb_task_t *task = work->tasks; task != NULL; task = task->next)
  {
    if (task->is_running || task->due_ms >= *due_out)
      continue;
    *due_out = task->due_ms;
    first    = task;
  }
  return first != NULL && first->due_ms <= now_ms ? first : NULL;
}

static void
remove_locked(pb_work_t *work, pb_task_t *task)
{
  pb_task_t **link = &work->tasks;

  while (*link != task)
    link = &(*link)->next;
  *link = task->next;
  free(task);
}

static void
wait_locked(pb_work_t *work, int64_t due_ms)
{
  struct timespec until;

  if (due_ms == NEVER)
  {
    pthread_cond_wait(&work->changed, &work->mutex);
    return;
  }
  // The clock of tests may be shifted, the kernel's is not: ask for the difference.
  int64_t wait_ms = due_ms - pb_clock_mono_ms();
  clock_gettime(CLOCK_MONOTONIC, &until);
  if (wait_ms > 0)
  {
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000L;
  }
  if (until.tv_nsec >= 1000000000L)
  {
    until.tv_sec++;
    until.tv_nsec -= 1000000000L;
  }
  pthread_cond_timedwait(&work->changed, &work->mutex, &until);
}

// A worker that cannot be made is tried again with each task: what it needs may come up after us.
static void
run_locked(pb_work_t *work, pb_task_t *task, void **worker)
{
  int64_t again_ms = 0;
  int64_t due_ms   = NEVER;

  task->is_running = true;
  task->due_ms     = NEVER;  // a wake-up from here on is for the next run
  pthread_mutex_unlock(&work->mutex);
  if (*worker == NULL && work->options.worker_new != NULL)
    *worker = work->options.worker_new(work->options.user);
  again_ms = task->fn(task->user, *worker);
  pthread_mutex_lock(&work->mutex);

  if (again_ms == PB_TASK_END)
  {
    remove_locked(work, task);
    return;
  }
  task->is_running = false;
  if (again_ms >= 0)
    due_ms = pb_clock_mono_ms() + again_ms;
  if (due_ms < task->due_ms)
    task->due_ms = due_ms;
  pthread_cond_signal(&work->changed);
}

static void *
work_thread(void *user)
{
  pb_work_t *work   = user;
  void      *worker = NULL;

  pthread_mutex_lock(&work->mutex);
  while (!work->is_stopping)
  {
    int64_t    due_ms = NEVER;
    pb_task_t *task   = find_due_locked(work, pb_clock_mono_ms(), &due_ms);

    if (task != NULL)
      run_locked(work, task, &worker);
    else
      wait_locked(work, due_ms);
  }
  pthread_mutex_unlock(&work->mutex);
  if (worker != NULL && work->options.worker_free != NULL)
    work->options.worker_free(worker);
  return NULL;
}

static void
init_cond(pthread_cond_t *cond)
{
  pthread_condattr_t attributes;

  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(cond, &attributes);
  pthread_condattr_destroy(&attributes);
}

bool
pb_work_start(const struct pb_work_options *options, pb_work_t **work_out, pb_error_t *err)
{
  pb_work_t *work = calloc(1, sizeof(*work));

  *work_out = NULL;
  if (work == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  work->options = *options;
  pthread_mutex_init(&work->mutex, NULL);
  init_cond(&work->changed);
  for (int i = 0; i < options->workers && i < WORKERS_MAX; i++)
  {
    if (pthread_create(&work->threads[i], NULL, work_thread, work) != 0)
    {
      pb_work_stop(work);
      pb_work_free(work);
      return pb_error_set(err, PB_RETRY, "cannot start a worker thread");
    }
    work->threads_count++;
  }
  *work_out = work;
  return true;
}

void
pb_work_stop(pb_work_t *work)
{
  if (work == NULL)
    return;
  pthread_mutex_lock(&work->mutex);
  work->is_stopping = true;
  pthread_cond_broadcast(&work->changed);
  pthread_mutex_unlock(&work->mutex);
  for (int i = 0; i < work->threads_count; i++)
    pthread_join(work->threads[i], NULL);
  work->threads_count = 0;
}

void
pb_work_free(pb_work_t *work)
{
  if (work == NULL)
    return;
  while (work->tasks != NULL)
    remove_locked(work, work->tasks);
  pthread_cond_destroy(&work->changed);
  pthread_mutex_destroy(&work->mutex);
  free(work);
}

pb_task_t *
pb_work_add(pb_work_t *work, pb_task_fn_t fn, void *user, int64_t delay_ms)
{
  pb_task_t *task = calloc(1, sizeof(*task));

  if (task == NULL)
    return NULL;
  task->fn     = fn;
  task->user   = user;
  task->due_ms = delay_ms < 0 ? NEVER : pb_clock_mono_ms() + delay_ms;
  pthread_mutex_lock(&work->mutex);
  task->next  = work->tasks;
  work->tasks = task;
  pthread_cond_signal(&work->changed);
  pthread_mutex_unlock(&work->mutex);
  return task;
}

void
pb_work_wake(pb_work_t *work, pb_task_t *task, int64_t delay_ms)
{
  int64_t due_ms = pb_clock_mono_ms() + (delay_ms > 0 ? delay_ms : 0);

  pthread_mutex_lock(&work->mutex);
  if (due_ms < task->due_ms)
  {
    task->due_ms = due_ms;
    if (!task->is_running)
      pthread_cond_signal(&work->changed);
  }
  pthread_mutex_unlock(&work->mutex);
}
