// http - HTTP requests as a client, over libcurl: proxies, TLS and its trust, time-outs.
// A pb_http_t belongs to one thread at a time and keeps its connections alive between requests.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_HTTP_H
#define PB_NET_HTTP_H

#include "base/buffer.h"
#include "base/secret.h"
#include <stdatomic.h>

// Whom to trust and how to get there.  Copied by pb_http_new.  TLS is always verified; where
// ca_fingerprint is set, the chain must lead to the certificate with that SHA-256 (which the
// service sends along), and nothing else counts.
struct pb_http_trust
{
  const char *ca_file;         // PEM; NULL: the system's
  const char *ca_fingerprint;  // 64 hex digits, colons allowed; NULL: no pin
  const char *proxy;           // NULL: https_proxy, no_proxy ... of the environment
};

typedef struct pb_http pb_http_t;

// Called with each piece of a reply body of status 2xx; false (with *err filled) ends the request.
typedef bool (*pb_http_sink_t)(void *user, const void *data, size_t size, pb_error_t *err);
// Called for each piece of a request body: *got_out = 0 is the end.
typedef bool (*pb_http_source_t)(void *user, void *data, size_t room, size_t *got_out,
                                 pb_error_t *err);

struct pb_http_request
{
  const char *method;  // "GET", "POST"
  const char
    *url;  // https://... (ipps:// is turned into https:// with port 631 where none is given)
  const char        *content_type;  // of the body; NULL: none
  const char        *accept;
  const char        *bearer;           // access token; NULL: none
  const char        *user, *password;  // Basic; NULL: none
  const void        *body;             // sent with a Content-Length ...
  size_t             body_size;
  pb_http_source_t   source;  // ... followed by this, then chunked; NULL: none
  void              *source_user;
  pb_http_sink_t     sink;  // NULL: the body is kept in reply->body
  void              *sink_user;
  size_t             max_reply;   // cap for reply->body; 0: 1 MiB
  int64_t            timeout_ms;  // whole exchange; 0: none but the stall time-out
  int64_t            stall_ms;    // no byte either way for so long; 0: 60 s
  const atomic_bool *stop;        // true ends the request with PB_RETRY "stopped"; NULL: none
  // When (pb_clock_mono_ms) the peer was found to be silent by somebody else: ends the request with
  // PB_RETRY where nothing had moved for 10 s by then either.  NULL: nobody looks.
  const atomic_llong *doubted_ms;
};

struct pb_http_reply
{
  int         status;
  char        content_type[128];  // without parameters, lower case
  char        retry_after[64];
  char        authenticate[512];  // WWW-Authenticate
  int64_t     date_ms;            // of the Date header; 0: none
  pb_buffer_t body;  // of any status; kept when there is no sink or the status is not 2xx
};

bool pb_http_new(const struct pb_http_trust *trust, pb_http_t **http_out,
                 pb_error_t *err) PB_MUST_USE;
void pb_http_free(pb_http_t *http);

// True when a reply came, whatever its status.  Else PB_RETRY (network, time-out; the message names
// host and cause), PB_CONFIG (certificate not trusted, proxy refuses, bad URL) or what a callback
// said.  Blocks.
bool pb_http_perform(pb_http_t *http, const struct pb_http_request *request,
                     struct pb_http_reply *reply_out, pb_error_t *err) PB_MUST_USE;
void pb_http_reply_clear(struct pb_http_reply *reply);

// A raw TLS connection through the same proxy and trust, HTTP/1.1 only: for the tunnel.  fd_out is
// for poll(2) only. send and receive do not block: true with *done_out = 0 means "wait for the fd";
// after that, send must be called with the same bytes again.  PB_RETRY is the end of the
// connection.
typedef struct pb_http_raw pb_http_raw_t;
bool pb_http_raw_open(const struct pb_http_trust *trust, const char *url, int64_t timeout_ms,
                      pb_http_raw_t **raw_out, int *fd_out, pb_error_t *err) PB_MUST_USE;
bool pb_http_raw_send(pb_http_raw_t *raw, const void *data, size_t size, size_t *done_out,
                      pb_error_t *err) PB_MUST_USE;
bool pb_http_raw_receive(pb_http_raw_t *raw, void *data, size_t room, size_t *done_out,
                         pb_error_t *err) PB_MUST_USE;
void pb_http_raw_close(pb_http_raw_t *raw);

#endif
