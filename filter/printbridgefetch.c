// printbridgefetch - the CUPS filter that turns a ticket into the document it names.
// Usage as any filter: job-id user title copies options [ticket].  Reads the ticket, asks the
// connector, writes the bytes to stdout as they come.  SIGTERM ends it at once.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "fetch.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/printbridge/connector.sock"

static void
die_at_once(int signal_number)
{
  (void)signal_number;
  _exit(1);
}

// The whole ticket; a file or pipe that holds more is none.
static bool
read_ticket(int fd, pb_ticket_t *ticket_out, pb_error_t *err)
{
  char   text[PB_TICKET_MAX];
  size_t size = 0;

  while (size < sizeof(text))
  {
    ssize_t got = read(fd, text + size, sizeof(text) - size);

    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return pb_error_set_errno(err, PB_RETRY, "ticket cannot be read");
    if (got == 0)
      break;
    size += (size_t)got;
  }
  return pb_ticket_parse(text, size, ticket_out, err);
}

// cupsd has begun with a document of a job that it holds: as if it had thought better of it, so
// that no failure of a filter is noted.
static void
end_as_held(void)
{
  signal(SIGTERM, SIG_DFL);
  raise(SIGTERM);
}

static bool
run(int fd, pb_error_t *err)
{
  pb_ticket_t ticket;
  const char *socket_path = getenv("PRINTBRIDGE_SOCKET");
  bool        is_held     = false;
  bool        ok          = false;

  if (!read_ticket(fd, &ticket, err))
    return false;
  ok = pb_fetch_document(socket_path != NULL ? socket_path : DEFAULT_SOCKET, &ticket, STDOUT_FILENO,
                         &is_held, err);
  if (is_held)
    end_as_held();
  return ok;
}

int
main(int argc, char **argv)
{
  pb_error_t       err    = {0};
  struct sigaction action = {.sa_handler = die_at_once};
  int              fd     = STDIN_FILENO;

  if (argc != 6 && argc != 7)
  {
    fprintf(stderr, "ERROR: Usage: %s job-id user title copies options [ticket]\n", argv[0]);
    return 1;
  }
  sigaction(SIGTERM, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  if (argc == 7)
    fd = open(argv[6], O_RDONLY | O_CLOEXEC);
  if (fd < 0)
  {
    perror("ERROR: The ticket cannot be opened");
    return 1;
  }
  if (run(fd, &err))
    return 0;
  fprintf(stderr, "ERROR: %s\n", err.message);
  return 1;
}
