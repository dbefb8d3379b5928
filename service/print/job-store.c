// job-store - jobs in the database.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/job-store.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "print/printer-store.h"

#define COLUMNS                                                                                    \
  "id, printer_id, uuid, name, owner, printer_uri, state, reasons, message, created_ms, "          \
  "processing_ms, completed_ms,"                                                                   \
  " activity_ms, priority, hold_until_ms, is_open, is_incoming, ticket, password, "                \
  "password_encryption, documents,"                                                                \
  " impressions, device_uuid, device_state, device_reasons, device_message, "                      \
  "impressions_completed, k_octets, sheets,"                                                       \
  " pages, fetch_status, fetch_message, asserted_user, machine, client_uuid, pin_tries, "          \
  "pin_block_ms, lost_uuid, offers, refused_by, pin_tries_others, pin_block_others_ms"

// What the statements and the structure have in common, in the order of COLUMNS.
static bool
read_job(pb_db_stmt_t *row, struct pb_job *job, pb_error_t *err)
{
  size_t      size = 0;
  const void *blob;

  job->id         = (int)pb_db_int(row, 0);
  job->printer_id = (int)pb_db_int(row, 1);
  pb_text_copy(job->uuid, sizeof(job->uuid), pb_db_text(row, 2));
  pb_text_copy(job->name, sizeof(job->name), pb_db_text(row, 3));
  pb_text_copy(job->owner, sizeof(job->owner), pb_db_text(row, 4));
  pb_text_copy(job->printer_uri, sizeof(job->printer_uri), pb_db_text(row, 5));
  job->status.state = (int)pb_db_int(row, 6);
  pb_text_copy(job->status.reasons, sizeof(job->status.reasons), pb_db_text(row, 7));
  pb_text_copy(job->message, sizeof(job->message), pb_db_text(row, 8));
  job->created_ms           = pb_db_int(row, 9);
  job->status.processing_ms = pb_db_int(row, 10);
  job->status.completed_ms  = pb_db_int(row, 11);
  job->activity_ms          = pb_db_int(row, 12);
  job->priority             = (int)pb_db_int(row, 13);
  job->hold_until_ms        = pb_db_int(row, 14);
  job->is_open              = pb_db_int(row, 15) != 0;
  job->is_incoming          = pb_db_int(row, 16) != 0;
  blob                      = pb_db_blob(row, 18, &size);
  if (blob && size <= sizeof(job->password))
  {
    memcpy(job->password, blob, size);
    job->password_size = size;
  }
  pb_text_copy(job->password_encryption, sizeof(job->password_encryption), pb_db_text(row, 19));
  job->documents   = (int)pb_db_int(row, 20);
  job->impressions = (int)pb_db_int(row, 21);
  pb_text_copy(job->device_uuid, sizeof(job->device_uuid), pb_db_text(row, 22));
  job->device_state = (int)pb_db_int(row, 23);
  pb_text_copy(job->device_reasons, sizeof(job->device_reasons), pb_db_text(row, 24));
  pb_text_copy(job->device_message, sizeof(job->device_message), pb_db_text(row, 25));
  job->impressions_completed = (int)pb_db_int(row, 26);
  job->k_octets              = (int)pb_db_int(row, 27);
  job->sheets                = (int)pb_db_int(row, 28);
  job->pages                 = (int)pb_db_int(row, 29);
  job->fetch_status          = (int)pb_db_int(row, 30);
  pb_text_copy(job->fetch_message, sizeof(job->fetch_message), pb_db_text(row, 31));
  pb_text_copy(job->asserted_user, sizeof(job->asserted_user), pb_db_text(row, 32));
  pb_text_copy(job->machine, sizeof(job->machine), pb_db_text(row, 33));
  pb_text_copy(job->client_uuid, sizeof(job->client_uuid), pb_db_text(row, 34));
  job->pins[PB_PIN_OWNER].wrong    = (int)pb_db_int(row, 35);
  job->pins[PB_PIN_OWNER].block_ms = pb_db_int(row, 36);
  pb_text_copy(job->lost_uuid, sizeof(job->lost_uuid), pb_db_text(row, 37));
  job->offers = (int)pb_db_int(row, 38);
  pb_text_copy(job->refused_by, sizeof(job->refused_by), pb_db_text(row, 39));
  job->pins[PB_PIN_OTHERS].wrong    = (int)pb_db_int(row, 40);
  job->pins[PB_PIN_OTHERS].block_ms = pb_db_int(row, 41);
  blob                              = pb_db_blob(row, 17, &size);
  return pb_bag_parse(blob, size, &job->ticket, err);
}

