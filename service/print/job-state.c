// job-state - THE state machine of a job.  Every change of a job's state in the service goes
// through pb_job_apply.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/job-state.h"

#include <stddef.h>

// The states of RFC 8011, and one more: a job that is 'processing-stopped' because its cancel waits
// for the device.
enum state
{
  NOWHERE    = 0,
  PENDING    = IPP_JSTATE_PENDING,
  HELD       = IPP_JSTATE_HELD,
  PROCESSING = IPP_JSTATE_PROCESSING,
  STOPPED    = IPP_JSTATE_STOPPED,
  CANCELED   = IPP_JSTATE_CANCELED,
  ABORTED    = IPP_JSTATE_ABORTED,
  COMPLETED  = IPP_JSTATE_COMPLETED,
  CANCELING  = 10
};

// A pair that is not here is impossible, or without effect when a device said it.
static const struct move
{
  enum state        current;
  enum pb_job_event event;
  enum state        next;
} moves[] = {
  {PENDING,    PB_JOB_HOLD,              HELD      },
  {PENDING,    PB_JOB_FETCHABLE,         PENDING   },
  {PENDING,    PB_JOB_ASSIGN,            PROCESSING},
  {PENDING,    PB_JOB_CANCEL,            CANCELED  },
  {PENDING,    PB_JOB_ABORT,             ABORTED   },
  {PENDING,    PB_JOB_DEVICE_PROCESSING, PROCESSING}, // 5100.18 table 3
  {PENDING,    PB_JOB_DEVICE_ABORTED,    ABORTED   },
  {PENDING,    PB_JOB_DEVICE_CANCELED,   CANCELED  },

  {HELD,       PB_JOB_HOLD,              HELD      },
  {HELD,       PB_JOB_RELEASE,           PENDING   },
  {HELD,       PB_JOB_RETURN,            PROCESSING}, // of those that were withheld only: take-back.c
  {HELD,       PB_JOB_CANCEL,            CANCELED  },
  {HELD,       PB_JOB_ABORT,             ABORTED   },

  {PROCESSING, PB_JOB_UNASSIGN,          PENDING   },
  {PROCESSING, PB_JOB_WITHHOLD,          HELD      },
  {PROCESSING, PB_JOB_CANCEL,            CANCELED  },
  {PROCESSING, PB_JOB_CANCEL_RUNNING,    CANCELING },
  {PROCESSING, PB_JOB_ABORT,             ABORTED   },
  {PROCESSING, PB_JOB_DEVICE_STOPPED,    STOPPED   },
  {PROCESSING, PB_JOB_DEVICE_ABORTED,    ABORTED   },
  {PROCESSING, PB_JOB_DEVICE_CANCELED,   CANCELED  },
  {PROCESSING, PB_JOB_DEVICE_COMPLETED,  COMPLETED },
  {PROCESSING, PB_JOB_DEVICE_LOST,       STOPPED   }, // 5100.18 table 4

  {STOPPED,    PB_JOB_FETCHABLE,         STOPPED   },
  {STOPPED,    PB_JOB_ASSIGN,            PROCESSING},
  {STOPPED,    PB_JOB_UNASSIGN,          PENDING   },
  {STOPPED,    PB_JOB_WITHHOLD,          HELD      },
  {STOPPED,    PB_JOB_CANCEL,            CANCELED  },
  {STOPPED,    PB_JOB_CANCEL_RUNNING,    CANCELING },
  {STOPPED,    PB_JOB_ABORT,             ABORTED   },
  {STOPPED,    PB_JOB_DEVICE_PROCESSING, PROCESSING},
  {STOPPED,    PB_JOB_DEVICE_ABORTED,    ABORTED   },
  {STOPPED,    PB_JOB_DEVICE_CANCELED,   CANCELED  },
  {STOPPED,    PB_JOB_DEVICE_COMPLETED,  COMPLETED }, // not in table 3: stop and finish may race
  {STOPPED,    PB_JOB_DEVICE_LOST,       STOPPED   },

  {CANCELING,  PB_JOB_UNASSIGN,          CANCELED  },
  {CANCELING,  PB_JOB_WITHHOLD,          CANCELED  },
  {CANCELING,  PB_JOB_ABORT,             CANCELED  },
  {CANCELING,  PB_JOB_DEVICE_ABORTED,    CANCELED  },
  {CANCELING,  PB_JOB_DEVICE_CANCELED,   CANCELED  },
  {CANCELING,  PB_JOB_DEVICE_COMPLETED,  CANCELED  },
  {CANCELING,  PB_JOB_DEVICE_LOST,       CANCELED  },
};

