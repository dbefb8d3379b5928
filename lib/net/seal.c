// seal - AES-256-GCM for data at rest: wrapped keys, and a document as a sequence of 64 KiB
// records. A (key, nonce) pair must never seal two different plaintexts: a record's nonce is its
// number and its last mark.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/seal.h"

#include "base/secret.h"
#include "net/ssl-error.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_SIZE 12

struct pb_seal
{
  EVP_CIPHER_CTX *encrypt;
  EVP_CIPHER_CTX *decrypt;
};

// plain -> sealed, with the tag behind it.  The context has its key.
static bool
encrypt(EVP_CIPHER_CTX *ctx, const uint8_t nonce[NONCE_SIZE], const char *context,
        const void *plain, size_t size, uint8_t *sealed)
{
  int done = 0;

  return EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) == 1 &&
         (context == NULL || EVP_EncryptUpdate(ctx, NULL, &done, (const unsigned char *)context,
                                               (int)strlen(context)) == 1) &&
         (size == 0 || EVP_EncryptUpdate(ctx, sealed, &done, plain, (int)size) == 1) &&
         EVP_EncryptFinal_ex(ctx, sealed + size, &done) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, PB_SEAL_OVERHEAD, sealed + size) == 1;
}

// The reverse; `size` is that of the plain text.  What does not verify is wiped.
static bool
decrypt(EVP_CIPHER_CTX *ctx, const uint8_t nonce[NONCE_SIZE], const char *context,
        const uint8_t *sealed, size_t size, uint8_t *plain)
{
  uint8_t tag[PB_SEAL_OVERHEAD];
  int     done = 0;
  bool    ok   = false;

  memcpy(tag, sealed + size, sizeof(tag));
  ok = EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) == 1 &&
       (context == NULL || EVP_DecryptUpdate(ctx, NULL, &done, (const unsigned char *)context,
                                             (int)strlen(context)) == 1) &&
       (size == 0 || EVP_DecryptUpdate(ctx, plain, &done, sealed, (int)size) == 1) &&
       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1 &&
       EVP_DecryptFinal_ex(ctx, plain + size, &done) == 1;
  if (!ok)
    pb_wipe(plain, size);
  return ok;
}

static EVP_CIPHER_CTX *
new_cipher(const uint8_t key[PB_SEAL_KEY_SIZE], int is_encrypting)
{
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

  if (ctx != NULL &&
      EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key, NULL, is_encrypting, NULL) != 1)
  {
    EVP_CIPHER_CTX_free(ctx);
    ctx = NULL;
  }
  return ctx;
}

bool
pb_seal_wrap(const uint8_t master[PB_SEAL_KEY_SIZE], const uint8_t key[PB_SEAL_KEY_SIZE],
             const char *context, uint8_t wrapped_out[PB_SEAL_WRAPPED_SIZE], pb_error_t *err)
{
  EVP_CIPHER_CTX *ctx = new_cipher(master, /*is_encrypting*/ 1);
  bool            ok  = false;

  pb_random_bytes(wrapped_out, NONCE_SIZE);
  ok = ctx != NULL &&
       encrypt(ctx, wrapped_out, context, key, PB_SEAL_KEY_SIZE, wrapped_out + NONCE_SIZE);
  if (!ok)
    pb_ssl_error_set(err, PB_RETRY, "cannot wrap a key");
  EVP_CIPHER_CTX_free(ctx);
  return ok;
}

bool
pb_seal_unwrap(const uint8_t master[PB_SEAL_KEY_SIZE], const uint8_t wrapped[PB_SEAL_WRAPPED_SIZE],
               const char *context, uint8_t key_out[PB_SEAL_KEY_SIZE], pb_error_t *err)
{
  EVP_CIPHER_CTX *ctx = new_cipher(master, /*is_encrypting*/ 0);
  bool            ok  = false;

  if (ctx == NULL)
    return pb_ssl_error_set(err, PB_RETRY, "cannot unwrap a key");
  ok = decrypt(ctx, wrapped, context, wrapped + NONCE_SIZE, PB_SEAL_KEY_SIZE, key_out);
  if (!ok)
    pb_ssl_error_set(err, PB_REJECT, "the key is damaged, or wrapped by another one");
  EVP_CIPHER_CTX_free(ctx);
  return ok;
}

pb_seal_t *
pb_seal_new(const uint8_t key[PB_SEAL_KEY_SIZE])
{
  pb_seal_t *seal = calloc(1, sizeof(*seal));

  if (seal == NULL)
    return NULL;
  seal->encrypt = new_cipher(key, /*is_encrypting*/ 1);
  seal->decrypt = new_cipher(key, /*is_encrypting*/ 0);
  if (seal->encrypt == NULL || seal->decrypt == NULL)
  {
    pb_seal_free(seal);
    return NULL;
  }
  return seal;
}

void
pb_seal_free(pb_seal_t *seal)
{
  if (seal == NULL)
    return;
  EVP_CIPHER_CTX_free(seal->encrypt);  // cleanses the key schedule
  EVP_CIPHER_CTX_free(seal->decrypt);
  free(seal);
}

static void
make_nonce(uint8_t nonce[NONCE_SIZE], uint64_t number, bool is_last)
{
  memset(nonce, 0, NONCE_SIZE);
  nonce[0] = is_last ? 1 : 0;
  for (size_t i = 0; i < 8; i++)
    nonce[NONCE_SIZE - 1 - i] = (uint8_t)(number >> (8 * i));
}

bool
pb_seal_record(pb_seal_t *seal, uint64_t number, bool is_last, const void *plain, size_t size,
               void *sealed_out, pb_error_t *err)
{
  uint8_t nonce[NONCE_SIZE];

  if (size > PB_SEAL_RECORD_SIZE)
    return pb_error_set(err, PB_BUG, "a record of %zu bytes", size);
  make_nonce(nonce, number, is_last);
  if (!encrypt(seal->encrypt, nonce, /*context*/ NULL, plain, size, sealed_out))
    return pb_ssl_error_set(err, PB_RETRY, "cannot seal a record");
  return true;
}

bool
pb_seal_open(pb_seal_t *seal, uint64_t number, bool is_last, const void *sealed, size_t size,
             void *plain_out, pb_error_t *err)
{
  uint8_t nonce[NONCE_SIZE];

  if (size < PB_SEAL_OVERHEAD || size > PB_SEAL_RECORD_SIZE + PB_SEAL_OVERHEAD)
    return pb_error_set(err, PB_REJECT, "a sealed record of %zu bytes", size);
  make_nonce(nonce, number, is_last);
  if (!decrypt(seal->decrypt, nonce, /*context*/ NULL, sealed, size - PB_SEAL_OVERHEAD, plain_out))
    return pb_ssl_error_set(err, PB_REJECT, "record %llu was changed, moved or cut",
                            (unsigned long long)number);
  return true;
}
