// unfinished - jobs whose upload has ended, and the database could not be told (a full disk).  They
// would seem to be arriving until the service is started again.  Any thread.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_UNFINISHED_H
#define PB_PRINT_UNFINISHED_H

#include <pthread.h>
#include <stddef.h>

#define PB_UNFINISHED_MAX 1024  // beyond it, the next start sees to them

typedef struct
{
  pthread_mutex_t mutex;  // guards the rest
  int             jobs[PB_UNFINISHED_MAX];
  size_t          count;
} pb_unfinished_t;

void pb_unfinished_init(pb_unfinished_t *unfinished);
void pb_unfinished_clear(pb_unfinished_t *unfinished);
void pb_unfinished_add(pb_unfinished_t *unfinished, int job_id);
// All of them, which are the caller's now; how many.
size_t pb_unfinished_take(pb_unfinished_t *unfinished, int jobs_out[PB_UNFINISHED_MAX]);

#endif
