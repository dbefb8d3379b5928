// spool_test - documents come out as they went in, behind a writer too; damage, removal and full
// disks are seen.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/file.h"
#include "base/secret.h"
#include "net/seal.h"
#include "spool/spool.h"
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER 128
#define SEALED (PB_SEAL_RECORD_SIZE + PB_SEAL_OVERHEAD)

struct fixture
{
  char        folder[64];
  uint8_t     key[32];
  pb_spool_t *spool;
};

static void
open_spool(struct fixture *fixture, int64_t document_bytes, int64_t free_bytes)
{
  struct pb_spool_limits limits = {document_bytes, free_bytes};
  pb_error_t             err    = {0};

  check_ok(pb_spool_open(fixture->folder, fixture->key, &limits, &fixture->spool, &err), err);
}

static int
set_up(void **state)
{
  struct fixture *fixture = calloc(1, sizeof(*fixture));

  strcpy(fixture->folder, "/tmp/pb-spool-XXXXXX");
  assert_non_null(mkdtemp(fixture->folder));
  pb_random_bytes(fixture->key, sizeof(fixture->key));
  open_spool(fixture, 1 << 30, 0);
  *state = fixture;
  return 0;
}

static int
count_files(const char *folder, bool is_removing)
{
  DIR *dir   = opendir(folder);
  int  count = 0;

  for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
  {
    if (entry->d_name[0] == '.')
      continue;
    count++;
    if (is_removing)
      unlinkat(dirfd(dir), entry->d_name, 0);
  }
  closedir(dir);
  return count;
}

static int
tear_down(void **state)
{
  struct fixture *fixture = *state;

  pb_spool_close(fixture->spool);
  count_files(fixture->folder, true);
  rmdir(fixture->folder);
  free(fixture);
  return 0;
}

