// client-assertion - how a machine proves its key to a service.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/client-assertion.h"

#include "base/text.h"
#include "net/jwt.h"

#define LIFE_MS (2 * 60 * 1000)
#define ID_BYTES 16

static bool
sign(const pb_key_t *key, const char *client_id, const char *audience, int64_t now_ms, bool has_key,
     const char *next_key, pb_secret_t *jwt_out, pb_error_t *err)
{
  struct pb_assertion claims = {.issued_ms = now_ms, .expires_ms = now_ms + LIFE_MS};
  pb_secret_t         id     = {0};
  bool                ok     = false;

  if (!pb_secret_make(&id, ID_BYTES, err))
    goto done;
  if (!pb_text_copy(claims.issuer, sizeof(claims.issuer), client_id) ||
      !pb_text_copy(claims.subject, sizeof(claims.subject), client_id) ||
      !pb_text_copy(claims.audience, sizeof(claims.audience), audience) ||
      !pb_text_copy(claims.id, sizeof(claims.id), id.text) ||
      !pb_text_copy(claims.next_key, sizeof(claims.next_key), next_key))
  {
    pb_error_set(err, PB_BUG, "client assertion: a claim is too long");
    goto done;
  }
  ok = has_key ? pb_jwt_sign_with_key(key, &claims, jwt_out, err)
               : pb_jwt_sign(key, &claims, jwt_out, err);

done:
  pb_secret_clear(&id);
  return ok;
}

bool
pb_client_assertion_sign(const pb_key_t *key, const char *client_id, const char *audience,
                         int64_t now_ms, bool has_key, pb_secret_t *jwt_out, pb_error_t *err)
{
  return sign(key, client_id, audience, now_ms, has_key, /*next_key*/ "", jwt_out, err);
}

bool
pb_client_assertion_sign_next(const pb_key_t *key, const char *client_id, const char *audience,
                              int64_t now_ms, const char *next_key, pb_secret_t *jwt_out,
                              pb_error_t *err)
{
  return sign(key, client_id, audience, now_ms, /*has_key*/ false, next_key, jwt_out, err);
}
