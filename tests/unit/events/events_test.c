// events_test - the subscription operations as a client sees them: requests in, responses out, a
// database between. SPDX-FileCopyrightText: The Printbridge authors SPDX-License-Identifier:
// Apache-2.0
#include "check.h"

#include "base/clock.h"
#include "base/log.h"
#include "events/events.h"
#include "events/state.h"
#include <stdatomic.h>
#include <unistd.h>

#define URI "ipps://cloud.example:8631/ipp/print/7"
#define PUSHES_MAX 64

static const struct pb_event_owner ann   = {"ann@example.com", "", false};
static const struct pb_event_owner bob   = {"bob@example.com", "", false};
static const struct pb_event_owner admin = {"root@example.com", "", true};
static const struct pb_event_owner proxy = {"client-1", "client-1", false};

struct bench
{
  pb_db_t     *db;
  pb_events_t *events;
  char         path[64];
  int          pushes;
  bool         has_tunnel;
  pb_buffer_t  pushed[PUSHES_MAX];
};

static bool
keep_push(void *user, const char *client_id, const void *message, size_t size)
{
  struct bench *b   = user;
  pb_error_t    err = {0};

  assert_string_equal(client_id, "client-1");
  if (!b->has_tunnel)
    return false;
  assert_true(b->pushes < PUSHES_MAX);
  pb_buffer_init(&b->pushed[b->pushes], PB_IPP_MESSAGE_MAX);
  check_ok(pb_buffer_append(&b->pushed[b->pushes], message, size, &err), err);
  b->pushes++;
  return true;
}

static void
open_events(struct bench *b)
{
  pb_error_t           err = {0};
  struct pb_events_ops ops = {keep_push, b};

  check_ok(pb_db_open(b->path, &b->db, &err), err);
  check_ok(pb_events_new(b->db, &ops, &b->events, &err), err);
}

static void
close_events(struct bench *b)
{
  pb_events_free(b->events);
  pb_db_close(b->db);
}

static int
set_up(void **state)
{
  struct bench *b  = calloc(1, sizeof(*b));
  int           fd = -1;

  strcpy(b->path, "/tmp/pb-events-XXXXXX");
  fd = mkstemp(b->path);
  assert_true(fd >= 0);
  close(fd);
  b->has_tunnel = true;
  open_events(b);
  *state = b;
  return 0;
}

static int
tear_down(void **state)
{
  struct bench *b = *state;
  char          name[80];

  close_events(b);
  for (int i = 0; i < b->pushes; i++)
    pb_buffer_clear(&b->pushed[i]);
  unlink(b->path);
  snprintf(name, sizeof(name), "%s-wal", b->path);
  unlink(name);
  snprintf(name, sizeof(name), "%s-shm", b->path);
  unlink(name);
  free(b);
  return 0;
}

// The response as it looks on the wire and back.
static ipp_t *
through_wire(ipp_t *message)
{
  pb_buffer_t bytes = {0};
  ipp_t      *read  = NULL;
  pb_error_t  err   = {0};

  check_ok(pb_ipp_format(message, &bytes, &err), err);
  check_ok(pb_ipp_parse(bytes.data, bytes.size, &read, &err), err);
  pb_buffer_clear(&bytes);
  ippDelete(message);
  return read;
}

static int
count_groups(ipp_t *message, ipp_tag_t group)
{
  int  count  = 0;
  bool inside = false;

  for (ipp_attribute_t *a = ippFirstAttribute(message); a != NULL; a = ippNextAttribute(message))
  {
    bool is_it = ippGetGroupTag(a) == group && ippGetName(a) != NULL;
    count += is_it && !inside;
    inside = is_it;
  }
  return count;
}

// The n-th (from 0) attribute of that name, over all groups.
static ipp_attribute_t *
nth(ipp_t *message, const char *name, int n)
{
  ipp_attribute_t *found = ippFindAttribute(message, name, IPP_TAG_ZERO);

  while (found != NULL && n-- > 0)
    found = ippFindNextAttribute(message, name, IPP_TAG_ZERO);
  return found;
}

