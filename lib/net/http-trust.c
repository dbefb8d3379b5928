// http-trust - a libcurl handle with our trust, proxy and time-outs.
// A pin is looked up in the chain that the server sends; that certificate, and nothing else, is the
// root of trust then, for as long as somebody pins it: a CA that renews its certificate with the
// same key sends the one of before along.  The name is checked by libcurl either way.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/http-trust.h"

#include "base/text.h"
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 30000L
#define RECEIVE_BUFFER (128 * 1024L)
#define UPLOAD_BUFFER (256 * 1024L)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool           is_usable;

// A server that closes while we write must be an error, not the end of the process: libcurl leaves
// that to us (CURLOPT_NOSIGNAL).
static void
start_libcurl(void)
{
  struct sigaction        action = {0};
  curl_version_info_data *info   = NULL;

  if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
    (void)signal(SIGPIPE, SIG_IGN);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return;
  info      = curl_version_info(CURLVERSION_NOW);
  is_usable = info->ssl_version != NULL && strncmp(info->ssl_version, "OpenSSL/", 8) == 0;
}

// "AB:CD:..." or "abcd..."
static bool
parse_pin(const char *text, uint8_t pin[PB_HTTP_PIN_SIZE])
{
  char   hex[2 * PB_HTTP_PIN_SIZE + 1];
  size_t size = 0;

  for (; *text != '\0'; text++)
  {
    if (*text == ':')
      continue;
    if (size == sizeof(hex) - 1)
      return false;
    hex[size++] = *text;
  }
  hex[size] = '\0';
  return pb_text_parse_hex(hex, pin, PB_HTTP_PIN_SIZE);
}

static X509 *
find_pinned(const pb_http_handle_t *handle, X509_STORE_CTX *chain)
{
  STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(chain);

  for (int i = 0; i < sk_X509_num(sent); i++)
  {
    X509   *cert = sk_X509_value(sent, i);
    uint8_t digest[PB_HTTP_PIN_SIZE];

    if (X509_digest(cert, EVP_sha256(), digest, NULL) == 1 &&
        memcmp(digest, handle->pin, sizeof(digest)) == 0)
      return cert;
  }
  return NULL;
}

// That the pinned CA's own certificate has ended does not count; a server's does.
static int
judge(int ok, X509_STORE_CTX *ctx)
{
  const X509 *root = X509_STORE_CTX_get_app_data(ctx);

  if (ok || X509_STORE_CTX_get_error(ctx) != X509_V_ERR_CERT_HAS_EXPIRED ||
      X509_STORE_CTX_get_error_depth(ctx) == 0 ||
      X509_cmp(X509_STORE_CTX_get_current_cert(ctx), root) != 0)
    return ok;
  X509_STORE_CTX_set_error(ctx, X509_V_OK);
  return 1;
}

// X509_V_OK, or why the chain does not lead to the root.
static int
verify_from(X509 *root, X509_STORE_CTX *chain)
{
  X509_STORE     *store  = X509_STORE_new();
  X509_STORE_CTX *ctx    = X509_STORE_CTX_new();
  int             result = X509_V_ERR_OUT_OF_MEM;

  if (store != NULL && ctx != NULL && X509_STORE_add_cert(store, root) == 1 &&
      X509_STORE_CTX_init(ctx, store, X509_STORE_CTX_get0_cert(chain),
                          X509_STORE_CTX_get0_untrusted(chain)) == 1 &&
      X509_STORE_CTX_set_default(ctx, "ssl_server") == 1)
  {
    // The pin may be that of an intermediate, or of the server itself.
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
    (void)X509_STORE_CTX_set_app_data(ctx, root);
    X509_STORE_CTX_set_verify_cb(ctx, judge);
    result = X509_V_OK;
    if (X509_verify_cert(ctx) != 1)
    {
      result = X509_STORE_CTX_get_error(ctx);
      if (result == X509_V_OK)
        result = X509_V_ERR_UNSPECIFIED;
    }
  }
  X509_STORE_CTX_free(ctx);
  X509_STORE_free(store);
  return result;
}

static int
verify_pin(X509_STORE_CTX *chain, void *user)
{
  X509 *root   = find_pinned(user, chain);
  int   result = root != NULL ? verify_from(root, chain) : X509_V_ERR_APPLICATION_VERIFICATION;

  X509_STORE_CTX_set_error(chain, result);
  return result == X509_V_OK;
}

// libcurl takes a connection that ends without close_notify for one that was closed well.
static void
on_alert(const SSL *ssl, int where, int value)
{
  pb_http_handle_t *handle = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

  if (where == SSL_CB_READ_ALERT && (value & 0xff) == SSL_AD_CLOSE_NOTIFY)
    handle->is_closed_well = true;
}

static CURLcode
set_up_tls(CURL *curl, void *ssl_ctx, void *user)
{
  pb_http_handle_t *handle = user;

  (void)curl;
  (void)SSL_CTX_set_app_data(ssl_ctx, handle);
  SSL_CTX_set_info_callback(ssl_ctx, on_alert);
  if (handle->has_pin)
    SSL_CTX_set_cert_verify_callback(ssl_ctx, verify_pin, handle);
  return CURLE_OK;
}

