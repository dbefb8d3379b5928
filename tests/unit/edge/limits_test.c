// limits_test - what the edge cuts: slow heads, idle and stalled connections, too many of them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#define HOST "Host: localhost\r\n"
#define SHORT_MS 60

static atomic_int gone;

static void
reply_ok(pb_exchange_t *exchange)
{
  pb_exchange_reply(exchange, 200, NULL, "ok", 2);
}

static void
count_gone(pb_exchange_t *exchange)
{
  (void)exchange;
  atomic_fetch_add(&gone, 1);
}

static const struct pb_handler ok = {.on_end = reply_ok, .on_gone = count_gone};

static void
flood(pb_exchange_t *exchange)
{
  static const char block[65536];

  while (pb_exchange_has_room(exchange))
    pb_exchange_write(exchange, block, sizeof(block));
}

static void
flood_end(pb_exchange_t *exchange)
{
  pb_exchange_start(exchange, 200, NULL, -1);
  flood(exchange);
}

static const struct pb_handler endless = {
  .on_end = flood_end, .on_writable = flood, .on_gone = count_gone};

static void
wait_end(pb_exchange_t *exchange)
{
  pb_exchange_set_timer(exchange, 4 * SHORT_MS, reply_ok);
}

static const struct pb_handler waits = {.on_end = wait_end, .on_gone = count_gone};

static struct rig rig;

static void
start(const struct pb_edge_options *options)
{
  atomic_store(&gone, 0);
  rig_make(&rig, options);
  rig_add(&rig, "/", "GET POST", &ok, NULL);
  rig_add(&rig, "/endless", "GET", &endless, NULL);
  rig_add(&rig, "/waits", "GET", &waits, NULL);
  rig_start(&rig);
}

static int
tear_down(void **state)
{
  (void)state;
  rig_clear(&rig);
  return 0;
}

// The end of the connection, clean or not.
static void
expect_cut(struct client *client, int64_t since_ms, int64_t min_ms)
{
  char byte;

  assert_true(SSL_read(client->ssl, &byte, 1) <= 0);
  assert_true(rig_now_ms() - since_ms >= min_ms);
  assert_true(rig_now_ms() - since_ms < WAIT_MS);
}

static void
slow_handshake(void **state)
{
  int64_t since_ms = rig_now_ms();
  char    byte;
  int     fd;

  (void)state;
  start(&(struct pb_edge_options){.head_ms = SHORT_MS});
  fd = client_connect_tcp(pb_edge_port(rig.edge), 0);
  assert_int_equal(recv(fd, &byte, 1, 0), 0);
  assert_true(rig_now_ms() - since_ms >= SHORT_MS);
  close(fd);
}

static void
slow_head(void **state)
{
  struct client client;
  struct reply  reply;
  int64_t       since_ms;

  (void)state;
  start(&(struct pb_edge_options){.head_ms = SHORT_MS});
  client_open(&client, &rig);
  client_ask(&client, &reply, "GET / HTTP/1.1\r\n" HOST "\r\n");
  since_ms = rig_now_ms();
  client_send(&client, "GET / HTTP/1.1\r\n");
  expect_cut(&client, since_ms, SHORT_MS);
  client_close(&client);
}

static void
idle(void **state)
{
  struct client client;
  struct reply  reply;
  int64_t       since_ms;

  (void)state;
  start(&(struct pb_edge_options){.idle_ms = SHORT_MS});
  client_open(&client, &rig);
  client_ask(&client, &reply, "GET / HTTP/1.1\r\n" HOST "\r\n");
  since_ms = rig_now_ms();
  expect_cut(&client, since_ms, SHORT_MS - 20);
  client_close(&client);
  assert_int_equal(atomic_load(&gone), 1);
}

static void
stalled_upload(void **state)
{
  struct client client;
  int64_t       since_ms;

  (void)state;
  start(&(struct pb_edge_options){.stall_ms = SHORT_MS});
  client_open(&client, &rig);
  since_ms = rig_now_ms();
  client_send(&client, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab");
  expect_cut(&client, since_ms, SHORT_MS);
  client_close(&client);
  rig_await(&gone, 1);
}

static void
stalled_download(void **state)
{
  struct client client;

  (void)state;
  start(&(struct pb_edge_options){.stall_ms = SHORT_MS});
  assert_true(client_try(&client, pb_edge_port(rig.edge), 65536));
  client_send(&client, "GET /endless HTTP/1.1\r\n" HOST "\r\n");
  rig_await(&gone, 1);
  client_close(&client);
}

// A handler may take its time: no limit of ours runs meanwhile.
static void
slow_handler(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  start(&(struct pb_edge_options){.idle_ms = SHORT_MS, .head_ms = SHORT_MS, .stall_ms = SHORT_MS});
  client_open(&client, &rig);
  client_ask(&client, &reply, "GET /waits HTTP/1.1\r\n" HOST "\r\n");
  assert_int_equal(reply.status, 200);
  client_close(&client);
}

static void
check_too_many(const struct pb_edge_options *options)
{
  struct client clients[3], one_more;
  struct reply  reply;

  start(options);
  for (int i = 0; i < 3; i++)
  {
    client_open(&clients[i], &rig);
    client_ask(&clients[i], &reply, "GET / HTTP/1.1\r\n" HOST "\r\n");
  }
  assert_false(client_try(&one_more, pb_edge_port(rig.edge), 0));
  client_close(&one_more);
  client_ask(&clients[1], &reply, "GET / HTTP/1.1\r\n" HOST "\r\n");

  // One that goes makes room.
  client_ask(&clients[0], &reply, "GET / HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n");
  client_close(&clients[0]);
  for (int64_t end_ms = rig_now_ms() + WAIT_MS;
       !client_try(&clients[0], pb_edge_port(rig.edge), 0);)
  {
    client_close(&clients[0]);
    assert_true(rig_now_ms() < end_ms);
  }
  for (int i = 0; i < 3; i++)
    client_close(&clients[i]);
}

static void
too_many(void **state)
{
  (void)state;
  check_too_many(&(struct pb_edge_options){.connections_max = 3});
}

static void
too_many_per_address(void **state)
{
  (void)state;
  check_too_many(&(struct pb_edge_options){.connections_max = 100, .connections_per_address = 3});
}

static void
bad_address(void **state)
{
  static const char *const addresses[] = {"no such host", "192.0.2.1"};
  pb_error_t               err;

  (void)state;
  start(&(struct pb_edge_options){0});
  for (size_t i = 0; i < 2; i++)
  {
    pb_edge_t         *edge = NULL;
    struct ssl_ctx_st *tls  = NULL;

    check_ok(pb_edge_new(&(struct pb_edge_options){.address = addresses[i]}, &edge, &err), err);
    assert_false(pb_edge_start(edge, &err));
    assert_int_equal(err.kind, PB_BUG);  // no TLS
    check_ok(pb_tls_server_new(rig.chain, rig.key, &tls, &err), err);
    pb_edge_set_tls(edge, tls);
    assert_false(pb_edge_start(edge, &err));
    assert_int_equal(err.kind, PB_CONFIG);
    assert_non_null(strstr(err.message, addresses[i]));
    pb_edge_free(edge);
  }
}

int
main(void)
{
#define CASE(test) cmocka_unit_test_teardown(test, tear_down)
  const struct CMUnitTest tests[] = {
    CASE(slow_handshake),   CASE(slow_head),    CASE(idle),     CASE(stalled_upload),
    CASE(stalled_download), CASE(slow_handler), CASE(too_many), CASE(too_many_per_address),
    CASE(bad_address),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
