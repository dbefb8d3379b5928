// hold-time_test - the named times of job-hold-until, also on the nights when clocks are changed.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "print/hold-time.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Local time as "2026-11-21 18:00".
static int64_t
at(const char *text)
{
  struct tm tm = {.tm_isdst = -1};

  assert_non_null(strptime(text, "%Y-%m-%d %H:%M", &tm));
  tm.tm_isdst = -1;
  return (int64_t)mktime(&tm) * 1000;
}

static const struct row
{
  const char *keyword, *now, *until;  // until "": not held
} rows[] = {
  // 2026-11-21 is a Saturday.
  {"no-hold",      "2026-11-21 12:00", ""                },
  {"day-time",     "2026-11-21 12:00", ""                },
  {"day-time",     "2026-11-21 05:59", "2026-11-21 06:00"},
  {"day-time",     "2026-11-21 06:00", ""                },
  {"day-time",     "2026-11-21 18:00", "2026-11-22 06:00"},
  {"evening",      "2026-11-21 12:00", "2026-11-21 18:00"},
  {"evening",      "2026-11-21 23:59", ""                },
  {"night",        "2026-11-21 12:00", "2026-11-21 18:00"},
  {"night",        "2026-11-21 02:00", ""                },
  {"night",        "2026-11-21 06:00", "2026-11-21 18:00"},
  {"second-shift", "2026-11-21 15:59", "2026-11-21 16:00"},
  {"second-shift", "2026-11-21 20:00", ""                },
  {"third-shift",  "2026-11-21 08:00", "2026-11-22 00:00"},
  {"third-shift",  "2026-11-21 07:59", ""                },
  {"third-shift",  "2026-12-31 12:00", "2027-01-01 00:00"},
  {"weekend",      "2026-11-21 12:00", ""                },
  {"weekend",      "2026-11-22 23:59", ""                },
  {"weekend",      "2026-11-23 00:00", "2026-11-28 00:00"},
  {"weekend",      "2026-11-27 23:59", "2026-11-28 00:00"},
 // Berlin's clocks: 29 March 2026 at 2:00 forward, 25 October 2026 at 3:00 back.
  {"day-time",     "2026-03-28 20:00", "2026-03-29 06:00"},
  {"day-time",     "2026-10-24 20:00", "2026-10-25 06:00"},
};

static void
times_are_found(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    int64_t until = -1;
    int64_t want  = rows[i].until[0] ? at(rows[i].until) : 0;

    if (!pb_hold_find_end(rows[i].keyword, at(rows[i].now), &until) || until != want)
      fail_msg("%s at %s: %lld, want %lld", rows[i].keyword, rows[i].now, (long long)until,
               (long long)want);
  }
}

static void
every_keyword_is_known(void **state)
{
  char    keywords[] = PB_HOLD_KEYWORDS;
  char   *rest       = keywords;
  int64_t until      = -1;
  int     count      = 0;

  (void)state;
  for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " "), count++)
    assert_true(pb_hold_find_end(word, at("2026-11-21 12:00"), &until));
  assert_int_equal(count, 8);
  assert_true(pb_hold_find_end("indefinite", 0, &until));
  assert_true(until == PB_HOLD_FOREVER);
  assert_false(pb_hold_find_end("teatime", 0, &until));
  assert_false(pb_hold_find_end("", 0, &until));
}

// A night is 11 or 13 hours when the clocks change in it.
static void
clocks_are_changed(void **state)
{
  int64_t until = 0;

  (void)state;
  assert_true(pb_hold_find_end("day-time", at("2026-03-28 18:00"), &until));
  assert_int_equal(until - at("2026-03-28 18:00"), 11 * 3600 * 1000);
  assert_true(pb_hold_find_end("day-time", at("2026-10-24 18:00"), &until));
  assert_int_equal(until - at("2026-10-24 18:00"), 13 * 3600 * 1000);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(times_are_found),
    cmocka_unit_test(every_keyword_is_known),
    cmocka_unit_test(clocks_are_changed),
  };

  // Not by a name: a machine for tests may have no time zones installed.
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  tzset();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
