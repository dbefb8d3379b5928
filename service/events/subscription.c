// subscription - one subscription and the bounded ring of notifications that it has collected.
// Plain data without a lock: pb_events_t's mutex guards it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/subscription.h"

#include "base/clock.h"
#include "ipp/attributes.h"
#include <stdlib.h>

#define RING_FIRST_ROOM 8

struct pb_occurrence *
pb_occurrence_new(const struct pb_event *event)
{
  struct pb_occurrence *what = calloc(1, sizeof(*what));

  if (what == NULL)
    return NULL;
  what->refs            = 1;
  what->type            = event->type;
  what->mono_ms         = pb_clock_mono_ms();
  what->wall_ms         = pb_clock_now_ms();
  what->job_id          = event->job_id;
  what->document_number = event->document_number;
  what->printer_uri     = pb_text_dup(event->printer_uri != NULL ? event->printer_uri : "");
  what->text            = pb_text_dup(event->text != NULL ? event->text : "");
  what->job_owner       = pb_text_dup(event->job_owner);
  what->attributes      = ippNew();
  if (what->printer_uri == NULL || what->text == NULL || what->attributes == NULL ||
      (what->job_owner == NULL && event->job_owner != NULL))
    goto failed;

  // libcups keeps its place in the message itself, so even a walk wants it writable.
  ipp_t *from = (ipp_t *)event->attributes;
  for (ipp_attribute_t *a = from != NULL ? ippFirstAttribute(from) : NULL; a != NULL;
       a                  = ippNextAttribute(from))
  {
    if (ippGetName(a) != NULL &&
        ippFindAttribute(what->attributes, ippGetName(a), IPP_TAG_ZERO) == NULL &&
        !pb_attributes_copy_one(a, what->attributes, IPP_TAG_EVENT_NOTIFICATION))
      goto failed;
  }
  return what;

failed:
  pb_occurrence_free(what);
  return NULL;
}

void
pb_occurrence_free(struct pb_occurrence *what)
{
  if (what == NULL || --what->refs > 0)
    return;
  free(what->printer_uri);
  free(what->text);
  free(what->job_owner);
  ippDelete(what->attributes);
  free(what);
}

int
pb_up_time(int64_t started_ms, int64_t mono_ms)
{
  return (int)((mono_ms - started_ms) / 1000) + 1;
}

void
pb_subscription_row_clear(struct pb_subscription_row *row)
{
  free(row->owner);
  free(row->client_id);
  free(row->printer_uri);
  *row = (struct pb_subscription_row){0};
}

pb_subscription_t *
pb_subscription_new(struct pb_subscription_row *row)
{
  pb_subscription_t *subscription = calloc(1, sizeof(*subscription));

  if (subscription == NULL)
  {
    pb_subscription_row_clear(row);
    return NULL;
  }
  subscription->row           = *row;  // ownership moves to the subscription
  *row                        = (struct pb_subscription_row){0};
  subscription->next_sequence = subscription->row.reserved - PB_SEQUENCE_STEP;
  subscription->used_ms       = pb_clock_mono_ms();
  return subscription;
}

static struct pb_notification *
ring_at(const pb_subscription_t *subscription, int index)
{
  return &subscription->ring[(subscription->ring_first + index) % subscription->ring_room];
}

static void
drop_oldest(pb_subscription_t *subscription)
{
  pb_occurrence_free(ring_at(subscription, 0)->what);
  subscription->ring_first = (subscription->ring_first + 1) % subscription->ring_room;
  subscription->ring_count--;
}

void
pb_subscription_free(pb_subscription_t *subscription)
{
  if (subscription == NULL)
    return;
  while (subscription->ring_count > 0)
    drop_oldest(subscription);
  free(subscription->ring);
  pb_subscription_row_clear(&subscription->row);
  free(subscription);
}

static bool
grow_ring(pb_subscription_t *subscription)
{
  int room = subscription->ring_room > 0 ? subscription->ring_room * 2 : RING_FIRST_ROOM;

  if (room > PB_NOTIFICATIONS_MAX)
    room = PB_NOTIFICATIONS_MAX;
  struct pb_notification *ring = calloc((size_t)room, sizeof(*ring));
  if (ring == NULL)
    return false;
  for (int i = 0; i < subscription->ring_count; i++)
    ring[i] = *ring_at(subscription, i);
  free(subscription->ring);
  subscription->ring       = ring;
  subscription->ring_room  = room;
  subscription->ring_first = 0;
  return true;
}

void
pb_subscription_trim(pb_subscription_t *subscription, int64_t mono_ms)
{
  while (subscription->ring_count > 0 &&
         ring_at(subscription, 0)->what->mono_ms < mono_ms - PB_NOTIFICATION_KEEP_MS)
    drop_oldest(subscription);
}

static bool
is_about_mine(const pb_subscription_t *subscription, const struct pb_occurrence *what)
{
  if (subscription->ended_ms != 0)
    return false;
  if (subscription->row.job_id == 0 || pb_event_is_of_printer(what->type))
    return true;
  return subscription->row.job_id == what->job_id;
}

