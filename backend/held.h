// held - the local jobs that wait for a sign-in: a file each, beside the sign-in that they wait
// for.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_HELD_H
#define PB_BACKEND_HELD_H

#include "backend/arguments.h"

#define PB_HELD_MAX 1000  // jobs; more are held, too, but nobody releases them

// folder: of the sign-in at its service.  server: of the local CUPS.
bool pb_held_add(const char *folder, const char *server, const struct pb_arguments *arguments,
                 pb_error_t *err) PB_MUST_USE;
// This one prints now.
void pb_held_remove(const char *folder, const char *job_uuid);

// Release all that are held; forget those that have gone.  Returns how many are left: not held yet,
// or their CUPS does not answer.  Blocks.
size_t pb_held_release(const char *folder);

#endif
