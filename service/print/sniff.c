// sniff - what format a document is in, by how it begins.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/sniff.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const struct magic
{
  const char *bytes;
  size_t      size;
  const char *format;
} magics[] = {
  {"%PDF-",             5, "application/pdf"       },
  {"RaS2",              4, "image/pwg-raster"      },
  {"2SaR",              4, "image/pwg-raster"      },
  {"RaS3",              4, "image/pwg-raster"      },
  {"3SaR",              4, "image/pwg-raster"      },
  {"UNIRAST\0",         8, "image/urf"             },
  {"\xff\xd8\xff",      3, "image/jpeg"            },
  {"%!",                2, "application/postscript"},
  {"\x89PNG\r\n\x1a\n", 8, "image/png"             },
};

// Text: printable ASCII, white space, and bytes that UTF-8 or Latin-1 use.
static bool
is_text(const uint8_t *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++)
  {
    if (bytes[i] < 0x20 && !strchr("\t\n\r\f", bytes[i]))
      return false;
    if (bytes[i] == 0x7f || bytes[i] == 0)
      return false;
  }
  return size > 0;
}

const char *
pb_sniff_format(const void *data, size_t size)
{
  for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
  {
    if (size >= magics[i].size && memcmp(data, magics[i].bytes, magics[i].size) == 0)
      return magics[i].format;
  }
  return is_text(data, size) ? "text/plain" : NULL;
}
