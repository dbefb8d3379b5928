// tunnels_test - real dials to the real edge over TLS, with tokens from the real identity.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/rig.h"

#include "base/clock.h"
#include "cloud/protocol.h"
#include "identity/token.h"
#include "net/dial.h"
#include "tunnel/tunnels.h"

struct bench
{
  struct rig     rig;
  pb_db_t       *db;
  pb_identity_t *identity;
  pb_tunnels_t  *tunnels;
  atomic_int     ups;  // told by the service
};

// A connector.
struct end
{
  struct bench *bench;
  pb_dial_t    *dial;
  char          token[128];
  atomic_int    ups, downs, denials;
  atomic_int    messages;
  int           last;  // number in the last message
  bool          is_out_of_order;
  atomic_bool   is_stuck;
};

static void
count_up(void *user, const char *client_id)
{
  struct bench *b = user;

  assert_true(pb_tunnels_up_since_ms(b->tunnels, client_id) > 0);
  atomic_fetch_add(&b->ups, 1);
}

static int
set_up(void **state)
{
  struct bench              *b       = calloc(1, sizeof(*b));
  pb_error_t                 err     = {0};
  struct pb_edge_options     options = {.workers = 2};
  struct pb_identity_options names   = {.issuer = "https://127.0.0.1:1"};

  rig_make(&b->rig, &options);
  check_ok(pb_db_open(":memory:", &b->db, &err), err);
  check_ok(pb_identity_new(b->db, &names, &b->identity, &err), err);
  check_ok(pb_tunnels_new(b->rig.edge, b->identity, count_up, b, &b->tunnels, &err), err);
  rig_start(&b->rig);
  *state = b;
  return 0;
}

static int
tear_down(void **state)
{
  struct bench *b = *state;

  rig_clear(&b->rig);
  pb_tunnels_free(b->tunnels);
  pb_identity_free(b->identity);
  pb_db_close(b->db);
  free(b);
  return 0;
}

static void
make_token(struct bench *b, const char *scope, const char *client_id, char *dst, size_t dst_size)
{
  struct pb_token_subject subject = {0};
  struct pb_tokens        tokens  = {0};
  pb_error_t              err     = {0};

  pb_text_copy(subject.scope, sizeof(subject.scope), scope);
  pb_text_copy(subject.client_id, sizeof(subject.client_id), client_id);
  check_ok(pb_token_issue(b->identity, &subject, &tokens, &err), err);
  assert_true(pb_text_copy(dst, dst_size, tokens.access.text));
  pb_tokens_clear(&tokens);
}

static bool
get_token(void *user, bool is_fresh, pb_secret_t *token_out, pb_error_t *err)
{
  struct end *end = user;

  (void)is_fresh;
  return pb_secret_set(token_out, end->token, strlen(end->token), err);
}

static bool
on_message(void *user, const void *message, size_t size)
{
  struct end *end    = user;
  int         number = 0;

  while (atomic_load(&end->is_stuck))
    poll(NULL, 0, 1);
  assert_true(size >= sizeof(number));
  memcpy(&number, message, sizeof(number));
  end->is_out_of_order = end->is_out_of_order || number <= end->last;
  end->last            = number;
  atomic_fetch_add(&end->messages, 1);
  return true;
}

static void
on_state(void *user, enum pb_dial_state state, const char *why)
{
  struct end *end = user;

  (void)why;
  atomic_fetch_add(&end->ups, state == PB_DIAL_UP);
  atomic_fetch_add(&end->downs, state == PB_DIAL_DOWN);
  atomic_fetch_add(&end->denials, state == PB_DIAL_DENIED);
}

static void
dial(struct end *end, struct bench *b, const char *scope, const char *client_id)
{
  static const struct pb_dial_ops ops   = {get_token, on_message, on_state};
  struct pb_http_trust            trust = {.ca_file = b->rig.chain, .proxy = ""};
  pb_error_t                      err   = {0};
  char                            url[64];

  *end = (struct end){.bench = b, .last = -1};
  make_token(b, scope, client_id, end->token, sizeof(end->token));
  pb_text_format(url, sizeof(url), "https://127.0.0.1:%d", pb_edge_port(b->rig.edge));
  check_ok(pb_dial_start(url, &trust, &ops, end, &end->dial, &err), err);
}

static bool
push(struct bench *b, const char *client_id, int number, size_t size)
{
  char *message = calloc(1, size);

  memcpy(message, &number, sizeof(number));
  bool ok = pb_tunnels_push(b->tunnels, client_id, message, size);
  free(message);
  return ok;
}

