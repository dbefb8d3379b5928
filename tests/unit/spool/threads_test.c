// threads_test - writers and readers of the same documents in threads of their own; run it under
// tsan.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/secret.h"
#include "spool/spool.h"
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define READERS 3
#define DOCUMENTS 6
#define DOCUMENT_SIZE 700000

static pb_spool_t *spool;

enum fate
{
  FATE_FINISHED,
  FATE_ABORTED,
  FATE_REMOVED
};

struct reading
{
  pb_spool_reader_t *reader;
  pthread_mutex_t    mutex;
  pthread_cond_t     cond;
  bool               is_woken;
  size_t             position;
  enum pb_spool_got  last;
};

static uint8_t
byte_at(size_t i)
{
  return (uint8_t)(i * 13 + (i >> 8));
}

static void
wake(void *user)
{
  struct reading *reading = user;

  pthread_mutex_lock(&reading->mutex);
  reading->is_woken = true;
  pthread_cond_signal(&reading->cond);
  pthread_mutex_unlock(&reading->mutex);
}

// No time-out: a wake that is lost hangs the test, and ctest says so.
static void
wait_for_wake(struct reading *reading)
{
  pthread_mutex_lock(&reading->mutex);
  while (!reading->is_woken)
    pthread_cond_wait(&reading->cond, &reading->mutex);
  reading->is_woken = false;
  pthread_mutex_unlock(&reading->mutex);
}

static void *
read_all(void *user)
{
  struct reading *reading = user;
  uint8_t         buffer[5000];
  size_t          got = 0;

  for (;;)
  {
    reading->last = pb_spool_read(reading->reader, buffer, sizeof(buffer), &got, NULL);
    if (reading->last == PB_SPOOL_WAIT)
      wait_for_wake(reading);
    else if (reading->last != PB_SPOOL_DATA)
      return NULL;
    for (size_t i = 0; i < got; i++, reading->position++)
      if (buffer[i] != byte_at(reading->position))
        abort();
  }
}

struct writing
{
  pb_spool_writer_t *writer;
  const char        *id;
  enum fate          fate;
};

static void *
write_all(void *user)
{
  struct writing *writing = user;
  uint8_t         piece[3000];
  int64_t         size = 0;

  for (size_t done = 0; done<DOCUMENT_SIZE; done += size> 0 ? (size_t)size : 0)
  {
    size = (int64_t)pb_random_below(sizeof(piece)) + 1;
    if ((size_t)size > DOCUMENT_SIZE - done)
      size = (int64_t)(DOCUMENT_SIZE - done);
    for (size_t i = 0; i < (size_t)size; i++)
      piece[i] = byte_at(done + i);
    if (!pb_spool_write(writing->writer, piece, (size_t)size, NULL))
      break;
    if (writing->fate == FATE_REMOVED && done > DOCUMENT_SIZE / 2 &&
        !pb_spool_remove(spool, writing->id, NULL))
      abort();
  }
  if (writing->fate == FATE_FINISHED && !pb_spool_finish(writing->writer, &size, NULL))
    abort();
  pb_spool_writer_free(writing->writer);
  return NULL;
}

static void
run_document(enum fate fate)
{
  struct reading readings[READERS] = {0};
  struct writing writing           = {.fate = fate};
  char           id[PB_SPOOL_ID_SIZE];
  pthread_t      threads[READERS + 1];
  pb_error_t     err = {0};

  check_ok(pb_spool_create(spool, id, &writing.writer, &err), err);
  writing.id = id;
  for (size_t i = 0; i < READERS; i++)
  {
    pthread_mutex_init(&readings[i].mutex, NULL);
    pthread_cond_init(&readings[i].cond, NULL);
    check_ok(pb_spool_open_reader(spool, id, wake, &readings[i], &readings[i].reader, &err), err);
    pthread_create(&threads[i], NULL, read_all, &readings[i]);
  }
  pthread_create(&threads[READERS], NULL, write_all, &writing);
  for (size_t i = 0; i < READERS + 1; i++)
    pthread_join(threads[i], NULL);
  for (size_t i = 0; i < READERS; i++)
  {
    pb_spool_reader_free(readings[i].reader);
    pthread_cond_destroy(&readings[i].cond);
    pthread_mutex_destroy(&readings[i].mutex);
    assert_int_equal(readings[i].last, fate == FATE_FINISHED ? PB_SPOOL_END : PB_SPOOL_BROKEN);
    if (fate == FATE_FINISHED)
      assert_int_equal(readings[i].position, DOCUMENT_SIZE);
  }
  check_ok(pb_spool_remove(spool, id, &err), err);
}

static void
test_readers_follow_a_writer(void **state)
{
  (void)state;
  for (int i = 0; i < DOCUMENTS; i++)
    run_document(FATE_FINISHED);
}

static void
test_readers_of_a_writer_that_gives_up(void **state)
{
  (void)state;
  for (int i = 0; i < DOCUMENTS; i++)
    run_document(FATE_ABORTED);
}

static void
test_readers_of_what_is_removed(void **state)
{
  (void)state;
  for (int i = 0; i < DOCUMENTS; i++)
    run_document(FATE_REMOVED);
}

// Readers that leave while they are being woken: wake must not come after free.
static atomic_int late_wakes;

struct leaving
{
  atomic_bool is_free;
};

static void
note_wake(void *user)
{
  struct leaving *leaving = user;

  if (atomic_load(&leaving->is_free))
    atomic_fetch_add(&late_wakes, 1);
}

static void
test_no_wake_after_free(void **state)
{
  struct writing writing = {.fate = FATE_FINISHED};
  char           id[PB_SPOOL_ID_SIZE];
  pthread_t      thread;
  pb_error_t     err = {0};

  (void)state;
  check_ok(pb_spool_create(spool, id, &writing.writer, &err), err);
  writing.id = id;
  pthread_create(&thread, NULL, write_all, &writing);
  for (int i = 0; i < 300; i++)
  {
    struct leaving     leaving = {false};
    pb_spool_reader_t *reader  = NULL;
    uint8_t            buffer[100000];
    size_t             got  = 0;
    enum pb_spool_got  last = PB_SPOOL_DATA;

    check_ok(pb_spool_open_reader(spool, id, note_wake, &leaving, &reader, &err), err);
    while (last == PB_SPOOL_DATA)
      last = pb_spool_read(reader, buffer, sizeof(buffer), &got, &err);
    pb_spool_reader_free(reader);
    atomic_store(&leaving.is_free, true);
  }
  pthread_join(thread, NULL);
  assert_int_equal(late_wakes, 0);
  check_ok(pb_spool_remove(spool, id, &err), err);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_readers_follow_a_writer),
    cmocka_unit_test(test_readers_of_a_writer_that_gives_up),
    cmocka_unit_test(test_readers_of_what_is_removed),
    cmocka_unit_test(test_no_wake_after_free),
  };
  char                   folder[] = "/tmp/pb-spool-XXXXXX";
  uint8_t                key[32];
  struct pb_spool_limits limits = {1 << 30, 0};
  int                    failed = 0;

  pb_random_bytes(key, sizeof(key));
  if (mkdtemp(folder) == NULL || !pb_spool_open(folder, key, &limits, &spool, NULL))
    return 1;
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  pb_spool_close(spool);
  return rmdir(folder) == 0 ? failed : 1;
}
