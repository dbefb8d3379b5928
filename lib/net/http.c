// http - HTTP requests as a client, over libcurl.
// libcurl does the transfer on a multi handle, which we turn ourselves: so that the stop flag and
// the stall time-out are looked at every POLL_MS, also while nothing arrives.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include "base/clock.h"
#include "base/text.h"
#include "net/http-trust.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POLL_MS 250
#define REPLY_MAX_DEFAULT (1024UL * 1024)
#define STALL_MS_DEFAULT 60000
#define DOUBTED_STALL_MS 10000  // as long as the tunnel waits for an answer to its ping
#define HEADER_LINE_MAX 16384   // of those that we send

struct pb_http
{
  pb_http_handle_t handle;
  CURLM           *multi;
};

// One request and its reply under way.
struct exchange
{
  pb_http_handle_t             *handle;
  const struct pb_http_request *request;
  struct pb_http_reply         *reply;
  struct curl_slist            *headers;
  size_t                        body_sent;
  bool                          is_source_used;
  bool                          is_head_done;
  bool                          has_length;  // the body's end can be seen
  bool                          is_refused;  // a callback said no: `refusal` says why
  pb_error_t                    refusal;
  curl_off_t                    bytes;  // both ways, when it was looked at last
  int64_t                       moved_ms;
};

