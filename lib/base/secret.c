// secret - random numbers, and text that is wiped.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void
pb_wipe(void *data, size_t size)
{
  if (size > 0)
    explicit_bzero(data, size);
}

void
pb_random_bytes(void *dst, size_t size)
{
  uint8_t *at = dst;

  while (size > 0)
  {
    ssize_t got = getrandom(at, size, 0);

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      abort();  // a key made from anything else would be worse than no service
    at += got;
    size -= (size_t)got;
  }
}

uint32_t
pb_random_below(uint32_t limit)
{
  uint32_t value, most = limit > 0 ? UINT32_MAX - UINT32_MAX % limit : 0;

  if (limit <= 1)
    return 0;
  do
    pb_random_bytes(&value, sizeof(value));
  while (value >= most);
  return value % limit;
}

bool
pb_secret_set(pb_secret_t *secret, const char *text, size_t size, pb_error_t *err)
{
  char *copy = pb_text_dup_size(text, size);

  if (copy == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for %zu bytes", size);
  pb_secret_clear(secret);
  secret->text = copy;
  secret->size = size;
  return true;
}

bool
pb_secret_make(pb_secret_t *secret, size_t random_bytes, pb_error_t *err)
{
  uint8_t bytes[64];
  char   *text;

  if (random_bytes > sizeof(bytes))
    return pb_error_set(err, PB_BUG, "a secret of %zu bytes was asked for", random_bytes);
  pb_random_bytes(bytes, random_bytes);
  text = pb_text_format_base64(bytes, random_bytes, /*url*/ true);
  pb_wipe(bytes, sizeof(bytes));
  if (text == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a secret");
  pb_secret_clear(secret);
  secret->text = text;
  secret->size = strlen(text);
  return true;
}

void
pb_secret_clear(pb_secret_t *secret)
{
  if (secret->text != NULL)
    pb_wipe(secret->text, secret->size);
  free(secret->text);
  *secret = (pb_secret_t){0};
}

bool
pb_secret_is_equal(const void *a, size_t a_size, const void *b, size_t b_size)
{
  const volatile uint8_t *x = a, *y = b;
  uint8_t                 differs = 0;

  if (a_size != b_size)
    return false;
  for (size_t i = 0; i < a_size; i++)
    differs |= (uint8_t)(x[i] ^ y[i]);
  return differs == 0;
}
