// passphrase - of a file that holds a print server: from a file, or from the terminal, which does
// not show it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_PASSPHRASE_H
#define PB_COMMAND_PASSPHRASE_H

#include "base/secret.h"

// path: its first line; NULL: the terminal, asked twice when is_new.  PB_REJECT: too short or too
// long, or there is neither.
bool passphrase_get(const char *path, bool is_new, pb_secret_t *passphrase_out,
                    pb_error_t *err) PB_MUST_USE;

#endif
