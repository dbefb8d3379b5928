// jwt - client assertions: private_key_jwt of RFC 7523, signed with ES256 (RFC 7518 s3.4).
// The signature is r and s, 32 bytes each, not the DER that OpenSSL speaks.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/jwt.h"

#include "base/buffer.h"
#include "base/text.h"
#include "net/json.h"
#include "net/jwk.h"
#include "net/key-private.h"
#include "net/ssl-error.h"
#include <errno.h>
#include <openssl/ecdsa.h>
#include <stdlib.h>
#include <string.h>

#define HALF_SIZE 32
#define SIGNATURE_SIZE (2 * HALF_SIZE)
#define SECONDS_MAX (INT64_C(1) << 40)  // some 34,000 years: times 1000 it still fits

struct parts
{
  const char *header, *claims, *signature;  // base64url
  size_t      header_size, claims_size, signature_size;
};

static bool
split(const char *jwt, struct parts *parts_out, pb_error_t *err)
{
  size_t      size  = strnlen(jwt, PB_ASSERTION_MAX + 1);
  const char *first = NULL, *second = NULL;

  if (size > PB_ASSERTION_MAX)
    return pb_error_set(err, PB_REJECT, "assertion longer than %d bytes", PB_ASSERTION_MAX);
  first = strchr(jwt, '.');
  if (first != NULL)
    second = strchr(first + 1, '.');
  if (second == NULL || strchr(second + 1, '.') != NULL)
    return pb_error_set(err, PB_REJECT, "an assertion must have three parts");
  *parts_out = (struct parts){
    .header         = jwt,
    .header_size    = (size_t)(first - jwt),
    .claims         = first + 1,
    .claims_size    = (size_t)(second - first - 1),
    .signature      = second + 1,
    .signature_size = size - (size_t)(second + 1 - jwt),
  };
  return true;
}

// NULL, after pb_error_set, when it is not base64url.
static uint8_t *
parse_base64(const char *text, size_t size, size_t *size_out, pb_error_t *err)
{
  uint8_t *bytes = pb_text_parse_base64(text, size, /*url*/ true, size_out);

  if (bytes == NULL && errno == ENOMEM)
    pb_error_set(err, PB_RETRY, "out of memory for an assertion");
  else if (bytes == NULL)
    pb_error_set(err, PB_REJECT, "an assertion that is not base64url");
  return bytes;
}

static bool
parse_part(const char *text, size_t size, json_object **object_out, pb_error_t *err)
{
  size_t   json_size = 0;
  uint8_t *json      = parse_base64(text, size, &json_size, err);
  bool     ok        = false;

  *object_out = NULL;
  if (json == NULL)
    return false;
  ok = pb_json_parse((const char *)json, json_size, object_out, err);
  if (!ok)
    pb_error_prefix(err, "assertion");
  free(json);
  return ok;
}

static bool
check_header(const struct parts *parts, pb_error_t *err)
{
  json_object *header = NULL;
  const char  *alg    = NULL;
  bool         ok     = false;

  if (!parse_part(parts->header, parts->header_size, &header, err))
    return false;
  alg = pb_json_text(header, "alg");
  if (alg == NULL || strcmp(alg, "ES256") != 0)
    pb_error_set(err, PB_REJECT, "an assertion must be signed with ES256");
  else if (json_object_object_get_ex(header, "crit", NULL))
    pb_error_set(err, PB_REJECT, "an assertion with critical extensions");  // RFC 7515 s4.1.11
  else
    ok = true;
  json_object_put(header);
  return ok;
}

// A text, or an array with one text (RFC 7519 s4.1.3): for more than one audience none of ours is
// meant.
static const char *
find_audience(json_object *claims)
{
  json_object *list = pb_json_array(claims, "aud");
  json_object *item = NULL;
  const char  *text = NULL;

  if (list == NULL)
    return pb_json_text(claims, "aud");
  if (json_object_array_length(list) != 1)
    return NULL;
  item = json_object_array_get_idx(list, 0);
  if (!json_object_is_type(item, json_type_string))
    return NULL;
  text = json_object_get_string(item);
  return strlen(text) == (size_t)json_object_get_string_len(item) ? text : NULL;
}

