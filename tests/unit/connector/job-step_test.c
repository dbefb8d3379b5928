// job-step_test - a job's steps against a service and a CUPS in memory: every way to its end, and a
// fault at every call.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "base/log.h"
#include "connector/job-private.h"

static enum pb_job_state
get_journaled(pb_journal_job_t *job_out)
{
  check_ok(pb_journal_find(world.journal, WORLD_DEVICE, 7, job_out, &world_err), world_err);
  return job_out->state;
}

static void
expect(int final_state, int printed, int local_jobs)
{
  pb_journal_job_t job = {0};

  assert_int_equal(world.final_state, final_state);
  assert_int_equal(world.printed, printed);
  assert_int_equal(world.local_count, local_jobs);
  assert_int_equal(world.offers, 0);
  assert_int_equal(get_journaled(&job), PB_JOB_DONE);
  pb_journal_job_clear(&job);
}

static void
test_prints(void **state)
{
  (void)state;
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 1, 1);
  assert_int_equal(world.said_final, 1);
  assert_int_equal(world.acknowledged_documents, 1);
}

static void
test_documents_in_order(void **state)
{
  (void)state;
  world.documents = 3;
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 3, 1);
  assert_string_equal(world.order, "123");
  assert_int_equal(world.acknowledged_documents, 3);
}

static void
test_refusals(void **state)
{
  static const struct
  {
    const char *name, *format, *sides;
    bool        has_fidelity;
    int         want;
  } rows[] = {
    {"pdf",                 "application/pdf",          "two-sided-long-edge",  true,  0                                             },
    {"unknown format",      "application/octet-stream", "",                     false,
     IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED                                                                                  },
    {"format of ours only", "image/urf",                "",                     false, IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED},
    {"option, mild",        "application/pdf",          "two-sided-short-edge", false, 0                                             },
    {"option, strict",      "application/pdf",          "two-sided-short-edge", true,
     IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES                                                                                           },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    assert_int_equal(world_tear_down(NULL), 0);
    assert_int_equal(world_set_up(NULL), 0);
    pb_text_copy(world.format, sizeof(world.format), rows[i].format);
    pb_text_copy(world.sides, sizeof(world.sides), rows[i].sides);
    world.has_fidelity = rows[i].has_fidelity;
    assert_true(world_run());
    if (world.refusal != rows[i].want || world.printed != (rows[i].want == 0))
      fail_msg("%s: refusal %04x, printed %d", rows[i].name, (unsigned)world.refusal,
               world.printed);
  }
}

// PIN printing is the queue's own here, or the job is refused.
static void
test_pins(void **state)
{
  static const struct
  {
    const char *name, *password, *encryption;
    int         supported;  // by the queue; 0: it has none
    const char *want;       // what CUPS gets; NULL: the job is refused
  } rows[] = {
    {"handed through", "1234", "none",     4, "1234 none"},
    {"no PIN",         "",     "",         4, ""         },
    {"queue has none", "1234", "none",     0, NULL       },
    {"a hash",         "1234", "sha2-256", 4, NULL       },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    assert_int_equal(world_tear_down(NULL), 0);
    assert_int_equal(world_set_up(NULL), 0);
    pb_text_copy(world.password, sizeof(world.password), rows[i].password);
    pb_text_copy(world.encryption, sizeof(world.encryption), rows[i].encryption);
    if (rows[i].supported > 0)
    {
      ippAddInteger(world.printer, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "job-password-supported",
                    rows[i].supported);
      ippAddString(world.printer, IPP_TAG_PRINTER, IPP_TAG_KEYWORD,
                   "job-password-encryption-supported", NULL, "none");
    }
    assert_true(world_run());
    if ((world.refusal == 0) != (rows[i].want != NULL) ||
        !pb_text_is_equal(world.local_password, rows[i].want != NULL ? rows[i].want : ""))
      fail_msg("%s: refusal %04x, CUPS got \"%s\"", rows[i].name, (unsigned)world.refusal,
               world.local_password);
    // Nothing of it stays.
    pb_journal_job_t known = {0};
    pb_error_t       err   = {0};

    check_ok(pb_journal_find(world.journal, WORLD_DEVICE, 7, &known, &err), err);
    assert_null(known.ticket);
    pb_journal_job_clear(&known);
  }
}

