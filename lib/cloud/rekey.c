// rekey - the key of a registration and its certificates are renewed (see rekey.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/rekey.h"

#include "base/fault.h"
#include "base/log.h"
#include "cloud/account.h"
#include "cloud/register.h"

#include <stdlib.h>

struct rekey
{
  pb_registration_t             *registration;
  const struct pb_rekey_options *options;
  bool                           has_roll_over;
  bool                           is_rolled;  // the next key has been used already
};

// Which of the keys is good, and what the service can do.
static bool
look(struct rekey *rekey, pb_error_t *err)
{
  pb_registration_t  *registration = rekey->registration;
  pb_cloud_account_t *account      = NULL;
  pb_secret_t         token        = {0};
  bool                ok           = false;

  if (!pb_cloud_account_new(registration, &account, err) ||
      !pb_cloud_account_get_roll_over(account, &rekey->has_roll_over, err) ||
      !pb_cloud_account_copy_token(account, /*is_fresh*/ true, &token, err))
    goto done;
  rekey->is_rolled =
    registration->next_key != NULL && pb_cloud_account_has_used(account, registration->next_key);
  ok = true;

done:
  pb_secret_clear(&token);
  pb_cloud_account_free(account);
  return ok;
}

static bool
certify(struct rekey *rekey, pb_cloud_t *cloud, size_t index, const pb_key_t *key, pb_error_t *err)
{
  pb_registration_t           *registration = rekey->registration;
  const pb_registered_queue_t *queue        = &registration->queues[index];
  pb_registered_queue_t        renewed      = {0};
  const struct pb_registrant   who          = {.uuid  = queue->uuid,
                                               .queue = queue->queue,
                                               .user  = "printbridge",
                                               .key   = key,
                                               .stop  = rekey->options->stop};
  bool ok = pb_register_device(cloud, registration->url, &who, &renewed, err);

  // The address stays what it was: jobs and queues are known by it.
  if (ok && renewed.certificate)
  {
    pb_registered_queue_t kept = *queue;

    kept.certificate  = renewed.certificate;
    kept.certified_ms = renewed.certified_ms;
    ok                = pb_registration_add_queue(registration, &kept, err);
  }
  free(renewed.certificate);
  return ok;
}

static bool
certify_all(struct rekey *rekey, pb_cloud_account_t *account, const pb_key_t *key, pb_error_t *err)
{
  pb_cloud_t *cloud = NULL;
  size_t      done  = 0;
  pb_error_t  why   = {0};

  if (!pb_cloud_open(account, &cloud, err))
    return false;
  for (size_t i = 0; i < rekey->registration->queues_count; i++)
  {
    pb_log_ctx_t ctx = {.printer = rekey->registration->queues[i].queue};

    if (certify(rekey, cloud, i, key, &why))
    {
      done++;
      PB_FAULT("connector.rekey.certified.after");
      continue;
    }
    if (why.kind == PB_RETRY)
      break;
    pb_log(&ctx, PB_LOG_WARN, "its certificate is not renewed: %s", why.message);
  }
  pb_cloud_close(cloud);
  if (why.kind == PB_RETRY || (done == 0 && why.kind != PB_OK))
    return pb_error_set(err, why.kind, "%s", why.message);
  return true;
}

// The key is made and kept, or the one that an interrupted call has left is.
static bool
keep_next(pb_registration_t *registration, pb_error_t *err)
{
  pb_key_t *made = NULL;
  bool      ok   = false;

  if (!registration->next_key && !pb_key_make(&made, err))
    return false;
  PB_FAULT("connector.rekey.made.before");
  ok = pb_registration_set_next_key(registration, made ? made : registration->next_key, err);
  PB_FAULT("connector.rekey.made.after");
  pb_key_free(made);
  return ok;
}

static bool
register_next(struct rekey *rekey, pb_error_t *err)
{
  pb_registration_t  *registration = rekey->registration;
  pb_cloud_account_t *account      = NULL;
  char                id[PB_KEY_ID_SIZE];
  bool                ok = false;

  pb_key_get_id(registration->next_key, id);
  ok = pb_cloud_account_new(registration, &account, err) &&
       pb_cloud_account_set_keys(account, registration->key, /*other*/ NULL, id, err) &&
       certify_all(rekey, account, registration->next_key, err);
  pb_cloud_account_free(account);
  return ok;
}

static bool
use_next(struct rekey *rekey, pb_error_t *err)
{
  pb_registration_t  *registration = rekey->registration;
  pb_cloud_account_t *account      = NULL;
  pb_secret_t         token        = {0};
  bool                ok           = false;

  PB_FAULT("connector.rekey.used.before");
  ok = pb_cloud_account_new(registration, &account, err) &&
       pb_cloud_account_set_keys(account, registration->next_key, /*other*/ NULL, /*next_key*/ "",
                                 err) &&
       pb_cloud_account_copy_token(account, /*is_fresh*/ true, &token, err);
  PB_FAULT("connector.rekey.used.after");
  pb_secret_clear(&token);
  pb_cloud_account_free(account);
  return ok;
}

static bool
keep_used(pb_registration_t *registration, pb_error_t *err)
{
  bool ok;

  PB_FAULT("connector.rekey.kept.before");
  ok = pb_registration_use_next_key(registration, err);
  PB_FAULT("connector.rekey.kept.after");
  return ok;
}

static bool
tell(const struct rekey *rekey, const pb_key_t *next, const pb_key_t *former, pb_error_t *err)
{
  const struct pb_rekey_options *options = rekey->options;

  return !options->on_registered || options->on_registered(options->user, next, former, err);
}

static bool
renew_certificates(struct rekey *rekey, pb_error_t *err)
{
  pb_cloud_account_t *account = NULL;
  bool                ok      = pb_cloud_account_new(rekey->registration, &account, err) &&
            certify_all(rekey, account, rekey->registration->key, err);

  pb_cloud_account_free(account);
  if (!ok || !pb_registration_is_moving(rekey->registration))
    return ok;
  pb_log(/*ctx*/ NULL, PB_LOG_WARN,
         "%s: this service replaces no keys: see to it that the former host is switched off",
         rekey->registration->url);
  rekey->registration->moved_key[0] = '\0';
  return pb_registration_save(rekey->registration, err);
}

bool
pb_rekey(pb_registration_t *registration, const struct pb_rekey_options *options, pb_error_t *err)
{
  struct rekey rekey = {.registration = registration, .options = options};

  if (!look(&rekey, err))
    return false;
  // An earlier call got as far as that.
  if (rekey.is_rolled)
    return tell(&rekey, registration->next_key, /*former*/ NULL, err) &&
           keep_used(registration, err);
  if (!rekey.has_roll_over)
    return renew_certificates(&rekey, err);
  return keep_next(registration, err) && register_next(&rekey, err) &&
         tell(&rekey, registration->next_key, registration->key, err) && use_next(&rekey, err) &&
         keep_used(registration, err);
}
