// job-state_test - every state with every event; tables 3 and 4 of PWG 5100.18; what happens to the
// reasons.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/text.h"
#include "print/job-state.h"

enum
{
  NO     = 0,  // refused
  PE     = IPP_JSTATE_PENDING,
  HE     = IPP_JSTATE_HELD,
  PR     = IPP_JSTATE_PROCESSING,
  ST     = IPP_JSTATE_STOPPED,
  CA     = IPP_JSTATE_CANCELED,
  AB     = IPP_JSTATE_ABORTED,
  CO     = IPP_JSTATE_COMPLETED,
  NOW_MS = 5000
};

// One row per event: what becomes of a job in each state.  "canceling" is processing-stopped on its
// way to canceled.
static const struct row
{
  enum pb_job_event event;
  int               pending, held, processing, stopped, canceling, canceled, aborted, completed;
} rows[] = {
  {PB_JOB_HOLD,              HE, HE, NO, NO, NO, NO, NO, NO},
  {PB_JOB_RELEASE,           NO, PE, NO, NO, NO, NO, NO, NO},
  {PB_JOB_FETCHABLE,         PE, NO, NO, ST, NO, NO, NO, NO},
  {PB_JOB_ASSIGN,            PR, NO, NO, PR, NO, NO, NO, NO},
  {PB_JOB_UNASSIGN,          NO, NO, PE, PE, CA, NO, NO, NO},
  {PB_JOB_WITHHOLD,          NO, NO, HE, HE, CA, NO, NO, NO},
  {PB_JOB_RETURN,            NO, PR, NO, NO, NO, NO, NO, NO},
  {PB_JOB_CANCEL,            CA, CA, CA, CA, NO, NO, NO, NO},
  {PB_JOB_CANCEL_RUNNING,    NO, NO, ST, ST, NO, NO, NO, NO},
  {PB_JOB_ABORT,             AB, AB, AB, AB, CA, NO, NO, NO},
  {PB_JOB_DEVICE_WAITING,    PE, HE, PR, ST, ST, CA, AB, CO},
  {PB_JOB_DEVICE_PROCESSING, PR, HE, PR, PR, ST, CA, AB, CO},
  {PB_JOB_DEVICE_STOPPED,    PE, HE, ST, ST, ST, CA, AB, CO},
  {PB_JOB_DEVICE_CANCELED,   CA, HE, CA, CA, CA, CA, AB, CO},
  {PB_JOB_DEVICE_ABORTED,    AB, HE, AB, AB, CA, CA, AB, CO},
  {PB_JOB_DEVICE_COMPLETED,  PE, HE, CO, CO, CA, CA, AB, CO},
  {PB_JOB_DEVICE_LOST,       PE, HE, ST, ST, CA, CA, AB, CO},
};

static struct pb_job_status
make(int state, const char *reasons)
{
  struct pb_job_status status = {.state = state};

  pb_text_copy(status.reasons, sizeof(status.reasons), reasons);
  return status;
}

static void
check_move(enum pb_job_event event, struct pb_job_status status, int want)
{
  struct pb_job_status before      = status;
  bool                 is_possible = pb_job_apply(&status, event, NOW_MS);

  if (is_possible != (want != NO) || status.state != (want == NO ? before.state : want))
    fail_msg("%s in state %d [%s]: got %d %d, want %d", pb_job_event_name(event), before.state,
             before.reasons, is_possible, status.state, want);
  if (!is_possible)
    assert_memory_equal(&status, &before, sizeof(status));
  if (pb_job_is_ended(status.state) && !pb_job_is_ended(before.state))
    assert_int_equal(status.completed_ms, NOW_MS);
  else
    assert_int_equal(status.completed_ms, before.completed_ms);
}

static void
every_event_in_every_state(void **state)
{
  (void)state;
  assert_int_equal(sizeof(rows) / sizeof(rows[0]), PB_JOB_EVENTS);
  for (size_t i = 0; i < PB_JOB_EVENTS; i++)
  {
    const struct row *row = &rows[i];

    check_move(row->event, make(PE, ""), row->pending);
    check_move(row->event, make(HE, "job-hold-until-specified"), row->held);
    check_move(row->event, make(PR, ""), row->processing);
    check_move(row->event, make(ST, ""), row->stopped);
    check_move(row->event, make(ST, "processing-to-stop-point,job-canceled-by-user"),
               row->canceling);
    check_move(row->event, make(CA, ""), row->canceled);
    check_move(row->event, make(AB, ""), row->aborted);
    check_move(row->event, make(CO, ""), row->completed);
  }
}

