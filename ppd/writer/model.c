// model - gathers options and choices, their defaults and the format that a printer gets.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include "base/text.h"
#include "ipp/attributes.h"
#include <stdlib.h>
#include <string.h>

#define PRINTER IPP_TAG_PRINTER
#define FINISHING_NONE 3
#define SAME_NAMES_MAX 99

// In the order of preference.
static const struct format_row
{
  const char        *type;
  enum pb_ppd_format format;
} format_rows[] = {
  {"application/pdf",        PB_PPD_PDF       },
  {"image/pwg-raster",       PB_PPD_PWG       },
  {"image/urf",              PB_PPD_URF       },
  {"application/postscript", PB_PPD_POSTSCRIPT},
  {"image/jpeg",             PB_PPD_JPEG      },
};

static bool
has_name(const struct pb_ppd_option *option, const char *name)
{
  for (size_t i = 0; i < option->count; i++)
  {
    if (pb_text_is_equal_nocase(option->choices[i].name, name))
      return true;
  }
  return false;
}

static bool
make_name(const struct pb_ppd_option *option, const struct pb_choice_value *value,
          char name[PB_CHOICE_NAME_SIZE])
{
  char plain[PB_CHOICE_NAME_SIZE];

  pb_choice_format_name(option->row->attribute, value, plain);
  pb_text_copy(name, PB_CHOICE_NAME_SIZE, plain);
  for (int i = 2; has_name(option, name); i++)
  {
    if (i > SAME_NAMES_MAX)
      return false;
    pb_text_format(name, PB_CHOICE_NAME_SIZE, "%.36s_%d", plain, i);
  }
  return true;
}

static bool
has_value(const struct pb_ppd_option *option, const struct pb_choice_value *value)
{
  for (size_t i = 0; i < option->count; i++)
  {
    if (pb_choice_value_is_equal(&option->choices[i].value, value))
      return true;
  }
  return false;
}

bool
pb_ppd_option_add(struct pb_ppd_option *option, const struct pb_choice_value *value)
{
  struct pb_ppd_choice *grown = NULL;
  char                  map[PB_CHOICE_MAP_SIZE];
  char                  name[PB_CHOICE_NAME_SIZE];

  if (option->count >= PB_PPD_CHOICES_MAX || has_value(option, value) ||
      !pb_choice_map_format(value, /*is_printers_default*/ true, map) ||
      !make_name(option, value, name))
    return true;
  grown = realloc(option->choices, (option->count + 1) * sizeof(*grown));
  if (grown == NULL)
    return false;
  option->choices      = grown;
  grown[option->count] = (struct pb_ppd_choice){.value = *value};
  memcpy(grown[option->count].name, name, sizeof(name));
  option->count++;
  return true;
}

// --- which values an option offers

static bool
is_finishing(const struct pb_ppd_option *option)
{
  return strcmp(option->row->attribute, "finishings") == 0;
}

static bool
is_offered(const pb_ppd_model_t *model, const struct pb_ppd_option *option,
           const struct pb_choice_value *value)
{
  if (is_finishing(option))
    return value->tag == IPP_TAG_ENUM && value->number > FINISHING_NONE &&
           strcmp(pb_choice_option_for_finishing(value->number), option->row->option) == 0;
  // What finishings tells already.
  if (strcmp(option->row->option, "cupsFinishingTemplate") == 0)
  {
    ipp_attribute_t *at =
      pb_ipp_find(model->attributes, PRINTER, "finishings-supported", IPP_TAG_ENUM);
    int number = ippEnumValue("finishings", value->text);

    return number < 0 || at == NULL || !ippContainsInteger(at, number);
  }
  // A number of steps (PWG 5100.11); and no option for what only says "yes".
  return value->tag != IPP_TAG_INTEGER;
}

static bool
add_values(const pb_ppd_model_t *model, struct pb_ppd_option *option, ipp_attribute_t *supported)
{
  for (int i = 0; supported != NULL && i < ippGetCount(supported); i++)
  {
    struct pb_choice_value value;

    if (!pb_choice_value_get(supported, i, &value) || !is_offered(model, option, &value))
      continue;
    if (!pb_ppd_option_add(option, &value))
      return false;
  }
  return true;
}