static int
nth_int(ipp_t *message, const char *name, int n)
{
  ipp_attribute_t *found = nth(message, name, n);

  if (found == NULL)
    fail_msg("no %s %d", name, n);
  return ippGetInteger(found, 0);
}

static const char *
nth_text(ipp_t *message, const char *name, int n)
{
  ipp_attribute_t *found = nth(message, name, n);

  if (found == NULL)
    fail_msg("no %s %d", name, n);
  return ippGetString(found, 0, NULL);
}

static ipp_t *
create_request(const char *const *events, int count)
{
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS, URI, "x");

  ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL,
               "ippget");
  ippAddStrings(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events", count, NULL,
                events);
  ippAddOctetString(request, IPP_TAG_SUBSCRIPTION, "notify-user-data", "mine", 4);
  return request;
}

static ipp_t *
create(struct bench *b, ipp_t *request, int job_id, const struct pb_event_owner *owner)
{
  ipp_t *response = NULL;

  request  = through_wire(request);
  response = pb_ipp_new_response(request, IPP_STATUS_OK);
  pb_events_create(b->events, request, response, 7, URI, job_id, owner);
  ippDelete(request);
  return through_wire(response);
}

static int
subscribe(struct bench *b, const char *event, int job_id, int lease_s,
          const struct pb_event_owner *owner)
{
  ipp_t *request = create_request(&event, 1);

  if (lease_s >= 0)
    ippAddInteger(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, "notify-lease-duration", lease_s);
  ipp_t *response = create(b, request, job_id, owner);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_OK);
  int id = nth_int(response, "notify-subscription-id", 0);
  assert_true(id > 0);
  ippDelete(response);
  return id;
}

static void
raise_job(struct bench *b, enum pb_event_type type, int job_id)
{
  ipp_t *attributes = ippNew();

  ippAddInteger(attributes, IPP_TAG_JOB, IPP_TAG_ENUM, "job-state", IPP_JSTATE_PENDING);
  ippAddString(attributes, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-state-reasons", NULL,
               "job-fetchable");
  ippAddInteger(attributes, IPP_TAG_JOB, IPP_TAG_INTEGER, "job-id", 999);  // ours counts
  pb_events_raise(b->events, &(struct pb_event){.type        = type,
                                                .printer_id  = 7,
                                                .printer_uri = URI,
                                                .job_id      = job_id,
                                                .attributes  = attributes,
                                                .text        = "Job can be fetched."});
  ippDelete(attributes);
}

static ipp_t *
get_request(int id, int sequence, bool wait)
{
  ipp_t *request = pb_ipp_new_request(IPP_OP_GET_NOTIFICATIONS, URI, "x");

  ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-ids", id);
  if (sequence > 0)
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-sequence-numbers", sequence);
  if (wait)
    ippAddBoolean(request, IPP_TAG_OPERATION, "notify-wait", 1);
  return request;
}

static void
no_wake(void *user)
{
  (void)user;
  fail_msg("woken");
}

static ipp_t *
get_now(struct bench *b, int id, int sequence, const struct pb_event_owner *owner)
{
  ipp_t *request  = get_request(id, sequence, false);
  ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);

  assert_true(pb_events_get(b->events, request, response, 7, owner, true, no_wake, NULL));
  ippDelete(request);
  return through_wire(response);
}

