// requested - which attributes a client asked for: requested-attributes with its group names (RFC
// 8011 s4.2.5.1).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_REQUESTED_H
#define PB_PRINT_REQUESTED_H

#include "ipp/message.h"

// Borrows the request.
struct pb_requested
{
  ipp_attribute_t *names;   // NULL: not asked for anything in particular
  bool             is_all;  // 'all', or nothing was said and everything is the default
};

// What an object of a kind calls its groups: those of its attributes that belong to the ticket, and
// the others.
struct pb_groups
{
  const char *ticket;          // "job-template", "document-template"
  const char *description[3];  // "job-description", "job-status"
};
extern const struct pb_groups pb_groups_printer, pb_groups_job, pb_groups_document,
  pb_groups_system;

// otherwise: the names asked for when the client said nothing; NULL: all.
void pb_requested_read(struct pb_requested *requested_out, ipp_t *request,
                       const char *const *otherwise);
bool pb_requested_has(const struct pb_requested *requested, const struct pb_groups *groups,
                      const char *name);

// Copy what was asked for from a bag (any group) into a group of the response.  Returns how many,
// -1: out of memory.
int pb_requested_copy(const struct pb_requested *requested, const struct pb_groups *groups,
                      ipp_t *bag, ipp_t *to, ipp_tag_t to_group);

#endif
