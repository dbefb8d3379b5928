// encode - bytes as text: hex, base64, UUIDs (declared in text.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
pb_text_format_hex(char *dst, const uint8_t *bytes, size_t size)
{
  static const char digits[] = "0123456789abcdef";

  for (size_t i = 0; i < size; i++)
  {
    dst[2 * i]     = digits[bytes[i] >> 4];
    dst[2 * i + 1] = digits[bytes[i] & 15];
  }
  dst[2 * size] = '\0';
}

static int
hex_value(char c)
{
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

bool
pb_text_parse_hex(const char *text, uint8_t *bytes, size_t size)
{
  if (text == NULL || strlen(text) != 2 * size)
    return false;
  for (size_t i = 0; i < size; i++)
  {
    int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

    if (high < 0 || low < 0)
      return false;
    bytes[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *
pb_text_format_base64(const void *bytes, size_t size, bool url)
{
  const uint8_t *in     = bytes;
  const char    *digits = url ? alphabet_url : alphabet;
  char          *text = malloc((size + 2) / 3 * 4 + 1), *out = text;

  if (text == NULL)
    return NULL;
  for (size_t i = 0; i < size; i += 3)
  {
    size_t   have = size - i < 3 ? size - i : 3;
    uint32_t word = (uint32_t)in[i] << 16 | (have > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                    (have > 2 ? in[i + 2] : 0);

    for (size_t k = 0; k < 4; k++)
    {
      if (k <= have)
        *out++ = digits[word >> (18 - 6 * k) & 63];
      else if (!url)
        *out++ = '=';
    }
  }
  *out = '\0';
  return text;
}

static void *
set_invalid(void)
{
  errno = EINVAL;
  return NULL;
}

uint8_t *
pb_text_parse_base64(const char *text, size_t text_size, bool url, size_t *size_out)
{
  const char *digits = url ? alphabet_url : alphabet;
  uint32_t    word   = 0;
  unsigned    bits   = 0;
  size_t      size   = 0;

  if (!url)
  {
    if (text_size % 4 != 0)
      return set_invalid();
    for (int i = 0; i < 2 && text_size > 0 && text[text_size - 1] == '='; i++)
      text_size--;
  }
  if (text_size % 4 == 1)
    return set_invalid();

  uint8_t *bytes = malloc(text_size * 3 / 4 + 1);
  if (bytes == NULL)
    return NULL;
  for (size_t i = 0; i < text_size; i++)
  {
    const char *at = text[i] != '\0' ? strchr(digits, text[i]) : NULL;

    if (at == NULL)
      goto bad;
    word = word << 6 | (uint32_t)(at - digits);
    bits += 6;
    if (bits >= 8)
    {
      bits -= 8;
      bytes[size++] = (uint8_t)(word >> bits);
    }
  }
  // Bits that belong to no byte must be zero: else two texts would mean the same bytes.
  if ((word & ((1u << bits) - 1)) != 0)
    goto bad;
  *size_out = size;
  return bytes;

bad:
  free(bytes);
  return set_invalid();
}

void
pb_text_make_uuid(char dst[PB_UUID_SIZE])
{
  uint8_t b[16];

  pb_random_bytes(b, sizeof(b));
  b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
  b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
  snprintf(dst, PB_UUID_SIZE,
           "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
           b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
           b[15]);
}

bool
pb_text_is_uuid(const char *text)
{
  static const char form[] = "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

  if (text == NULL || strlen(text) != sizeof(form) - 1)
    return false;
  for (size_t i = 0; i < sizeof(form) - 1; i++)
    if (form[i] == 'x' ? hex_value(text[i]) < 0 : text[i] != form[i])
      return false;
  return true;
}