static void
test_create_rows(void **state)
{
  static const struct
  {
    const char  *name;
    const char  *pull, *recipient, *event;
    int          user_data_size;
    ipp_status_t want;
    int          want_group;  // notify-status-code; 0: none; -1: no group
  } rows[] = {
    {"plain",              "ippget", NULL,                     "job-fetchable", 4,  IPP_STATUS_OK,                              0     },
    {"no events: default", "ippget", NULL,                     NULL,            4,  IPP_STATUS_OK,                              0     },
    {"none",               "ippget", NULL,                     "none",          4,  IPP_STATUS_OK,                              0     },
    {"largest user data",  "ippget", NULL,                     "job-fetchable", 63, IPP_STATUS_OK,                              0     },
    {"no method",          NULL,     NULL,                     "job-fetchable", 4,  IPP_STATUS_ERROR_BAD_REQUEST,               -1    },
    {"other method",       "pigeon", NULL,                     "job-fetchable", 4,  IPP_STATUS_ERROR_IGNORED_ALL_SUBSCRIPTIONS,
     0x040B                                                                                                                           },
    {"push",               NULL,     "mailto:ann@example.com", "job-fetchable", 4,
     IPP_STATUS_ERROR_IGNORED_ALL_SUBSCRIPTIONS,                                                                                0x040C},
    {"push and pull",      "ippget", "mailto:a@b.c",           "job-fetchable", 4,
     IPP_STATUS_ERROR_IGNORED_ALL_SUBSCRIPTIONS,                                                                                0x040C},
    {"unknown event",      "ippget", NULL,                     "on-fire",       4,  IPP_STATUS_ERROR_IGNORED_ALL_SUBSCRIPTIONS,
     0x040B                                                                                                                           },
    {"long user data",     "ippget", NULL,                     "job-fetchable", 64,
     IPP_STATUS_ERROR_IGNORED_ALL_SUBSCRIPTIONS,                                                                                0x0409},
  };
  struct bench *b        = *state;
  char          data[64] = {0};

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS, URI, "x");

    ippAddOctetString(request, IPP_TAG_SUBSCRIPTION, "notify-user-data", data,
                      rows[i].user_data_size);
    if (rows[i].pull != NULL)
      ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL,
                   rows[i].pull);
    if (rows[i].recipient != NULL)
      ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_URI, "notify-recipient-uri", NULL,
                   rows[i].recipient);
    if (rows[i].event != NULL)
      ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events", NULL,
                   rows[i].event);

    ipp_t *response = create(b, request, 0, &ann);
    if (ippGetStatusCode(response) != rows[i].want)
      fail_msg("%s: %04x", rows[i].name, (unsigned)ippGetStatusCode(response));
    assert_int_equal(count_groups(response, IPP_TAG_SUBSCRIPTION), rows[i].want_group >= 0);
    if (rows[i].want_group > 0)
      assert_int_equal(nth_int(response, "notify-status-code", 0), rows[i].want_group);
    else if (rows[i].want_group == 0)
      assert_int_equal(nth_int(response, "notify-lease-duration", 0), 86400);
    ippDelete(response);
  }
}

// Each group is answered by one, in order; one bad among good ones does not harm them.
static void
test_create_groups(void **state)
{
  struct bench *b       = *state;
  ipp_t        *request = create_request((const char *[]){"job-completed"}, 1);

  ippAddSeparator(request);
  ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL,
               "pigeon");
  ippAddSeparator(request);
  ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL,
               "ippget");
  ippAddInteger(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, "notify-lease-duration", 0);
  ipp_t *response = create(b, request, 0, &ann);

  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_OK_IGNORED_SUBSCRIPTIONS);
  assert_int_equal(count_groups(response, IPP_TAG_SUBSCRIPTION), 3);
  assert_int_equal(nth_int(response, "notify-status-code", 0), 0x040B);
  assert_int_equal(nth_int(response, "notify-lease-duration", 1), 0);
  assert_non_null(nth(response, "notify-subscription-id", 1));
  assert_null(nth(response, "notify-subscription-id", 2));
  ippDelete(response);

  request = create_request((const char *[]){"job-completed"}, 1);
  for (int i = 0; i < 24; i++)
  {
    ippAddSeparator(request);
    ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL,
                 "pigeon");
  }
  response = create(b, request, 0, &ann);
  assert_int_equal(count_groups(response, IPP_TAG_SUBSCRIPTION), 25);
  assert_int_equal(nth_int(response, "notify-status-code", 23),
                   IPP_STATUS_ERROR_TOO_MANY_SUBSCRIPTIONS);
  ippDelete(response);
}

