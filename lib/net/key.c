// key - EC P-256 key pairs, as PEM and by their thumbprint.
// Immutable after pb_key_wrap, so threads may share one; nothing but P-256 gets past it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/key.h"

#include "base/file.h"
#include "base/text.h"
#include "net/digest.h"
#include "net/key-private.h"
#include "net/ssl-error.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define COORDINATE_SIZE 32
#define GROUP_NAME "prime256v1"

struct pb_key
{
  EVP_PKEY *pkey;
  bool      is_private;
  char      id[PB_KEY_ID_SIZE];
};

EVP_PKEY *
pb_key_pkey(const pb_key_t *key)
{
  return key->pkey;
}

bool
pb_key_is_private(const pb_key_t *key)
{
  return key->is_private;
}

static bool
is_p256(EVP_PKEY *pkey)
{
  char   group[32];
  size_t size = 0;

  return EVP_PKEY_is_a(pkey, "EC") == 1 &&
         EVP_PKEY_get_group_name(pkey, group, sizeof(group), &size) == 1 &&
         strcmp(group, GROUP_NAME) == 0;
}

// One coordinate of the public point, base64url; NULL: out of memory.
static char *
format_coordinate(EVP_PKEY *pkey, const char *name)
{
  BIGNUM *number = NULL;
  uint8_t bytes[COORDINATE_SIZE];
  char   *text = NULL;

  if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
      BN_bn2binpad(number, bytes, COORDINATE_SIZE) == COORDINATE_SIZE)
    text = pb_text_format_base64(bytes, sizeof(bytes), /*url*/ true);
  BN_free(number);
  return text;
}

// RFC 7638 s3: the required members only, in the order of their names, without blanks.
static bool
make_thumbprint(EVP_PKEY *pkey, char id[PB_KEY_ID_SIZE], pb_error_t *err)
{
  char   *x       = format_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X);
  char   *y       = format_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y);
  char   *id_text = NULL;
  char    jwk[256];
  uint8_t digest[PB_SHA256_SIZE];
  bool    ok = false;

  if (x != NULL && y != NULL &&
      pb_text_format(jwk, sizeof(jwk),
                     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y))
  {
    pb_sha256(jwk, strlen(jwk), digest);
    id_text = pb_text_format_base64(digest, sizeof(digest), /*url*/ true);
    ok      = id_text != NULL && pb_text_copy(id, PB_KEY_ID_SIZE, id_text);
  }
  if (!ok)
    pb_ssl_error_set(err, PB_RETRY, "cannot make the thumbprint of a key");
  free(id_text);
  free(x);
  free(y);
  return ok;
}

bool
pb_key_wrap(EVP_PKEY *pkey, bool is_private, pb_key_t **key_out, pb_error_t *err)
{
  pb_key_t *key = calloc(1, sizeof(*key));
  bool      ok  = false;

  *key_out = NULL;
  if (key == NULL)
  {
    EVP_PKEY_free(pkey);
    return pb_error_set(err, PB_RETRY, "out of memory for a key");
  }
  key->pkey       = pkey;
  key->is_private = is_private;
  if (!is_p256(pkey))
  {
    pb_ssl_error_set(err, PB_REJECT, "the key is not EC P-256");
    goto done;
  }
  if (!make_thumbprint(pkey, key->id, err))
    goto done;
  *key_out = key;
  key      = NULL;
  ok       = true;

done:
  pb_key_free(key);
  return ok;
}

bool
pb_key_make(pb_key_t **key_out, pb_error_t *err)
{
  EVP_PKEY *pkey = EVP_EC_gen("P-256");

  *key_out = NULL;
  if (pkey == NULL)
    return pb_ssl_error_set(err, PB_RETRY, "cannot make a key");
  return pb_key_wrap(pkey, /*is_private*/ true, key_out, err);
}

BIO *
pb_pem_open(const char *pem, pb_error_t *err)
{
  size_t size = strnlen(pem, PB_PEM_MAX + 1);
  BIO   *bio  = NULL;

  if (size > PB_PEM_MAX)
  {
    pb_error_set(err, PB_REJECT, "PEM text longer than %d bytes", PB_PEM_MAX);
    return NULL;
  }
  bio = BIO_new_mem_buf(pem, (int)size);
  if (bio == NULL)
    pb_ssl_error_set(err, PB_RETRY, "out of memory for PEM text");
  return bio;
}

