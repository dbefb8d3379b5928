// threads_test - raise, Get-Notifications, forget and pushes from many threads at once; wants the
// thread sanitizer.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "events/events.h"
#include <pthread.h>
#include <stdatomic.h>

#define URI "ipps://cloud.example:8631/ipp/print/7"
#define RAISERS 4
#define RAISES 300

struct bench
{
  pb_db_t     *db;
  pb_events_t *events;
  atomic_int   in_push;
  int          last;  // sequence number pushed
  int          pushes;
  bool         is_wrong;
};

// One push of a client at a time, in the order of the numbers.
static bool
take_push(void *user, const char *client_id, const void *message, size_t size)
{
  struct bench *b   = user;
  ipp_t        *got = NULL;
  pb_error_t    err = {0};

  (void)client_id;
  b->is_wrong = b->is_wrong || atomic_fetch_add(&b->in_push, 1) != 0;
  if (!pb_ipp_parse(message, size, &got, &err))
    b->is_wrong = true;
  int number  = pb_ipp_int(got, IPP_TAG_EVENT_NOTIFICATION, "notify-sequence-number", -1);
  b->is_wrong = b->is_wrong || number != b->last + 1;
  b->last     = number;
  b->pushes++;
  ippDelete(got);
  atomic_fetch_sub(&b->in_push, 1);
  return true;
}

static int
subscribe(struct bench *b)
{
  const struct pb_event_owner owner = {"c1", "c1", false};
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS, URI, "x");

  ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL,
               "ippget");
  ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events", NULL,
               "job-fetchable");
  ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);
  pb_events_create(b->events, request, response, 7, URI, 0, &owner);
  int id = pb_ipp_int(response, IPP_TAG_SUBSCRIPTION, "notify-subscription-id", 0);
  assert_true(id > 0);
  ippDelete(request);
  ippDelete(response);
  return id;
}

static void *
raise_many(void *user)
{
  struct bench *b = user;

  for (int i = 0; i < RAISES; i++)
    pb_events_raise(b->events, &(struct pb_event){.type        = PB_EVENT_JOB_FETCHABLE,
                                                  .printer_id  = 7,
                                                  .printer_uri = URI,
                                                  .job_id      = i + 1});
  return NULL;
}

// A waiter whose memory goes away as soon as it has been forgotten.
struct waiter
{
  atomic_int woken;
};

static void
wake(void *user)
{
  atomic_fetch_add(&((struct waiter *)user)->woken, 1);
}

struct poller
{
  struct bench *b;
  int           id;
  int           seen;  // highest number
  int           groups;
};

static bool
poll_once(struct poller *p, bool may_wait, struct waiter *waiter)
{
  const struct pb_event_owner owner   = {"c1", "c1", false};
  ipp_t                      *request = pb_ipp_new_request(IPP_OP_GET_NOTIFICATIONS, URI, "x");

  ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-ids", p->id);
  ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-sequence-numbers",
                p->seen + 1);
  ippAddBoolean(request, IPP_TAG_OPERATION, "notify-wait", 1);
  ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);
  bool   filled = pb_events_get(p->b->events, request, response, 7, &owner, may_wait, wake, waiter);
  for (ipp_attribute_t *a = ippFindAttribute(response, "notify-sequence-number", IPP_TAG_INTEGER);
       a != NULL; a = ippFindNextAttribute(response, "notify-sequence-number", IPP_TAG_INTEGER))
  {
    p->groups++;
    p->seen = ippGetInteger(a, 0);
  }
  ippDelete(request);
  ippDelete(response);
  return filled;
}

static void *
poll_many(void *user)
{
  struct poller *p = user;

  while (p->seen < RAISERS * RAISES)
  {
    struct waiter *waiter = calloc(1, sizeof(*waiter));

    if (!poll_once(p, /*may_wait*/ true, waiter) && p->seen % 3 != 0)
    {
      while (atomic_load(&waiter->woken) == 0)
        sched_yield();
    }
    pb_events_forget(p->b->events, waiter);
    free(waiter);
  }
  return NULL;
}

static void
test_threads(void **state)
{
  struct bench         b   = {0};
  pb_error_t           err = {0};
  struct pb_events_ops ops = {take_push, &b};
  pthread_t            threads[RAISERS + 2];
  struct poller        pollers[2];

  (void)state;
  check_ok(pb_db_open(":memory:", &b.db, &err), err);
  check_ok(pb_events_new(b.db, &ops, &b.events, &err), err);
  int id = subscribe(&b);
  for (int i = 0; i < 2; i++)
  {
    pollers[i] = (struct poller){.b = &b, .id = id};
    pthread_create(&threads[RAISERS + i], NULL, poll_many, &pollers[i]);
  }
  for (int i = 0; i < RAISERS; i++)
    pthread_create(&threads[i], NULL, raise_many, &b);
  for (int i = 0; i < RAISERS + 2; i++)
    pthread_join(threads[i], NULL);

  assert_false(b.is_wrong);
  assert_int_equal(b.pushes, RAISERS * RAISES);
  assert_int_equal(pollers[0].seen, RAISERS * RAISES);
  pb_events_free(b.events);
  pb_db_close(b.db);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
