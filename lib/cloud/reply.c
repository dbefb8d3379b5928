// reply - what an authorization server answered, checked (see reply.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/reply.h"

#include "base/text.h"
#include "cloud/protocol.h"

#include <string.h>

#define INTERVAL_DEFAULT_S 5  // RFC 8628 s3.2
#define INTERVAL_MAX_S 300    // a longer one would look like a hang
#define EXPIRES_MAX_S (24 * 60 * 60)
#define TOKEN_LIFE_DEFAULT_S 300  // expires_in is only recommended (RFC 6749 s5.1)

// Visible ASCII only: no look-alikes, nothing that moves a cursor, no spaces.
static bool
is_visible(const char *text)
{
  for (const char *at = text; *at; at++)
  {
    if (*at <= ' ' || *at > '~')
      return false;
  }
  return *text != '\0';
}

// Copy a member that must be visible ASCII and fit; absent is fine when it is optional.
static bool
copy_member(json_object *object, const char *name, bool is_required, char *dst, size_t dst_size,
            pb_error_t *err)
{
  const char *text = pb_json_text(object, name);

  dst[0] = '\0';
  if (!text)
  {
    if (!is_required)
      return true;
    return pb_error_set(err, PB_REJECT, "reply of the service: no %s", name);
  }
  if (!is_visible(text) || !pb_text_copy(dst, dst_size, text))
  {
    dst[0] = '\0';
    return pb_error_set(err, PB_REJECT, "reply of the service: bad %s", name);
  }
  return true;
}

// [start, *size_out) of the host in an https URL; NULL when it is none or carries a user name.
static const char *
find_host(const char *url, size_t *size_out)
{
  static const char scheme[] = "https://";

  if (strncasecmp(url, scheme, sizeof(scheme) - 1) != 0)
    return NULL;

  const char *host = url + sizeof(scheme) - 1;
  size_t      all  = strcspn(host, "/?#");
  size_t      size;

  // A backslash counts as a slash in browsers: "https://ours\@theirs/".
  if (memchr(host, '@', all) || memchr(host, '\\', all))
    return NULL;
  if (host[0] == '[')
  {
    const char *end = memchr(host, ']', all);
    if (!end)
      return NULL;
    size = (size_t)(end - host) + 1;
  }
  else
  {
    const char *colon = memchr(host, ':', all);
    size              = colon ? (size_t)(colon - host) : all;
  }
  *size_out = size;
  return size ? host : NULL;
}

bool
pb_reply_is_same_host(const char *a_url, const char *b_url)
{
  size_t      a_size = 0;
  size_t      b_size = 0;
  const char *a      = find_host(a_url, &a_size);
  const char *b      = find_host(b_url, &b_size);

  return a && b && a_size == b_size && !strncasecmp(a, b, a_size);
}

// An endpoint that we shall send secrets to: https, whatever its host.
static bool
copy_endpoint(json_object *object, const char *name, bool is_required, char *dst, size_t dst_size,
              pb_error_t *err)
{
  size_t host_size = 0;

  if (!copy_member(object, name, is_required, dst, dst_size, err))
    return false;
  if (!dst[0] || find_host(dst, &host_size))
    return true;
  dst[0] = '\0';
  return pb_error_set(err, PB_REJECT, "reply of the service: %s is no https address", name);
}

static bool
is_same_issuer(const char *issuer, const char *url)
{
  size_t issuer_size = strlen(issuer);
  size_t url_size    = strlen(url);

  while (issuer_size && issuer[issuer_size - 1] == '/')
    issuer_size--;
  while (url_size && url[url_size - 1] == '/')
    url_size--;
  return issuer_size == url_size && !strncasecmp(issuer, url, url_size);
}

bool
pb_reply_parse_metadata(const char *text, size_t size, const char *url,
                        struct pb_metadata *metadata_out, pb_error_t *err)
{
  bool               ok       = false;
  json_object       *object   = NULL;
  struct pb_metadata metadata = {0};