// A lost job may have been on its way to an end already: table 4's second column.
static const struct lost
{
  const char *reason;
  enum state  next;
} lost[] = {
  {"job-canceled-at-device",   CANCELED},
  {"job-canceled-by-operator", CANCELED},
  {"job-canceled-by-user",     CANCELED},
  {"aborted-by-system",        ABORTED },
};

// What an event takes from job-state-reasons and puts there.
static const struct effect
{
  enum pb_job_event event;
  const char       *remove, *add;
} effects[] = {
  {PB_JOB_HOLD,           "job-fetchable",            NULL                      },
  {PB_JOB_RELEASE,        "job-hold-until-specified", NULL                      },
  {PB_JOB_RELEASE,        "job-suspended-by-system",  NULL                      },
  {PB_JOB_WITHHOLD,       NULL,                       "job-hold-until-specified"},
  {PB_JOB_WITHHOLD,       NULL,                       "job-suspended-by-system" },
  {PB_JOB_RETURN,         "job-hold-until-specified", NULL                      },
  {PB_JOB_RETURN,         "job-suspended-by-system",  NULL                      },
  {PB_JOB_FETCHABLE,      NULL,                       "job-fetchable"           },
  {PB_JOB_ASSIGN,         "job-fetchable",            NULL                      },
  {PB_JOB_CANCEL_RUNNING, "job-fetchable",            "processing-to-stop-point"},
  {PB_JOB_ABORT,          NULL,                       "aborted-by-system"       },
  {PB_JOB_DEVICE_ABORTED, NULL,                       "aborted-by-system"       },
};

static const char *const passing[] = {
  // true of jobs that have not ended only
  "job-fetchable",
  "job-incoming",
  "job-data-insufficient",
  "processing-to-stop-point",
  "job-hold-until-specified",
  "job-suspended-by-system",
  "job-password-wait"};

static const struct
{
  const char       *name;
  enum pb_job_event event;
  int               device_state;  // 0: not something that a device says
} events[PB_JOB_EVENTS] = {
  [PB_JOB_HOLD]              = {"hold",              PB_JOB_HOLD,              0                   },
  [PB_JOB_RELEASE]           = {"release",           PB_JOB_RELEASE,           0                   },
  [PB_JOB_FETCHABLE]         = {"fetchable",         PB_JOB_FETCHABLE,         0                   },
  [PB_JOB_ASSIGN]            = {"assign",            PB_JOB_ASSIGN,            0                   },
  [PB_JOB_UNASSIGN]          = {"unassign",          PB_JOB_UNASSIGN,          0                   },
  [PB_JOB_WITHHOLD]          = {"withhold",          PB_JOB_WITHHOLD,          0                   },
  [PB_JOB_RETURN]            = {"return",            PB_JOB_RETURN,            0                   },
  [PB_JOB_CANCEL]            = {"cancel",            PB_JOB_CANCEL,            0                   },
  [PB_JOB_CANCEL_RUNNING]    = {"cancel-running",    PB_JOB_CANCEL_RUNNING,    0                   },
  [PB_JOB_ABORT]             = {"abort",             PB_JOB_ABORT,             0                   },
  [PB_JOB_DEVICE_WAITING]    = {"device-waiting",    PB_JOB_DEVICE_WAITING,    IPP_JSTATE_PENDING  },
  [PB_JOB_DEVICE_PROCESSING] = {"device-processing", PB_JOB_DEVICE_PROCESSING,
                                IPP_JSTATE_PROCESSING                                              },
  [PB_JOB_DEVICE_STOPPED]    = {"device-stopped",    PB_JOB_DEVICE_STOPPED,    IPP_JSTATE_STOPPED  },
  [PB_JOB_DEVICE_CANCELED]   = {"device-canceled",   PB_JOB_DEVICE_CANCELED,   IPP_JSTATE_CANCELED },
  [PB_JOB_DEVICE_ABORTED]    = {"device-aborted",    PB_JOB_DEVICE_ABORTED,    IPP_JSTATE_ABORTED  },
  [PB_JOB_DEVICE_COMPLETED]  = {"device-completed",  PB_JOB_DEVICE_COMPLETED,  IPP_JSTATE_COMPLETED},
  [PB_JOB_DEVICE_LOST]       = {"device-lost",       PB_JOB_DEVICE_LOST,       0                   },
};