bool
pb_http_new(const struct pb_http_trust *trust, pb_http_t **http_out, pb_error_t *err)
{
  pb_http_t *http = calloc(1, sizeof(*http));
  bool       ok   = false;

  *http_out = NULL;
  if (http == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for HTTP");
  if (!pb_http_handle_init(&http->handle, trust, err))
    goto done;
  http->multi = curl_multi_init();
  if (http->multi == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory for HTTP");
    goto done;
  }
  *http_out = http;
  http      = NULL;
  ok        = true;

done:
  pb_http_free(http);
  return ok;
}

void
pb_http_free(pb_http_t *http)
{
  if (http == NULL)
    return;
  // The connections first: their TLS contexts point at the handle.
  curl_multi_cleanup(http->multi);
  pb_http_handle_clear(&http->handle);
  free(http);
}

void
pb_http_reply_clear(struct pb_http_reply *reply)
{
  pb_buffer_clear(&reply->body);
  memset(reply, 0, sizeof(*reply));
}

static size_t
refuse(struct exchange *exchange)
{
  exchange->is_refused = true;
  return 0;
}

static bool
keep_body(struct exchange *exchange, const char *data, size_t size)
{
  pb_buffer_t *body = &exchange->reply->body;

  if (size > body->max_size - body->size)
    return pb_error_set(&exchange->refusal, PB_REJECT, "%s: reply larger than %zu bytes",
                        exchange->handle->peer, body->max_size);
  return pb_buffer_append(body, data, size, &exchange->refusal);
}

static size_t
on_body(char *data, size_t unit, size_t count, void *user)
{
  struct exchange              *exchange = user;
  const struct pb_http_request *request  = exchange->request;
  size_t                        size     = unit * count;
  bool                          ok       = true;

  if (size == 0)
    return 0;
  if (request->sink != NULL && exchange->reply->status / 100 == 2)
    ok = request->sink(request->sink_user, data, size, &exchange->refusal);
  else
    ok = keep_body(exchange, data, size);
  exchange->moved_ms = pb_clock_mono_ms();
  return ok ? size : refuse(exchange);
}

// "text/html; charset=utf-8" -> "text/html"
static void
copy_content_type(char *dst, size_t dst_size, char *value)
{
  value[strcspn(value, "; \t")] = '\0';
  (void)pb_text_copy(dst, dst_size, value);
  for (char *c = dst; *c != '\0'; c++)
    if (*c >= 'A' && *c <= 'Z')
      *c = (char)(*c - 'A' + 'a');
}

static void
append_authenticate(struct pb_http_reply *reply, const char *value)
{
  size_t size = strlen(reply->authenticate);

  (void)pb_text_format(reply->authenticate + size, sizeof(reply->authenticate) - size, "%s%s",
                       size > 0 ? ", " : "", value);
}

static void
read_header(struct exchange *exchange, char *line)
{
  struct pb_http_reply *reply = exchange->reply;
  char                 *colon = strchr(line, ':');
  char                 *value = NULL;

  if (colon == NULL)
    return;
  *colon = '\0';
  value  = pb_text_trim(colon + 1);
  if (strcasecmp(line, "Content-Type") == 0)
    copy_content_type(reply->content_type, sizeof(reply->content_type), value);
  else if (strcasecmp(line, "Content-Length") == 0 || strcasecmp(line, "Transfer-Encoding") == 0)
    exchange->has_length = true;
  else if (strcasecmp(line, "Retry-After") == 0)
    (void)pb_text_copy(reply->retry_after, sizeof(reply->retry_after), value);
  else if (strcasecmp(line, "WWW-Authenticate") == 0)
    append_authenticate(reply, value);
  else if (strcasecmp(line, "Date") == 0 && !pb_clock_parse_http(value, &reply->date_ms))
    reply->date_ms = 0;
}

// "HTTP/1.1 200 OK": forget what an interim reply (100) has said.
static void
read_status(struct exchange *exchange)
{
  struct pb_http_reply *reply  = exchange->reply;
  pb_buffer_t           body   = reply->body;
  long                  status = 0;

  (void)curl_easy_getinfo(exchange->handle->curl, CURLINFO_RESPONSE_CODE, &status);
  memset(reply, 0, sizeof(*reply));
  reply->body            = body;
  reply->status          = (int)status;
  exchange->is_head_done = false;
  exchange->has_length   = status < 200 || status == 204 || status == 304 ||
                         strcmp(exchange->request->method, "HEAD") == 0;
  exchange->handle->is_closed_well = false;
}

static size_t
on_header(char *data, size_t unit, size_t count, void *user)
{
  struct exchange *exchange = user;
  size_t           size     = unit * count;
  char             line[1024];

  // Behind the final head come trailers, which are nobody's business.
  if (exchange->is_head_done && exchange->reply->status >= 200)
    return size;
  if (size <= 2)
  {
    exchange->is_head_done = true;
    return size;
  }
  if (size >= sizeof(line))
    return size;  // none of those that we look at
  memcpy(line, data, size);
  line[size] = '\0';
  if (strncasecmp(line, "HTTP/", 5) == 0)
    read_status(exchange);
  else
    read_header(exchange, line);
  return size;
}

// The body that is there already, then what the source gives.
static size_t
on_read(char *data, size_t unit, size_t count, void *user)
{
  struct exchange              *exchange = user;
  const struct pb_http_request *request  = exchange->request;
  size_t                        room     = unit * count;
  size_t                        got      = request->body_size - exchange->body_sent;

  if (got > 0)
  {
    if (got > room)
      got = room;
    memcpy(data, (const char *)request->body + exchange->body_sent, got);
    exchange->body_sent += got;
    return got;
  }
  exchange->is_source_used = true;
  if (!request->source(request->source_user, data, room, &got, &exchange->refusal) || got > room)
  {
    (void)refuse(exchange);
    return CURL_READFUNC_ABORT;
  }
  exchange->moved_ms = pb_clock_mono_ms();
  return got;
}

// libcurl begins again when a kept connection turns out to be dead; a source cannot.
static int
on_seek(void *user, curl_off_t offset, int origin)
{
  struct exchange *exchange = user;

  if (exchange->is_source_used || origin != SEEK_SET || offset < 0 ||
      (uint64_t)offset > exchange->request->body_size)
    return CURL_SEEKFUNC_CANTSEEK;
  exchange->body_sent = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

// "Name: value"; a value that would begin another line is our caller's mistake.  NULL value:
// nothing.
static bool
add_header(struct exchange *exchange, const char *name, const char *value, pb_error_t *err)
{
  pb_buffer_t        line;
  struct curl_slist *longer = NULL;

  if (value == NULL)
    return true;
  if (!pb_text_is_printable(value))
    return pb_error_set(err, PB_REJECT, "unprintable characters for header %s", name);
  pb_buffer_init(&line, HEADER_LINE_MAX);
  if (!pb_buffer_appendf(&line, err, "%s%s", name, value))
    return false;
  longer = curl_slist_append(exchange->headers, line.data);
  pb_buffer_wipe(&line);
  if (longer == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a request");
  exchange->headers = longer;
  return true;
}

static bool
add_headers(struct exchange *exchange, pb_error_t *err)
{
  const struct pb_http_request *request = exchange->request;

  bool has_type = request->content_type != NULL;

  // "Content-Type:" alone keeps libcurl from adding one of its own.
  return add_header(exchange, has_type ? "Content-Type: " : "Content-Type:",
                    has_type ? request->content_type : "", err) &&
         add_header(exchange, "Accept: ", request->accept, err) &&
         add_header(exchange, "Authorization: Bearer ", request->bearer, err) &&
         add_header(exchange, "Transfer-Encoding: ", request->source != NULL ? "chunked" : NULL,
                    err);
}

static void
free_headers(struct curl_slist *headers)
{
  for (struct curl_slist *line = headers; line != NULL; line = line->next)
    pb_wipe(line->data, strlen(line->data));  // one may be a token
  curl_slist_free_all(headers);
}

static CURLcode
set_callbacks(struct exchange *exchange)
{
  CURL *curl = exchange->handle->curl;

  (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
  (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
  (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
  (void)curl_easy_setopt(curl, CURLOPT_READDATA, exchange);
  (void)curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
  return curl_easy_setopt(curl, CURLOPT_SEEKDATA, exchange);
}

static CURLcode
set_method(const struct exchange *exchange)
{
  const struct pb_http_request *request  = exchange->request;
  CURL                         *curl     = exchange->handle->curl;
  bool                          is_post  = strcmp(request->method, "POST") == 0;
  bool                          has_body = request->source != NULL || request->body_size > 0;
  CURLcode                      code     = CURLE_OK;

  if (strcmp(request->method, "HEAD") == 0)
    return curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (!is_post && !has_body)
    code = curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
  else
  {
    code = curl_easy_setopt(curl, CURLOPT_POST, 1L);
    if (code == CURLE_OK && request->source == NULL)
    {
      (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
      code = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, has_body ? request->body : "");
    }
  }
  if (code == CURLE_OK && !is_post && strcmp(request->method, "GET") != 0)
    code = curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
  return code;
}

static bool
set_request(struct exchange *exchange, pb_error_t *err)
{
  const struct pb_http_request *request = exchange->request;
  CURL                         *curl    = exchange->handle->curl;
  CURLcode                      code    = CURLE_OK;

  if (!add_headers(exchange, err))
    return false;
  code = set_method(exchange);
  if (code == CURLE_OK)
    code = set_callbacks(exchange);
  if (code == CURLE_OK)
    code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
  if (code == CURLE_OK && request->timeout_ms > 0)
    code = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
  if (code == CURLE_OK && request->user != NULL)
  {
    (void)curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    (void)curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
    code =
      curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password != NULL ? request->password : "");
  }
  if (code != CURLE_OK)
    return pb_error_set(err, PB_RETRY, "cannot set up a request: %s", curl_easy_strerror(code));
  return true;
}

static bool
is_stopped(const struct pb_http_request *request)
{
  return request->stop != NULL && atomic_load(request->stop);
}

// A stall that may be a slow peer's own is none when the peer is gone: somebody else has asked it
// and waited in vain while nothing came here.
static bool
is_doubted(const struct exchange *exchange)
{
  const atomic_llong *doubted_ms = exchange->request->doubted_ms;

  return doubted_ms != NULL && exchange->moved_ms + DOUBTED_STALL_MS <= atomic_load(doubted_ms);
}

static bool
is_stalled(struct exchange *exchange)
{
  CURL      *curl = exchange->handle->curl;
  curl_off_t up = 0, down = 0;
  long       head_up = 0, head_down = 0;
  int64_t    now_ms   = pb_clock_mono_ms();
  int64_t    stall_ms = exchange->request->stall_ms;

  (void)curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &up);
  (void)curl_easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &down);
  (void)curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &head_up);
  (void)curl_easy_getinfo(curl, CURLINFO_HEADER_SIZE, &head_down);
  up += down + head_up + head_down;
  if (up != exchange->bytes)
  {
    exchange->bytes    = up;
    exchange->moved_ms = now_ms;
  }
  return now_ms - exchange->moved_ms > (stall_ms > 0 ? stall_ms : STALL_MS_DEFAULT);
}

// Until libcurl is done (*code_out) or we are.
static bool
turn(struct exchange *exchange, CURLM *multi, CURLcode *code_out, pb_error_t *err)
{
  int       running = 1;
  CURLMcode trouble = CURLM_OK;

  for (;;)
  {
    if (is_stopped(exchange->request))
      return pb_error_set(err, PB_RETRY, "stopped");
    trouble = curl_multi_perform(multi, &running);
    if (trouble != CURLM_OK || running == 0)
      break;
    if (is_stalled(exchange))
      return pb_error_set(err, PB_RETRY, "%s: nothing was sent or received for too long",
                          exchange->handle->peer);
    if (is_doubted(exchange))
      return pb_error_set(err, PB_RETRY, "%s: silent, like other connections to it: given up",
                          exchange->handle->peer);
    trouble = curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
    if (trouble != CURLM_OK)
      break;
  }
  if (trouble != CURLM_OK)
    return pb_error_set(err, PB_RETRY, "%s: %s", exchange->handle->peer,
                        curl_multi_strerror(trouble));

  int      left    = 0;
  CURLMsg *message = curl_multi_info_read(multi, &left);
  *code_out        = message != NULL ? message->data.result : CURLE_FAILED_INIT;
  return true;
}

// What libcurl takes for whole: a head that ends with the connection, and a body without a length
// when nobody said that the connection was to be closed (RFC 9112 s9.8).
static bool
is_cut(const struct exchange *exchange)
{
  return !exchange->is_head_done || (!exchange->has_length && !exchange->handle->is_closed_well);
}

static bool
transfer(struct exchange *exchange, CURLM *multi, pb_error_t *err)
{
  CURLcode code = CURLE_OK;
  bool     ok   = false;

  if (curl_multi_add_handle(multi, exchange->handle->curl) != CURLM_OK)
    return pb_error_set(err, PB_RETRY, "out of memory for a request");
  ok = turn(exchange, multi, &code, err);
  if (ok && exchange->is_refused)
  {
    ok = false;
    if (err != NULL)
      *err = exchange->refusal;
  }
  else if (ok && code == CURLE_OK && is_cut(exchange))
    ok = pb_http_handle_fail(exchange->handle, CURLE_PARTIAL_FILE, err);
  else if (ok && code != CURLE_OK)
    ok = pb_http_handle_fail(exchange->handle, code, err);
  (void)curl_multi_remove_handle(multi, exchange->handle->curl);
  return ok;
}

bool
pb_http_perform(pb_http_t *http, const struct pb_http_request *request,
                struct pb_http_reply *reply_out, pb_error_t *err)
{
  struct exchange exchange = {
    .handle   = &http->handle,
    .request  = request,
    .reply    = reply_out,
    .moved_ms = pb_clock_mono_ms(),
  };
  bool ok = false;

  memset(reply_out, 0, sizeof(*reply_out));
  pb_buffer_init(&reply_out->body, request->max_reply > 0 ? request->max_reply : REPLY_MAX_DEFAULT);
  ok = pb_http_handle_aim(&http->handle, request->url, err) && set_request(&exchange, err) &&
       transfer(&exchange, http->multi, err);
  curl_easy_reset(http->handle.curl);  // lets go of this request's password and of our stack
  free_headers(exchange.headers);
  if (!ok)
    pb_http_reply_clear(reply_out);
  return ok;
}
