// reasons - xxx-state-reasons as one comma-separated text.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/reasons.h"

#include <string.h>

#include "base/text.h"

enum
{
  VALUES_MAX = 32  // reasons of one object
};

// Where the keyword stands in the list; NULL: nowhere.
static const char *
find_keyword(const char *reasons, const char *keyword)
{
  size_t size = strlen(keyword);

  for (const char *at = reasons; *at;)
  {
    size_t length = strcspn(at, ",");

    if (length == size && strncmp(at, keyword, size) == 0)
      return at;
    at += length;
    at += *at == ',';
  }
  return NULL;
}

bool
pb_reasons_has(const char *reasons, const char *keyword)
{
  return find_keyword(reasons, keyword) != NULL;
}

bool
pb_reasons_add(char reasons[PB_REASONS_SIZE], const char *keyword)
{
  size_t used = strlen(reasons);
  size_t size = strlen(keyword);

  if (pb_reasons_has(reasons, keyword))
    return true;
  if (used + size + 2 > PB_REASONS_SIZE)
    return false;
  if (used > 0)
    reasons[used++] = ',';
  memcpy(reasons + used, keyword, size + 1);
  return true;
}

void
pb_reasons_remove(char reasons[PB_REASONS_SIZE], const char *keyword)
{
  size_t      offset;
  size_t      size = strlen(keyword);
  const char *at   = find_keyword(reasons, keyword);

  if (!at)
    return;
  offset = (size_t)(at - reasons);
  if (reasons[offset + size] == ',')
    size++;  // with the comma behind it
  else if (offset > 0)
  {
    offset--;  // the last one: with the comma before it
    size++;
  }
  memmove(reasons + offset, reasons + offset + size, strlen(reasons + offset + size) + 1);
}

void
pb_reasons_to_ipp(const char *reasons, ipp_t *message, ipp_tag_t group, const char *name)
{
  char        copy[PB_REASONS_SIZE];
  const char *values[VALUES_MAX];
  int         count = 0;
  char       *rest  = copy;

  pb_text_copy(copy, sizeof(copy), reasons);
  while (*rest && count < VALUES_MAX)
  {
    values[count++] = rest;
    rest += strcspn(rest, ",");
    if (*rest)
      *rest++ = '\0';
  }
  if (count == 0)
    values[count++] = "none";
  ippAddStrings(message, group, IPP_TAG_KEYWORD, name, count, /*language*/ NULL, values);
}

// RFC 8011 s5.1.4: lower-case letters, digits, '-', '.', '_'.
static bool
is_keyword(const char *text)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";

  return *text && strlen(text) < 128 && strspn(text, allowed) == strlen(text);
}

void
pb_reasons_from_ipp(ipp_attribute_t *attribute, char reasons_out[PB_REASONS_SIZE])
{
  int count = attribute ? ippGetCount(attribute) : 0;

  reasons_out[0] = '\0';
  if (!attribute || ippGetValueTag(attribute) != IPP_TAG_KEYWORD)
    return;
  for (int i = 0; i < count && i < VALUES_MAX; i++)
  {
    const char *keyword = ippGetString(attribute, i, /*language*/ NULL);

    if (keyword && is_keyword(keyword) && strcmp(keyword, "none") != 0)
      (void)pb_reasons_add(reasons_out, keyword);
  }
}
