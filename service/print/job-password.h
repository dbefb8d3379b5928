// job-password - a job that waits for its PIN (PWG 5100.11 s5.1 job-password).  A printer whose
// device has PIN printing of its own gets the password with the job; for every other one the job
// waits here, pending-held with job-password-wait, until somebody has given it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_JOB_PASSWORD_H
#define PB_PRINT_JOB_PASSWORD_H

#include "print/request.h"

#define PB_REASON_PASSWORD_WAIT "job-password-wait"

// xxx-supported: the service's own where the devices (NULL: there are none) report none.
void pb_job_password_add_supported(ipp_t *bag, ipp_t *reported);
// What the client asks for can be honoured, whatever it says of fidelity: a job that was meant to
// wait is never printed in the open.  False: refused.
bool pb_job_password_check(struct pb_request *request, ipp_t *capabilities);
// Into a new job, sealed; the job is held where the service waits.  False: refused.
bool pb_job_password_take(struct pb_request *request, struct pb_job *job);

// As the client sent it, for the device; *size_out 0: there is none.
bool pb_job_password_open(pb_print_t *print, const struct pb_job *job,
                          uint8_t plain_out[PB_JOB_PASSWORD_MAX], size_t *size_out,
                          pb_error_t *err) PB_MUST_USE;
// Is the request's job-password the job's?  Wrong ones are counted, and cost time: the response
// says so, and the count must be saved: false means that nothing could be looked at.
bool pb_job_password_try(struct pb_request *request, struct pb_job *job, bool *is_right_out);
void pb_job_drop_password(struct pb_job *job);

#endif
