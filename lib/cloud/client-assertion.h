// client-assertion - how a machine proves its key to a service: a JWT of its own (RFC 7523 s3),
// good once and for two minutes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_CLIENT_ASSERTION_H
#define PB_CLOUD_CLIENT_ASSERTION_H

#include "base/secret.h"
#include "net/key.h"

// now_ms: by the service's clock.  has_key: the public key comes along, for a service that does not
// know it yet.
bool pb_client_assertion_sign(const pb_key_t *key, const char *client_id, const char *audience,
                              int64_t now_ms, bool has_key, pb_secret_t *jwt_out,
                              pb_error_t *err) PB_MUST_USE;
// next_key: the thumbprint of the key that is to follow this one; "": none.
bool pb_client_assertion_sign_next(const pb_key_t *key, const char *client_id, const char *audience,
                                   int64_t now_ms, const char *next_key, pb_secret_t *jwt_out,
                                   pb_error_t *err) PB_MUST_USE;

#endif
