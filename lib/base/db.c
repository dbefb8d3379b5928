// db - SQLite behind a handful of calls.
// One connection and one recursive mutex per database: a transaction or a query holds it from its
// first call to its last.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/db.h"

#include "base/fault.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHED_MAX 256  // prepared statements; our programs have under 150 distinct ones
#define BUSY_MS 5000    // another process (the command line) may hold the database so long

struct pb_db_stmt
{
  pb_db_t      *db;
  const char   *sql;  // the caller's literal: its address is the key
  sqlite3_stmt *handle;
  int           status;  // of the last step
  bool          is_busy;
  bool          is_cached;
};

struct pb_db
{
  sqlite3        *handle;
  char           *path;
  pthread_mutex_t lock;       // guards everything
  int             depth;      // of nested transactions
  bool            is_broken;  // an inner one was rolled back
  atomic_bool     is_damaged;
  pb_db_stmt_t   *cached[CACHED_MAX];
  int             cached_count;
};

static enum pb_error_kind
kind_of(int status)
{
  switch (status & 0xff)
  {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_IOERR:
      return PB_RETRY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return PB_CONFIG;
    default:
      return PB_BUG;
  }
}

static bool
fail(pb_db_t *db, int status, const char *doing, pb_error_t *err)
{
  if ((status & 0xff) == SQLITE_CORRUPT || (status & 0xff) == SQLITE_NOTADB)
    atomic_store(&db->is_damaged, true);
  return pb_error_set(err, kind_of(status), "%s: %s (%s)", db->path, sqlite3_errmsg(db->handle),
                      doing);
}

static bool
execute(pb_db_t *db, const char *sql, pb_error_t *err)
{
  int status = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

  return status == SQLITE_OK ? true : fail(db, status, sql, err);
}

// SQLite makes files by the umask: make it first, private.
static bool
make_private(const char *path, pb_error_t *err)
{
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    return pb_error_set_errno(err, PB_CONFIG, "%s", path);
  close(fd);
  return true;
}

static pb_db_t *
new_db(const char *path)
{
  pthread_mutexattr_t recursive;
  pb_db_t            *db = calloc(1, sizeof(*db));

  if (db == NULL)
    return NULL;
  db->path = strdup(path);
  if (db->path == NULL)
  {
    free(db);
    return NULL;
  }
  pthread_mutexattr_init(&recursive);
  pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&db->lock, &recursive);
  pthread_mutexattr_destroy(&recursive);
  return db;
}

bool
pb_db_is_damaged(const pb_db_t *db)
{
  return atomic_load(&db->is_damaged);
}

