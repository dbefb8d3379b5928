// read_ahead_test - order, bounds, ends and stops of the pipe between cloud and filter.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"
#include "connector/read-ahead.h"
#include <pthread.h>
#include <stdatomic.h>

struct writer
{
  pb_read_ahead_t *pipe;
  size_t           total, piece;
  atomic_size_t    written;
  bool             ok;
};

static char
byte_at(size_t at)
{
  return (char)(at * 31 + at / 251);
}

static void *
run_writer(void *user)
{
  struct writer *writer = user;
  char           piece[8192];
  pb_error_t     err = {0};

  writer->ok = true;
  for (size_t at = 0; at < writer->total && writer->ok;)
  {
    size_t size = writer->piece < writer->total - at ? writer->piece : writer->total - at;

    for (size_t i = 0; i < size; i++)
      piece[i] = byte_at(at + i);
    writer->ok = pb_read_ahead_write(writer->pipe, piece, size, &err);
    at += size;
    atomic_store(&writer->written, at);
  }
  if (writer->ok)
    pb_read_ahead_end(writer->pipe, NULL);
  return NULL;
}

static const struct row
{
  const char *name;
  size_t      memory;
  int64_t     file;
  size_t      total, write_piece, read_piece;
} rows[] = {
  {"nothing",            16,      0,       0,       1,    16   },
  {"one byte of memory", 1,       0,       1000,    7,    3    },
  {"memory only",        64,      0,       100000,  100,  33   },
  {"memory and file",    64,      128,     100000,  100,  33   },
  {"large pieces",       1024,    4096,    1000000, 8192, 5000 },
  {"all fits",           1 << 20, 1 << 20, 1000000, 4096, 65536},
};

static void
test_order(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct writer          writer = {.total = rows[i].total, .piece = rows[i].write_piece};
    pthread_t              thread;
    char                   data[65536];
    size_t                 at = 0, got = 0;
    pb_error_t             err = {0};
    enum pb_read_ahead_got what;

    check_ok(pb_read_ahead_new(rows[i].memory, rows[i].file, "/tmp", &writer.pipe, &err), err);
    pthread_create(&thread, NULL, run_writer, &writer);
    while ((what = pb_read_ahead_read(writer.pipe, data, rows[i].read_piece, 10000, &got, &err)) ==
           PB_READ_AHEAD_DATA)
    {
      for (size_t k = 0; k < got; k++)
      {
        if (data[k] != byte_at(at + k))
          fail_msg("%s: byte %zu", rows[i].name, at + k);
      }
      at += got;
    }
    pthread_join(thread, NULL);
    assert_int_equal(what, PB_READ_AHEAD_END);
    assert_int_equal(at, rows[i].total);
    pb_read_ahead_free(writer.pipe);
  }
}

static void
test_back_pressure_and_stop(void **state)
{
  struct writer writer = {.total = 100000, .piece = 100};
  pthread_t     thread;
  size_t        got = 0, before = 1;
  char          data[16];
  pb_error_t    err = {0};

  (void)state;
  check_ok(pb_read_ahead_new(1000, 2000, "/tmp", &writer.pipe, &err), err);
  pthread_create(&thread, NULL, run_writer, &writer);
  // It comes to rest with both full: 3000 bytes, in pieces of 100.
  while (atomic_load(&writer.written) < 3000)
    assert_int_not_equal(pb_read_ahead_read(writer.pipe, data, 0, 0, &got, &err),
                         PB_READ_AHEAD_END);
  before = atomic_load(&writer.written);
  assert_int_equal(before, 3000);
  pb_read_ahead_stop(writer.pipe);
  pthread_join(thread, NULL);
  assert_false(writer.ok);
  assert_int_equal(pb_read_ahead_read(writer.pipe, data, sizeof(data), 0, &got, &err),
                   PB_READ_AHEAD_FAILED);
  assert_int_equal(err.kind, PB_GONE);
  pb_read_ahead_free(writer.pipe);
}

static void
test_no_place_for_a_file(void **state)
{
  struct writer writer = {.total = 5000, .piece = 100};
  pthread_t     thread;
  size_t        got = 0, all = 0;
  char          data[64];
  pb_error_t    err = {0};

  (void)state;
  check_ok(pb_read_ahead_new(500, 100000, "/there/is/no/folder", &writer.pipe, &err), err);
  pthread_create(&thread, NULL, run_writer, &writer);
  while (pb_read_ahead_read(writer.pipe, data, sizeof(data), 10000, &got, &err) ==
         PB_READ_AHEAD_DATA)
    all += got;
  pthread_join(thread, NULL);
  assert_true(writer.ok);
  assert_int_equal(all, 5000);
  pb_read_ahead_free(writer.pipe);
}

static void
test_failure_comes_behind_the_bytes(void **state)
{
  pb_read_ahead_t *pipe = NULL;
  size_t           got  = 0;
  char             data[16];
  pb_error_t       err = {0}, why = {PB_REJECT, "lost"};

  (void)state;
  check_ok(pb_read_ahead_new(100, 0, "/tmp", &pipe, &err), err);
  assert_int_equal(pb_read_ahead_read(pipe, data, sizeof(data), 1, &got, &err), PB_READ_AHEAD_WAIT);
  check_ok(pb_read_ahead_write(pipe, "abc", 3, &err), err);
  pb_read_ahead_end(pipe, &why);
  assert_int_equal(pb_read_ahead_read(pipe, data, sizeof(data), 0, &got, &err), PB_READ_AHEAD_DATA);
  assert_int_equal(got, 3);
  assert_int_equal(pb_read_ahead_read(pipe, data, sizeof(data), 0, &got, &err),
                   PB_READ_AHEAD_FAILED);
  assert_int_equal(err.kind, PB_REJECT);
  assert_string_equal(err.message, "lost");
  pb_read_ahead_free(pipe);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_order),
    cmocka_unit_test(test_back_pressure_and_stop),
    cmocka_unit_test(test_no_place_for_a_file),
    cmocka_unit_test(test_failure_comes_behind_the_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
