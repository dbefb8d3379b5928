// job-options-media - media as people and programs name them: sizes of PPDs and of the PWG,
// custom sizes, lists of size, tray and type.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "job-options-private.h"

#include "base/text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SIZE_MOST 100000000  // 1/100 mm

static const struct unit_row
{
  const char *unit;
  int64_t     hundredths;  // of a micrometer
} unit_rows[] = {
  {"pt", 35278    },
  {"in", 2540000  },
  {"ft", 30480000 },
  {"mm", 100000   },
  {"cm", 1000000  },
  {"m",  100000000},
};

// "12", "8.5": thousandths; no exponent, no sign.
static const char *
read_thousandths(const char *text, int64_t *thousandths)
{
  int64_t value = 0;
  int     scale = 1000;

  if (!isdigit((unsigned char)*text))
    return NULL;
  for (; isdigit((unsigned char)*text) && value < SIZE_MOST; text++)
    value = value * 10 + (*text - '0');
  value *= 1000;
  if (*text == '.')
  {
    for (text++; isdigit((unsigned char)*text); text++)
    {
      scale /= 10;
      value += scale * (*text - '0');
    }
  }
  *thousandths = value;
  return text;
}

// "10x20cm", points without a unit.
static bool
parse_custom(const char *text, int *x_out, int *y_out)
{
  int64_t     x = 0, y = 0, factor = unit_rows[0].hundredths;
  const char *at = read_thousandths(text, &x);

  if (at == NULL || (*at != 'x' && *at != 'X'))
    return false;
  at = read_thousandths(at + 1, &y);
  if (at == NULL)
    return false;
  if (*at != '\0')
  {
    factor = 0;
    for (size_t i = 0; i < sizeof(unit_rows) / sizeof(unit_rows[0]); i++)
    {
      if (strcasecmp(at, unit_rows[i].unit) == 0)
        factor = unit_rows[i].hundredths;
    }
  }
  if (factor == 0 || x > INT64_MAX / 2 / factor || y > INT64_MAX / 2 / factor)
    return false;
  x = (x * factor + 500000) / 1000000;  // 1/1000 unit * 1/100 um -> 1/100 mm
  y = (y * factor + 500000) / 1000000;
  if (x < 1 || y < 1 || x > SIZE_MOST || y > SIZE_MOST)
    return false;
  *x_out = (int)x;
  *y_out = (int)y;
  return true;
}

bool
pb_wanted_parse_size(const char *text, struct pb_choice_value *value_out)
{
  pwg_media_t *size = NULL;

  *value_out = (struct pb_choice_value){
    .tag = IPP_TAG_BEGIN_COLLECTION, .margins = {-1, -1, -1, -1}
  };
  if (strncasecmp(text, "Custom.", 7) == 0)
    return parse_custom(text + 7, &value_out->x, &value_out->y);
  size = pwgMediaForPWG(text);
  if (size == NULL)
    size = pwgMediaForPPD(text);
  if (size == NULL)
    size = pwgMediaForLegacy(text);
  if (size == NULL || size->width <= 0 || size->length <= 0)
    return false;
  value_out->x = size->width;
  value_out->y = size->length;
  if (size->pwg == NULL || !pb_text_copy(value_out->text, sizeof(value_out->text), size->pwg))
    value_out->text[0] = '\0';
  return true;
}

static bool
is_listed(const struct pb_wanted *wanted, const char *attribute, const char *word)
{
  return wanted->in->printer != NULL &&
         pb_ipp_has_keyword(wanted->in->printer, IPP_TAG_PRINTER, attribute, word);
}

// A tray or a type by its keyword or its choice.
static bool
add_member(struct pb_wanted *wanted, const char *option_name, const char *word)
{
  const struct pb_choice_option *option     = pb_choice_find_option(option_name);
  bool                           is_default = false;
  char                           supported[64];
  struct pb_choice_value         value;

  pb_text_format(supported, sizeof(supported), "%s-supported", option->attribute);
  if (is_listed(wanted, supported, word))
    pb_wanted_make_word(wanted, option->attribute, word, &value);
  else if (!pb_wanted_find_choice(wanted, option, word, &value, &is_default))
    return false;
  pb_wanted_add(wanted, option, &value);
  return true;
}