bool
pb_http_handle_init(pb_http_handle_t *handle, const struct pb_http_trust *trust, pb_error_t *err)
{
  static const struct pb_http_trust none = {0};

  if (trust == NULL)
    trust = &none;
  memset(handle, 0, sizeof(*handle));
  (void)pthread_once(&once, start_libcurl);
  if (!is_usable)
    return pb_error_set(err, PB_CONFIG, "libcurl is there without OpenSSL");
  handle->has_pin = trust->ca_fingerprint != NULL;
  if (handle->has_pin && !parse_pin(trust->ca_fingerprint, handle->pin))
    return pb_error_set(err, PB_CONFIG, "the CA's fingerprint must have 64 hexadecimal digits");
  handle->ca_file = pb_text_dup(trust->ca_file);
  handle->proxy   = pb_text_dup(trust->proxy);
  handle->curl    = curl_easy_init();
  if (handle->curl == NULL || (trust->ca_file != NULL && handle->ca_file == NULL) ||
      (trust->proxy != NULL && handle->proxy == NULL))
  {
    pb_http_handle_clear(handle);
    return pb_error_set(err, PB_RETRY, "out of memory for HTTP");
  }
  return true;
}

void
pb_http_handle_clear(pb_http_handle_t *handle)
{
  curl_easy_cleanup(handle->curl);
  if (handle->proxy != NULL)
    pb_wipe(handle->proxy, strlen(handle->proxy));  // may carry a password
  free(handle->proxy);
  free(handle->ca_file);
  free(handle->url);
  memset(handle, 0, sizeof(*handle));
}

static CURLcode
set_trust(pb_http_handle_t *handle)
{
  CURL    *curl = handle->curl;
  CURLcode code = CURLE_OK;

  // With a CA of our own the system's must not count: both of libcurl's defaults have to go.
  if (handle->has_pin || handle->ca_file != NULL)
  {
    code = curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    if (code == CURLE_OK)
      code = curl_easy_setopt(curl, CURLOPT_CAINFO, handle->has_pin ? NULL : handle->ca_file);
  }
  if (code == CURLE_OK)
    code = curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, set_up_tls);
  if (code == CURLE_OK)
    code = curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, handle);
  return code;
}

static CURLcode
set_proxy(const pb_http_handle_t *handle)
{
  CURLcode code = CURLE_OK;

  if (handle->proxy == NULL)
    return CURLE_OK;
  code = curl_easy_setopt(handle->curl, CURLOPT_PROXY, handle->proxy);
  // A proxy that was named is meant: no_proxy of the environment does not undo it.
  return code == CURLE_OK ? curl_easy_setopt(handle->curl, CURLOPT_NOPROXY, "") : code;
}

bool
pb_http_handle_aim(pb_http_handle_t *handle, const char *url, pb_error_t *err)
{
  static const struct
  {
    CURLoption option;
    long       value;
  } rows[] = {
    {CURLOPT_SSL_VERIFYPEER,           1                      },
    {CURLOPT_SSL_VERIFYHOST,           2                      },
    {CURLOPT_SSLVERSION,               CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_HTTP_VERSION,             CURL_HTTP_VERSION_1_1  },
    {CURLOPT_FOLLOWLOCATION,           0                      },
    {CURLOPT_NOSIGNAL,                 1                      },
    {CURLOPT_NOPROGRESS,               1                      },
    {CURLOPT_TCP_NODELAY,              1                      },
    {CURLOPT_TCP_KEEPALIVE,            1                      },
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1                      },
    {CURLOPT_CONNECTTIMEOUT_MS,        CONNECT_TIMEOUT_MS     },
    {CURLOPT_BUFFERSIZE,               RECEIVE_BUFFER         },
    {CURLOPT_UPLOAD_BUFFERSIZE,        UPLOAD_BUFFER          },
  };
  CURLcode code = CURLE_OK;

  free(handle->url);
  handle->url    = NULL;
  handle->why[0] = '\0';
  if (!pb_http_url_parse(url, &handle->url, handle->peer, sizeof(handle->peer), err))
    return false;
  curl_easy_reset(handle->curl);
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows && code == CURLE_OK; i++)
    code = curl_easy_setopt(handle->curl, rows[i].option, rows[i].value);
  if (code == CURLE_OK)
    code = curl_easy_setopt(handle->curl, CURLOPT_ERRORBUFFER, handle->why);
  if (code == CURLE_OK)
    code = curl_easy_setopt(handle->curl, CURLOPT_PROTOCOLS_STR, "https");
  if (code == CURLE_OK)
    code = curl_easy_setopt(handle->curl, CURLOPT_URL, handle->url);
  if (code == CURLE_OK)
    code = set_trust(handle);
  if (code == CURLE_OK)
    code = set_proxy(handle);
  if (code != CURLE_OK)
    return pb_error_set(err, code == CURLE_OUT_OF_MEMORY ? PB_RETRY : PB_CONFIG,
                        "cannot set up libcurl: %s", curl_easy_strerror(code));
  return true;
}