// Byte i of every test document.
static uint8_t
byte_at(size_t i)
{
  return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static uint8_t *
make_data(size_t size)
{
  uint8_t *data = malloc(size > 0 ? size : 1);

  for (size_t i = 0; i < size; i++)
    data[i] = byte_at(i);
  return data;
}

static void
write_document(pb_spool_t *spool, size_t size, size_t piece, char id[PB_SPOOL_ID_SIZE])
{
  uint8_t           *data   = make_data(size);
  pb_spool_writer_t *writer = NULL;
  int64_t            got    = -1;
  pb_error_t         err    = {0};

  check_ok(pb_spool_create(spool, id, &writer, &err), err);
  for (size_t done = 0; done < size; done += piece)
    check_ok(pb_spool_write(writer, data + done, size - done < piece ? size - done : piece, &err),
             err);
  check_ok(pb_spool_finish(writer, &got, &err), err);
  assert_int_equal(got, size);
  pb_spool_writer_free(writer);
  free(data);
}

// Everything that is there, checked; returns what came last.
static enum pb_spool_got
drain(pb_spool_reader_t *reader, size_t *position, size_t room, pb_error_t *err)
{
  uint8_t           buffer[100000];
  size_t            size = 0;
  enum pb_spool_got got  = PB_SPOOL_DATA;

  for (;;)
  {
    got = pb_spool_read(reader, buffer, room, &size, err);
    if (got != PB_SPOOL_DATA)
      return got;
    assert_true(size > 0 && size <= room);
    for (size_t i = 0; i < size; i++, (*position)++)
      if (buffer[i] != byte_at(*position))
        fail_msg("byte %zu is wrong", *position);
  }
}

static void
check_document(pb_spool_t *spool, const char *id, size_t size, size_t room)
{
  pb_spool_reader_t *reader   = NULL;
  size_t             position = 0;
  pb_error_t         err      = {0};

  check_ok(pb_spool_open_reader(spool, id, NULL, NULL, &reader, &err), err);
  assert_int_equal(drain(reader, &position, room, &err), PB_SPOOL_END);
  assert_int_equal(position, size);
  pb_spool_reader_free(reader);
}

static void
test_sizes(void **state)
{
  static const size_t sizes[]  = {0, 1, 1000, 65535, 65536, 65537, 131071, 131072, 131073, 1000000};
  static const size_t pieces[] = {100000, 65536, 777};
  struct fixture     *fixture  = *state;

  for (size_t i = 0; i < sizeof(sizes) / sizeof *sizes; i++)
    for (size_t p = 0; p < sizeof(pieces) / sizeof *pieces; p++)
    {
      char        id[PB_SPOOL_ID_SIZE];
      char       *path = NULL;
      struct stat info;

      write_document(fixture->spool, sizes[i], pieces[p], id);
      check_document(fixture->spool, id, sizes[i], 100000);
      check_document(fixture->spool, id, sizes[i], 1021);
      path = pb_file_join(fixture->folder, id);
      assert_int_equal(stat(path, &info), 0);
      assert_int_equal(info.st_mode & 0777, 0600);
      free(path);
    }
}

static void
test_found_again_after_restart(void **state)
{
  struct fixture    *fixture = *state;
  char               id[PB_SPOOL_ID_SIZE];
  pb_spool_reader_t *reader = NULL;
  pb_error_t         err    = {0};

  write_document(fixture->spool, 200000, 5000, id);
  pb_spool_close(fixture->spool);
  open_spool(fixture, 0, 0);
  check_document(fixture->spool, id, 200000, 3000);
  // Another key: nothing can be read.
  pb_spool_close(fixture->spool);
  fixture->key[0] ^= 1;
  open_spool(fixture, 0, 0);
  assert_false(pb_spool_open_reader(fixture->spool, id, NULL, NULL, &reader, &err));
  assert_int_equal(err.kind, PB_REJECT);
}

static void
count_wake(void *user)
{
  atomic_fetch_add((atomic_int *)user, 1);
}

static void
test_cut_through(void **state)
{
  struct fixture    *fixture = *state;
  uint8_t           *data    = make_data(200000);
  pb_spool_writer_t *writer  = NULL;
  pb_spool_reader_t *reader  = NULL;
  char               id[PB_SPOOL_ID_SIZE];
  atomic_int         wakes    = 0;
  size_t             position = 0;
  pb_error_t         err      = {0};

  check_ok(pb_spool_create(fixture->spool, id, &writer, &err), err);
  check_ok(pb_spool_open_reader(fixture->spool, id, count_wake, &wakes, &reader, &err), err);
  assert_int_equal(drain(reader, &position, 1000, &err), PB_SPOOL_WAIT);
  assert_int_equal(position, 0);
  // Ten bytes, far from a full record, are there at once.
  check_ok(pb_spool_write(writer, data, 10, &err), err);
  assert_int_equal(wakes, 1);
  check_ok(pb_spool_write(writer, data + 10, 10, &err), err);
  assert_int_equal(wakes, 1);  // nobody has waited again
  assert_int_equal(drain(reader, &position, 7, &err), PB_SPOOL_WAIT);
  assert_int_equal(position, 20);
  check_ok(pb_spool_write(writer, data + 20, 131072 - 20, &err), err);
  assert_int_equal(wakes, 2);
  assert_int_equal(drain(reader, &position, 5000, &err), PB_SPOOL_WAIT);
  assert_int_equal(position, 131072);
  pb_spool_reader_free(reader);
  pb_spool_writer_free(writer);
  free(data);
}

static void
test_end_after_finish(void **state)
{
  struct fixture    *fixture = *state;
  uint8_t           *data    = make_data(70000);
  pb_spool_writer_t *writer  = NULL;
  pb_spool_reader_t *early = NULL, *late = NULL;
  char               id[PB_SPOOL_ID_SIZE];
  atomic_int         wakes    = 0;
  size_t             position = 0, late_position = 0;
  int64_t            size = 0;
  pb_error_t         err  = {0};

  check_ok(pb_spool_create(fixture->spool, id, &writer, &err), err);
  check_ok(pb_spool_write(writer, data, 70000, &err), err);
  check_ok(pb_spool_open_reader(fixture->spool, id, count_wake, &wakes, &early, &err), err);
  assert_int_equal(drain(early, &position, 5000, &err), PB_SPOOL_WAIT);
  assert_int_equal(position, 70000);
  check_ok(pb_spool_finish(writer, &size, &err), err);
  assert_int_equal(size, 70000);
  assert_int_equal(wakes, 1);
  assert_int_equal(drain(early, &position, 5000, &err), PB_SPOOL_END);
  pb_spool_writer_free(writer);
  check_ok(pb_spool_open_reader(fixture->spool, id, NULL, NULL, &late, &err), err);
  assert_int_equal(drain(late, &late_position, 100000, &err), PB_SPOOL_END);
  assert_int_equal(late_position, 70000);
  pb_spool_reader_free(early);
  pb_spool_reader_free(late);
  free(data);
}

static void
test_abort(void **state)
{
  struct fixture    *fixture = *state;
  pb_spool_writer_t *writer  = NULL;
  pb_spool_reader_t *reader  = NULL;
  char               id[PB_SPOOL_ID_SIZE];
  uint8_t           *data     = make_data(70000);
  atomic_int         wakes    = 0;
  size_t             position = 0;
  pb_error_t         err      = {0};

  check_ok(pb_spool_create(fixture->spool, id, &writer, &err), err);
  check_ok(pb_spool_write(writer, data, 70000, &err), err);
  check_ok(pb_spool_open_reader(fixture->spool, id, count_wake, &wakes, &reader, &err), err);
  assert_int_equal(drain(reader, &position, 100000, &err), PB_SPOOL_WAIT);
  pb_spool_writer_free(writer);
  assert_int_equal(wakes, 1);
  assert_int_equal(drain(reader, &position, 100000, &err), PB_SPOOL_BROKEN);
  assert_int_equal(err.kind, PB_RETRY);
  assert_int_equal(count_files(fixture->folder, false), 0);
  pb_spool_reader_free(reader);
  assert_false(pb_spool_open_reader(fixture->spool, id, NULL, NULL, &reader, &err));
  assert_int_equal(err.kind, PB_GONE);
  free(data);
}

static void
test_remove(void **state)
{
  struct fixture    *fixture = *state;
  char               id[PB_SPOOL_ID_SIZE];
  pb_spool_reader_t *reader = NULL, *other = NULL;
  uint8_t            buffer[1000];
  size_t             got  = 0;
  char              *path = NULL;
  uint8_t            header[HEADER], zeros[HEADER] = {0};
  pb_error_t         err = {0};

  write_document(fixture->spool, 200000, 5000, id);
  path   = pb_file_join(fixture->folder, id);
  int fd = open(path, O_RDONLY);
  check_ok(pb_spool_open_reader(fixture->spool, id, NULL, NULL, &reader, &err), err);
  assert_int_equal(pb_spool_read(reader, buffer, sizeof(buffer), &got, &err), PB_SPOOL_DATA);
  check_ok(pb_spool_remove(fixture->spool, id, &err), err);
  assert_int_equal(pb_spool_read(reader, buffer, sizeof(buffer), &got, &err), PB_SPOOL_BROKEN);
  assert_int_equal(err.kind, PB_GONE);
  assert_false(pb_spool_open_reader(fixture->spool, id, NULL, NULL, &other, &err));
  assert_int_equal(err.kind, PB_GONE);
  pb_spool_reader_free(reader);
  // The key is gone from the disk's blocks as well.
  assert_int_equal(pread(fd, header, sizeof(header), 0), HEADER);
  assert_memory_equal(header, zeros, HEADER);
  close(fd);
  assert_int_equal(count_files(fixture->folder, false), 0);
  check_ok(pb_spool_remove(fixture->spool, id, &err), err);  // again: nothing to do
  free(path);
}

static void
test_remove_under_the_writer(void **state)
{
  struct fixture    *fixture = *state;
  pb_spool_writer_t *writer  = NULL;
  char               id[PB_SPOOL_ID_SIZE];
  int64_t            size = 0;
  pb_error_t         err  = {0};

  check_ok(pb_spool_create(fixture->spool, id, &writer, &err), err);
  check_ok(pb_spool_write(writer, "x", 1, &err), err);
  check_ok(pb_spool_remove(fixture->spool, id, &err), err);
  assert_false(pb_spool_write(writer, "x", 1, &err));
  assert_int_equal(err.kind, PB_GONE);
  assert_false(pb_spool_finish(writer, &size, &err));
  pb_spool_writer_free(writer);
  assert_int_equal(count_files(fixture->folder, false), 0);
}

static void
test_ids_refused(void **state)
{
  static const char *const ids[]   = {"",
                                      "x",
                                      "../../../../../../../etc/passwd1",
                                      "0123456789ABCDEF0123456789ABCDEF",
                                      "0123456789abcdef0123456789abcdef0",
                                      "0123456789abcdef0123456789abcdef"};
  struct fixture          *fixture = *state;

  for (size_t i = 0; i < sizeof(ids) / sizeof *ids; i++)
  {
    pb_spool_reader_t *reader = NULL;
    pb_error_t         err    = {0};

    assert_false(pb_spool_open_reader(fixture->spool, ids[i], NULL, NULL, &reader, &err));
    assert_int_equal(err.kind, PB_GONE);
  }
}

// What a crash or a bad disk may leave.
static void
test_damage(void **state)
{
  static const struct
  {
    const char *name;
    off_t       cut;   // new size; 0: as it is
    off_t       flip;  // offset of a byte that is changed; 0: none
    bool        is_seen_at_open;
  } rows[] = {
    {"whole",                  0,                         0,                       false},
    {"cut in the last record", HEADER + 3 * SEALED + 100, 0,                       true },
    {"cut between records",    HEADER + 3 * SEALED,       0,                       true },
    {"cut behind the header",  HEADER,                    0,                       true },
    {"cut in the header",      HEADER - 1,                0,                       true },
    {"empty record",           HEADER + 3 * SEALED + 5,   0,                       true },
    {"magic",                  0,                         1,                       true },
    {"version",                0,                         8,                       true },
    {"wrapped key",            0,                         20,                      true },
    {"first record",           0,                         HEADER + 7,              false},
    {"second record",          0,                         HEADER + SEALED + 7,     false},
    {"last record",            0,                         HEADER + 3 * SEALED + 7, true },
  };
  struct fixture *fixture = *state;

  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    char               id[PB_SPOOL_ID_SIZE];
    char              *path     = NULL;
    pb_spool_reader_t *reader   = NULL;
    size_t             position = 0;
    pb_error_t         err      = {0};
    uint8_t            byte     = 0;

    write_document(fixture->spool, 3 * PB_SEAL_RECORD_SIZE + 1000, 50000, id);
    path   = pb_file_join(fixture->folder, id);
    int fd = open(path, O_RDWR);
    if (rows[i].cut > 0)
      assert_int_equal(ftruncate(fd, rows[i].cut), 0);
    if (rows[i].flip > 0)
    {
      assert_int_equal(pread(fd, &byte, 1, rows[i].flip), 1);
      byte ^= 4;
      assert_int_equal(pwrite(fd, &byte, 1, rows[i].flip), 1);
    }
    close(fd);
    bool is_open = pb_spool_open_reader(fixture->spool, id, NULL, NULL, &reader, &err);
    if (is_open == rows[i].is_seen_at_open)
      fail_msg("%s: open %d %s", rows[i].name, is_open, err.message);
    if (is_open)
    {
      enum pb_spool_got got = drain(reader, &position, 9999, &err);

      if (got != (i == 0 ? PB_SPOOL_END : PB_SPOOL_BROKEN))
        fail_msg("%s: %d %s", rows[i].name, got, err.message);
    }
    pb_spool_reader_free(reader);
    free(path);
  }
}

