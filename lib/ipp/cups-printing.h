// cups-printing - what a backend asks of the scheduler that has started it: about the job that it
// prints, its queue, and jobs that were held.  Errors as in cups.h.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_CUPS_PRINTING_H
#define PB_IPP_CUPS_PRINTING_H

#include "ipp/cups.h"

struct pb_cups_printing
{
  int  state;        // ipp_jstate_t
  char uuid[64];     // is it still the same job?  cupsd may use a number again
  bool is_stopping;  // somebody has canceled it
};
bool pb_cups_get_printing(pb_cups_t *cups, const char *queue, int job_id,
                          struct pb_cups_printing *printing_out, pb_error_t *err) PB_MUST_USE;

// As its owner, whom cupsd's default policy lets do so by name.  PB_REJECT: it is not held (any
// more).
bool pb_cups_release_job(pb_cups_t *cups, const char *queue, int job_id, const char *owner,
                         pb_error_t *err) PB_MUST_USE;

// It stays held for so long (up to a day), and cupsd starts it then by itself, whatever else has
// been restarted meanwhile.  As its owner, too.
bool pb_cups_hold_job(pb_cups_t *cups, const char *queue, int job_id, const char *owner,
                      int64_t for_ms, pb_error_t *err) PB_MUST_USE;
// A job-hold-until as that makes it, a time of day: whoever gets the job sees that it has passed.
bool pb_cups_is_hold_time(const char *job_hold_until);

// printer-error-policy is abort-job.
bool pb_cups_has_abort_policy(pb_cups_t *cups, const char *queue, bool *is_abort_out,
                              pb_error_t *err) PB_MUST_USE;

// printer-state-message of an idle queue; root only, as a rule.
bool pb_cups_set_message(pb_cups_t *cups, const char *queue, const char *message,
                         pb_error_t *err) PB_MUST_USE;

#endif
