// check - cmocka with its includes in the order that it wants.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_CHECK_H
#define PB_TESTS_CHECK_H

// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
// clang-format on

// Holds, or fails with the error's message.
#define check_ok(call, err)                                                                        \
  do                                                                                               \
  {                                                                                                \
    if (!(call))                                                                                   \
      fail_msg("%s: %s: %s", #call, pb_error_kind_name((err).kind), (err).message);                \
  } while (0)

#endif
