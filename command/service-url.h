// service-url - a service's address as people type it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_SERVICE_URL_H
#define PB_COMMAND_SERVICE_URL_H

#include "base/error.h"

// "host", "host:port" or "https://host..." -> "https://host:port", without a slash behind it; a
// port only where none and no scheme was given.  PB_CONFIG: another scheme, or no address.
bool service_url_format(char *dst, size_t dst_size, const char *typed, pb_error_t *err) PB_MUST_USE;

#endif
