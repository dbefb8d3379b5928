// document_test - the document socket as a filter and a notifier see it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "check.h"
#include "connector/document.h"
#include "net/digest.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SIZE 300000

// A source whose tries go as a row says.
struct source
{
  const char *plan;  // one letter per try: b breaks in the middle, c content changed, s shorter, l
                     // lost, w waits in the middle, e waits before the end is known, o whole
  size_t             total;
  atomic_int         tries, started, done, failed, before;
  atomic_llong       sent, taken;
  atomic_bool        may_go_on;  // 'w' waits for it, or for the stop
  enum pb_error_kind why;
  atomic_int         answer;   // to readers
  atomic_int         unnoted;  // so often it cannot be noted
  atomic_int         passed_on, cut;
  char               runner[PB_DOCUMENT_RUNNER_SIZE];
};

static pb_documents_t *documents;
static char            folder[64], path[96];
static atomic_int      events, event_bytes;

static bool
fetch(void *user, pb_http_sink_t sink, void *sink_user, const atomic_bool *stop, pb_error_t *err)
{
  struct source *source = user;
  char           how    = source->plan[atomic_fetch_add(&source->tries, 1)];
  size_t         end    = how == 'b' ? source->total / 2 : source->total;
  char           piece[5000];

  if (how == 'l')
    return pb_error_set(err, PB_GONE, "the job is gone");
  if (how == 's')
    end = source->total / 4;
  for (size_t at = 0; at < end;)
  {
    size_t size = sizeof(piece) < end - at ? sizeof(piece) : end - at;

    for (size_t i = 0; i < size; i++)
      piece[i] = (char)((at + i) * 7 + (how == 'c' && at == 0 ? 1 : 0));
    if (!sink(sink_user, piece, size, err))
      return false;
    at += size;
    atomic_store(&source->sent, (long long)at);
    while (how == 'w' && at >= end / 2 && !atomic_load(&source->may_go_on) && !atomic_load(stop))
      usleep(1000);
    if (atomic_load(stop))
      return pb_error_set(err, PB_RETRY, "stopped");
  }
  while (how == 'e' && !atomic_load(&source->may_go_on) && !atomic_load(stop))
    usleep(1000);
  return how != 'b' || pb_error_set(err, PB_RETRY, "connection reset");
}

static enum pb_document_answer
on_started(void *user, const struct pb_document_reader *reader)
{
  struct source *source = user;

  snprintf(source->runner, sizeof(source->runner), "%s", reader->runner);
  assert_int_equal(reader->pid, getpid());  // the filter is this process
  atomic_store(&source->before, reader->readers_before);
  atomic_fetch_add(&source->started, 1);
  return (enum pb_document_answer)atomic_load(&source->answer);
}

static bool
on_done(void *user, int64_t bytes)
{
  struct source *source = user;

  if (atomic_fetch_sub(&source->unnoted, 1) > 0)
    return false;
  atomic_store(&source->taken, bytes);
  atomic_fetch_add(&source->done, 1);
  return true;
}

static bool
on_ended(void *user, bool is_passed_on)
{
  struct source *source = user;

  atomic_fetch_add(is_passed_on ? &source->passed_on : &source->cut, 1);
  return true;
}

static void
on_failed(void *user, const pb_error_t *why)
{
  struct source *source = user;

  source->why = why->kind;
  atomic_fetch_add(&source->failed, 1);
}

static void
on_event(void *user, const void *message, size_t size)
{
  (void)user;
  (void)message;
  atomic_fetch_add(&event_bytes, (int)size);
  atomic_fetch_add(&events, 1);
}

static void
start_documents(int64_t grace_ms)
{
  struct pb_documents_options options = {.socket_path           = path,
                                         .filter_user           = "lp",
                                         .read_ahead_bytes      = 65536,
                                         .read_ahead_file_bytes = 0,
                                         .temp_folder           = folder,
                                         .unknown_grace_ms      = grace_ms,
                                         .on_event              = on_event};
  pb_error_t                  err     = {0};

  check_ok(pb_documents_start(&options, &documents, &err), err);
}

static int
set_up(void **state)
{
  (void)state;
  strcpy(folder, "/tmp/pb-document-XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof(path), "%s/connector.sock", folder);
  start_documents(-1);
  return 0;
}

static int
tear_down(void **state)
{
  (void)state;
  pb_documents_stop(documents);
  rmdir(folder);
  return 0;
}

static int
dial(void)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int                fd      = socket(AF_UNIX, SOCK_STREAM, 0);

  pb_text_copy(address.sun_path, sizeof(address.sun_path), path);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  return fd;
}

