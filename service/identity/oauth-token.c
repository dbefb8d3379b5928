// oauth-token - the token endpoint (RFC 6749 s3.2) and revocation (RFC 7009).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/assertion.h"
#include "identity/details.h"
#include "identity/device-grant.h"
#include "identity/internal.h"
#include "identity/machine.h"
#include "identity/oauth-endpoints.h"
#include "identity/oauth-reply.h"
#include "identity/user.h"
#include <stdlib.h>
#include <string.h>

// The queues that were approved, as authorization_details (RFC 9396 s7).
static bool
add_details(pb_identity_t *identity, json_object *object, const char *grant_id)
{
  struct pb_approved_queue *queues = NULL;
  size_t                    count  = 0;

  if (!pb_device_grant_queues(identity, grant_id, PB_GRANT_APPROVED, &queues, &count, NULL))
    return false;
  json_object *array = pb_details_format(queues, count);
  free(queues);
  if (array != NULL && json_object_object_add(object, "authorization_details", array) == 0)
    return true;
  json_object_put(array);
  return false;
}

// For whom the token is (the name as in RFC 7662 s2.2), so that a program can say it.
static bool
add_username(pb_identity_t *identity, json_object *object, const struct pb_token_subject *subject)
{
  char name[PB_NAME_SIZE] = "";

  if (!pb_text_is_equal(subject->scope, PB_SCOPE_USER))
    return true;
  return pb_user_get_name(identity, subject->user_id, name, /*err*/ NULL) &&
         pb_json_add_text(object, "username", name);
}

static json_object *
format_tokens(pb_identity_t *identity, const struct pb_token_subject *subject,
              const struct pb_tokens *tokens)
{
  json_object *object      = json_object_new_object();
  bool         is_register = pb_text_is_equal(subject->scope, PB_SCOPE_REGISTER);

  if (object != NULL && pb_json_add_text(object, "access_token", tokens->access.text) &&
      pb_json_add_text(object, "token_type", "Bearer") &&
      pb_json_add_int(object, "expires_in", tokens->expires_in_ms / 1000) &&
      pb_json_add_text(object, "refresh_token", tokens->refresh.text) &&
      pb_json_add_text(object, "scope", subject->scope) &&
      (!is_register || add_details(identity, object, subject->grant_id)) &&
      add_username(identity, object, subject))
    return object;
  json_object_put(object);
  return NULL;
}

// RFC 8628 s3.5.
static const struct
{
  const char *code;
  const char *description;
} polls[] = {
  [PB_DEVICE_POLL_PENDING]   = {"authorization_pending", "nobody has decided yet"            },
  [PB_DEVICE_POLL_SLOW_DOWN] = {"slow_down",             "wait 5 seconds more between polls" },
  [PB_DEVICE_POLL_DENIED]    = {"access_denied",         "the request was denied"            },
  [PB_DEVICE_POLL_EXPIRED]   = {"expired_token",         "the code has expired"              },
  [PB_DEVICE_POLL_UNKNOWN]   = {"invalid_grant",         "the code is not known, or was used"},
};

static void
grant_device_code(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form)
{
  struct pb_token_subject subject   = {0};
  struct pb_tokens        tokens    = {0};
  pb_error_t              err       = {0};
  const char             *code      = pb_oauth_need(call, form, "device_code");
  const char             *client_id = code != NULL ? pb_oauth_need(call, form, "client_id") : NULL;

  if (client_id == NULL)
    return;
  enum pb_device_poll poll =
    pb_device_grant_poll(identity, code, client_id, &subject, &tokens, &err);
  if (poll == PB_DEVICE_POLL_GRANTED)
    pb_oauth_reply(call, format_tokens(identity, &subject, &tokens));
  else if (poll == PB_DEVICE_POLL_FAILED)
    pb_oauth_refuse_error(call, "invalid_grant", &err);
  else
    pb_oauth_refuse(call, polls[poll].code, "%s", polls[poll].description);
  pb_tokens_clear(&tokens);
}

static void
grant_refresh(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form)
{
  struct pb_token_subject subject   = {0};
  struct pb_tokens        tokens    = {0};
  pb_error_t              err       = {0};
  const char             *token     = pb_oauth_need(call, form, "refresh_token");
  const char             *client_id = token != NULL ? pb_oauth_need(call, form, "client_id") : NULL;
  const char             *scope     = pb_oauth_get(form, "scope");

  if (client_id == NULL)
    return;
  if (scope != NULL && !pb_text_is_equal(scope, PB_SCOPE_USER))
    pb_oauth_refuse(call, "invalid_scope", "a refresh cannot widen the scope");
  else if (pb_token_refresh(identity, token, client_id, &subject, &tokens, &err))
    pb_oauth_reply(call, format_tokens(identity, &subject, &tokens));
  else
    pb_oauth_refuse_error(call, "invalid_grant", &err);
  pb_tokens_clear(&tokens);
}

