// attributes - copies attributes from one message to another, by the tables or as they are.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "attributes.h"
#include "attributes-table.h"
#include <stdint.h>
#include <string.h>

#define COPY_DEPTH_MAX PB_IPP_DEPTH_MAX

struct copy
{
  enum pb_attribute_set  set;
  ipp_t                 *to;
  ipp_tag_t              to_group;
  pb_attribute_refused_t refused;
  void                  *user;
  uint8_t                seen[PB_ATTRIBUTE_SLOTS];
};

static ipp_t *copy_collection(ipp_t *from, int depth);

// Text without its language: one language per message is all that we show.
static ipp_tag_t
plain_tag(ipp_tag_t tag)
{
  if (tag == IPP_TAG_TEXTLANG)
    return IPP_TAG_TEXT;
  return tag == IPP_TAG_NAMELANG ? IPP_TAG_NAME : tag;
}

static bool
add_string(ipp_t *to, ipp_tag_t group, ipp_attribute_t *from, int element, ipp_attribute_t **at)
{
  const char *text = ippGetString(from, element, NULL);

  if (text == NULL)
    text = "";
  if (*at != NULL)
    return ippSetString(to, at, ippGetCount(*at), text) != 0;
  *at = ippAddString(to, group, plain_tag(ippGetValueTag(from)), ippGetName(from), NULL, text);
  return *at != NULL;
}

static bool
add_number(ipp_t *to, ipp_tag_t group, ipp_attribute_t *from, int element, ipp_attribute_t **at)
{
  int value = ippGetInteger(from, element);

  if (*at != NULL)
    return ippSetInteger(to, at, ippGetCount(*at), value) != 0;
  *at = ippAddInteger(to, group, ippGetValueTag(from), ippGetName(from), value);
  return *at != NULL;
}

static bool
add_boolean(ipp_t *to, ipp_tag_t group, ipp_attribute_t *from, int element, ipp_attribute_t **at)
{
  char value = ippGetBoolean(from, element) != 0;

  if (*at != NULL)
    return ippSetBoolean(to, at, ippGetCount(*at), value) != 0;
  *at = ippAddBoolean(to, group, ippGetName(from), value);
  return *at != NULL;
}

static bool
add_range(ipp_t *to, ipp_tag_t group, ipp_attribute_t *from, int element, ipp_attribute_t **at)
{
  int upper = 0;
  int lower = ippGetRange(from, element, &upper);

  if (*at != NULL)
    return ippSetRange(to, at, ippGetCount(*at), lower, upper) != 0;
  *at = ippAddRange(to, group, ippGetName(from), lower, upper);
  return *at != NULL;
}

static bool
add_resolution(ipp_t *to, ipp_tag_t group, ipp_attribute_t *from, int element, ipp_attribute_t **at)
{
  int       y = 0;
  ipp_res_t units;
  int       x = ippGetResolution(from, element, &y, &units);

  if (*at != NULL)
    return ippSetResolution(to, at, ippGetCount(*at), units, x, y) != 0;
  *at = ippAddResolution(to, group, ippGetName(from), units, x, y);
  return *at != NULL;
}

static bool
add_date(ipp_t *to, ipp_tag_t group, ipp_attribute_t *from, int element, ipp_attribute_t **at)
{
  const ipp_uchar_t *date = ippGetDate(from, element);

  if (*at != NULL)
    return ippSetDate(to, at, ippGetCount(*at), date) != 0;
  *at = ippAddDate(to, group, ippGetName(from), date);
  return *at != NULL;
}

static bool
add_octets(ipp_t *to, ipp_tag_t group, ipp_attribute_t *from, int element, ipp_attribute_t **at)
{
  int   size  = 0;
  void *bytes = ippGetOctetString(from, element, &size);

  if (*at != NULL)
    return ippSetOctetString(to, at, ippGetCount(*at), bytes, size) != 0;
  *at = ippAddOctetString(to, group, ippGetName(from), bytes, size);
  return *at != NULL;
}

static bool
add_collection(ipp_t *to, ipp_tag_t group, ipp_attribute_t *from, int element, int depth,
               ipp_attribute_t **at)
{
  bool   ok         = false;
  ipp_t *collection = copy_collection(ippGetCollection(from, element), depth + 1);

  if (collection == NULL)
    return false;
  if (*at != NULL)
    ok = ippSetCollection(to, at, ippGetCount(*at), collection) != 0;
  else
  {
    *at = ippAddCollection(to, group, ippGetName(from), collection);
    ok  = *at != NULL;
  }
  ippDelete(collection);  // `to` holds it now
  return ok;
}

// Append one value to *at, which is made with the first.
static bool
add_value(ipp_t *to, ipp_tag_t group, ipp_attribute_t *from, int element, int depth,
          ipp_attribute_t **at)
{
  switch (ippGetValueTag(from))
  {
    case IPP_TAG_INTEGER:
    case IPP_TAG_ENUM:
      return add_number(to, group, from, element, at);
    case IPP_TAG_BOOLEAN:
      return add_boolean(to, group, from, element, at);
    case IPP_TAG_RANGE:
      return add_range(to, group, from, element, at);
    case IPP_TAG_RESOLUTION:
      return add_resolution(to, group, from, element, at);
    case IPP_TAG_DATE:
      return add_date(to, group, from, element, at);
    case IPP_TAG_STRING:
      return add_octets(to, group, from, element, at);
    case IPP_TAG_BEGIN_COLLECTION:
      return add_collection(to, group, from, element, depth, at);
    default:
      return add_string(to, group, from, element, at);
  }
}

static bool
is_out_of_band(ipp_tag_t tag)
{
  return (tag >= IPP_TAG_UNSUPPORTED_VALUE && tag <= IPP_TAG_NOVALUE) ||
         (tag >= IPP_TAG_NOTSETTABLE && tag <= IPP_TAG_ADMINDEFINE);
}

