// approve - ask an administrator, by a code, to approve what is offered (see approve.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "approve.h"

#include "cloud/protocol.h"
#include "code.h"

#include <stdio.h>

// Ask until there is an answer.
static enum pb_poll
wait_for_answer(const struct approval *approval, struct pb_device_code *code,
                struct pb_grant *grant_out, pb_error_t *err)
{
  enum pb_poll poll         = PB_POLL_PENDING;
  bool         is_reachable = true;
  bool         is_first     = true;

  while (poll == PB_POLL_PENDING)
  {
    code_pause(code, is_first);
    is_first = false;
    poll     = pb_device_code_poll(approval->http, approval->metadata, approval->client_id, code,
                                   grant_out, err);
    if (poll == PB_POLL_PENDING)
      code_show_reachable(&is_reachable, err);
  }
  return poll;
}

// One code from its birth to its end.
static enum pb_poll
try_code(const struct approval *approval, struct pb_grant *grant_out, pb_error_t *err)
{
  struct pb_device_code code = {0};
  enum pb_poll          poll = PB_POLL_FAILED;

  if (pb_device_code_request(approval->http, approval->metadata, approval->client_id,
                             PB_SCOPE_REGISTER, approval->details, approval->requester, &code, err))
  {
    code_show(&code, "An administrator of the service approves this at", approval->has_qr);
    poll = wait_for_answer(approval, &code, grant_out, err);
  }
  pb_device_code_clear(&code);
  return poll;
}

bool
approve(const struct approval *approval, struct pb_grant *grant_out, pb_error_t *err)
{
  for (int i = 1; i <= approval->tries; i++)
  {
    switch (try_code(approval, grant_out, err))
    {
      case PB_POLL_GRANTED:
        return true;
      case PB_POLL_DENIED:
        return pb_error_set(err, PB_AUTH, "the administrator has denied it");
      case PB_POLL_EXPIRED:
        if (i < approval->tries)
          printf("\nThe code has expired.  Here is a new one (%d of %d).\n", i + 1,
                 approval->tries);
        break;
      default:
        return false;
    }
  }
  return pb_error_set(err, PB_GONE, "nobody approved it before the %s expired: run this again",
                      approval->tries > 1 ? "last code" : "code");
}
