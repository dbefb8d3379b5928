// model-size - media sizes with their margins: from media-col-database, else from
// media-size-supported and media-supported with the margins that all of them share.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define SHORTEST 100       // 1 mm
#define LONGEST 100000000  // 1 km of a roll
#define PRINTER IPP_TAG_PRINTER
#define NAMES_MAX 2000
#define USUAL_MARGIN 423  // 12 points: where a printer tells none, nobody knows that it has none
#define BORDERLESS ".Fullbleed"

// media-supported once more, by dimensions.
struct named
{
  int         x, y;
  const char *name;
};

struct gather
{
  struct pb_ppd_option    *option;
  struct pb_ppd_custom    *custom;
  ipp_t                   *attributes;
  struct pb_choice_margins margins;        // where a size does not tell its own
  bool                     is_borderless;  // zero is among the margins beside others
  struct named            *names;
  size_t                   names_count;
};

static bool
is_zero(const struct pb_choice_margins *margins)
{
  return margins->bottom == 0 && margins->left == 0 && margins->right == 0 && margins->top == 0;
}

static int
sum(const struct pb_choice_margins *margins)
{
  return margins->bottom + margins->left + margins->right + margins->top;
}

static void
read_names(struct gather *gather)
{
  ipp_attribute_t *media =
    pb_ipp_find(gather->attributes, PRINTER, "media-supported", IPP_TAG_ZERO);
  int count = media != NULL ? ippGetCount(media) : 0;

  gather->names = calloc((size_t)count + 1, sizeof(*gather->names));
  for (int i = 0; gather->names != NULL && i < count && i < NAMES_MAX; i++)
  {
    const char  *name = ippGetString(media, i, /*language*/ NULL);
    pwg_media_t *size = name != NULL ? pwgMediaForPWG(name) : NULL;

    if (size == NULL || pb_text_has_prefix(name, "custom_min_") ||
        pb_text_has_prefix(name, "custom_max_"))
      continue;
    gather->names[gather->names_count++] = (struct named){size->width, size->length, name};
  }
}

static bool
is_near(int a, int b)
{
  return abs(a - b) <= PB_CHOICE_SAME_SIZE;
}

static const char *
find_name(const struct gather *gather, int x, int y)
{
  for (size_t i = 0; i < gather->names_count; i++)
  {
    if (is_near(gather->names[i].x, x) && is_near(gather->names[i].y, y))
      return gather->names[i].name;
  }
  pwg_media_t *size = pwgMediaForSize(x, y);  // finds what is not so near, too

  return size != NULL && size->pwg != NULL && is_near(size->width, x) && is_near(size->length, y)
           ? size->pwg
           : "";
}

// The widest of xxx-supported; zero among others says that it may be left away.
static int
read_margin(struct gather *gather, const char *name, bool *has_zero)
{
  ipp_attribute_t *at   = pb_ipp_find(gather->attributes, PRINTER, name, IPP_TAG_INTEGER);
  int              most = 0;
  bool             zero = false;

  for (int i = 0; at != NULL && i < ippGetCount(at); i++)
  {
    int margin = ippGetInteger(at, i);

    zero = zero || margin == 0;
    most = margin > most ? margin : most;
  }
  *has_zero = *has_zero && zero;
  return most;
}

static void
read_margins(struct gather *gather)
{
  bool has_zero = true;

  gather->margins.bottom = read_margin(gather, "media-bottom-margin-supported", &has_zero);
  gather->margins.left   = read_margin(gather, "media-left-margin-supported", &has_zero);
  gather->margins.right  = read_margin(gather, "media-right-margin-supported", &has_zero);
  gather->margins.top    = read_margin(gather, "media-top-margin-supported", &has_zero);
  gather->is_borderless  = has_zero && !is_zero(&gather->margins);
  if (pb_ipp_find(gather->attributes, PRINTER, "media-top-margin-supported", IPP_TAG_ZERO) ==
        NULL &&
      is_zero(&gather->margins))
    gather->margins =
      (struct pb_choice_margins){USUAL_MARGIN, USUAL_MARGIN, USUAL_MARGIN, USUAL_MARGIN};
}

