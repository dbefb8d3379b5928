// create - Create-Printer-Subscriptions, Create-Job-Subscriptions (RFC 3995 s11.1): each group is
// judged by itself.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 20  // in one request; more are refused group by group
#define IDLE_MS                                                                                    \
  (5 * 60 * 1000LL)  // an owner's subscription not asked for so long may make room for a new one
#define URI_SCHEME IPP_STATUS_ERROR_URI_SCHEME
#define VALUES IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES

// One subscription group of the request, as it was asked for.
struct asked
{
  bool            has_pull, has_recipient, is_ippget;
  bool            has_events;
  int             unknown_events, events_count;
  pb_event_mask_t events;
  int             lease_s;
  int             interval_s;
  uint8_t         user_data[PB_USER_DATA_MAX];
  int             user_data_size;  // -1: too long
};

static void
read_events(struct asked *asked, ipp_attribute_t *attribute)
{
  asked->has_events   = true;
  asked->events_count = ippGetCount(attribute);
  for (int i = 0; i < asked->events_count && i < PB_EVENTS_MAX; i++)
  {
    pb_event_mask_t one = 0;
    if (pb_event_parse_keyword(ippGetString(attribute, i, NULL), &one))
      asked->events |= one;
    else
      asked->unknown_events++;
  }
}

static void
read_user_data(struct asked *asked, ipp_attribute_t *attribute)
{
  int         size = 0;
  const void *data = ippGetOctetString(attribute, 0, &size);

  if (size > PB_USER_DATA_MAX)
    asked->user_data_size = -1;
  else if (data != NULL && size > 0)
  {
    memcpy(asked->user_data, data, (size_t)size);
    asked->user_data_size = size;
  }
}

// Reads one attribute of a subscription group; what is not known is of no effect (notify-charset:
// we speak UTF-8).
static void
read_attribute(struct asked *asked, ipp_attribute_t *attribute)
{
  const char *name = ippGetName(attribute);
  ipp_tag_t   tag  = ippGetValueTag(attribute);

  if (pb_text_is_equal(name, "notify-recipient-uri"))
    asked->has_recipient = true;
  else if (pb_text_is_equal(name, "notify-pull-method"))
  {
    asked->has_pull = true;
    asked->is_ippget =
      tag == IPP_TAG_KEYWORD && pb_text_is_equal(ippGetString(attribute, 0, NULL), "ippget");
  }
  else if (pb_text_is_equal(name, "notify-events") && tag == IPP_TAG_KEYWORD)
    read_events(asked, attribute);
  else if (pb_text_is_equal(name, "notify-user-data") && tag == IPP_TAG_STRING)
    read_user_data(asked, attribute);
  else if (pb_text_is_equal(name, "notify-lease-duration") && tag == IPP_TAG_INTEGER)
    asked->lease_s = ippGetInteger(attribute, 0);
  else if (pb_text_is_equal(name, "notify-time-interval") && tag == IPP_TAG_INTEGER)
    asked->interval_s = ippGetInteger(attribute, 0);
}

// The groups of the request; returns how many there are, of which at most GROUPS_MAX are filled in.
static int
read_groups(ipp_t *request, struct asked asked[GROUPS_MAX])
{
  int  count  = 0;
  bool inside = false;

  for (ipp_attribute_t *a = ippFirstAttribute(request); a != NULL; a = ippNextAttribute(request))
  {
    // libcups parts two groups of one kind by an attribute without a name.
    if (ippGetGroupTag(a) != IPP_TAG_SUBSCRIPTION || ippGetName(a) == NULL)
    {
      inside = false;
      continue;
    }
    if (!inside)
    {
      count++;
      if (count <= GROUPS_MAX)
        asked[count - 1] = (struct asked){.lease_s = PB_LEASE_DEFAULT_S};
    }
    inside = true;
    if (count <= GROUPS_MAX)
      read_attribute(&asked[count - 1], a);
  }
  return count;
}

// notify-status-code of a group that cannot be had; 0: it can.
static ipp_status_t
judge(const struct asked *asked)
{
  if (asked->has_recipient)
    return URI_SCHEME;  // nothing is ever pushed to an address that a client names
  if (!asked->has_pull)
    return IPP_STATUS_ERROR_BAD_REQUEST;
  if (!asked->is_ippget)
    return VALUES;
  if (asked->user_data_size < 0)
    return IPP_STATUS_ERROR_REQUEST_VALUE;
  if (asked->has_events && asked->events_count > 0 && asked->unknown_events >= asked->events_count)
    return VALUES;
  return IPP_STATUS_OK;
}

