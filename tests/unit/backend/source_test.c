// source_test - a document from a file and from a pipe, read once more after a break.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/source.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define SIZE 300000

static char document[SIZE];

static void *
write_document(void *user)
{
  int fd = *(int *)user;

  for (size_t done = 0; done < SIZE;)
  {
    ssize_t wrote = write(fd, document + done, SIZE - done > 7777 ? 7777 : SIZE - done);

    if (wrote <= 0)
      break;
    done += (size_t)wrote;
  }
  close(fd);
  return NULL;
}

// Up to `limit` bytes, compared with the document.
static size_t
read_some(pb_source_t *source, size_t limit)
{
  char       piece[5000];
  size_t     done = 0, got = 0;
  pb_error_t err = {0};

  while (done < limit)
  {
    check_ok(pb_source_read(source, -1, piece, sizeof(piece), &got, &err), err);
    if (got == 0)
      break;
    assert_true(done + got <= SIZE);
    assert_memory_equal(piece, document + done, got);
    done += got;
  }
  return done;
}

static int
open_file(void)
{
  char path[] = "/tmp/pb-source-XXXXXX";
  int  fd     = mkstemp(path);

  unlink(path);
  assert_int_equal(write(fd, document, SIZE), SIZE);
  return fd;
}

static void
check_again(pb_source_t *source)
{
  pb_error_t err      = {0};
  bool       is_empty = true;

  check_ok(pb_source_wait(source, -1, &is_empty, &err), err);
  assert_false(is_empty);
  for (size_t limit = 1; limit < SIZE; limit *= 7)
  {
    assert_true(read_some(source, limit) >= limit);
    check_ok(pb_source_rewind(source, &err), err);
  }
  assert_int_equal(read_some(source, SIZE + 1), SIZE);
  check_ok(pb_source_rewind(source, &err), err);
  assert_int_equal(read_some(source, SIZE + 1), SIZE);
}

static void
test_file(void **state)
{
  pb_source_t *source = NULL;
  pb_error_t   err    = {0};

  (void)state;
  check_ok(pb_source_open(open_file(), "/tmp", &source, &err), err);
  check_again(source);
  pb_source_close(source);
}

static void
test_pipe(void **state)
{
  pb_source_t *source = NULL;
  pb_error_t   err    = {0};
  int          fds[2];
  pthread_t    thread;

  (void)state;
  assert_int_equal(pipe(fds), 0);
  pthread_create(&thread, NULL, write_document, &fds[1]);
  check_ok(pb_source_open(fds[0], "/tmp", &source, &err), err);
  check_again(source);
  pb_source_close(source);
  pthread_join(thread, NULL);
}

// Nowhere to keep it: it can be read once.
static void
test_pipe_without_disk(void **state)
{
  pb_source_t *source   = NULL;
  pb_error_t   err      = {0};
  bool         is_empty = true;
  int          fds[2];
  pthread_t    thread;

  (void)state;
  assert_int_equal(pipe(fds), 0);
  pthread_create(&thread, NULL, write_document, &fds[1]);
  check_ok(pb_source_open(fds[0], "/nonexistent", &source, &err), err);
  check_ok(pb_source_wait(source, -1, &is_empty, &err), err);
  check_ok(pb_source_rewind(source, &err), err);
  assert_int_equal(read_some(source, SIZE + 1), SIZE);
  assert_false(pb_source_rewind(source, &err));
  assert_int_equal(err.kind, PB_RETRY);
  pb_source_close(source);
  pthread_join(thread, NULL);
}