bool
pb_pem_copy(BIO *bio, char **pem_out, pb_error_t *err)
{
  char *data = NULL;
  long  size = BIO_get_mem_data(bio, &data);

  *pem_out = size > 0 ? pb_text_dup_size(data, (size_t)size) : NULL;
  if (*pem_out == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for PEM text");
  return true;
}

int
pb_pem_no_password(char *buffer, int size, int is_writing, void *user)
{
  (void)buffer;
  (void)size;
  (void)is_writing;
  (void)user;
  return -1;
}

bool
pb_key_parse_pem(const char *pem, pb_key_t **key_out, pb_error_t *err)
{
  BIO      *bio        = pb_pem_open(pem, err);
  EVP_PKEY *pkey       = NULL;
  bool      is_private = strstr(pem, "PRIVATE KEY-----") != NULL;

  *key_out = NULL;
  if (bio == NULL)
    return false;
  pkey = is_private ? PEM_read_bio_PrivateKey(bio, NULL, pb_pem_no_password, NULL)
                    : PEM_read_bio_PUBKEY(bio, NULL, pb_pem_no_password, NULL);
  BIO_free(bio);
  if (pkey == NULL)
    return pb_ssl_error_set(err, PB_REJECT, "not a key in PEM");
  return pb_key_wrap(pkey, is_private, key_out, err);
}

bool
pb_key_format_private(const pb_key_t *key, pb_secret_t *pem_out, pb_error_t *err)
{
  BIO  *bio  = BIO_new(BIO_s_secmem());  // wipes what it frees
  char *data = NULL;
  bool  ok   = false;

  if (bio == NULL || !key->is_private ||
      PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1)
  {
    pb_ssl_error_set(err, key->is_private ? PB_RETRY : PB_BUG, "cannot write the private key");
    goto done;
  }
  long size = BIO_get_mem_data(bio, &data);
  ok        = pb_secret_set(pem_out, data, (size_t)size, err);

done:
  BIO_free(bio);
  return ok;
}

bool
pb_key_format_public(const pb_key_t *key, char **pem_out, pb_error_t *err)
{
  BIO *bio = BIO_new(BIO_s_mem());
  bool ok  = false;

  *pem_out = NULL;
  if (bio == NULL || PEM_write_bio_PUBKEY(bio, key->pkey) != 1)
    pb_ssl_error_set(err, PB_RETRY, "cannot write the public key");
  else
    ok = pb_pem_copy(bio, pem_out, err);
  BIO_free(bio);
  return ok;
}

bool
pb_key_load(const char *path, pb_key_t **key_out, pb_error_t *err)
{
  pb_buffer_t pem = {0};
  bool        ok  = false;

  *key_out = NULL;
  if (!pb_file_read(path, PB_PEM_MAX, &pem, err))
    return false;
  ok = pb_key_parse_pem(pem.data != NULL ? pem.data : "", key_out, err);
  if (!ok)
    pb_error_prefix(err, "%s", path);
  pb_buffer_wipe(&pem);
  return ok;
}

bool
pb_key_save(const pb_key_t *key, const char *path, pb_error_t *err)
{
  pb_secret_t pem = {0};
  bool        ok  = false;

  if (pb_key_format_private(key, &pem, err))
    ok = pb_file_replace(path, 0600, pem.text, pem.size, err);
  pb_secret_clear(&pem);
  return ok;
}

void
pb_key_get_id(const pb_key_t *key, char id[PB_KEY_ID_SIZE])
{
  memcpy(id, key->id, PB_KEY_ID_SIZE);
}

pb_key_t *
pb_key_copy(const pb_key_t *key)
{
  pb_key_t *copy = key != NULL ? malloc(sizeof(*copy)) : NULL;

  if (copy == NULL)
    return NULL;
  *copy = *key;
  if (EVP_PKEY_up_ref(copy->pkey) == 1)
    return copy;
  free(copy);
  return NULL;
}

void
pb_key_free(pb_key_t *key)
{
  if (key == NULL)
    return;
  EVP_PKEY_free(key->pkey);
  free(key);
}