// Who turns everybody away may have answered, and closed, before the question comes.
static int
ask(const char *wanted)
{
  char line[200];
  int  fd   = dial();
  int  size = snprintf(line, sizeof(line), "GET %s\n", wanted);

  assert_true(send(fd, line, (size_t)size, 0) == size || errno == EPIPE);
  return fd;
}

static char
get_byte(size_t at)
{
  return (char)(at * 7);
}

// As a filter that has had so many bytes; with another document's hash when not the same.
static int
ask_for_rest(const char *capability, size_t offset, bool is_same)
{
  pb_sha256_run_t *run = pb_sha256_new();
  uint8_t          digest[PB_SHA256_SIZE];
  char             hex[2 * PB_SHA256_SIZE + 1], wanted[160];

  for (size_t i = 0; i < offset; i++)
    pb_sha256_add(run, &(char){get_byte(i)}, 1);
  pb_sha256_peek(run, digest);
  pb_sha256_free(run);
  digest[0] ^= (uint8_t)(is_same ? 0 : 1);
  pb_text_format_hex(hex, digest, sizeof(digest));
  snprintf(wanted, sizeof(wanted), "%s %zu %s", capability, offset, hex);
  return ask(wanted);
}

static bool
receive(int fd, void *data, size_t size)
{
  for (char *at = data; size > 0;)
  {
    ssize_t got = recv(fd, at, size, 0);

    if (got <= 0)
      return false;
    at += got;
    size -= (size_t)got;
  }
  return true;
}

static void
get_answer(int fd, char answer[64])
{
  size_t i = 0;

  for (; i < 63 && receive(fd, answer + i, 1) && answer[i] != '\n'; i++)
    continue;
  answer[i] = '\0';
}

// Where in the document it stops, from there on; *whole_out: with its end.
static size_t
take_rest(int fd, size_t total, bool *whole_out)
{
  static char   data[1 << 20];
  unsigned char head[4];

  *whole_out = false;
  while (receive(fd, head, 4))
  {
    size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];

    if (size == 0)
    {
      *whole_out = true;
      break;
    }
    if (size > sizeof(data) || !receive(fd, data, size))
      break;
    for (size_t i = 0; i < size; i++)
    {
      if (data[i] != get_byte(total + i))
        fail_msg("byte %zu is wrong", total + i);
    }
    total += size;
  }
  return total;
}

static size_t
take_document(int fd, bool *whole_out)
{
  return take_rest(fd, 0, whole_out);
}

static void
offer(struct source *source, char capability[PB_CAPABILITY_SIZE])
{
  struct pb_document_source given = {fetch, on_started, on_done, on_ended, on_failed, source, 0};
  pb_error_t                err   = {0};

  check_ok(pb_documents_offer(documents, &given, capability, &err), err);
}

static void
wait_for(atomic_int *count, int want)
{
  for (int i = 0; i < 10000 && atomic_load(count) < want; i++)
    usleep(1000);
  assert_int_equal(atomic_load(count), want);
}

static const struct row
{
  const char        *name;
  const char        *plan;
  size_t             size;
  int                tries;
  bool               whole;
  enum pb_error_kind why;  // PB_OK: done
} rows[] = {
  {"whole",                 "o",           SIZE, 1, true,  PB_OK    },
  {"empty",                 "o",           0,    1, true,  PB_OK    },
  {"one byte",              "o",           1,    1, true,  PB_OK    },
  {"broken once",           "bo",          SIZE, 2, true,  PB_OK    },
  {"broken thrice",         "bbbo",        SIZE, 4, true,  PB_OK    },
  {"damaged in the middle", "bbbbbbbbbbo", SIZE, 7, false, PB_REJECT},
  {"changed after a break", "bc",          SIZE, 2, false, PB_REJECT},
  {"shorter after a break", "bs",          SIZE, 2, false, PB_REJECT},
  {"lost at once",          "l",           SIZE, 1, false, PB_GONE  },
  {"lost after a break",    "bl",          SIZE, 2, false, PB_GONE  },
};

