// oauth-device - the device authorization endpoint (RFC 8628 s3.1, 3.2; RFC 9396).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/assertion.h"
#include "identity/details.h"
#include "identity/device-grant.h"
#include "identity/oauth-endpoints.h"
#include "identity/oauth-reply.h"
#include <stdlib.h>
#include <string.h>

// What may be asked for by code; print.proxy is for assertions.
static const struct scope
{
  const char *name;
  bool        has_details;
  bool        has_key;  // the client proves a key of its own, which is known from then on
} scopes[] = {
  {PB_SCOPE_REGISTER, true,  false},
  {PB_SCOPE_MACHINE,  false, true },
  {PB_SCOPE_USER,     false, false},
};

bool
pb_oauth_is_client_id(const char *text)
{
  size_t size = strlen(text);

  return size > 0 && size < PB_CLIENT_ID_SIZE &&
         strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") == size;
}

static const struct scope *
find_scope(const char *name)
{
  for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
    if (pb_text_is_equal(scopes[i].name, name))
      return &scopes[i];
  return NULL;
}

static bool
read_requester(struct pb_call *call, const pb_form_t *form, struct pb_device_request *request)
{
  const char *requester = pb_oauth_get(form, PB_PARAM_REQUESTER);

  request->requester = requester != NULL ? requester : "";
  if (strlen(request->requester) < PB_NAME_SIZE && pb_text_is_printable(request->requester))
    return true;
  pb_oauth_refuse(call, "invalid_request", PB_PARAM_REQUESTER " is too long or not printable");
  return false;
}

static bool
read_details(struct pb_call *call, const pb_form_t *form, const struct scope *scope,
             struct pb_approved_queue **queues_out, size_t *count_out)
{
  const char *details = pb_oauth_get(form, "authorization_details");
  pb_error_t  err     = {0};

  if (!scope->has_details && details != NULL)
    pb_oauth_refuse(call, "invalid_request", "%s takes no authorization_details", scope->name);
  else if (scope->has_details && details == NULL)
    pb_oauth_refuse(call, "invalid_request", "%s needs authorization_details", scope->name);
  else if (details == NULL)
    return true;
  else if (pb_details_parse(details, strlen(details), queues_out, count_out, &err))
    return true;
  else
    pb_oauth_refuse_error(call, "invalid_authorization_details", &err);
  return false;
}

static json_object *
format_grant(const pb_identity_t *identity, const struct pb_device_grant *grant)
{
  json_object *object = json_object_new_object();
  char         uri[sizeof(identity->issuer) + 64], complete[sizeof(uri) + 64];

  pb_text_format(uri, sizeof(uri), "%s%s", identity->issuer, PB_PATH_VERIFY);
  pb_text_format(complete, sizeof(complete), "%s?user_code=%s", uri, grant->user_code);
  if (object != NULL && pb_json_add_text(object, "device_code", grant->device_code.text) &&
      pb_json_add_text(object, "user_code", grant->user_code) &&
      pb_json_add_text(object, "verification_uri", uri) &&
      pb_json_add_text(object, "verification_uri_complete", complete) &&
      pb_json_add_int(object, "expires_in", (grant->expires_in_ms + 999) / 1000) &&
      pb_json_add_int(object, "interval", (grant->interval_ms + 999) / 1000))
    return object;
  json_object_put(object);
  return NULL;
}

static void
make_grant(pb_identity_t *identity, struct pb_call *call, const struct pb_device_request *request)
{
  struct pb_device_grant grant = {0};
  pb_error_t             err   = {0};

  if (pb_device_grant_make(identity, request, &grant, &err))
    pb_oauth_reply(call, format_grant(identity, &grant));
  else
    pb_oauth_refuse_error(call, "invalid_request", &err);
  pb_device_grant_clear(&grant);
}

// A client id of a register grant will be a key's thumbprint; the CSR has to prove it later.
static bool
check_client(struct pb_call *call, const char *client_id, const struct scope *scope)
{
  if (pb_oauth_is_client_id(client_id) &&
      (!scope->has_details || strlen(client_id) == PB_KEY_ID_SIZE - 1))
    return true;
  pb_oauth_refuse(call, "invalid_client", "client_id is not of the right form");
  return false;
}

// RFC 7523 s2.2, of a client that nobody knows yet: the key comes along.
static bool
read_key(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form,
         const struct scope *scope, const char *client_id, char **public_pem_out)
{
  char        proven[PB_CLIENT_ID_SIZE] = "";
  pb_error_t  err                       = {0};
  const char *type = scope->has_key ? pb_oauth_need(call, form, "client_assertion_type") : NULL;
  const char *assertion = type != NULL ? pb_oauth_need(call, form, "client_assertion") : NULL;

  if (!scope->has_key)
    return true;
  if (assertion == NULL)
    return false;
  if (!pb_text_is_equal(type, PB_ASSERTION_TYPE))
    pb_oauth_refuse(call, "invalid_request", "client_assertion_type is not known");
  else if (!pb_assertion_check_new(identity, assertion, proven, public_pem_out, &err))
    pb_oauth_refuse_error(call, "invalid_client", &err);
  else if (!pb_text_is_equal(proven, client_id))
    pb_oauth_refuse(call, "invalid_client", "client_id and the assertion differ");
  else
    return true;
  return false;
}

static void
answer_form(pb_identity_t *identity, struct pb_call *call, const pb_form_t *form)
{
  struct pb_approved_queue *queues    = NULL;
  size_t                    count     = 0;
  char                     *pem       = NULL;
  struct pb_device_request  request   = {.peer = call->peer};
  const char               *client_id = pb_oauth_need(call, form, "client_id");
  const char               *name      = pb_oauth_get(form, "scope");

  if (client_id == NULL)
    return;
  const struct scope *scope = find_scope(name != NULL ? name : PB_SCOPE_USER);
  if (scope == NULL)
  {
    pb_oauth_refuse(call, "invalid_scope",
                    "one of " PB_SCOPE_REGISTER ", " PB_SCOPE_MACHINE " and " PB_SCOPE_USER);
    return;
  }
  if (!check_client(call, client_id, scope) || !read_requester(call, form, &request) ||
      !read_key(identity, call, form, scope, client_id, &pem))
    goto done;
  if (!read_details(call, form, scope, &queues, &count))
    goto done;
  request.client_id    = client_id;
  request.scope        = scope->name;
  request.queues       = queues;
  request.queues_count = count;
  request.public_key   = pem;
  make_grant(identity, call, &request);

done:
  free(pem);
  free(queues);
}

void
pb_oauth_device_authorization(void *context, struct pb_call *call)
{
  pb_call_add_header(call, "Cache-Control", "no-store");
  pb_form_t *form = pb_oauth_read_form(call);

  if (form != NULL)
    answer_form(context, call, form);
  pb_form_free(form);
}
