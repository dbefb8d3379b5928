// job-options - what somebody chose in CUPS (argv[5] of a backend, and the queue's PPD) as the job
// attributes of an IPP request.  Typed and bounded by the job template's table, each attribute
// once, nothing that the printer does not list. docs/OPTIONS.md tells how each option travels.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_JOB_OPTIONS_H
#define PB_IPP_JOB_OPTIONS_H

#include "ipp/message.h"
#include "ipp/ppd-map.h"

// An option that is not sent, with its value as it was given and a fixed reason; no secret is among
// them.
typedef void (*pb_job_option_dropped_t)(void *user, const char *name, const char *value,
                                        const char *why);

struct pb_job_options
{
  const char *options;      // argv[5]; NULL: none
  const char *ppd_path;     // $PPD; NULL: none.  Defaults of the queue come from it, and what its
                            // choices stand for
  const pb_ppd_map_t *ppd;  // the same, opened already by who may read it; NULL: ppd_path counts
  int                 copies;  // argv[4]; below 1 counts as 1
  const char *final_format;  // $FINAL_CONTENT_TYPE, the format that is sent; NULL: application/pdf
  bool is_filtered;  // argc is 6: the queue's filters made what is sent, and some options are in it
                     // already
  ipp_t *printer;    // what Get-Printer-Attributes said; NULL: not known, everything sound is sent

  pb_job_option_dropped_t dropped;  // may be NULL
  void                   *user;
};

// Adds to the request's job group (job-password and job-password-encryption: operation group, PWG
// 5100.11; so do it before other groups are added).  The request is one that pb_ipp_new_request
// made.  Options of the local queue alone (job-sheets, job-uuid, ...) are left out without a word.
// PB_RETRY: out of memory; PB_REJECT: a job-password that cannot be sent as it was meant.  A PPD
// that cannot be read counts as none.
bool pb_job_options_add(ipp_t *request, const struct pb_job_options *in,
                        pb_error_t *err) PB_MUST_USE;

#endif
