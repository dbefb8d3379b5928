// grant - the device authorization grant (RFC 8628) as a client.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_GRANT_H
#define PB_CLOUD_GRANT_H

#include "base/secret.h"
#include "net/http.h"
#include "net/json.h"

// RFC 8414 metadata of a service.  All https; the endpoints that are not required may be "".
struct pb_metadata
{
  char    issuer[512];
  char    device_authorization_endpoint[512];
  char    token_endpoint[512];
  char    revocation_endpoint[512];
  int64_t date_ms;        // the service's clock when it answered; 0: it did not say
  bool    has_roll_over;  // PB_METADATA_ROLL_OVER
};
bool pb_metadata_get(pb_http_t *http, const char *url, struct pb_metadata *metadata_out,
                     pb_error_t *err) PB_MUST_USE;

struct pb_device_code
{
  pb_secret_t device_code;
  char        user_code[32];  // "BCDF-GHJK"
  char        verification_uri[512];
  char        verification_uri_complete[512];
  int64_t     interval_ms;
  int64_t     expires_mono_ms;
};
// What is asked for; a NULL is left out.
struct pb_device_ask
{
  const char *client_id;
  const char *scope;
  const char *details;  // authorization_details (RFC 9396) as JSON text
  const char *requester;
  const char *assertion;  // client_assertion of a client whose key is not known yet
};
bool pb_device_code_ask(pb_http_t *http, const struct pb_metadata *metadata,
                        const struct pb_device_ask *ask, struct pb_device_code *code_out,
                        pb_error_t *err) PB_MUST_USE;
// details: authorization_details (RFC 9396) as JSON text, or NULL; requester may be NULL.
bool pb_device_code_request(pb_http_t *http, const struct pb_metadata *metadata,
                            const char *client_id, const char *scope, const char *details,
                            const char *requester, struct pb_device_code *code_out,
                            pb_error_t *err) PB_MUST_USE;
void pb_device_code_clear(struct pb_device_code *code);

enum pb_poll
{
  PB_POLL_PENDING,  // wait code->interval_ms (slow_down has been added) and ask again
  PB_POLL_GRANTED,
  PB_POLL_DENIED,
  PB_POLL_EXPIRED,
  PB_POLL_FAILED  // *err says why
};
struct pb_grant
{
  pb_secret_t  access_token;
  pb_secret_t  refresh_token;  // empty: none
  int64_t      expires_mono_ms;
  char         username[256];  // who it is for, as the service says; "": it does not say
  json_object *details;        // the authorization_details that were granted; NULL: none
};
// *err also says why a PB_POLL_PENDING could not ask (network): the interval has been doubled then.
enum pb_poll pb_device_code_poll(pb_http_t *http, const struct pb_metadata *metadata,
                                 const char *client_id, struct pb_device_code *code,
                                 struct pb_grant *grant_out, pb_error_t *err);
void         pb_grant_clear(struct pb_grant *grant);

#endif
