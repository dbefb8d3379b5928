// tunnel_test - two sessions wired to each other in memory, with a clock that the test moves; and
// hostile peers. SPDX-FileCopyrightText: The Printbridge authors SPDX-License-Identifier:
// Apache-2.0
#include "check.h"

#include "base/buffer.h"
#include "net/tunnel-state.h"
#include "net/tunnel.h"

struct side
{
  pb_tunnel_t *tunnel;
  pb_buffer_t  got;  // first bytes of each message
  int          messages;
  size_t       bytes;
  int          answers;
  int          last_status;
  bool         refuses;
};

struct pair
{
  struct side service, connector;
  int64_t     now_ms;
};

static bool
on_message(void *user, const void *message, size_t size)
{
  struct side *side = user;
  pb_error_t   err  = {0};

  check_ok(pb_buffer_append(&side->got, message, 1, &err), err);
  side->messages++;
  side->bytes += size;
  return !side->refuses;
}

static void
on_answer(void *user, int status)
{
  struct side *side = user;

  side->answers++;
  side->last_status = status;
}

static void
open_side(struct side *side, enum pb_tunnel_end end, int64_t now_ms)
{
  const struct pb_tunnel_ops ops = {on_message, on_answer};
  pb_error_t                 err = {0};

  pb_buffer_init(&side->got, 100000);
  check_ok(pb_tunnel_new(end, &ops, side, now_ms, &side->tunnel, &err), err);
}

static int
set_up(void **state)
{
  struct pair *pair = calloc(1, sizeof(*pair));

  pair->now_ms = 1000000;
  open_side(&pair->service, PB_TUNNEL_SERVICE, pair->now_ms);
  open_side(&pair->connector, PB_TUNNEL_CONNECTOR, pair->now_ms);
  *state = pair;
  return 0;
}

static int
tear_down(void **state)
{
  struct pair *pair = *state;

  pb_tunnel_free(pair->service.tunnel);
  pb_tunnel_free(pair->connector.tunnel);
  pb_buffer_clear(&pair->service.got);
  pb_buffer_clear(&pair->connector.got);
  free(pair);
  return 0;
}

// Carries what `from` has to say, in pieces of `piece` bytes; returns how many bytes that were.
static size_t
carry(pb_tunnel_t *from, pb_tunnel_t *to, size_t piece, int64_t now_ms)
{
  size_t      total = 0;
  const void *data  = NULL;
  pb_error_t  err   = {0};

  for (size_t size = pb_tunnel_take(from, &data); size > 0; size = pb_tunnel_take(from, &data))
  {
    total += size;
    for (size_t at = 0; at < size; at += piece)
    {
      size_t part = size - at < piece ? size - at : piece;
      check_ok(pb_tunnel_receive(to, (const char *)data + at, part, now_ms, &err), err);
    }
  }
  return total;
}

static void
settle(struct pair *pair, size_t piece)
{
  while (carry(pair->service.tunnel, pair->connector.tunnel, piece, pair->now_ms) +
           carry(pair->connector.tunnel, pair->service.tunnel, piece, pair->now_ms) >
         0)
    ;
}

static void
push(struct pair *pair, char first, size_t size)
{
  char      *message = calloc(1, size);
  pb_error_t err     = {0};

  message[0] = first;
  check_ok(pb_tunnel_push(pair->service.tunnel, message, size, &err), err);
  free(message);
}

static void
test_push_rows(void **state)
{
  static const struct
  {
    const char *name;
    size_t      size, piece;
    int         count;
  } rows[] = {
    {"small",        300,                   65536, 1  },
    {"byte by byte", 300,                   1,     3  },
    {"many",         1000,                  4096,  500},
    {"largest",      PB_TUNNEL_MESSAGE_MAX, 16384, 4  },
    {"one byte",     1,                     65536, 2  },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    void *other = NULL;

    set_up(&other);
    struct pair *pair = other;
    for (int n = 0; n < rows[i].count; n++)
      push(pair, (char)('a' + n % 26), rows[i].size);
    settle(pair, rows[i].piece);
    if (pair->connector.messages != rows[i].count || pair->service.answers != rows[i].count)
      fail_msg("%s: %d messages, %d answers", rows[i].name, pair->connector.messages,
               pair->service.answers);
    assert_int_equal(pair->service.last_status, 200);
    assert_int_equal(pair->connector.bytes, rows[i].size * (size_t)rows[i].count);
    for (int n = 0; n < rows[i].count; n++)
      assert_int_equal(pair->connector.got.data[n], 'a' + n % 26);
    assert_int_equal(pb_tunnel_waiting(pair->service.tunnel), 0);
    tear_down(&other);
  }
}

