// cups - the connection to the local scheduler: requests, replies, and what an error means.
// A pb_cups_t belongs to one thread; libcups keeps its last error per thread.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cups-private.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_MS 5000
#define ANSWER_SECONDS 60
#define REPLY_MAX (16 * 1024 * 1024)  // 500 jobs with all attributes, a large media-col-database

// A daemon has nobody to ask for a password; without this libcups asks the terminal.
static const char *
get_no_password(const char *prompt, http_t *http, const char *method, const char *resource,
                void *user)
{
  (void)prompt;
  (void)http;
  (void)method;
  (void)resource;
  (void)user;
  return NULL;
}

static int
give_up(http_t *http, void *user)
{
  (void)http;
  (void)user;
  return 0;
}

// "/path/cups.sock", "host", "host:port", "[::1]:port".
static void
split_server(const char *server, char *host, size_t host_size, int *port_out)
{
  char   *colon = NULL;
  int64_t port  = 0;

  pb_text_copy(host, host_size, server);
  *port_out = ippPort();
  if (host[0] == '/')
    return;
  colon = strrchr(host, ':');
  if (colon == NULL || strchr(colon, ']') != NULL || !pb_text_parse_int(colon + 1, 1, 65535, &port))
    return;
  *colon    = '\0';
  *port_out = (int)port;
}

static void
disconnect(pb_cups_t *cups)
{
  httpClose(cups->http);
  cups->http             = NULL;
  cups->owned_job        = 0;
  cups->checked_queue[0] = '\0';
  pb_cups_forget_seen(cups);
}

