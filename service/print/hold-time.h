// hold-time - the named times of job-hold-until (RFC 8011 s5.2.2), as CUPS has them: pure, but for
// the process's time zone.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_HOLD_TIME_H
#define PB_PRINT_HOLD_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define PB_HOLD_FOREVER INT64_MAX
// The keywords with blanks between them, for job-hold-until-supported.
#define PB_HOLD_KEYWORDS                                                                           \
  "no-hold indefinite day-time evening night weekend second-shift third-shift"

// Until when a job that comes now is held: 0 when it is not, as at noon with "day-time".  False: no
// such keyword.
bool pb_hold_find_end(const char *keyword, int64_t now_ms, int64_t *until_ms_out);

#endif
