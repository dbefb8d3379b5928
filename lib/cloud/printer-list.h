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
  // IEEE 1284: always has MFG, MDL and CMD; of the printer's own if it has a good one, else made
  // from the model.  The backend and the driver give this one, so that they match.
  char device_id[1024];
} pb_printer_entry_t;

// All of them (up to PB_PRINTERS_MAX).  Blocks.  Free the list.
bool pb_printer_list_fetch(pb_cloud_account_t *account, const struct pb_service *service,
                           pb_printer_entry_t **list_out, size_t *count_out,
                           pb_error_t *err) PB_MUST_USE;

// From printer attributes (the current group of a Get-Printers response, or a
// Get-Printer-Attributes response at its first); PB_REJECT: no URI of this service.  Moves the
// message's cursor.
bool pb_printer_entry_read(const struct pb_service *service, ipp_t *attributes,
                           pb_printer_entry_t *entry_out, pb_error_t *err) PB_MUST_USE;

void pb_printer_entry_get_device_uri(const struct pb_service  *service,
                                     const pb_printer_entry_t *entry, char dst[PB_DEVICE_URI_SIZE]);

// Its attributes (Get-Printer-Attributes, "all" and media-col-database), each checked by the table
// of what a device may report (ipp/attributes.h): what is left is fit for a PPD writer's checks.
// account may be NULL: nobody signs in for that.  PB_GONE: no such printer.  ippDelete it.
bool pb_printer_attributes_fetch(pb_cloud_account_t *account, const struct pb_service *service,
                                 const char *id, int64_t timeout_ms, ipp_t **attributes_out,
                                 pb_error_t *err) PB_MUST_USE;

#endif
