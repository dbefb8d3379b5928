// ipp-ticket_fuzz - a ticket that is taken is spelled exactly as we would spell it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ipp/ticket.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  pb_ticket_t ticket;
  char        text[PB_TICKET_MAX];

  if (!pb_ticket_parse((const char *)data, size, &ticket, NULL))
    return 0;
  if (!pb_ticket_format(&ticket, text, NULL) || strlen(text) != size ||
      memcmp(text, data, size) != 0)
    abort();
  return 0;
}
