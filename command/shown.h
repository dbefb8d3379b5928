// shown - members of the connector's answers, fit for a terminal.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_SHOWN_H
#define PB_COMMAND_SHOWN_H

#include "net/json.h"

// A text member, escaped and cut; "" when there is none.
struct shown
{
  char text[1024];  // a problem may be as long as an error's message
};
struct shown shown_text(json_object *object, const char *name);

// "2026-11-21T10:02:03Z" as local date and time "2026-11-21 11:02:03"; as it came when it is no
// date.
struct shown shown_time(json_object *object, const char *name);

// "1.2 MB"
struct shown shown_size(int64_t bytes);

// Columns on a terminal are counted in characters, not bytes: text, and the blanks that fill it up
// to width.
void shown_print(const char *text, int width);

#endif
