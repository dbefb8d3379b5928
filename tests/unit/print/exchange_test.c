// exchange_test - IPP over the real edge with TLS: who may, documents that stream in and out at
// once, clients that vanish.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include "base/file.h"
#include "cloud/protocol.h"
#include "identity/token.h"
#include "net/http.h"
#include "net/key.h"
#include "net/tls.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define BIG_SIZE (3 * 1024 * 1024)
#define PASSWORD "correct horse"

struct world
{
  struct bench     b;
  pb_edge_t       *edge;
  pb_identity_t   *identity;
  char             chain[96], key[96], ca[96], url[64];
  struct pb_tokens tokens;  // of the proxy
};

static void
make_certificates(struct world *w)
{
  static const char *const names[] = {"localhost", "127.0.0.1"};
  pb_error_t               err     = {0};
  pb_key_t                *ca_key = NULL, *key = NULL;
  char                    *ca = NULL, *certificate = NULL;

  check_ok(pb_key_make(&ca_key, &err), err);
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_cert_make_ca(ca_key, "test", 10, &ca, &err), err);
  check_ok(pb_cert_make_server(ca_key, ca, key, names, 2, 10, &certificate, &err), err);
  check_ok(pb_file_replace(w->chain, 0600, certificate, strlen(certificate), &err), err);
  check_ok(pb_file_replace(w->ca, 0600, ca, strlen(ca), &err), err);
  check_ok(pb_key_save(key, w->key, &err), err);
  pb_key_free(ca_key);
  pb_key_free(key);
  free(ca);
  free(certificate);
}

static void
open_print(struct world *w)
{
  char                       path[128], spool[128];
  pb_error_t                 err      = {0};
  const uint8_t              key[32]  = {1};
  struct pb_spool_limits     limits   = {.document_bytes = 64 * 1024 * 1024};
  struct pb_identity_options identity = {.issuer = "https://localhost:8631"};
  struct pb_print_options    options  = {.authority             = "localhost:8631",
                                         .job_history_ms        = 3600000,
                                         .multiple_operation_ms = 60000,
                                         .cut_off_ms            = 20000,
                                         .held_ms               = 1000LL * 3600 * 24,
                                         .jobs_per_printer      = 100,
                                         .has_cut_through       = true};
  struct pb_token_subject    subject  = {.scope = PB_SCOPE_PROXY, .client_id = "client-1"};

  snprintf(path, sizeof(path), "%s/db", w->b.folder);
  snprintf(spool, sizeof(spool), "%s/spool", w->b.folder);
  check_ok(pb_db_open(path, &w->b.db, &err), err);
  check_ok(pb_spool_open(spool, key, &limits, &w->b.spool, &err), err);
  check_ok(pb_events_new(w->b.db, NULL, &w->b.events, &err), err);
  check_ok(pb_identity_new(w->b.db, &identity, &w->identity, &err), err);
  check_ok(pb_print_new(w->edge, w->b.db, w->identity, w->b.spool, w->b.events, &options,
                        &w->b.print, &err),
           err);
  check_ok(pb_identity_add_user(w->identity, ann.name, PB_ROLE_USER, PASSWORD, &err), err);
  check_ok(pb_token_issue(w->identity, &subject, &w->tokens, &err), err);
  bench_add_printer(&w->b, UUID, "client-1");
}

