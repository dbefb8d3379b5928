// queue-sync - in step with the infrastructure printer again, in the standard's order (PWG 5100.18
// s4.3): report, active jobs, subscription, fetchable jobs.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/queue.h"

#include "base/log.h"
#include "base/text.h"
#include "cloud/client.h"
#include "connector/service.h"
#include <stdlib.h>

#define FETCHABLE_MAX 100  // in one answer, however many we have

// --- Update-Active-Jobs

// A filter had a part of a document when an earlier process of ours died: it would be made anew,
// and print that part twice.
static bool
is_read_in_part(const pb_journal_job_t *job)
{
  for (int i = 0; i < job->documents_count; i++)
  {
    if (job->documents[i].readers > 0 && !job->documents[i].is_handed_over)
      return true;
  }
  return false;
}

// The states that the service's table makes something of: what is not printing yet is pending to
// it.  Processing means, too, that we can go on with it as if nothing had been; the service, which
// may have withheld it meanwhile, lets us then.
static int
state_to_report(const pb_journal_job_t *job, bool is_of_earlier_process)
{
  if (job->hold == PB_HOLD_HELD)
    return IPP_JSTATE_STOPPED;
  if (job->state == PB_JOB_PRINTING && is_of_earlier_process && is_read_in_part(job))
    return IPP_JSTATE_PENDING;
  return job->state == PB_JOB_PRINTING || job->state == PB_JOB_ENDING ? IPP_JSTATE_PROCESSING
                                                                      : IPP_JSTATE_PENDING;
}

static pb_job_t *
find_job_locked(pb_queue_t *queue, int cloud_job)
{
  pb_job_t *job = queue->jobs;

  while (job != NULL && job->record.cloud_job != cloud_job)
    job = job->next;
  return job;
}

static bool
is_of_earlier_process(pb_queue_t *queue, int cloud_job)
{
  pthread_mutex_lock(&queue->mutex);
  const pb_job_t *job = find_job_locked(queue, cloud_job);
  bool            is  = job == NULL || job->is_journaled;
  pthread_mutex_unlock(&queue->mutex);
  return is;
}

static ipp_t *
new_active_jobs(pb_queue_t *queue, const pb_journal_job_t *jobs, size_t count)
{
  ipp_t           *request = pb_queue_new_request(queue, IPP_OP_UPDATE_ACTIVE_JOBS);
  ipp_attribute_t *ids     = NULL;
  ipp_attribute_t *states  = NULL;

  if (request == NULL || count == 0)
    return request;
  ids    = ippAddIntegers(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", (int)count,
                          /*values*/ NULL);
  states = ippAddIntegers(request, IPP_TAG_OPERATION, IPP_TAG_ENUM, "output-device-job-states",
                          (int)count, /*values*/ NULL);
  for (int i = 0; i < (int)count; i++)
  {
    ippSetInteger(request, &ids, i, jobs[i].cloud_job);
    ippSetInteger(request, &states, i,
                  state_to_report(&jobs[i], is_of_earlier_process(queue, jobs[i].cloud_job)));
  }
  return request;
}

static bool
is_listed(ipp_attribute_t *ids, int cloud_job)
{
  for (int i = 0; ids != NULL && i < ippGetCount(ids); i++)
  {
    if (ippGetInteger(ids, i) == cloud_job)
      return true;
  }
  return false;
}

// What we believe to have and the service does not know as ours is let go; the rest is ours,
// acknowledged or not.
static void
compare_ours(pb_queue_t *queue, const pb_journal_job_t *ours, size_t count,
             ipp_attribute_t *unknown)
{
  pthread_mutex_lock(&queue->mutex);
  for (size_t i = 0; i < count; i++)
  {
    pb_job_t *job = find_job_locked(queue, ours[i].cloud_job);

    if (job == NULL)
      continue;
    if (!is_listed(unknown, ours[i].cloud_job))
      atomic_store(&job->is_adopted, ours[i].state != PB_JOB_REFUSING);
    else if (pb_job_state_is_assigned(ours[i].state))
      atomic_store(&job->is_dropped, true);
    else
      continue;
    pb_work_wake(queue->hub->work, job->task, 0);
  }
  pthread_mutex_unlock(&queue->mutex);
}

// True: it was not known here.
static bool
take_theirs(pb_queue_t *queue, int cloud_job, int state)
{
  pb_job_t *job = NULL;

  pthread_mutex_lock(&queue->mutex);
  job = find_job_locked(queue, cloud_job);
  if (job != NULL && (state == IPP_JSTATE_CANCELED || state == IPP_JSTATE_ABORTED))
  {
    if (state == IPP_JSTATE_ABORTED)
      atomic_store(&job->is_aborted_there, true);
    atomic_store(&job->is_cancel_asked, true);
    pb_work_wake(queue->hub->work, job->task, 0);
  }
  pthread_mutex_unlock(&queue->mutex);
  // Ours by the service's word, but not in the journal, which was lost.
  if (job != NULL || state >= IPP_JSTATE_CANCELED)
    return false;
  pb_queue_discover(queue, cloud_job, /*is_adopted*/ true);
  return true;
}

