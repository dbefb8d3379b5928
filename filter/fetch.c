// fetch - asks the connector for a document: "GET <capability>\n"; it answers "OK\n" and chunks of
// a 4-byte length and so many bytes, the length 0 being the whole document's end and the largest
// one that it has given up; or "ERR <why>\n".  "DONE\n" is said when all of it was passed on, and
// answered with "BYE\n" when that is noted.  A
// connection that breaks is made anew, to the next connector perhaps: "GET <capability> <offset>
// <SHA-256>\n" goes on behind the bytes that are on their way to the printer already, if they were
// the same.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "fetch.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "net/digest.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS (30 * 60 * 1000)  // a connector that is upgraded, a server that boots
#define GIVEN_UP UINT32_MAX
#define CHUNK_MAX (16 * 1024 * 1024)
#define BUFFER_SIZE 65536
#define LINE_SIZE 256

enum outcome
{
  GOT_ALL,
  TRY_AGAIN,
  HELD,
  FAILED
};

struct copy
{
  int              to;
  int64_t          copied;
  pb_sha256_run_t *hash;  // of what was copied
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

// One chunk to the chain, as its bytes come.  Without the reader at its other end nothing can be
// tried again.
static enum outcome
copy_chunk(struct copy *copy, int from, size_t size, pb_error_t *err)
{
  static char buffer[BUFFER_SIZE];

  while (size > 0)
  {
    ssize_t got = read(from, buffer, size < sizeof(buffer) ? size : sizeof(buffer));

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
    {
      pb_error_set(err, PB_RETRY, "the connection to the connector broke");
      return TRY_AGAIN;
    }
    if (!pb_file_write_all(copy->to, buffer, (size_t)got, err))
      return FAILED;
    pb_sha256_add(copy->hash, buffer, (size_t)got);
    copy->copied += got;
    size -= (size_t)got;
  }
  return GOT_ALL;
}

// Everything is in the chain's hands.  A connector that does not hear it would have to take us for
// killed: it is said again to the next one.
static enum outcome
say_done(int socket_fd, pb_error_t *err)
{
  char line[LINE_SIZE];

  if (pb_file_write_all(socket_fd, "DONE\n", strlen("DONE\n"), err) &&
      read_line(socket_fd, line, sizeof(line)))
    return GOT_ALL;
  pb_error_set(err, PB_RETRY, "the connector does not know yet that the document was passed on");
  return TRY_AGAIN;
}

static enum outcome
copy_chunks(struct copy *copy, int from, pb_error_t *err)
{
  for (;;)
  {
    uint8_t head[4];

    if (!read_all(from, head, sizeof(head)))
    {
      pb_error_set(err, PB_RETRY, "the connection to the connector broke");
      return TRY_AGAIN;
    }
    uint32_t size =
      (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
    if (size == 0)
      return say_done(from, err);
    if (size == GIVEN_UP)
      pb_error_set(err, PB_GONE, "The connector cannot fetch the rest of the document");
    else if (size > CHUNK_MAX)
      pb_error_set(err, PB_BUG, "The connector sent a chunk of %lu bytes", (unsigned long)size);
    if (size > CHUNK_MAX)
      return FAILED;
    enum outcome outcome = copy_chunk(copy, from, size, err);
    if (outcome != GOT_ALL)
      return outcome;
  }
}

static bool
format_wanted(char line[LINE_SIZE], const pb_ticket_t *ticket, const struct copy *copy)
{
  uint8_t digest[PB_SHA256_SIZE];
  char    shown[2 * PB_SHA256_SIZE + 1];

  if (copy->copied == 0)
    return pb_text_format(line, LINE_SIZE, "GET %s\n", ticket->capability);
  pb_sha256_peek(copy->hash, digest);
  pb_text_format_hex(shown, digest, sizeof(digest));
  return pb_text_format(line, LINE_SIZE, "GET %s %lld %s\n", ticket->capability,
                        (long long)copy->copied, shown);
}

static enum outcome
take_refusal(const char *line, pb_error_t *err)
{
  const char *why = pb_text_has_prefix(line, "ERR ") ? line + 4 : "no answer that is known";

  pb_error_set(err, PB_GONE, "The connector refuses the document: %s", why);
  if (pb_text_has_prefix(why, "held"))
    return HELD;
  return pb_text_has_prefix(why, "retry") || pb_text_has_prefix(why, "busy") ? TRY_AGAIN : FAILED;
}

static enum outcome
ask(int socket_fd, const pb_ticket_t *ticket, struct copy *copy, pb_error_t *err)
{
  char line[LINE_SIZE];

  if (!format_wanted(line, ticket, copy) ||
      !pb_file_write_all(socket_fd, line, strlen(line), err) ||
      !read_line(socket_fd, line, sizeof(line)))
  {
    pb_error_set(err, PB_RETRY, "The connector hung up");
    return TRY_AGAIN;
  }
  return strcmp(line, "OK") == 0 ? copy_chunks(copy, socket_fd, err) : take_refusal(line, err);
}

static enum outcome
try_once(const char *socket_path, const pb_ticket_t *ticket, struct copy *copy, pb_error_t *err)
{
  int socket_fd = -1;

  if (!open_socket(socket_path, &socket_fd, err))
    return err->kind == PB_RETRY || errno == ENOENT || errno == ECONNREFUSED ? TRY_AGAIN : FAILED;
  enum outcome outcome = ask(socket_fd, ticket, copy, err);
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

static void
say_waiting(const pb_error_t *why, bool is_first)
{
  char shown[PB_ERROR_MESSAGE_SIZE];

  if (is_first)
    fputs("STATE: +com.printbridge.connector-waiting\n", stderr);
  pb_text_escape(shown, sizeof(shown), why->message, strlen(why->message));
  fprintf(stderr, "INFO: Waiting for the cloud document: %s\n", shown);
}

// What came before a break does not count against the patience.
static enum outcome
fetch_until_done(const char *socket_path, const pb_ticket_t *ticket, struct copy *copy,
                 pb_error_t *err)
{
  int64_t      begin      = pb_clock_mono_ms();
  bool         is_waiting = false;
  enum outcome outcome    = TRY_AGAIN;

  for (int attempt = 0;; attempt++)
  {
    int64_t before = copy->copied;

    outcome = try_once(socket_path, ticket, copy, err);
    if (copy->copied > before)
    {
      begin   = pb_clock_mono_ms();
      attempt = 0;
    }
    if (outcome != TRY_AGAIN || pb_clock_mono_ms() - begin > PATIENCE_MS)
      break;
    say_waiting(err, !is_waiting);
    is_waiting = true;
    wait_ms(pb_clock_backoff_ms(attempt, 20, 100, 5000));
  }
  if (is_waiting)
    fputs("STATE: -com.printbridge.connector-waiting\n", stderr);
  return outcome;
}

bool
pb_fetch_document(const char *socket_path, const pb_ticket_t *ticket, int fd, bool *is_held_out,
                  pb_error_t *err)
{
  struct copy  copy    = {.to = fd, .hash = pb_sha256_new()};
  enum outcome outcome = FAILED;

  if (copy.hash == NULL)
    pb_error_set(err, PB_RETRY, "Out of memory for a hash");
  else
    outcome = fetch_until_done(socket_path, ticket, &copy, err);
  pb_sha256_free(copy.hash);
  *is_held_out = outcome == HELD;
  return outcome == GOT_ALL;
}
