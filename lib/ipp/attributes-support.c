// attributes-support - can the printer do what the job asks?  Looks at xxx-supported; a printer
// that does not say is taken to be able.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "attributes.h"
#include "base/text.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 4
#define SIZE_TOLERANCE 49  // hundredths of millimetres, as CUPS has it

struct check
{
  ipp_t *printer;
  char  *why;
  size_t why_size;
};

static bool is_attribute_supported(const struct check *check, ipp_attribute_t *attribute,
                                   int depth);

static bool PB_PRINTF(2, 3) refuse(const struct check *check, const char *format, ...)
{
  va_list args;
  char    text[512];

  if (check->why == NULL || check->why_size == 0)
    return false;
  va_start(args, format);
  int size = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  pb_text_copy(check->why, check->why_size, size < 0 ? "" : text);
  return false;
}

static ipp_attribute_t *
find_supported(const struct check *check, const char *name)
{
  char supported[300];

  if (!pb_text_format(supported, sizeof(supported), "%s-supported", name))
    return NULL;
  return ippFindAttribute(check->printer, supported, IPP_TAG_ZERO);
}

// An integer among integers (enums) or inside one of the ranges.
static bool
has_number(ipp_attribute_t *supported, int value)
{
  for (int i = 0; i < ippGetCount(supported); i++)
  {
    int upper = 0;

    switch (ippGetValueTag(supported))
    {
      case IPP_TAG_RANGE:
        if (ippGetRange(supported, i, &upper) <= value && value <= upper)
          return true;
        break;
      case IPP_TAG_INTEGER:
      case IPP_TAG_ENUM:
        if (ippGetInteger(supported, i) == value)
          return true;
        break;
      default:
        return true;  // a boolean, or nothing that tells
    }
  }
  return false;
}

static bool
has_text(ipp_attribute_t *supported, const char *text)
{
  for (int i = 0; i < ippGetCount(supported); i++)
  {
    const char *is = ippGetString(supported, i, NULL);

    if (is != NULL && text != NULL && strcmp(is, text) == 0)
      return true;
  }
  return false;
}

static bool
has_resolution(ipp_attribute_t *supported, ipp_attribute_t *attribute, int element)
{
  int       y = 0, is_y = 0;
  ipp_res_t units, is_units;
  int       x = ippGetResolution(attribute, element, &y, &units);

  for (int i = 0; i < ippGetCount(supported); i++)
  {
    int is_x = ippGetResolution(supported, i, &is_y, &is_units);

    if (is_x == x && is_y == y && is_units == units)
      return true;
  }
  return false;
}

// "custom_..." media between the custom_min_... and custom_max_... that are listed (PWG 5101.1 s5).
static bool
is_custom_media(ipp_attribute_t *supported, const char *text)
{
  pwg_media_t  min = {0}, max = {0};
  pwg_media_t *size = pwgMediaForPWG(text);

  if (size == NULL)
    return false;
  int width = size->width, length = size->length;  // the result is the library's scratch memory
  for (int i = 0; i < ippGetCount(supported); i++)
  {
    const char *is = ippGetString(supported, i, NULL);

    if (is == NULL || (strncmp(is, "custom_min_", 11) != 0 && strncmp(is, "custom_max_", 11) != 0))
      continue;
    size = pwgMediaForPWG(is);
    if (size != NULL)
      *(is[8] == 'i' ? &min : &max) = *size;
  }
  return max.width > 0 && width >= min.width && width <= max.width && length >= min.length &&
         length <= max.length;
}

static bool
is_text_supported(const struct check *check, ipp_attribute_t *supported, const char *name,
                  const char *text)
{
  if (ippGetValueTag(supported) == IPP_TAG_BOOLEAN || has_text(supported, text))
    return true;
  if (strcmp(name, "media") == 0 && text != NULL && is_custom_media(supported, text))
    return true;
  return refuse(check, "%s=%s is not supported", name, text != NULL ? text : "");
}

// Does a dimension of media-size-supported or media-col-database (integer or range) hold the value?
static bool
has_dimension(ipp_t *size, const char *name, int value)
{
  ipp_attribute_t *at    = ippFindAttribute(size, name, IPP_TAG_ZERO);
  int              lower = 0;
  int              upper = 0;

  if (at == NULL)
    return false;
  if (ippGetValueTag(at) == IPP_TAG_INTEGER)
    lower = upper = ippGetInteger(at, 0);
  else if (ippGetValueTag(at) == IPP_TAG_RANGE)
    lower = ippGetRange(at, 0, &upper);
  else
    return false;
  // A PPD's sizes are in points: its A5 is 148.17 mm wide.
  return (int64_t)value + SIZE_TOLERANCE >= lower && (int64_t)value - SIZE_TOLERANCE <= upper;
}

static bool
has_size(ipp_t *size, int x, int y)
{
  return size != NULL && has_dimension(size, "x-dimension", x) &&
         has_dimension(size, "y-dimension", y);
}

