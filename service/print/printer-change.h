// printer-change - what follows a change of a printer inside a request: noted, and told to
// subscribers.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_PRINTER_CHANGE_H
#define PB_PRINT_PRINTER_CHANGE_H

#include "print/request.h"

struct pb_printer_before
{
  int  state;
  char reasons[PB_REASONS_SIZE];
};

struct pb_printer_before pb_printer_remember(const struct pb_printer *printer);
// Notes what changed of request->printer since `before`, and tells.
bool pb_printer_note_changes(struct pb_request *request, const struct pb_printer_before *before,
                             bool is_config);
// Its state has changed, whatever it was before.
bool pb_printer_note_state(struct pb_request *request);

#endif
