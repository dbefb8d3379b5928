// event - event notifications (RFC 3995, 3996; as the service pushes them and as cupsd's notifier
// writes them) as values. Bytes in, notes out; keeps nothing.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_EVENT_H
#define PB_CONNECTOR_EVENT_H

#include "ipp/message.h"

#define PB_EVENTS_PER_MESSAGE_MAX 2000  // a service that was alone for long may have many

struct pb_event_note
{
  char name[64];           // notify-subscribed-event: "job-fetchable"
  int  subscription_id;    // 0: not said
  int  sequence;           // 0: not said
  char printer_uri[1024];  // "" when not said, like the others
  char printer_name[128];
  int  job_id;     // notify-job-id or job-id; 0: not a job's
  int  job_state;  // ipp_jstate_t; 0: not said
  bool is_cancel;  // the job is canceled or aborted there, or on its way to it
};

typedef void (*pb_event_fn_t)(void *user, const struct pb_event_note *note);

// Each event group of a message, in order; *count_out of them.  PB_REJECT when the bytes are no IPP
// message.
bool pb_event_parse(const void *message, size_t size, pb_event_fn_t fn, void *user, int *count_out,
                    pb_error_t *err) PB_MUST_USE;
int  pb_event_each(ipp_t *message, pb_event_fn_t fn,
                   void *user);  // of a Get-Notifications response; returns how many

#endif
