// queue - a shared queue: its life, its task, and the jobs that it has taken.
// Lock order: a queue's mutex, then the pool's; never two queues' at once.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/queue.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/client.h"
#include "connector/service.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_MIN_MS 200
#define RETRY_BASE_MS 500
#define RETRY_CAP_MS (30 * 1000)
#define AUTH_RETRY_MS (60 * 1000)       // someone must act first
#define REPORT_ALL_MS (10 * 60 * 1000)  // capabilities hardly ever change without an event
#define NOTIFIER_SILENCE_MS 5000        // around a change that it should have told of
#define NO_CUPS_MS 1000                 // this worker has none; another one may
#define LOCAL_EVENT_SETTLE_MS 300       // a job makes several printer events

// --- what a job's steps see of the queue

static bool
outside_request(void *user, const char *uri, ipp_t *request, ipp_t **response_out, pb_error_t *err)
{
  pb_queue_t *queue = user;

  return pb_service_request(queue->service, uri, request, response_out, err);
}

static bool
outside_fetch(void *user, const char *uri, ipp_t *request, pb_http_sink_t sink, void *sink_user,
              const atomic_bool *stop, ipp_t **response_out, pb_error_t *err)
{
  pb_queue_t *queue = user;

  return pb_service_fetch(queue->service, uri, request, sink, sink_user, stop, response_out, err);
}

static ipp_t *
lock_local(void *user)
{
  pb_queue_t *queue = user;

  pthread_mutex_lock(&queue->mutex);
  return queue->local;
}

static void
unlock_local(void *user)
{
  pb_queue_t *queue = user;

  pthread_mutex_unlock(&queue->mutex);
}

// Jobs reach CUPS in the order in which they came, unless an older one is in trouble.
static bool
may_submit(void *user, pb_job_t *job)
{
  pb_queue_t *queue  = user;
  bool        is_may = true;

  pthread_mutex_lock(&queue->mutex);
  for (pb_job_t *older = queue->jobs; is_may && older != NULL && older != job; older = older->next)
    is_may = older->shown_state > PB_JOB_CREATED || older->is_shown_failing;
  pthread_mutex_unlock(&queue->mutex);
  return is_may;
}

// Something happened in CUPS of which no event told: is the subscription still there?
static void
doubt_notifier(struct pb_hub *hub)
{
  if (atomic_load(&hub->has_notifier) &&
      pb_clock_mono_ms() - atomic_load(&hub->heard_ms) > NOTIFIER_SILENCE_MS)
    atomic_store(&hub->must_subscribe, true);
}

static void
on_moved(void *user, pb_job_t *job)
{
  pb_queue_t *queue = user;

  if (job->record.state == PB_JOB_PRINTING || job->record.state == PB_JOB_ENDING)
    doubt_notifier(queue->hub);
  pthread_mutex_lock(&queue->mutex);
  job->shown_state      = job->record.state;
  job->shown_local      = job->record.local_job;
  job->is_shown_failing = job->failures > 0;
  for (pb_job_t *other = queue->jobs; other != NULL; other = other->next)
  {
    if (other != job && other->shown_state == PB_JOB_ACKNOWLEDGED && other->task != NULL)
      pb_work_wake(queue->hub->work, other->task, 0);
  }
  pthread_mutex_unlock(&queue->mutex);
}

// The job stays while its documents are offered, and they are when this is called.
static void
wake_job(void *user, pb_job_t *job)
{
  pb_queue_t *queue = user;

  pthread_mutex_lock(&queue->mutex);
  if (job->task != NULL)
    pb_work_wake(queue->hub->work, job->task, 0);
  pthread_mutex_unlock(&queue->mutex);
}

static int64_t
watch_ms(void *user)
{
  pb_queue_t *queue = user;

  return atomic_load(&queue->hub->has_notifier) ? queue->hub->options.safety_poll_ms
                                                : queue->hub->options.poll_ms;
}

