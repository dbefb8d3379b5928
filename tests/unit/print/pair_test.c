// pair_test - two connectors of one printer: who gets a job, and what becomes of it when one stays
// away, comes back, is removed, or does not want it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include "cloud/protocol.h"
#include "ipp/attributes.h"
#include "print/composite.h"
#include "print/take-back.h"
#include "print/validate.h"

#define PAIR_UUID "urn:uuid:00000000-0000-4000-8000-000000000003"
#define LEASE_MS 60000
#define HELD_REASONS "job-hold-until-specified,job-suspended-by-system"

static const pb_principal_t pair = {
  .role = PB_ROLE_PROXY, .name = "client-3", .client_id = "client-3"};

static int
setup(void **state)
{
  pb_error_t       err    = {0};
  struct pb_device device = {.printer_id = 1, .uuid = PAIR_UUID, .client_id = "client-3"};
  struct bench    *b;

  bench_setup(state);
  b = *state;
  pb_text_copy(device.host, sizeof(device.host), "host-b.test");
  check_ok(pb_device_insert(b->db, &device, &err), err);
  check_ok(
    pb_db_run(b->db, &err, "UPDATE devices SET host = 'host-a.test' WHERE uuid = ?", "t", UUID),
    err);
  return 0;
}

static ipp_t *
of_pair(ipp_t *ipp)
{
  ipp_attribute_t *uuid = ippFindAttribute(ipp, "output-device-uuid", IPP_TAG_URI);

  if (uuid)
    ippSetString(ipp, &uuid, 0, PAIR_UUID);
  else
    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, PAIR_UUID);
  return ipp;
}

static int
say_pair(struct bench *b, int operation, int job)
{
  return call(b, &pair, of_pair(ask_device(operation, job)));
}

static int
say(struct bench *b, int operation, int job)
{
  return call(b, &proxy, ask_device(operation, job));
}

static int
fetch_as_pair(struct bench *b, int job)
{
  return call(b, &pair, of_pair(ask_document(IPP_OP_FETCH_DOCUMENT, job, 1)));
}

static int
report_as_pair(struct bench *b, int job, int state)
{
  ipp_t *ipp = of_pair(ask_device(IPP_OP_UPDATE_JOB_STATUS, job));

  ippAddInteger(ipp, IPP_TAG_JOB, IPP_TAG_ENUM, "output-device-job-state", state);
  return call(b, &pair, ipp);
}

static int
fetch(struct bench *b, int job)
{
  return call(b, &proxy, ask_document(IPP_OP_FETCH_DOCUMENT, job, 1));
}

// Only the second one has said something within the lease.
static void
let_the_first_be_away(struct bench *b)
{
  pb_clock_shift_ms(LEASE_MS + 1000);
  check_status(say_pair(b, IPP_OP_GET_JOBS, 0), IPP_STATUS_OK);
  pb_print_tick(b->print);
}

static int
take(struct bench *b)
{
  int job = print_job(b, &ann);

  check_status(say(b, IPP_OP_ACKNOWLEDGE_JOB, job), IPP_STATUS_OK);
  return job;
}

static int
take_and_begin(struct bench *b)
{
  int job = take(b);

  check_status(fetch(b, job), IPP_STATUS_OK);
  return job;
}

static void
check_message(struct bench *b, int id, const char *part)
{
  pb_error_t    err = {0};
  struct pb_job job;

  check_ok(pb_job_load(b->db, id, &job, &err), err);
  if (!strstr(job.message, part))
    fail_msg("job %d: \"%s\" is not in \"%s\"", id, part, job.message);
  pb_job_clear(&job);
}

// What Update-Active-Jobs with one job says of it: 'k' it is known and differs, 'u' it is not the
// device's, '-' nothing.
static char
update_active(struct bench *b, int job, int state)
{
  ipp_t *response = NULL, *ipp = ask_device(IPP_OP_UPDATE_ACTIVE_JOBS, 0);
  char   said = '-';

  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", job);
  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_ENUM, "output-device-job-states", state);
  check_status(call_with(b, &proxy, ipp, NULL, &response), IPP_STATUS_OK);
  if (pb_ipp_int(response, IPP_TAG_UNSUPPORTED_GROUP, "job-ids", 0) == job)
    said = 'u';
  else if (pb_ipp_int(response, IPP_TAG_OPERATION, "job-ids", 0) == job)
    said = 'k';
  ippDelete(response);
  return said;
}

// --- who gets it

