// tunnel-hostile_test - what a hostile or broken peer gets from the connector's end of a tunnel.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel-rig.h"

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
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_floods), cmocka_unit_test(test_garbage),
                                     cmocka_unit_test(test_requests)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