// What the queue lacks is said, not dropped in silence.
static void
test_unsupported_is_reported(void **state)
{
  (void)state;
  strcpy(world.sides, "two-sided-short-edge");
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 1, 1);
  assert_non_null(strstr(world.final_message, "sides"));
}

static void
test_other_is_quicker(void **state)
{
  (void)state;
  world.job = pb_job_new(&world_outside, world.journal, WORLD_DEVICE, "Laser", WORLD_URI, 7);
  // Fetched, then the acknowledgement is refused.
  world.at    = 2;
  world.fault = FAULT_FAIL_BEFORE;
  (void)pb_job_run(world.job, NULL);
  assert_int_equal(world.job->record.state, PB_JOB_FETCHED);
  world.is_taken_by_other = true;
  assert_int_equal(pb_job_run(world.job, NULL), PB_TASK_END);
  assert_int_equal(world.job->record.state, PB_JOB_FORGOTTEN);
  assert_int_equal(world.local_count, 0);
  assert_int_equal(world.said_final, 0);
}

// From the service, in every state.
static void
test_cancel(void **state)
{
  static const enum pb_job_state states[] = {PB_JOB_SUBMITTED, PB_JOB_PRINTING};

  (void)state;
  for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
  {
    assert_int_equal(world_tear_down(NULL), 0);
    assert_int_equal(world_set_up(NULL), 0);
    world.is_holding = states[i] == PB_JOB_SUBMITTED;
    world_run_to(states[i]);
    atomic_store(&world.job->is_cancel_asked, true);
    if (states[i] == PB_JOB_PRINTING)
      world.local[0].state = IPP_JSTATE_PROCESSING;  // it is a long document
    world.is_holding = true;
    assert_true(world_run());
    expect(IPP_JSTATE_CANCELED, world.printed, 1);
    assert_int_equal(world.local[0].state, IPP_JSTATE_CANCELED);
  }
}

// The service has given it up itself, as when an upload broke off.
static void
test_aborted_there(void **state)
{
  pb_journal_job_t job = {0};

  (void)state;
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  atomic_store(&world.job->is_aborted_there, true);
  atomic_store(&world.job->is_cancel_asked, true);
  assert_true(world_run());
  expect(IPP_JSTATE_ABORTED, 0, 1);
  assert_int_equal(get_journaled(&job), PB_JOB_DONE);
  assert_int_equal(job.outcome, IPP_JSTATE_ABORTED);
  assert_string_equal(job.message, "the service has given it up");
  pb_journal_job_clear(&job);
}

static void
test_canceled_here(void **state)
{
  (void)state;
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  world.local[0].state = IPP_JSTATE_CANCELED;
  assert_true(world_run());
  expect(IPP_JSTATE_CANCELED, 0, 1);
}

// The service ended it while the filter was about to read.
static void
test_document_is_gone(void **state)
{
  (void)state;
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  world.is_ended   = true;
  world.is_holding = false;
  assert_true(world_run());
  expect(IPP_JSTATE_ABORTED, 0, 1);
}

static void
test_cups_loses_the_job(void **state)
{
  (void)state;
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  world.local[0].is_lost = true;
  world.is_holding       = false;
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 1, 2);
}

// A crash of cupsd took the last that it was told: a ticket, all of them, or that there are no
// more.
static void
test_cups_forgets_tickets(void **state)
{
  (void)state;
  for (int known = 0; known <= 2; known++)
  {
    assert_int_equal(world_tear_down(NULL), 0);
    assert_int_equal(world_set_up(NULL), 0);
    world.documents  = 2;
    world.is_holding = true;
    world_run_to(PB_JOB_SUBMITTED);
    world.local[0].state     = IPP_JSTATE_HELD;
    world.local[0].documents = known;
    world.local[0].is_whole  = false;
    world.is_holding         = false;
    assert_true(world_run());
    expect(IPP_JSTATE_COMPLETED, 2, 1);
    assert_string_equal(world.order, "12");
  }
}

// cupsd forgot the job and gave its number to another one.
static void
test_cups_uses_the_number_again(void **state)
{
  (void)state;
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  strcpy(world.local[0].cloud_job_id, "somebody else's");
  world.local[0].state = IPP_JSTATE_PROCESSING;
  world.is_holding     = false;
  strcpy(world.local[0].capabilities[0], "none");
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 1, 2);
}