static void
one_of_two_gets_the_job(void **state)
{
  struct bench *b   = *state;
  int           job = print_job(b, &ann);

  check_status(say(b, IPP_OP_FETCH_JOB, job), IPP_STATUS_OK);
  check_status(say_pair(b, IPP_OP_FETCH_JOB, job), IPP_STATUS_OK);
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, job), IPP_STATUS_OK);
  check_status(say(b, IPP_OP_ACKNOWLEDGE_JOB, job), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(say(b, IPP_OP_FETCH_JOB, job), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(fetch(b, job), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(report_state(b, job, IPP_JSTATE_COMPLETED), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, job), IPP_STATUS_OK);
  assert_int_equal(update_active(b, job, IPP_JSTATE_PROCESSING), 'u');
  // Neither speaks for the other.
  check_status(call(b, &proxy, of_pair(ask_device(IPP_OP_FETCH_JOB, job))),
               IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_status(call(b, &stranger, ask_device(IPP_OP_FETCH_JOB, job)),
               IPP_STATUS_ERROR_NOT_AUTHORIZED);
}

static void
an_operator_chooses_the_device(void **state)
{
  struct bench *b   = *state;
  ipp_t        *ipp = ask(IPP_OP_PRINT_JOB);

  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "indefinite");
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_OK);
  check_job(b, 1, IPP_JSTATE_HELD, "job-hold-until-specified");
  check_status(call(b, &operator, of_pair(ask_job(IPP_OP_RELEASE_JOB, 1))), IPP_STATUS_OK);
  check_job(b, 1, IPP_JSTATE_PENDING, "job-fetchable");
  check_status(say(b, IPP_OP_FETCH_JOB, 1), IPP_STATUS_ERROR_NOT_POSSIBLE);
  // Not its own before it has acknowledged it.
  check_status(say_pair(b, IPP_OP_UPDATE_ACTIVE_JOBS, 0), IPP_STATUS_OK);
  check_status(fetch_as_pair(b, 1), IPP_STATUS_ERROR_NOT_FETCHABLE);
  check_status(report_as_pair(b, 1, IPP_JSTATE_PROCESSING), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_job(b, 1, IPP_JSTATE_PENDING, "job-fetchable");
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, 1), IPP_STATUS_OK);
  check_status(fetch_as_pair(b, 1), IPP_STATUS_OK);
  check_status(report_as_pair(b, 1, IPP_JSTATE_PROCESSING), IPP_STATUS_OK);
}

static void
a_chosen_device_that_is_away_gives_way(void **state)
{
  struct bench *b   = *state;
  ipp_t        *ipp = ask(IPP_OP_PRINT_JOB);

  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "indefinite");
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_OK);
  check_status(call(b, &operator, ask_device(IPP_OP_RELEASE_JOB, 1)), IPP_STATUS_OK);
  check_status(say_pair(b, IPP_OP_FETCH_JOB, 1), IPP_STATUS_ERROR_NOT_POSSIBLE);
  let_the_first_be_away(b);
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, 1), IPP_STATUS_OK);
}

// --- away

static void
fates(void **state)
{
  static const struct
  {
    enum pb_gone     why;
    enum pb_progress progress;
    enum pb_fate     want;
  } rows[] = {
    {PB_GONE_AWAY,    PB_PROGRESS_NONE,      PB_FATE_OFFER   },
    {PB_GONE_AWAY,    PB_PROGRESS_BEGUN,     PB_FATE_HOLD    },
    {PB_GONE_AWAY,    PB_PROGRESS_HAS_ALL,   PB_FATE_HOLD    },
    {PB_GONE_AWAY,    PB_PROGRESS_COMPLETED, PB_FATE_COMPLETE},
    {PB_GONE_REMOVED, PB_PROGRESS_NONE,      PB_FATE_OFFER   },
    {PB_GONE_REMOVED, PB_PROGRESS_BEGUN,     PB_FATE_HOLD    },
    {PB_GONE_REMOVED, PB_PROGRESS_HAS_ALL,   PB_FATE_ABORT   },
    {PB_GONE_REMOVED, PB_PROGRESS_COMPLETED, PB_FATE_COMPLETE},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    assert_int_equal(pb_job_find_fate(rows[i].why, rows[i].progress), rows[i].want);
}

static void
complete_document(struct bench *b, int job)
{
  ipp_t *ipp = ask_document(IPP_OP_UPDATE_DOCUMENT_STATUS, job, 1);

  ippAddInteger(ipp, IPP_TAG_DOCUMENT, IPP_TAG_ENUM, "output-device-document-state",
                IPP_DSTATE_COMPLETED);
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK);
}

