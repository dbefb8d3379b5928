// oauth - the authorization server's paths.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/oauth.h"

#include "cloud/protocol.h"
#include "identity/oauth-endpoints.h"
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
