// read-ahead - a bounded pipe between one writing and one reading thread: memory first, then an
// unlinked file, then the writer waits.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_READ_AHEAD_H
#define PB_CONNECTOR_READ_AHEAD_H

#include "base/error.h"
#include <stdint.h>

typedef struct pb_read_ahead pb_read_ahead_t;

// file_bytes 0: memory only.  The file is made when it is needed first.
bool pb_read_ahead_new(size_t memory_bytes, int64_t file_bytes, const char *temp_folder,
                       pb_read_ahead_t **read_ahead_out, pb_error_t *err) PB_MUST_USE;
void pb_read_ahead_free(pb_read_ahead_t *read_ahead);  // NULL is fine; nobody may be inside

// All of it; blocks while both are full.  PB_GONE once stopped.
bool pb_read_ahead_write(pb_read_ahead_t *read_ahead, const void *data, size_t size,
                         pb_error_t *err) PB_MUST_USE;
// No more will come: `why` NULL it was whole, else what the reader gets behind the bytes there are.
void pb_read_ahead_end(pb_read_ahead_t *read_ahead, const pb_error_t *why);

enum pb_read_ahead_got
{
  PB_READ_AHEAD_DATA,    // *got_out bytes, as soon as there is one
  PB_READ_AHEAD_END,     // it was whole
  PB_READ_AHEAD_WAIT,    // nothing came within wait_ms
  PB_READ_AHEAD_FAILED,  // err says why; PB_GONE when stopped
};
enum pb_read_ahead_got pb_read_ahead_read(pb_read_ahead_t *read_ahead, void *data, size_t room,
                                          int64_t wait_ms, size_t *got_out, pb_error_t *err);

void pb_read_ahead_stop(pb_read_ahead_t *read_ahead);  // any thread: wakes both sides for good

#endif
