// service-url - the address of the service that a command means.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_SERVICE_URL_H
#define PB_COMMAND_SERVICE_URL_H

#include "options.h"

// As typed, "HOST", "HOST:PORT" or either behind https://, to "https://HOST:PORT": among what is
// registered below the state folder where no port was typed, else by asking (cloud/address.h).
bool service_url_find(const struct options *options, const char *typed, bool may_ask, char *dst,
                      size_t dst_size, pb_error_t *err) PB_MUST_USE;

#endif