static void
test_event_group(void **state)
{
  static const char *const must[] = {"notify-subscription-id",
                                     "notify-subscription-uuid",
                                     "notify-printer-uri",
                                     "notify-subscribed-event",
                                     "printer-up-time",
                                     "printer-current-time",
                                     "notify-sequence-number",
                                     "notify-charset",
                                     "notify-natural-language",
                                     "notify-user-data",
                                     "notify-text",
                                     "job-id",
                                     "notify-job-id",
                                     "job-state",
                                     "job-state-reasons"};
  struct bench            *b      = *state;
  int                      id     = subscribe(b, "job-state-changed", 0, 0, &ann);

  raise_job(b, PB_EVENT_JOB_FETCHABLE, 41);
  raise_job(b, PB_EVENT_JOB_PROGRESS, 41);
  raise_job(b, PB_EVENT_JOB_COMPLETED, 41);
  ipp_t *response = get_now(b, id, 0, &ann);

  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_OK);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_OPERATION, "notify-get-interval", -1), 15);
  assert_true(pb_ipp_int(response, IPP_TAG_OPERATION, "printer-up-time", -1) > 0);
  assert_int_equal(count_groups(response, IPP_TAG_EVENT_NOTIFICATION), 2);
  for (size_t i = 0; i < sizeof(must) / sizeof(must[0]); i++)
  {
    if (pb_ipp_find(response, IPP_TAG_EVENT_NOTIFICATION, must[i], IPP_TAG_ZERO) == NULL)
      fail_msg("no %s", must[i]);
  }
  assert_string_equal(nth_text(response, "notify-subscribed-event", 0), "job-state-changed");
  assert_int_equal(nth_int(response, "job-id", 0), 41);
  assert_int_equal(nth_int(response, "job-id", 1), 41);
  assert_int_equal(nth_int(response, "notify-sequence-number", 0), 1);
  assert_int_equal(nth_int(response, "notify-sequence-number", 1), 2);
  ippDelete(response);

  response = get_now(b, id, 2, &ann);
  assert_int_equal(count_groups(response, IPP_TAG_EVENT_NOTIFICATION), 1);
  ippDelete(response);
  response = get_now(b, id, 3, &ann);
  assert_int_equal(count_groups(response, IPP_TAG_EVENT_NOTIFICATION), 0);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_OPERATION, "notify-get-interval", -1), 15);
  ippDelete(response);
}

