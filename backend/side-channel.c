// side-channel - what the queue's filters ask the backend.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/side-channel.h"

#include "base/clock.h"
#include "base/text.h"

#include <cups/sidechannel.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATA_SIZE 2048
#define ALIVE_MS 60000
#define ALIVE_VARIABLE "PRINTBRIDGE_ALIVE_EVERY"  // tests of MaxJobTime

struct pb_side_channel
{
  pb_report_t *report;
  char         device_id[1024];
  atomic_bool  is_connected;
  int          stop_fds[2];
  int64_t      alive_ms;
  pthread_t    thread;
};

static int
copy_answer(char *data, int *size_io, const char *text, size_t size)
{
  if (size > (size_t)*size_io)
    return CUPS_SC_STATUS_TOO_BIG;
  memcpy(data, text, size);
  *size_io = (int)size;
  return CUPS_SC_STATUS_OK;
}

int
pb_side_channel_answer(const struct pb_side_state *state, int command, char *data, int *size_io)
{
  char byte = 0;

  switch (command)
  {
    case CUPS_SC_CMD_DRAIN_OUTPUT:  // what was read from the filters needs no room of theirs any
                                    // more
    case CUPS_SC_CMD_SOFT_RESET:
      *size_io = 0;
      return command == CUPS_SC_CMD_DRAIN_OUTPUT ? CUPS_SC_STATUS_OK
                                                 : CUPS_SC_STATUS_NOT_IMPLEMENTED;
    case CUPS_SC_CMD_GET_BIDI:
      byte = CUPS_SC_BIDI_NOT_SUPPORTED;  // nothing ever comes back on descriptor 3
      return copy_answer(data, size_io, &byte, 1);
    case CUPS_SC_CMD_GET_DEVICE_ID:
      if (state->device_id[0] == '\0')
        break;
      return copy_answer(data, size_io, state->device_id, strlen(state->device_id));
    case CUPS_SC_CMD_GET_STATE:
      byte = state->is_connected ? CUPS_SC_STATE_ONLINE : CUPS_SC_STATE_OFFLINE;
      return copy_answer(data, size_io, &byte, 1);
    case CUPS_SC_CMD_GET_CONNECTED:
      byte = state->is_connected ? CUPS_SC_CONNECTED : CUPS_SC_NOT_CONNECTED;
      return copy_answer(data, size_io, &byte, 1);
    default:
      break;
  }
  *size_io = 0;
  return CUPS_SC_STATUS_NOT_IMPLEMENTED;
}

// False: the other end is gone, or talks nonsense.
static bool
serve_one(pb_side_channel_t *side)
{
  cups_sc_command_t          command = CUPS_SC_CMD_NONE;
  cups_sc_status_t           status  = CUPS_SC_STATUS_NONE;
  char                       data[DATA_SIZE];
  int                        size  = sizeof(data);
  const struct pb_side_state state = {side->device_id, atomic_load(&side->is_connected)};

  if (cupsSideChannelRead(&command, &status, data, &size, /*timeout*/ 1.0) != 0)
    return false;
  size   = sizeof(data);
  status = (cups_sc_status_t)pb_side_channel_answer(&state, (int)command, data, &size);
  return cupsSideChannelWrite(command, status, data, status == CUPS_SC_STATUS_OK ? size : 0, 1.0) ==
         0;
}

static void *
run(void *user)
{
  pb_side_channel_t *side     = user;
  int                type     = 0;
  socklen_t          size     = sizeof(type);
  int64_t            alive_ms = pb_clock_mono_ms() + side->alive_ms;
  struct pollfd      fds[]    = {
            {.fd = side->stop_fds[0], .events = POLLIN},
            {.fd = CUPS_SC_FD,        .events = POLLIN}
  };

  if (getsockopt(CUPS_SC_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
    fds[1].fd = -1;
  for (;;)
  {
    int64_t left_ms = alive_ms - pb_clock_mono_ms();

    if (left_ms <= 0)
    {
      pb_report_still_alive(side->report);
      alive_ms = pb_clock_mono_ms() + side->alive_ms;
      continue;
    }
    if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR)
      return NULL;
    if (fds[0].revents != 0)
      return NULL;
    if (fds[1].revents != 0 && !serve_one(side))
      fds[1].fd = -1;
    fds[1].revents = 0;
  }
}

static void
free_side(pb_side_channel_t *side)
{
  close(side->stop_fds[0]);
  close(side->stop_fds[1]);
  free(side);
}

bool
pb_side_channel_start(pb_report_t *report, const char *device_id, pb_side_channel_t **side_out,
                      pb_error_t *err)
{
  pb_side_channel_t *side  = calloc(1, sizeof(*side));
  const char        *every = getenv(ALIVE_VARIABLE);

  *side_out = NULL;
  if (side == NULL || pipe2(side->stop_fds, O_CLOEXEC) < 0)
  {
    free(side);
    return pb_error_set(err, PB_RETRY, "no pipe for the side channel");
  }
  side->report = report;
  if (every == NULL || !pb_text_parse_duration_ms(every, &side->alive_ms) ||
      side->alive_ms < 1000 || side->alive_ms > ALIVE_MS)
    side->alive_ms = ALIVE_MS;
  pb_text_copy(side->device_id, sizeof(side->device_id), device_id);
  if (pthread_create(&side->thread, NULL, run, side) != 0)
  {
    free_side(side);
    return pb_error_set(err, PB_RETRY, "no thread for the side channel");
  }
  *side_out = side;
  return true;
}

void
pb_side_channel_set_connected(pb_side_channel_t *side, bool is_connected)
{
  atomic_store(&side->is_connected, is_connected);
}

void
pb_side_channel_stop(pb_side_channel_t *side)
{
  if (side == NULL)
    return;
  // A byte, not an end: a waiter that was forked meanwhile (hold.c) has the pipe's other end, too.
  while (write(side->stop_fds[1], "", 1) < 0 && errno == EINTR)
    ;
  pthread_join(side->thread, NULL);
  free_side(side);
}
