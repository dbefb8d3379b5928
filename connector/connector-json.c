// connector-json - what the connector says of itself: `printbridge status` and `printbridge jobs`.
// Words for people: what is wrong, and what to do about it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/connector-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include <string.h>
#include <unistd.h>

#define DAMAGE_SAID_MS (24 * 60 * 60 * 1000)  // or until the connector is started again
#define JOBS_MAX 500  // of one answer, which the command takes up to 16 MiB: each job has its hops

// --- jobs

static void
add_time(json_object *object, const char *name, int64_t at_ms)
{
  char text[PB_ISO_DATE_SIZE];

  pb_clock_format_iso(text, at_ms);
  (void)pb_json_add_text(object, name, text);
}

static void
add_hop(void *user, int64_t at_ms, const char *what)
{
  json_object *hops = user;
  json_object *hop  = json_object_new_object();

  if (hop == NULL)
    return;
  add_time(hop, "at", at_ms);
  (void)pb_json_add_text(hop, "what", what);
  json_object_array_add(hops, hop);
}

static bool
is_held(const pb_journal_job_t *job)
{
  return job->hold == PB_HOLD_WANTED || job->hold == PB_HOLD_HELD;
}

static const char *
name_state(const pb_journal_job_t *job)
{
  if (job->state == PB_JOB_DONE && job->refusal != 0)
    return "refused";
  if (job->state != PB_JOB_DONE && job->state != PB_JOB_ENDING)
    return is_held(job) ? "held" : pb_job_state_name(job->state);
  return pb_job_outcome_name(job->outcome);
}

static json_object *
new_job(pb_connector_t *connector, const pb_journal_job_t *job)
{
  json_object *object = json_object_new_object();
  json_object *hops   = json_object_new_array();
  int64_t      bytes  = 0;
  char         held[400];

  for (int i = 0; i < job->documents_count; i++)
    bytes += job->documents[i].bytes;
  (void)pb_json_add_text(object, "queue", job->queue);
  (void)pb_json_add_int(object, "cloud_job", job->cloud_job);
  (void)pb_json_add_text(object, "job_uuid", job->job_uuid);
  (void)pb_json_add_int(object, "local_job", job->local_job);
  (void)pb_json_add_text(object, "title", job->title);
  (void)pb_json_add_text(object, "user", job->user);
  (void)pb_json_add_text(object, "state", name_state(job));
  pb_job_format_hold(job, held, sizeof(held));
  (void)pb_json_add_text(object, "message",
                         strcmp(name_state(job), "held") == 0 ? held : job->message);
  (void)pb_json_add_int(object, "bytes", bytes);
  (void)pb_json_add_int(object, "impressions", job->impressions);
  if (!pb_journal_each_hop(connector->hub.journal, job->id, add_hop, hops, NULL))
    pb_log(NULL, PB_LOG_DEBUG, "the story of job %d cannot be read", job->cloud_job);
  json_object_object_add(object, "hops", hops);
  return object;
}

json_object *
pb_connector_jobs(pb_connector_t *connector)
{
  json_object      *answer = json_object_new_object();
  json_object      *list   = json_object_new_array();
  pb_journal_job_t *jobs   = NULL;
  size_t            count  = 0;
  pb_error_t        err    = {0};

  if (!pb_journal_copy_newest(connector->hub.journal, /*device*/ NULL, JOBS_MAX, &jobs, &count,
                              &err))
    (void)pb_json_add_text(answer, "problem", err.message);
  for (size_t i = 0; i < count; i++)
    json_object_array_add(list, new_job(connector, &jobs[i]));
  pb_journal_free_jobs(jobs, count);
  json_object_object_add(answer, "jobs", list);
  return answer;
}

// --- queues

static const char *
name_printer_state(const pb_queue_t *queue)
{
  if (queue->is_missing)
    return "missing";
  return queue->state == IPP_PSTATE_IDLE         ? "idle"
         : queue->state == IPP_PSTATE_PROCESSING ? "processing"
                                                 : "stopped";
}

static json_object *
new_reasons(const char *reasons)
{
  json_object *array = json_object_new_array();
  char         copy[512];
  char        *rest = NULL;

  pb_text_copy(copy, sizeof(copy), reasons);
  for (char *at = strtok_r(copy, ",", &rest); at != NULL; at = strtok_r(NULL, ",", &rest))
    json_object_array_add(array, json_object_new_string(at));
  return array;
}

