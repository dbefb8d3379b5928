// side-channel - what the queue's filters ask the backend (cups/sidechannel.h), answered by a
// thread of its own for as long as the job runs; and the clock that keeps cupsd's MaxJobTime from
// ending a job that waits.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_SIDE_CHANNEL_H
#define PB_BACKEND_SIDE_CHANNEL_H

#include "backend/report.h"

typedef struct pb_side_channel pb_side_channel_t;

// device_id: IEEE 1284, may be "".  Where descriptor 4 is no side channel (started by hand) only
// the clock runs.
bool pb_side_channel_start(pb_report_t *report, const char *device_id, pb_side_channel_t **side_out,
                           pb_error_t *err) PB_MUST_USE;
void pb_side_channel_set_connected(pb_side_channel_t *side, bool is_connected);
void pb_side_channel_stop(pb_side_channel_t *side);

// One command's answer: the status, and *size_io bytes of data (room in, size out).
struct pb_side_state
{
  const char *device_id;
  bool        is_connected;
};
int pb_side_channel_answer(const struct pb_side_state *state, int command, char *data,
                           int *size_io);

#endif
