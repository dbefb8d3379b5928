// keyword - the event keywords of RFC 3995 s5.3.3.5, PWG 5100.5 and 5100.18: which is a sub-event
// of which.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_EVENTS_KEYWORD_H
#define PB_EVENTS_KEYWORD_H

#include "events/events.h"

typedef uint32_t pb_event_mask_t;  // bit N: the enum pb_event_type N

#define PB_EVENT_TYPES ((int)PB_EVENT_DOCUMENT_CONFIG_CHANGED + 1)

const char *pb_event_keyword(enum pb_event_type type);
bool        pb_event_parse_keyword(const char *keyword, pb_event_mask_t *mask_out);  // 'none': 0
bool        pb_event_is_of_printer(enum pb_event_type type);  // not about one job or document

// What of the subscribed events describes this one best: itself, else the event that it is a
// sub-event of.
bool pb_event_match(pb_event_mask_t subscribed, enum pb_event_type type,
                    enum pb_event_type *match_out);

#endif
