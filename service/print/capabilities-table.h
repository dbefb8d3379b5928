// capabilities-table - printer attributes whose values do not depend on the printer: what the
// service is, and what a printer is taken to be able to do when its device has not said.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_CAPABILITIES_TABLE_H
#define PB_PRINT_CAPABILITIES_TABLE_H

#include "ipp/message.h"

// Values as text, separated by blanks; ranges "1-99", resolutions "600dpi", booleans "true".  NULL:
// out of band, syntax is the tag.
struct pb_capability
{
  const char *name;
  ipp_tag_t   syntax;
  const char *values;
};

extern const struct pb_capability pb_capabilities_of_service[];  // whatever a device says
extern const size_t               pb_capabilities_of_service_count;
extern const struct pb_capability pb_capabilities_otherwise[];  // when the device did not say
extern const size_t               pb_capabilities_otherwise_count;

void pb_capability_add(ipp_t *bag, ipp_tag_t group, const struct pb_capability *capability);

#endif
