// digest - hashes: SHA-256 for tokens and prefixes, scrypt for passwords.
// SHA-256 has no way to say that it failed: when OpenSSL cannot do it, nothing here can be trusted,
// and we abort.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/digest.h"

#include "base/secret.h"
#include "base/text.h"
#include "net/ssl-error.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SALT_SIZE 16
#define HASH_SIZE 32
#define PASSWORD_MAX 1024  // a longer one only costs time

// 128 * N * r = 32 MiB and about 50 ms on the small machines that this runs on.
#define SCRYPT_N 32768
#define SCRYPT_R 8
#define SCRYPT_P 1
// What a stored hash may cost at most: twice ours in memory, four times in time.
#define SCRYPT_N_MAX 65536
#define SCRYPT_R_MAX 8
#define SCRYPT_P_MAX 4
#define SCRYPT_MEMORY_MAX (80U * 1024 * 1024)

struct pb_sha256_run
{
  EVP_MD_CTX *ctx;
  EVP_MD_CTX *scratch;  // peek finishes a copy
};

struct scrypt_hash
{
  int64_t n, r, p;
  uint8_t salt[SALT_SIZE];
  uint8_t hash[HASH_SIZE];
};

void
pb_sha256(const void *data, size_t size, uint8_t digest[PB_SHA256_SIZE])
{
  if (EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) != 1)
    abort();
}

pb_sha256_run_t *
pb_sha256_new(void)
{
  pb_sha256_run_t *run = calloc(1, sizeof(*run));

  if (run == NULL)
    return NULL;
  run->ctx     = EVP_MD_CTX_new();
  run->scratch = EVP_MD_CTX_new();
  if (run->ctx == NULL || run->scratch == NULL ||
      EVP_DigestInit_ex(run->ctx, EVP_sha256(), NULL) != 1)
  {
    pb_sha256_free(run);
    return NULL;
  }
  return run;
}

void
pb_sha256_add(pb_sha256_run_t *run, const void *data, size_t size)
{
  if (EVP_DigestUpdate(run->ctx, data, size) != 1)
    abort();
}

void
pb_sha256_peek(const pb_sha256_run_t *run, uint8_t digest[PB_SHA256_SIZE])
{
  if (EVP_MD_CTX_copy_ex(run->scratch, run->ctx) != 1 ||
      EVP_DigestFinal_ex(run->scratch, digest, NULL) != 1)
    abort();
}

void
pb_sha256_free(pb_sha256_run_t *run)
{
  if (run == NULL)
    return;
  EVP_MD_CTX_free(run->ctx);
  EVP_MD_CTX_free(run->scratch);
  free(run);
}

static bool
derive(const char *password, const struct scrypt_hash *params, uint8_t hash[HASH_SIZE])
{
  return EVP_PBE_scrypt(password, strlen(password), params->salt, SALT_SIZE, (uint64_t)params->n,
                        (uint64_t)params->r, (uint64_t)params->p, SCRYPT_MEMORY_MAX, hash,
                        HASH_SIZE) == 1;
}

bool
pb_password_hash(const char *password, char hash_out[PB_PASSWORD_HASH_SIZE], pb_error_t *err)
{
  struct scrypt_hash params = {.n = SCRYPT_N, .r = SCRYPT_R, .p = SCRYPT_P};
  char               salt[2 * SALT_SIZE + 1];
  char               hash[2 * HASH_SIZE + 1];

  hash_out[0] = '\0';
  if (strlen(password) > PASSWORD_MAX)
    return pb_error_set(err, PB_REJECT, "password longer than %d bytes", PASSWORD_MAX);
  pb_random_bytes(params.salt, SALT_SIZE);
  if (!derive(password, &params, params.hash))
    return pb_ssl_error_set(err, PB_RETRY, "cannot hash the password");
  pb_text_format_hex(salt, params.salt, SALT_SIZE);
  pb_text_format_hex(hash, params.hash, HASH_SIZE);
  (void)pb_text_format(hash_out, PB_PASSWORD_HASH_SIZE, "scrypt$%d$%d$%d$%s$%s", SCRYPT_N, SCRYPT_R,
                       SCRYPT_P, salt, hash);
  return true;
}

// "scrypt$N$r$p$salt$hash"
static bool
parse_hash(const char *text, struct scrypt_hash *hash_out)
{
  char  copy[PB_PASSWORD_HASH_SIZE];
  char *rest = copy;
  char *field[6];

  if (!pb_text_copy(copy, sizeof(copy), text))
    return false;
  for (size_t i = 0; i < 6; i++)
  {
    field[i] = strsep(&rest, "$");
    if (field[i] == NULL)
      return false;
  }
  return rest == NULL && strcmp(field[0], "scrypt") == 0 &&
         pb_text_parse_int(field[1], 2, SCRYPT_N_MAX, &hash_out->n) &&
         pb_text_parse_int(field[2], 1, SCRYPT_R_MAX, &hash_out->r) &&
         pb_text_parse_int(field[3], 1, SCRYPT_P_MAX, &hash_out->p) &&
         pb_text_parse_hex(field[4], hash_out->salt, SALT_SIZE) &&
         pb_text_parse_hex(field[5], hash_out->hash, HASH_SIZE);
}

bool
pb_password_verify(const char *password, const char *hash)
{
  struct scrypt_hash want;
  uint8_t            got[HASH_SIZE];
  bool               is_equal;

  if (password == NULL || hash == NULL || strlen(password) > PASSWORD_MAX ||
      !parse_hash(hash, &want) || !derive(password, &want, got))
    return false;
  is_equal = pb_secret_is_equal(got, HASH_SIZE, want.hash, HASH_SIZE);
  pb_wipe(got, sizeof(got));
  return is_equal;
}
