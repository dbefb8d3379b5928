// journal - what the connector knows of its jobs, on disk: the database and its rows.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/journal.h"

#include "base/clock.h"
#include "base/db.h"
#include "base/log.h"
#include "base/text.h"
#include "connector/journal-private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const migrations[] = {
  "CREATE TABLE jobs ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, state INTEGER NOT NULL, device_uuid TEXT NOT NULL, "
  "queue TEXT NOT NULL,"
  "  printer_uri TEXT NOT NULL, cloud_job INTEGER NOT NULL, job_uuid TEXT NOT NULL, title TEXT, "
  "user TEXT,"
  "  local_job INTEGER NOT NULL, attempt INTEGER NOT NULL, outcome INTEGER NOT NULL, refusal "
  "INTEGER NOT NULL,"
  "  is_cancel_asked INTEGER NOT NULL, impressions INTEGER NOT NULL, reasons TEXT, message TEXT,"
  "  made_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, ticket BLOB, UNIQUE (device_uuid, "
  "cloud_job));"
  "CREATE INDEX jobs_state ON jobs (state);"
  "CREATE TABLE documents ("
  "  job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, number INTEGER NOT NULL, format "
  "TEXT NOT NULL,"
  "  capability TEXT NOT NULL, readers INTEGER NOT NULL, is_handed_over INTEGER NOT NULL, bytes "
  "INTEGER NOT NULL,"
  "  PRIMARY KEY (job, number)) WITHOUT ROWID;"
  "CREATE TABLE hops ("
  "  id INTEGER PRIMARY KEY, job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, at_ms "
  "INTEGER NOT NULL,"
  "  what TEXT NOT NULL);"
  "CREATE INDEX hops_job ON hops (job);"
  "CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;",
  "ALTER TABLE jobs ADD COLUMN hold INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE documents ADD COLUMN runner TEXT NOT NULL DEFAULT '';"
  "ALTER TABLE documents ADD COLUMN refused_runner TEXT NOT NULL DEFAULT '';",
  "ALTER TABLE jobs ADD COLUMN offers INTEGER NOT NULL DEFAULT 0;",
};
#define MIGRATIONS ((int)(sizeof(migrations) / sizeof(migrations[0])))

#define HOPS_PER_JOB_MAX 64  // a job that is tried for days must not fill the disk with its story

void
pb_journal_job_clear(pb_journal_job_t *job)
{
  free(job->ticket);
  free(job->documents);
  *job = (pb_journal_job_t){0};
}

// Every page is looked at now: damage that shows only later would end the job that meets it.
static bool
check_whole(pb_db_t *db, const char *path, pb_error_t *err)
{
  char          found[128] = "no answer";
  pb_db_stmt_t *stmt       = pb_db_query(db, err, "PRAGMA quick_check(1)", "");

  if (pb_db_step(stmt))
    pb_text_copy(found, sizeof(found), pb_db_text(stmt, 0));
  if (!pb_db_finish(stmt, err))
    return false;
  return strcmp(found, "ok") == 0 || pb_error_set(err, PB_CONFIG, "%s: %s", path, found);
}

static bool
open_once(const char *path, pb_db_t **db_out, pb_error_t *err)
{
  if (!pb_db_open(path, db_out, err))
    return false;
  if (check_whole(*db_out, path, err) &&
      pb_db_migrate(*db_out, "journal", migrations, MIGRATIONS, err))
    return true;
  pb_db_close(*db_out);
  *db_out = NULL;
  return false;
}

// Out of the way with all its parts, but kept: somebody may want to look.
bool
pb_journal_set_aside(const char *path, pb_error_t *err)
{
  static const char *const parts[] = {"-wal", "-shm", ""};
  int64_t                  now     = pb_clock_now_ms();

  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
  {
    char from[4096];
    char to[4096];

    if (!pb_text_format(from, sizeof(from), "%s%s", path, parts[i]) ||
        !pb_text_format(to, sizeof(to), "%s.damaged-%lld%s", path, (long long)now, parts[i]))
      return pb_error_set(err, PB_CONFIG, "journal %s: the path is too long", path);
    if (rename(from, to) != 0 && errno != ENOENT)
      return pb_error_set_errno(err, PB_CONFIG, "cannot set the damaged journal %s aside", from);
  }
  return true;
}

