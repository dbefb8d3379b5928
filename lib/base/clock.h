// clock - time, in milliseconds; the only place that asks the machine for it, so that tests can
// move it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_CLOCK_H
#define PB_BASE_CLOCK_H

#include "base/error.h"
#include <stdint.h>
#include <time.h>

int64_t pb_clock_now_ms(void);   // wall clock, since 1970; may jump
int64_t pb_clock_mono_ms(void);  // monotonic; for time-outs and intervals

// Tests: added to the wall clock / to both.
void pb_clock_shift_wall_ms(int64_t by_ms);
void pb_clock_shift_ms(int64_t by_ms);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 s5.6.7, IMF-fixdate only).
#define PB_HTTP_DATE_SIZE 32
void pb_clock_format_http(char dst[PB_HTTP_DATE_SIZE], int64_t time_ms);
bool pb_clock_parse_http(const char *text, int64_t *time_ms_out);

// "2026-11-21T10:02:03Z"
#define PB_ISO_DATE_SIZE 24
void pb_clock_format_iso(char dst[PB_ISO_DATE_SIZE], int64_t time_ms);

// How long to wait before try number `attempt` (0, 1, ...): full jitter, random in [0, min(cap,
// base*2^attempt)], never under min_ms.
int64_t pb_clock_backoff_ms(int attempt, int64_t min_ms, int64_t base_ms, int64_t cap_ms);

#endif
