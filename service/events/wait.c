// wait - those who wait in Get-Notifications, and how they are woken.
// A wake runs without the mutex; forget returns only when no wake of that user is running any more.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/state.h"

#include <stdlib.h>

struct pb_waiter
{
  struct pb_waiter *next;
  int               printer_id;
  pb_events_wake_t  wake;
  void             *user;
  struct pb_wanted  wanted;
};

// On the stack of the thread that calls.
struct pb_wake_call
{
  struct pb_wake_call *next;
  void                *user;
  pthread_t            thread;
};

bool
pb_events_is_ready_locked(pb_events_t *events, int printer_id, const struct pb_wanted *wanted)
{
  bool is_any_alive = false;

  for (int i = 0; i < wanted->count; i++)
  {
    const pb_subscription_t *s = pb_events_find_locked(events, printer_id, wanted->ids[i]);

    if (s == NULL || pb_subscription_find(s, wanted->sequences[i]) != NULL)
      return true;
    is_any_alive = is_any_alive || s->ended_ms == 0;
  }
  return !is_any_alive;
}

// Unlinks this user's waiters of one list.
static void
remove_user(struct pb_waiter **list, const void *user)
{
  while (*list != NULL)
  {
    struct pb_waiter *waiter = *list;

    if (waiter->user != user)
    {
      list = &waiter->next;
      continue;
    }
    *list = waiter->next;
    free(waiter);
  }
}

bool
pb_events_wait_locked(pb_events_t *events, int printer_id, const struct pb_wanted *wanted,
                      pb_events_wake_t wake, void *user)
{
  struct pb_waiter **list   = &events->waiting[(unsigned)printer_id % PB_EVENTS_BUCKETS];
  struct pb_waiter  *waiter = calloc(1, sizeof(*waiter));

  if (waiter == NULL)
    return false;
  remove_user(list, user);
  *waiter = (struct pb_waiter){*list, printer_id, wake, user, *wanted};
  *list   = waiter;
  return true;
}

void
pb_events_check_waiters_locked(pb_events_t *events, int printer_id)
{
  struct pb_waiter **list = &events->waiting[(unsigned)printer_id % PB_EVENTS_BUCKETS];

  while (*list != NULL)
  {
    struct pb_waiter *waiter = *list;

    if (waiter->printer_id != printer_id ||
        !pb_events_is_ready_locked(events, printer_id, &waiter->wanted))
    {
      list = &waiter->next;
      continue;
    }
    *list          = waiter->next;
    waiter->next   = events->waking;
    events->waking = waiter;
  }
}

void
pb_events_wake_all(pb_events_t *events)
{
  pthread_mutex_lock(&events->mutex);
  for (int i = 0; i < PB_EVENTS_BUCKETS; i++)
    while (events->waiting[i] != NULL)
    {
      struct pb_waiter *waiter = events->waiting[i];

      events->waiting[i] = waiter->next;
      waiter->next       = events->waking;
      events->waking     = waiter;
    }
  pthread_mutex_unlock(&events->mutex);
  pb_events_run_wakes(events);
}

static void
end_call_locked(pb_events_t *events, struct pb_wake_call *call)
{
  struct pb_wake_call **at = &events->calls;

  while (*at != call)
    at = &(*at)->next;
  *at = call->next;
  pthread_cond_broadcast(&events->called);
}

void
pb_events_run_wakes(pb_events_t *events)
{
  pthread_mutex_lock(&events->mutex);
  while (events->waking != NULL)
  {
    struct pb_waiter   *waiter = events->waking;
    struct pb_wake_call call   = {events->calls, waiter->user, pthread_self()};

    events->waking = waiter->next;
    events->calls  = &call;
    pthread_mutex_unlock(&events->mutex);
    waiter->wake(waiter->user);
    free(waiter);
    pthread_mutex_lock(&events->mutex);
    end_call_locked(events, &call);
  }
  pthread_mutex_unlock(&events->mutex);
}

static bool
is_called_elsewhere(const pb_events_t *events, const void *user)
{
  for (const struct pb_wake_call *call = events->calls; call != NULL; call = call->next)
  {
    // A wake that forgets itself must not wait for itself.
    if (call->user == user && !pthread_equal(call->thread, pthread_self()))
      return true;
  }
  return false;
}

void
pb_events_forget(pb_events_t *events, void *user)
{
  pthread_mutex_lock(&events->mutex);
  for (int i = 0; i < PB_EVENTS_BUCKETS; i++)
    remove_user(&events->waiting[i], user);
  remove_user(&events->waking, user);
  while (is_called_elsewhere(events, user))
    pthread_cond_wait(&events->called, &events->mutex);
  pthread_mutex_unlock(&events->mutex);
}

void
pb_events_free_waiters(pb_events_t *events)
{
  for (int i = 0; i <= PB_EVENTS_BUCKETS; i++)
  {
    struct pb_waiter **list = i < PB_EVENTS_BUCKETS ? &events->waiting[i] : &events->waking;
    while (*list != NULL)
    {
      struct pb_waiter *waiter = *list;
      *list                    = waiter->next;
      free(waiter);
    }
  }
}
