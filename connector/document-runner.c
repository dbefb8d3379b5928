// document-runner - which run of cupsd a filter belongs to: its parent process, by number, start
// time and boot, since numbers are used again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "document-private.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STAT_PARENT 4  // fields of /proc/PID/stat, from 1
#define STAT_START 22

static bool
read_small(const char *path, char *text, size_t size)
{
  int     fd  = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd >= 0 ? read(fd, text, size - 1) : -1;

  if (fd >= 0)
    close(fd);
  if (got <= 0)
    return false;
  text[got] = '\0';
  return true;
}

// A number of /proc/PID/stat.  The second field is the program's name in brackets, with anything in
// it.
static bool
read_stat(long pid, int field, long long *value_out)
{
  char  path[64];
  char  text[1024];
  char *at = NULL;

  pb_text_format(path, sizeof(path), "/proc/%ld/stat", pid);
  if (!read_small(path, text, sizeof(text)))
    return false;
  at = strrchr(text, ')');
  for (int i = 2; at != NULL && i < field; i++)
    at = strchr(at + 1, ' ');
  if (at == NULL)
    return false;
  *value_out = strtoll(at + 1, NULL, 10);
  return true;
}

long
pb_document_find_runner(int fd, char runner_out[PB_DOCUMENT_RUNNER_SIZE])
{
  struct ucred peer   = {0};
  socklen_t    size   = sizeof(peer);
  long long    parent = 0;
  long long    start  = 0;
  char         boot[40];

  runner_out[0] = '\0';
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0)
    return 0;
  if (!read_stat(peer.pid, STAT_PARENT, &parent) || parent <= 0 ||
      !read_stat((long)parent, STAT_START, &start) ||
      !read_small("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)))
    return peer.pid;
  boot[strcspn(boot, "\n")] = '\0';
  pb_text_format(runner_out, PB_DOCUMENT_RUNNER_SIZE, "%s:%lld:%lld", boot, parent, start);
  return peer.pid;
}
