// detach - a process that outlives the backend.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/detach.h"

#include "backend/interrupt.h"
#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#define KEPT_FD 5  // above what cupsd gives a backend

void
pb_detach(int kept)
{
  int null = open("/dev/null", O_RDWR);

  pb_log_set_sink(pb_log_sink_stderr, NULL);
  for (int fd = 0; null >= 0 && fd < KEPT_FD; fd++)
    if (fd != null && fd != kept)
      dup2(null, fd);
  if (kept >= 0 && kept != KEPT_FD && dup2(kept, KEPT_FD) < 0)
    _exit(1);
  if (close_range(KEPT_FD + (kept >= 0), ~0U, /*flags*/ 0) != 0)
    _exit(1);
  setsid();
  if (chdir("/") != 0)
    _exit(1);
  pb_interrupt_install();  // its pipe was closed, too
}
