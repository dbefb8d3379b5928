// qr - a QR code in the terminal (see qr.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "qr.h"

#include <langinfo.h>
#include <qrencode.h>
#include <string.h>
#include <unistd.h>

#define QUIET 4  // light modules around it (ISO/IEC 18004)

// White on black whatever the terminal's own colours are: scanners want dark modules on light.
#define COLOURS "\033[40;97m"
#define PLAIN "\033[0m"

static bool
is_light(const QRcode *code, int x, int y)
{
  if (x < 0 || y < 0 || x >= code->width || y >= code->width)
    return true;
  return !(code->data[y * code->width + x] & 1);
}

static const char *
half_blocks(bool is_top_light, bool is_bottom_light)
{
  if (is_top_light)
    return is_bottom_light ? "\u2588" : "\u2580";
  return is_bottom_light ? "\u2584" : " ";
}

void
qr_print(FILE *out, const char *text)
{
  QRcode *code = QRcode_encodeString8bit(text, /*smallest version*/ 0, QR_ECLEVEL_L);

  if (!code)
    return;
  for (int y = -QUIET; y < code->width + QUIET; y += 2)
  {
    fputs(COLOURS, out);
    for (int x = -QUIET; x < code->width + QUIET; x++)
      fputs(half_blocks(is_light(code, x, y), is_light(code, x, y + 1)), out);
    fputs(PLAIN "\n", out);
  }
  QRcode_free(code);
}

bool
qr_is_possible(FILE *out)
{
  return isatty(fileno(out)) && !strcmp(nl_langinfo(CODESET), "UTF-8");
}