// RFC 7523 s2.2; client_id beside it must be the same (RFC 7521 s4.2).
static bool
check_client(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form,
             struct pb_token_subject *subject)
{
  pb_error_t  err       = {0};
  const char *type      = pb_oauth_need(call, form, "client_assertion_type");
  const char *assertion = type != NULL ? pb_oauth_need(call, form, "client_assertion") : NULL;
  const char *client_id = pb_oauth_get(form, "client_id");

  if (assertion == NULL)
    return false;
  if (!pb_text_is_equal(type, PB_ASSERTION_TYPE))
  {
    pb_oauth_refuse(call, "invalid_request", "client_assertion_type is not known");
    return false;
  }
  if (!pb_assertion_check_next(identity, assertion, subject->client_id, subject->next_key, &err))
  {
    pb_oauth_refuse_error(call, "invalid_client", &err);
    return false;
  }
  if (client_id != NULL && !pb_text_is_equal(client_id, subject->client_id))
  {
    pb_oauth_refuse(call, "invalid_client", "client_id and the assertion differ");
    return false;
  }
  return true;
}

// False: the call says why not.
static bool
issue_to_client(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form,
                struct pb_token_subject *subject, struct pb_tokens *tokens)
{
  pb_error_t  err   = {0};
  const char *scope = pb_oauth_get(form, "scope");

  if (!check_client(identity, call, form, subject))
    return false;
  if (pb_text_is_equal(scope, PB_SCOPE_MACHINE))
    pb_text_copy(subject->scope, sizeof(subject->scope), scope);
  if (scope != NULL && !pb_text_is_equal(scope, subject->scope))
    pb_oauth_refuse(call, "invalid_scope", "a client gets " PB_SCOPE_PROXY " or " PB_SCOPE_MACHINE);
  else if (pb_machine_check_scope(identity, subject->client_id, subject->scope, &err) &&
           pb_token_issue(identity, subject, tokens, &err))
    return true;
  else
    pb_oauth_refuse_error(call, "invalid_client", &err);
  return false;
}

// One transaction: a key that is replaced by another thread is not looked at before that, and
// given a token after it.
static void
grant_client(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form)
{
  struct pb_token_subject subject = {.scope = PB_SCOPE_PROXY};
  struct pb_tokens        tokens  = {0};
  pb_error_t              err     = {0};
  bool                    ok      = pb_db_begin(identity->db, &err);
  bool                    is_open = ok;

  ok = ok && issue_to_client(identity, call, form, &subject, &tokens);
  if (is_open && pb_db_end(identity->db, ok, &err))
    pb_oauth_reply(call, format_tokens(identity, &subject, &tokens));
  else if (ok || !is_open)
    pb_oauth_refuse_error(call, "invalid_client", &err);
  pb_tokens_clear(&tokens);
}

static const struct
{
  const char *type;
  void (*grant)(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form);
} grants[] = {
  {PB_GRANT_DEVICE_CODE, grant_device_code},
  {"refresh_token",      grant_refresh    },
  {"client_credentials", grant_client     },
};

static void
answer_grant(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form)
{
  const char *type = pb_oauth_need(call, form, "grant_type");

  if (type == NULL)
    return;
  for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++)
    if (pb_text_is_equal(grants[i].type, type))
    {
      grants[i].grant(identity, call, form);
      return;
    }
  pb_oauth_refuse(call, "unsupported_grant_type", "grant_type is not known");
}

void
pb_oauth_token(void *context, struct pb_call *call)
{
  pb_call_add_header(call, "Cache-Control", "no-store");
  pb_form_t *form = pb_oauth_read_form(call);

  if (form != NULL)
    answer_grant(context, call, form);
  pb_form_free(form);
}

// A machine that proves its key with it gives up its approval, too: whatever became of the token.
static void
answer_revoke_machine(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form)
{
  struct pb_token_subject subject = {.scope = PB_SCOPE_MACHINE};
  pb_error_t              err     = {0};

  if (!check_client(identity, call, form, &subject))
    return;
  if (pb_machine_end(identity, subject.client_id, &err))
    pb_oauth_reply(call, json_object_new_object());
  else
    pb_oauth_refuse_error(call, "invalid_client", &err);
}

// Who holds a token may end it; one that is not known is none to worry about (RFC 7009 s2.2).
static void
answer_revoke(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form)
{
  pb_error_t  err   = {0};
  const char *token = pb_oauth_need(call, form, "token");

  if (token == NULL)
    return;
  if (pb_oauth_get(form, "client_assertion") != NULL)
  {
    answer_revoke_machine(identity, call, form);
    return;
  }
  if (pb_token_revoke(identity, token, &err))
    pb_oauth_reply(call, json_object_new_object());
  else
    pb_oauth_refuse_error(call, "invalid_request", &err);
}

void
pb_oauth_revoke(void *context, struct pb_call *call)
{
  pb_call_add_header(call, "Cache-Control", "no-store");
  pb_form_t *form = pb_oauth_read_form(call);

  if (form != NULL)
    answer_revoke(context, call, form);
  pb_form_free(form);
}
