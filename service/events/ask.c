// ask - Get-Subscription-Attributes, Get-Subscriptions, Renew-Subscription, Cancel-Subscription
// (RFC 3995 s11.2).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/state.h"

#include "base/clock.h"
#include "base/log.h"

#define LIST_MAX 1000  // subscriptions in one Get-Subscriptions response

bool
pb_events_is_owner(const pb_subscription_t *subscription, const struct pb_event_owner *owner)
{
  return owner->may_all || (owner->name != NULL && owner->name[0] != '\0' &&
                            pb_text_is_equal(subscription->row.owner, owner->name));
}

pb_subscription_t *
pb_events_get_named_locked(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                           const struct pb_event_owner *owner)
{
  int                id = pb_ipp_int(request, IPP_TAG_OPERATION, "notify-subscription-id", 0);
  pb_subscription_t *subscription = NULL;

  if (pb_ipp_find(request, IPP_TAG_OPERATION, "notify-subscription-id", IPP_TAG_INTEGER) == NULL)
  {
    pb_ipp_set_status(response, IPP_STATUS_ERROR_BAD_REQUEST, "Missing notify-subscription-id.");
    return NULL;
  }
  subscription = pb_events_find_locked(events, printer_id, id);
  if (subscription == NULL || subscription->ended_ms != 0)
  {
    pb_ipp_set_status(response, IPP_STATUS_ERROR_NOT_FOUND, "There is no subscription #%d.", id);
    return NULL;
  }
  if (!pb_events_is_owner(subscription, owner))
  {
    pb_ipp_set_status(response, IPP_STATUS_ERROR_NOT_AUTHORIZED, "Subscription #%d is not yours.",
                      id);
    return NULL;
  }
  subscription->used_ms = pb_clock_mono_ms();
  return subscription;
}

// Which subscription attributes are wanted.
enum group
{
  GROUP_TEMPLATE,
  GROUP_DESCRIPTION
};

static void
add_id(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  ippAddInteger(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, name, s->row.id);
}

static void
add_uuid(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  ippAddString(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_URI, name, NULL, s->row.uuid);
}

static void
add_events(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  const char *keywords[PB_EVENT_TYPES + 1];
  int         count = 0;

  for (int type = 0; type < PB_EVENT_TYPES; type++)
  {
    if ((s->row.events & (1U << type)) != 0)
      keywords[count++] = pb_event_keyword((enum pb_event_type)type);
  }
  if (count == 0)
    keywords[count++] = "none";
  ippAddStrings(to, IPP_TAG_SUBSCRIPTION, IPP_CONST_TAG(IPP_TAG_KEYWORD), name, count, NULL,
                keywords);
}

static void
add_method(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  (void)s;
  ippAddString(to, IPP_TAG_SUBSCRIPTION, IPP_CONST_TAG(IPP_TAG_KEYWORD), name, NULL, "ippget");
}

static void
add_charset(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  (void)s;
  ippAddString(to, IPP_TAG_SUBSCRIPTION, IPP_CONST_TAG(IPP_TAG_CHARSET), name, NULL, "utf-8");
}

static void
add_language(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  (void)s;
  ippAddString(to, IPP_TAG_SUBSCRIPTION, IPP_CONST_TAG(IPP_TAG_LANGUAGE), name, NULL, "en");
}

static void
add_user_data(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  ippAddOctetString(to, IPP_TAG_SUBSCRIPTION, name, s->row.user_data, s->row.user_data_size);
}

static void
add_interval(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  ippAddInteger(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, name, s->row.interval_s);
}

static void
add_lease(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  if (s->row.job_id == 0)
    ippAddInteger(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, name, s->row.lease_s);
}

// In printer-up-time; 0: never (RFC 3995 s5.4.6).
static int
get_expiration(const pb_subscription_t *s)
{
  if (s->row.expires_ms == 0)
    return 0;
  return pb_up_time(s->started_ms, pb_clock_mono_ms() + s->row.expires_ms - pb_clock_now_ms());
}

