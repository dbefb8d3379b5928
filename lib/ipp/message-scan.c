// message-scan - where the attributes of an IPP message end in a stream of bytes.
// Bytes in, decision out: no allocation, no recursion, and any split of the input gives the same
// answer.  Stricter than ippReadIO where that would leak, lose values or end a message elsewhere
// than other readers do; never laxer.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "message.h"
#include <string.h>

#define NAME_MAX_BYTES 255     // keyword, RFC 8011 s5.1.4
#define VALUE_MAX_BYTES 32767  // ippReadIO's buffer
#define HEADER_BYTES 8

// Names of the words in pb_ipp_scan_t.
enum word
{
  PHASE,
  LEFT,        // bytes that the phase still wants
  NUMBER,      // length that is being read
  TOTAL,       // bytes so far
  ATTRIBUTES,  // groups count too: ippReadIO allocates for them
  DEPTH,
  TAG,        // of the value that is being read
  GROUP,      // 0: none yet
  CURRENT,    // bit n: depth n has an attribute that values can be added to
  WAITING,    // bit n: depth n has a member name without a value
  LAST_TAGS,  // tag of the attribute at each depth, one byte each ...
  LAST_TAGS_END
};

_Static_assert(PB_IPP_DEPTH_MAX <= 8, "LAST_TAGS has one byte per depth");
_Static_assert(LAST_TAGS_END < sizeof(((pb_ipp_scan_t *)NULL)->state) / sizeof(uint32_t), "fits");

enum phase
{
  IN_HEADER,
  IN_TAG,
  IN_NAME_LENGTH,
  IN_NAME,
  IN_VALUE_LENGTH,
  IN_MEMBER_NAME,
  IN_VALUE,
  AT_END,
  IS_BAD
};

// Syntaxes whose values have one size, or a least one.
static const struct size_rule
{
  uint8_t  tag;
  uint16_t min, max;
} size_rules[] = {
  {IPP_TAG_INTEGER,          4,  4              },
  {IPP_TAG_BOOLEAN,          1,  1              },
  {IPP_TAG_ENUM,             4,  4              },
  {IPP_TAG_DATE,             11, 11             },
  {IPP_TAG_RESOLUTION,       9,  9              },
  {IPP_TAG_RANGE,            8,  8              },
  {IPP_TAG_TEXTLANG,         4,  VALUE_MAX_BYTES},
  {IPP_TAG_NAMELANG,         4,  VALUE_MAX_BYTES},
  {IPP_TAG_BEGIN_COLLECTION, 0,  0              },
  {IPP_TAG_END_COLLECTION,   0,  0              },
  {IPP_TAG_MEMBERNAME,       1,  NAME_MAX_BYTES },
};

void
pb_ipp_scan_init(pb_ipp_scan_t *scan)
{
  memset(scan, 0, sizeof(*scan));
  scan->state[PHASE] = IN_HEADER;
  scan->state[LEFT]  = HEADER_BYTES;
}

static void
enter(pb_ipp_scan_t *scan, enum phase phase, uint32_t left)
{
  scan->state[PHASE]  = phase;
  scan->state[LEFT]   = left;
  scan->state[NUMBER] = 0;
}

static bool
is_out_of_band(uint32_t tag)
{
  return tag >= IPP_TAG_UNSUPPORTED_VALUE && tag < IPP_TAG_INTEGER - 1;
}

static bool
is_plain_string(uint32_t tag)
{
  return tag >= IPP_TAG_TEXT && tag <= IPP_TAG_MIMETYPE;
}

static bool
is_number_or_range(uint32_t tag)
{
  return tag == IPP_TAG_INTEGER || tag == IPP_TAG_RANGE;
}

