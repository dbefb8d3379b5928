// queue-job - the jobs that a queue has taken: found, run, ended.
// Lock order: a queue's mutex, then the pool's.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/queue.h"
#include "connector/service.h"

#include "base/log.h"
#include <string.h>

#define NO_CUPS_MS 1000  // this worker has no way to CUPS; another one may

static bool
is_ignored_locked(const pb_queue_t *queue, int cloud_job)
{
  for (int i = 0; i < PB_QUEUE_IGNORED; i++)
  {
    if (queue->ignored[i] == cloud_job)
      return true;
  }
  return false;
}

static void
unlink_locked(pb_queue_t *queue, pb_job_t *job)
{
  pb_job_t **link = &queue->jobs;

  while (*link != job)
    link = &(*link)->next;
  *link = job->next;
  queue->jobs_count--;
  atomic_fetch_sub(&queue->hub->jobs_count, 1);
}

static int64_t
run_job(void *user, void *worker)
{
  pb_job_t   *job     = user;
  pb_queue_t *queue   = job->outside->user;
  int64_t     wait_ms = 0;

  if (worker == NULL)
    return NO_CUPS_MS;
  wait_ms = pb_job_run(job, worker);
  if (wait_ms != PB_TASK_END)
    return wait_ms;
  pthread_mutex_lock(&queue->mutex);
  unlink_locked(queue, job);
  job->task = NULL;
  if (job->record.state == PB_JOB_FORGOTTEN || job->record.refusal != 0)
  {
    queue->ignored[queue->ignored_next] = job->record.cloud_job;
    queue->ignored_next                 = (queue->ignored_next + 1) % PB_QUEUE_IGNORED;
  }
  if (queue->has_more)
  {
    queue->must_get_jobs = true;
    pb_work_wake(queue->hub->work, queue->task, 0);
  }
  pthread_mutex_unlock(&queue->mutex);
  pb_job_free(job);
  return PB_TASK_END;
}

// At the end of the list; the task may run before this returns.
static bool
add_job_locked(pb_queue_t *queue, pb_job_t *job, int64_t delay_ms)
{
  pb_job_t **link = &queue->jobs;

  while (*link != NULL)
    link = &(*link)->next;
  job->task = pb_work_add(queue->hub->work, run_job, job, delay_ms);
  if (job->task == NULL)
    return false;
  *link = job;
  queue->jobs_count++;
  atomic_fetch_add(&queue->hub->jobs_count, 1);
  return true;
}

static pb_job_t *
find_job_locked(const pb_queue_t *queue, int cloud_job)
{
  pb_job_t *job = queue->jobs;

  while (job != NULL && job->record.cloud_job != cloud_job)
    job = job->next;
  return job;
}

// Jobs that are held until a person has decided must not keep the others waiting.
static int
count_going_locked(const pb_queue_t *queue)
{
  int count = 0;

  for (const pb_job_t *job = queue->jobs; job != NULL; job = job->next)
    count += atomic_load(&job->hold) != PB_HOLD_HELD;
  return count;
}

// CUPS has room for so many jobs of all printers (MaxJobs): those that stand still must not take
// that of the others.  Whatever happens, a queue that works has one.
static bool
has_room_locked(const pb_queue_t *queue)
{
  const struct pb_connector_options *options    = &queue->hub->options;
  bool                               is_stopped = queue->state == IPP_PSTATE_STOPPED;
  int                                room       = is_stopped ? 1 : options->jobs_per_queue;

  if (queue->is_missing)
    return false;
  if (atomic_load(&queue->hub->jobs_count) >= options->jobs_in_cups)
    room = is_stopped ? 0 : 1;
  return count_going_locked(queue) < room;
}

