// composite - several output devices as one printer: its state.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/composite.h"

#include <string.h>

static const ipp_tag_t GROUP = IPP_TAG_PRINTER;

int
pb_printer_compose_state(int service_state, int device_state, bool *is_stopping_out)
{
  // PWG 5100.18 table 1, and its note 1: one of the two has stopped, the other is still at work.
  static const struct row
  {
    int  service, device, whole;
    bool is_stopping;
  } rows[] = {
    {IPP_PSTATE_IDLE,       IPP_PSTATE_IDLE,       IPP_PSTATE_IDLE,       false},
    {IPP_PSTATE_IDLE,       IPP_PSTATE_PROCESSING, IPP_PSTATE_PROCESSING, false},
    {IPP_PSTATE_IDLE,       IPP_PSTATE_STOPPED,    IPP_PSTATE_STOPPED,    false},
    {IPP_PSTATE_PROCESSING, IPP_PSTATE_IDLE,       IPP_PSTATE_PROCESSING, false},
    {IPP_PSTATE_PROCESSING, IPP_PSTATE_PROCESSING, IPP_PSTATE_PROCESSING, false},
    {IPP_PSTATE_PROCESSING, IPP_PSTATE_STOPPED,    IPP_PSTATE_PROCESSING, true },
    {IPP_PSTATE_STOPPED,    IPP_PSTATE_IDLE,       IPP_PSTATE_STOPPED,    false},
    {IPP_PSTATE_STOPPED,    IPP_PSTATE_PROCESSING, IPP_PSTATE_PROCESSING, true },
    {IPP_PSTATE_STOPPED,    IPP_PSTATE_STOPPED,    IPP_PSTATE_STOPPED,    false},
  };

  *is_stopping_out = false;
  if (device_state == 0)
    device_state = IPP_PSTATE_STOPPED;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    if (rows[i].service == service_state && rows[i].device == device_state)
    {
      *is_stopping_out = rows[i].is_stopping;
      return rows[i].whole;
    }
  }
  return IPP_PSTATE_STOPPED;
}

static int
get_device_state(const struct pb_device *device)
{
  int state = pb_ipp_int(device->attributes, GROUP, "printer-state", 0);

  return state == 0 || device->is_away ? IPP_PSTATE_STOPPED : state;
}

// What an absent one said last is old news.
static void
add_device_reasons(const struct pb_device *device, char reasons[PB_REASONS_SIZE])
{
  ipp_attribute_t *at =
    pb_ipp_find(device->attributes, GROUP, "printer-state-reasons", IPP_TAG_KEYWORD);
  char  said[PB_REASONS_SIZE];
  char *rest = NULL;

  pb_reasons_from_ipp(device->is_away ? NULL : at, said);
  for (char *reason = strtok_r(said, ",", &rest); reason; reason = strtok_r(NULL, ",", &rest))
    (void)pb_reasons_add(reasons, reason);
  if (device->is_away)
    (void)pb_reasons_add(reasons, "timed-out");
  else if (pb_ipp_int(device->attributes, GROUP, "printer-state", 0) == 0)
    (void)pb_reasons_add(reasons, "connecting-to-device");
  if (device->identify_actions[0])
    (void)pb_reasons_add(reasons, "identify-printer-requested");
}

// Who can print at once counts before who is busy, and both before who has stopped.
static int
join_states(const struct pb_printer *printer, bool *is_part_stopped_out)
{
  static const int order[]    = {IPP_PSTATE_IDLE, IPP_PSTATE_PROCESSING};
  bool             is_stopped = false;
  int              whole      = IPP_PSTATE_STOPPED;

  for (size_t i = 0; i < printer->devices_count; i++)
    is_stopped |= get_device_state(&printer->devices[i]) == IPP_PSTATE_STOPPED;
  for (size_t k = 0; k < sizeof(order) / sizeof(order[0]) && whole == IPP_PSTATE_STOPPED; k++)
  {
    for (size_t i = 0; i < printer->devices_count; i++)
    {
      if (get_device_state(&printer->devices[i]) == order[k])
        whole = order[k];
    }
  }
  *is_part_stopped_out = is_stopped && whole != IPP_PSTATE_STOPPED;
  return whole;
}

int
pb_printer_get_state(const struct pb_printer *printer, char reasons_out[PB_REASONS_SIZE])
{
  bool is_stopping = false, is_part_stopped = false, has_devices = printer->devices_count > 0;
  int  whole, state;

  reasons_out[0] = '\0';
  if (!has_devices)
    (void)pb_reasons_add(reasons_out, "deactivated");
  for (size_t i = 0; i < printer->devices_count; i++)
    add_device_reasons(&printer->devices[i], reasons_out);
  whole = join_states(printer, &is_part_stopped);
  if (is_part_stopped)
    (void)pb_reasons_add(reasons_out, "stopped-partly");
  state = pb_printer_compose_state(has_devices ? IPP_PSTATE_IDLE : IPP_PSTATE_STOPPED, whole,
                                   &is_stopping);
  if (is_stopping)
    (void)pb_reasons_add(reasons_out, "moving-to-paused");
  return state;
}

static const char *
get_said(const struct pb_device *device, int state)
{
  const char *message = pb_ipp_text(device->attributes, GROUP, "printer-state-message");

  if (message)
    return message;
  return state == IPP_PSTATE_IDLE         ? "Ready."
         : state == IPP_PSTATE_PROCESSING ? "Printing."
                                          : "Stopped.";
}

// Anybody may read it: no host's name is in it.
void
pb_printer_describe_state(const struct pb_printer *printer, char dst[PB_STATE_MESSAGE_SIZE])
{
  char        reasons[PB_REASONS_SIZE];
  int         state = pb_printer_get_state(printer, reasons);
  size_t      count = printer->devices_count, away = 0;
  const char *said = NULL;

  for (size_t i = 0; i < count; i++)
  {
    const struct pb_device *device = &printer->devices[i];

    away += device->is_away ? 1 : 0;
    if (!device->is_away && !said && get_device_state(device) == state)
      said = get_said(device, state);
  }
  if (count == 0)
    pb_text_copy(dst, PB_STATE_MESSAGE_SIZE, "No print server is connected with this printer.");
  else if (away == count)
    pb_text_format(dst, PB_STATE_MESSAGE_SIZE, "Its print server%s away: jobs wait.",
                   count == 1 ? " is" : "s are");
  else if (away > 0)
    pb_text_format(dst, PB_STATE_MESSAGE_SIZE, "%zu of its %zu print servers %s away. %s", away,
                   count, away == 1 ? "is" : "are", said ? said : "Stopped.");
  else
    pb_text_copy(dst, PB_STATE_MESSAGE_SIZE, said ? said : "Stopped.");
}
