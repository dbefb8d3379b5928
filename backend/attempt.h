// attempt - which cloud job belongs to this run of a local job. cupsd starts a backend again for
// the same job-uuid after a crash or restart (the cloud job goes on, and must not be made twice),
// but also when somebody prints the job once more, and for each further document of the job (then
// another cloud job is wanted). What tells them apart is a mark on the disk, made when a run has
// come to its end.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_ATTEMPT_H
#define PB_BACKEND_ATTEMPT_H

#include "base/text.h"

#define PB_ATTEMPT_KEPT_MS (7 * 24 * 60 * 60 * 1000LL)

// The client-job-uuid of the job's current run.  folder: where the marks are; job_uuid "": a random
// one, no mark.  CUPS lets clients choose a job-uuid, and everybody sees those of the others: so
// the job's number and user go into it, or a job could pass for somebody else's.
// PB_RETRY, PB_CONFIG: the mark cannot be read.
bool pb_attempt_get(const char *folder, const char *job_uuid, int job_id, const char *user,
                    char uuid_out[PB_UUID_SIZE], pb_error_t *err) PB_MUST_USE;

// The run has come to an end: the next one makes a cloud job of its own.  Removes marks older than
// PB_ATTEMPT_KEPT_MS.
bool pb_attempt_end(const char *folder, const char *job_uuid, pb_error_t *err) PB_MUST_USE;

#endif
