// op-system - Get-System-Attributes, Get-Printers, Register-Output-Device (PWG 5100.22).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cloud/protocol.h"
#include "print/capabilities-table.h"
#include "print/capabilities.h"
#include "print/operations.h"
#include "print/presence.h"
#include "print/print-private.h"
#include "print/printer-change.h"
#include "print/requested.h"
#include "print/validate.h"

enum
{
  PIECE_SIZE        = 1023,    // octets of a text value
  CSR_MAX           = 16384,   // a request for an RSA 4096 key has 1.7 KB
  TOO_MANY_PRINTERS = 0x050d,  // libcups has no name for it
  PRINTERS_MAX      = 100,     // of one answer: nobody else gets at the database meanwhile
  ANSWER_MAX        = PB_IPP_MESSAGE_MAX / 4  // no further printer goes into a larger one
};

static const ipp_tag_t OP = IPP_TAG_OPERATION;

// clang-format off
static const struct pb_capability system_attributes[] = {
  {"charset-configured",                        IPP_TAG_CHARSET,  "utf-8"},
  {"charset-supported",                         IPP_TAG_CHARSET,  "utf-8 us-ascii"},
  {"natural-language-configured",               IPP_TAG_LANGUAGE, "en"},
  {"generated-natural-language-supported",      IPP_TAG_LANGUAGE, "en"},
  {"ipp-versions-supported",                    IPP_TAG_KEYWORD,  "1.1 2.0 2.1 2.2"},
  {"ipp-features-supported",                    IPP_TAG_KEYWORD,  "infrastructure-printer system-object"},
  {"output-device-x509-type-supported",         IPP_TAG_KEYWORD,  "ecdsa-p256_sha256"},
  {"system-mandatory-registration-attributes",  IPP_TAG_KEYWORD,  "output-device-uuid printer-service-type"},
  {"uri-authentication-supported",              IPP_TAG_KEYWORD,  "oauth"},
  {"uri-security-supported",                    IPP_TAG_KEYWORD,  "tls"},
  {"oauth-authorization-scope",                 IPP_TAG_NAME,     PB_SCOPE_REGISTER},
  {"printer-creation-attributes-supported",     IPP_TAG_KEYWORD,  "printer-name"},
  {"system-name",                               IPP_TAG_NAME,     "Printbridge"},
  {"system-make-and-model",                     IPP_TAG_TEXT,     "Printbridge"},
  {"system-state-reasons",                      IPP_TAG_KEYWORD,  "none"},
};
// clang-format on

static void
add_system_operations(ipp_t *bag)
{
  size_t                     count      = 0;
  const struct pb_operation *operations = pb_operations(&count);
  ipp_attribute_t           *at         = NULL;

  for (size_t i = 0; i < count; i++)
  {
    if (operations[i].target != PB_TARGET_SYSTEM)
      continue;
    if (at)
      ippSetInteger(bag, &at, ippGetCount(at), (int)operations[i].code);
    else
      at = ippAddInteger(bag, IPP_TAG_SYSTEM, IPP_TAG_ENUM, "operations-supported",
                         (int)operations[i].code);
  }
}

static void
add_xri(ipp_t *bag, ipp_tag_t group, const char *name, const char *uri, const char *authentication)
{
  ipp_t *xri = ippNew();

  ippAddString(xri, IPP_TAG_ZERO, IPP_TAG_URI, "xri-uri", /*language*/ NULL, uri);
  ippAddString(xri, IPP_TAG_ZERO, IPP_TAG_KEYWORD, "xri-authentication", /*language*/ NULL,
               authentication);
  ippAddString(xri, IPP_TAG_ZERO, IPP_TAG_KEYWORD, "xri-security", /*language*/ NULL, "tls");
  ippAddCollection(bag, group, name, xri);
  ippDelete(xri);
}