  if (!pb_json_parse(text, size, &object, err))
    goto done;
  if (!copy_endpoint(object, "issuer", true, metadata.issuer, sizeof(metadata.issuer), err))
    goto done;
  if (!is_same_issuer(metadata.issuer, url))
  {
    pb_error_set(err, PB_CONFIG,
                 "the service at %s calls itself %s: use that address, or set the service's name",
                 url, metadata.issuer);
    goto done;
  }
  if (!copy_endpoint(object, "device_authorization_endpoint", false,
                     metadata.device_authorization_endpoint,
                     sizeof(metadata.device_authorization_endpoint), err) ||
      !copy_endpoint(object, "token_endpoint", true, metadata.token_endpoint,
                     sizeof(metadata.token_endpoint), err) ||
      !copy_endpoint(object, "revocation_endpoint", false, metadata.revocation_endpoint,
                     sizeof(metadata.revocation_endpoint), err))
    goto done;
  metadata.has_roll_over = pb_json_bool(object, PB_METADATA_ROLL_OVER, false);
  ok                     = true;

done:
  json_object_put(object);
  *metadata_out = ok ? metadata : (struct pb_metadata){0};
  return ok;
}

// An address that a person will be sent to.
static bool
copy_verification(json_object *object, const char *name, bool is_required, const char *issuer,
                  char *dst, size_t dst_size, pb_error_t *err)
{
  if (!copy_member(object, name, is_required, dst, dst_size, err))
    return false;
  if (!dst[0] || pb_reply_is_same_host(dst, issuer))
    return true;
  dst[0] = '\0';
  return pb_error_set(
    err, PB_REJECT, "reply of the service: %s is not an https address of the service's host", name);
}

// A number of seconds in [1, max]; what is larger is cut to it, what is smaller is the default.
static int64_t
get_seconds(json_object *object, const char *name, int64_t otherwise, int64_t max)
{
  int64_t seconds = pb_json_int(object, name, otherwise);

  if (seconds < 1)
    return otherwise;
  return seconds > max ? max : seconds;
}

static bool
take_secret(json_object *object, const char *name, pb_secret_t *secret, pb_error_t *err)
{
  const char *text = pb_json_text(object, name);

  if (!text || !is_visible(text) || strlen(text) > PB_TOKEN_MAX)
    return pb_error_set(err, PB_REJECT, "reply of the service: %s %s", text ? "bad" : "no", name);
  return pb_secret_set(secret, text, strlen(text), err);
}

bool
pb_reply_parse_device_code(const char *text, size_t size, const char *issuer, int64_t now_mono_ms,
                           struct pb_device_code *code_out, pb_error_t *err)
{
  bool                  ok     = false;
  json_object          *object = NULL;
  struct pb_device_code code   = {0};
  int64_t               life_s;

  if (!pb_json_parse(text, size, &object, err))
    goto done;
  if (!take_secret(object, "device_code", &code.device_code, err) ||
      !copy_member(object, "user_code", true, code.user_code, sizeof(code.user_code), err) ||
      !copy_verification(object, "verification_uri", true, issuer, code.verification_uri,
                         sizeof(code.verification_uri), err) ||
      !copy_verification(object, "verification_uri_complete", false, issuer,
                         code.verification_uri_complete, sizeof(code.verification_uri_complete),
                         err))
    goto done;
  life_s = get_seconds(object, "expires_in", 0, EXPIRES_MAX_S);
  if (!life_s)
  {
    pb_error_set(err, PB_REJECT, "reply of the service: no expires_in");
    goto done;
  }
  code.expires_mono_ms = now_mono_ms + life_s * 1000;
  code.interval_ms     = get_seconds(object, "interval", INTERVAL_DEFAULT_S, INTERVAL_MAX_S) * 1000;
  ok                   = true;

done:
  json_object_put(object);
  if (!ok)
    pb_device_code_clear(&code);
  *code_out = code;
  return ok;
}

// authorization_details that were granted: an array of objects, no longer than what we ask for.
static bool
take_details(json_object *object, json_object **details_out, pb_error_t *err)
{
  json_object *details = NULL;

  if (!json_object_object_get_ex(object, "authorization_details", &details) || !details)
    return true;
  if (!json_object_is_type(details, json_type_array) ||
      json_object_array_length(details) > PB_QUEUES_PER_GRANT_MAX)
    return pb_error_set(err, PB_REJECT, "reply of the service: bad authorization_details");
  for (size_t i = 0; i < json_object_array_length(details); i++)
  {
    if (!json_object_is_type(json_object_array_get_idx(details, i), json_type_object))
      return pb_error_set(err, PB_REJECT, "reply of the service: bad authorization_details");
  }
  *details_out = json_object_get(details);
  return true;
}

