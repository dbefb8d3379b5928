// code - a code that a person approves, in the terminal, and the waiting for it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_CODE_H
#define PB_COMMAND_CODE_H

#include "cloud/grant.h"

// Address, code, QR.  who: the first line, which ends before the address.
void code_show(const struct pb_device_code *code, const char *who, bool has_qr);

// Wait before the next question: the interval, but not past the code's end.
void code_pause(const struct pb_device_code *code, bool is_first);

// One line when the service stops answering, one when it is back.  *is_reachable is true at first.
void code_show_reachable(bool *is_reachable, const pb_error_t *why);

#endif