// All that was under way at the former host is in the journal here.
static void
end_move(pb_queue_t *queue)
{
  pb_error_t err = {0};
  char       name[80];

  pb_text_format(name, sizeof(name), "moved:%s", queue->uuid);
  if (pb_journal_set_number(queue->hub->journal, name, queue->service->registration->moved_ms,
                            &err))
    queue->is_moved = false;
  else
    pb_log(NULL, PB_LOG_WARN, "%s: that it was moved stays noted: %s", queue->name, err.message);
}

static bool
update_active_jobs(pb_queue_t *queue, pb_error_t *err)
{
  pb_journal_job_t *ours     = NULL;
  size_t            count    = 0;
  ipp_t            *response = NULL;
  ipp_attribute_t  *ids      = NULL;
  ipp_attribute_t  *states   = NULL;
  int               unknown  = 0;

  if (!pb_journal_copy_active(queue->hub->journal, queue->uuid, &ours, &count, err))
    return false;
  if (!pb_queue_call(queue, new_active_jobs(queue, ours, count), &response, err))
  {
    pb_journal_free_jobs(ours, count);
    return false;
  }
  compare_ours(queue, ours, count,
               pb_ipp_find(response, IPP_TAG_UNSUPPORTED_GROUP, "job-ids", IPP_TAG_INTEGER));
  ids    = pb_ipp_find(response, IPP_TAG_OPERATION, "job-ids", IPP_TAG_INTEGER);
  states = pb_ipp_find(response, IPP_TAG_OPERATION, "output-device-job-states", IPP_TAG_ENUM);
  for (int i = 0; ids != NULL && states != NULL && i < ippGetCount(ids) && i < ippGetCount(states);
       i++)
    unknown += take_theirs(queue, ippGetInteger(ids, i), ippGetInteger(states, i));
  if (queue->is_moved && unknown == 0)
    end_move(queue);
  ippDelete(response);
  pb_journal_free_jobs(ours, count);
  return true;
}

// --- the subscription

static void
format_number_name(char *dst, size_t size, const char *what, const pb_queue_t *queue)
{
  pb_text_format(dst, size, "%s:%s", what, queue->uuid);
}

static ipp_t *
new_subscription(pb_queue_t *queue)
{
  static const char *const events[] = {"job-fetchable", "job-state-changed"};
  ipp_t *request = pb_queue_new_request(queue, IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS);

  if (request == NULL)
    return NULL;
  ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_CONST_TAG(IPP_TAG_KEYWORD), "notify-pull-method",
               /*language*/ NULL, "ippget");
  ippAddStrings(request, IPP_TAG_SUBSCRIPTION, IPP_CONST_TAG(IPP_TAG_KEYWORD), "notify-events", 2,
                /*language*/ NULL, events);
  ippAddInteger(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, "notify-lease-duration",
                /*never ends*/ 0);
  return request;
}

static void
keep_subscription(pb_queue_t *queue, int id)
{
  pb_error_t err = {0};
  char       name[80];

  pthread_mutex_lock(&queue->mutex);
  queue->subscription_id = id;
  queue->next_sequence   = 1;
  pthread_mutex_unlock(&queue->mutex);
  format_number_name(name, sizeof(name), "subscription", queue);
  // Not kept: the next process makes another one, and the old one's events are nobody's.
  if (!pb_journal_set_number(queue->hub->journal, name, id, &err))
    pb_log(NULL, PB_LOG_WARN, "%s: the subscription is not kept: %s", queue->name, err.message);
}

static bool
subscribe(pb_queue_t *queue, pb_error_t *err)
{
  ipp_t *response = NULL;
  int    id       = 0;

  if (!pb_queue_call(queue, new_subscription(queue), &response, err))
    return false;
  id = pb_ipp_int(response, IPP_TAG_SUBSCRIPTION, "notify-subscription-id", 0);
  ippDelete(response);
  if (id <= 0)
    return pb_error_set(err, PB_RETRY, "the service gave no subscription");
  keep_subscription(queue, id);
  return true;
}

void
pb_queue_drop_subscription(pb_queue_t *queue)
{
  pthread_mutex_lock(&queue->mutex);
  queue->subscription_id = 0;
  queue->must_sync       = true;
  pthread_mutex_unlock(&queue->mutex);
  pb_work_wake(queue->hub->work, queue->task, 0);
}

bool
pb_queue_get_subscription(pb_queue_t *queue, int *id_out, int *next_sequence_out)
{
  pthread_mutex_lock(&queue->mutex);
  *id_out            = queue->subscription_id;
  *next_sequence_out = queue->next_sequence;
  pthread_mutex_unlock(&queue->mutex);
  return *id_out > 0;
}