static void
init_outside(pb_queue_t *queue)
{
  queue->outside = (struct pb_outside){.user         = queue,
                                       .documents    = queue->hub->documents,
                                       .request      = outside_request,
                                       .fetch        = outside_fetch,
                                       .find_job     = pb_cups_find_job,
                                       .create_job   = pb_cups_create_job,
                                       .send_ticket  = pb_cups_send_ticket,
                                       .get_job      = pb_cups_get_job,
                                       .cancel_job   = pb_cups_cancel_job,
                                       .offer        = pb_documents_offer,
                                       .offer_again  = pb_documents_offer_again,
                                       .withdraw     = pb_documents_withdraw,
                                       .lock_local   = lock_local,
                                       .unlock_local = unlock_local,
                                       .may_submit   = may_submit,
                                       .moved        = on_moved,
                                       .wake         = wake_job,
                                       .watch_ms     = watch_ms};
}

// --- jobs

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
  return true;
}

static bool
has_job_locked(const pb_queue_t *queue, int cloud_job)
{
  for (const pb_job_t *job = queue->jobs; job != NULL; job = job->next)
  {
    if (job->record.cloud_job == cloud_job)
      return true;
  }
  return false;
}

bool
pb_queue_has_room(pb_queue_t *queue)
{
  bool has = false;

  pthread_mutex_lock(&queue->mutex);
  has = queue->jobs_count < queue->hub->options.jobs_per_queue;
  pthread_mutex_unlock(&queue->mutex);
  return has;
}

void
pb_queue_discover(pb_queue_t *queue, int cloud_job, bool is_adopted)
{
  pb_job_t *job = NULL;

  if (cloud_job <= 0)
    return;
  pthread_mutex_lock(&queue->mutex);
  if (atomic_load(&queue->is_removed) || has_job_locked(queue, cloud_job) ||
      is_ignored_locked(queue, cloud_job))
    goto done;
  // The others stay at the service, where another device may take them; so does everything while
  // there is no queue.
  if (!is_adopted && (queue->jobs_count >= queue->hub->options.jobs_per_queue || queue->is_missing))
  {
    queue->has_more = true;
    goto done;
  }
  job = pb_job_new(&queue->outside, queue->hub->journal, queue->uuid, queue->name,
                   queue->printer_uri, cloud_job);
  if (job == NULL)
    goto done;
  atomic_store(&job->is_adopted, is_adopted);
  if (!add_job_locked(queue, job, 0))
    pb_job_free(job);

done:
  pthread_mutex_unlock(&queue->mutex);
}

static bool
take_up(pb_queue_t *queue, pb_error_t *err)
{
  pb_journal_job_t *records = NULL;
  size_t            count   = 0;
  bool              ok      = true;

  if (!pb_journal_copy_active(queue->hub->journal, queue->uuid, &records, &count, err))
    return false;
  pthread_mutex_lock(&queue->mutex);
  for (size_t i = 0; ok && i < count; i++)
  {
    pb_job_t *job = pb_job_new_journaled(&queue->outside, queue->hub->journal, &records[i]);

    ok = job != NULL && add_job_locked(queue, job, 0);
    if (!ok)
      pb_job_free(job);
  }
  pthread_mutex_unlock(&queue->mutex);
  pb_journal_free_jobs(records, count);
  return ok || pb_error_set(err, PB_RETRY, "out of memory");
}