bool
pb_op_get_system_attributes(struct pb_request *request)
{
  char                uri[PB_JOB_URI_SIZE];
  struct pb_requested requested;
  int                 copied = -1;
  pb_print_t         *print  = request->print;
  ipp_t              *bag    = pb_bag_new();

  if (bag)
  {
    for (size_t i = 0; i < sizeof(system_attributes) / sizeof(system_attributes[0]); i++)
      pb_capability_add(bag, IPP_TAG_SYSTEM, &system_attributes[i]);
    add_system_operations(bag);
    pb_text_format(uri, sizeof(uri), "https://%s", print->authority);
    ippAddString(bag, IPP_TAG_SYSTEM, IPP_TAG_URI, "oauth-authorization-server-uri",
                 /*language*/ NULL, uri);
    pb_text_format(uri, sizeof(uri), "ipps://%s" PB_PATH_SYSTEM, print->authority);
    add_xri(bag, IPP_TAG_SYSTEM, "system-xri-supported", uri, "oauth");
    ippAddInteger(bag, IPP_TAG_SYSTEM, IPP_TAG_ENUM, "system-state", IPP_PSTATE_IDLE);
    ippAddInteger(bag, IPP_TAG_SYSTEM, IPP_TAG_INTEGER, "system-up-time", pb_print_up_time(print));
    ippAddDate(bag, IPP_TAG_SYSTEM, "system-current-time",
               ippTimeToDate((time_t)(request->now_ms / 1000)));
    pb_requested_read(&requested, request->ipp, /*otherwise*/ NULL);
    copied =
      pb_requested_copy(&requested, &pb_groups_system, bag, request->response, IPP_TAG_SYSTEM);
  }
  ippDelete(bag);
  return copied >= 0 || pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
}

// --- Get-Printers

static bool
add_printer(struct pb_request *request, int id, const struct pb_requested *requested, bool is_first)
{
  bool       ok  = true;
  pb_error_t err = {0};
  ipp_t     *capabilities;

  pb_printer_clear(&request->printer);
  if (!pb_printer_load(request->print->db, id, &request->printer, &err))
    return pb_request_fail(request, &err);
  pb_presence_mark(request->print, &request->printer);
  capabilities = pb_capabilities_new_for(request, /*only*/ NULL, requested);
  if (!capabilities)
    return false;
  if (!is_first)
    ippAddSeparator(request->response);
  if (pb_requested_copy(requested, &pb_groups_printer, capabilities, request->response,
                        IPP_TAG_PRINTER) < 0)
    ok = pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  ippDelete(capabilities);
  return ok;
}

bool
pb_op_get_printers(struct pb_request *request)
{
  static const char *const otherwise[] = {"printer-id",
                                          "printer-info",
                                          "printer-name",
                                          "printer-state",
                                          "printer-state-reasons",
                                          "printer-is-accepting-jobs",
                                          "printer-uuid",
                                          "printer-uri-supported",
                                          "printer-xri-supported",
                                          NULL};
  bool                     ok          = true;
  pb_error_t               err         = {0};
  struct pb_requested      requested;
  int                     *ids   = NULL;
  size_t                   count = 0;
  int                      limit = pb_ipp_int(request->ipp, OP, "limit", PRINTERS_MAX);
  int                      first = pb_ipp_int(request->ipp, OP, "first-index", 1);

  if (limit < 1 || first < 1)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST,
                             "limit and first-index are positive");
  if (!pb_printer_list(request->print->db, &ids, &count, &err))
    return pb_request_fail(request, &err);
  pb_requested_read(&requested, request->ipp, otherwise);
  if (limit > PRINTERS_MAX)
    limit = PRINTERS_MAX;
  for (size_t i = (size_t)first - 1;
       ok && i < count && limit-- > 0 && ippLength(request->response) < ANSWER_MAX; i++)
    ok = add_printer(request, ids[i], &requested, i == (size_t)first - 1);
  free(ids);
  return ok;
}

// --- Register-Output-Device

// PEM in pieces of 1023 octets.
static bool
join_pieces(ipp_attribute_t *attribute, char **text_out, pb_error_t *err)
{
  bool        ok   = true;
  pb_buffer_t text = {0};

  pb_buffer_init(&text, CSR_MAX);
  for (int i = 0; ok && i < ippGetCount(attribute); i++)
    ok = pb_buffer_append_text(&text, ippGetString(attribute, i, /*language*/ NULL), err);
  if (ok)
    *text_out = pb_buffer_take(&text, /*size*/ NULL);
  pb_buffer_clear(&text);
  return ok;
}

static void
add_pieces(ipp_t *response, const char *name, const char *text)
{
  char             piece[PIECE_SIZE + 1];
  ipp_attribute_t *at   = NULL;
  size_t           size = strlen(text);

  for (size_t offset = 0; offset < size; offset += PIECE_SIZE)
  {
    size_t take = size - offset < PIECE_SIZE ? size - offset : PIECE_SIZE;

    memcpy(piece, text + offset, take);
    piece[take] = '\0';
    if (at)
      ippSetString(response, &at, ippGetCount(at), piece);
    else
      at = ippAddString(response, OP, IPP_TAG_TEXT, name, /*language*/ NULL, piece);
  }
}

