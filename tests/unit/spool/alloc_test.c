// alloc_test - the spool when memory runs out: what was taken can be read to its last byte, and
// what was not leaves nothing behind.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include "net/seal.h"
#include "spool/spool.h"
#include <unistd.h>

#define SIZE (2 * PB_SEAL_RECORD_SIZE + 1000)

struct world
{
  char        folder[64];
  pb_spool_t *spool;
  uint8_t     data[SIZE], back[SIZE + 1];
};

static bool
read_back(struct world *w, const char *id, pb_error_t *err)
{
  pb_spool_reader_t *reader = NULL;
  enum pb_spool_got  got    = PB_SPOOL_DATA;
  size_t             total  = 0;

  if (!pb_spool_open_reader(w->spool, id, NULL, NULL, &reader, err))
    return false;
  while (got == PB_SPOOL_DATA)
  {
    size_t size = 0;

    got = pb_spool_read(reader, w->back + total, SIZE + 1 - total, &size, err);
    total += size;
    assert_in_range(total, 0, SIZE);
  }
  pb_spool_reader_free(reader);
  assert_true(got != PB_SPOOL_WAIT);
  assert_true(got != PB_SPOOL_END || (total == SIZE && memcmp(w->data, w->back, SIZE) == 0));
  return got == PB_SPOOL_END;
}

static bool
write_and_read(void *user, pb_error_t *err)
{
  struct world      *w      = user;
  pb_spool_writer_t *writer = NULL;
  char               id[PB_SPOOL_ID_SIZE];
  int64_t            size     = 0;
  bool               is_taken = false, ok = false;

  if (!pb_spool_create(w->spool, id, &writer, err))
    return false;
  is_taken = pb_spool_write(writer, w->data, 1000, err) &&
             pb_spool_write(writer, w->data + 1000, SIZE - 1000, err) &&
             pb_spool_finish(writer, &size, err);
  pb_spool_writer_free(writer);
  if (is_taken)
  {
    pb_error_t why = {0};

    assert_int_equal(size, SIZE);
    ok = read_back(w, id, err);
    alloc_pause();
    if (!read_back(w, id, &why))
      fail_msg("what was taken cannot be read: %s", why.message);
    check_ok(pb_spool_remove(w->spool, id, &why), why);
    alloc_resume();
  }
  return ok;
}

static bool
open_again(void *user, pb_error_t *err)
{
  struct world                *w       = user;
  const uint8_t                key[32] = {1};
  const struct pb_spool_limits limits  = {.document_bytes = 10 * SIZE};
  pb_spool_t                  *spool   = NULL;
  bool                         ok      = pb_spool_open(w->folder, key, &limits, &spool, err);

  pb_spool_close(spool);
  return ok;
}

static bool
is_known(void *user, const char *id)
{
  (void)user;
  (void)id;
  return false;
}

static const struct alloc_case cases[] = {
  {"write and read", write_and_read, false},
  {"open",           open_again,     false},
};

static void
each_allocation_may_fail(void **state)
{
  const uint8_t                key[32] = {1};
  const struct pb_spool_limits limits  = {.document_bytes = 10 * SIZE};
  struct world                *w       = calloc(1, sizeof(*w));
  pb_error_t                   err     = {0};

  (void)state;
  for (size_t i = 0; i < SIZE; i++)
    w->data[i] = (uint8_t)(i * 31 + (i >> 11));
  strcpy(w->folder, "/tmp/pb-alloc-XXXXXX");
  assert_non_null(mkdtemp(w->folder));
  check_ok(pb_spool_open(w->folder, key, &limits, &w->spool, &err), err);
  alloc_check(cases, sizeof(cases) / sizeof(cases[0]), w);
  assert_int_equal(pb_spool_sweep(w->spool, is_known, NULL), 0);  // no debris
  pb_spool_close(w->spool);
  assert_int_equal(rmdir(w->folder), 0);
  free(w);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
