// queue-event - what the service's and cupsd's events mean to a queue and its jobs.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/queue.h"
#include <string.h>

#define LOCAL_EVENT_SETTLE_MS 300  // a job makes several printer events

static void
forget_ignored_locked(pb_queue_t *queue, int cloud_job)
{
  for (int i = 0; i < PB_QUEUE_IGNORED; i++)
  {
    if (queue->ignored[i] == cloud_job)
      queue->ignored[i] = 0;
  }
}

// False: has been seen.  A gap is closed by asking, and until then the count stays where it was.
static bool
count_locked(pb_queue_t *queue, const struct pb_event_note *note)
{
  if (note->sequence <= 0 || note->subscription_id != queue->subscription_id)
    return true;
  if (note->sequence < queue->next_sequence)
    return false;
  if (note->sequence == queue->next_sequence)
  {
    queue->next_sequence++;
    return true;
  }
  queue->must_get_events = true;
  pb_work_wake(queue->hub->work, queue->task, 0);
  return true;
}

static void
cancel_locked(pb_queue_t *queue, int cloud_job, bool is_aborted)
{
  for (pb_job_t *job = queue->jobs; job != NULL; job = job->next)
  {
    if (job->record.cloud_job != cloud_job)
      continue;
    if (is_aborted)
      atomic_store(&job->is_aborted_there, true);
    atomic_store(&job->is_cancel_asked, true);
    pb_work_wake(queue->hub->work, job->task, 0);
  }
}

void
pb_queue_on_event(pb_queue_t *queue, const struct pb_event_note *note)
{
  bool is_fetchable = strcmp(note->name, "job-fetchable") == 0;
  bool is_new       = false;

  pthread_mutex_lock(&queue->mutex);
  is_new = count_locked(queue, note);
  if (is_new && note->is_cancel && note->job_id > 0)
    cancel_locked(queue, note->job_id, note->job_state == IPP_JSTATE_ABORTED);
  if (is_new && is_fetchable)
    forget_ignored_locked(queue, note->job_id);
  pthread_mutex_unlock(&queue->mutex);
  if (is_new && is_fetchable && !note->is_cancel)
    pb_queue_discover(queue, note->job_id, /*is_adopted*/ false);
}

void
pb_queue_on_local_event(pb_queue_t *queue, const struct pb_event_note *note)
{
  pthread_mutex_lock(&queue->mutex);
  for (pb_job_t *job = queue->jobs; note->job_id > 0 && job != NULL; job = job->next)
  {
    if (job->shown_local == note->job_id)
      pb_work_wake(queue->hub->work, job->task, 0);
  }
  if (strncmp(note->name, "printer-", 8) == 0)
  {
    queue->must_report = true;
    if (strstr(note->name, "config") != NULL || strstr(note->name, "modified") != NULL ||
        strstr(note->name, "added") != NULL || strstr(note->name, "deleted") != NULL)
      queue->must_report_all = true;
    pb_work_wake(queue->hub->work, queue->task, LOCAL_EVENT_SETTLE_MS);
  }
  pthread_mutex_unlock(&queue->mutex);
}

void
pb_queue_sync(pb_queue_t *queue, int64_t delay_ms)
{
  pthread_mutex_lock(&queue->mutex);
  queue->must_sync = true;
  pthread_mutex_unlock(&queue->mutex);
  pb_work_wake(queue->hub->work, queue->task, delay_ms);
}

void
pb_queue_wake_jobs(pb_queue_t *queue)
{
  pthread_mutex_lock(&queue->mutex);
  for (pb_job_t *job = queue->jobs; job != NULL; job = job->next)
    pb_work_wake(queue->hub->work, job->task, 0);
  pthread_mutex_unlock(&queue->mutex);
}
