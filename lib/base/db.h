// db - an SQLite database as Printbridge uses it: WAL, synchronous=FULL, foreign keys on, one
// connection, statements kept prepared.  This is the only place that includes sqlite3.h. A database
// has a mutex: begin takes it, commit and rollback give it back; single statements take it
// themselves.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_DB_H
#define PB_BASE_DB_H

#include "base/error.h"
#include <stdint.h>

typedef struct pb_db      pb_db_t;
typedef struct pb_db_stmt pb_db_stmt_t;

// Open or create (mode 0600).  A damaged file is PB_CONFIG and names it; busy or full disk is
// PB_RETRY.
bool pb_db_open(const char *path, pb_db_t **db_out, pb_error_t *err) PB_MUST_USE;
void pb_db_close(pb_db_t *db);
// A statement has met damage in the file, which does not go away.  Any thread.
bool pb_db_is_damaged(const pb_db_t *db);

// Bring the schema called `name` to version `count`: migrations[i] takes it from i to i+1, each in
// a transaction of its own.  A newer version on disk than we know is PB_CONFIG.
bool pb_db_migrate(pb_db_t *db, const char *name, const char *const *migrations, int count,
                   pb_error_t *err) PB_MUST_USE;

// A transaction (BEGIN IMMEDIATE), from one thread; they nest (an inner commit only counts down).
bool pb_db_begin(pb_db_t *db, pb_error_t *err) PB_MUST_USE;
bool pb_db_commit(pb_db_t    *db,
                  pb_error_t *err) PB_MUST_USE;  // durable when true; rolled back when false
void pb_db_rollback(pb_db_t *db);
// Ends a transaction either way: commit when ok, else rollback; returns ok && committed.
bool pb_db_end(pb_db_t *db, bool ok, pb_error_t *err) PB_MUST_USE;

// Run one statement that returns no rows.  `types` has one letter per parameter: i int64_t, t const
// char * (NULL is NULL), b const void * followed by size_t, n NULL (takes no argument), f double.
// NULL err drops the reason.
//   pb_db_run(db, err, "UPDATE jobs SET state = ? WHERE id = ?", "ii", (int64_t)9, (int64_t)id)
bool pb_db_run(pb_db_t *db, pb_error_t *err, const char *sql, const char *types, ...) PB_MUST_USE;
int64_t
pb_db_changes(pb_db_t *db);  // rows that the last run changed; ask inside the same transaction
int64_t pb_db_last_id(pb_db_t *db);  // rowid of the last insert, likewise

// A query: prepare once (cached by the sql pointer), then step until false; always finish.  Between
// query and finish the database is locked to this thread.
//   q = pb_db_query(db, err, "SELECT a, b FROM t WHERE c = ?", "t", c);
//   while (pb_db_step(q)) use(pb_db_int(q, 0), pb_db_text(q, 1));
//   ok = pb_db_finish(q, err);
pb_db_stmt_t *pb_db_query(pb_db_t *db, pb_error_t *err, const char *sql, const char *types, ...);
bool          pb_db_step(pb_db_stmt_t *stmt);               // NULL stmt: false
bool    pb_db_finish(pb_db_stmt_t *stmt, pb_error_t *err);  // false when the query or a step failed
int64_t pb_db_int(pb_db_stmt_t *stmt, int column);
const char *pb_db_text(pb_db_stmt_t *stmt,
                       int           column);  // borrowed until the next step; NULL for NULL
const void *pb_db_blob(pb_db_stmt_t *stmt, int column, size_t *size_out);  // likewise
bool        pb_db_is_null(pb_db_stmt_t *stmt, int column);

#endif
