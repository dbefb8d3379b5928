// assertion - a connector proves who it is at the token endpoint.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/assertion.h"

#include "base/clock.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/client-key.h"
#include "identity/internal.h"
#include "net/jwt.h"
#include <stdlib.h>
#include <string.h>

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

static bool
copy_client(const struct pb_assertion *claims, char client_id_out[PB_CLIENT_ID_SIZE],
            pb_error_t *err)
{
  return pb_text_copy(client_id_out, PB_CLIENT_ID_SIZE, claims->subject) ||
         pb_error_set(err, PB_AUTH, "the client is not registered here");
}

// Signature and claims.
static bool
check_with_key(pb_identity_t *identity, const pb_key_t *key, const char *jwt,
               struct pb_assertion *claims, char client_id_out[PB_CLIENT_ID_SIZE], pb_error_t *err)
{
  return pb_jwt_verify(key, jwt, claims, err) && check_claims(identity, claims, err) &&
         copy_client(claims, client_id_out, err);
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

// The former key proves that it was the client's, and no more.
static bool
refuse_former(int64_t rolled_ms, pb_error_t *err)
{
  char text[PB_ISO_DATE_SIZE];

  pb_clock_format_iso(text, rolled_ms);
  return pb_error_set(
    err, PB_AUTH,
    PB_KEY_REPLACED " at %s: this is the copy of a print server that has gone on elsewhere", text);
}

// The one of its keys that has signed it.
static bool
find_signer(const struct pb_client_keys *keys, const char *jwt, struct pb_assertion *claims,
            const pb_key_t **signer_out, pb_error_t *err)
{
  const pb_key_t *const known[] = {keys->current, keys->next, keys->former};
  pb_error_t            why     = {0};

  if (keys->current == NULL)
    return pb_error_set(err, PB_AUTH, "the client is not registered here");
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
  {
    if (known[i] == NULL)
      continue;
    if (pb_jwt_verify(known[i], jwt, claims, &why))
    {
      *signer_out = known[i];
      return true;
    }
    if (why.kind != PB_AUTH)  // it is signed by this one, or who knows
      break;
  }
  return pb_error_set(err, why.kind, "%s", why.message);
}

static bool
check_with_keys(pb_identity_t *identity, const struct pb_client_keys *keys, const char *jwt,
                struct pb_assertion *claims, char client_id_out[PB_CLIENT_ID_SIZE], pb_error_t *err)
{
  const pb_key_t *signer = NULL;

  if (!find_signer(keys, jwt, claims, &signer, err) || !check_claims(identity, claims, err))
    return false;
  if (signer == keys->former)
    return refuse_former(keys->rolled_ms, err);
  if (!copy_client(claims, client_id_out, err) || !use_once(identity, claims, err))
    return false;
  return signer == keys->current || pb_client_key_roll(identity, claims->subject, err);
}

bool
pb_assertion_check_next(pb_identity_t *identity, const char *jwt,
                        char client_id_out[PB_CLIENT_ID_SIZE], char next_key_out[PB_CLIENT_ID_SIZE],
                        pb_error_t *err)
{
  struct pb_assertion   claims = {0};
  struct pb_client_keys keys   = {0};
  bool                  ok     = false;

  next_key_out[0] = '\0';
  if (!check_size(jwt, err))
    return false;
  ok = pb_jwt_peek(jwt, &claims, err) &&
       pb_client_keys_load(identity, claims.subject, &keys, err) &&
       check_with_keys(identity, &keys, jwt, &claims, client_id_out, err) &&
       pb_text_copy(next_key_out, PB_CLIENT_ID_SIZE, claims.next_key);
  pb_client_keys_clear(&keys);
  return ok;
}

bool
pb_assertion_check(pb_identity_t *identity, const char *jwt, char client_id_out[PB_CLIENT_ID_SIZE],
                   pb_error_t *err)
{
  char next_key[PB_CLIENT_ID_SIZE];

  return pb_assertion_check_next(identity, jwt, client_id_out, next_key, err);
}

// A client is named by its first key, which may have been replaced since.
static bool
check_current(pb_identity_t *identity, const char *client_id, pb_error_t *err)
{
  struct pb_client_keys keys = {0};
  char                  id[PB_KEY_ID_SIZE];
  bool                  ok = false;

  if (!pb_client_keys_load(identity, client_id, &keys, err))
    return false;
  if (keys.current != NULL)
    pb_key_get_id(keys.current, id);
  ok =
    keys.current == NULL || pb_text_is_equal(id, client_id) || refuse_former(keys.rolled_ms, err);
  pb_client_keys_clear(&keys);
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
       check_current(identity, client_id_out, err) &&
       pb_key_format_public(key, public_pem_out, err);

done:
  pb_key_free(key);
  return ok;
}