// May a value of `tag` follow one of `last` in the same 1setOf?  ippReadIO leaks the language of
// each further xxxWithLanguage and drops what came before an out-of-band value, so those stand
// alone.
static bool
may_follow(uint32_t last, uint32_t tag)
{
  if (is_plain_string(last) || is_number_or_range(last))
    return is_plain_string(last) ? is_plain_string(tag) : is_number_or_range(tag);
  return last == tag && !is_out_of_band(tag) && tag != IPP_TAG_TEXTLANG && tag != IPP_TAG_NAMELANG;
}

static uint32_t
get_last_tag(const pb_ipp_scan_t *scan)
{
  return ((const uint8_t *)&scan->state[LAST_TAGS])[scan->state[DEPTH]];
}

static void
set_last_tag(pb_ipp_scan_t *scan, uint32_t tag)
{
  ((uint8_t *)&scan->state[LAST_TAGS])[scan->state[DEPTH]] = (uint8_t)tag;
}

static bool
take_group(pb_ipp_scan_t *scan, uint32_t tag)
{
  if (scan->state[DEPTH] > 0 || tag == IPP_TAG_ZERO)
    return false;
  if (tag == IPP_TAG_END)
  {
    enter(scan, AT_END, 0);
    return true;
  }
  if (tag == IPP_TAG_OPERATION && scan->state[GROUP] != 0)
    return false;
  if (++scan->state[ATTRIBUTES] > PB_IPP_ATTRIBUTES_MAX)
    return false;
  scan->state[GROUP]   = tag;
  scan->state[CURRENT] = 0;
  enter(scan, IN_TAG, 1);
  return true;
}

static bool
take_tag(pb_ipp_scan_t *scan, uint32_t tag)
{
  if (tag < IPP_TAG_UNSUPPORTED_VALUE)
    return take_group(scan, tag);
  // ippReadIO looks for an extension's tag before the name, RFC 8010 s3.5.2 puts it into the value.
  if (tag == IPP_TAG_EXTENSION || scan->state[GROUP] == 0)
    return false;
  scan->state[TAG] = tag;
  enter(scan, IN_NAME_LENGTH, 2);
  return true;
}

static bool
take_new_attribute(pb_ipp_scan_t *scan, uint32_t name_size)
{
  uint32_t tag = scan->state[TAG];

  if (scan->state[DEPTH] > 0 || tag == IPP_TAG_MEMBERNAME || tag == IPP_TAG_END_COLLECTION)
    return false;
  if (name_size > NAME_MAX_BYTES || ++scan->state[ATTRIBUTES] > PB_IPP_ATTRIBUTES_MAX)
    return false;
  scan->state[CURRENT] = 1;
  set_last_tag(scan, tag);
  enter(scan, IN_NAME, name_size);
  return true;
}

// A further value of an attribute, or the first one of a member.
static bool
take_value_of_current(pb_ipp_scan_t *scan)
{
  uint32_t bit = 1u << scan->state[DEPTH];
  uint32_t tag = scan->state[TAG];

  if ((scan->state[CURRENT] & bit) == 0)
    return false;
  if ((scan->state[WAITING] & bit) == 0)
    return may_follow(get_last_tag(scan), tag);
  scan->state[WAITING] &= ~bit;
  set_last_tag(scan, tag);
  return true;
}

static bool
take_name_length(pb_ipp_scan_t *scan, uint32_t size)
{
  uint32_t bit = 1u << scan->state[DEPTH];

  if (size > 0)
    return take_new_attribute(scan, size);
  switch (scan->state[TAG])
  {
    case IPP_TAG_MEMBERNAME:
    case IPP_TAG_END_COLLECTION:
      // ippReadIO would take an empty member, which then cannot be written.
      if (scan->state[DEPTH] == 0 || (scan->state[WAITING] & bit) != 0)
        return false;
      break;
    default:
      if (!take_value_of_current(scan))
        return false;
      break;
  }
  enter(scan, IN_VALUE_LENGTH, 2);
  return true;
}