static void
test_owners(void **state)
{
  typedef void  operation_t(pb_events_t *, ipp_t *, ipp_t *, int, const struct pb_event_owner *);
  struct bench *b  = *state;
  int           id = subscribe(b, "job-completed", 0, 0, &ann);
  const struct
  {
    const char                  *name;
    ipp_op_t                     op;
    operation_t                 *fn;
    int                          id, printer_id;
    const struct pb_event_owner *owner;
    ipp_status_t                 want;
  } rows[] = {
    {"ask own",          IPP_OP_GET_SUBSCRIPTION_ATTRIBUTES, pb_events_get_attributes, id,     7, &ann,
     IPP_STATUS_OK                                                                                                     },
    {"ask another's",    IPP_OP_GET_SUBSCRIPTION_ATTRIBUTES, pb_events_get_attributes, id,     7, &bob,
     IPP_STATUS_ERROR_NOT_AUTHORIZED                                                                                   },
    {"operator",         IPP_OP_GET_SUBSCRIPTION_ATTRIBUTES, pb_events_get_attributes, id,     7, &admin,
     IPP_STATUS_OK                                                                                                     },
    {"unknown",          IPP_OP_GET_SUBSCRIPTION_ATTRIBUTES, pb_events_get_attributes, id ^ 1, 7, &ann,
     IPP_STATUS_ERROR_NOT_FOUND                                                                                        },
    {"other printer",    IPP_OP_GET_SUBSCRIPTION_ATTRIBUTES, pb_events_get_attributes, id,     8, &ann,
     IPP_STATUS_ERROR_NOT_FOUND                                                                                        },
    {"no id",            IPP_OP_GET_SUBSCRIPTION_ATTRIBUTES, pb_events_get_attributes, 0,      7, &ann,
     IPP_STATUS_ERROR_BAD_REQUEST                                                                                      },
    {"renew another's",  IPP_OP_RENEW_SUBSCRIPTION,          pb_events_renew,          id,     7, &bob,
     IPP_STATUS_ERROR_NOT_AUTHORIZED                                                                                   },
    {"renew",            IPP_OP_RENEW_SUBSCRIPTION,          pb_events_renew,          id,     7, &ann,   IPP_STATUS_OK},
    {"cancel another's", IPP_OP_CANCEL_SUBSCRIPTION,         pb_events_cancel,         id,     7, &bob,
     IPP_STATUS_ERROR_NOT_AUTHORIZED                                                                                   },
    {"cancel",           IPP_OP_CANCEL_SUBSCRIPTION,         pb_events_cancel,         id,     7, &ann,   IPP_STATUS_OK},
    {"cancel again",     IPP_OP_CANCEL_SUBSCRIPTION,         pb_events_cancel,         id,     7, &ann,
     IPP_STATUS_ERROR_NOT_FOUND                                                                                        },
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t *request = pb_ipp_new_request(rows[i].op, URI, "x");
    if (rows[i].id != 0)
      ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-id",
                    rows[i].id);
    ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);
    rows[i].fn(b->events, request, response, rows[i].printer_id, rows[i].owner);
    if (ippGetStatusCode(response) != rows[i].want)
      fail_msg("%s: %04x", rows[i].name, (unsigned)ippGetStatusCode(response));
    ippDelete(request);
    ippDelete(response);
  }
}

static void
test_get_refused(void **state)
{
  struct bench *b  = *state;
  int           id = subscribe(b, "job-completed", 0, 0, &ann);
  const struct
  {
    const char                  *name;
    int                          ids[2];
    int                          count;
    const struct pb_event_owner *owner;
    ipp_status_t                 want;
  } rows[] = {
    {"none",        {0},          0, &ann,                                    IPP_STATUS_ERROR_BAD_REQUEST   },
    {"unknown",     {id ^ 1},     1, &ann,                                    IPP_STATUS_ERROR_NOT_FOUND     },
    {"one unknown", {id, id ^ 1}, 2, &ann,                                    IPP_STATUS_ERROR_NOT_FOUND     },
    {"another's",   {id},         1, &bob,                                    IPP_STATUS_ERROR_NOT_AUTHORIZED},
    {"nobody",      {id},         1, &(struct pb_event_owner){"", "", false}, IPP_STATUS_ERROR_NOT_AUTHORIZED},
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t *request = pb_ipp_new_request(IPP_OP_GET_NOTIFICATIONS, URI, "x");
    if (rows[i].count > 0)
      ippAddIntegers(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-ids",
                     rows[i].count, rows[i].ids);
    ippAddBoolean(request, IPP_TAG_OPERATION, "notify-wait", 1);
    ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);
    assert_true(pb_events_get(b->events, request, response, 7, rows[i].owner, true, no_wake, NULL));
    if (ippGetStatusCode(response) != rows[i].want)
      fail_msg("%s: %04x", rows[i].name, (unsigned)ippGetStatusCode(response));
    assert_null(ippFindAttribute(response, "notify-get-interval", IPP_TAG_ZERO));
    ippDelete(request);
    ippDelete(response);
  }
}

static void
count_wake(void *user)
{
  (*(atomic_int *)user)++;
}

static bool
wait_for(struct bench *b, int id, int sequence, void *user)
{
  ipp_t *request  = get_request(id, sequence, true);
  ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);
  bool   filled   = pb_events_get(b->events, request, response, 7, &ann, true, count_wake, user);

  ippDelete(request);
  ippDelete(response);
  return filled;
}

