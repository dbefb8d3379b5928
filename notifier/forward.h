// forward - events to the connector's unix socket, without ever waiting long.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NOTIFIER_FORWARD_H
#define PB_NOTIFIER_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pb_forward
{
  int         fd;  // -1: not connected
  const char *path;
  int64_t     next_try_ms;  // monotonic; no connect before
} pb_forward_t;

// False: the event is dropped.  Waits two seconds at most for a connector that does not read.
bool pb_forward_send(pb_forward_t *forward, const void *message, size_t size);
void pb_forward_close(pb_forward_t *forward);

#endif
