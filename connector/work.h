// work - a pool of threads that runs tasks when they are due.  One task is run by one worker at a
// time; a task that has to wait gives its worker back, so none blocks another.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_WORK_H
#define PB_CONNECTOR_WORK_H

#include "base/error.h"
#include <stdint.h>

typedef struct pb_work pb_work_t;
typedef struct pb_task pb_task_t;

#define PB_TASK_IDLE (-1)  // run again when woken
#define PB_TASK_END (-2)   // never again; the task is freed, nobody may wake it any more

// Does a piece of work; returns after how many milliseconds to run again, or one of the above.
// `worker` is what the thread's worker_new made; NULL: it could not, and will be asked again.
typedef int64_t (*pb_task_fn_t)(void *user, void *worker);

struct pb_work_options
{
  int workers;
  void *(*worker_new)(void *user);  // per thread, on that thread, before its next task; may be NULL
  void (*worker_free)(void *worker);
  void *user;
};

bool pb_work_start(const struct pb_work_options *options, pb_work_t **work_out,
                   pb_error_t *err) PB_MUST_USE;
void pb_work_stop(
  pb_work_t *work);  // waits for what is running; what is due stays undone; waking is harmless then
void pb_work_free(pb_work_t *work);  // stopped; frees all tasks

// Due after delay_ms (PB_TASK_IDLE: when woken).  NULL: out of memory.
pb_task_t *pb_work_add(pb_work_t *work, pb_task_fn_t fn, void *user, int64_t delay_ms);
// Run it in delay_ms at the latest; a task that is running then runs once more.  Cheap; any thread,
// any lock held.
void pb_work_wake(pb_work_t *work, pb_task_t *task, int64_t delay_ms);

#endif
