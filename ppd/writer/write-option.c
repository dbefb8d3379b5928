// write-option - an option with its choices, and the lines that map them back.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "write-private.h"

#include "base/text.h"
#include <string.h>

#define ORDER 20

// What the queue's own filters make their pages by (names of cups_page_header2_t); color space and
// bits as in <cups/raster.h>.
static const struct color_row
{
  const char *mode;       // print-color-mode
  const char *pwg, *urf;  // the type that it needs; the first row that fits counts
  int         space, bits;
} color_rows[] = {
  {"bi-level",   "black_1",     "W1",         3,  1},
  {"monochrome", "sgray_8",     "W8",         18, 8},
  {"monochrome", "black_8",     "W8",         3,  8},
  {"monochrome", "black_1",     "W1",         3,  1},
  {"color",      "srgb_8",      "SRGB24",     19, 8},
  {"color",      "adobe-rgb_8", "ADOBERGB24", 20, 8},
  {"color",      "sgray_8",     "W8",         18, 8},
  {"color",      "black_1",     "W1",         3,  1},
};

static bool
is_raster(const pb_ppd_model_t *model)
{
  return model->format == PB_PPD_PWG || model->format == PB_PPD_URF;
}

static const struct color_row *
find_color(const pb_ppd_model_t *model, const char *mode)
{
  bool        is_pwg = model->format == PB_PPD_PWG;
  const char *list   = is_pwg ? "pwg-raster-document-type-supported" : "urf-supported";

  if (strcmp(mode, "bi-level") != 0 && strstr(mode, "monochrome") == NULL)
    mode = model->is_color ? "color" : "monochrome";
  else if (strcmp(mode, "bi-level") != 0)
    mode = "monochrome";
  for (size_t i = 0; i < sizeof(color_rows) / sizeof(color_rows[0]); i++)
  {
    const struct color_row *row = &color_rows[i];

    if (strcmp(row->mode, mode) == 0 &&
        pb_ipp_has_keyword(model->attributes, IPP_TAG_PRINTER, list, is_pwg ? row->pwg : row->urf))
      return row;
  }
  return &color_rows[1];
}

static void
format_color(const pb_ppd_model_t *model, const struct pb_choice_value *value,
             char code[PB_PPD_CODE_SIZE])
{
  const struct color_row *row = find_color(model, value->text);

  pb_text_format(
    code, PB_PPD_CODE_SIZE,
    "<</cupsColorSpace %d/cupsBitsPerColor %d/cupsColorOrder 0/cupsCompression 0>>setpagedevice",
    row->space, row->bits);
}

static void
format_resolution(const struct pb_choice_value *value, char code[PB_PPD_CODE_SIZE])
{
  int factor = value->units == IPP_RES_PER_CM ? 254 : 100;

  pb_text_format(code, PB_PPD_CODE_SIZE, "<</HWResolution[%lld %lld]>>setpagedevice",
                 (long long)value->x * factor / 100, (long long)value->y * factor / 100);
}

static void
format_duplex(const struct pb_choice_value *value, char code[PB_PPD_CODE_SIZE])
{
  pb_text_format(code, PB_PPD_CODE_SIZE, "<</Duplex %s/Tumble %s>>setpagedevice",
                 strcmp(value->text, "one-sided") == 0 ? "false" : "true",
                 strcmp(value->text, "two-sided-short-edge") == 0 ? "true" : "false");
}

// Pages that are made here must be made right; all else travels as IPP attributes.
static void
format_code(const pb_ppd_model_t *model, const struct pb_ppd_option *option,
            const struct pb_choice_value *value, char code[PB_PPD_CODE_SIZE])
{
  const char *name = option->row->option;

  code[0] = '\0';
  if (strcmp(name, "Duplex") == 0 && model->format != PB_PPD_PDF)
    format_duplex(value, code);
  else if (strcmp(name, "Resolution") == 0)
    format_resolution(value, code);
  else if (strcmp(name, "ColorModel") == 0 && is_raster(model))
    format_color(model, value, code);
}

void
pb_ppd_open(pb_ppd_out_t *out, const char *option, const char *text, int order)
{
  char name[PB_CHOICE_NAME_SIZE + 1], list[PB_PPD_CODE_SIZE];

  pb_text_format(name, sizeof(name), "*%s", option);
  pb_ppd_put(
    out,
    &(struct pb_ppd_line){
      .keyword = "OpenUI", .option = name, .text = text, .kind = PB_PPD_NAME, .value = "PickOne"});
  pb_text_format(list, sizeof(list), "%d AnySetup %s", order, name);
  pb_ppd_put_list(out, "OrderDependency", /*option*/ NULL, list);
}

void
pb_ppd_close(pb_ppd_out_t *out, const char *option)
{
  char name[PB_CHOICE_NAME_SIZE + 1];

  pb_text_format(name, sizeof(name), "*%s", option);
  pb_ppd_put_list(out, "CloseUI", /*option*/ NULL, name);
}

static void
put_map_line(pb_ppd_out_t *out, const char *keyword, const char *name,
             const struct pb_choice_value *value, bool is_printers_default)
{
  char map[PB_CHOICE_MAP_SIZE];

  if (pb_choice_map_format(value, is_printers_default, map))
    pb_ppd_put(out, &(struct pb_ppd_line){
                      .keyword = keyword, .option = name, .kind = PB_PPD_CODE, .value = map});
}

void
pb_ppd_put_map(pb_ppd_out_t *out, const struct pb_ppd_option *option)
{
  char                   keyword[PB_CHOICE_NAME_SIZE];
  struct pb_choice_value attribute = {.tag = IPP_TAG_NAME};

  pb_text_copy(attribute.text, sizeof(attribute.text), option->row->attribute);
  if (pb_choice_find_option(option->row->option) == NULL)
    put_map_line(out, PB_CHOICE_MAP PB_CHOICE_MAP_ATTRIBUTE, option->row->option, &attribute,
                 false);
  pb_text_format(keyword, sizeof(keyword), PB_CHOICE_MAP "%s", option->row->option);
  for (size_t i = 0; i < option->count; i++)
    put_map_line(out, keyword, option->choices[i].name, &option->choices[i].value,
                 option->has_default && i == option->first);
}

void
pb_ppd_put_option(pb_ppd_out_t *out, const pb_ppd_model_t *model,
                  const struct pb_ppd_option *option)
{
  char name[PB_CHOICE_NAME_SIZE];

  pb_ppd_open(out, option->row->option, pb_ppd_get_option_text(out->names, option), ORDER);
  pb_text_format(name, sizeof(name), "Default%s", option->row->option);
  pb_ppd_put_name(out, name, option->choices[option->first].name);
  for (size_t i = 0; i < option->count; i++)
  {
    const struct pb_ppd_choice *choice = &option->choices[i];
    char                        text[PB_CHOICE_TEXT_SIZE], code[PB_PPD_CODE_SIZE];

    pb_ppd_format_choice(out->names, option, choice, text);
    format_code(model, option, &choice->value, code);
    pb_ppd_put(out, &(struct pb_ppd_line){.keyword = option->row->option,
                                          .option  = choice->name,
                                          .text    = text,
                                          .kind    = PB_PPD_CODE,
                                          .value   = code});
  }
  pb_ppd_close(out, option->row->option);
  pb_ppd_put_map(out, option);
}
