// buffer - bytes that grow up to a named cap.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_BUFFER_H
#define PB_BASE_BUFFER_H

#include "base/error.h"
#include <stdint.h>

typedef struct pb_buffer
{
  char  *data;  // always NUL-terminated behind size once something was added; NULL before
  size_t size;
  size_t room;      // allocated
  size_t max_size;  // cap; an append over it fails and changes nothing
} pb_buffer_t;

void pb_buffer_init(pb_buffer_t *buffer, size_t max_size);
void pb_buffer_clear(pb_buffer_t *buffer);  // frees; keeps max_size
void pb_buffer_wipe(pb_buffer_t *buffer);   // overwrites, then frees
void pb_buffer_reset(pb_buffer_t *buffer);  // size 0, keeps the memory
bool pb_buffer_append(pb_buffer_t *buffer, const void *data, size_t size,
                      pb_error_t *err) PB_MUST_USE;
bool pb_buffer_append_text(pb_buffer_t *buffer, const char *text, pb_error_t *err) PB_MUST_USE;
bool pb_buffer_appendf(pb_buffer_t *buffer, pb_error_t *err, const char *format, ...)
  PB_PRINTF(3, 4) PB_MUST_USE;
void  pb_buffer_consume(pb_buffer_t *buffer, size_t size);  // drop size bytes from the front
char *pb_buffer_take(pb_buffer_t *buffer,
                     size_t      *size_out);  // the caller frees; the buffer is empty afterwards

#endif
