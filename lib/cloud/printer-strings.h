// printer-strings - what a cloud printer calls its attributes and their values, in every language
// that it has: the message catalogs of printer-strings-uri (PWG 5100.13), fetched from the service
// itself and nobody else.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_PRINTER_STRINGS_H
#define PB_CLOUD_PRINTER_STRINGS_H

#include "cloud/services.h"
#include "ipp/message.h"
#include "ipp/strings.h"

#define PB_PRINTER_LANGUAGES_MAX 32

struct pb_printer_strings
{
  char          language[PB_LANGUAGE_SIZE];
  pb_strings_t *strings;
};

// attributes: of pb_printer_attributes_fetch or the cache; none is asked for where it names no
// catalog.  Blocks for at most within_ms, and gives what it got until then: a language that cannot
// be had is left out, with a line in the log. Free the list.  False: out of memory.
bool pb_printer_strings_fetch(const struct pb_service *service, const char *id, ipp_t *attributes,
                              int64_t within_ms, struct pb_printer_strings **list_out,
                              size_t *count_out, pb_error_t *err) PB_MUST_USE;
void pb_printer_strings_free(struct pb_printer_strings *list, size_t count);

#endif
