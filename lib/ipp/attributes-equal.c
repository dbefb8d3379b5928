// attributes-equal - do two attributes hold the same values?  Order counts in a 1setOf, not among
// the members of a collection.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "attributes.h"
#include <string.h>

#define DEPTH_MAX PB_IPP_DEPTH_MAX

static bool is_equal(ipp_attribute_t *a, ipp_attribute_t *b, int depth);

static bool
is_text_equal(const char *a, const char *b)
{
  return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

static bool
is_range_equal(ipp_attribute_t *a, ipp_attribute_t *b, int i)
{
  int a_upper = 0, b_upper = 0;

  return ippGetRange(a, i, &a_upper) == ippGetRange(b, i, &b_upper) && a_upper == b_upper;
}

static bool
is_resolution_equal(ipp_attribute_t *a, ipp_attribute_t *b, int i)
{
  int       a_y = 0, b_y = 0;
  ipp_res_t a_units, b_units;

  return ippGetResolution(a, i, &a_y, &a_units) == ippGetResolution(b, i, &b_y, &b_units) &&
         a_y == b_y && a_units == b_units;
}

static bool
is_octets_equal(ipp_attribute_t *a, ipp_attribute_t *b, int i)
{
  int         a_size = 0, b_size = 0;
  const void *a_bytes = ippGetOctetString(a, i, &a_size);
  const void *b_bytes = ippGetOctetString(b, i, &b_size);

  return a_size == b_size && (a_size == 0 || memcmp(a_bytes, b_bytes, (size_t)a_size) == 0);
}

static int
count_members(ipp_t *collection)
{
  int count = 0;

  for (ipp_attribute_t *at = ippFirstAttribute(collection); at != NULL;
       at                  = ippNextAttribute(collection))
    count++;
  return count;
}

static bool
is_collection_equal(ipp_t *a, ipp_t *b, int depth)
{
  if (a == b)
    return true;
  if (a == NULL || b == NULL || depth >= DEPTH_MAX || count_members(a) != count_members(b))
    return false;
  for (ipp_attribute_t *at = ippFirstAttribute(a); at != NULL; at = ippNextAttribute(a))
  {
    ipp_attribute_t *other = ippFindAttribute(b, ippGetName(at), IPP_TAG_ZERO);

    if (other == NULL || !is_equal(at, other, depth + 1))
      return false;
  }
  return true;
}

static bool
is_value_equal(ipp_attribute_t *a, ipp_attribute_t *b, int i, int depth)
{
  switch (ippGetValueTag(a))
  {
    case IPP_TAG_INTEGER:
    case IPP_TAG_ENUM:
      return ippGetInteger(a, i) == ippGetInteger(b, i);
    case IPP_TAG_BOOLEAN:
      return (ippGetBoolean(a, i) != 0) == (ippGetBoolean(b, i) != 0);
    case IPP_TAG_RANGE:
      return is_range_equal(a, b, i);
    case IPP_TAG_RESOLUTION:
      return is_resolution_equal(a, b, i);
    case IPP_TAG_DATE:
      return memcmp(ippGetDate(a, i), ippGetDate(b, i), 11) == 0;
    case IPP_TAG_STRING:
      return is_octets_equal(a, b, i);
    case IPP_TAG_BEGIN_COLLECTION:
      return is_collection_equal(ippGetCollection(a, i), ippGetCollection(b, i), depth);
    default:
      return is_text_equal(ippGetString(a, i, NULL), ippGetString(b, i, NULL));
  }
}

static bool
is_equal(ipp_attribute_t *a, ipp_attribute_t *b, int depth)
{
  if (ippGetValueTag(a) != ippGetValueTag(b) || ippGetCount(a) != ippGetCount(b))
    return false;
  // Out-of-band values have nothing to compare.
  if (ippGetValueTag(a) < IPP_TAG_INTEGER)
    return true;
  for (int i = 0; i < ippGetCount(a); i++)
  {
    if (!is_value_equal(a, b, i, depth))
      return false;
  }
  return true;
}

bool
pb_attributes_is_equal(ipp_attribute_t *a, ipp_attribute_t *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return is_equal(a, b, 0);
}
