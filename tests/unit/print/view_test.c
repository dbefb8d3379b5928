// view_test - printers and jobs as the portal sees them, and what an administrator does there.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#define SEEN_MAX 16

struct seen
{
  int     count;
  int     ids[SEEN_MAX];
  char    names[SEEN_MAX][64], uris[SEEN_MAX][96], clients[SEEN_MAX][32], formats[SEEN_MAX][64];
  int     states[SEEN_MAX], queued[SEEN_MAX];
  int64_t seen_ms[SEEN_MAX], sizes[SEEN_MAX];
};

static void
see_printer(void *user, const struct pb_printer_view *view)
{
  struct seen *seen = user;
  int          i    = seen->count++;

  assert_true(i < SEEN_MAX);
  assert_non_null(view->state_message);
  seen->ids[i]    = view->id;
  seen->states[i] = view->state;
  seen->queued[i] = view->queued_jobs;
  pb_text_copy(seen->names[i], sizeof(seen->names[i]), view->name);
  pb_text_copy(seen->uris[i], sizeof(seen->uris[i]), view->uri);
  if (view->devices_count == 0)
    return;
  seen->seen_ms[i] = view->devices[0].seen_ms;
  pb_text_copy(seen->clients[i], sizeof(seen->clients[i]), view->devices[0].client_id);
}

static void
see_job(void *user, const struct pb_job_view *view)
{
  struct seen *seen = user;
  int          i    = seen->count++;

  assert_true(i < SEEN_MAX);
  seen->ids[i]    = view->id;
  seen->states[i] = view->state;
  seen->sizes[i]  = view->size_bytes;
  pb_text_copy(seen->names[i], sizeof(seen->names[i]), view->printer_name);
  pb_text_copy(seen->formats[i], sizeof(seen->formats[i]), view->format);
}

static void
each_job(struct bench *b, int printer_id, const char *owner, int limit, struct seen *seen)
{
  pb_error_t err = {0};

  *seen = (struct seen){0};
  check_ok(pb_print_each_job(b->print, printer_id, owner, limit, see_job, seen, &err), err);
}

static int
count_spooled(struct bench *b)
{
  char  command[160];
  int   count = -1;
  FILE *pipe;

  snprintf(command, sizeof(command), "find %s/spool -type f | wc -l", b->folder);
  pipe = popen(command, "r");
  assert_int_equal(fscanf(pipe, "%d", &count), 1);
  pclose(pipe);
  return count;
}

// A job on the printer that is not PATH's.
static int
add_job_elsewhere(struct bench *b, int printer_id, const char *owner)
{
  pb_error_t    err = {0};
  struct pb_job job = {.printer_id = printer_id};

  job.status.state = IPP_JSTATE_PENDING;
  pb_text_copy(job.owner, sizeof(job.owner), owner);
  pb_text_make_uuid(job.uuid);
  job.ticket = ippNew();
  check_ok(pb_job_insert(b->db, &job, &err), err);
  pb_job_clear(&job);
  return print_job(b, &ann) - 1;  // ids are of one sequence
}

// --- what is shown

static void
printers_are_shown(void **state)
{
  struct bench *b    = *state;
  struct seen   seen = {0};
  pb_error_t    err  = {0};
  int64_t       before_ms;

  (void)print_job(b, &ann);
  (void)print_job(b, &bob);
  check_ok(pb_print_each_printer(b->print, see_printer, &seen, &err), err);
  assert_int_equal(seen.count, 2);
  assert_string_equal(seen.names[0], "Laser");
  assert_string_equal(seen.uris[0], URI);
  assert_string_equal(seen.clients[0], "client-1");
  assert_string_equal(seen.clients[1], "client-2");
  assert_int_equal(seen.queued[0], 2);
  assert_int_equal(seen.queued[1], 0);
  assert_int_equal(seen.seen_ms[0], 0);

  // The connector says a word, and goes.
  before_ms = pb_clock_now_ms();
  check_status(call(b, &proxy, ask_device(IPP_OP_GET_JOBS, 0)), IPP_STATUS_OK);
  seen = (struct seen){0};
  check_ok(pb_print_each_printer(b->print, see_printer, &seen, &err), err);
  assert_true(seen.seen_ms[0] >= before_ms);
  assert_int_equal(seen.seen_ms[1], 0);
  check_status(call(b, &proxy, ask_device(IPP_OP_DEREGISTER_OUTPUT_DEVICE, 0)), IPP_STATUS_OK);
  seen = (struct seen){0};
  check_ok(pb_print_each_printer(b->print, see_printer, &seen, &err), err);
  assert_int_equal(seen.count, 2);
  assert_string_equal(seen.clients[0], "");
  assert_int_equal(seen.states[0], IPP_PSTATE_STOPPED);
}

