// cloud-printers_fuzz - Get-Printers and Get-Printer-Attributes responses of a service that is
// not to be trusted.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/printer-list.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
  if (!holds)
    abort();
}

static void
check_entry(const struct pb_service *service, const pb_printer_entry_t *entry)
{
  char                 uri[PB_DEVICE_URI_SIZE];
  struct pb_device_uri parsed;

  must(pb_device_uri_is_id(entry->id) && entry->name[0] && entry->make_and_model[0]);
  must(pb_text_is_printable(entry->name) && pb_text_is_printable(entry->make_and_model) &&
       pb_text_is_printable(entry->location) && pb_text_is_printable(entry->info));
  must(pb_text_has_prefix(entry->device_id, "MFG:Printbridge;MDL:") &&
       pb_text_is_printable(entry->device_id));
  pb_printer_entry_get_device_uri(service, entry, uri);
  must(pb_device_uri_parse(uri, &parsed, NULL) && !strcmp(parsed.id, entry->id) &&
       !strcmp(parsed.host, service->host) && parsed.port == service->port);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static pb_printer_entry_t list[ROOM];
  struct pb_service         service;
  ipp_t                    *message = NULL, *attributes = NULL;
  size_t                    count = 0, seen = 0;

  must(pb_service_parse("https://print.example", &service, NULL));
  if (!pb_ipp_parse(data, size, &message, NULL))
    return 0;
  must(pb_printer_list_read(&service, message, list, ROOM, &count, &seen, NULL));
  must(count <= seen && count <= ROOM);
  for (size_t i = 0; i < count; i++)
    check_entry(&service, &list[i]);
  if (pb_printer_attributes_check(&service, message, &attributes, NULL))
    must(pb_ipp_text(attributes, IPP_TAG_PRINTER, "printer-device-id") != NULL);
  ippDelete(attributes);
  ippDelete(message);
  return 0;
}
