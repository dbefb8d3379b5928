// print_test - the life of the module: what it finds at the start, what time does, what it keeps.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#define MINUTE_MS (60 * 1000)

static struct pb_job
load(struct bench *b, int id)
{
  struct pb_job job;
  pb_error_t    err = {0};

  check_ok(pb_job_load(b->db, id, &job, &err), err);
  return job;
}

static bool
is_spooled(struct bench *b, const char *spool_id)
{
  pb_spool_reader_t *reader = NULL;
  bool ok = pb_spool_open_reader(b->spool, spool_id, NULL, NULL, &reader, /*err*/ NULL);

  pb_spool_reader_free(reader);
  return ok;
}

static bool
is_nothing_known(void *user, const char *id)
{
  (void)user;
  (void)id;
  return false;
}

// What a crash between two steps leaves in the spool: a whole document that no job knows.
static void
add_stray_document(struct bench *b)
{
  int        id  = print_job(b, &bob);
  pb_error_t err = {0};

  check_ok(pb_db_run(b->db, &err, "DELETE FROM jobs WHERE id = ?", "i", (int64_t)id), err);
}

static void
only_what_is_known_survives_a_restart(void **state)
{
  struct bench      *b  = *state;
  int                id = print_job(b, &ann);
  struct pb_document document;
  pb_error_t         err = {0};

  add_stray_document(b);
  check_ok(pb_document_load(b->db, id, 1, &document, &err), err);
  bench_close(b);
  bench_open(b);
  assert_true(is_spooled(b, document.spool_id));
  check_job(b, id, IPP_JSTATE_PENDING, "job-fetchable");
  check_ok(pb_print_recover(b->print, &err), err);  // a second time finds nothing to do
  assert_true(is_spooled(b, document.spool_id));
  assert_int_equal(pb_spool_sweep(b->spool, is_nothing_known, NULL), 1);
}

static void
held_jobs_are_released_when_due(void **state)
{
  struct bench *b   = *state;
  int           due = print_job(b, &ann), later = print_job(b, &ann), forever = print_job(b, &ann);
  const struct
  {
    int     id;
    int64_t until_ms;
  } holds[] = {
    {due,     pb_clock_now_ms() + MINUTE_MS    },
    {later,   pb_clock_now_ms() + 3 * MINUTE_MS},
    {forever, PB_HOLD_FOREVER                  },
  };
  pb_error_t err = {0};

  for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++)
  {
    struct pb_job job;

    check_status(call(b, &ann, ask_job(IPP_OP_HOLD_JOB, holds[i].id)), IPP_STATUS_OK);
    job               = load(b, holds[i].id);
    job.hold_until_ms = holds[i].until_ms;
    check_ok(pb_job_save(b->db, &job, &err), err);
    pb_job_clear(&job);
  }
  pb_print_tick(b->print);
  check_job(b, due, IPP_JSTATE_HELD, "job-hold-until-specified");
  pb_clock_shift_wall_ms(2 * MINUTE_MS);
  pb_print_tick(b->print);
  check_job(b, due, IPP_JSTATE_PENDING, "job-fetchable");
  check_job(b, later, IPP_JSTATE_HELD, "job-hold-until-specified");
  pb_clock_shift_wall_ms(2 * MINUTE_MS);
  pb_print_tick(b->print);
  check_job(b, later, IPP_JSTATE_PENDING, "job-fetchable");
  check_job(b, forever, IPP_JSTATE_HELD, "job-hold-until-specified");
  pb_clock_shift_wall_ms(-4 * MINUTE_MS);
}

