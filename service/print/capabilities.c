// capabilities - what a printer is and can do, as the world sees it.
// First what the service knows, then what the device reported, then what is likely; the first to
// name an attribute wins.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/capabilities.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/protocol.h"
#include "ipp/attributes.h"
#include "print/capabilities-table.h"
#include "print/device-strings.h"
#include "print/job-password.h"
#include "print/print-private.h"
#include "print/sniff.h"

enum
{
  FORMATS_MAX  = 64,
  CREATION_MAX = 96,
  BESIDE       = 6  // operation attributes of a job's creation
};

static const ipp_tag_t GROUP = IPP_TAG_PRINTER;

// --- state

static void
add_time(const pb_print_t *print, ipp_t *bag, const char *what, int64_t at_ms)
{
  char date_name[64], time_name[64];
  int  up_time = pb_print_up_time_at(print, at_ms);

  pb_text_format(date_name, sizeof(date_name), "printer-%s-change-date-time", what);
  pb_text_format(time_name, sizeof(time_name), "printer-%s-change-time", what);
  ippAddDate(bag, GROUP, date_name, ippTimeToDate((time_t)(at_ms / 1000)));
  ippAddInteger(bag, GROUP, IPP_TAG_INTEGER, time_name, up_time > 0 ? up_time : 1);
}

static void
add_state(struct pb_request *request, ipp_t *bag, int64_t queued)
{
  const pb_print_t  *print   = request->print;
  struct pb_printer *printer = &request->printer;
  char               reasons[PB_REASONS_SIZE], message[PB_STATE_MESSAGE_SIZE];
  int                state = pb_printer_get_state(printer, reasons);

  pb_printer_describe_state(printer, message);
  ippAddInteger(bag, GROUP, IPP_TAG_ENUM, "printer-state", state);
  ippAddString(bag, GROUP, IPP_TAG_TEXT, "printer-state-message", /*language*/ NULL, message);
  pb_reasons_to_ipp(reasons, bag, GROUP, "printer-state-reasons");
  ippAddBoolean(bag, GROUP, "printer-is-accepting-jobs",
                printer->is_accepting && printer->devices_count > 0);
  ippAddInteger(bag, GROUP, IPP_TAG_INTEGER, "queued-job-count", (int)queued);
  ippAddInteger(bag, GROUP, IPP_TAG_INTEGER, "printer-up-time", pb_print_up_time(print));
  ippAddDate(bag, GROUP, "printer-current-time", ippTimeToDate((time_t)(request->now_ms / 1000)));
  add_time(print, bag, "state", printer->state_ms);
  add_time(print, bag, "config", printer->config_ms);
}

// --- what the service knows of this printer

static void
add_text(ipp_t *bag, ipp_tag_t syntax, const char *name, const char *value)
{
  ippAddString(bag, GROUP, syntax, name, /*language*/ NULL, value);
}

static void
add_xri(ipp_t *bag, const char *uri)
{
  ipp_t *xri = ippNew();

  ippAddString(xri, IPP_TAG_ZERO, IPP_TAG_URI, "xri-uri", /*language*/ NULL, uri);
  ippAddString(xri, IPP_TAG_ZERO, IPP_TAG_KEYWORD, "xri-authentication", /*language*/ NULL,
               "basic");
  ippAddString(xri, IPP_TAG_ZERO, IPP_TAG_KEYWORD, "xri-security", /*language*/ NULL, "tls");
  ippAddCollection(bag, GROUP, "printer-xri-supported", xri);
  ippDelete(xri);
}

static const char *
get_reported(ipp_t *reported, const char *name, const char *otherwise)
{
  const char *text = reported ? pb_ipp_text(reported, GROUP, name) : NULL;

  return text && *text ? text : otherwise;
}