// Lost after the driver had it whole: not printed again by itself.
static void
test_lost_after_hand_over(void **state)
{
  (void)state;
  world_run_to(PB_JOB_PRINTING);
  assert_int_equal(world.printed, 1);
  world.local[0].is_lost = true;
  assert_true(world_run());
  expect(IPP_JSTATE_ABORTED, 1, 1);
  assert_non_null(strstr(world.final_message, "look at the printer"));
}

// cupsd was killed before it wrote down that it had printed the job, and finds no files of it any
// more.
static void
test_given_up_after_hand_over(void **state)
{
  (void)state;
  world_run_to(PB_JOB_PRINTING);
  assert_int_equal(world.printed, 1);
  world.local[0].state = IPP_JSTATE_ABORTED;
  assert_true(world_run());
  expect(IPP_JSTATE_ABORTED, 1, 1);
  assert_non_null(strstr(world.final_message, "look at the printer"));
}

// The connector went away while a filter read: once more from the start, under another id.
static void
test_cut_in_mid_document(void **state)
{
  (void)state;
  world.is_cutting = true;
  world_run_to(PB_JOB_PRINTING);
  world_restart();
  world.is_cutting = false;
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 1, 2);
  assert_string_equal(world.local[1].cloud_job_id, WORLD_JOB ".1");
}

// However often the connector dies; a filter that fails under a connector that lives does so once
// more and no more.
static void
test_cut_again_and_again(void **state)
{
  (void)state;
  world.is_cutting = true;
  for (int i = 0; i < 3; i++)
  {
    world_run_to(PB_JOB_PRINTING);
    world_restart();
    for (int turn = 0; turn < 1000 && world.local_count < i + 2; turn++)
      world_turn();
  }
  world.is_cutting = false;
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 1, 4);
}

// A filter behind ours failed on what it had whole: told with its words, and CUPS keeps nothing of
// it, since a job that stays stopped would be counted as one of the queue's for ever.
static void
test_filter_fails(void **state)
{
  (void)state;
  world_run_to(PB_JOB_PRINTING);
  assert_int_equal(world.printed, 1);
  world.local[0].state = IPP_JSTATE_STOPPED;
  assert_true(world_run());
  expect(IPP_JSTATE_ABORTED, 1, 1);
  assert_string_equal(world.final_message,
                      "filter failed, after the document was handed over whole: look at the "
                      "printer before printing it again");
  assert_int_equal(world.local[0].state, IPP_JSTATE_CANCELED);
}

// Whatever fails or dies while a local job that broke off is cleared away: it is made anew, or ends
// with the reason, and nobody is said to have canceled it.
static void
test_fault_when_it_breaks_off(void **state)
{
  int tried = 0;

  (void)state;
  pb_log_set_level(PB_LOG_ERROR);
  for (int row = 0; row < 2 * FAULT_DIE_AFTER; row++)
  {
    bool       is_handed_over = row >= FAULT_DIE_AFTER;
    enum fault fault          = (enum fault)(row % FAULT_DIE_AFTER + 1);

    for (int at = 1;; at++)
    {
      assert_int_equal(world_tear_down(NULL), 0);
      assert_int_equal(world_set_up(NULL), 0);
      world.is_cutting = !is_handed_over;
      world_run_to(PB_JOB_PRINTING);
      world.is_cutting     = false;
      world.local[0].state = IPP_JSTATE_STOPPED;
      world.fault          = fault;
      world.at             = world.calls + at;
      bool is_done         = world_run();
      if (!is_done || world.printed != 1 ||
          world.final_state != (is_handed_over ? IPP_JSTATE_ABORTED : IPP_JSTATE_COMPLETED) ||
          world.local[0].state != IPP_JSTATE_CANCELED)
        fail_msg("handed over %d, fault %d at %d: done %d, printed %d, said %d (%s), local job %d",
                 is_handed_over, fault, at, is_done, world.printed, world.final_state,
                 world.final_message, world.local[0].state);
      if (world.calls < world.at)
        break;
      tried++;
    }
  }
  print_message("%d faults\n", tried);
  assert_in_range(tried, 20, 1000);
}

