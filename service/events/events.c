// events - the table of subscriptions, and how an event reaches them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/events.h"

#include "base/clock.h"
#include "base/log.h"
#include "events/state.h"
#include <stdlib.h>

#define SWEEP_MS (30 * 1000LL)
#define RESERVE_AT (PB_SEQUENCE_STEP / 2)  // numbers left when the next step is reserved
#define RESERVES_PER_RAISE 64              // the others' turn comes with the next event

static unsigned
bucket_of(int number)
{
  return (unsigned)number % PB_EVENTS_BUCKETS;
}

static void
end_if_expired(pb_subscription_t *subscription)
{
  if (subscription->ended_ms == 0 && subscription->row.expires_ms != 0 &&
      subscription->row.expires_ms <= pb_clock_now_ms())
    subscription->ended_ms = pb_clock_mono_ms();
}

pb_subscription_t *
pb_events_find_locked(pb_events_t *events, int printer_id, int id)
{
  pb_subscription_t *s = events->by_id[bucket_of(id)];

  while (s != NULL && s->row.id != id)
    s = s->next_of_id;
  if (s == NULL || (printer_id != 0 && s->row.printer_id != printer_id))
    return NULL;
  end_if_expired(s);
  return s;
}

static pb_subscription_t *
skip_to_printer(pb_subscription_t *s, int printer_id)
{
  while (s != NULL && s->row.printer_id != printer_id)
    s = s->next_of_printer;
  if (s != NULL)
    end_if_expired(s);
  return s;
}

pb_subscription_t *
pb_events_first_locked(pb_events_t *events, int printer_id)
{
  return skip_to_printer(events->by_printer[bucket_of(printer_id)], printer_id);
}

pb_subscription_t *
pb_events_next_locked(pb_subscription_t *after)
{
  return skip_to_printer(after->next_of_printer, after->row.printer_id);
}

void
pb_events_link_locked(pb_events_t *events, pb_subscription_t *subscription)
{
  pb_subscription_t **of_printer = &events->by_printer[bucket_of(subscription->row.printer_id)];
  pb_subscription_t **of_id      = &events->by_id[bucket_of(subscription->row.id)];

  subscription->next_of_printer = *of_printer;
  subscription->next_of_id      = *of_id;
  *of_printer                   = subscription;
  *of_id                        = subscription;
  events->count++;
  subscription->started_ms = events->started_ms;
}

void
pb_events_unlink_locked(pb_events_t *events, pb_subscription_t *subscription)
{
  pb_subscription_t **of_printer = &events->by_printer[bucket_of(subscription->row.printer_id)];
  pb_subscription_t **of_id      = &events->by_id[bucket_of(subscription->row.id)];

  while (*of_printer != subscription)
    of_printer = &(*of_printer)->next_of_printer;
  *of_printer = subscription->next_of_printer;
  while (*of_id != subscription)
    of_id = &(*of_id)->next_of_id;
  *of_id = subscription->next_of_id;
  events->count--;
}

// Ended subscriptions have been kept long enough; old notifications go.
static int
sweep_locked(pb_events_t *events, int64_t mono_ms)
{
  int expired = 0;

  for (int i = 0; i < PB_EVENTS_BUCKETS; i++)
  {
    for (pb_subscription_t *s = events->by_printer[i], *next = NULL; s != NULL; s = next)
    {
      bool was_alive = s->ended_ms == 0;

      next = s->next_of_printer;
      end_if_expired(s);
      if (was_alive && s->ended_ms != 0)
      {
        expired++;
        pb_events_check_waiters_locked(events, s->row.printer_id);
      }
      pb_subscription_trim(s, mono_ms);
      if (s->ended_ms != 0 && s->ended_ms + PB_ENDED_KEEP_MS < mono_ms)
      {
        pb_events_unlink_locked(events, s);
        pb_subscription_free(s);
      }
    }
  }
  return expired;
}

void
pb_events_sweep(pb_events_t *events)
{
  pb_error_t err     = {0};
  int64_t    mono_ms = pb_clock_mono_ms();
  int        expired = 0;

  pthread_mutex_lock(&events->mutex);
  if (mono_ms - events->swept_ms >= SWEEP_MS)
  {
    events->swept_ms = mono_ms;
    expired          = sweep_locked(events, mono_ms);
  }
  pthread_mutex_unlock(&events->mutex);
  // What ended by a look in between is deleted with the next that the sweep sees, or at the next
  // start.
  if (expired > 0 && !pb_events_store_delete_expired(events->db, pb_clock_now_ms(), &err))
    pb_log(NULL, PB_LOG_WARN, "expired subscriptions stay in the database: %s", err.message);
  pb_events_run_wakes(events);
}

