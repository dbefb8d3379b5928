// fetch - asks the connector for a document: "GET <capability>\n"; it answers "OK\n" and chunks of
// a 4-byte length and so many bytes, the length 0 being the whole document's end; or "ERR <why>\n".
// Before the first byte of the document everything can be tried again; after it nothing can, since
// the bytes are on their way to the printer.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "fetch.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS (30 * 60 * 1000)  // a connector that is upgraded, a server that boots
#define CHUNK_MAX (16 * 1024 * 1024)
#define BUFFER_SIZE 65536
#define LINE_SIZE 256

enum outcome
{
  GOT_ALL,
  TRY_AGAIN,
  FAILED
};

static bool
open_socket(const char *path, int *fd_out, pb_error_t *err)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};

  *fd_out = -1;
  if (!pb_text_copy(address.sun_path, sizeof(address.sun_path), path))
    return pb_error_set(err, PB_CONFIG, "Socket path %s is too long", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return pb_error_set_errno(err, PB_RETRY, "No socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
  {
    pb_error_set_errno(err, PB_RETRY, "Connector at %s does not answer", path);
    close(fd);
    return false;
  }
  *fd_out = fd;
  return true;
}

// Exactly size bytes.
static bool
read_all(int fd, void *data, size_t size)
{
  char *at = data;

  while (size > 0)
  {
    ssize_t got = read(fd, at, size);

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    at += got;
    size -= (size_t)got;
  }
  return true;
}

static bool
read_line(int fd, char *line, size_t room)
{
  for (size_t i = 0; i + 1 < room; i++)
  {
    if (!read_all(fd, line + i, 1))
      return false;
    if (line[i] == '\n')
    {
      line[i] = '\0';
      return true;
    }
  }
  return false;
}

// One chunk to the chain, as its bytes come.
static bool
copy_chunk(int from, int to, size_t size, pb_error_t *err)
{
  static char buffer[BUFFER_SIZE];

  while (size > 0)
  {
    ssize_t got = read(from, buffer, size < sizeof(buffer) ? size : sizeof(buffer));

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return pb_error_set(err, PB_RETRY, "The document was cut short by the connector");
    if (!pb_file_write_all(to, buffer, (size_t)got, err))
      return false;
    size -= (size_t)got;
  }
  return true;
}

static bool
copy_chunks(int from, int to, int64_t *copied, pb_error_t *err)
{
  for (;;)
  {
    uint8_t head[4];

    if (!read_all(from, head, sizeof(head)))
      return pb_error_set(err, PB_RETRY, "The document was cut short by the connector");
    size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (size == 0)
      return true;
    if (size > CHUNK_MAX)
      return pb_error_set(err, PB_BUG, "The connector sent a chunk of %zu bytes", size);
    *copied += (int64_t)size;
    if (!copy_chunk(from, to, size, err))
      return false;
  }
}

static enum outcome
ask(int socket_fd, const pb_ticket_t *ticket, int to, pb_error_t *err)
{
  char    line[LINE_SIZE];
  int64_t copied = 0;

  if (!pb_text_format(line, sizeof(line), "GET %s\n", ticket->capability) ||
      !pb_file_write_all(socket_fd, line, strlen(line), err) ||
      !read_line(socket_fd, line, sizeof(line)))
  {
    pb_error_set(err, PB_RETRY, "The connector hung up");
    return TRY_AGAIN;
  }
  if (strcmp(line, "OK") == 0)
  {
    if (copy_chunks(socket_fd, to, &copied, err))
      return GOT_ALL;
    return copied == 0 ? TRY_AGAIN : FAILED;
  }
  const char *why = pb_text_has_prefix(line, "ERR ") ? line + 4 : "no answer that is known";
  pb_error_set(err, PB_GONE, "The connector refuses the document: %s", why);
  return pb_text_has_prefix(why, "retry") || pb_text_has_prefix(why, "busy") ? TRY_AGAIN : FAILED;
}

static enum outcome
try_once(const char *socket_path, const pb_ticket_t *ticket, int to, pb_error_t *err)
{
  int socket_fd = -1;

  if (!open_socket(socket_path, &socket_fd, err))
    return err->kind == PB_RETRY || errno == ENOENT || errno == ECONNREFUSED ? TRY_AGAIN : FAILED;
  enum outcome outcome = ask(socket_fd, ticket, to, err);
  close(socket_fd);
  return outcome;
}

static void
wait_ms(int64_t ms)
{
  struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

  while (nanosleep(&left, &left) != 0 && errno == EINTR)
    continue;
}

bool
pb_fetch_document(const char *socket_path, const pb_ticket_t *ticket, int fd, pb_error_t *err)
{
  int64_t begin = pb_clock_mono_ms();
  char    shown[PB_ERROR_MESSAGE_SIZE];

  for (int attempt = 0;; attempt++)
  {
    enum outcome outcome = try_once(socket_path, ticket, fd, err);

    if (outcome != TRY_AGAIN || pb_clock_mono_ms() - begin > PATIENCE_MS)
    {
      if (attempt > 0)
        fputs("STATE: -com.printbridge.connector-waiting\n", stderr);
      return outcome == GOT_ALL;
    }
    if (attempt == 0)
      fputs("STATE: +com.printbridge.connector-waiting\n", stderr);
    pb_text_escape(shown, sizeof(shown), err->message, strlen(err->message));
    fprintf(stderr, "INFO: Waiting for the cloud document: %s\n", shown);
    wait_ms(pb_clock_backoff_ms(attempt, 20, 100, 5000));
  }
}
