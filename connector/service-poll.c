// service-poll - events by long polls (Get-Notifications, RFC 3996), where no tunnel is to be had.
// A thread per queue, up to a cap; beyond it a thread asks its queues in turn, without waiting at
// any.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/service.h"

#include "base/clock.h"
#include "base/log.h"
#include <poll.h>

#define POLL_TIMEOUT_MS (75 * 1000)  // services hold a poll for 30 s or so
#define SLICE_MS 100                 // how soon a pause notices that polling ends
#define TURN_MS 1000                 // between two rounds of a thread with several queues
#define RETRY_MIN_MS 500
#define RETRY_BASE_MS 1000
#define RETRY_CAP_MS (30 * 1000)

static void
pause_for(pb_service_t *service, int64_t ms)
{
  for (int64_t left = ms; left > 0 && !atomic_load(&service->stop_polling); left -= SLICE_MS)
    (void)poll(NULL, 0, left < SLICE_MS ? (int)left : SLICE_MS);
}

// True when the service answered.
static bool
poll_queue(pb_service_t *service, pb_queue_t *queue, bool has_wait, pb_error_t *err)
{
  ipp_t      *request  = pb_queue_new_get_notifications(queue, has_wait);
  ipp_t      *response = NULL;
  pb_cloud_t *cloud    = NULL;
  bool        ok       = false;

  if (request == NULL)  // its sync will make a subscription
  {
    pause_for(service, TURN_MS);
    return true;
  }
  cloud = pb_service_take_cloud(service, err);
  if (cloud == NULL)
  {
    ippDelete(request);
    return false;
  }
  ok = pb_cloud_request(cloud, queue->printer_uri, request, POLL_TIMEOUT_MS, &service->stop_polling,
                        &response, err) &&
       pb_cloud_check_status(/*request*/ NULL, response, "Get-Notifications", err);
  pb_service_give_cloud(service, cloud);
  if (ok)
    pb_queue_take_notifications(queue, response);
  ippDelete(response);
  if (ok || err->kind != PB_GONE)
    return ok;
  pb_queue_drop_subscription(queue);
  pause_for(service, TURN_MS);
  return true;
}

// The index-th, the (index + threads)-th ... queue is this thread's.
static int
poll_round(pb_service_t *service, int index, int threads, pb_error_t *err, bool *ok_out)
{
  pb_queue_t *queue = pb_service_get_queues(service);
  int         count = 0;
  int         mine  = 0;

  for (pb_queue_t *at = queue; at != NULL; at = at->next)
    count++;
  for (int i = 0; queue != NULL && !atomic_load(&service->stop_polling); queue = queue->next, i++)
  {
    if (i % threads != index || atomic_load(&queue->is_removed))
      continue;
    mine++;
    *ok_out = poll_queue(service, queue, /*has_wait*/ count <= threads, err) && *ok_out;
  }
  return mine;
}

static void *
poll_thread(void *user)
{
  struct pb_service_poller *poller   = user;
  pb_service_t             *service  = poller->service;
  int                       failures = 0;

  while (!atomic_load(&service->stop_polling))
  {
    pb_error_t err  = {0};
    bool       ok   = true;
    int        mine = poll_round(service, poller->index, service->pollers_count, &err, &ok);

    if (atomic_load(&service->stop_polling))
      break;
    if (!ok)
    {
      pb_log(NULL, failures == 0 ? PB_LOG_WARN : PB_LOG_DEBUG, "%s: long poll: %s",
             service->registration->url, err.message);
      pause_for(service,
                pb_clock_backoff_ms(++failures, RETRY_MIN_MS, RETRY_BASE_MS, RETRY_CAP_MS));
      continue;
    }
    if (failures > 0)  // what happened meanwhile is asked for anew
    {
      failures = 0;
      for (pb_queue_t *queue = pb_service_get_queues(service); queue != NULL; queue = queue->next)
        pb_queue_sync(queue, 0);
    }
    if (mine != 1)
      pause_for(service, TURN_MS);
  }
  return NULL;
}

void
pb_service_start_polling(pb_service_t *service)
{
  int queues = 0;

  if (service->is_polling)
    return;
  pthread_mutex_lock(&service->mutex);
  for (pb_queue_t *queue = service->queues; queue != NULL; queue = queue->next)
    queues++;
  pthread_mutex_unlock(&service->mutex);
  atomic_store(&service->stop_polling, false);
  service->is_polling    = true;
  service->pollers_count = queues < 1                        ? 1
                           : queues > PB_SERVICE_POLLERS_MAX ? PB_SERVICE_POLLERS_MAX
                                                             : queues;
  for (int i = 0; i < service->pollers_count; i++)
  {
    service->pollers[i].service = service;
    service->pollers[i].index   = i;
    if (pthread_create(&service->pollers[i].thread, NULL, poll_thread, &service->pollers[i]) == 0)
      continue;
    pb_log(NULL, PB_LOG_ERROR, "%s: no thread for a long poll", service->registration->url);
    service->pollers_count = i;  // the others ask for its queues too
  }
}

void
pb_service_stop_polling(pb_service_t *service)
{
  if (!service->is_polling)
    return;
  atomic_store(&service->stop_polling, true);
  for (int i = 0; i < service->pollers_count; i++)
    pthread_join(service->pollers[i].thread, NULL);
  service->is_polling    = false;
  service->pollers_count = 0;
}