static void
jobs_of_one_that_stays_away(void **state)
{
  struct bench *b = *state;
  int waiting = take(b), begun = take_and_begin(b), told = take(b), done = take_and_begin(b);

  check_status(report_state(b, told, IPP_JSTATE_PROCESSING), IPP_STATUS_OK);
  complete_document(b, done);
  let_the_first_be_away(b);
  check_job(b, waiting, IPP_JSTATE_PENDING, "job-fetchable");
  check_job(b, begun, IPP_JSTATE_HELD, HELD_REASONS);
  check_job(b, told, IPP_JSTATE_HELD, HELD_REASONS);
  check_job(b, done, IPP_JSTATE_COMPLETED, "job-completed-successfully");
  check_message(b, begun, "host-a.test has stayed away");

  // It comes back too late: nothing of it is its own any more.
  check_status(fetch(b, waiting), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(fetch(b, begun), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, waiting), IPP_STATUS_OK);
  check_status(fetch(b, waiting), IPP_STATUS_ERROR_NOT_POSSIBLE);
  assert_int_equal(update_active(b, waiting, IPP_JSTATE_PENDING), 'u');
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, begun), IPP_STATUS_ERROR_NOT_POSSIBLE);
  // The same again changes nothing.
  let_the_first_be_away(b);
  check_job(b, waiting, IPP_JSTATE_PROCESSING, "");
  check_job(b, begun, IPP_JSTATE_HELD, HELD_REASONS);
}

static void
one_that_is_being_canceled_ends(void **state)
{
  struct bench *b   = *state;
  int           job = take_and_begin(b);

  check_status(report_state(b, job, IPP_JSTATE_PROCESSING), IPP_STATUS_OK);
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, job)), IPP_STATUS_OK);
  let_the_first_be_away(b);
  check_job(b, job, IPP_JSTATE_CANCELED, "job-canceled-by-user");
}

static bool
has_first_a_tunnel(void *user, const char *client_id)
{
  (void)user;
  return strcmp(client_id, "client-1") == 0;
}

static void
jobs_stay_where_they_are(void **state)
{
  struct bench *b   = *state;
  int           job = take(b), begun = take_and_begin(b);

  // A word just before.
  pb_clock_shift_ms(LEASE_MS + 1000);
  check_status(say(b, IPP_OP_GET_JOBS, 0), IPP_STATUS_OK);
  check_status(say_pair(b, IPP_OP_GET_JOBS, 0), IPP_STATUS_OK);
  pb_print_tick(b->print);
  check_job(b, job, IPP_JSTATE_PROCESSING, "");
  // Nobody else is there.
  pb_clock_shift_ms(LEASE_MS + 1000);
  pb_print_tick(b->print);
  check_job(b, job, IPP_JSTATE_PROCESSING, "");
  // A tunnel is enough, and counts until it ends.
  pb_print_set_tunnels(b->print, has_first_a_tunnel, NULL);
  let_the_first_be_away(b);
  check_job(b, job, IPP_JSTATE_PROCESSING, "");
  pb_print_set_tunnels(b->print, NULL, NULL);
  pb_print_tick(b->print);
  check_job(b, job, IPP_JSTATE_PROCESSING, "");
  // The service was away itself, and nobody can have said anything.
  bench_close(b);
  pb_clock_shift_ms(LEASE_MS + 1000);
  bench_open(b);
  check_status(say_pair(b, IPP_OP_GET_JOBS, 0), IPP_STATUS_OK);
  pb_print_tick(b->print);
  check_job(b, job, IPP_JSTATE_PROCESSING, "");
  // The wall clock may jump.
  pb_clock_shift_wall_ms(10 * LEASE_MS);
  pb_print_tick(b->print);
  pb_clock_shift_wall_ms(-10 * LEASE_MS);
  check_job(b, begun, IPP_JSTATE_PROCESSING, "");
}

