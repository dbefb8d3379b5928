// db_test - transactions, queries, migrations, damage.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/db.h"

#include "base/file.h"
#include "check.h"
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/pb-db-test-XXXXXX";
static char path[64];

static const char *const first[]  = {"CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c BLOB)"};
static const char *const second[] = {"CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c BLOB)",
                                     "ALTER TABLE t ADD COLUMN d INTEGER NOT NULL DEFAULT 7"};

static pb_db_t *
open_db(void)
{
  pb_db_t   *db  = NULL;
  pb_error_t err = {0};

  check_ok(pb_db_open(path, &db, &err), err);
  check_ok(pb_db_migrate(db, "test", first, 1, &err), err);
  return db;
}

static int64_t
count_rows(pb_db_t *db)
{
  pb_error_t    err   = {0};
  pb_db_stmt_t *query = pb_db_query(db, &err, "SELECT count(*) FROM t", "");
  int64_t       count = pb_db_step(query) ? pb_db_int(query, 0) : -1;

  check_ok(pb_db_finish(query, &err), err);
  return count;
}

static void
keeps_what_was_committed(void **state)
{
  pb_error_t err = {0};
  pb_db_t   *db  = open_db();
  size_t     size;

  (void)state;
  check_ok(pb_db_begin(db, &err), err);
  check_ok(pb_db_run(db, &err, "INSERT INTO t (b, c) VALUES (?, ?)", "tb", "one",
                     (const void *)"\0\1", (size_t)2),
           err);
  check_ok(pb_db_end(db, true, &err), err);

  check_ok(pb_db_begin(db, &err), err);
  check_ok(pb_db_run(db, &err, "INSERT INTO t (b, c) VALUES (?, ?)", "tn", "two"), err);
  assert_false(pb_db_end(db, false, &err));
  pb_db_close(db);

  db                  = open_db();
  pb_db_stmt_t *query = pb_db_query(db, &err, "SELECT b, c FROM t WHERE b = ?", "t", "one");
  assert_true(pb_db_step(query));
  assert_string_equal(pb_db_text(query, 0), "one");
  assert_memory_equal(pb_db_blob(query, 1, &size), "\0\1", 2);
  assert_int_equal(size, 2);
  assert_false(pb_db_step(query));
  check_ok(pb_db_finish(query, &err), err);
  assert_int_equal(count_rows(db), 1);
  pb_db_close(db);
}

static void
an_inner_rollback_undoes_all(void **state)
{
  pb_error_t err    = {0};
  pb_db_t   *db     = open_db();
  int64_t    before = count_rows(db);

  (void)state;
  check_ok(pb_db_begin(db, &err), err);
  check_ok(pb_db_run(db, &err, "INSERT INTO t (b) VALUES ('outer')", ""), err);
  check_ok(pb_db_begin(db, &err), err);
  pb_db_rollback(db);
  assert_false(pb_db_commit(db, &err));
  assert_int_equal(count_rows(db), before);
  pb_db_close(db);
}

static void
says_what_failed(void **state)
{
  pb_error_t err = {0};
  pb_db_t   *db  = open_db();

  (void)state;
  assert_false(pb_db_run(db, &err, "INSERT INTO nowhere VALUES (1)", ""));
  assert_non_null(strstr(err.message, "nowhere"));
  assert_false(pb_db_run(db, &err, "INSERT INTO t (b) VALUES (?)", ""));
  assert_int_equal(err.kind, PB_BUG);
  assert_null(pb_db_query(db, &err, "SELECT x FROM t", ""));
  assert_false(pb_db_step(NULL));
  assert_false(pb_db_finish(NULL, &err));
  // The lock is free again after each of these.
  assert_true(count_rows(db) >= 0);
  pb_db_close(db);
}

static void
migrates_and_refuses_the_future(void **state)
{
  pb_error_t err = {0};
  pb_db_t   *db  = open_db();

  (void)state;
  check_ok(pb_db_migrate(db, "test", second, 2, &err), err);
  check_ok(pb_db_migrate(db, "test", second, 2, &err), err);
  check_ok(pb_db_run(db, &err, "UPDATE t SET d = 8", ""), err);
  assert_false(pb_db_migrate(db, "test", first, 1, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  pb_db_close(db);
}

static void
a_damaged_file_is_named(void **state)
{
  char       bad[80];
  pb_db_t   *db  = NULL;
  pb_error_t err = {0};

  (void)state;
  snprintf(bad, sizeof(bad), "%s/bad.db", folder);
  check_ok(pb_file_replace(bad, 0600, "this is not a database, whatever its name says", 46, &err),
           err);
  assert_false(pb_db_open(bad, &db, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_non_null(strstr(err.message, bad));
  unlink(bad);
}

static void
is_private(void **state)
{
  struct stat info;

  (void)state;
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
}

static void *
insert_many(void *user)
{
  for (int i = 0; i < 50; i++)
  {
    pb_error_t err = {0};

    if (!pb_db_begin(user, &err))
      return user;
    bool ok = pb_db_run(user, &err, "INSERT INTO t (b) VALUES ('thread')", "") &&
              pb_db_run(user, &err, "UPDATE t SET b = 'x' WHERE a = ?", "i", pb_db_last_id(user)) &&
              pb_db_changes(user) == 1;
    if (!pb_db_end(user, ok, &err))
      return user;
  }
  return NULL;
}

static void
threads_take_turns(void **state)
{
  pb_db_t  *db     = open_db();
  int64_t   before = count_rows(db);
  pthread_t threads[4];
  void     *result;

  (void)state;
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, insert_many, db), 0);
  for (int i = 0; i < 4; i++)
  {
    pthread_join(threads[i], &result);
    assert_null(result);
  }
  assert_int_equal(count_rows(db), before + 200);
  pb_db_close(db);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(keeps_what_was_committed),
    cmocka_unit_test(an_inner_rollback_undoes_all),
    cmocka_unit_test(says_what_failed),
    cmocka_unit_test(threads_take_turns),
    cmocka_unit_test(a_damaged_file_is_named),
    cmocka_unit_test(is_private),
    cmocka_unit_test(migrates_and_refuses_the_future),
  };

  if (mkdtemp(folder) == NULL)
    return 1;
  snprintf(path, sizeof(path), "%s/test.db", folder);
  int  status = cmocka_run_group_tests(tests, NULL, NULL);
  char command[128];
  snprintf(command, sizeof(command), "%s-wal", path);
  unlink(command);
  snprintf(command, sizeof(command), "%s-shm", path);
  unlink(command);
  unlink(path);
  rmdir(folder);
  return status;
}
