// rig - events on a database of their own, and the requests that a client makes of them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_EVENTS_RIG_H
#define PB_TESTS_EVENTS_RIG_H

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

static inline bool
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

static inline void
open_events(struct bench *b)
{
  pb_error_t           err = {0};
  struct pb_events_ops ops = {keep_push, b};

  check_ok(pb_db_open(b->path, &b->db, &err), err);
  check_ok(pb_events_new(b->db, &ops, &b->events, &err), err);
}

static inline void
close_events(struct bench *b)
{
  pb_events_free(b->events);
  pb_db_close(b->db);
}

static inline int
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

static inline int
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
static inline ipp_t *
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

static inline int
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
static inline ipp_attribute_t *
nth(ipp_t *message, const char *name, int n)
{
  ipp_attribute_t *found = ippFindAttribute(message, name, IPP_TAG_ZERO);

  while (found != NULL && n-- > 0)
    found = ippFindNextAttribute(message, name, IPP_TAG_ZERO);
  return found;
}

static inline int
nth_int(ipp_t *message, const char *name, int n)
{
  ipp_attribute_t *found = nth(message, name, n);

  if (found == NULL)
    fail_msg("no %s %d", name, n);
  return ippGetInteger(found, 0);
}

static inline const char *
nth_text(ipp_t *message, const char *name, int n)
{
  ipp_attribute_t *found = nth(message, name, n);

  if (found == NULL)
    fail_msg("no %s %d", name, n);
  return ippGetString(found, 0, NULL);
}

static inline ipp_t *
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

static inline ipp_t *
create(struct bench *b, ipp_t *request, int job_id, const struct pb_event_owner *owner)
{
  ipp_t *response = NULL;

  request  = through_wire(request);
  response = pb_ipp_new_response(request, IPP_STATUS_OK);
  pb_events_create(b->events, request, response, 7, URI, job_id, owner);
  ippDelete(request);
  return through_wire(response);
}

static inline int
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

static inline void
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

static inline ipp_t *
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

static inline void
no_wake(void *user)
{
  (void)user;
  fail_msg("woken");
}

static inline ipp_t *
get_now(struct bench *b, int id, int sequence, const struct pb_event_owner *owner)
{
  ipp_t *request  = get_request(id, sequence, false);
  ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);

  assert_true(pb_events_get(b->events, request, response, 7, owner, true, no_wake, NULL));
  ippDelete(request);
  return through_wire(response);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
