// write-constraint - combinations that the printer refuses (job-constraints-supported, PWG
// 5100.11) as cupsUIConstraints. Those that a PPD cannot say, or that its own defaults would
// break, are left out: the printer refuses them itself.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "write-private.h"

#include "base/text.h"
#include <string.h>

#define MEMBERS_MAX 6
#define VALUES_MAX 32
#define LINES_MAX 500  // of all constraints; their values multiply

struct member
{
  const struct pb_ppd_option *option;
  const struct pb_ppd_choice *choices[VALUES_MAX];
  size_t                      count;
};

struct constraint
{
  struct member members[MEMBERS_MAX];
  size_t        count;
};

// False: there is something that no choice stands for, so the rest would forbid too much.
static bool
add_member(const pb_ppd_model_t *model, struct constraint *constraint, ipp_attribute_t *attribute)
{
  struct member member = {0};

  for (int i = 0; i < ippGetCount(attribute) && member.count < VALUES_MAX; i++)
  {
    const struct pb_ppd_option *option = NULL;
    const struct pb_ppd_choice *choice = pb_ppd_model_find_choice(model, attribute, i, &option);

    if (choice == NULL || (member.option != NULL && member.option != option))
      continue;
    member.option                  = option;
    member.choices[member.count++] = choice;
  }
  if (member.count == 0 || constraint->count >= MEMBERS_MAX)
    return false;
  constraint->members[constraint->count++] = member;
  return true;
}

static bool
add_members(const pb_ppd_model_t *model, struct constraint *constraint, ipp_t *collection,
            bool is_media)
{
  for (ipp_attribute_t *at = ippFirstAttribute(collection); at != NULL;
       at                  = ippNextAttribute(collection))
  {
    const char *name = ippGetName(at);

    if (name == NULL || strcmp(name, "resolver-name") == 0)
      continue;
    if (!is_media && strcmp(name, "media-col") == 0 && ippGetCount(at) == 1)
    {
      if (!add_members(model, constraint, ippGetCollection(at, 0), /*is_media*/ true))
        return false;
    }
    else if (!add_member(model, constraint, at))
      return false;
  }
  return true;
}

static bool
is_of_defaults(const struct constraint *constraint, const size_t at[MEMBERS_MAX])
{
  for (size_t i = 0; i < constraint->count; i++)
  {
    const struct member *member = &constraint->members[i];

    if (member->choices[at[i]] != &member->option->choices[member->option->first])
      return false;
  }
  return true;
}

static void
put_line(pb_ppd_out_t *out, const struct constraint *constraint, const size_t at[MEMBERS_MAX])
{
  char   code[PB_PPD_LINE_MAX] = "";
  size_t used                  = 0;

  for (size_t i = 0; i < constraint->count; i++)
  {
    const struct member *member = &constraint->members[i];

    if (!pb_text_format(code + used, sizeof(code) - used - 30, "%s*%s %s", i > 0 ? " " : "",
                        member->option->row->option, member->choices[at[i]]->name))
      return;
    used += strlen(code + used);
    if (used + 32 >= sizeof(code))
      return;
  }
  pb_ppd_put_code(out, "cupsUIConstraints", code);
}

static bool
has_option_twice(const struct constraint *constraint)
{
  for (size_t i = 0; i < constraint->count; i++)
  {
    for (size_t j = 0; j < i; j++)
    {
      if (constraint->members[i].option == constraint->members[j].option)
        return true;
    }
  }
  return false;
}

// One line for each combination of their values.
static int
put_constraint(pb_ppd_out_t *out, const struct constraint *constraint, int room)
{
  size_t at[MEMBERS_MAX] = {0};
  size_t carry           = 0;
  int    lines           = 0;

  if (constraint->count < 2 || has_option_twice(constraint))
    return 0;
  while (carry < constraint->count && lines < room)
  {
    if (!is_of_defaults(constraint, at))
    {
      put_line(out, constraint, at);
      lines++;
    }
    for (carry = 0; carry < constraint->count; carry++)
    {
      if (++at[carry] < constraint->members[carry].count)
        break;
      at[carry] = 0;
    }
  }
  return lines;
}

void
pb_ppd_put_constraints(pb_ppd_out_t *out, const pb_ppd_model_t *model)
{
  ipp_attribute_t *at = pb_ipp_find(model->attributes, IPP_TAG_PRINTER, "job-constraints-supported",
                                    IPP_TAG_BEGIN_COLLECTION);
  int              room = LINES_MAX;

  for (int i = 0; at != NULL && i < ippGetCount(at) && room > 0; i++)
  {
    struct constraint constraint = {0};

    if (add_members(model, &constraint, ippGetCollection(at, i), /*is_media*/ false))
      room -= put_constraint(out, &constraint, room);
  }
}
