// choice-value - IPP values that a choice can stand for, and the line of text that maps a choice
// back.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "choice.h"

#include "base/text.h"
#include <ctype.h>
#include <limits.h>
#include <string.h>

#define WORDS_MAX 8  // the longest value
#define DEFAULT_WORD "default"

static const struct kind
{
  const char *word;
  ipp_tag_t   tag;
  int         words;  // that follow
} kinds[] = {
  {"keyword",    IPP_TAG_KEYWORD,          1},
  {"name",       IPP_TAG_NAME,             1},
  {"enum",       IPP_TAG_ENUM,             1},
  {"integer",    IPP_TAG_INTEGER,          1},
  {"resolution", IPP_TAG_RESOLUTION,       3},
  {"size",       IPP_TAG_BEGIN_COLLECTION, 7},
};

static bool
copy_text(ipp_attribute_t *attribute, int element, struct pb_choice_value *value)
{
  const char *text = ippGetString(attribute, element, /*language*/ NULL);

  return text != NULL && text[0] != '\0' && pb_text_is_printable(text) &&
         pb_text_copy(value->text, sizeof(value->text), text);
}

bool
pb_choice_value_get(ipp_attribute_t *attribute, int element, struct pb_choice_value *value_out)
{
  ipp_tag_t tag = ippGetValueTag(attribute);

  *value_out = (struct pb_choice_value){.tag = tag == IPP_TAG_NAMELANG ? IPP_TAG_NAME : tag};
  switch (value_out->tag)
  {
    case IPP_TAG_KEYWORD:
    case IPP_TAG_NAME:
      return copy_text(attribute, element, value_out);
    case IPP_TAG_ENUM:
    case IPP_TAG_INTEGER:
      value_out->number = ippGetInteger(attribute, element);
      return true;
    case IPP_TAG_RESOLUTION:
      value_out->x = ippGetResolution(attribute, element, &value_out->y, &value_out->units);
      return value_out->x > 0 && value_out->y > 0;
    default:
      return false;
  }
}

bool
pb_choice_value_is_equal(const struct pb_choice_value *a, const struct pb_choice_value *b)
{
  return a->tag == b->tag && strcmp(a->text, b->text) == 0 && a->number == b->number &&
         a->x == b->x && a->y == b->y && a->units == b->units &&
         a->margins.bottom == b->margins.bottom && a->margins.left == b->margins.left &&
         a->margins.right == b->margins.right && a->margins.top == b->margins.top;
}

static bool
add_size(const struct pb_choice_value *value, ipp_t *to, ipp_tag_t group)
{
  ipp_t *size = ippNew();
  bool   ok   = size != NULL;

  ok = ok && ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "x-dimension", value->x) != NULL &&
       ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "y-dimension", value->y) != NULL &&
       ippAddCollection(to, group, "media-size", size) != NULL;
  ippDelete(size);
  return ok &&
         ippAddInteger(to, group, IPP_TAG_INTEGER, "media-bottom-margin", value->margins.bottom) !=
           NULL &&
         ippAddInteger(to, group, IPP_TAG_INTEGER, "media-left-margin", value->margins.left) !=
           NULL &&
         ippAddInteger(to, group, IPP_TAG_INTEGER, "media-right-margin", value->margins.right) !=
           NULL &&
         ippAddInteger(to, group, IPP_TAG_INTEGER, "media-top-margin", value->margins.top) != NULL;
}

bool
pb_choice_value_add(const struct pb_choice_value *value, const char *attribute, ipp_t *to,
                    ipp_tag_t group)
{
  switch (value->tag)
  {
    case IPP_TAG_BEGIN_COLLECTION:
      return add_size(value, to, group);
    case IPP_TAG_RESOLUTION:
      return ippAddResolution(to, group, attribute, value->units, value->x, value->y) != NULL;
    case IPP_TAG_ENUM:
    case IPP_TAG_INTEGER:
      return ippAddInteger(to, group, value->tag, attribute, value->number) != NULL;
    default:
      return ippAddString(to, group, value->tag, attribute, /*language*/ NULL, value->text) != NULL;
  }
}

// --- the map

// A word: what is not plain goes as %XX, the empty text as "%".
static bool
format_word(const char *text, char *word, size_t size)
{
  size_t used = 0;

  if (text[0] == '\0')
    return pb_text_copy(word, size, "%");
  for (; *text != '\0'; text++)
  {
    bool is_plain = isalnum((unsigned char)*text) || strchr("._+,:-", *text) != NULL;

    if (used + 4 > size)
      return false;
    if (is_plain)
      word[used++] = *text;
    else
    {
      pb_text_format(word + used, size - used, "%%%02X", (unsigned char)*text);
      used += 3;
    }
  }
  word[used] = '\0';
  return true;
}

