// exchange_test - requests and responses over real TLS on the loopback.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#define HOST "Host: localhost\r\n"

// --- echo: says the method, how many bytes the body had and their sum
struct upload
{
  uint64_t size, sum;
};

static void
upload_head(pb_exchange_t *exchange, void *context)
{
  (void)context;
  pb_exchange_set_user(exchange, calloc(1, sizeof(struct upload)));
}

static void
upload_body(pb_exchange_t *exchange, const void *data, size_t size)
{
  struct upload *upload = pb_exchange_user(exchange);

  upload->size += size;
  for (size_t i = 0; i < size; i++)
    upload->sum += ((const uint8_t *)data)[i];
}

static void
upload_end(pb_exchange_t *exchange)
{
  struct upload *upload = pb_exchange_user(exchange);
  char           text[128];

  pb_text_format(text, sizeof(text), "%s %llu %llu", pb_exchange_method(exchange),
                 (unsigned long long)upload->size, (unsigned long long)upload->sum);
  pb_exchange_reply(exchange, 200, "text/plain", text, strlen(text));
}

static void
upload_gone(pb_exchange_t *exchange)
{
  free(pb_exchange_user(exchange));
}

static const struct pb_handler upload = {upload_head, upload_body, upload_end, NULL, upload_gone};

static struct rig rig;

static int
set_up(void **state)
{
  (void)state;
  rig_make(&rig, &(struct pb_edge_options){0});
  rig_add(&rig, "/upload", "GET POST", &upload, NULL);
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

static void
keep_alive(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  client_open(&client, &rig);
  for (int i = 0; i < 3; i++)
  {
    client_ask(&client, &reply, "GET /upload HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.text, "GET 0 0");
    assert_string_equal(reply.connection, "keep-alive");
  }
  client_ask(&client, &reply,
             "POST /upload HTTP/1.1\r\n" HOST
             "Content-Length: 3\r\nConnection: close\r\n\r\n\1\2\3");
  assert_string_equal(reply.text, "POST 3 6");
  assert_string_equal(reply.connection, "close");
  client_expect_end(&client);
  client_close(&client);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(keep_alive, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
