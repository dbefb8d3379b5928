// rig - an edge on a free port with a certificate of its own, and a blocking TLS client that reads
// with our reader.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_EDGE_RIG_H
#define PB_TESTS_EDGE_RIG_H

#include "check.h"

#include "base/file.h"
#include "base/text.h"
#include "edge/edge.h"
#include "net/http-reader.h"
#include "net/key.h"
#include "net/tls.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 20000  // for what must happen; a test that has to wait so long has failed

struct rig
{
  char       folder[64];
  char       chain[96], key[96];
  pb_edge_t *edge;
};

static inline int64_t
rig_now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void
rig_make_certificate(struct rig *rig)
{
  static const char *const names[] = {"localhost", "127.0.0.1"};
  pb_error_t               err     = {0};
  pb_key_t                *ca_key = NULL, *key = NULL;
  char                    *ca = NULL, *certificate = NULL;
  pb_buffer_t              chain;

  pb_text_format(rig->folder, sizeof(rig->folder), "/tmp/pb-edge-XXXXXX");
  assert_non_null(mkdtemp(rig->folder));
  pb_text_format(rig->chain, sizeof(rig->chain), "%s/chain.pem", rig->folder);
  pb_text_format(rig->key, sizeof(rig->key), "%s/key.pem", rig->folder);
  check_ok(pb_key_make(&ca_key, &err), err);
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_cert_make_ca(ca_key, "test", 10, &ca, &err), err);
  check_ok(pb_cert_make_server(ca_key, ca, key, names, 2, 10, &certificate, &err), err);
  pb_buffer_init(&chain, 65536);
  check_ok(pb_buffer_append_text(&chain, certificate, &err), err);
  check_ok(pb_buffer_append_text(&chain, ca, &err), err);
  check_ok(pb_file_replace(rig->chain, 0600, chain.data, chain.size, &err), err);
  check_ok(pb_key_save(key, rig->key, &err), err);
  pb_buffer_clear(&chain);
  pb_key_free(ca_key);
  pb_key_free(key);
  free(ca);
  free(certificate);
}

// Makes the edge; routes are added by the caller, who then calls rig_start.
static inline void
rig_make(struct rig *rig, const struct pb_edge_options *options)
{
  struct pb_edge_options own = *options;
  struct ssl_ctx_st     *tls = NULL;
  pb_error_t             err = {0};

  signal(SIGPIPE, SIG_IGN);
  *rig = (struct rig){0};
  rig_make_certificate(rig);
  own.address = "127.0.0.1";
  if (own.workers == 0)
    own.workers = 2;
  check_ok(pb_edge_new(&own, &rig->edge, &err), err);
  check_ok(pb_tls_server_new(rig->chain, rig->key, &tls, &err), err);
  pb_edge_set_tls(rig->edge, tls);
}

static inline void
rig_add(struct rig *rig, const char *prefix, const char *methods, const struct pb_handler *handler,
        void *context)
{
  pb_error_t err = {0};

  check_ok(
    pb_edge_add_route(rig->edge, &(struct pb_route){prefix, methods, handler, context}, &err), err);
}

static inline void
rig_start(struct rig *rig)
{
  pb_error_t err = {0};

  check_ok(pb_edge_start(rig->edge, &err), err);
}

static inline void
rig_clear(struct rig *rig)
{
  pb_edge_stop(rig->edge, 0);
  pb_edge_free(rig->edge);
  unlink(rig->chain);
  unlink(rig->key);
  rmdir(rig->folder);
}

// Until *value is `want`, which another thread makes it.
static inline void
rig_await(atomic_int *value, int want)
{
  int64_t end_ms = rig_now_ms() + WAIT_MS;

  while (atomic_load(value) != want && rig_now_ms() < end_ms)
    poll(NULL, 0, 1);
  assert_int_equal(atomic_load(value), want);
}

// --- the client
struct client
{
  int               fd;
  SSL_CTX          *ctx;
  SSL              *ssl;
  pb_http_reader_t *reader;
  char              input[65536];
  size_t            start, end;  // of what is unread in input
};

