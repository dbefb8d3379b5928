// client - IPP requests to a cloud service (see client.h): messages as bytes over HTTPS, the
// response taken apart while it comes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/client.h"

#include "base/text.h"
#include "cloud/account.h"

#include <stdlib.h>
#include <string.h>

#define IPP_TYPE "application/ipp"
#define FETCH_STALL_MS                                                                             \
  (2 * 60 * 1000)  // a document that is still being uploaded comes as fast as its sender
#define SEND_STALL_MS (60 * 1000)

struct pb_cloud
{
  pb_cloud_account_t *account;
  pb_http_t          *http;
};

// A response on its way in.
struct response
{
  pb_ipp_scan_t               scan;
  bool                        is_whole;  // the attributes have ended
  pb_buffer_t                 message;   // until then
  ipp_t                     **response_out;
  pb_http_sink_t              sink;  // NULL: no document data is wanted
  void                       *sink_user;
  const struct pb_http_reply *reply;
};

// Document data on its way out.
struct upload
{
  pb_http_source_t source;
  void            *user;
  bool             is_begun;  // something was taken from it, which cannot be had again
};

bool
pb_cloud_open(pb_cloud_account_t *account, pb_cloud_t **cloud_out, pb_error_t *err)
{
  pb_cloud_t *cloud = calloc(1, sizeof(*cloud));

  *cloud_out = NULL;
  if (!cloud)
    return pb_error_set(err, PB_RETRY, "out of memory");
  cloud->account = account;
  if (!pb_http_new(pb_cloud_account_trust(account), &cloud->http, err))
  {
    free(cloud);
    return false;
  }
  *cloud_out = cloud;
  return true;
}

void
pb_cloud_close(pb_cloud_t *cloud)
{
  if (!cloud)
    return;
  pb_http_free(cloud->http);
  free(cloud);
}

// Bytes up to the end of the attributes: kept, and parsed when they are all there.
static bool
take_attributes(struct response *response, const void *data, size_t size, size_t *used_out,
                pb_error_t *err)
{
  enum pb_ipp_scan_got got = pb_ipp_scan_feed(&response->scan, data, size, used_out);

  if (got == PB_IPP_SCAN_MORE)
    *used_out = size;
  if (got == PB_IPP_SCAN_BAD)
    return pb_error_set(err, PB_REJECT, "the reply is not IPP");
  if (!pb_buffer_append(&response->message, data, *used_out, err))
    return false;
  if (got == PB_IPP_SCAN_MORE)
    return true;
  if (!pb_ipp_parse(response->message.data, response->message.size, response->response_out, err))
    return false;
  response->is_whole = true;
  pb_buffer_clear(&response->message);
  return true;
}

// Only a 200 of the right type is an IPP response; whatever else a 2xx carries is dropped here and
// judged at the end.
static bool
is_ipp_reply(const struct pb_http_reply *reply)
{
  return reply->status == 200 && !strcmp(reply->content_type, IPP_TYPE);
}

static bool
take_bytes(void *user, const void *data, size_t size, pb_error_t *err)
{
  struct response *response = user;
  size_t           used     = 0;

  if (response->reply->content_type[0] && !is_ipp_reply(response->reply))
    return pb_error_set(err, PB_REJECT, "the reply is not IPP (HTTP status %d, \"%.100s\")",
                        response->reply->status, response->reply->content_type);
  if (!response->is_whole && !take_attributes(response, data, size, &used, err))
    return false;
  if (used == size)
    return true;
  if (!response->sink)
    return pb_error_set(err, PB_REJECT, "the reply has more than an IPP message");
  return response->sink(response->sink_user, (const char *)data + used, size - used, err);
}

// HTTP statuses that are no IPP response, as errors.
static bool
set_http_error(const struct pb_http_reply *reply, const char *uri, pb_error_t *err)
{
  int status = reply->status;

  if (status == 401 || status == 403)
    return pb_error_set(err, PB_AUTH, "%s: not authorized (HTTP status %d)", uri, status);
  if (status == 408 || status == 429 || status >= 500)
    return pb_error_set(err, PB_RETRY, "%s: the service is busy or in trouble (HTTP status %d)",
                        uri, status);
  return pb_error_set(err, PB_REJECT, "%s: no IPP service there (HTTP status %d, \"%.100s\")", uri,
                      status, reply->content_type);
}

// One exchange.  True: *status_out is set, and with 200 so is the response.
static bool
exchange_once(pb_cloud_t *cloud, struct pb_http_request *request, const pb_secret_t *token,
              struct response *response, int *status_out, pb_error_t *err)
{
  struct pb_http_reply reply = {0};
  bool                 ok    = false;

  pb_ipp_scan_init(&response->scan);
  pb_buffer_init(&response->message, PB_IPP_MESSAGE_MAX);
  response->reply    = &reply;
  request->bearer    = token->text;
  request->sink      = take_bytes;
  request->sink_user = response;
  if (!pb_http_perform(cloud->http, request, &reply, err))
    goto done;
  pb_cloud_account_learn_clock(cloud->account, reply.date_ms);
  *status_out = reply.status;
  if (!is_ipp_reply(&reply))
    set_http_error(&reply, request->url, err);
  else if (!response->is_whole)
    pb_error_set(err, PB_RETRY, "%s: the reply was cut off", request->url);
  else
    ok = true;

done:
  response->reply = NULL;
  pb_buffer_clear(&response->message);
  pb_http_reply_clear(&reply);
  return ok;
}

static bool
give_bytes(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  struct upload *upload = user;

  upload->is_begun = true;
  return upload->source(upload->user, data, room, got_out, err);
}

static bool
is_repeatable(const struct pb_http_request *request)
{
  const struct upload *upload = request->source_user;

  return request->source == NULL || !upload->is_begun;
}

