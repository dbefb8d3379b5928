// track - what a cloud job's attributes mean to the local job: bytes are somebody else's, this
// only judges.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_TRACK_H
#define PB_BACKEND_TRACK_H

#include "backend/exit.h"
#include "backend/report.h"

struct pb_track
{
  int64_t leave_ms;  // a job in which nothing moves for so long is left to the cloud
  bool
    is_patient;  // it was to be held there (job-hold-until, job-password): left at once when it is

  int     state;  // private from here: what was seen last, and since when
  int     completed;
  int64_t changed_ms;  // 0: not looked at yet
  char    reasons[256];
};

// A Get-Job-Attributes response.  True: it is over, *ending_out says how, and what was to be said
// was said.
bool pb_track_judge(struct pb_track *track, ipp_t *job, int64_t now_ms, pb_report_t *report,
                    enum pb_ending *ending_out);

// How long until the next look.
int64_t pb_track_get_interval_ms(const struct pb_track *track, int64_t now_ms);

#endif