static int
set_up(void **state)
{
  struct world          *w       = calloc(1, sizeof(*w));
  pb_error_t             err     = {0};
  struct ssl_ctx_st     *tls     = NULL;
  struct pb_edge_options options = {.address                 = "127.0.0.1",
                                    .workers                 = 2,
                                    .connections_max         = 100,
                                    .connections_per_address = 100,
                                    .idle_ms                 = 10000,
                                    .head_ms                 = 10000,
                                    .stall_ms                = 20000};

  signal(SIGPIPE, SIG_IGN);
  pb_log_set_sink(bench_drop_line, NULL);
  strcpy(w->b.folder, "/tmp/pb-print-XXXXXX");
  assert_non_null(mkdtemp(w->b.folder));
  snprintf(w->chain, sizeof(w->chain), "%s/chain.pem", w->b.folder);
  snprintf(w->key, sizeof(w->key), "%s/key.pem", w->b.folder);
  snprintf(w->ca, sizeof(w->ca), "%s/ca.pem", w->b.folder);
  make_certificates(w);
  check_ok(pb_edge_new(&options, &w->edge, &err), err);
  check_ok(pb_tls_server_new(w->chain, w->key, &tls, &err), err);
  pb_edge_set_tls(w->edge, tls);
  open_print(w);
  check_ok(pb_edge_start(w->edge, &err), err);
  snprintf(w->url, sizeof(w->url), "https://localhost:%d", pb_edge_port(w->edge));
  *state = w;
  return 0;
}

static int
tear_down(void **state)
{
  struct world *w = *state;
  char          command[128];

  pb_edge_stop(w->edge, 1000);
  pb_print_free(w->b.print);
  pb_events_free(w->b.events);
  pb_identity_free(w->identity);
  pb_spool_close(w->b.spool);
  pb_db_close(w->b.db);
  pb_edge_free(w->edge);
  pb_tokens_clear(&w->tokens);
  snprintf(command, sizeof(command), "rm -r %s", w->b.folder);
  assert_int_equal(system(command), 0);
  free(w);
  return 0;
}

// --- one exchange

struct trip
{
  struct world        *w;
  const char          *path;  // NULL: the printer's
  const char          *type;  // NULL: application/ipp
  bool                 is_proxy, is_ann;
  ipp_t               *ipp;  // freed here
  pb_http_source_t     source;
  pb_http_sink_t       sink;
  void                *user;
  struct pb_http_reply reply;
  ipp_t               *response;  // of a reply without a sink
  bool                 ok;
  pb_error_t           err;
};

static void
finish_trip(struct trip *trip)
{
  pb_http_reply_clear(&trip->reply);
  ippDelete(trip->response);
}

static void *
go(void *arg)
{
  struct trip           *trip = arg;
  char                   url[256];
  pb_http_t             *http    = NULL;
  pb_buffer_t            body    = {0};
  struct pb_http_trust   trust   = {.ca_file = trip->w->ca};
  struct pb_http_request request = {.method       = "POST",
                                    .url          = url,
                                    .content_type = trip->type ? trip->type : "application/ipp",
                                    .source       = trip->source,
                                    .source_user  = trip->user,
                                    .sink         = trip->sink,
                                    .sink_user    = trip->user,
                                    .max_reply    = PB_IPP_MESSAGE_MAX,
                                    .timeout_ms   = 30000};

  snprintf(url, sizeof(url), "%s%s", trip->w->url, trip->path ? trip->path : PATH);
  if (trip->is_proxy)
    request.bearer = trip->w->tokens.access.text;
  if (trip->is_ann)
  {
    request.user     = ann.name;
    request.password = PASSWORD;
  }
  check_ok(pb_ipp_format(trip->ipp, &body, &trip->err), trip->err);
  ippDelete(trip->ipp);
  trip->ipp         = NULL;
  request.body      = body.data;
  request.body_size = body.size;
  check_ok(pb_http_new(&trust, &http, &trip->err), trip->err);
  trip->ok = pb_http_perform(http, &request, &trip->reply, &trip->err);
  pb_http_free(http);
  pb_buffer_clear(&body);
  if (trip->ok && !trip->sink && trip->reply.status == 200)
    check_ok(
      pb_ipp_parse(trip->reply.body.data, trip->reply.body.size, &trip->response, &trip->err),
      trip->err);
  return NULL;
}

// As the proxy; the IPP status.
static int
as_proxy(struct world *w, ipp_t *ipp)
{
  struct trip trip = {.w = w, .is_proxy = true, .ipp = ipp};
  int         status;

  go(&trip);
  check_ok(trip.ok, trip.err);
  assert_int_equal(trip.reply.status, 200);
  status = (int)ippGetStatusCode(trip.response);
  finish_trip(&trip);
  return status;
}

// --- a document that is given out as far as the test wants

