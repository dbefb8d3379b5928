// hold-time - the named times of job-hold-until.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/hold-time.h"

#include <string.h>
#include <time.h>

#define EVERY_DAY 0x7fu
#define SATURDAY_SUNDAY 0x41u  // bits are tm_wday
#define DAYS 7

// A name may have several rows.  Hours of the local day.
static const struct span
{
  const char *keyword;
  unsigned    days;
  int         first_hour, end_hour;
} spans[] = {
  {"day-time",     EVERY_DAY,       6,  18},
  {"evening",      EVERY_DAY,       18, 24},
  {"evening",      EVERY_DAY,       0,  6 },
  {"night",        EVERY_DAY,       18, 24},
  {"night",        EVERY_DAY,       0,  6 },
  {"weekend",      SATURDAY_SUNDAY, 0,  24},
  {"second-shift", EVERY_DAY,       16, 24},
  {"third-shift",  EVERY_DAY,       0,  8 },
};

static bool
is_within(const struct span *span, const struct tm *now)
{
  return (span->days >> now->tm_wday & 1u) != 0 && now->tm_hour >= span->first_hour &&
         now->tm_hour < span->end_hour;
}

// When the span begins next; 0: on none of the days that come.
static time_t
find_start(const struct span *span, const struct tm *now, time_t now_s)
{
  for (int day = 0; day <= DAYS; day++)
  {
    // mktime knows of months, and of nights when clocks are changed.
    struct tm at    = {.tm_year  = now->tm_year,
                       .tm_mon   = now->tm_mon,
                       .tm_mday  = now->tm_mday + day,
                       .tm_hour  = span->first_hour,
                       .tm_isdst = -1};
    time_t    start = mktime(&at);

    if (start > now_s && (span->days >> at.tm_wday & 1u) != 0)
      return start;
  }
  return 0;
}

static bool
find_span_end(const char *keyword, time_t now_s, int64_t *until_ms_out)
{
  struct tm now;
  time_t    first    = 0;
  bool      is_known = false;

  localtime_r(&now_s, &now);
  *until_ms_out = 0;
  for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
  {
    time_t start;

    if (strcmp(spans[i].keyword, keyword) != 0)
      continue;
    is_known = true;
    if (is_within(&spans[i], &now))
      return true;
    start = find_start(&spans[i], &now, now_s);
    if (start != 0 && (first == 0 || start < first))
      first = start;
  }
  *until_ms_out = (int64_t)first * 1000;
  return is_known;
}

bool
pb_hold_find_end(const char *keyword, int64_t now_ms, int64_t *until_ms_out)
{
  *until_ms_out = 0;
  if (strcmp(keyword, "no-hold") == 0)
    return true;
  if (strcmp(keyword, "indefinite") == 0)
  {
    *until_ms_out = PB_HOLD_FOREVER;
    return true;
  }
  return find_span_end(keyword, (time_t)(now_ms / 1000), until_ms_out);
}
