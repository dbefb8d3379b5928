// qr - a QR code in the terminal.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_QR_H
#define PB_COMMAND_QR_H

#include <stdbool.h>
#include <stdio.h>

// Two rows of modules per line, in half blocks; nothing when the text does not fit a code.
void qr_print(FILE *out, const char *text);

// A terminal that shows UTF-8.
bool qr_is_possible(FILE *out);

#endif
