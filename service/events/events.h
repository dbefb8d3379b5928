// events - subscriptions (RFC 3995, 3996 and PWG 5100.18) and the notifications that they collect.
// Subscriptions, their ids and sequence numbers survive a restart; the notifications themselves are
// kept in memory, a bounded number each, for at least ippget-event-life.  Thread-safe: raise may be
// called from any worker.
// printer-up-time and notify-lease-expiration-time count the seconds since the service started,
// monotonic, from 1.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_EVENTS_EVENTS_H
#define PB_EVENTS_EVENTS_H

#include "base/db.h"
#include "ipp/message.h"

typedef struct pb_events pb_events_t;

enum pb_event_type  // the most specific keyword first where several fit; see RFC 3995 s5.3.3.4 and
                    // 5100.18
{
  PB_EVENT_JOB_CREATED,
  PB_EVENT_JOB_STATE_CHANGED,
  PB_EVENT_JOB_COMPLETED,
  PB_EVENT_JOB_STOPPED,
  PB_EVENT_JOB_PROGRESS,
  PB_EVENT_JOB_CONFIG_CHANGED,
  PB_EVENT_JOB_FETCHABLE,
  PB_EVENT_DOCUMENT_CREATED,
  PB_EVENT_DOCUMENT_STATE_CHANGED,
  PB_EVENT_DOCUMENT_COMPLETED,
  PB_EVENT_DOCUMENT_FETCHABLE,
  PB_EVENT_PRINTER_STATE_CHANGED,
  PB_EVENT_PRINTER_STOPPED,
  PB_EVENT_PRINTER_CONFIG_CHANGED,
  PB_EVENT_PRINTER_QUEUE_ORDER_CHANGED,
  PB_EVENT_DOCUMENT_STOPPED,
  PB_EVENT_DOCUMENT_CONFIG_CHANGED
};

// What happened; borrowed for the call.
struct pb_event
{
  enum pb_event_type type;
  int                printer_id;
  const char        *printer_uri;
  int                job_id;           // 0: none
  int                document_number;  // 0: none
  const char *job_owner;    // whose job it is, for their subscriptions and those of who may see
                            // all; NULL: everybody's
  const ipp_t *attributes;  // job-state, job-state-reasons, job-uuid, job-name, printer-state ...:
                            // copied into the event group as they are
  const char *text;         // notify-text
};

struct pb_events_ops
{
  // Bring a client's tunnel the message (it was not asked for); false: there is none.  May be
  // called from any thread.
  bool (*push)(void *user, const char *client_id, const void *message, size_t size);
  void *user;
};

bool pb_events_new(pb_db_t *db, const struct pb_events_ops *ops, pb_events_t **events_out,
                   pb_error_t *err) PB_MUST_USE;
void pb_events_free(pb_events_t *events);
// Outside of a database transaction, after the commit of what it tells: nobody takes an event back.
void pb_events_raise(pb_events_t *events, const struct pb_event *event);

// Who asks for a subscription; compared on later operations.
struct pb_event_owner
{
  const char *name;       // user or client id
  const char *client_id;  // whose tunnel gets the events; "": none
  bool        may_all;    // operator or administrator: sees and touches what is others'
};

// The operations.  request is the client's; response has its operation group already and gets
// status and groups. job_id 0: a printer subscription.  create also serves the subscription groups
// of a job creation request (RFC 3995 s11.1.3): then it never turns the response into an error,
// since the job is there.
void pb_events_create(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                      const char *printer_uri, int job_id, const struct pb_event_owner *owner);
void pb_events_get_attributes(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                              const struct pb_event_owner *owner);
void pb_events_list(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                    const struct pb_event_owner *owner);
void pb_events_renew(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                     const struct pb_event_owner *owner);
void pb_events_cancel(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                      const struct pb_event_owner *owner);

// Get-Notifications: fills the response and returns true; or returns false ("nothing yet"), having
// kept `wake` to call once, from any thread, when there is something (then call this again).  wait
// false: always fills.
typedef void (*pb_events_wake_t)(void *user);
bool pb_events_get(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                   const struct pb_event_owner *owner, bool may_wait, pb_events_wake_t wake,
                   void *user);
// Wakes everybody who waits.
void pb_events_wake_all(pb_events_t *events);
// The waiter gives up: after this returns, wake(user) is not called.
void pb_events_forget(pb_events_t *events, void *user);

// Description attributes that belong to events: notify-events-supported ... (RFC 3995 s5.3, RFC
// 3996 s7).
void pb_events_add_printer_attributes(ipp_t *response);
// Subscriptions of a printer or job that is gone, and expired leases.
void pb_events_drop_printer(pb_events_t *events, int printer_id);
// Those of a client to a printer that it has nothing to do with any more.
void pb_events_drop_client(pb_events_t *events, int printer_id, const char *client_id);
void pb_events_end_job(pb_events_t *events, int printer_id, int job_id);

#endif
