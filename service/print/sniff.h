// sniff - what format a document is in, by how it begins.  Pure.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_SNIFF_H
#define PB_PRINT_SNIFF_H

#include <stddef.h>

#define PB_FORMAT_UNKNOWN "application/octet-stream"

// NULL: unknown.
const char *pb_sniff_format(const void *data, size_t size);

#endif
