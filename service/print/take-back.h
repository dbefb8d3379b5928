// take-back - jobs of a device that stays away or was removed: offered to the others, or held until
// a person has looked at the printer, and given back to a device that comes again in time
// (PWG 5100.18 leaves it open: docs/PROTOCOL.md).  Inside a request's transaction.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_TAKE_BACK_H
#define PB_PRINT_TAKE_BACK_H

#include "print/request.h"

enum pb_gone
{
  PB_GONE_AWAY,    // for longer than its lease; it may come back
  PB_GONE_REMOVED  // deregistered, or removed by an administrator
};

enum pb_progress  // how far the device got, as far as is known here
{
  PB_PROGRESS_NONE,
  PB_PROGRESS_BEGUN,      // it has asked for a document, or said that it prints
  PB_PROGRESS_HAS_ALL,    // it has acknowledged a document: fetched whole
  PB_PROGRESS_COMPLETED,  // each document, as it said itself
  PB_PROGRESSES
};

enum pb_fate
{
  PB_FATE_OFFER,  // nothing can have come out: whoever wants it
  PB_FATE_HOLD,
  PB_FATE_ABORT,
  PB_FATE_COMPLETE
};

enum pb_fate pb_job_find_fate(enum pb_gone why, enum pb_progress progress);

// Take the job from the device that it is assigned to.
bool pb_job_take_back(struct pb_request *request, struct pb_job *job, const struct pb_device *from,
                      enum pb_gone why);
// All of a device that was removed.
bool pb_jobs_take_back(struct pb_request *request, const struct pb_device *from);

// Is it held because nobody knows how much of it came out?
bool pb_job_is_withheld(const struct pb_job *job);
// The device that it was withheld from has it still, it says: it may go on.  Nothing changes when
// the job is no such one.
bool pb_job_give_back(struct pb_request *request, struct pb_job *job);
// Before it is released: as if no device had ever had it.
bool pb_job_begin_anew(struct pb_request *request, struct pb_job *job);

// The device does not want the job: the others may have it, or, when there is none, false: the
// response says nothing yet, and the job is as it was.
bool pb_job_has_refused(const struct pb_job *job, const struct pb_device *device);
bool pb_job_pass_on(struct pb_request *request, struct pb_job *job, bool *is_passed_out);
// Those that no device of the printer wants are aborted.
bool pb_jobs_abort_unwanted(struct pb_request *request);

#endif
