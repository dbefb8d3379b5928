// ssl-error - what OpenSSL has against it, as one of our errors.
// The oldest entry of the thread's queue is the cause; the later ones are its callers.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/ssl-error.h"

#include <openssl/err.h>
#include <stdio.h>

bool
pb_ssl_error_set(pb_error_t *err, enum pb_error_kind kind, const char *format, ...)
{
  char          text[256];
  va_list       args;
  unsigned long code   = ERR_peek_error();
  const char   *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

  va_start(args, format);
  (void)vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  ERR_clear_error();
  if (reason == NULL)
    return pb_error_set(err, kind, "%s", text);
  return pb_error_set(err, kind, "%s: %s", text, reason);
}