// A size comes with its widest margins, and without any where that is offered: two choices at most.
static bool
add_size(struct gather *gather, int x, int y, const struct pb_choice_margins *margins)
{
  struct pb_choice_value value = {
    .tag = IPP_TAG_BEGIN_COLLECTION, .x = x, .y = y, .margins = *margins};

  if (x < SHORTEST || y < SHORTEST || x > LONGEST || y > LONGEST || margins->bottom < 0 ||
      margins->left < 0 || margins->right < 0 || margins->top < 0 || margins->left >= x ||
      margins->right >= x - margins->left || margins->bottom >= y ||
      margins->top >= y - margins->bottom)
    return true;
  for (size_t i = 0; i < gather->option->count; i++)
  {
    struct pb_choice_value *there = &gather->option->choices[i].value;

    if (there->x != x || there->y != y || is_zero(&there->margins) != is_zero(margins))
      continue;
    if (sum(margins) > sum(&there->margins))
      there->margins = *margins;
    return true;
  }
  if (!pb_text_copy(value.text, sizeof(value.text), find_name(gather, x, y)))
    value.text[0] = '\0';
  return pb_ppd_option_add(gather->option, &value);
}

static bool
add_size_both_ways(struct gather *gather, int x, int y)
{
  const struct pb_choice_margins none = {0};

  return add_size(gather, x, y, &gather->margins) &&
         (!gather->is_borderless || add_size(gather, x, y, &none));
}

static void
note_custom(struct gather *gather, int min_x, int max_x, int min_y, int max_y)
{
  struct pb_ppd_custom *custom = gather->custom;

  min_x = min_x < SHORTEST ? SHORTEST : min_x;
  min_y = min_y < SHORTEST ? SHORTEST : min_y;
  max_x = max_x > LONGEST ? LONGEST : max_x;
  max_y = max_y > LONGEST ? LONGEST : max_y;
  if (min_x > max_x || min_y > max_y)
    return;
  if (!custom->is_there)
    *custom = (struct pb_ppd_custom){true, min_x, min_y, max_x, max_y, gather->margins};
  custom->min_x = min_x < custom->min_x ? min_x : custom->min_x;
  custom->min_y = min_y < custom->min_y ? min_y : custom->min_y;
  custom->max_x = max_x > custom->max_x ? max_x : custom->max_x;
  custom->max_y = max_y > custom->max_y ? max_y : custom->max_y;
}

static bool
get_dimension(ipp_t *size, const char *name, int *min, int *max)
{
  ipp_attribute_t *at = ippFindAttribute(size, name, IPP_TAG_ZERO);

  if (at != NULL && ippGetValueTag(at) == IPP_TAG_RANGE)
    *min = ippGetRange(at, 0, max);
  else if (at != NULL && ippGetValueTag(at) == IPP_TAG_INTEGER)
    *min = *max = ippGetInteger(at, 0);
  else
    return false;
  return true;
}

static bool
add_media_size(struct gather *gather, ipp_t *size, const struct pb_choice_margins *margins)
{
  int min_x = 0, max_x = 0, min_y = 0, max_y = 0;

  if (size == NULL || !get_dimension(size, "x-dimension", &min_x, &max_x) ||
      !get_dimension(size, "y-dimension", &min_y, &max_y))
    return true;
  if (min_x != max_x || min_y != max_y)
  {
    note_custom(gather, min_x, max_x, min_y, max_y);
    return true;
  }
  return margins != NULL ? add_size(gather, min_x, min_y, margins)
                         : add_size_both_ways(gather, min_x, min_y);
}

static bool
get_margin(ipp_t *media, const char *name, int *margin)
{
  ipp_attribute_t *at = ippFindAttribute(media, name, IPP_TAG_INTEGER);

  if (at != NULL)
    *margin = ippGetInteger(at, 0);
  return at != NULL;
}

static bool
add_media_col(struct gather *gather, ipp_t *media)
{
  struct pb_choice_margins margins = gather->margins;
  ipp_attribute_t         *at =
    media != NULL ? ippFindAttribute(media, "media-size", IPP_TAG_BEGIN_COLLECTION) : NULL;
  ipp_t *size = at != NULL ? ippGetCollection(at, 0) : NULL;

  if (size == NULL)
    return true;
  bool has_margins = get_margin(media, "media-bottom-margin", &margins.bottom);
  has_margins      = get_margin(media, "media-left-margin", &margins.left) || has_margins;
  has_margins      = get_margin(media, "media-right-margin", &margins.right) || has_margins;
  has_margins      = get_margin(media, "media-top-margin", &margins.top) || has_margins;
  return add_media_size(gather, size, has_margins ? &margins : NULL);
}

