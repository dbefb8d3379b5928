// http-url - the URLs that we are ready to ask.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "net/http-trust.h"
#include <stdlib.h>
#include <string.h>

#define URL_MAX 4096
#define IPPS_PORT "631"

// Free with curl_free; NULL when there is no such part.
static char *
get_part(CURLU *parts, CURLUPart part, unsigned flags)
{
  char *text = NULL;

  return curl_url_get(parts, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool
check_parts(CURLU *parts, const char *scheme, pb_error_t *err)
{
  char *user = get_part(parts, CURLUPART_USER, 0);
  char *port = get_part(parts, CURLUPART_PORT, 0);
  bool  ok   = false;

  if (user != NULL)
    pb_error_set(err, PB_CONFIG, "a URL must not carry a user or password");
  else if (pb_text_is_equal(scheme, "ipps"))
    ok = curl_url_set(parts, CURLUPART_SCHEME, "https", 0) == CURLUE_OK &&
         (port != NULL || curl_url_set(parts, CURLUPART_PORT, IPPS_PORT, 0) == CURLUE_OK);
  else if (pb_text_is_equal(scheme, "https"))
    ok = true;
  else
    pb_error_set(err, PB_CONFIG, "%.32s:// is not allowed, only https:// and ipps://", scheme);
  curl_free(user);
  curl_free(port);
  return ok;
}

bool
pb_http_url_parse(const char *url, char **url_out, char *peer, size_t peer_size, pb_error_t *err)
{
  CURLU *parts  = curl_url();
  char  *scheme = NULL, *host = NULL, *port = NULL, *whole = NULL;
  bool   ok = false;

  *url_out = NULL;
  if (parts == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a URL");
  if (strnlen(url, URL_MAX + 1) > URL_MAX || !pb_text_is_printable(url) ||
      curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
  {
    pb_error_set(err, PB_CONFIG, "\"%.200s\" is not a URL", url);
    goto done;
  }
  scheme = get_part(parts, CURLUPART_SCHEME, 0);
  if (!check_parts(parts, scheme, err))
    goto done;
  host     = get_part(parts, CURLUPART_HOST, 0);
  port     = get_part(parts, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  whole    = get_part(parts, CURLUPART_URL, 0);
  *url_out = whole != NULL && host != NULL && port != NULL ? pb_text_dup(whole) : NULL;
  if (*url_out == NULL)
  {
    pb_error_set(err, PB_CONFIG, "\"%.200s\" names no host", url);
    goto done;
  }
  (void)pb_text_format(peer, peer_size, "%s:%s", host, port);
  ok = true;

done:
  curl_free(scheme);
  curl_free(host);
  curl_free(port);
  curl_free(whole);
  curl_url_cleanup(parts);
  return ok;
}
