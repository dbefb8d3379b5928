// packing - whether a document goes up compressed: where the service takes it so and it helps.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_PACKING_H
#define PB_BACKEND_PACKING_H

#include "backend/source.h"
#include "ipp/message.h"
#include "net/coding.h"

#define PB_PACKING_BLOCK (256 * 1024)  // so much of the document is tried
#define PB_PACKING_SAVES 20            // per cent of it that must be saved

// By the first `size` bytes; where those are too few to tell, by the format.
bool pb_packing_helps(const char *format, const void *data, size_t size);

// printer: its attributes; NULL: not known, and nothing is compressed.  Looks into the source,
// which is at its start then as before.
enum pb_coding pb_packing_choose(ipp_t *printer, const char *format, pb_source_t *source);

#endif
