// key - EC P-256 key pairs, what is signed with them, and the certificates made from them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_KEY_H
#define PB_NET_KEY_H

#include "base/secret.h"

typedef struct pb_key
  pb_key_t;  // a key pair, or a public key only; immutable, may be shared between threads

#define PB_KEY_ID_SIZE 44       // RFC 7638 thumbprint, base64url: 43 characters
#define PB_FINGERPRINT_SIZE 65  // SHA-256 of a DER certificate, lower-case hex
#define PB_PEM_MAX (64 * 1024)

bool      pb_key_make(pb_key_t **key_out, pb_error_t *err) PB_MUST_USE;
bool      pb_key_parse_pem(const char *pem, pb_key_t **key_out,
                           pb_error_t *err) PB_MUST_USE;  // private or public
bool      pb_key_format_private(const pb_key_t *key, pb_secret_t *pem_out,
                                pb_error_t *err) PB_MUST_USE;  // PKCS#8
bool      pb_key_format_public(const pb_key_t *key, char **pem_out,
                               pb_error_t *err) PB_MUST_USE;  // malloc'd
bool      pb_key_load(const char *path, pb_key_t **key_out,
                      pb_error_t *err) PB_MUST_USE;  // PB_GONE when missing
bool      pb_key_save(const pb_key_t *key, const char *path,
                      pb_error_t *err) PB_MUST_USE;  // private, 0600
void      pb_key_get_id(const pb_key_t *key,
                        char            id[PB_KEY_ID_SIZE]);  // RFC 7638 thumbprint: our client ids
pb_key_t *pb_key_copy(const pb_key_t *key);        // NULL for NULL, or out of memory
void      pb_key_free(pb_key_t *key);

// PKCS#10 with CN = the uuid without "urn:uuid:" (PWG 5100.22), and back: checks the self-signature
// and that the key is EC P-256 (else PB_REJECT).
bool pb_csr_make(const pb_key_t *key, const char *uuid, char **pem_out,
                 pb_error_t *err) PB_MUST_USE;
bool pb_csr_parse(const char *pem, char common_name_out[64], pb_key_t **public_out,
                  pb_error_t *err) PB_MUST_USE;

// Certificates.  All are back-dated by two days, so that a clock that is a day behind still accepts
// them.
bool pb_cert_make_ca(const pb_key_t *key, const char *name, int days, char **pem_out,
                     pb_error_t *err) PB_MUST_USE;
// A server's, for DNS names and addresses.  The server's certificate alone: put ca_pem behind it in
// the chain file.
bool pb_cert_make_server(const pb_key_t *ca_key, const char *ca_pem, const pb_key_t *server_key,
                         const char *const *names, size_t names_count, int days, char **pem_out,
                         pb_error_t *err) PB_MUST_USE;
// A device's, from a public key: CN = uuid without "urn:uuid:".  life_ms: from now on, in whole
// seconds.
bool pb_cert_make_device(const pb_key_t *ca_key, const char *ca_pem, const pb_key_t *device_key,
                         const char *uuid, int64_t life_ms, char **pem_out,
                         pb_error_t *err) PB_MUST_USE;
bool pb_cert_get_fingerprint(const char *pem, char fingerprint[PB_FINGERPRINT_SIZE],
                             pb_error_t *err) PB_MUST_USE;
#define PB_CERT_NAME_SIZE 65
bool pb_cert_get_name(const char *pem, char name_out[PB_CERT_NAME_SIZE],
                      pb_error_t *err) PB_MUST_USE;  // CN
bool pb_cert_get_expiry(const char *pem, int64_t *time_ms_out, pb_error_t *err) PB_MUST_USE;

#endif
