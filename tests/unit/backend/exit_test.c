// exit_test - how a backend ends.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/exit.h"

#include <cups/backend.h>

static void
test_codes(void **state)
{
  static const struct
  {
    enum pb_ending ending;
    int            code, abort_code;
    bool           is_end;
  } rows[] = {
    {PB_END_DONE,           CUPS_BACKEND_OK,     CUPS_BACKEND_OK,     true },
    {PB_END_CANCELED_THERE, CUPS_BACKEND_CANCEL, CUPS_BACKEND_CANCEL, true },
    {PB_END_CANCELED_HERE,  CUPS_BACKEND_OK,     CUPS_BACKEND_OK,     true },
    {PB_END_INTERRUPTED,    CUPS_BACKEND_OK,     CUPS_BACKEND_OK,     false},
    {PB_END_FAILED,         CUPS_BACKEND_CANCEL, CUPS_BACKEND_FAILED, true },
    {PB_END_SIGN_IN,        CUPS_BACKEND_HOLD,   CUPS_BACKEND_HOLD,   false},
    {PB_END_CONFIG,         CUPS_BACKEND_HOLD,   CUPS_BACKEND_HOLD,   false},
    {PB_END_AGAIN,          CUPS_BACKEND_RETRY,  CUPS_BACKEND_RETRY,  false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    assert_int_equal(pb_exit_code(rows[i].ending, false), rows[i].code);
    assert_int_equal(pb_exit_code(rows[i].ending, true), rows[i].abort_code);
    assert_int_equal(pb_exit_is_end(rows[i].ending), rows[i].is_end);
    // What stops a queue for everybody, or starts a job again at once and for ever, is none of
    // ours.
    assert_int_not_equal(rows[i].code, CUPS_BACKEND_STOP);
    assert_int_not_equal(rows[i].code, CUPS_BACKEND_RETRY_CURRENT);
    assert_int_not_equal(rows[i].code, CUPS_BACKEND_AUTH_REQUIRED);
  }
}

static void
test_errors(void **state)
{
  static const enum pb_ending want[] = {
    [PB_OK] = PB_END_DONE,       [PB_RETRY] = PB_END_AGAIN, [PB_AUTH] = PB_END_SIGN_IN,
    [PB_REJECT] = PB_END_FAILED, [PB_GONE] = PB_END_CONFIG, [PB_CONFIG] = PB_END_CONFIG,
    [PB_BUG] = PB_END_FAILED};

  (void)state;
  for (int kind = PB_OK; kind <= PB_BUG; kind++)
  {
    pb_error_t err = {.kind = (enum pb_error_kind)kind};

    assert_int_equal(pb_exit_get_ending(&err), want[kind]);
  }
}

// Of a process that has lost its rights, and maybe its mind.
static void
test_statuses(void **state)
{
  (void)state;
  for (int ending = PB_END_DONE; ending <= PB_END_AGAIN; ending++)
    assert_int_equal(pb_exit_read_ending(ending), ending);
  for (int status = PB_END_AGAIN + 1; status < 256; status++)
    assert_int_equal(pb_exit_read_ending(status), PB_END_AGAIN);
  assert_int_equal(pb_exit_read_ending(-1), PB_END_AGAIN);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes), cmocka_unit_test(test_errors),
                                     cmocka_unit_test(test_statuses)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
