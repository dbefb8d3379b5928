// upload - a document becomes a cloud job: Create-Job once, then Send-Document until the service
// has it whole. Waits inside as long as the service or the network is away, and says why.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_UPLOAD_H
#define PB_BACKEND_UPLOAD_H

#include "backend/arguments.h"
#include "backend/report.h"
#include "backend/source.h"
#include "cloud/client.h"
#include "ipp/ppd-map.h"

struct pb_upload_order
{
  const struct pb_arguments *arguments;
  const char                *printer_uri;
  const char                *format;  // document-format
  const pb_ppd_map_t        *ppd;     // of the queue; NULL: none
  const char  *client_job_uuid;       // the service makes one job of it, however often it is asked
  ipp_t       *printer;               // its attributes; NULL: not known
  pb_source_t *source;
  pb_report_t *report;
};

// True: the service has the document (or the job has ended meanwhile: tracking tells).  PB_RETRY:
// interrupted, or the source cannot be read again; PB_AUTH: the authorization is refused; others:
// the job is.  *job_id_out 0: no job was made.
bool pb_upload_run(pb_cloud_t *cloud, const struct pb_upload_order *order, int *job_id_out,
                   pb_error_t *err) PB_MUST_USE;

#endif
