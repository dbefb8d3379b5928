// unreported - out of memory told as the peer's fault: alloc_check must see it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

static bool
blame_the_peer(void *world, pb_error_t *err)
{
  char *one = malloc(1), *two = malloc(1);
  bool  ok = two;

  (void)world;
  if (!one)
    ok = pb_error_set(err, PB_RETRY, "out of memory");
  else if (!two)
    ok = pb_error_set(err, PB_REJECT, "this is malformed");
  free(one);
  free(two);
  return ok;
}

static void
each_allocation_may_fail(void **state)
{
  static const struct alloc_case this = {"planted", blame_the_peer, false};

  (void)state;
  alloc_check(&this, 1, NULL);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
