// printer-change - what follows a change of a printer inside a request.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/printer-change.h"

#include <string.h>

#include "print/composite.h"
#include "print/print-private.h"

static bool
raise_printer(struct pb_request *request, enum pb_event_type type, const char *text)
{
  char   reasons[PB_REASONS_SIZE];
  int    state = pb_printer_get_state(&request->printer, reasons);
  ipp_t *bag   = pb_bag_new();

  if (!bag)
    return true;
  ippAddInteger(bag, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_ENUM, "printer-state", state);
  pb_reasons_to_ipp(reasons, bag, IPP_TAG_EVENT_NOTIFICATION, "printer-state-reasons");
  ippAddBoolean(bag, IPP_TAG_EVENT_NOTIFICATION, "printer-is-accepting-jobs",
                request->printer.is_accepting && request->printer.devices_count > 0);
  (void)pb_request_raise(request, type, /*job*/ 0, /*document*/ 0, bag, text);
  return true;
}

struct pb_printer_before
pb_printer_remember(const struct pb_printer *printer)
{
  struct pb_printer_before before;

  before.state = pb_printer_get_state(printer, before.reasons);
  return before;
}

bool
pb_printer_note_changes(struct pb_request *request, const struct pb_printer_before *before,
                        bool is_config)
{
  pb_error_t         err = {0};
  char               reasons[PB_REASONS_SIZE];
  struct pb_printer *printer  = &request->printer;
  int                state    = pb_printer_get_state(printer, reasons);
  bool               is_state = state != before->state || strcmp(reasons, before->reasons) != 0;

  if (is_state)
    printer->state_ms = request->now_ms;
  if (is_config)
    printer->config_ms = request->now_ms;
  if ((is_state || is_config) && !pb_printer_save_times(request->print->db, printer, &err))
    return pb_request_fail(request, &err);
  if (is_state)
    raise_printer(request,
                  state == IPP_PSTATE_STOPPED && before->state != state
                    ? PB_EVENT_PRINTER_STOPPED
                    : PB_EVENT_PRINTER_STATE_CHANGED,
                  "The printer's state changed.");
  if (is_config)
    raise_printer(request, PB_EVENT_PRINTER_CONFIG_CHANGED, "The printer's configuration changed.");
  return true;
}

bool
pb_printer_note_state(struct pb_request *request)
{
  static const struct pb_printer_before unlike = {.state = 0};

  return pb_printer_note_changes(request, &unlike, /*is_config*/ false);
}
