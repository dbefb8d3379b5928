// queue-outside - what a job's steps see of their queue, its service and CUPS.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/text.h"
#include "connector/queue.h"
#include "connector/service.h"
#include <string.h>

#define INTERRUPTED_JOB "printbridge-interrupted-job"  // lpadmin -o NAME-default=reprint
#define NOTIFIER_SILENCE_MS 5000  // around a change that it should have told of

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

// Asked of CUPS each time: it is rare, and the queue's picture may be minutes old.
static bool
is_reprint_set(void *user, pb_cups_t *cups)
{
  pb_queue_t *queue = user;
  char        set[32];
  pb_error_t  err = {0};

  return pb_cups_find_default(cups, queue->name, INTERRUPTED_JOB, set, sizeof(set), &err) &&
         strcmp(set, "reprint") == 0;
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

  bool is_new = false;

  pthread_mutex_lock(&queue->mutex);
  is_new                = job->shown_state != job->record.state;
  job->shown_state      = job->record.state;
  job->shown_local      = job->record.local_job;
  job->is_shown_failing = job->failures > 0;
  job->is_shown_held    = atomic_load(&job->hold) == PB_HOLD_HELD;
  if (job->is_shown_held)
    pb_job_format_hold(&job->record, job->shown_trouble, sizeof(job->shown_trouble));
  else
    pb_text_copy(job->shown_trouble, sizeof(job->shown_trouble), job->trouble.message);
  for (pb_job_t *other = queue->jobs; other != NULL; other = other->next)
  {
    if (other != job && other->shown_state == PB_JOB_ACKNOWLEDGED && other->task != NULL)
      pb_work_wake(queue->hub->work, other->task, 0);
  }
  pthread_mutex_unlock(&queue->mutex);
  // A report that fails again and again is no news from CUPS.
  if (is_new && (job->record.state == PB_JOB_PRINTING || job->record.state == PB_JOB_ENDING))
    doubt_notifier(queue->hub);
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

void
pb_queue_init_outside(pb_queue_t *queue)
{
  queue->outside = (struct pb_outside){.user           = queue,
                                       .documents      = queue->hub->documents,
                                       .request        = outside_request,
                                       .fetch          = outside_fetch,
                                       .find_job       = pb_cups_find_job,
                                       .create_job     = pb_cups_create_job,
                                       .send_ticket    = pb_cups_send_ticket,
                                       .get_job        = pb_cups_get_job,
                                       .cancel_job     = pb_cups_cancel_job,
                                       .hold_job       = pb_cups_hold_cloud_job,
                                       .release_job    = pb_cups_release_cloud_job,
                                       .is_reprint_set = is_reprint_set,
                                       .offer          = pb_documents_offer,
                                       .offer_again    = pb_documents_offer_again,
                                       .withdraw       = pb_documents_withdraw,
                                       .lock_local     = lock_local,
                                       .unlock_local   = unlock_local,
                                       .may_submit     = may_submit,
                                       .moved          = on_moved,
                                       .wake           = wake_job,
                                       .watch_ms       = watch_ms};
}
