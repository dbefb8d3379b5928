// printer-list - the printers of a service that an account may use, by Get-Printers (PWG 5100.22
// s6.1.5). What comes in is bounded and printable; a printer whose entry is bad is left out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_PRINTER_LIST_H
#define PB_CLOUD_PRINTER_LIST_H

#include "cloud/client.h"
#include "cloud/device-uri.h"
#include "cloud/services.h"

#define PB_PRINTERS_MAX 1000  // of one service

typedef struct pb_printer_entry
{
  char uri[1024];  // ipps://HOST:PORT/ipp/print/ID
  char id[128];
  char name[128];  // as people know it
  char make_and_model[128];
  char location[128];
  char info[128];
  // IEEE 1284, made here: MFG "Printbridge", MDL the model with id and host, CMD.  The backend and
  // the driver give this one, so that matchers find our PPD of exactly this printer, and never
  // that of a local driver for the same model, whose output the cloud would not take.
  char device_id[1024];
} pb_printer_entry_t;

// All of them (up to PB_PRINTERS_MAX).  Blocks.  Free the list.
bool pb_printer_list_fetch(pb_cloud_account_t *account, const struct pb_service *service,
                           pb_printer_entry_t **list_out, size_t *count_out,
                           pb_error_t *err) PB_MUST_USE;

// From the (first) printer group of a message; PB_REJECT: no URI of this service.  Moves the
// message's cursor.
bool pb_printer_entry_read(const struct pb_service *service, ipp_t *attributes,
                           pb_printer_entry_t *entry_out, pb_error_t *err) PB_MUST_USE;

void pb_printer_entry_get_device_uri(const struct pb_service  *service,
                                     const pb_printer_entry_t *entry, char dst[PB_DEVICE_URI_SIZE]);

// Its attributes (Get-Printer-Attributes, "all" and media-col-database), each checked by the table
// of what a device may report (ipp/attributes.h): what is left is fit for a PPD writer's checks.
// printer-device-id is the entry's.  account may be NULL, here and in pb_printer_list_fetch: nobody
// signs in for that.  PB_GONE: no such printer.  ippDelete it.
bool pb_printer_attributes_fetch(pb_cloud_account_t *account, const struct pb_service *service,
                                 const char *id, int64_t timeout_ms, ipp_t **attributes_out,
                                 pb_error_t *err) PB_MUST_USE;

// The same of a message that lay on the disk: checked again.
bool pb_printer_attributes_check(const struct pb_service *service, ipp_t *from,
                                 ipp_t **attributes_out, pb_error_t *err) PB_MUST_USE;

// The list of a Get-Printers response: entries that are bad, or of another service, are left out.
// At most room are written; *seen_out counts all groups.  For pb_printer_list_fetch and its fuzzer.
bool pb_printer_list_read(const struct pb_service *service, ipp_t *response,
                          pb_printer_entry_t *list, size_t room, size_t *count_out,
                          size_t *seen_out, pb_error_t *err) PB_MUST_USE;

#endif
