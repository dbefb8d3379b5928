// discovery - the cloud's printers for lpinfo, from the cache alone; a process beside it brings
// the cache up to date.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_DISCOVERY_H
#define PB_BACKEND_DISCOVERY_H

#include "cloud/printer-list.h"

#include <stdio.h>

// "network URI "make-model" "info" "1284 id" "location"" for each printer that the machine, or its
// users, know; a bare scheme where there is none.  No network; well below 100 ms.
void pb_discovery_list(FILE *out);

// One such line; nothing in a name can end its quotes or the line.
void pb_discovery_print(FILE *out, const char *device_uri, const pb_printer_entry_t *entry);

// Starts the process beside it; nothing of this one's stays open in it.
void pb_discovery_refresh(void);

#endif
