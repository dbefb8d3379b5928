// unfinished - jobs whose upload has ended, and the database could not be told.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/unfinished.h"

#include <string.h>

#include "base/log.h"

void
pb_unfinished_init(pb_unfinished_t *unfinished)
{
  pthread_mutex_init(&unfinished->mutex, /*attr*/ NULL);
  unfinished->count = 0;
}

void
pb_unfinished_clear(pb_unfinished_t *unfinished)
{
  pthread_mutex_destroy(&unfinished->mutex);
}

void
pb_unfinished_add(pb_unfinished_t *unfinished, int job_id)
{
  pb_log_ctx_t ctx  = {.job_id = job_id};
  bool         room = false;

  pthread_mutex_lock(&unfinished->mutex);
  room = unfinished->count < PB_UNFINISHED_MAX;
  if (room)
    unfinished->jobs[unfinished->count++] = job_id;
  pthread_mutex_unlock(&unfinished->mutex);
  pb_log(&ctx, PB_LOG_WARN, "that its document broke off is noted %s",
         room ? "later" : "at the next start");
}

size_t
pb_unfinished_take(pb_unfinished_t *unfinished, int jobs_out[PB_UNFINISHED_MAX])
{
  size_t count;

  pthread_mutex_lock(&unfinished->mutex);
  count = unfinished->count;
  memcpy(jobs_out, unfinished->jobs, count * sizeof(*jobs_out));
  unfinished->count = 0;
  pthread_mutex_unlock(&unfinished->mutex);
  return count;
}
