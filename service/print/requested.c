// requested - which attributes a client asked for.
// The names are looked through one by one: there are at most a few dozen.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/requested.h"

#include <string.h>

#include "base/text.h"
#include "ipp/attributes.h"

const struct pb_groups pb_groups_printer = {
  "job-template", {"printer-description", "printer-status", NULL}
};
const struct pb_groups pb_groups_job = {
  "job-template", {"job-description", "job-status", NULL}
};
const struct pb_groups pb_groups_document = {
  "document-template", {"document-description", "document-status", NULL}
};
const struct pb_groups pb_groups_system = {
  "", {"system-description", "system-status", NULL}
};

// Large, and only for those who name it (IPP Everywhere).
static const char *const by_name_only[] = {"media-col-database"};

// Of the printer attributes that do not follow the xxx-supported pattern, those of the job
// template.
static const char *const template_extras[] = {
  "media-bottom-margin-supported", "media-left-margin-supported", "media-right-margin-supported",
  "media-top-margin-supported",    "media-size-supported",        "media-source-supported",
  "media-type-supported",          "media-color-supported",       "pdf-fit-to-page-supported"};

void
pb_requested_read(struct pb_requested *requested_out, ipp_t *request, const char *const *otherwise)
{
  ipp_attribute_t *names =
    pb_ipp_find(request, IPP_TAG_OPERATION, "requested-attributes", IPP_TAG_KEYWORD);

  *requested_out = (struct pb_requested){.names = names};
  if (!names && otherwise)
  {
    int count = 0;

    while (otherwise[count])
      count++;
    names =
      ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", count,
                    /*language*/ NULL, otherwise);
    requested_out->names = names;
  }
  requested_out->is_all = !names || ippContainsString(names, "all");
}

static bool
is_in(const char *name, const char *const *list, size_t count)
{
  for (size_t i = 0; i < count; i++)
  {
    if (strcmp(list[i], name) == 0)
      return true;
  }
  return false;
}

// "media-col-supported" is of the template because "media-col" is.
static bool
is_of_template(const char *name)
{
  static const char *const ends[] = {"-supported", "-default", "-ready", "-database"};
  size_t                   size   = strlen(name);
  char                     base[128];

  if (pb_attributes_has(PB_ATTRIBUTES_JOB_TEMPLATE, name) ||
      is_in(name, template_extras, sizeof(template_extras) / sizeof(template_extras[0])))
    return true;
  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
  {
    size_t end = strlen(ends[i]);

    if (size <= end || size - end >= sizeof(base) || strcmp(name + size - end, ends[i]) != 0)
      continue;
    memcpy(base, name, size - end);
    base[size - end] = '\0';
    return pb_attributes_has(PB_ATTRIBUTES_JOB_TEMPLATE, base);
  }
  return false;
}

// No group among the names, so that what is not named is not wanted.
static bool
is_names_only(const struct pb_requested *requested, const struct pb_groups *groups)
{
  if (requested->is_all || ippContainsString(requested->names, groups->ticket))
    return false;
  for (size_t i = 0; i < 3 && groups->description[i]; i++)
  {
    if (ippContainsString(requested->names, groups->description[i]))
      return false;
  }
  return true;
}

bool
pb_requested_has(const struct pb_requested *requested, const struct pb_groups *groups,
                 const char *name)
{
  if (requested->names && ippContainsString(requested->names, name))
    return true;
  if (is_in(name, by_name_only, sizeof(by_name_only) / sizeof(by_name_only[0])))
    return false;
  if (requested->is_all)
    return true;
  if (is_names_only(requested, groups))
    return false;
  if (is_of_template(name))
    return ippContainsString(requested->names, groups->ticket);
  for (size_t i = 0; i < 3 && groups->description[i]; i++)
  {
    if (ippContainsString(requested->names, groups->description[i]))
      return true;
  }
  return false;
}

int
pb_requested_copy(const struct pb_requested *requested, const struct pb_groups *groups, ipp_t *bag,
                  ipp_t *to, ipp_tag_t to_group)
{
  int count = 0;

  for (ipp_attribute_t *at = ippFirstAttribute(bag); at; at = ippNextAttribute(bag))
  {
    if (!ippGetName(at) || !pb_requested_has(requested, groups, ippGetName(at)))
      continue;
    if (!pb_attributes_copy_one(at, to, to_group))
      return -1;
    count++;
  }
  return count;
}