bool
pb_journal_open(const char *path, pb_journal_t **journal_out, bool *was_damaged_out,
                pb_error_t *err)
{
  pb_journal_t *journal = calloc(1, sizeof(*journal));

  *journal_out = NULL;
  if (was_damaged_out != NULL)
    *was_damaged_out = false;
  if (journal != NULL)
    journal->path = pb_text_dup(path);
  if (journal == NULL || journal->path == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto failed;
  }
  if (!open_once(path, &journal->db, err))
  {
    // Only damage is cured by a new file; a full disk or missing rights are not.
    if (err->kind != PB_CONFIG || access(path, R_OK | W_OK) != 0)
      goto failed;
    pb_log(NULL, PB_LOG_ERROR,
           "the job journal cannot be read (%s); it is set aside as %s.damaged-* and a new one is "
           "begun: jobs are "
           "found again by asking the service and CUPS",
           err->message, path);
    if (!pb_journal_set_aside(path, err) || !open_once(path, &journal->db, err))
      goto failed;
    pb_error_clear(err);
    if (was_damaged_out != NULL)
      *was_damaged_out = true;
  }
  *journal_out = journal;
  return true;

failed:
  if (journal != NULL)
    free(journal->path);
  free(journal);
  return false;
}

void
pb_journal_check(pb_journal_t *journal)
{
  pb_db_t   *db  = NULL;  // another one: ours has pages in memory
  pb_error_t err = {0};

  if (pb_db_open(journal->path, &db, &err) && check_whole(db, journal->path, &err))
    pb_error_clear(&err);
  pb_db_close(db);
  if (err.kind != PB_CONFIG)
    return;
  pb_log(NULL, PB_LOG_ERROR, "the job journal is damaged: %s", err.message);
  atomic_store(&journal->is_damaged, true);
}

bool
pb_journal_is_damaged(const pb_journal_t *journal)
{
  return atomic_load(&journal->is_damaged) || pb_db_is_damaged(journal->db);
}

void
pb_journal_close(pb_journal_t *journal)
{
  if (journal == NULL)
    return;
  pb_db_close(journal->db);
  free(journal->path);
  free(journal);
}

static bool
insert(pb_journal_t *journal, pb_journal_job_t *job, pb_error_t *err)
{
  job->made_ms = job->changed_ms;
  // The service may have begun to count anew, or offer again what ended here long ago.
  if (!pb_db_run(journal->db, err,
                 "DELETE FROM jobs WHERE device_uuid = ? AND cloud_job = ? AND state IN (7, 9)",
                 "ti", job->device_uuid, (int64_t)job->cloud_job))
    return false;
  if (!pb_db_run(journal->db, err,
                 "INSERT INTO jobs (state, device_uuid, queue, printer_uri, cloud_job, job_uuid, "
                 "title, user, local_job,"
                 " attempt, outcome, refusal, is_cancel_asked, impressions, reasons, message, "
                 "made_ms, changed_ms,"
                 " ticket, offers) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                 " ?)",
                 "itttitttiiiiiittiibi", (int64_t)job->state, job->device_uuid, job->queue,
                 job->printer_uri, (int64_t)job->cloud_job, job->job_uuid, job->title, job->user,
                 (int64_t)job->local_job, (int64_t)job->attempt, (int64_t)job->outcome,
                 (int64_t)job->refusal, (int64_t)job->is_cancel_asked, (int64_t)job->impressions,
                 job->reasons, job->message, job->made_ms, job->changed_ms, job->ticket,
                 job->ticket_size, (int64_t)job->offers))
    return false;
  job->id = pb_db_last_id(journal->db);
  return true;
}

