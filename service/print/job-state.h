// job-state - THE state machine of a job: which state follows which, and what that does to
// job-state-reasons. Pure: no clock, no database.  RFC 8011 s5.3.7, PWG 5100.18 tables 3 and 4.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_JOB_STATE_H
#define PB_PRINT_JOB_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "print/reasons.h"

enum pb_job_event
{
  PB_JOB_HOLD,            // Hold-Job, job-hold-until
  PB_JOB_RELEASE,         // Release-Job, the time has come
  PB_JOB_FETCHABLE,       // a device may have it now
  PB_JOB_ASSIGN,          // Acknowledge-Job won
  PB_JOB_UNASSIGN,        // the device is gone and had not begun
  PB_JOB_WITHHOLD,        // the device is gone, and what it has printed is not known
  PB_JOB_RETURN,          // it is back, and has the job still
  PB_JOB_CANCEL,          // asked for, and no device has begun
  PB_JOB_CANCEL_RUNNING,  // asked for while the device works on it
  PB_JOB_ABORT,           // by the service
  PB_JOB_DEVICE_WAITING,  // output-device-job-state pending or pending-held
  PB_JOB_DEVICE_PROCESSING,
  PB_JOB_DEVICE_STOPPED,
  PB_JOB_DEVICE_CANCELED,
  PB_JOB_DEVICE_ABORTED,
  PB_JOB_DEVICE_COMPLETED,
  PB_JOB_DEVICE_LOST,  // Update-Active-Jobs did not name it
  PB_JOB_EVENTS
};

struct pb_job_status
{
  int     state;  // ipp_jstate_t
  char    reasons[PB_REASONS_SIZE];
  int64_t processing_ms, completed_ms;  // 0: not yet
};

// Let the event happen.  False, and nothing changed: not possible in this state (0x0404 for those
// who asked).  What a device says is always possible, and changes nothing where the table does not
// say that it does.
bool pb_job_apply(struct pb_job_status *status, enum pb_job_event event, int64_t now_ms);

bool pb_job_is_ended(int state);
bool pb_job_is_canceling(const struct pb_job_status *status);  // waits for the device to stop
// The event that a reported output-device-job-state is; false: not a job state.
bool        pb_job_event_of_device(int device_state, enum pb_job_event *event_out);
const char *pb_job_event_name(enum pb_job_event event);

#endif