struct pipe_ends
{
  pthread_mutex_t mutex;
  pthread_cond_t  changed;
  size_t          offered, sent;  // of BIG_SIZE bytes: may be sent, have been
  bool            is_vanishing;
  size_t          got;   // document bytes that the fetch has seen
  size_t          skip;  // bytes of the IPP message before them
  pb_ipp_scan_t   scan;
  bool            is_behind;  // the message has ended
  bool            is_wrong;
};

static uint8_t
byte_at(size_t offset)
{
  static const char head[] = "%PDF-1.4\n";

  return offset < sizeof(head) - 1 ? (uint8_t)head[offset]
                                   : (uint8_t)(offset * 31 + (offset >> 11));
}

static void
init_ends(struct pipe_ends *ends)
{
  *ends = (struct pipe_ends){0};
  pthread_mutex_init(&ends->mutex, NULL);
  pthread_cond_init(&ends->changed, NULL);
  pb_ipp_scan_init(&ends->scan);
}

static bool
give(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  struct pipe_ends *ends = user;
  size_t            size;

  pthread_mutex_lock(&ends->mutex);
  while (ends->sent == ends->offered && ends->sent < BIG_SIZE && !ends->is_vanishing)
    pthread_cond_wait(&ends->changed, &ends->mutex);
  size = ends->offered - ends->sent;
  if (size > room)
    size = room;
  for (size_t i = 0; i < size; i++)
    ((uint8_t *)data)[i] = byte_at(ends->sent + i);
  ends->sent += size;
  pthread_mutex_unlock(&ends->mutex);
  *got_out = size;
  return !ends->is_vanishing || pb_error_set(err, PB_RETRY, "the client vanishes");
}

static bool
take(void *user, const void *data, size_t size, pb_error_t *err)
{
  struct pipe_ends *ends = user;
  const uint8_t    *at   = data;
  size_t            used = 0;

  (void)err;
  pthread_mutex_lock(&ends->mutex);
  if (!ends->is_behind)
  {
    ends->is_behind = pb_ipp_scan_feed(&ends->scan, data, size, &used) == PB_IPP_SCAN_DONE;
    if (!ends->is_behind)
      used = size;
  }
  for (size_t i = used; i < size; i++)
    ends->is_wrong |= at[i] != byte_at(ends->got++);
  pthread_cond_broadcast(&ends->changed);
  pthread_mutex_unlock(&ends->mutex);
  return true;
}

static void
offer(struct pipe_ends *ends, size_t size)
{
  pthread_mutex_lock(&ends->mutex);
  ends->offered = size;
  pthread_cond_broadcast(&ends->changed);
  pthread_mutex_unlock(&ends->mutex);
}

static void
await_got(struct pipe_ends *ends, size_t size)
{
  struct timespec until;

  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 20;
  pthread_mutex_lock(&ends->mutex);
  while (ends->got < size)
    assert_int_equal(pthread_cond_timedwait(&ends->changed, &ends->mutex, &until), 0);
  pthread_mutex_unlock(&ends->mutex);
}

// Until the job may be fetched; its id.
static int
await_fetchable(struct world *w)
{
  for (int64_t end_ms = pb_clock_mono_ms() + 20000; pb_clock_mono_ms() < end_ms; usleep(1000))
  {
    ipp_t      *ipp  = ask(IPP_OP_GET_JOBS);
    struct trip trip = {.w = w, .is_proxy = true, .ipp = ipp};
    int         id;

    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "which-jobs", NULL, "fetchable");
    go(&trip);
    check_ok(trip.ok, trip.err);
    id = pb_ipp_int(trip.response, IPP_TAG_JOB, "job-id", 0);
    finish_trip(&trip);
    if (id > 0)
      return id;
  }
  fail_msg("no job became fetchable");
  return 0;
}

