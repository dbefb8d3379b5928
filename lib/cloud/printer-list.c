// printer-list - the printers of a service, as it tells them. The service is not trusted: texts
// are bounded, printable, one line; what does not belong to it is left out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/printer-list.h"

#include "base/log.h"
#include "base/text.h"
#include "cloud/authority.h"
#include "cloud/protocol.h"
#include "ipp/attributes.h"

#include <stdlib.h>
#include <string.h>

#define LIST_TIMEOUT_MS 30000
#define PAGE_SIZE 250  // printers of one answer
#define URIS_MAX 16    // of one printer, that are looked at

static const ipp_tag_t OP      = IPP_TAG_OPERATION;
static const ipp_tag_t PRINTER = IPP_TAG_PRINTER;

// Commands of a device ID by what the printer takes.
static const struct
{
  const char *format, *command;
} commands[] = {
  {"application/pdf",        "PDF"      },
  {"application/postscript", "PS"       },
  {"image/pwg-raster",       "PWGRaster"},
  {"image/urf",              "URF"      },
  {"image/jpeg",             "JPEG"     },
};

// --- one printer

static void
copy_text(char *dst, size_t dst_size, ipp_t *message, const char *name)
{
  const char *text = pb_ipp_text(message, PRINTER, name);

  if (!text)
    dst[0] = '\0';
  else if (pb_text_is_printable(text))
    pb_text_copy(dst, dst_size, text);
  else
    pb_text_escape(dst, dst_size, text, strlen(text));
}

static bool
take_uri(const struct pb_service *service, const char *text, pb_printer_entry_t *entry)
{
  struct pb_device_uri uri;

  return text && pb_device_uri_from_printer(text, &uri, /*err*/ NULL) &&
         uri.port == service->port && strcmp(uri.host, service->host) == 0 &&
         pb_device_uri_get_printer_uri(&uri, entry->uri, sizeof(entry->uri)) &&
         pb_text_copy(entry->id, sizeof(entry->id), uri.id);
}

// printer-uri-supported, or the xri-uri of printer-xri-supported: the first that is of this
// service.
static bool
find_uri(const struct pb_service *service, ipp_t *message, pb_printer_entry_t *entry)
{
  ipp_attribute_t *uris  = pb_ipp_find(message, PRINTER, "printer-uri-supported", IPP_TAG_URI);
  ipp_attribute_t *xris  = pb_ipp_find(message, PRINTER, "printer-xri-supported", IPP_TAG_ZERO);
  bool             found = false;

  for (int i = 0; uris && !found && i < ippGetCount(uris) && i < URIS_MAX; i++)
    found = take_uri(service, ippGetString(uris, i, /*language*/ NULL), entry);
  if (xris && ippGetValueTag(xris) != IPP_TAG_BEGIN_COLLECTION)
    xris = NULL;
  for (int i = 0; xris && !found && i < ippGetCount(xris) && i < URIS_MAX; i++)
  {
    ipp_attribute_t *uri = ippFindAttribute(ippGetCollection(xris, i), "xri-uri", IPP_TAG_URI);

    found = uri && take_uri(service, ippGetString(uri, 0, /*language*/ NULL), entry);
  }
  return found;
}

// Device IDs are keys and values between ':' and ';', in ASCII.  Backend and driver must tell the
// same one, for desktops to match them: nothing that a PPD's text could not hold as it is.
static void
clean_value(char *text)
{
  char *to = text;

  for (const char *at = text; *at; at++)
  {
    bool is_good = *at > ' ' && *at <= '~' && !strchr(":;\"<>\\", *at);

    if (is_good || (to > text && to[-1] != ' '))
      *to++ = is_good ? *at : ' ';
  }
  while (to > text && to[-1] == ' ')
    to--;
  *to = '\0';
}

