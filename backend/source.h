// source - the document that is printed: a file, or what the queue's filters write. A pipe is
// read once: what was taken from it is kept in an unlinked file behind it, so that an upload that
// broke can begin again from the start. Memory stays constant.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_SOURCE_H
#define PB_BACKEND_SOURCE_H

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

typedef struct pb_source pb_source_t;

// Takes the descriptor.  tmpdir: where the file behind a pipe goes; it is opened at once, while the
// process may still.
bool pb_source_open(int fd, const char *tmpdir, pb_source_t **source_out,
                    pb_error_t *err) PB_MUST_USE;
void pb_source_close(pb_source_t *source);

// Wait for the first byte.  True with *is_empty_out: there is none.  stop_fd becomes readable to
// end the wait (PB_RETRY "stopped"); -1: nothing does.
bool pb_source_wait(pb_source_t *source, int stop_fd, bool *is_empty_out,
                    pb_error_t *err) PB_MUST_USE;

// Up to `room` bytes; *got_out 0 is the end.  PB_REJECT: it cannot be read.
bool pb_source_read(pb_source_t *source, int stop_fd, void *data, size_t room, size_t *got_out,
                    pb_error_t *err) PB_MUST_USE;

// What is there of the first `room` bytes, without waiting; the source is at its start then.  Less
// than there might be, or nothing, where a pipe could not be read again.
bool pb_source_peek(pb_source_t *source, void *data, size_t room, size_t *got_out,
                    pb_error_t *err) PB_MUST_USE;

// From the first byte again.  PB_RETRY: not possible, the disk was too full to keep what came
// through the pipe.
bool pb_source_rewind(pb_source_t *source, pb_error_t *err) PB_MUST_USE;

#endif
