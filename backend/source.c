// source - the document that is printed. Invariant: [0, kept) of the document is in `file`, [0,
// at) has been read by the caller, at <= taken; a pipe's bytes [kept, taken) are lost once
// is_lost is set.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/source.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct pb_source
{
  int   fd;
  bool  is_file;  // fd can be read again
  int   file;     // behind a pipe; -1: there is none
  off_t kept;
  off_t at;
  bool  is_lost;
  bool  is_ended;  // the pipe's end was read
};

static int
open_unlinked(const char *folder)
{
  char *path = NULL;
  int   fd   = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  if (fd >= 0)
    return fd;
  path = pb_file_join(folder, "printbridge-XXXXXX");  // a file system without O_TMPFILE
  if (path == NULL)
    return -1;
  fd = mkostemp(path, O_CLOEXEC);
  if (fd >= 0)
    unlink(path);
  free(path);
  return fd;
}

bool
pb_source_open(int fd, const char *tmpdir, pb_source_t **source_out, pb_error_t *err)
{
  struct stat  status;
  pb_source_t *source = calloc(1, sizeof(*source));

  *source_out = NULL;
  if (source == NULL)
  {
    close(fd);
    return pb_error_set(err, PB_RETRY, "out of memory");
  }
  source->fd      = fd;
  source->file    = -1;
  source->is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  // Without a file it is printed all the same; only a broken upload cannot begin again.
  if (!source->is_file)
    source->file = open_unlinked(tmpdir);
  source->is_lost = !source->is_file && source->file < 0;
  *source_out     = source;
  return true;
}

void
pb_source_close(pb_source_t *source)
{
  if (source == NULL)
    return;
  close(source->fd);
  if (source->file >= 0)
    close(source->file);
  free(source);
}

static bool
wait_readable(const pb_source_t *source, int stop_fd, pb_error_t *err)
{
  struct pollfd fds[] = {
    {.fd = source->fd, .events = POLLIN},
    {.fd = stop_fd,    .events = POLLIN}
  };

  while (poll(fds, 2, -1) < 0)
    if (errno != EINTR)
      return pb_error_set_errno(err, PB_BUG, "the document cannot be waited for");
  return fds[1].revents == 0 || pb_error_set(err, PB_RETRY, "stopped");
}

static bool
read_some(int fd, off_t offset, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  ssize_t got = 0;

  do
    got = offset < 0 ? read(fd, data, room) : pread(fd, data, room, offset);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    return pb_error_set_errno(err, PB_REJECT, "the document cannot be read");
  *got_out = (size_t)got;
  return true;
}

static void
keep(pb_source_t *source, const void *data, size_t size)
{
  size_t done = 0;

  while (!source->is_lost && done < size)
  {
    ssize_t wrote =
      pwrite(source->file, (const char *)data + done, size - done, source->kept + (off_t)done);

    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0)
      source->is_lost = true;
    else
      done += (size_t)wrote;
  }
  source->kept += (off_t)done;
}

bool
pb_source_read(pb_source_t *source, int stop_fd, void *data, size_t room, size_t *got_out,
               pb_error_t *err)
{
  bool ok = true;

  *got_out = 0;
  if (source->is_file)
    ok = read_some(source->fd, source->at, data, room, got_out, err);
  else if (source->at < source->kept)
  {
    if ((off_t)room > source->kept - source->at)
      room = (size_t)(source->kept - source->at);
    ok = read_some(source->file, source->at, data, room, got_out, err);
  }
  else if (!source->is_ended)
  {
    ok = wait_readable(source, stop_fd, err) && read_some(source->fd, -1, data, room, got_out, err);
    if (ok)
      keep(source, data, *got_out);
    source->is_ended = ok && *got_out == 0;
  }
  source->at += (off_t)*got_out;
  return ok;
}

bool
pb_source_wait(pb_source_t *source, int stop_fd, bool *is_empty_out, pb_error_t *err)
{
  char        byte;
  size_t      got = 0;
  struct stat status;

  *is_empty_out = false;
  if (source->is_file)
  {
    *is_empty_out = fstat(source->fd, &status) == 0 && status.st_size == 0;
    return true;
  }
  if (source->kept > 0)
    return true;
  if (!source->is_lost)
  {
    // Kept, and read again from there.
    if (!pb_source_read(source, stop_fd, &byte, 1, &got, err))
      return false;
    *is_empty_out = got == 0;
    return source->is_lost ? pb_error_set(err, PB_RETRY, "the disk for temporary files is full")
                           : pb_source_rewind(source, err);
  }
  // Nowhere to put a byte: whether there is one shows when it is read.
  return wait_readable(source, stop_fd, err);
}

static bool
is_readable_now(const pb_source_t *source)
{
  struct pollfd fd = {.fd = source->fd, .events = POLLIN};

  return source->is_file || source->at < source->kept || source->is_ended || poll(&fd, 1, 0) > 0;
}

// A byte that is taken from the pipe and cannot be kept is lost.
static bool
has_room(const pb_source_t *source, size_t room)
{
  return source->is_file || fallocate(source->file, /*mode*/ 0, 0, (off_t)room) == 0 ||
         errno == EOPNOTSUPP || errno == ENOSYS;
}

bool
pb_source_peek(pb_source_t *source, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  size_t piece = 1;

  *got_out = 0;
  if (!pb_source_rewind(source, err))
    return false;
  if (source->is_lost || !has_room(source, room))
    return true;
  while (!source->is_lost && *got_out < room && piece > 0 && is_readable_now(source))
  {
    if (!pb_source_read(source, /*stop_fd*/ -1, (char *)data + *got_out, room - *got_out, &piece,
                        err))
      return false;
    *got_out += piece;
  }
  return pb_source_rewind(source, err);
}

bool
pb_source_rewind(pb_source_t *source, pb_error_t *err)
{
  if (source->is_lost && source->at > 0)
    return pb_error_set(
      err, PB_RETRY,
      "what the filters made could not be kept: the disk for temporary files is full");
  source->at = 0;
  return true;
}
