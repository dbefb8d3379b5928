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
#define NO_CUPS_MS 1000                 // this worker has none; another one may

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

  if (!pb_queue_synchronize(queue, cups, err) || !pb_queue_take_up(queue, err))
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
  {
    queue->failures++;
    set_problem(queue, "the local CUPS does not answer");
    return NO_CUPS_MS;
  }
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
  pb_queue_init_outside(queue);
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
  return pb_queue_take_up(queue, err);
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
