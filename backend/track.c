// track - what a cloud job's attributes mean to the local job.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/track.h"

#include "base/text.h"

#include <string.h>

static void
join_reasons(char *dst, size_t dst_size, ipp_t *job)
{
  ipp_attribute_t *reasons = pb_ipp_find(job, IPP_TAG_JOB, "job-state-reasons", IPP_TAG_KEYWORD);
  size_t           used    = 0;

  dst[0] = '\0';
  for (int i = 0; reasons != NULL && i < ippGetCount(reasons); i++)
  {
    const char *reason = ippGetString(reasons, i, /*language*/ NULL);

    if (reason != NULL && strcmp(reason, "none") != 0 && used + strlen(reason) + 3 < dst_size)
    {
      pb_text_format(dst + used, dst_size - used, "%s%s", used > 0 ? ", " : "", reason);
      used += strlen(dst + used);
    }
  }
}

static void
note_change(struct pb_track *track, ipp_t *job, int64_t now_ms)
{
  char reasons[sizeof(track->reasons)];
  int  state     = pb_ipp_int(job, IPP_TAG_JOB, "job-state", IPP_JSTATE_PENDING);
  int  completed = pb_ipp_int(job, IPP_TAG_JOB, "job-impressions-completed", 0);

  join_reasons(reasons, sizeof(reasons), job);
  if (track->changed_ms != 0 && state == track->state && completed == track->completed &&
      strcmp(reasons, track->reasons) == 0)
    return;
  track->state      = state;
  track->completed  = completed;
  track->changed_ms = now_ms;
  pb_text_copy(track->reasons, sizeof(track->reasons), reasons);
}

// What the printer's side says of it, else what the service does.
static const char *
get_message(ipp_t *job)
{
  static const char *const names[] = {"output-device-job-state-message",
                                      "job-printer-state-message", "job-state-message"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
  {
    const char *text = pb_ipp_text(job, IPP_TAG_JOB, names[i]);

    if (text != NULL && text[0] != '\0')
      return text;
  }
  return "";
}

static void
report_progress(struct pb_track *track, ipp_t *job, pb_report_t *report)
{
  int total = pb_ipp_int(job, IPP_TAG_JOB, "job-impressions", 0);

  if (total > 0)
    pb_report_progress(report, (int)((int64_t)track->completed * 100 / total));
  if (track->state == IPP_JSTATE_PROCESSING && track->completed > 0)
    pb_report_info(report, "Printing, %d pages have come out.", track->completed);
  else
    pb_report_info(report, "%s", get_message(job));
}

// job-state to how it ends here.
static const struct
{
  int            state;
  enum pb_ending ending;
  const char    *text;  // for an ERROR that stays; NULL: none
} ends[] = {
  {IPP_JSTATE_COMPLETED, PB_END_DONE,           NULL                                     },
  {IPP_JSTATE_CANCELED,  PB_END_CANCELED_THERE, "Canceled in the cloud or at the printer"},
  {IPP_JSTATE_ABORTED,   PB_END_FAILED,         "The job failed at the printer"          },
};

static void
report_end(struct pb_track *track, ipp_t *job, size_t row, pb_report_t *report)
{
  const char *message = get_message(job);

  pb_report_total(report, track->completed);
  if (ends[row].text == NULL)
    pb_report_progress(report, 100);
  else
    pb_report_error(report, "%s: %s%s%s%s", ends[row].text, message,
                    track->reasons[0] != '\0' ? " (" : "", track->reasons,
                    track->reasons[0] != '\0' ? ")" : "");
}

// Who waits for a person at the printer does not keep the queue.
static bool
is_left(const struct pb_track *track, int64_t now_ms)
{
  return (track->is_patient && track->state == IPP_JSTATE_HELD) ||
         now_ms - track->changed_ms >= track->leave_ms;
}

bool
pb_track_judge(struct pb_track *track, ipp_t *job, int64_t now_ms, pb_report_t *report,
               enum pb_ending *ending_out)
{
  note_change(track, job, now_ms);
  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
    if (ends[i].state == track->state)
    {
      report_end(track, job, i, report);
      *ending_out = ends[i].ending;
      return true;
    }
  report_progress(track, job, report);
  if (!is_left(track, now_ms))
    return false;
  pb_report_info(report, "Left to the cloud: %s", get_message(job));
  *ending_out = PB_END_DONE;
  return true;
}

// By how long nothing has changed.
static const struct
{
  int64_t below_ms;
  int64_t interval_ms;
} intervals[] = {
  {5 * 1000,       250      },
  {60 * 1000,      1000     },
  {10 * 60 * 1000, 3 * 1000 },
  {INT64_MAX,      10 * 1000},
};

int64_t
pb_track_get_interval_ms(const struct pb_track *track, int64_t now_ms)
{
  size_t i = 0;

  while (now_ms - track->changed_ms >= intervals[i].below_ms)
    i++;
  return intervals[i].interval_ms;
}
