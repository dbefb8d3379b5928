// tunnel_test - two sessions of a tunnel: messages, order, pings, a dead peer, goodbye.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel-rig.h"

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

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_push_rows),
    cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_queue_full, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_refusing_connector, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_pings, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_dead_peer, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_slow_line, set_up, tear_down),
    cmocka_unit_test(test_shutdown),
    cmocka_unit_test_setup_teardown(test_drain_limit, set_up, tear_down)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