static bool
add_none(struct pb_ppd_option *option)
{
  struct pb_choice_value finishing = {.tag = IPP_TAG_ENUM, .number = FINISHING_NONE};
  struct pb_choice_value keyword   = {.tag = IPP_TAG_KEYWORD, .text = "none"};

  return pb_ppd_option_add(option, is_finishing(option) ? &finishing : &keyword);
}

static bool
add_darkness(struct pb_ppd_option *option, ipp_t *attributes)
{
  static const int levels[] = {-100, -50, 0, 50, 100};

  if (pb_ipp_int(attributes, PRINTER, "print-darkness-supported", 0) < 3)
    return true;
  for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
  {
    struct pb_choice_value value = {.tag = IPP_TAG_INTEGER, .number = levels[i]};

    if (!pb_ppd_option_add(option, &value))
      return false;
  }
  return true;
}

static ipp_attribute_t *
find_supported(const pb_ppd_model_t *model, const char *attribute)
{
  char name[128];

  // The raster's own resolutions are what a page can be made in.
  if (model->format == PB_PPD_PWG && strcmp(attribute, "printer-resolution") == 0)
    return pb_ipp_find(model->attributes, PRINTER, "pwg-raster-document-resolution-supported",
                       IPP_TAG_RESOLUTION);
  pb_text_format(name, sizeof(name), "%s-supported", attribute);
  return pb_ipp_find(model->attributes, PRINTER, name, IPP_TAG_ZERO);
}

// Pages are made in what raster may have; of these, what a job may ask for, too.
static bool
add_resolutions(const pb_ppd_model_t *model, struct pb_ppd_option *option)
{
  ipp_attribute_t *raster = find_supported(model, "printer-resolution");
  ipp_attribute_t *any =
    pb_ipp_find(model->attributes, PRINTER, "printer-resolution-supported", IPP_TAG_RESOLUTION);

  for (int i = 0; raster != NULL && i < ippGetCount(raster); i++)
  {
    struct pb_choice_value value;

    if (pb_choice_value_get(raster, i, &value) &&
        (any == NULL || pb_ppd_is_value_at(any, &value)) && !pb_ppd_option_add(option, &value))
      return false;
  }
  return option->count > 0 || add_values(model, option, raster);
}

static bool
add_choices(pb_ppd_model_t *model, struct pb_ppd_option *option)
{
  const char      *attribute = option->row->attribute;
  ipp_attribute_t *supported = find_supported(model, attribute);

  if (strcmp(attribute, "media-size") == 0)
    return pb_ppd_option_add_sizes(option, model->attributes, &model->custom);
  if (strcmp(attribute, "print-darkness") == 0)
    return add_darkness(option, model->attributes);
  if (strcmp(attribute, "printer-resolution") == 0)
    return add_resolutions(model, option);
  if (!is_finishing(option) && strcmp(attribute, "finishing-template") != 0)
    return add_values(model, option, supported);
  if (supported == NULL)
    return true;
  return add_none(option) && add_values(model, option, supported);
}

// A choice of one is shown where it tells what is in the printer.
static bool
is_worth_it(const struct pb_ppd_option *option)
{
  static const char *const telling[] = {"PageSize",  "InputSlot",  "MediaType",
                                        "OutputBin", "ColorModel", "Resolution"};

  for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
  {
    if (strcmp(telling[i], option->row->option) == 0)
      return option->count > 0;
  }
  return option->count > 1;
}

// --- the model

static void
find_format(pb_ppd_model_t *model)
{
  model->format = PB_PPD_NO_FORMAT;
  for (size_t i = 0; i < sizeof(format_rows) / sizeof(format_rows[0]); i++)
  {
    if (!pb_ipp_has_keyword(model->attributes, PRINTER, "document-format-supported",
                            format_rows[i].type))
      continue;
    model->format = format_rows[i].format;
    return;
  }
  if (pb_ipp_find(model->attributes, PRINTER, "document-format-supported", IPP_TAG_ZERO) == NULL)
    model->format = PB_PPD_PDF;
}

static bool
add_option(pb_ppd_model_t *model, const struct pb_choice_option *row)
{
  struct pb_ppd_option *option = &model->options[model->count];

  if (model->count >= PB_PPD_OPTIONS_MAX)
    return true;
  *option     = (struct pb_ppd_option){.row = row};
  bool has_it = add_choices(model, option);
  model->count++;  // so that it is freed
  if (!has_it)
    return false;
  pb_ppd_option_find_first(option, model->attributes);
  if (is_worth_it(option))
    return true;
  free(option->choices);
  model->count--;
  return true;
}

