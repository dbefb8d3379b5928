// job-options-choice - the choices of a PPD as the values that they stand for.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "job-options-private.h"

#include "attributes-table.h"
#include "base/text.h"
#include <string.h>
#include <strings.h>

struct vendor
{
  struct pb_choice_option row;
  char                    option[PB_CHOICE_NAME_SIZE];
  char                    attribute[129];
};

// An option that the PPD itself says stands for a vendor's attribute: for no other.
static const struct pb_choice_option *
find_vendor(const struct pb_wanted *wanted, const char *option, struct vendor *vendor)
{
  const char *map =
    wanted->ppd != NULL ? pb_ppd_map_get(wanted->ppd, PB_CHOICE_MAP_ATTRIBUTE, option) : NULL;
  struct pb_choice_value value;
  bool                   is_default = false;

  if (map == NULL || !pb_text_has_prefix(option, PB_CHOICE_VENDOR) ||
      !pb_choice_map_parse(map, &value, &is_default) || value.tag != IPP_TAG_NAME ||
      !pb_attributes_is_vendor(value.text))
    return NULL;
  pb_text_copy(vendor->option, sizeof(vendor->option), option);
  pb_text_copy(vendor->attribute, sizeof(vendor->attribute), value.text);
  vendor->row = (struct pb_choice_option){
    .option = vendor->option, .attribute = vendor->attribute, .text = "", .is_shy = true};
  return &vendor->row;
}

static const struct pb_choice_option *
find_option(const struct pb_wanted *wanted, const char *name, struct vendor *vendor)
{
  const struct pb_choice_option *option =
    pb_choice_find_option(strcmp(name, "PageRegion") == 0 ? "PageSize" : name);

  return option != NULL ? option : find_vendor(wanted, name, vendor);
}

bool
pb_wanted_is_choice_option(const struct pb_wanted *wanted, const char *name)
{
  struct vendor vendor;

  return find_option(wanted, name, &vendor) != NULL;
}

// The file says it is ours; it may still lie about its values: an option stands for its own
// attribute only, and that value must be one that the attribute may have.
static bool
is_sound(const struct pb_choice_option *option, const struct pb_choice_value *value)
{
  struct pb_attribute_rule rule;
  ipp_t                   *message = NULL;
  ipp_attribute_t         *at      = NULL;
  const char              *why     = NULL;
  bool                     ok      = false;

  if ((value->tag == IPP_TAG_BEGIN_COLLECTION) != (strcmp(option->attribute, "media-size") == 0))
    return false;
  if (value->tag == IPP_TAG_BEGIN_COLLECTION)
    return true;
  message = ippNew();
  if (message != NULL && pb_choice_value_add(value, option->attribute, message, IPP_TAG_JOB) &&
      (pb_attribute_find_member_rule(option->attribute, &rule) ||
       pb_attribute_find_rule(PB_ATTRIBUTES_JOB_TEMPLATE, option->attribute, &rule)))
  {
    at = ippFindAttribute(message, option->attribute, IPP_TAG_ZERO);
    ok = at != NULL && pb_attribute_check_value(at, 0, &rule, &why);
  }
  ippDelete(message);
  return ok;
}

static bool
find_mapped(const struct pb_wanted *wanted, const struct pb_choice_option *option,
            const char *choice, struct pb_choice_value *value_out, bool *is_printers_default_out)
{
  const char *map =
    wanted->ppd != NULL ? pb_ppd_map_get(wanted->ppd, option->option, choice) : NULL;

  return map != NULL && pb_choice_map_parse(map, value_out, is_printers_default_out) &&
         is_sound(option, value_out);
}

// Somebody else's PPD, or none: a choice that has the name that we would give to one of the
// printer's values.
static bool
find_named(const struct pb_wanted *wanted, const struct pb_choice_option *option,
           const char *choice, struct pb_choice_value *value_out)
{
  char             name[PB_CHOICE_NAME_SIZE];
  ipp_attribute_t *at = NULL;

  pb_text_format(name, sizeof(name), "%s-supported", option->attribute);
  if (wanted->in->printer != NULL)
    at = pb_ipp_find(wanted->in->printer, IPP_TAG_PRINTER, name, IPP_TAG_ZERO);
  for (int i = 0; at != NULL && i < ippGetCount(at); i++)
  {
    if (!pb_choice_value_get(at, i, value_out))
      continue;
    pb_choice_format_name(option->attribute, value_out, name);
    if (strcasecmp(name, choice) == 0)
      return true;
  }
  return false;
}

bool
pb_wanted_find_choice(const struct pb_wanted *wanted, const struct pb_choice_option *option,
                      const char *choice, struct pb_choice_value *value_out,
                      bool *is_printers_default_out)
{
  *is_printers_default_out = false;
  if (find_mapped(wanted, option, choice, value_out, is_printers_default_out))
    return true;
  if (strcmp(option->attribute, "media-size") == 0)
    return pb_wanted_parse_size(choice, value_out);
  return find_named(wanted, option, choice, value_out);
}

void
pb_wanted_add_choices(struct pb_wanted *wanted)
{
  for (int i = 0; i < wanted->count; i++)
  {
    const char                    *name  = wanted->options[i].name;
    const char                    *value = wanted->options[i].value;
    struct vendor                  vendor;
    const struct pb_choice_option *option = find_option(wanted, name, &vendor);
    struct pb_choice_value         chosen;
    bool                           is_default = false;

    if (option == NULL)
      continue;
    if (pb_wanted_find_choice(wanted, option, value, &chosen, &is_default))
      pb_wanted_add(wanted, option, &chosen);
    else
      pb_wanted_drop(wanted, name, value, "not a choice of this printer");
  }
}

static void
add_default(struct pb_wanted *wanted, const struct pb_choice_option *row)
{
  const char            *choice     = pb_ppd_map_get_default(wanted->ppd, row->option);
  bool                   is_default = false;
  struct pb_choice_value value;

  if (choice != NULL && pb_wanted_find_choice(wanted, row, choice, &value, &is_default) &&
      !(row->is_shy && is_default))
    pb_wanted_add(wanted, row, &value);
}

void
pb_wanted_add_defaults(struct pb_wanted *wanted)
{
  size_t                         count = 0, at = 0;
  const struct pb_choice_option *rows = pb_choice_options(&count);
  // One word on finishings says it all.
  bool        has_finishings = wanted->has_finishings;
  const char *option         = NULL;

  if (wanted->ppd == NULL)
    return;
  for (size_t i = 0; i < count; i++)
  {
    if (!has_finishings || strcmp(rows[i].attribute, "finishings") != 0)
      add_default(wanted, &rows[i]);
  }
  while ((option = pb_ppd_map_next(wanted->ppd, PB_CHOICE_MAP_ATTRIBUTE, &at)) != NULL)
  {
    struct vendor vendor;

    if (find_vendor(wanted, option, &vendor) != NULL)
      add_default(wanted, &vendor.row);
  }
}
