// forward - "EVENT <size>\n" and the bytes, on a connection that is kept and made again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "forward.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SEND_SECONDS 2
#define RETRY_MS 200

static bool
connect_socket(pb_forward_t *forward)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval     limit   = {.tv_sec = SEND_SECONDS};

  if (forward->fd >= 0)
    return true;
  if (pb_clock_mono_ms() < forward->next_try_ms ||
      !pb_text_copy(address.sun_path, sizeof(address.sun_path), forward->path))
    return false;
  forward->next_try_ms = pb_clock_mono_ms() + RETRY_MS;
  int fd               = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return false;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));  // connect(2) obeys it too
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
  {
    close(fd);
    return false;
  }
  forward->fd = fd;
  return true;
}

static bool
send_once(pb_forward_t *forward, const void *message, size_t size)
{
  char head[64];

  if (!connect_socket(forward))
    return false;
  if (pb_text_format(head, sizeof(head), "EVENT %zu\n", size) &&
      pb_file_write_all(forward->fd, head, strlen(head), NULL) &&
      pb_file_write_all(forward->fd, message, size, NULL))
    return true;
  pb_forward_close(forward);
  return false;
}

bool
pb_forward_send(pb_forward_t *forward, const void *message, size_t size)
{
  bool was_open = forward->fd >= 0;

  if (send_once(forward, message, size))
    return true;
  if (!was_open)
    return false;
  // The connector has restarted since the last event: its new socket is there at once, or not.
  forward->next_try_ms = 0;
  return send_once(forward, message, size);
}

void
pb_forward_close(pb_forward_t *forward)
{
  if (forward->fd >= 0)
    close(forward->fd);
  forward->fd = -1;
}
