// net-form_fuzz - forms: what is read must survive being written and read again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/form.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_again(const pb_form_t *form, const pb_buffer_t *text)
{
  pb_form_t *again = NULL;

  if (!pb_form_parse(text->data, text->size, &again, NULL) ||
      pb_form_count(again) != pb_form_count(form))
    abort();
  for (size_t i = 0; i < pb_form_count(form); i++)
    if (strcmp(pb_form_name(again, i), pb_form_name(form, i)) != 0 ||
        strcmp(pb_form_value(again, i), pb_form_value(form, i)) != 0)
      abort();
  pb_form_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  pb_form_t  *form = NULL;
  pb_buffer_t text;

  if (!pb_form_parse((const char *)data, size, &form, NULL))
    return 0;
  pb_buffer_init(&text, 8 * size + 1024);
  for (size_t i = 0; i < pb_form_count(form); i++)
    if (!pb_form_append(&text, pb_form_name(form, i), pb_form_value(form, i), NULL))
      abort();
  if (pb_form_count(form) > 0)
    check_again(form, &text);
  pb_buffer_clear(&text);
  pb_form_free(form);
  return 0;
}
