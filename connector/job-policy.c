// job-policy - what to do with a document that may have been printed already: `interrupted-job` is
// decided here.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

enum pb_again
pb_job_decide_again(bool is_any_handed_over)
{
  // hold: what a driver has had whole may be on paper.
  return is_any_handed_over ? PB_AGAIN_END : PB_AGAIN_PRINT;
}

bool
pb_job_may_read_again(bool is_handed_over, enum pb_job_state state)
{
  // The same local job, which cupsd has begun anew after its own crash or a filter's: it is CUPS
  // that prints again, and without the document the job would only break.
  return !is_handed_over || state == PB_JOB_CREATED || state == PB_JOB_SUBMITTED ||
         state == PB_JOB_PRINTING;
}
