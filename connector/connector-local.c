// connector-local - what the local CUPS tells by itself: the subscription for our notifier, and its
// events.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/connector-private.h"

#include "base/clock.h"
#include "base/log.h"
#include <stdlib.h>
#include <string.h>

#define NUMBER_NAME "cups-subscription"
#define TICK_MS 2000                    // how soon a doubt is acted upon
#define NO_CUPS_MS 2000                 // cupsd is away
#define NO_NOTIFIER_MS (5 * 60 * 1000)  // it is not installed: somebody may do so
#define RENEW_MS (30 * 60 * 1000)       // cupsd may have forgotten us without a word

// --- events

static bool
is_of_queue(const pb_queue_t *queue, const struct pb_event_note *note)
{
  const char *slash = strrchr(note->printer_uri, '/');

  if (note->printer_name[0] != '\0')
    return strcmp(note->printer_name, queue->name) == 0;
  // Job ids are CUPS's, whatever the queue: without a name the job decides.
  return slash == NULL || note->job_id > 0 || strcmp(slash + 1, queue->name) == 0;
}

static void
on_local_event(void *user, const struct pb_event_note *note)
{
  pb_connector_t *connector = user;

  pthread_mutex_lock(&connector->mutex);
  for (pb_service_t *service = connector->services; service != NULL; service = service->next)
  {
    for (pb_queue_t *queue = service->queues; queue != NULL; queue = queue->next)
    {
      if (!atomic_load(&queue->is_removed) && is_of_queue(queue, note))
        pb_queue_on_local_event(queue, note);
    }
  }
  pthread_mutex_unlock(&connector->mutex);
}

void
pb_connector_on_local_message(void *user, const void *message, size_t size)
{
  pb_connector_t *connector = user;
  pb_error_t      err       = {0};
  int             count     = 0;

  atomic_store(&connector->hub.heard_ms, pb_clock_mono_ms());
  if (!pb_event_parse(message, size, on_local_event, connector, &count, &err))
    pb_log(NULL, PB_LOG_WARN, "from the notifier: %s", err.message);
}

// --- the subscription

static void
drop_subscription(pb_connector_t *connector, pb_cups_t *cups)
{
  pb_error_t err = {0};
  int        id  = connector->subscription_id;

  // One of an earlier process would bring every event twice.
  if (id == 0)
    id = (int)pb_journal_get_number(connector->hub.journal, NUMBER_NAME, 0);
  connector->subscription_id = 0;
  if (id != 0 && !pb_cups_unsubscribe(cups, id, &err))
    pb_log(NULL, PB_LOG_DEBUG, "the subscription %d at CUPS is not ended: %s", id, err.message);
}

static int64_t
poll_instead(pb_connector_t *connector, const pb_error_t *why)
{
  bool is_missing = why->kind != PB_RETRY;

  atomic_store(&connector->hub.has_notifier, false);
  if (!connector->was_poll_said)
    pb_log(NULL, PB_LOG_WARN,
           "CUPS does not tell of events (%s): local jobs are looked at every %lld ms instead",
           why->message, (long long)connector->hub.options.poll_ms);
  connector->was_poll_said = true;
  return is_missing ? NO_NOTIFIER_MS : NO_CUPS_MS;
}

static int64_t
subscribe(pb_connector_t *connector, pb_cups_t *cups)
{
  pb_error_t err = {0};

  drop_subscription(connector, cups);
  if (!pb_cups_subscribe(cups, &connector->subscription_id, &err))
    return poll_instead(connector, &err);
  connector->subscribed_ms = pb_clock_mono_ms();
  connector->was_poll_said = false;
  if (!pb_journal_set_number(connector->hub.journal, NUMBER_NAME, connector->subscription_id, &err))
    pb_log(NULL, PB_LOG_DEBUG, "%s", err.message);
  atomic_store(&connector->hub.heard_ms, pb_clock_mono_ms());
  atomic_store(&connector->hub.has_notifier, true);
  pb_log(NULL, PB_LOG_DEBUG, "CUPS tells of events, subscription %d", connector->subscription_id);
  return TICK_MS;
}

int64_t
pb_connector_run_local(void *user, void *worker)
{
  pb_connector_t *connector = user;
  bool            is_old    = pb_clock_mono_ms() - connector->subscribed_ms > RENEW_MS;

  if (worker == NULL)
    return NO_CUPS_MS;
  if (connector->subscription_id != 0 && !is_old &&
      !atomic_exchange(&connector->hub.must_subscribe, false))
    return TICK_MS;
  return subscribe(connector, worker);
}

void
pb_connector_end_local(pb_connector_t *connector)
{
  pb_cups_t *cups = NULL;

  if (connector->subscription_id == 0 ||
      !pb_cups_open(connector->hub.options.cups_server, &cups, NULL))
    return;
  drop_subscription(connector, cups);
  pb_cups_close(cups);
}
