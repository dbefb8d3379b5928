// follow - a job that the service has, to its end at the printer; and Cancel-Job when it is
// canceled here.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_FOLLOW_H
#define PB_BACKEND_FOLLOW_H

#include "backend/arguments.h"
#include "backend/exit.h"
#include "backend/report.h"
#include "cloud/client.h"

struct pb_follow
{
  const struct pb_arguments *arguments;
  const char                *printer_uri;
  pb_report_t               *report;
  pb_cloud_t                *cloud;
  int                        job_id;  // of the cloud; 0: not known, an earlier run may have made it
};

// Waits until it has ended, or as the device URI's wait-for says.
enum pb_ending pb_follow_job(const struct pb_follow *follow);

// SIGTERM has come.  Canceled: the cloud job is, too.  Where cupsd itself goes down, or only the
// queue is paused, the cloud job goes on, and the next start of the local job finds it.
enum pb_ending pb_follow_interrupt(const struct pb_follow *follow);

// Cancel-Job, a few times.  True: the service has answered, whatever it said.
bool pb_follow_cancel(const struct pb_follow *follow);

#endif