static void
test_journal_is_lost(void **state)
{
  (void)state;
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  pb_job_free(world.job);
  pb_journal_close(world.journal);
  world.path[strlen(world.path) - 1] = '2';
  check_ok(pb_journal_open(world.path, &world.journal, NULL, &world_err), world_err);
  world.job = pb_job_new(&world_outside, world.journal, WORLD_DEVICE, "Laser", WORLD_URI, 7);
  atomic_store(&world.job->is_adopted, true);
  world.is_holding = false;
  assert_true(world_run());
  assert_int_equal(world.final_state, IPP_JSTATE_COMPLETED);
  assert_int_equal(world.printed, 1);
}

static void
test_dropped_by_service(void **state)
{
  (void)state;
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  atomic_store(&world.job->is_dropped, true);
  assert_int_equal(pb_job_run(world.job, NULL), PB_TASK_END);
  assert_int_equal(world.local[0].state, IPP_JSTATE_CANCELED);
  assert_int_equal(world.said_final, 0);
}

static void
test_not_printed_twice_when_offered_again(void **state)
{
  (void)state;
  assert_true(world_run());
  world.is_assigned = false;  // a service that went back to a backup
  world.job = pb_job_new(&world_outside, world.journal, WORLD_DEVICE, "Laser", WORLD_URI, 7);
  assert_int_equal(pb_job_run(world.job, NULL), PB_TASK_END);
  assert_int_equal(world.printed, 1);
  assert_int_equal(world.local_count, 1);
  // Or it would wait there for ever.
  assert_int_equal(world.refusal, IPP_STATUS_ERROR_NOT_POSSIBLE);
}

// The service forgot the assignment before anything was read: what it offers then is printed.
static void
test_printed_when_let_go_untouched(void **state)
{
  (void)state;
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  world.is_assigned = false;
  atomic_store(&world.job->is_dropped, true);
  assert_int_equal(pb_job_run(world.job, NULL), PB_TASK_END);
  pb_job_free(world.job);
  world.job        = NULL;
  world.is_holding = false;
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 1, 2);
}

// It was read, and the service has taken it back: nobody has decided yet that it is printed again.
static void
test_printed_when_offered_anew(void **state)
{
  (void)state;
  assert_true(world_run());
  world.is_assigned = false;
  world.taken_back  = 1;
  world.final_state = 0;
  assert_true(world_run());
  assert_int_equal(world.refusal, 0);
  assert_int_equal(world.printed, 2);
  assert_int_equal(world.local_count, 2);
  assert_string_not_equal(world.local[0].cloud_job_id, world.local[1].cloud_job_id);
  // The same again is no news.
  world.is_assigned = false;
  world.job = pb_job_new(&world_outside, world.journal, WORLD_DEVICE, "Laser", WORLD_URI, 7);
  assert_int_equal(pb_job_run(world.job, NULL), PB_TASK_END);
  assert_int_equal(world.printed, 2);
  assert_int_equal(world.refusal, IPP_STATUS_ERROR_NOT_POSSIBLE);
}

// The lease had ended meanwhile: the service says so when the filter asks.
static void
test_let_go_when_another_device_has_it(void **state)
{
  (void)state;
  world.is_holding = true;
  world_run_to(PB_JOB_SUBMITTED);
  world.is_assigned       = false;
  world.is_taken_by_other = true;
  world.is_holding        = false;
  for (int i = 0; i < WORLD_RUNS_MAX && !pb_job_state_is_ended(world.job->record.state); i++)
  {
    world_tick();
    (void)pb_job_run(world.job, NULL);
  }
  assert_int_equal(world.job->record.state, PB_JOB_DONE);
  assert_int_equal(world.printed, 0);
  assert_int_equal(world.local[0].state, IPP_JSTATE_CANCELED);
  assert_int_equal(world.said_final, 0);
}

// The service has it as ours and going on, the journal as ended: it is told again.
static void
test_told_again_when_adopted(void **state)
{
  (void)state;
  assert_true(world_run());
  world.final_state            = 0;
  world.acknowledged_documents = 0;
  world.job = pb_job_new(&world_outside, world.journal, WORLD_DEVICE, "Laser", WORLD_URI, 7);
  atomic_store(&world.job->is_adopted, true);
  assert_int_equal(pb_job_run(world.job, NULL), PB_TASK_END);
  expect(IPP_JSTATE_COMPLETED, 1, 1);
  assert_int_equal(world.acknowledged_documents, 1);
}