// Large and small messages keep their order.
static void
test_order(void **state)
{
  struct pair *pair = *state;

  for (int i = 0; i < 60; i++)
    push(pair, (char)('A' + i), i % 3 == 0 ? 100000 : 50);
  settle(pair, 1000);
  assert_int_equal(pair->connector.messages, 60);
  for (int i = 0; i < 60; i++)
    assert_int_equal(pair->connector.got.data[i], 'A' + i);
}

static void
test_queue_full(void **state)
{
  struct pair *pair = *state;
  static char  message[PB_TUNNEL_MESSAGE_MAX + 1];
  pb_error_t   err = {0};

  assert_false(pb_tunnel_push(pair->service.tunnel, message, sizeof(message), &err));
  assert_int_equal(err.kind, PB_REJECT);
  for (int i = 0; i < PB_TUNNEL_QUEUE_MAX / PB_TUNNEL_MESSAGE_MAX; i++)
    push(pair, 'x', PB_TUNNEL_MESSAGE_MAX);
  assert_false(pb_tunnel_push(pair->service.tunnel, message, 1, &err));
  assert_int_equal(err.kind, PB_RETRY);
  settle(pair, 16384);
  assert_int_equal(pair->connector.messages, 4);
  push(pair, 'y', 1);
}

static void
test_refusing_connector(void **state)
{
  struct pair *pair = *state;

  pair->connector.refuses = true;
  push(pair, 'x', 10);
  settle(pair, 1000);
  assert_int_equal(pair->service.answers, 1);
  assert_int_equal(pair->service.last_status, 503);
  pair->connector.refuses = false;
  push(pair, 'x', 10);
  settle(pair, 1000);
  assert_int_equal(pair->service.last_status, 200);
}

static void
test_pings(void **state)
{
  struct pair *pair = *state;
  pb_error_t   err  = {0};

  settle(pair, 1000);
  for (int round = 0; round < 20; round++)
  {
    int64_t next_ms = pb_tunnel_next_ms(pair->service.tunnel);
    assert_in_range(next_ms - pair->now_ms, PB_TUNNEL_PING_MS * 8 / 10,
                    PB_TUNNEL_PING_MS * 12 / 10);
    check_ok(pb_tunnel_tick(pair->service.tunnel, next_ms - 1, &err), err);
    assert_int_equal(carry(pair->service.tunnel, pair->connector.tunnel, 1000, pair->now_ms), 0);

    pair->now_ms = next_ms;
    check_ok(pb_tunnel_tick(pair->service.tunnel, pair->now_ms, &err), err);
    check_ok(pb_tunnel_tick(pair->connector.tunnel, pair->now_ms, &err), err);
    assert_true(carry(pair->service.tunnel, pair->connector.tunnel, 1000, pair->now_ms) >= 17);
    settle(pair, 1000);
  }
}

static void
test_dead_peer(void **state)
{
  struct pair *pair = *state;
  pb_error_t   err  = {0};
  const void  *data = NULL;

  settle(pair, 1000);
  for (int i = 0; i < 2; i++)
  {
    pb_tunnel_t *tunnel  = i == 0 ? pair->service.tunnel : pair->connector.tunnel;
    int64_t      ping_ms = pb_tunnel_next_ms(tunnel);

    check_ok(pb_tunnel_tick(tunnel, ping_ms, &err), err);
    assert_int_equal(pb_tunnel_take(tunnel, &data), 17);  // and nobody gets it
    assert_int_equal(pb_tunnel_next_ms(tunnel), ping_ms + PB_TUNNEL_ANSWER_MS);
    check_ok(pb_tunnel_tick(tunnel, ping_ms + PB_TUNNEL_ANSWER_MS - 1, &err), err);
    assert_false(pb_tunnel_tick(tunnel, ping_ms + PB_TUNNEL_ANSWER_MS, &err));
    assert_int_equal(err.kind, PB_RETRY);
  }
}