// With the token that is there, and once more with a new one when that is refused.
static bool
exchange(pb_cloud_t *cloud, struct pb_http_request *request, struct response *response,
         pb_error_t *err)
{
  pb_secret_t token  = {0};
  pb_secret_t fresh  = {0};
  pb_error_t  why    = {0};
  int         status = 0;
  bool        ok     = false;

  if (!pb_cloud_account_copy_token(cloud->account, /*is_fresh*/ false, &token, err))
    goto done;
  ok = exchange_once(cloud, request, &token, response, &status, &why);
  if (!ok && status == 401)
  {
    if (!pb_cloud_account_renew_token(cloud->account, &token, &fresh, err))
      goto done;
    if (is_repeatable(request))
    {
      pb_error_clear(&why);
      ok = exchange_once(cloud, request, &fresh, response, &status, &why);
    }
    else
      why.kind = PB_RETRY;
  }
  if (!ok && err)
    *err = why;

done:
  pb_secret_clear(&token);
  pb_secret_clear(&fresh);
  return ok;
}

// The part that both kinds of request share; frees the IPP request.
static bool
send_request(pb_cloud_t *cloud, const char *uri, ipp_t *message, struct pb_http_request *request,
             struct response *response, pb_error_t *err)
{
  pb_buffer_t body = {0};
  bool        ok   = false;

  *response->response_out = NULL;
  if (!message)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  if (!pb_ipp_format(message, &body, err))
    goto done;
  request->method       = "POST";
  request->url          = uri;
  request->content_type = IPP_TYPE;
  request->accept       = IPP_TYPE;
  request->body         = body.data;
  request->body_size    = body.size;
  request->doubted_ms   = pb_cloud_account_get_doubted(cloud->account);
  ok                    = exchange(cloud, request, response, err);

done:
  if (!ok)
  {
    ippDelete(*response->response_out);
    *response->response_out = NULL;
  }
  pb_buffer_clear(&body);
  ippDelete(message);
  return ok;
}

bool
pb_cloud_request(pb_cloud_t *cloud, const char *uri, ipp_t *request, int64_t timeout_ms,
                 const atomic_bool *stop, ipp_t **response_out, pb_error_t *err)
{
  struct response        response = {.response_out = response_out};
  struct pb_http_request http = {.timeout_ms = timeout_ms, .stall_ms = timeout_ms, .stop = stop};

  return send_request(cloud, uri, request, &http, &response, err);
}

bool
pb_cloud_fetch(pb_cloud_t *cloud, const char *uri, ipp_t *request, pb_http_sink_t sink,
               void *sink_user, const atomic_bool *stop, ipp_t **response_out, pb_error_t *err)
{
  struct response response = {.response_out = response_out, .sink = sink, .sink_user = sink_user};
  struct pb_http_request http = {.stall_ms = FETCH_STALL_MS, .stop = stop};

  return send_request(cloud, uri, request, &http, &response, err);
}

bool
pb_cloud_send(pb_cloud_t *cloud, const char *uri, ipp_t *request, pb_http_source_t source,
              void *source_user, const atomic_bool *stop, ipp_t **response_out, pb_error_t *err)
{
  struct upload          upload   = {.source = source, .user = source_user};
  struct response        response = {.response_out = response_out};
  struct pb_http_request http     = {
        .stall_ms = SEND_STALL_MS, .stop = stop, .source = give_bytes, .source_user = &upload};

  return send_request(cloud, uri, request, &http, &response, err);
}

// IPP statuses (RFC 8011 appendix B, PWG 5100.18 s9) to what the caller should do.  The first row
// that fits.
static const struct status_kind
{
  int                first, last;
  enum pb_error_kind kind;
} status_kinds[] = {
  {IPP_STATUS_ERROR_FORBIDDEN,               IPP_STATUS_ERROR_NOT_AUTHORIZED,          PB_AUTH  },
  {IPP_STATUS_ERROR_TIMEOUT,                 IPP_STATUS_ERROR_TIMEOUT,                 PB_RETRY },
  {IPP_STATUS_ERROR_NOT_FOUND,               IPP_STATUS_ERROR_GONE,                    PB_GONE  },
  {IPP_STATUS_ERROR_OPERATION_NOT_SUPPORTED, IPP_STATUS_ERROR_OPERATION_NOT_SUPPORTED, PB_REJECT},
  {IPP_STATUS_ERROR_VERSION_NOT_SUPPORTED,   IPP_STATUS_ERROR_VERSION_NOT_SUPPORTED,   PB_REJECT},
  {IPP_STATUS_ERROR_INTERNAL,                0x05FF,                                   PB_RETRY },
  {0x0000,                                   0xFFFF,                                   PB_REJECT},
};

static enum pb_error_kind
find_status_kind(int status)
{
  size_t i = 0;

  while (status < status_kinds[i].first || status > status_kinds[i].last)
    i++;
  return status_kinds[i].kind;
}

bool
pb_cloud_check_status(ipp_t *request_name_only, ipp_t *response, const char *operation,
                      pb_error_t *err)
{
  ipp_status_t status = ippGetStatusCode(response);
  const char  *text   = pb_ipp_text(response, IPP_TAG_OPERATION, "status-message");
  char         shown[300];

  (void)request_name_only;
  if (status <= IPP_STATUS_OK_EVENTS_COMPLETE && status >= IPP_STATUS_OK)
    return true;
  pb_text_escape(shown, sizeof(shown), text ? text : "", text ? strlen(text) : 0);
  return pb_error_set(err, find_status_kind((int)status & 0xFFFF), "%s: %s%s%s", operation,
                      pb_ipp_status_name(status), shown[0] ? ": " : "", shown);
}