static void
await_state(struct world *w, int id, int want)
{
  struct pb_job job = {0};
  pb_error_t    err = {0};

  for (int64_t end_ms = pb_clock_mono_ms() + 20000; pb_clock_mono_ms() < end_ms; usleep(1000))
  {
    pb_job_clear(&job);
    check_ok(pb_job_load(w->b.db, id, &job, &err), err);
    if (job.status.state == want)
      break;
  }
  assert_int_equal(job.status.state, want);
  pb_job_clear(&job);
}

// --- tests

static void
strangers_are_sent_to_sign_in(void **state)
{
  struct pipe_ends ends;
  struct trip trip = {.w = *state, .ipp = ask(IPP_OP_PRINT_JOB), .source = give, .user = &ends};

  init_ends(&ends);
  offer(&ends, BIG_SIZE);  // is read and dropped, so that the answer is seen
  go(&trip);
  check_ok(trip.ok, trip.err);
  assert_int_equal(trip.reply.status, 401);
  assert_non_null(strstr(trip.reply.authenticate, "realm=\"Printbridge\""));
  finish_trip(&trip);

  trip = (struct trip){.w = *state, .ipp = ask(IPP_OP_GET_PRINTER_ATTRIBUTES)};
  go(&trip);
  assert_int_equal(trip.reply.status, 200);
  assert_int_equal(ippGetStatusCode(trip.response), IPP_STATUS_OK);
  finish_trip(&trip);
}

// The first line of the answer to a head that asks before it sends a body.
static void
ask_first(struct world *w, const char *headers, char *line, size_t room)
{
  struct pb_http_trust trust = {.ca_file = w->ca};
  pb_http_raw_t       *raw   = NULL;
  pb_error_t           err   = {0};
  char                 head[512];
  size_t               size = 0, done = 0;
  int                  fd = -1;

  snprintf(head, sizeof(head),
           "POST " PATH " HTTP/1.1\r\nHost: localhost:%d\r\nContent-Type: application/ipp\r\n"
           "Expect: 100-continue\r\n%s\r\n",
           pb_edge_port(w->edge), headers);
  check_ok(pb_http_raw_open(&trust, w->url, 20000, &raw, &fd, &err), err);
  while (done == 0)  // a fresh connection takes it in one piece
    check_ok(pb_http_raw_send(raw, head, strlen(head), &done, &err), err);
  while (size == 0 || memchr(line, '\n', size) == NULL)
  {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    assert_true(size < room - 1);
    check_ok(pb_http_raw_receive(raw, line + size, room - 1 - size, &done, &err), err);
    if (done == 0)
      assert_true(poll(&poll_fd, 1, 20000) > 0);
    size += done;
  }
  line[size]             = '\0';
  *strpbrk(line, "\r\n") = '\0';
  pb_http_raw_close(raw);
}

// CUPS's clients sign in when 401 stands in for 100, and never when it comes in mid-document.
static void
strangers_are_told_before_they_send_a_document(void **state)
{
  static const struct
  {
    const char *name, *headers, *want;
  } rows[] = {
    {"document of unknown size", "Transfer-Encoding: chunked\r\n",                              "HTTP/1.1 401 "},
    {"large document",           "Content-Length: 1000000\r\n",                                 "HTTP/1.1 401 "},
    {"no document",              "Content-Length: 200\r\n",                                     "HTTP/1.1 100 "},
    {"somebody",                 "Transfer-Encoding: chunked\r\nAuthorization: Basic YTpi\r\n", "HTTP/1.1 100 "},
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    char line[1024];

    ask_first(*state, rows[i].headers, line, sizeof(line));
    if (!pb_text_has_prefix(line, rows[i].want))
      fail_msg("%s: %s, not %s", rows[i].name, line, rows[i].want);
  }
}

static void
what_is_no_ipp_is_refused(void **state)
{
  struct trip trip = {
    .w = *state, .ipp = ask(IPP_OP_GET_JOBS), .type = "text/plain", .is_ann = true};

  go(&trip);
  assert_int_equal(trip.reply.status, 415);
  finish_trip(&trip);
  trip = (struct trip){
    .w = *state, .ipp = ask(IPP_OP_GET_JOBS), .path = "/ipp/print/nonsense", .is_ann = true};
  go(&trip);
  assert_int_equal(trip.reply.status, 200);
  assert_int_equal(ippGetStatusCode(trip.response), IPP_STATUS_ERROR_NOT_FOUND);
  finish_trip(&trip);
}

