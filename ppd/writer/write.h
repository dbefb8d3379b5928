// write - a cloud printer's attributes as a PPD.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PPD_WRITE_H
#define PB_PPD_WRITE_H

#include "base/buffer.h"
#include "ipp/message.h"
#include "ipp/ppd-title.h"
#include "ipp/strings.h"

#define PB_PPD_SIZE_MAX (1024 * 1024)

#define PB_PPD_LANGUAGES_MAX 32  // a line of a PPD has room for them

// What the printer calls its attributes and their values in one natural language.
struct pb_ppd_catalog
{
  const char         *language;  // "de", "pt-br"
  const pb_strings_t *strings;
};

struct pb_ppd_names
{
  const char *make_and_model;  // NULL: printer-make-and-model
  const char *id;              // at its service; NULL: not told
  const char *device_id;       // IEEE 1284 ID; NULL: printer-device-id, or made of make and model
  const struct pb_ppd_catalog *catalogs;  // names of options and choices; of one language the first
  size_t                       catalogs_count;
};

// From a Get-Printer-Attributes response (whatever is in it: it is checked here).  Initializes the
// buffer; at most PB_PPD_SIZE_MAX bytes.  PB_REJECT: there is no media size that a PPD could hold.
bool pb_ppd_write(ipp_t *attributes, const struct pb_ppd_names *names, pb_buffer_t *ppd_out,
                  pb_error_t *err) PB_MUST_USE;

#endif