// --- events

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
cancel_locked(pb_queue_t *queue, int cloud_job)
{
  for (pb_job_t *job = queue->jobs; job != NULL; job = job->next)
  {
    if (job->record.cloud_job != cloud_job)
      continue;
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
    cancel_locked(queue, note->job_id);
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

// --- requests

ipp_t *
pb_queue_new_request(const pb_queue_t *queue, ipp_op_t operation)
{
  ipp_t *request = pb_ipp_new_request(operation, queue->printer_uri, "printbridge");

  if (request != NULL)
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", /*language*/ NULL,
                 queue->uuid);
  return request;
}

bool
pb_queue_call(pb_queue_t *queue, ipp_t *request, ipp_t **response_out, pb_error_t *err)
{
  const char *operation = request != NULL ? ippOpString(ippGetOperation(request)) : "";

  *response_out = NULL;
  if (request == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  if (!pb_service_request(queue->service, queue->printer_uri, request, response_out, err))
    return false;
  if (pb_cloud_check_status(/*request*/ NULL, *response_out, operation, err))
    return true;
  ippDelete(*response_out);
  *response_out = NULL;
  return false;
}

// --- the task

struct wanted
{
  bool sync, report, report_all, events, jobs;
};

static struct wanted
take_wanted(pb_queue_t *queue)
{
  struct wanted wanted = {0};
  int64_t       now    = pb_clock_mono_ms();

  pthread_mutex_lock(&queue->mutex);
  wanted           = (struct wanted){.sync       = queue->must_sync || !queue->is_synced,
                                     .report     = queue->must_report || now >= queue->report_due_ms,
                                     .report_all = queue->must_report_all || now >= queue->report_all_due_ms,
                                     .events     = queue->must_get_events,
                                     .jobs       = queue->must_get_jobs};
  queue->must_sync = queue->must_report = queue->must_report_all = queue->must_get_events =
    queue->must_get_jobs                                         = false;
  pthread_mutex_unlock(&queue->mutex);
  return wanted;
}

// What was not done is wanted still.
static void
give_back(pb_queue_t *queue, const struct wanted *wanted)
{
  pthread_mutex_lock(&queue->mutex);
  queue->must_sync |= wanted->sync;
  queue->must_report |= wanted->report;
  queue->must_report_all |= wanted->report_all;
  queue->must_get_events |= wanted->events;
  queue->must_get_jobs |= wanted->jobs;
  pthread_mutex_unlock(&queue->mutex);
}

static bool
report(pb_queue_t *queue, pb_cups_t *cups, bool is_all, pb_error_t *err)
{
  bool    was_missing = queue->is_missing;
  int64_t now         = pb_clock_mono_ms();

  if (!pb_queue_report(queue, cups, is_all, err))
    return false;
  queue->report_due_ms = now + queue->hub->options.report_ms;
  if (is_all)
    queue->report_all_due_ms = now + REPORT_ALL_MS;
  // The queue is back: so are its jobs.
  return !was_missing || queue->is_missing || pb_queue_get_jobs(queue, err);
}

static bool
synchronize(pb_queue_t *queue, pb_cups_t *cups, pb_error_t *err)
{
  pb_log_ctx_t ctx = {.printer = queue->name};

  if (!pb_queue_synchronize(queue, cups, err))
    return false;
  queue->report_due_ms     = pb_clock_mono_ms() + queue->hub->options.report_ms;
  queue->report_all_due_ms = pb_clock_mono_ms() + REPORT_ALL_MS;
  pthread_mutex_lock(&queue->mutex);
  queue->is_synced = true;
  pthread_mutex_unlock(&queue->mutex);
  pb_log(&ctx, PB_LOG_INFO, "in step with %s", queue->printer_uri);
  return true;
}

static bool
perform(pb_queue_t *queue, pb_cups_t *cups, struct wanted *wanted, pb_error_t *err)
{
  if (wanted->sync)
  {
    if (!synchronize(queue, cups, err))
      return false;
    *wanted = (struct wanted){0};
    return true;
  }
  if (wanted->events && !pb_queue_get_events(queue, err))
    return false;
  wanted->events = false;
  if (wanted->jobs && !pb_queue_get_jobs(queue, err))
    return false;
  wanted->jobs = false;
  if ((wanted->report || wanted->report_all) && !report(queue, cups, wanted->report_all, err))
    return false;
  wanted->report = wanted->report_all = false;
  return true;
}

static void
set_problem(pb_queue_t *queue, const char *problem)
{
  pthread_mutex_lock(&queue->mutex);
  pb_text_copy(queue->problem, sizeof(queue->problem), problem);
  pthread_mutex_unlock(&queue->mutex);
}

static int64_t
fail(pb_queue_t *queue, const pb_error_t *err)
{
  pb_log_ctx_t ctx = {.printer = queue->name};
  bool         was = queue->failures++ > 0;

  set_problem(queue, err->message);
  if (err->kind == PB_RETRY)
  {
    pb_log(&ctx, was ? PB_LOG_DEBUG : PB_LOG_WARN, "not in step, tried again: %s", err->message);
    return pb_clock_backoff_ms(queue->failures, RETRY_MIN_MS, RETRY_BASE_MS, RETRY_CAP_MS);
  }
  pb_log(&ctx, was ? PB_LOG_DEBUG : PB_LOG_ERROR, "not in step with the service, which refuses: %s",
         err->message);
  return AUTH_RETRY_MS;
}

static int64_t
run_queue(void *user, void *worker)
{
  pb_queue_t   *queue  = user;
  pb_error_t    err    = {0};
  struct wanted wanted = {0};
  int64_t       wait_ms;

  if (atomic_load(&queue->is_removed))
    return PB_TASK_IDLE;
  if (worker == NULL)
    return NO_CUPS_MS;
  wanted = take_wanted(queue);
  if (!perform(queue, worker, &wanted, &err))
  {
    give_back(queue, &wanted);
    return fail(queue, &err);
  }
  if (queue->failures > 0)
    set_problem(queue, "");
  queue->failures = 0;
  wait_ms         = queue->report_due_ms - pb_clock_mono_ms();
  return wait_ms > 0 ? wait_ms : 0;
}

// --- life

pb_queue_t *
pb_queue_new(struct pb_hub *hub, struct pb_service *service, const char *uuid, const char *name,
             const char *printer_uri)
{
  pb_queue_t *queue = calloc(1, sizeof(*queue));
  char        number[80];

  if (queue == NULL)
    return NULL;
  queue->hub     = hub;
  queue->service = service;
  queue->state   = IPP_PSTATE_STOPPED;
  pb_text_copy(queue->uuid, sizeof(queue->uuid), uuid);
  pb_text_copy(queue->name, sizeof(queue->name), name);
  pb_text_copy(queue->printer_uri, sizeof(queue->printer_uri), printer_uri);
  pthread_mutex_init(&queue->mutex, NULL);
  init_outside(queue);
  pb_text_format(number, sizeof(number), "subscription:%s", queue->uuid);
  queue->subscription_id = (int)pb_journal_get_number(hub->journal, number, 0);
  // Events of before are replayed once: they do no harm, and Get-Jobs would find the same.
  queue->next_sequence = 1;
  return queue;
}

void
pb_queue_free(pb_queue_t *queue)
{
  if (queue == NULL)
    return;
  while (queue->jobs != NULL)
  {
    pb_job_t *job = queue->jobs;

    queue->jobs = job->next;
    pb_job_free(job);
  }
  ippDelete(queue->local);
  ippDelete(queue->sent);
  ippDelete(queue->refused);
  pthread_mutex_destroy(&queue->mutex);
  free(queue);
}

bool
pb_queue_start(pb_queue_t *queue, int64_t delay_ms, pb_error_t *err)
{
  queue->task = pb_work_add(queue->hub->work, run_queue, queue, PB_TASK_IDLE);
  if (queue->task == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  pb_work_wake(queue->hub->work, queue->task, delay_ms);  // not before it knows its task
  return take_up(queue, err);
}

void
pb_queue_remove(pb_queue_t *queue)
{
  pthread_mutex_lock(&queue->mutex);
  atomic_store(&queue->is_removed, true);
  for (pb_job_t *job = queue->jobs; job != NULL; job = job->next)
  {
    atomic_store(&job->is_dropped, true);
    pb_work_wake(queue->hub->work, job->task, 0);
  }
  pthread_mutex_unlock(&queue->mutex);
}
