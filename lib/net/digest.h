// digest - hashes: SHA-256 for tokens and prefixes, scrypt for passwords.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_DIGEST_H
#define PB_NET_DIGEST_H

#include "base/error.h"
#include <stdint.h>

#define PB_SHA256_SIZE 32
void pb_sha256(const void *data, size_t size, uint8_t digest[PB_SHA256_SIZE]);

// In pieces; peek gives the digest of what was added so far and lets it go on.
typedef struct pb_sha256_run pb_sha256_run_t;
pb_sha256_run_t             *pb_sha256_new(void);  // NULL: out of memory
void                         pb_sha256_add(pb_sha256_run_t *run, const void *data, size_t size);
void pb_sha256_peek(const pb_sha256_run_t *run, uint8_t digest[PB_SHA256_SIZE]);
void pb_sha256_free(pb_sha256_run_t *run);

// "scrypt$N$r$p$salt$hash", with parameters that cost about 50 ms and 32 MiB.
#define PB_PASSWORD_HASH_SIZE 160
bool pb_password_hash(const char *password, char hash_out[PB_PASSWORD_HASH_SIZE],
                      pb_error_t *err) PB_MUST_USE;
bool pb_password_verify(const char *password,
                        const char *hash);  // false also for a malformed or over-costly hash

#endif
