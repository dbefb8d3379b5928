// account - the token of a machine's identity: got when needed, renewed ahead of its end, by one
// thread at a time. `mutex` guards what stands below it in the structure and is never held while
// waiting on the network: the thread that asks (is_asking) is the only one that uses `http` and
// `metadata`; the others go on with a token that still holds, or wait for `answered`.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/account.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/client-assertion.h"
#include "cloud/protocol.h"
#include "cloud/reply.h"
#include "net/form.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000
#define FORM_MAX (16 * 1024)
#define RENEW_AT_PERCENT 80      // of a token's life
#define RENEW_AGAIN_MS 10000     // a renewal that failed while the old token holds
#define CLOCK_TOLERANCE_MS 5000  // a Date header is in whole seconds, and took its time to get here

struct pb_cloud_account
{
  const pb_registration_t *registration;  // NULL: a fixed token, or that of a keeper
  pb_cloud_keeper_t        keeper;        // NULL: none
  void                    *keeper_user;
  struct pb_http_trust     trust;
  char                    *ca_file;  // these two hold what trust points to
  char                    *ca_fingerprint;
  char                    *proxy;

  // Of the asking thread only.
  pb_http_t         *http;
  struct pb_metadata metadata;  // issuer empty: not read yet

  atomic_llong clock_offset_ms;  // the service's clock less ours
  atomic_llong doubted_ms;       // monotonic: when the service was found to be silent

  pthread_mutex_t mutex;
  pthread_cond_t  answered;
  pb_key_t       *key;    // of the registration; NULL: a fixed token, or that of a keeper
  pb_key_t       *other;  // tried when key is refused; NULL: none
  char            next_key[PB_KEY_ID_SIZE];  // what key says is to follow it; "": nothing
  char            used_key[PB_KEY_ID_SIZE];  // has got the token
  bool            is_asking;
  unsigned        answers;  // how often asking has ended
  pb_error_t      failure;  // of the last time; PB_OK: it gave a token
  pb_secret_t     token;
  int64_t         renew_mono_ms;    // from then on a new one is asked for
  int64_t         expires_mono_ms;  // from then on this one is not used
};

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

bool
pb_cloud_account_set_keys(pb_cloud_account_t *account, const pb_key_t *key, const pb_key_t *other,
                          const char *next_key, pb_error_t *err)
{
  pb_key_t *key_copy   = pb_key_copy(key);
  pb_key_t *other_copy = pb_key_copy(other);

  if ((key && !key_copy) || (other && !other_copy))
  {
    pb_key_free(key_copy);
    pb_key_free(other_copy);
    return pb_error_set(err, PB_RETRY, "out of memory");
  }
  pthread_mutex_lock(&account->mutex);
  pb_key_free(account->key);
  pb_key_free(account->other);
  account->key   = key_copy;
  account->other = other_copy;
  pb_text_copy(account->next_key, sizeof(account->next_key), next_key);
  pthread_mutex_unlock(&account->mutex);
  return true;
}

