// alloc - see alloc.h.
// One thread at a time: what is armed is a global.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include <errno.h>

#define TIMES_MAX 5000  // allocations of one case

static struct
{
  int  left;  // 0: not armed
  bool is_from_there_on, has_failed, is_paused;
} armed;

// The linker's names (--wrap of GNU ld).
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_asprintf(char **text_out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool
is_failing(void)
{
  if (armed.left == 0 || armed.is_paused)
    return false;
  if (armed.left > 1)
  {
    armed.left--;
    return false;
  }
  armed.has_failed = true;
  errno            = ENOMEM;
  if (!armed.is_from_there_on)
    armed.left = 0;
  return true;
}

void *
__wrap_malloc(size_t size)
{
  return is_failing() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
  return is_failing() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
  return is_failing() ? NULL : __real_realloc(old, size);
}

char *
__wrap_strdup(const char *text)
{
  return is_failing() ? NULL : __real_strdup(text);
}

// What asprintf leaves behind when it fails is not defined: here it is nothing that free would
// take.
int
__wrap_asprintf(char **text_out, const char *format, ...)
{
  static char nothing[16];
  int         size = -1;
  va_list     args;

  *text_out = nothing;
  if (is_failing())
    return -1;
  va_start(args, format);
  size = vasprintf(text_out, format, args);
  va_end(args);
  return size;
}

// Constructors of libraries that our code calls, when the program has them.
#define WRAP(type, name, parameters, arguments)                                                    \
  type __real_##name parameters __attribute__((weak));                                             \
  type __wrap_##name parameters;                                                                   \
  type __wrap_##name parameters                                                                    \
  {                                                                                                \
    return is_failing() ? NULL : __real_##name arguments;                                          \
  }

WRAP(void *, ippNew, (void), ())
WRAP(void *, ippNewRequest, (int operation), (operation))
WRAP(void *, ippNewResponse, (void *request), (request))
WRAP(void *, json_tokener_new_ex, (int depth), (depth))
WRAP(void *, json_object_new_object, (void), ())
WRAP(void *, json_object_new_array, (void), ())
WRAP(void *, json_object_new_string, (const char *text), (text))
WRAP(void *, json_object_new_int64, (int64_t value), (value))
WRAP(void *, json_object_new_boolean, (int value), (value))

void
alloc_arm(int n, bool is_from_there_on)
{
  armed.left             = n;
  armed.is_from_there_on = is_from_there_on;
  armed.has_failed       = false;
}

bool
alloc_disarm(void)
{
  armed.left = 0;
  return armed.has_failed;
}

void
alloc_pause(void)
{
  armed.is_paused = true;
}

void
alloc_resume(void)
{
  armed.is_paused = false;
}

// How often it was wrong.
static int
run_case(const struct alloc_case *this, void *world, bool is_from_there_on)
{
  int wrong = 0;

  for (int n = 1; n < TIMES_MAX; n++)
  {
    pb_error_t err = {0};
    bool       ok, has_failed;

    alloc_arm(n, is_from_there_on);
    ok         = this->run(world, &err);
    has_failed = alloc_disarm();
    if (!has_failed)
    {
      if (!ok)
        fail_msg("%s: fails with nothing failing: %s", this->name, err.message);
      if (n == 1)
        fail_msg("%s: allocates nothing", this->name);
      return wrong;
    }
    if (ok || this->is_mute || (err.kind == PB_RETRY && err.message[0] != '\0'))
      continue;
    wrong++;
    print_error("%s: allocation %d%s is told as %s \"%s\"\n", this->name, n,
                is_from_there_on ? " and on" : "", pb_error_kind_name(err.kind), err.message);
  }
  fail_msg("%s: more than %d allocations", this->name, TIMES_MAX);
  return wrong;
}

void
alloc_check(const struct alloc_case *cases, size_t count, void *world)
{
  int wrong = 0;

  for (size_t i = 0; i < count; i++)
    wrong += run_case(&cases[i], world, /*is_from_there_on*/ false) +
             run_case(&cases[i], world, /*is_from_there_on*/ true);
  assert_int_equal(wrong, 0);
}
