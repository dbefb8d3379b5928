// sign-in-token - a sign-in's tokens: renewed, saved, revoked.  All under the sign-in's lock.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "cloud/reply.h"
#include "cloud/sign-in-private.h"
#include "net/form.h"

#include <string.h>

#define TIMEOUT_MS 30000
#define FORM_MAX (16 * 1024)
#define LOCK_WAIT_MS 90000

static bool
append_fields(pb_buffer_t *form, const char *const (*fields)[2], size_t count, pb_error_t *err)
{
  for (size_t i = 0; i < count; i++)
    if (!pb_form_append(form, fields[i][0], fields[i][1], err))
      return false;
  return true;
}

static bool
format_refresh(pb_sign_in_t *sign_in, pb_buffer_t *form, pb_error_t *err)
{
  const char *const fields[][2] = {
    {"grant_type",    "refresh_token"                   },
    {"refresh_token", sign_in->stored.refresh_token.text},
    {"client_id",     PB_CLIENT_USER                    },
  };

  if (!sign_in->stored.refresh_token.text)
    return pb_error_set(err, PB_AUTH, "the service gave nothing to go on with: sign in again");
  return append_fields(form, fields, sizeof(fields) / sizeof(fields[0]), err);
}

static bool
format_assertion(pb_sign_in_t *sign_in, pb_buffer_t *form, pb_error_t *err)
{
  pb_secret_t jwt = {0};
  bool        ok  = pb_sign_in_find_key(sign_in, /*is_new_allowed*/ false, err) &&
            pb_sign_in_learn(sign_in, err) &&
            pb_sign_in_sign(sign_in, sign_in->stored.token_endpoint, /*has_key*/ false, &jwt, err);

  if (ok)
  {
    const char *const fields[][2] = {
      {"grant_type",            "client_credentials"},
      {"scope",                 PB_SCOPE_MACHINE    },
      {"client_id",             sign_in->client_id  },
      {"client_assertion_type", PB_ASSERTION_TYPE   },
      {"client_assertion",      jwt.text            },
    };
    ok = append_fields(form, fields, sizeof(fields) / sizeof(fields[0]), err);
  }
  pb_secret_clear(&jwt);
  return ok;
}

// The service itself says that this authorization is none (any more); a proxy on the way saying 403
// does not.
static bool
is_refused(const char *error)
{
  static const char *const ends[] = {"invalid_grant", "invalid_client", "unauthorized_client",
                                     "access_denied"};

  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
    if (strcmp(error, ends[i]) == 0)
      return true;
  return false;
}

// What the service said to a token request.  PB_AUTH: it refused; whatever else went wrong may go
// right later.
static bool
read_grant(const struct pb_http_reply *reply, struct pb_grant *grant, pb_error_t *err)
{
  char       error[PB_REPLY_ERROR_SIZE] = "";
  pb_error_t why                        = {0};

  if (reply->status == 200)
    return pb_reply_parse_grant(reply->body.data, reply->body.size, pb_clock_mono_ms(), grant, err);
  pb_reply_set_error(reply->status, reply->body.data, reply->body.size,
                     "the service gives no access token", error, &why);
  return pb_error_set(err, is_refused(error) ? PB_AUTH : PB_RETRY, "%s", why.message);
}

static bool
post(pb_sign_in_t *sign_in, const char *url, const pb_buffer_t *form, struct pb_http_reply *reply,
     pb_error_t *err)
{
  struct pb_http_request request = {
    .method       = "POST",
    .url          = url,
    .content_type = "application/x-www-form-urlencoded",
    .accept       = "application/json",
    .body         = form->data,
    .body_size    = form->size,
    .max_reply    = PB_JSON_MAX,
    .timeout_ms   = TIMEOUT_MS,
  };

  return pb_sign_in_connect(sign_in, err) && pb_http_perform(sign_in->http, &request, reply, err);
}

static bool
ask(pb_sign_in_t *sign_in, struct pb_grant *grant, pb_error_t *err)
{
  pb_buffer_t          form  = {0};  // carries a refresh token or an assertion
  struct pb_http_reply reply = {0};
  bool                 ok    = false;

  pb_buffer_init(&form, FORM_MAX);
  ok = sign_in->kind == PB_SIGN_IN_USER ? format_refresh(sign_in, &form, err)
                                        : format_assertion(sign_in, &form, err);
  ok = ok && post(sign_in, sign_in->stored.token_endpoint, &form, &reply, err) &&
       read_grant(&reply, grant, err);
  pb_buffer_wipe(&form);
  pb_http_reply_clear(&reply);
  return ok;
}

