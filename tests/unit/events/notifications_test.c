// notifications_test - how events reach those who subscribed: Get-Notifications, long polls,
// pushes, restarts.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/rig.h"

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

int
main(void)
{
  const struct CMUnitTest tests[] = {ROW(test_event_group), ROW(test_get_refused),
                                     ROW(test_long_poll),   ROW(test_job_subscription),
                                     ROW(test_restart),     ROW(test_push)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