static void
test_rows(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct source source = {.plan = rows[i].plan, .total = rows[i].size};
    char          capability[PB_CAPABILITY_SIZE], answer[64];
    bool          whole = false;

    offer(&source, capability);
    int fd = ask(capability);
    get_answer(fd, answer);
    if (strcmp(answer, "OK") == 0)
    {
      size_t got = take_document(fd, &whole);
      if (rows[i].whole && got != rows[i].size)
        fail_msg("%s: %zu bytes", rows[i].name, got);
    }
    if (whole != rows[i].whole)
      fail_msg("%s: whole %d, %s", rows[i].name, whole, answer);
    wait_for(rows[i].why == PB_OK ? &source.done : &source.failed, 1);
    assert_int_equal(source.why, rows[i].why);
    assert_int_equal(source.tries, rows[i].tries);
    if (rows[i].whole)
      assert_int_equal(source.taken, rows[i].size);
    close(fd);
    pb_documents_withdraw(documents, capability);
  }
}

// A filter whose connector has died goes on at the next one.
static const struct rest
{
  const char        *name;
  size_t             offset;
  bool               is_same;
  const char        *plan;
  enum pb_error_kind why;  // PB_OK: done
} rests[] = {
  {"from the middle",                 SIZE / 2 + 1, true,  "o",   PB_OK    },
  {"from the first byte on",          1,            true,  "o",   PB_OK    },
  {"only the end is missing",         SIZE,         true,  "o",   PB_OK    },
  {"broken before it gets there",     SIZE - 10,    true,  "bo",  PB_OK    },
  {"broken behind it, twice",         10,           true,  "bbo", PB_OK    },
  {"changed meanwhile",               SIZE / 2,     false, "o",   PB_REJECT},
  {"changed, and broken before that", SIZE - 10,    false, "bo",  PB_REJECT},
  {"shorter than that",               SIZE + 1,     true,  "o",   PB_REJECT},
  {"lost",                            SIZE / 2,     true,  "l",   PB_GONE  },
};

static void
test_rests(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++)
  {
    struct source source = {.plan = rests[i].plan, .total = SIZE};
    char          capability[PB_CAPABILITY_SIZE], answer[64];
    bool          whole = false;

    offer(&source, capability);
    int fd = ask_for_rest(capability, rests[i].offset, rests[i].is_same);
    get_answer(fd, answer);
    if (strcmp(answer, rests[i].why == PB_OK ? "OK" : "ERR the document cannot be fetched") != 0)
      fail_msg("%s: %s", rests[i].name, answer);
    if (rests[i].why == PB_OK)
    {
      assert_int_equal(take_rest(fd, rests[i].offset, &whole), SIZE);
      assert_true(whole);
      assert_int_equal(source.taken, SIZE);
    }
    wait_for(rests[i].why == PB_OK ? &source.done : &source.failed, 1);
    assert_int_equal(source.why, rests[i].why);
    close(fd);
    pb_documents_withdraw(documents, capability);
  }
}

static void
test_malformed_rests(void **state)
{
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  static const char *const bad[] = {" ",        " 1",       " 1 ",          " 1 00",    " -1 " HASH,
                                    " 0 " HASH, " x " HASH, " 1 " HASH "0", "  1 " HASH};
  struct source            source = {.plan = "o", .total = SIZE};
  char                     capability[PB_CAPABILITY_SIZE], wanted[200], answer[64];

  (void)state;
  offer(&source, capability);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
  {
    snprintf(wanted, sizeof(wanted), "%s%s", capability, bad[i]);
    int fd = ask(wanted);
    get_answer(fd, answer);
    if (strcmp(answer, "ERR gone") != 0)
      fail_msg("\"%s\": %s", bad[i], answer);
    close(fd);
  }
  assert_int_equal(source.started, 0);
  pb_documents_withdraw(documents, capability);
}

// The end is kept back until it is known to be the end: whoever dies before has not printed it all.
static void
test_the_end_is_kept_back(void **state)
{
  static const size_t tails[] = {0, 10, PB_DOCUMENT_TAIL_MAX, SIZE};
  static const size_t wants[] = {PB_DOCUMENT_TAIL, 10, PB_DOCUMENT_TAIL_MAX, PB_DOCUMENT_TAIL_MAX};

  (void)state;
  for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
  {
    struct source             source = {.plan = "e", .total = SIZE};
    struct pb_document_source given  = {fetch,     on_started, on_done, on_ended,
                                        on_failed, &source,    tails[i]};
    static char               data[SIZE];
    char                      capability[PB_CAPABILITY_SIZE], answer[64];
    pb_error_t                err   = {0};
    size_t                    total = 0;
    bool                      whole = false;

    check_ok(pb_documents_offer(documents, &given, capability, &err), err);
    int fd = ask(capability);
    get_answer(fd, answer);
    assert_string_equal(answer, "OK");
    while (total < SIZE - wants[i])
    {
      unsigned char head[4];

      assert_true(receive(fd, head, 4));
      size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
      assert_true(receive(fd, data, size));
      total += size;
    }
    assert_int_equal(total, SIZE - wants[i]);
    usleep(20000);
    assert_int_equal(recv(fd, data, 1, MSG_DONTWAIT), -1);
    assert_int_equal(source.done, 0);
    atomic_store(&source.may_go_on, true);
    assert_int_equal(take_rest(fd, total, &whole), SIZE);
    assert_true(whole);
    close(fd);
    pb_documents_withdraw(documents, capability);
  }
}