static void
a_printer_alone_waits(void **state)
{
  struct bench     *b   = *state;
  pb_error_t        err = {0};
  struct pb_printer printer;
  char              reasons[PB_REASONS_SIZE], message[PB_STATE_MESSAGE_SIZE];
  ipp_t            *response = NULL;

  check_ok(pb_device_delete(b->db, PAIR_UUID, &err), err);
  int job = take(b);
  pb_clock_shift_ms(LEASE_MS + 1000);
  pb_print_tick(b->print);
  check_job(b, job, IPP_JSTATE_PROCESSING, "");
  check_status(call_with(b, &ann, ask(IPP_OP_GET_PRINTER_ATTRIBUTES), NULL, &response),
               IPP_STATUS_OK);
  pb_reasons_from_ipp(
    pb_ipp_find(response, IPP_TAG_PRINTER, "printer-state-reasons", IPP_TAG_KEYWORD), reasons);
  assert_string_equal(reasons, "timed-out");
  assert_int_equal(pb_ipp_int(response, IPP_TAG_PRINTER, "printer-state", 0), IPP_PSTATE_STOPPED);
  assert_string_equal(pb_ipp_text(response, IPP_TAG_PRINTER, "printer-state-message"),
                      "Its print server is away: jobs wait.");
  ippDelete(response);
  check_ok(pb_printer_load(b->db, 1, &printer, &err), err);
  pb_printer_describe_state(&printer, message);
  assert_string_equal(message, "Stopped.");
  pb_printer_clear(&printer);
}

// --- back

static void
it_goes_on_with_what_it_has(void **state)
{
  struct bench *b     = *state;
  int           alive = take_and_begin(b), lost = take_and_begin(b), ended = take_and_begin(b);

  let_the_first_be_away(b);
  check_job(b, alive, IPP_JSTATE_HELD, HELD_REASONS);
  // Not at work on it any more: it stays held.
  assert_int_equal(update_active(b, lost, IPP_JSTATE_PENDING), 'u');
  check_job(b, lost, IPP_JSTATE_HELD, HELD_REASONS);
  check_status(report_state(b, lost, IPP_JSTATE_PROCESSING), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(report_state(b, lost, IPP_JSTATE_ABORTED), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_job(b, lost, IPP_JSTATE_HELD, HELD_REASONS);

  assert_int_equal(update_active(b, alive, IPP_JSTATE_PROCESSING), '-');
  check_job(b, alive, IPP_JSTATE_PROCESSING, "");
  check_status(fetch(b, alive), IPP_STATUS_OK);
  check_message(b, alive, "");
  check_status(report_state(b, ended, IPP_JSTATE_COMPLETED), IPP_STATUS_OK);
  check_job(b, ended, IPP_JSTATE_COMPLETED, "job-completed-successfully");
}

static void
nobody_else_speaks_for_it(void **state)
{
  struct bench *b   = *state;
  int           job = take_and_begin(b);
  ipp_t        *ipp;

  let_the_first_be_away(b);
  ipp = of_pair(ask_device(IPP_OP_UPDATE_JOB_STATUS, job));
  ippAddInteger(ipp, IPP_TAG_JOB, IPP_TAG_ENUM, "output-device-job-state", IPP_JSTATE_COMPLETED);
  check_status(call(b, &pair, ipp), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_job(b, job, IPP_JSTATE_HELD, HELD_REASONS);
}

static void
released_by_a_person(void **state)
{
  struct bench *b        = *state;
  int           job      = take_and_begin(b);
  ipp_t        *response = NULL;

  check_status(say(b, IPP_OP_FETCH_JOB, job), IPP_STATUS_ERROR_NOT_FETCHABLE);
  let_the_first_be_away(b);
  check_status(call(b, &bob, ask_job(IPP_OP_RELEASE_JOB, job)), IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_status(say_pair(b, IPP_OP_RELEASE_JOB, job), IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_status(call(b, &operator, ask_job(IPP_OP_RELEASE_JOB, job)), IPP_STATUS_OK);
  check_job(b, job, IPP_JSTATE_PENDING, "job-fetchable");
  // The first one is too late with whatever it has, and may take it as a new one.
  assert_int_equal(update_active(b, job, IPP_JSTATE_PROCESSING), 'u');
  check_status(report_state(b, job, IPP_JSTATE_COMPLETED), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(fetch(b, job), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(call_with(b, &proxy, ask_device(IPP_OP_FETCH_JOB, job), NULL, &response),
               IPP_STATUS_OK);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_JOB, PB_JOB_OFFERS, 0), 1);
  ippDelete(response);
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, job), IPP_STATUS_OK);
  // Nothing of it has begun there.
  pb_clock_shift_ms(LEASE_MS + 1000);
  check_status(say(b, IPP_OP_GET_JOBS, 0), IPP_STATUS_OK);
  pb_print_tick(b->print);
  check_job(b, job, IPP_JSTATE_PENDING, "job-fetchable");
}

// --- gone

static void
jobs_of_one_that_is_removed(void **state)
{
  struct bench     *b       = *state;
  int               waiting = take(b), begun = take_and_begin(b), whole = take_and_begin(b);
  char              reasons[PB_REASONS_SIZE];
  pb_error_t        err = {0};
  struct pb_printer printer;

  check_status(call(b, &proxy, ask_document(IPP_OP_ACKNOWLEDGE_DOCUMENT, whole, 1)), IPP_STATUS_OK);
  check_status(say(b, IPP_OP_DEREGISTER_OUTPUT_DEVICE, 0), IPP_STATUS_OK);
  check_job(b, waiting, IPP_JSTATE_PENDING, "job-fetchable");
  check_job(b, begun, IPP_JSTATE_HELD, HELD_REASONS);
  check_job(b, whole, IPP_JSTATE_ABORTED, "aborted-by-system");
  check_message(b, begun, "host-a.test was taken away");
  check_ok(pb_printer_load(b->db, 1, &printer, &err), err);
  assert_int_equal(printer.devices_count, 1);
  pb_printer_get_state(&printer, reasons);
  assert_string_equal(reasons, "connecting-to-device");
  pb_printer_clear(&printer);
  check_status(say(b, IPP_OP_FETCH_JOB, waiting), IPP_STATUS_ERROR_NOT_FOUND);
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, waiting), IPP_STATUS_OK);
  check_status(call(b, &ann, ask_job(IPP_OP_RELEASE_JOB, begun)), IPP_STATUS_OK);
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, begun), IPP_STATUS_OK);
}