// While bytes come, the answer may stand behind them; but not for ever.
static void
test_slow_line(void **state)
{
  struct pair *pair = *state;
  pb_error_t   err  = {0};
  const void  *data = NULL;

  settle(pair, 1000);
  int64_t ping_ms = pb_tunnel_next_ms(pair->connector.tunnel);
  check_ok(pb_tunnel_tick(pair->connector.tunnel, ping_ms, &err), err);
  assert_int_equal(pb_tunnel_take(pair->connector.tunnel, &data), 17);
  for (int64_t after_ms = 5000; after_ms < 60000; after_ms += 5000)
  {
    pair->now_ms = ping_ms + after_ms;
    push(pair, 'x', 10);
    settle(pair, 1000);
    check_ok(pb_tunnel_tick(pair->connector.tunnel, pair->now_ms, &err), err);
    assert_true(pb_tunnel_next_ms(pair->connector.tunnel) > pair->now_ms);
  }
  assert_false(pb_tunnel_tick(pair->connector.tunnel, ping_ms + 60000, &err));
}

static void
test_shutdown(void **state)
{
  (void)state;
  for (int i = 0; i < 2; i++)
  {
    void *other = NULL;
    set_up(&other);
    struct pair *pair  = other;
    struct side *first = i == 0 ? &pair->service : &pair->connector;
    struct side *last  = i == 0 ? &pair->connector : &pair->service;
    pb_error_t   err   = {0};

    push(pair, 'x', 100000);
    carry(pair->service.tunnel, pair->connector.tunnel, 1000, pair->now_ms);
    assert_false(pb_tunnel_is_ending(first->tunnel));
    pb_tunnel_shutdown(first->tunnel, pair->now_ms);
    assert_true(pb_tunnel_is_ending(first->tunnel));
    settle(pair, 1000);
    assert_int_equal(pair->service.answers, 1);  // what was under way has ended well
    assert_int_equal(pair->service.last_status, 200);
    assert_true(pb_tunnel_is_ending(last->tunnel));
    assert_true(pb_tunnel_is_done(first->tunnel));
    assert_true(pb_tunnel_is_done(last->tunnel));
    assert_false(pb_tunnel_push(pair->service.tunnel, "x", 1, &err));
    assert_int_equal(err.kind, PB_GONE);
    tear_down(&other);
  }
}

static void
test_drain_limit(void **state)
{
  struct pair *pair = *state;
  pb_error_t   err  = {0};

  settle(pair, 1000);
  push(pair, 'x', 10);
  const void *data = NULL;
  while (pb_tunnel_take(pair->service.tunnel, &data) > 0)
    ;  // the answer never comes
  pb_tunnel_shutdown(pair->service.tunnel, pair->now_ms);
  while (pb_tunnel_take(pair->service.tunnel, &data) > 0)
    ;
  assert_false(pb_tunnel_is_done(pair->service.tunnel));
  assert_true(pb_tunnel_next_ms(pair->service.tunnel) <= pair->now_ms + PB_TUNNEL_DRAIN_MS);
  assert_false(pb_tunnel_tick(pair->service.tunnel, pair->now_ms + PB_TUNNEL_DRAIN_MS, &err));
}

// --- hostile peers, as raw frames
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
#define PREFACE_SIZE 33

static size_t
put_frame(char *dst, int type, int flags, uint32_t stream, const void *payload, size_t size)
{
  const char head[9] = {(char)(size >> 16),   (char)(size >> 8),   (char)size,
                        (char)type,           (char)flags,         (char)(stream >> 24),
                        (char)(stream >> 16), (char)(stream >> 8), (char)stream};

  memcpy(dst, head, 9);
  if (size > 0)
    memcpy(dst + 9, payload, size);
  return 9 + size;
}

