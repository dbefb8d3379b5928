// buffer - bytes that grow up to a cap.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include "base/secret.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
pb_buffer_init(pb_buffer_t *buffer, size_t max_size)
{
  *buffer = (pb_buffer_t){.max_size = max_size};
}

void
pb_buffer_clear(pb_buffer_t *buffer)
{
  free(buffer->data);
  pb_buffer_init(buffer, buffer->max_size);
}

void
pb_buffer_wipe(pb_buffer_t *buffer)
{
  if (buffer->data != NULL)
    pb_wipe(buffer->data, buffer->room);
  pb_buffer_clear(buffer);
}

void
pb_buffer_reset(pb_buffer_t *buffer)
{
  buffer->size = 0;
  if (buffer->data != NULL)
    buffer->data[0] = '\0';
}

static bool
make_room(pb_buffer_t *buffer, size_t size, pb_error_t *err)
{
  size_t room = buffer->room;

  if (size > buffer->max_size || buffer->size > buffer->max_size - size)
    return pb_error_set(err, PB_REJECT, "more than %zu bytes", buffer->max_size);
  if (buffer->size + size < room)
    return true;
  room = room < 128 ? 256 : room * 2;
  if (room < buffer->size + size + 1)
    room = buffer->size + size + 1;
  if (room > buffer->max_size + 1)
    room = buffer->max_size + 1;

  // Not realloc: what the buffer held may be a secret, and a moved copy would stay behind.
  char *data = malloc(room);
  if (data == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for %zu bytes", room);
  if (buffer->data != NULL)
  {
    memcpy(data, buffer->data, buffer->size);
    pb_wipe(buffer->data, buffer->size);
    free(buffer->data);
  }
  buffer->data = data;
  buffer->room = room;
  return true;
}

bool
pb_buffer_append(pb_buffer_t *buffer, const void *data, size_t size, pb_error_t *err)
{
  if (!make_room(buffer, size, err))
    return false;
  if (size > 0)
    memcpy(buffer->data + buffer->size, data, size);
  buffer->size += size;
  buffer->data[buffer->size] = '\0';
  return true;
}

bool
pb_buffer_append_text(pb_buffer_t *buffer, const char *text, pb_error_t *err)
{
  return pb_buffer_append(buffer, text, strlen(text), err);
}

bool
pb_buffer_appendf(pb_buffer_t *buffer, pb_error_t *err, const char *format, ...)
{
  va_list args, again;
  bool    ok = false;

  va_start(args, format);
  va_copy(again, args);
  int size = vsnprintf(NULL, 0, format, args);
  if (size >= 0 && make_room(buffer, (size_t)size, err))
  {
    vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, again);
    buffer->size += (size_t)size;
    ok = true;
  }
  va_end(again);
  va_end(args);
  return ok;
}

void
pb_buffer_consume(pb_buffer_t *buffer, size_t size)
{
  if (size == 0)
    return;
  if (size > buffer->size)
    size = buffer->size;
  buffer->size -= size;
  memmove(buffer->data, buffer->data + size, buffer->size);
  buffer->data[buffer->size] = '\0';
}

char *
pb_buffer_take(pb_buffer_t *buffer, size_t *size_out)
{
  char *data = buffer->data;

  if (size_out != NULL)
    *size_out = buffer->size;
  pb_buffer_init(buffer, buffer->max_size);
  return data;
}
