// code - a code that a person approves, in the terminal.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "code.h"

#include "base/clock.h"
#include "qr.h"

#include <stdio.h>
#include <time.h>

#define LAST_CALL_MS 500  // before a code ends

void
code_show(const struct pb_device_code *code, const char *who, bool has_qr)
{
  int64_t minutes = (code->expires_mono_ms - pb_clock_mono_ms() + 59999) / 60000;

  printf("\n%s\n\n    %s\n\nwith the code\n\n    %s\n\n", who, code->verification_uri,
         code->user_code);
  if (has_qr && code->verification_uri_complete[0])
  {
    qr_print(stdout, code->verification_uri_complete);
    printf("\n");
  }
  printf("The code is good for %lld minute%s.  Waiting ...\n", (long long)minutes,
         minutes == 1 ? "" : "s");
  fflush(stdout);
}

void
code_show_reachable(bool *is_reachable, const pb_error_t *why)
{
  bool is_now = why->kind == PB_OK;

  if (is_now != *is_reachable)
  {
    if (is_now)
      printf("The service answers again.  Waiting ...\n");
    else
      printf("The service does not answer (%s).  Asking again ...\n", why->message);
    fflush(stdout);
  }
  *is_reachable = is_now;
}

// Where the code lives for less than an interval, the first question must come before it has
// ended.
static int64_t
get_pause_ms(const struct pb_device_code *code, bool is_first)
{
  int64_t left_ms = code->expires_mono_ms - pb_clock_mono_ms();

  if (is_first)
    left_ms -= LAST_CALL_MS;
  if (left_ms < 0)
    left_ms = 0;
  return left_ms < code->interval_ms ? left_ms : code->interval_ms;
}

void
code_pause(const struct pb_device_code *code, bool is_first)
{
  int64_t         ms   = get_pause_ms(code, is_first);
  struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

  while (nanosleep(&left, &left))
    ;
}