static void
test_floods(void **state)
{
  static const struct
  {
    const char *name;
    int         type, flags, stream;
    size_t      size;
  } rows[] = {
    {"ping",         6, 0, 0, 8},
    {"settings",     4, 0, 0, 0},
    {"ping answers", 6, 1, 0, 8},
    {"priority",     2, 0, 1, 5},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    void *other = NULL;
    set_up(&other);
    struct pair *pair       = other;
    pb_error_t   err        = {0};
    char         frame[32]  = {0};
    char         payload[8] = {0};
    size_t size  = put_frame(frame, rows[i].type, rows[i].flags, (uint32_t)rows[i].stream, payload,
                             rows[i].size);
    int    taken = 0;
    bool   ok    = pb_tunnel_receive(pair->connector.tunnel, PREFACE, PREFACE_SIZE, 0, &err);

    assert_true(ok);
    while (ok && taken < 5000)
    {
      ok = pb_tunnel_receive(pair->connector.tunnel, frame, size, 0, &err);
      taken += ok;
    }
    if (ok || taken < 20)
      fail_msg("%s: %d taken", rows[i].name, taken);
    assert_int_equal(err.kind, PB_REJECT);
    tear_down(&other);

    // An honest pace is never too much.
    set_up(&other);
    pair = other;
    assert_true(pb_tunnel_receive(pair->connector.tunnel, PREFACE, PREFACE_SIZE, 0, &err));
    for (int n = 0; n < 1000; n++)
    {
      const void *data = NULL;
      check_ok(pb_tunnel_receive(pair->connector.tunnel, frame, size, pair->now_ms + n * 100, &err),
               err);
      while (pb_tunnel_take(pair->connector.tunnel, &data) > 0)
        ;
    }
    tear_down(&other);
  }
}

static void
test_garbage(void **state)
{
  static const struct
  {
    const char *name;
    const char *bytes;
    size_t      size;
    bool        preface;
  } rows[] = {
    {"HTTP/1.1",                  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",                27, false},
    {"zeroes",                    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, false},
    {"huge frame",                "\xff\xff\xff\0\0\0\0\0\1",                         9,  true },
    {"data without a stream",     "\0\0\1\0\0\0\0\0\1x",                              10, true },
    {"continuation out of place", "\0\0\0\x9\0\0\0\0\1",                              9,  true },
    {"headers that are no HPACK", "\0\0\4\1\5\0\0\0\1\xff\xff\xff\xff",               13, true },
    {"headers on an even stream", "\0\0\1\1\5\0\0\0\2\x82",                           10, true },
    {"window over 2^31",          "\0\0\4\x8\0\0\0\0\0\x7f\xff\xff\xff",              13, true },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    void *other = NULL;
    set_up(&other);
    struct pair *pair = other;
    pb_error_t   err  = {0};
    const void  *data = NULL;

    if (rows[i].preface)
      assert_true(pb_tunnel_receive(pair->connector.tunnel, PREFACE, PREFACE_SIZE, 0, &err));
    bool ok = pb_tunnel_receive(pair->connector.tunnel, rows[i].bytes, rows[i].size, 0, &err);
    while (ok && pb_tunnel_take(pair->connector.tunnel, &data) > 0)
      ;
    // What nghttp2 answers with a GOAWAY shows with the next bytes at the latest.
    ok = ok && pb_tunnel_receive(pair->connector.tunnel, "", 0, 0, &err);
    if (ok)
      fail_msg("%s: taken", rows[i].name);
    assert_int_equal(err.kind, PB_REJECT);
    assert_int_equal(pair->connector.messages, 0);
    tear_down(&other);
  }
}

// Requests that are not a push get their status.  A raw HTTP/2 client sends them.
struct client
{
  int    status;
  bool   has_body;
  size_t left;
};

static int
client_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
              size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags, void *user)
{
  (void)session, (void)frame, (void)name_size, (void)value_size, (void)flags;
  if (strcmp((const char *)name, ":status") == 0)
    ((struct client *)user)->status = atoi((const char *)value);
  return 0;
}

