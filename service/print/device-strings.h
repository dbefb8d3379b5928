// device-strings - what a device calls its attributes and their values, in each language: kept
// beside the device, since only few ask for it, and served as files (printer-strings-uri, PWG
// 5100.13).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_DEVICE_STRINGS_H
#define PB_PRINT_DEVICE_STRINGS_H

#include "base/buffer.h"
#include "base/db.h"
#include "ipp/strings.h"
#include "print/request.h"

#define PB_PATH_STRINGS "/strings/"         // ID/LANGUAGE.strings
#define PB_DEVICE_STRINGS_LANGUAGES_MAX 32  // of a device

// A reported attribute of names (ipp/attributes.h: PB_ATTRIBUTES_STRINGS_PREFIX), or its end.
// False, with *err: the database; what is no name in it is left out.  *is_changed_out: it was not
// known like that.  Inside of a transaction.
bool pb_device_strings_take(pb_db_t *db, const char *device_uuid, ipp_attribute_t *attribute,
                            bool *is_changed_out, pb_error_t *err) PB_MUST_USE;

// The file of a printer's device in that language; PB_GONE: there is none.  Initializes the buffer.
bool pb_device_strings_read(pb_db_t *db, int printer_id, const char *language,
                            pb_buffer_t *text_out, pb_error_t *err) PB_MUST_USE;

// printer-strings-uri in the language that the request wants, else in English, else in the first
// that there is; into the bag, where the device has not reported an address of its own.
void pb_device_strings_add_uri(struct pb_request *request, ipp_t *bag);

// "/strings/7/pt-br.strings"; false: it is none.
bool pb_device_strings_parse_path(const char *path, int *printer_id_out,
                                  char language_out[PB_LANGUAGE_SIZE]);

// The route that serves them, to anybody: as Get-Printer-Attributes.
bool pb_device_strings_add_route(pb_print_t *print, pb_error_t *err) PB_MUST_USE;

#endif
