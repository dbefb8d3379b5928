// failing_check - a test that fails: the harness must say so with its exit status.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

static void
fails(void **state)
{
  (void)state;
  assert_int_equal(1, 2);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(fails)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
