// oauth-endpoints - the functions behind the OAuth paths; context is the pb_identity_t.  For
// oauth.c and the tests.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_OAUTH_ENDPOINTS_H
#define PB_IDENTITY_OAUTH_ENDPOINTS_H

#include "identity/call.h"
#include "identity/internal.h"

void pb_oauth_metadata(void *context, struct pb_call *call);              // RFC 8414
void pb_oauth_device_authorization(void *context, struct pb_call *call);  // RFC 8628 s3.1
void pb_oauth_token(void *context, struct pb_call *call);                 // RFC 6749 s3.2
void pb_oauth_revoke(void *context, struct pb_call *call);                // RFC 7009

// What a client id may be made of: it is a public name, and stands in logs and pages.
bool pb_oauth_is_client_id(const char *text);

#endif
