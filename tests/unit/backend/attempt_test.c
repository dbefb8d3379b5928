// attempt_test - the same run is the same cloud job; the next run is another.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/attempt.h"
#include "base/file.h"

#include <unistd.h>

#define JOB_UUID "urn:uuid:00000000-0000-4000-8000-000000000001"

static void
test_runs(void **state)
{
  char       root[] = "/tmp/pb-attempt-XXXXXX";
  char       uuid[4][PB_UUID_SIZE], first[PB_UUID_SIZE];
  char       folder[64], path[128];
  pb_error_t err = {0};

  (void)state;
  assert_non_null(mkdtemp(root));
  snprintf(folder, sizeof(folder), "%s/runs", root);
  snprintf(path, sizeof(path), "%s/00000000-0000-4000-8000-000000000001", folder);
  check_ok(pb_attempt_get(folder, JOB_UUID, 7, "ann", uuid[0], &err), err);
  assert_string_not_equal(uuid[0], JOB_UUID);
  pb_text_copy(first, sizeof(first), uuid[0]);
  for (int i = 1; i < 4; i++)
  {
    check_ok(pb_attempt_end(folder, JOB_UUID, &err), err);
    check_ok(pb_attempt_get(folder, JOB_UUID, 7, "ann", uuid[i], &err), err);
    assert_true(pb_text_is_uuid(uuid[i]));
    assert_string_not_equal(uuid[i], uuid[i - 1]);
    check_ok(pb_attempt_get(folder, JOB_UUID, 7, "ann", uuid[0], &err), err);
    assert_string_equal(uuid[0], uuid[i]);
  }
  assert_string_not_equal(uuid[1], uuid[3]);

  // A damaged mark is none.
  check_ok(pb_file_replace(path, 0600, "-5\nx", 4, &err), err);
  check_ok(pb_attempt_get(folder, JOB_UUID, 7, "ann", uuid[0], &err), err);
  assert_string_equal(uuid[0], first);

  // The same job-uuid, chosen by somebody else, or for another job.
  check_ok(pb_attempt_get(folder, JOB_UUID, 7, "bob", uuid[0], &err), err);
  assert_string_not_equal(uuid[0], first);
  check_ok(pb_attempt_get(folder, JOB_UUID, 8, "ann", uuid[0], &err), err);
  assert_string_not_equal(uuid[0], first);
  unlink(path);
  rmdir(folder);
  rmdir(root);
}

static void
test_without_uuid(void **state)
{
  char       a[PB_UUID_SIZE], b[PB_UUID_SIZE];
  pb_error_t err = {0};

  (void)state;
  check_ok(pb_attempt_get("/nonexistent", "", 7, "ann", a, &err), err);
  check_ok(pb_attempt_get("/nonexistent", "urn:uuid:../../x", 7, "ann", b, &err), err);
  assert_true(pb_text_is_uuid(a) && pb_text_is_uuid(b));
  assert_string_not_equal(a, b);
  check_ok(pb_attempt_end("/nonexistent", "", &err), err);
  assert_false(pb_attempt_end("/proc/nonexistent", JOB_UUID, &err));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs),
                                     cmocka_unit_test(test_without_uuid)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