static int
subscribe(struct bench *b, const pb_principal_t *who)
{
  ipp_t *response = NULL, *ipp = ask(IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS);
  int    id;

  ippAddString(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL, "ippget");
  ippAddString(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events", NULL, "job-fetchable");
  check_status(call_with(b, who, ipp, NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_SUBSCRIPTION, "notify-subscription-id", 0);
  ippDelete(response);
  return id;
}

static int
count_events(struct bench *b, const pb_principal_t *who, int subscription)
{
  ipp_t *response = NULL, *ipp = ask(IPP_OP_GET_NOTIFICATIONS);
  int    count = 0;

  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-ids", subscription);
  if (call_with(b, who, ipp, NULL, &response) == IPP_STATUS_OK)
  {
    for (ipp_attribute_t *at = ippFirstAttribute(response); at; at = ippNextAttribute(response))
      count += ippGetName(at) && strcmp(ippGetName(at), "notify-subscribed-event") == 0;
  }
  else
    count = -1;
  ippDelete(response);
  return count;
}

static void
an_administrator_removes_one(void **state)
{
  struct bench *b     = *state;
  pb_error_t    err   = {0};
  int           first = subscribe(b, &proxy), second = subscribe(b, &pair);
  int           job = take(b);

  assert_int_equal(count_events(b, &proxy, first), 1);
  assert_int_equal(count_events(b, &pair, second), 1);
  assert_false(pb_print_remove_device(b->print, 1, OTHER_UUID, &err));
  pb_error_clear(&err);
  check_ok(pb_print_remove_device(b->print, 1, UUID, &err), err);
  check_job(b, job, IPP_JSTATE_PENDING, "job-fetchable");
  check_status(say(b, IPP_OP_GET_JOBS, 0), IPP_STATUS_ERROR_NOT_AUTHORIZED);
  // Its subscription has ended; the other hears that the job may be taken.
  assert_int_equal(count_events(b, &operator, first), -1);
  assert_int_equal(count_events(b, &pair, second), 2);
}

// --- unwanted

static int
refuse(struct bench *b, const pb_principal_t *who, int job)
{
  ipp_t *ipp = ask_device(IPP_OP_ACKNOWLEDGE_JOB, job);

  if (who == &pair)
    of_pair(ipp);
  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_ENUM, "fetch-status-code",
                IPP_STATUS_ERROR_CONFLICTING);
  return call(b, who, ipp);
}

static void
what_one_does_not_want_the_other_may(void **state)
{
  struct bench *b   = *state;
  int           job = print_job(b, &ann), other = print_job(b, &ann), last = print_job(b, &ann);

  check_status(refuse(b, &proxy, job), IPP_STATUS_OK);
  check_job(b, job, IPP_JSTATE_PENDING, "job-fetchable");
  check_status(say(b, IPP_OP_FETCH_JOB, job), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_JOB, job), IPP_STATUS_OK);

  check_status(refuse(b, &proxy, other), IPP_STATUS_OK);
  check_status(refuse(b, &pair, other), IPP_STATUS_OK);
  check_job(b, other, IPP_JSTATE_ABORTED, "conflicting-attributes,aborted-by-system");

  check_status(refuse(b, &pair, last), IPP_STATUS_OK);
  check_status(say(b, IPP_OP_DEREGISTER_OUTPUT_DEVICE, 0), IPP_STATUS_OK);
  check_job(b, last, IPP_JSTATE_ABORTED, "aborted-by-system");
}

