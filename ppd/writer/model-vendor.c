// model-vendor - options for the attributes that a vendor, or another queue's PPD, adds to the
// standards.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include "base/text.h"
#include "ipp/attributes.h"
#include <ctype.h>
#include <string.h>

#define SUPPORTED "-supported"
#define KEYWORD_MAX 34  // what fits behind "pbMap" and "pt_BR."

// "x-ppd-tonersave" -> "tonersave", "com.example-toner-save" -> "toner-save"
static const char *
skip_owner(const char *attribute)
{
  if (pb_text_has_prefix(attribute, PB_ATTRIBUTES_PPD_PREFIX))
    return attribute + strlen(PB_ATTRIBUTES_PPD_PREFIX);
  return strchr(attribute, '-') + 1;
}

// Letters and digits alone: it becomes a keyword.
static void
make_option(const struct pb_choice_value *word, char option[PB_CHOICE_NAME_SIZE])
{
  char   name[PB_CHOICE_NAME_SIZE];
  size_t used = strlen(PB_CHOICE_VENDOR);

  pb_choice_format_name("", word, name);
  pb_text_copy(option, PB_CHOICE_NAME_SIZE, PB_CHOICE_VENDOR);
  for (const char *at = name; *at != '\0' && used < KEYWORD_MAX; at++)
  {
    if (isalnum((unsigned char)*at))
      option[used++] = *at;
  }
  option[used] = '\0';
}

static bool
has_option(const pb_ppd_model_t *model, const char *option)
{
  for (size_t i = 0; i < model->vendors_count; i++)
  {
    if (pb_text_is_equal_nocase(model->vendors[i].option, option))
      return true;
  }
  return false;
}

static void
add_vendor(pb_ppd_model_t *model, const char *name)
{
  struct pb_ppd_vendor  *vendor = &model->vendors[model->vendors_count];
  size_t                 size   = strlen(name) - strlen(SUPPORTED);
  struct pb_choice_value word   = {.tag = IPP_TAG_KEYWORD};

  if (!pb_text_format(vendor->attribute, sizeof(vendor->attribute), "%.*s", (int)size, name) ||
      !pb_attributes_has(PB_ATTRIBUTES_JOB_TEMPLATE, vendor->attribute))
    return;
  pb_text_copy(word.text, sizeof(word.text), skip_owner(vendor->attribute));
  make_option(&word, vendor->option);
  pb_choice_format_text("", &word, vendor->text);
  if (has_option(model, vendor->option))
    return;
  vendor->row = (struct pb_choice_option){
    .option = vendor->option, .attribute = vendor->attribute, .text = vendor->text, .is_shy = true};
  model->vendors_count++;
}

void
pb_ppd_model_find_vendors(pb_ppd_model_t *model)
{
  for (ipp_attribute_t *at = ippFirstAttribute(model->attributes); at != NULL;
       at                  = ippNextAttribute(model->attributes))
  {
    const char *name = ippGetName(at);
    size_t      size = name != NULL ? strlen(name) : 0;

    if (size > strlen(SUPPORTED) && strcmp(name + size - strlen(SUPPORTED), SUPPORTED) == 0 &&
        pb_attributes_is_vendor(name) && model->vendors_count < PB_PPD_VENDORS_MAX)
      add_vendor(model, name);
  }
}