static void
a_document_streams_through(void **state)
{
  struct world    *w = *state;
  struct pipe_ends ends;
  pthread_t        uploading, fetching;
  int              id;
  struct trip      upload = {
         .w = w, .is_ann = true, .ipp = ask(IPP_OP_PRINT_JOB), .source = give, .user = &ends};
  struct trip fetch = {.w = w, .is_proxy = true, .sink = take, .user = &ends};

  init_ends(&ends);
  assert_int_equal(pthread_create(&uploading, NULL, go, &upload), 0);
  offer(&ends, 100000);
  id = await_fetchable(w);
  check_status(as_proxy(w, ask_device(IPP_OP_ACKNOWLEDGE_JOB, id)), IPP_STATUS_OK);
  fetch.ipp = ask_document(IPP_OP_FETCH_DOCUMENT, id, 1);
  assert_int_equal(pthread_create(&fetching, NULL, go, &fetch), 0);
  await_got(&ends, 1);  // while most of it is still with the client
  offer(&ends, BIG_SIZE / 2);
  await_got(&ends, BIG_SIZE / 4);
  offer(&ends, BIG_SIZE);
  pthread_join(uploading, NULL);
  pthread_join(fetching, NULL);
  check_ok(upload.ok, upload.err);
  assert_int_equal(ippGetStatusCode(upload.response), IPP_STATUS_OK);
  check_ok(fetch.ok, fetch.err);
  assert_int_equal(ends.got, BIG_SIZE);
  assert_false(ends.is_wrong);
  finish_trip(&upload);
  finish_trip(&fetch);

  // Again, now that its size is known.
  init_ends(&ends);
  fetch = (struct trip){.w        = w,
                        .is_proxy = true,
                        .sink     = take,
                        .user     = &ends,
                        .ipp      = ask_document(IPP_OP_FETCH_DOCUMENT, id, 1)};
  go(&fetch);
  check_ok(fetch.ok, fetch.err);
  assert_int_equal(ends.got, BIG_SIZE);
  assert_false(ends.is_wrong);
  finish_trip(&fetch);
}

static void
a_client_that_vanishes_cuts_the_fetch(void **state)
{
  struct world    *w = *state;
  struct pipe_ends ends;
  pthread_t        uploading, fetching;
  int              id;
  struct trip      upload = {
         .w = w, .is_ann = true, .ipp = ask(IPP_OP_PRINT_JOB), .source = give, .user = &ends};
  struct trip fetch = {.w = w, .is_proxy = true, .sink = take, .user = &ends};

  init_ends(&ends);
  assert_int_equal(pthread_create(&uploading, NULL, go, &upload), 0);
  offer(&ends, 100000);
  id = await_fetchable(w);
  check_status(as_proxy(w, ask_device(IPP_OP_ACKNOWLEDGE_JOB, id)), IPP_STATUS_OK);
  fetch.ipp = ask_document(IPP_OP_FETCH_DOCUMENT, id, 1);
  assert_int_equal(pthread_create(&fetching, NULL, go, &fetch), 0);
  await_got(&ends, 1);
  pthread_mutex_lock(&ends.mutex);
  ends.is_vanishing = true;
  pthread_cond_broadcast(&ends.changed);
  pthread_mutex_unlock(&ends.mutex);
  pthread_join(uploading, NULL);
  pthread_join(fetching, NULL);
  assert_false(upload.ok);
  assert_false(fetch.ok);  // never a whole document
  await_state(w, id, IPP_JSTATE_ABORTED);
  check_status(as_proxy(w, ask_document(IPP_OP_FETCH_DOCUMENT, id, 1)),
               IPP_STATUS_ERROR_NOT_FETCHABLE);
  finish_trip(&upload);
  finish_trip(&fetch);
}