static void
test_capabilities(void **state)
{
  static const char *const  bad[] = {"", "x", "0123456789abcdef0123456789abcdef",
                                     "0123456789abcdef0123456789abcdef0",
                                     "0123456789ABCDEF0123456789abcde\xff"};
  struct pb_document_source given = {fetch, NULL, NULL, NULL, NULL, NULL, 0};
  char                      answer[64];
  pb_error_t                err = {0};

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
  {
    int fd = ask(bad[i]);
    get_answer(fd, answer);
    assert_string_equal(answer, "ERR gone");
    close(fd);
  }
  assert_false(pb_documents_offer_again(documents, &given, "no hex", &err));
  check_ok(pb_documents_offer_again(documents, &given, bad[2], &err), err);
  assert_false(pb_documents_offer_again(documents, &given, bad[2], &err));
  pb_documents_withdraw(documents, bad[2]);
  pb_documents_withdraw(documents, bad[2]);
}

static void
test_one_reader_at_a_time(void **state)
{
  struct source source = {.plan = "wo", .total = 100000};
  char          capability[PB_CAPABILITY_SIZE], answer[64];
  bool          whole = false;

  (void)state;
  offer(&source, capability);
  int first = ask(capability);
  get_answer(first, answer);
  assert_string_equal(answer, "OK");
  int second = ask(capability);
  get_answer(second, answer);
  assert_string_equal(answer, "ERR busy");
  close(second);

  // cupsd has killed the first: the next one wins, and starts from the first byte.
  close(first);
  second = ask(capability);
  get_answer(second, answer);
  assert_string_equal(answer, "OK");
  assert_int_equal(take_document(second, &whole), 100000);
  assert_true(whole);
  assert_int_equal(source.before, 1);
  close(second);
  wait_for(&source.done, 1);
  assert_int_equal(source.failed, 0);
  pb_documents_withdraw(documents, capability);
}

// A reader that does not read holds the source after the read-ahead and the socket's own buffers.
static void
test_slow_reader_is_bounded(void **state)
{
  struct source source = {.plan = "o", .total = 64 * 1024 * 1024};
  char          capability[PB_CAPABILITY_SIZE], answer[64];
  long long     before = -1;

  (void)state;
  offer(&source, capability);
  int fd = ask(capability);
  get_answer(fd, answer);
  while (before != atomic_load(&source.sent))
  {
    before = atomic_load(&source.sent);
    usleep(50000);
  }
  assert_true(before < 4 * 1024 * 1024);
  // And it is let go.
  pb_documents_withdraw(documents, capability);
  assert_int_equal(source.done, 0);
  close(fd);
}

static void
test_events(void **state)
{
  static char big[1 << 20];
  int         fd = dial();

  (void)state;
  atomic_store(&events, 0);
  assert_int_equal(send(fd, "EVENT 3\nabcEVENT 5\nabcde", 24, 0), 24);
  wait_for(&events, 2);
  assert_int_equal(send(fd, "EVENT 1048576\n", 14, 0), 14);
  assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
  wait_for(&events, 3);
  assert_int_equal(atomic_load(&event_bytes), 8 + 1048576);
  // Over the cap: hung up.
  assert_int_equal(send(fd, "EVENT 1048577\n", 14, 0), 14);
  char c;
  assert_int_equal(recv(fd, &c, 1, 0), 0);
  close(fd);
  fd = dial();
  assert_int_equal(send(fd, "HELLO\n", 6, 0), 6);
  assert_int_equal(recv(fd, &c, 1, 0), 0);
  close(fd);
}