// Other people's jobs are nobody's business, as in Get-Jobs: only a connector, an operator or an
// administrator hears of them.
static bool
may_hear(const pb_subscription_t *subscription, const struct pb_occurrence *what)
{
  return what->job_owner == NULL || subscription->row.sees_all ||
         pb_text_is_equal(subscription->row.owner, what->job_owner);
}

// notify-time-interval (RFC 3995 s5.3.9) thins out job-progress only.
static bool
is_too_soon(pb_subscription_t *subscription, const struct pb_occurrence *what)
{
  if (what->type != PB_EVENT_JOB_PROGRESS || subscription->row.interval_s == 0)
    return false;
  if (subscription->progress_ms != 0 &&
      what->mono_ms < subscription->progress_ms + subscription->row.interval_s * 1000LL)
    return true;
  subscription->progress_ms = what->mono_ms;
  return false;
}

const struct pb_notification *
pb_subscription_hear(pb_subscription_t *subscription, struct pb_occurrence *what)
{
  enum pb_event_type match = what->type;

  if (!is_about_mine(subscription, what) || !may_hear(subscription, what) ||
      !pb_event_match(subscription->row.events, what->type, &match) ||
      is_too_soon(subscription, what))
    return NULL;
  pb_subscription_trim(subscription, what->mono_ms);
  if (subscription->ring_count == PB_NOTIFICATIONS_MAX)
    drop_oldest(subscription);
  if (subscription->ring_count == subscription->ring_room && !grow_ring(subscription))
  {
    if (subscription->ring_count == 0)
      return NULL;
    drop_oldest(subscription);
  }

  struct pb_notification *notification = ring_at(subscription, subscription->ring_count);
  subscription->ring_count++;
  what->refs++;
  *notification = (struct pb_notification){subscription->next_sequence, match, what};
  // After 2^31 events the numbers stay at their end rather than turn negative.
  if (subscription->next_sequence < INT32_MAX)
    subscription->next_sequence++;
  return notification;
}

const struct pb_notification *
pb_subscription_find(const pb_subscription_t *subscription, int sequence)
{
  for (int i = 0; i < subscription->ring_count; i++)
  {
    const struct pb_notification *notification = ring_at(subscription, i);
    if (notification->sequence >= sequence)
      return notification;
  }
  return NULL;
}

static bool
add_subject(const struct pb_occurrence *what, ipp_t *to)
{
  const ipp_tag_t group = IPP_TAG_EVENT_NOTIFICATION;

  // PWG 5100.18 says job-id, RFC 3995 notify-job-id, and proxies look for one or the other.
  if (what->job_id != 0 &&
      (ippAddInteger(to, group, IPP_TAG_INTEGER, "job-id", what->job_id) == NULL ||
       ippAddInteger(to, group, IPP_TAG_INTEGER, "notify-job-id", what->job_id) == NULL))
    return false;
  return what->document_number == 0 || ippAddInteger(to, group, IPP_TAG_INTEGER, "document-number",
                                                     what->document_number) != NULL;
}

static bool
is_ours(const char *name)
{
  static const char *const names[] = {"job-id", "notify-job-id", "document-number",
                                      "printer-up-time", "printer-current-time"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
  {
    if (pb_text_is_equal(name, names[i]))
      return true;
  }
  return pb_text_has_prefix(name, "notify-");
}

bool
pb_subscription_add_notification(const pb_subscription_t      *subscription,
                                 const struct pb_notification *notification, ipp_t *to)
{
  const struct pb_subscription_row *row   = &subscription->row;
  const struct pb_occurrence       *what  = notification->what;
  const ipp_tag_t                   group = IPP_TAG_EVENT_NOTIFICATION;
  const char *uri = what->printer_uri[0] != '\0' ? what->printer_uri : row->printer_uri;

  ippAddSeparator(to);
  ippAddInteger(to, group, IPP_TAG_INTEGER, "notify-subscription-id", row->id);
  ippAddString(to, group, IPP_TAG_URI, "notify-subscription-uuid", NULL, row->uuid);
  ippAddString(to, group, IPP_TAG_URI, "notify-printer-uri", NULL, uri);
  ippAddString(to, group, IPP_TAG_KEYWORD, "notify-subscribed-event", NULL,
               pb_event_keyword(notification->match));
  ippAddInteger(to, group, IPP_TAG_INTEGER, "notify-sequence-number", notification->sequence);
  ippAddInteger(to, group, IPP_TAG_INTEGER, "printer-up-time",
                pb_up_time(subscription->started_ms, what->mono_ms));
  ippAddDate(to, group, "printer-current-time", ippTimeToDate((time_t)(what->wall_ms / 1000)));
  ippAddString(to, group, IPP_TAG_CHARSET, "notify-charset", NULL, "utf-8");
  ippAddString(to, group, IPP_TAG_LANGUAGE, "notify-natural-language", NULL, "en");
  ippAddOctetString(to, group, "notify-user-data", row->user_data, row->user_data_size);
  if (ippAddString(to, group, IPP_TAG_TEXT, "notify-text", NULL, what->text) == NULL ||
      !add_subject(what, to))
    return false;

  for (ipp_attribute_t *a = ippFirstAttribute(what->attributes); a != NULL;
       a                  = ippNextAttribute(what->attributes))
  {
    if (!is_ours(ippGetName(a)) && !pb_attributes_copy_one(a, to, group))
      return false;
  }
  return true;
}
