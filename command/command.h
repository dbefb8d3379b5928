// command - what each of printbridge's commands is, and its exit codes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_COMMAND_H
#define PB_COMMAND_COMMAND_H

#include "options.h"

// In `printbridge help`.
enum exit_code
{
  EXIT_DONE      = 0,
  EXIT_PROBLEM   = 1,  // refused, unreachable, or something is wrong
  EXIT_USAGE     = 2,
  EXIT_NO_DAEMON = 3  // status, jobs: the connector does not run
};

int command_share(const struct options *options);
int command_unshare(const struct options *options);
int command_status(const struct options *options);
int command_jobs(const struct options *options);
int command_release(const struct options *options);
int command_export(const struct options *options);
int command_import(const struct options *options);
int command_renew(const struct options *options);
int command_login(const struct options *options);
int command_logout(const struct options *options);
int command_doctor(const struct options *options);

// "printbridge: message" on stderr, escaped; returns EXIT_PROBLEM.
int command_fail(const pb_error_t *err);

#endif