// --- as one printer

struct reported
{
  int         state;
  const char *reasons;
  int         copies;  // upper bound
  const char *sides, *media, *ready, *model;
  bool        is_away;
};

static void
add_list(ipp_t *ipp, const char *name, const char *values)
{
  char             copy[256];
  char            *rest = NULL;
  ipp_attribute_t *at   = NULL;

  pb_text_copy(copy, sizeof(copy), values);
  for (char *value = strtok_r(copy, " ", &rest); value; value = strtok_r(NULL, " ", &rest))
  {
    if (at)
      ippSetString(ipp, &at, ippGetCount(at), value);
    else
      at = ippAddString(ipp, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, name, NULL, value);
  }
}

static void
fill_device(struct pb_device *device, const struct reported *reported)
{
  *device            = (struct pb_device){.uuid = UUID, .is_away = reported->is_away};
  device->attributes = pb_bag_new();
  if (!reported->state)
    return;
  ippAddInteger(device->attributes, IPP_TAG_PRINTER, IPP_TAG_ENUM, "printer-state",
                reported->state);
  add_list(device->attributes, "printer-state-reasons", reported->reasons);
  ippAddRange(device->attributes, IPP_TAG_PRINTER, "copies-supported", 1, reported->copies);
  add_list(device->attributes, "sides-supported", reported->sides);
  add_list(device->attributes, "sides-default", "two-sided-long-edge");
  add_list(device->attributes, "media-supported", reported->media);
  add_list(device->attributes, "media-ready", reported->ready);
  ippAddString(device->attributes, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-make-and-model", NULL,
               reported->model);
}

static void
format_list(ipp_t *ipp, const char *name, char *dst, size_t size)
{
  ipp_attribute_t *at = ippFindAttribute(ipp, name, IPP_TAG_ZERO);

  dst[0] = '\0';
  for (int i = 0; at && i < ippGetCount(at); i++)
    snprintf(dst + strlen(dst), size - strlen(dst), "%s%s", i > 0 ? " " : "",
             ippGetString(at, i, NULL));
}