bool
pb_cloud_account_has_used(pb_cloud_account_t *account, const pb_key_t *key)
{
  char id[PB_KEY_ID_SIZE];
  bool has;

  pb_key_get_id(key, id);
  pthread_mutex_lock(&account->mutex);
  has = strcmp(account->used_key, id) == 0;
  pthread_mutex_unlock(&account->mutex);
  return has;
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

void
pb_cloud_account_learn_clock(pb_cloud_account_t *account, int64_t date_ms)
{
  if (date_ms > 0)
    atomic_store(&account->clock_offset_ms, date_ms - pb_clock_now_ms());
}

// The endpoints, once; the Date header sets our clock before the first assertion is signed.
static bool
learn_endpoints(pb_cloud_account_t *account, pb_error_t *err)
{
  if (!account->http && !pb_http_new(&account->trust, &account->http, err))
    return false;
  if (account->metadata.issuer[0])
    return true;
  if (!pb_metadata_get(account->http, account->registration->url, &account->metadata, err))
    return false;
  pb_cloud_account_learn_clock(account, account->metadata.date_ms);
  return true;
}

bool
pb_cloud_account_get_roll_over(pb_cloud_account_t *account, bool *has_out, pb_error_t *err)
{
  if (!learn_endpoints(account, err))
    return false;
  *has_out = account->metadata.has_roll_over;
  return true;
}

// The keys as they are now: they may be replaced while this thread asks.
struct signers
{
  pb_key_t *key;
  pb_key_t *other;  // NULL: none
  char      next_key[PB_KEY_ID_SIZE];
};

static bool
copy_signers(pb_cloud_account_t *account, struct signers *signers, pb_error_t *err)
{
  bool has_other;

  pthread_mutex_lock(&account->mutex);
  has_other      = account->other != NULL;
  signers->key   = pb_key_copy(account->key);
  signers->other = pb_key_copy(account->other);
  pb_text_copy(signers->next_key, sizeof(signers->next_key), account->next_key);
  pthread_mutex_unlock(&account->mutex);
  return (signers->key && (signers->other || !has_other)) ||
         pb_error_set(err, PB_RETRY, "out of memory");
}

static void
clear_signers(struct signers *signers)
{
  pb_key_free(signers->key);
  pb_key_free(signers->other);
  *signers = (struct signers){0};
}

// With times of the service's clock.
static bool
sign_assertion(pb_cloud_account_t *account, const pb_key_t *key, const char *next_key,
               pb_secret_t *jwt, pb_error_t *err)
{
  int64_t now_ms = pb_clock_now_ms() + atomic_load(&account->clock_offset_ms);

  return pb_client_assertion_sign_next(key, account->registration->client_id,
                                       account->metadata.token_endpoint, now_ms, next_key, jwt,
                                       err);
}

static bool
format_token_form(pb_cloud_account_t *account, const pb_key_t *key, const char *next_key,
                  pb_buffer_t *form, pb_error_t *err)
{
  pb_secret_t jwt = {0};
  bool        ok  = sign_assertion(account, key, next_key, &jwt, err) &&
            pb_form_append(form, "grant_type", "client_credentials", err) &&
            pb_form_append(form, "scope", PB_SCOPE_PROXY, err) &&
            pb_form_append(form, "client_id", account->registration->client_id, err) &&
            pb_form_append(form, "client_assertion_type", PB_ASSERTION_TYPE, err) &&
            pb_form_append(form, "client_assertion", jwt.text, err);

  pb_secret_clear(&jwt);
  return ok;
}

// One token request.  *date_ms_out is the service's clock, 0 when unknown.
static bool
ask_once(pb_cloud_account_t *account, const pb_key_t *key, const char *next_key,
         struct pb_grant *grant, int64_t *date_ms_out, pb_error_t *err)
{
  bool                 ok    = false;
  pb_buffer_t          form  = {0};  // carries the assertion
  struct pb_http_reply reply = {0};
  char                 error[PB_REPLY_ERROR_SIZE];

  *date_ms_out = 0;
  pb_buffer_init(&form, FORM_MAX);
  if (!format_token_form(account, key, next_key, &form, err))
    goto done;

  struct pb_http_request request = {
    .method       = "POST",
    .url          = account->metadata.token_endpoint,
    .content_type = "application/x-www-form-urlencoded",
    .accept       = "application/json",
    .body         = form.data,
    .body_size    = form.size,
    .max_reply    = PB_JSON_MAX,
    .timeout_ms   = TIMEOUT_MS,
  };
  if (!pb_http_perform(account->http, &request, &reply, err))
    goto done;
  *date_ms_out = reply.date_ms;
  if (reply.status == 200)
    ok = pb_reply_parse_grant(reply.body.data, reply.body.size, pb_clock_mono_ms(), grant, err);
  else
    pb_reply_set_error(reply.status, reply.body.data, reply.body.size,
                       "the service gives no access token", error, err);

done:
  pb_buffer_wipe(&form);
  pb_http_reply_clear(&reply);
  return ok;
}

// With a second try when the service's clock turns out to differ from what the assertion was signed
// with.
static bool
ask_with(pb_cloud_account_t *account, const pb_key_t *key, const char *next_key,
         struct pb_grant *grant, pb_error_t *err)
{
  int64_t    date_ms = 0;
  int64_t    used_ms = atomic_load(&account->clock_offset_ms);
  pb_error_t why     = {0};
  bool       ok      = ask_once(account, key, next_key, grant, &date_ms, &why);

  pb_cloud_account_learn_clock(account, date_ms);
  if (!ok && why.kind == PB_AUTH &&
      llabs(atomic_load(&account->clock_offset_ms) - used_ms) > CLOCK_TOLERANCE_MS)
    ok = ask_once(account, key, next_key, grant, &date_ms, &why);
  if (ok)
  {
    pthread_mutex_lock(&account->mutex);
    pb_key_get_id(key, account->used_key);
    pthread_mutex_unlock(&account->mutex);
  }
  else if (err)
    *err = why;
  return ok;
}

// The key that was refused may have been replaced, which was not noted any more.
static bool
ask_with_keys(pb_cloud_account_t *account, struct pb_grant *grant, pb_error_t *err)
{
  struct signers signers = {0};
  pb_error_t     why     = {0};
  bool           ok      = false;

  if (!copy_signers(account, &signers, &why))
    goto done;
  ok = ask_with(account, signers.key, signers.next_key, grant, &why);
  if (!ok && why.kind == PB_AUTH && signers.other)
  {
    pb_error_t other = {0};

    ok = ask_with(account, signers.other, /*next_key*/ "", grant, &other);
    if (!ok && other.kind == PB_RETRY)
      why = other;
  }

done:
  clear_signers(&signers);
  if (!ok && err)
    *err = why;
  return ok;
}

static bool
ask(pb_cloud_account_t *account, struct pb_grant *grant, pb_error_t *err)
{
  pb_error_t why = {0};
  bool       ok  = false;

  if (account->keeper)  // token is only changed by the thread that asks
    return account->keeper(account->keeper_user, &account->token, grant, err);
  if (!learn_endpoints(account, err))
    return false;
  ok = ask_with_keys(account, grant, &why);
  if (!ok && err)
    *err = why;
  // The service may have moved its endpoints.
  if (!ok && why.kind != PB_RETRY)
    account->metadata = (struct pb_metadata){0};
  return ok;
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
  if (!ask(account, &grant, &failure) && failure.kind == PB_OK)
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
