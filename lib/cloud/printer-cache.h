// printer-cache - what is known of the cloud's printers without asking:
// CACHE/printers/HOST_PORT.json is the list, CACHE/printers/HOST_PORT/ID.ipp the validated
// attributes. Read in less than 1 ms, no network; written whole or not at all. Readers look at
// the machine's cache and the user's, newest first.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_PRINTER_CACHE_H
#define PB_CLOUD_PRINTER_CACHE_H

#include "cloud/printer-list.h"

// The list, checked as if it came from the network.  PB_GONE: nothing is known.  age_ms_out may be
// NULL.  Free the list.
bool pb_printer_cache_read(const struct pb_places *places, const struct pb_service *service,
                           pb_printer_entry_t **list_out, size_t *count_out, int64_t *age_ms_out,
                           pb_error_t *err) PB_MUST_USE;

// ippDelete it.  PB_GONE: not known.
bool pb_printer_cache_copy_attributes(const struct pb_places  *places,
                                      const struct pb_service *service, const char *id,
                                      ipp_t **attributes_out, pb_error_t *err) PB_MUST_USE;

// Writes go to places->cache, or where this process may not write there to places->user_cache.
// Printers that are no longer in the list lose their attributes.
bool pb_printer_cache_write(const struct pb_places *places, const struct pb_service *service,
                            const pb_printer_entry_t *list, size_t count,
                            pb_error_t *err) PB_MUST_USE;
bool pb_printer_cache_write_attributes(const struct pb_places  *places,
                                       const struct pb_service *service, const char *id,
                                       ipp_t *attributes, pb_error_t *err) PB_MUST_USE;

// Fetch the list and every printer's attributes (account NULL: as nobody in particular), and write
// them: by one process at a time (others return at once, true), and not when the list is younger
// than min_age_ms.  Blocks for as long as the service takes.
bool pb_printer_cache_refresh(const struct pb_places *places, const struct pb_service *service,
                              pb_cloud_account_t *account, int64_t min_age_ms,
                              pb_error_t *err) PB_MUST_USE;

#endif
