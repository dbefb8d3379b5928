// assertion - a connector proves who it is at the token endpoint: private_key_jwt (RFC 7523 s3),
// ES256.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_ASSERTION_H
#define PB_IDENTITY_ASSERTION_H

#include "identity/identity.h"

#define PB_ASSERTION_LIFE_MAX_MS (5 * 60 * 1000)  // exp lies at most so far ahead ...
#define PB_ASSERTION_LEEWAY_MS (60 * 1000)        // ... and clocks differ by at most so much

// PB_AUTH: wrong key, audience, times (the message begins with "clock:") or used before; PB_RETRY:
// overloaded.  A client's next key takes over here (client-key.h).
bool pb_assertion_check(pb_identity_t *identity, const char *jwt,
                        char client_id_out[PB_CLIENT_ID_SIZE], pb_error_t *err) PB_MUST_USE;
// next_key_out: the thumbprint of the key that is to follow, as the assertion says; "": none.
bool pb_assertion_check_next(pb_identity_t *identity, const char *jwt,
                             char client_id_out[PB_CLIENT_ID_SIZE],
                             char next_key_out[PB_CLIENT_ID_SIZE], pb_error_t *err) PB_MUST_USE;

// The same of a client that is not known yet: its key comes along in the header, and must be the
// one whose thumbprint it calls itself by, and its present one where it is known after all.
// *public_pem_out is malloc'd.
bool pb_assertion_check_new(pb_identity_t *identity, const char *jwt,
                            char client_id_out[PB_CLIENT_ID_SIZE], char **public_pem_out,
                            pb_error_t *err) PB_MUST_USE;

#endif