// Not so: libcups holds the values as bytes that it neither gives out nor lets be made.
static bool
is_known_syntax(ipp_tag_t tag)
{
  return (tag >= IPP_TAG_INTEGER && tag <= IPP_TAG_ENUM) ||
         (tag >= IPP_TAG_STRING && tag <= IPP_TAG_NAMELANG) ||
         (tag >= IPP_TAG_TEXT && tag <= IPP_TAG_MIMETYPE);
}

static bool
copy_attribute(ipp_attribute_t *from, ipp_t *to, ipp_tag_t group, int depth)
{
  ipp_attribute_t *at  = NULL;
  ipp_tag_t        tag = ippGetValueTag(from);

  if (!is_out_of_band(tag) && !is_known_syntax(tag))
    return true;
  if (is_out_of_band(tag))
    return ippAddOutOfBand(to, group, tag, ippGetName(from)) != NULL;
  for (int i = 0; i < ippGetCount(from); i++)
  {
    if (!add_value(to, group, from, i, depth, &at))
      return false;
  }
  return true;
}

static ipp_t *
copy_collection(ipp_t *from, int depth)
{
  ipp_t *to = depth < COPY_DEPTH_MAX ? ippNew() : NULL;

  if (to == NULL)
    return NULL;
  for (ipp_attribute_t *at = ippFirstAttribute(from); at != NULL; at = ippNextAttribute(from))
  {
    if (ippGetName(at) == NULL || copy_attribute(at, to, IPP_TAG_ZERO, depth))
      continue;
    ippDelete(to);
    return NULL;
  }
  return to;
}

bool
pb_attributes_copy_one(ipp_attribute_t *attribute, ipp_t *to, ipp_tag_t to_group)
{
  return copy_attribute(attribute, to, to_group, 0);
}

static void
refuse(const struct copy *copy, ipp_attribute_t *attribute, const char *why)
{
  if (copy->refused != NULL)
    copy->refused(copy->user, attribute, why);
}

// Copy the good values.  1: copied, 0: nothing was good, -1: out of memory.
static int
copy_good_values(const struct copy *copy, ipp_attribute_t *from,
                 const struct pb_attribute_rule *rule)
{
  ipp_attribute_t *at  = NULL;
  const char      *why = NULL;
  const char      *bad = NULL;
  int              max = ippGetCount(from);

  if (max > rule->max_count)
  {
    bad = "too many values";
    max = rule->max_count;
  }
  for (int i = 0; i < max; i++)
  {
    if (!pb_attribute_check_value(from, i, rule, &why))
      bad = why;
    else if (!add_value(copy->to, copy->to_group, from, i, 0, &at))
      return -1;
  }
  if (bad != NULL)
    refuse(copy, from, bad);
  return at != NULL ? 1 : 0;
}

// All values or none.
static int
copy_whole(const struct copy *copy, ipp_attribute_t *from, const struct pb_attribute_rule *rule)
{
  const char *why   = NULL;
  int         count = ippGetCount(from);

  if (count > rule->max_count)
    why = "too many values";
  for (int i = 0; why == NULL && i < count; i++)
  {
    if (!pb_attribute_check_value(from, i, rule, &why))
      break;
  }
  if (why != NULL)
  {
    refuse(copy, from, why);
    return 0;
  }
  return copy_attribute(from, copy->to, copy->to_group, 0) ? 1 : -1;
}

// What was refused counts, too, but for vendors' attributes, which have no place in the table.
static bool
is_repeated(struct copy *copy, ipp_attribute_t *from, const struct pb_attribute_rule *rule)
{
  if (rule->is_sparse)
    return false;
  if (rule->slot == PB_ATTRIBUTE_NO_SLOT)
    return pb_ipp_find(copy->to, copy->to_group, ippGetName(from), IPP_TAG_ZERO) != NULL;
  if (copy->seen[rule->slot] != 0)
    return true;
  copy->seen[rule->slot] = 1;
  return false;
}

static int
copy_checked(struct copy *copy, ipp_attribute_t *from)
{
  struct pb_attribute_rule rule;
  const char              *why = NULL;

  if (!pb_attribute_find_rule(copy->set, ippGetName(from), &rule))
  {
    refuse(copy, from, "not an attribute that may cross");
    return 0;
  }
  if (is_repeated(copy, from, &rule))
  {
    refuse(copy, from, "named twice");
    return 0;
  }
  if (is_out_of_band(ippGetValueTag(from)))
  {
    if (pb_attribute_check_value(from, 0, &rule, &why))
      return copy_attribute(from, copy->to, copy->to_group, 0) ? 1 : -1;
    refuse(copy, from, why);
    return 0;
  }
  if (rule.is_whole)
    return copy_whole(copy, from, &rule);
  return copy_good_values(copy, from, &rule);
}

int
pb_attributes_copy(enum pb_attribute_set set, ipp_t *from, ipp_tag_t from_group, ipp_t *to,
                   ipp_tag_t to_group, pb_attribute_refused_t refused, void *user)
{
  struct copy copy = {.set = set, .to = to, .to_group = to_group, .refused = refused, .user = user};
  int         copied = 0;
  bool        inside = false;

  for (ipp_attribute_t *at = ippFirstAttribute(from); at != NULL; at = ippNextAttribute(from))
  {
    bool is_ours = ippGetGroupTag(at) == from_group && ippGetName(at) != NULL;

    if (inside && !is_ours)
      break;  // a message may have the group again: that is another object
    if (!is_ours)
      continue;
    inside  = true;
    int got = copy_checked(&copy, at);
    if (got < 0)
      return -1;
    copied += got;
  }
  return copied;
}
