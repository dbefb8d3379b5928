// alloc - the nth allocation fails: a case is run with n = 1, 2, ... until nothing fails any more.
// The linker puts us between our own code and malloc, calloc, realloc, strdup, asprintf, ippNew and
// json_object_new_...; what libraries allocate inside themselves is theirs and is not counted.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_ALLOC_H
#define PB_TESTS_ALLOC_H

#include "check.h"

#include "base/error.h"

struct alloc_case
{
  const char *name;
  // Frees all that it made, and checks what it got, however often something failed on the way.
  bool (*run)(void *world, pb_error_t *err);
  bool is_mute;  // it says no without filling the error
};

// Each time: no crash, and either a result (which the case has checked) or PB_RETRY with a message.
void alloc_check(const struct alloc_case *cases, size_t count, void *world);

// For a test of the instrument itself.  n 0: none; is_from_there_on: that one and all behind it.
void alloc_arm(int n, bool is_from_there_on);
bool alloc_disarm(void);  // has one failed?
// Around what stands for another process: nothing fails there, and nothing is counted.
void alloc_pause(void);
void alloc_resume(void);

#endif
