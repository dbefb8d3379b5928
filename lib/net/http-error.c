// http-error - what libcurl has against a transfer, in words that help and with the kind that says
// what to do.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "net/http-trust.h"
#include <openssl/x509_vfy.h>
#include <string.h>

static const struct failure
{
  CURLcode           code;
  enum pb_error_kind kind;
  const char        *text;  // NULL: libcurl's own
} failures[] = {
  {CURLE_COULDNT_RESOLVE_HOST,  PB_RETRY,  "the name is not known to DNS"                },
  {CURLE_COULDNT_RESOLVE_PROXY, PB_RETRY,  "the proxy's name is not known to DNS"        },
  {CURLE_COULDNT_CONNECT,       PB_RETRY,  NULL                                          },
  {CURLE_OPERATION_TIMEDOUT,    PB_RETRY,  NULL                                          },
  {CURLE_PARTIAL_FILE,          PB_RETRY,  "the reply was cut: the connection has ended" },
  {CURLE_GOT_NOTHING,           PB_RETRY,  "the connection was closed without a reply"   },
  {CURLE_SEND_FAIL_REWIND,      PB_RETRY,  "the connection was closed during the request"},
  {CURLE_SSL_CACERT_BADFILE,    PB_CONFIG, NULL                                          },
  {CURLE_URL_MALFORMAT,         PB_CONFIG, NULL                                          },
  {CURLE_UNSUPPORTED_PROTOCOL,  PB_RETRY,  "the answer is not HTTP"                      },
  {CURLE_NOT_BUILT_IN,          PB_CONFIG, NULL                                          },
};

static const struct
{
  long        result;
  const char *text;
} verdicts[] = {
  {X509_V_ERR_APPLICATION_VERIFICATION,          "the server's certificates do not hold the one with the "
                                        "pinned fingerprint: wrong server, or its CA has changed"},
  {X509_V_ERR_CERT_HAS_EXPIRED,
   "the server's certificate has expired (or this machine's clock is wrong)"                                                            },
  {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
   "the server's certificate is self-signed: nothing here says that it can be trusted"                                                  },
  {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
   "the server's CA is not trusted here: pin its fingerprint, or name its file"                                                         },
  {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
   "the server's CA is not trusted here: pin its fingerprint, or name its file"                                                         },
};

static bool
fail_certificate(const pb_http_handle_t *handle, pb_error_t *err)
{
  long result = X509_V_OK;
  char now[PB_ISO_DATE_SIZE];

  (void)curl_easy_getinfo(handle->curl, CURLINFO_SSL_VERIFYRESULT, &result);
  if (result == X509_V_ERR_CERT_NOT_YET_VALID)
  {
    pb_clock_format_iso(now, pb_clock_now_ms());
    return pb_error_set(
      err, PB_CONFIG,
      "%s: the server's certificate is not yet valid: is this machine's clock right? "
      "It says %s",
      handle->peer, now);
  }
  for (size_t i = 0; i < sizeof(verdicts) / sizeof *verdicts; i++)
    if (verdicts[i].result == result)
      return pb_error_set(err, PB_CONFIG, "%s: %s", handle->peer, verdicts[i].text);
  return pb_error_set(err, PB_CONFIG, "%s: the server's certificate is not accepted: %.200s",
                      handle->peer, handle->why);
}

static bool
fail_proxy(const pb_http_handle_t *handle, long status, pb_error_t *err)
{
  if (status == 407)
    return pb_error_set(err, PB_CONFIG, "%s: the proxy wants a user and password (407)",
                        handle->peer);
  return pb_error_set(err, status >= 500 ? PB_RETRY : PB_CONFIG,
                      "%s: the proxy refuses the connection (%ld)", handle->peer, status);
}

bool
pb_http_handle_fail(const pb_http_handle_t *handle, CURLcode code, pb_error_t *err)
{
  const struct failure *row    = NULL;
  const char           *text   = handle->why[0] != '\0' ? handle->why : curl_easy_strerror(code);
  long                  status = 0, connect_status = 0;

  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return fail_certificate(handle, err);
  (void)curl_easy_getinfo(handle->curl, CURLINFO_RESPONSE_CODE, &status);
  (void)curl_easy_getinfo(handle->curl, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  if (status == 0 && connect_status >= 300)
    return fail_proxy(handle, connect_status, err);
  for (size_t i = 0; i < sizeof(failures) / sizeof *failures; i++)
    if (failures[i].code == code)
      row = &failures[i];
  if (row != NULL && row->text != NULL)
    text = row->text;
  return pb_error_set(err, row != NULL ? row->kind : PB_RETRY, "%s: %.300s", handle->peer, text);
}
