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

// --- refusing: answers 413 in on_head
static void
refuse_head(pb_exchange_t *exchange, void *context)
{
  (void)context;
  pb_exchange_reply(exchange, 413, "text/plain", "too large", 9);
}

static void
never(pb_exchange_t *exchange)
{
  (void)exchange;
  fail();
}

static const struct pb_handler refuse = {.on_head = refuse_head, .on_end = never};

// --- download: streams a body of `download_size` bytes, chunked or with its length
static int64_t       download_size;
static atomic_size_t download_peak;  // most that was waiting
static atomic_int    gone_whole, gone_cut;

struct download
{
  int64_t left;
};

static void
download_writable(pb_exchange_t *exchange)
{
  static const char block[16384] = "0123456789abcdef";
  struct download  *download     = pb_exchange_user(exchange);
  size_t            waiting      = 0;

  while (download->left > 0 && pb_exchange_has_room(exchange))
  {
    size_t size = download->left < (int64_t)sizeof(block) ? (size_t)download->left : sizeof(block);

    pb_exchange_write(exchange, block, size);
    download->left -= (int64_t)size;
    waiting += size;
  }
  if (waiting > atomic_load(&download_peak))
    atomic_store(&download_peak, waiting);
  if (download->left == 0)
    pb_exchange_finish(exchange);
}

static void
download_end(pb_exchange_t *exchange)
{
  struct download *download = calloc(1, sizeof(*download));

  pb_exchange_set_user(exchange, download);
  download->left = download_size;
  pb_exchange_add_header(exchange, "X-Test", "yes");
  pb_exchange_start(exchange, 200, "application/octet-stream",
                    pb_exchange_query(exchange) != NULL ? download_size : -1);
  download_writable(exchange);
}

static void
download_gone(pb_exchange_t *exchange)
{
  free(pb_exchange_user(exchange));
  atomic_fetch_add(pb_exchange_is_complete(exchange) ? &gone_whole : &gone_cut, 1);
}

static const struct pb_handler download = {
  .on_end = download_end, .on_writable = download_writable, .on_gone = download_gone};

// --- abort in the middle of a chunked body
static void
broken_end(pb_exchange_t *exchange)
{
  pb_exchange_start(exchange, 200, NULL, -1);
  pb_exchange_write(exchange, "half", 4);
  pb_exchange_abort(exchange);
  pb_exchange_write(exchange, "lost", 4);
}

static const struct pb_handler broken = {.on_end = broken_end, .on_gone = download_gone};

// --- short: says more than it writes
static void
short_end(pb_exchange_t *exchange)
{
  pb_exchange_start(exchange, 200, NULL, 10);
  pb_exchange_write(exchange, "half", 4);
  pb_exchange_finish(exchange);
}

static const struct pb_handler too_short = {.on_end = short_end, .on_gone = download_gone};

// --- waiting: is answered by nobody
static atomic_int waiting_now;

static void
waiting_end(pb_exchange_t *exchange)
{
  (void)exchange;
  atomic_fetch_add(&waiting_now, 1);
}

static const struct pb_handler waiting = {.on_end = waiting_end, .on_gone = download_gone};

// --- deferred: another thread answers, with what the disk thread read
struct answer
{
  pb_edge_t       *edge;
  pb_exchange_id_t id;
  int              done;
};

static atomic_int answers;  // under way

static void
answer_now(pb_exchange_t *exchange, void *arg)
{
  struct answer *answer = arg;

  if (exchange != NULL)
    pb_exchange_reply(exchange, 200, "text/plain", answer->done == 2 ? "two" : "no",
                      answer->done == 2 ? 3 : 2);
  free(answer);
  atomic_fetch_sub(&answers, 1);
}

static void
answer_worked(pb_exchange_t *exchange, void *arg)
{
  struct answer *answer = arg;

  (void)exchange;
  pb_edge_post(answer->edge, answer->id, answer_now, answer);
}

static void
answer_work(void *arg)
{
  ((struct answer *)arg)->done++;
}

static void *
answer_thread(void *arg)
{
  struct answer *answer = arg;

  answer->done++;
  pb_edge_work(answer->edge, answer->id, answer_work, answer_worked, answer);
  return NULL;
}

static void
deferred_end(pb_exchange_t *exchange)
{
  struct answer *answer = calloc(1, sizeof(*answer));
  pthread_t      thread;

  answer->edge = *(pb_edge_t **)pb_exchange_user(exchange);
  answer->id   = pb_exchange_get_id(exchange);
  atomic_fetch_add(&answers, 1);
  pthread_create(&thread, NULL, answer_thread, answer);
  pthread_detach(thread);
}

static void
deferred_head(pb_exchange_t *exchange, void *context)
{
  pb_exchange_set_user(exchange, context);
}

