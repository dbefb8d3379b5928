// vault - bytes under a passphrase.
// Every byte of the head takes part in making the key, or is compared with what was made along with
// it: a head that was changed opens nothing.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/vault.h"

#include "net/seal.h"
#include "net/ssl-error.h"
#include <openssl/evp.h>
#include <string.h>

#define VERSION 1
#define LOG_N 16  // 64 MiB with r = 8
#define LOG_N_MIN 14
#define LOG_N_MAX 18
#define R 8
#define SCRYPT_MEMORY (300 * 1024 * 1024)
#define SEALED_RECORD (PB_SEAL_RECORD_SIZE + PB_SEAL_OVERHEAD)

static const char magic[16] = "PRINTBRIDGE-FILE";

// As it lies in the file.
struct head
{
  char    magic[16];
  uint8_t version;
  uint8_t log_n;
  uint8_t zero[2];
  uint8_t salt[32];
  uint8_t check[16];  // made along with the key: whether the passphrase is the right one
};

// What scrypt gives.
struct made
{
  uint8_t key[PB_SEAL_KEY_SIZE];
  uint8_t check[16];
};

_Static_assert(sizeof(struct head) == 68, "no padding");

// Salt: all of the head that stands before the check.
static bool
derive(const pb_secret_t *passphrase, const struct head *head, struct made *made, pb_error_t *err)
{
  return EVP_PBE_scrypt(passphrase->text, passphrase->size, (const unsigned char *)head,
                        offsetof(struct head, check), (uint64_t)1 << head->log_n, R, /*p*/ 1,
                        SCRYPT_MEMORY, (unsigned char *)made, sizeof(*made)) == 1 ||
         pb_ssl_error_set(err, PB_RETRY, "cannot make a key of the passphrase");
}

static bool
seal_records(const struct made *made, const uint8_t *plain, size_t size, pb_buffer_t *sealed,
             pb_error_t *err)
{
  uint8_t    record[SEALED_RECORD];
  pb_seal_t *seal = pb_seal_new(made->key);
  size_t     at   = 0;
  bool       ok   = seal != NULL || pb_error_set(err, PB_RETRY, "out of memory");
  bool       end  = false;

  for (uint64_t number = 0; ok && !end; number++)
  {
    size_t part = size - at < PB_SEAL_RECORD_SIZE ? size - at : PB_SEAL_RECORD_SIZE;

    end = at + part == size;
    ok  = pb_seal_record(seal, number, end, plain + at, part, record, err) &&
         pb_buffer_append(sealed, record, part + PB_SEAL_OVERHEAD, err);
    at += part;
  }
  pb_seal_free(seal);
  return ok;
}

bool
pb_vault_seal(const pb_secret_t *passphrase, const void *plain, size_t size,
              pb_buffer_t *sealed_out, pb_error_t *err)
{
  struct head head = {.version = VERSION, .log_n = LOG_N};
  struct made made = {0};
  bool        ok   = false;

  pb_buffer_init(sealed_out, PB_VAULT_FILE_MAX);
  if (size > PB_VAULT_MAX)
    return pb_error_set(err, PB_REJECT, "more than %d bytes", PB_VAULT_MAX);
  memcpy(head.magic, magic, sizeof(magic));
  pb_random_bytes(head.salt, sizeof(head.salt));
  if (derive(passphrase, &head, &made, err))
  {
    memcpy(head.check, made.check, sizeof(head.check));
    ok = pb_buffer_append(sealed_out, &head, sizeof(head), err) &&
         seal_records(&made, plain, size, sealed_out, err);
  }
  pb_wipe(&made, sizeof(made));
  if (!ok)
    pb_buffer_clear(sealed_out);
  return ok;
}

static bool
check_head(const void *sealed, size_t size, struct head *head, pb_error_t *err)
{
  if (size < sizeof(*head) || memcmp(sealed, magic, sizeof(magic)) != 0)
    return pb_error_set(err, PB_REJECT, "no file that was sealed by Printbridge");
  memcpy(head, sealed, sizeof(*head));
  if (head->version > VERSION)
    return pb_error_set(err, PB_CONFIG, "made by a newer Printbridge (version %d of such files)",
                        head->version);
  // What it may cost is ours to say.
  if (head->version == 0 || head->log_n < LOG_N_MIN || head->log_n > LOG_N_MAX ||
      head->zero[0] != 0 || head->zero[1] != 0)
    return pb_error_set(err, PB_REJECT, "the file is damaged");
  return true;
}

static bool
open_records(const struct made *made, const uint8_t *sealed, size_t size, pb_buffer_t *plain,
             pb_error_t *err)
{
  uint8_t    record[PB_SEAL_RECORD_SIZE];
  pb_seal_t *seal = pb_seal_new(made->key);
  size_t     at   = 0;
  bool       ok   = seal != NULL || pb_error_set(err, PB_RETRY, "out of memory");
  bool       end  = false;

  for (uint64_t number = 0; ok && !end; number++)
  {
    size_t part = size - at < SEALED_RECORD ? size - at : SEALED_RECORD;

    end = at + part == size;
    ok  = pb_seal_open(seal, number, end, sealed + at, part, record, err) &&
         pb_buffer_append(plain, record, part - PB_SEAL_OVERHEAD, err);
    at += part;
  }
  pb_wipe(record, sizeof(record));
  pb_seal_free(seal);
  return ok;
}

bool
pb_vault_open(const pb_secret_t *passphrase, const void *sealed, size_t size,
              pb_buffer_t *plain_out, pb_error_t *err)
{
  struct head head = {0};
  struct made made = {0};
  pb_error_t  why  = {0};
  bool        ok   = false;

  pb_buffer_init(plain_out, PB_VAULT_MAX);
  if (!check_head(sealed, size, &head, err))
    return false;
  if (!derive(passphrase, &head, &made, err))
    goto done;
  if (!pb_secret_is_equal(made.check, sizeof(made.check), head.check, sizeof(head.check)))
  {
    pb_error_set(err, PB_AUTH, "the passphrase is wrong");
    goto done;
  }
  ok = open_records(&made, (const uint8_t *)sealed + sizeof(head), size - sizeof(head), plain_out,
                    &why);
  if (!ok)
    pb_error_set(err, why.kind, "%s", why.kind == PB_REJECT ? "the file is damaged" : why.message);

done:
  pb_wipe(&made, sizeof(made));
  if (!ok)
    pb_buffer_wipe(plain_out);
  return ok;
}