void
pb_queue_discover(pb_queue_t *queue, int cloud_job, bool is_adopted)
{
  pb_job_t *job = NULL;

  if (cloud_job <= 0)
    return;
  pthread_mutex_lock(&queue->mutex);
  if (atomic_load(&queue->is_removed) || find_job_locked(queue, cloud_job) != NULL ||
      is_ignored_locked(queue, cloud_job))
    goto done;
  // The others stay at the service, where another device may take them; so does everything while
  // there is no queue.
  if (!is_adopted && !has_room_locked(queue))
  {
    queue->has_more = true;
    goto done;
  }
  job = pb_job_new(&queue->outside, queue->hub->journal, queue->uuid, queue->name,
                   queue->printer_uri, cloud_job);
  if (job != NULL)
  {
    atomic_store(&job->is_adopted, is_adopted);
    job->is_from_elsewhere = is_adopted && queue->is_moved;
  }
  if (job == NULL || !add_job_locked(queue, job, 0))
  {
    queue->has_more = true;  // out of memory: it is asked for again
    pb_job_free(job);
  }

done:
  pthread_mutex_unlock(&queue->mutex);
}

bool
pb_queue_release_job(pb_queue_t *queue, int cloud_job, pb_error_t *err)
{
  pb_job_t *job = NULL;
  int64_t   id  = 0;

  pthread_mutex_lock(&queue->mutex);
  job = find_job_locked(queue, cloud_job);
  if (job != NULL && atomic_load(&job->hold) == PB_HOLD_HELD)
    id = job->record.id;
  else if (job != NULL)
    pb_error_set(err, PB_REJECT, "job %d of %s is not held", cloud_job, queue->name);
  pthread_mutex_unlock(&queue->mutex);
  // On disk before it is promised.
  if (id == 0 || !pb_journal_set_hold(queue->hub->journal, id, PB_HOLD_RELEASED, err))
    return false;
  pthread_mutex_lock(&queue->mutex);
  job = find_job_locked(queue, cloud_job);
  if (job != NULL)
  {
    atomic_store(&job->hold, PB_HOLD_RELEASED);
    pb_work_wake(queue->hub->work, job->task, 0);
  }
  pthread_mutex_unlock(&queue->mutex);
  return true;
}

bool
pb_queue_release_with_pin(pb_queue_t *queue, int cloud_job, const char *pin, pb_error_t *err)
{
  ipp_t *request  = pb_queue_new_request(queue, IPP_OP_RELEASE_JOB);
  ipp_t *response = NULL;
  bool   ok       = false;

  if (request != NULL)
  {
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", cloud_job);
    ippAddOctetString(request, IPP_TAG_OPERATION, "job-password", pin, (int)strlen(pin));
    ippAddString(request, IPP_TAG_OPERATION, IPP_CONST_TAG(IPP_TAG_KEYWORD),
                 "job-password-encryption", /*language*/ NULL, "none");
  }
  ok = pb_queue_call(queue, request, &response, err);
  ippDelete(response);
  return ok;
}

// Read while the list stands still: what has ended is noted in the journal before it leaves the
// list.
bool
pb_queue_take_up(pb_queue_t *queue, pb_error_t *err)
{
  pb_log_ctx_t      ctx     = {.printer = queue->name};
  pb_journal_job_t *records = NULL;
  size_t            count   = 0;
  bool              ok      = false;

  pthread_mutex_lock(&queue->mutex);
  ok = pb_journal_copy_active(queue->hub->journal, queue->uuid, &records, &count, err);
  for (size_t i = 0; ok && i < count; i++)
  {
    if (find_job_locked(queue, records[i].cloud_job) != NULL)
      continue;
    pb_job_t *job = pb_job_new_journaled(&queue->outside, queue->hub->journal, &records[i]);

    if (job != NULL)
      job->is_from_elsewhere = records[i].made_ms < queue->service->registration->moved_ms;
    if (queue->is_synced)
      pb_log(&ctx, PB_LOG_WARN, "job %d of the journal was not under way: it is taken up again",
             records[i].cloud_job);
    ok = job != NULL && add_job_locked(queue, job, 0);
    if (!ok)
    {
      pb_job_free(job);
      pb_error_set(err, PB_RETRY, "out of memory");
    }
  }
  pthread_mutex_unlock(&queue->mutex);
  pb_journal_free_jobs(records, count);
  return ok;
}