// A NumericDate may have a fraction (RFC 7519 s2).
static bool
read_time(json_object *claims, const char *name, bool is_needed, int64_t *ms_out)
{
  json_object *member  = NULL;
  int64_t      seconds = 0;

  *ms_out = 0;
  if (!json_object_object_get_ex(claims, name, &member))
    return !is_needed;
  if (!json_object_is_type(member, json_type_int) && !json_object_is_type(member, json_type_double))
    return false;
  seconds = json_object_get_int64(member);
  if (seconds <= 0 || seconds > SECONDS_MAX)
    return false;
  *ms_out = seconds * 1000;
  return true;
}

static bool
copy_text(char *dst, size_t dst_size, const char *text)
{
  return text != NULL && text[0] != '\0' && pb_text_copy(dst, dst_size, text);
}

// cnf.jkt; absent is fine.
static bool
read_next_key(json_object *claims, char next_key[PB_KEY_ID_SIZE])
{
  json_object *cnf  = NULL;
  const char  *text = NULL;

  next_key[0] = '\0';
  if (!json_object_object_get_ex(claims, "cnf", &cnf))
    return true;
  if (!json_object_is_type(cnf, json_type_object))
    return false;
  text = pb_json_text(cnf, "jkt");
  return text != NULL && strlen(text) == PB_KEY_ID_SIZE - 1 &&
         pb_text_copy(next_key, PB_KEY_ID_SIZE, text);
}

static bool
read_claims(const struct parts *parts, struct pb_assertion *out, pb_error_t *err)
{
  json_object *claims = NULL;
  const char  *bad    = NULL;

  if (!parse_part(parts->claims, parts->claims_size, &claims, err))
    return false;
  if (!copy_text(out->issuer, sizeof(out->issuer), pb_json_text(claims, "iss")))
    bad = "iss";
  else if (!copy_text(out->subject, sizeof(out->subject), pb_json_text(claims, "sub")))
    bad = "sub";
  else if (!copy_text(out->audience, sizeof(out->audience), find_audience(claims)))
    bad = "aud";
  else if (!copy_text(out->id, sizeof(out->id), pb_json_text(claims, "jti")))
    bad = "jti";
  else if (!read_time(claims, "iat", /*is_needed*/ false, &out->issued_ms))
    bad = "iat";
  else if (!read_time(claims, "exp", /*is_needed*/ true, &out->expires_ms))
    bad = "exp";
  else if (!read_next_key(claims, out->next_key))
    bad = "cnf";
  else if (strcmp(out->issuer, out->subject) != 0)
    bad = "sub (not the same as iss)";  // RFC 7523 s3, private_key_jwt
  json_object_put(claims);
  if (bad != NULL)
    return pb_error_set(err, PB_REJECT, "assertion with missing or bad %s", bad);
  return true;
}

bool
pb_jwt_peek(const char *jwt, struct pb_assertion *claims_out, pb_error_t *err)
{
  struct parts parts = {0};

  memset(claims_out, 0, sizeof(*claims_out));
  return split(jwt, &parts, err) && check_header(&parts, err) &&
         read_claims(&parts, claims_out, err);
}

// r || s -> DER, OPENSSL_free it; NULL when it does not work out.
static unsigned char *
encode_der(const uint8_t raw[SIGNATURE_SIZE], int *size_out)
{
  ECDSA_SIG     *pair = ECDSA_SIG_new();
  BIGNUM        *r    = BN_bin2bn(raw, HALF_SIZE, NULL);
  BIGNUM        *s    = BN_bin2bn(raw + HALF_SIZE, HALF_SIZE, NULL);
  unsigned char *der  = NULL;

  if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1)
  {
    r         = NULL;  // the pair has them
    s         = NULL;
    *size_out = i2d_ECDSA_SIG(pair, &der);
  }
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(pair);
  return der;
}

