// service - a cloud service that queues are registered with: its life, and the tunnel.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/service.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_SYNC_MS 1500   // the tunnel's first word is waited for so long
#define STAGGER_MS 10        // between the queues of one connection ...
#define STAGGER_CAP_MS 5000  // ... but no later than this

// --- the tunnel

static bool
on_get_token(void *user, bool is_fresh, pb_secret_t *token_out, pb_error_t *err)
{
  pb_service_t *service = user;

  return pb_service_check_moved(service, err) &&
         pb_cloud_account_copy_token(service->account, is_fresh, token_out, err);
}

pb_queue_t *
pb_service_get_queues(pb_service_t *service)
{
  pb_queue_t *queues = NULL;

  pthread_mutex_lock(&service->mutex);
  queues = service->queues;
  pthread_mutex_unlock(&service->mutex);
  return queues;
}

static bool
is_event_of(pb_queue_t *queue, const struct pb_event_note *note)
{
  int id   = 0;
  int next = 0;

  if (note->printer_uri[0] != '\0' && strcmp(note->printer_uri, queue->printer_uri) == 0)
    return true;
  return pb_queue_get_subscription(queue, &id, &next) && id == note->subscription_id;
}

static void
on_event(void *user, const struct pb_event_note *note)
{
  pb_service_t *service = user;

  for (pb_queue_t *queue = pb_service_get_queues(service); queue != NULL; queue = queue->next)
  {
    if (atomic_load(&queue->is_removed) || !is_event_of(queue, note))
      continue;
    pb_queue_on_event(queue, note);
    return;
  }
  pb_log(NULL, PB_LOG_DEBUG, "an event for no queue of ours: %s of %s", note->name,
         note->printer_uri);
}

static bool
on_message(void *user, const void *message, size_t size)
{
  pb_service_t *service = user;
  pb_error_t    err     = {0};
  int           count   = 0;

  if (pb_event_parse(message, size, on_event, service, &count, &err))
    return true;
  pb_log(NULL, PB_LOG_WARN, "%s: %s", service->registration->url, err.message);
  return false;
}

static void
synchronize_all(pb_service_t *service)
{
  int64_t delay_ms = 0;

  for (pb_queue_t *queue = pb_service_get_queues(service); queue != NULL; queue = queue->next)
  {
    if (atomic_load(&queue->is_removed))
      continue;
    pb_queue_sync(queue, delay_ms);
    pb_queue_wake_jobs(queue);
    if (delay_ms < STAGGER_CAP_MS)
      delay_ms += STAGGER_MS;
  }
}

static void
say_state(pb_service_t *service, enum pb_dial_state state, const char *why, bool is_new)
{
  const char *url = service->registration->url;

  if (state == PB_DIAL_UP && is_new)
    pb_log(NULL, PB_LOG_INFO, "%s: the tunnel is up", url);
  else if (state == PB_DIAL_REFUSED && !service->was_polling_said)
  {
    service->was_polling_said = true;
    pb_log(NULL, PB_LOG_WARN,
           "%s: no tunnel is to be had (%s): events are asked for by long polls instead", url, why);
  }
  else if (state == PB_DIAL_DENIED && is_new && strstr(why, PB_KEY_REPLACED) != NULL)
    pb_log(NULL, PB_LOG_ERROR,
           "%s: this print server has been moved to other hardware, or a copy of it was set up; "
           "this one is not served any more: %s",
           url, why);
  else if (state == PB_DIAL_DENIED && is_new)
    pb_log(NULL, PB_LOG_ERROR,
           "%s: the service denies this machine: %s. Is it still registered? `printbridge share` "
           "registers it anew",
           url, why);
  else if (state == PB_DIAL_DOWN && why[0] != '\0' && !atomic_load(&service->hub->stop))
    pb_log(NULL, is_new ? PB_LOG_WARN : PB_LOG_DEBUG, "%s: no tunnel: %s", url, why);
}

// The tunnel was the one connection that is asked whether it lives: what has been silent beside it
// is dead too, and nobody need wait for it.
static void
drop_silent(pb_service_t *service)
{
  pb_cloud_t *idle[PB_SERVICE_IDLE_MAX];
  int         count = 0;

  pb_cloud_account_doubt(service->account);
  pthread_mutex_lock(&service->mutex);
  count = service->idle_count;
  memcpy(idle, service->idle, sizeof(idle));
  service->idle_count = 0;
  pthread_mutex_unlock(&service->mutex);
  for (int i = 0; i < count; i++)
    pb_cloud_close(idle[i]);
}

