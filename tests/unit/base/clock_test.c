// clock_test - dates, back-off, log lines, errors.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include "base/log.h"
#include "check.h"
#include <errno.h>

static void
formats_and_parses_dates(void **state)
{
  char    text[PB_HTTP_DATE_SIZE], iso[PB_ISO_DATE_SIZE];
  int64_t time_ms;

  (void)state;
  assert_true(pb_clock_parse_http("Sun, 06 Nov 1994 08:49:37 GMT", &time_ms));
  assert_int_equal(time_ms, 784111777000LL);
  pb_clock_format_http(text, time_ms);
  assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
  pb_clock_format_iso(iso, time_ms);
  assert_string_equal(iso, "1994-11-06T08:49:37Z");
}

static void
refuses_bad_dates(void **state)
{
  static const char *const rows[] = {"",
                                     "Sun, 06 Nov 1994 08:49:37",
                                     "Sun, 06 Nov 1994 08:49:37 GMT ",
                                     "Sun, 06 Foo 1994 08:49:37 GMT",
                                     "Sun, 40 Nov 1994 08:49:37 GMT",
                                     "Sun, 06 Nov 1994 25:49:37 GMT",
                                     "Sunday, 06-Nov-94 08:49:37 GMT",
                                     "Sun, 06 Nov 1899 08:49:37 GMT"};
  int64_t                  time_ms;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (pb_clock_parse_http(rows[i], &time_ms))
      fail_msg("accepted: \"%s\"", rows[i]);
  assert_false(pb_clock_parse_http(NULL, &time_ms));
}

static void
backs_off_within_bounds(void **state)
{
  (void)state;
  for (int attempt = 0; attempt < 70; attempt++)
    for (int i = 0; i < 20; i++)
    {
      int64_t wait_ms = pb_clock_backoff_ms(attempt, 50, 100, 60000);

      assert_in_range(wait_ms, 50, attempt < 9 ? 100 << attempt : 60000);
    }
}

static void
can_be_shifted(void **state)
{
  int64_t wall = pb_clock_now_ms(), mono = pb_clock_mono_ms();

  (void)state;
  pb_clock_shift_wall_ms(86400000);
  assert_true(pb_clock_now_ms() - wall >= 86400000);
  assert_true(pb_clock_mono_ms() - mono < 60000);
  pb_clock_shift_wall_ms(-86400000);
  pb_clock_shift_ms(5000);
  assert_true(pb_clock_mono_ms() - mono >= 5000);
  pb_clock_shift_ms(-5000);
}

static char last_line[PB_LOG_LINE_SIZE];
static int  lines;

static void
keep_line(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)user;
  snprintf(last_line, sizeof(last_line), "%s", line);
  lines++;
}

static void
log_lines_are_one_line(void **state)
{
  pb_log_ctx_t      ctx = {.printer = "Laser", .job_id = 12};
  enum pb_log_level level;

  (void)state;
  pb_log_set_sink(keep_line, NULL);
  pb_log(&ctx, PB_LOG_INFO, "name: %s", "evil\nERROR: forged");
  assert_string_equal(last_line, "[Laser job 12] name: evil\\x0aERROR: forged");
  pb_log(NULL, PB_LOG_DEBUG, "not shown");
  assert_int_equal(lines, 1);
  pb_log_set_level(PB_LOG_DEBUG);
  pb_log(NULL, PB_LOG_DEBUG, "shown");
  assert_string_equal(last_line, "shown");
  assert_true(pb_log_parse_level("warn", &level) && level == PB_LOG_WARN);
  assert_false(pb_log_parse_level("loud", &level));
  pb_log_set_sink(pb_log_sink_stderr, NULL);
}

static void
errors_keep_their_kind(void **state)
{
  pb_error_t err = {0};

  (void)state;
  assert_false(pb_error_set(&err, PB_GONE, "queue %s", "Laser"));
  assert_false(pb_error_prefix(&err, "share"));
  assert_string_equal(err.message, "share: queue Laser");
  assert_int_equal(err.kind, PB_GONE);
  errno = ENOSPC;
  pb_error_set_errno(&err, PB_CONFIG, "spool");
  assert_int_equal(err.kind, PB_RETRY);
  errno = EACCES;
  pb_error_set_errno(&err, PB_CONFIG, "spool");
  assert_int_equal(err.kind, PB_CONFIG);
  assert_false(pb_error_set(NULL, PB_BUG, "nobody listens"));
  assert_string_equal(pb_error_kind_name(PB_RETRY), "retry");
  assert_string_equal(pb_error_kind_name((enum pb_error_kind)99), "unknown");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(formats_and_parses_dates), cmocka_unit_test(refuses_bad_dates),
    cmocka_unit_test(backs_off_within_bounds),  cmocka_unit_test(can_be_shifted),
    cmocka_unit_test(log_lines_are_one_line),   cmocka_unit_test(errors_keep_their_kind),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
