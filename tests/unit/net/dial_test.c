// dial_test - the connector's dial against a TLS server that answers as each test wants.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/tls-server.h"

#include "base/text.h"
#include "net/dial.h"
#include "net/tunnel.h"

#define WAIT_MS 20000

struct bench
{
  struct tls_server    server;
  struct pb_http_trust trust;
  char                 url[64];
  pthread_mutex_t      mutex;
  pthread_cond_t       changed;
  // under the mutex
  int                tokens, fresh_tokens;
  enum pb_error_kind token_fails;
  enum pb_dial_state state;
  int                states, ups;
  char               why[PB_ERROR_MESSAGE_SIZE];
  int                messages;
  bool               saw_goaway;
  // what the server does
  const char *reply;        // instead of a tunnel
  bool        wants_fresh;  // 401 unless the token is a fresh one
  bool        is_silent;
  atomic_bool cuts;  // the next tunnel ends after its message
};

static struct bench bench;

static bool
get_token(void *user, bool is_fresh, pb_secret_t *token_out, pb_error_t *err)
{
  struct bench *b    = user;
  const char   *text = is_fresh ? "fresh-token" : "stale-token";

  pthread_mutex_lock(&b->mutex);
  b->tokens++;
  b->fresh_tokens += is_fresh;
  enum pb_error_kind fails = b->token_fails;
  pthread_mutex_unlock(&b->mutex);
  if (fails != PB_OK)
    return pb_error_set(err, fails, "no token");
  return pb_secret_set(token_out, text, strlen(text), err);
}

static bool
on_message(void *user, const void *message, size_t size)
{
  struct bench *b = user;

  assert_int_equal(size, 5);
  assert_memory_equal(message, "hello", 5);
  pthread_mutex_lock(&b->mutex);
  b->messages++;
  pthread_cond_broadcast(&b->changed);
  pthread_mutex_unlock(&b->mutex);
  return true;
}

static void
on_state(void *user, enum pb_dial_state state, const char *why)
{
  struct bench *b = user;

  pthread_mutex_lock(&b->mutex);
  b->state = state;
  b->states++;
  b->ups += state == PB_DIAL_UP;
  pb_text_copy(b->why, sizeof(b->why), why);
  pthread_cond_broadcast(&b->changed);
  pthread_mutex_unlock(&b->mutex);
}

static const struct pb_dial_ops ops = {get_token, on_message, on_state};

// Waits until the count is reached, and the state is that one.
static void
await(struct bench *b, const int *count, int want, enum pb_dial_state state)
{
  struct timespec until;

  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += WAIT_MS / 1000;
  pthread_mutex_lock(&b->mutex);
  while (*count < want || b->state != state)
  {
    if (pthread_cond_timedwait(&b->changed, &b->mutex, &until) != 0)
    {
      pthread_mutex_unlock(&b->mutex);
      fail_msg("count %d, not %d; state %d (%s), not %d", *count, want, (int)b->state, b->why,
               (int)state);
    }
  }
  pthread_mutex_unlock(&b->mutex);
}

static bool
write_all(SSL *ssl, const void *data, size_t size)
{
  return size == 0 || SSL_write(ssl, data, (int)size) == (int)size;
}

static void
count_answer(void *user, int status)
{
  if (status == 200)
    ++*(int *)user;
}

// The service's end of one tunnel: one message, and then until the connector goes, or at once when
// it shall be cut.
static void
serve_tunnel(struct bench *b, SSL *ssl)
{
  const struct pb_tunnel_ops service = {.on_answer = count_answer};
  pb_tunnel_t               *tunnel  = NULL;
  pb_error_t                 err     = {0};
  int                        answers = 0;
  char                       data[4096];

  if (!pb_tunnel_new(PB_TUNNEL_SERVICE, &service, &answers, /*now_ms*/ 1, &tunnel, &err) ||
      !pb_tunnel_push(tunnel, "hello", 5, &err))
    abort();
  for (;;)
  {
    const void *out = NULL;
    bool        ok  = true;

    for (size_t size = pb_tunnel_take(tunnel, &out); ok && size > 0;
         size        = pb_tunnel_take(tunnel, &out))
      ok = write_all(ssl, out, size);
    if (!ok || (answers > 0 && atomic_exchange(&b->cuts, false)))
      break;
    int got = SSL_read(ssl, data, sizeof(data));
    if (got <= 0 || !pb_tunnel_receive(tunnel, data, (size_t)got, /*now_ms*/ 1, &err))
      break;
    if (pb_tunnel_is_ending(tunnel))
    {
      pthread_mutex_lock(&b->mutex);
      b->saw_goaway = true;
      pthread_mutex_unlock(&b->mutex);
    }
  }
  pb_tunnel_free(tunnel);
}