static bool
add_database(struct gather *gather)
{
  ipp_attribute_t *at =
    pb_ipp_find(gather->attributes, PRINTER, "media-col-database", IPP_TAG_BEGIN_COLLECTION);

  for (int i = 0; at != NULL && i < ippGetCount(at); i++)
  {
    if (!add_media_col(gather, ippGetCollection(at, i)))
      return false;
  }
  return true;
}

static bool
add_supported(struct gather *gather)
{
  ipp_attribute_t *at =
    pb_ipp_find(gather->attributes, PRINTER, "media-size-supported", IPP_TAG_BEGIN_COLLECTION);
  bool has_sizes = gather->option->count > 0;

  for (int i = 0; at != NULL && i < ippGetCount(at); i++)
  {
    ipp_t *size  = ippGetCollection(at, i);
    int    min_x = 0, max_x = 0, min_y = 0, max_y = 0;

    // What the database tells better; but ranges are often here alone.
    if (has_sizes && size != NULL && get_dimension(size, "x-dimension", &min_x, &max_x) &&
        get_dimension(size, "y-dimension", &min_y, &max_y) && min_x == max_x && min_y == max_y)
      continue;
    if (!add_media_size(gather, size, /*margins*/ NULL))
      return false;
  }
  return true;
}

static bool
add_named(struct gather *gather)
{
  for (size_t i = 0; i < gather->names_count; i++)
  {
    if (!add_size_both_ways(gather, gather->names[i].x, gather->names[i].y))
      return false;
  }
  return true;
}

// "custom_min_10x20mm", "custom_max_..." (PWG 5101.1 s5).
static void
note_custom_names(struct gather *gather)
{
  ipp_attribute_t *media =
    pb_ipp_find(gather->attributes, PRINTER, "media-supported", IPP_TAG_ZERO);
  int bounds[2][2] = {{0}};

  for (int i = 0; media != NULL && i < ippGetCount(media); i++)
  {
    const char *name   = ippGetString(media, i, /*language*/ NULL);
    bool        is_max = name != NULL && pb_text_has_prefix(name, "custom_max_");

    if (name == NULL || (!is_max && !pb_text_has_prefix(name, "custom_min_")))
      continue;
    pwg_media_t *size = pwgMediaForPWG(name);
    if (size == NULL)
      continue;
    bounds[is_max][0] = size->width;
    bounds[is_max][1] = size->length;
  }
  if (bounds[1][0] > 0 && bounds[1][1] > 0)
    note_custom(gather, bounds[0][0], bounds[1][0], bounds[0][1], bounds[1][1]);
}

// The same size with a border; NULL: none.
static struct pb_ppd_choice *
find_bordered(struct pb_ppd_option *option, const struct pb_ppd_choice *choice)
{
  for (size_t i = 0; i < option->count; i++)
  {
    struct pb_ppd_choice *other = &option->choices[i];

    if (other != choice && other->value.x == choice->value.x && other->value.y == choice->value.y)
      return other;
  }
  return NULL;
}

// Where a size is there with and without a border, the former has the plain name.
static void
mark_borderless(struct pb_ppd_option *option)
{
  for (size_t i = 0; i < option->count; i++)
  {
    struct pb_ppd_choice *choice = &option->choices[i];
    struct pb_ppd_choice *other =
      is_zero(&choice->value.margins) ? find_bordered(option, choice) : NULL;

    if (other == NULL)
      continue;
    if (other > choice)
      memcpy(other->name, choice->name, sizeof(other->name));
    memcpy(choice->name, other->name, sizeof(choice->name));
    strncat(choice->name, BORDERLESS, sizeof(choice->name) - strlen(choice->name) - 1);
  }
}

bool
pb_ppd_option_add_sizes(struct pb_ppd_option *option, ipp_t *attributes,
                        struct pb_ppd_custom *custom)
{
  struct gather gather = {.option = option, .custom = custom, .attributes = attributes};
  bool          ok     = false;

  read_names(&gather);
  if (gather.names == NULL)
    return false;
  read_margins(&gather);
  ok = add_database(&gather) && add_supported(&gather) && (option->count > 0 || add_named(&gather));
  note_custom_names(&gather);
  mark_borderless(option);
  free(gather.names);
  return ok;
}
