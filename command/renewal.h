// renewal - the key and the certificates of one service are renewed by a command, which says so.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_RENEWAL_H
#define PB_COMMAND_RENEWAL_H

#include "cloud/registration.h"

// Under the lock; as pb_rekey.
bool renewal_run(pb_registration_t *registration, pb_error_t *err) PB_MUST_USE;

#endif
