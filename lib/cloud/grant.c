// grant - the device authorization grant (RFC 8628) as a client: what is asked; reply.c judges
// what comes back.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/grant.h"

#include "base/clock.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "cloud/reply.h"
#include "net/form.h"

#include <string.h>

#define TIMEOUT_MS 30000
#define SLOW_DOWN_MS 5000  // RFC 8628 s3.5
#define INTERVAL_MAX_MS                                                                            \
  (5 * 60 * 1000)              // back-off stops here: the code lives for ten minutes or so
#define FORM_MAX (256 * 1024)  // 200 queues with their names and places

// "https://host:port" + well-known path; an issuer with a path has it behind (RFC 8414 s3.1).
static bool
format_metadata_url(char *dst, size_t dst_size, const char *url, pb_error_t *err)
{
  if (!pb_text_has_prefix(url, "https://"))
    return pb_error_set(err, PB_CONFIG, "%s: the service's address must begin with https://", url);

  size_t size = strlen(url);
  while (size && url[size - 1] == '/')
    size--;

  size_t origin = strcspn(url + 8, "/?#") + 8;
  if (origin > size)
    origin = size;
  if (pb_text_format(dst, dst_size, "%.*s%s%.*s", (int)origin, url, PB_PATH_METADATA,
                     (int)(size - origin), url + origin))
    return true;
  return pb_error_set(err, PB_CONFIG, "the service's address is too long");
}

bool
pb_metadata_get(pb_http_t *http, const char *url, struct pb_metadata *metadata_out, pb_error_t *err)
{
  bool                 ok    = false;
  struct pb_http_reply reply = {0};
  char                 address[1024];
  char                 error[PB_REPLY_ERROR_SIZE];

  *metadata_out = (struct pb_metadata){0};
  if (!format_metadata_url(address, sizeof(address), url, err))
    return false;

  struct pb_http_request request = {
    .method     = "GET",
    .url        = address,
    .accept     = "application/json",
    .max_reply  = PB_JSON_MAX,
    .timeout_ms = TIMEOUT_MS,
  };
  if (!pb_http_perform(http, &request, &reply, err))
    goto done;
  if (reply.status != 200)
  {
    pb_reply_set_error(reply.status, reply.body.data, reply.body.size, address, error, err);
    goto done;
  }
  ok = pb_reply_parse_metadata(reply.body.data, reply.body.size, url, metadata_out, err);
  metadata_out->date_ms = reply.date_ms;

done:
  pb_http_reply_clear(&reply);
  return ok;
}

// POST a form; true when a reply came, whatever its status.  The form is wiped here.
static bool
post_form(pb_http_t *http, const char *url, pb_buffer_t *form, struct pb_http_reply *reply_out,
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
  bool ok = pb_http_perform(http, &request, reply_out, err);

  pb_buffer_wipe(form);
  return ok;
}

bool
pb_device_code_request(pb_http_t *http, const struct pb_metadata *metadata, const char *client_id,
                       const char *scope, const char *details, const char *requester,
                       struct pb_device_code *code_out, pb_error_t *err)
{
  struct pb_device_ask ask = {
    .client_id = client_id, .scope = scope, .details = details, .requester = requester};

  return pb_device_code_ask(http, metadata, &ask, code_out, err);
}

static bool
format_ask(const struct pb_device_ask *ask, pb_buffer_t *form, pb_error_t *err)
{
  const struct
  {
    const char *name, *value;
  } fields[] = {
    {"client_id",             ask->client_id                           },
    {"scope",                 ask->scope                               },
    {"authorization_details", ask->details                             },
    {PB_PARAM_REQUESTER,      ask->requester                           },
    {"client_assertion_type", ask->assertion ? PB_ASSERTION_TYPE : NULL},
    {"client_assertion",      ask->assertion                           },
  };

  for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
    if (fields[i].value && !pb_form_append(form, fields[i].name, fields[i].value, err))
      return false;
  return true;
}

