// ppd-strings - what a local queue's PPD calls its options and choices, in its own language and
// those that it has translations for, as attributes that cross: PB_ATTRIBUTES_STRINGS_PREFIX and
// the language, "KEY=TEXT" each (PROTOCOL.md).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_PPD_STRINGS_H
#define PB_IPP_PPD_STRINGS_H

#include "ipp/message.h"

#define PB_PPD_STRINGS_MAX                                                                         \
  (64 * 1024)  // bytes of all languages of a queue, which are told with each report
#define PB_PPD_STRINGS_LANGUAGES_MAX 32

// The PPD's text, and what cupsd says of the queue, pb_ppd_vendor_add's attributes with it: keys
// are of its values.  Adds printer-strings-languages-supported, too.  False: out of memory.
bool pb_ppd_strings_add(const char *text, size_t size, ipp_t *attributes) PB_MUST_USE;

#endif
