// identity-details_fuzz - authorization_details from a stranger; what was taken is within its
// bounds.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/details.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct pb_approved_queue *queues = NULL;
  size_t                    count  = 0;
  pb_error_t                err    = {0};

  if (!pb_details_parse((const char *)data, size, &queues, &count, &err))
    return 0;
  if (count < 1 || count > PB_QUEUES_PER_GRANT_MAX)
    abort();
  for (size_t i = 0; i < count; i++)
    if (!pb_text_is_uuid(queues[i].uuid) || queues[i].queue[0] == '\0' ||
        !pb_text_is_printable(queues[i].queue) || !pb_text_is_printable(queues[i].location))
      abort();
  json_object_put(pb_details_format(queues, count));
  free(queues);
  return 0;
}
