// quiet - a line from the terminal, which does not show it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_QUIET_H
#define PB_COMMAND_QUIET_H

#include <stdbool.h>
#include <stddef.h>

bool quiet_has_terminal(void);
// Without the end of the line; a longer one is cut, to size - 1.  Where there is no terminal, the
// next line of the input, without a question.  False: there is none.  line is the caller's to wipe.
bool quiet_read_line(const char *question, char *line, size_t size);

#endif
