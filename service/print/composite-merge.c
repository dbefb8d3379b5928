// composite-merge - several output devices as one printer: what it can do.
// A job may go to any of them, so the whole supports what each of them does; what is loaded or
// ready is that of all together, and the rest is the first one's.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/composite.h"

#include <stdlib.h>
#include <string.h>

#include "ipp/attributes.h"
#include "print/device.h"

static const ipp_tag_t GROUP = IPP_TAG_PRINTER;

enum rule
{
  RULE_FIRST,  // the first one's
  RULE_EACH,   // only what each has
  RULE_ALL,    // what any has
  RULE_CHOICE  // the first one's, where each could do it
};

static enum rule
find_rule(const char *name)
{
  static const struct
  {
    const char *end;
    enum rule   rule;
  } rules[] = {
    {"-supported", RULE_EACH  },
    {"-database",  RULE_EACH  },
    {"-ready",     RULE_ALL   },
    {"-default",   RULE_CHOICE},
  };
  size_t size = strlen(name);

  if (strcmp(name, "color-supported") == 0)
    return RULE_EACH;
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
  {
    size_t end = strlen(rules[i].end);

    if (size > end && strcmp(name + size - end, rules[i].end) == 0)
      return rules[i].rule;
  }
  return RULE_FIRST;
}

// The size of a medium, in a collection that is one or has one.
static bool
read_size(ipp_t *col, int *width_out, int *length_out)
{
  ipp_attribute_t *size = ippFindAttribute(col, "media-size", IPP_TAG_BEGIN_COLLECTION);
  ipp_t           *from = size ? ippGetCollection(size, 0) : col;
  ipp_attribute_t *x    = ippFindAttribute(from, "x-dimension", IPP_TAG_INTEGER);
  ipp_attribute_t *y    = ippFindAttribute(from, "y-dimension", IPP_TAG_INTEGER);

  if (!x || !y)
    return false;
  *width_out  = ippGetInteger(x, 0);
  *length_out = ippGetInteger(y, 0);
  return true;
}

// Media are the same when their sizes are; other collections count as the same.
static bool
is_same_collection(ipp_t *a, ipp_t *b)
{
  int width = 0, length = 0, other_width = 0, other_length = 0;

  if (!read_size(a, &width, &length) || !read_size(b, &other_width, &other_length))
    return true;
  return width == other_width && length == other_length;
}

static bool
is_same_value(ipp_attribute_t *a, int i, ipp_attribute_t *b, int k)
{
  int       x = 0, y = 0;
  ipp_res_t a_units = IPP_RES_PER_INCH, b_units = IPP_RES_PER_INCH;

  switch (ippGetValueTag(a))
  {
    case IPP_TAG_INTEGER:
    case IPP_TAG_ENUM:
      return ippGetInteger(a, i) == ippGetInteger(b, k);
    case IPP_TAG_BOOLEAN:
      return ippGetBoolean(a, i) == ippGetBoolean(b, k);
    case IPP_TAG_RANGE:
      return ippGetRange(a, i, &x) == ippGetRange(b, k, &y) && x == y;
    case IPP_TAG_RESOLUTION:
      return ippGetResolution(a, i, &x, &a_units) == ippGetResolution(b, k, &y, &b_units) &&
             x == y && a_units == b_units;
    case IPP_TAG_BEGIN_COLLECTION:
      return is_same_collection(ippGetCollection(a, i), ippGetCollection(b, k));
    default:
    {
      const char *text  = ippGetString(a, i, /*language*/ NULL);
      const char *other = ippGetString(b, k, /*language*/ NULL);

      return text && other && strcmp(text, other) == 0;
    }
  }
}

static bool
has_value(ipp_attribute_t *in, ipp_attribute_t *of, int index)
{
  if (ippGetValueTag(in) != ippGetValueTag(of))
    return false;
  for (int k = 0; k < ippGetCount(in); k++)
  {
    if (is_same_value(of, index, in, k))
      return true;
  }
  return false;
}

struct merge
{
  const struct pb_printer *printer;
  ipp_t                   *whole;
};

static ipp_attribute_t *
find_of(const struct merge *merge, size_t index, const char *name)
{
  return pb_ipp_find(merge->printer->devices[index].attributes, GROUP, name, IPP_TAG_ZERO);
}

static bool
has_reported(const struct pb_device *device)
{
  return ippFirstAttribute(device->attributes) != NULL;
}

// Do all that have reported anything have that attribute (with that value, where index is not -1)?
static bool
each_has(const struct merge *merge, ipp_attribute_t *of, int index)
{
  for (size_t i = 0; i < merge->printer->devices_count; i++)
  {
    ipp_attribute_t *other;

    if (!has_reported(&merge->printer->devices[i]))
      continue;
    other = find_of(merge, i, ippGetName(of));
    if (!other || (index >= 0 && !has_value(other, of, index)))
      return false;
  }
  return true;
}

// The part that all ranges have; with none, the first's.
static bool
merge_range(struct merge *merge, ipp_attribute_t *first)
{
  int upper = 0, lower = ippGetRange(first, 0, &upper);

  for (size_t i = 0; i < merge->printer->devices_count; i++)
  {
    ipp_attribute_t *other = find_of(merge, i, ippGetName(first));
    int              high  = 0, low;

    if (!other || ippGetValueTag(other) != IPP_TAG_RANGE)
      continue;
    low   = ippGetRange(other, 0, &high);
    lower = low > lower ? low : lower;
    upper = high < upper ? high : upper;
  }
  if (lower > upper)
    lower = ippGetRange(first, 0, &upper);
  return ippAddRange(merge->whole, GROUP, ippGetName(first), lower, upper) != NULL;
}