static bool
add_options(pb_ppd_model_t *model)
{
  size_t                         count = 0;
  const struct pb_choice_option *rows  = pb_choice_options(&count);

  for (size_t i = 0; i < count; i++)
  {
    if (!add_option(model, &rows[i]))
      return false;
  }
  pb_ppd_model_find_vendors(model);
  for (size_t i = 0; i < model->vendors_count; i++)
  {
    if (!add_option(model, &model->vendors[i].row))
      return false;
  }
  return true;
}

bool
pb_ppd_model_new(ipp_t *attributes, pb_ppd_model_t **model_out, pb_error_t *err)
{
  pb_ppd_model_t *model = calloc(1, sizeof(*model));
  bool            ok    = false;

  *model_out = NULL;
  if (model == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  model->attributes = ippNew();
  if (model->attributes == NULL ||
      pb_attributes_copy(PB_ATTRIBUTES_DEVICE, attributes, PRINTER, model->attributes, PRINTER,
                         /*refused*/ NULL, /*user*/ NULL) < 0)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  find_format(model);
  model->is_color =
    pb_ipp_bool(model->attributes, PRINTER, "color-supported", false) ||
    pb_ipp_has_keyword(model->attributes, PRINTER, "print-color-mode-supported", "color");
  if (!add_options(model))
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  if (pb_ppd_model_find_option(model, "PageSize") == NULL)
  {
    pb_error_set(err, PB_REJECT, "the printer reports no media size");
    goto done;
  }
  *model_out = model;
  model      = NULL;
  ok         = true;

done:
  pb_ppd_model_free(model);
  return ok;
}

void
pb_ppd_model_free(pb_ppd_model_t *model)
{
  if (model == NULL)
    return;
  for (size_t i = 0; i < model->count; i++)
    free(model->options[i].choices);
  ippDelete(model->attributes);
  free(model);
}

const struct pb_ppd_option *
pb_ppd_model_find_option(const pb_ppd_model_t *model, const char *option)
{
  for (size_t i = 0; i < model->count; i++)
  {
    if (strcmp(model->options[i].row->option, option) == 0)
      return &model->options[i];
  }
  return NULL;
}

static bool
is_choice_of(const struct pb_ppd_choice *choice, ipp_attribute_t *attribute, int element)
{
  struct pb_choice_value value;
  ipp_attribute_t       *x = NULL, *y = NULL;

  if (ippGetValueTag(attribute) == IPP_TAG_BEGIN_COLLECTION)
  {
    ipp_t *size = ippGetCollection(attribute, element);

    x = size != NULL ? ippFindAttribute(size, "x-dimension", IPP_TAG_INTEGER) : NULL;
    y = size != NULL ? ippFindAttribute(size, "y-dimension", IPP_TAG_INTEGER) : NULL;
    return x != NULL && y != NULL && choice->value.x == ippGetInteger(x, 0) &&
           choice->value.y == ippGetInteger(y, 0);
  }
  if (!pb_choice_value_get(attribute, element, &value))
    return false;
  if (choice->value.tag == IPP_TAG_BEGIN_COLLECTION)
    return strcmp(value.text, choice->value.text) == 0;
  if (value.tag == IPP_TAG_NAME || choice->value.tag == IPP_TAG_NAME)
    return value.text[0] != '\0' && strcmp(value.text, choice->value.text) == 0;
  return pb_choice_value_is_equal(&choice->value, &value);
}

const struct pb_ppd_choice *
pb_ppd_model_find_choice(const pb_ppd_model_t *model, ipp_attribute_t *attribute, int element,
                         const struct pb_ppd_option **option_out)
{
  const char *name = ippGetName(attribute);

  if (name == NULL)
    return NULL;
  for (size_t i = 0; i < model->count; i++)
  {
    const struct pb_ppd_option *option = &model->options[i];
    bool                        is_it  = strcmp(option->row->attribute, name) == 0 ||
                 (strcmp(name, "media") == 0 && strcmp(option->row->attribute, "media-size") == 0);

    for (size_t j = 0; is_it && j < option->count; j++)
    {
      if (!is_choice_of(&option->choices[j], attribute, element))
        continue;
      *option_out = option;
      return &option->choices[j];
    }
  }
  return NULL;
}
