// print - one job, from its arguments to its end.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_PRINT_H
#define PB_BACKEND_PRINT_H

#include "backend/arguments.h"
#include "backend/exit.h"
#include "backend/report.h"
#include "backend/source.h"
#include "ipp/ppd-map.h"

struct pb_print_job
{
  const struct pb_arguments *arguments;
  const char                *client_job_uuid;
  pb_source_t               *source;  // opened while the process had the rights to
  const pb_ppd_map_t        *ppd;     // likewise; NULL: none
  pb_report_t               *report;
};

// Gives up root's rights for good, and prints.
enum pb_ending pb_print(const struct pb_print_job *job);

#endif
