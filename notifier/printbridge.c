// printbridge - cupsd's notifier: hands the events that cupsd writes on stdin to the connector.
// cupsd runs one process per recipient (argv[1] the recipient, argv[2] the user data), writes one
// IPP message per event and must not be kept waiting: an event that the connector does not take
// soon is dropped, since it asks for the state of every job when it comes back.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "forward.h"
#include "ipp/message.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/printbridge/connector.sock"
#define READ_SIZE 8192

// Forward each whole message of `input`, and keep what is left.  False: cupsd sent no IPP.
static bool
take_messages(pb_buffer_t *input, pb_forward_t *forward, pb_error_t *err)
{
  while (input->size > 0)
  {
    pb_ipp_scan_t scan;
    size_t        used = 0;

    pb_ipp_scan_init(&scan);
    switch (pb_ipp_scan_feed(&scan, input->data, input->size, &used))
    {
      case PB_IPP_SCAN_MORE:
        return true;
      case PB_IPP_SCAN_BAD:
        return pb_error_set(err, PB_REJECT, "the scheduler's event is no IPP message");
      case PB_IPP_SCAN_DONE:
        pb_forward_send(forward, input->data, used);
        pb_buffer_consume(input, used);
        break;
    }
  }
  return true;
}

static bool
run(pb_forward_t *forward, pb_error_t *err)
{
  char        piece[READ_SIZE];
  bool        ok    = true;
  pb_buffer_t input = {0};

  pb_buffer_init(&input, PB_IPP_MESSAGE_MAX + READ_SIZE);
  while (ok)
  {
    ssize_t got = read(STDIN_FILENO, piece, sizeof(piece));

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    ok = pb_buffer_append(&input, piece, (size_t)got, err) && take_messages(&input, forward, err);
  }
  pb_buffer_clear(&input);
  return ok;
}

int
main(void)
{
  const char  *path    = getenv("PRINTBRIDGE_SOCKET");
  pb_forward_t forward = {.fd = -1, .path = path != NULL ? path : DEFAULT_SOCKET};
  pb_error_t   err     = {0};

  signal(SIGPIPE, SIG_IGN);
  bool ok = run(&forward, &err);
  if (!ok)
    fprintf(stderr, "ERROR: %s\n", err.message);
  pb_forward_close(&forward);
  return ok ? 0 : 1;
}