bool
pb_db_open(const char *path, pb_db_t **db_out, pb_error_t *err)
{
  pb_db_t *db;

  if (strcmp(path, ":memory:") != 0 && !make_private(path, err))
    return false;
  db = new_db(path);
  if (db == NULL)
    return pb_error_set(err, PB_RETRY, "%s: out of memory", path);

  int status = sqlite3_open_v2(
    path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
  if (status != SQLITE_OK)
  {
    fail(db, status, "open", err);
    pb_db_close(db);
    return false;
  }
  sqlite3_busy_timeout(db->handle, BUSY_MS);
  if (!execute(db, "PRAGMA journal_mode = WAL", err) ||
      !execute(db, "PRAGMA synchronous = FULL", err) ||
      !execute(db, "PRAGMA foreign_keys = ON", err) ||
      !execute(db, "PRAGMA secure_delete = ON", err) ||
      !execute(
        db,
        "CREATE TABLE IF NOT EXISTS pb_schema (name TEXT PRIMARY KEY, version INTEGER NOT NULL)",
        err))
  {
    pb_db_close(db);
    return false;
  }
  *db_out = db;
  return true;
}

static void
free_stmt(pb_db_stmt_t *stmt)
{
  sqlite3_finalize(stmt->handle);
  free(stmt);
}

void
pb_db_close(pb_db_t *db)
{
  if (db == NULL)
    return;
  for (int i = 0; i < db->cached_count; i++)
    free_stmt(db->cached[i]);
  sqlite3_close(db->handle);
  pthread_mutex_destroy(&db->lock);
  free(db->path);
  free(db);
}

static bool
migrate_one(pb_db_t *db, const char *name, int version, const char *sql, pb_error_t *err)
{
  if (!pb_db_begin(db, err))
    return false;
  bool ok = execute(db, sql, err) &&
            pb_db_run(db, err, "INSERT OR REPLACE INTO pb_schema (name, version) VALUES (?, ?)",
                      "ti", name, (int64_t)version);
  return pb_db_end(db, ok, err);
}

bool
pb_db_migrate(pb_db_t *db, const char *name, const char *const *migrations, int count,
              pb_error_t *err)
{
  int64_t       version = 0;
  pb_db_stmt_t *query =
    pb_db_query(db, err, "SELECT version FROM pb_schema WHERE name = ?", "t", name);

  if (pb_db_step(query))
    version = pb_db_int(query, 0);
  if (!pb_db_finish(query, err))
    return false;
  if (version > count)
    return pb_error_set(
      err, PB_CONFIG,
      "%s: %s is of version %lld, this program knows %d only; was it made by a newer one?",
      db->path, name, (long long)version, count);
  for (int i = (int)version; i < count; i++)
    if (!migrate_one(db, name, i + 1, migrations[i], err))
      return pb_error_prefix(err, "%s: version %d", name, i + 1);
  return true;
}

bool
pb_db_begin(pb_db_t *db, pb_error_t *err)
{
  pthread_mutex_lock(&db->lock);
  if (db->depth == 0)
  {
    if (!execute(db, "BEGIN IMMEDIATE", err))
    {
      pthread_mutex_unlock(&db->lock);
      return false;
    }
    db->is_broken = false;
  }
  db->depth++;
  return true;
}

bool
pb_db_commit(pb_db_t *db, pb_error_t *err)
{
  bool ok = true;

  if (db->depth == 1 && db->is_broken)
  {
    pb_db_rollback(db);
    return pb_error_set(err, PB_BUG, "%s: a part of this transaction was rolled back", db->path);
  }
  if (db->depth == 1)
    PB_FAULT("database.commit.before");
  if (db->depth == 1 && !execute(db, "COMMIT", err))
  {
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    ok = false;
  }
  if (db->depth == 1)
    PB_FAULT("database.commit.after");
  db->depth--;
  pthread_mutex_unlock(&db->lock);
  return ok;
}

void
pb_db_rollback(pb_db_t *db)
{
  if (db->depth == 1)
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
  else
    db->is_broken = true;
  db->depth--;
  pthread_mutex_unlock(&db->lock);
}

bool
pb_db_end(pb_db_t *db, bool ok, pb_error_t *err)
{
  if (ok)
    return pb_db_commit(db, err);
  pb_db_rollback(db);
  return false;
}

static pb_db_stmt_t *
find_cached(pb_db_t *db, const char *sql)
{
  for (int i = 0; i < db->cached_count; i++)
    if (db->cached[i]->sql == sql && !db->cached[i]->is_busy &&
        strcmp(sqlite3_sql(db->cached[i]->handle), sql) == 0)
      return db->cached[i];
  return NULL;
}

// A prepared statement that nobody uses at the moment.
static pb_db_stmt_t *
take_stmt(pb_db_t *db, const char *sql, pb_error_t *err)
{
  pb_db_stmt_t *stmt = find_cached(db, sql);

  if (stmt != NULL)
  {
    stmt->is_busy = true;
    return stmt;
  }
  stmt = calloc(1, sizeof(*stmt));
  if (stmt == NULL)
  {
    pb_error_set(err, PB_RETRY, "%s: out of memory", db->path);
    return NULL;
  }
  *stmt = (pb_db_stmt_t){.db = db, .sql = sql, .is_busy = true};
  int status =
    sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, NULL);
  if (status != SQLITE_OK)
  {
    fail(db, status, sql, err);
    free_stmt(stmt);
    return NULL;
  }
  if (db->cached_count < CACHED_MAX)
  {
    stmt->is_cached                = true;
    db->cached[db->cached_count++] = stmt;
  }
  return stmt;
}

static void
give_back(pb_db_stmt_t *stmt)
{
  sqlite3_reset(stmt->handle);
  sqlite3_clear_bindings(stmt->handle);
  stmt->is_busy = false;
  if (!stmt->is_cached)
    free_stmt(stmt);
}