bool
pb_job_insert(pb_db_t *db, struct pb_job *job, pb_error_t *err)
{
  if (!pb_db_run(
        db, err,
        "INSERT INTO jobs (printer_id, uuid, name, owner, printer_uri, state, reasons, message, "
        "created_ms,"
        " processing_ms, completed_ms, activity_ms, priority, hold_until_ms, is_open, is_fetchable,"
        " is_incoming, password, password_encryption, documents, impressions, device_uuid, "
        "device_state,"
        " device_reasons, device_message, impressions_completed, k_octets, sheets, pages, "
        "fetch_status,"
        " fetch_message, asserted_user, machine, client_uuid) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "0, "
        "0, ?, ?, ?, ?, 0, ?, ?, ?, 0, ?, "
        "'', 0, '', '',"
        " 0, 0, 0, 0, 0, '', ?, ?, ?)",
        "itttt"
        "itti"
        "iiiii"
        "btittt",
        (int64_t)job->printer_id, job->uuid, job->name, job->owner, job->printer_uri,
        (int64_t)job->status.state, job->status.reasons, job->message, job->created_ms,
        job->activity_ms, (int64_t)job->priority, job->hold_until_ms, (int64_t)job->is_open,
        (int64_t)job->is_incoming, job->password, job->password_size, job->password_encryption,
        (int64_t)job->impressions, job->asserted_user, job->machine, job->client_uuid))
    return false;
  job->id = (int)pb_db_last_id(db);
  return pb_job_save_ticket(db, job, err);
}

bool
pb_job_load(pb_db_t *db, int id, struct pb_job *job_out, pb_error_t *err)
{
  bool          ok       = true;
  bool          is_found = false;
  pb_db_stmt_t *rows =
    pb_db_query(db, err, "SELECT " COLUMNS " FROM jobs WHERE id = ?", "i", (int64_t)id);

  *job_out = (struct pb_job){0};
  if (pb_db_step(rows))
  {
    is_found = true;
    ok       = read_job(rows, job_out, err);
  }
  if (!pb_db_finish(rows, ok ? err : NULL) || !ok)
  {
    pb_job_clear(job_out);
    return false;
  }
  return is_found ? true : pb_error_set(err, PB_GONE, "there is no job %d", id);
}

bool
pb_job_copy_owner(pb_db_t *db, int id, char owner_out[PB_JOB_TEXT_SIZE], pb_error_t *err)
{
  pb_db_stmt_t *rows =
    pb_db_query(db, err, "SELECT owner FROM jobs WHERE id = ?", "i", (int64_t)id);

  owner_out[0] = '\0';
  if (pb_db_step(rows))
    pb_text_copy(owner_out, PB_JOB_TEXT_SIZE, pb_db_text(rows, 0));
  return pb_db_finish(rows, err);
}

const char *
pb_job_get_user(const struct pb_job *job)
{
  return job->machine[0] ? job->asserted_user : job->owner;
}

// A job that ended before it had its document whole is none that anybody would go on with.
bool
pb_job_find_by_client(pb_db_t *db, int printer_id, const char *owner, const char *client_uuid,
                      int *id_out, pb_error_t *err)
{
  pb_db_stmt_t *rows = pb_db_query(
    db, err,
    "SELECT id FROM jobs WHERE client_uuid = ? AND client_uuid <> '' AND printer_id = ? AND owner "
    "= ?"
    " AND NOT (state = 8 AND (documents = 0 OR instr(reasons, 'submission-interrupted') > 0))"
    " ORDER BY id DESC LIMIT 1",
    "tit", client_uuid, (int64_t)printer_id, owner);

  *id_out = pb_db_step(rows) ? (int)pb_db_int(rows, 0) : 0;
  return pb_db_finish(rows, err);
}

