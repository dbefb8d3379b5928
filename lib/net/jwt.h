// jwt - client assertions: private_key_jwt of RFC 7523, signed with ES256 (RFC 7518 s3.4).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_JWT_H
#define PB_NET_JWT_H

#include "net/key.h"

#define PB_ASSERTION_MAX 4096

struct pb_assertion
{
  char    issuer[128];            // iss, must equal sub
  char    subject[128];           // sub: the client id
  char    audience[512];          // aud: the token endpoint or the issuer
  char    id[64];                 // jti
  int64_t issued_ms;              // iat; 0: absent
  int64_t expires_ms;             // exp
  char next_key[PB_KEY_ID_SIZE];  // cnf.jkt (RFC 9449 s6.1): the thumbprint of the key that is to
                                  // follow; "": none
};

bool pb_jwt_sign(const pb_key_t *key, const struct pb_assertion *claims, pb_secret_t *jwt_out,
                 pb_error_t *err) PB_MUST_USE;
// The same with the public key in the header (jwk, RFC 7515 s4.1.3): for a service that does not
// know it yet.
bool pb_jwt_sign_with_key(const pb_key_t *key, const struct pb_assertion *claims,
                          pb_secret_t *jwt_out, pb_error_t *err) PB_MUST_USE;
// The key that the header carries; nothing is verified.  PB_REJECT: none, or not EC P-256.
bool pb_jwt_peek_key(const char *jwt, pb_key_t **key_out, pb_error_t *err) PB_MUST_USE;
// Claims without trust: to find the client whose key is to be asked.  alg other than ES256 is
// PB_REJECT.
bool pb_jwt_peek(const char *jwt, struct pb_assertion *claims_out, pb_error_t *err) PB_MUST_USE;
// Signature and form only; times, audience and replay are the caller's to judge.  PB_AUTH when it
// does not verify.
bool pb_jwt_verify(const pb_key_t *key, const char *jwt, struct pb_assertion *claims_out,
                   pb_error_t *err) PB_MUST_USE;

#endif
