// account - the token of a machine's identity: got when needed, renewed ahead of its end, by one
// thread at a time. `mutex` guards what stands below it in the structure and is never held while
// waiting on the network: the thread that asks (is_asking) is the only one that uses `http` and
// `metadata`; the others go on with a token that still holds, or wait for `answered`.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/account-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define RENEW_AT_PERCENT 80   // of a token's life
#define RENEW_AGAIN_MS 10000  // a renewal that failed while the old token holds

static bool
copy_trust(pb_cloud_account_t *account, const struct pb_http_trust *trust, pb_error_t *err)
{
  account->ca_file              = pb_text_dup(trust->ca_file);
  account->ca_fingerprint       = pb_text_dup(trust->ca_fingerprint);
  account->proxy                = pb_text_dup(trust->proxy);
  account->trust.ca_file        = account->ca_file;
  account->trust.ca_fingerprint = account->ca_fingerprint;
  account->trust.proxy          = account->proxy;
  if ((trust->ca_file && !account->ca_file) ||
      (trust->ca_fingerprint && !account->ca_fingerprint) || (trust->proxy && !account->proxy))
    return pb_error_set(err, PB_RETRY, "out of memory");
  return true;
}

static bool
new_account(const struct pb_http_trust *trust, pb_cloud_account_t **account_out, pb_error_t *err)
{
  pb_cloud_account_t *account = calloc(1, sizeof(*account));

  *account_out = NULL;
  if (!account)
    return pb_error_set(err, PB_RETRY, "out of memory");
  pthread_mutex_init(&account->mutex, /*attr*/ NULL);
  pthread_cond_init(&account->answered, /*attr*/ NULL);
  if (!copy_trust(account, trust, err))
  {
    pb_cloud_account_free(account);
    return false;
  }
  *account_out = account;
  return true;
}

bool
pb_cloud_account_new(const pb_registration_t *registration, pb_cloud_account_t **account_out,
                     pb_error_t *err)
{
  struct pb_http_trust trust = {
    .ca_file        = registration->ca_file,
    .ca_fingerprint = registration->ca_fingerprint,
  };

  if (!new_account(&trust, account_out, err))
    return false;
  (*account_out)->registration = registration;
  if (pb_cloud_account_set_keys(*account_out, registration->key, registration->next_key,
                                /*next_key*/ "", err))
    return true;
  pb_cloud_account_free(*account_out);
  *account_out = NULL;
  return false;
}

bool
pb_cloud_account_new_bearer(const char *url, const struct pb_http_trust *trust, const char *token,
                            pb_cloud_account_t **account_out, pb_error_t *err)
{
  (void)url;  // requests name their own address
  if (!new_account(trust, account_out, err))
    return false;
  if (!token || pb_secret_set(&(*account_out)->token, token, strlen(token), err))
    return true;
  pb_cloud_account_free(*account_out);
  *account_out = NULL;
  return false;
}

bool
pb_cloud_account_new_kept(const struct pb_http_trust *trust, pb_cloud_keeper_t keeper, void *user,
                          pb_cloud_account_t **account_out, pb_error_t *err)
{
  if (!new_account(trust, account_out, err))
    return false;
  (*account_out)->keeper      = keeper;
  (*account_out)->keeper_user = user;
  return true;
}

void
pb_cloud_account_free(pb_cloud_account_t *account)
{
  if (!account)
    return;
  pb_http_free(account->http);
  pb_secret_clear(&account->token);
  pb_key_free(account->key);
  pb_key_free(account->other);
  pthread_cond_destroy(&account->answered);
  pthread_mutex_destroy(&account->mutex);
  free(account->ca_file);
  free(account->ca_fingerprint);
  free(account->proxy);
  free(account);
}

const struct pb_http_trust *
pb_cloud_account_trust(const pb_cloud_account_t *account)
{
  return &account->trust;
}

void
pb_cloud_account_doubt(pb_cloud_account_t *account)
{
  atomic_store(&account->doubted_ms, pb_clock_mono_ms());
}

const atomic_llong *
pb_cloud_account_get_doubted(const pb_cloud_account_t *account)
{
  return &account->doubted_ms;
}

