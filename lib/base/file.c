// file - whole, private, durable files.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

// Without waiting for whoever is at the other end of a pipe of that name.
static int
open_regular(const char *path, pb_error_t *err)
{
  struct stat info;
  int         fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd < 0)
    pb_error_set_errno(err, errno == ENOENT ? PB_GONE : PB_CONFIG, "%s", path);
  else if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
  {
    pb_error_set(err, PB_CONFIG, "%s: is not a file", path);
    close(fd);
    fd = -1;
  }
  return fd;
}

bool
pb_file_read(const char *path, size_t max_size, pb_buffer_t *buffer_out, pb_error_t *err)
{
  bool    ok = false;
  char    piece[16384];
  ssize_t got;
  int     fd = open_regular(path, err);

  pb_buffer_init(buffer_out, max_size);
  if (fd < 0)
    return false;
  while (true)
  {
    got = read(fd, piece, sizeof(piece));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
    {
      pb_error_set_errno(err, PB_CONFIG, "%s", path);
      goto done;
    }
    if (got == 0)
      break;
    if (!pb_buffer_append(buffer_out, piece, (size_t)got, err))
    {
      pb_error_prefix(err, "%s", path);
      goto done;
    }
  }
  // An empty file is an empty text, not NULL.
  ok = pb_buffer_append(buffer_out, "", 0, err);

done:
  explicit_bzero(piece, sizeof(piece));  // may have been a key
  close(fd);
  if (!ok)
    pb_buffer_wipe(buffer_out);
  return ok;
}

bool
pb_file_write_all(int fd, const void *data, size_t size, pb_error_t *err)
{
  const char *at = data;

  while (size > 0)
  {
    ssize_t done = write(fd, at, size);

    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return pb_error_set_errno(err, PB_CONFIG, "write");
    at += done;
    size -= (size_t)done;
  }
  return true;
}

char *
pb_file_join(const char *folder, const char *name)
{
  char *path = NULL;

  return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

bool
pb_file_sync_folder(const char *path, pb_error_t *err)
{
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return pb_error_set_errno(err, PB_CONFIG, "%s", path);
  int status = fsync(fd);
  if (status != 0)
    pb_error_set_errno(err, PB_CONFIG, "%s: fsync", path);
  close(fd);
  return status == 0;
}

// The folder that holds path, in place of its last part.
static bool
sync_parent(const char *path, pb_error_t *err)
{
  char *folder = strdup(path);
  char *slash  = folder != NULL ? strrchr(folder, '/') : NULL;
  bool  ok;

  if (folder == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  if (slash == NULL)
    ok = pb_file_sync_folder(".", err);
  else
  {
    slash[slash == folder ? 1 : 0] = '\0';
    ok                             = pb_file_sync_folder(folder, err);
  }
  free(folder);
  return ok;
}

bool
pb_file_replace(const char *path, mode_t mode, const void *data, size_t size, pb_error_t *err)
{
  bool  ok        = false;
  char *temporary = NULL;
  int   fd        = -1;

  if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
    return pb_error_set(err, PB_RETRY, "out of memory");
  fd = mkostemp(temporary, O_CLOEXEC);
  if (fd < 0)
  {
    pb_error_set_errno(err, PB_CONFIG, "%s", temporary);
    goto done;
  }
  if (!pb_file_write_all(fd, data, size, err))
  {
    pb_error_prefix(err, "%s", temporary);
    unlink(temporary);
    goto done;
  }
  PB_FAULT("file.replace.before");
  if (fchmod(fd, mode) != 0 || fsync(fd) != 0 || rename(temporary, path) != 0)
  {
    pb_error_set_errno(err, PB_CONFIG, "%s", path);
    unlink(temporary);
    goto done;
  }
  PB_FAULT("file.replace.after");
  ok = sync_parent(path, err);

done:
  if (fd >= 0)
    close(fd);
  free(temporary);
  return ok;
}

bool
pb_file_make_folder(const char *path, mode_t mode, pb_error_t *err)
{
  bool  ok   = true;
  char *copy = strdup(path);

  if (copy == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  for (char *slash = strchr(copy + 1, '/'); slash != NULL && ok; slash = strchr(slash + 1, '/'))
  {
    *slash = '\0';
    if (mkdir(copy, 0755) != 0 && errno != EEXIST)
      ok = pb_error_set_errno(err, PB_CONFIG, "%s", copy);
    *slash = '/';
  }
  if (ok && mkdir(path, mode) != 0 && errno != EEXIST)
    ok = pb_error_set_errno(err, PB_CONFIG, "%s", path);
  free(copy);
  return ok;
}

bool
pb_file_remove(const char *path, pb_error_t *err)
{
  if (unlink(path) != 0 && errno != ENOENT)
    return pb_error_set_errno(err, PB_CONFIG, "%s", path);
  return true;
}

bool
pb_file_lock(const char *path, int *fd_out, pb_error_t *err)
{
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    return pb_error_set_errno(err, PB_CONFIG, "%s", path);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0)
  {
    close(fd);
    return pb_error_set(err, PB_CONFIG,
                        "%s: another process holds this lock; is it running already?", path);
  }
  *fd_out = fd;
  return true;
}
