// ssl-error - what OpenSSL has against it, as one of our errors.  For lib/net only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_SSL_ERROR_H
#define PB_NET_SSL_ERROR_H

#include "base/error.h"

// Like pb_error_set, with ": " and the oldest reason of OpenSSL's queue behind it; empties the
// queue.
bool pb_ssl_error_set(pb_error_t *err, enum pb_error_kind kind, const char *format, ...)
  PB_PRINTF(3, 4);

#endif
