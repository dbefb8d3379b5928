// tls_test - a server context: what loads, what does not, and that no session ticket is given.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "tls-server.h"

static atomic_int tickets;

static int
count_ticket(SSL *ssl, SSL_SESSION *session)
{
  (void)ssl;
  (void)session;
  atomic_fetch_add(&tickets, 1);
  return 0;
}

static bool
answer(struct tls_server *server, SSL *ssl, const char *head)
{
  (void)server;
  (void)head;
  return SSL_write(ssl, "x", 1) == 1;
}

static SSL *
dial(SSL_CTX *ctx, int port, const unsigned char *protocols, unsigned size)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)port)};
  SSL *ssl = SSL_new(ctx);
  int  fd  = socket(AF_INET, SOCK_STREAM, 0);

  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  SSL_set_fd(ssl, fd);
  SSL_set_alpn_protos(ssl, protocols, size);
  (void)SSL_connect(ssl);
  return ssl;
}

static void
hang_up(SSL *ssl)
{
  close(SSL_get_fd(ssl));
  SSL_free(ssl);
}

static void
test_handshake(void **state)
{
  struct tls_server    server;
  SSL_CTX             *ctx  = SSL_CTX_new(TLS_client_method());
  const unsigned char *alpn = NULL;
  unsigned             size = 0;
  char                 byte = 0;
  SSL                 *ssl  = NULL;

  (void)state;
  tls_server_start(&server, CERT_GOOD, answer);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(ctx, count_ticket);
  ssl = dial(ctx, server.port, (const unsigned char *)"\x02h2\x08http/1.1", 12);
  SSL_get0_alpn_selected(ssl, &alpn, &size);
  assert_int_equal(size, 8);
  assert_memory_equal(alpn, "http/1.1", 8);
  assert_int_equal(SSL_write(ssl, "\r\n\r\n", 4), 4);
  assert_int_equal(SSL_read(ssl, &byte, 1), 1);  // tickets would have come before it
  assert_int_equal(tickets, 0);
  hang_up(ssl);

  SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
  ssl = dial(ctx, server.port, (const unsigned char *)"\x08http/1.1", 9);
  assert_false(SSL_is_init_finished(ssl));
  hang_up(ssl);
  SSL_CTX_free(ctx);
  tls_server_stop(&server);
}

static void
test_files_refused(void **state)
{
  char       folder[] = "/tmp/pb-tls-XXXXXX";
  char       chain[64], key[64], junk[64];
  pb_key_t  *ca_key = NULL, *other = NULL;
  char      *ca  = NULL;
  SSL_CTX   *ctx = NULL;
  pb_error_t err = {0};

  (void)state;
  assert_non_null(mkdtemp(folder));
  (void)snprintf(chain, sizeof(chain), "%s/chain", folder);
  (void)snprintf(key, sizeof(key), "%s/key", folder);
  (void)snprintf(junk, sizeof(junk), "%s/junk", folder);
  check_ok(pb_key_make(&ca_key, &err), err);
  check_ok(pb_key_make(&other, &err), err);
  check_ok(pb_cert_make_ca(ca_key, "x", 1, &ca, &err), err);
  check_ok(pb_file_replace(chain, 0600, ca, strlen(ca), &err), err);
  check_ok(pb_file_replace(junk, 0600, "junk", 4, &err), err);
  check_ok(pb_key_save(other, key, &err), err);

  const struct
  {
    const char *chain, *key, *want;
  } rows[] = {
    {chain,          key,            key           }, // of another certificate
    {chain,          junk,           junk          },
    {junk,           key,            junk          },
    {"/nonexistent", key,            "/nonexistent"},
    {chain,          "/nonexistent", "/nonexistent"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    assert_false(pb_tls_server_new(rows[i].chain, rows[i].key, &ctx, &err));
    assert_int_equal(err.kind, PB_CONFIG);
    assert_non_null(strstr(err.message, rows[i].want));
    assert_null(ctx);
  }
  unlink(chain);
  unlink(key);
  unlink(junk);
  rmdir(folder);
  free(ca);
  pb_key_free(ca_key);
  pb_key_free(other);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_handshake),
    cmocka_unit_test(test_files_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