// No answer is no decision, whatever kept it from coming: nothing is forgotten, nothing said to be
// told.
static void
test_no_answer(void **state)
{
  static const enum pb_error_kind kinds[] = {PB_RETRY, PB_AUTH, PB_CONFIG, PB_REJECT, PB_GONE};

  (void)state;
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
  {
    assert_int_equal(world_tear_down(NULL), 0);
    assert_int_equal(world_set_up(NULL), 0);
    world.no_answer = kinds[i];
    world.job = pb_job_new(&world_outside, world.journal, WORLD_DEVICE, "Laser", WORLD_URI, 7);
    for (int run = 0; run < 50; run++)
      assert_true(pb_job_run(world.job, NULL) > 0);
    assert_int_equal(world.job->record.state, PB_JOB_DISCOVERED);
    world.no_answer = PB_OK;
    world.at        = 2;  // the acknowledgement
    world.fault     = FAULT_FAIL_BEFORE;
    assert_true(pb_job_run(world.job, NULL) > 0);
    world.no_answer = kinds[i];
    for (int run = 0; run < 50; run++)
      assert_true(pb_job_run(world.job, NULL) > 0);
    assert_int_equal(world.job->record.state, PB_JOB_FETCHED);
    world.no_answer = PB_OK;
    while (world.job->record.state != PB_JOB_ENDING && pb_job_run(world.job, NULL) != PB_TASK_END)
    {
      world_tick();
      if (world.local_count == 1 && world.local[0].state == IPP_JSTATE_COMPLETED)
        world.no_answer = kinds[i];  // the end cannot be told
    }
    assert_int_equal(world.job->record.state, PB_JOB_ENDING);
    assert_true(pb_job_run(world.job, NULL) > 0);
    world.no_answer = PB_OK;
    assert_int_equal(pb_job_run(world.job, NULL), PB_TASK_END);
    pb_job_free(world.job);
    world.job = NULL;
    expect(IPP_JSTATE_COMPLETED, 1, 1);
  }
}

// --- a document that was handed over whole

static void
test_who_may_read_again(void **state)
{
  static const struct
  {
    const char  *name;
    int          hold;
    const char  *before, *refused, *now;
    enum pb_read want;
  } rows[] = {
    {"the device failed, CUPS tries again", PB_HOLD_NONE, "a", "",  "a", PB_READ_AGAIN   },
    {"another cupsd",                       PB_HOLD_NONE, "a", "",  "b", PB_READ_REFUSED },
    {"not known before",                    PB_HOLD_NONE, "",  "",  "b", PB_READ_REFUSED },
    {"not known now",                       PB_HOLD_NONE, "a", "",  "",  PB_READ_REFUSED },
    {"never known",                         PB_HOLD_NONE, "",  "",  "",  PB_READ_REFUSED },
    {"released at the cupsd that held it",  PB_HOLD_HELD, "a", "b", "b", PB_READ_RELEASED},
    {"held, but its cupsd has crashed",     PB_HOLD_HELD, "a", "b", "c", PB_READ_REFUSED },
    {"held, and the first one's filter",    PB_HOLD_HELD, "a", "b", "a", PB_READ_REFUSED },
    {"held, not known",                     PB_HOLD_HELD, "a", "",  "",  PB_READ_REFUSED },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    if (pb_job_decide_read(rows[i].hold, rows[i].before, rows[i].refused, rows[i].now) !=
        rows[i].want)
      fail_msg("%s", rows[i].name);
  }
}

// The device failed after the driver had all of it: CUPS tries again, as the queue's policy says.
static void
test_same_cupsd_tries_again(void **state)
{
  (void)state;
  world.is_retrying = true;
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 2, 1);
  assert_int_equal(world.refused_readers, 0);
}

// To where the document was handed over, and another cupsd has begun the job anew.
static void
world_crash_cupsd(void)
{
  world.is_retrying = true;
  world_run_to(PB_JOB_PRINTING);
  for (int i = 0; i < 10 && world.printed == 0; i++)
    world_turn();
  assert_int_equal(world.printed, world.documents);
  world.runner = "cupsd 2";
}

static void
world_turns(int count)
{
  for (int i = 0; i < count; i++)
    world_turn();
}