// Make room for one more: the owner's own that was not used for longest may go, if that is long
// ago.
static bool
make_room_locked(pb_events_t *events, int printer_id, const char *owner, int *dropped_id_out)
{
  pb_subscription_t *oldest = NULL;
  int                count = 0, own = 0;

  *dropped_id_out = 0;
  for (pb_subscription_t *s = pb_events_first_locked(events, printer_id); s != NULL;
       s                    = pb_events_next_locked(s))
  {
    count++;
    if (s->row.job_id != 0 || !pb_text_is_equal(s->row.owner, owner))
      continue;
    own++;
    if (oldest == NULL || s->used_ms <= oldest->used_ms)
      oldest = s;
  }
  if (own < PB_SUBSCRIPTIONS_PER_OWNER && count < PB_SUBSCRIPTIONS_PER_PRINTER &&
      events->count < PB_SUBSCRIPTIONS_MAX)
    return true;
  if (oldest == NULL || oldest->used_ms + IDLE_MS > pb_clock_mono_ms())
    return false;
  *dropped_id_out = oldest->row.id;
  pb_events_unlink_locked(events, oldest);
  pb_subscription_free(oldest);
  return true;
}

static int
make_id_locked(pb_events_t *events)
{
  int id = 0;

  do
    id = 1 + (int)pb_random_below(INT32_MAX);
  while (pb_events_find_locked(events, 0, id) != NULL);
  return id;
}

static bool
is_connector(const struct pb_event_owner *owner)
{
  return owner->client_id != NULL && owner->client_id[0] != '\0';
}

static bool
fill_row(struct pb_subscription_row *row, const struct asked *asked, int printer_id,
         const char *printer_uri, int job_id, const struct pb_event_owner *owner)
{
  pb_event_mask_t completed = 1U << PB_EVENT_JOB_COMPLETED;

  *row = (struct pb_subscription_row){.printer_id = printer_id,
                                      .job_id     = job_id,
                                      .sees_all   = owner->may_all || is_connector(owner),
                                      .events     = asked->has_events ? asked->events : completed,
                                      .user_data_size = asked->user_data_size,
                                      .reserved       = 1 + PB_SEQUENCE_STEP};
  // A job's subscription lives as long as the job.
  row->lease_s = job_id != 0 || asked->lease_s < 0 ? 0 : asked->lease_s;
  if (row->lease_s > PB_LEASE_MAX_S)
    row->lease_s = PB_LEASE_MAX_S;
  row->expires_ms = row->lease_s > 0 ? pb_clock_now_ms() + row->lease_s * 1000LL : 0;
  row->interval_s = asked->interval_s > 0 ? asked->interval_s : 0;
  memcpy(row->user_data, asked->user_data, sizeof(row->user_data));
  pb_text_make_uuid(row->uuid);
  row->owner       = pb_text_dup(owner->name != NULL ? owner->name : "");
  row->client_id   = pb_text_dup(owner->client_id != NULL ? owner->client_id : "");
  row->printer_uri = pb_text_dup(printer_uri != NULL ? printer_uri : "");
  return row->owner != NULL && row->client_id != NULL && row->printer_uri != NULL;
}

// Link it in memory; the database comes after, without the lock.
static ipp_status_t
link_new(pb_events_t *events, struct pb_subscription_row *row, int *dropped_id_out)
{
  ipp_status_t       status       = IPP_STATUS_ERROR_INTERNAL;
  pb_subscription_t *subscription = NULL;

  pthread_mutex_lock(&events->mutex);
  if (!make_room_locked(events, row->printer_id, row->owner, dropped_id_out))
  {
    status = IPP_STATUS_ERROR_TOO_MANY_SUBSCRIPTIONS;
    goto done;
  }
  row->id = make_id_locked(events);

  struct pb_subscription_row copy = *row;
  copy.owner                      = pb_text_dup(row->owner);
  copy.client_id                  = pb_text_dup(row->client_id);
  copy.printer_uri                = pb_text_dup(row->printer_uri);
  if (copy.owner == NULL || copy.client_id == NULL || copy.printer_uri == NULL)
  {
    pb_subscription_row_clear(&copy);
    goto done;
  }
  subscription = pb_subscription_new(&copy);
  if (subscription == NULL)
    goto done;
  pb_events_link_locked(events, subscription);
  status = IPP_STATUS_OK;

done:
  pthread_mutex_unlock(&events->mutex);
  return status;
}