static int
bind_one(sqlite3_stmt *handle, int index, char type, va_list *args)
{
  const void *blob;

  switch (type)
  {
    case 'i':
      return sqlite3_bind_int64(handle, index, va_arg(*args, int64_t));
    case 'f':
      return sqlite3_bind_double(handle, index, va_arg(*args, double));
    case 't':
      return sqlite3_bind_text(handle, index, va_arg(*args, const char *), -1, SQLITE_TRANSIENT);
    case 'b':
      blob = va_arg(*args, const void *);
      return sqlite3_bind_blob64(handle, index, blob, va_arg(*args, size_t), SQLITE_TRANSIENT);
    case 'n':
      return sqlite3_bind_null(handle, index);
    default:
      return SQLITE_MISUSE;
  }
}

static bool
bind_all(pb_db_stmt_t *stmt, const char *types, va_list *args, pb_error_t *err)
{
  int count = (int)strlen(types);

  if (sqlite3_bind_parameter_count(stmt->handle) != count)
    return pb_error_set(err, PB_BUG, "%d parameters given to: %s", count, stmt->sql);
  for (int i = 0; i < count; i++)
  {
    int status = bind_one(stmt->handle, i + 1, types[i], args);

    if (status != SQLITE_OK)
      return fail(stmt->db, status, stmt->sql, err);
  }
  return true;
}

// Locks the database when it returns a statement.
static pb_db_stmt_t *
start(pb_db_t *db, pb_error_t *err, const char *sql, const char *types, va_list *args)
{
  pthread_mutex_lock(&db->lock);
  pb_db_stmt_t *stmt = take_stmt(db, sql, err);

  if (stmt != NULL && bind_all(stmt, types, args, err))
    return stmt;
  if (stmt != NULL)
    give_back(stmt);
  pthread_mutex_unlock(&db->lock);
  return NULL;
}

bool
pb_db_run(pb_db_t *db, pb_error_t *err, const char *sql, const char *types, ...)
{
  va_list args;

  va_start(args, types);
  pb_db_stmt_t *stmt = start(db, err, sql, types, &args);
  va_end(args);
  if (stmt == NULL)
    return false;
  while (pb_db_step(stmt))
    continue;
  return pb_db_finish(stmt, err);
}

int64_t
pb_db_changes(pb_db_t *db)
{
  return sqlite3_changes64(db->handle);
}

int64_t
pb_db_last_id(pb_db_t *db)
{
  return sqlite3_last_insert_rowid(db->handle);
}

pb_db_stmt_t *
pb_db_query(pb_db_t *db, pb_error_t *err, const char *sql, const char *types, ...)
{
  va_list args;

  va_start(args, types);
  pb_db_stmt_t *stmt = start(db, err, sql, types, &args);
  va_end(args);
  return stmt;
}

bool
pb_db_step(pb_db_stmt_t *stmt)
{
  if (stmt == NULL)
    return false;
  stmt->status = sqlite3_step(stmt->handle);
  return stmt->status == SQLITE_ROW;
}

bool
pb_db_finish(pb_db_stmt_t *stmt, pb_error_t *err)
{
  if (stmt == NULL)
    return false;

  pb_db_t *db = stmt->db;
  bool ok = stmt->status == SQLITE_DONE || stmt->status == SQLITE_ROW || stmt->status == SQLITE_OK;
  if (!ok)
    fail(db, stmt->status, stmt->sql, err);
  stmt->status = SQLITE_OK;
  give_back(stmt);
  pthread_mutex_unlock(&db->lock);
  return ok;
}

int64_t
pb_db_int(pb_db_stmt_t *stmt, int column)
{
  return sqlite3_column_int64(stmt->handle, column);
}

const char *
pb_db_text(pb_db_stmt_t *stmt, int column)
{
  return (const char *)sqlite3_column_text(stmt->handle, column);
}

const void *
pb_db_blob(pb_db_stmt_t *stmt, int column, size_t *size_out)
{
  const void *blob = sqlite3_column_blob(stmt->handle, column);

  *size_out = (size_t)sqlite3_column_bytes(stmt->handle, column);
  return blob;
}

bool
pb_db_is_null(pb_db_stmt_t *stmt, int column)
{
  return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL;
}