static void
composites(void **state)
{
  static const struct
  {
    const char     *name;
    struct reported a, b;
    int             state;
    const char     *reasons, *message;
    int             copies;
    const char     *sides, *sides_default, *media, *ready;
  } rows[] = {
    {"both",
     {3, "none", 99, "one-sided two-sided-long-edge", "a4 a3", "a4", "A", false},
     {4, "toner-low", 9, "one-sided two-sided-long-edge", "a5 a4", "a4 a5", "B", false},
     3, "toner-low",
     "Ready.",                                   9,
     "one-sided two-sided-long-edge", "two-sided-long-edge",
     "a4", "a4 a5"},
    {"one has stopped",
     {5, "paused", 99, "one-sided", "a4", "a4", "A", false},
     {4, "none", 99, "one-sided two-sided-long-edge", "a4", "a4", "B", false},
     4, "paused,stopped-partly",
     "Printing.",                                99,
     "one-sided",                     "",
     "a4", "a4"   },
    {"one is away",
     {3, "toner-low", 99, "one-sided", "a4", "a4", "A", true},
     {3, "none", 99, "one-sided", "a4", "a4", "B", false},
     3, "timed-out,stopped-partly",
     "1 of its 2 print servers is away. Ready.", 99,
     "one-sided",                     "",
     "a4", "a4"   },
    {"both are away",
     {3, "none", 99, "one-sided", "a4", "a4", "A", true},
     {3, "none", 99, "one-sided", "a4", "a4", "B", true},
     5, "timed-out",
     "Its print servers are away: jobs wait.",   99,
     "one-sided",                     "",
     "a4", "a4"   },
    {"one has said nothing yet",
     {3, "none", 7, "one-sided two-sided-long-edge", "a4", "a4", "A", false},
     {0, NULL, 0, NULL, NULL, NULL, NULL, false},
     3, "connecting-to-device,stopped-partly",
     "Ready.",                                   7,
     "one-sided two-sided-long-edge", "two-sided-long-edge",
     "a4", "a4"   },
    {"nothing in common",
     {3, "none", 7, "one-sided", "a4", "a4", "A", false},
     {3, "none", 7, "two-sided-long-edge", "a5", "a5", "B", false},
     3, "",
     "Ready.",                                   7,
     "one-sided",                     "",
     "a4", "a4 a5"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_device  devices[2];
    struct pb_printer printer = {.devices = devices, .devices_count = 2};
    char              got[PB_STATE_MESSAGE_SIZE];
    int               upper = 0;

    fill_device(&devices[0], &rows[i].a);
    fill_device(&devices[1], &rows[i].b);
    print_message("%s\n", rows[i].name);
    assert_int_equal(pb_printer_get_state(&printer, got), rows[i].state);
    assert_string_equal(got, rows[i].reasons);
    pb_printer_describe_state(&printer, got);
    assert_string_equal(got, rows[i].message);

    ipp_t *whole = NULL, *second = NULL;
    assert_true(pb_printer_get_reported(&printer, NULL, &whole));
    ippGetRange(ippFindAttribute(whole, "copies-supported", IPP_TAG_RANGE), 0, &upper);
    assert_int_equal(upper, rows[i].copies);
    format_list(whole, "sides-supported", got, sizeof(got));
    assert_string_equal(got, rows[i].sides);
    format_list(whole, "sides-default", got, sizeof(got));
    assert_string_equal(got, rows[i].sides_default);
    format_list(whole, "media-supported", got, sizeof(got));
    assert_string_equal(got, rows[i].media);
    format_list(whole, "media-ready", got, sizeof(got));
    assert_string_equal(got, rows[i].ready);
    format_list(whole, "printer-make-and-model", got, sizeof(got));
    assert_string_equal(got, "A");
    assert_true(pb_printer_get_reported(&printer, &devices[1], &second));
    assert_ptr_equal(second, devices[1].attributes);
    ippDelete(printer.merged);
    ippDelete(devices[0].attributes);
    ippDelete(devices[1].attributes);
  }
}

static void
media_are_the_same_by_their_sizes(void **state)
{
  static const int sizes[2][2] = {
    {21000, 29700},
    {14800, 21000}
  };
  struct pb_device  devices[2];
  struct pb_printer printer = {.devices = devices, .devices_count = 2};

  (void)state;
  for (int i = 0; i < 2; i++)
  {
    ipp_attribute_t *at = NULL;

    devices[i] = (struct pb_device){.uuid = UUID, .attributes = pb_bag_new()};
    for (int k = i; k < 2; k++)
    {
      ipp_t *col = ippNew(), *size = ippNew();

      ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "x-dimension", sizes[k][0]);
      ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "y-dimension", sizes[k][1]);
      ippAddCollection(col, IPP_TAG_ZERO, "media-size", size);
      ippAddInteger(col, IPP_TAG_ZERO, IPP_TAG_INTEGER, "media-top-margin", i);
      if (at)
        ippSetCollection(devices[i].attributes, &at, ippGetCount(at), col);
      else
        at = ippAddCollection(devices[i].attributes, IPP_TAG_PRINTER, "media-col-database", col);
      ippDelete(size);
      ippDelete(col);
    }
  }
  ipp_t *whole = NULL;
  assert_true(pb_printer_get_reported(&printer, NULL, &whole));
  ipp_attribute_t *at = ippFindAttribute(whole, "media-col-database", IPP_TAG_BEGIN_COLLECTION);
  assert_int_equal(ippGetCount(at), 1);
  ippDelete(printer.merged);
  ippDelete(devices[0].attributes);
  ippDelete(devices[1].attributes);
}