// After a restart a filter may ask before its document is offered again.
static void
test_restart(void **state)
{
  struct source             source = {.plan = "o", .total = 10};
  struct pb_document_source given  = {fetch, on_started, on_done, on_ended, on_failed, &source, 0};
  char                      capability[PB_CAPABILITY_SIZE], answer[64];
  bool                      whole = false;
  pb_error_t                err   = {0};

  (void)state;
  offer(&source, capability);
  pb_documents_stop(documents);
  start_documents(0);
  int fd = ask(capability);
  get_answer(fd, answer);
  assert_int_equal(strncmp(answer, "ERR retry", 9), 0);
  close(fd);
  check_ok(pb_documents_offer_again(documents, &given, capability, &err), err);
  fd = ask(capability);
  get_answer(fd, answer);
  assert_int_equal(take_document(fd, &whole), 10);
  assert_true(whole);
  close(fd);
}

// Nothing of the end goes out before it is noted; and it is known whether the filter passed it on.
static void
test_its_end(void **state)
{
  (void)state;
  for (int i = 0; i < 3; i++)
  {
    struct source source = {.plan = "o", .total = 10, .unnoted = i == 2 ? 2 : 0};
    char          capability[PB_CAPABILITY_SIZE], answer[64];
    bool          whole = false;

    offer(&source, capability);
    int fd = ask(capability);
    if (i == 2)
      assert_int_equal(recv(fd, answer, 1, MSG_DONTWAIT), -1);
    get_answer(fd, answer);
    assert_int_equal(take_document(fd, &whole), 10);
    assert_true(whole);
    assert_int_equal(source.done, 1);
    assert_int_equal(source.passed_on + source.cut, 0);
    if (i > 0)
    {
      assert_int_equal(send(fd, "DONE\n", 5, 0), 5);
      get_answer(fd, answer);
      assert_string_equal(answer, "BYE");
    }
    close(fd);
    wait_for(i > 0 ? &source.passed_on : &source.cut, 1);
    pb_documents_withdraw(documents, capability);
    assert_int_equal(source.passed_on + source.cut, 1);
  }
}

// A process that ends does not say of a document that it withdraws that there is none.
static void
test_turned_away(void **state)
{
  struct source source = {.plan = "wo", .total = SIZE};
  char          capability[PB_CAPABILITY_SIZE], answer[64];
  bool          whole = false;

  (void)state;
  offer(&source, capability);
  int first = ask(capability);
  get_answer(first, answer);
  assert_string_equal(answer, "OK");
  pb_documents_turn_away(documents);
  pb_documents_withdraw(documents, capability);
  assert_true(take_document(first, &whole) < SIZE);
  assert_false(whole);
  close(first);
  first = ask(capability);
  get_answer(first, answer);
  assert_int_equal(strncmp(answer, "ERR retry", 9), 0);
  close(first);
  assert_int_equal(source.failed, 0);
  pb_documents_stop(documents);
  start_documents(-1);
}

// Whose filter it is is known before it gets a byte; one that is refused comes again.
static void
test_refused_for_now(void **state)
{
  struct source source = {.plan = "o", .total = 100, .answer = PB_DOCUMENT_LATER};
  char          capability[PB_CAPABILITY_SIZE], answer[64], want[64];
  bool          whole = false;

  (void)state;
  offer(&source, capability);
  int fd = ask(capability);
  get_answer(fd, answer);
  assert_memory_equal(answer, "ERR retry", 9);
  close(fd);
  assert_int_equal(atomic_load(&source.tries), 0);
  snprintf(want, sizeof(want), ":%d:", (int)getppid());  // the filter is this process
  assert_non_null(strstr(source.runner, want));

  atomic_store(&source.answer, PB_DOCUMENT_NEVER);
  fd = ask(capability);
  get_answer(fd, answer);
  assert_string_equal(answer, "ERR held");
  close(fd);

  atomic_store(&source.answer, PB_DOCUMENT_READ);
  fd = ask(capability);
  get_answer(fd, answer);
  assert_string_equal(answer, "OK");
  assert_int_equal(take_document(fd, &whole), 100);
  assert_true(whole);
  close(fd);
  wait_for(&source.done, 1);
  pb_documents_withdraw(documents, capability);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rows),
    cmocka_unit_test(test_rests),
    cmocka_unit_test(test_malformed_rests),
    cmocka_unit_test(test_the_end_is_kept_back),
    cmocka_unit_test(test_capabilities),
    cmocka_unit_test(test_one_reader_at_a_time),
    cmocka_unit_test(test_refused_for_now),
    cmocka_unit_test(test_slow_reader_is_bounded),
    cmocka_unit_test(test_events),
    cmocka_unit_test(test_restart),
    cmocka_unit_test(test_turned_away),
    cmocka_unit_test(test_its_end),
  };

  signal(SIGPIPE, SIG_IGN);  // as the programs do
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