static bool
is_size_allowed(uint32_t tag, uint32_t size)
{
  for (size_t i = 0; i < sizeof(size_rules) / sizeof(size_rules[0]); i++)
  {
    if (size_rules[i].tag == tag)
      return size >= size_rules[i].min && size <= size_rules[i].max;
  }
  return is_out_of_band(tag) ? size == 0 : size <= VALUE_MAX_BYTES;
}

static bool
begin_collection(pb_ipp_scan_t *scan)
{
  if (++scan->state[DEPTH] >= PB_IPP_DEPTH_MAX)
    return false;
  scan->state[CURRENT] &= ~(1u << scan->state[DEPTH]);
  scan->state[WAITING] &= ~(1u << scan->state[DEPTH]);
  enter(scan, IN_TAG, 1);
  return true;
}

static bool
take_value_length(pb_ipp_scan_t *scan, uint32_t size)
{
  uint32_t tag = scan->state[TAG];

  if (!is_size_allowed(tag, size) || scan->state[TOTAL] + size > PB_IPP_MESSAGE_MAX)
    return false;
  if (tag == IPP_TAG_BEGIN_COLLECTION)
    return begin_collection(scan);
  if (tag == IPP_TAG_END_COLLECTION)
    scan->state[DEPTH]--;
  if (tag == IPP_TAG_MEMBERNAME)
  {
    scan->state[CURRENT] |= 1u << scan->state[DEPTH];
    scan->state[WAITING] |= 1u << scan->state[DEPTH];
    enter(scan, IN_MEMBER_NAME, size);
  }
  else if (size > 0)
    enter(scan, IN_VALUE, size);
  else
    enter(scan, IN_TAG, 1);
  return true;
}

// The phase has all of its bytes.
static bool
end_phase(pb_ipp_scan_t *scan)
{
  uint32_t number = scan->state[NUMBER];

  switch (scan->state[PHASE])
  {
    case IN_TAG:
      return take_tag(scan, number);
    case IN_NAME_LENGTH:
      return take_name_length(scan, number);
    case IN_VALUE_LENGTH:
      return take_value_length(scan, number);
    case IN_NAME:
      enter(scan, IN_VALUE_LENGTH, 2);
      return true;
    default:
      enter(scan, IN_TAG, 1);
      return true;
  }
}

// Bytes that belong to the phase; false when they may not.
static bool
take_bytes(pb_ipp_scan_t *scan, const uint8_t *bytes, uint32_t size)
{
  switch (scan->state[PHASE])
  {
    case IN_NAME:
    case IN_MEMBER_NAME:
      // libcups ends a name there, others do not.
      if (memchr(bytes, '\0', size) != NULL)
        return false;
      break;
    case IN_TAG:
    case IN_NAME_LENGTH:
    case IN_VALUE_LENGTH:
      for (uint32_t i = 0; i < size; i++)
        scan->state[NUMBER] = scan->state[NUMBER] << 8 | bytes[i];
      break;
    default:
      break;
  }
  scan->state[LEFT] -= size;
  scan->state[TOTAL] += size;
  return scan->state[TOTAL] <= PB_IPP_MESSAGE_MAX;
}

enum pb_ipp_scan_got
pb_ipp_scan_feed(pb_ipp_scan_t *scan, const void *data, size_t size, size_t *used_out)
{
  const uint8_t *bytes = data;
  size_t         used  = 0;

  while (used < size && scan->state[PHASE] != AT_END && scan->state[PHASE] != IS_BAD)
  {
    size_t   there = size - used;
    uint32_t piece = there < scan->state[LEFT] ? (uint32_t)there : scan->state[LEFT];

    if (!take_bytes(scan, bytes + used, piece) || (scan->state[LEFT] == 0 && !end_phase(scan)))
      enter(scan, IS_BAD, 0);
    used += piece;
  }
  *used_out = used;
  if (scan->state[PHASE] == IS_BAD)
    return PB_IPP_SCAN_BAD;
  return scan->state[PHASE] == AT_END ? PB_IPP_SCAN_DONE : PB_IPP_SCAN_MORE;
}
