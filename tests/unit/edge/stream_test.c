// stream_test - upgraded connections, posts to them, and how the edge stops.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#define HOST "Host: localhost\r\n"
#define UPGRADE                                                                                    \
  "GET /tunnel HTTP/1.1\r\n" HOST "Connection: keep-alive, Upgrade\r\nUpgrade: ptth\r\n\r\n"

static struct rig       rig;
static atomic_int       opened, closed, exchanges_gone, shut_down, waiting;
static pb_exchange_id_t last_id;  // written before `opened` is counted

// --- a stream that says everything back; "bye" closes it
static void
echo_data(pb_stream_t *stream, void *user, const void *data, size_t size)
{
  (void)user;
  pb_stream_write(stream, data, size);
  if (size >= 3 && memcmp((const char *)data + size - 3, "bye", 3) == 0)
    pb_stream_close(stream);
}

static void
echo_timer(pb_stream_t *stream, void *user)
{
  (void)user;
  pb_stream_write(stream, "tick", 4);
}

static void
echo_shutdown(pb_stream_t *stream, void *user)
{
  (void)user;
  atomic_fetch_add(&shut_down, 1);
  pb_stream_write(stream, "goodbye", 7);
  pb_stream_close(stream);
}

static void
echo_closed(pb_stream_t *stream, void *user)
{
  (void)stream;
  assert_ptr_equal(user, &rig);
  atomic_fetch_add(&closed, 1);
}

static const struct pb_stream_ops echo = {.on_data     = echo_data,
                                          .on_timer    = echo_timer,
                                          .on_shutdown = echo_shutdown,
                                          .on_closed   = echo_closed};

static void
tunnel_head(pb_exchange_t *exchange, void *context)
{
  pb_stream_t *stream;

  pb_exchange_add_header(exchange, "ALPN", "h2");
  stream = pb_exchange_upgrade(exchange, "ptth", &echo, context);
  if (stream == NULL)
  {
    pb_exchange_reply(exchange, 426, NULL, NULL, 0);
    return;
  }
  last_id = pb_stream_get_id(stream);
  pb_stream_write(stream, "hello ", 6);
  atomic_fetch_add(&opened, 1);
}

static void
tunnel_gone(pb_exchange_t *exchange)
{
  (void)exchange;
  atomic_fetch_add(&exchanges_gone, 1);
}

static void
no_end(pb_exchange_t *exchange)
{
  (void)exchange;
}

static const struct pb_handler tunnel = {
  .on_head = tunnel_head, .on_end = no_end, .on_gone = tunnel_gone};

// --- a request that is answered when the test says so
static pb_exchange_id_t waiting_id;

static void
wait_end(pb_exchange_t *exchange)
{
  waiting_id = pb_exchange_get_id(exchange);
  atomic_fetch_add(&waiting, 1);
}

static const struct pb_handler waits = {.on_end = wait_end, .on_gone = tunnel_gone};

static int
set_up(void **state)
{
  (void)state;
  atomic_store(&opened, 0);
  atomic_store(&closed, 0);
  atomic_store(&exchanges_gone, 0);
  atomic_store(&shut_down, 0);
  atomic_store(&waiting, 0);
  rig_make(&rig, &(struct pb_edge_options){.stall_ms = 200});
  rig_add(&rig, "/tunnel", "GET", &tunnel, &rig);
  rig_add(&rig, "/waits", "GET", &waits, NULL);
  rig_start(&rig);
  return 0;
}

static int
tear_down(void **state)
{
  (void)state;
  rig_clear(&rig);
  return 0;
}

// Exactly these bytes come.
static void
expect_text(struct client *client, const char *want)
{
  size_t size = strlen(want);

  while (size > 0)
  {
    size_t piece;

    if (client->start == client->end)
      assert_true(client_fill(client));
    piece = client->end - client->start < size ? client->end - client->start : size;
    assert_memory_equal(client->input + client->start, want, piece);
    client->start += piece;
    want += piece;
    size -= piece;
  }
}

static void
open_stream(struct client *client)
{
  struct reply reply;

  client_open(client, &rig);
  client_ask(client, &reply, UPGRADE);
  assert_int_equal(reply.status, 101);
  assert_string_equal(reply.connection, "Upgrade");
  expect_text(client, "hello ");
}

static void
echoes(void **state)
{
  struct client client;

  (void)state;
  open_stream(&client);
  rig_await(&exchanges_gone, 1);
  for (int i = 0; i < 100; i++)
  {
    client_send(&client, "some bytes");
    expect_text(&client, "some bytes");
  }
  client_send(&client, "bye");
  expect_text(&client, "bye");
  client_expect_end(&client);
  client_close(&client);
  rig_await(&closed, 1);
}

// What comes behind the head in the same record is the stream's.
static void
takes_early_bytes(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  client_open(&client, &rig);
  client_ask(&client, &reply, UPGRADE "GET / early");
  assert_int_equal(reply.status, 101);
  expect_text(&client, "hello GET / early");
  client_close(&client);
  rig_await(&closed, 1);
  assert_int_equal(atomic_load(&exchanges_gone), 1);
}