static void
test_long_poll(void **state)
{
  struct bench *b      = *state;
  int           id     = subscribe(b, "job-fetchable", 0, 0, &ann);
  atomic_int    a_woke = 0, b_woke = 0;

  assert_false(wait_for(b, id, 1, &a_woke));
  assert_false(wait_for(b, id, 1, &b_woke));
  raise_job(b, PB_EVENT_JOB_COMPLETED, 1);  // not subscribed
  assert_int_equal(a_woke, 0);
  pb_events_forget(b->events, &b_woke);
  raise_job(b, PB_EVENT_JOB_FETCHABLE, 1);
  raise_job(b, PB_EVENT_JOB_FETCHABLE, 2);
  assert_int_equal(a_woke, 1);  // once
  assert_int_equal(b_woke, 0);
  assert_true(wait_for(b, id, 1, &a_woke));
  assert_true(wait_for(b, id, 2, &a_woke));
  assert_false(wait_for(b, id, 3, &a_woke));
  pb_events_drop_printer(b->events, 7);
  assert_int_equal(a_woke, 2);
}

static void
test_job_subscription(void **state)
{
  struct bench *b    = *state;
  int           id   = subscribe(b, "job-state-changed", 41, -1, &ann);
  atomic_int    woke = 0;

  raise_job(b, PB_EVENT_JOB_FETCHABLE, 42);
  assert_false(wait_for(b, id, 1, &woke));
  raise_job(b, PB_EVENT_JOB_COMPLETED, 41);
  pb_events_end_job(b->events, 7, 41);
  assert_int_equal(woke, 1);
  raise_job(b, PB_EVENT_JOB_STATE_CHANGED, 41);  // too late
  ipp_t *response = get_now(b, id, 1, &ann);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_OK_EVENTS_COMPLETE);
  assert_int_equal(count_groups(response, IPP_TAG_EVENT_NOTIFICATION), 1);
  ippDelete(response);
  assert_true(wait_for(b, id, 2, &woke));  // complete: nothing to wait for

  pb_clock_shift_ms(PB_ENDED_KEEP_MS + 60000);
  raise_job(b, PB_EVENT_JOB_CREATED, 50);
  response = get_now(b, id, 1, &ann);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_ERROR_NOT_FOUND);
  ippDelete(response);
}

static void
test_lease(void **state)
{
  struct bench *b    = *state;
  int           id   = subscribe(b, "job-fetchable", 0, 60, &ann);
  int           keep = subscribe(b, "job-fetchable", 0, 0, &ann);

  for (int i = 0; i < 2; i++)
  {
    ipp_t *request = pb_ipp_new_request(IPP_OP_RENEW_SUBSCRIPTION, URI, "x");
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-id", id);
    ippAddInteger(request, i == 0 ? IPP_TAG_OPERATION : IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER,
                  "notify-lease-duration", 100 + i);
    ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);
    pb_events_renew(b->events, request, response, 7, &ann);
    assert_int_equal(pb_ipp_int(response, IPP_TAG_SUBSCRIPTION, "notify-lease-duration", -1),
                     100 + i);
    ippDelete(request);
    ippDelete(response);
  }
  pb_clock_shift_ms(90000);
  raise_job(b, PB_EVENT_JOB_FETCHABLE, 1);
  pb_clock_shift_ms(30000);
  raise_job(b, PB_EVENT_JOB_FETCHABLE, 2);
  ipp_t *response = get_now(b, id, 1, &ann);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_OK_EVENTS_COMPLETE);
  assert_int_equal(count_groups(response, IPP_TAG_EVENT_NOTIFICATION), 1);
  ippDelete(response);

  close_events(b);
  open_events(b);
  response = get_now(b, id, 1, &ann);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_ERROR_NOT_FOUND);
  ippDelete(response);
  response = get_now(b, keep, 1, &ann);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_OK);
  ippDelete(response);
}

