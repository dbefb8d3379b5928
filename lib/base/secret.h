// secret - random numbers, and text that must not be seen: wiped when freed, and there is no way to
// print it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_SECRET_H
#define PB_BASE_SECRET_H

#include "base/error.h"
#include <stdint.h>

typedef struct pb_secret
{
  char  *text;  // NUL-terminated; NULL when empty
  size_t size;
} pb_secret_t;

// set and make replace what was there (and wipe it).
bool pb_secret_set(pb_secret_t *secret, const char *text, size_t size, pb_error_t *err) PB_MUST_USE;
bool pb_secret_make(pb_secret_t *secret, size_t random_bytes,
                    pb_error_t *err) PB_MUST_USE;  // base64url of random
void pb_secret_clear(pb_secret_t *secret);

// Time does not depend on where they differ.
bool pb_secret_is_equal(const void *a, size_t a_size, const void *b, size_t b_size);

void     pb_random_bytes(void *dst, size_t size);  // getrandom(2); aborts if the kernel has none
uint32_t pb_random_below(uint32_t limit);          // uniform in [0, limit)
void     pb_wipe(void *data, size_t size);         // not optimized away

#endif