// True in *known_out when the printer lists sizes at all.
static bool
find_size(const struct check *check, int x, int y, bool *known_out)
{
  ipp_attribute_t *sizes =
    ippFindAttribute(check->printer, "media-size-supported", IPP_TAG_BEGIN_COLLECTION);
  ipp_attribute_t *media =
    ippFindAttribute(check->printer, "media-col-database", IPP_TAG_BEGIN_COLLECTION);

  *known_out = sizes != NULL || media != NULL;
  for (int i = 0; i < ippGetCount(sizes); i++)
  {
    if (has_size(ippGetCollection(sizes, i), x, y))
      return true;
  }
  for (int i = 0; i < ippGetCount(media); i++)
  {
    ipp_attribute_t *size =
      ippFindAttribute(ippGetCollection(media, i), "media-size", IPP_TAG_BEGIN_COLLECTION);

    if (size != NULL && has_size(ippGetCollection(size, 0), x, y))
      return true;
  }
  return false;
}

static bool
is_size_supported(const struct check *check, ipp_t *size)
{
  ipp_attribute_t *x     = ippFindAttribute(size, "x-dimension", IPP_TAG_INTEGER);
  ipp_attribute_t *y     = ippFindAttribute(size, "y-dimension", IPP_TAG_INTEGER);
  bool             known = false;

  if (x == NULL || y == NULL)
    return refuse(check, "media-size has no dimensions");
  if (find_size(check, ippGetInteger(x, 0), ippGetInteger(y, 0), &known) || !known)
    return true;
  return refuse(check, "media-size %dx%d is not supported", ippGetInteger(x, 0),
                ippGetInteger(y, 0));
}

// Members must be listed in xxx-supported of the collection (keywords), and their values in the
// member's own.
static bool
is_collection_supported(const struct check *check, ipp_attribute_t *supported, const char *name,
                        ipp_t *collection, int depth)
{
  bool lists_members = ippGetValueTag(supported) == IPP_TAG_KEYWORD;

  if (collection == NULL || depth >= DEPTH_MAX)
    return refuse(check, "%s is nested too deep", name);
  if (strcmp(name, "media-size") == 0)
    return is_size_supported(check, collection);
  for (ipp_attribute_t *at = ippFirstAttribute(collection); at != NULL;
       at                  = ippNextAttribute(collection))
  {
    if (lists_members && !has_text(supported, ippGetName(at)))
      return refuse(check, "%s: %s is not supported", name, ippGetName(at));
    if (!is_attribute_supported(check, at, depth + 1))
      return false;
  }
  return true;
}

static bool
is_range_supported(const struct check *check, ipp_attribute_t *supported, const char *name)
{
  if (ippGetValueTag(supported) == IPP_TAG_BOOLEAN && !ippGetBoolean(supported, 0))
    return refuse(check, "%s is not supported", name);
  return true;
}

// print-darkness-supported tells steps, not values (PWG 5100.11).
static bool
is_step_count(const char *name)
{
  return strcmp(name, "print-darkness") == 0 || strcmp(name, "job-priority") == 0;
}

static bool
is_value_supported(const struct check *check, ipp_attribute_t *supported,
                   ipp_attribute_t *attribute, int element, int depth)
{
  const char *name  = ippGetName(attribute);
  int         value = 0;

  switch (ippGetValueTag(attribute))
  {
    case IPP_TAG_INTEGER:
    case IPP_TAG_ENUM:
      value = ippGetInteger(attribute, element);
      return is_step_count(name) || has_number(supported, value) ||
             refuse(check, "%s=%d is not supported", name, value);
    case IPP_TAG_RANGE:
      return is_range_supported(check, supported, name);
    case IPP_TAG_RESOLUTION:
      return has_resolution(supported, attribute, element) ||
             refuse(check, "that %s is not supported", name);
    case IPP_TAG_BEGIN_COLLECTION:
      return is_collection_supported(check, supported, name, ippGetCollection(attribute, element),
                                     depth);
    case IPP_TAG_BOOLEAN:
      return true;
    default:
      return is_text_supported(check, supported, name, ippGetString(attribute, element, NULL));
  }
}

static bool
is_attribute_supported(const struct check *check, ipp_attribute_t *attribute, int depth)
{
  const char      *name      = ippGetName(attribute);
  ipp_attribute_t *supported = name != NULL ? find_supported(check, name) : NULL;

  // It could be called like anything that is done with a job.
  if (supported == NULL && name != NULL && pb_attributes_is_vendor(name))
    return refuse(check, "%s is not supported", name);
  // media-size says what it supports in two ways, neither of which has to be there.
  if (supported == NULL && (name == NULL || strcmp(name, "media-size") != 0))
    return true;
  if (ippGetValueTag(supported) == IPP_TAG_BOOLEAN && !ippGetBoolean(supported, 0))
    return refuse(check, "%s is not supported", name);
  for (int i = 0; i < ippGetCount(attribute); i++)
  {
    if (!is_value_supported(check, supported, attribute, i, depth))
      return false;
  }
  return true;
}

bool
pb_attributes_is_supported(ipp_t *printer, ipp_attribute_t *attribute, char *why, size_t why_size)
{
  struct check check = {printer, why, why_size};

  if (why != NULL && why_size > 0)
    why[0] = '\0';
  return is_attribute_supported(&check, attribute, 0);
}
