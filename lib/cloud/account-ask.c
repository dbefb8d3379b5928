// account-ask - how the asking thread gets a token (see account.c): with which of the identity's
// keys, and by whose clock.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/account-private.h"

#include "base/clock.h"
#include "base/text.h"
#include "cloud/client-assertion.h"
#include "cloud/protocol.h"
#include "cloud/reply.h"
#include "net/form.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000
#define FORM_MAX (16 * 1024)
#define CLOCK_TOLERANCE_MS 5000  // a Date header is in whole seconds, and took its time to get here

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

bool
pb_cloud_account_ask(pb_cloud_account_t *account, struct pb_grant *grant, pb_error_t *err)
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