bool
pb_job_save(pb_db_t *db, const struct pb_job *job, pb_error_t *err)
{
  bool is_fetchable = pb_reasons_has(job->status.reasons, "job-fetchable");

  return pb_db_run(
    db, err,
    "UPDATE jobs SET name = ?, state = ?, reasons = ?, message = ?, processing_ms = ?, "
    "completed_ms = ?,"
    " activity_ms = ?, priority = ?, hold_until_ms = ?, is_open = ?, is_fetchable = ?, is_incoming "
    "= ?, documents = ?,"
    " device_uuid = ?, device_state = ?, device_reasons = ?, device_message = ?, "
    "impressions_completed = ?,"
    " k_octets = ?, sheets = ?, pages = ?, fetch_status = ?, fetch_message = ?, password = ?, "
    "pin_tries = ?, pin_block_ms = ?, pin_tries_others = ?, pin_block_others_ms = ?, "
    "lost_uuid = ?, offers = ?, refused_by = ? WHERE id = ?",
    "tittii"
    "iiiiiii"
    "titti"
    "iiiitbiiii"
    "titi",
    job->name, (int64_t)job->status.state, job->status.reasons, job->message,
    job->status.processing_ms, job->status.completed_ms, job->activity_ms, (int64_t)job->priority,
    job->hold_until_ms, (int64_t)job->is_open, (int64_t)is_fetchable, (int64_t)job->is_incoming,
    (int64_t)job->documents, job->device_uuid, (int64_t)job->device_state, job->device_reasons,
    job->device_message, (int64_t)job->impressions_completed, (int64_t)job->k_octets,
    (int64_t)job->sheets, (int64_t)job->pages, (int64_t)job->fetch_status, job->fetch_message,
    job->password, job->password_size, (int64_t)job->pins[PB_PIN_OWNER].wrong,
    job->pins[PB_PIN_OWNER].block_ms, (int64_t)job->pins[PB_PIN_OTHERS].wrong,
    job->pins[PB_PIN_OTHERS].block_ms, job->lost_uuid, (int64_t)job->offers, job->refused_by,
    (int64_t)job->id);
}

bool
pb_job_save_ticket(pb_db_t *db, const struct pb_job *job, pb_error_t *err)
{
  bool        ok   = false;
  pb_buffer_t blob = {0};

  if (!job->ticket)
    return true;
  if (!pb_ipp_format(job->ticket, &blob, err))
    goto done;
  ok = pb_db_run(db, err, "UPDATE jobs SET ticket = ? WHERE id = ?", "bi", blob.data, blob.size,
                 (int64_t)job->id);

done:
  pb_buffer_clear(&blob);
  return ok;
}

bool
pb_job_take(pb_db_t *db, int id, const char *device_uuid, bool *is_taken_out, pb_error_t *err)
{
  if (!pb_db_run(db, err,
                 "UPDATE jobs SET device_uuid = ? WHERE id = ? AND is_fetchable = 1 AND "
                 "device_uuid IN ('', ?)",
                 "tit", device_uuid, (int64_t)id, device_uuid))
    return false;
  *is_taken_out = pb_db_changes(db) == 1;
  return true;
}

static bool
collect_ids(pb_db_stmt_t *rows, int **ids_out, size_t *count_out, pb_error_t *err)
{
  bool   ok    = true;
  int   *ids   = NULL;
  size_t count = 0, room = 0;

  while (ok && pb_db_step(rows))
  {
    if (count == room)
    {
      int *more = realloc(ids, (2 * room + 64) * sizeof(*ids));

      ok = more != NULL;
      if (!ok)
        break;
      ids  = more;
      room = 2 * room + 64;
    }
    ids[count++] = (int)pb_db_int(rows, 0);
  }
  if (!pb_db_finish(rows, err) || !ok)
  {
    free(ids);
    return ok ? false : pb_error_set(err, PB_RETRY, "out of memory");
  }
  *ids_out   = ids;
  *count_out = count;
  return true;
}

// States of jobs that have not ended, and of those that have.
enum
{
  STATE_FIRST = IPP_JSTATE_PENDING,
  STATE_OPEN  = IPP_JSTATE_STOPPED,
  STATE_ENDED = IPP_JSTATE_CANCELED,
  STATE_LAST  = IPP_JSTATE_COMPLETED
};

