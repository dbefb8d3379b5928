// ask - the command's end of the connector's control socket (see connector/control.h for the
// words).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_ASK_H
#define PB_COMMAND_ASK_H

#include "net/json.h"

// PB_GONE: the connector does not run; PB_AUTH: not for this user; else what the connector said.
bool ask_connector(const char *runtime, const char *word, json_object **answer_out,
                   pb_error_t *err) PB_MUST_USE;

// Tell the connector that registrations have changed, and the user when it does not run.
void ask_reload(const char *runtime);

#endif
