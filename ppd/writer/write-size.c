// write-size - PageSize and what goes with it: PageRegion, ImageableArea, PaperDimension, custom
// sizes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "write-private.h"

#include "base/text.h"
#include <string.h>

#define PAGE_SIZE_ORDER 10

void
pb_ppd_format_points(int value, char text[PB_PPD_POINTS_SIZE])
{
  long long hundredths = ((long long)value * 7200 + 1270) / 2540;

  if (hundredths % 100 == 0)
    pb_text_format(text, PB_PPD_POINTS_SIZE, "%lld", hundredths / 100);
  else
    pb_text_format(text, PB_PPD_POINTS_SIZE, "%lld.%02lld", hundredths / 100, hundredths % 100);
}

static void
put_choice(pb_ppd_out_t *out, const struct pb_ppd_option *sizes, const char *keyword,
           const struct pb_ppd_choice *choice, const char *code)
{
  char text[PB_CHOICE_TEXT_SIZE];

  pb_ppd_format_choice(out->names, sizes, choice, text);
  pb_ppd_put(out, &(struct pb_ppd_line){.keyword = keyword,
                                        .option  = choice->name,
                                        .text    = text,
                                        .kind    = PB_PPD_CODE,
                                        .value   = code});
}

static void
put_ui(pb_ppd_out_t *out, const struct pb_ppd_option *sizes, const char *keyword)
{
  char name[40];

  pb_ppd_open(out, keyword, pb_ppd_get_option_text(out->names, sizes), PAGE_SIZE_ORDER);
  pb_text_format(name, sizeof(name), "Default%s", keyword);
  pb_ppd_put_name(out, name, sizes->choices[sizes->first].name);
  for (size_t i = 0; i < sizes->count; i++)
  {
    const struct pb_choice_value *value = &sizes->choices[i].value;
    char x[PB_PPD_POINTS_SIZE], y[PB_PPD_POINTS_SIZE], code[PB_PPD_CODE_SIZE];

    pb_ppd_format_points(value->x, x);
    pb_ppd_format_points(value->y, y);
    pb_text_format(code, sizeof(code), "<</PageSize[%s %s]>>setpagedevice", x, y);
    put_choice(out, sizes, keyword, &sizes->choices[i], code);
  }
  pb_ppd_close(out, keyword);
}

static void
put_areas(pb_ppd_out_t *out, const struct pb_ppd_option *sizes)
{
  pb_ppd_put_name(out, "DefaultImageableArea", sizes->choices[sizes->first].name);
  for (size_t i = 0; i < sizes->count; i++)
  {
    const struct pb_choice_value *value = &sizes->choices[i].value;
    char left[PB_PPD_POINTS_SIZE], bottom[PB_PPD_POINTS_SIZE], right[PB_PPD_POINTS_SIZE],
      top[PB_PPD_POINTS_SIZE];
    char code[PB_PPD_CODE_SIZE];

    pb_ppd_format_points(value->margins.left, left);
    pb_ppd_format_points(value->margins.bottom, bottom);
    pb_ppd_format_points(value->x - value->margins.right, right);
    pb_ppd_format_points(value->y - value->margins.top, top);
    pb_text_format(code, sizeof(code), "%s %s %s %s", left, bottom, right, top);
    put_choice(out, sizes, "ImageableArea", &sizes->choices[i], code);
  }
}

static void
put_dimensions(pb_ppd_out_t *out, const struct pb_ppd_option *sizes)
{
  pb_ppd_put_name(out, "DefaultPaperDimension", sizes->choices[sizes->first].name);
  for (size_t i = 0; i < sizes->count; i++)
  {
    const struct pb_choice_value *value = &sizes->choices[i].value;
    char x[PB_PPD_POINTS_SIZE], y[PB_PPD_POINTS_SIZE], code[PB_PPD_CODE_SIZE];

    pb_ppd_format_points(value->x, x);
    pb_ppd_format_points(value->y, y);
    pb_text_format(code, sizeof(code), "%s %s", x, y);
    put_choice(out, sizes, "PaperDimension", &sizes->choices[i], code);
  }
}

static void
put_parameter(pb_ppd_out_t *out, const char *name, int number, int min, int max)
{
  char low[PB_PPD_POINTS_SIZE], high[PB_PPD_POINTS_SIZE], list[PB_PPD_CODE_SIZE];

  pb_ppd_format_points(min, low);
  pb_ppd_format_points(max, high);
  pb_text_format(list, sizeof(list), "%d points %s %s", number, low, high);
  pb_ppd_put_list(out, "ParamCustomPageSize", name, list);
}

static void
put_custom(pb_ppd_out_t *out, const struct pb_ppd_custom *custom)
{
  char sides[4][PB_PPD_POINTS_SIZE], text[PB_PPD_CODE_SIZE];

  pb_ppd_format_points(custom->max_x, text);
  pb_ppd_put_code(out, "MaxMediaWidth", text);
  pb_ppd_format_points(custom->max_y, text);
  pb_ppd_put_code(out, "MaxMediaHeight", text);
  pb_ppd_format_points(custom->margins.left, sides[0]);
  pb_ppd_format_points(custom->margins.bottom, sides[1]);
  pb_ppd_format_points(custom->margins.right, sides[2]);
  pb_ppd_format_points(custom->margins.top, sides[3]);
  pb_text_format(text, sizeof(text), "%s %s %s %s", sides[0], sides[1], sides[2], sides[3]);
  pb_ppd_put_list(out, "HWMargins", /*option*/ NULL, text);
  pb_ppd_put_list(out, "NonUIOrderDependency", /*option*/ NULL, "10 AnySetup *CustomPageSize");
  pb_ppd_put(out, &(struct pb_ppd_line){
                    .keyword = "CustomPageSize",
                    .option  = "True",
                    .kind    = PB_PPD_CODE,
                    .value = "pop pop pop <</PageSize[5 -2 roll]/ImagingBBox null>>setpagedevice"});
  put_parameter(out, "Width", 1, custom->min_x, custom->max_x);
  put_parameter(out, "Height", 2, custom->min_y, custom->max_y);
  put_parameter(out, "WidthOffset", 3, 0, 0);
  put_parameter(out, "HeightOffset", 4, 0, 0);
  pb_ppd_put_list(out, "ParamCustomPageSize", "Orientation", "5 int 0 3");
}

void
pb_ppd_put_sizes(pb_ppd_out_t *out, const pb_ppd_model_t *model)
{
  const struct pb_ppd_option *sizes = pb_ppd_model_find_option(model, "PageSize");

  put_ui(out, sizes, "PageSize");
  pb_ppd_put_map(out, sizes);
  put_ui(out, sizes, "PageRegion");
  put_areas(out, sizes);
  put_dimensions(out, sizes);
  pb_ppd_put_name(out, "VariablePaperSize", model->custom.is_there ? "True" : "False");
  if (model->custom.is_there)
    put_custom(out, &model->custom);
}