struct registration
{
  const char              *uuid;
  char                    *csr, *certificate;  // PEM; owned
  struct pb_approved_queue queue;
};

static bool
read_registration(struct pb_request *request, struct registration *registration)
{
  pb_error_t       err  = {0};
  const char      *type = pb_ipp_text(request->ipp, OP, "printer-service-type");
  ipp_attribute_t *csr  = pb_ipp_find(request->ipp, OP, "output-device-x509-request", IPP_TAG_TEXT);
  ipp_attribute_t *cert =
    pb_ipp_find(request->ipp, OP, "output-device-x509-certificate", IPP_TAG_TEXT);

  registration->uuid = pb_ipp_text(request->ipp, OP, "output-device-uuid");
  if (!registration->uuid || !pb_text_is_uuid(registration->uuid))
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST,
                             "output-device-uuid is missing or no UUID");
  if (!type)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST,
                             "printer-service-type is missing");
  if (strcmp(type, "print") != 0)
    return pb_request_refuse(request, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,
                             "printer-service-type must be print");
  if (csr && cert)
  {
    pb_request_refuse(request, IPP_STATUS_ERROR_CONFLICTING,
                      "a certificate or a request, not both");
    ippAddOutOfBand(request->response, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_UNSUPPORTED_VALUE,
                    ippGetName(cert));
    ippAddOutOfBand(request->response, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_UNSUPPORTED_VALUE,
                    ippGetName(csr));
    return false;
  }
  if (cert)
    return pb_request_refuse(request, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,
                             "send a certificate request");
  return !csr || join_pieces(csr, &registration->csr, &err) || pb_request_fail(request, &err);
}

static bool
refuse_registration(struct pb_request *request, const pb_error_t *err)
{
  if (err->kind == PB_REJECT)
    return pb_request_refuse(request, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES, "%s", err->message);
  return pb_request_fail(request, err);
}

static bool
add_device(struct pb_request *request, const struct registration *registration, int printer_id)
{
  pb_error_t       err    = {0};
  struct pb_device device = {.printer_id = printer_id, .seen_ms = request->now_ms};

  pb_text_copy(device.uuid, sizeof(device.uuid), registration->queue.uuid);
  pb_text_copy(device.client_id, sizeof(device.client_id), request->principal.client_id);
  pb_text_copy(device.host, sizeof(device.host), registration->queue.host);
  pb_printer_clear(&request->printer);
  return (pb_device_insert(request->print->db, &device, &err) &&
          pb_printer_load(request->print->db, printer_id, &request->printer, &err)) ||
         pb_request_fail(request, &err);
}

static bool
make_printer(struct pb_request *request, const struct registration *registration)
{
  pb_error_t                      err     = {0};
  int64_t                         count   = 0;
  struct pb_printer               printer = {.is_accepting = true};
  const struct pb_approved_queue *queue   = &registration->queue;

  if (!pb_printer_count(request->print->db, &count, &err))
    return pb_request_fail(request, &err);
  if (count >= PB_PRINTERS_MAX)
    return pb_request_refuse(request, (ipp_status_t)TOO_MANY_PRINTERS,
                             "there are %d printers already", (int)count);
  pb_text_make_uuid(printer.uuid);
  pb_text_copy(printer.name, sizeof(printer.name), queue->queue[0] ? queue->queue : "Printer");
  pb_text_copy(printer.make_and_model, sizeof(printer.make_and_model),
               queue->make_and_model[0] ? queue->make_and_model : "Unknown");
  pb_text_copy(printer.location, sizeof(printer.location), queue->location);
  printer.created_ms = printer.config_ms = printer.state_ms = request->now_ms;
  if (!pb_printer_insert(request->print->db, &printer, &err))
    return pb_request_fail(request, &err);
  return add_device(request, registration, printer.id);
}

// One more device of a printer that is there, as an administrator has approved.
static bool
join_printer(struct pb_request *request, const struct registration *registration)
{
  pb_error_t               err    = {0};
  int                      id     = pb_address_parse_printer(registration->queue.join);
  struct pb_printer_before before = {0};

  if (id == 0 || !pb_printer_load(request->print->db, id, &request->printer, &err))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND, "there is no printer %s to join",
                             registration->queue.join);
  if (request->printer.devices_count >= PB_PRINTER_DEVICES_MAX)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "%d print servers serve the printer already", PB_PRINTER_DEVICES_MAX);
  pb_presence_mark(request->print, &request->printer);
  before = pb_printer_remember(&request->printer);
  if (!add_device(request, registration, id))
    return false;
  pb_presence_mark(request->print, &request->printer);
  return pb_printer_note_changes(request, &before, /*is_config*/ true);
}