static void
old_jobs_go_with_their_documents(void **state)
{
  struct bench      *b  = *state;
  int                id = print_job(b, &ann), waiting = print_job(b, &ann);
  struct pb_document document, kept;
  struct pb_job      job;
  pb_error_t         err = {0};

  check_ok(pb_document_load(b->db, id, 1, &document, &err), err);
  check_ok(pb_document_load(b->db, waiting, 1, &kept, &err), err);
  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  pb_clock_shift_wall_ms(59 * MINUTE_MS);  // an hour is kept
  pb_print_tick(b->print);
  check_job(b, id, IPP_JSTATE_CANCELED, "job-canceled-by-user");
  pb_clock_shift_wall_ms(2 * MINUTE_MS);
  pb_print_tick(b->print);
  assert_false(pb_job_load(b->db, id, &job, &err));
  assert_int_equal(err.kind, PB_GONE);
  assert_false(is_spooled(b, document.spool_id));
  check_job(b, waiting, IPP_JSTATE_PENDING, "job-fetchable");
  assert_true(is_spooled(b, kept.spool_id));
  pb_clock_shift_wall_ms(-61 * MINUTE_MS);
}

// Hundreds in one tick; what is not old stays.
static void
a_long_history_goes(void **state)
{
  struct bench *b        = *state;
  pb_error_t    err      = {0};
  int           id       = print_job(b, &ann);
  int64_t       ended_ms = pb_clock_now_ms() - 61 * MINUTE_MS;

  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  check_ok(pb_db_begin(b->db, &err), err);
  for (int i = 0; i < 333; i++)
  {
    struct pb_job job = {.printer_id = 1, .ticket = ippNew()};

    job.status.state = IPP_JSTATE_COMPLETED;
    pb_text_make_uuid(job.uuid);
    check_ok(pb_job_insert(b->db, &job, &err), err);
    job.status.completed_ms = ended_ms;
    check_ok(pb_job_save(b->db, &job, &err), err);
    pb_job_clear(&job);
  }
  check_ok(pb_db_commit(b->db, &err), err);
  pb_print_tick(b->print);
  check_job(b, id, IPP_JSTATE_CANCELED, "job-canceled-by-user");

  pb_db_stmt_t *rows = pb_db_query(b->db, &err, "SELECT count(*) FROM jobs", "");
  assert_true(pb_db_step(rows));
  assert_int_equal(pb_db_int(rows, 0), 1);
  check_ok(pb_db_finish(rows, &err), err);
}

// printer-up-time counts from 1 (RFC 8011 s5.4.29); moments before the start are not positive.
static void
time_is_told_in_seconds_since_the_start(void **state)
{
  struct bench *b = *state;

  assert_in_range(pb_print_up_time(b->print), 1, 10);
  pb_clock_shift_ms(100 * 1000);
  assert_in_range(pb_print_up_time(b->print), 101, 110);
  assert_in_range(pb_print_up_time_at(b->print, pb_clock_now_ms() - 50 * 1000), 50, 60);
  assert_true(pb_print_up_time_at(b->print, pb_clock_now_ms() - 500 * 1000) <= 0);
  // The wall clock may jump: up-time does not.
  pb_clock_shift_wall_ms(-1000 * 1000);
  assert_in_range(pb_print_up_time(b->print), 101, 110);
  pb_clock_shift_wall_ms(1000 * 1000);
  pb_clock_shift_ms(-100 * 1000);
}

static void
see(void *user, const struct pb_printer_view *view)
{
  if (view->id == 1)
    *(int64_t *)user = view->devices[0].seen_ms;
}

static void
the_last_word_of_a_connector_survives(void **state)
{
  struct bench *b         = *state;
  int64_t       before_ms = pb_clock_now_ms(), seen_ms = 0;
  pb_error_t    err = {0};

  check_status(call(b, &proxy, ask_device(IPP_OP_GET_JOBS, 0)), IPP_STATUS_OK);
  bench_close(b);
  bench_open(b);
  check_ok(pb_print_each_printer(b->print, see, &seen_ms, &err), err);
  assert_true(seen_ms >= before_ms);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(only_what_is_known_survives_a_restart),   TEST(held_jobs_are_released_when_due),
    TEST(old_jobs_go_with_their_documents),        TEST(a_long_history_goes),
    TEST(time_is_told_in_seconds_since_the_start), TEST(the_last_word_of_a_connector_survives),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
