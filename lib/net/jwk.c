// jwk - public EC P-256 keys as JSON.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/jwk.h"

#include "base/text.h"
#include "net/key-private.h"
#include "net/ssl-error.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <stdlib.h>
#include <string.h>

#define COORDINATE_SIZE 32
#define POINT_UNCOMPRESSED 4  // SEC 1 s2.3.3
#define GROUP_NAME "prime256v1"

static bool
add_coordinate(json_object *jwk, const char *name, EVP_PKEY *pkey, const char *param)
{
  BIGNUM *number = NULL;
  uint8_t bytes[COORDINATE_SIZE];
  char   *text = NULL;
  bool    ok   = false;

  if (EVP_PKEY_get_bn_param(pkey, param, &number) == 1 &&
      BN_bn2binpad(number, bytes, COORDINATE_SIZE) == COORDINATE_SIZE)
    text = pb_text_format_base64(bytes, sizeof(bytes), /*url*/ true);
  ok = text != NULL && pb_json_add_text(jwk, name, text);
  free(text);
  BN_free(number);
  return ok;
}

json_object *
pb_jwk_format(const pb_key_t *key)
{
  json_object *jwk = json_object_new_object();

  if (jwk != NULL && pb_json_add_text(jwk, "kty", "EC") && pb_json_add_text(jwk, "crv", "P-256") &&
      add_coordinate(jwk, "x", pb_key_pkey(key), OSSL_PKEY_PARAM_EC_PUB_X) &&
      add_coordinate(jwk, "y", pb_key_pkey(key), OSSL_PKEY_PARAM_EC_PUB_Y))
    return jwk;
  json_object_put(jwk);
  return NULL;
}

static bool
read_coordinate(json_object *jwk, const char *name, uint8_t bytes[COORDINATE_SIZE], pb_error_t *err)
{
  const char *text = pb_json_text(jwk, name);
  size_t      size = 0;
  uint8_t    *read =
    text != NULL ? pb_text_parse_base64(text, strlen(text), /*url*/ true, &size) : NULL;
  bool ok = read != NULL && size == COORDINATE_SIZE;

  if (text != NULL && read == NULL && errno == ENOMEM)
    return pb_error_set(err, PB_RETRY, "out of memory for a key");
  if (ok)
    memcpy(bytes, read, COORDINATE_SIZE);
  free(read);
  return ok || pb_error_set(err, PB_REJECT, "a JWK with a bad \"%s\"", name);
}

// OpenSSL refuses a point that is not on the curve.
static bool
make_key(const uint8_t point[1 + 2 * COORDINATE_SIZE], pb_key_t **key_out, pb_error_t *err)
{
  char          group[] = GROUP_NAME;
  uint8_t       bytes[1 + 2 * COORDINATE_SIZE];
  OSSL_PARAM    params[3];
  EVP_PKEY     *pkey = NULL;
  EVP_PKEY_CTX *ctx  = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  bool          ok   = false;

  memcpy(bytes, point, sizeof(bytes));
  params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof(bytes));
  params[2] = OSSL_PARAM_construct_end();
  if (ctx == NULL)
    pb_ssl_error_set(err, PB_RETRY, "cannot read a JWK");
  else if (EVP_PKEY_fromdata_init(ctx) != 1 ||
           EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    pb_ssl_error_set(err, PB_REJECT, "a JWK that is no point of P-256");
  else
    ok = pb_key_wrap(pkey, /*is_private*/ false, key_out, err);
  EVP_PKEY_CTX_free(ctx);
  return ok;
}

bool
pb_jwk_parse(json_object *jwk, pb_key_t **key_out, pb_error_t *err)
{
  uint8_t     point[1 + 2 * COORDINATE_SIZE] = {POINT_UNCOMPRESSED};
  const char *type                           = pb_json_text(jwk, "kty");
  const char *curve                          = pb_json_text(jwk, "crv");

  *key_out = NULL;
  if (type == NULL || strcmp(type, "EC") != 0 || curve == NULL || strcmp(curve, "P-256") != 0)
    return pb_error_set(err, PB_REJECT, "a JWK that is not EC P-256");
  if (json_object_object_get_ex(jwk, "d", NULL))
    return pb_error_set(err, PB_REJECT, "a JWK with its private key");
  return read_coordinate(jwk, "x", point + 1, err) &&
         read_coordinate(jwk, "y", point + 1 + COORDINATE_SIZE, err) &&
         make_key(point, key_out, err);
}