static void
make_device_id(const struct pb_service *service, ipp_t *message, pb_printer_entry_t *entry)
{
  char model[sizeof(entry->make_and_model)], where[PB_AUTHORITY_SIZE], list[64] = "";

  pb_text_copy(model, sizeof(model), entry->make_and_model);
  pb_authority_format(service->host, service->port == PB_SERVICE_PORT ? 0 : service->port, where);
  clean_value(model);
  clean_value(where);
  if (!model[0])
    pb_text_copy(model, sizeof(model), "Printer");
  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
  {
    size_t used = strlen(list);

    if (pb_ipp_has_keyword(message, PRINTER, "document-format-supported", commands[i].format))
      pb_text_format(list + used, sizeof(list) - used, "%s%s", used ? "," : "",
                     commands[i].command);
  }
  pb_text_format(entry->device_id, sizeof(entry->device_id),
                 "MFG:Printbridge;MDL:%s (%s at %s);CMD:%s;", model, entry->id, where,
                 list[0] ? list : commands[0].command);
}

bool
pb_printer_entry_read(const struct pb_service *service, ipp_t *attributes,
                      pb_printer_entry_t *entry_out, pb_error_t *err)
{
  pb_printer_entry_t entry = {0};

  *entry_out = entry;
  if (!find_uri(service, attributes, &entry))
    return pb_error_set(err, PB_REJECT, "%s: a printer without an address there", service->url);
  copy_text(entry.name, sizeof(entry.name), attributes, "printer-name");
  copy_text(entry.make_and_model, sizeof(entry.make_and_model), attributes,
            "printer-make-and-model");
  copy_text(entry.location, sizeof(entry.location), attributes, "printer-location");
  copy_text(entry.info, sizeof(entry.info), attributes, "printer-info");
  if (!entry.name[0])
    pb_text_copy(entry.name, sizeof(entry.name), entry.id);
  if (!entry.make_and_model[0])
    pb_text_copy(entry.make_and_model, sizeof(entry.make_and_model), "Printer");
  make_device_id(service, attributes, &entry);
  *entry_out = entry;
  return true;
}

void
pb_printer_entry_get_device_uri(const struct pb_service *service, const pb_printer_entry_t *entry,
                                char dst[PB_DEVICE_URI_SIZE])
{
  struct pb_device_uri uri = {.port = service->port};

  dst[0] = '\0';
  if (!pb_text_copy(uri.host, sizeof(uri.host), service->host) ||
      !pb_text_copy(uri.id, sizeof(uri.id), entry->id) ||
      !pb_device_uri_format(&uri, dst, PB_DEVICE_URI_SIZE))
    dst[0] = '\0';
}

// --- the list

struct reader
{
  const struct pb_service *service;
  pb_printer_entry_t      *list;
  size_t                   room, count, seen;
};

static void
read_one(struct reader *reader, ipp_t *group)
{
  pb_error_t err = {0};

  reader->seen++;
  if (reader->count == reader->room)
    return;
  if (pb_printer_entry_read(reader->service, group, &reader->list[reader->count], &err))
    reader->count++;
  else
    pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "%s", err.message);
}

bool
pb_printer_list_read(const struct pb_service *service, ipp_t *response, pb_printer_entry_t *list,
                     size_t room, size_t *count_out, size_t *seen_out, pb_error_t *err)
{
  struct reader reader = {.service = service, .list = list, .room = room};
  ipp_t        *group  = NULL;
  bool          ok     = true;

  for (ipp_attribute_t *at = ippFirstAttribute(response); ok && at; at = ippNextAttribute(response))
  {
    bool is_printer = ippGetName(at) && ippGetGroupTag(at) == PRINTER;

    if (!is_printer && group)  // a separator, or another group
    {
      read_one(&reader, group);
      ippDelete(group);
      group = NULL;
    }
    if (is_printer && !group)
      group = ippNew();
    if (is_printer)
      ok = group && pb_attributes_copy_one(at, group, PRINTER);
  }
  if (ok && group)
    read_one(&reader, group);
  ippDelete(group);
  *count_out = reader.count;
  *seen_out  = reader.seen;
  return ok || pb_error_set(err, PB_RETRY, "out of memory");
}

