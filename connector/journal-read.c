// journal-read - rows of the journal as records.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "connector/journal-private.h"
#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                    \
  "SELECT id, state, device_uuid, queue, printer_uri, cloud_job, job_uuid, title, user, "          \
  "local_job, attempt, outcome,"                                                                   \
  " refusal, is_cancel_asked, impressions, reasons, message, made_ms, changed_ms, ticket, "        \
  "hold, offers FROM jobs "

#define JOBS_MAX 20000  // rows in one answer

static bool
read_job(pb_db_stmt_t *stmt, pb_journal_job_t *job, pb_error_t *err)
{
  size_t      size   = 0;
  const void *ticket = NULL;

  *job       = (pb_journal_job_t){0};
  job->id    = pb_db_int(stmt, 0);
  job->state = (enum pb_job_state)pb_db_int(stmt, 1);
  pb_text_copy(job->device_uuid, sizeof(job->device_uuid), pb_db_text(stmt, 2));
  pb_text_copy(job->queue, sizeof(job->queue), pb_db_text(stmt, 3));
  pb_text_copy(job->printer_uri, sizeof(job->printer_uri), pb_db_text(stmt, 4));
  job->cloud_job = (int)pb_db_int(stmt, 5);
  pb_text_copy(job->job_uuid, sizeof(job->job_uuid), pb_db_text(stmt, 6));
  pb_text_copy(job->title, sizeof(job->title), pb_db_text(stmt, 7));
  pb_text_copy(job->user, sizeof(job->user), pb_db_text(stmt, 8));
  job->local_job       = (int)pb_db_int(stmt, 9);
  job->attempt         = (int)pb_db_int(stmt, 10);
  job->outcome         = (int)pb_db_int(stmt, 11);
  job->refusal         = (int)pb_db_int(stmt, 12);
  job->is_cancel_asked = pb_db_int(stmt, 13) != 0;
  job->impressions     = (int)pb_db_int(stmt, 14);
  pb_text_copy(job->reasons, sizeof(job->reasons), pb_db_text(stmt, 15));
  pb_text_copy(job->message, sizeof(job->message), pb_db_text(stmt, 16));
  job->made_ms    = pb_db_int(stmt, 17);
  job->changed_ms = pb_db_int(stmt, 18);
  job->hold       = (enum pb_job_hold)pb_db_int(stmt, 20);
  job->offers     = (int)pb_db_int(stmt, 21);

  ticket = pb_db_blob(stmt, 19, &size);
  if (ticket == NULL || size == 0)
    return true;
  job->ticket = malloc(size);
  if (job->ticket == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  memcpy(job->ticket, ticket, size);
  job->ticket_size = size;
  return true;
}

#define DOCUMENT_COLUMNS                                                                           \
  "SELECT number, format, capability, readers, is_handed_over, bytes, runner, refused_runner "     \
  "FROM documents "

static void
read_document(pb_db_stmt_t *stmt, struct pb_journal_document *document)
{
  *document = (struct pb_journal_document){.number         = (int)pb_db_int(stmt, 0),
                                           .readers        = (int)pb_db_int(stmt, 3),
                                           .is_handed_over = pb_db_int(stmt, 4) != 0,
                                           .is_passed_on   = pb_db_int(stmt, 4) == 2,
                                           .bytes          = pb_db_int(stmt, 5)};
  pb_text_copy(document->format, sizeof(document->format), pb_db_text(stmt, 1));
  pb_text_copy(document->capability, sizeof(document->capability), pb_db_text(stmt, 2));
  pb_text_copy(document->runner, sizeof(document->runner), pb_db_text(stmt, 6));
  pb_text_copy(document->refused_runner, sizeof(document->refused_runner), pb_db_text(stmt, 7));
}

bool
pb_journal_find_document(pb_journal_t *journal, int64_t id, int number,
                         struct pb_journal_document *document_out, pb_error_t *err)
{
  pb_db_stmt_t *stmt = pb_db_query(
    journal->db, err, DOCUMENT_COLUMNS "WHERE job = ? AND number = ?", "ii", id, (int64_t)number);
  bool is_there = pb_db_step(stmt);

  if (is_there)
    read_document(stmt, document_out);
  if (!pb_db_finish(stmt, err))
    return false;
  return is_there || pb_error_set(err, PB_GONE, "document %d is not in the journal", number);
}

static bool
add_document(pb_db_stmt_t *stmt, pb_journal_job_t *job, pb_error_t *err)
{
  size_t                      count = (size_t)job->documents_count;
  struct pb_journal_document *grown = NULL;

  if (count >= PB_JOB_DOCUMENTS_MAX)
    return pb_error_set(err, PB_BUG, "journal: job %lld has too many documents",
                        (long long)job->id);
  grown = realloc(job->documents, (count + 1) * sizeof(*grown));
  if (grown == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  job->documents = grown;
  read_document(stmt, &grown[count]);
  job->documents_count++;
  return true;
}

bool
pb_journal_load_documents(pb_journal_t *journal, pb_journal_job_t *job, pb_error_t *err)
{
  pb_journal_job_t fresh = {.id = job->id};
  pb_db_stmt_t    *stmt  = NULL;
  bool             ok    = true;

  stmt =
    pb_db_query(journal->db, err, DOCUMENT_COLUMNS "WHERE job = ? ORDER BY number", "i", job->id);
  while (ok && pb_db_step(stmt))
    ok = add_document(stmt, &fresh, err);
  ok = pb_db_finish(stmt, ok ? err : NULL) && ok;
  if (!ok)
  {
    free(fresh.documents);
    return false;
  }
  free(job->documents);
  job->documents       = fresh.documents;
  job->documents_count = fresh.documents_count;
  return true;
}

// Takes the statement's rows; documents are read afterwards, since a query holds the database.
static bool
collect(pb_journal_t *journal, pb_db_stmt_t *stmt, pb_journal_job_t **jobs_out, size_t *count_out,
        pb_error_t *err)
{
  pb_journal_job_t *jobs  = NULL;
  size_t            count = 0;
  size_t            room  = 0;
  bool              ok    = true;

  while (ok && count < JOBS_MAX && pb_db_step(stmt))
  {
    if (count == room)
    {
      pb_journal_job_t *grown = realloc(jobs, (room + 64) * sizeof(*jobs));

      ok = grown != NULL || pb_error_set(err, PB_RETRY, "out of memory");
      if (!ok)
        break;
      jobs = grown;
      room += 64;
    }
    ok = read_job(stmt, &jobs[count], err);
    count++;
  }
  ok = pb_db_finish(stmt, ok ? err : NULL) && ok;
  for (size_t i = 0; ok && i < count; i++)
    ok = pb_journal_load_documents(journal, &jobs[i], err);
  if (!ok)
  {
    pb_journal_free_jobs(jobs, count);
    jobs  = NULL;
    count = 0;
  }
  *jobs_out  = jobs;
  *count_out = count;
  return ok;
}

bool
pb_journal_find(pb_journal_t *journal, const char *device_uuid, int cloud_job,
                pb_journal_job_t *job_out, pb_error_t *err)
{
  pb_db_stmt_t *stmt =
    pb_db_query(journal->db, err, COLUMNS "WHERE device_uuid = ? AND cloud_job = ?", "ti",
                device_uuid, (int64_t)cloud_job);
  pb_journal_job_t *jobs  = NULL;
  size_t            count = 0;

  *job_out = (pb_journal_job_t){0};
  if (!collect(journal, stmt, &jobs, &count, err))
    return false;
  if (count == 0)
    return pb_error_set(err, PB_GONE, "job %d is not in the journal", cloud_job);
  *job_out = jobs[0];
  free(jobs);
  return true;
}

bool
pb_journal_copy_active(pb_journal_t *journal, const char *device_uuid, pb_journal_job_t **jobs_out,
                       size_t *count_out, pb_error_t *err)
{
  pb_db_stmt_t *stmt = NULL;

  if (device_uuid == NULL)
    stmt = pb_db_query(journal->db, err, COLUMNS "WHERE state NOT IN (7, 9) ORDER BY id", "");
  else
    stmt = pb_db_query(journal->db, err,
                       COLUMNS "WHERE state NOT IN (7, 9) AND device_uuid = ? ORDER BY id", "t",
                       device_uuid);
  return collect(journal, stmt, jobs_out, count_out, err);
}

bool
pb_journal_copy_newest(pb_journal_t *journal, const char *device_uuid, int limit,
                       pb_journal_job_t **jobs_out, size_t *count_out, pb_error_t *err)
{
  pb_db_stmt_t *stmt = NULL;

  if (device_uuid == NULL)
    stmt = pb_db_query(journal->db, err, COLUMNS "ORDER BY id DESC LIMIT ?", "i", (int64_t)limit);
  else
    stmt = pb_db_query(journal->db, err, COLUMNS "WHERE device_uuid = ? ORDER BY id DESC LIMIT ?",
                       "ti", device_uuid, (int64_t)limit);
  return collect(journal, stmt, jobs_out, count_out, err);
}

void
pb_journal_free_jobs(pb_journal_job_t *jobs, size_t count)
{
  for (size_t i = 0; i < count; i++)
    pb_journal_job_clear(&jobs[i]);
  free(jobs);
}

bool
pb_journal_each_hop(pb_journal_t *journal, int64_t id, pb_journal_hop_fn_t fn, void *user,
                    pb_error_t *err)
{
  pb_db_stmt_t *stmt = pb_db_query(
    journal->db, err, "SELECT at_ms, what FROM hops WHERE job = ? ORDER BY id", "i", id);

  while (pb_db_step(stmt))
    fn(user, pb_db_int(stmt, 0), pb_db_text(stmt, 1));
  return pb_db_finish(stmt, err);
}
