// journal_test - what was saved is there after a restart; a damaged journal is set aside.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/clock.h"
#include "base/text.h"
#include "connector/journal.h"
#include <dirent.h>
#include <unistd.h>

static char          folder[64];
static char          path[128];
static pb_journal_t *journal;
static pb_error_t    err;

#define DEVICE "urn:uuid:11111111-1111-4111-8111-111111111111"
#define OTHER "urn:uuid:22222222-2222-4222-8222-222222222222"
#define JOB "urn:uuid:33333333-3333-4333-8333-333333333333"

static int
set_up(void **state)
{
  (void)state;
  strcpy(folder, "/tmp/pb-journal-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return -1;
  snprintf(path, sizeof(path), "%s/journal.db", folder);
  err = (pb_error_t){0};
  return pb_journal_open(path, &journal, NULL, &err) ? 0 : -1;
}

static int
tear_down(void **state)
{
  DIR *list = NULL;

  (void)state;
  pb_journal_close(journal);
  journal = NULL;
  list    = opendir(folder);
  for (struct dirent *at = readdir(list); at != NULL; at = readdir(list))
  {
    char name[512];

    snprintf(name, sizeof(name), "%s/%s", folder, at->d_name);
    if (at->d_name[0] != '.')
      unlink(name);
  }
  closedir(list);
  return rmdir(folder);
}

static void
reopen(void)
{
  pb_journal_close(journal);
  journal = NULL;
  check_ok(pb_journal_open(path, &journal, NULL, &err), err);
}

static pb_journal_job_t
make_job(const char *device, int cloud_job, enum pb_job_state state)
{
  pb_journal_job_t job = {.state = state, .cloud_job = cloud_job};

  pb_text_copy(job.device_uuid, sizeof(job.device_uuid), device);
  strcpy(job.queue, "Laser");
  strcpy(job.printer_uri, "ipps://print.example.com:8631/ipp/print/1");
  strcpy(job.job_uuid, JOB);
  strcpy(job.title, "A \"title\" with ' and \xc3\xa4");
  strcpy(job.user, "alice");
  return job;
}

static void
add_documents(pb_journal_job_t *job, int count)
{
  job->documents       = calloc((size_t)count, sizeof(*job->documents));
  job->documents_count = count;
  for (int i = 0; i < count; i++)
  {
    job->documents[i].number = i + 1;
    strcpy(job->documents[i].format, "application/pdf");
    snprintf(job->documents[i].capability, PB_CAPABILITY_SIZE, "%032x", i + 1);
  }
}

static void
test_restart(void **state)
{
  pb_journal_job_t job   = make_job(DEVICE, 7, PB_JOB_FETCHED);
  pb_journal_job_t found = {0};

  (void)state;
  add_documents(&job, 2);
  job.ticket      = memcpy(malloc(4), "\x00\x01\x02", 4);
  job.ticket_size = 4;
  check_ok(pb_journal_save_all(journal, &job, "fetched", &err), err);
  assert_true(job.id > 0);
  job.state           = PB_JOB_CREATED;
  job.local_job       = 42;
  job.attempt         = 1;
  job.is_cancel_asked = true;
  check_ok(pb_journal_save(journal, &job, "created", &err), err);
  check_ok(pb_journal_note_reader(journal, job.id, 2, "one cupsd", &err), err);
  check_ok(pb_journal_note_handed_over(journal, job.id, 2, 123456789012, &err), err);
  // Saving again does not undo what was noted.
  check_ok(pb_journal_save_all(journal, &job, NULL, &err), err);

  reopen();
  check_ok(pb_journal_find(journal, DEVICE, 7, &found, &err), err);
  assert_int_equal(found.id, job.id);
  assert_int_equal(found.state, PB_JOB_CREATED);
  assert_int_equal(found.local_job, 42);
  assert_int_equal(found.attempt, 1);
  assert_true(found.is_cancel_asked);
  assert_string_equal(found.title, job.title);
  assert_int_equal(found.ticket_size, 4);
  assert_memory_equal(found.ticket, job.ticket, 4);
  assert_int_equal(found.documents_count, 2);
  assert_false(found.documents[0].is_handed_over);
  assert_true(found.documents[1].is_handed_over);
  assert_int_equal(found.documents[1].readers, 1);
  assert_int_equal(found.documents[1].bytes, 123456789012);
  assert_string_equal(found.documents[1].capability, job.documents[1].capability);
  pb_journal_job_clear(&found);
  pb_journal_job_clear(&job);
}

// A print server that went to another host and came back: only what it had not ended before that.
static void
test_elsewhere(void **state)
{
  static const struct
  {
    const char       *device;
    enum pb_job_state state;
    bool              is_elsewhere;
  } rows[] = {
    {DEVICE, PB_JOB_PRINTING, true },
    {DEVICE, PB_JOB_FETCHED,  true },
    {DEVICE, PB_JOB_DONE,     false},
    {OTHER,  PB_JOB_PRINTING, false},
    {DEVICE, PB_JOB_PRINTING, false}, // since it is back
  };
  pb_journal_job_t           job[5];
  struct pb_journal_document document;
  int64_t                    back_ms = 0;

  (void)state;
  for (int i = 0; i < 5; i++)
  {
    job[i] = make_job(rows[i].device, i + 1, rows[i].state);
    if (i == 4)
    {
      pb_clock_shift_ms(1000);
      back_ms = pb_clock_now_ms();
    }
    add_documents(&job[i], 1);
    check_ok(pb_journal_save_all(journal, &job[i], NULL, &err), err);
  }
  check_ok(pb_journal_note_elsewhere(journal, DEVICE, back_ms, &err), err);
  for (int i = 0; i < 5; i++)
  {
    check_ok(pb_journal_find_document(journal, job[i].id, 1, &document, &err), err);
    assert_int_equal(document.is_handed_over, rows[i].is_elsewhere);
    assert_int_equal(strcmp(document.runner, PB_RUNNER_ELSEWHERE) == 0, rows[i].is_elsewhere);
    pb_journal_job_clear(&job[i]);
  }
}

static void
count_hop(void *user, int64_t at_ms, const char *what)
{
  int *count = user;

  assert_true(at_ms > 0);
  assert_non_null(what);
  (*count)++;
}

static void
test_hops_are_capped(void **state)
{
  pb_journal_job_t job   = make_job(DEVICE, 1, PB_JOB_ACKNOWLEDGED);
  int              count = 0;

  (void)state;
  for (int i = 0; i < 100; i++)
    check_ok(pb_journal_save(journal, &job, "again", &err), err);
  check_ok(pb_journal_each_hop(journal, job.id, count_hop, &count, &err), err);
  assert_in_range(count, 10, 99);
}

static void
test_active(void **state)
{
  static const enum pb_job_state states[] = {PB_JOB_FETCHED,   PB_JOB_DONE,   PB_JOB_PRINTING,
                                             PB_JOB_FORGOTTEN, PB_JOB_ENDING, PB_JOB_REFUSING};
  pb_journal_job_t              *jobs     = NULL;
  size_t                         count    = 0;

  (void)state;
  for (int i = 0; i < 6; i++)
  {
    pb_journal_job_t job = make_job(i == 4 ? OTHER : DEVICE, i + 1, states[i]);

    check_ok(pb_journal_save(journal, &job, NULL, &err), err);
  }
  check_ok(pb_journal_copy_active(journal, DEVICE, &jobs, &count, &err), err);
  assert_int_equal(count, 3);
  assert_int_equal(jobs[0].cloud_job, 1);
  assert_int_equal(jobs[1].cloud_job, 3);
  assert_int_equal(jobs[2].cloud_job, 6);
  pb_journal_free_jobs(jobs, count);
  check_ok(pb_journal_copy_active(journal, NULL, &jobs, &count, &err), err);
  assert_int_equal(count, 4);
  pb_journal_free_jobs(jobs, count);
  check_ok(pb_journal_copy_newest(journal, NULL, 2, &jobs, &count, &err), err);
  assert_int_equal(count, 2);
  assert_int_equal(jobs[0].cloud_job, 6);
  pb_journal_free_jobs(jobs, count);
}

// An ended job gives its place to a new one of the same number; one that has not ended does not.
static void
test_same_number(void **state)
{
  pb_journal_job_t old   = make_job(DEVICE, 5, PB_JOB_DONE);
  pb_journal_job_t again = make_job(DEVICE, 5, PB_JOB_FETCHED);
  pb_journal_job_t third = make_job(DEVICE, 5, PB_JOB_FETCHED);

  (void)state;
  check_ok(pb_journal_save(journal, &old, "done", &err), err);
  check_ok(pb_journal_save(journal, &again, "fetched", &err), err);
  assert_true(again.id > old.id);
  assert_false(pb_journal_save(journal, &third, "fetched", &err));
  assert_int_equal(third.id, 0);
}

static void
test_missing(void **state)
{
  pb_journal_job_t found = {0};
  pb_journal_job_t job   = make_job(DEVICE, 5, PB_JOB_FETCHED);

  (void)state;
  assert_false(pb_journal_find(journal, DEVICE, 99, &found, &err));
  assert_int_equal(err.kind, PB_GONE);
  job.id = 1234;
  assert_false(pb_journal_save(journal, &job, NULL, &err));
  assert_int_equal(err.kind, PB_BUG);
}

static void
test_trim(void **state)
{
  pb_journal_job_t *jobs  = NULL;
  size_t            count = 0;

  (void)state;
  for (int i = 0; i < 20; i++)
  {
    pb_journal_job_t job = make_job(DEVICE, i + 1, i == 0 ? PB_JOB_PRINTING : PB_JOB_DONE);

    check_ok(pb_journal_save(journal, &job, NULL, &err), err);
  }
  check_ok(pb_journal_trim(journal, 3600000, 5, &err), err);
  check_ok(pb_journal_copy_newest(journal, NULL, 100, &jobs, &count, &err), err);
  assert_int_equal(count, 6);  // five that ended, and the one that prints
  pb_journal_free_jobs(jobs, count);
  pb_clock_shift_ms(7200000);
  check_ok(pb_journal_trim(journal, 3600000, 5, &err), err);
  check_ok(pb_journal_copy_newest(journal, NULL, 100, &jobs, &count, &err), err);
  assert_int_equal(count, 1);
  pb_journal_free_jobs(jobs, count);
}

static void
test_numbers(void **state)
{
  (void)state;
  assert_int_equal(pb_journal_get_number(journal, "subscription:x", -1), -1);
  check_ok(pb_journal_set_number(journal, "subscription:x", 12, &err), err);
  check_ok(pb_journal_set_number(journal, "subscription:x", 13, &err), err);
  reopen();
  assert_int_equal(pb_journal_get_number(journal, "subscription:x", -1), 13);
}

static void
fill(void)
{
  for (int i = 1; i <= 200; i++)
  {
    pb_journal_job_t job = make_job(DEVICE, i, PB_JOB_FETCHED);

    check_ok(pb_journal_save(journal, &job, "fetched", &err), err);
  }
  pb_journal_close(journal);
  journal = NULL;
}

static void
damage(long at, long size, bool is_cut)
{
  FILE *file = fopen(path, "r+b");

  assert_non_null(file);
  fseek(file, at, at < 0 ? SEEK_END : SEEK_SET);
  if (is_cut)
    assert_int_equal(ftruncate(fileno(file), ftell(file)), 0);
  for (long i = 0; i < size; i++)
    fputc("this is no database "[i % 20], file);
  fclose(file);
}

// Set aside whatever is wrong with it, at the start and not at the job that needs it.
static void
test_damage(void **state)
{
  static const struct
  {
    const char *name;
    long        at, size;
    bool        is_cut;
  } rows[] = {
    {"garbage",               0,     100000, true },
    {"garbage in the header", 0,     100,    false},
    {"garbage in the middle", 12288, 20000,  false},
    {"garbage at the end",    -9000, 8999,   false},
    {"cut in the middle",     20000, 0,      true },
    {"cut behind the header", 100,   0,      true },
    {"its last page is gone", -4096, 0,      true },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    bool             was_damaged = false;
    int              aside       = 0;
    pb_journal_job_t job         = make_job(DEVICE, 5, PB_JOB_FETCHED);

    fill();
    damage(rows[i].at, rows[i].size, rows[i].is_cut);
    check_ok(pb_journal_open(path, &journal, &was_damaged, &err), err);
    if (!was_damaged)
      fail_msg("%s: not noticed", rows[i].name);
    check_ok(pb_journal_save(journal, &job, "fetched", &err), err);
    DIR *list = opendir(folder);
    for (struct dirent *at = readdir(list); at != NULL; at = readdir(list))
    {
      char name[512];

      snprintf(name, sizeof(name), "%s/%s", folder, at->d_name);
      aside += strstr(at->d_name, "damaged-") != NULL;
      if (strstr(at->d_name, "damaged-") != NULL)
        unlink(name);
    }
    closedir(list);
    assert_true(aside >= 1);
    assert_int_equal(tear_down(NULL), 0);
    assert_int_equal(set_up(NULL), 0);
  }
}

// While it is open: whoever looks at the file sees it, or the statement that meets it.
static void
test_damage_while_open(void **state)
{
  bool was_damaged = false;

  (void)state;
  fill();
  check_ok(pb_journal_open(path, &journal, &was_damaged, &err), err);
  pb_journal_check(journal);
  assert_false(pb_journal_is_damaged(journal));
  damage(12288, 20000, /*is_cut*/ false);
  pb_journal_check(journal);
  assert_true(pb_journal_is_damaged(journal));
  pb_journal_close(journal);
  check_ok(pb_journal_set_aside(path, &err), err);
  check_ok(pb_journal_open(path, &journal, &was_damaged, &err), err);
  assert_false(was_damaged);
  assert_false(pb_journal_is_damaged(journal));
  check_ok(pb_journal_set_aside("/nonexistent/journal.db", &err), err);
}

static void
test_unreachable(void **state)
{
  pb_journal_t *none = NULL;

  (void)state;
  assert_false(pb_journal_open("/nonexistent/journal.db", &none, NULL, &err));
  assert_null(none);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    TEST(test_restart),     TEST(test_hops_are_capped), TEST(test_active),
    TEST(test_same_number), TEST(test_missing),         TEST(test_trim),
    TEST(test_numbers),     TEST(test_damage),          TEST(test_damage_while_open),
    TEST(test_unreachable), TEST(test_elsewhere),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