// Keep what was answered, and wake who waits for it.
static void
store_answer_locked(pb_cloud_account_t *account, struct pb_grant *grant, const pb_error_t *failure)
{
  int64_t now_ms = pb_clock_mono_ms();

  account->failure = *failure;
  if (failure->kind == PB_OK)
  {
    int64_t life_ms = grant->expires_mono_ms - now_ms;

    pb_secret_clear(&account->token);
    account->token           = grant->access_token;
    grant->access_token      = (pb_secret_t){0};
    account->renew_mono_ms   = now_ms + life_ms * RENEW_AT_PERCENT / 100;
    account->expires_mono_ms = grant->expires_mono_ms;
  }
  else
    account->renew_mono_ms = now_ms + RENEW_AGAIN_MS;
  account->is_asking = false;
  account->answers++;
  pthread_cond_broadcast(&account->answered);
}

// Ask without the mutex, as the only thread that does.
static void
ask_locked(pb_cloud_account_t *account)
{
  struct pb_grant grant   = {0};
  pb_error_t      failure = {0};

  account->is_asking = true;
  pthread_mutex_unlock(&account->mutex);
  if (!pb_cloud_account_ask(account, &grant, &failure) && failure.kind == PB_OK)
    pb_error_set(&failure, PB_BUG, "no access token");
  pthread_mutex_lock(&account->mutex);
  store_answer_locked(account, &grant, &failure);
  pb_grant_clear(&grant);
}

// A new token from this thread, or from the one that is asking already.
static bool
renew_locked(pb_cloud_account_t *account, pb_error_t *err)
{
  if (!account->is_asking)
    ask_locked(account);
  else
  {
    unsigned before = account->answers;
    while (account->answers == before)
      pthread_cond_wait(&account->answered, &account->mutex);
  }
  if (account->failure.kind == PB_OK)
    return true;
  if (err)
    *err = account->failure;
  return false;
}

static bool
is_fixed(const pb_cloud_account_t *account)
{
  return !account->registration && !account->keeper;
}

static bool
copy_token_locked(pb_cloud_account_t *account, pb_secret_t *token_out, pb_error_t *err)
{
  if (account->token.text)
    return pb_secret_set(token_out, account->token.text, account->token.size, err);
  pb_secret_clear(token_out);  // nobody in particular
  return true;
}

// The token that is there, renewed first when its end is near; a failed renewal matters only once
// it has ended.
static bool
copy_current_locked(pb_cloud_account_t *account, pb_secret_t *token_out, pb_error_t *err)
{
  int64_t    now_ms   = pb_clock_mono_ms();
  bool       is_valid = account->token.text && now_ms < account->expires_mono_ms;
  pb_error_t why      = {0};

  if (is_valid && (now_ms < account->renew_mono_ms || account->is_asking))
    return copy_token_locked(account, token_out, err);
  if (renew_locked(account, &why))
    return copy_token_locked(account, token_out, err);
  if (account->token.text && pb_clock_mono_ms() < account->expires_mono_ms)
  {
    pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "access token not renewed yet: %s", why.message);
    return copy_token_locked(account, token_out, err);
  }
  if (err)
    *err = why;
  return false;
}

bool
pb_cloud_account_copy_token(pb_cloud_account_t *account, bool is_fresh, pb_secret_t *token_out,
                            pb_error_t *err)
{
  bool ok;

  pthread_mutex_lock(&account->mutex);
  if (is_fixed(account))
    ok = copy_token_locked(account, token_out, err);
  else if (is_fresh)
    ok = renew_locked(account, err) && copy_token_locked(account, token_out, err);
  else
    ok = copy_current_locked(account, token_out, err);
  pthread_mutex_unlock(&account->mutex);
  return ok;
}

bool
pb_cloud_account_renew_token(pb_cloud_account_t *account, const pb_secret_t *refused,
                             pb_secret_t *token_out, pb_error_t *err)
{
  bool ok;

  pthread_mutex_lock(&account->mutex);
  if (is_fixed(account))
    ok = pb_error_set(err, PB_AUTH, "the service refuses this authorization");
  else if (account->token.text && !pb_secret_is_equal(account->token.text, account->token.size,
                                                      refused->text, refused->size))
    ok = copy_current_locked(account, token_out, err);
  else
    ok = renew_locked(account, err) && copy_token_locked(account, token_out, err);
  pthread_mutex_unlock(&account->mutex);
  return ok;
}
