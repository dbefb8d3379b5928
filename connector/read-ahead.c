// read-ahead - two rings in a row: the memory is emptied first, and while the file holds anything
// new bytes go to the file.  The mutex guards the counts; the bytes between them belong to one side
// alone, so reading and writing them happens outside of it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "read-ahead.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define FILE_PIECE (256 * 1024)  // so that a reader need not wait for a large write

struct ring
{
  uint64_t begin;  // where the oldest byte stands
  uint64_t used;
  uint64_t room;
};

struct pb_read_ahead
{
  pthread_mutex_t mutex;
  pthread_cond_t  changed;
  struct ring     memory, file;
  char           *bytes;
  int             fd;  // -1: not made yet
  char           *temp_folder;
  bool            is_ended, is_stopped;
  bool            is_disk_full;  // the file is not used again
  pb_error_t      why;
};

bool
pb_read_ahead_new(size_t memory_bytes, int64_t file_bytes, const char *temp_folder,
                  pb_read_ahead_t **read_ahead_out, pb_error_t *err)
{
  pb_read_ahead_t   *read_ahead = calloc(1, sizeof(*read_ahead));
  pthread_condattr_t attributes;

  *read_ahead_out = NULL;
  if (read_ahead == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a read-ahead");
  read_ahead->memory.room = memory_bytes > 0 ? memory_bytes : 1;
  read_ahead->file.room   = file_bytes > 0 ? (uint64_t)file_bytes : 0;
  read_ahead->bytes       = malloc(read_ahead->memory.room);
  read_ahead->temp_folder = pb_text_dup(temp_folder != NULL ? temp_folder : "/tmp");
  read_ahead->fd          = -1;
  pthread_mutex_init(&read_ahead->mutex, NULL);
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&read_ahead->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  if (read_ahead->bytes == NULL || read_ahead->temp_folder == NULL)
  {
    pb_read_ahead_free(read_ahead);
    return pb_error_set(err, PB_RETRY, "out of memory for a read-ahead");
  }
  *read_ahead_out = read_ahead;
  return true;
}

void
pb_read_ahead_free(pb_read_ahead_t *read_ahead)
{
  if (read_ahead == NULL)
    return;
  if (read_ahead->fd >= 0)
    close(read_ahead->fd);
  pthread_cond_destroy(&read_ahead->changed);
  pthread_mutex_destroy(&read_ahead->mutex);
  free(read_ahead->temp_folder);
  free(read_ahead->bytes);
  free(read_ahead);
}

// Open a file that has no name; false: there is no place for it, and memory must do.
static bool
open_file(pb_read_ahead_t *read_ahead)
{
  char path[4096];

  if (read_ahead->fd >= 0)
    return true;
  read_ahead->fd = open(read_ahead->temp_folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (read_ahead->fd >= 0)
    return true;
  // Not every file system knows O_TMPFILE.
  if (!pb_text_format(path, sizeof(path), "%s/read-ahead-XXXXXX", read_ahead->temp_folder))
    return false;
  read_ahead->fd = mkostemp(path, O_CLOEXEC);
  if (read_ahead->fd >= 0)
    unlink(path);
  return read_ahead->fd >= 0;
}

// Free bytes behind the used ones that lie in one piece.
static uint64_t
get_free_piece(const struct ring *ring, uint64_t *at_out)
{
  uint64_t at   = (ring->begin + ring->used) % ring->room;
  uint64_t free = ring->room - ring->used;

  *at_out = at;
  return free < ring->room - at ? free : ring->room - at;
}

static uint64_t
get_used_piece(const struct ring *ring)
{
  uint64_t to_end = ring->room - ring->begin;

  return ring->used < to_end ? ring->used : to_end;
}

static void
drop(struct ring *ring, uint64_t size)
{
  ring->used -= size;
  ring->begin = (ring->begin + size) % ring->room;
}

// Which ring takes the next byte; waits until there is one.  NULL: stopped.
static struct ring *
wait_for_room(pb_read_ahead_t *read_ahead)
{
  struct ring *memory = &read_ahead->memory, *file = &read_ahead->file;

  for (;;)
  {
    if (read_ahead->is_stopped)
      return NULL;
    if (file->used == 0 && memory->used < memory->room)
      return memory;
    if (file->used < file->room && !read_ahead->is_disk_full)
      return file;
    pthread_cond_wait(&read_ahead->changed, &read_ahead->mutex);
  }
}

// Bytes written to the file; 0: it cannot take any more.
static size_t
write_file(pb_read_ahead_t *read_ahead, const char *data, size_t size, uint64_t at)
{
  ssize_t done = -1;

  if (size > FILE_PIECE)
    size = FILE_PIECE;
  if (open_file(read_ahead))
  {
    do
      done = pwrite(read_ahead->fd, data, size, (off_t)at);
    while (done < 0 && errno == EINTR);
  }
  return done > 0 ? (size_t)done : 0;
}

// Put what fits into one ring.  The mutex is held, but not while bytes are copied.
static size_t
put(pb_read_ahead_t *read_ahead, struct ring *ring, const char *data, size_t size)
{
  uint64_t at = 0;

  // Start over where one can, so that the file stays small; nobody reads an empty ring.
  if (ring->used == 0)
    ring->begin = 0;
  uint64_t piece = get_free_piece(ring, &at);
  size_t   done  = size < piece ? size : (size_t)piece;

  pthread_mutex_unlock(&read_ahead->mutex);
  if (ring == &read_ahead->memory)
    memcpy(read_ahead->bytes + at, data, done);
  else
    done = write_file(read_ahead, data, done, at);
  pthread_mutex_lock(&read_ahead->mutex);
  if (done == 0)
    read_ahead->is_disk_full = true;
  ring->used += done;
  return done;
}

bool
pb_read_ahead_write(pb_read_ahead_t *read_ahead, const void *data, size_t size, pb_error_t *err)
{
  const char *at = data;

  pthread_mutex_lock(&read_ahead->mutex);
  while (size > 0)
  {
    struct ring *ring = wait_for_room(read_ahead);

    if (ring == NULL)
      break;
    size_t done = put(read_ahead, ring, at, size);
    at += done;
    size -= done;
    pthread_cond_broadcast(&read_ahead->changed);
  }
  pthread_mutex_unlock(&read_ahead->mutex);
  return size == 0 || pb_error_set(err, PB_GONE, "nobody reads the document any more");
}

void
pb_read_ahead_end(pb_read_ahead_t *read_ahead, const pb_error_t *why)
{
  pthread_mutex_lock(&read_ahead->mutex);
  read_ahead->is_ended = true;
  if (why != NULL)
    read_ahead->why = *why;
  pthread_cond_broadcast(&read_ahead->changed);
  pthread_mutex_unlock(&read_ahead->mutex);
}

void
pb_read_ahead_stop(pb_read_ahead_t *read_ahead)
{
  pthread_mutex_lock(&read_ahead->mutex);
  read_ahead->is_stopped = true;
  pthread_cond_broadcast(&read_ahead->changed);
  pthread_mutex_unlock(&read_ahead->mutex);
}

static bool
wait_for_data(pb_read_ahead_t *read_ahead, int64_t wait_ms)
{
  struct timespec until;

  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += wait_ms / 1000;
  until.tv_nsec += wait_ms % 1000 * 1000000;
  if (until.tv_nsec >= 1000000000)
  {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  while (!read_ahead->is_stopped && !read_ahead->is_ended && read_ahead->memory.used == 0 &&
         read_ahead->file.used == 0)
  {
    if (pthread_cond_timedwait(&read_ahead->changed, &read_ahead->mutex, &until) == ETIMEDOUT)
      return false;
  }
  return true;
}

// Take from the ring that is first.  The mutex is held, but not while bytes are copied.
static bool
take(pb_read_ahead_t *read_ahead, char *data, size_t room, size_t *got_out)
{
  bool         in_memory = read_ahead->memory.used > 0;
  struct ring *ring      = in_memory ? &read_ahead->memory : &read_ahead->file;
  uint64_t     piece     = get_used_piece(ring);
  size_t       size      = room < piece ? room : (size_t)piece;
  ssize_t      got       = (ssize_t)size;

  pthread_mutex_unlock(&read_ahead->mutex);
  if (in_memory)
    memcpy(data, read_ahead->bytes + ring->begin, size);
  else
  {
    do
      got = pread(read_ahead->fd, data, size, (off_t)ring->begin);
    while (got < 0 && errno == EINTR);
  }
  pthread_mutex_lock(&read_ahead->mutex);
  if (got <= 0)
    return false;
  drop(ring, (uint64_t)got);
  pthread_cond_broadcast(&read_ahead->changed);
  *got_out = (size_t)got;
  return true;
}

// Who notes that the document is at its end may need the room.
static void
give_back_file(pb_read_ahead_t *read_ahead)
{
  if (read_ahead->fd >= 0)
    close(read_ahead->fd);
  read_ahead->fd = -1;
}

static enum pb_read_ahead_got
read_locked(pb_read_ahead_t *read_ahead, char *data, size_t room, int64_t wait_ms, size_t *got_out,
            pb_error_t *err)
{
  if (!wait_for_data(read_ahead, wait_ms))
    return PB_READ_AHEAD_WAIT;
  if (read_ahead->is_stopped)
  {
    pb_error_set(err, PB_GONE, "the document was withdrawn");
    return PB_READ_AHEAD_FAILED;
  }
  if (read_ahead->memory.used > 0 || read_ahead->file.used > 0)
  {
    if (take(read_ahead, data, room, got_out))
      return PB_READ_AHEAD_DATA;
    pb_error_set_errno(err, PB_RETRY, "read-ahead file");
    return PB_READ_AHEAD_FAILED;
  }
  if (read_ahead->why.kind == PB_OK)
  {
    give_back_file(read_ahead);
    return PB_READ_AHEAD_END;
  }
  pb_error_set(err, read_ahead->why.kind, "%s", read_ahead->why.message);
  return PB_READ_AHEAD_FAILED;
}

enum pb_read_ahead_got
pb_read_ahead_read(pb_read_ahead_t *read_ahead, void *data, size_t room, int64_t wait_ms,
                   size_t *got_out, pb_error_t *err)
{
  *got_out = 0;
  pthread_mutex_lock(&read_ahead->mutex);
  enum pb_read_ahead_got got = read_locked(read_ahead, data, room, wait_ms, got_out, err);
  pthread_mutex_unlock(&read_ahead->mutex);
  return got;
}
