// oauth - the authorization server's paths, and what it says about itself.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/oauth.h"

#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/details.h"
#include "identity/oauth-endpoints.h"
#include "identity/oauth-reply.h"
#include "identity/token.h"
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (64 * 1024)
// authorization_details of PB_QUEUES_PER_GRANT_MAX queues, percent-encoded.
#define DETAILS_BODY_MAX (384 * 1024)

static const struct pb_call_route routes[] = {
  {.path = PB_PATH_METADATA,                 .methods = "GET",  .max_body = 0,        .answer = pb_oauth_metadata},
  {.path     = PB_PATH_DEVICE_AUTHORIZATION,
   .methods  = "POST",
   .max_body = DETAILS_BODY_MAX,
   .answer   = pb_oauth_device_authorization                                                                     },
  {.path = PB_PATH_TOKEN,                    .methods = "POST", .max_body = BODY_MAX, .answer = pb_oauth_token   },
  {.path = PB_PATH_REVOKE,                   .methods = "POST", .max_body = BODY_MAX, .answer = pb_oauth_revoke  },
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

bool
pb_oauth_add_routes(pb_edge_t *edge, pb_identity_t *identity, pb_error_t *err)
{
  if (identity->oauth_routes != NULL)
    return pb_error_set(err, PB_BUG, "the OAuth routes were added before");
  identity->oauth_routes = malloc(sizeof(routes));
  if (identity->oauth_routes == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  memcpy(identity->oauth_routes, routes, sizeof(routes));
  for (size_t i = 0; i < ROUTES; i++)
  {
    identity->oauth_routes[i].context = identity;
    if (!pb_call_add_route(edge, &identity->oauth_routes[i], err))
      return false;
  }
  return true;
}

bool
pb_oauth_is_client_id(const char *text)
{
  size_t size = strlen(text);

  return size > 0 && size < PB_CLIENT_ID_SIZE &&
         strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") == size;
}

// Each true of this server; lists end with NULL.
static const struct
{
  const char *name;
  const char *values[5];
} lists[] = {
  {"response_types_supported",                         {NULL}                                                       }, // no browser flow
  {"grant_types_supported",                            {PB_GRANT_DEVICE_CODE, "refresh_token", "client_credentials"}},
  {"scopes_supported",                                 {PB_SCOPE_USER, PB_SCOPE_PROXY, PB_SCOPE_REGISTER}           },
  {"token_endpoint_auth_methods_supported",            {"none", "private_key_jwt"}                                  },
  {"token_endpoint_auth_signing_alg_values_supported", {"ES256"}                                                    },
  {"revocation_endpoint_auth_methods_supported",       {"none"}                                                     },
  {"authorization_details_types_supported",            {PB_DETAILS_TYPE}                                            },
};

static const struct
{
  const char *name;
  const char *path;
} endpoints[] = {
  {"token_endpoint",                PB_PATH_TOKEN               },
  {"device_authorization_endpoint", PB_PATH_DEVICE_AUTHORIZATION},
  {"revocation_endpoint",           PB_PATH_REVOKE              },
};

static bool
add_list(json_object *object, const char *name, const char *const *values)
{
  json_object *array = json_object_new_array();

  if (array == NULL || json_object_object_add(object, name, array) != 0)
  {
    json_object_put(array);
    return false;
  }
  for (; *values != NULL; values++)
    if (json_object_array_add(array, json_object_new_string(*values)) != 0)
      return false;
  return true;
}

static bool
fill_metadata(json_object *object, const pb_identity_t *identity)
{
  char url[sizeof(identity->issuer) + 64];

  if (!pb_json_add_text(object, "issuer", identity->issuer))
    return false;
  for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
  {
    pb_text_format(url, sizeof(url), "%s%s", identity->issuer, endpoints[i].path);
    if (!pb_json_add_text(object, endpoints[i].name, url))
      return false;
  }
  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
    if (!add_list(object, lists[i].name, lists[i].values))
      return false;
  return true;
}

void
pb_oauth_metadata(void *context, struct pb_call *call)
{
  json_object *object = json_object_new_object();

  if (object != NULL && !fill_metadata(object, context))
  {
    json_object_put(object);
    object = NULL;
  }
  pb_call_add_header(call, "Cache-Control", "no-cache");
  pb_oauth_reply(call, object);
}
