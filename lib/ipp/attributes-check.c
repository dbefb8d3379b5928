// attributes-check - is one value within its rule: syntax, bounds, characters, members?
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "attributes-table.h"
#include "base/text.h"
#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 4     // media-col-database, media-size; finishings-col in overrides
#define MEMBERS_MAX 64  // of one collection
#define OCTETS_MAX 1023

// Tag -> syntax bit, and for strings what they may hold.
enum characters
{
  ANY,        // not a string
  PRINTABLE,  // UTF-8 without control characters
  TOKEN,      // letters, digits and a little punctuation
  MEDIA_TYPE,
  ADDRESS
};

static const struct tag_row
{
  ipp_tag_t       tag;
  unsigned        syntax;
  enum characters characters;
  size_t          max_size;
} tag_rows[] = {
  {IPP_TAG_INTEGER,          PB_SYNTAX_INTEGER,    ANY,        0   },
  {IPP_TAG_BOOLEAN,          PB_SYNTAX_BOOLEAN,    ANY,        0   },
  {IPP_TAG_ENUM,             PB_SYNTAX_ENUM,       ANY,        0   },
  {IPP_TAG_RANGE,            PB_SYNTAX_RANGE,      ANY,        0   },
  {IPP_TAG_RESOLUTION,       PB_SYNTAX_RESOLUTION, ANY,        0   },
  {IPP_TAG_DATE,             PB_SYNTAX_DATE,       ANY,        0   },
  {IPP_TAG_STRING,           PB_SYNTAX_OCTETS,     ANY,        0   },
  {IPP_TAG_BEGIN_COLLECTION, PB_SYNTAX_COLLECTION, ANY,        0   },
  {IPP_TAG_NOVALUE,          PB_SYNTAX_VALUELESS,  ANY,        0   },
  {IPP_TAG_UNKNOWN,          PB_SYNTAX_VALUELESS,  ANY,        0   },
  {IPP_TAG_DELETEATTR,       PB_SYNTAX_DELETE,     ANY,        0   },
  {IPP_TAG_KEYWORD,          PB_SYNTAX_KEYWORD,    TOKEN,      255 },
  {IPP_TAG_NAME,             PB_SYNTAX_NAME,       PRINTABLE,  255 },
  {IPP_TAG_NAMELANG,         PB_SYNTAX_NAME,       PRINTABLE,  255 },
  {IPP_TAG_TEXT,             PB_SYNTAX_TEXT,       PRINTABLE,  1023},
  {IPP_TAG_TEXTLANG,         PB_SYNTAX_TEXT,       PRINTABLE,  1023},
  {IPP_TAG_URI,              PB_SYNTAX_URI,        ADDRESS,    1023},
  {IPP_TAG_MIMETYPE,         PB_SYNTAX_MIME,       MEDIA_TYPE, 255 },
  {IPP_TAG_CHARSET,          PB_SYNTAX_CHARSET,    TOKEN,      63  },
  {IPP_TAG_LANGUAGE,         PB_SYNTAX_LANGUAGE,   TOKEN,      63  },
};

// Addresses are shown as links: nothing that runs.
static const char *const schemes[] = {"http://", "https://", "ipp://", "ipps://", "urn:", "geo:"};

static bool check_value(ipp_attribute_t *attribute, int element,
                        const struct pb_attribute_rule *rule, int depth, const char **why_out);

static bool
refuse(const char **why_out, const char *why)
{
  *why_out = why;
  return false;
}

static const struct tag_row *
find_tag(ipp_tag_t tag)
{
  for (size_t i = 0; i < sizeof(tag_rows) / sizeof(tag_rows[0]); i++)
  {
    if (tag_rows[i].tag == tag)
      return &tag_rows[i];
  }
  return NULL;
}

static bool
is_of(const char *text, const char *punctuation)
{
  for (; *text != '\0'; text++)
  {
    if (!isalnum((unsigned char)*text) && strchr(punctuation, *text) == NULL)
      return false;
  }
  return true;
}

static bool
is_address(const char *text)
{
  for (const char *at = text; *at != '\0'; at++)
  {
    if (*at <= ' ' || *at >= 0x7f || strchr("\"<>\\^`{|}", *at) != NULL)
      return false;
  }
  for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
  {
    if (pb_text_has_prefix(text, schemes[i]))
      return true;
  }
  return false;
}

static bool
check_string(const char *text, const struct tag_row *row, const char **why_out)
{
  if (text == NULL || strlen(text) > row->max_size)
    return refuse(why_out, "too long");
  switch (row->characters)
  {
    case TOKEN:
      return (text[0] != '\0' && is_of(text, "._+:,-")) || refuse(why_out, "not a keyword");
    case MEDIA_TYPE:
      return (strchr(text, '/') != NULL && is_of(text, "!#$&^_.+-/;= ")) ||
             refuse(why_out, "not a media type");
    case ADDRESS:
      return is_address(text) || refuse(why_out, "not an address that may be shown");
    default:
      return pb_text_is_printable(text) ||
             refuse(why_out, "has control characters or is not UTF-8");
  }
}

