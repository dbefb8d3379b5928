// oauth - the authorization server's endpoints: metadata (RFC 8414), device authorization (RFC
// 8628), tokens (RFC 6749, 7523), revocation (RFC 7009).  Adds its routes to the edge.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_OAUTH_H
#define PB_IDENTITY_OAUTH_H

#include "edge/edge.h"
#include "identity/identity.h"

bool pb_oauth_add_routes(pb_edge_t *edge, pb_identity_t *identity, pb_error_t *err) PB_MUST_USE;

#endif