static void
add_expiration(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  if (s->row.job_id == 0)
    ippAddInteger(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, name, get_expiration(s));
}

static void
add_job_id(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  if (s->row.job_id != 0)
    ippAddInteger(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, name, s->row.job_id);
}

static void
add_up_time(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  (void)s;
  ippAddInteger(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, name,
                pb_up_time(s->started_ms, pb_clock_mono_ms()));
}

static void
add_printer_uri(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  ippAddString(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_URI, name, NULL, s->row.printer_uri);
}

// The number of the last notification; 0: none yet (RFC 3995 s5.4.3).
static void
add_sequence(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  ippAddInteger(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, name, s->next_sequence - 1);
}

static void
add_owner(const pb_subscription_t *s, ipp_t *to, const char *name)
{
  ippAddString(to, IPP_TAG_SUBSCRIPTION, IPP_TAG_NAME, name, NULL, s->row.owner);
}

static const struct row
{
  const char *name;
  enum group  group;
  void (*add)(const pb_subscription_t *s, ipp_t *to, const char *name);
} rows[] = {
  {"notify-subscription-id",       GROUP_DESCRIPTION, add_id         },
  {"notify-subscription-uuid",     GROUP_DESCRIPTION, add_uuid       },
  {"notify-events",                GROUP_TEMPLATE,    add_events     },
  {"notify-pull-method",           GROUP_TEMPLATE,    add_method     },
  {"notify-charset",               GROUP_TEMPLATE,    add_charset    },
  {"notify-natural-language",      GROUP_TEMPLATE,    add_language   },
  {"notify-user-data",             GROUP_TEMPLATE,    add_user_data  },
  {"notify-time-interval",         GROUP_TEMPLATE,    add_interval   },
  {"notify-lease-duration",        GROUP_TEMPLATE,    add_lease      },
  {"notify-lease-expiration-time", GROUP_DESCRIPTION, add_expiration },
  {"notify-job-id",                GROUP_DESCRIPTION, add_job_id     },
  {"notify-printer-up-time",       GROUP_DESCRIPTION, add_up_time    },
  {"notify-printer-uri",           GROUP_DESCRIPTION, add_printer_uri},
  {"notify-sequence-number",       GROUP_DESCRIPTION, add_sequence   },
  {"notify-subscriber-user-name",  GROUP_DESCRIPTION, add_owner      },
};

static bool
is_requested(ipp_t *request, const struct row *row, bool otherwise)
{
  static const char *const groups[] = {"subscription-template", "subscription-description"};

  if (pb_ipp_find(request, IPP_TAG_OPERATION, "requested-attributes", IPP_TAG_KEYWORD) == NULL)
    return otherwise;
  return pb_ipp_has_keyword(request, IPP_TAG_OPERATION, "requested-attributes", "all") ||
         pb_ipp_has_keyword(request, IPP_TAG_OPERATION, "requested-attributes",
                            groups[row->group]) ||
         pb_ipp_has_keyword(request, IPP_TAG_OPERATION, "requested-attributes", row->name);
}

// Without requested-attributes: `all` of them, or the id alone (RFC 3995 s11.2.5.1).
static void
add_subscription(const pb_subscription_t *subscription, ipp_t *request, ipp_t *response, bool all)
{
  ippAddSeparator(response);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    if (is_requested(request, &rows[i], all || i == 0))
      rows[i].add(subscription, response, rows[i].name);
  }
}

void
pb_events_get_attributes(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                         const struct pb_event_owner *owner)
{
  pthread_mutex_lock(&events->mutex);
  const pb_subscription_t *s =
    pb_events_get_named_locked(events, request, response, printer_id, owner);
  if (s != NULL)
    add_subscription(s, request, response, /*all*/ true);
  pthread_mutex_unlock(&events->mutex);
}

