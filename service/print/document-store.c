// document-store - documents of jobs in the database.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/document-store.h"

#include <stdlib.h>

#define COLUMNS                                                                                    \
  "job_id, number, uuid, name, spool_id, format, size, state, reasons, message, created_ms, "      \
  "processing_ms,"                                                                                 \
  " completed_ms, is_last, is_fetched, device_state, device_reasons, device_message, impressions," \
  " impressions_completed"

static void
read_document(pb_db_stmt_t *row, struct pb_document *document)
{
  *document        = (struct pb_document){0};
  document->job_id = (int)pb_db_int(row, 0);
  document->number = (int)pb_db_int(row, 1);
  pb_text_copy(document->uuid, sizeof(document->uuid), pb_db_text(row, 2));
  pb_text_copy(document->name, sizeof(document->name), pb_db_text(row, 3));
  pb_text_copy(document->spool_id, sizeof(document->spool_id), pb_db_text(row, 4));
  pb_text_copy(document->format, sizeof(document->format), pb_db_text(row, 5));
  document->size  = pb_db_int(row, 6);
  document->state = (int)pb_db_int(row, 7);
  pb_text_copy(document->reasons, sizeof(document->reasons), pb_db_text(row, 8));
  pb_text_copy(document->message, sizeof(document->message), pb_db_text(row, 9));
  document->created_ms    = pb_db_int(row, 10);
  document->processing_ms = pb_db_int(row, 11);
  document->completed_ms  = pb_db_int(row, 12);
  document->is_last       = pb_db_int(row, 13) != 0;
  document->is_fetched    = pb_db_int(row, 14) != 0;
  document->device_state  = (int)pb_db_int(row, 15);
  pb_text_copy(document->device_reasons, sizeof(document->device_reasons), pb_db_text(row, 16));
  pb_text_copy(document->device_message, sizeof(document->device_message), pb_db_text(row, 17));
  document->impressions           = (int)pb_db_int(row, 18);
  document->impressions_completed = (int)pb_db_int(row, 19);
}

bool
pb_document_insert(pb_db_t *db, const struct pb_document *document, pb_error_t *err)
{
  return pb_db_run(db, err,
                   "INSERT INTO documents (" COLUMNS
                   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, 0, 0, '', '', ?, 0)",
                   "iittttiittiii", (int64_t)document->job_id, (int64_t)document->number,
                   document->uuid, document->name, document->spool_id, document->format,
                   document->size, (int64_t)document->state, document->reasons, document->message,
                   document->created_ms, (int64_t)document->is_last,
                   (int64_t)document->impressions);
}

bool
pb_document_load(pb_db_t *db, int job_id, int number, struct pb_document *document_out,
                 pb_error_t *err)
{
  bool          is_found = false;
  pb_db_stmt_t *rows =
    pb_db_query(db, err, "SELECT " COLUMNS " FROM documents WHERE job_id = ? AND number = ?", "ii",
                (int64_t)job_id, (int64_t)number);

  *document_out = (struct pb_document){0};
  if (pb_db_step(rows))
  {
    is_found = true;
    read_document(rows, document_out);
  }
  if (!pb_db_finish(rows, err))
    return false;
  return is_found ? true : pb_error_set(err, PB_GONE, "job %d has no document %d", job_id, number);
}

bool
pb_document_save(pb_db_t *db, const struct pb_document *document, pb_error_t *err)
{
  return pb_db_run(
    db, err,
    "UPDATE documents SET spool_id = ?, format = ?, size = ?, state = ?, reasons = ?, message = ?, "
    "processing_ms = ?,"
    " completed_ms = ?, is_last = ?, is_fetched = ?, device_state = ?, device_reasons = ?, "
    "device_message = ?,"
    " impressions_completed = ? WHERE job_id = ? AND number = ?",
    "ttiittiiiiittiii", document->spool_id, document->format, document->size,
    (int64_t)document->state, document->reasons, document->message, document->processing_ms,
    document->completed_ms, (int64_t)document->is_last, (int64_t)document->is_fetched,
    (int64_t)document->device_state, document->device_reasons, document->device_message,
    (int64_t)document->impressions_completed, (int64_t)document->job_id, (int64_t)document->number);
}

bool
pb_document_delete(pb_db_t *db, int job_id, int number, pb_error_t *err)
{
  return pb_db_run(db, err, "DELETE FROM documents WHERE job_id = ? AND number = ?", "ii",
                   (int64_t)job_id, (int64_t)number);
}

bool
pb_document_is_spooled(pb_db_t *db, const char *spool_id, bool *is_known_out, pb_error_t *err)
{
  pb_db_stmt_t *rows =
    pb_db_query(db, err, "SELECT 1 FROM documents WHERE spool_id = ?", "t", spool_id);

  *is_known_out = pb_db_step(rows);
  return pb_db_finish(rows, err);
}

bool
pb_document_list(pb_db_t *db, int job_id, struct pb_document **documents_out, size_t *count_out,
                 pb_error_t *err)
{
  bool                ok        = true;
  struct pb_document *documents = NULL;
  size_t              count     = 0;
  pb_db_stmt_t       *rows =
    pb_db_query(db, err, "SELECT " COLUMNS " FROM documents WHERE job_id = ? ORDER BY number", "i",
                (int64_t)job_id);

  while (ok && pb_db_step(rows))
  {
    struct pb_document *more = realloc(documents, (count + 1) * sizeof(*documents));

    ok = more != NULL;
    if (!ok)
      break;
    documents = more;
    read_document(rows, &documents[count++]);
  }
  if (!pb_db_finish(rows, err) || !ok)
  {
    free(documents);
    return ok ? false : pb_error_set(err, PB_RETRY, "out of memory");
  }
  *documents_out = documents;
  *count_out     = count;
  return true;
}

bool
pb_document_is_ended(const struct pb_document *document)
{
  return document->state >= IPP_DSTATE_CANCELED;
}

bool
pb_document_is_awaited(const struct pb_document *document)
{
  return !document->spool_id[0] && document->size < 0 && !pb_document_is_ended(document);
}
