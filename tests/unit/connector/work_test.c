// work_test - tasks run when due, one worker each, and again when woken meanwhile.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/clock.h"
#include "connector/work.h"
#include <poll.h>
#include <stdatomic.h>

struct counted
{
  atomic_int runs, inside, overlaps;
  int64_t    answer;
};

static int64_t
run(void *user, void *worker)
{
  struct counted *counted = user;

  (void)worker;
  if (atomic_fetch_add(&counted->inside, 1) > 0)
    atomic_fetch_add(&counted->overlaps, 1);
  poll(NULL, 0, 1);
  atomic_fetch_sub(&counted->inside, 1);
  atomic_fetch_add(&counted->runs, 1);
  return counted->answer;
}

static bool
wait_for(atomic_int *value, int at_least)
{
  for (int i = 0; i < 5000 && atomic_load(value) < at_least; i++)
    poll(NULL, 0, 1);
  return atomic_load(value) >= at_least;
}

static pb_work_t *
start(int workers)
{
  struct pb_work_options options = {.workers = workers};
  pb_work_t             *work    = NULL;
  pb_error_t             err     = {0};

  check_ok(pb_work_start(&options, &work, &err), err);
  return work;
}

static void
stop(pb_work_t *work)
{
  pb_work_stop(work);
  pb_work_free(work);
}

static void
test_runs(void **state)
{
  pb_work_t     *work  = start(2);
  struct counted once  = {.answer = PB_TASK_END};
  struct counted often = {.answer = 0};
  struct counted idle  = {.answer = PB_TASK_IDLE};

  (void)state;
  assert_non_null(pb_work_add(work, run, &once, 0));
  assert_non_null(pb_work_add(work, run, &often, 0));
  assert_non_null(pb_work_add(work, run, &idle, PB_TASK_IDLE));
  assert_true(wait_for(&often.runs, 20));
  assert_true(wait_for(&once.runs, 1));
  stop(work);
  assert_int_equal(atomic_load(&once.runs), 1);
  assert_int_equal(atomic_load(&idle.runs), 0);
}

static void
test_wake(void **state)
{
  pb_work_t     *work = start(4);
  struct counted idle = {.answer = PB_TASK_IDLE};
  pb_task_t     *task = pb_work_add(work, run, &idle, PB_TASK_IDLE);

  (void)state;
  for (int i = 1; i <= 50; i++)
  {
    pb_work_wake(work, task, 0);
    assert_true(wait_for(&idle.runs, i));
  }
  // Many at once: at least one more run, never two at a time.
  for (int i = 0; i < 1000; i++)
    pb_work_wake(work, task, 0);
  assert_true(wait_for(&idle.runs, 51));
  pb_work_stop(work);
  pb_work_wake(work, task, 0);  // harmless until it is freed
  pb_work_free(work);
  assert_int_equal(atomic_load(&idle.overlaps), 0);
}

// A task that is due later does not keep one that is due now waiting, nor the other way round.
static void
test_due(void **state)
{
  pb_work_t     *work  = start(1);
  struct counted later = {.answer = PB_TASK_IDLE};
  struct counted now   = {.answer = PB_TASK_IDLE};
  pb_task_t     *task  = pb_work_add(work, run, &later, 3600 * 1000);

  (void)state;
  assert_non_null(pb_work_add(work, run, &now, 0));
  assert_true(wait_for(&now.runs, 1));
  assert_int_equal(atomic_load(&later.runs), 0);
  pb_work_wake(work, task, 20);
  assert_true(wait_for(&later.runs, 1));
  stop(work);
}

struct late
{
  atomic_int asked, made, freed, with, without;
  int        from;  // which asking succeeds
};

static void *
make_late(void *user)
{
  struct late *late = user;

  if (atomic_fetch_add(&late->asked, 1) + 1 < late->from)
    return NULL;
  atomic_fetch_add(&late->made, 1);
  return late;
}

static void
free_late(void *worker)
{
  struct late *late = worker;

  atomic_fetch_add(&late->freed, 1);
}

static int64_t
run_late(void *user, void *worker)
{
  struct late *late = user;

  atomic_fetch_add(worker != NULL ? &late->with : &late->without, 1);
  return 0;
}

// A worker that cannot be made at first, as when CUPS starts after us, is asked for again.
static void
test_late_worker(void **state)
{
  struct late            late    = {.from = 3};
  struct pb_work_options options = {
    .workers = 1, .worker_new = make_late, .worker_free = free_late, .user = &late};
  pb_work_t *work = NULL;
  pb_error_t err  = {0};

  (void)state;
  check_ok(pb_work_start(&options, &work, &err), err);
  assert_non_null(pb_work_add(work, run_late, &late, 0));
  assert_true(wait_for(&late.with, 5));
  stop(work);
  assert_int_equal(atomic_load(&late.without), 2);
  assert_int_equal(atomic_load(&late.made), 1);
  assert_int_equal(atomic_load(&late.freed), 1);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_runs),
    cmocka_unit_test(test_wake),
    cmocka_unit_test(test_due),
    cmocka_unit_test(test_late_worker),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
