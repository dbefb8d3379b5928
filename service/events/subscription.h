// subscription - one subscription and the bounded ring of notifications that it has collected.
// Plain data without a lock: pb_events_t's mutex guards it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_EVENTS_SUBSCRIPTION_H
#define PB_EVENTS_SUBSCRIPTION_H

#include "base/text.h"
#include "events/keyword.h"

#define PB_USER_DATA_MAX 63  // octets, RFC 3995 s5.3.4
#define PB_NOTIFICATIONS_MAX                                                                       \
  1000  // of one subscription: ten minutes of a very busy printer; then the oldest go
#define PB_NOTIFICATION_KEEP_MS                                                                    \
  (60 * 60 * 1000LL)           // far beyond ippget-event-life, for a connector that was away
#define PB_SEQUENCE_STEP 1000  // numbers reserved on disk at a time

// What happened, once for all subscriptions that hear of it.
struct pb_occurrence
{
  int                refs;
  uint64_t           order;  // of all occurrences of this service
  enum pb_event_type type;
  int64_t            mono_ms, wall_ms;
  int                job_id, document_number;
  char              *printer_uri;
  char              *text;
  char              *job_owner;  // NULL: everybody's
  ipp_t             *attributes;
};

struct pb_notification
{
  int                   sequence;
  enum pb_event_type    match;
  struct pb_occurrence *what;
};

// What the database keeps.
struct pb_subscription_row
{
  int             id;
  char            uuid[PB_UUID_SIZE];
  char           *owner, *client_id, *printer_uri;
  int             printer_id, job_id;
  bool            sees_all;  // hears of other people's jobs too
  pb_event_mask_t events;
  int             lease_s;     // 0: for ever
  int64_t         expires_ms;  // wall clock; 0: never
  uint8_t         user_data[PB_USER_DATA_MAX];
  int             user_data_size;
  int             interval_s;  // between job-progress notifications
  int             reserved;    // sequence numbers below this one may have been used
};

typedef struct pb_subscription
{
  struct pb_subscription_row row;
  struct pb_subscription    *next_of_printer, *next_of_id;
  int                        next_sequence;
  int64_t                    started_ms;   // monotonic: when the service was
  int64_t                    used_ms;      // monotonic: last asked for by its owner
  int64_t                    progress_ms;  // monotonic: last job-progress; 0: none yet
  int64_t                    ended_ms;  // monotonic: the job ended or the lease ran out; 0: alive
  struct pb_notification    *ring;
  int                        ring_room, ring_first, ring_count;
} pb_subscription_t;

// printer-up-time at that time: seconds since the service started, from 1.
int pb_up_time(int64_t started_ms, int64_t mono_ms);

struct pb_occurrence *pb_occurrence_new(const struct pb_event *event);  // NULL: out of memory
void                  pb_occurrence_free(struct pb_occurrence *what);   // drops one reference

// Takes what row points to, and zeroes it, also when it fails.
pb_subscription_t *pb_subscription_new(struct pb_subscription_row *row);
void               pb_subscription_free(pb_subscription_t *subscription);
void               pb_subscription_row_clear(struct pb_subscription_row *row);

// Does it want this event?  Then take the next number and keep the notification; it is borrowed
// until the next call.
const struct pb_notification *pb_subscription_hear(pb_subscription_t    *subscription,
                                                   struct pb_occurrence *what);
void pb_subscription_trim(pb_subscription_t *subscription, int64_t mono_ms);
// The kept notification with the lowest number of at least `sequence`; NULL: none.
const struct pb_notification *pb_subscription_find(const pb_subscription_t *subscription,
                                                   int                      sequence);

// One event-notification group (RFC 3995 s9.1, RFC 3996 s5.2.2); false: out of memory.
bool pb_subscription_add_notification(const pb_subscription_t      *subscription,
                                      const struct pb_notification *notification, ipp_t *to);

#endif
