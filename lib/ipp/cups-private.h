// cups-private - what the parts of the CUPS shim share.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_CUPS_PRIVATE_H
#define PB_IPP_CUPS_PRIVATE_H

#include "cups.h"

#define PB_CUPS_JOB_ID "printbridge-job-id"
#define PB_CUPS_JOB_OWNER "printbridge-job-owner"

#define PB_CUPS_CLOUD_ID_SIZE 64

// Which local job a cloud job became; cupsd reads a file for each ended job that is asked for, so
// what was seen is kept, as long as the connection lives: a restarted cupsd may use numbers again.
struct pb_cups_seen
{
  int  job_id;
  char cloud_job_id[PB_CUPS_CLOUD_ID_SIZE];
};

struct pb_cups
{
  http_t              *http;  // NULL: not connected
  char                 server[256];
  int                  owned_job;   // the job that was created last ...
  char                 owner[256];  // ... and for whom
  struct pb_cups_seen *seen;        // up to job seen_to
  size_t               seen_count;
  int                  seen_to;
  char                 checked_queue[256];  // can print tickets ...
  int64_t              checked_ms;          // ... as of then
  bool                 is_created;          // by us, and nothing was sent to it
};

void pb_cups_forget_seen(pb_cups_t *cups);

// A request for a queue (NULL: the whole scheduler) as `user` (NULL: us).  NULL: out of memory.
ipp_t *pb_cups_new_request(ipp_op_t operation, const char *queue, const char *user);

// Connected, or connected again: then what was seen is forgotten, before a request is made of it.
bool pb_cups_connect(pb_cups_t *cups, pb_error_t *err) PB_MUST_USE;

// Sends `request` (which it takes, NULL is out of memory) with `body` behind it; *response_out may
// be NULL when nobody wants it.  `what` begins the message of an error.
bool pb_cups_perform(pb_cups_t *cups, ipp_t *request, const void *body, size_t body_size,
                     const char *what, ipp_t **response_out, pb_error_t *err) PB_MUST_USE;

void pb_cups_want(ipp_t *request, const char *const *names, size_t count);  // requested-attributes

#endif