static bool
get_system_uri(const struct pb_service *service, char dst[512])
{
  char authority[PB_AUTHORITY_SIZE];

  pb_authority_format(service->host, service->port, authority);
  return pb_text_format(dst, 512, "ipps://%s" PB_PATH_SYSTEM, authority);
}

static ipp_t *
ask_list(const char *uri, size_t first)
{
  static const char *const wanted[] = {
    "printer-id",   "printer-uri-supported",  "printer-xri-supported", "printer-name",
    "printer-info", "printer-make-and-model", "printer-location",      "document-format-supported"};
  ipp_t *request = pb_ipp_new_request(IPP_OP_GET_PRINTERS, uri, /*user*/ NULL);

  if (!request)
    return NULL;
  ippAddInteger(request, OP, IPP_TAG_INTEGER, "first-index", (int)first);
  ippAddInteger(request, OP, IPP_TAG_INTEGER, "limit", PAGE_SIZE);
  ippAddStrings(request, OP, IPP_TAG_KEYWORD, "requested-attributes",
                (int)(sizeof(wanted) / sizeof(wanted[0])), /*language*/ NULL, wanted);
  return request;
}

// One answer; *seen_out 0: there are no more.
static bool
fetch_page(pb_cloud_t *cloud, const struct pb_service *service, size_t first,
           pb_printer_entry_t *list, size_t room, size_t *count_out, size_t *seen_out,
           pb_error_t *err)
{
  char   uri[512];
  ipp_t *response = NULL;
  bool   ok       = false;

  if (!get_system_uri(service, uri))
    return pb_error_set(err, PB_CONFIG, "the service's address is too long");
  ok = pb_cloud_request(cloud, uri, ask_list(uri, first), LIST_TIMEOUT_MS, /*stop*/ NULL, &response,
                        err) &&
       pb_cloud_check_status(NULL, response, "Get-Printers", err) &&
       pb_printer_list_read(service, response, list, room, count_out, seen_out, err);
  ippDelete(response);
  return ok;
}

static bool
open_cloud(pb_cloud_account_t *account, const struct pb_service *service,
           pb_cloud_account_t **own_out, pb_cloud_t **cloud_out, pb_error_t *err)
{
  struct pb_http_trust trust = pb_service_get_trust(service);

  *own_out = NULL;
  if (!account && !pb_cloud_account_new_bearer(service->url, &trust, /*token*/ NULL, own_out, err))
    return false;
  return pb_cloud_open(account ? account : *own_out, cloud_out, err);
}

bool
pb_printer_list_fetch(pb_cloud_account_t *account, const struct pb_service *service,
                      pb_printer_entry_t **list_out, size_t *count_out, pb_error_t *err)
{
  pb_printer_entry_t *list  = calloc(PB_PRINTERS_MAX, sizeof(*list));
  pb_cloud_account_t *own   = NULL;
  pb_cloud_t         *cloud = NULL;
  size_t              count = 0, asked = 0;
  bool                ok = list || pb_error_set(err, PB_RETRY, "out of memory");

  ok = ok && open_cloud(account, service, &own, &cloud, err);
  for (bool is_more = true; ok && is_more;)
  {
    size_t got = 0, seen = 0;

    ok = fetch_page(cloud, service, asked + 1, list + count, PB_PRINTERS_MAX - count, &got, &seen,
                    err);
    // A service that does not know first-index begins anew for ever.
    is_more = seen > 0 && (count == 0 || got == 0 || strcmp(list[count].id, list[0].id) != 0);
    if (is_more)
      count += got;
    asked += seen;
    is_more = is_more && asked < PB_PRINTERS_MAX;
  }
  pb_cloud_close(cloud);
  pb_cloud_account_free(own);
  if (!ok)
  {
    free(list);
    list  = NULL;
    count = 0;
  }
  *list_out  = list;
  *count_out = count;
  return ok;
}

// --- one printer's attributes

