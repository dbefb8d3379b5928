// connector-event_fuzz - the event message, as a hostile service or a confused notifier might send
// it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/event.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_note(void *user, const struct pb_event_note *note)
{
  int *count = user;

  // What promises to be a text is one.
  if (strlen(note->name) >= sizeof(note->name) ||
      strlen(note->printer_uri) >= sizeof(note->printer_uri) ||
      strlen(note->printer_name) >= sizeof(note->printer_name))
    abort();
  (*count)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  int        seen  = 0;
  int        count = 0;
  pb_error_t err   = {0};

  if (pb_event_parse(data, size, on_note, &seen, &count, &err) ? count != seen : err.kind == PB_OK)
    abort();
  if (count > PB_EVENTS_PER_MESSAGE_MAX)
    abort();
  return 0;
}
