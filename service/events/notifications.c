// notifications - Get-Notifications (RFC 3996 s5), held open as a long poll.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/state.h"

#include "base/clock.h"
#include "ipp/attributes.h"

#define GROUPS_MAX                                                                                 \
  100  // in one response; the rest comes with the next, for which no interval need pass

void
pb_events_add_times(const pb_events_t *events, ipp_t *response, int interval_s)
{
  ippAddInteger(response, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-get-interval", interval_s);
  ippAddInteger(response, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "printer-up-time",
                pb_up_time(events->started_ms, pb_clock_mono_ms()));
}

static bool
parse_wanted(ipp_t *request, ipp_t *response, struct pb_wanted *wanted)
{
  ipp_attribute_t *ids =
    pb_ipp_find(request, IPP_TAG_OPERATION, "notify-subscription-ids", IPP_TAG_INTEGER);
  ipp_attribute_t *numbers =
    pb_ipp_find(request, IPP_TAG_OPERATION, "notify-sequence-numbers", IPP_TAG_INTEGER);

  wanted->count = ids != NULL ? ippGetCount(ids) : 0;
  if (wanted->count < 1)
  {
    pb_ipp_set_status(response, IPP_STATUS_ERROR_BAD_REQUEST, "Missing notify-subscription-ids.");
    return false;
  }
  if (wanted->count > PB_IDS_MAX)
  {
    pb_ipp_set_status(response, IPP_STATUS_ERROR_REQUEST_VALUE, "More than %d subscriptions.",
                      PB_IDS_MAX);
    return false;
  }
  for (int i = 0; i < wanted->count; i++)
  {
    wanted->ids[i] = ippGetInteger(ids, i);
    wanted->sequences[i] =
      numbers != NULL && i < ippGetCount(numbers) ? ippGetInteger(numbers, i) : 1;
  }
  return true;
}

// All of them must be known and the caller's; what is not goes into the unsupported group.
static bool
check_wanted_locked(pb_events_t *events, ipp_t *response, int printer_id,
                    const struct pb_event_owner *owner, const struct pb_wanted *wanted)
{
  int missing[PB_IDS_MAX];
  int count = 0;

  for (int i = 0; i < wanted->count; i++)
  {
    pb_subscription_t *s = pb_events_find_locked(events, printer_id, wanted->ids[i]);

    if (s == NULL)
      missing[count++] = wanted->ids[i];
    else if (!pb_events_is_owner(s, owner))
    {
      pb_ipp_set_status(response, IPP_STATUS_ERROR_NOT_AUTHORIZED, "Subscription #%d is not yours.",
                        wanted->ids[i]);
      return false;
    }
    else
      s->used_ms = pb_clock_mono_ms();
  }
  if (count == 0)
    return true;
  pb_ipp_set_status(response, IPP_STATUS_ERROR_NOT_FOUND, "There is no subscription #%d.",
                    missing[0]);
  ippAddIntegers(response, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_INTEGER, "notify-subscription-ids",
                 count, missing);
  return false;
}

// The oldest notification of all that are wanted; moves that subscription's place on.  NULL: no
// more.
static const struct pb_notification *
take_oldest_locked(pb_events_t *events, struct pb_wanted *wanted,
                   pb_subscription_t **subscription_out)
{
  const struct pb_notification *oldest = NULL;
  int                           place  = 0;

  for (int i = 0; i < wanted->count; i++)
  {
    pb_subscription_t            *s = pb_events_find_locked(events, 0, wanted->ids[i]);
    const struct pb_notification *n =
      s != NULL ? pb_subscription_find(s, wanted->sequences[i]) : NULL;

    if (n == NULL || (oldest != NULL && oldest->what->order <= n->what->order))
      continue;
    oldest            = n;
    place             = i;
    *subscription_out = s;
  }
  if (oldest != NULL)
    wanted->sequences[place] = oldest->sequence < INT32_MAX ? oldest->sequence + 1 : INT32_MAX;
  return oldest;
}

static bool
is_all_ended_locked(pb_events_t *events, const struct pb_wanted *wanted)
{
  for (int i = 0; i < wanted->count; i++)
  {
    const pb_subscription_t *s = pb_events_find_locked(events, 0, wanted->ids[i]);
    if (s == NULL || s->ended_ms == 0)
      return false;
  }
  return true;
}

// libcups writes groups as they were added, so the operation attributes, which tell of the rest,
// are known first.
static void
fill_locked(pb_events_t *events, ipp_t *response, struct pb_wanted *wanted)
{
  struct pb_wanted   ahead = *wanted;
  pb_subscription_t *s     = NULL;
  int                count = 0;

  while (count <= GROUPS_MAX && take_oldest_locked(events, &ahead, &s) != NULL)
    count++;
  pb_events_add_times(events, response, count > GROUPS_MAX ? 0 : PB_EVENT_LIFE_S);
  if (count <= GROUPS_MAX && is_all_ended_locked(events, wanted))
    ippSetStatusCode(response, IPP_STATUS_OK_EVENTS_COMPLETE);

  for (int i = 0; i < count && i < GROUPS_MAX; i++)
  {
    const struct pb_notification *n = take_oldest_locked(events, wanted, &s);
    if (n == NULL || !pb_subscription_add_notification(s, n, response))
    {
      pb_ipp_set_status(response, IPP_STATUS_ERROR_INTERNAL, "Out of memory.");
      return;
    }
  }
}

bool
pb_events_get(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
              const struct pb_event_owner *owner, bool may_wait, pb_events_wake_t wake, void *user)
{
  struct pb_wanted wanted;
  bool wants_wait = may_wait && pb_ipp_bool(request, IPP_TAG_OPERATION, "notify-wait", false);
  bool is_filled  = true;

  if (!parse_wanted(request, response, &wanted))
    return true;
  pb_events_sweep(events);
  pthread_mutex_lock(&events->mutex);
  if (!check_wanted_locked(events, response, printer_id, owner, &wanted))
    goto done;
  if (wants_wait && !pb_events_is_ready_locked(events, printer_id, &wanted) &&
      pb_events_wait_locked(events, printer_id, &wanted, wake, user))
  {
    is_filled = false;
    goto done;
  }
  fill_locked(events, response, &wanted);

done:
  pthread_mutex_unlock(&events->mutex);
  return is_filled;
}

static void
add_keywords(ipp_t *response, const char *name, const char *const *values, int count)
{
  ippAddStrings(response, IPP_TAG_PRINTER, IPP_CONST_TAG(IPP_TAG_KEYWORD), name, count, NULL,
                values);
}

void
pb_events_add_printer_attributes(ipp_t *response)
{
  static const char *const attributes[] = {"document-state",
                                           "document-state-reasons",
                                           "job-id",
                                           "job-name",
                                           "job-state",
                                           "job-state-reasons",
                                           "job-uuid",
                                           "job-impressions-completed",
                                           "printer-is-accepting-jobs",
                                           "printer-state",
                                           "printer-state-reasons"};
  const char              *supported[PB_EVENT_TYPES + 1];

  for (int type = 0; type < PB_EVENT_TYPES; type++)
    supported[type] = pb_event_keyword((enum pb_event_type)type);
  supported[PB_EVENT_TYPES] = "none";

  ippAddInteger(response, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "ippget-event-life", PB_EVENT_LIFE_S);
  add_keywords(response, "notify-attributes-supported", attributes,
               (int)(sizeof(attributes) / sizeof(attributes[0])));
  ippAddString(response, IPP_TAG_PRINTER, IPP_CONST_TAG(IPP_TAG_KEYWORD), "notify-events-default",
               NULL, "job-completed");
  add_keywords(response, "notify-events-supported", supported, PB_EVENT_TYPES + 1);
  ippAddInteger(response, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "notify-lease-duration-default",
                PB_LEASE_DEFAULT_S);
  ippAddRange(response, IPP_TAG_PRINTER, "notify-lease-duration-supported", 0, PB_LEASE_MAX_S);
  ippAddInteger(response, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "notify-max-events-supported",
                PB_EVENTS_MAX);
  ippAddString(response, IPP_TAG_PRINTER, IPP_CONST_TAG(IPP_TAG_KEYWORD),
               "notify-pull-method-supported", NULL, "ippget");
}