// The oldest that could not go on when it tried last; NULL: none.
static const pb_job_t *
find_failing_locked(const pb_queue_t *queue)
{
  const pb_job_t *job = queue->jobs;

  while (job != NULL && !job->is_shown_failing)
    job = job->next;
  return job;
}

static const pb_job_t *
find_held_locked(const pb_queue_t *queue)
{
  const pb_job_t *job = queue->jobs;

  while (job != NULL && !job->is_shown_held)
    job = job->next;
  return job;
}

// The first thing that somebody could do something about.
static void
format_queue_problem_locked(const pb_queue_t *queue, char *dst, size_t size)
{
  const pb_job_t *failing = find_failing_locked(queue);
  const pb_job_t *held    = find_held_locked(queue);

  dst[0] = '\0';
  if (queue->is_missing)
    pb_text_format(dst, size,
                   "CUPS has no queue %s any more: make it again, or end the share with "
                   "`printbridge unshare %s`",
                   queue->name, queue->name);
  else if (queue->problem[0] != '\0')
    pb_text_format(dst, size, "%s; tried again by itself", queue->problem);
  else if (queue->state == IPP_PSTATE_STOPPED && queue->is_synced)
    pb_text_format(dst, size,
                   "the queue is stopped: `cupsenable %s` starts it, `lpstat -p %s` says why",
                   queue->name, queue->name);
  else if (held != NULL)
    pb_text_format(dst, size, "job %d is %s", held->record.cloud_job, held->shown_trouble);
  else if (failing != NULL)
    pb_text_format(dst, size, "job %d cannot go on: %s; tried again by itself",
                   failing->record.cloud_job, failing->shown_trouble);
}

static void
add_last_job(pb_connector_t *connector, json_object *object, const pb_queue_t *queue)
{
  pb_journal_job_t *jobs  = NULL;
  size_t            count = 0;

  if (pb_journal_copy_newest(connector->hub.journal, queue->uuid, 1, &jobs, &count, NULL) &&
      count > 0)
    json_object_object_add(object, "last_job", new_job(connector, &jobs[0]));
  pb_journal_free_jobs(jobs, count);
}

static json_object *
new_queue(pb_connector_t *connector, pb_queue_t *queue)
{
  json_object *object = json_object_new_object();
  char         problem[768];

  pthread_mutex_lock(&queue->mutex);
  (void)pb_json_add_text(object, "queue", queue->name);
  (void)pb_json_add_text(object, "printer_uri", queue->printer_uri);
  (void)pb_json_add_text(object, "state", name_printer_state(queue));
  json_object_object_add(object, "reasons", new_reasons(queue->reasons));
  (void)pb_json_add_bool(object, "in_step", queue->is_synced);
  (void)pb_json_add_int(object, "jobs", queue->jobs_count);
  format_queue_problem_locked(queue, problem, sizeof(problem));
  pthread_mutex_unlock(&queue->mutex);
  if (problem[0] != '\0')
    (void)pb_json_add_text(object, "problem", problem);
  add_last_job(connector, object, queue);
  return object;
}

// --- services

static const char *
name_tunnel(enum pb_dial_state state)
{
  static const char *const names[] = {[PB_DIAL_DOWN]    = "down",
                                      [PB_DIAL_UP]      = "up",
                                      [PB_DIAL_REFUSED] = "polling",
                                      [PB_DIAL_DENIED]  = "denied"};

  return (unsigned)state < sizeof(names) / sizeof(names[0]) ? names[state] : "down";
}

// The service knows a newer key of ours, which somebody else has.
static bool
is_replaced(const pb_service_t *service)
{
  return (service->dial_state == PB_DIAL_DENIED &&
          strstr(service->dial_why, PB_KEY_REPLACED) != NULL) ||
         strstr(service->renewal_why, PB_KEY_REPLACED) != NULL;
}