// What a job was asked with is not kept longer than the job: its PIN may be among it.
static bool
update(pb_journal_t *journal, pb_journal_job_t *job, pb_error_t *err)
{
  if (!pb_db_run(journal->db, err,
                 "UPDATE jobs SET state = ?, job_uuid = ?, title = ?, user = ?, local_job = ?, "
                 "attempt = ?, outcome = ?,"
                 " refusal = ?, is_cancel_asked = ?, impressions = ?, reasons = ?, message = ?, "
                 "changed_ms = ?, ticket = iif(?, NULL, ticket)"
                 " WHERE id = ?",
                 "itttiiiiiittiii", (int64_t)job->state, job->job_uuid, job->title, job->user,
                 (int64_t)job->local_job, (int64_t)job->attempt, (int64_t)job->outcome,
                 (int64_t)job->refusal, (int64_t)job->is_cancel_asked, (int64_t)job->impressions,
                 job->reasons, job->message, job->changed_ms,
                 (int64_t)pb_job_state_is_ended(job->state), job->id))
    return false;
  if (pb_db_changes(journal->db) == 1)
    return true;
  return pb_error_set(err, PB_BUG, "journal: job %lld is not there", (long long)job->id);
}

static bool
save_documents(pb_journal_t *journal, const pb_journal_job_t *job, pb_error_t *err)
{
  for (int i = 0; i < job->documents_count; i++)
  {
    const struct pb_journal_document *document = &job->documents[i];

    // What document threads have noted stays.
    if (!pb_db_run(
          journal->db, err,
          "INSERT INTO documents (job, number, format, capability, readers, is_handed_over, bytes,"
          " runner) VALUES (?, ?, ?, ?, 0, ?, 0, ?) ON CONFLICT (job, number) DO UPDATE SET format "
          "= "
          "excluded.format,"
          " capability = excluded.capability",
          "iittit", job->id, (int64_t)document->number, document->format, document->capability,
          (int64_t)document->is_handed_over, document->runner))
      return false;
  }
  return true;
}

static bool
save_hop(pb_journal_t *journal, const pb_journal_job_t *job, const char *hop, pb_error_t *err)
{
  return pb_db_run(journal->db, err,
                   "INSERT INTO hops (job, at_ms, what) SELECT ?, ?, ?"
                   " WHERE (SELECT count(*) FROM hops WHERE job = ?) < ?",
                   "iitii", job->id, job->changed_ms, hop, job->id, (int64_t)HOPS_PER_JOB_MAX);
}

static bool
save(pb_journal_t *journal, pb_journal_job_t *job, const char *hop, bool has_documents,
     pb_error_t *err)
{
  bool is_new = job->id == 0;
  bool ok     = false;

  job->changed_ms = pb_clock_now_ms();
  if (!pb_db_begin(journal->db, err))
    return false;
  ok = is_new ? insert(journal, job, err) : update(journal, job, err);
  if (ok && has_documents)
    ok = save_documents(journal, job, err);
  if (ok && hop != NULL)
    ok = save_hop(journal, job, hop, err);
  ok = pb_db_end(journal->db, ok, err);
  if (!ok && is_new)
    job->id = 0;
  return ok;
}

bool
pb_journal_save(pb_journal_t *journal, pb_journal_job_t *job, const char *hop, pb_error_t *err)
{
  return save(journal, job, hop, /*has_documents*/ false, err);
}

bool
pb_journal_save_all(pb_journal_t *journal, pb_journal_job_t *job, const char *hop, pb_error_t *err)
{
  return save(journal, job, hop, /*has_documents*/ true, err);
}

bool
pb_journal_note_reader(pb_journal_t *journal, int64_t id, int number, const char *runner,
                       pb_error_t *err)
{
  return pb_db_run(
    journal->db, err,
    "UPDATE documents SET readers = readers + 1, runner = ? WHERE job = ? AND number = ?", "tii",
    runner, id, (int64_t)number);
}

