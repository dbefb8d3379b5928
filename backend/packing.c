// packing - whether a document goes up compressed.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/packing.h"

#include <stdlib.h>
#include <string.h>

#define TELLING_SIZE 4096

// Formats that shrink as a rule.
static const char *const shrinking[] = {"application/postscript", "text/plain"};

bool
pb_packing_helps(const char *format, const void *data, size_t size)
{
  if (size >= TELLING_SIZE)
    return pb_coding_measure(data, size) >= PB_PACKING_SAVES;
  for (size_t i = 0; i < sizeof(shrinking) / sizeof(shrinking[0]); i++)
    if (strcmp(format, shrinking[i]) == 0)
      return true;
  return false;
}

enum pb_coding
pb_packing_choose(ipp_t *printer, const char *format, pb_source_t *source)
{
  uint8_t   *block = NULL;
  size_t     got   = 0;
  bool       helps = false;
  pb_error_t err   = {0};

  if (printer == NULL || !pb_ipp_has_keyword(printer, IPP_TAG_PRINTER, "compression-supported",
                                             pb_coding_name(PB_CODING_GZIP)))
    return PB_CODING_NONE;
  block = malloc(PB_PACKING_BLOCK);
  helps = block != NULL && pb_source_peek(source, block, PB_PACKING_BLOCK, &got, &err) &&
          pb_packing_helps(format, block, got);
  free(block);
  return helps ? PB_CODING_GZIP : PB_CODING_NONE;
}
