// hold - nobody has signed in: the job is held with the code in its message, and a waiter beside
// it releases it when the code is approved. One waiter per user and service; each holder of a job
// shows the same code.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_HOLD_H
#define PB_BACKEND_HOLD_H

#include "backend/identity.h"
#include "backend/report.h"

// Gets a code, says it, and starts the waiter where none runs.  Rights are dropped.  Blocks while
// the service is away; false: interrupted (PB_RETRY), or nobody can sign in here (PB_CONFIG, what
// to do is in the message).
bool pb_hold(const struct pb_arguments *arguments, struct pb_identity *identity,
             pb_report_t *report, pb_error_t *err) PB_MUST_USE;

// The job of these arguments prints; others that were held for the same sign-in are released.
void pb_hold_end(const struct pb_arguments *arguments, const struct pb_identity *identity);

#endif