// A look at the beginning, before any of it goes on its way: of a pipe what is there, no more.
static void
test_peek(void **state)
{
  pb_source_t *source = NULL;
  pb_error_t   err    = {0};
  char        *block  = malloc(SIZE + 1);
  size_t       got    = 0;
  int          fds[2];

  (void)state;
  check_ok(pb_source_open(open_file(), "/tmp", &source, &err), err);
  check_ok(pb_source_peek(source, block, 1000, &got, &err), err);
  assert_int_equal(got, 1000);
  assert_memory_equal(block, document, got);
  check_ok(pb_source_peek(source, block, SIZE + 1, &got, &err), err);
  assert_int_equal(got, SIZE);
  check_again(source);
  pb_source_close(source);

  assert_int_equal(pipe(fds), 0);
  assert_int_equal(write(fds[1], document, 5000), 5000);
  check_ok(pb_source_open(fds[0], "/tmp", &source, &err), err);
  for (int i = 0; i < 2; i++)
  {
    check_ok(pb_source_peek(source, block, SIZE, &got, &err), err);
    assert_int_equal(got, 5000);
    assert_memory_equal(block, document, got);
  }
  assert_int_equal(read_some(source, 5000), 5000);
  assert_int_equal(write(fds[1], document + 5000, 10), 10);
  assert_int_equal(read_some(source, 0), 0);
  check_ok(pb_source_peek(source, block, SIZE, &got, &err), err);
  assert_int_equal(got, 5010);
  close(fds[1]);
  check_ok(pb_source_peek(source, block, SIZE, &got, &err), err);
  assert_int_equal(got, 5010);
  pb_source_close(source);

  // Nowhere to keep it: not a byte is taken.
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(write(fds[1], document, 5000), 5000);
  close(fds[1]);
  check_ok(pb_source_open(fds[0], "/nonexistent", &source, &err), err);
  check_ok(pb_source_peek(source, block, SIZE, &got, &err), err);
  assert_int_equal(got, 0);
  assert_int_equal(read_some(source, SIZE), 5000);
  pb_source_close(source);
  free(block);
}

// A disk that is nearly full: what cannot be kept is not taken either.
static void
test_peek_without_room(void **state)
{
  const struct rlimit little = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
  struct rlimit       before;
  pb_source_t        *source = NULL;
  pb_error_t          err    = {0};
  char               *block  = malloc(SIZE);
  size_t              got    = 0;
  int                 fds[2];

  (void)state;
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(write(fds[1], document, 20000), 20000);
  close(fds[1]);
  check_ok(pb_source_open(fds[0], "/tmp", &source, &err), err);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
  check_ok(pb_source_peek(source, block, SIZE, &got, &err), err);
  assert_int_equal(got, 0);
  assert_int_equal(read_some(source, SIZE), 20000);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  pb_source_close(source);
  free(block);
}

static void
test_empty(void **state)
{
  pb_source_t *source   = NULL;
  pb_error_t   err      = {0};
  bool         is_empty = false;
  int          fds[2];

  (void)state;
  assert_int_equal(pipe(fds), 0);
  close(fds[1]);
  check_ok(pb_source_open(fds[0], "/tmp", &source, &err), err);
  check_ok(pb_source_wait(source, -1, &is_empty, &err), err);
  assert_true(is_empty);
  pb_source_close(source);
  check_ok(pb_source_open(open("/dev/null", O_RDONLY), "/tmp", &source, &err), err);
  check_ok(pb_source_wait(source, -1, &is_empty, &err), err);
  assert_true(is_empty);
  pb_source_close(source);
}

static void
test_stopped(void **state)
{
  pb_source_t *source   = NULL;
  pb_error_t   err      = {0};
  bool         is_empty = false;
  size_t       got      = 0;
  char         byte;
  int          fds[2], stop[2];

  (void)state;
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(pipe(stop), 0);
  assert_int_equal(write(stop[1], "", 1), 1);
  check_ok(pb_source_open(fds[0], "/tmp", &source, &err), err);
  assert_false(pb_source_wait(source, stop[0], &is_empty, &err));
  assert_int_equal(err.kind, PB_RETRY);
  assert_false(pb_source_read(source, stop[0], &byte, 1, &got, &err));
  pb_source_close(source);
  close(fds[1]);
  close(stop[0]);
  close(stop[1]);
}

static void
test_folder(void **state)
{
  pb_source_t *source = NULL;
  pb_error_t   err    = {0};
  char         byte;
  size_t       got = 0;

  (void)state;
  check_ok(pb_source_open(open("/", O_RDONLY), "/tmp", &source, &err), err);
  assert_false(pb_source_read(source, -1, &byte, 1, &got, &err));
  assert_int_equal(err.kind, PB_REJECT);
  pb_source_close(source);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_file),
    cmocka_unit_test(test_pipe),
    cmocka_unit_test(test_pipe_without_disk),
    cmocka_unit_test(test_peek),
    cmocka_unit_test(test_peek_without_room),
    cmocka_unit_test(test_empty),
    cmocka_unit_test(test_stopped),
    cmocka_unit_test(test_folder),
  };

  for (size_t i = 0; i < SIZE; i++)
    document[i] = (char)(i * 31 / 7);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