static void
add_identity(struct pb_request *request, ipp_t *bag, ipp_t *reported)
{
  char                     uri[PB_JOB_URI_SIZE], page[PB_JOB_URI_SIZE];
  const struct pb_printer *printer = &request->printer;
  const char              *scope   = PB_SCOPE_USER;

  pb_request_format_uri(request->print, printer->id, uri);
  add_text(bag, IPP_TAG_URI, "printer-uri-supported", uri);
  add_xri(bag, uri);
  ippAddInteger(bag, GROUP, IPP_TAG_INTEGER, "printer-id", printer->id);
  add_text(bag, IPP_TAG_URI, "printer-uuid", printer->uuid);
  add_text(bag, IPP_TAG_NAME, "printer-name", printer->name);
  add_text(bag, IPP_TAG_TEXT, "printer-info",
           get_reported(reported, "printer-info", printer->name));
  add_text(bag, IPP_TAG_TEXT, "printer-location",
           get_reported(reported, "printer-location", printer->location));
  add_text(bag, IPP_TAG_TEXT, "printer-make-and-model",
           get_reported(reported, "printer-make-and-model", printer->make_and_model));
  pb_text_format(page, sizeof(page), "https://%s/printers", request->print->authority);
  add_text(bag, IPP_TAG_URI, "printer-more-info", page);
  add_text(bag, IPP_TAG_URI, "printer-supply-info-uri", page);
  pb_text_format(page, sizeof(page), "https://%s/icon.png", request->print->authority);
  add_text(bag, IPP_TAG_URI, "printer-icons", page);
  pb_text_format(page, sizeof(page), "https://%s", request->print->authority);
  add_text(bag, IPP_TAG_URI, "oauth-authorization-server-uri", page);
  add_text(bag, IPP_TAG_NAME, "oauth-authorization-scope", scope);
  ippAddInteger(bag, GROUP, IPP_TAG_INTEGER, "multiple-operation-time-out",
                (int)(request->print->options.multiple_operation_ms / 1000));
}

// Side by side (PWG 5100.18 s6.2).  Anybody may read it: no host's name is in it.
static void
add_devices(ipp_t *bag, const struct pb_printer *printer)
{
  char        names[PB_PRINTER_DEVICES_MAX][sizeof(printer->name) + 8];
  const char *uuids[PB_PRINTER_DEVICES_MAX], *values[PB_PRINTER_DEVICES_MAX];
  int         count = 0;

  for (; count < (int)printer->devices_count && count < PB_PRINTER_DEVICES_MAX; count++)
  {
    uuids[count]  = printer->devices[count].uuid;
    values[count] = names[count];
    pb_text_copy(names[count], sizeof(names[count]), printer->name);
    if (count > 0)
      pb_text_format(names[count], sizeof(names[count]), "%s %d", printer->name, count + 1);
  }
  if (count == 0)
  {
    ippAddOutOfBand(bag, GROUP, IPP_TAG_NOVALUE, "output-device-uuid-supported");
    ippAddOutOfBand(bag, GROUP, IPP_TAG_NOVALUE, "output-device-supported");
    return;
  }
  ippAddStrings(bag, GROUP, IPP_TAG_URI, "output-device-uuid-supported", count, /*language*/ NULL,
                uuids);
  ippAddStrings(bag, GROUP, IPP_TAG_NAME, "output-device-supported", count, /*language*/ NULL,
                values);
}

static void
add_operations(ipp_t *bag)
{
  size_t                     count      = 0;
  const struct pb_operation *operations = pb_operations(&count);
  ipp_attribute_t           *at         = NULL;

  for (size_t i = 0; i < count; i++)
  {
    if (operations[i].target == PB_TARGET_SYSTEM)
      continue;
    if (at)
      ippSetInteger(bag, &at, ippGetCount(at), (int)operations[i].code);
    else
      at = ippAddInteger(bag, GROUP, IPP_TAG_ENUM, "operations-supported", (int)operations[i].code);
  }
}

// --- formats