static void
jobs_are_shown(void **state)
{
  struct bench *b   = *state;
  int           one = print_job(b, &ann), two = print_job(b, &bob);
  int           other = add_job_elsewhere(b, 2, "bob@cloud.test"), last = other + 1;
  struct seen   seen;

  const struct
  {
    const char *name;
    int         printer_id;
    const char *owner;
    int         limit;
    int         want[SEEN_MAX];
  } rows[] = {
    {"all",             0, NULL,             10, {last, other, two, one}},
    {"two",             0, NULL,             2,  {last, other}          },
    {"of a printer",    1, NULL,             10, {last, two, one}       },
    {"of another",      2, NULL,             10, {other}                },
    {"of nothing",      9, NULL,             10, {0}                    },
    {"of a user",       0, "bob@cloud.test", 10, {other, two}           },
    {"of both",         1, "bob@cloud.test", 10, {two}                  },
    {"of nobody known", 0, "eve@cloud.test", 10, {0}                    },
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    int want_count = 0;

    while (rows[i].want[want_count])
      want_count++;
    each_job(b, rows[i].printer_id, rows[i].owner, rows[i].limit, &seen);
    if (seen.count != want_count ||
        memcmp(seen.ids, rows[i].want, sizeof(int) * (size_t)want_count) != 0)
      fail_msg("%s: %d jobs, the first is %d", rows[i].name, seen.count, seen.ids[0]);
  }
  each_job(b, 0, NULL, 10, &seen);
  assert_string_equal(seen.names[0], "Laser");
  assert_string_equal(seen.formats[0], "application/pdf");
  assert_int_equal(seen.sizes[0], strlen(PDF));
  assert_string_equal(seen.formats[1], "");  // it has no document
  assert_int_equal(seen.sizes[1], 0);
}

// --- what is done

static void
jobs_are_canceled_by_who_may(void **state)
{
  struct bench *b     = *state;
  int           mine  = print_job(b, &ann);
  int           his   = print_job(b, &bob);
  int           other = add_job_elsewhere(b, 2, "ann@cloud.test");
  pb_error_t    err   = {0};

  const struct
  {
    const char           *name;
    int                   printer_id, job_id;
    const pb_principal_t *who;
    bool                  want;
  } rows[] = {
    {"somebody else's", 1, his, &ann, false}, {"on the wrong printer", 1, other, &ann, false},
    {"there is none", 1, 99, &operator, false }, {"nobody's business", 1, mine, &nobody, false},
     {"one's own", 1, mine, &ann, true}, {"again", 1, mine, &ann, false},
     {
       "by an operator",
       1,
       his,
       &operator,
       true },
       {"one's own elsewhere", 2, other, &ann, true},
    };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    err = (pb_error_t){0};
    if (pb_print_cancel_job(b->print, rows[i].printer_id, rows[i].job_id, rows[i].who, &err) !=
        rows[i].want)
      fail_msg("%s: %s", rows[i].name, err.message);
    assert_true(rows[i].want || (err.kind == PB_REJECT && err.message[0]));
  }
  check_job(b, mine, IPP_JSTATE_CANCELED, "job-canceled-by-user");
}

static void
a_removed_printer_leaves_nothing(void **state)
{
  struct bench     *b = *state;
  struct pb_request upload;
  struct seen       seen = {0};
  pb_error_t        err  = {0};
  bool              is_ready;
  int               other;

  (void)print_job(b, &ann);
  other = add_job_elsewhere(b, 2, "bob@cloud.test");
  begin(b, &upload, &ann, ask(IPP_OP_PRINT_JOB));
  assert_true(pb_upload_write(&upload, PDF, 70, &is_ready));
  check_ok(pb_print_remove_printer(b->print, 1, &err), err);
  // Its sender is told, and what came goes too.
  (void)pb_upload_write(&upload, &PDF[70], strlen(PDF) - 70, &is_ready);
  pb_upload_finish(&upload);
  assert_true(ippGetStatusCode(upload.response) >= IPP_STATUS_ERROR_BAD_REQUEST);
  pb_request_clear(&upload);
  assert_int_equal(count_spooled(b), 0);

  check_ok(pb_print_each_printer(b->print, see_printer, &seen, &err), err);
  assert_int_equal(seen.count, 1);
  assert_int_equal(seen.ids[0], 2);
  each_job(b, 0, NULL, 10, &seen);
  assert_int_equal(seen.count, 1);
  assert_int_equal(seen.ids[0], other);
  check_status(call(b, &nobody, ask(IPP_OP_GET_PRINTER_ATTRIBUTES)), IPP_STATUS_ERROR_NOT_FOUND);
  assert_false(pb_print_remove_printer(b->print, 1, &err));
  assert_int_equal(err.kind, PB_GONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(printers_are_shown),
    TEST(jobs_are_shown),
    TEST(jobs_are_canceled_by_who_may),
    TEST(a_removed_printer_leaves_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
