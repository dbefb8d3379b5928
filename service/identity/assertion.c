// assertion - a connector proves who it is at the token endpoint.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/assertion.h"

#include "base/clock.h"
#include "base/text.h"
#include "identity/internal.h"
#include "net/jwt.h"
#include <stdlib.h>
#include <string.h>

// The key that was registered for that client.
static bool
find_key(pb_identity_t *identity, const char *client_id, pb_key_t **key_out, pb_error_t *err)
{
  char         *pem   = NULL;
  pb_db_stmt_t *query = pb_db_query(
    identity->db, err, "SELECT public_key FROM auth_clients WHERE id = ?", "t", client_id);

  bool has_key = pb_db_step(query) && !pb_db_is_null(query, 0);
  if (has_key)
    pem = pb_text_dup(pb_db_text(query, 0));
  if (!pb_db_finish(query, err))
  {
    free(pem);
    return false;
  }
  if (!has_key)
    return pb_error_set(err, PB_AUTH, "the client is not registered here");
  if (pem == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a client's key");
  bool ok = pb_key_parse_pem(pem, key_out, err);
  free(pem);
  return ok;
}

static bool
refuse_clock(int64_t now, const char *what, pb_error_t *err)
{
  char text[PB_ISO_DATE_SIZE];

  pb_clock_format_iso(text, now);
  return pb_error_set(err, PB_AUTH, "clock: the assertion %s; it is %s here", what, text);
}

static bool
check_times(const pb_identity_t *identity, const struct pb_assertion *claims, pb_error_t *err)
{
  int64_t now = pb_clock_now_ms();

  if (claims->expires_ms <= 0)
    return pb_error_set(err, PB_AUTH, "the assertion has no exp");
  if (claims->expires_ms + PB_ASSERTION_LEEWAY_MS < now)
    return refuse_clock(now, "has expired", err);
  if (claims->expires_ms > now + PB_ASSERTION_LIFE_MAX_MS + PB_ASSERTION_LEEWAY_MS)
    return refuse_clock(now, "expires too far in the future (5 min at most)", err);
  if (claims->issued_ms > now + PB_ASSERTION_LEEWAY_MS)
    return refuse_clock(now, "was issued in the future", err);
  // What was used before this process began is not remembered.
  if (claims->issued_ms > 0 && claims->issued_ms < identity->started_ms - PB_ASSERTION_LEEWAY_MS)
    return refuse_clock(now, "is older than this service's start", err);
  return true;
}

static bool
check_claims(const pb_identity_t *identity, const struct pb_assertion *claims, pb_error_t *err)
{
  if (!pb_text_is_equal(claims->issuer, claims->subject))
    return pb_error_set(err, PB_AUTH, "iss and sub of the assertion differ");
  if (!pb_text_is_equal(claims->audience, identity->token_endpoint) &&
      !pb_text_is_equal(claims->audience, identity->issuer))
    return pb_error_set(err, PB_AUTH, "the assertion is for somebody else (aud)");
  if (claims->id[0] == '\0')
    return pb_error_set(err, PB_AUTH, "the assertion has no jti");
  return check_times(identity, claims, err);
}

// Signature and claims.
static bool
check_with_key(pb_identity_t *identity, const pb_key_t *key, const char *jwt,
               struct pb_assertion *claims, char client_id_out[PB_CLIENT_ID_SIZE], pb_error_t *err)
{
  if (!pb_jwt_verify(key, jwt, claims, err) || !check_claims(identity, claims, err))
    return false;
  return pb_text_copy(client_id_out, PB_CLIENT_ID_SIZE, claims->subject) ||
         pb_error_set(err, PB_AUTH, "the client is not registered here");
}

// The first use of its jti.
static bool
use_once(pb_identity_t *identity, const struct pb_assertion *claims, pb_error_t *err)
{
  return pb_replay_use(identity->replay, claims->subject, claims->id,
                       claims->expires_ms + PB_ASSERTION_LEEWAY_MS, err);
}

static bool
check_size(const char *jwt, pb_error_t *err)
{
  return strlen(jwt) <= PB_ASSERTION_MAX ||
         pb_error_set(err, PB_REJECT, "the assertion is longer than %d bytes", PB_ASSERTION_MAX);
}

bool
pb_assertion_check(pb_identity_t *identity, const char *jwt, char client_id_out[PB_CLIENT_ID_SIZE],
                   pb_error_t *err)
{
  struct pb_assertion claims = {0};
  pb_key_t           *key    = NULL;
  bool                ok     = false;

  if (!check_size(jwt, err))
    return false;
  ok = pb_jwt_peek(jwt, &claims, err) && find_key(identity, claims.subject, &key, err) &&
       check_with_key(identity, key, jwt, &claims, client_id_out, err) &&
       use_once(identity, &claims, err);
  pb_key_free(key);
  return ok;
}

bool
pb_assertion_check_new(pb_identity_t *identity, const char *jwt,
                       char client_id_out[PB_CLIENT_ID_SIZE], char **public_pem_out,
                       pb_error_t *err)
{
  struct pb_assertion claims = {0};
  pb_key_t           *key    = NULL;
  char                id[PB_KEY_ID_SIZE];
  bool                ok = false;

  *public_pem_out = NULL;
  if (!check_size(jwt, err))
    return false;
  if (!pb_jwt_peek(jwt, &claims, err) || !pb_jwt_peek_key(jwt, &key, err))
    goto done;
  pb_key_get_id(key, id);
  if (!pb_text_is_equal(id, claims.subject))
  {
    pb_error_set(err, PB_AUTH, "the client is not named by the thumbprint of its key");
    goto done;
  }
  // It is not remembered that it was used: strangers, who may make any number of keys, could fill
  // what is remembered of those that are known.  Asking twice gives no more than another code.
  ok = check_with_key(identity, key, jwt, &claims, client_id_out, err) &&
       pb_key_format_public(key, public_pem_out, err);

done:
  pb_key_free(key);
  return ok;
}