// What the device takes, and what we find out by looking.
static void
add_formats(ipp_t *bag, ipp_t *reported)
{
  static const char *const otherwise[] = {"application/pdf", "image/jpeg", "image/pwg-raster",
                                          PB_FORMAT_UNKNOWN};
  const char              *formats[FORMATS_MAX + 1];
  int                      count = 0;
  ipp_attribute_t         *at    = NULL;

  if (reported)
    at = pb_ipp_find(reported, GROUP, "document-format-supported", IPP_TAG_MIMETYPE);
  if (!at)
  {
    ippAddStrings(bag, GROUP, IPP_TAG_MIMETYPE, "document-format-supported", 4, /*language*/ NULL,
                  otherwise);
    return;
  }
  for (int i = 0; i < ippGetCount(at) && count < FORMATS_MAX; i++)
    formats[count++] = ippGetString(at, i, /*language*/ NULL);
  if (!ippContainsString(at, PB_FORMAT_UNKNOWN))
    formats[count++] = PB_FORMAT_UNKNOWN;
  ippAddStrings(bag, GROUP, IPP_TAG_MIMETYPE, "document-format-supported", count, /*language*/ NULL,
                formats);
}

ipp_t *
pb_capabilities_copy_formats(ipp_t *capabilities)
{
  ipp_t           *bag = pb_bag_new();
  ipp_attribute_t *at =
    pb_ipp_find(capabilities, GROUP, "document-format-supported", IPP_TAG_MIMETYPE);

  if (bag && at && pb_attributes_copy_one(at, bag, GROUP))
    return bag;
  ippDelete(bag);
  return NULL;
}

bool
pb_capabilities_has_format(ipp_t *capabilities, const char *format)
{
  ipp_attribute_t *at =
    pb_ipp_find(capabilities, GROUP, "document-format-supported", IPP_TAG_MIMETYPE);
  int count = at ? ippGetCount(at) : 0;

  for (int i = 0; i < count; i++)
  {
    if (pb_text_is_equal_nocase(ippGetString(at, i, /*language*/ NULL), format))
      return true;
  }
  return false;
}

// --- what the device reported, and the rest

static bool
has(ipp_t *bag, const char *name)
{
  return ippFindAttribute(bag, name, IPP_TAG_ZERO) != NULL;
}

// Others are made of what the device reported, so that all of that is needed.
static bool
is_made_of_others(const struct pb_requested *requested)
{
  static const char *const made[] = {"job-creation-attributes-supported",
                                     "media-col-default",
                                     "media-col-ready",
                                     "media-size-supported",
                                     "media-col-database",
                                     "printer-strings-uri"};

  for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
  {
    if (pb_requested_has(requested, &pb_groups_printer, made[i]))
      return true;
  }
  return false;
}

// requested NULL: all.  A large printer's take milliseconds to copy.
static bool
add_reported(ipp_t *bag, ipp_t *reported, const struct pb_requested *requested)
{
  if (!reported)
    return true;
  for (ipp_attribute_t *at = ippFirstAttribute(reported); at; at = ippNextAttribute(reported))
  {
    const char *name = ippGetName(at);

    if (name && (!requested || pb_requested_has(requested, &pb_groups_printer, name)) &&
        !has(bag, name) && !pb_attributes_copy_one(at, bag, GROUP))
      return false;
  }
  return true;
}

static ipp_t *
new_size(int width, int length)
{
  ipp_t *size = ippNew();

  ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "x-dimension", width);
  ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "y-dimension", length);
  return size;
}