bool
pb_sign_in_save_locked(pb_sign_in_t *sign_in, struct pb_grant *grant, bool is_new, pb_error_t *err)
{
  struct pb_stored_sign_in *stored = &sign_in->stored;
  pb_secret_t               id     = {0};

  if (is_new)
  {
    pb_stored_sign_in_clear(stored);
    stored->service = sign_in->service;
    pb_text_copy(stored->user, sizeof(stored->user), grant->username);
    pb_text_copy(stored->token_endpoint, sizeof(stored->token_endpoint),
                 sign_in->metadata.token_endpoint);
    pb_text_copy(stored->revocation_endpoint, sizeof(stored->revocation_endpoint),
                 sign_in->metadata.revocation_endpoint);
    if (!pb_secret_make(&id, 16, err))
      return false;
    pb_text_copy(stored->id, sizeof(stored->id), id.text);
    pb_secret_clear(&id);
  }
  pb_secret_clear(&stored->access_token);
  stored->access_token = grant->access_token;
  grant->access_token  = (pb_secret_t){0};
  if (grant->refresh_token.text)  // else the old one stays good (RFC 6749 s6)
  {
    pb_secret_clear(&stored->refresh_token);
    stored->refresh_token = grant->refresh_token;
    grant->refresh_token  = (pb_secret_t){0};
  }
  stored->expires_ms = pb_clock_now_ms() + grant->expires_mono_ms - pb_clock_mono_ms();
  return pb_stored_sign_in_write(sign_in->folder, stored, err);
}

bool
pb_sign_in_renew_locked(pb_sign_in_t *sign_in, pb_error_t *err)
{
  struct pb_grant grant = {0};
  pb_error_t      why   = {0};
  bool            ok =
    ask(sign_in, &grant, &why) && pb_sign_in_save_locked(sign_in, &grant, /*is_new*/ false, &why);

  pb_grant_clear(&grant);
  if (ok)
    return true;
  // Told once: who asks next finds none, and is asked to sign in.
  if (why.kind == PB_AUTH && !pb_sign_in_drop(sign_in, PB_SIGN_IN_FILE, err))
    return false;
  return pb_error_set(err, why.kind, "%s", why.message);
}

// The newest token that ends all of them.
static const char *
get_last_token(const struct pb_stored_sign_in *stored)
{
  if (stored->refresh_token.text)
    return stored->refresh_token.text;
  return stored->access_token.text ? stored->access_token.text : "";
}

// A machine proves its key: so it gives up its approval, and not this token only (PROTOCOL.md).
static bool
format_revocation(pb_sign_in_t *sign_in, pb_buffer_t *form, pb_error_t *err)
{
  bool        is_machine = sign_in->kind == PB_SIGN_IN_MACHINE;
  pb_secret_t jwt        = {0};
  bool        ok         = !is_machine ||
            (pb_sign_in_find_key(sign_in, /*is_new_allowed*/ false, err) &&
             pb_sign_in_learn(sign_in, err) &&
             pb_sign_in_sign(sign_in, sign_in->metadata.issuer, /*has_key*/ false, &jwt, err));

  if (ok)
  {
    const char *const fields[][2] = {
      {"token",                 get_last_token(&sign_in->stored)                },
      {"client_id",             is_machine ? sign_in->client_id : PB_CLIENT_USER},
      {"client_assertion_type", PB_ASSERTION_TYPE                               },
      {"client_assertion",      jwt.text                                        },
    };
    ok = append_fields(form, fields, is_machine ? 4 : 2, err);
  }
  pb_secret_clear(&jwt);
  return ok;
}

// True: the service knows nothing of it any more.
static bool
tell_service(pb_sign_in_t *sign_in)
{
  const struct pb_stored_sign_in *stored                     = &sign_in->stored;
  char                            error[PB_REPLY_ERROR_SIZE] = "";
  pb_buffer_t                     form                       = {0};
  struct pb_http_reply            reply                      = {0};
  pb_error_t                      err                        = {0};
  bool                            ok                         = false;

  if (!stored->revocation_endpoint[0])
    return false;
  pb_buffer_init(&form, FORM_MAX);
  if (format_revocation(sign_in, &form, &err) &&
      post(sign_in, stored->revocation_endpoint, &form, &reply, &err))
  {
    ok = reply.status == 200;
    if (!ok)
      pb_reply_set_error(reply.status, reply.body.data, reply.body.size, "revocation", error, &err);
    // An administrator was there before.
    ok = ok || pb_text_is_equal(error, "invalid_client");
  }
  pb_buffer_wipe(&form);
  pb_http_reply_clear(&reply);
  return ok;
}

bool
pb_sign_in_remove(pb_sign_in_t *sign_in, bool *is_told_out, pb_error_t *err)
{
  int  lock    = -1;
  bool is_told = false;
  bool ok      = false;

  if (!pb_sign_in_lock(sign_in, PB_SIGN_IN_LOCK, LOCK_WAIT_MS, &lock, err))
    return false;
  if (pb_sign_in_load(sign_in, /*err*/ NULL))
    is_told = tell_service(sign_in);
  ok = pb_sign_in_drop(sign_in, PB_SIGN_IN_FILE, err) &&
       pb_sign_in_drop(sign_in, PB_SIGN_IN_PENDING, err) &&
       (sign_in->kind == PB_SIGN_IN_USER || pb_sign_in_drop(sign_in, PB_SIGN_IN_KEY, err));
  pb_sign_in_unlock(&lock);
  pb_key_free(sign_in->key);
  sign_in->key = NULL;
  pb_stored_sign_in_clear(&sign_in->stored);
  if (is_told_out)
    *is_told_out = is_told;
  return ok;
}
