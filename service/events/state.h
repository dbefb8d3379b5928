// state - what pb_events_t holds, for the files of this folder.
// Lock order: the mutex guards everything here and is a leaf: neither the database nor a callback
// is called under it (a caller of ours may hold the database's own lock already).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_EVENTS_STATE_H
#define PB_EVENTS_STATE_H

#include "events/subscription.h"
#include <pthread.h>

#define PB_EVENTS_BUCKETS 1024
#define PB_EVENT_LIFE_S 15               // ippget-event-life and notify-get-interval: see README.md
#define PB_ENDED_KEEP_MS (120 * 1000LL)  // an ended subscription still gives out what it has
#define PB_LEASE_DEFAULT_S 86400
#define PB_LEASE_MAX_S 67108863      // RFC 3995 s5.3.8
#define PB_SUBSCRIPTIONS_MAX 200000  // of the service: about 1 KB each
#define PB_SUBSCRIPTIONS_PER_PRINTER 100
#define PB_SUBSCRIPTIONS_PER_OWNER 10  // on one printer
#define PB_IDS_MAX 100                 // subscriptions in one Get-Notifications
#define PB_EVENTS_MAX 32               // values of notify-events

// A Get-Notifications that waits: for which subscriptions, from which number on.
struct pb_wanted
{
  int count;
  int ids[PB_IDS_MAX];
  int sequences[PB_IDS_MAX];
};

struct pb_waiter;
struct pb_wake_call;
struct pb_outbox;

struct pb_events
{
  pb_db_t             *db;
  struct pb_events_ops ops;

  pthread_mutex_t      mutex;
  pthread_cond_t       called;  // a wake or a push has returned
  pb_subscription_t   *by_printer[PB_EVENTS_BUCKETS];
  pb_subscription_t   *by_id[PB_EVENTS_BUCKETS];
  int                  count;
  uint64_t             order;                       // of the last occurrence
  int64_t              started_ms;                  // monotonic
  int64_t              swept_ms;                    // monotonic
  struct pb_waiter    *waiting[PB_EVENTS_BUCKETS];  // by printer
  struct pb_waiter    *waking;                      // their event has come
  struct pb_wake_call *calls;                       // wakes that are running
  struct pb_outbox    *outboxes;                    // of clients with something to push
};

// --- the table of subscriptions.  NULL: none.  An expired lease ends a subscription here.
pb_subscription_t *pb_events_find_locked(pb_events_t *events, int printer_id, int id);
pb_subscription_t *pb_events_first_locked(pb_events_t *events, int printer_id);
pb_subscription_t *pb_events_next_locked(pb_subscription_t *after);  // of the same printer
void               pb_events_link_locked(pb_events_t *events, pb_subscription_t *subscription);
void               pb_events_unlink_locked(pb_events_t       *events,
                                           pb_subscription_t *subscription);  // the caller frees
void pb_events_sweep(pb_events_t *events);  // expired leases, now and then; not locked

// May this owner touch the subscription?
bool pb_events_is_owner(const pb_subscription_t *subscription, const struct pb_event_owner *owner);
// The subscription that the request names, alive and the owner's; else NULL, with the response's
// status set.
pb_subscription_t *pb_events_get_named_locked(pb_events_t *events, ipp_t *request, ipp_t *response,
                                              int printer_id, const struct pb_event_owner *owner);

// --- store: the database.  Never called locked.
bool pb_events_store_load(pb_events_t *events, pb_error_t *err) PB_MUST_USE;
bool pb_events_store_insert(pb_db_t *db, const struct pb_subscription_row *row,
                            pb_error_t *err) PB_MUST_USE;
bool pb_events_store_renew(pb_db_t *db, int id, int lease_s, int64_t expires_ms,
                           pb_error_t *err) PB_MUST_USE;
bool pb_events_store_reserve(pb_db_t *db, int id, int reserved, pb_error_t *err) PB_MUST_USE;
bool pb_events_store_delete(pb_db_t *db, int id, pb_error_t *err) PB_MUST_USE;
bool pb_events_store_delete_job(pb_db_t *db, int printer_id, int job_id,
                                pb_error_t *err) PB_MUST_USE;
bool pb_events_store_delete_printer(pb_db_t *db, int printer_id, pb_error_t *err) PB_MUST_USE;
bool pb_events_store_delete_client(pb_db_t *db, int printer_id, const char *client_id,
                                   pb_error_t *err) PB_MUST_USE;
bool pb_events_store_delete_expired(pb_db_t *db, int64_t now_ms, pb_error_t *err) PB_MUST_USE;

// --- wait: those who wait in Get-Notifications
bool pb_events_is_ready_locked(pb_events_t *events, int printer_id, const struct pb_wanted *wanted);
bool pb_events_wait_locked(pb_events_t *events, int printer_id, const struct pb_wanted *wanted,
                           pb_events_wake_t wake, void *user);
void pb_events_check_waiters_locked(pb_events_t *events, int printer_id);  // something changed
void pb_events_run_wakes(pb_events_t *events);                             // not locked
void pb_events_free_waiters(pb_events_t *events);

// --- push: what goes down the tunnels, in order for each client
void pb_events_post_locked(pb_events_t *events, const pb_subscription_t *subscription,
                           const struct pb_notification *notification);
void pb_events_run_pushes(pb_events_t *events);  // not locked
void pb_events_free_outboxes(pb_events_t *events);

// The operation attributes that go with notifications: notify-get-interval and printer-up-time.
void pb_events_add_times(const pb_events_t *events, ipp_t *response, int interval_s);

#endif