bool
pb_job_is_ended(int state)
{
  return state >= IPP_JSTATE_CANCELED;
}

bool
pb_job_is_canceling(const struct pb_job_status *status)
{
  return status->state == IPP_JSTATE_STOPPED &&
         pb_reasons_has(status->reasons, "processing-to-stop-point");
}

bool
pb_job_event_of_device(int device_state, enum pb_job_event *event_out)
{
  if (device_state == IPP_JSTATE_HELD)
    device_state = IPP_JSTATE_PENDING;
  for (size_t i = 0; i < PB_JOB_EVENTS; i++)
  {
    if (events[i].device_state != 0 && events[i].device_state == device_state)
    {
      *event_out = events[i].event;
      return true;
    }
  }
  return false;
}

const char *
pb_job_event_name(enum pb_job_event event)
{
  return event < PB_JOB_EVENTS ? events[event].name : "?";
}

static enum state
find_next(enum state current, enum pb_job_event event)
{
  for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
  {
    if (moves[i].current == current && moves[i].event == event)
      return moves[i].next;
  }
  return NOWHERE;
}

static enum state
find_lost(enum state next, const char *reasons)
{
  for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
  {
    if (pb_reasons_has(reasons, lost[i].reason))
      return lost[i].next;
  }
  return next;
}

static bool
is_of_device(enum pb_job_event event)
{
  return event >= PB_JOB_DEVICE_WAITING && event <= PB_JOB_DEVICE_LOST;
}

static bool
has_who_canceled(const char *reasons)
{
  return pb_reasons_has(reasons, "job-canceled-by-user") ||
         pb_reasons_has(reasons, "job-canceled-by-operator") ||
         pb_reasons_has(reasons, "job-canceled-at-device");
}

static void
change_reasons(struct pb_job_status *status, enum pb_job_event event, enum state next)
{
  for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
  {
    if (effects[i].event != event)
      continue;
    if (effects[i].remove)
      pb_reasons_remove(status->reasons, effects[i].remove);
    if (effects[i].add && next != CANCELED)
      (void)pb_reasons_add(status->reasons, effects[i].add);
  }
  if (!pb_job_is_ended((int)next) || next == CANCELING)
    return;
  for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
    pb_reasons_remove(status->reasons, passing[i]);
  if (next == COMPLETED)
    (void)pb_reasons_add(status->reasons, "job-completed-successfully");
  if (next == CANCELED && event == PB_JOB_DEVICE_CANCELED && !has_who_canceled(status->reasons))
    (void)pb_reasons_add(status->reasons, "job-canceled-at-device");
}

bool
pb_job_apply(struct pb_job_status *status, enum pb_job_event event, int64_t now_ms)
{
  enum state current = pb_job_is_canceling(status) ? CANCELING : (enum state)status->state;
  enum state next    = find_next(current, event);

  if (next == NOWHERE)
    return is_of_device(event);
  if (event == PB_JOB_DEVICE_LOST && next == STOPPED)
    next = find_lost(next, status->reasons);

  change_reasons(status, event, next);
  status->state = next == CANCELING ? STOPPED : (int)next;
  if (next == PROCESSING && status->processing_ms == 0)
    status->processing_ms = now_ms;
  if (next == PENDING)
    status->processing_ms = 0;
  if (pb_job_is_ended(status->state))
    status->completed_ms = now_ms;
  return true;
}
