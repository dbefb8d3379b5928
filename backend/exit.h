// exit - how a backend ends: one table from what happened to CUPS's exit codes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_EXIT_H
#define PB_BACKEND_EXIT_H

#include "base/error.h"

enum pb_ending
{
  PB_END_DONE,            // completed, or left to the cloud
  PB_END_CANCELED_THERE,  // somebody canceled the cloud job
  PB_END_CANCELED_HERE,   // somebody canceled the local job
  PB_END_INTERRUPTED,     // cupsd stops us, and will start the job again
  PB_END_FAILED,   // the cloud job failed, or was refused: another try would end the same way
  PB_END_SIGN_IN,  // held until somebody has signed in
  PB_END_CONFIG,   // an administrator must mend something first
  PB_END_AGAIN     // this process cannot go on, another one can
};

// is_abort_policy: the queue's printer-error-policy is abort-job.
int pb_exit_code(enum pb_ending ending, bool is_abort_policy);

// The run has come to its end: printing the local job once more would be another cloud job
// (attempt.h).
bool pb_exit_is_end(enum pb_ending ending);

// Of the exit status of the process that prints (an ending's number).  It has spoken to the
// network: what is none is PB_END_AGAIN.
enum pb_ending pb_exit_read_ending(int status);

// For an error that ends a job.
enum pb_ending pb_exit_get_ending(const pb_error_t *err);

#endif
