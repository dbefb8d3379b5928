// held_test - the jobs that wait for a sign-in are on the disk, and nothing else is taken for one.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/file.h"
#include "cloud/held.h"

#include <sys/stat.h>
#include <unistd.h>

#define JOB_UUID "urn:uuid:00000000-0000-4000-8000-000000000001"

static char folder[] = "/tmp/pb-held-XXXXXX";
static char path[128];

static bool
is_there(void)
{
  struct stat status;

  return stat(path, &status) == 0;
}

static struct pb_held_job
make_job(const char *uuid)
{
  struct pb_held_job job = {
    .job_id = 7, .owner = "ann", .queue = "Q", .server = "/nonexistent/cups.sock"};

  snprintf(job.uuid, sizeof(job.uuid), "%s", uuid);
  return job;
}

// A CUPS that does not answer: the job is kept for the next try.
static void
test_kept(void **state)
{
  struct pb_held_job job = make_job(JOB_UUID);
  pb_error_t         err = {0};

  (void)state;
  assert_int_equal(pb_held_release(folder), 0);
  check_ok(pb_held_add(folder, &job, &err), err);
  check_ok(pb_held_add(folder, &job, &err), err);
  assert_true(is_there());
  assert_int_equal(pb_held_release(folder), 1);
  assert_true(is_there());
  pb_held_remove(folder, JOB_UUID);
  pb_held_remove(folder, JOB_UUID);
  pb_held_remove(folder, "urn:uuid:../../../etc/passwd");
  assert_false(is_there());
}

static void
test_list(void **state)
{
  struct pb_held_job job  = make_job(JOB_UUID);
  pb_buffer_t        text = {0};
  pb_error_t         err  = {0};

  (void)state;
  check_ok(pb_held_list("/nowhere", &text, &err), err);
  assert_string_equal(text.data, "");
  pb_buffer_clear(&text);
  check_ok(pb_held_add(folder, &job, &err), err);
  check_ok(pb_held_list(folder, &text, &err), err);
  assert_string_equal(text.data, JOB_UUID "\n");
  pb_buffer_clear(&text);
  pb_held_remove(folder, JOB_UUID);
}

static void
test_refused(void **state)
{
  struct pb_held_job job = make_job("");
  pb_error_t         err = {0};

  (void)state;
  assert_false(pb_held_add(folder, &job, &err));
  assert_int_equal(err.kind, PB_CONFIG);
}

static void
test_damaged(void **state)
{
  static const char *const texts[] = {
    "", "7", "7\n", "x\n/s\nq\nann\n", "7\n/s\nq", "-1\n/s\nq\nann\n"};
  pb_error_t err = {0};

  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
  {
    check_ok(pb_file_replace(path, 0600, texts[i], strlen(texts[i]), &err), err);
    assert_int_equal(pb_held_release(folder), 0);
  }
  unlink(path);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_kept), cmocka_unit_test(test_list),
                                     cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_damaged)};
  int                     failed  = 0;

  if (!mkdtemp(folder))
    return 1;
  snprintf(path, sizeof(path), "%s/held/00000000-0000-4000-8000-000000000001", folder);
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  snprintf(path, sizeof(path), "%s/held", folder);
  rmdir(path);
  rmdir(folder);
  return failed;
}
