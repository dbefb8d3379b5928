// ipp-strings_fuzz - whatever a message catalog holds, what is read of it is printable, and reads
// the same when it is written again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "ipp/strings.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
  if (!holds)
    abort();
}

static void
check_again(const pb_strings_t *strings)
{
  pb_buffer_t   text  = {0};
  pb_strings_t *again = NULL;

  if (!pb_strings_format(strings, &text, NULL))
    abort();
  if (text.size > PB_STRINGS_FILE_MAX || !pb_strings_parse(text.data, text.size, &again, NULL))
    require(text.size > PB_STRINGS_FILE_MAX);
  for (size_t i = 0; again != NULL && i < pb_strings_count(strings); i++)
  {
    const char *key = NULL, *is = NULL;

    pb_strings_get(strings, i, &key, &is);
    require(pb_text_is_printable(key) && pb_text_is_printable(is) && is[0] != '\0');
    require(strlen(key) < PB_STRINGS_KEY_SIZE && strlen(is) < PB_STRINGS_TEXT_SIZE);
    require(pb_text_is_equal(pb_strings_find(again, key, NULL), is));
  }
  pb_strings_free(again);
  pb_buffer_clear(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  pb_strings_t *strings = NULL;

  if (pb_strings_parse(data, size, &strings, NULL))
    check_again(strings);
  pb_strings_free(strings);
  return 0;
}