// cupsd closes idle connections, and when it restarts; libcups would connect again without a word.
static bool
is_closed(http_t *http)
{
  struct pollfd poll_fd = {.fd = httpGetFd(http), .events = POLLIN};
  char          byte;

  return poll(&poll_fd, 1, 0) > 0 && recv(poll_fd.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

bool
pb_cups_connect(pb_cups_t *cups, pb_error_t *err)
{
  char host[256];
  int  port = 0;

  if (cups->http != NULL && is_closed(cups->http))
    disconnect(cups);
  if (cups->http != NULL)
    return true;
  split_server(cups->server, host, sizeof(host), &port);
  cups->http =
    httpConnect2(host, port, NULL, AF_UNSPEC, cupsEncryption(), /*blocking*/ 1, CONNECT_MS, NULL);
  if (cups->http == NULL)
    return pb_error_set(err, PB_RETRY, "CUPS scheduler at %s does not answer: %s", cups->server,
                        cupsLastErrorString());
  httpSetTimeout(cups->http, ANSWER_SECONDS, give_up, NULL);
  return true;
}

bool
pb_cups_open(const char *server, pb_cups_t **cups_out, pb_error_t *err)
{
  pb_cups_t *cups = calloc(1, sizeof(*cups));

  *cups_out = NULL;
  if (cups == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a connection to CUPS");
  pb_text_copy(cups->server, sizeof(cups->server), server != NULL ? server : cupsServer());
  if (!pb_cups_connect(cups, err))
  {
    free(cups);
    return false;
  }
  *cups_out = cups;
  return true;
}

void
pb_cups_close(pb_cups_t *cups)
{
  if (cups == NULL)
    return;
  disconnect(cups);
  free(cups);
}

ipp_t *
pb_cups_new_request(ipp_op_t operation, const char *queue, const char *user)
{
  char uri[1024];

  if (queue == NULL)
    pb_text_copy(uri, sizeof(uri), "ipp://localhost/");
  else
    httpAssembleURIf(HTTP_URI_CODING_ALL, uri, sizeof(uri), "ipp", NULL, "localhost", 0,
                     "/printers/%s", queue);
  return pb_ipp_new_request(operation, uri, user != NULL ? user : cupsUser());
}

void
pb_cups_want(ipp_t *request, const char *const *names, size_t count)
{
  if (request != NULL)
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", (int)count,
                  NULL, names);
}

// What cupsd's answers mean to a caller; others are PB_REJECT.
static const struct status_kind
{
  int                status;
  enum pb_error_kind kind;
} status_kinds[] = {
  {IPP_STATUS_ERROR_NOT_FOUND,           PB_GONE },
  {IPP_STATUS_ERROR_GONE,                PB_GONE },
  {IPP_STATUS_ERROR_TIMEOUT,             PB_RETRY},
  {IPP_STATUS_ERROR_INTERNAL,            PB_RETRY},
  {IPP_STATUS_ERROR_SERVICE_UNAVAILABLE, PB_RETRY},
  {IPP_STATUS_ERROR_DEVICE,              PB_RETRY},
  {IPP_STATUS_ERROR_TEMPORARY,           PB_RETRY},
  {IPP_STATUS_ERROR_BUSY,                PB_RETRY},
  {IPP_STATUS_ERROR_TOO_MANY_JOBS,       PB_RETRY},
};

// Of a new job cupsd says with these that it has too many (MaxJobs, a quota), or that the queue
// takes none now: that passes.
static bool
is_passing(ipp_op_t operation, ipp_status_t status)
{
  return operation == IPP_OP_CREATE_JOB &&
         (status == IPP_STATUS_ERROR_NOT_POSSIBLE || status == IPP_STATUS_ERROR_NOT_ACCEPTING_JOBS);
}

static bool
set_error(pb_error_t *err, const char *what, ipp_op_t operation, ipp_status_t status,
          const char *message)
{
  enum pb_error_kind kind = is_passing(operation, status) ? PB_RETRY : PB_REJECT;

  for (size_t i = 0; i < sizeof(status_kinds) / sizeof(status_kinds[0]); i++)
  {
    if (status_kinds[i].status == (int)status)
      kind = status_kinds[i].kind;
  }
  return pb_error_set(err, kind, "CUPS: %s: %s (%s)", what, message != NULL ? message : "",
                      pb_ipp_status_name(status));
}

static http_status_t
send_request(pb_cups_t *cups, ipp_t *request, const void *body, size_t body_size)
{
  http_status_t status = cupsSendRequest(cups->http, request, "/", ippLength(request) + body_size);

  if (status == HTTP_STATUS_CONTINUE && body_size > 0)
    status = cupsWriteRequestData(cups->http, body, body_size);
  while (status == HTTP_STATUS_CONTINUE)
    status = httpUpdate(cups->http);
  return status;
}

static bool
read_body(http_t *http, pb_buffer_t *body)
{
  char piece[32768];

  for (;;)
  {
    ssize_t got = httpRead2(http, piece, sizeof(piece));

    if (got == 0)
      return true;
    if (got < 0 || !pb_buffer_append(body, piece, (size_t)got, NULL))
      return false;
  }
}

static ssize_t
read_from_buffer(void *context, ipp_uchar_t *dst, size_t size)
{
  pb_buffer_t *rest = context;  // a view: data moves, nothing is freed

  if (size > rest->size)
    size = rest->size;
  memcpy(dst, rest->data, size);
  rest->data += size;
  rest->size -= size;
  return (ssize_t)size;
}

// cupsGetResponse would ask the kernel for each name and value of the reply by itself: four times
// as slow for a list of jobs.
static ipp_t *
read_response(http_t *http)
{
  pb_buffer_t body     = {0};
  ipp_t      *response = NULL;

  pb_buffer_init(&body, REPLY_MAX);
  if (read_body(http, &body) && body.size > 0)
  {
    pb_buffer_t rest = body;

    response = ippNew();
    if (response != NULL && ippReadIO(&rest, read_from_buffer, /*blocking*/ 1, /*parent*/ NULL,
                                      response) != IPP_STATE_DATA)
    {
      ippDelete(response);
      response = NULL;
    }
  }
  pb_buffer_clear(&body);
  return response;
}

// Request and body out, response in; NULL with *status_out when there is none.
static ipp_t *
exchange(pb_cups_t *cups, ipp_t *request, const void *body, size_t body_size,
         ipp_status_t *status_out)
{
  http_status_t status = send_request(cups, request, body, body_size);

  // A policy that wants to know us gets our user by the socket, if anything.
  if (status == HTTP_STATUS_UNAUTHORIZED)
  {
    httpFlush(cups->http);
    if (cupsDoAuthentication(cups->http, "POST", "/") == 0)
      status = send_request(cups, request, body, body_size);
  }
  *status_out = IPP_STATUS_ERROR_SERVICE_UNAVAILABLE;
  if (status == HTTP_STATUS_OK)
    return read_response(cups->http);
  if (status == HTTP_STATUS_UNAUTHORIZED || status == HTTP_STATUS_FORBIDDEN)
    *status_out = IPP_STATUS_ERROR_FORBIDDEN;
  return NULL;
}

static void
set_response_error(pb_error_t *err, const char *what, ipp_op_t operation, ipp_t *response,
                   ipp_status_t status)
{
  const char *message =
    response != NULL ? pb_ipp_text(response, IPP_TAG_OPERATION, "status-message") : "no answer";

  set_error(err, what, operation, status, message);
}

bool
pb_cups_perform(pb_cups_t *cups, ipp_t *request, const void *body, size_t body_size,
                const char *what, ipp_t **response_out, pb_error_t *err)
{
  bool         ok       = false;
  ipp_t       *response = NULL;
  ipp_status_t status   = IPP_STATUS_ERROR_SERVICE_UNAVAILABLE;

  if (request == NULL)
    return pb_error_set(err, PB_RETRY, "CUPS: %s: out of memory", what);
  if (!pb_cups_connect(cups, err))
    goto done;
  cupsSetPasswordCB2(get_no_password, NULL);
  response = exchange(cups, request, body, body_size, &status);
  if (response != NULL)
    status = ippGetStatusCode(response);
  else
    disconnect(cups);
  if (response == NULL || status >= IPP_STATUS_ERROR_BAD_REQUEST)
  {
    set_response_error(err, what, ippGetOperation(request), response, status);
    goto done;
  }
  if (response_out != NULL)
  {
    *response_out = response;
    response      = NULL;
  }
  ok = true;

done:
  ippDelete(response);
  ippDelete(request);
  return ok;
}
