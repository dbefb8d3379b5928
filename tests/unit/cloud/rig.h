// rig - a small HTTPS server for tests: one thread, one request per connection, answered by the
// test's own function.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_CLOUD_RIG_H
#define PB_TESTS_CLOUD_RIG_H

#include "check.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/http.h"
#include "net/key.h"
#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define RIG_MAX 65536

struct rig_request
{
  char        path[256];
  char        bearer[256];
  char        coding[16];  // "chunked": the body is as it came, chunk heads and all
  const char *body;
  size_t      body_size;
};

struct rig_answer
{
  int         status;
  const char *type;
  char        body[RIG_MAX];
  size_t      size;
  size_t      missing;  // so many bytes fewer are sent than promised
  int64_t     date_ms;  // 0: none
};

struct rig
{
  void (*answer)(struct rig *rig, const struct rig_request *request, struct rig_answer *answer);
  char                 url[64];
  char                 fingerprint[PB_FINGERPRINT_SIZE];
  struct pb_http_trust trust;
  struct ssl_ctx_st   *tls;
  int                  fd;
  pthread_t            thread;
  char                 folder[32];
};

// The value of a header in the head; "" when there is none.
static void
rig_copy_header(char *dst, size_t size, const char *head, const char *name)
{
  const char *at = strcasestr(head, name);

  dst[0] = '\0';
  if (at)
    snprintf(dst, size, "%.*s", (int)strcspn(at + strlen(name), "\r\n"), at + strlen(name));
}

// Read one request; false when the peer is gone.
static bool
rig_read(SSL *ssl, char *buffer, struct rig_request *request)
{
  size_t size = 0;
  char  *end  = NULL;
  char   length[32];

  while (!end)
  {
    int got = SSL_read(ssl, buffer + size, (int)(RIG_MAX - 1 - size));
    if (got <= 0)
      return false;
    size += (size_t)got;
    buffer[size] = '\0';
    end          = strstr(buffer, "\r\n\r\n");
  }
  *end = '\0';
  rig_copy_header(request->coding, sizeof(request->coding), buffer, "\r\nTransfer-Encoding: ");
  rig_copy_header(length, sizeof(length), buffer, "\r\nContent-Length: ");
  rig_copy_header(request->bearer, sizeof(request->bearer), buffer, "\r\nAuthorization: Bearer ");
  sscanf(buffer, "%*s %255s", request->path);
  request->body      = end + 4;
  request->body_size = strtoul(length, NULL, 10);
  while (size < (size_t)(request->body - buffer) + request->body_size)
  {
    int got = SSL_read(ssl, buffer + size, (int)(RIG_MAX - 1 - size));
    if (got <= 0)
      return false;
    size += (size_t)got;
  }
  while (request->coding[0] && !(size >= 5 && !memcmp(buffer + size - 5, "0\r\n\r\n", 5)))
  {
    int got = SSL_read(ssl, buffer + size, (int)(RIG_MAX - 1 - size));
    if (got <= 0)
      return false;
    size += (size_t)got;
    request->body_size = size - (size_t)(request->body - buffer);
  }
  buffer[size] = '\0';
  return true;
}

static void
rig_serve(struct rig *rig, SSL *ssl)
{
  char              *buffer  = malloc(RIG_MAX);
  struct rig_answer *answer  = calloc(1, sizeof(*answer));
  struct rig_request request = {0};
  char               date[PB_HTTP_DATE_SIZE];
  char               head[512];

  answer->status = 200;
  answer->type   = "application/json";
  if (rig_read(ssl, buffer, &request))
  {
    rig->answer(rig, &request, answer);
    pb_clock_format_http(date, answer->date_ms);
    int size = snprintf(head, sizeof(head),
                        "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                        "%s%s%sConnection: close\r\n\r\n",
                        answer->status, answer->type, answer->size, answer->date_ms ? "Date: " : "",
                        answer->date_ms ? date : "", answer->date_ms ? "\r\n" : "");
    SSL_write(ssl, head, size);
    // In pieces, so that the reader must put them together.
    for (size_t at = 0; at < answer->size - answer->missing;)
    {
      size_t left  = answer->size - answer->missing - at;
      size_t piece = left > 7 && at < 64 ? 7 : left;
      SSL_write(ssl, answer->body + at, (int)piece);
      at += piece;
    }
  }
  if (!answer->missing)
    SSL_shutdown(ssl);
  free(answer);
  free(buffer);
}

