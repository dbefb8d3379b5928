// printer-cache-file - the list of a service's printers as a file: a line of JSON per printer.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_PRINTER_CACHE_FILE_H
#define PB_CLOUD_PRINTER_CACHE_FILE_H

#include "base/buffer.h"
#include "cloud/printer-list.h"

#define PB_CACHE_PATH_SIZE (PB_PLACE_SIZE + PB_SERVICE_NAME_SIZE + 192)
#define PB_CACHE_LIST_MAX (8 * 1024 * 1024)  // 1000 entries of all their room, escaped

// Bad lines are left out.  Free the list.
bool pb_cache_list_parse(const struct pb_service *service, const char *text, size_t size,
                         pb_printer_entry_t **list_out, size_t *count_out,
                         pb_error_t *err) PB_MUST_USE;
// Initializes the buffer.
bool pb_cache_list_format(const pb_printer_entry_t *list, size_t count, pb_buffer_t *text_out,
                          pb_error_t *err) PB_MUST_USE;

#endif