static void
test_push(void **state)
{
  struct bench *b = *state;
  struct end    end;

  assert_false(push(b, "c1", 0, 10));
  dial(&end, b, PB_SCOPE_PROXY, "c1");
  rig_await(&b->ups, 1);
  rig_await(&end.ups, 1);
  for (int i = 0; i < 300; i++)
    assert_true(push(b, "c1", i, i % 10 == 0 ? 20000 : 200));
  rig_await(&end.messages, 300);
  assert_false(end.is_out_of_order);
  assert_false(push(b, "c2", 0, 10));
  pb_dial_stop(end.dial);
  for (int64_t end_ms = rig_now_ms() + WAIT_MS; pb_tunnels_up_since_ms(b->tunnels, "c1") != 0;)
  {
    assert_true(rig_now_ms() < end_ms);
    poll(NULL, 0, 1);
  }
  assert_false(push(b, "c1", 0, 10));
}

struct pusher
{
  struct bench *b;
  const char   *client_id;
  int           count;
};

static void *
push_many(void *user)
{
  struct pusher *p = user;

  for (int i = 0; i < p->count; i++)
  {
    while (!push(p->b, p->client_id, i, 1000))
      poll(NULL, 0, 1);
  }
  return NULL;
}

// Many clients, pushed to from threads of their own.
static void
test_threads(void **state)
{
  static const char *const ids[] = {"c1", "c2", "c3", "c4"};
  struct bench            *b     = *state;
  struct end               ends[4];
  struct pusher            pushers[4];
  pthread_t                threads[4];

  for (int i = 0; i < 4; i++)
    dial(&ends[i], b, PB_SCOPE_PROXY, ids[i]);
  rig_await(&b->ups, 4);
  for (int i = 0; i < 4; i++)
  {
    pushers[i] = (struct pusher){b, ids[i], 200};
    pthread_create(&threads[i], NULL, push_many, &pushers[i]);
  }
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  for (int i = 0; i < 4; i++)
  {
    rig_await(&ends[i].messages, 200);
    assert_false(ends[i].is_out_of_order);
    pb_dial_stop(ends[i].dial);
  }
}

static void
test_refused(void **state)
{
  static const struct
  {
    const char *name;
    const char *scope;  // NULL: no token
    const char *headers;
    int         want;
  } rows[] = {
    {"no token",                NULL,              "Connection: Upgrade\r\nUpgrade: ptth\r\nALPN: h2\r\n", 401},
    {"bad token",               NULL,
     "Connection: Upgrade\r\nUpgrade: ptth\r\nALPN: h2\r\nAuthorization: Bearer nonsense\r\n",             401},
    {"bad scheme",              NULL,
     "Connection: Upgrade\r\nUpgrade: ptth\r\nALPN: h2\r\nAuthorization: Digest x\r\n",                    401},
    {"a password",              NULL,
     "Connection: Upgrade\r\nUpgrade: ptth\r\nALPN: h2\r\nAuthorization: Basic "
     "YW5uQGV4YW1wbGUuY29tOmNvcnJlY3QgaG9yc2U=\r\n",                                                       401},
    {"token of a registration", PB_SCOPE_REGISTER,
     "Connection: Upgrade\r\nUpgrade: ptth\r\nALPN: h2\r\n",                                               403},
    {"no upgrade",              PB_SCOPE_PROXY,    "",                                                     426},
    {"stripped by a proxy",     PB_SCOPE_PROXY,    "Connection: close\r\nUpgrade: ptth\r\n",               426},
    {"other protocol",          PB_SCOPE_PROXY,    "Connection: Upgrade\r\nUpgrade: websocket\r\n",        426},
    {"other HTTP inside",       PB_SCOPE_PROXY,
     "Connection: Upgrade\r\nUpgrade: ptth\r\nALPN: http%2F1.1\r\n",                                       426},
    {"lists",                   PB_SCOPE_PROXY,
     "Connection: keep-alive, Upgrade\r\nUpgrade: foo, PTTH\r\nALPN: h2\r\n",                              101},
  };
  struct bench *b   = *state;
  pb_error_t    err = {0};

  check_ok(
    pb_identity_add_user(b->identity, "ann@example.com", PB_ROLE_USER, "correct horse", &err), err);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct client client;
    char          token[128], line[200] = "", request[1024];
    int           got = 0;

    if (rows[i].scope != NULL)
    {
      make_token(b, rows[i].scope, "c1", token, sizeof(token));
      pb_text_format(line, sizeof(line), "Authorization: Bearer %s\r\n", token);
    }
    client_open(&client, &b->rig);
    pb_text_format(request, sizeof(request), "GET /tunnel HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n",
                   rows[i].headers, line);
    client_send(&client, request);
    got = SSL_read(client.ssl, request, sizeof(request) - 1);
    assert_true(got > 12);
    request[got] = '\0';
    if (atoi(request + 9) != rows[i].want)
      fail_msg("%s: %s", rows[i].name, request);
    if (rows[i].want == 401)
      assert_non_null(strstr(request, "WWW-Authenticate: Bearer"));
    client_close(&client);
  }
}

static void
test_denied(void **state)
{
  struct bench *b = *state;
  struct end    end;

  dial(&end, b, PB_SCOPE_REGISTER, "c1");
  rig_await(&end.denials, 1);
  pb_dial_stop(end.dial);
  assert_int_equal(b->ups, 0);
}

