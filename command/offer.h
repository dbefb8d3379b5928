// offer - a local queue that is offered to a service, and what becomes of it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_OFFER_H
#define PB_COMMAND_OFFER_H

#include "ipp/cups.h"
#include "net/json.h"

struct offer
{
  char queue[128];
  char uuid[46];
  char model[128];
  char location[128];
  bool is_granted;
  bool is_adopted;  // in place of a former one
};

// What CUPS says of the queue; uuid is left to the caller.  PB_GONE: no such queue.
bool offer_describe(pb_cups_t *cups, const char *queue, struct offer *offer_out,
                    pb_error_t *err) PB_MUST_USE;

// The authorization_details for the offers (lib/cloud/protocol.h); malloc'd.  join: the printer
// that each is to serve beside others; NULL: one of its own.  is_adopting: former printers are to
// be taken over.
bool offers_format_details(const struct offer *offers, size_t count, const char *join,
                           bool is_adopting, char **json_out, pb_error_t *err) PB_MUST_USE;

// Sets is_granted from what the service granted; NULL: all (RFC 6749 s5.1, as asked).
void offers_mark_granted(struct offer *offers, size_t count, json_object *details);

#endif
