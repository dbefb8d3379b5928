// file - files and folders as the rest of Printbridge wants them: whole, private and durable.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_FILE_H
#define PB_BASE_FILE_H

#include "base/buffer.h"
#include <sys/types.h>

// The whole file, at most max_size bytes (more is PB_REJECT; missing is PB_GONE; a folder, a pipe
// or a device is PB_CONFIG, and never waited for).  buffer is initialized here.
bool pb_file_read(const char *path, size_t max_size, pb_buffer_t *buffer_out,
                  pb_error_t *err) PB_MUST_USE;

// Write beside, fsync, rename over, fsync the folder: after a crash either the old or the new
// content is there.
bool pb_file_replace(const char *path, mode_t mode, const void *data, size_t size,
                     pb_error_t *err) PB_MUST_USE;

// mkdir -p; an existing folder keeps its mode.
bool pb_file_make_folder(const char *path, mode_t mode, pb_error_t *err) PB_MUST_USE;

bool pb_file_sync_folder(const char *path,
                         pb_error_t *err) PB_MUST_USE;               // fsync of the folder itself
bool pb_file_remove(const char *path, pb_error_t *err) PB_MUST_USE;  // missing is no error

// One process per folder: an flock'ed file, held until the fd is closed.  PB_CONFIG when somebody
// else has it.
bool pb_file_lock(const char *path, int *fd_out, pb_error_t *err) PB_MUST_USE;

// All of it or an error, whatever write(2) returns in between.
bool pb_file_write_all(int fd, const void *data, size_t size, pb_error_t *err) PB_MUST_USE;

// "folder/name" in malloc'd memory; NULL when out of it.
char *pb_file_join(const char *folder, const char *name);

#endif
