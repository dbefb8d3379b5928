// ipp-attributes_fuzz - whatever a message holds, what the tables let through is equal to its own
// copy, crosses again unchanged, and asking a printer about it is safe.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ipp/attributes.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(ipp_t *message, ipp_t *copy)
{
  char why[64];

  for (ipp_attribute_t *at = ippFirstAttribute(copy); at != NULL; at = ippNextAttribute(copy))
    (void)pb_attributes_is_supported(message, at, why, sizeof(why));
}

static void
cross(enum pb_attribute_set set, ipp_t *message, ipp_tag_t group)
{
  ipp_t *copy  = ippNew();
  ipp_t *again = ippNew();
  int    first = pb_attributes_copy(set, message, group, copy, IPP_TAG_PRINTER, NULL, NULL);
  int second   = pb_attributes_copy(set, copy, IPP_TAG_PRINTER, again, IPP_TAG_PRINTER, NULL, NULL);

  if (first != second)
    abort();
  ipp_attribute_t *a = ippFirstAttribute(copy);
  ipp_attribute_t *b = ippFirstAttribute(again);
  for (; a != NULL && b != NULL; a = ippNextAttribute(copy), b = ippNextAttribute(again))
  {
    if (!pb_attributes_is_equal(a, b))
      abort();
  }
  if (a != NULL || b != NULL)
    abort();
  ask(message, copy);
  ippDelete(copy);
  ippDelete(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const ipp_tag_t groups[] = {IPP_TAG_OPERATION, IPP_TAG_JOB, IPP_TAG_PRINTER,
                                     IPP_TAG_DOCUMENT};
  ipp_t                 *message  = NULL;

  if (!pb_ipp_parse(data, size, &message, NULL))
    return 0;
  for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
  {
    cross(PB_ATTRIBUTES_JOB_TEMPLATE, message, groups[i]);
    cross(PB_ATTRIBUTES_DEVICE, message, groups[i]);
  }
  ippDelete(message);
  return 0;
}
