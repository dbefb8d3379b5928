// tls - a server's TLS context.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include "net/key-private.h"
#include "net/ssl-error.h"
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

static const unsigned char protocols[] = "\x08http/1.1";

// A client that offers no HTTP/1.1 (h2 only) goes on without ALPN: it will see what we speak.
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                const unsigned char *in, unsigned int in_size, void *user)
{
  unsigned char *chosen = NULL;

  (void)ssl;
  (void)user;
  if (SSL_select_next_proto(&chosen, out_size, protocols, sizeof(protocols) - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

static bool
set_up(SSL_CTX *ctx)
{
  // No tickets of either kind and no cache: every connection is a full handshake.
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                          SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(ctx, pb_pem_no_password);
  SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
  return SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
         SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1;
}

bool
pb_tls_server_new(const char *chain_file, const char *key_file, struct ssl_ctx_st **ctx_out,
                  pb_error_t *err)
{
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  bool     ok  = false;

  *ctx_out = NULL;
  ERR_clear_error();
  if (ctx == NULL || !set_up(ctx))
    pb_ssl_error_set(err, PB_RETRY, "cannot set up TLS");
  else if (SSL_CTX_use_certificate_chain_file(ctx, chain_file) != 1)
    pb_ssl_error_set(err, PB_CONFIG, "%s: not a certificate chain in PEM", chain_file);
  else if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1 ||
           SSL_CTX_check_private_key(ctx) != 1)
    pb_ssl_error_set(err, PB_CONFIG, "%s: not the private key of %s", key_file, chain_file);
  else
    ok = true;
  if (ok)
  {
    *ctx_out = ctx;
    ctx      = NULL;
  }
  SSL_CTX_free(ctx);
  return ok;
}

void
pb_tls_server_free(struct ssl_ctx_st *ctx)
{
  SSL_CTX_free(ctx);
}

struct ssl_st *
pb_tls_accept(struct ssl_ctx_st *ctx)
{
  SSL *ssl = SSL_new(ctx);

  if (ssl != NULL)
    SSL_set_accept_state(ssl);
  return ssl;
}
