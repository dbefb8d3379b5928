// approve - ask an administrator, by a code, to approve what is offered.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_APPROVE_H
#define PB_COMMAND_APPROVE_H

#include "cloud/grant.h"

struct approval
{
  pb_http_t                *http;
  const struct pb_metadata *metadata;
  const char               *client_id;
  const char               *details;    // authorization_details as JSON
  const char               *requester;  // may be NULL
  int                       tries;      // codes to show
  bool                      has_qr;
};

// Shows each code and waits; blocks for as long as the codes live.  PB_AUTH: denied; PB_GONE: all
// codes have expired.
bool approve(const struct approval *approval, struct pb_grant *grant_out,
             pb_error_t *err) PB_MUST_USE;

#endif