// The newer one of a client's tunnels gets the events, the older one is told to go.
static void
test_replaced(void **state)
{
  struct bench *b = *state;
  struct end    older, newer;

  dial(&older, b, PB_SCOPE_PROXY, "c1");
  rig_await(&b->ups, 1);
  rig_await(&older.ups, 1);
  older.token[0] = '!';  // it shall not come again
  dial(&newer, b, PB_SCOPE_PROXY, "c1");
  rig_await(&b->ups, 2);
  rig_await(&newer.ups, 1);
  rig_await(&older.denials, 1);
  assert_int_equal(older.downs, 1);
  assert_true(push(b, "c1", 1, 10));
  rig_await(&newer.messages, 1);
  assert_int_equal(older.messages, 0);
  pb_dial_stop(older.dial);
  pb_dial_stop(newer.dial);
}

static void
test_cut(void **state)
{
  struct bench *b   = *state;
  pb_error_t    err = {0};
  struct end    end;

  dial(&end, b, PB_SCOPE_PROXY, "c1");
  rig_await(&b->ups, 1);
  rig_await(&end.ups, 1);
  check_ok(pb_identity_revoke_client(b->identity, "c1", &err), err);
  pb_tunnels_cut(b->tunnels, "c1");
  pb_tunnels_cut(b->tunnels, "c1");
  assert_int_equal(pb_tunnels_up_since_ms(b->tunnels, "c1"), 0);
  assert_false(push(b, "c1", 0, 10));
  rig_await(&end.denials, 1);  // the token is worth nothing now
  pb_dial_stop(end.dial);
}

// Who is revoked, or gives up its token, loses the tunnel; others keep theirs.
static void
test_revoked(void **state)
{
  struct bench *b   = *state;
  pb_error_t    err = {0};
  struct end    revoked, gone, other;

  dial(&revoked, b, PB_SCOPE_PROXY, "c1");
  dial(&gone, b, PB_SCOPE_PROXY, "c2");
  dial(&other, b, PB_SCOPE_PROXY, "c3");
  rig_await(&b->ups, 3);
  rig_await(&revoked.ups, 1);
  rig_await(&gone.ups, 1);
  check_ok(pb_identity_revoke_client(b->identity, "c1", &err), err);
  assert_int_equal(pb_tunnels_up_since_ms(b->tunnels, "c1"), 0);
  rig_await(&revoked.denials, 1);
  check_ok(pb_token_revoke(b->identity, gone.token, &err), err);
  assert_int_equal(pb_tunnels_up_since_ms(b->tunnels, "c2"), 0);
  rig_await(&gone.denials, 1);
  assert_true(push(b, "c3", 1, 10));
  rig_await(&other.messages, 1);
  assert_int_equal(other.downs, 0);
  pb_dial_stop(revoked.dial);
  pb_dial_stop(gone.dial);
  pb_dial_stop(other.dial);
}

// A connector that does not take its events loses its tunnel, not the service its memory.
static void
test_queue_full(void **state)
{
  struct bench *b = *state;
  struct end    end;
  int           sent = 0;

  dial(&end, b, PB_SCOPE_PROXY, "c1");
  rig_await(&b->ups, 1);
  rig_await(&end.ups, 1);
  atomic_store(&end.is_stuck, true);
  while (sent < 1000 && push(b, "c1", sent, 100000))
    sent++;
  assert_in_range(sent, 30, 500);
  assert_int_equal(pb_tunnels_up_since_ms(b->tunnels, "c1"), 0);
  atomic_store(&end.is_stuck, false);
  rig_await(&b->ups, 2);  // it comes again by itself
  while (!push(b, "c1", 10000, 10))
    poll(NULL, 0, 1);
  pb_dial_stop(end.dial);
}

// The service goes down in order: the connector hears it at once.
static void
test_shutdown(void **state)
{
  struct bench *b = *state;
  struct end    end;

  dial(&end, b, PB_SCOPE_PROXY, "c1");
  rig_await(&b->ups, 1);
  rig_await(&end.ups, 1);
  int64_t since_ms = rig_now_ms();
  pb_edge_stop(b->rig.edge, 10000);
  assert_true(rig_now_ms() - since_ms < 5000);
  int64_t end_ms = rig_now_ms() + WAIT_MS;
  while (atomic_load(&end.downs) == 0 && rig_now_ms() < end_ms)
    poll(NULL, 0, 1);
  assert_true(end.downs >= 1);
  assert_int_equal(pb_tunnels_up_since_ms(b->tunnels, "c1"), 0);
  pb_dial_stop(end.dial);
}

int
main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    ROW(test_push), ROW(test_threads), ROW(test_refused),    ROW(test_denied),   ROW(test_replaced),
    ROW(test_cut),  ROW(test_revoked), ROW(test_queue_full), ROW(test_shutdown),
  };
#undef ROW

  return cmocka_run_group_tests(tests, NULL, NULL);
}