static bool
decode_der(const unsigned char *der, size_t size, uint8_t raw[SIGNATURE_SIZE])
{
  ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
  bool ok = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, HALF_SIZE) == HALF_SIZE &&
            BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + HALF_SIZE, HALF_SIZE) == HALF_SIZE;

  ECDSA_SIG_free(pair);
  return ok;
}

static bool
check_signature(const pb_key_t *key, const struct parts *parts, const uint8_t raw[SIGNATURE_SIZE],
                pb_error_t *err)
{
  EVP_MD_CTX    *ctx      = EVP_MD_CTX_new();
  int            der_size = 0;
  unsigned char *der      = encode_der(raw, &der_size);
  size_t         size     = parts->header_size + 1 + parts->claims_size;
  bool           ok       = false;

  if (ctx == NULL || der == NULL || der_size <= 0 ||
      EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pb_key_pkey(key)) != 1)
    pb_ssl_error_set(err, PB_RETRY, "cannot check an assertion's signature");
  else if (EVP_DigestVerify(ctx, der, (size_t)der_size, (const unsigned char *)parts->header,
                            size) != 1)
    pb_ssl_error_set(err, PB_AUTH, "the assertion's signature does not verify");
  else
    ok = true;
  OPENSSL_free(der);
  EVP_MD_CTX_free(ctx);
  return ok;
}

bool
pb_jwt_verify(const pb_key_t *key, const char *jwt, struct pb_assertion *claims_out,
              pb_error_t *err)
{
  struct parts parts    = {0};
  uint8_t     *raw      = NULL;
  size_t       raw_size = 0;
  bool         ok       = false;

  memset(claims_out, 0, sizeof(*claims_out));
  if (!split(jwt, &parts, err) || !check_header(&parts, err))
    return false;
  raw = pb_text_parse_base64(parts.signature, parts.signature_size, /*url*/ true, &raw_size);
  if (raw == NULL && errno == ENOMEM)
    pb_error_set(err, PB_RETRY, "out of memory for an assertion");
  else if (raw == NULL || raw_size != SIGNATURE_SIZE)
    pb_error_set(err, PB_AUTH, "the assertion's signature does not verify");
  else
    ok = check_signature(key, &parts, raw, err) && read_claims(&parts, claims_out, err);
  free(raw);
  return ok;
}

static char *
encode_json(json_object *object)
{
  const char *json =
    json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

  return json != NULL ? pb_text_format_base64(json, strlen(json), /*url*/ true) : NULL;
}

static bool
add_jwk(json_object *header, const pb_key_t *key)
{
  json_object *jwk = pb_jwk_format(key);

  if (jwk != NULL && json_object_object_add(header, "jwk", jwk) == 0)
    return true;
  json_object_put(jwk);
  return false;
}

static char *
encode_header(const pb_key_t *key, bool has_jwk)
{
  json_object *header = json_object_new_object();
  char         id[PB_KEY_ID_SIZE];
  char        *text = NULL;

  pb_key_get_id(key, id);
  if (header != NULL && pb_json_add_text(header, "alg", "ES256") &&
      pb_json_add_text(header, "typ", "JWT") && pb_json_add_text(header, "kid", id) &&
      (!has_jwk || add_jwk(header, key)))
    text = encode_json(header);
  json_object_put(header);
  return text;
}

static bool
add_next_key(json_object *claims, const char *next_key)
{
  json_object *cnf = NULL;

  if (next_key[0] == '\0')
    return true;
  cnf = json_object_new_object();
  if (cnf != NULL && pb_json_add_text(cnf, "jkt", next_key) &&
      json_object_object_add(claims, "cnf", cnf) == 0)
    return true;
  json_object_put(cnf);
  return false;
}