// One statement for every question, so that it is prepared once; the orders need their own.  Those
// of one printer look into its part of jobs_printer only, not at the history of all.
#define FILTER                                                                                     \
  " AND state BETWEEN ?5 AND ?6 AND (?2 IS NULL OR owner = ?2) AND (?3 IS NULL OR device_uuid = "  \
  "?3) AND (?4 IS NULL OR (device_uuid IN ('', ?4) AND instr(refused_by, ?4) = 0))"                \
  " AND (?7 = 0 OR is_fetchable = 1)"                                                              \
  " AND (?9 IS NULL OR asserted_user = ?9)"                                                        \
  " AND (?10 = 0 OR (id <= ?10 AND instr(reasons, 'processing-to-stop-point') = 0))"
#define OF_PRINTER "SELECT id FROM jobs WHERE printer_id = ?1" FILTER
#define OF_ALL "SELECT id FROM jobs WHERE ?1 = 0" FILTER
#define OLDEST " ORDER BY id LIMIT ?8"
#define NEWEST " ORDER BY id DESC LIMIT ?8"
#define ENDED " ORDER BY completed_ms DESC, id DESC LIMIT ?8"
#define PRIORITY " ORDER BY priority DESC, id LIMIT ?8"
// For connectors, who ask often: found in jobs_fetchable, however many wait.
#define FETCHABLE                                                                                  \
  "SELECT id FROM jobs INDEXED BY jobs_fetchable WHERE printer_id = ?1 AND is_fetchable = "        \
  "1" FILTER PRIORITY
// The newest of all are the last rows: no other index shall be walked for them.
#define ALL_NEWEST "SELECT id FROM jobs NOT INDEXED WHERE ?1 = 0" FILTER NEWEST
// A person's own, found in jobs_owner, however many others have.
#define OF_OWNER                                                                                   \
  "SELECT id FROM jobs INDEXED BY jobs_owner WHERE owner = ?2 AND (?1 = 0 OR printer_id = "        \
  "?1)" FILTER

static const char *
choose_sql(const struct pb_job_query *query)
{
  bool is_one = query->printer_id != 0;

  if (is_one && query->is_fetchable && query->by_priority)
    return FETCHABLE;
  if (query->owner && query->newest_first)
    return OF_OWNER NEWEST;
  if (query->owner && !query->is_not_ended && !query->by_priority)
    return query->is_ended ? OF_OWNER ENDED : OF_OWNER OLDEST;
  if (query->by_priority)
    return is_one ? OF_PRINTER PRIORITY : OF_ALL PRIORITY;
  if (query->newest_first)
    return is_one ? OF_PRINTER NEWEST : ALL_NEWEST;
  if (query->is_ended)
    return is_one ? OF_PRINTER ENDED : OF_ALL ENDED;
  return is_one ? OF_PRINTER OLDEST : OF_ALL OLDEST;
}

bool
pb_job_list(pb_db_t *db, const struct pb_job_query *query, int **ids_out, size_t *count_out,
            pb_error_t *err)
{
  int64_t first = query->is_ended ? STATE_ENDED : STATE_FIRST;
  int64_t last  = query->is_not_ended || query->is_fetchable ? STATE_OPEN : STATE_LAST;

  return collect_ids(pb_db_query(db, err, choose_sql(query), "itttiiiiti",
                                 (int64_t)query->printer_id, query->owner, query->device_uuid,
                                 query->may_take_uuid, first, last, (int64_t)query->is_fetchable,
                                 query->limit > 0 ? (int64_t)query->limit : (int64_t)-1,
                                 query->asserted_user, (int64_t)query->cancelable_to),
                     ids_out, count_out, err);
}

