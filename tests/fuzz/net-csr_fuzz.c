// net-csr_fuzz - certificate requests and keys in PEM.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "net/key.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char     *pem = pb_text_dup_size((const char *)data, size);
  char      common_name[64];
  pb_key_t *key = NULL;

  if (pem == NULL)
    abort();
  if (pb_csr_parse(pem, common_name, &key, NULL) && !pb_text_is_printable(common_name))
    abort();
  pb_key_free(key);
  if (pb_key_parse_pem(pem, &key, NULL))
    pb_key_free(key);
  free(pem);
  return 0;
}