static const struct pb_handler deferred = {.on_head = deferred_head, .on_end = deferred_end};

// --- timed: answers by its timer
static void
timed_out(pb_exchange_t *exchange)
{
  pb_exchange_reply(exchange, 200, NULL, "late", 4);
}

static void
timed_end(pb_exchange_t *exchange)
{
  pb_exchange_set_timer(exchange, 20, timed_out);
}

static const struct pb_handler timed = {.on_end = timed_end};

// --- slow: pauses after each piece, and goes on by its timer
static void
slow_resume(pb_exchange_t *exchange)
{
  pb_exchange_resume(exchange);
}

static void
slow_head(pb_exchange_t *exchange, void *context)
{
  upload_head(exchange, context);
  pb_exchange_pause(exchange);
  pb_exchange_set_timer(exchange, 5, slow_resume);
}

static void
slow_body(pb_exchange_t *exchange, const void *data, size_t size)
{
  upload_body(exchange, data, size);
  pb_exchange_pause(exchange);
  pb_exchange_set_timer(exchange, 1, slow_resume);
}

static const struct pb_handler slow = {slow_head, slow_body, upload_end, NULL, upload_gone};

static struct rig rig;

static void
make_rig(const struct pb_edge_options *options)
{
  static const char *const hosts[] = {"localhost", NULL};
  pb_error_t               err     = {0};

  atomic_store(&gone_whole, 0);
  atomic_store(&gone_cut, 0);
  atomic_store(&waiting_now, 0);
  atomic_store(&download_peak, 0);
  rig_make(&rig, options);
  check_ok(pb_edge_set_hosts(rig.edge, hosts, &err), err);
  rig_add(&rig, "/upload", "GET POST", &upload, NULL);
  rig_add(&rig, "/refuse", "POST", &refuse, NULL);
  rig_add(&rig, "/download", "GET", &download, NULL);
  rig_add(&rig, "/broken", "GET", &broken, NULL);
  rig_add(&rig, "/short", "GET", &too_short, NULL);
  rig_add(&rig, "/waiting", "GET", &waiting, NULL);
  rig_add(&rig, "/deferred", "GET", &deferred, &rig.edge);
  rig_add(&rig, "/timed", "GET", &timed, NULL);
  rig_add(&rig, "/slow", "POST", &slow, NULL);
  rig_add(&rig, "/under/", "GET", &download, NULL);
  rig_start(&rig);
}