bool
pb_job_list_chore(pb_db_t *db, enum pb_job_chore chore, int64_t time_ms, int **ids_out,
                  size_t *count_out, pb_error_t *err)
{
  static const char *const chores[] = {
    [PB_JOBS_OVERDUE] = "SELECT id FROM jobs INDEXED BY jobs_open WHERE is_open = 1 AND "
                        "activity_ms < ? AND state < 7 AND is_incoming = 0",
    [PB_JOBS_CUT_OFF] = "SELECT id FROM jobs INDEXED BY jobs_open WHERE is_open = 1 AND "
                        "activity_ms < ? AND state IN (5, 6) AND is_incoming = 0",
    // 0 is a job that waits for its PIN alone; the other never comes.
    [PB_JOBS_FORGOTTEN] =
      "SELECT id FROM jobs WHERE state = 4 AND activity_ms < ? AND hold_until_ms IN (0, "
      "9223372036854775807)",
    [PB_JOBS_DUE] =
      "SELECT id FROM jobs WHERE state = 4 AND hold_until_ms > 0 AND hold_until_ms <= ?",
    [PB_JOBS_OLD] =
      "SELECT id FROM jobs WHERE state IN (7, 8, 9) AND is_incoming = 0 AND completed_ms < ? "
      "LIMIT 5000",
    [PB_JOBS_INCOMING] = "SELECT id FROM jobs WHERE is_incoming = 1 AND ? >= 0",
  };

  return collect_ids(pb_db_query(db, err, chores[chore], "i", time_ms), ids_out, count_out, err);
}

bool
pb_job_has_chore(const struct pb_job *job, enum pb_job_chore chore, int64_t time_ms)
{
  int  state    = job->status.state;
  bool is_held  = state == IPP_JSTATE_HELD;
  bool is_quiet = job->activity_ms < time_ms;
  bool is_open  = job->is_open && !job->is_incoming && state <= STATE_OPEN;

  switch (chore)
  {
    case PB_JOBS_OVERDUE:
      return is_open && is_quiet;
    case PB_JOBS_CUT_OFF:
      return is_open && is_quiet && state >= IPP_JSTATE_PROCESSING;
    case PB_JOBS_FORGOTTEN:
      return is_held && is_quiet &&
             (job->hold_until_ms == 0 || job->hold_until_ms == PB_HOLD_FOREVER);
    case PB_JOBS_DUE:
      return is_held && job->hold_until_ms > 0 && job->hold_until_ms <= time_ms;
    case PB_JOBS_OLD:
      return state >= STATE_ENDED && !job->is_incoming && job->status.completed_ms < time_ms;
    case PB_JOBS_INCOMING:
      return job->is_incoming;
  }
  return false;
}

bool
pb_job_wait_anew(pb_db_t *db, int64_t now_ms, pb_error_t *err)
{
  return pb_db_run(db, err,
                   "UPDATE jobs INDEXED BY jobs_open SET activity_ms = ? WHERE is_open = 1 AND "
                   "state < 7",
                   "i", now_ms);
}

// Back in time they may seem to be younger, never from the future.
bool
pb_job_note_jump(pb_db_t *db, int64_t now_ms, int64_t jump_ms, pb_error_t *err)
{
  return pb_db_run(db, err,
                   "UPDATE jobs SET activity_ms = min(activity_ms + ?, ?) WHERE state = 4 AND "
                   "is_open = 0",
                   "ii", jump_ms > 0 ? jump_ms : (int64_t)0, now_ms);
}

bool
pb_job_find_newest(pb_db_t *db, int *id_out, pb_error_t *err)
{
  pb_db_stmt_t *rows = pb_db_query(db, err, "SELECT max(id) FROM jobs", "");

  *id_out = pb_db_step(rows) ? (int)pb_db_int(rows, 0) : 0;
  return pb_db_finish(rows, err);
}

bool
pb_job_count_queued(pb_db_t *db, int printer_id, int64_t *count_out, pb_error_t *err)
{
  pb_db_stmt_t *rows =
    pb_db_query(db, err, "SELECT count(*) FROM jobs WHERE printer_id = ? AND state < 7", "i",
                (int64_t)printer_id);

  *count_out = pb_db_step(rows) ? pb_db_int(rows, 0) : 0;
  return pb_db_finish(rows, err);
}

bool
pb_job_delete(pb_db_t *db, int id, pb_error_t *err)
{
  return pb_db_run(db, err, "DELETE FROM jobs WHERE id = ?", "i", (int64_t)id);
}

void
pb_job_clear(struct pb_job *job)
{
  ippDelete(job->ticket);
  pb_wipe(job, sizeof(*job));
}
