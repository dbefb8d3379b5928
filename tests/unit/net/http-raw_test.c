// http-raw_test - the raw connection, directly and through a real proxy (tinyproxy) that wants a
// password.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "tls-server.h"

#include "net/http.h"
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#define TINYPROXY "/usr/bin/tinyproxy"

static struct tls_server server;
static pid_t             proxy_pid;
static char              proxy_folder[] = "/tmp/pb-proxy-XXXXXX";

static bool
answer_ptth(struct tls_server *unused, SSL *ssl, const char *head)
{
  static const char reply[] = "HTTP/1.1 101 Switching\r\nUpgrade: ptth\r\n\r\n";
  char              block[16384];
  int               got = 0;

  (void)unused;
  if (strstr(head, "Upgrade: ptth") == NULL)
    return false;
  if (SSL_write(ssl, reply, sizeof(reply) - 1) <= 0)
    return false;
  // From here on an echo, until the client leaves.
  for (got = SSL_read(ssl, block, sizeof(block)); got > 0;
       got = SSL_read(ssl, block, sizeof(block)))
    for (int sent = 0, done = 0; sent < got; sent += done)
    {
      done = SSL_write(ssl, block + sent, got - sent);
      if (done <= 0)
        return false;
    }
  return false;
}

static void
wait_for(int fd, short events)
{
  struct pollfd wait = {.fd = fd, .events = events};

  assert_int_equal(poll(&wait, 1, 10000), 1);
}

static void
send_all(pb_http_raw_t *raw, int fd, const char *data, size_t size)
{
  pb_error_t err = {0};

  while (size > 0)
  {
    size_t done = 0;

    check_ok(pb_http_raw_send(raw, data, size, &done, &err), err);
    if (done == 0)
      wait_for(fd, POLLOUT);
    data += done;
    size -= done;
  }
}

static void
receive_all(pb_http_raw_t *raw, int fd, char *data, size_t size)
{
  pb_error_t err = {0};

  while (size > 0)
  {
    size_t done = 0;

    check_ok(pb_http_raw_receive(raw, data, size, &done, &err), err);
    if (done == 0)
      wait_for(fd, POLLIN);
    data += done;
    size -= done;
  }
}

// Upgrade, then bytes there and back.
static void
check_tunnel(const char *proxy)
{
  static const char    request[] = "GET /tunnel HTTP/1.1\r\nHost: x\r\nUpgrade: ptth\r\n\r\n";
  struct pb_http_trust trust     = {.ca_fingerprint = server.fingerprint, .proxy = proxy};
  pb_http_raw_t       *raw       = NULL;
  int                  fd        = -1;
  char                 url[64], reply[40], block[8192], back[8192];
  size_t               done = 0;
  pb_error_t           err  = {0};

  (void)snprintf(url, sizeof(url), "https://localhost:%d/tunnel", server.port);
  check_ok(pb_http_raw_open(&trust, url, 10000, &raw, &fd, &err), err);
  check_ok(pb_http_raw_receive(raw, block, sizeof(block), &done, &err), err);
  assert_int_equal(done, 0);  // does not block
  send_all(raw, fd, request, sizeof(request) - 1);
  receive_all(raw, fd, reply, sizeof(reply) - 1);
  reply[sizeof(reply) - 1] = '\0';
  assert_string_equal(reply, "HTTP/1.1 101 Switching\r\nUpgrade: ptth\r\n");
  receive_all(raw, fd, reply, 2);
  for (int i = 0; i < 50; i++)
  {
    memset(block, i, sizeof(block));
    send_all(raw, fd, block, sizeof(block));
    receive_all(raw, fd, back, sizeof(back));
    assert_memory_equal(block, back, sizeof(block));
  }
  pb_http_raw_close(raw);
}

static void
test_direct(void **state)
{
  (void)state;
  check_tunnel("");
}

static void
test_end_of_connection(void **state)
{
  static const char    request[] = "GET / HTTP/1.1\r\n\r\n";  // the server closes
  struct pb_http_trust trust     = {.ca_fingerprint = server.fingerprint, .proxy = ""};
  pb_http_raw_t       *raw       = NULL;
  int                  fd        = -1;
  char                 url[64], block[100];
  size_t               done = 0;
  pb_error_t           err  = {0};

  (void)state;
  (void)snprintf(url, sizeof(url), "https://localhost:%d/tunnel", server.port);
  check_ok(pb_http_raw_open(&trust, url, 10000, &raw, &fd, &err), err);
  send_all(raw, fd, request, sizeof(request) - 1);
  while (pb_http_raw_receive(raw, block, sizeof(block), &done, &err))
  {
    assert_int_equal(done, 0);
    wait_for(fd, POLLIN);
  }
  assert_int_equal(err.kind, PB_RETRY);
  pb_http_raw_close(raw);
}