// As pb_queue_release_job.
static void
release(void)
{
  if (world.is_dead)
    world_restart();
  check_ok(pb_journal_set_hold(world.journal, world.job->record.id, PB_HOLD_RELEASED, &world_err),
           world_err);
  atomic_store(&world.job->hold, PB_HOLD_RELEASED);
}

static void
expect_held(void)
{
  pb_journal_job_t job = {0};

  assert_int_equal(world.local[0].state, IPP_JSTATE_HELD);
  assert_int_equal(world.printed, world.documents);
  assert_int_equal(world.said_state, IPP_JSTATE_STOPPED);
  assert_non_null(strstr(world.said_message, "printbridge release Laser 7"));
  assert_int_equal(get_journaled(&job), PB_JOB_PRINTING);
  assert_int_equal(job.hold, PB_HOLD_HELD);
  pb_journal_job_clear(&job);
}

static void
test_held_after_crash_of_cupsd(void **state)
{
  (void)state;
  world_crash_cupsd();
  world_turns(20);
  expect_held();
  assert_int_equal(world.refused_readers, 1);
  world_restart();  // of the connector
  world_turns(20);
  expect_held();
  release();
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 2, 1);
}

// cupsd, told to hold a job of several documents, begins with the next one: nothing of it is
// printed, and it does not block its queue.
static void
test_held_and_run_all_the_same(void **state)
{
  (void)state;
  world.documents = 2;
  world_crash_cupsd();
  world_turns(20);
  assert_string_equal(world.order, "12");
  expect_held();
  world.leftover = 2;
  world_turns(20);
  assert_int_equal(world.leftover, 0);
  assert_int_equal(world.ended_readers, 1);
  assert_string_equal(world.order, "12");
  expect_held();
  world.local[0].state =
    IPP_JSTATE_PENDING;  // released there, and its filter has another process id
  assert_true(world_run());
  assert_string_equal(world.order, "1212");
  assert_int_equal(world.ended_readers, 1);
}

static void
test_released_at_cups(void **state)
{
  (void)state;
  world_crash_cupsd();
  world_turns(20);
  expect_held();
  world.local[0].state = IPP_JSTATE_PENDING;
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 2, 1);
}

// The next cupsd does not remember that the job was held.
static void
test_held_again_after_another_crash(void **state)
{
  (void)state;
  world_crash_cupsd();
  world_turns(20);
  expect_held();
  world.runner         = "cupsd 3";
  world.local[0].state = IPP_JSTATE_PENDING;
  world_turns(20);
  expect_held();
  assert_int_equal(world.refused_readers, 2);
}

static void
test_held_then_canceled(void **state)
{
  (void)state;
  world_crash_cupsd();
  world_turns(20);
  expect_held();
  atomic_store(&world.job->is_cancel_asked, true);
  assert_true(world_run());
  expect(IPP_JSTATE_CANCELED, 1, 1);
}

static void
test_reprinted_where_set(void **state)
{
  (void)state;
  world.is_reprint_set = true;
  world_crash_cupsd();
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 2, 1);
}

// Whatever fails or dies while a job is held and released: it is printed once more, not twice.
static void
test_fault_while_held(void **state)
{
  int tried = 0;

  (void)state;
  pb_log_set_level(PB_LOG_ERROR);
  for (int fault = FAULT_FAIL_BEFORE; fault <= FAULT_DIE_AFTER; fault++)
  {
    for (int at = 1;; at++)
    {
      assert_int_equal(world_tear_down(NULL), 0);
      assert_int_equal(world_set_up(NULL), 0);
      world_crash_cupsd();
      world.fault = (enum fault)fault;
      world.at    = world.calls + at;
      world_turns(40);
      if (world.local[0].state != IPP_JSTATE_HELD || world.printed != 1)
        fail_msg("fault %d at %d: not held, %d printed", fault, at, world.printed);
      release();
      bool is_done = world_run();
      if (!is_done || world.printed != 2 || world.local_count != 1 ||
          world.final_state != IPP_JSTATE_COMPLETED)
        fail_msg("fault %d at %d: done %d, printed %d, local jobs %d, said %d", fault, at, is_done,
                 world.printed, world.local_count, world.final_state);
      if (world.calls < world.at)
        break;
      tried++;
    }
  }
  print_message("%d faults\n", tried);
  assert_in_range(tried, 20, 1000);
}