static char *
encode_claims(const struct pb_assertion *claims)
{
  json_object *object = json_object_new_object();
  char        *text   = NULL;

  if (object != NULL && pb_json_add_text(object, "iss", claims->issuer) &&
      pb_json_add_text(object, "sub", claims->subject) &&
      pb_json_add_text(object, "aud", claims->audience) &&
      pb_json_add_text(object, "jti", claims->id) &&
      (claims->issued_ms == 0 || pb_json_add_int(object, "iat", claims->issued_ms / 1000)) &&
      pb_json_add_int(object, "exp", claims->expires_ms / 1000) &&
      add_next_key(object, claims->next_key))
    text = encode_json(object);
  json_object_put(object);
  return text;
}

// base64url of r || s over the text; malloc'd, NULL when OpenSSL cannot.
static char *
sign_text(const pb_key_t *key, const char *text, size_t size)
{
  EVP_MD_CTX   *ctx = EVP_MD_CTX_new();
  unsigned char der[128];
  size_t        der_size = sizeof(der);
  uint8_t       raw[SIGNATURE_SIZE];
  char         *signature = NULL;

  if (ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pb_key_pkey(key)) == 1 &&
      EVP_DigestSign(ctx, der, &der_size, (const unsigned char *)text, size) == 1 &&
      decode_der(der, der_size, raw))
    signature = pb_text_format_base64(raw, sizeof(raw), /*url*/ true);
  EVP_MD_CTX_free(ctx);
  return signature;
}

static bool
sign(const pb_key_t *key, const struct pb_assertion *claims, bool has_jwk, pb_secret_t *jwt_out,
     pb_error_t *err)
{
  char       *header    = encode_header(key, has_jwk);
  char       *body      = encode_claims(claims);
  char       *signature = NULL;
  pb_buffer_t text;
  bool        ok = false;

  pb_buffer_init(&text, PB_ASSERTION_MAX);
  if (!pb_key_is_private(key) || header == NULL || body == NULL)
  {
    pb_ssl_error_set(err, pb_key_is_private(key) ? PB_RETRY : PB_BUG, "cannot make an assertion");
    goto done;
  }
  if (!pb_buffer_appendf(&text, err, "%s.%s", header, body))
    goto done;
  signature = sign_text(key, text.data, text.size);
  if (signature == NULL)
  {
    pb_ssl_error_set(err, PB_RETRY, "cannot sign an assertion");
    goto done;
  }
  ok = pb_buffer_appendf(&text, err, ".%s", signature) &&
       pb_secret_set(jwt_out, text.data, text.size, err);

done:
  pb_buffer_wipe(&text);
  free(signature);
  free(body);
  free(header);
  return ok;
}

bool
pb_jwt_sign(const pb_key_t *key, const struct pb_assertion *claims, pb_secret_t *jwt_out,
            pb_error_t *err)
{
  return sign(key, claims, /*has_jwk*/ false, jwt_out, err);
}

bool
pb_jwt_sign_with_key(const pb_key_t *key, const struct pb_assertion *claims, pb_secret_t *jwt_out,
                     pb_error_t *err)
{
  return sign(key, claims, /*has_jwk*/ true, jwt_out, err);
}

bool
pb_jwt_peek_key(const char *jwt, pb_key_t **key_out, pb_error_t *err)
{
  struct parts parts  = {0};
  json_object *header = NULL;
  json_object *jwk    = NULL;
  bool         ok     = false;

  *key_out = NULL;
  if (!split(jwt, &parts, err) || !check_header(&parts, err) ||
      !parse_part(parts.header, parts.header_size, &header, err))
    return false;
  if (json_object_object_get_ex(header, "jwk", &jwk) && json_object_is_type(jwk, json_type_object))
    ok = pb_jwk_parse(jwk, key_out, err);
  else
    pb_error_set(err, PB_REJECT, "an assertion without its key (jwk)");
  json_object_put(header);
  return ok;
}
