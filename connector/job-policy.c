// job-policy - what to do with a document that may have been printed already: decided here.  Pure.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

#include <string.h>

enum pb_again
pb_job_decide_again(bool is_any_handed_over)
{
  // hold: what a driver has had whole may be on paper.
  return is_any_handed_over ? PB_AGAIN_END : PB_AGAIN_PRINT;
}

enum pb_read
pb_job_decide_read(int hold, const char *runner_before, const char *refused_runner,
                   const char *runner)
{
  bool is_known = runner[0] != '\0';

  // The cupsd that held it runs it: somebody has released it there.  After a crash another one may
  // have forgotten that it was held.
  if (hold == PB_HOLD_HELD)
    return is_known && strcmp(runner, refused_runner) == 0 ? PB_READ_RELEASED : PB_READ_REFUSED;
  // cupsd has seen the end of all that it started: the device failed, or somebody stopped the
  // queue, and the queue's error policy says to try again.  What another cupsd started may have
  // gone on printing without it.
  return is_known && strcmp(runner, runner_before) == 0 ? PB_READ_AGAIN : PB_READ_REFUSED;
}
