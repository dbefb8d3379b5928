// op-device - Update-Output-Device-Attributes, Get-Output-Device-Attributes,
// Deregister-Output-Device, Identify-Printer and Acknowledge-Identify-Printer.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ipp/attributes.h"
#include "print/device-strings.h"
#include "print/device.h"
#include "print/job-change.h"
#include "print/operations.h"
#include "print/print-private.h"
#include "print/printer-change.h"
#include "print/requested.h"
#include "print/take-back.h"
#include "print/ticket.h"

enum
{
  // Of what a device reported in all: large printers have 300 KiB.  Half of a message, so that each
  // answer about a printer can be written.
  REPORTED_MAX = PB_IPP_MESSAGE_MAX / 2
};

static const ipp_tag_t OP    = IPP_TAG_OPERATION;
static const ipp_tag_t GROUP = IPP_TAG_PRINTER;

// --- Update-Output-Device-Attributes

static bool
is_of_state(const char *name)
{
  static const char *const names[] = {"printer-state",         "printer-state-message",
                                      "printer-state-reasons", "printer-is-accepting-jobs",
                                      "queued-job-count",      "printer-up-time",
                                      "printer-current-time"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
  {
    if (strcmp(names[i], name) == 0)
      return true;
  }
  return pb_text_has_prefix(name, "printer-supply") || pb_text_has_prefix(name, "marker-") ||
         pb_text_has_prefix(name, "printer-alert");
}

static void
note_refused(void *user, ipp_attribute_t *attribute, const char *why)
{
  struct pb_request *request = user;
  const char        *name    = ippGetName(attribute);
  pb_log_ctx_t       ctx     = {.printer = request->printer.name,
                                .request = "Update-Output-Device-Attributes"};

  if (!name)
    return;
  pb_log(&ctx, PB_LOG_INFO, "%s is not taken: %s", name, why ? why : "");
  pb_job_ticket_add_unsupported(request, attribute, /*is_name*/ true);
  ippSetStatusCode(request->response, IPP_STATUS_OK_IGNORED_OR_SUBSTITUTED);
}

// Names of options and choices are not kept with the rest.
static bool
take_names(struct pb_request *request, ipp_attribute_t *attribute, bool *is_config)
{
  pb_error_t err        = {0};
  bool       is_changed = false;

  if (!pb_device_strings_take(request->print->db, request->device->uuid, attribute, &is_changed,
                              &err))
    return pb_request_fail(request, &err);
  *is_config = *is_config || is_changed;
  return true;
}

static bool
apply_updates(struct pb_request *request, ipp_t *updates, bool *is_config_out)
{
  struct pb_device *device = request->device;

  *is_config_out = false;
  for (ipp_attribute_t *at = ippFirstAttribute(updates); at; at = ippNextAttribute(updates))
  {
    const char *name = ippGetName(at);

    if (!name || !pb_attributes_get_strings_language(name))
      continue;
    if (!take_names(request, at, is_config_out))
      return false;
  }
  for (ipp_attribute_t *at = ippFirstAttribute(updates); at; at = ippNextAttribute(updates))
  {
    const char      *name = ippGetName(at);
    ipp_attribute_t *known =
      name ? pb_ipp_find(device->attributes, GROUP, name, IPP_TAG_ZERO) : NULL;

    if (!name || pb_attributes_get_strings_language(name) ||
        (known && pb_attributes_is_equal(known, at)))
      continue;
    if (!pb_device_update(device->attributes, at))
      note_refused(request, at, "its values do not fit what is known");
    else if (!is_of_state(name))
      *is_config_out = true;
  }
  return true;
}

bool
pb_op_update_output_device_attributes(struct pb_request *request)
{
  bool                     ok        = false;
  bool                     is_config = false;
  pb_error_t               err       = {0};
  struct pb_printer_before before    = pb_printer_remember(&request->printer);
  struct pb_device        *device    = request->device;
  ipp_t                   *updates   = pb_bag_new();

  if (!updates || pb_attributes_copy(PB_ATTRIBUTES_DEVICE, request->ipp, GROUP, updates, GROUP,
                                     note_refused, request) < 0)
  {
    pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
    goto done;
  }
  if (!apply_updates(request, updates, &is_config))
    goto done;
  if (ippLength(device->attributes) > REPORTED_MAX)
  {
    pb_request_refuse(request, IPP_STATUS_ERROR_REQUEST_ENTITY,
                      "what the device has reported is larger than %d bytes", REPORTED_MAX);
    goto done;
  }
  device->seen_ms = request->now_ms;
  if (!pb_device_save(request->print->db, device, &err))
  {
    pb_request_fail(request, &err);
    goto done;
  }
  ok = pb_printer_note_changes(request, &before, is_config);

done:
  ippDelete(updates);
  return ok;
}

bool
pb_op_get_output_device_attributes(struct pb_request *request)
{
  struct pb_requested requested;

  pb_requested_read(&requested, request->ipp, /*otherwise*/ NULL);
  if (requested.names && ippContainsString(requested.names, "document-description"))
    requested.is_all = true;  // the standard's name for it
  if (pb_requested_copy(&requested, &pb_groups_printer, request->device->attributes,
                        request->response, GROUP) < 0)
    return pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  return true;
}

// --- Deregister-Output-Device

bool
pb_device_remove(struct pb_request *request, struct pb_device *device)
{
  pb_error_t               err    = {0};
  struct pb_printer_before before = pb_printer_remember(&request->printer);

  if (!pb_jobs_take_back(request, device))
    return false;
  if (!pb_device_delete(request->print->db, device->uuid, &err) ||
      !pb_identity_forget_device(request->print->identity, device->uuid, &err))
    return pb_request_fail(request, &err);
  pb_text_copy(request->ended_client, sizeof(request->ended_client), device->client_id);
  pb_printer_drop_device(&request->printer, device);
  request->device = NULL;
  return pb_jobs_abort_unwanted(request) &&
         pb_printer_note_changes(request, &before, /*is_config*/ true);
}

bool
pb_op_deregister_output_device(struct pb_request *request)
{
  return pb_device_remove(request, request->device);
}

// --- Identify-Printer

static bool
identify(struct pb_request *request, struct pb_device *device, const char *actions,
         const char *message)
{
  pb_error_t err = {0};

  if (!pb_text_copy(device->identify_actions, sizeof(device->identify_actions), actions))
    return pb_request_refuse(request, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,
                             "there are too many identify-actions");
  pb_text_escape(device->identify_message, sizeof(device->identify_message), message ? message : "",
                 message ? strlen(message) : 0);
  return pb_device_save_identify(request->print->db, device, &err) ||
         pb_request_fail(request, &err);
}

// All of them, or the one that is named.
bool
pb_op_identify_printer(struct pb_request *request)
{
  bool                     ok      = true;
  struct pb_printer       *printer = &request->printer;
  struct pb_printer_before before  = pb_printer_remember(printer);
  const char              *message = pb_ipp_text(request->ipp, OP, "message");
  const char              *uuid    = pb_ipp_text(request->ipp, OP, "output-device-uuid");
  char                     list[PB_REASONS_SIZE];

  if (printer->devices_count == 0)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "no print server is connected with this printer");
  if (uuid && !pb_printer_find_device(printer, uuid))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND,
                             "the output device is not this printer's");
  pb_reasons_from_ipp(pb_ipp_find(request->ipp, OP, "identify-actions", IPP_TAG_KEYWORD), list);
  for (size_t i = 0; ok && i < printer->devices_count; i++)
  {
    if (!uuid || pb_text_is_equal_nocase(uuid, printer->devices[i].uuid))
      ok = identify(request, &printer->devices[i], list[0] ? list : "display", message);
  }
  return ok && pb_printer_note_changes(request, &before, /*is_config*/ false);
}

bool
pb_op_acknowledge_identify_printer(struct pb_request *request)
{
  pb_error_t               err    = {0};
  struct pb_printer_before before = pb_printer_remember(&request->printer);
  struct pb_device        *device = request->device;

  if (!device->identify_actions[0])
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "nobody asks the printer to identify itself");
  pb_reasons_to_ipp(device->identify_actions, request->response, OP, "identify-actions");
  if (device->identify_message[0])
    ippAddString(request->response, OP, IPP_TAG_TEXT, "message", /*language*/ NULL,
                 device->identify_message);
  device->identify_actions[0] = '\0';
  device->identify_message[0] = '\0';
  if (!pb_device_save_identify(request->print->db, device, &err))
    return pb_request_fail(request, &err);
  return pb_printer_note_changes(request, &before, /*is_config*/ false);
}
