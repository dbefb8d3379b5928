// http_test - the HTTP client against a TLS server of our own: trust, cut replies, uploads,
// stopping.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "tls-server.h"

#include "base/text.h"
#include "net/http.h"

#define BIG (3 * 1024 * 1024)

static bool
say(SSL *ssl, const char *text)
{
  return SSL_write(ssl, text, (int)strlen(text)) > 0;
}

// A chunked request body; counts its bytes and sums them up.
static bool
read_chunks(SSL *ssl, size_t *size_out, unsigned *sum_out)
{
  *size_out = 0;
  *sum_out  = 0;
  for (;;)
  {
    char          line[32] = "";
    unsigned long left     = 0;

    for (size_t i = 0; i + 1 < sizeof(line) && strchr(line, '\n') == NULL; i++)
      if (SSL_read(ssl, line + i, 1) != 1)
        return false;
    left = strtoul(line, NULL, 16);
    for (unsigned long i = 0; i < left + 2; i++)
    {
      unsigned char byte = 0;

      if (SSL_read(ssl, &byte, 1) != 1)
        return false;
      if (i < left)
        *sum_out = *sum_out * 31 + byte;
    }
    *size_out += left;
    if (left == 0)
      return true;
  }
}

static bool
answer_upload(SSL *ssl, const char *head)
{
  size_t   size = 0;
  unsigned sum  = 0;
  char     text[256], body[64];

  if (strstr(head, "Transfer-Encoding: chunked") == NULL)
    return say(ssl, "HTTP/1.1 400 Not chunked\r\nContent-Length: 0\r\n\r\n");
  if (strstr(head, "Expect: 100-continue") != NULL && !say(ssl, "HTTP/1.1 100 Continue\r\n\r\n"))
    return false;
  if (!read_chunks(ssl, &size, &sum))
    return false;
  (void)snprintf(body, sizeof(body), "%zu %u", size, sum);
  (void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(body), body);
  return say(ssl, text);
}

static bool
answer_big(SSL *ssl)
{
  static char block[65536];
  char        text[128];

  (void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BIG);
  if (!say(ssl, text))
    return false;
  for (int sent = 0, done = 0; sent < BIG; sent += done)
  {
    done = SSL_write(ssl, block, BIG - sent < (int)sizeof(block) ? BIG - sent : (int)sizeof(block));
    if (done <= 0)
      return false;
  }
  return true;
}

static bool
answer_post(SSL *ssl, const char *head)
{
  const char *length = strstr(head, "Content-Length: ");
  long        size   = length != NULL ? strtol(length + 16, NULL, 10) : 0;
  char        text[9000], body[4000];
  bool        is_typed = strstr(head, "Content-Type: application/ipp\r\n") != NULL;

  for (long i = 0; i < size && i < (long)sizeof(body); i++)
    if (SSL_read(ssl, body + i, 1) != 1)
      return false;
  (void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n%s%.*s",
                 size + 1, is_typed ? "t" : "-", (int)size, body);
  return say(ssl, text);
}

static bool
hang(struct tls_server *server)
{
  const struct timespec moment = {.tv_nsec = 10000000};

  while (!atomic_load(&server->is_stopping))
    nanosleep(&moment, NULL);
  return false;
}

// Echo of what a head holds, for the tests to look at.
static bool
answer_head(SSL *ssl, const char *head)
{
  char text[9000];

  (void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(head), head);
  return say(ssl, text);
}

