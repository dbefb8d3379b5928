// detach - a process that outlives the backend: cupsd neither waits for it nor hears of it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_DETACH_H
#define PB_BACKEND_DETACH_H

// For a forked child.  Nothing stays open but /dev/null in the places that cupsd gives a backend,
// and `kept` (-1: nothing) as descriptor 5: cupsd would wait for the end of its own, a filter would
// write for ever into a document that nobody reads, and the service's connection is the backend's
// to close.  Signals are caught anew; logs go nowhere.  Does not return when it fails.
void pb_detach(int kept);

#endif
