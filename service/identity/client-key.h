// client-key - the keys of a client.  Its id is the thumbprint of the first one and stays; a key is
// followed by another one in two steps: the next one is registered with a token that the present
// one has asked for by name, and it takes over when it is used for the first time.  Until then both
// are good, so that nothing is lost wherever the client dies.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_CLIENT_KEY_H
#define PB_IDENTITY_CLIENT_KEY_H

#include "identity/identity.h"
#include "net/key.h"

struct pb_client_keys
{
  pb_key_t *current;  // NULL: none is known, or the client is not
  pb_key_t *next;     // NULL: none
  pb_key_t *former;   // NULL: none; good for nothing but to say that it was replaced
  int64_t   rolled_ms;
};

bool pb_client_keys_load(pb_identity_t *identity, const char *client_id,
                         struct pb_client_keys *keys_out, pb_error_t *err) PB_MUST_USE;
void pb_client_keys_clear(struct pb_client_keys *keys);

// In the caller's transaction, if any.
bool pb_client_key_set_next(pb_identity_t *identity, const char *client_id, const char *public_pem,
                            pb_error_t *err) PB_MUST_USE;
// The next key was used: it is the current one from now on, and what the former one has obtained
// ends.
bool pb_client_key_roll(pb_identity_t *identity, const char *client_id,
                        pb_error_t *err) PB_MUST_USE;

#endif
