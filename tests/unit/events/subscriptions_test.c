// subscriptions_test - the operations on subscriptions: requests in, responses out, a database
// between.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/rig.h"

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
  ipp_t *request = pb_ipp_new_request(IPP_OP_GET_SUBSCRIPTION_ATTRIBUTES, URI, "x");
  ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-id", id);
  ipp_t *told = pb_ipp_new_response(request, IPP_STATUS_OK);
  pb_events_get_attributes(b->events, request, told, 7, &ann);
  // Both in printer-up-time.
  assert_in_range(nth_int(told, "notify-lease-expiration-time", 0) -
                    nth_int(told, "notify-printer-up-time", 0),
                  100, 102);
  assert_in_range(nth_int(told, "notify-printer-up-time", 0), 1, 3600);
  ippDelete(request);
  ippDelete(told);

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

// Other people's jobs are not told of, before a restart and after it.
static void
test_whose_job(void **state)
{
  struct bench *b = *state;
  const struct
  {
    const struct pb_event_owner *owner;
    int                          want;  // events of three: bob's job, ann's, and nobody's
  } rows[] = {
    {&ann,   2},
    {&bob,   2},
    {&admin, 3},
    {&proxy, 3},
  };
  const char *owners[] = {"bob@example.com", "ann@example.com", NULL};
  int         ids[4];

  for (size_t i = 0; i < 4; i++)
    ids[i] = subscribe(b, "job-completed", 0, 0, rows[i].owner);
  for (int round = 0; round < 2; round++)
  {
    for (size_t i = 0; i < 3; i++)
      pb_events_raise(b->events, &(struct pb_event){.type        = PB_EVENT_JOB_COMPLETED,
                                                    .printer_id  = 7,
                                                    .printer_uri = URI,
                                                    .job_id      = owners[i] != NULL ? 5 : 0,
                                                    .job_owner   = owners[i]});
    for (size_t i = 0; i < 4; i++)
    {
      ipp_t *response = get_now(b, ids[i], 1, rows[i].owner);
      if (count_groups(response, IPP_TAG_EVENT_NOTIFICATION) != rows[i].want)
        fail_msg("%s hears %d", rows[i].owner->name,
                 count_groups(response, IPP_TAG_EVENT_NOTIFICATION));
      ippDelete(response);
    }
    close_events(b);
    open_events(b);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {ROW(test_whose_job),     ROW(test_create_rows),
                                     ROW(test_create_groups), ROW(test_owners),
                                     ROW(test_caps),          ROW(test_list),
                                     ROW(test_with_job),      ROW(test_printer_attributes),
                                     ROW(test_lease)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