struct reply
{
  int    status;
  char   connection[32], allow[64], type[64];
  size_t size;  // of the body, of which text has the beginning
  char   text[4096];
  bool   is_whole;
};

static inline int
client_connect_tcp(int port, int receive_buffer)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int                fd      = socket(AF_INET, SOCK_STREAM, 0);

  assert_true(fd >= 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (receive_buffer > 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){WAIT_MS / 1000, 0},
             sizeof(struct timeval));
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  return fd;
}

// False when the server closed during the handshake.
static inline bool
client_try(struct client *client, int port, int receive_buffer)
{
  *client        = (struct client){.fd = client_connect_tcp(port, receive_buffer)};
  client->ctx    = SSL_CTX_new(TLS_client_method());
  client->ssl    = SSL_new(client->ctx);
  client->reader = pb_http_reader_new(PB_HTTP_RESPONSES);
  SSL_set_fd(client->ssl, client->fd);
  return SSL_connect(client->ssl) == 1;
}

static inline void
client_open(struct client *client, struct rig *rig)
{
  assert_true(client_try(client, pb_edge_port(rig->edge), 0));
}

static inline void
client_close(struct client *client)
{
  SSL_free(client->ssl);
  SSL_CTX_free(client->ctx);
  pb_http_reader_free(client->reader);
  close(client->fd);
}

// False when the connection is gone.
static inline bool
client_send_bytes(struct client *client, const void *data, size_t size)
{
  return SSL_write(client->ssl, data, (int)size) == (int)size;
}

static inline void
client_send(struct client *client, const char *text)
{
  assert_true(client_send_bytes(client, text, strlen(text)));
}

// More input; false at the end of the connection.
static inline bool
client_fill(struct client *client)
{
  int got = SSL_read(client->ssl, client->input, sizeof(client->input));

  client->start = 0;
  client->end   = got > 0 ? (size_t)got : 0;
  return got > 0;
}

static inline void
client_take_head(struct client *client, struct reply *reply)
{
  reply->status = pb_http_reader_status(client->reader);
  pb_text_copy(reply->connection, sizeof(reply->connection),
               pb_http_reader_header(client->reader, "Connection"));
  pb_text_copy(reply->allow, sizeof(reply->allow), pb_http_reader_header(client->reader, "Allow"));
  pb_text_copy(reply->type, sizeof(reply->type),
               pb_http_reader_header(client->reader, "Content-Type"));
}

// Reads one response; false when the connection ended before it did.  stop_at: stop after so many
// bytes of the body.
static inline bool
client_read_some(struct client *client, struct reply *reply, size_t stop_at)
{
  *reply = (struct reply){0};
  for (;;)
  {
    const void        *body;
    size_t             size, used;
    enum pb_http_event event =
      pb_http_reader_feed(client->reader, client->input + client->start,
                          client->end - client->start, &used, &body, &size);

    client->start += used;
    switch (event)
    {
      case PB_HTTP_NEED_MORE:
        if (client->start == client->end && !client_fill(client))
          return false;
        break;
      case PB_HTTP_HEAD:
        client_take_head(client, reply);
        break;
      case PB_HTTP_BODY:
        for (size_t i = 0; i < size && reply->size + i < sizeof(reply->text) - 1; i++)
          reply->text[reply->size + i] = ((const char *)body)[i];
        reply->size += size;
        if (reply->size >= stop_at)
          return true;
        break;
      case PB_HTTP_END:
        reply->is_whole = true;
        return true;
      case PB_HTTP_BAD:
        fail_msg("bad response: %s", pb_http_reader_reason(client->reader));
        break;
    }
  }
}

static inline bool
client_read(struct client *client, struct reply *reply)
{
  return client_read_some(client, reply, SIZE_MAX);
}

// The server has closed, and said so.
static inline void
client_expect_end(struct client *client)
{
  char byte;

  assert_true(client->start == client->end);
  assert_int_equal(SSL_read(client->ssl, &byte, 1), 0);
  assert_int_equal(SSL_get_error(client->ssl, 0), SSL_ERROR_ZERO_RETURN);
}

static inline void
client_ask(struct client *client, struct reply *reply, const char *request)
{
  client_send(client, request);
  assert_true(client_read(client, reply));
}

#endif
