// http-raw - a TLS connection through the same proxy and trust as the rest, for the tunnel. libcurl
// makes the connection (DNS, CONNECT, TLS) and hands over the stream; ALPN says http/1.1, since the
// tunnel begins with an Upgrade.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/http-trust.h"
#include <stdlib.h>

struct pb_http_raw
{
  pb_http_handle_t handle;
};

static bool
connect_raw(pb_http_raw_t *raw, const char *url, int64_t timeout_ms, int *fd_out, pb_error_t *err)
{
  CURL         *curl = NULL;
  CURLcode      code = CURLE_OK;
  curl_socket_t fd   = CURL_SOCKET_BAD;

  if (!pb_http_handle_aim(&raw->handle, url, err))
    return false;
  curl = raw->handle.curl;
  (void)curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
  if (timeout_ms > 0)
  {
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
  }
  code = curl_easy_perform(curl);
  if (code != CURLE_OK)
    return pb_http_handle_fail(&raw->handle, code, err);
  if (curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
    return pb_error_set(err, PB_RETRY, "%s: the connection was closed at once", raw->handle.peer);
  *fd_out = fd;
  return true;
}

bool
pb_http_raw_open(const struct pb_http_trust *trust, const char *url, int64_t timeout_ms,
                 pb_http_raw_t **raw_out, int *fd_out, pb_error_t *err)
{
  pb_http_raw_t *raw = calloc(1, sizeof(*raw));
  bool           ok  = false;

  *raw_out = NULL;
  *fd_out  = -1;
  if (raw == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a connection");
  if (!pb_http_handle_init(&raw->handle, trust, err) ||
      !connect_raw(raw, url, timeout_ms, fd_out, err))
    goto done;
  *raw_out = raw;
  raw      = NULL;
  ok       = true;

done:
  pb_http_raw_close(raw);
  return ok;
}

bool
pb_http_raw_send(pb_http_raw_t *raw, const void *data, size_t size, size_t *done_out,
                 pb_error_t *err)
{
  CURLcode code = CURLE_OK;

  *done_out = 0;
  if (size == 0)
    return true;
  code = curl_easy_send(raw->handle.curl, data, size, done_out);
  if (code == CURLE_OK)
    return true;
  *done_out = 0;
  if (code == CURLE_AGAIN)
    return true;
  return pb_error_set(err, PB_RETRY, "%s: the connection has ended: %s", raw->handle.peer,
                      curl_easy_strerror(code));
}

bool
pb_http_raw_receive(pb_http_raw_t *raw, void *data, size_t room, size_t *done_out, pb_error_t *err)
{
  CURLcode code = curl_easy_recv(raw->handle.curl, data, room, done_out);

  if (code == CURLE_OK && *done_out > 0)
    return true;
  *done_out = 0;
  if (code == CURLE_AGAIN)
    return true;
  if (code == CURLE_OK)
    return pb_error_set(err, PB_RETRY, "%s: the server has closed the connection",
                        raw->handle.peer);
  return pb_error_set(err, PB_RETRY, "%s: the connection has ended: %s", raw->handle.peer,
                      curl_easy_strerror(code));
}

void
pb_http_raw_close(pb_http_raw_t *raw)
{
  if (raw == NULL)
    return;
  pb_http_handle_clear(&raw->handle);
  free(raw);
}
