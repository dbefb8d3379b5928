// error - what went wrong, for the program (kind) and for the reader (message).
// A fixed array, so that "out of memory" can be told too.  Filled where the failure is known,
// passed up untouched, logged once: where it is handled.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_ERROR_H
#define PB_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__GNUC__)
#define PB_MUST_USE __attribute__((warn_unused_result))
#define PB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define PB_MUST_USE
#define PB_PRINTF(fmt, args)
#endif

// What the caller should do about it.
enum pb_error_kind
{
  PB_OK = 0,
  PB_RETRY,   // the same call may succeed later: network, busy, disk full
  PB_AUTH,    // the credentials are missing, wrong, expired or not allowed to do this
  PB_REJECT,  // this input will never be accepted
  PB_GONE,    // the thing named does not exist (any more)
  PB_CONFIG,  // an administrator must change something
  PB_BUG      // our mistake
};

#define PB_ERROR_MESSAGE_SIZE 512

typedef struct pb_error
{
  enum pb_error_kind kind;
  char               message[PB_ERROR_MESSAGE_SIZE];  // one line, UTF-8, names the thing
} pb_error_t;

// Fill *err (may be NULL).  Always returns false, so "return pb_error_set(...)" reads well.
bool pb_error_set(pb_error_t *err, enum pb_error_kind kind, const char *format, ...)
  PB_PRINTF(3, 4);
bool pb_error_setv(pb_error_t *err, enum pb_error_kind kind, const char *format, va_list args);

// The same with ": strerror(errno)" behind it; ENOSPC, EAGAIN, EMFILE ... give PB_RETRY, others
// `kind`.
bool pb_error_set_errno(pb_error_t *err, enum pb_error_kind kind, const char *format, ...)
  PB_PRINTF(3, 4);

// Put "prefix: " before the message that is there; for callers who know more than the failing
// layer.
bool pb_error_prefix(pb_error_t *err, const char *format, ...) PB_PRINTF(2, 3);

void        pb_error_clear(pb_error_t *err);
const char *pb_error_kind_name(enum pb_error_kind kind);

// The static analyzer reads one file at a time: it shall know what these return.
#if defined(__clang_analyzer__) && !defined(PB_BASE_ERROR_SOURCE)
#define pb_error_set(...) (pb_error_set(__VA_ARGS__), false)
#define pb_error_set_errno(...) (pb_error_set_errno(__VA_ARGS__), false)
#endif

#endif
