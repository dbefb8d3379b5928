// op-device - Update-Output-Device-Attributes, Get-Output-Device-Attributes,
// Deregister-Output-Device, Identify-Printer and Acknowledge-Identify-Printer.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ipp/attributes.h"
#include "print/capabilities.h"
#include "print/device-strings.h"
#include "print/device.h"
#include "print/job-change.h"
#include "print/operations.h"
#include "print/print-private.h"
#include "print/requested.h"
#include "print/ticket.h"

enum
{
  // Of what a device reported in all: large printers have 300 KiB.  Half of a message, so that each
  // answer about a printer can be written.
  REPORTED_MAX = PB_IPP_MESSAGE_MAX / 2
};

static const ipp_tag_t OP    = IPP_TAG_OPERATION;
static const ipp_tag_t GROUP = IPP_TAG_PRINTER;

// --- events of the printer

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
                request->printer.is_accepting && request->printer.device.uuid[0]);
  (void)pb_request_raise(request, type, /*job*/ 0, /*document*/ 0, bag, text);
  return true;
}

struct before
{
  int  state;
  char reasons[PB_REASONS_SIZE];
};

static struct before
remember(struct pb_request *request)
{
  struct before before;

  before.state = pb_printer_get_state(&request->printer, before.reasons);
  return before;
}

// Notes what changed since `before`, and tells.
static bool
note_changes(struct pb_request *request, const struct before *before, bool is_config)
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

  if (!pb_device_strings_take(request->print->db, request->printer.device.uuid, attribute,
                              &is_changed, &err))
    return pb_request_fail(request, &err);
  *is_config = *is_config || is_changed;
  return true;
}

static bool
apply_updates(struct pb_request *request, ipp_t *updates, bool *is_config_out)
{
  struct pb_device *device = &request->printer.device;

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
  bool              ok        = false;
  bool              is_config = false;
  pb_error_t        err       = {0};
  struct before     before    = remember(request);
  struct pb_device *device    = &request->printer.device;
  ipp_t            *updates   = pb_bag_new();

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
  ok = note_changes(request, &before, is_config);

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
  if (pb_requested_copy(&requested, &pb_groups_printer, request->printer.device.attributes,
                        request->response, GROUP) < 0)
    return pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  return true;
}

// --- Deregister-Output-Device

static bool
has_acknowledged_documents(struct pb_request *request, int job_id, bool *has_out)
{
  pb_error_t          err       = {0};
  size_t              count     = 0;
  struct pb_document *documents = NULL;

  *has_out = false;
  if (!pb_document_list(request->print->db, job_id, &documents, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; i < count; i++)
    *has_out |= !pb_reasons_has(documents[i].reasons, "document-fetchable");
  free(documents);
  return true;
}

// What was handed over may be on paper: it is given up.  What was not waits for another device.
static bool
take_back(struct pb_request *request, int job_id)
{
  bool          ok        = false;
  bool          has_begun = false;
  pb_error_t    err       = {0};
  struct pb_job job;

  if (!pb_job_load(request->print->db, job_id, &job, &err))
    return pb_request_fail(request, &err);
  if (!has_acknowledged_documents(request, job_id, &has_begun))
    goto done;
  if (has_begun)
    ok = pb_job_abort(request, &job, /*reason*/ NULL,
                      "The printer was taken away while the job was printing.");
  else
  {
    job.device_uuid[0] = '\0';
    job.device_state   = 0;
    ok                 = pb_job_move(request, &job, PB_JOB_UNASSIGN) &&
         (pb_job_is_ended(job.status.state) || pb_job_offer(request, &job));
  }

done:
  pb_job_clear(&job);
  return ok;
}

bool
pb_op_deregister_output_device(struct pb_request *request)
{
  bool                ok     = true;
  pb_error_t          err    = {0};
  int                *ids    = NULL;
  size_t              count  = 0;
  struct before       before = remember(request);
  struct pb_device   *device = &request->printer.device;
  struct pb_job_query query  = {
     .printer_id = request->printer.id, .device_uuid = device->uuid, .is_not_ended = true};

  if (!pb_job_list(request->print->db, &query, &ids, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; ok && i < count; i++)
    ok = take_back(request, ids[i]);
  free(ids);
  if (!ok)
    return false;
  if (!pb_device_delete(request->print->db, device->uuid, &err) ||
      !pb_identity_forget_device(request->print->identity, device->uuid, &err))
    return pb_request_fail(request, &err);
  device->uuid[0] = '\0';
  return note_changes(request, &before, /*is_config*/ true);
}

// --- Identify-Printer

bool
pb_op_identify_printer(struct pb_request *request)
{
  pb_error_t        err     = {0};
  struct before     before  = remember(request);
  struct pb_device *device  = &request->printer.device;
  ipp_attribute_t  *actions = pb_ipp_find(request->ipp, OP, "identify-actions", IPP_TAG_KEYWORD);
  const char       *message = pb_ipp_text(request->ipp, OP, "message");
  char              list[PB_REASONS_SIZE];

  if (!device->uuid[0])
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "no print server is connected with this printer");
  pb_reasons_from_ipp(actions, list);
  if (!pb_text_copy(device->identify_actions, sizeof(device->identify_actions),
                    list[0] ? list : "display"))
    return pb_request_refuse(request, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,
                             "there are too many identify-actions");
  pb_text_escape(device->identify_message, sizeof(device->identify_message), message ? message : "",
                 message ? strlen(message) : 0);
  if (!pb_device_save_identify(request->print->db, device, &err))
    return pb_request_fail(request, &err);
  return note_changes(request, &before, /*is_config*/ false);
}

bool
pb_op_acknowledge_identify_printer(struct pb_request *request)
{
  pb_error_t        err    = {0};
  struct before     before = remember(request);
  struct pb_device *device = &request->printer.device;

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
  return note_changes(request, &before, /*is_config*/ false);
}