static bool
merge_boolean(struct merge *merge, ipp_attribute_t *first)
{
  bool is_true = true;

  for (size_t i = 0; i < merge->printer->devices_count; i++)
  {
    ipp_attribute_t *other = find_of(merge, i, ippGetName(first));

    if (other && ippGetValueTag(other) == IPP_TAG_BOOLEAN)
      is_true = is_true && ippGetBoolean(other, 0);
  }
  return ippAddBoolean(merge->whole, GROUP, ippGetName(first), (char)is_true) != NULL;
}

static bool
merge_each(struct merge *merge, ipp_attribute_t *first)
{
  ipp_attribute_t *made = NULL;

  if (!each_has(merge, first, /*index*/ -1))
    return true;
  if (ippGetValueTag(first) == IPP_TAG_RANGE && ippGetCount(first) == 1)
    return merge_range(merge, first);
  if (ippGetValueTag(first) == IPP_TAG_BOOLEAN && ippGetCount(first) == 1)
    return merge_boolean(merge, first);
  for (int i = 0; i < ippGetCount(first); i++)
  {
    if (each_has(merge, first, i) &&
        !pb_device_add_value(merge->whole, &made, ippGetName(first), first, i))
      return false;
  }
  // With nothing in common the first one does it, and the other refuses what it cannot.
  return made || pb_attributes_copy_one(first, merge->whole, GROUP);
}

static bool
merge_all(struct merge *merge, ipp_attribute_t *first)
{
  ipp_attribute_t *made = NULL;

  if (!each_has(merge, first, /*index*/ -1))
    return true;
  for (size_t i = 0; i < merge->printer->devices_count; i++)
  {
    ipp_attribute_t *of = find_of(merge, i, ippGetName(first));

    for (int k = 0; of && k < ippGetCount(of); k++)
    {
      bool is_new = !made || (ippGetValueTag(of) == ippGetValueTag(made) &&
                              ippGetCount(made) < PB_DEVICE_VALUES_MAX && !has_value(made, of, k));

      if (is_new && !pb_device_add_value(merge->whole, &made, ippGetName(first), of, k))
        return false;
    }
  }
  return true;
}

// A default that not each of them could do is none.
static bool
merge_choice(struct merge *merge, ipp_attribute_t *first)
{
  char             name[128];
  size_t           size = strlen(ippGetName(first)) - strlen("-default");
  ipp_attribute_t *supported;

  if (!each_has(merge, first, /*index*/ -1))
    return true;
  if (!pb_text_format(name, sizeof(name), "%.*s-supported", (int)size, ippGetName(first)))
    return true;
  supported = pb_ipp_find(merge->whole, GROUP, name, IPP_TAG_ZERO);
  if (supported && ippGetValueTag(supported) == ippGetValueTag(first) &&
      !has_value(supported, first, 0))
    return true;
  return pb_attributes_copy_one(first, merge->whole, GROUP);
}

static bool
merge_one(struct merge *merge, ipp_attribute_t *first, bool is_choice_turn)
{
  const char *name = ippGetName(first);
  enum rule   rule = name ? find_rule(name) : RULE_FIRST;

  if (!name || (rule == RULE_CHOICE) != is_choice_turn ||
      pb_ipp_find(merge->whole, GROUP, name, IPP_TAG_ZERO))
    return true;
  switch (rule)
  {
    case RULE_EACH:
      return merge_each(merge, first);
    case RULE_ALL:
      return merge_all(merge, first);
    case RULE_CHOICE:
      return merge_choice(merge, first);
    default:
      return pb_attributes_copy_one(first, merge->whole, GROUP);
  }
}

// The names are read first: others move the message's own cursor.  Defaults come when it is known
// what there is.
static bool
merge_device(struct merge *merge, const struct pb_device *device, bool is_choice_turn)
{
  bool              ok    = true;
  size_t            count = 0, i = 0;
  ipp_attribute_t **all = NULL;

  for (ipp_attribute_t *at = ippFirstAttribute(device->attributes); at;
       at                  = ippNextAttribute(device->attributes))
    count++;
  all = calloc(count + 1, sizeof(ipp_attribute_t *));
  if (!all)
    return false;
  for (ipp_attribute_t *at = ippFirstAttribute(device->attributes); at;
       at                  = ippNextAttribute(device->attributes))
    all[i++] = at;
  for (i = 0; ok && i < count; i++)
    ok = merge_one(merge, all[i], is_choice_turn);
  free(all);
  return ok;
}

static ipp_t *
merge_devices(const struct pb_printer *printer)
{
  struct merge merge = {.printer = printer, .whole = pb_bag_new()};
  bool         ok    = merge.whole != NULL;

  for (int turn = 0; ok && turn < 2; turn++)
  {
    for (size_t i = 0; ok && i < printer->devices_count; i++)
      ok = merge_device(&merge, &printer->devices[i], /*is_choice_turn*/ turn == 1);
  }
  if (ok)
    return merge.whole;
  ippDelete(merge.whole);
  return NULL;
}

bool
pb_printer_get_reported(struct pb_printer *printer, const struct pb_device *only,
                        ipp_t **reported_out)
{
  if (!only && printer->devices_count == 1)
    only = &printer->devices[0];
  if (!only && printer->devices_count > 1 && !printer->merged)
    printer->merged = merge_devices(printer);
  *reported_out = only ? only->attributes : printer->merged;
  return *reported_out || printer->devices_count == 0;
}
