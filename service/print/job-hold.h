// job-hold - a job that waits for its time or for somebody: job-hold-until (RFC 8011 s5.2.2),
// job-hold-until-time (PWG 5100.11), and its release.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_JOB_HOLD_H
#define PB_PRINT_JOB_HOLD_H

#include "print/request.h"

// What the group says, job-hold-until or job-hold-until-time: *until_ms_out 0 is not held.  False:
// refused.
bool pb_job_read_hold(struct pb_request *request, ipp_t *ipp, ipp_tag_t group,
                      int64_t *until_ms_out);
// Into a new job, as its ticket says.
bool pb_job_begin_hold(struct pb_request *request, struct pb_job *job);
// Hold a job that is there, or let it go (until_ms 0), as that group of the request says.
bool pb_job_change_hold(struct pb_request *request, struct pb_job *job, ipp_tag_t group,
                        int64_t until_ms);
// Its time has come, or somebody said so: offered, unless it waits for its PIN or for documents.
bool pb_job_end_hold(struct pb_request *request, struct pb_job *job);

#endif
