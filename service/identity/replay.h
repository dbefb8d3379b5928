// replay - each client assertion is good for one use (RFC 7523 s3, jti): remembers those that were
// used until they have expired.  In memory, bounded.  Thread-safe.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_REPLAY_H
#define PB_IDENTITY_REPLAY_H

#include "base/error.h"
#include <stdint.h>

typedef struct pb_replay pb_replay_t;

pb_replay_t *pb_replay_new(void);  // NULL: out of memory
void         pb_replay_free(pb_replay_t *replay);
// PB_AUTH when that client used that jti before; PB_RETRY when there is no room to remember it.
bool pb_replay_use(pb_replay_t *replay, const char *client_id, const char *id, int64_t expires_ms,
                   pb_error_t *err) PB_MUST_USE;

#endif