static void
add_default_media(ipp_t *bag)
{
  static const char *const margins[] = {"media-bottom-margin", "media-left-margin",
                                        "media-right-margin", "media-top-margin"};
  static const char *const names[]   = {"media-col-default", "media-col-ready"};
  const char              *media     = pb_ipp_text(bag, GROUP, "media-default");
  pwg_media_t             *pwg       = media ? pwgMediaForPWG(media) : NULL;
  ipp_t                   *size = new_size(pwg ? pwg->width : 21000, pwg ? pwg->length : 29700);
  ipp_t                   *col  = ippNew();

  ippAddCollection(col, IPP_TAG_ZERO, "media-size", size);
  for (size_t i = 0; i < sizeof(margins) / sizeof(margins[0]); i++)
    ippAddInteger(col, IPP_TAG_ZERO, IPP_TAG_INTEGER, margins[i], 423);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
  {
    if (!has(bag, names[i]))
      ippAddCollection(bag, GROUP, names[i], col);
  }
  if (!has(bag, "media-size-supported"))
    ippAddCollection(bag, GROUP, "media-size-supported", size);
  if (!has(bag, "media-col-database"))
    ippAddCollection(bag, GROUP, "media-col-database", col);
  ippDelete(size);
  ippDelete(col);
}

// Each xxx of which there is an xxx-supported, and what goes with a job beside its ticket.
static void
add_creation_attributes(ipp_t *bag)
{
  static const char end[] = "-supported";
  char              names[CREATION_MAX][64];
  const char       *values[CREATION_MAX + BESIDE] = {
          "document-name", "ipp-attribute-fidelity", "job-mandatory-attributes",
          "job-name",      "job-password",           "job-password-encryption"};
  int count = BESIDE;

  for (ipp_attribute_t *at = ippFirstAttribute(bag); at && count < CREATION_MAX + BESIDE;
       at                  = ippNextAttribute(bag))
  {
    const char *name = ippGetName(at);
    size_t      size = name ? strlen(name) : 0;
    char       *base = names[count - BESIDE];

    if (size < sizeof(end) || size - sizeof(end) + 1 >= sizeof(names[0]) ||
        strcmp(name + size - sizeof(end) + 1, end) != 0)
      continue;
    memcpy(base, name, size - sizeof(end) + 1);
    base[size - sizeof(end) + 1] = '\0';
    if (pb_attributes_has(PB_ATTRIBUTES_JOB_TEMPLATE, base))
      values[count++] = base;
  }
  ippAddStrings(bag, GROUP, IPP_TAG_KEYWORD, "job-creation-attributes-supported", count,
                /*language*/ NULL, values);
}

ipp_t *
pb_capabilities_new(struct pb_request *request, const struct pb_device *only)
{
  return pb_capabilities_new_for(request, only, /*requested*/ NULL);
}

ipp_t *
pb_capabilities_new_for(struct pb_request *request, const struct pb_device *only,
                        const struct pb_requested *requested)
{
  pb_error_t err      = {0};
  int64_t    queued   = 0;
  ipp_t     *reported = NULL;
  ipp_t     *bag      = pb_bag_new();

  if (requested && is_made_of_others(requested))
    requested = NULL;
  if (!bag || !pb_printer_get_reported(&request->printer, only, &reported))
    goto out_of_memory;
  if (!pb_job_count_queued(request->print->db, request->printer.id, &queued, &err))
  {
    pb_request_fail(request, &err);
    goto failed;
  }
  add_identity(request, bag, reported);
  add_devices(bag, &request->printer);
  add_state(request, bag, queued);
  add_operations(bag);
  add_formats(bag, reported);
  for (size_t i = 0; i < pb_capabilities_of_service_count; i++)
    pb_capability_add(bag, GROUP, &pb_capabilities_of_service[i]);
  pb_events_add_printer_attributes(bag);
  pb_job_password_add_supported(bag, reported);
  if (!add_reported(bag, reported, requested))
    goto out_of_memory;
  pb_device_strings_add_uri(request, bag);
  for (size_t i = 0; i < pb_capabilities_otherwise_count; i++)
  {
    if (!has(bag, pb_capabilities_otherwise[i].name))
      pb_capability_add(bag, GROUP, &pb_capabilities_otherwise[i]);
  }
  add_default_media(bag);
  if (!has(bag, "job-creation-attributes-supported"))
    add_creation_attributes(bag);
  return bag;

out_of_memory:
  pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");

failed:
  ippDelete(bag);
  return NULL;
}