static void
on_state(void *user, enum pb_dial_state state, const char *why)
{
  pb_service_t *service = user;
  bool          is_new  = false;
  bool          was_up  = false;

  why = why != NULL ? why : "";
  pthread_mutex_lock(&service->mutex);
  is_new = state != service->dial_state || (service->dial_why[0] == '\0' && why[0] != '\0');
  was_up = service->dial_state == PB_DIAL_UP;
  service->dial_state = state;
  pb_text_copy(service->dial_why, sizeof(service->dial_why), why);
  if (is_new)
    service->since_ms = pb_clock_now_ms();
  if (state == PB_DIAL_UP)
    service->retry_at_ms = 0;
  pthread_mutex_unlock(&service->mutex);

  if (was_up && state == PB_DIAL_DOWN)
    drop_silent(service);
  say_state(service, state, why, is_new);
  if (state == PB_DIAL_REFUSED && is_new)
    pb_service_start_polling(service);
  else if (state == PB_DIAL_UP)
    pb_service_stop_polling(service);
  if ((state == PB_DIAL_UP || state == PB_DIAL_REFUSED) && is_new)
    synchronize_all(service);
}

// --- queues

bool
pb_service_add_queue(pb_service_t *service, const pb_registered_queue_t *registered,
                     pb_error_t *err)
{
  pb_queue_t *queue = pb_queue_new(service->hub, service, registered->uuid, registered->queue,
                                   registered->printer_uri);
  char        name[80];
  int64_t     delay_ms;

  if (queue == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  pb_text_format(name, sizeof(name), "moved:%s", queue->uuid);
  queue->is_moved =
    service->registration->moved_ms > pb_journal_get_number(service->hub->journal, name, 0);
  // A print server that has come back to where it was.
  if (queue->is_moved && !pb_journal_note_elsewhere(service->hub->journal, queue->uuid,
                                                    service->registration->moved_ms, err))
  {
    pb_queue_free(queue);
    return false;
  }
  pthread_mutex_lock(&service->mutex);
  delay_ms = service->dial_state == PB_DIAL_UP ? 0 : FIRST_SYNC_MS;
  pthread_mutex_unlock(&service->mutex);
  if (!pb_queue_start(queue, delay_ms, err))
    return false;
  pthread_mutex_lock(&service->mutex);
  queue->next     = service->queues;
  service->queues = queue;
  pthread_mutex_unlock(&service->mutex);
  return true;
}

pb_queue_t *
pb_service_find_queue(pb_service_t *service, const char *uuid)
{
  for (pb_queue_t *queue = pb_service_get_queues(service); queue != NULL; queue = queue->next)
  {
    if (!atomic_load(&queue->is_removed) && strcmp(queue->uuid, uuid) == 0)
      return queue;
  }
  return NULL;
}

// --- life

static bool
dial(pb_service_t *service, pb_error_t *err)
{
  static const struct pb_dial_ops ops = {
    .get_token = on_get_token, .on_message = on_message, .on_state = on_state};

  return pb_dial_start(service->registration->url, pb_cloud_account_trust(service->account), &ops,
                       service, &service->dial, err);
}

bool
pb_service_start(struct pb_hub *hub, pb_registration_t *registration, pb_service_t **service_out,
                 pb_error_t *err)
{
  pb_service_t *service = calloc(1, sizeof(*service));

  *service_out = NULL;
  if (service == NULL)
  {
    pb_registration_free(registration);
    return pb_error_set(err, PB_RETRY, "out of memory");
  }
  service->hub          = hub;
  service->registration = registration;
  service->since_ms     = pb_clock_now_ms();
  pthread_mutex_init(&service->mutex, NULL);
  *service_out =
    service;  // freed by the caller, whatever happens next: workers may have its queues
  if (!pb_cloud_account_new(registration, &service->account, err))
    return false;
  // Before its queues may ask for anything.
  if (!pb_service_start_renewal(service, err))
    return false;
  for (size_t i = 0; i < registration->queues_count; i++)
  {
    if (!pb_service_add_queue(service, &registration->queues[i], err))
      return false;
  }
  return dial(service, err);
}

void
pb_service_remove(pb_service_t *service)
{
  pthread_mutex_lock(&service->mutex);
  service->is_removed = true;
  pthread_mutex_unlock(&service->mutex);
  for (pb_queue_t *queue = pb_service_get_queues(service); queue != NULL; queue = queue->next)
    pb_queue_remove(queue);
  pb_service_stop(service);
}

void
pb_service_stop(pb_service_t *service)
{
  if (service->dial != NULL)
    pb_dial_stop(service->dial);
  service->dial = NULL;
  pb_service_stop_polling(service);
}

void
pb_service_free(pb_service_t *service)
{
  if (service == NULL)
    return;
  while (service->queues != NULL)
  {
    pb_queue_t *queue = service->queues;

    service->queues = queue->next;
    pb_queue_free(queue);
  }
  for (int i = 0; i < service->idle_count; i++)
    pb_cloud_close(service->idle[i]);
  pb_cloud_account_free(service->account);
  pb_registration_free(service->registration);
  pthread_mutex_destroy(&service->mutex);
  free(service);
}
