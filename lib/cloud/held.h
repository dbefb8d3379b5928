// held - the local jobs that wait for a sign-in: a file each, beside the sign-in that they wait
// for.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_HELD_H
#define PB_CLOUD_HELD_H

#include "base/buffer.h"
#include "base/text.h"
#include <stddef.h>
#include <stdint.h>

#define PB_HELD_MAX 1000  // jobs; more are held, too, but nobody releases them

struct pb_held_job
{
  char    uuid[PB_UUID_SIZE];  // the local job's
  char    server[256];         // of the local CUPS
  char    queue[256];
  char    owner[256];
  int64_t job_id;
};

// folder: of the sign-in at its service (pb_service_get_name below the place of sign-ins).
bool pb_held_add(const char *folder, const struct pb_held_job *job, pb_error_t *err) PB_MUST_USE;
// This one prints now.
void pb_held_remove(const char *folder, const char *job_uuid);

// Their uuids, a line each; initializes the buffer.
bool pb_held_list(const char *folder, pb_buffer_t *text_out, pb_error_t *err) PB_MUST_USE;

// Keep all that are held for so long more; then cupsd starts them by itself, should nobody have
// done so again: after a restart of the computer nobody else is there.  Returns how many were not
// held yet.  Blocks.
size_t pb_held_keep(const char *folder, int64_t for_ms);

// Release all that are held; forget those that have gone.  Returns how many are left: not held yet,
// or their CUPS does not answer.  Blocks.
size_t pb_held_release(const char *folder);

#endif
