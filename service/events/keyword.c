// keyword - the event keywords of RFC 3995 s5.3.3.5, PWG 5100.5 and 5100.18: which is a sub-event
// of which.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/keyword.h"
#include "base/text.h"

enum about
{
  ABOUT_JOB,
  ABOUT_DOCUMENT,
  ABOUT_PRINTER
};

// In the order of enum pb_event_type.  An event that is nobody's sub-event names itself as its
// parent.
static const struct row
{
  const char        *keyword;
  enum pb_event_type parent;
  enum about         about;
} rows[] = {
  [PB_EVENT_JOB_CREATED]        = {"job-created",                 PB_EVENT_JOB_STATE_CHANGED,       ABOUT_JOB    },
  [PB_EVENT_JOB_STATE_CHANGED]  = {"job-state-changed",           PB_EVENT_JOB_STATE_CHANGED,       ABOUT_JOB    },
  [PB_EVENT_JOB_COMPLETED]      = {"job-completed",               PB_EVENT_JOB_STATE_CHANGED,       ABOUT_JOB    },
  [PB_EVENT_JOB_STOPPED]        = {"job-stopped",                 PB_EVENT_JOB_STATE_CHANGED,       ABOUT_JOB    },
  [PB_EVENT_JOB_PROGRESS]       = {"job-progress",                PB_EVENT_JOB_PROGRESS,            ABOUT_JOB    },
  [PB_EVENT_JOB_CONFIG_CHANGED] = {"job-config-changed",          PB_EVENT_JOB_CONFIG_CHANGED,      ABOUT_JOB    },
  [PB_EVENT_JOB_FETCHABLE]      = {"job-fetchable",               PB_EVENT_JOB_STATE_CHANGED,       ABOUT_JOB    },
  [PB_EVENT_DOCUMENT_CREATED]   = {"document-created",            PB_EVENT_DOCUMENT_STATE_CHANGED,
                                   ABOUT_DOCUMENT                                                                },
  [PB_EVENT_DOCUMENT_STATE_CHANGED] = {"document-state-changed",      PB_EVENT_DOCUMENT_STATE_CHANGED,
                                   ABOUT_DOCUMENT                                                                },
  [PB_EVENT_DOCUMENT_COMPLETED]     = {"document-completed",          PB_EVENT_DOCUMENT_STATE_CHANGED,
                                   ABOUT_DOCUMENT                                                                },
  [PB_EVENT_DOCUMENT_FETCHABLE]     = {"document-fetchable",          PB_EVENT_DOCUMENT_STATE_CHANGED,
                                   ABOUT_DOCUMENT                                                                },
  [PB_EVENT_PRINTER_STATE_CHANGED]  = {"printer-state-changed",       PB_EVENT_PRINTER_STATE_CHANGED,
                                   ABOUT_PRINTER                                                                 },
  [PB_EVENT_PRINTER_STOPPED] = {"printer-stopped",             PB_EVENT_PRINTER_STATE_CHANGED,   ABOUT_PRINTER},
  [PB_EVENT_PRINTER_CONFIG_CHANGED] = {"printer-config-changed",      PB_EVENT_PRINTER_CONFIG_CHANGED,
                                   ABOUT_PRINTER                                                                 },
  [PB_EVENT_PRINTER_QUEUE_ORDER_CHANGED] = {"printer-queue-order-changed",
                                   PB_EVENT_PRINTER_QUEUE_ORDER_CHANGED,                            ABOUT_PRINTER},
  [PB_EVENT_DOCUMENT_STOPPED]            = {"document-stopped",            PB_EVENT_DOCUMENT_STATE_CHANGED,
                                   ABOUT_DOCUMENT                                                                },
  [PB_EVENT_DOCUMENT_CONFIG_CHANGED] = {"document-config-changed",     PB_EVENT_DOCUMENT_CONFIG_CHANGED,
                                   ABOUT_DOCUMENT                                                                },
};

const char *
pb_event_keyword(enum pb_event_type type)
{
  return rows[type].keyword;
}

bool
pb_event_parse_keyword(const char *keyword, pb_event_mask_t *mask_out)
{
  *mask_out = 0;
  if (pb_text_is_equal(keyword, "none"))
    return true;
  for (int type = 0; type < PB_EVENT_TYPES; type++)
  {
    if (pb_text_is_equal(keyword, rows[type].keyword))
    {
      *mask_out = 1U << type;
      return true;
    }
  }
  return false;
}

bool
pb_event_is_of_printer(enum pb_event_type type)
{
  return rows[type].about == ABOUT_PRINTER;
}

bool
pb_event_match(pb_event_mask_t subscribed, enum pb_event_type type, enum pb_event_type *match_out)
{
  enum pb_event_type parent = rows[type].parent;

  if ((subscribed & (1U << type)) == 0 && (subscribed & (1U << parent)) == 0)
    return false;
  *match_out = (subscribed & (1U << type)) != 0 ? type : parent;
  return true;
}
