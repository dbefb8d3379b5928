// token - access and refresh tokens: random, stored as SHA-256, all that came from one grant in a
// family.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_TOKEN_H
#define PB_IDENTITY_TOKEN_H

#include "identity/identity.h"
#include "net/digest.h"

#define PB_FAMILY_SIZE 48

// For whom; kept with each token.
struct pb_token_subject
{
  char    scope[32];
  char    client_id[PB_CLIENT_ID_SIZE];
  int64_t user_id;                      // 0: none
  char    grant_id[64];                 // "": none
  char    next_key[PB_CLIENT_ID_SIZE];  // thumbprint of the key that it may register; "": none
  char    label[PB_NAME_SIZE];          // what the client calls itself; not verified
};

struct pb_tokens
{
  pb_secret_t access;
  pb_secret_t refresh;  // empty: that scope has none
  int64_t     expires_in_ms;
};

void pb_token_hash(const char *text, uint8_t hash[PB_SHA256_SIZE]);

// A new family; how long they live is told by the scope.  In the caller's transaction, if any.
bool pb_token_issue(pb_identity_t *identity, const struct pb_token_subject *subject,
                    struct pb_tokens *tokens_out, pb_error_t *err) PB_MUST_USE;
// PB_AUTH: unknown, expired, another client's, or used before, which ends its family (RFC 6749
// s10.4).  For ten minutes a used one is taken again as long as nobody has used its successor: the
// answer may have been lost, or not been saved.
bool pb_token_refresh(pb_identity_t *identity, const char *refresh_token, const char *client_id,
                      struct pb_token_subject *subject_out, struct pb_tokens *tokens_out,
                      pb_error_t *err) PB_MUST_USE;
bool pb_token_revoke(pb_identity_t *identity, const char *token,
                     pb_error_t *err) PB_MUST_USE;  // unknown: true (RFC 7009 s2.2)
// What an access token is good for.  PB_AUTH.
bool pb_token_check(pb_identity_t *identity, const char *token, pb_principal_t *principal_out,
                    pb_error_t *err) PB_MUST_USE;
void pb_tokens_clear(struct pb_tokens *tokens);

#endif
