// composite - several output devices as one printer: its state, and what it can do (PWG 5100.18
// s5, table 1; docs/PROTOCOL.md says what was decided where the standard is silent).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_COMPOSITE_H
#define PB_PRINT_COMPOSITE_H

#include "print/printer-store.h"
#include "print/reasons.h"

#define PB_STATE_MESSAGE_SIZE 512

// PWG 5100.18 table 1; device_state 0: it has not reported yet.
int pb_printer_compose_state(int service_state, int device_state, bool *is_stopping_out);
// printer-state and printer-state-reasons of the whole.
int pb_printer_get_state(const struct pb_printer *printer, char reasons_out[PB_REASONS_SIZE]);
// printer-state-message, for people.
void pb_printer_describe_state(const struct pb_printer *printer, char dst[PB_STATE_MESSAGE_SIZE]);

// What the devices (only: that one) have reported, as one; borrowed from the printer.  NULL: it has
// none.  False: out of memory.
bool pb_printer_get_reported(struct pb_printer *printer, const struct pb_device *only,
                             ipp_t **reported_out) PB_MUST_USE;

#endif