// PWG 5100.18 table 4.
static void
a_lost_job_ends_as_it_was_about_to(void **state)
{
  static const struct
  {
    const char *reasons;
    int         want;
  } lost[] = {
    {"job-canceled-at-device",            CA},
    {"job-canceled-by-operator",          CA},
    {"job-printing,job-canceled-by-user", CA},
    {"aborted-by-system",                 AB},
    {"job-printing",                      ST},
    {"",                                  ST},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
  {
    check_move(PB_JOB_DEVICE_LOST, make(PR, lost[i].reasons), lost[i].want);
    check_move(PB_JOB_DEVICE_LOST, make(ST, lost[i].reasons), lost[i].want);
    check_move(PB_JOB_DEVICE_LOST, make(PE, lost[i].reasons), PE);
  }
}

static void
reasons_follow(void **state)
{
  static const struct
  {
    int               state;
    const char       *reasons;
    enum pb_job_event event;
    const char       *want;
  } follow[] = {
    {PE, "job-incoming",                                  PB_JOB_FETCHABLE,        "job-incoming,job-fetchable"},
    {PE, "job-incoming,job-fetchable",                    PB_JOB_ASSIGN,           "job-incoming"              },
    {PE, "job-fetchable",                                 PB_JOB_HOLD,             ""                          },
    {HE, "job-hold-until-specified",                      PB_JOB_RELEASE,          ""                          },
    {PE, "job-incoming,job-fetchable",                    PB_JOB_ABORT,            "aborted-by-system"         },
    {PR, "job-canceled-by-user",                          PB_JOB_CANCEL_RUNNING,
     "job-canceled-by-user,processing-to-stop-point"                                                           },
    {ST, "job-canceled-by-user,processing-to-stop-point", PB_JOB_DEVICE_COMPLETED,
     "job-canceled-by-user"                                                                                    },
    {PR, "",                                              PB_JOB_DEVICE_CANCELED,  "job-canceled-at-device"    },
    {PR, "job-canceled-by-operator",                      PB_JOB_DEVICE_CANCELED,  "job-canceled-by-operator"  },
    {PR, "",                                              PB_JOB_DEVICE_ABORTED,   "aborted-by-system"         },
    {PR, "",                                              PB_JOB_DEVICE_COMPLETED, "job-completed-successfully"},
    {CO, "job-completed-successfully",                    PB_JOB_DEVICE_ABORTED,   "job-completed-successfully"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(follow) / sizeof(follow[0]); i++)
  {
    struct pb_job_status status = make(follow[i].state, follow[i].reasons);

    assert_true(pb_job_apply(&status, follow[i].event, NOW_MS));
    assert_string_equal(status.reasons, follow[i].want);
  }
}

static void
processing_is_timed_once(void **state)
{
  struct pb_job_status status = make(PE, "job-fetchable");

  (void)state;
  assert_true(pb_job_apply(&status, PB_JOB_ASSIGN, 10));
  assert_true(pb_job_apply(&status, PB_JOB_DEVICE_STOPPED, 20));
  assert_true(pb_job_apply(&status, PB_JOB_DEVICE_PROCESSING, 30));
  assert_int_equal(status.processing_ms, 10);
  assert_true(pb_job_apply(&status, PB_JOB_UNASSIGN, 40));
  assert_int_equal(status.processing_ms, 0);
}

static void
device_states_are_events(void **state)
{
  enum pb_job_event event;

  (void)state;
  for (int device = -1; device < 12; device++)
    assert_int_equal(pb_job_event_of_device(device, &event), device >= PE && device <= CO);
  assert_true(pb_job_event_of_device(HE, &event));
  assert_int_equal(event, PB_JOB_DEVICE_WAITING);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_event_in_every_state),
    cmocka_unit_test(a_lost_job_ends_as_it_was_about_to),
    cmocka_unit_test(reasons_follow),
    cmocka_unit_test(processing_is_timed_once),
    cmocka_unit_test(device_states_are_events),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