static const struct
{
  const char *path, *reply;
  bool        is_kept;  // the connection
} replies[] = {
  {"/hello ",
   "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: Text/Plain; "
   "charset=utf-8\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nhello",                            true },
  {"/401 ",
   "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"x\"\r\nWWW-Authenticate: Basic "
   "realm=\"y\"\r\nContent-Length: 3\r\n\r\nwhy",                                                  true },
  {"/redirect ",
   "HTTP/1.1 302 Moved\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",            true },
  {"/interim ",
   "HTTP/1.1 102 Wait\r\nRetry-After: 99\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",   true },
  {"/trailer ",
   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nRetry-After: 99\r\n\r\n", true },
  {"/cut-length ",     "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",                       false},
  {"/cut-chunk ",      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",      false},
  {"/cut-last-chunk ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n",
   false                                                                                                },
  {"/cut-head ",       "HTTP/1.1 200 OK\r\nContent-",                                              false},
  {"/no-http ",        "SSH-2.0-OpenSSH\r\n\r\n",                                                  false},
  {"/nothing ",        "",                                                                         false},
  {"/until-close ",    "HTTP/1.1 200 OK\r\n\r\n12345",                                             false},
};

static bool
answer(struct tls_server *server, SSL *ssl, const char *head)
{
  const char *path = strchr(head, ' ');

  for (size_t i = 0; i < sizeof(replies) / sizeof *replies; i++)
    if (pb_text_has_prefix(path + 1, replies[i].path))
    {
      (void)say(ssl, replies[i].reply);
      return replies[i].is_kept;
    }
  if (pb_text_has_prefix(path, " /closed-well "))
  {
    (void)say(ssl, "HTTP/1.1 200 OK\r\n\r\n12345");
    (void)SSL_shutdown(ssl);
    return false;
  }
  if (pb_text_has_prefix(path, " /post "))
    return answer_post(ssl, head);
  if (pb_text_has_prefix(path, " /upload "))
    return answer_upload(ssl, head);
  if (pb_text_has_prefix(path, " /big "))
    return answer_big(ssl);
  if (pb_text_has_prefix(path, " /hang "))
    return hang(server);
  if (pb_text_has_prefix(path, " /refuse "))
  {
    (void)say(ssl, "HTTP/1.1 413 Too large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return false;
  }
  return answer_head(ssl, head);
}

struct client
{
  struct tls_server server;
  pb_http_t        *http;
};

static struct client client;

static int
set_up(void **state)
{
  struct pb_http_trust trust = {.ca_fingerprint = client.server.fingerprint};
  pb_error_t           err   = {0};

  (void)state;
  tls_server_start(&client.server, CERT_GOOD, answer);
  check_ok(pb_http_new(&trust, &client.http, &err), err);
  return 0;
}

static int
tear_down(void **state)
{
  (void)state;
  atomic_store(&client.server.is_stopping, true);
  pb_http_free(client.http);
  client.http = NULL;
  tls_server_stop(&client.server);
  return 0;
}

static bool
ask(struct pb_http_request *request, const char *path, struct pb_http_reply *reply, pb_error_t *err)
{
  char url[128];

  (void)snprintf(url, sizeof(url), "https://localhost:%d%s", client.server.port, path);
  request->url = url;
  if (request->method == NULL)
    request->method = "GET";
  return pb_http_perform(client.http, request, reply, err);
}

static void
test_get(void **state)
{
  struct pb_http_request request = {0};
  struct pb_http_reply   reply;
  pb_error_t             err = {0};

  (void)state;
  check_ok(ask(&request, "/hello", &reply, &err), err);
  assert_int_equal(reply.status, 200);
  assert_string_equal(reply.body.data, "hello");
  assert_string_equal(reply.content_type, "text/plain");
  assert_string_equal(reply.retry_after, "7");
  assert_true(reply.date_ms == INT64_C(784111777000));
  pb_http_reply_clear(&reply);
  check_ok(ask(&request, "/401", &reply, &err), err);
  assert_int_equal(reply.status, 401);
  assert_string_equal(reply.authenticate, "Bearer realm=\"x\", Basic realm=\"y\"");
  pb_http_reply_clear(&reply);
  check_ok(ask(&request, "/redirect", &reply, &err), err);
  assert_int_equal(reply.status, 302);
  pb_http_reply_clear(&reply);
  check_ok(ask(&request, "/interim", &reply, &err), err);
  assert_int_equal(reply.status, 200);
  assert_string_equal(reply.retry_after, "");
  pb_http_reply_clear(&reply);
  check_ok(ask(&request, "/trailer", &reply, &err), err);
  assert_string_equal(reply.body.data, "ok");
  assert_string_equal(reply.retry_after, "");
  pb_http_reply_clear(&reply);
  assert_int_equal(client.server.connections, 1);  // one for all
}

static void
test_headers(void **state)
{
  struct pb_http_request request = {.accept = "application/ipp", .bearer = "secret"};
  struct pb_http_reply   reply;
  pb_error_t             err = {0};

  (void)state;
  check_ok(ask(&request, "/head?a=b", &reply, &err), err);
  assert_non_null(strstr(reply.body.data, "GET /head?a=b HTTP/1.1\r\n"));
  assert_non_null(strstr(reply.body.data, "Accept: application/ipp\r\n"));
  assert_non_null(strstr(reply.body.data, "Authorization: Bearer secret\r\n"));
  assert_null(strstr(reply.body.data, "Expect"));
  pb_http_reply_clear(&reply);
  // Nothing of it is left for the next request.
  request = (struct pb_http_request){.user = "u", .password = "p"};
  check_ok(ask(&request, "/head", &reply, &err), err);
  assert_null(strstr(reply.body.data, "Bearer"));
  assert_non_null(strstr(reply.body.data, "Authorization: Basic dTpw\r\n"));
  pb_http_reply_clear(&reply);
  request = (struct pb_http_request){.method = "DELETE"};
  check_ok(ask(&request, "/head", &reply, &err), err);
  assert_non_null(strstr(reply.body.data, "DELETE /head"));
  assert_null(strstr(reply.body.data, "Authorization"));
  pb_http_reply_clear(&reply);
  request = (struct pb_http_request){.bearer = "a\r\nX-Evil: 1"};
  assert_false(ask(&request, "/head", &reply, &err));
  assert_int_equal(err.kind, PB_REJECT);
}

static void
test_post(void **state)
{
  struct pb_http_request request = {
    .method = "POST", .content_type = "application/ipp", .body = "abc", .body_size = 3};
  struct pb_http_reply reply;
  pb_error_t           err = {0};

  (void)state;
  check_ok(ask(&request, "/post", &reply, &err), err);
  assert_string_equal(reply.body.data, "tabc");
  pb_http_reply_clear(&reply);
  request = (struct pb_http_request){.method = "POST"};
  check_ok(ask(&request, "/post", &reply, &err), err);
  assert_string_equal(reply.body.data, "-");
  pb_http_reply_clear(&reply);
}

// A source of BIG bytes, in odd pieces.
struct source
{
  size_t given, fail_at;
};

static bool
give(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  struct source *source = user;

  if (source->fail_at > 0 && source->given >= source->fail_at)
    return pb_error_set(err, PB_GONE, "the source is dry");
  if (room > 7777)
    room = 7777;
  if (room > BIG - source->given)
    room = BIG - source->given;
  for (size_t i = 0; i < room; i++)
    ((unsigned char *)data)[i] = (unsigned char)(source->given + i);
  source->given += room;
  *got_out = room;
  return true;
}

static void
test_chunked_upload(void **state)
{
  struct source          source  = {0};
  struct pb_http_request request = {
    .method = "POST", .body = "head", .body_size = 4, .source = give, .source_user = &source};
  struct pb_http_reply reply;
  unsigned             sum = 0;
  char                 want[64];
  pb_error_t           err = {0};

  (void)state;
  for (size_t i = 0; i < 4; i++)
    sum = sum * 31 + (unsigned char)"head"[i];
  for (size_t i = 0; i < BIG; i++)
    sum = sum * 31 + (unsigned char)i;
  (void)snprintf(want, sizeof(want), "%d %u", BIG + 4, sum);
  check_ok(ask(&request, "/upload", &reply, &err), err);
  assert_int_equal(reply.status, 200);
  assert_string_equal(reply.body.data, want);
  pb_http_reply_clear(&reply);

  source = (struct source){.fail_at = 100000};
  assert_false(ask(&request, "/upload", &reply, &err));
  assert_int_equal(err.kind, PB_GONE);
  assert_string_equal(err.message, "the source is dry");

  // Refused before the body: the status comes through, and the source is hardly asked.
  source = (struct source){0};
  check_ok(ask(&request, "/refuse", &reply, &err), err);
  assert_int_equal(reply.status, 413);
  assert_int_equal(source.given, 0);
  pb_http_reply_clear(&reply);
}

struct sink
{
  size_t size, fail_at;
};

static bool
take(void *user, const void *data, size_t size, pb_error_t *err)
{
  struct sink *sink = user;

  (void)data;
  sink->size += size;
  if (sink->fail_at > 0 && sink->size >= sink->fail_at)
    return pb_error_set(err, PB_CONFIG, "the sink is full");
  return true;
}

static void
test_sink(void **state)
{
  struct sink            sink    = {0};
  struct pb_http_request request = {.sink = take, .sink_user = &sink};
  struct pb_http_reply   reply;
  pb_error_t             err = {0};

  (void)state;
  check_ok(ask(&request, "/big", &reply, &err), err);
  assert_int_equal(sink.size, BIG);
  assert_int_equal(reply.body.size, 0);
  pb_http_reply_clear(&reply);
  // Of a refusal the sink sees nothing.
  sink.size = 0;
  check_ok(ask(&request, "/401", &reply, &err), err);
  assert_int_equal(sink.size, 0);
  assert_string_equal(reply.body.data, "why");
  pb_http_reply_clear(&reply);
  sink = (struct sink){.fail_at = 100000};
  assert_false(ask(&request, "/big", &reply, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_string_equal(err.message, "the sink is full");
}

static void
test_reply_cap(void **state)
{
  struct pb_http_request request = {0};
  struct pb_http_reply   reply;
  pb_error_t             err = {0};

  (void)state;
  assert_false(ask(&request, "/big", &reply, &err));
  assert_int_equal(err.kind, PB_REJECT);
  request.max_reply = BIG;
  check_ok(ask(&request, "/big", &reply, &err), err);
  assert_int_equal(reply.body.size, BIG);
  pb_http_reply_clear(&reply);
  request.max_reply = 4;
  assert_false(ask(&request, "/hello", &reply, &err));
  assert_int_equal(err.kind, PB_REJECT);
}

static void
test_cut_replies(void **state)
{
  static const char *const paths[] = {"/cut-length", "/cut-chunk", "/cut-last-chunk", "/cut-head",
                                      "/no-http", "/nothing",
                                      // without close_notify nobody knows whether that was all
                                      "/until-close"};

  (void)state;
  for (size_t i = 0; i < 2 * sizeof(paths) / sizeof *paths; i++)
  {
    struct sink            sink    = {0};
    struct pb_http_request request = {.sink = i % 2 ? take : NULL, .sink_user = &sink};
    struct pb_http_reply   reply;
    pb_error_t             err = {0};

    if (ask(&request, paths[i / 2], &reply, &err))
      fail_msg("%s: status %d", paths[i / 2], reply.status);
    if (err.kind != PB_RETRY || strstr(err.message, "localhost:") == NULL)
      fail_msg("%s: %s: %s", paths[i / 2], pb_error_kind_name(err.kind), err.message);
  }
}

static void
test_body_until_close(void **state)
{
  struct pb_http_request request = {0};
  struct pb_http_reply   reply;
  pb_error_t             err = {0};

  (void)state;
  check_ok(ask(&request, "/closed-well", &reply, &err), err);
  assert_string_equal(reply.body.data, "12345");
  pb_http_reply_clear(&reply);
}

static void *
stop_soon(void *user)
{
  const struct timespec moment = {.tv_nsec = 10000000};

  while (atomic_load(&client.server.requests) == 0)
    nanosleep(&moment, NULL);
  atomic_store((atomic_bool *)user, true);
  return NULL;
}

static void
test_stop(void **state)
{
  atomic_bool            stop    = false;
  struct pb_http_request request = {.stop = &stop};
  struct pb_http_reply   reply;
  int64_t                begin = pb_clock_mono_ms();
  pthread_t              thread;
  pb_error_t             err = {0};

  (void)state;
  pthread_create(&thread, NULL, stop_soon, &stop);
  assert_false(ask(&request, "/hang", &reply, &err));
  pthread_join(thread, NULL);
  assert_int_equal(err.kind, PB_RETRY);
  assert_string_equal(err.message, "stopped");
  assert_true(pb_clock_mono_ms() - begin < 2000);
}

static void
test_time_outs(void **state)
{
  struct pb_http_request request = {.timeout_ms = 300};
  struct pb_http_reply   reply;
  int64_t                begin = pb_clock_mono_ms();
  pb_error_t             err   = {0};

  (void)state;
  assert_false(ask(&request, "/hang", &reply, &err));
  assert_int_equal(err.kind, PB_RETRY);
  request = (struct pb_http_request){.stall_ms = 300};
  assert_false(ask(&request, "/hang", &reply, &err));
  assert_int_equal(err.kind, PB_RETRY);
  assert_non_null(strstr(err.message, "too long"));
  assert_true(pb_clock_mono_ms() - begin < 5000);
}

// Somebody else has found the peer silent: only what was silent for long by then is given up.
static void
test_doubt(void **state)
{
  static const struct
  {
    int64_t     doubt_in_ms;
    const char *want;
  } rows[] = {
    {20000, "given up"},
    {0,     "too long"},
    {-1000, "too long"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    atomic_llong           doubted_ms = pb_clock_mono_ms() + rows[i].doubt_in_ms;
    struct pb_http_request request    = {.stall_ms = 1000, .doubted_ms = &doubted_ms};
    struct pb_http_reply   reply;
    pb_error_t             err = {0};

    assert_false(ask(&request, "/hang", &reply, &err));
    assert_int_equal(err.kind, PB_RETRY);
    if (strstr(err.message, rows[i].want) == NULL)
      fail_msg("row %zu: %s", i, err.message);
  }
}

static void
test_urls_refused(void **state)
{
  static const char *const urls[] = {"http://localhost/",
                                     "file:///etc/passwd",
                                     "ftp://localhost/",
                                     "https://u:p@localhost/",
                                     "localhost",
                                     "",
                                     "https://",
                                     "https://a\nb/",
                                     "https://localhost:99999/",
                                     "ipp://localhost/"};

  (void)state;
  for (size_t i = 0; i < sizeof(urls) / sizeof *urls; i++)
  {
    struct pb_http_request request = {.method = "GET", .url = urls[i]};
    struct pb_http_reply   reply;
    pb_error_t             err = {0};

    if (pb_http_perform(client.http, &request, &reply, &err) || err.kind != PB_CONFIG)
      fail_msg("\"%s\": %s: %s", urls[i], pb_error_kind_name(err.kind), err.message);
  }
}

static void
test_ipps(void **state)
{
  struct pb_http_request request = {.method = "GET"};
  struct pb_http_reply   reply;
  char                   url[64];
  pb_error_t             err = {0};

  (void)state;
  (void)snprintf(url, sizeof(url), "ipps://127.0.0.1:%d/hello", client.server.port);
  request.url = url;
  check_ok(pb_http_perform(client.http, &request, &reply, &err), err);
  assert_int_equal(reply.status, 200);
  pb_http_reply_clear(&reply);
  request.url = "ipps://127.0.0.1/x";  // nobody is there; the message says where it went
  assert_false(pb_http_perform(client.http, &request, &reply, &err));
  assert_non_null(strstr(err.message, "127.0.0.1:631"));
  assert_int_equal(err.kind, PB_RETRY);
}

enum trusted
{
  TRUST_PIN,
  TRUST_PIN_COLONS,
  TRUST_LEAF_PIN,
  TRUST_CA_FILE,
  TRUST_SYSTEM,
  TRUST_WRONG_PIN,
  TRUST_WRONG_FILE
};

static void
set_trust(struct pb_http_trust *trust, enum trusted trusted, char colons[128])
{
  static char wrong_pin[PB_FINGERPRINT_SIZE];

  memset(trust, 0, sizeof(*trust));
  if (trusted == TRUST_PIN)
    trust->ca_fingerprint = client.server.fingerprint;
  if (trusted == TRUST_PIN_COLONS)
  {
    char *to = colons;

    for (size_t i = 0; i < 64; i++)
    {
      if (i > 0 && i % 2 == 0)
        *to++ = ':';
      *to++ = client.server.fingerprint[i];
    }
    *to                   = '\0';
    trust->ca_fingerprint = colons;
  }
  if (trusted == TRUST_LEAF_PIN)
    trust->ca_fingerprint = client.server.leaf_fingerprint;
  if (trusted == TRUST_CA_FILE)
    trust->ca_file = client.server.ca_file;
  if (trusted == TRUST_WRONG_PIN)
  {
    memset(wrong_pin, '0', 64);
    trust->ca_fingerprint = wrong_pin;
    trust->ca_file        = client.server.ca_file;  // must not help
  }
  if (trusted == TRUST_WRONG_FILE)
    trust->ca_file = "/etc/hostname";
}

static void
test_trust(void **state)
{
  static const struct
  {
    const char    *name;
    enum cert_kind cert;
    enum trusted   trusted;
    const char    *want;  // in the message; NULL: it works
  } rows[] = {
    {"pin",                 CERT_GOOD,         TRUST_PIN,        NULL                                           },
    {"pin with colons",     CERT_GOOD,         TRUST_PIN_COLONS, NULL                                           },
    {"pin of the leaf",     CERT_GOOD,         TRUST_LEAF_PIN,   NULL                                           },
    {"CA file",             CERT_GOOD,         TRUST_CA_FILE,    NULL                                           },
    {"system",              CERT_GOOD,         TRUST_SYSTEM,     "CA is not trusted here"                       },
    {"wrong pin",           CERT_GOOD,         TRUST_WRONG_PIN,  "pinned fingerprint"                           },
    {"wrong file",          CERT_GOOD,         TRUST_WRONG_FILE, "localhost"                                    },
    {"expired, pin",        CERT_EXPIRED,      TRUST_PIN,        "expired"                                      },
    {"expired, file",       CERT_EXPIRED,      TRUST_CA_FILE,    "expired"                                      },
    {"not yet valid, pin",  CERT_FUTURE,       TRUST_PIN,        "not yet valid: is this machine's clock right?"},
    {"not yet valid, file", CERT_FUTURE,       TRUST_CA_FILE,
     "not yet valid: is this machine's clock right?"                                                            },
    {"renewed CA, pin",     CERT_RENEWED_CA,   TRUST_PIN,        NULL                                           },
    {"renewed CA, file",    CERT_RENEWED_CA,   TRUST_CA_FILE,    NULL                                           },
    {"another CA, pin",     CERT_EXCHANGED_CA, TRUST_PIN,        "localhost"                                    },
    {"other name, pin",     CERT_OTHER_NAME,   TRUST_PIN,        "name"                                         },
    {"other name, file",    CERT_OTHER_NAME,   TRUST_CA_FILE,    "name"                                         },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    struct pb_http_trust   trust;
    struct pb_http_request request = {0};
    struct pb_http_reply   reply;
    char                   colons[128];
    pb_error_t             err = {0};
    bool                   ok  = false;

    tls_server_start(&client.server, rows[i].cert, answer);
    set_trust(&trust, rows[i].trusted, colons);
    check_ok(pb_http_new(&trust, &client.http, &err), err);
    ok = ask(&request, "/hello", &reply, &err);
    if (ok != (rows[i].want == NULL))
      fail_msg("%s: %s", rows[i].name, err.message);
    if (rows[i].want != NULL &&
        (err.kind != PB_CONFIG || strstr(err.message, rows[i].want) == NULL))
      fail_msg("%s: %s: %s", rows[i].name, pb_error_kind_name(err.kind), err.message);
    if (ok)
      pb_http_reply_clear(&reply);
    else
      assert_int_equal(client.server.requests, 0);
    pb_http_free(client.http);
    tls_server_stop(&client.server);
  }
}

static void
test_pins_refused(void **state)
{
  static const char *const pins[] = {
    "", "00", "zz", ":", "0000000000000000000000000000000000000000000000000000000000000000f"};

  (void)state;
  for (size_t i = 0; i < sizeof(pins) / sizeof *pins; i++)
  {
    struct pb_http_trust trust = {.ca_fingerprint = pins[i]};
    pb_error_t           err   = {0};

    assert_false(pb_http_new(&trust, &client.http, &err));
    assert_int_equal(err.kind, PB_CONFIG);
  }
}

static void
test_nobody_there(void **state)
{
  pb_http_t             *http    = NULL;
  struct pb_http_request request = {.method = "GET", .url = "https://127.0.0.1:1/"};
  struct pb_http_reply   reply;
  pb_error_t             err = {0};

  (void)state;
  check_ok(pb_http_new(NULL, &http, &err), err);
  assert_false(pb_http_perform(http, &request, &reply, &err));
  assert_int_equal(err.kind, PB_RETRY);
  assert_non_null(strstr(err.message, "127.0.0.1:1"));
  pb_http_free(http);
}

int
main(void)
{
#define SERVED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    SERVED(test_get),
    SERVED(test_headers),
    SERVED(test_post),
    SERVED(test_chunked_upload),
    SERVED(test_sink),
    SERVED(test_reply_cap),
    SERVED(test_cut_replies),
    SERVED(test_body_until_close),
    SERVED(test_stop),
    SERVED(test_time_outs),
    SERVED(test_doubt),
    SERVED(test_urls_refused),
    SERVED(test_ipps),
    cmocka_unit_test(test_trust),
    cmocka_unit_test(test_pins_refused),
    cmocka_unit_test(test_nobody_there),
  };
  static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

  for (size_t i = 0; i < sizeof(names) / sizeof *names; i++)
    unsetenv(names[i]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
