// job-attributes - jobs and documents as IPP attributes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_JOB_ATTRIBUTES_H
#define PB_PRINT_JOB_ATTRIBUTES_H

#include "print/request.h"
#include "print/requested.h"

// All attributes, as a bag; ippDelete it.  NULL: out of memory.
ipp_t *pb_job_to_ipp(struct pb_request *request, const struct pb_job *job);
ipp_t *pb_document_to_ipp(struct pb_request *request, const struct pb_job *job,
                          const struct pb_document *document);

// The job group of a response to Print-Job, Create-Job, Send-Document (RFC 8011 s4.2.1.2).
void pb_job_add_status(struct pb_request *request, const struct pb_job *job);
// A job or document group of what was asked for.  otherwise: as in pb_requested_read.
bool pb_job_add_requested(struct pb_request *request, const struct pb_job *job,
                          const struct pb_requested *requested);
bool pb_document_add_requested(struct pb_request *request, const struct pb_job *job,
                               const struct pb_document  *document,
                               const struct pb_requested *requested);

#endif