// Numbers go on, without a gap that a restart does not explain, and never come twice.
static void
test_restart(void **state)
{
  struct bench *b    = *state;
  int           id   = subscribe(b, "job-fetchable", 0, 0, &ann);
  int           last = 0;

  for (int round = 0; round < 3; round++)
  {
    for (int i = 0; i < 1700; i++)
      raise_job(b, PB_EVENT_JOB_FETCHABLE, 1);
    // The ring holds the newest thousand.
    ipp_t *response = get_now(b, id, last + 1, &ann);
    assert_int_equal(pb_ipp_int(response, IPP_TAG_OPERATION, "notify-get-interval", -1),
                     0);  // there is more
    assert_int_equal(count_groups(response, IPP_TAG_EVENT_NOTIFICATION), 100);
    int first = nth_int(response, "notify-sequence-number", 0);
    assert_true(first >= last + 701);
    ippDelete(response);
    last     = first + 999;
    response = get_now(b, id, last, &ann);
    assert_int_equal(count_groups(response, IPP_TAG_EVENT_NOTIFICATION), 1);
    ippDelete(response);
    close_events(b);
    open_events(b);
  }
  ipp_t *response = get_now(b, id, 1, &ann);
  assert_int_equal(count_groups(response, IPP_TAG_EVENT_NOTIFICATION), 0);
  ippDelete(response);
}

// One message per event and client, of the shape of a response, in order.
static void
test_push(void **state)
{
  struct bench *b      = *state;
  int           first  = subscribe(b, "job-fetchable", 0, 0, &proxy);
  int           second = subscribe(b, "job-state-changed", 0, 0, &proxy);
  pb_error_t    err    = {0};
  ipp_t        *got    = NULL;

  subscribe(b, "job-fetchable", 0, 0, &ann);
  raise_job(b, PB_EVENT_JOB_FETCHABLE, 1);
  raise_job(b, PB_EVENT_JOB_COMPLETED, 1);
  raise_job(b, PB_EVENT_JOB_PROGRESS, 1);
  assert_int_equal(b->pushes, 2);
  check_ok(pb_ipp_parse(b->pushed[0].data, b->pushed[0].size, &got, &err), err);
  assert_int_equal(ippGetStatusCode(got), IPP_STATUS_OK);
  assert_int_equal(count_groups(got, IPP_TAG_EVENT_NOTIFICATION), 2);
  int a = nth_int(got, "notify-subscription-id", 0), z = nth_int(got, "notify-subscription-id", 1);
  assert_true((a == first && z == second) || (a == second && z == first));
  ippDelete(got);
  check_ok(pb_ipp_parse(b->pushed[1].data, b->pushed[1].size, &got, &err), err);
  assert_int_equal(count_groups(got, IPP_TAG_EVENT_NOTIFICATION), 1);
  assert_int_equal(nth_int(got, "notify-sequence-number", 0), 2);
  ippDelete(got);

  // Without a tunnel they wait.
  b->has_tunnel = false;
  raise_job(b, PB_EVENT_JOB_FETCHABLE, 2);
  ipp_t *response = get_now(b, first, 2, &proxy);
  assert_int_equal(count_groups(response, IPP_TAG_EVENT_NOTIFICATION), 1);
  ippDelete(response);
}

static void
test_caps(void **state)
{
  struct bench *b     = *state;
  int           first = 0;

  for (int i = 0; i < PB_SUBSCRIPTIONS_PER_OWNER; i++)
  {
    int id = subscribe(b, "job-fetchable", 0, 0, &ann);
    first  = first == 0 ? id : first;
    pb_clock_shift_ms(1);
  }
  ipp_t *response = create(b, create_request((const char *[]){"job-fetchable"}, 1), 0, &ann);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_ERROR_IGNORED_ALL_SUBSCRIPTIONS);
  assert_int_equal(nth_int(response, "notify-status-code", 0),
                   IPP_STATUS_ERROR_TOO_MANY_SUBSCRIPTIONS);
  ippDelete(response);
  subscribe(b, "job-fetchable", 0, 0, &bob);

  // A connector that forgot its ids must not be locked out: the one not used for longest goes.
  pb_clock_shift_ms(10 * 60000);
  subscribe(b, "job-fetchable", 0, 0, &ann);
  response = get_now(b, first, 1, &ann);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_ERROR_NOT_FOUND);
  ippDelete(response);

  const char *many[40];
  for (int i = 0; i < 40; i++)
    many[i] = "job-fetchable";
  response = create(b, create_request(many, 40), 0, &bob);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_OK);
  assert_int_equal(nth_int(response, "notify-status-code", 0), IPP_STATUS_OK_TOO_MANY_EVENTS);
  ippDelete(response);
}