static void
format_service_problem(const pb_service_t *service, char *dst, size_t size)
{
  dst[0] = '\0';
  if (is_replaced(service))
    pb_text_format(
      dst, size,
      "this print server has been moved to other hardware, or a copy of it was set up: this one is "
      "not served any more (%s). Stop it: `systemctl disable --now printbridged`",
      service->dial_why[0] != '\0' ? service->dial_why : service->renewal_why);
  else if (atomic_load(&service->is_moving))
    pb_text_format(dst, size, "the key of the former host is replaced first%s%s",
                   service->renewal_why[0] != '\0' ? ", which has not been possible yet: " : "",
                   service->renewal_why);
  else if (service->dial_state == PB_DIAL_DENIED)
    pb_text_format(
      dst, size, "the service denies this machine (%s): register it anew with `printbridge share`",
      service->dial_why);
  else if (service->failures > 0)
    pb_text_format(
      dst, size,
      "the service cannot be reached (%s): look at the network and the service; it is tried again "
      "by itself",
      service->request_why);
  else if (service->dial_state == PB_DIAL_DOWN && service->dial_why[0] != '\0')
    pb_text_format(dst, size, "there is no tunnel (%s); it is tried again by itself",
                   service->dial_why);
  else if (service->dial_state == PB_DIAL_REFUSED)
    pb_text_format(
      dst, size,
      "no tunnel is to be had here (%s): a proxy or firewall may strip the upgrade; jobs arrive by "
      "long polls",
      service->dial_why);
  else if (service->renewal_why[0] != '\0' && service->expiry_ms > 0)
    pb_text_format(dst, size,
                   "the key and the certificates could not be renewed yet (%s); it is tried again "
                   "by itself",
                   service->renewal_why);
}

static void
add_renewal_locked(json_object *object, const pb_service_t *service)
{
  if (service->expiry_ms > 0)
    add_time(object, "certificate_until", service->expiry_ms);
  if (service->renewal_ms > 0 && service->renewal_ms < INT64_MAX)
    add_time(object, "renewal", service->renewal_ms);
  if (service->renewed_ms > 0)
    add_time(object, "renewed", service->renewed_ms);
  (void)pb_json_add_bool(object, "renewing",
                         service->is_renewal_asked || atomic_load(&service->is_moving));
  if (service->renewal_why[0] != '\0')
    (void)pb_json_add_text(object, "renewal_problem", service->renewal_why);
}

static json_object *
new_service(pb_connector_t *connector, pb_service_t *service)
{
  json_object *object = json_object_new_object();
  json_object *queues = json_object_new_array();
  char         problem[768];

  pthread_mutex_lock(&service->mutex);
  (void)pb_json_add_text(object, "url", service->registration->url);
  (void)pb_json_add_bool(object, "reachable",
                         service->failures == 0 && (service->dial_state == PB_DIAL_UP ||
                                                    service->dial_state == PB_DIAL_REFUSED));
  (void)pb_json_add_text(object, "tunnel", name_tunnel(service->dial_state));
  add_time(object, "since", service->since_ms);
  format_service_problem(service, problem, sizeof(problem));
  add_renewal_locked(object, service);
  pthread_mutex_unlock(&service->mutex);
  if (problem[0] != '\0')
    (void)pb_json_add_text(object, "problem", problem);
  for (pb_queue_t *queue = service->queues; queue != NULL; queue = queue->next)
  {
    if (!atomic_load(&queue->is_removed))
      json_object_array_add(queues, new_queue(connector, queue));
  }
  json_object_object_add(object, "queues", queues);
  return object;
}

json_object *
pb_connector_status(pb_connector_t *connector)
{
  json_object *answer   = json_object_new_object();
  json_object *services = json_object_new_array();

  (void)pb_json_add_int(answer, "pid", getpid());
  add_time(answer, "since", connector->since_ms);
  if (connector->was_damaged && pb_clock_now_ms() - connector->since_ms < DAMAGE_SAID_MS)
    (void)pb_json_add_text(
      answer, "problem",
      "the job journal was damaged and has been set aside; jobs were found again by asking the "
      "service and CUPS: compare the last pages at the printers");
  pthread_mutex_lock(&connector->mutex);
  for (pb_service_t *service = connector->services; service != NULL; service = service->next)
  {
    if (!service->is_removed)
      json_object_array_add(services, new_service(connector, service));
  }
  pthread_mutex_unlock(&connector->mutex);
  json_object_object_add(answer, "services", services);
  return answer;
}