static void
refuses_upgrades(void **state)
{
  static const char *const rows[] = {
    "GET /tunnel HTTP/1.1\r\n" HOST "\r\n",
    "GET /tunnel HTTP/1.1\r\n" HOST "Connection: Upgrade\r\n\r\n",
    "GET /tunnel HTTP/1.1\r\n" HOST "Upgrade: ptth\r\n\r\n",
    "GET /tunnel HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "GET /tunnel HTTP/1.1\r\n" HOST
    "Connection: Upgrade\r\nUpgrade: ptth\r\nContent-Length: 1\r\n\r\na",
    "GET /tunnel HTTP/1.0\r\n" HOST "Connection: Upgrade\r\nUpgrade: ptth\r\n\r\n",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct client client;
    struct reply  reply;

    client_open(&client, &rig);
    client_ask(&client, &reply, rows[i]);
    assert_int_equal(reply.status, 426);
    client_close(&client);
  }
  assert_int_equal(atomic_load(&opened), 0);
}

static void
post_text(pb_stream_t *stream, void *arg)
{
  assert_non_null(stream);
  pb_stream_write(stream, arg, strlen(arg));
  pb_stream_set_timer(stream, 1);
}

static void
post_close(pb_stream_t *stream, void *arg)
{
  (void)arg;
  if (stream != NULL)
    pb_stream_close(stream);
}

static void
post_count(pb_stream_t *stream, void *arg)
{
  assert_null(stream);
  atomic_fetch_add((atomic_int *)arg, 1);
}

static void
takes_posts(void **state)
{
  struct client client;
  atomic_int    done = 0;

  (void)state;
  open_stream(&client);
  pb_stream_post(rig.edge, last_id, post_text, "posted");
  expect_text(&client, "postedtick");
  pb_stream_post(rig.edge, last_id, post_close, NULL);
  client_expect_end(&client);
  rig_await(&closed, 1);
  pb_stream_post(rig.edge, last_id, post_count, &done);  // ended
  rig_await(&done, 1);
  pb_stream_post(rig.edge, (pb_exchange_id_t){0}, post_count, &done);  // never was
  pb_stream_post(rig.edge, (pb_exchange_id_t){-1, 5}, post_count, &done);
  pb_stream_post(rig.edge, (pb_exchange_id_t){99, 5}, post_count, &done);
  rig_await(&done, 4);
  client_close(&client);
  pb_edge_stop(rig.edge, 0);
  pb_stream_post(rig.edge, last_id, post_count, &done);  // stopped
  assert_int_equal(atomic_load(&done), 5);
}

static void
post_flood(pb_stream_t *stream, void *arg)
{
  static const char block[65536];

  (void)arg;
  for (int i = 0; i < 256; i++)
    pb_stream_write(stream, block, sizeof(block));
  assert_true(pb_stream_waiting(stream) > 0);
}

// A peer that takes nothing is cut.
static void
stalls(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  assert_true(client_try(&client, pb_edge_port(rig.edge), 65536));
  client_ask(&client, &reply, UPGRADE);
  pb_stream_post(rig.edge, last_id, post_flood, NULL);
  rig_await(&closed, 1);
  client_close(&client);
}

static void
answer(pb_exchange_t *exchange, void *arg)
{
  (void)arg;
  assert_non_null(exchange);
  pb_exchange_reply(exchange, 200, NULL, "done", 4);
}

static void *
stop_edge(void *arg)
{
  pb_edge_stop(rig.edge, *(int64_t *)arg);
  return NULL;
}

// Streams say goodbye, idle connections are closed, a request under way is still answered.
static void
stops_gracefully(void **state)
{
  struct client streaming, asking, idling;
  struct reply  reply;
  pthread_t     thread;
  int64_t       drain_ms = WAIT_MS, since_ms;

  (void)state;
  open_stream(&streaming);
  client_open(&idling, &rig);
  client_ask(&idling, &reply, "GET /none HTTP/1.1\r\n" HOST "\r\n");
  client_open(&asking, &rig);
  client_send(&asking, "GET /waits HTTP/1.1\r\n" HOST "\r\n");
  rig_await(&waiting, 1);

  since_ms = rig_now_ms();
  pthread_create(&thread, NULL, stop_edge, &drain_ms);
  expect_text(&streaming, "goodbye");
  client_expect_end(&streaming);
  client_expect_end(&idling);
  client_close(&streaming);
  rig_await(&closed, 1);
  pb_edge_post(rig.edge, waiting_id, answer, NULL);
  assert_true(client_read(&asking, &reply));
  assert_string_equal(reply.text, "done");
  assert_string_equal(reply.connection, "close");
  client_expect_end(&asking);
  pthread_join(thread, NULL);
  assert_true(rig_now_ms() - since_ms < drain_ms / 2);
  assert_int_equal(atomic_load(&shut_down), 1);
  assert_int_equal(atomic_load(&exchanges_gone), 2);
  client_close(&asking);
  client_close(&idling);
}

// Who is not done by then is cut.
static void
stops_in_time(void **state)
{
  struct client asking;
  char          byte;

  (void)state;
  client_open(&asking, &rig);
  client_send(&asking, "GET /waits HTTP/1.1\r\n" HOST "\r\n");
  rig_await(&waiting, 1);
  pb_edge_stop(rig.edge, 30);
  assert_int_equal(atomic_load(&exchanges_gone), 1);
  assert_true(SSL_read(asking.ssl, &byte, 1) <= 0);
  client_close(&asking);
}

int
main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    CASE(echoes), CASE(takes_early_bytes), CASE(refuses_upgrades), CASE(takes_posts),
    CASE(stalls), CASE(stops_gracefully),  CASE(stops_in_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