// Names that cupsd makes of our choices, and those of others.
static bool
is_borderless(const char *word)
{
  return strcasestr(word, "fullbleed") != NULL || strcasestr(word, "borderless") != NULL;
}

static bool
is_same_size(const struct pb_choice_value *a, const struct pb_choice_value *b)
{
  return abs(a->x - b->x) <= PB_CHOICE_SAME_SIZE && abs(a->y - b->y) <= PB_CHOICE_SAME_SIZE;
}

// The same size as our PPD has it: exactly the printer's, and with its margins.
static bool
find_in_ppd(const struct pb_wanted *wanted, const char *word, struct pb_choice_value *size)
{
  size_t      at     = 0;
  const char *choice = NULL;

  while (wanted->ppd != NULL && (choice = pb_ppd_map_next(wanted->ppd, "PageSize", &at)) != NULL)
  {
    struct pb_choice_value value;
    bool                   is_default = false;
    bool                   is_map =
      pb_choice_map_parse(pb_ppd_map_get(wanted->ppd, "PageSize", choice), &value, &is_default) &&
      value.tag == IPP_TAG_BEGIN_COLLECTION;
    int edges = value.margins.bottom + value.margins.left + value.margins.right + value.margins.top;

    if (!is_map || !is_same_size(&value, size) || (is_borderless(word) && edges > 0))
      continue;
    *size = value;
    return true;
  }
  return false;
}

// Or as the printer lists it: inches as 1/100 mm are rounded in more ways than one.
static void
snap_to_printer(const struct pb_wanted *wanted, struct pb_choice_value *size)
{
  ipp_attribute_t *at = NULL;

  if (wanted->in->printer != NULL)
    at = pb_ipp_find(wanted->in->printer, IPP_TAG_PRINTER, "media-size-supported",
                     IPP_TAG_BEGIN_COLLECTION);
  for (int i = 0; at != NULL && i < ippGetCount(at); i++)
  {
    ipp_t                 *is     = ippGetCollection(at, i);
    ipp_attribute_t       *x      = ippFindAttribute(is, "x-dimension", IPP_TAG_INTEGER);
    ipp_attribute_t       *y      = ippFindAttribute(is, "y-dimension", IPP_TAG_INTEGER);
    struct pb_choice_value listed = {.x = x != NULL ? ippGetInteger(x, 0) : 0,
                                     .y = y != NULL ? ippGetInteger(y, 0) : 0};

    if (x == NULL || y == NULL || !is_same_size(&listed, size))
      continue;
    size->x = listed.x;
    size->y = listed.y;
    return;
  }
}

static bool
add_size(struct pb_wanted *wanted, const char *word)
{
  const struct pb_choice_option *option     = pb_choice_find_option("PageSize");
  bool                           is_default = false;
  struct pb_choice_value         value;

  if (!pb_wanted_find_choice(wanted, option, word, &value, &is_default))
    return false;
  if (value.margins.top < 0 && !find_in_ppd(wanted, word, &value))
    snap_to_printer(wanted, &value);
  pb_wanted_add(wanted, option, &value);
  return true;
}

static void
add_one(struct pb_wanted *wanted, const char *word)
{
  if (add_size(wanted, word) || add_member(wanted, "InputSlot", word) ||
      add_member(wanted, "MediaType", word))
    return;
  if (is_listed(wanted, "media-supported", word) || wanted->in->printer == NULL)
    pb_text_copy(wanted->media_name, sizeof(wanted->media_name), word);
  else
    pb_wanted_drop(wanted, "media", word, "not a medium of this printer");
}

void
pb_wanted_add_media(struct pb_wanted *wanted, const char *list)
{
  while (*list != '\0')
  {
    char   word[128];
    size_t size = strcspn(list, ",");

    pb_text_format(word, sizeof(word), "%.*s", (int)(size < 127 ? size : 127), list);
    if (word[0] != '\0')
      add_one(wanted, word);
    list += size + (list[size] == ',');
  }
}
