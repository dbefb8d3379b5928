// state - the folder of registrations, as the right user and by one command at a time.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_STATE_H
#define PB_COMMAND_STATE_H

#include "base/error.h"

// Make the folder if it is not there, and, when run as root, go on as its owner for good: so what
// is written belongs to the connector, and nothing that the connector's user put there can make
// root write elsewhere.
bool state_enter(const char *state, pb_error_t *err) PB_MUST_USE;

// Keep other share and unshare commands out while something is changed; waits a little for them.
bool state_lock(const char *state, int *lock_out, pb_error_t *err) PB_MUST_USE;
void state_unlock(int *lock);  // -1: nothing is locked

#endif
