// wait - for a service that is away: back-off, with a message in the queue that tells why.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_WAIT_H
#define PB_BACKEND_WAIT_H

#include "backend/report.h"

struct pb_wait
{
  int  attempt;
  bool is_shown;
};

// False: interrupted.
bool pb_wait_retry(struct pb_wait *wait, pb_report_t *report, const pb_error_t *why);
// It answers again.
void pb_wait_over(struct pb_wait *wait, pb_report_t *report);

#endif