// The printer of a machine that has been set up anew, as an administrator has chosen: the new
// device is there before the former one goes, so that what that has not begun is this one's.
static bool
adopt_printer(struct pb_request *request, const struct registration *registration)
{
  pb_error_t               err     = {0};
  const char              *former  = registration->queue.adopt;
  int                      id      = registration->queue.adopts;
  struct pb_printer       *printer = &request->printer;
  struct pb_printer_before before  = {0};

  if (!pb_printer_load(request->print->db, id, printer, &err))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND,
                             "the printer %d, which was to be taken over, has been removed", id);
  if (former[0] ? !pb_printer_find_device(printer, former) : printer->devices_count > 0)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                             "the print servers of printer %d have changed since it was approved",
                             id);
  pb_presence_mark(request->print, printer);
  before = pb_printer_remember(printer);
  if (!add_device(request, registration, id))
    return false;
  pb_presence_mark(request->print, printer);
  if (former[0])
    return pb_device_remove(request, pb_printer_find_device(printer, former));
  return pb_printer_note_changes(request, &before, /*is_config*/ true);
}

// The same uuid again is the same printer; nobody else's.
static bool
find_or_make_printer(struct pb_request *request, const struct registration *registration)
{
  pb_error_t        err = {0};
  int               id  = 0;
  struct pb_device *device;

  if (!pb_printer_find_by_device(request->print->db, registration->queue.uuid, &id, &err))
    return pb_request_fail(request, &err);
  if (id == 0 && registration->queue.adopts > 0)
    return adopt_printer(request, registration);
  if (id == 0)
    return registration->queue.join[0] ? join_printer(request, registration)
                                       : make_printer(request, registration);
  if (!pb_printer_load(request->print->db, id, &request->printer, &err))
    return pb_request_fail(request, &err);
  device = pb_printer_find_device(&request->printer, registration->queue.uuid);
  if (!device || !pb_text_is_equal(device->client_id, request->principal.client_id))
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_AUTHORIZED,
                             "the output device belongs to somebody else");
  return true;
}

static void
answer_registration(struct pb_request *request, const struct registration *registration)
{
  char                     uri[PB_JOB_URI_SIZE], reasons[PB_REASONS_SIZE];
  const struct pb_printer *printer = &request->printer;
  int                      state   = pb_printer_get_state(printer, reasons);
  ipp_t                   *to      = request->response;

  if (registration->certificate)
    add_pieces(to, "output-device-x509-certificate", registration->certificate);
  pb_request_format_uri(request->print, printer->id, uri);
  ippAddInteger(to, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "printer-id", printer->id);
  ippAddString(to, IPP_TAG_PRINTER, IPP_TAG_URI, "printer-uuid", /*language*/ NULL, printer->uuid);
  add_xri(to, IPP_TAG_PRINTER, "printer-xri-supported", uri, "oauth");
  ippAddInteger(to, IPP_TAG_PRINTER, IPP_TAG_ENUM, "printer-state", state);
  pb_reasons_to_ipp(reasons, to, IPP_TAG_PRINTER, "printer-state-reasons");
  ippAddBoolean(to, IPP_TAG_PRINTER, "printer-is-accepting-jobs", printer->is_accepting);
}

bool
pb_op_register_output_device(struct pb_request *request)
{
  bool                ok           = false;
  pb_error_t          err          = {0};
  struct registration registration = {0};
  pb_log_ctx_t        ctx          = {.request = "Register-Output-Device"};

  if (!read_registration(request, &registration))
    goto done;
  if (!pb_identity_register_device(request->print->identity, &request->principal, registration.uuid,
                                   registration.csr, &registration.queue, &registration.certificate,
                                   &err))
  {
    refuse_registration(request, &err);
    goto done;
  }
  if (!find_or_make_printer(request, &registration))
    goto done;
  answer_registration(request, &registration);
  pb_log(&ctx, PB_LOG_INFO, "%s is printer %d of %s", request->printer.name, request->printer.id,
         request->principal.client_id);
  ok = true;

done:
  free(registration.csr);
  free(registration.certificate);
  return ok;
}
