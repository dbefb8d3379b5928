// dial-upgrade - the tunnel's beginning: connect, ask for the upgrade (draft-kazuho-ptth-ptth),
// read the answer.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/dial-state.h"

#include "base/clock.h"
#include "base/text.h"
#include "net/http-reader.h"
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX 16384
#define REST_MAX 65536

bool
pb_dial_parse_host(const char *url, char *host, size_t host_size, pb_error_t *err)
{
  static const char scheme[] = "https://";
  size_t            size     = 0;

  if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
    return pb_error_set(err, PB_CONFIG, "%s: the service's address must begin with https://", url);
  url += sizeof(scheme) - 1;
  size = strcspn(url, "/?#");
  if (size == 0 || size >= host_size || strcspn(url, "@ \t\r\n") < size ||
      (url[size] != '\0' && url[size + 1] != '\0'))
    return pb_error_set(err, PB_CONFIG,
                        "%s: the service's address must be https://host or https://host:port", url);
  memcpy(host, url, size);
  host[size] = '\0';
  return true;
}

static bool
format_request(pb_dial_t *dial, const pb_secret_t *token, pb_buffer_t *request, pb_error_t *err)
{
  char host[300];

  pb_buffer_init(request, REQUEST_MAX);
  if (!pb_dial_parse_host(dial->url, host, sizeof(host), err))
    return false;
  if (token->text == NULL || !pb_text_is_printable(token->text) || strchr(token->text, ' ') != NULL)
    return pb_error_set(err, PB_AUTH, "the access token is no token");
  return pb_buffer_appendf(request, err,
                           "GET /tunnel HTTP/1.1\r\n"
                           "Host: %s\r\n"
                           "Connection: Upgrade\r\n"
                           "Upgrade: ptth\r\n"
                           "ALPN: h2\r\n"
                           "User-Agent: printbridge/" PB_VERSION "\r\n",
                           host) &&
         pb_buffer_append_text(request, "Authorization: Bearer ", err) &&
         pb_buffer_append_text(request, token->text, err) &&
         pb_buffer_append_text(request, "\r\n\r\n", err);
}

static bool
is_over(pb_dial_t *dial, int64_t until_ms, pb_error_t *err)
{
  if (atomic_load(&dial->is_stopped))
    return !pb_error_set(err, PB_RETRY, "stopped");
  if (pb_clock_mono_ms() >= until_ms)
    return !pb_error_set(err, PB_RETRY, "%s: no answer in %d s", dial->url,
                         PB_DIAL_UPGRADE_MS / 1000);
  return false;
}

static bool
send_request(pb_dial_t *dial, struct pb_dial_line *line, const pb_buffer_t *request,
             int64_t until_ms, pb_error_t *err)
{
  size_t sent = 0;

  while (sent < request->size)
  {
    size_t done = 0;

    if (is_over(dial, until_ms, err) ||
        !pb_http_raw_send(line->raw, request->data + sent, request->size - sent, &done, err))
      return false;
    sent += done;
    if (done == 0)
      pb_dial_wait(dial, line->fd, /*wants_write*/ true, until_ms);
  }
  return true;
}

// Is it an answer that stands?  101 does, other 1xx announce another.
static bool
take_answer(pb_dial_t *dial, pb_http_reader_t *reader, enum pb_http_event event, int *status_out,
            bool *is_there_out, pb_error_t *err)
{
  const char *protocol = NULL;
  int         status   = pb_http_reader_status(reader);

  if (event == PB_HTTP_BAD)
    return pb_error_set(err, PB_RETRY, "%s: no HTTP answer: %s", dial->url,
                        pb_http_reader_reason(reader));
  if (event != PB_HTTP_HEAD || (status < 200 && status != 101))
    return true;
  if (status == 101)
  {
    protocol = pb_http_reader_header(reader, "Upgrade");
    if (protocol == NULL || !pb_text_is_equal_nocase(protocol, "ptth"))
      status = 501;  // switched to something that nobody asked for
  }
  *status_out   = status;
  *is_there_out = true;
  return true;
}

// Feeds what came; bytes behind the head of a 101 belong to the tunnel.
static bool
feed(pb_dial_t *dial, struct pb_dial_line *line, pb_http_reader_t *reader, const char *data,
     size_t size, int *status_out, bool *is_there_out, pb_error_t *err)
{
  while (!*is_there_out)
  {
    const void        *body      = NULL;
    size_t             body_size = 0, used = 0;
    enum pb_http_event event = pb_http_reader_feed(reader, data, size, &used, &body, &body_size);

    data += used;
    size -= used;
    if (!take_answer(dial, reader, event, status_out, is_there_out, err))
      return false;
    if (event == PB_HTTP_NEED_MORE)
      break;
  }
  return !*is_there_out || size == 0 || pb_buffer_append(&line->rest, data, size, err);
}

static bool
read_answer(pb_dial_t *dial, struct pb_dial_line *line, int64_t until_ms, int *status_out,
            pb_error_t *err)
{
  pb_http_reader_t *reader   = pb_http_reader_new(PB_HTTP_RESPONSES);
  bool              is_there = false;
  bool ok = reader != NULL || pb_error_set(err, PB_RETRY, "out of memory for an answer");
  char data[4096];

  while (ok && !is_there)
  {
    size_t size = 0;

    ok = !is_over(dial, until_ms, err) &&
         pb_http_raw_receive(line->raw, data, sizeof(data), &size, err);
    if (ok && size == 0)
      pb_dial_wait(dial, line->fd, /*wants_write*/ false, until_ms);
    else if (ok)
      ok = feed(dial, line, reader, data, size, status_out, &is_there, err);
  }
  pb_http_reader_free(reader);
  return ok;
}

bool
pb_dial_open(pb_dial_t *dial, const pb_secret_t *token, struct pb_dial_line *line, int *status_out,
             pb_error_t *err)
{
  bool        ok       = false;
  pb_buffer_t request  = {0};  // carries the token
  int64_t     until_ms = 0;

  *line = (struct pb_dial_line){.fd = -1};
  pb_buffer_init(&line->rest, REST_MAX);
  if (!format_request(dial, token, &request, err))
    goto done;
  if (!pb_http_raw_open(&dial->trust, dial->url, PB_DIAL_OPEN_MS, &line->raw, &line->fd, err))
    goto done;
  until_ms = pb_clock_mono_ms() + PB_DIAL_UPGRADE_MS;
  ok       = send_request(dial, line, &request, until_ms, err) &&
       read_answer(dial, line, until_ms, status_out, err);

done:
  pb_buffer_wipe(&request);
  return ok;
}

void
pb_dial_line_close(struct pb_dial_line *line)
{
  pb_http_raw_close(line->raw);
  pb_buffer_clear(&line->rest);
  *line = (struct pb_dial_line){.fd = -1};
}
