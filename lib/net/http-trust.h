// http-trust - a libcurl handle with our trust, proxy and time-outs; and what went wrong with it.
// For lib/net only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_HTTP_TRUST_H
#define PB_NET_HTTP_TRUST_H

#include "net/http.h"
#include <curl/curl.h>

#define PB_HTTP_PIN_SIZE 32

typedef struct pb_http_handle
{
  CURL   *curl;
  char   *ca_file;
  char   *proxy;
  bool    has_pin;
  uint8_t pin[PB_HTTP_PIN_SIZE];
  bool    is_closed_well;  // the peer has said that it closes: a body without a length was whole
  char   *url;             // of the request at hand, https
  char    peer[280];       // its "host:port", for messages
  char    why[CURL_ERROR_SIZE];
} pb_http_handle_t;

// The handle must stay where it is until cleared: libcurl keeps its address.
bool pb_http_handle_init(pb_http_handle_t *handle, const struct pb_http_trust *trust,
                         pb_error_t *err) PB_MUST_USE;
void pb_http_handle_clear(pb_http_handle_t *handle);

// Begin anew for a URL: all options of the last request are gone, the connections stay.
bool pb_http_handle_aim(pb_http_handle_t *handle, const char *url, pb_error_t *err) PB_MUST_USE;

// The failure of the last transfer as an error; returns false.
bool pb_http_handle_fail(const pb_http_handle_t *handle, CURLcode code, pb_error_t *err);

// https:// as it is; ipps:// becomes https:// with port 631 where none is given; others are
// PB_CONFIG.  *url_out is malloc'd; peer gets "host:port".
bool pb_http_url_parse(const char *url, char **url_out, char *peer, size_t peer_size,
                       pb_error_t *err) PB_MUST_USE;

#endif