// A PIN that only one of them would ask for is asked for here.
static void
a_pin_waits_unless_each_has_pins(void **state)
{
  static const struct
  {
    bool has_first, has_second;
    int  want;
  } rows[] = {
    {true,  false, IPP_JSTATE_HELD   },
    {false, true,  IPP_JSTATE_HELD   },
    {true,  true,  IPP_JSTATE_PENDING},
  };
  struct bench *b = *state;

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    for (int k = 0; k < 2; k++)
    {
      ipp_t *ipp = ask_device(IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES, 0);

      if (k == 0 ? rows[i].has_first : rows[i].has_second)
        ippAddInteger(ipp, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "job-password-supported", 8);
      else
        ippAddOutOfBand(ipp, IPP_TAG_PRINTER, IPP_TAG_DELETEATTR, "job-password-supported");
      ippAddInteger(ipp, IPP_TAG_PRINTER, IPP_TAG_ENUM, "printer-state", IPP_PSTATE_IDLE);
      check_status(call(b, k == 0 ? &proxy : &pair, k == 0 ? ipp : of_pair(ipp)), IPP_STATUS_OK);
    }
    ipp_t *response = NULL, *ipp = ask(IPP_OP_PRINT_JOB);
    ippAddOctetString(ipp, IPP_TAG_OPERATION, "job-password", "1234", 4);
    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "job-password-encryption", NULL, "none");
    check_status(call_with(b, &ann, ipp, PDF, &response), IPP_STATUS_OK);
    assert_int_equal(pb_ipp_int(response, IPP_TAG_JOB, "job-state", 0), rows[i].want);
    ippDelete(response);
  }
}

static void
both_are_named(void **state)
{
  struct bench    *b        = *state;
  ipp_t           *response = NULL, *ipp = of_pair(ask(IPP_OP_GET_PRINTER_ATTRIBUTES));
  ipp_attribute_t *at;

  check_status(call_with(b, &nobody, ipp, NULL, &response), IPP_STATUS_OK);
  at = ippFindAttribute(response, "output-device-uuid-supported", IPP_TAG_URI);
  assert_int_equal(ippGetCount(at), 2);
  assert_string_equal(ippGetString(at, 1, NULL), PAIR_UUID);
  at = ippFindAttribute(response, "output-device-supported", IPP_TAG_NAME);
  assert_string_equal(ippGetString(at, 0, NULL), "Laser");
  assert_string_equal(ippGetString(at, 1, NULL), "Laser 2");
  ippDelete(response);
  ipp = ask(IPP_OP_GET_PRINTER_ATTRIBUTES);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, OTHER_UUID);
  check_status(call(b, &nobody, ipp), IPP_STATUS_ERROR_NOT_FOUND);
}

static void
both_identify_themselves(void **state)
{
  struct bench *b = *state;

  check_status(call(b, &ann, ask(IPP_OP_IDENTIFY_PRINTER)), IPP_STATUS_OK);
  check_status(call(b, &proxy, ask(IPP_OP_ACKNOWLEDGE_IDENTIFY_PRINTER)), IPP_STATUS_OK);
  check_status(say(b, IPP_OP_ACKNOWLEDGE_IDENTIFY_PRINTER, 0), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(say_pair(b, IPP_OP_ACKNOWLEDGE_IDENTIFY_PRINTER, 0), IPP_STATUS_OK);
  check_status(call(b, &ann, of_pair(ask(IPP_OP_IDENTIFY_PRINTER))), IPP_STATUS_OK);
  check_status(say(b, IPP_OP_ACKNOWLEDGE_IDENTIFY_PRINTER, 0), IPP_STATUS_ERROR_NOT_POSSIBLE);
}

static void
names_of_printers(void **state)
{
  (void)state;
  static const struct
  {
    const char *text;
    int         want;
  } rows[] = {
    {"1",                                     1 },
    {"0",                                     0 },
    {"-1",                                    0 },
    {"",                                      0 },
    {"ipps://cloud.test:8631/ipp/print/12",   12},
    {"ipps://cloud.test:8631/ipp/print/12/3", 0 },
    {"ipps://cloud.test:8631/ipp/system",     0 },
    {"Laser",                                 0 },
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    assert_int_equal(pb_address_parse_printer(rows[i].text), rows[i].want);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(one_of_two_gets_the_job),
    TEST(an_operator_chooses_the_device),
    TEST(a_chosen_device_that_is_away_gives_way),
    cmocka_unit_test(fates),
    TEST(jobs_of_one_that_stays_away),
    TEST(one_that_is_being_canceled_ends),
    TEST(jobs_stay_where_they_are),
    TEST(a_printer_alone_waits),
    TEST(it_goes_on_with_what_it_has),
    TEST(nobody_else_speaks_for_it),
    TEST(released_by_a_person),
    TEST(jobs_of_one_that_is_removed),
    TEST(an_administrator_removes_one),
    TEST(what_one_does_not_want_the_other_may),
    cmocka_unit_test(composites),
    cmocka_unit_test(media_are_the_same_by_their_sizes),
    TEST(a_pin_waits_unless_each_has_pins),
    TEST(both_are_named),
    TEST(both_identify_themselves),
    cmocka_unit_test(names_of_printers),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
