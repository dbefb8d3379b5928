// alloc_test - the connector when memory runs out: a job may have to wait or to end with a word,
// but is never printed twice, never lost in silence, and never printed with other options.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include "ipp/message.h"

static ipp_t *
spared_response(ipp_t *request, ipp_status_t status)
{
  ipp_t *response;

  alloc_pause();
  response = pb_ipp_new_response(request, status);
  alloc_resume();
  return response;
}

// The world's service is another process.
#define pb_ipp_new_response(request, status) spared_response(request, status)
#include "world.h"
#undef pb_ipp_new_response

#include "base/log.h"
#include "connector/event.h"

static void
drop_line(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

// Nothing was lost and nothing was printed twice; a document that no filter could be given ends the
// job with a word.
static void
check_end(const char *how, int n, bool is_done)
{
  bool is_printed = world.printed == 1 && world.final_state == IPP_JSTATE_COMPLETED;
  bool is_ended =
    world.printed == 0 && world.final_state == IPP_JSTATE_ABORTED && world.final_message[0] != '\0';

  // A local job whose filter got no document makes room for another.
  for (int i = 0; i < world.local_count - 1; i++)
    is_done = is_done && world.local[i].state >= IPP_JSTATE_CANCELED;
  if (!is_done || (!is_printed && !is_ended) || world.local_count > 2 || world.offers != 0)
    fail_msg("%s, allocation %d: done %d, printed %d, local jobs %d, said %d \"%s\"", how, n,
             is_done, world.printed, world.local_count, world.final_state, world.final_message);
}

static void
start_over(void)
{
  assert_int_equal(world_tear_down(NULL), 0);
  assert_int_equal(world_set_up(NULL), 0);
  pb_text_copy(world.sides, sizeof(world.sides), "two-sided-long-edge");
  world.job = pb_job_new(&world_outside, world.journal, WORLD_DEVICE, "Laser", WORLD_URI, 7);
}

static void
a_job_survives_one_failure(void **state)
{
  bool has_failed = true;
  int  n;

  (void)state;
  for (n = 1; has_failed; n++)
  {
    bool is_done;

    start_over();
    alloc_arm(n, /*is_from_there_on*/ false);
    is_done    = world_run();
    has_failed = alloc_disarm();
    check_end("once", n, is_done);
  }
  assert_true(world.printed == 1 && n > 20);
}

static void
a_job_waits_until_there_is_memory(void **state)
{
  bool has_failed = true;

  (void)state;
  for (int n = 1; has_failed; n++)
  {
    start_over();
    alloc_arm(n, /*is_from_there_on*/ true);
    for (int i = 0; i < 10; i++)
      world_turn();
    has_failed = alloc_disarm();
    check_end("for a while", n, world_run());
  }
}

// With its options, or not at all.
static bool
take_up(void *user, pb_error_t *err)
{
  pb_journal_job_t *jobs  = NULL;
  size_t            count = 0;
  pb_job_t         *job   = NULL;
  bool              ok    = pb_journal_copy_active(world.journal, WORLD_DEVICE, &jobs, &count, err);

  (void)user;
  if (ok)
  {
    assert_int_equal(count, 1);
    job = pb_job_new_journaled(&world_outside, world.journal, &jobs[0]);
    ok  = job != NULL || pb_error_set(err, PB_RETRY, "out of memory");
    if (job != NULL && pb_ipp_find(job->options, IPP_TAG_JOB, "sides", IPP_TAG_KEYWORD) == NULL)
      fail_msg("the job's options are lost");
  }
  pb_job_free(job);
  pb_journal_free_jobs(jobs, count);
  return ok;
}

static void
a_journaled_job_keeps_its_options(void **state)
{
  static const struct alloc_case this = {"journal", take_up, false};

  (void)state;
  start_over();
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  alloc_check(&this, 1, NULL);
}

static void
count_note(void *user, const struct pb_event_note *note)
{
  ++*(int *)user;
  assert_int_equal(note->job_id, 7);
}

static bool
parse_events(void *user, pb_error_t *err)
{
  pb_buffer_t *message = user;
  int          seen = 0, count = 0;
  bool         ok = pb_event_parse(message->data, message->size, count_note, &seen, &count, err);

  assert_true(!ok || (seen == 1 && count == 1));
  return ok;
}

static void
events_are_parsed(void **state)
{
  static const struct alloc_case this = {"events", parse_events, false};
  ipp_t      *message                 = ippNew();
  pb_buffer_t bytes                   = {0};
  pb_error_t  err                     = {0};

  (void)state;
  ippAddString(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_KEYWORD, "notify-subscribed-event",
               NULL, "job-fetchable");
  ippAddInteger(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_INTEGER, "notify-job-id", 7);
  check_ok(pb_ipp_format(message, &bytes, &err), err);
  alloc_check(&this, 1, &bytes);
  pb_buffer_clear(&bytes);
  ippDelete(message);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_job_survives_one_failure),
    TEST(a_job_waits_until_there_is_memory),
    TEST(a_journaled_job_keeps_its_options),
    TEST(events_are_parsed),
  };

  pb_log_set_sink(drop_line, NULL);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