bool
pb_journal_note_handed_over(pb_journal_t *journal, int64_t id, int number, int64_t bytes,
                            pb_error_t *err)
{
  return pb_db_run(
    journal->db, err,
    "UPDATE documents SET is_handed_over = 1, bytes = ? WHERE job = ? AND number = ?", "iii", bytes,
    id, (int64_t)number);
}

// 2 in the column of the hand-over, which is forgotten with it.
bool
pb_journal_note_passed_on(pb_journal_t *journal, int64_t id, int number, pb_error_t *err)
{
  return pb_db_run(journal->db, err,
                   "UPDATE documents SET is_handed_over = 2 WHERE job = ? AND number = ?", "ii", id,
                   (int64_t)number);
}

bool
pb_journal_set_hold(pb_journal_t *journal, int64_t id, enum pb_job_hold hold, pb_error_t *err)
{
  return pb_db_run(journal->db, err, "UPDATE jobs SET hold = ? WHERE id = ?", "ii", (int64_t)hold,
                   id);
}

bool
pb_journal_note_refused(pb_journal_t *journal, int64_t id, int number, const char *runner,
                        pb_error_t *err)
{
  bool ok = false;

  if (!pb_db_begin(journal->db, err))
    return false;
  ok = pb_db_run(journal->db, err,
                 "UPDATE documents SET refused_runner = ? WHERE job = ? AND number = ?", "tii",
                 runner, id, (int64_t)number) &&
       pb_journal_set_hold(journal, id, PB_HOLD_WANTED, err);
  return pb_db_end(journal->db, ok, err);
}

bool
pb_journal_forget_hand_over(pb_journal_t *journal, int64_t id, enum pb_job_hold hold,
                            pb_error_t *err)
{
  bool ok = false;

  if (!pb_db_begin(journal->db, err))
    return false;
  ok =
    pb_db_run(journal->db, err, "UPDATE documents SET is_handed_over = 0 WHERE job = ?", "i", id) &&
    pb_journal_set_hold(journal, id, hold, err);
  return pb_db_end(journal->db, ok, err);
}

bool
pb_journal_note_elsewhere(pb_journal_t *journal, const char *device_uuid, int64_t until_ms,
                          pb_error_t *err)
{
  return pb_db_run(journal->db, err,
                   "UPDATE documents SET is_handed_over = 1, runner = ? WHERE job IN (SELECT id"
                   " FROM jobs WHERE state NOT IN (7, 9) AND device_uuid = ? AND made_ms < ?)",
                   "tti", PB_RUNNER_ELSEWHERE, device_uuid, until_ms);
}

bool
pb_journal_trim(pb_journal_t *journal, int64_t keep_ms, int keep_count, pb_error_t *err)
{
  if (!pb_db_run(journal->db, err, "DELETE FROM jobs WHERE state IN (7, 9) AND changed_ms < ?", "i",
                 pb_clock_now_ms() - keep_ms))
    return false;
  return pb_db_run(journal->db, err,
                   "DELETE FROM jobs WHERE state IN (7, 9) AND id NOT IN"
                   " (SELECT id FROM jobs WHERE state IN (7, 9) ORDER BY id DESC LIMIT ?)",
                   "i", (int64_t)keep_count);
}

int64_t
pb_journal_get_number(pb_journal_t *journal, const char *name, int64_t otherwise)
{
  pb_db_stmt_t *stmt =
    pb_db_query(journal->db, NULL, "SELECT value FROM numbers WHERE name = ?", "t", name);
  int64_t value = otherwise;

  if (pb_db_step(stmt))
    value = pb_db_int(stmt, 0);
  if (!pb_db_finish(stmt, NULL))
    value = otherwise;
  return value;
}

bool
pb_journal_set_number(pb_journal_t *journal, const char *name, int64_t value, pb_error_t *err)
{
  return pb_db_run(
    journal->db, err,
    "INSERT INTO numbers (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = "
    "excluded.value",
    "ti", name, value);
}
