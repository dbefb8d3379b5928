// seal - AES-256-GCM for data at rest: wrapped keys, and a document as a sequence of 64 KiB
// records. Record n of a document is sealed with the document's key and a nonce made of n; the last
// one is marked as last, so that a cut or reordered file does not open.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_SEAL_H
#define PB_NET_SEAL_H

#include "base/error.h"
#include <stdint.h>

#define PB_SEAL_KEY_SIZE 32
#define PB_SEAL_RECORD_SIZE (64 * 1024)  // plain bytes in a full record
#define PB_SEAL_OVERHEAD 16              // tag; the nonce is implied
#define PB_SEAL_WRAPPED_SIZE (12 + 32 + 16)

// A key under another key, with a random nonce; `context` is authenticated along (the document's
// id).
bool pb_seal_wrap(const uint8_t master[PB_SEAL_KEY_SIZE], const uint8_t key[PB_SEAL_KEY_SIZE],
                  const char *context, uint8_t wrapped_out[PB_SEAL_WRAPPED_SIZE],
                  pb_error_t *err) PB_MUST_USE;
bool pb_seal_unwrap(const uint8_t master[PB_SEAL_KEY_SIZE],
                    const uint8_t wrapped[PB_SEAL_WRAPPED_SIZE], const char *context,
                    uint8_t key_out[PB_SEAL_KEY_SIZE], pb_error_t *err) PB_MUST_USE;

typedef struct pb_seal pb_seal_t;  // keeps the cipher set up for many records; one thread at a time
pb_seal_t             *pb_seal_new(const uint8_t key[PB_SEAL_KEY_SIZE]);  // NULL: out of memory
void                   pb_seal_free(pb_seal_t *seal);                     // wipes
// sealed_out gets size + PB_SEAL_OVERHEAD bytes.
bool pb_seal_record(pb_seal_t *seal, uint64_t number, bool is_last, const void *plain, size_t size,
                    void *sealed_out, pb_error_t *err) PB_MUST_USE;
// plain_out gets size - PB_SEAL_OVERHEAD bytes.  PB_REJECT when it was changed, moved or cut.
bool pb_seal_open(pb_seal_t *seal, uint64_t number, bool is_last, const void *sealed, size_t size,
                  void *plain_out, pb_error_t *err) PB_MUST_USE;

#endif
