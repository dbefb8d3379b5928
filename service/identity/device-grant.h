// device-grant - the device authorization grant (RFC 8628): from the request to the tokens.
// What a person decides in between is approval.h.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_DEVICE_GRANT_H
#define PB_IDENTITY_DEVICE_GRANT_H

#include "identity/token.h"

#define PB_USER_CODE_SIZE 10           // "BCDF-GHJK"
#define PB_PENDING_GRANTS_MAX 1000     // in all: memory and disk that strangers can take
#define PB_PENDING_GRANTS_PER_PEER 20  // of one address

enum pb_grant_state
{
  PB_GRANT_PENDING,
  PB_GRANT_APPROVED,
  PB_GRANT_DENIED,  // of a queue: struck
  PB_GRANT_USED     // its tokens were fetched; of a queue: it was registered
};

// Borrowed for the call.
struct pb_device_request
{
  const char                     *client_id;
  const char                     *scope;
  const char                     *requester;
  const char                     *peer;
  const struct pb_approved_queue *queues;
  size_t                          queues_count;
  const char *public_key;  // PEM of a machine's key, proven to be its own; NULL: none
};

struct pb_device_grant
{
  pb_secret_t device_code;
  char        user_code[PB_USER_CODE_SIZE];
  int64_t     expires_in_ms;
  int64_t     interval_ms;
};

// PB_RETRY: too many are waiting.
bool pb_device_grant_make(pb_identity_t *identity, const struct pb_device_request *request,
                          struct pb_device_grant *grant_out, pb_error_t *err) PB_MUST_USE;
void pb_device_grant_clear(struct pb_device_grant *grant);

enum pb_device_poll
{
  PB_DEVICE_POLL_PENDING,
  PB_DEVICE_POLL_SLOW_DOWN,
  PB_DEVICE_POLL_DENIED,
  PB_DEVICE_POLL_EXPIRED,
  PB_DEVICE_POLL_UNKNOWN,  // or used, or another client's
  PB_DEVICE_POLL_GRANTED,
  PB_DEVICE_POLL_FAILED  // *err says why
};
// One poll, atomically.  *subject_out and *tokens_out are filled when granted.
enum pb_device_poll pb_device_grant_poll(pb_identity_t *identity, const char *device_code,
                                         const char              *client_id,
                                         struct pb_token_subject *subject_out,
                                         struct pb_tokens *tokens_out, pb_error_t *err);

// Queues of a grant that are in that state, in the order of the request; malloc'd.
bool pb_device_grant_queues(pb_identity_t *identity, const char *grant_id,
                            enum pb_grant_state state, struct pb_approved_queue **queues_out,
                            size_t *count_out, pb_error_t *err) PB_MUST_USE;

// How a user code was typed -> its hash: letters of the alphabet only count.  False when it cannot
// be one. text_out gets "BCDF-GHJK"; may be NULL.
bool pb_user_code_hash(const char *typed, uint8_t hash[PB_SHA256_SIZE],
                       char text_out[PB_USER_CODE_SIZE]);

#endif