static ssize_t
client_body(nghttp2_session *session, int32_t id, uint8_t *dst, size_t room, uint32_t *flags,
            nghttp2_data_source *source, void *user)
{
  struct client *client = user;
  size_t         size   = client->left < room ? client->left : room;

  (void)session, (void)id, (void)source;
  memset(dst, 'x', size);
  client->left -= size;
  if (client->left == 0)
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)size;
}

static nghttp2_nv
make_header(const char *name, const char *value)
{
  return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
                      NGHTTP2_NV_FLAG_NONE};
}

static void
test_requests(void **state)
{
  static const struct
  {
    const char *name;
    const char *method, *path, *type;
    size_t      size;
    int         want, messages;
  } rows[] = {
    {"push",          "POST", "/events", "application/ipp", 100,                        200, 1},
    {"largest",       "POST", "/events", "application/ipp", PB_TUNNEL_MESSAGE_MAX,      200, 1},
    {"too large",     "POST", "/events", "application/ipp", PB_TUNNEL_MESSAGE_MAX + 1,  413, 0},
    {"far too large", "POST", "/events", "application/ipp", 64 * PB_TUNNEL_MESSAGE_MAX, 413, 0},
    {"empty",         "POST", "/events", "application/ipp", 0,                          400, 0},
    {"other path",    "POST", "/event",  "application/ipp", 100,                        404, 0},
    {"other method",  "PUT",  "/events", "application/ipp", 100,                        405, 0},
    {"other type",    "POST", "/events", "text/plain",      100,                        415, 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    void *other = NULL;
    set_up(&other);
    struct pair               *pair      = other;
    struct client              client    = {.left = rows[i].size};
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_session           *session   = NULL;
    pb_error_t                 err       = {0};
    nghttp2_nv headers[] = {make_header(":method", rows[i].method), make_header(":scheme", "https"),
                            make_header(":authority", "x"), make_header(":path", rows[i].path),
                            make_header("content-type", rows[i].type)};
    nghttp2_data_provider body = {.read_callback = client_body};

    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, client_header);
    nghttp2_session_client_new(&session, callbacks, &client);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
    assert_true(
      nghttp2_submit_request(session, NULL, headers, 5, rows[i].size > 0 ? &body : NULL, NULL) > 0);
    for (bool busy = true; busy;)
    {
      const void    *data = NULL;
      const uint8_t *sent = NULL;
      ssize_t        size = nghttp2_session_mem_send(session, &sent);

      if (size > 0)
        check_ok(pb_tunnel_receive(pair->connector.tunnel, sent, (size_t)size, 0, &err), err);
      busy = size > 0;
      for (size_t got = pb_tunnel_take(pair->connector.tunnel, &data); got > 0;
           got        = pb_tunnel_take(pair->connector.tunnel, &data))
      {
        assert_int_equal(nghttp2_session_mem_recv(session, data, got), got);
        busy = true;
      }
    }
    if (client.status != rows[i].want || pair->connector.messages != rows[i].messages)
      fail_msg("%s: %d, %d messages", rows[i].name, client.status, pair->connector.messages);
    assert_null(pair->connector.tunnel->streams);
    assert_int_equal(pair->connector.tunnel->bodies, 0);
    nghttp2_session_del(session);
    nghttp2_session_callbacks_del(callbacks);
    tear_down(&other);
  }
}

int
main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_push_rows),
    ROW(test_order),
    ROW(test_queue_full),
    ROW(test_refusing_connector),
    ROW(test_pings),
    ROW(test_dead_peer),
    ROW(test_slow_line),
    cmocka_unit_test(test_shutdown),
    ROW(test_drain_limit),
    cmocka_unit_test(test_floods),
    cmocka_unit_test(test_garbage),
    cmocka_unit_test(test_requests),
  };
#undef ROW

  return cmocka_run_group_tests(tests, NULL, NULL);
}