static bool
store_new(pb_events_t *events, const struct pb_subscription_row *row, int dropped_id)
{
  pb_error_t err = {0};

  if (dropped_id != 0 && !pb_events_store_delete(events->db, dropped_id, &err))
    pb_log(NULL, PB_LOG_WARN, "subscription %d stays in the database: %s", dropped_id, err.message);
  if (pb_events_store_insert(events->db, row, &err))
    return true;

  pb_log(NULL, PB_LOG_ERROR, "subscription for %s is not saved: %s", row->owner, err.message);
  pthread_mutex_lock(&events->mutex);
  pb_subscription_t *subscription = pb_events_find_locked(events, row->printer_id, row->id);
  if (subscription != NULL)
  {
    pb_events_unlink_locked(events, subscription);
    pb_subscription_free(subscription);
  }
  pthread_mutex_unlock(&events->mutex);
  return false;
}

static void
add_created(ipp_t *response, const struct asked *asked, const struct pb_subscription_row *row)
{
  ippAddInteger(response, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, "notify-subscription-id", row->id);
  ippAddString(response, IPP_TAG_SUBSCRIPTION, IPP_TAG_URI, "notify-subscription-uuid", NULL,
               row->uuid);
  if (row->job_id == 0)
    ippAddInteger(response, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, "notify-lease-duration",
                  row->lease_s);
  if (asked->events_count > PB_EVENTS_MAX)
    ippAddInteger(response, IPP_TAG_SUBSCRIPTION, IPP_TAG_ENUM, "notify-status-code",
                  IPP_STATUS_OK_TOO_MANY_EVENTS);
  else if (asked->unknown_events > 0)
    ippAddInteger(response, IPP_TAG_SUBSCRIPTION, IPP_TAG_ENUM, "notify-status-code",
                  IPP_STATUS_OK_IGNORED_OR_SUBSTITUTED);
}

// One group of the request gives one group of the response.
static bool
create_one(pb_events_t *events, ipp_t *response, const struct asked *asked, int printer_id,
           const char *printer_uri, int job_id, const struct pb_event_owner *owner)
{
  struct pb_subscription_row row     = {0};
  int                        dropped = 0;
  ipp_status_t               status  = judge(asked);

  ippAddSeparator(response);
  if (status == IPP_STATUS_OK)
    status = fill_row(&row, asked, printer_id, printer_uri, job_id, owner)
               ? link_new(events, &row, &dropped)
               : IPP_STATUS_ERROR_INTERNAL;
  if (status == IPP_STATUS_OK && !store_new(events, &row, dropped))
    status = IPP_STATUS_ERROR_TEMPORARY;
  if (status == IPP_STATUS_OK)
    add_created(response, asked, &row);
  else
    ippAddInteger(response, IPP_TAG_SUBSCRIPTION, IPP_TAG_ENUM, "notify-status-code", (int)status);
  pb_subscription_row_clear(&row);
  return status == IPP_STATUS_OK;
}

// The shape of a Create-Xxx-Subscriptions request; a job creation request may have anything, its
// job is there already.
static bool
check_shape(ipp_t *response, const struct asked *asked, int count)
{
  if (count == 0)
  {
    pb_ipp_set_status(response, IPP_STATUS_ERROR_BAD_REQUEST, "Missing subscription group.");
    return false;
  }
  for (int i = 0; i < count && i < GROUPS_MAX; i++)
  {
    if (asked[i].has_pull || asked[i].has_recipient)
      continue;
    pb_ipp_set_status(response, IPP_STATUS_ERROR_BAD_REQUEST, "Missing notify-pull-method.");
    return false;
  }
  return true;
}

void
pb_events_create(pb_events_t *events, ipp_t *request, ipp_t *response, int printer_id,
                 const char *printer_uri, int job_id, const struct pb_event_owner *owner)
{
  struct asked asked[GROUPS_MAX];
  ipp_op_t     op = ippGetOperation(request);
  bool is_ours = op == IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS || op == IPP_OP_CREATE_JOB_SUBSCRIPTIONS;
  int  count   = read_groups(request, asked);
  int  created = 0;

  if (is_ours && !check_shape(response, asked, count))
    return;
  pb_events_sweep(events);
  for (int i = 0; i < count && i < GROUPS_MAX; i++)
    created += create_one(events, response, &asked[i], printer_id, printer_uri, job_id, owner);
  for (int i = GROUPS_MAX; i < count; i++)
  {
    ippAddSeparator(response);
    ippAddInteger(response, IPP_TAG_SUBSCRIPTION, IPP_TAG_ENUM, "notify-status-code",
                  IPP_STATUS_ERROR_TOO_MANY_SUBSCRIPTIONS);
  }
  if (is_ours && created == 0)
    pb_ipp_set_status(response, IPP_STATUS_ERROR_IGNORED_ALL_SUBSCRIPTIONS,
                      "No subscription was created.");
  else if (created < count)
    pb_ipp_set_status(response, IPP_STATUS_OK_IGNORED_SUBSCRIPTIONS,
                      "%d of %d subscriptions were created.", created, count);
}
