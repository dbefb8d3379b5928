// adoption - a queue asks to take over a former printer: which ones there are, and which one the
// administrator has chosen.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PORTAL_ADOPTION_H
#define PB_PORTAL_ADOPTION_H

#include "portal/visit.h"

struct pb_former;

// What could be taken over, read once for a page; nothing when no queue asks.  Closed by the
// caller.
struct pb_adoption
{
  pb_visit_t       *visit;
  struct pb_former *formers;
  size_t            count;
};

void pb_adoption_open(pb_visit_t *visit, const struct pb_approval *approval,
                      struct pb_adoption *adoption_out);
void pb_adoption_close(struct pb_adoption *adoption);
// The choice, of a queue that asks for it; "a new printer" unless somebody chooses another.
void pb_adoption_add(const struct pb_adoption *adoption, const struct pb_approved_queue *queue);
// What the form says of that queue; the texts are the form's.  PB_REJECT: no such thing was
// offered.
bool pb_adoption_read(const pb_visit_t *visit, const char *uuid,
                      struct pb_approval_choice *choice_out, pb_error_t *err) PB_MUST_USE;

#endif
