// device - what a proxy reported of its output device, and how an update changes it (PWG 5100.18
// s5.8: sparse names). Pure: works on messages.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_DEVICE_H
#define PB_PRINT_DEVICE_H

#include "ipp/message.h"

#define PB_DEVICE_VALUES_MAX 4000  // of one attribute

// "media-col-database.4-8" -> name, 4, 8; "sides-supported" -> name, 0, 0.  False: malformed, or a
// range backwards.
bool pb_sparse_parse(const char *text, char name_out[128], int *first_out, int *last_out);

// Put value `index` of one attribute behind those of another of the same syntax in the bag's
// printer group (NULL: begin it).  False: out of memory, or a syntax that no device reports.
bool pb_device_add_value(ipp_t *bag, ipp_attribute_t **to, const char *name, ipp_attribute_t *from,
                         int index);

// Let one attribute of an update change what is known: replaces it, some of its values, or deletes.
// False: the range does not fit, or out of memory; nothing was changed then.
bool pb_device_update(ipp_t *known, ipp_attribute_t *update);

#endif
