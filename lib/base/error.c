// error - filling and passing pb_error_t.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#define PB_BASE_ERROR_SOURCE
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool
pb_error_setv(pb_error_t *err, enum pb_error_kind kind, const char *format, va_list args)
{
  if (err == NULL)
    return false;
  err->kind = kind;
  vsnprintf(err->message, sizeof(err->message), format, args);
  return false;
}

bool
pb_error_set(pb_error_t *err, enum pb_error_kind kind, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  pb_error_setv(err, kind, format, args);
  va_end(args);
  return false;
}

// Conditions that pass by themselves, or that an administrator can end without touching us.
static bool
is_passing(int number)
{
  switch (number)
  {
    case EAGAIN:
    case EINTR:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
    case ECONNREFUSED:
    case ECONNRESET:
    case ETIMEDOUT:
    case EPIPE:
      return true;
    default:
      return false;
  }
}

bool
pb_error_set_errno(pb_error_t *err, enum pb_error_kind kind, const char *format, ...)
{
  int     number = errno;
  char    reason[128];
  size_t  used;
  va_list args;

  if (err == NULL)
    return false;
  va_start(args, format);
  pb_error_setv(err, is_passing(number) ? PB_RETRY : kind, format, args);
  va_end(args);
  used = strlen(err->message);
  snprintf(err->message + used, sizeof(err->message) - used, ": %s",
           strerror_r(number, reason, sizeof(reason)));
  return false;
}

bool
pb_error_prefix(pb_error_t *err, const char *format, ...)
{
  char    before[PB_ERROR_MESSAGE_SIZE];
  va_list args;

  if (err == NULL)
    return false;
  memcpy(before, err->message, sizeof(before));
  va_start(args, format);
  vsnprintf(err->message, sizeof(err->message), format, args);
  va_end(args);

  size_t used = strlen(err->message);
  snprintf(err->message + used, sizeof(err->message) - used, ": %s", before);
  return false;
}

void
pb_error_clear(pb_error_t *err)
{
  err->kind       = PB_OK;
  err->message[0] = '\0';
}

const char *
pb_error_kind_name(enum pb_error_kind kind)
{
  static const char *const names[] = {"ok", "retry", "auth", "reject", "gone", "config", "bug"};

  return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}
