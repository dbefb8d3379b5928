// key-private - what the files around key.c share.  For lib/net only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_KEY_PRIVATE_H
#define PB_NET_KEY_PRIVATE_H

#include "net/key.h"
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

EVP_PKEY *pb_key_pkey(const pb_key_t *key);  // borrowed
bool      pb_key_is_private(const pb_key_t *key);

// Takes pkey over, also when it fails; anything but EC P-256 is PB_REJECT.
bool pb_key_wrap(EVP_PKEY *pkey, bool is_private, pb_key_t **key_out, pb_error_t *err) PB_MUST_USE;

// The PEM text in a read-only BIO; NULL (with *err) when it is over PB_PEM_MAX or memory is out.
BIO *pb_pem_open(const char *pem, pb_error_t *err);
// What was written to a memory BIO, malloc'd.
bool pb_pem_copy(BIO *bio, char **pem_out, pb_error_t *err) PB_MUST_USE;
// For PEM_read_*: never ask anybody for a pass phrase.
int pb_pem_no_password(char *buffer, int size, int is_writing, void *user);

// "urn:uuid:X" -> X; PB_REJECT when it is no such thing.
bool pb_uuid_strip(const char *uuid, const char **text_out, pb_error_t *err) PB_MUST_USE;

#endif
