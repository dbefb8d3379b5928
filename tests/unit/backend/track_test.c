// track_test - what a cloud job's attributes mean to the local job.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/track.h"

#include <fcntl.h>
#include <unistd.h>

#define HOUR_MS 3600000

static ipp_t *
make_job(int job_state, const char *reason, int completed)
{
  ipp_t *job = ippNew();

  ippAddInteger(job, IPP_TAG_JOB, IPP_TAG_ENUM, "job-state", job_state);
  ippAddString(job, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-state-reasons", NULL, reason);
  ippAddString(job, IPP_TAG_JOB, IPP_TAG_TEXT, "job-state-message", NULL, "In the tray.");
  ippAddInteger(job, IPP_TAG_JOB, IPP_TAG_INTEGER, "job-impressions", 10);
  ippAddInteger(job, IPP_TAG_JOB, IPP_TAG_INTEGER, "job-impressions-completed", completed);
  return job;
}

static const char *
judge(struct pb_track *track, int64_t now_ms, ipp_t *job, bool *is_over, enum pb_ending *ending)
{
  static char  said[4096];
  int          fds[2];
  pb_report_t *report = NULL;
  ssize_t      got    = 0;

  assert_int_equal(pipe(fds), 0);
  report   = pb_report_new(fds[1]);
  *is_over = pb_track_judge(track, job, now_ms, report, ending);
  pb_report_free(report);
  close(fds[1]);
  got = read(fds[0], said, sizeof(said) - 1);
  close(fds[0]);
  said[got > 0 ? got : 0] = '\0';
  ippDelete(job);
  return said;
}

static void
test_ends(void **state)
{
  static const struct
  {
    const char    *name;
    int            job_state;
    bool           is_over;
    enum pb_ending ending;
    const char    *said;
  } rows[] = {
    {"pending",    IPP_JSTATE_PENDING,    false, PB_END_DONE,           "INFO: In the tray."                 },
    {"held",       IPP_JSTATE_HELD,       false, PB_END_DONE,           "INFO: In the tray."                 },
    {"processing", IPP_JSTATE_PROCESSING, false, PB_END_DONE,           "INFO: Printing, 4 pages"            },
    {"stopped",    IPP_JSTATE_STOPPED,    false, PB_END_DONE,           "INFO: In the tray."                 },
    {"canceled",   IPP_JSTATE_CANCELED,   true,  PB_END_CANCELED_THERE, "ERROR: Canceled"                    },
    {"aborted",    IPP_JSTATE_ABORTED,    true,  PB_END_FAILED,         "In the tray. (document-unprintable)"},
    {"completed",  IPP_JSTATE_COMPLETED,  true,  PB_END_DONE,           "PAGE: total 4"                      },
    {"no state",   0,                     false, PB_END_DONE,           "INFO: In the tray."                 },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_track track   = {.leave_ms = HOUR_MS};
    bool            is_over = false;
    enum pb_ending  ending  = PB_END_DONE;
    const char *said = judge(&track, 1000, make_job(rows[i].job_state, "document-unprintable", 4),
                             &is_over, &ending);

    if (is_over != rows[i].is_over || ending != rows[i].ending || !strstr(said, rows[i].said))
      fail_msg("%s: %d %d %s", rows[i].name, is_over, ending, said);
  }
}

static void
test_left(void **state)
{
  struct pb_track track   = {.leave_ms = HOUR_MS};
  struct pb_track patient = {.leave_ms = HOUR_MS, .is_patient = true};
  bool            is_over = false;
  enum pb_ending  ending  = PB_END_FAILED;

  (void)state;
  judge(&track, 1, make_job(IPP_JSTATE_PENDING, "none", 0), &is_over, &ending);
  judge(&track, HOUR_MS, make_job(IPP_JSTATE_PENDING, "none", 0), &is_over, &ending);
  assert_false(is_over);
  // Whatever moves begins the time anew.
  judge(&track, HOUR_MS, make_job(IPP_JSTATE_PENDING, "job-queued", 0), &is_over, &ending);
  judge(&track, 2 * HOUR_MS - 1, make_job(IPP_JSTATE_PENDING, "job-queued", 0), &is_over, &ending);
  assert_false(is_over);
  judge(&track, 2 * HOUR_MS, make_job(IPP_JSTATE_PENDING, "job-queued", 0), &is_over, &ending);
  assert_true(is_over);
  assert_int_equal(ending, PB_END_DONE);

  // One that waits for its PIN does not keep the queue.
  judge(&patient, 1, make_job(IPP_JSTATE_PENDING, "none", 0), &is_over, &ending);
  assert_false(is_over);
  judge(&patient, 2, make_job(IPP_JSTATE_HELD, "job-hold-until-specified", 0), &is_over, &ending);
  assert_true(is_over);
}

static void
test_intervals(void **state)
{
  struct pb_track track = {.changed_ms = 1000};

  (void)state;
  assert_int_equal(pb_track_get_interval_ms(&track, 1000), 250);
  assert_int_equal(pb_track_get_interval_ms(&track, 6000), 1000);
  assert_int_equal(pb_track_get_interval_ms(&track, 61000), 3000);
  assert_int_equal(pb_track_get_interval_ms(&track, 24 * HOUR_MS), 10000);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_ends), cmocka_unit_test(test_left),
                                     cmocka_unit_test(test_intervals)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
