// exit - how a backend ends.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/exit.h"

#include <cups/backend.h>

// Measured with CUPS 2.4.2: CUPS_BACKEND_FAILED follows the queue's printer-error-policy, and all
// of them but abort-job print again or stop the queue: a job that failed at its printer must do
// neither.  CUPS_BACKEND_RETRY is given up after JobRetryLimit tries, CUPS_BACKEND_RETRY_CURRENT
// spins: whoever waits for the network waits inside.
static const struct
{
  int  code;
  int  abort_code;  // where the policy is abort-job
  bool is_end;
} codes[] = {
  [PB_END_DONE]           = {CUPS_BACKEND_OK,     CUPS_BACKEND_OK,     true },
  [PB_END_CANCELED_THERE] = {CUPS_BACKEND_CANCEL, CUPS_BACKEND_CANCEL, true },
  [PB_END_CANCELED_HERE]  = {CUPS_BACKEND_OK,     CUPS_BACKEND_OK,     true },
  [PB_END_INTERRUPTED]    = {CUPS_BACKEND_OK,     CUPS_BACKEND_OK,     false},
  [PB_END_FAILED]         = {CUPS_BACKEND_CANCEL, CUPS_BACKEND_FAILED, true },
  [PB_END_SIGN_IN]        = {CUPS_BACKEND_HOLD,   CUPS_BACKEND_HOLD,   false},
  [PB_END_CONFIG]         = {CUPS_BACKEND_HOLD,   CUPS_BACKEND_HOLD,   false},
  [PB_END_AGAIN]          = {CUPS_BACKEND_RETRY,  CUPS_BACKEND_RETRY,  false},
};

int
pb_exit_code(enum pb_ending ending, bool is_abort_policy)
{
  return is_abort_policy ? codes[ending].abort_code : codes[ending].code;
}

bool
pb_exit_is_end(enum pb_ending ending)
{
  return codes[ending].is_end;
}

enum pb_ending
pb_exit_read_ending(int status)
{
  size_t count = sizeof(codes) / sizeof(codes[0]);

  return status >= 0 && (size_t)status < count ? (enum pb_ending)status : PB_END_AGAIN;
}

static const enum pb_ending endings[] = {
  [PB_OK] = PB_END_DONE,       [PB_RETRY] = PB_END_AGAIN, [PB_AUTH] = PB_END_SIGN_IN,
  [PB_REJECT] = PB_END_FAILED, [PB_GONE] = PB_END_CONFIG, [PB_CONFIG] = PB_END_CONFIG,
  [PB_BUG] = PB_END_FAILED,
};

enum pb_ending
pb_exit_get_ending(const pb_error_t *err)
{
  return endings[err->kind];
}
