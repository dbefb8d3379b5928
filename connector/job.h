// job - one cloud job on its way through the connector: which step is next, and when.
// A job belongs to the worker that runs it; document threads and events only set the atomics and
// wake it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_JOB_H
#define PB_CONNECTOR_JOB_H

#include "connector/journal.h"
#include "connector/outside.h"
#include "connector/work.h"

typedef struct pb_job pb_job_t;

// What a document thread needs to know; stays until the document is withdrawn.
struct pb_job_document
{
  pb_job_t  *job;
  int        number;
  char       format[128];
  char       capability[PB_CAPABILITY_SIZE];  // "": not offered in this process
  int        empty_answers;                   // in a row; of the thread that fetches
  atomic_int reading;                         // enum pb_job_reading
};

// What became of the filter that was let read last.
enum pb_job_reading
{
  PB_JOB_READ_UNKNOWN = 0,  // there was none in this process
  PB_JOB_READ_GOES_ON,
  PB_JOB_READ_PASSED_ON,  // the document is in the hands of the driver
  PB_JOB_READ_CUT         // it has gone before that
};

struct pb_job
{
  const struct pb_outside *outside;
  pb_journal_t            *journal;
  pb_journal_job_t         record;
  ipp_t                   *options;  // the ticket; may be NULL
  struct pb_job_document  *documents;
  int                      documents_count;

  atomic_bool is_adopted;        // the service has it as ours already
  atomic_bool is_cancel_asked;   // by the service
  atomic_bool is_aborted_there;  // with is_cancel_asked: the service has given it up
  atomic_bool is_dropped;        // the service does not know it as ours any more
  atomic_bool is_document_lost;  // a document cannot be had
  pb_error_t  lost_why;          // written before the flag
  atomic_int  hold;              // enum pb_job_hold; the journal has it too
  atomic_bool is_out_of_hold;    // CUPS runs a job that it held
  atomic_long refused_pid;       // of the filter that was refused last while the job was held
  atomic_long leftover_pid;      // CUPS has the job held and runs that filter all the same
  atomic_bool is_note_failing;   // the journal cannot be told of readers

  bool is_from_elsewhere;  // the host that this print server came from may have printed it
  bool is_offered;         // its documents, in this process
  bool is_local_fresh;     // the local job was made by this process and nothing was sent yet
  bool
    is_found;  // the local job is of an earlier process, which may have handed its documents over
  bool       is_cancel_sent;  // to CUPS
  bool       is_journaled;    // an earlier process had it
  int        breaks;          // of local jobs in mid-document, since this process began
  int        failures;        // in a row
  int        said_state;      // to the service; 0: nothing
  int        said_impressions;
  bool       is_said_held;                      // by `status`
  int64_t    stopped_since_ms, ended_since_ms;  // local state, monotonic; 0: is not
  pb_error_t trouble;                           // why the last step failed

  // Of the queue, under its mutex.
  pb_job_t         *next;
  pb_task_t        *task;
  enum pb_job_state shown_state;
  bool              is_shown_failing;
  bool              is_shown_held;
  char              shown_trouble[400];
  int               shown_local;
};

// A discovered job: nothing is on disk yet.  NULL: out of memory.
pb_job_t *pb_job_new(const struct pb_outside *outside, pb_journal_t *journal,
                     const char *device_uuid, const char *queue, const char *printer_uri,
                     int cloud_job);
// One from the journal, as it stands there; takes the record.  NULL: out of memory.
pb_job_t *pb_job_new_journaled(const struct pb_outside *outside, pb_journal_t *journal,
                               pb_journal_job_t *record);
void      pb_job_free(pb_job_t *job);  // withdraws its documents

// Why a held job is held, how far it got and what to do, for people.
void pb_job_format_hold(const pb_journal_job_t *record, char *dst, size_t size);

const char *pb_job_outcome_name(int outcome);  // of an ipp_jstate_t that is an end: "completed"

// Steps until something has to be waited for; returns as pb_task_fn_t does (PB_TASK_END: ended,
// free it).
int64_t pb_job_run(pb_job_t *job, pb_cups_t *cups);

#endif