static int
set_up(void **state)
{
  (void)state;
  make_rig(&(struct pb_edge_options){0});
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

static void
pipelined(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  client_open(&client, &rig);
  client_send(&client, "GET /timed HTTP/1.1\r\n" HOST "\r\n"
                       "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n\1"
                       "GET /deferred HTTP/1.1\r\n" HOST "\r\n"
                       "HEAD /upload HTTP/1.1\r\n" HOST "\r\n");
  assert_true(client_read(&client, &reply));
  assert_string_equal(reply.text, "late");
  assert_true(client_read(&client, &reply));
  assert_string_equal(reply.text, "POST 1 1");
  assert_true(client_read(&client, &reply));
  assert_string_equal(reply.text, "two");
  client_close(&client);
}

// Requests that no handler sees, and what is answered.
static void
answers_itself(void **state)
{
  static const struct
  {
    const char *request;
    int         status;
    const char *connection, *allow;
  } rows[] = {
    {"GET /none HTTP/1.1\r\n" HOST "\r\n",                                                       404, "keep-alive", ""               },
    {"GET /download/x HTTP/1.1\r\n" HOST "\r\n",                                                 404, "keep-alive", ""               },
    {"GET /under HTTP/1.1\r\n" HOST "\r\n",                                                      404, "keep-alive", ""               },
    {"DELETE /upload HTTP/1.1\r\n" HOST "\r\n",                                                  405, "keep-alive", "GET, POST, HEAD"},
    {"POST /none HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab",                               404, "keep-alive", ""               },
    {"POST /none HTTP/1.1\r\n" HOST "Content-Length: 900000\r\n\r\n",                            404, "close",      ""               },
    {"POST /none HTTP/1.1\r\n" HOST "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n",         404,
     "close",                                                                                                       ""               },
    {"GET /upload HTTP/1.1\r\nHost: evil\r\n\r\n",                                               421, "keep-alive", ""               },
    {"GET /upload HTTP/1.1\r\nHost: LOCALHOST.:1\r\n\r\n",                                       200, "keep-alive", ""               },
    {"GET /upload HTTP/1.0\r\n\r\n",                                                             200, "close",      ""               },
    {"GET /upload HTTP/1.1\r\n\r\n",                                                             400, "close",      ""               },
    {"GET /upload HTTP/3.0\r\n\r\n",                                                             505, "close",      ""               },
    {"POST /upload HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     400,                                                                                             "close",      ""               },
    {"POST /upload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n",                 400, "close",      ""               },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct client client;
    struct reply  reply;

    client_open(&client, &rig);
    client_ask(&client, &reply, rows[i].request);
    if (reply.status != rows[i].status || strcmp(reply.connection, rows[i].connection) != 0 ||
        strcmp(reply.allow, rows[i].allow) != 0)
      fail_msg("row %zu: %d %s '%s'", i, reply.status, reply.connection, reply.allow);
    if (strcmp(reply.connection, "close") == 0)
      client_expect_end(&client);
    else
      client_ask(&client, &reply, "GET /upload HTTP/1.1\r\n" HOST "\r\n");
    client_close(&client);
  }
}

// The response to HEAD has the length and no body.
static void
head(void **state)
{
  static const char request[] = "HEAD /download?l HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
  struct client     client;
  char              text[4096];
  size_t            size = 0;
  int               got;

  (void)state;
  download_size = 1000;
  client_open(&client, &rig);
  client_send(&client, request);
  while ((got = SSL_read(client.ssl, text + size, (int)(sizeof(text) - 1 - size))) > 0)
    size += (size_t)got;
  text[size] = '\0';
  assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
  assert_non_null(strstr(text, "Content-Length: 1000\r\n"));
  assert_non_null(strstr(text, "X-Test: yes\r\n"));
  assert_non_null(strstr(text, "Date: "));
  assert_true(size >= 4 && strcmp(text + size - 4, "\r\n\r\n") == 0);
  client_close(&client);
  rig_await(&gone_whole, 1);
}

// Resident memory of this process, client and server together.
static size_t
get_memory(void)
{
  unsigned long pages = 0, resident = 0;
  FILE         *file = fopen("/proc/self/statm", "r");

  assert_non_null(file);
  assert_int_equal(fscanf(file, "%lu %lu", &pages, &resident), 2);
  fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE);
}

#ifdef __SANITIZE_ADDRESS__  // keeps what is freed
#define MEMORY_MORE ((size_t)1 << 32)
#else
#define MEMORY_MORE ((size_t)8 << 20)
#endif
#define UPLOAD_CHUNKS 4096  // of 16 KiB: 64 MiB

static void
chunked_upload(void **state)
{
  static char   block[16384];
  struct client client;
  struct reply  reply;
  size_t        before;
  char          want[64];

  (void)state;
  memset(block, 1, sizeof(block));
  client_open(&client, &rig);
  client_ask(&client, &reply, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na");
  client_send(&client, "POST /upload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
  before = get_memory();
  for (int i = 0; i < UPLOAD_CHUNKS; i++)
  {
    client_send(&client, "4000\r\n");
    assert_true(client_send_bytes(&client, block, sizeof(block)));
    client_send(&client, "\r\n");
  }
  client_send(&client, "0\r\n\r\n");
  assert_true(client_read(&client, &reply));
  pb_text_format(want, sizeof(want), "POST %d %d", UPLOAD_CHUNKS * 16384, UPLOAD_CHUNKS * 16384);
  assert_string_equal(reply.text, want);
  assert_true(get_memory() < before + MEMORY_MORE);
  client_close(&client);
}

// A handler that pauses makes the peer wait, and nothing is lost.
static void
paused_upload(void **state)
{
  static char   block[16384];
  struct client client;
  struct reply  reply;

  (void)state;
  memset(block, 1, sizeof(block));
  client_open(&client, &rig);
  client_send(&client, "POST /slow HTTP/1.1\r\n" HOST "Content-Length: 2097152\r\n\r\n");
  for (int i = 0; i < 128; i++)
    assert_true(client_send_bytes(&client, block, sizeof(block)));
  assert_true(client_read(&client, &reply));
  assert_string_equal(reply.text, "POST 2097152 2097152");
  client_close(&client);
}

static void
expect(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  client_open(&client, &rig);
  for (int i = 0; i < 2; i++)
  {
    // The slow handler pauses in on_head: 100 comes when it goes on.
    client_ask(
      &client, &reply,
      i == 0 ? "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
             : "POST /slow HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(reply.status, 100);
    client_ask(&client, &reply, "\1\1");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.text, "POST 2 2");
  }
  client_ask(&client, &reply,
             "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  assert_int_equal(reply.status, 413);
  client_expect_end(&client);
  client_close(&client);
}

// A client that sends on without listening still gets to see why it was refused.
static void
refused_upload(void **state)
{
  static char   block[16384];
  struct client client;
  struct reply  reply;

  (void)state;
  client_open(&client, &rig);
  client_send(&client, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 16777216\r\n\r\n");
  for (int i = 0; i < 1024; i++)
    assert_true(client_send_bytes(&client, block, sizeof(block)));
  assert_true(client_read(&client, &reply));
  assert_int_equal(reply.status, 413);
  assert_string_equal(reply.text, "too large");
  client_expect_end(&client);
  client_close(&client);
}

// A small refused body is read, and the connection goes on.
static void
small_refused_upload(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  client_open(&client, &rig);
  client_ask(&client, &reply, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nabcd");
  assert_int_equal(reply.status, 413);
  client_ask(&client, &reply, "GET /upload HTTP/1.1\r\n" HOST "\r\n");
  assert_int_equal(reply.status, 200);
  client_close(&client);
}

static void
downloads(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  download_size = 3000000;
  client_open(&client, &rig);
  client_ask(&client, &reply, "GET /download HTTP/1.1\r\n" HOST "\r\n");
  assert_int_equal(reply.size, 3000000);
  client_ask(&client, &reply, "GET /download?l HTTP/1.1\r\n" HOST "\r\n");
  assert_int_equal(reply.size, 3000000);
  assert_true(reply.is_whole);
  rig_await(&gone_whole, 2);
  client_close(&client);
}

// HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
static void
downloads_until_close(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  download_size = 100000;
  client_open(&client, &rig);
  client_send(&client, "GET /download HTTP/1.0\r\n\r\n");
  assert_false(client_read(&client, &reply));
  assert_int_equal(reply.size, 100000);
  assert_int_equal(SSL_get_error(client.ssl, 0), SSL_ERROR_ZERO_RETURN);
  client_close(&client);
}

// A reader that does not read: the response waits, and costs no more than its room.
static void
slow_reader(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  download_size = 64 * 1024 * 1024;
  assert_true(client_try(&client, pb_edge_port(rig.edge), 65536));
  client_send(&client, "GET /download HTTP/1.1\r\n" HOST "\r\n");
  assert_true(client_read_some(&client, &reply, 1));
  poll(NULL, 0, 50);  // lets the server write as much as it would
  assert_int_equal(atomic_load(&gone_whole), 0);
  pb_http_reader_reset(client.reader);
  client_close(&client);
  rig_await(&gone_cut, 1);
  assert_true(atomic_load(&download_peak) < 16 * 1024 * 1024);  // the kernel's buffers, and ours
}

static void
slow_reader_gets_all(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  download_size = 16 * 1024 * 1024;
  assert_true(client_try(&client, pb_edge_port(rig.edge), 65536));
  client_ask(&client, &reply, "GET /download HTTP/1.1\r\n" HOST "\r\n");
  assert_true(reply.is_whole);
  assert_int_equal(reply.size, download_size);
  client_close(&client);
}

static void
broken_download(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  client_open(&client, &rig);
  client_send(&client, "GET /broken HTTP/1.1\r\n" HOST "\r\n");
  assert_false(client_read(&client, &reply));
  assert_false(reply.is_whole);
  assert_null(strstr(reply.text, "lost"));
  client_close(&client);
  client_open(&client, &rig);
  client_send(&client, "GET /short HTTP/1.1\r\n" HOST "\r\n");
  assert_false(client_read(&client, &reply));
  assert_false(reply.is_whole);
  client_close(&client);
  rig_await(&gone_cut, 2);
  assert_int_equal(atomic_load(&gone_whole), 0);
}

// on_gone comes once for each, whether the peer goes while we wait or while it sends.
static void
vanishing_peer(void **state)
{
  struct client client;

  (void)state;
  client_open(&client, &rig);
  client_send(&client, "GET /waiting HTTP/1.1\r\n" HOST "\r\n");
  rig_await(&waiting_now, 1);
  client_close(&client);
  rig_await(&gone_cut, 1);
  client_open(&client, &rig);
  client_send(&client, "GET /waiting HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab");
  client_close(&client);
  rig_await(&gone_cut, 2);
  assert_int_equal(atomic_load(&gone_whole), 0);
}

static void
answers_late(void **state)
{
  struct client client;
  struct reply  reply;

  (void)state;
  client_open(&client, &rig);
  for (int i = 0; i < 50; i++)
  {
    client_ask(&client, &reply, "GET /deferred HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(reply.text, "two");
  }
  // The answer comes for an exchange that has ended, or will soon.
  client_send(&client, "GET /deferred HTTP/1.1\r\n" HOST "\r\n");
  client_close(&client);
  rig_await(&answers, 0);
}

int
main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    CASE(keep_alive),
    CASE(pipelined),
    CASE(answers_itself),
    CASE(head),
    CASE(chunked_upload),
    CASE(paused_upload),
    CASE(expect),
    CASE(refused_upload),
    CASE(small_refused_upload),
    CASE(downloads),
    CASE(downloads_until_close),
    CASE(slow_reader),
    CASE(slow_reader_gets_all),
    CASE(broken_download),
    CASE(vanishing_peer),
    CASE(answers_late),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
