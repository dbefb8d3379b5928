// jwk - public EC P-256 keys as JSON (RFC 7517, RFC 7518 s6.2.1).  For lib/net only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_JWK_H
#define PB_NET_JWK_H

#include "net/json.h"
#include "net/key.h"

// NULL: out of memory.  json_object_put it.
json_object *pb_jwk_format(const pb_key_t *key);

// PB_REJECT: not a public EC P-256 key, or a private one.
bool pb_jwk_parse(json_object *jwk, pb_key_t **key_out, pb_error_t *err) PB_MUST_USE;

#endif