static void *
rig_run(void *user)
{
  struct rig *rig = user;
  int         fd;

  while ((fd = accept(rig->fd, NULL, NULL)) >= 0)
  {
    SSL *ssl = pb_tls_accept(rig->tls);

    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) > 0)
      rig_serve(rig, ssl);
    SSL_free(ssl);
    close(fd);
  }
  return NULL;
}

static void
rig_write(const struct rig *rig, const char *name, const char *text, char **path_out)
{
  pb_error_t err = {0};

  *path_out = pb_file_join(rig->folder, name);
  check_ok(pb_file_replace(*path_out, 0600, text, strlen(text), &err), err);
}

// A CA and a certificate for 127.0.0.1, in a chain file as the service makes it.
static void
rig_make_tls(struct rig *rig)
{
  const char *names[]    = {"127.0.0.1"};
  pb_key_t   *ca_key     = NULL;
  pb_key_t   *key        = NULL;
  char       *ca         = NULL;
  char       *cert       = NULL;
  char       *chain_path = NULL;
  char       *key_path;
  char        chain[2 * 4096];
  pb_error_t  err = {0};

  check_ok(pb_key_make(&ca_key, &err) && pb_key_make(&key, &err), err);
  check_ok(pb_cert_make_ca(ca_key, "rig", 10, &ca, &err), err);
  check_ok(pb_cert_make_server(ca_key, ca, key, names, 1, 10, &cert, &err), err);
  check_ok(pb_cert_get_fingerprint(ca, rig->fingerprint, &err), err);
  snprintf(chain, sizeof(chain), "%s%s", cert, ca);
  rig_write(rig, "chain.pem", chain, &chain_path);
  key_path = pb_file_join(rig->folder, "key.pem");
  check_ok(pb_key_save(key, key_path, &err), err);
  check_ok(pb_tls_server_new(chain_path, key_path, &rig->tls, &err), err);
  unlink(chain_path);
  unlink(key_path);
  free(chain_path);
  free(key_path);
  free(ca);
  free(cert);
  pb_key_free(ca_key);
  pb_key_free(key);
}

static void
rig_start(struct rig *rig)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t          size    = sizeof(address);

  signal(SIGPIPE, SIG_IGN);
  strcpy(rig->folder, "/tmp/pb-rig-XXXXXX");
  assert_non_null(mkdtemp(rig->folder));
  rig_make_tls(rig);
  rig->trust.ca_fingerprint = rig->fingerprint;
  rig->fd                   = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(rig->fd, (struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(listen(rig->fd, 64), 0);
  getsockname(rig->fd, (struct sockaddr *)&address, &size);
  snprintf(rig->url, sizeof(rig->url), "https://127.0.0.1:%d", ntohs(address.sin_port));
  assert_int_equal(pthread_create(&rig->thread, NULL, rig_run, rig), 0);
}

static void
rig_stop(struct rig *rig)
{
  shutdown(rig->fd, SHUT_RDWR);
  pthread_join(rig->thread, NULL);
  close(rig->fd);
  pb_tls_server_free(rig->tls);
  rmdir(rig->folder);
}

static inline void PB_PRINTF(2, 3) rig_say(struct rig_answer *answer, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  answer->size = (size_t)vsnprintf(answer->body, sizeof(answer->body), format, args);
  va_end(args);
}

#endif