ipp_t *
pb_queue_new_get_notifications(pb_queue_t *queue, bool has_wait)
{
  int    id      = 0;
  int    next    = 0;
  ipp_t *request = NULL;

  if (!pb_queue_get_subscription(queue, &id, &next))
    return NULL;
  request = pb_queue_new_request(queue, IPP_OP_GET_NOTIFICATIONS);
  if (request == NULL)
    return NULL;
  ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-ids", id);
  ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-sequence-numbers", next);
  ippAddBoolean(request, IPP_TAG_OPERATION, "notify-wait", has_wait);
  return request;
}

static void
take_note(void *user, const struct pb_event_note *note)
{
  pb_queue_t *queue = user;

  // These come without gaps, or the service has forgotten some: Get-Jobs follows where that
  // matters.
  pthread_mutex_lock(&queue->mutex);
  if (note->sequence > queue->next_sequence)
  {
    queue->next_sequence = note->sequence;
    queue->must_get_jobs = true;
  }
  pthread_mutex_unlock(&queue->mutex);
  pb_queue_on_event(queue, note);
}

void
pb_queue_take_notifications(pb_queue_t *queue, ipp_t *response)
{
  pb_event_each(response, take_note, queue);
}

bool
pb_queue_get_events(pb_queue_t *queue, pb_error_t *err)
{
  ipp_t *request  = pb_queue_new_get_notifications(queue, /*has_wait*/ false);
  ipp_t *response = NULL;

  if (request == NULL)
    return subscribe(queue, err);
  if (pb_queue_call(queue, request, &response, err))
  {
    pb_queue_take_notifications(queue, response);
    ippDelete(response);
    return true;
  }
  if (err->kind != PB_GONE)
    return false;
  pb_error_clear(err);
  return subscribe(queue, err);
}

// --- Get-Jobs

// As many as there may be room for, beside those that we know of: a long line at the service is not
// listed for each job that goes.
static int
choose_limit_locked(const pb_queue_t *queue)
{
  int limit = queue->hub->options.jobs_per_queue + queue->jobs_count;

  for (int i = 0; i < PB_QUEUE_IGNORED; i++)
    limit += queue->ignored[i] != 0;
  return limit < FETCHABLE_MAX ? limit : FETCHABLE_MAX;
}

bool
pb_queue_get_jobs(pb_queue_t *queue, pb_error_t *err)
{
  static const char *const wanted[] = {"job-id", "job-state", "job-uuid"};
  ipp_t                   *request  = pb_queue_new_request(queue, IPP_OP_GET_JOBS);
  ipp_t                   *response = NULL;
  int                      limit = 0, count = 0;

  pthread_mutex_lock(&queue->mutex);
  queue->has_more = false;
  limit           = choose_limit_locked(queue);
  pthread_mutex_unlock(&queue->mutex);
  if (request != NULL)
  {
    ippAddString(request, IPP_TAG_OPERATION, IPP_CONST_TAG(IPP_TAG_KEYWORD), "which-jobs",
                 /*language*/ NULL, "fetchable");
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "limit", limit);
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_CONST_TAG(IPP_TAG_KEYWORD),
                  "requested-attributes", 3, /*language*/ NULL, wanted);
  }
  if (!pb_queue_call(queue, request, &response, err))
    return false;
  for (ipp_attribute_t *at = ippFirstAttribute(response); at != NULL;
       at                  = ippNextAttribute(response))
  {
    if (ippGetGroupTag(at) != IPP_TAG_JOB || !pb_text_is_equal(ippGetName(at), "job-id") ||
        ippGetValueTag(at) != IPP_TAG_INTEGER)
      continue;
    count++;
    pb_queue_discover(queue, ippGetInteger(at, 0), /*is_adopted*/ false);
  }
  ippDelete(response);
  pthread_mutex_lock(&queue->mutex);
  queue->has_more = queue->has_more || count >= limit;
  pthread_mutex_unlock(&queue->mutex);
  return true;
}

bool
pb_queue_synchronize(pb_queue_t *queue, pb_cups_t *cups, pb_error_t *err)
{
  // What another device had, or we did not want, may be offered anew.
  pthread_mutex_lock(&queue->mutex);
  for (int i = 0; i < PB_QUEUE_IGNORED; i++)
    queue->ignored[i] = 0;
  pthread_mutex_unlock(&queue->mutex);
  // A new connection: everything is told anew, also what was refused on the last one.
  ippDelete(queue->sent);
  ippDelete(queue->refused);
  queue->sent    = NULL;
  queue->refused = NULL;
  return pb_queue_report(queue, cups, /*is_all*/ true, err) && update_active_jobs(queue, err) &&
         pb_queue_get_events(queue, err) && pb_queue_get_jobs(queue, err);
}