// cupsd takes a filter that was killed for one that has done its work, and says "completed".
static void
test_filter_killed(void **state)
{
  (void)state;
  world.is_cutting_end = true;
  assert_true(world_run());
  expect(IPP_JSTATE_COMPLETED, 1, 2);
}

static void
test_filter_killed_at_its_end(void **state)
{
  (void)state;
  world.is_cutting_end  = true;
  world.is_handing_over = true;
  assert_true(world_run());
  expect(IPP_JSTATE_ABORTED, 0, 1);
  assert_non_null(strstr(world.final_message, "look at the printer"));
}

// ... and the connector with it, before it could see that.
static void
test_filter_killed_with_the_connector(void **state)
{
  (void)state;
  world.is_cutting_end  = true;
  world.is_handing_over = true;
  world_run_to(PB_JOB_PRINTING);
  for (int i = 0; i < 10 && world.is_cutting_end; i++)
    world_turn();
  world_restart();
  assert_true(world_run());
  expect(IPP_JSTATE_ABORTED, 0, 1);
  assert_non_null(strstr(world.final_message, "look at the printer"));
}

// The point of it all: whatever fails or dies at whichever call, one local job prints once, and the
// service hears of it.
static void
test_fault_at_every_call(void **state)
{
  static const char *const names[] = {"none", "fail before", "fail after", "die before",
                                      "die after"};
  int                      tried   = 0;

  (void)state;
  pb_log_set_level(PB_LOG_ERROR);
  for (int documents = 1; documents <= 2; documents++)
  {
    for (int fault = FAULT_FAIL_BEFORE; fault <= FAULT_DIE_AFTER; fault++)
    {
      for (int at = 1;; at++)
      {
        assert_int_equal(world_tear_down(NULL), 0);
        assert_int_equal(world_set_up(NULL), 0);
        world.documents = documents;
        world.fault     = (enum fault)fault;
        world.at        = at;
        bool is_done    = world_run();

        if (world.calls < at)
          break;  // there are no more calls
        tried++;
        if (!is_done || world.printed != documents || world.local_count != 1 ||
            world.final_state != IPP_JSTATE_COMPLETED ||
            strncmp(world.order, "12", (size_t)documents) != 0)
          fail_msg("%s call %d of %d documents: done %d, printed %d, local jobs %d, said %d",
                   names[fault], at, documents, is_done, world.printed, world.local_count,
                   world.final_state);
      }
    }
  }
  print_message("%d faults\n", tried);
  assert_in_range(tried, 60, 1000);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
  const struct CMUnitTest tests[] = {
    TEST(test_prints),
    TEST(test_documents_in_order),
    TEST(test_refusals),
    TEST(test_pins),
    TEST(test_unsupported_is_reported),
    TEST(test_other_is_quicker),
    TEST(test_cancel),
    TEST(test_aborted_there),
    TEST(test_canceled_here),
    TEST(test_document_is_gone),
    TEST(test_cups_loses_the_job),
    TEST(test_cups_forgets_tickets),
    TEST(test_cups_uses_the_number_again),
    TEST(test_lost_after_hand_over),
    TEST(test_given_up_after_hand_over),
    TEST(test_cut_in_mid_document),
    TEST(test_cut_again_and_again),
    TEST(test_filter_fails),
    TEST(test_fault_when_it_breaks_off),
    TEST(test_journal_is_lost),
    TEST(test_dropped_by_service),
    TEST(test_not_printed_twice_when_offered_again),
    TEST(test_printed_when_let_go_untouched),
    TEST(test_printed_when_offered_anew),
    TEST(test_let_go_when_another_device_has_it),
    TEST(test_told_again_when_adopted),
    TEST(test_no_answer),
    TEST(test_who_may_read_again),
    TEST(test_same_cupsd_tries_again),
    TEST(test_held_after_crash_of_cupsd),
    TEST(test_held_and_run_all_the_same),
    TEST(test_released_at_cups),
    TEST(test_held_again_after_another_crash),
    TEST(test_held_then_canceled),
    TEST(test_reprinted_where_set),
    TEST(test_fault_while_held),
    TEST(test_filter_killed),
    TEST(test_filter_killed_at_its_end),
    TEST(test_filter_killed_with_the_connector),
    TEST(test_fault_at_every_call),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