bool
pb_events_new(pb_db_t *db, const struct pb_events_ops *ops, pb_events_t **events_out,
              pb_error_t *err)
{
  pb_events_t *events = calloc(1, sizeof(*events));

  if (events == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for the events");
  events->db         = db;
  events->started_ms = pb_clock_mono_ms();
  events->swept_ms   = events->started_ms;
  if (ops != NULL)
    events->ops = *ops;
  pthread_mutex_init(&events->mutex, NULL);
  pthread_cond_init(&events->called, NULL);
  if (!pb_events_store_load(events, err))
  {
    pb_events_free(events);
    return false;
  }
  *events_out = events;
  return true;
}

void
pb_events_free(pb_events_t *events)
{
  if (events == NULL)
    return;
  pb_events_free_waiters(events);
  pb_events_free_outboxes(events);
  for (int i = 0; i < PB_EVENTS_BUCKETS; i++)
  {
    while (events->by_printer[i] != NULL)
    {
      pb_subscription_t *s = events->by_printer[i];
      pb_events_unlink_locked(events, s);
      pb_subscription_free(s);
    }
  }
  pthread_cond_destroy(&events->called);
  pthread_mutex_destroy(&events->mutex);
  free(events);
}

struct reserve
{
  int id, reserved;
};

// Every subscription that wants the event takes it.  Returns how many then run low on reserved
// numbers.
static int
hear_locked(pb_events_t *events, int printer_id, struct pb_occurrence *what,
            struct reserve low[RESERVES_PER_RAISE])
{
  int count = 0;

  what->order = ++events->order;
  for (pb_subscription_t *s = pb_events_first_locked(events, printer_id); s != NULL;
       s                    = pb_events_next_locked(s))
  {
    const struct pb_notification *heard = pb_subscription_hear(s, what);

    if (heard == NULL)
      continue;
    if (s->row.client_id[0] != '\0' && events->ops.push != NULL)
      pb_events_post_locked(events, s, heard);
    if (s->next_sequence + RESERVE_AT >= s->row.reserved && count < RESERVES_PER_RAISE &&
        s->row.reserved < INT32_MAX - PB_SEQUENCE_STEP)
    {
      s->row.reserved += PB_SEQUENCE_STEP;  // so that one thread writes it
      low[count++] = (struct reserve){s->row.id, s->row.reserved};
    }
  }
  pb_events_check_waiters_locked(events, printer_id);
  return count;
}

void
pb_events_raise(pb_events_t *events, const struct pb_event *event)
{
  struct reserve        low[RESERVES_PER_RAISE];
  int                   count = 0;
  pb_error_t            err   = {0};
  struct pb_occurrence *what  = pb_occurrence_new(event);

  if (what == NULL)
  {
    // Whoever waits finds out by asking for the jobs: every connector does so at each reconnect.
    pb_log(NULL, PB_LOG_ERROR, "out of memory: event %s is lost", pb_event_keyword(event->type));
    return;
  }
  pthread_mutex_lock(&events->mutex);
  count = hear_locked(events, event->printer_id, what, low);
  pb_occurrence_free(what);  // others hold references under the lock
  pthread_mutex_unlock(&events->mutex);

  pb_events_run_pushes(events);
  pb_events_run_wakes(events);
  for (int i = 0; i < count; i++)
  {
    if (!pb_events_store_reserve(events->db, low[i].id, low[i].reserved, &err))
      pb_log(NULL, PB_LOG_ERROR, "sequence numbers of subscription %d are not saved: %s", low[i].id,
             err.message);
  }
  pb_events_sweep(events);
}

void
pb_events_drop_printer(pb_events_t *events, int printer_id)
{
  pb_error_t err = {0};

  pthread_mutex_lock(&events->mutex);
  for (pb_subscription_t *s = pb_events_first_locked(events, printer_id), *next = NULL; s != NULL;
       s = next)
  {
    next = pb_events_next_locked(s);
    pb_events_unlink_locked(events, s);
    pb_subscription_free(s);
  }
  pb_events_check_waiters_locked(events, printer_id);
  pthread_mutex_unlock(&events->mutex);

  if (!pb_events_store_delete_printer(events->db, printer_id, &err))
    pb_log(NULL, PB_LOG_WARN, "subscriptions of printer %d stay in the database: %s", printer_id,
           err.message);
  pb_events_run_wakes(events);
}

void
pb_events_drop_client(pb_events_t *events, int printer_id, const char *client_id)
{
  pb_error_t err = {0};

  pthread_mutex_lock(&events->mutex);
  for (pb_subscription_t *s = pb_events_first_locked(events, printer_id), *next = NULL; s != NULL;
       s = next)
  {
    next = pb_events_next_locked(s);
    if (!pb_text_is_equal(s->row.client_id, client_id))
      continue;
    pb_events_unlink_locked(events, s);
    pb_subscription_free(s);
  }
  pb_events_check_waiters_locked(events, printer_id);
  pthread_mutex_unlock(&events->mutex);

  if (!pb_events_store_delete_client(events->db, printer_id, client_id, &err))
    pb_log(NULL, PB_LOG_WARN, "subscriptions of %s stay in the database: %s", client_id,
           err.message);
  pb_events_run_wakes(events);
}

void
pb_events_end_job(pb_events_t *events, int printer_id, int job_id)
{
  pb_error_t err   = {0};
  int        count = 0;

  if (job_id == 0)
    return;
  pthread_mutex_lock(&events->mutex);
  for (pb_subscription_t *s = pb_events_first_locked(events, printer_id); s != NULL;
       s                    = pb_events_next_locked(s))
  {
    if (s->row.job_id != job_id || s->ended_ms != 0)
      continue;
    s->ended_ms = pb_clock_mono_ms();
    count++;
  }
  pb_events_check_waiters_locked(events, printer_id);
  pthread_mutex_unlock(&events->mutex);

  if (count > 0 && !pb_events_store_delete_job(events->db, printer_id, job_id, &err))
    pb_log(NULL, PB_LOG_WARN, "subscriptions of job %d stay in the database: %s", job_id,
           err.message);
  pb_events_run_wakes(events);
}