static void
test_list(void **state)
{
  struct bench *b = *state;
  const struct
  {
    const char                  *name;
    const struct pb_event_owner *owner;
    bool                         mine;
    int                          job_id, limit;
    int                          want;
  } rows[] = {
    {"own",        &ann,   false, 0, 0, 2},
    {"admin: all", &admin, false, 0, 0, 3},
    {"admin: own", &admin, true,  0, 0, 0},
    {"of a job",   &ann,   false, 5, 0, 1},
    {"limit",      &admin, false, 0, 2, 2},
  };

  subscribe(b, "job-fetchable", 0, 0, &ann);
  subscribe(b, "job-fetchable", 0, 0, &ann);
  subscribe(b, "job-fetchable", 0, 0, &bob);
  subscribe(b, "job-fetchable", 5, -1, &ann);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t *request = pb_ipp_new_request(IPP_OP_GET_SUBSCRIPTIONS, URI, "x");
    if (rows[i].mine)
      ippAddBoolean(request, IPP_TAG_OPERATION, "my-subscriptions", 1);
    if (rows[i].job_id != 0)
      ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-job-id", rows[i].job_id);
    if (rows[i].limit != 0)
      ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "limit", rows[i].limit);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", NULL, "all");
    ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);
    pb_events_list(b->events, request, response, 7, rows[i].owner);
    response = through_wire(response);
    if (count_groups(response, IPP_TAG_SUBSCRIPTION) != rows[i].want)
      fail_msg("%s: %d", rows[i].name, count_groups(response, IPP_TAG_SUBSCRIPTION));
    ippDelete(request);
    ippDelete(response);
  }
}

// A job creation request may carry subscriptions; what is wrong with them never harms the job.
static void
test_with_job(void **state)
{
  struct bench *b        = *state;
  ipp_t        *request  = pb_ipp_new_request(IPP_OP_PRINT_JOB, URI, "x");
  ipp_t        *response = NULL;

  ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events", NULL,
               "job-completed");
  response = create(b, request, 5, &ann);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_OK_IGNORED_SUBSCRIPTIONS);
  ippDelete(response);
  response = create(b, pb_ipp_new_request(IPP_OP_PRINT_JOB, URI, "x"), 5, &ann);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_OK);
  ippDelete(response);
}

static void
test_printer_attributes(void **state)
{
  ipp_t *response = ippNew();

  (void)state;
  pb_events_add_printer_attributes(response);
  assert_true(
    pb_ipp_has_keyword(response, IPP_TAG_PRINTER, "notify-events-supported", "job-fetchable"));
  assert_true(pb_ipp_has_keyword(response, IPP_TAG_PRINTER, "notify-events-supported", "none"));
  assert_true(pb_ipp_int(response, IPP_TAG_PRINTER, "ippget-event-life", 0) >= 15);
  assert_true(
    pb_ipp_has_keyword(response, IPP_TAG_PRINTER, "notify-pull-method-supported", "ippget"));
  ippDelete(response);
}

int
main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    ROW(test_create_rows), ROW(test_create_groups),
    ROW(test_event_group), ROW(test_owners),
    ROW(test_get_refused), ROW(test_long_poll),
    ROW(test_lease),       ROW(test_job_subscription),
    ROW(test_restart),     ROW(test_push),
    ROW(test_caps),        ROW(test_list),
    ROW(test_with_job),    ROW(test_printer_attributes),
  };
#undef ROW

  return cmocka_run_group_tests(tests, NULL, NULL);
}
