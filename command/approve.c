// approve - ask an administrator, by a code, to approve what is offered (see approve.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "approve.h"

#include "base/clock.h"
#include "cloud/protocol.h"
#include "qr.h"

#include <time.h>

#define LAST_CALL_MS 500  // before a code ends

static void
sleep_ms(int64_t ms)
{
  struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

  while (nanosleep(&left, &left))
    ;
}

static void
show_code(const struct approval *approval, const struct pb_device_code *code)
{
  int64_t minutes = (code->expires_mono_ms - pb_clock_mono_ms() + 59999) / 60000;

  printf(
    "\nAn administrator of the service approves this at\n\n    %s\n\nwith the code\n\n    %s\n\n",
    code->verification_uri, code->user_code);
  if (approval->has_qr && code->verification_uri_complete[0])
  {
    qr_print(stdout, code->verification_uri_complete);
    printf("\n");
  }
  printf("The code is good for %lld minute%s.  Waiting ...\n", (long long)minutes,
         minutes == 1 ? "" : "s");
  fflush(stdout);
}

// One line when the service stops answering, one when it is back.
static void
show_reachable(bool *is_reachable, const pb_error_t *why)
{
  bool is_now = why->kind == PB_OK;

  if (is_now != *is_reachable)
  {
    if (is_now)
      printf("The service answers again.  Waiting ...\n");
    else
      printf("The service does not answer (%s).  Asking again ...\n", why->message);
    fflush(stdout);
  }
  *is_reachable = is_now;
}

// The interval, but not past the code's end: where the code lives for less than an interval, the
// first question must come before it has ended.
static int64_t
get_pause_ms(const struct pb_device_code *code, bool is_first)
{
  int64_t left_ms = code->expires_mono_ms - pb_clock_mono_ms();

  if (is_first)
    left_ms -= LAST_CALL_MS;
  if (left_ms < 0)
    left_ms = 0;
  return left_ms < code->interval_ms ? left_ms : code->interval_ms;
}

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
    sleep_ms(get_pause_ms(code, is_first));
    is_first = false;
    poll     = pb_device_code_poll(approval->http, approval->metadata, approval->client_id, code,
                                   grant_out, err);
    if (poll == PB_POLL_PENDING)
      show_reachable(&is_reachable, err);
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
    show_code(approval, &code);
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
