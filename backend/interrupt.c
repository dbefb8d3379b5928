// interrupt - SIGTERM as a flag and a descriptor.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/interrupt.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

static atomic_bool is_interrupted;
static int         pipe_fds[2] = {-1, -1};

static void
on_signal(int number)
{
  int kept = errno;

  (void)number;
  atomic_store(&is_interrupted, true);
  if (write(pipe_fds[1], "", 1) < 0)
    errno = kept;  // full: it is readable already
  errno = kept;
}

void
pb_interrupt_install(void)
{
  struct sigaction action = {.sa_handler = on_signal};

  atomic_store(&is_interrupted, false);
  if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
    pipe_fds[0] = pipe_fds[1] = -1;
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
}

const atomic_bool *
pb_interrupt_get_flag(void)
{
  return &is_interrupted;
}

int
pb_interrupt_get_fd(void)
{
  return pipe_fds[0];
}

bool
pb_interrupt_is_set(void)
{
  return atomic_load(&is_interrupted);
}

bool
pb_interrupt_sleep(int64_t wait_ms)
{
  struct pollfd fd     = {.fd = pipe_fds[0], .events = POLLIN};
  int64_t       end_ms = pb_clock_mono_ms() + wait_ms;

  while (!pb_interrupt_is_set())
  {
    int64_t left_ms = end_ms - pb_clock_mono_ms();

    if (left_ms <= 0)
      return true;
    if (poll(&fd, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms) < 0 && errno != EINTR)
      return true;
  }
  return false;
}
