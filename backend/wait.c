// wait - for a service that is away.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/wait.h"

#include "backend/interrupt.h"
#include "base/clock.h"

#include <time.h>

#define BACKOFF_MIN_MS 500
#define BACKOFF_BASE_MS 1000
#define BACKOFF_CAP_MS 60000
#define SHOWN_AFTER 2  // the first tries are over before anybody could read it
#define OFFLINE "offline-report"

bool
pb_wait_retry(struct pb_wait *wait, pb_report_t *report, const pb_error_t *why)
{
  int64_t wait_ms =
    pb_clock_backoff_ms(wait->attempt++, BACKOFF_MIN_MS, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
  time_t    when = (time_t)((pb_clock_now_ms() + wait_ms + 999) / 1000);
  struct tm local;
  char      text[16] = "";

  if (localtime_r(&when, &local) != NULL)
    (void)strftime(text, sizeof(text), "%H:%M:%S", &local);
  pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s; next try in %lld ms", why->message, (long long)wait_ms);
  if (wait->attempt >= SHOWN_AFTER)
  {
    wait->is_shown = true;
    pb_report_reason(report, OFFLINE, true);
    pb_report_info(report, "Waiting for the print service: %s. Next try at %s.", why->message,
                   text);
  }
  pb_report_still_alive(report);
  return pb_interrupt_sleep(wait_ms);
}

void
pb_wait_over(struct pb_wait *wait, pb_report_t *report)
{
  if (wait->is_shown)
    pb_report_reason(report, OFFLINE, false);
  *wait = (struct pb_wait){0};
}
