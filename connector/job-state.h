// job-state - the one table of what a job can be to the connector, and what it can become.
// Pure: no I/O.  A state is what the journal holds; a move is what has just been found out or done.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_JOB_STATE_H
#define PB_CONNECTOR_JOB_STATE_H

#include "base/error.h"

// Numbers are on disk: never change one.
enum pb_job_state
{
  PB_JOB_DISCOVERED   = 0,  // in memory only: the service says that it can be fetched
  PB_JOB_FETCHED      = 1,  // the ticket is ours to read and fits the queue; to be acknowledged
  PB_JOB_ACKNOWLEDGED = 2,  // ours; to become a job of the local CUPS
  PB_JOB_CREATED      = 3,  // the local job exists, its documents may not be in
  PB_JOB_SUBMITTED    = 4,  // the local job is complete and waits
  PB_JOB_PRINTING     = 5,  // the local job is being processed
  PB_JOB_ENDING       = 6,  // it has ended here; the service does not know yet
  PB_JOB_DONE         = 7,  // the service knows
  PB_JOB_REFUSING     = 8,  // the ticket does not fit; the service does not know yet
  PB_JOB_FORGOTTEN    = 9   // another device has it, or it is gone
};
#define PB_JOB_STATES 10

enum pb_job_move
{
  PB_JOB_TICKET_FITS,
  PB_JOB_TICKET_BAD,
  PB_JOB_TAKEN,       // by another device, or canceled before it was ours
  PB_JOB_ACCEPTED,    // Acknowledge-Job was answered
  PB_JOB_REFUSED,     // the refusal was delivered
  PB_JOB_LOCAL_MADE,  // created, or found again
  PB_JOB_LOCAL_SENT,  // the last document's ticket is in
  PB_JOB_LOCAL_STARTED,
  PB_JOB_LOCAL_LOST,  // cupsd does not know it (any more): make it again
  PB_JOB_ENDED,       // completed, canceled or aborted, as `outcome` says
  PB_JOB_REPORTED     // the service has been told all
};
#define PB_JOB_MOVES 11

// False when the table has no such move: our mistake.
bool pb_job_state_next(enum pb_job_state state, enum pb_job_move move,
                       enum pb_job_state *next_out) PB_MUST_USE;

bool pb_job_state_is_ended(enum pb_job_state state);     // nothing is left to do
bool pb_job_state_is_assigned(enum pb_job_state state);  // the service may count it as ours
const char *
pb_job_state_name(enum pb_job_state state);  // "acknowledged"; "unknown" for a bad number
const char *pb_job_move_name(enum pb_job_move move);

#endif
