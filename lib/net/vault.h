// vault - bytes under a passphrase, for a file that leaves the machine: scrypt (RFC 7914) makes the
// key, AES-256-GCM seals records of 64 KiB.  The file says which version it is.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_VAULT_H
#define PB_NET_VAULT_H

#include "base/buffer.h"
#include "base/secret.h"

#define PB_VAULT_MAX (16 * 1024 * 1024)           // plain bytes
#define PB_VAULT_FILE_MAX (PB_VAULT_MAX + 65536)  // sealed ones
#define PB_PASSPHRASE_MIN 8
#define PB_PASSPHRASE_MAX 1024

// Takes about 0.2 s and 64 MiB, like opening.  The buffers are initialized here; plain is wiped by
// the caller.
bool pb_vault_seal(const pb_secret_t *passphrase, const void *plain, size_t size,
                   pb_buffer_t *sealed_out, pb_error_t *err) PB_MUST_USE;
// PB_AUTH: the wrong passphrase; PB_REJECT: not such a file, or it is damaged; PB_CONFIG: of a
// newer version than this.
bool pb_vault_open(const pb_secret_t *passphrase, const void *sealed, size_t size,
                   pb_buffer_t *plain_out, pb_error_t *err) PB_MUST_USE;

#endif
