// oauth-reply - the answers of the OAuth endpoints: JSON, never stored, and errors as RFC 6749 s5.2
// has them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_OAUTH_REPLY_H
#define PB_IDENTITY_OAUTH_REPLY_H

#include "identity/call.h"
#include "net/form.h"
#include "net/json.h"

// Takes `object`; NULL (out of memory) becomes a 503.
void pb_oauth_reply(struct pb_call *call, json_object *object);
// code as registered ("invalid_grant"); the description is of our own words, no text from a peer.
void pb_oauth_refuse(struct pb_call *call, const char *code, const char *format, ...)
  PB_PRINTF(3, 4);
// What a lower layer says: RETRY is temporarily_unavailable, REJECT and AUTH are `code`, all else
// server_error.
void pb_oauth_refuse_error(struct pb_call *call, const char *code, const pb_error_t *err);

// The request's form, no parameter twice; answers and gives NULL when it is none.
pb_form_t *pb_oauth_read_form(struct pb_call *call);
// A parameter that must be there (RFC 6749 s3.2: an empty one counts as absent); answers and gives
// NULL when it is not.
const char *pb_oauth_need(struct pb_call *call, const pb_form_t *form, const char *name);
const char *pb_oauth_get(const pb_form_t *form, const char *name);  // NULL when absent or empty

#endif
