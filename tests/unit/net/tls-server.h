// tls-server - a tiny TLS server for tests: it reads one request at a time and answers by its path.
// One thread per connection; it stops when it is closed.  Included by tests only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_TLS_SERVER_H
#define PB_TESTS_TLS_SERVER_H

#include "check.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/key.h"
#include "net/tls.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

// What a server's certificate shall be like.
enum cert_kind
{
  CERT_GOOD,  // for localhost and 127.0.0.1
  CERT_EXPIRED,
  CERT_FUTURE,       // not yet valid
  CERT_OTHER_NAME,   // of another host
  CERT_RENEWED_CA,   // the CA was renewed with its key; the one of before, which has ended, is the
                     // pin
  CERT_EXCHANGED_CA  // the CA of before had another key
};

#define CERT_DAY_MS (INT64_C(24) * 3600 * 1000)

struct tls_server
{
  char        folder[64];
  char        ca_file[96];
  char        fingerprint[PB_FINGERPRINT_SIZE];       // of the CA
  char        leaf_fingerprint[PB_FINGERPRINT_SIZE];  // of the server's own
  SSL_CTX    *ctx;
  int         listener;
  int         port;
  pthread_t   thread;
  atomic_bool is_stopping;
  atomic_int  connections;
  atomic_int  requests;
  // Answers the request whose head is given; false closes the connection.
  bool (*answer)(struct tls_server *server, SSL *ssl, const char *head);
};

static int64_t
cert_shift_ms(enum cert_kind kind)
{
  if (kind == CERT_EXPIRED)
    return -10 * CERT_DAY_MS;
  return kind == CERT_FUTURE ? 10 * CERT_DAY_MS : 0;
}

// A CA of the same name whose certificate has ended.
static char *
make_former_ca(const pb_key_t *ca_key, enum cert_kind kind)
{
  pb_key_t  *other = NULL;
  char      *pem   = NULL;
  pb_error_t err   = {0};

  if (kind != CERT_RENEWED_CA && kind != CERT_EXCHANGED_CA)
    return NULL;
  check_ok(pb_key_make(&other, &err), err);
  pb_clock_shift_wall_ms(-200 * CERT_DAY_MS);
  check_ok(pb_cert_make_ca(kind == CERT_RENEWED_CA ? ca_key : other, "Test CA", 100, &pem, &err),
           err);
  pb_clock_shift_wall_ms(200 * CERT_DAY_MS);
  pb_key_free(other);
  return pem;
}

static void
make_certificates(struct tls_server *server, enum cert_kind kind)
{
  static const char *const good[]  = {"localhost", "127.0.0.1"};
  static const char *const other[] = {"other.example"};
  pb_key_t                *ca_key = NULL, *key = NULL;
  char                    *ca = NULL, *leaf = NULL, *former = NULL;
  char                     chain[8192], path[128], key_path[128];
  pb_error_t               err = {0};

  check_ok(pb_key_make(&ca_key, &err), err);
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_cert_make_ca(ca_key, "Test CA", 100, &ca, &err), err);
  pb_clock_shift_wall_ms(cert_shift_ms(kind));
  check_ok(pb_cert_make_server(ca_key, ca, key, kind == CERT_OTHER_NAME ? other : good,
                               kind == CERT_OTHER_NAME ? 1 : 2, 5, &leaf, &err),
           err);
  pb_clock_shift_wall_ms(-cert_shift_ms(kind));
  former = make_former_ca(ca_key, kind);
  (void)snprintf(chain, sizeof(chain), "%s%s%s", leaf, ca, former != NULL ? former : "");
  (void)snprintf(path, sizeof(path), "%s/chain.pem", server->folder);
  (void)snprintf(key_path, sizeof(key_path), "%s/key.pem", server->folder);
  (void)snprintf(server->ca_file, sizeof(server->ca_file), "%s/ca.pem", server->folder);
  check_ok(pb_file_replace(path, 0600, chain, strlen(chain), &err), err);
  check_ok(pb_file_replace(server->ca_file, 0600, ca, strlen(ca), &err), err);
  check_ok(pb_key_save(key, key_path, &err), err);
  check_ok(pb_cert_get_fingerprint(former != NULL ? former : ca, server->fingerprint, &err), err);
  check_ok(pb_cert_get_fingerprint(leaf, server->leaf_fingerprint, &err), err);
  check_ok(pb_tls_server_new(path, key_path, &server->ctx, &err), err);
  unlink(path);
  unlink(key_path);
  free(ca);
  free(leaf);
  free(former);
  pb_key_free(ca_key);
  pb_key_free(key);
}

struct tls_connection
{
  struct tls_server *server;
  int                fd;
};

// One byte at a time: nothing of the body is taken along.  False at the end of the connection.
static bool
read_head(SSL *ssl, char *head, size_t room)
{
  size_t size = 0;

  while (size + 1 < room)
  {
    if (SSL_read(ssl, head + size, 1) != 1)
      return false;
    head[++size] = '\0';
    if (size >= 4 && strcmp(head + size - 4, "\r\n\r\n") == 0)
      return true;
  }
  return false;
}

static void *
serve_connection(void *user)
{
  struct tls_connection *connection = user;
  struct tls_server     *server     = connection->server;
  SSL                   *ssl        = pb_tls_accept(server->ctx);
  char                   head[8192];

  SSL_set_fd(ssl, connection->fd);
  if (SSL_accept(ssl) == 1)
    while (read_head(ssl, head, sizeof(head)))
    {
      atomic_fetch_add(&server->requests, 1);
      if (!server->answer(server, ssl, head))
        break;
    }
  SSL_free(ssl);
  close(connection->fd);
  free(connection);
  atomic_fetch_sub(&server->connections, 1);
  return NULL;
}

static void *
serve(void *user)
{
  struct tls_server *server = user;

  while (!atomic_load(&server->is_stopping))
  {
    struct pollfd          wait       = {.fd = server->listener, .events = POLLIN};
    struct tls_connection *connection = NULL;
    pthread_t              thread;
    int                    fd = -1;

    if (poll(&wait, 1, 50) <= 0)
      continue;
    fd = accept(server->listener, NULL, NULL);
    if (fd < 0)
      continue;
    connection         = malloc(sizeof(*connection));
    connection->server = server;
    connection->fd     = fd;
    atomic_fetch_add(&server->connections, 1);
    pthread_create(&thread, NULL, serve_connection, connection);
    pthread_detach(thread);
  }
  return NULL;
}

static void
tls_server_start(struct tls_server *server, enum cert_kind kind,
                 bool (*answer)(struct tls_server *, SSL *, const char *))
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t          size    = sizeof(address);

  memset(server, 0, sizeof(*server));
  (void)signal(SIGPIPE, SIG_IGN);
  strcpy(server->folder, "/tmp/pb-tls-XXXXXX");
  assert_non_null(mkdtemp(server->folder));
  make_certificates(server, kind);
  server->answer   = answer;
  server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(server->listener, 16), 0);
  assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
  server->port = ntohs(address.sin_port);
  pthread_create(&server->thread, NULL, serve, server);
}

// Clients must have closed their connections.
static void
tls_server_stop(struct tls_server *server)
{
  const struct timespec moment = {.tv_nsec = 1000000};

  atomic_store(&server->is_stopping, true);
  pthread_join(server->thread, NULL);
  while (atomic_load(&server->connections) > 0)
    nanosleep(&moment, NULL);
  close(server->listener);
  pb_tls_server_free(server->ctx);
  unlink(server->ca_file);
  rmdir(server->folder);
}

#endif
