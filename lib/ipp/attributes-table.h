// attributes-table - which attributes may cross, with their syntax and bounds; private to lib/ipp.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_ATTRIBUTES_TABLE_H
#define PB_IPP_ATTRIBUTES_TABLE_H

#include "attributes.h"

// Bits: a row may allow several syntaxes.
enum pb_syntax
{
  PB_SYNTAX_INTEGER    = 1 << 0,
  PB_SYNTAX_BOOLEAN    = 1 << 1,
  PB_SYNTAX_ENUM       = 1 << 2,
  PB_SYNTAX_RANGE      = 1 << 3,
  PB_SYNTAX_RESOLUTION = 1 << 4,
  PB_SYNTAX_DATE       = 1 << 5,
  PB_SYNTAX_KEYWORD    = 1 << 6,
  PB_SYNTAX_NAME       = 1 << 7,
  PB_SYNTAX_TEXT       = 1 << 8,
  PB_SYNTAX_URI        = 1 << 9,
  PB_SYNTAX_MIME       = 1 << 10,
  PB_SYNTAX_CHARSET    = 1 << 11,
  PB_SYNTAX_LANGUAGE   = 1 << 12,
  PB_SYNTAX_OCTETS     = 1 << 13,
  PB_SYNTAX_COLLECTION = 1 << 14,
  PB_SYNTAX_VALUELESS  = 1 << 15,  // no-value, unknown; delete-attribute where it makes sense
  PB_SYNTAX_DELETE     = 1 << 16
};

struct pb_attribute_rule
{
  unsigned syntaxes;
  int      max_count;
  int      min, max;   // integers, enums, both ends of ranges
  bool     is_whole;   // one bad value spoils all: lists that go in parallel, what a user asked for
  bool     is_sparse;  // "name.3-5"
  int      slot;       // below PB_ATTRIBUTE_SLOTS, one per name of the set; or PB_ATTRIBUTE_NO_SLOT
};

#define PB_ATTRIBUTE_SLOTS 512
#define PB_ATTRIBUTE_NO_SLOT (-1)

bool pb_attribute_find_rule(enum pb_attribute_set set, const char *name,
                            struct pb_attribute_rule *rule_out);
bool pb_attribute_find_member_rule(const char *name, struct pb_attribute_rule *rule_out);

// Is one value of the attribute within the rule?  *why_out is a fixed text when not.
bool pb_attribute_check_value(ipp_attribute_t *attribute, int element,
                              const struct pb_attribute_rule *rule, const char **why_out);

#endif