bool
pb_device_code_ask(pb_http_t *http, const struct pb_metadata *metadata,
                   const struct pb_device_ask *ask, struct pb_device_code *code_out,
                   pb_error_t *err)
{
  bool                 ok    = false;
  pb_buffer_t          form  = {0};
  struct pb_http_reply reply = {0};
  char                 error[PB_REPLY_ERROR_SIZE];

  *code_out = (struct pb_device_code){0};
  pb_buffer_init(&form, FORM_MAX);
  if (!metadata->device_authorization_endpoint[0])
  {
    pb_error_set(err, PB_CONFIG, "%s does not offer the device authorization grant",
                 metadata->issuer);
    goto done;
  }
  if (!format_ask(ask, &form, err))
    goto done;
  if (!post_form(http, metadata->device_authorization_endpoint, &form, &reply, err))
    goto done;
  if (reply.status != 200)
  {
    pb_reply_set_error(reply.status, reply.body.data, reply.body.size, "asking for a code", error,
                       err);
    goto done;
  }
  ok = pb_reply_parse_device_code(reply.body.data, reply.body.size, metadata->issuer,
                                  pb_clock_mono_ms(), code_out, err);

done:
  pb_buffer_wipe(&form);
  pb_http_reply_clear(&reply);
  return ok;
}

void
pb_device_code_clear(struct pb_device_code *code)
{
  pb_secret_clear(&code->device_code);
  *code = (struct pb_device_code){0};
}

static void
slow_down(struct pb_device_code *code, int64_t interval_ms)
{
  code->interval_ms = interval_ms > INTERVAL_MAX_MS ? INTERVAL_MAX_MS : interval_ms;
}

// RFC 8628 s3.5: the errors that are states.
static enum pb_poll
judge_error(struct pb_device_code *code, const char *error, pb_error_t *err)
{
  static const struct
  {
    const char  *error;
    enum pb_poll poll;
    int64_t      slower_ms;
  } states[] = {
    {"authorization_pending", PB_POLL_PENDING, 0           },
    {"slow_down",             PB_POLL_PENDING, SLOW_DOWN_MS},
    {"access_denied",         PB_POLL_DENIED,  0           },
    {"expired_token",         PB_POLL_EXPIRED, 0           },
  };

  for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
  {
    if (strcmp(error, states[i].error) != 0)
      continue;
    slow_down(code, code->interval_ms + states[i].slower_ms);
    pb_error_clear(err);
    return states[i].poll;
  }
  return PB_POLL_FAILED;
}

// The service was not reached or is in trouble: half as often from now on (RFC 8628 s3.5).  Other
// failures end it.
static enum pb_poll
judge_failure(struct pb_device_code *code, const pb_error_t *why)
{
  if (why->kind != PB_RETRY)
    return PB_POLL_FAILED;
  slow_down(code, code->interval_ms * 2);
  return PB_POLL_PENDING;
}

enum pb_poll
pb_device_code_poll(pb_http_t *http, const struct pb_metadata *metadata, const char *client_id,
                    struct pb_device_code *code, struct pb_grant *grant_out, pb_error_t *err)
{
  enum pb_poll         poll  = PB_POLL_FAILED;
  pb_buffer_t          form  = {0};  // carries the device code
  struct pb_http_reply reply = {0};
  pb_error_t           why   = {0};
  char                 error[PB_REPLY_ERROR_SIZE];

  *grant_out = (struct pb_grant){0};
  pb_error_clear(err);
  if (pb_clock_mono_ms() >= code->expires_mono_ms)
    return PB_POLL_EXPIRED;

  pb_buffer_init(&form, FORM_MAX);
  if (!pb_form_append(&form, "grant_type", PB_GRANT_DEVICE_CODE, &why) ||
      !pb_form_append(&form, "device_code", code->device_code.text, &why) ||
      !pb_form_append(&form, "client_id", client_id, &why))
    goto done;
  if (!post_form(http, metadata->token_endpoint, &form, &reply, &why))
  {
    poll = judge_failure(code, &why);
    goto done;
  }
  if (reply.status == 200)
  {
    if (pb_reply_parse_grant(reply.body.data, reply.body.size, pb_clock_mono_ms(), grant_out, &why))
      poll = PB_POLL_GRANTED;
    goto done;
  }
  pb_reply_set_error(reply.status, reply.body.data, reply.body.size,
                     "asking whether it is approved", error, &why);
  poll = judge_error(code, error, &why);
  if (poll == PB_POLL_FAILED)
    poll = judge_failure(code, &why);

done:
  if (err)
    *err = why;
  pb_buffer_wipe(&form);
  pb_http_reply_clear(&reply);
  return poll;
}

void
pb_grant_clear(struct pb_grant *grant)
{
  pb_secret_clear(&grant->access_token);
  pb_secret_clear(&grant->refresh_token);
  json_object_put(grant->details);
  *grant = (struct pb_grant){0};
}
