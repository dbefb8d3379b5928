// text - bounded strings and numbers.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include "base/secret.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// The length of the UTF-8 sequence at text, 0 when it is none (RFC 3629: no overlong forms, no
// surrogates).
static size_t
sequence_size(const unsigned char *text, size_t left)
{
  unsigned char first = text[0];
  size_t        size  = first < 0x80                    ? 1
                        : first >= 0xc2 && first < 0xe0 ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;

  if (size == 0 || size > left)
    return 0;
  for (size_t i = 1; i < size; i++)
    if ((text[i] & 0xc0) != 0x80)
      return 0;
  if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ||
      (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f))
    return 0;
  return size;
}

// Control characters: C0, DEL, and C1 (U+0080..U+009F, two bytes).
static bool
is_control(const unsigned char *text, size_t size)
{
  return size == 1 ? text[0] < 0x20 || text[0] == 0x7f
                   : size == 2 && text[0] == 0xc2 && text[1] < 0xa0;
}

// Take the part of a sequence that was cut off at the end.
static void
cut_at_boundary(char *text)
{
  size_t size = strlen(text), back = 0;

  while (back < size && back < 3 && ((unsigned char)text[size - 1 - back] & 0xc0) == 0x80)
    back++;
  if (back < size && ((unsigned char)text[size - 1 - back] & 0x80) != 0 &&
      sequence_size((unsigned char *)text + size - 1 - back, back + 1) != back + 1)
    text[size - 1 - back] = '\0';
}

bool
pb_text_copy(char *dst, size_t dst_size, const char *src)
{
  size_t size = src != NULL ? strlen(src) : 0;

  assert(dst_size > 0);
  if (src == NULL || size < dst_size)
  {
    if (size > 0)
      memmove(dst, src, size);
    dst[size] = '\0';
    return true;
  }
  memmove(dst, src, dst_size - 1);
  dst[dst_size - 1] = '\0';
  cut_at_boundary(dst);
  return false;
}

bool
pb_text_format(char *dst, size_t dst_size, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  int size = vsnprintf(dst, dst_size, format, args);
  va_end(args);
  if (size >= 0 && (size_t)size < dst_size)
    return true;
  if (size < 0)
    dst[0] = '\0';
  cut_at_boundary(dst);
  return false;
}

char *
pb_text_dup(const char *src)
{
  return src != NULL ? strdup(src) : NULL;
}

char *
pb_text_dup_size(const char *src, size_t size)
{
  char *copy = malloc(size + 1);

  if (copy == NULL)
    return NULL;
  if (size > 0)
    memcpy(copy, src, size);
  copy[size] = '\0';
  return copy;
}

bool
pb_text_is_equal(const char *a, const char *b)
{
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int
lower(int c)
{
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool
pb_text_is_equal_nocase(const char *a, const char *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  while (*a != '\0' && lower(*a) == lower(*b))
    a++, b++;
  return lower(*a) == lower(*b);
}

bool
pb_text_has_prefix(const char *text, const char *prefix)
{
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
pb_text_is_utf8(const char *text, size_t size)
{
  for (size_t i = 0, step; i < size; i += step)
  {
    step = sequence_size((const unsigned char *)text + i, size - i);
    if (step == 0 || text[i] == '\0')
      return false;
  }
  return true;
}

bool
pb_text_is_printable(const char *text)
{
  size_t size = strlen(text);

  for (size_t i = 0, step; i < size; i += step)
  {
    step = sequence_size((const unsigned char *)text + i, size - i);
    if (step == 0 || is_control((const unsigned char *)text + i, step))
      return false;
  }
  return true;
}

char *
pb_text_trim(char *text)
{
  static const char blanks[] = " \t\r\n";

  text += strspn(text, blanks);
  size_t size = strlen(text);
  while (size > 0 && strchr(blanks, text[size - 1]) != NULL)
    size--;
  text[size] = '\0';
  return text;
}

void
pb_text_escape(char *dst, size_t dst_size, const char *src, size_t src_size)
{
  size_t used = 0;

  for (size_t i = 0, step; i < src_size; i += step)
  {
    const unsigned char *at = (const unsigned char *)src + i;

    step = sequence_size(at, src_size - i);
    if (step > 0 && !is_control(at, step))
    {
      if (used + step >= dst_size)
        break;
      memcpy(dst + used, at, step);
      used += step;
      continue;
    }
    step = 1;
    if (used + 4 >= dst_size)
      break;
    snprintf(dst + used, 5, "\\x%02x", *at);
    used += 4;
  }
  dst[used] = '\0';
}

bool
pb_text_parse_int(const char *text, int64_t min, int64_t max, int64_t *value_out)
{
  char *end = NULL;

  if (text == NULL || (*text != '-' && (*text < '0' || *text > '9')))
    return false;
  errno           = 0;
  long long value = strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
    return false;
  *value_out = value;
  return true;
}

// A number and one of the units, which multiply it; bare is taken as `bare`.
static bool
parse_scaled(const char *text, const char *units, const int64_t *factors, int64_t bare,
             int64_t *value_out)
{
  char    digits[24];
  int64_t factor = bare, value;
  size_t  size   = text != NULL ? strlen(text) : 0;

  if (size == 0 || size >= sizeof(digits))
    return false;
  memcpy(digits, text, size + 1);
  const char *unit = strchr(units, digits[size - 1]);
  if (unit != NULL)
  {
    factor           = factors[unit - units];
    digits[size - 1] = '\0';
  }
  if (!pb_text_parse_int(digits, 0, INT64_MAX / factor, &value))
    return false;
  *value_out = value * factor;
  return true;
}

bool
pb_text_parse_duration_ms(const char *text, int64_t *ms_out)
{
  static const int64_t factors[] = {1000, 60 * 1000, 3600 * 1000, 24 * 3600 * 1000LL};

  return parse_scaled(text, "smhd", factors, 1000, ms_out);
}

bool
pb_text_parse_size_bytes(const char *text, int64_t *bytes_out)
{
  static const int64_t factors[] = {1LL << 10, 1LL << 20, 1LL << 30};

  return parse_scaled(text, "KMG", factors, 1, bytes_out);
}