static bool
answer(struct tls_server *server, SSL *ssl, const char *head)
{
  static const char switching[] =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ptth\r\n\r\n";
  static const char denied[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
  struct bench     *b        = &bench;
  char              host[64];

  (void)server;
  pb_text_format(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n", b->server.port);
  if (strncmp(head, "GET /tunnel HTTP/1.1\r\n", 22) != 0 || strstr(head, host) == NULL ||
      strstr(head, "\r\nUpgrade: ptth\r\n") == NULL || strstr(head, "\r\nALPN: h2\r\n") == NULL ||
      strstr(head, "\r\nConnection: Upgrade\r\n") == NULL ||
      strstr(head, "\r\nAuthorization: Bearer ") == NULL)
    abort();
  if (b->is_silent)
    return true;
  if (b->reply != NULL)
    return write_all(ssl, b->reply, strlen(b->reply)) && false;
  if (b->wants_fresh && strstr(head, "Bearer fresh-token\r\n") == NULL)
    return write_all(ssl, denied, sizeof(denied) - 1) && false;
  if (write_all(ssl, switching, sizeof(switching) - 1))
    serve_tunnel(b, ssl);
  return false;
}

static int
set_up(void **state)
{
  struct bench *b = &bench;

  memset(b, 0, sizeof(*b));
  pthread_mutex_init(&b->mutex, NULL);
  pthread_cond_init(&b->changed, NULL);
  tls_server_start(&b->server, CERT_GOOD, answer);
  b->trust.ca_file = b->server.ca_file;
  b->trust.proxy   = "";
  pb_text_format(b->url, sizeof(b->url), "https://127.0.0.1:%d", b->server.port);
  *state = b;
  return 0;
}

static int
tear_down(void **state)
{
  struct bench *b = *state;

  tls_server_stop(&b->server);
  pthread_cond_destroy(&b->changed);
  pthread_mutex_destroy(&b->mutex);
  return 0;
}

static pb_dial_t *
start(struct bench *b)
{
  pb_dial_t *dial = NULL;
  pb_error_t err  = {0};

  check_ok(pb_dial_start(b->url, &b->trust, &ops, b, &dial, &err), err);
  return dial;
}

static void
test_up(void **state)
{
  struct bench *b    = *state;
  pb_dial_t    *dial = start(b);

  await(b, &b->messages, 1, PB_DIAL_UP);
  pb_dial_stop(dial);
  while (atomic_load(&b->server.connections) > 0)
    poll(NULL, 0, 1);
  assert_true(b->saw_goaway);
  assert_int_equal(b->fresh_tokens, 0);
}

static void
test_answers(void **state)
{
  static const struct
  {
    const char        *reply;
    enum pb_dial_state want;
    int                want_tokens;
  } rows[] = {
    {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",                                PB_DIAL_DENIED,  2},
    {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",                                   PB_DIAL_DENIED,  1},
    {"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",                            PB_DIAL_REFUSED, 1},
    {"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno\n",                             PB_DIAL_REFUSED, 1},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",                                   PB_DIAL_REFUSED, 1},
    {"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n",                             PB_DIAL_REFUSED, 1},
    {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlogin\n",                                   PB_DIAL_REFUSED, 1},
    {"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\nContent-Length: 0\r\n\r\n",           PB_DIAL_REFUSED,
     1                                                                                                          },
    {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
     PB_DIAL_REFUSED,                                                                                          1},
    {"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
     PB_DIAL_REFUSED,                                                                                          1},
    {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",                         PB_DIAL_DOWN,    1},
    {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",                                 PB_DIAL_DOWN,    1},
    {"SSH-2.0-OpenSSH\r\n\r\n",                                                               PB_DIAL_DOWN,    1},
    {"",                                                                                      PB_DIAL_DOWN,    1},
  };
  struct bench *b = *state;

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    b->reply  = rows[i].reply;
    b->tokens = b->states = 0;
    pb_dial_t *dial       = start(b);
    await(b, &b->states, 1, rows[i].want);
    pthread_mutex_lock(&b->mutex);
    int tokens = b->tokens;
    pthread_mutex_unlock(&b->mutex);
    pb_dial_stop(dial);
    // When it is DOWN the next try may have begun.
    if (rows[i].want != PB_DIAL_DOWN && tokens != rows[i].want_tokens)
      fail_msg("%s: %d tokens", rows[i].reply, tokens);
    assert_true(b->why[0] != '\0');
  }
}

static void
test_fresh_token(void **state)
{
  struct bench *b = *state;

  b->wants_fresh  = true;
  pb_dial_t *dial = start(b);
  await(b, &b->messages, 1, PB_DIAL_UP);
  assert_int_equal(b->states, 1);  // nobody hears of the stale one
  assert_int_equal(b->fresh_tokens, 1);
  pb_dial_stop(dial);
}

// A tunnel that breaks is up again at once.
static void
test_blip(void **state)
{
  struct bench *b    = *state;
  pb_dial_t    *dial = NULL;

  atomic_store(&b->cuts, true);
  dial             = start(b);
  int64_t since_ms = pb_clock_mono_ms();
  await(b, &b->messages, 2, PB_DIAL_UP);
  assert_int_equal(b->ups, 2);
  assert_true(pb_clock_mono_ms() - since_ms < 10000);
  pb_dial_stop(dial);
}

static void
test_no_token(void **state)
{
  static const struct
  {
    enum pb_error_kind fails;
    enum pb_dial_state want;
  } rows[] = {
    {PB_AUTH,  PB_DIAL_DENIED},
    {PB_RETRY, PB_DIAL_DOWN  }
  };
  struct bench *b = *state;

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    b->states       = 0;
    b->token_fails  = rows[i].fails;
    pb_dial_t *dial = start(b);
    await(b, &b->states, 1, rows[i].want);
    pb_dial_stop(dial);
    assert_string_equal(b->why, "no token");
  }
}

static void
test_untrusted(void **state)
{
  struct bench *b = *state;
  static char   other[PB_FINGERPRINT_SIZE];

  memset(other, 'a', sizeof(other) - 1);
  b->trust.ca_file        = NULL;
  b->trust.ca_fingerprint = other;
  pb_dial_t *dial         = start(b);
  await(b, &b->states, 1, PB_DIAL_DOWN);
  pb_dial_stop(dial);
  assert_int_equal(b->server.requests, 0);  // the token never left
  assert_int_equal(b->ups, 0);
}

static void
test_stop_while_silent(void **state)
{
  struct bench *b = *state;

  b->is_silent    = true;
  pb_dial_t *dial = start(b);
  while (atomic_load(&b->server.requests) == 0)
    poll(NULL, 0, 1);
  int64_t since_ms = pb_clock_mono_ms();
  pb_dial_stop(dial);
  assert_true(pb_clock_mono_ms() - since_ms < 5000);
  assert_int_equal(b->states, 0);
}

static void
test_urls(void **state)
{
  static const char *const bad[] = {"",
                                    "host",
                                    "http://host",
                                    "https://",
                                    "https:///",
                                    "https://user@host",
                                    "https://host/path",
                                    "https://ho st",
                                    "https://host\r\nX: y"};
  struct bench            *b     = *state;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
  {
    pb_dial_t *dial = NULL;
    pb_error_t err  = {0};
    if (pb_dial_start(bad[i], &b->trust, &ops, b, &dial, &err))
      fail_msg("%s: taken", bad[i]);
    assert_int_equal(err.kind, PB_CONFIG);
  }
}

int
main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    ROW(test_up),       ROW(test_answers),   ROW(test_fresh_token),       ROW(test_blip),
    ROW(test_no_token), ROW(test_untrusted), ROW(test_stop_while_silent), ROW(test_urls),
  };
#undef ROW

  return cmocka_run_group_tests(tests, NULL, NULL);
}
