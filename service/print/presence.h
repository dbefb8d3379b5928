// presence - is a connector there?  Its tunnel is up, or it has said something within its lease
// (`connector-lease`).  Time is monotonic and begins with the service: while that was down nobody
// could say anything.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_PRESENCE_H
#define PB_PRINT_PRESENCE_H

#include "print/printer-store.h"

struct pb_print;

bool pb_presence_is_away(struct pb_print *print, const char *client_id);
void pb_presence_mark(struct pb_print *print, struct pb_printer *printer);  // its devices' is_away

// Now and then: notes whose tunnels are up, and tells the subscribers of a printer when one of its
// connectors has gone or come back.
void pb_presence_tick(struct pb_print *print);

#endif