static void
test_limits(void **state)
{
  struct fixture    *fixture = *state;
  pb_spool_writer_t *writer  = NULL;
  char               id[PB_SPOOL_ID_SIZE];
  pb_error_t         err = {0};

  pb_spool_close(fixture->spool);
  open_spool(fixture, 10, 0);
  check_ok(pb_spool_create(fixture->spool, id, &writer, &err), err);
  check_ok(pb_spool_write(writer, "0123456789", 10, &err), err);
  assert_false(pb_spool_write(writer, "x", 1, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_int_equal(count_files(fixture->folder, false), 0);  // at once, not only with free
  pb_spool_writer_free(writer);

  pb_spool_close(fixture->spool);
  open_spool(fixture, 10, INT64_MAX);
  assert_false(pb_spool_create(fixture->spool, id, &writer, &err));
  assert_int_equal(err.kind, PB_RETRY);
  assert_non_null(strstr(err.message, "disk full"));
}

static bool
is_the_known(void *user, const char *id)
{
  return strcmp(user, id) == 0;
}

static void
test_sweep(void **state)
{
  struct fixture    *fixture = *state;
  char               known[PB_SPOOL_ID_SIZE], other[PB_SPOOL_ID_SIZE], open_id[PB_SPOOL_ID_SIZE];
  pb_spool_writer_t *writer = NULL;
  char              *path   = pb_file_join(fixture->folder, "not-ours");
  pb_error_t         err    = {0};

  write_document(fixture->spool, 10, 10, known);
  write_document(fixture->spool, 10, 10, other);
  check_ok(pb_spool_create(fixture->spool, open_id, &writer, &err), err);
  check_ok(pb_file_replace(path, 0600, "x", 1, &err), err);
  assert_int_equal(pb_spool_sweep(fixture->spool, is_the_known, known), 1);
  assert_int_equal(count_files(fixture->folder, false), 3);
  check_document(fixture->spool, known, 10, 100);
  pb_spool_writer_free(writer);
  free(path);
}

// A job's password: it opens with the same key and context only, and as it was.
static void
test_small_secrets(void **state)
{
  static const struct
  {
    const char *name, *context;
    size_t      size;     // that is opened
    int         changed;  // which byte; -1: none
    bool        want;
  } rows[] = {
    {"as it was",     "job 1", PB_SPOOL_SMALL_OVERHEAD + 4, -1, true },
    {"another's",     "job 2", PB_SPOOL_SMALL_OVERHEAD + 4, -1, false},
    {"cut",           "job 1", PB_SPOOL_SMALL_OVERHEAD + 3, -1, false},
    {"nothing of it", "job 1", PB_SPOOL_SMALL_OVERHEAD - 1, -1, false},
    {"empty",         "job 1", 0,                           -1, false},
    {"nonce",         "job 1", PB_SPOOL_SMALL_OVERHEAD + 4, 0,  false},
    {"key",           "job 1", PB_SPOOL_SMALL_OVERHEAD + 4, 20, false},
    {"secret",        "job 1", PB_SPOOL_SMALL_OVERHEAD + 4, 61, false},
    {"tag",           "job 1", PB_SPOOL_SMALL_OVERHEAD + 4, 79, false},
  };
  struct fixture *fixture = *state;
  uint8_t         sealed[PB_SPOOL_SMALL_OVERHEAD + 4], other[sizeof(sealed)];
  pb_error_t      err = {0};

  check_ok(pb_spool_seal_small(fixture->spool, "job 1", "1234", 4, sealed, &err), err);
  check_ok(pb_spool_seal_small(fixture->spool, "job 1", "1234", 4, other, &err), err);
  assert_memory_not_equal(sealed, other, sizeof(sealed));
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    char plain[8] = "";

    memcpy(other, sealed, sizeof(other));
    if (rows[i].changed >= 0)
      other[rows[i].changed] ^= 1;
    if (pb_spool_open_small(fixture->spool, rows[i].context, other, rows[i].size, plain, &err) !=
        rows[i].want)
      fail_msg("%s: %s", rows[i].name, err.message);
    if (rows[i].want)
      assert_memory_equal(plain, "1234", 4);
  }
}

int
main(void)
{
#define SPOOL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    SPOOL_TEST(test_sizes),
    SPOOL_TEST(test_found_again_after_restart),
    SPOOL_TEST(test_cut_through),
    SPOOL_TEST(test_end_after_finish),
    SPOOL_TEST(test_abort),
    SPOOL_TEST(test_remove),
    SPOOL_TEST(test_remove_under_the_writer),
    SPOOL_TEST(test_ids_refused),
    SPOOL_TEST(test_damage),
    SPOOL_TEST(test_limits),
    SPOOL_TEST(test_sweep),
    SPOOL_TEST(test_small_secrets),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
