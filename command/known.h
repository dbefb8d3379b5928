// known - which service a command means, and the sign-in there.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_KNOWN_H
#define PB_COMMAND_KNOWN_H

#include "cloud/sign-in.h"
#include "options.h"

// The one that is named on the command line, or the only one that is known; with the trust of the
// command line, or what is known of it.  may_ask: where no port is named, the network is asked for
// a service that is not known yet.
bool known_service(const struct options *options, const struct pb_places *places, bool may_ask,
                   struct pb_service *service_out, pb_error_t *err) PB_MUST_USE;

// The user's, or with --system the machine's.  Close it.
bool known_sign_in(const struct options *options, const struct pb_places *places,
                   const struct pb_service *service, pb_sign_in_t **sign_in_out,
                   pb_error_t *err) PB_MUST_USE;

#endif
