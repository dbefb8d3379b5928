// details - authorization_details (RFC 9396) of a register grant: JSON from a stranger to queues,
// and back.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_DETAILS_H
#define PB_IDENTITY_DETAILS_H

#include "identity/identity.h"
#include "net/json.h"

#define PB_DETAILS_MAX                                                                             \
  (192 * 1024)  // PB_QUEUES_PER_GRANT_MAX queues with all members at their longest

// 1 to PB_QUEUES_PER_GRANT_MAX objects of our type, with known members of text within bounds, uuids
// in lower case and none twice; PB_REJECT says what is wrong.  *queues_out is malloc'd.
bool pb_details_parse(const char *text, size_t size, struct pb_approved_queue **queues_out,
                      size_t *count_out, pb_error_t *err) PB_MUST_USE;
// The array for a token response: type, uuid and queue name of each, and the printer that was
// chosen for it.  NULL: out of memory.
json_object *pb_details_format(const struct pb_approved_queue *queues, size_t count);

// For whoever gets a uuid: its lower-case form; false when it is none.
bool pb_details_normalize_uuid(char dst[46], const char *uuid);

#endif
