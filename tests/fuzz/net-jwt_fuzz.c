// net-jwt_fuzz - client assertions; none of them can be signed with a key that is made here.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "net/jwt.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static pb_key_t    *key;
  char               *jwt     = pb_text_dup_size((const char *)data, size);
  pb_key_t           *carried = NULL;
  struct pb_assertion claims;

  if (jwt == NULL || (key == NULL && !pb_key_make(&key, NULL)))
    abort();
  if (pb_jwt_peek(jwt, &claims, NULL) && claims.issuer[0] == '\0')
    abort();
  if (pb_jwt_verify(key, jwt, &claims, NULL))
    abort();
  if (pb_jwt_peek_key(jwt, &carried, NULL) != (carried != NULL))
    abort();
  pb_key_free(carried);
  free(jwt);
  return 0;
}
