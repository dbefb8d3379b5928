// ipp-ppd_fuzz - whatever a local queue's PPD holds, what is made of it are attributes that cross.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ipp/attributes.h"
#include "ipp/ppd-strings.h"
#include "ipp/ppd-vendor.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
note_refused(void *user, ipp_attribute_t *attribute, const char *why)
{
  (void)user;
  (void)attribute;
  (void)why;
  abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const sources[] = {"top", "bottom"};
  ipp_t                   *from = ippNew(), *to = ippNew();

  ippAddStrings(from, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "media-source-supported", 2, NULL, sources);
  if (!pb_ppd_vendor_add((const char *)data, size, from) ||
      !pb_ppd_strings_add((const char *)data, size, from) ||
      pb_attributes_copy(PB_ATTRIBUTES_DEVICE, from, IPP_TAG_PRINTER, to, IPP_TAG_PRINTER,
                         note_refused, NULL) < 0)
    abort();
  if (ippLength(to) > 4 * PB_PPD_STRINGS_MAX + 64 * 1024)
    abort();
  ippDelete(from);
  ippDelete(to);
  return 0;
}
