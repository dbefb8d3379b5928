// oauth-metadata - what the authorization server says about itself (RFC 8414).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/oauth-endpoints.h"
#include "identity/oauth-reply.h"

// Each true of this server; lists end with NULL.
static const struct
{
  const char *name;
  const char *values[5];
} lists[] = {
  {"response_types_supported",                         {NULL}                                                              }, // no browser flow
  {"grant_types_supported",                            {PB_GRANT_DEVICE_CODE, "refresh_token", "client_credentials"}       },
  {"scopes_supported",                                 {PB_SCOPE_USER, PB_SCOPE_MACHINE, PB_SCOPE_PROXY, PB_SCOPE_REGISTER}},
  {"token_endpoint_auth_methods_supported",            {"none", "private_key_jwt"}                                         },
  {"token_endpoint_auth_signing_alg_values_supported", {"ES256"}                                                           },
  {"revocation_endpoint_auth_methods_supported",       {"none"}                                                            },
  {"authorization_details_types_supported",            {PB_DETAILS_TYPE}                                                   },
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
  return pb_json_add_bool(object, PB_METADATA_ROLL_OVER, true);
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
