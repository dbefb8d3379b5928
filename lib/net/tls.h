// tls - a server's TLS context.  SSL_CTX is OpenSSL's; other folders carry it as a pointer only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_TLS_H
#define PB_NET_TLS_H

#include "base/error.h"

struct ssl_ctx_st;
struct ssl_st;

// TLS 1.2 and up, no session tickets (Debian 12's libcups reconnects for ever on TLS 1.3 tickets),
// ALPN http/1.1. The chain file holds the certificate, then its issuers (a CA of our own making
// included, for those who pin it). PB_CONFIG names the file when it does not load, or the key does
// not fit.
bool pb_tls_server_new(const char *chain_file, const char *key_file, struct ssl_ctx_st **ctx_out,
                       pb_error_t *err) PB_MUST_USE;
void pb_tls_server_free(struct ssl_ctx_st *ctx);
struct ssl_st *pb_tls_accept(struct ssl_ctx_st *ctx);  // a new server-side SSL; NULL: out of memory

#endif
