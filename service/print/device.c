// device - what a proxy reported of its output device, and how an update changes it. Indices are
// 1-based.  Updates are applied in the order in which they come, each to the result of the one
// before.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/device.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ipp/attributes.h"

static const ipp_tag_t GROUP = IPP_TAG_PRINTER;

static bool
parse_index(const char *text, size_t size, int *index_out)
{
  char    digits[8];
  int64_t value;

  if (size == 0 || size >= sizeof(digits))
    return false;
  memcpy(digits, text, size);
  digits[size] = '\0';
  if (!pb_text_parse_int(digits, 1, PB_DEVICE_VALUES_MAX, &value))
    return false;
  *index_out = (int)value;
  return true;
}

bool
pb_sparse_parse(const char *text, char name_out[128], int *first_out, int *last_out)
{
  const char *dot   = strrchr(text, '.');
  const char *range = dot ? dot + 1 : NULL;
  size_t      size  = dot ? (size_t)(dot - text) : strlen(text);
  size_t      digits;

  *first_out = *last_out = 0;
  if (size == 0 || size >= 128)
    return false;
  memcpy(name_out, text, size);
  name_out[size] = '\0';
  if (!dot)
    return true;
  digits = strspn(range, "0123456789");
  if (!parse_index(range, digits, first_out))
    return false;
  *last_out = *first_out;
  if (range[digits] == '-')
    return parse_index(range + digits + 1, strlen(range + digits + 1), last_out) &&
           *last_out >= *first_out;
  return range[digits] == '\0';
}

bool
pb_device_add_value(ipp_t *bag, ipp_attribute_t **to, const char *name, ipp_attribute_t *from,
                    int index)
{
  ipp_tag_t syntax = ippGetValueTag(from);
  int       next   = *to ? ippGetCount(*to) : 0;
  int       a = 0, b = 0;
  ipp_res_t units = IPP_RES_PER_INCH;

  switch (syntax)
  {
    case IPP_TAG_INTEGER:
    case IPP_TAG_ENUM:
      a = ippGetInteger(from, index);
      if (*to)
        return ippSetInteger(bag, to, next, a) != 0;
      *to = ippAddInteger(bag, GROUP, syntax, name, a);
      break;
    case IPP_TAG_BOOLEAN:
      a = ippGetBoolean(from, index);
      if (*to)
        return ippSetBoolean(bag, to, next, a) != 0;
      *to = ippAddBoolean(bag, GROUP, name, (char)a);
      break;
    case IPP_TAG_RANGE:
      a = ippGetRange(from, index, &b);
      if (*to)
        return ippSetRange(bag, to, next, a, b) != 0;
      *to = ippAddRange(bag, GROUP, name, a, b);
      break;
    case IPP_TAG_RESOLUTION:
      a = ippGetResolution(from, index, &b, &units);
      if (*to)
        return ippSetResolution(bag, to, next, units, a, b) != 0;
      *to = ippAddResolution(bag, GROUP, name, units, a, b);
      break;
    case IPP_TAG_BEGIN_COLLECTION:
      if (*to)
        return ippSetCollection(bag, to, next, ippGetCollection(from, index)) != 0;
      *to = ippAddCollection(bag, GROUP, name, ippGetCollection(from, index));
      break;
    case IPP_TAG_STRING:
    {
      const void *octets = ippGetOctetString(from, index, &a);

      if (*to)
        return ippSetOctetString(bag, to, next, octets, a) != 0;
      *to = ippAddOctetString(bag, GROUP, name, octets, a);
      break;
    }
    default:
      if (syntax < IPP_TAG_TEXT || syntax > IPP_TAG_MIMETYPE)
        return false;
      if (*to)
        return ippSetString(bag, to, next, ippGetString(from, index, /*language*/ NULL)) != 0;
      *to = ippAddString(bag, GROUP, syntax, name, /*language*/ NULL,
                         ippGetString(from, index, /*language*/ NULL));
  }
  return *to != NULL;
}

static bool
add_values(ipp_t *bag, ipp_attribute_t **to, const char *name, ipp_attribute_t *from, int first,
           int end)
{
  for (int i = first; i < end; i++)
  {
    if (!pb_device_add_value(bag, to, name, from, i))
      return false;
  }
  return true;
}

static void
delete_attribute(ipp_t *known, const char *name)
{
  ipp_attribute_t *old = pb_ipp_find(known, GROUP, name, IPP_TAG_ZERO);

  if (old)
    ippDeleteAttribute(known, old);
}

// Values first..last (1-based) give way to those of the update (none when it deletes).
static bool
splice(ipp_t *known, const char *name, int first, int last, ipp_attribute_t *update, bool is_delete)
{
  bool             ok    = false;
  ipp_t           *bag   = ippNew();
  ipp_attribute_t *old   = pb_ipp_find(known, GROUP, name, IPP_TAG_ZERO);
  ipp_attribute_t *made  = NULL;
  int              count = old ? ippGetCount(old) : 0;
  int              added = is_delete ? 0 : ippGetCount(update);

  // One past the end is an addition.
  if (!bag || first > count + 1 || (is_delete && last > count) ||
      count + added > PB_DEVICE_VALUES_MAX)
    goto done;
  if (old && !is_delete && ippGetValueTag(old) != ippGetValueTag(update))
    goto done;
  if (last > count)
    last = count;
  ok = add_values(bag, &made, name, old, 0, first - 1) &&
       (is_delete || add_values(bag, &made, name, update, 0, added)) &&
       add_values(bag, &made, name, old, last, count);
  if (!ok)
    goto done;
  delete_attribute(known, name);
  ok = !made || pb_attributes_copy_one(made, known, GROUP);

done:
  ippDelete(bag);
  return ok;
}

bool
pb_device_update(ipp_t *known, ipp_attribute_t *update)
{
  char name[128];
  int  first = 0, last = 0;
  bool is_delete = ippGetValueTag(update) == IPP_TAG_DELETEATTR;

  if (!ippGetName(update) || !pb_sparse_parse(ippGetName(update), name, &first, &last))
    return false;
  if (first > 0)
    return splice(known, name, first, last, update, is_delete);
  delete_attribute(known, name);
  return is_delete || pb_attributes_copy_one(update, known, GROUP);
}