// What is the service's own to say, and so not in the table of what a device may report.
static bool
copy_own(ipp_t *from, ipp_t *to)
{
  static const struct
  {
    const char *name;
    ipp_tag_t   syntax;
    int         count_max;
  } rows[] = {
    {"printer-uuid",          IPP_TAG_URI,  1  },
    {"printer-uri-supported", IPP_TAG_URI,  16 },
    {"operations-supported",  IPP_TAG_ENUM, 500},
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_attribute_t *at   = pb_ipp_find(from, PRINTER, rows[i].name, rows[i].syntax);
    bool             good = at && ippGetCount(at) <= rows[i].count_max;

    for (int j = 0; good && rows[i].syntax == IPP_TAG_URI && j < ippGetCount(at); j++)
      good = pb_text_is_printable(ippGetString(at, j, /*language*/ NULL));
    if (good && !pb_attributes_copy_one(at, to, PRINTER))
      return false;
  }
  return true;
}

static void
note_refused(void *user, ipp_attribute_t *attribute, const char *why)
{
  const struct pb_service *service = user;

  pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "%s: %s is left out: %s", service->url, ippGetName(attribute),
         why);
}

// The ID that the backend tells, too.
static void
set_device_id(ipp_t *attributes, const char *device_id)
{
  ipp_attribute_t *at = pb_ipp_find(attributes, PRINTER, "printer-device-id", IPP_TAG_ZERO);

  if (at)
    ippDeleteAttribute(attributes, at);
  ippAddString(attributes, PRINTER, IPP_TAG_TEXT, "printer-device-id", /*language*/ NULL,
               device_id);
}

bool
pb_printer_attributes_check(const struct pb_service *service, ipp_t *from, ipp_t **attributes_out,
                            pb_error_t *err)
{
  struct pb_service  who   = *service;
  pb_printer_entry_t entry = {0};
  ipp_t             *to    = pb_ipp_new_response(/*request*/ NULL, IPP_STATUS_OK);

  *attributes_out = NULL;
  if (!to ||
      pb_attributes_copy(PB_ATTRIBUTES_DEVICE, from, PRINTER, to, PRINTER, note_refused, &who) <
        0 ||
      !copy_own(from, to))
  {
    ippDelete(to);
    return pb_error_set(err, PB_RETRY, "out of memory");
  }
  if (!pb_printer_entry_read(service, to, &entry, err))
  {
    ippDelete(to);
    return false;
  }
  set_device_id(to, entry.device_id);
  *attributes_out = to;
  return true;
}

static ipp_t *
ask_attributes(const char *uri)
{
  static const char *const wanted[] = {"all", "media-col-database"};
  ipp_t *request = pb_ipp_new_request(IPP_OP_GET_PRINTER_ATTRIBUTES, uri, /*user*/ NULL);

  if (request)
    ippAddStrings(request, OP, IPP_TAG_KEYWORD, "requested-attributes", 2, /*language*/ NULL,
                  wanted);
  return request;
}

bool
pb_printer_attributes_fetch(pb_cloud_account_t *account, const struct pb_service *service,
                            const char *id, int64_t timeout_ms, ipp_t **attributes_out,
                            pb_error_t *err)
{
  struct pb_device_uri where    = {.port = service->port};
  pb_cloud_account_t  *own      = NULL;
  pb_cloud_t          *cloud    = NULL;
  ipp_t               *response = NULL;
  char                 uri[1024];
  bool                 ok = false;

  *attributes_out = NULL;
  if (!pb_device_uri_is_id(id) || !pb_text_copy(where.host, sizeof(where.host), service->host) ||
      !pb_text_copy(where.id, sizeof(where.id), id) ||
      !pb_device_uri_get_printer_uri(&where, uri, sizeof(uri)))
    return pb_error_set(err, PB_CONFIG, "not a printer's id");
  ok =
    open_cloud(account, service, &own, &cloud, err) &&
    pb_cloud_request(cloud, uri, ask_attributes(uri), timeout_ms, /*stop*/ NULL, &response, err) &&
    pb_cloud_check_status(NULL, response, "Get-Printer-Attributes", err) &&
    pb_printer_attributes_check(service, response, attributes_out, err);
  ippDelete(response);
  pb_cloud_close(cloud);
  pb_cloud_account_free(own);
  return ok;
}