static bool
check_number(int value, const struct pb_attribute_rule *rule, const char **why_out)
{
  return (value >= rule->min && value <= rule->max) || refuse(why_out, "out of range");
}

static bool
check_range(ipp_attribute_t *attribute, int element, const struct pb_attribute_rule *rule,
            const char **why_out)
{
  int upper = 0;
  int lower = ippGetRange(attribute, element, &upper);

  return (lower <= upper || refuse(why_out, "upside down")) && check_number(lower, rule, why_out) &&
         check_number(upper, rule, why_out);
}

static bool
check_resolution(ipp_attribute_t *attribute, int element, const char **why_out)
{
  int       y = 0;
  ipp_res_t units;
  int       x = ippGetResolution(attribute, element, &y, &units);

  return (x > 0 && y > 0 && x <= 100000 && y <= 100000 &&
          (units == IPP_RES_PER_INCH || units == IPP_RES_PER_CM)) ||
         refuse(why_out, "not a resolution");
}

static bool
check_member(ipp_attribute_t *member, int depth, const char **why_out)
{
  struct pb_attribute_rule rule;

  if (ippGetName(member) == NULL || !pb_attribute_find_member_rule(ippGetName(member), &rule))
    return refuse(why_out, "has a member that is not known");
  if (ippGetCount(member) < 1 || ippGetCount(member) > rule.max_count)
    return refuse(why_out, "has a member with too many values");
  for (int i = 0; i < ippGetCount(member); i++)
  {
    if (!check_value(member, i, &rule, depth + 1, why_out))
      return false;
  }
  return true;
}

// No name twice: readers differ in which one counts.
static bool
is_new_name(const char *names[], int count, const char *name)
{
  for (int i = 0; i < count; i++)
  {
    if (strcmp(names[i], name) == 0)
      return false;
  }
  return true;
}

static bool
check_collection(ipp_t *collection, int depth, const char **why_out)
{
  const char *names[MEMBERS_MAX];
  int         count = 0;

  if (collection == NULL || depth >= DEPTH_MAX)
    return refuse(why_out, "nested too deep");
  for (ipp_attribute_t *member = ippFirstAttribute(collection); member != NULL;
       member                  = ippNextAttribute(collection))
  {
    if (count >= MEMBERS_MAX)
      return refuse(why_out, "has too many members");
    if (!check_member(member, depth, why_out))
      return false;
    if (!is_new_name(names, count, ippGetName(member)))
      return refuse(why_out, "has a member twice");
    names[count++] = ippGetName(member);
  }
  return true;
}

static bool
check_octets(ipp_attribute_t *attribute, int element, const char **why_out)
{
  int         size  = 0;
  const char *bytes = ippGetOctetString(attribute, element, &size);

  if (size < 0 || size > OCTETS_MAX)
    return refuse(why_out, "too long");
  // PWG 5100.9 s5: "name=value;" in US-ASCII.
  for (int i = 0; bytes != NULL && i < size; i++)
  {
    if (bytes[i] < ' ' || bytes[i] > '~')
      return refuse(why_out, "has control characters");
  }
  return true;
}

static bool
check_value(ipp_attribute_t *attribute, int element, const struct pb_attribute_rule *rule,
            int depth, const char **why_out)
{
  const struct tag_row *row = find_tag(ippGetValueTag(attribute));

  if (row == NULL || (rule->syntaxes & row->syntax) == 0)
    return refuse(why_out, "wrong syntax");
  switch (row->tag)
  {
    case IPP_TAG_INTEGER:
    case IPP_TAG_ENUM:
      return check_number(ippGetInteger(attribute, element), rule, why_out);
    case IPP_TAG_RANGE:
      return check_range(attribute, element, rule, why_out);
    case IPP_TAG_RESOLUTION:
      return check_resolution(attribute, element, why_out);
    case IPP_TAG_STRING:
      return check_octets(attribute, element, why_out);
    case IPP_TAG_BEGIN_COLLECTION:
      return check_collection(ippGetCollection(attribute, element), depth, why_out);
    default:
      return row->characters == ANY ||
             check_string(ippGetString(attribute, element, NULL), row, why_out);
  }
}

bool
pb_attribute_check_value(ipp_attribute_t *attribute, int element,
                         const struct pb_attribute_rule *rule, const char **why_out)
{
  return check_value(attribute, element, rule, 0, why_out);
}
