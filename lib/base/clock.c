// clock - the machine's time, movable for tests.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include "base/secret.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static _Atomic int64_t wall_shift_ms, mono_shift_ms;

static int64_t
read_clock(clockid_t id)
{
  struct timespec now;

  clock_gettime(id, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
pb_clock_now_ms(void)
{
  return read_clock(CLOCK_REALTIME) + atomic_load(&wall_shift_ms);
}

int64_t
pb_clock_mono_ms(void)
{
  return read_clock(CLOCK_MONOTONIC) + atomic_load(&mono_shift_ms);
}

void
pb_clock_shift_wall_ms(int64_t by_ms)
{
  atomic_fetch_add(&wall_shift_ms, by_ms);
}

void
pb_clock_shift_ms(int64_t by_ms)
{
  atomic_fetch_add(&wall_shift_ms, by_ms);
  atomic_fetch_add(&mono_shift_ms, by_ms);
}

static const char days[7][4]    = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void
pb_clock_format_http(char dst[PB_HTTP_DATE_SIZE], int64_t time_ms)
{
  time_t    seconds = (time_t)(time_ms / 1000);
  struct tm tm      = {0};

  gmtime_r(&seconds, &tm);
  snprintf(dst, PB_HTTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
           days[(unsigned)tm.tm_wday % 7], tm.tm_mday % 100, months[(unsigned)tm.tm_mon % 12],
           (tm.tm_year + 1900) % 10000, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
}

bool
pb_clock_parse_http(const char *text, int64_t *time_ms_out)
{
  struct tm tm = {0};
  char      day[4], month[4];
  int       used = 0;

  if (text == NULL ||
      sscanf(text, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", day, &tm.tm_mday, month,
             &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 7 ||
      used == 0 || text[used] != '\0')
    return false;
  tm.tm_mon = -1;
  for (int i = 0; i < 12; i++)
    if (strcmp(month, months[i]) == 0)
      tm.tm_mon = i;
  if (tm.tm_mon < 0 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
      tm.tm_sec > 60 || tm.tm_year < 1970 || tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0)
    return false;
  tm.tm_year -= 1900;
  *time_ms_out = (int64_t)timegm(&tm) * 1000;
  return true;
}

void
pb_clock_format_iso(char dst[PB_ISO_DATE_SIZE], int64_t time_ms)
{
  time_t    seconds = (time_t)(time_ms / 1000);
  struct tm tm      = {0};

  gmtime_r(&seconds, &tm);
  strftime(dst, PB_ISO_DATE_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

int64_t
pb_clock_backoff_ms(int attempt, int64_t min_ms, int64_t base_ms, int64_t cap_ms)
{
  int64_t most = base_ms;

  for (int i = 0; i < attempt && most < cap_ms; i++)
    most *= 2;
  if (most > cap_ms)
    most = cap_ms;

  int64_t wait_ms = (int64_t)pb_random_below((uint32_t)(most + 1));
  return wait_ms > min_ms ? wait_ms : min_ms;
}