// Only what format_word makes.
static bool
parse_word(const char *word, char *text, size_t size)
{
  char   again[PB_CHOICE_MAP_SIZE];
  size_t used = 0;

  if (strcmp(word, "%") == 0)
    word = "";
  const char *at = word;
  for (; *at != '\0' && used + 1 < size; at++)
  {
    uint8_t byte   = (uint8_t)*at;
    char    hex[3] = {0};

    if (*at == '%')
    {
      memcpy(hex, at + 1, strnlen(at + 1, 2));
      if (!pb_text_parse_hex(hex, &byte, 1))
        return false;
      at += 2;
    }
    text[used++] = (char)byte;
  }
  text[used] = '\0';
  return *at == '\0' && (used == 0 || pb_text_is_printable(text)) &&
         format_word(text, again, sizeof(again)) && (used == 0 || strcmp(again, word) == 0);
}

static const struct kind *
find_kind(ipp_tag_t tag)
{
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
  {
    if (kinds[i].tag == tag)
      return &kinds[i];
  }
  return NULL;
}

bool
pb_choice_map_format(const struct pb_choice_value *value, bool is_printers_default,
                     char map_out[PB_CHOICE_MAP_SIZE])
{
  const struct kind *kind                     = find_kind(value->tag);
  const char        *end                      = is_printers_default ? " " DEFAULT_WORD : "";
  char               word[PB_CHOICE_MAP_SIZE] = "";

  if (kind == NULL || !format_word(value->text, word, sizeof(word)))
    return false;
  switch (value->tag)
  {
    case IPP_TAG_ENUM:
    case IPP_TAG_INTEGER:
      return pb_text_format(map_out, PB_CHOICE_MAP_SIZE, "%s %d%s", kind->word, value->number, end);
    case IPP_TAG_RESOLUTION:
      return pb_text_format(map_out, PB_CHOICE_MAP_SIZE, "%s %d %d %s%s", kind->word, value->x,
                            value->y, value->units == IPP_RES_PER_CM ? "dpcm" : "dpi", end);
    case IPP_TAG_BEGIN_COLLECTION:
      return pb_text_format(map_out, PB_CHOICE_MAP_SIZE, "%s %s %d %d %d %d %d %d%s", kind->word,
                            word, value->x, value->y, value->margins.bottom, value->margins.left,
                            value->margins.right, value->margins.top, end);
    default:
      return pb_text_format(map_out, PB_CHOICE_MAP_SIZE, "%s %s%s", kind->word, word, end);
  }
}

static int
split(char *text, char *words[WORDS_MAX])
{
  int count = 0;

  for (char *word = text; word != NULL; count++)
  {
    char *end = strchr(word, ' ');

    if (count >= WORDS_MAX || *word == '\0' || *word == ' ')
      return 0;
    words[count] = word;
    if (end != NULL)
      *end++ = '\0';
    word = end;
  }
  return count;
}

static bool
parse_number(const char *word, int min, int *out)
{
  int64_t number = 0;
  bool    ok     = pb_text_parse_int(word, min, INT_MAX, &number);

  *out = (int)number;
  return ok;
}

static bool
parse_value(char *const words[], struct pb_choice_value *value)
{
  switch (value->tag)
  {
    case IPP_TAG_ENUM:
    case IPP_TAG_INTEGER:
      return parse_number(words[0], INT_MIN, &value->number);
    case IPP_TAG_RESOLUTION:
      value->units = strcmp(words[2], "dpcm") == 0 ? IPP_RES_PER_CM : IPP_RES_PER_INCH;
      return parse_number(words[0], 1, &value->x) && parse_number(words[1], 1, &value->y) &&
             (value->units == IPP_RES_PER_CM || strcmp(words[2], "dpi") == 0);
    case IPP_TAG_BEGIN_COLLECTION:
      return parse_word(words[0], value->text, sizeof(value->text)) &&
             parse_number(words[1], 1, &value->x) && parse_number(words[2], 1, &value->y) &&
             parse_number(words[3], 0, &value->margins.bottom) &&
             parse_number(words[4], 0, &value->margins.left) &&
             parse_number(words[5], 0, &value->margins.right) &&
             parse_number(words[6], 0, &value->margins.top);
    default:
      return parse_word(words[0], value->text, sizeof(value->text)) && value->text[0] != '\0';
  }
}

bool
pb_choice_map_parse(const char *map, struct pb_choice_value *value_out,
                    bool *is_printers_default_out)
{
  char  text[PB_CHOICE_MAP_SIZE];
  char *words[WORDS_MAX];
  int   count = 0;

  *value_out               = (struct pb_choice_value){0};
  *is_printers_default_out = false;
  if (map == NULL || !pb_text_copy(text, sizeof(text), map))
    return false;
  char *end = strrchr(text, ' ');
  if (end != NULL && strcmp(end + 1, DEFAULT_WORD) == 0 && strchr(text, ' ') != end)
  {
    *is_printers_default_out = true;
    *end                     = '\0';
  }
  for (int i = 0; i < WORDS_MAX; i++)
    words[i] = text + strlen(text);  // empty
  count = split(text, words);
  if (count < 2)
    return false;
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
  {
    if (strcmp(kinds[i].word, words[0]) != 0 || count != kinds[i].words + 1)
      continue;
    value_out->tag = kinds[i].tag;
    return parse_value(words + 1, value_out);
  }
  return false;
}