void
pb_events_list(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
               const struct pb_event_owner *owner)
{
  struct pb_event_owner whose  = *owner;
  int                   job_id = pb_ipp_int(request, IPP_TAG_OPERATION, "notify-job-id", 0);
  int                   limit  = pb_ipp_int(request, IPP_TAG_OPERATION, "limit", LIST_MAX);

  if (limit < 1)
  {
    pb_ipp_set_status(response, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES, "limit must be positive.");
    return;
  }
  if (pb_ipp_bool(request, IPP_TAG_OPERATION, "my-subscriptions", false))
    whose.may_all = false;
  if (limit > LIST_MAX)
    limit = LIST_MAX;

  pthread_mutex_lock(&events->mutex);
  for (pb_subscription_t *s = pb_events_first_locked(events, printer_id); s != NULL && limit > 0;
       s                    = pb_events_next_locked(s))
  {
    if (s->ended_ms != 0 || s->row.job_id != job_id || !pb_events_is_owner(s, &whose))
      continue;
    add_subscription(s, request, response, /*all*/ false);
    limit--;
  }
  pthread_mutex_unlock(&events->mutex);
}

// RFC 3995 has the lease in the subscription group, some clients send it among the operation
// attributes.
static int
get_lease(ipp_t *request)
{
  int lease_s = pb_ipp_int(request, IPP_TAG_SUBSCRIPTION, "notify-lease-duration", -1);

  if (lease_s < 0)
    lease_s = pb_ipp_int(request, IPP_TAG_OPERATION, "notify-lease-duration", PB_LEASE_DEFAULT_S);
  if (lease_s < 0)
    return PB_LEASE_DEFAULT_S;
  return lease_s > PB_LEASE_MAX_S ? PB_LEASE_MAX_S : lease_s;
}

void
pb_events_renew(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                const struct pb_event_owner *owner)
{
  int        id         = pb_ipp_int(request, IPP_TAG_OPERATION, "notify-subscription-id", 0);
  int        lease_s    = get_lease(request);
  int64_t    expires_ms = lease_s > 0 ? pb_clock_now_ms() + lease_s * 1000LL : 0;
  pb_error_t err        = {0};
  bool       is_renewed = false;

  pthread_mutex_lock(&events->mutex);
  pb_subscription_t *s = pb_events_get_named_locked(events, request, response, printer_id, owner);
  if (s != NULL && s->row.job_id != 0)
    pb_ipp_set_status(response, IPP_STATUS_ERROR_NOT_POSSIBLE,
                      "Subscription #%d lives as long as its job.", id);
  else if (s != NULL)
  {
    s->row.lease_s    = lease_s;
    s->row.expires_ms = expires_ms;
    is_renewed        = true;
  }
  pthread_mutex_unlock(&events->mutex);
  if (!is_renewed)
    return;

  if (!pb_events_store_renew(events->db, id, lease_s, expires_ms, &err))
  {
    pb_log(NULL, PB_LOG_ERROR, "lease of subscription %d is not saved: %s", id, err.message);
    pb_ipp_set_status(response, IPP_STATUS_ERROR_TEMPORARY, "The lease could not be saved.");
    return;
  }
  ippAddInteger(response, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, "notify-lease-duration", lease_s);
}

void
pb_events_cancel(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                 const struct pb_event_owner *owner)
{
  int        id           = pb_ipp_int(request, IPP_TAG_OPERATION, "notify-subscription-id", 0);
  pb_error_t err          = {0};
  bool       is_cancelled = false;

  pthread_mutex_lock(&events->mutex);
  pb_subscription_t *s = pb_events_get_named_locked(events, request, response, printer_id, owner);
  if (s != NULL)
  {
    pb_events_unlink_locked(events, s);
    pb_events_check_waiters_locked(events, s->row.printer_id);
    pb_subscription_free(s);
    is_cancelled = true;
  }
  pthread_mutex_unlock(&events->mutex);
  if (is_cancelled && !pb_events_store_delete(events->db, id, &err))
  {
    pb_log(NULL, PB_LOG_ERROR, "subscription %d stays in the database: %s", id, err.message);
    pb_ipp_set_status(response, IPP_STATUS_ERROR_TEMPORARY, "The subscription may come back.");
  }
  pb_events_run_wakes(events);
}