static void
test_refused(void **state)
{
  struct pb_http_trust trust = {.proxy = ""};
  pb_http_raw_t       *raw   = NULL;
  int                  fd    = -1;
  char                 url[64];
  pb_error_t           err = {0};

  (void)state;
  (void)snprintf(url, sizeof(url), "https://localhost:%d/tunnel", server.port);
  assert_false(pb_http_raw_open(&trust, url, 10000, &raw, &fd, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_null(raw);
  assert_false(pb_http_raw_open(&trust, "https://127.0.0.1:1/", 10000, &raw, &fd, &err));
  assert_int_equal(err.kind, PB_RETRY);
  assert_false(pb_http_raw_open(&trust, "http://127.0.0.1:1/", 10000, &raw, &fd, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_int_equal(fd, -1);
}

static int
find_free_port(void)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t          size    = sizeof(address);
  int                fd      = socket(AF_INET, SOCK_STREAM, 0);

  assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

static void
wait_for_port(int port)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)port)};
  const struct timespec moment = {.tv_nsec = 10000000};

  for (int i = 0; i < 1000; i++)
  {
    int fd        = socket(AF_INET, SOCK_STREAM, 0);
    int connected = connect(fd, (struct sockaddr *)&address, sizeof(address));

    close(fd);
    if (connected == 0)
      return;
    nanosleep(&moment, NULL);
  }
  fail_msg("tinyproxy does not listen on %d", port);
}

static void
start_tinyproxy(const char *folder, int port)
{
  char                       conf[96], text[512];
  char *const                argv[] = {(char *)TINYPROXY, (char *)"-d", (char *)"-c", conf, NULL};
  pb_error_t                 err    = {0};
  posix_spawn_file_actions_t actions;

  (void)snprintf(conf, sizeof(conf), "%s/tinyproxy.conf", folder);
  (void)snprintf(text, sizeof(text),
                 "Port %d\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nAllow 127.0.0.1\n"
                 "BasicAuth printer pa55\nLogLevel Error\n",
                 port);
  check_ok(pb_file_replace(conf, 0600, text, strlen(text), &err), err);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  assert_int_equal(posix_spawn(&proxy_pid, TINYPROXY, &actions, NULL, argv, NULL), 0);
  posix_spawn_file_actions_destroy(&actions);
  wait_for_port(port);
  unlink(conf);
}

// Also after a failure: no test leaves a server behind.
static int
stop_tinyproxy(void **state)
{
  (void)state;
  if (proxy_pid <= 0)
    return 0;
  kill(proxy_pid, SIGTERM);
  waitpid(proxy_pid, NULL, 0);
  return rmdir(proxy_folder);
}

static void
check_request(const char *proxy, enum pb_error_kind want, const char *want_text)
{
  struct pb_http_trust   trust   = {.ca_fingerprint = server.fingerprint, .proxy = proxy};
  struct pb_http_request request = {.method = "GET"};
  struct pb_http_reply   reply;
  pb_http_t             *http = NULL;
  char                   url[64];
  pb_error_t             err = {0};

  (void)snprintf(url, sizeof(url), "https://localhost:%d/", server.port);
  request.url = url;
  check_ok(pb_http_new(&trust, &http, &err), err);
  // The server closes without an answer: through the proxy or not, that is what is to be seen.
  assert_false(pb_http_perform(http, &request, &reply, &err));
  if (err.kind != want || strstr(err.message, want_text) == NULL)
    fail_msg("%s: %s", pb_error_kind_name(err.kind), err.message);
  assert_null(strstr(err.message, "pa55"));
  pb_http_free(http);
}

static void
test_proxy(void **state)
{
  int                  port = find_free_port();
  char                 good[96], bad[96], none[96];
  struct pb_http_trust trust = {.ca_fingerprint = server.fingerprint, .proxy = bad};
  pb_http_raw_t       *raw   = NULL;
  int                  fd    = -1;
  char                 url[64];
  int                  requests = 0;
  pb_error_t           err      = {0};

  (void)state;
  if (access(TINYPROXY, X_OK) != 0)
    skip();
  assert_non_null(mkdtemp(proxy_folder));
  start_tinyproxy(proxy_folder, port);
  (void)snprintf(good, sizeof(good), "http://printer:pa55@127.0.0.1:%d", port);
  (void)snprintf(bad, sizeof(bad), "http://printer:wrong@127.0.0.1:%d", port);
  (void)snprintf(none, sizeof(none), "http://127.0.0.1:%d", port);

  check_tunnel(good);
  check_request(good, PB_RETRY, "localhost:");
  requests = server.requests;
  (void)snprintf(url, sizeof(url), "https://localhost:%d/tunnel", server.port);
  assert_false(pb_http_raw_open(&trust, url, 10000, &raw, &fd, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  check_request(bad, PB_CONFIG, "proxy");
  check_request(none, PB_CONFIG, "proxy wants a user and password");
  assert_int_equal(server.requests, requests);

  // From the environment, as daemons get it.
  setenv("https_proxy", good, 1);
  check_tunnel(NULL);
  setenv("https_proxy", none, 1);
  check_request(NULL, PB_CONFIG, "proxy");
  setenv("no_proxy", "localhost", 1);
  check_tunnel(NULL);
  check_request(none, PB_CONFIG, "proxy");  // a named one is used all the same
  unsetenv("no_proxy");
  unsetenv("https_proxy");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_direct),
    cmocka_unit_test(test_end_of_connection),
    cmocka_unit_test(test_refused),
    cmocka_unit_test_teardown(test_proxy, stop_tinyproxy),
  };
  static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
                                      "ALL_PROXY",   "no_proxy",    "NO_PROXY"};
  int                      failed  = 0;

  for (size_t i = 0; i < sizeof(names) / sizeof *names; i++)
    unsetenv(names[i]);
  tls_server_start(&server, CERT_GOOD, answer_ptth);
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  if (failed == 0)
    tls_server_stop(&server);
  return failed;
}
