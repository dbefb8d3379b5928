// model-default - which choice is an option's first: the printer's own default where it tells one.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define PRINTER IPP_TAG_PRINTER

bool
pb_ppd_is_value_at(ipp_attribute_t *at, const struct pb_choice_value *value)
{
  struct pb_choice_value is;

  for (int i = 0; at != NULL && i < ippGetCount(at); i++)
  {
    if (!pb_choice_value_get(at, i, &is))
      continue;
    if (is.tag == IPP_TAG_NAME && value->tag == IPP_TAG_KEYWORD)
      is.tag = IPP_TAG_KEYWORD;
    if (pb_choice_value_is_equal(&is, value))
      return true;
  }
  return false;
}

static ipp_t *
find_default_media(ipp_t *attributes)
{
  ipp_attribute_t *at =
    pb_ipp_find(attributes, PRINTER, "media-col-default", IPP_TAG_BEGIN_COLLECTION);

  return at != NULL ? ippGetCollection(at, 0) : NULL;
}

static ipp_attribute_t *
find_default(ipp_t *attributes, const struct pb_choice_option *row)
{
  ipp_t *media = row->is_media ? find_default_media(attributes) : NULL;
  char   name[128];

  if (row->is_media)
    return media != NULL ? ippFindAttribute(media, row->attribute, IPP_TAG_ZERO) : NULL;
  pb_text_format(name, sizeof(name), "%s-default", row->attribute);
  return pb_ipp_find(attributes, PRINTER, name, IPP_TAG_ZERO);
}

static bool
get_default_size(ipp_t *attributes, ipp_attribute_t *at, int *x, int *y)
{
  ipp_t *size =
    at != NULL && ippGetValueTag(at) == IPP_TAG_BEGIN_COLLECTION ? ippGetCollection(at, 0) : NULL;
  ipp_attribute_t *dimension = NULL;
  const char      *name      = pb_ipp_text(attributes, PRINTER, "media-default");
  pwg_media_t     *media     = NULL;

  if (size != NULL)
  {
    dimension = ippFindAttribute(size, "x-dimension", IPP_TAG_INTEGER);
    *x        = dimension != NULL ? ippGetInteger(dimension, 0) : 0;
    dimension = ippFindAttribute(size, "y-dimension", IPP_TAG_INTEGER);
    *y        = dimension != NULL ? ippGetInteger(dimension, 0) : 0;
    return *x > 0 && *y > 0;
  }
  media = name != NULL ? pwgMediaForPWG(name) : NULL;
  if (media != NULL)
  {
    *x = media->width;
    *y = media->length;
  }
  return media != NULL;
}

// Without a word from the printer: a size that most have.
static void
guess_size(struct pb_ppd_option *option)
{
  static const char *const usual[] = {"A4", "Letter"};

  for (size_t name = 0; name < sizeof(usual) / sizeof(usual[0]); name++)
  {
    for (size_t i = 0; i < option->count; i++)
    {
      if (strcmp(option->choices[i].name, usual[name]) != 0)
        continue;
      option->first = i;
      return;
    }
  }
}

static int
get_default_margins(ipp_t *media)
{
  static const char *const names[] = {"media-bottom-margin", "media-left-margin",
                                      "media-right-margin", "media-top-margin"};
  int                      sum     = 0;

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
  {
    ipp_attribute_t *at = media != NULL ? ippFindAttribute(media, names[i], IPP_TAG_INTEGER) : NULL;

    if (at == NULL)
      return -1;
    sum += ippGetInteger(at, 0) > 0;
  }
  return sum;
}

static void
find_first_size(struct pb_ppd_option *option, ipp_t *attributes)
{
  int  x = 0, y = 0;
  bool is_borderless = get_default_margins(find_default_media(attributes)) == 0;

  if (!get_default_size(attributes, find_default(attributes, option->row), &x, &y))
  {
    guess_size(option);
    return;
  }
  for (size_t i = 0; i < option->count; i++)
  {
    const struct pb_choice_value *value = &option->choices[i].value;
    bool                          is_it =
      abs(value->x - x) <= PB_CHOICE_SAME_SIZE && abs(value->y - y) <= PB_CHOICE_SAME_SIZE;
    int edges =
      value->margins.bottom + value->margins.left + value->margins.right + value->margins.top;

    if (!is_it || (option->has_default && (edges == 0) != is_borderless))
      continue;
    option->first       = i;
    option->has_default = true;
  }
}

void
pb_ppd_option_find_first(struct pb_ppd_option *option, ipp_t *attributes)
{
  ipp_attribute_t *at = find_default(attributes, option->row);

  if (strcmp(option->row->attribute, "media-size") == 0)
  {
    find_first_size(option, attributes);
    return;
  }
  for (size_t i = 0; i < option->count; i++)
  {
    if (!pb_ppd_is_value_at(at, &option->choices[i].value))
    {
      if (!option->has_default && strcmp(option->choices[i].value.text, "auto") == 0)
        option->first = i;
      continue;
    }
    // finishings-default may name several; "none" among them is none.
    option->first       = i;
    option->has_default = true;
    if (strcmp(option->row->attribute, "finishings") != 0)
      return;
  }
  // No darkness said is a darkness of 0, no finishing said is none.
  for (size_t i = 0; !option->has_default && i < option->count; i++)
  {
    if (option->choices[i].value.tag == IPP_TAG_INTEGER && option->choices[i].value.number == 0)
      option->first = i;
  }
  // Unasked, the printer does what it does: that need not be said again.
  option->has_default = option->has_default || option->row->is_shy;
}
