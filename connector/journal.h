// journal - what the connector knows of its jobs, on disk: an SQLite database that is written
// before each outward step. Thread-safe.  A job's row is written by the one worker that has the
// job; document threads only note what was read.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_JOURNAL_H
#define PB_CONNECTOR_JOURNAL_H

#include "connector/job-state.h"
#include "ipp/ticket.h"
#include <stdint.h>

#define PB_JOB_DOCUMENTS_MAX 100  // of one job; more is refused

#define PB_RUNNER_SIZE 80                // as PB_DOCUMENT_RUNNER_SIZE
#define PB_RUNNER_ELSEWHERE "elsewhere"  // the cupsd of the host that this print server came from

typedef struct pb_journal pb_journal_t;

// A job whose document was handed over whole and that CUPS would print once more.  Numbers are on
// disk.
enum pb_job_hold
{
  PB_HOLD_NONE     = 0,
  PB_HOLD_WANTED   = 1,  // CUPS is to be told
  PB_HOLD_HELD     = 2,  // CUPS has it held
  PB_HOLD_RELEASED = 3   // somebody has decided to print it again: CUPS is to be told
};

struct pb_journal_document
{
  int     number;
  char    format[128];
  char    capability[PB_CAPABILITY_SIZE];  // "": not offered yet
  int     readers;                         // filters that have begun to read it
  char    runner[PB_RUNNER_SIZE];          // the cupsd of the last of them; "": not known
  char    refused_runner[PB_RUNNER_SIZE];  // the cupsd whose filter was refused last
  bool    is_handed_over;                  // a filter may have taken all of it,
  bool    is_passed_on;                    // and has said that the driver has it
  int64_t bytes;                           // of the document, once handed over
};

// One row.  documents and ticket are malloc'd and belong to the record.
typedef struct pb_journal_job
{
  int64_t                     id;  // 0: not in the journal
  enum pb_job_state           state;
  char                        device_uuid[46];
  char                        queue[128];
  char                        printer_uri[1024];
  int                         cloud_job;
  char                        job_uuid[46];
  char                        title[256];
  char                        user[256];
  int                         local_job;  // 0: none
  int                         attempt;    // at making a local job; part of its printbridge-job-id
  int                         outcome;    // ipp_jstate_t of the end; 0: not yet
  int                         refusal;    // fetch-status-code; 0: none
  int                         offers;     // how often the service had taken it back by then
  bool                        is_cancel_asked;
  enum pb_job_hold            hold;  // as read; kept by pb_journal_set_hold and its like only
  int                         impressions;
  char                        reasons[256];  // comma-separated job-state-reasons of the end
  char                        message[256];
  int64_t                     made_ms, changed_ms;
  void                       *ticket;  // an IPP message: the options for the local job
  size_t                      ticket_size;
  struct pb_journal_document *documents;
  int                         documents_count;
} pb_journal_job_t;

void pb_journal_job_clear(pb_journal_job_t *job);  // frees what it owns

// A damaged journal is set aside as PATH.damaged-TIME and a new one begun; *was_damaged_out (may be
// NULL) says so.
bool pb_journal_open(const char *path, pb_journal_t **journal_out, bool *was_damaged_out,
                     pb_error_t *err) PB_MUST_USE;
void pb_journal_close(pb_journal_t *journal);
// The same before it is opened: whatever is wrong with it was seen already.
bool pb_journal_set_aside(const char *path, pb_error_t *err) PB_MUST_USE;

// Looks at the whole file as it is on the disk.
void pb_journal_check(pb_journal_t *journal);
// By that, or a statement has met it: nothing can be kept any more; what is known is in memory
// alone.  Any thread.
bool pb_journal_is_damaged(const pb_journal_t *journal);