// What only ails the service is not the end of the job: the proxy asks again (5xx), and gets it.
static void
a_document_that_cannot_be_opened_now_is_asked_for_again(void **state)
{
  struct world      *w   = *state;
  int                id  = print_job(&w->b, &ann);
  pb_error_t         err = {0};
  struct pb_document document;
  char               path[192], aside[192];

  check_status(as_proxy(w, ask_device(IPP_OP_ACKNOWLEDGE_JOB, id)), IPP_STATUS_OK);
  check_ok(pb_document_load(w->b.db, id, 1, &document, &err), err);
  snprintf(path, sizeof(path), "%s/spool/%s", w->b.folder, document.spool_id);
  snprintf(aside, sizeof(aside), "%s/aside", w->b.folder);
  assert_int_equal(rename(path, aside), 0);
  assert_int_equal(symlink(aside, path), 0);  // not followed
  check_status(as_proxy(w, ask_document(IPP_OP_FETCH_DOCUMENT, id, 1)), IPP_STATUS_ERROR_INTERNAL);
  assert_int_equal(unlink(path), 0);
  check_status(as_proxy(w, ask_document(IPP_OP_FETCH_DOCUMENT, id, 1)),
               IPP_STATUS_ERROR_NOT_FETCHABLE);  // it is gone
  // While it comes in it is gone when its sender has been cut off, before that is noted.
  assert_true(
    pb_db_run(w->b.db, &err, "UPDATE documents SET size = -1 WHERE job_id = ?", "i", (int64_t)id));
  check_status(as_proxy(w, ask_document(IPP_OP_FETCH_DOCUMENT, id, 1)), IPP_STATUS_ERROR_BUSY);
  assert_true(pb_db_run(w->b.db, &err, "UPDATE documents SET size = ? WHERE job_id = ?", "ii",
                        (int64_t)document.size, (int64_t)id));
  assert_int_equal(rename(aside, path), 0);
  {
    struct pipe_ends ends;
    struct trip      fetch = {.w        = w,
                              .is_proxy = true,
                              .sink     = take,
                              .user     = &ends,
                              .ipp      = ask_document(IPP_OP_FETCH_DOCUMENT, id, 1)};

    init_ends(&ends);
    go(&fetch);
    check_ok(fetch.ok, fetch.err);
    assert_int_equal(ends.got, strlen(PDF));
    finish_trip(&fetch);
  }
}

static void
a_long_poll_ends_with_the_event(void **state)
{
  struct world *w    = *state;
  ipp_t        *ipp  = ask_device(IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS, 0);
  struct trip   trip = {.w = w, .is_proxy = true, .ipp = ipp};
  pthread_t     waiting;
  int           id;

  ippAddString(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-pull-method", NULL, "ippget");
  ippAddString(ipp, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events", NULL, "job-fetchable");
  go(&trip);
  id = pb_ipp_int(trip.response, IPP_TAG_SUBSCRIPTION, "notify-subscription-id", 0);
  assert_true(id > 0);
  finish_trip(&trip);

  ipp  = ask_device(IPP_OP_GET_NOTIFICATIONS, 0);
  trip = (struct trip){.w = w, .is_proxy = true, .ipp = ipp};
  ippAddInteger(ipp, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-ids", id);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "notify-wait", 1);
  assert_int_equal(pthread_create(&waiting, NULL, go, &trip), 0);
  print_job(&w->b, &ann);
  pthread_join(waiting, NULL);
  check_ok(trip.ok, trip.err);
  assert_int_equal(ippGetStatusCode(trip.response), IPP_STATUS_OK);
  assert_non_null(
    pb_ipp_find(trip.response, IPP_TAG_EVENT_NOTIFICATION, "job-id", IPP_TAG_INTEGER));
  finish_trip(&trip);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(strangers_are_sent_to_sign_in),
    TEST(strangers_are_told_before_they_send_a_document),
    TEST(what_is_no_ipp_is_refused),
    TEST(a_document_streams_through),
    TEST(a_client_that_vanishes_cuts_the_fetch),
    TEST(a_document_that_cannot_be_opened_now_is_asked_for_again),
    TEST(a_long_poll_ends_with_the_event),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