bool
pb_reply_parse_grant(const char *text, size_t size, int64_t now_mono_ms, struct pb_grant *grant_out,
                     pb_error_t *err)
{
  bool            ok     = false;
  json_object    *object = NULL;
  struct pb_grant grant  = {0};
  const char     *type, *name;

  if (!pb_json_parse(text, size, &object, err))
    goto done;
  type = pb_json_text(object, "token_type");
  if (!type || !pb_text_is_equal_nocase(type, "Bearer"))
  {
    pb_error_set(err, PB_REJECT, "reply of the service: token_type is not Bearer");
    goto done;
  }
  if (!take_secret(object, "access_token", &grant.access_token, err))
    goto done;
  if (pb_json_text(object, "refresh_token") &&
      !take_secret(object, "refresh_token", &grant.refresh_token, err))
    goto done;
  if (!take_details(object, &grant.details, err))
    goto done;
  name = pb_json_text(object, "username");
  if (name &&
      (!pb_text_is_printable(name) || !pb_text_copy(grant.username, sizeof(grant.username), name)))
    grant.username[0] = '\0';
  grant.expires_mono_ms =
    now_mono_ms + get_seconds(object, "expires_in", TOKEN_LIFE_DEFAULT_S, EXPIRES_MAX_S) * 1000;
  ok = true;

done:
  json_object_put(object);
  if (!ok)
    pb_grant_clear(&grant);
  *grant_out = grant;
  return ok;
}

// What to do about each error of RFC 6749 s5.2, RFC 8628 s3.5, RFC 9396 s14.6 and RFC 6585.
static const struct oauth_error
{
  const char        *name;
  enum pb_error_kind kind;
} oauth_errors[] = {
  {"invalid_client",                PB_AUTH  },
  {"unauthorized_client",           PB_AUTH  },
  {"access_denied",                 PB_AUTH  },
  {"invalid_grant",                 PB_AUTH  },
  {"expired_token",                 PB_GONE  },
  {"authorization_pending",         PB_RETRY },
  {"slow_down",                     PB_RETRY },
  {"temporarily_unavailable",       PB_RETRY },
  {"server_error",                  PB_RETRY },
  {"invalid_request",               PB_REJECT},
  {"invalid_scope",                 PB_REJECT},
  {"invalid_authorization_details", PB_REJECT},
  {"unsupported_grant_type",        PB_CONFIG},
};

static enum pb_error_kind
find_kind(int status, const char *error)
{
  for (size_t i = 0; i < sizeof(oauth_errors) / sizeof(oauth_errors[0]); i++)
  {
    if (!strcmp(error, oauth_errors[i].name))
      return oauth_errors[i].kind;
  }
  if (status == 408 || status == 429 || status >= 500)
    return PB_RETRY;
  return status == 401 || status == 403 ? PB_AUTH : PB_REJECT;
}

bool
pb_reply_set_error(int status, const char *text, size_t size, const char *who,
                   char error_out[PB_REPLY_ERROR_SIZE], pb_error_t *err)
{
  json_object *object = NULL;
  const char  *error  = NULL;
  const char  *reason = NULL;
  char         shown[200];

  error_out[0] = '\0';
  if (size && pb_json_parse(text, size, &object, /*err*/ NULL))
  {
    error  = pb_json_text(object, "error");
    reason = pb_json_text(object, "error_description");
  }
  if (error && is_visible(error) && !pb_text_copy(error_out, PB_REPLY_ERROR_SIZE, error))
    error_out[0] = '\0';
  pb_text_escape(shown, sizeof(shown), reason ? reason : "", reason ? strlen(reason) : 0);
  if (error_out[0])
    pb_error_set(err, find_kind(status, error_out), "%s: %s%s%s", who, error_out,
                 shown[0] ? ": " : "", shown);
  else
    pb_error_set(err, find_kind(status, ""), "%s: HTTP status %d", who, status);
  json_object_put(object);
  return false;
}
