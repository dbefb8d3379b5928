// job-state - the one table of what a job can be to the connector, and what it can become.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-state.h"

#define FROM(state) (1u << (state))

static const struct move
{
  const char       *name;
  unsigned          from;  // set of states
  enum pb_job_state to;
} moves[PB_JOB_MOVES] = {
  [PB_JOB_TICKET_FITS] = {"ticket-fits",   FROM(PB_JOB_DISCOVERED),                                                PB_JOB_FETCHED     },
  [PB_JOB_TICKET_BAD]  = {"ticket-bad",    FROM(PB_JOB_DISCOVERED),                                                PB_JOB_REFUSING    },
  [PB_JOB_TAKEN] = {"taken",         FROM(PB_JOB_DISCOVERED) | FROM(PB_JOB_FETCHED) | FROM(PB_JOB_REFUSING),
                          PB_JOB_FORGOTTEN                                                                                            },
  [PB_JOB_ACCEPTED]      = {"accepted",      FROM(PB_JOB_FETCHED),                                                   PB_JOB_ACKNOWLEDGED},
  [PB_JOB_REFUSED]       = {"refused",       FROM(PB_JOB_REFUSING),                                                  PB_JOB_DONE        },
  [PB_JOB_LOCAL_MADE]    = {"local-made",    FROM(PB_JOB_ACKNOWLEDGED),                                              PB_JOB_CREATED     },
  [PB_JOB_LOCAL_SENT]    = {"local-sent",    FROM(PB_JOB_CREATED),                                                   PB_JOB_SUBMITTED   },
  [PB_JOB_LOCAL_STARTED] = {"local-started", FROM(PB_JOB_SUBMITTED),                                                 PB_JOB_PRINTING    },
  [PB_JOB_LOCAL_LOST]    = {"local-lost",
                          FROM(PB_JOB_CREATED) | FROM(PB_JOB_SUBMITTED) | FROM(PB_JOB_PRINTING),
                          PB_JOB_ACKNOWLEDGED                                                                                         },
  [PB_JOB_ENDED]         = {"ended",
                          FROM(PB_JOB_FETCHED) | FROM(PB_JOB_ACKNOWLEDGED) | FROM(PB_JOB_CREATED) |
                              FROM(PB_JOB_SUBMITTED) | FROM(PB_JOB_PRINTING),
                          PB_JOB_ENDING                                                                                               },
  [PB_JOB_REPORTED]      = {"reported",      FROM(PB_JOB_ENDING),                                                    PB_JOB_DONE        },
};

static const struct state
{
  const char *name;
  bool        is_ended;
  bool        is_assigned;
} states[PB_JOB_STATES] = {
  [PB_JOB_DISCOVERED]   = {"discovered",   false, false},
  [PB_JOB_FETCHED]      = {"fetched",      false, false},
  [PB_JOB_ACKNOWLEDGED] = {"acknowledged", false, true },
  [PB_JOB_CREATED]      = {"created",      false, true },
  [PB_JOB_SUBMITTED]    = {"submitted",    false, true },
  [PB_JOB_PRINTING]     = {"printing",     false, true },
  [PB_JOB_ENDING]       = {"ending",       false, true },
  [PB_JOB_DONE]         = {"done",         true,  false},
  [PB_JOB_REFUSING]     = {"refusing",     false, false},
  [PB_JOB_FORGOTTEN]    = {"forgotten",    true,  false},
};

bool
pb_job_state_next(enum pb_job_state state, enum pb_job_move move, enum pb_job_state *next_out)
{
  if ((unsigned)state >= PB_JOB_STATES || (unsigned)move >= PB_JOB_MOVES)
    return false;
  if ((moves[move].from & FROM(state)) == 0)
    return false;
  *next_out = moves[move].to;
  return true;
}

bool
pb_job_state_is_ended(enum pb_job_state state)
{
  return (unsigned)state < PB_JOB_STATES && states[state].is_ended;
}

bool
pb_job_state_is_assigned(enum pb_job_state state)
{
  return (unsigned)state < PB_JOB_STATES && states[state].is_assigned;
}

const char *
pb_job_state_name(enum pb_job_state state)
{
  return (unsigned)state < PB_JOB_STATES ? states[state].name : "unknown";
}

const char *
pb_job_move_name(enum pb_job_move move)
{
  return (unsigned)move < PB_JOB_MOVES ? moves[move].name : "unknown";
}
