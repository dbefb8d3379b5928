// shown - members of the connector's answers, fit for a terminal (see shown.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "shown.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct shown
shown_text(json_object *object, const char *name)
{
  const char  *text  = pb_json_text(object, name);
  struct shown shown = {0};

  if (text)
    pb_text_escape(shown.text, sizeof(shown.text), text, strlen(text));
  return shown;
}

struct shown
shown_time(json_object *object, const char *name)
{
  struct shown shown = shown_text(object, name);
  struct tm    utc   = {0};
  struct tm    local;
  char        *end = strptime(shown.text, "%Y-%m-%dT%H:%M:%S", &utc);
  char         fraction[16];
  time_t       at;

  if (!end)
    return shown;
  // ".123Z" of a finer clock is kept.
  size_t size = strspn(end, ".0123456789");
  pb_text_format(fraction, sizeof(fraction), "%.*s", (int)(size > 4 ? 4 : size), end);
  at = timegm(&utc);
  localtime_r(&at, &local);
  size = strftime(shown.text, sizeof(shown.text), "%Y-%m-%d %H:%M:%S", &local);
  pb_text_copy(shown.text + size, sizeof(shown.text) - size, fraction);
  return shown;
}

struct shown
shown_size(int64_t bytes)
{
  static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
  struct shown             shown   = {0};
  double                   value   = (double)bytes;
  size_t                   unit    = 0;

  while (value >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0]))
  {
    value /= 1000;
    unit++;
  }
  pb_text_format(shown.text, sizeof(shown.text), unit && value < 100 ? "%.1f %s" : "%.0f %s", value,
                 units[unit]);
  return shown;
}

void
shown_print(const char *text, int width)
{
  int columns = 0;

  // Bytes that go on a character do not count.
  for (const char *at = text; *at; at++)
    columns += (*at & 0xC0) != 0x80;
  printf("%s%*s", text, width > columns ? width - columns : 0, "");
}