// The row and, when hop is not NULL, a line of the job's story, durable when true.  Inserts when
// job->id is 0 (and sets it); an ended job of the same device and number is replaced.  Documents
// are written by save_all only.
bool pb_journal_save(pb_journal_t *journal, pb_journal_job_t *job, const char *hop,
                     pb_error_t *err) PB_MUST_USE;
bool pb_journal_save_all(pb_journal_t *journal, pb_journal_job_t *job, const char *hop,
                         pb_error_t *err) PB_MUST_USE;

// From document threads.
bool pb_journal_note_reader(pb_journal_t *journal, int64_t id, int number, const char *runner,
                            pb_error_t *err) PB_MUST_USE;
bool pb_journal_note_handed_over(pb_journal_t *journal, int64_t id, int number, int64_t bytes,
                                 pb_error_t *err) PB_MUST_USE;
bool pb_journal_note_passed_on(pb_journal_t *journal, int64_t id, int number,
                               pb_error_t *err) PB_MUST_USE;
// A filter of that cupsd was refused: the job is to be held.
bool pb_journal_note_refused(pb_journal_t *journal, int64_t id, int number, const char *runner,
                             pb_error_t *err) PB_MUST_USE;
// One document as it stands now; PB_GONE when there is none.
bool pb_journal_find_document(pb_journal_t *journal, int64_t id, int number,
                              struct pb_journal_document *document_out,
                              pb_error_t                 *err) PB_MUST_USE;
bool pb_journal_set_hold(pb_journal_t *journal, int64_t id, enum pb_job_hold hold,
                         pb_error_t *err) PB_MUST_USE;
// Its documents may be read as if they had never been; the hold becomes what is said.
bool pb_journal_forget_hand_over(pb_journal_t *journal, int64_t id, enum pb_job_hold hold,
                                 pb_error_t *err) PB_MUST_USE;
// The device was at another host since then: what had not ended here may have been printed there.
bool pb_journal_note_elsewhere(pb_journal_t *journal, const char *device_uuid, int64_t until_ms,
                               pb_error_t *err) PB_MUST_USE;
// As they stand now, into the record's documents.
bool pb_journal_load_documents(pb_journal_t *journal, pb_journal_job_t *job,
                               pb_error_t *err) PB_MUST_USE;

// PB_GONE when there is none.  job_out is initialized here.
bool pb_journal_find(pb_journal_t *journal, const char *device_uuid, int cloud_job,
                     pb_journal_job_t *job_out, pb_error_t *err) PB_MUST_USE;
// All that have not ended, oldest first; NULL device: of all devices.  clear each and free the
// array.
bool pb_journal_copy_active(pb_journal_t *journal, const char *device_uuid,
                            pb_journal_job_t **jobs_out, size_t *count_out,
                            pb_error_t *err) PB_MUST_USE;
// The newest `limit` of a device (NULL: of all), newest first.
bool pb_journal_copy_newest(pb_journal_t *journal, const char *device_uuid, int limit,
                            pb_journal_job_t **jobs_out, size_t *count_out,
                            pb_error_t *err) PB_MUST_USE;
void pb_journal_free_jobs(pb_journal_job_t *jobs, size_t count);

typedef void (*pb_journal_hop_fn_t)(void *user, int64_t at_ms, const char *what);
bool pb_journal_each_hop(pb_journal_t *journal, int64_t id, pb_journal_hop_fn_t fn, void *user,
                         pb_error_t *err) PB_MUST_USE;

// Drop ended jobs that are older than keep_ms, and the oldest beyond keep_count.
bool pb_journal_trim(pb_journal_t *journal, int64_t keep_ms, int keep_count,
                     pb_error_t *err) PB_MUST_USE;

// Small numbers that must outlive us: "subscription:UUID", "sequence:UUID", "cups-subscription".
int64_t pb_journal_get_number(pb_journal_t *journal, const char *name, int64_t otherwise);
bool    pb_journal_set_number(pb_journal_t *journal, const char *name, int64_t value,
                              pb_error_t *err) PB_MUST_USE;

#endif
