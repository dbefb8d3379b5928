// job-store - jobs in the database.  Callers hold a transaction where they change something.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_JOB_STORE_H
#define PB_PRINT_JOB_STORE_H

#include "base/db.h"
#include "base/text.h"
#include "print/hold-time.h"
#include "print/job-state.h"
#include "spool/spool.h"

#define PB_JOB_TEXT_SIZE 256
#define PB_JOB_URI_SIZE 1024
#define PB_JOB_PASSWORD_MAX 255  // PWG 5100.11: octetString(255)
#define PB_JOB_SEALED_MAX (PB_JOB_PASSWORD_MAX + PB_SPOOL_SMALL_OVERHEAD)
#define PB_JOB_REFUSED_SIZE 512  // PB_PRINTER_DEVICES_MAX uuids

// Wrong PINs of the job's owner, and of everybody else: nobody locks the owner out.
enum pb_pin_side
{
  PB_PIN_OWNER,
  PB_PIN_OTHERS,
  PB_PIN_SIDES
};

struct pb_pin_tries
{
  int     wrong;
  int64_t block_ms;  // no PIN is looked at before
};

struct pb_job
{
  int                  id, printer_id;
  char                 uuid[PB_UUID_SIZE];
  char                 name[PB_JOB_TEXT_SIZE];
  char                 owner[PB_JOB_TEXT_SIZE];       // the authenticated name of who sent it
  char                 printer_uri[PB_JOB_URI_SIZE];  // as the client named it
  struct pb_job_status status;
  char                 message[PB_JOB_TEXT_SIZE];  // job-state-message
  int64_t              created_ms;
  int64_t              activity_ms;  // of its sender; of a job that has its documents: held since
  int                  priority;
  int64_t              hold_until_ms;                // 0: not held; PB_HOLD_FOREVER
  bool                 is_open;                      // more documents may come
  bool                 is_incoming;                  // a document is arriving right now
  ipp_t               *ticket;                       // job group: what was accepted
  uint8_t              password[PB_JOB_SEALED_MAX];  // job-password, sealed: job-password.h
  size_t               password_size;                // 0: none
  char                 password_encryption[64];
  struct pb_pin_tries  pins[PB_PIN_SIDES];
  int                  documents, impressions;
  char                 device_uuid[PB_UUID_SIZE];  // output-device-uuid-assigned; "": nobody
  int                  device_state;               // as the device said; 0: nothing yet
  char                 device_reasons[PB_REASONS_SIZE];
  char                 device_message[PB_JOB_TEXT_SIZE];
  int                  impressions_completed, k_octets, sheets, pages;
  int                  fetch_status;  // of a refusal; 0: none
  char                 fetch_message[PB_JOB_TEXT_SIZE];
  char asserted_user[PB_JOB_TEXT_SIZE];  // whose it is, as a machine says: owner is the machine
  char machine[PB_JOB_TEXT_SIZE];        // that machine's host name; "": owner is a person
  char client_uuid[PB_UUID_SIZE];        // client-job-uuid in lower case; "": none
  char lost_uuid[PB_UUID_SIZE];          // of the device that it was withheld from; "": none
  int  offers;                           // how often it was taken back, to be offered anew
  char refused_by[PB_JOB_REFUSED_SIZE];  // uuids of devices, with commas
};

// Which jobs; a zero field does not matter.
struct pb_job_query
{
  int         printer_id;
  const char *owner;
  const char *asserted_user;  // of a machine's jobs
  const char *device_uuid;    // assigned to it
  const char *may_take_uuid;  // assigned to it, or to nobody
  bool        is_ended, is_not_ended, is_fetchable;
  int         cancelable_to;  // not being canceled yet, and this one or older
  bool        by_priority;    // else oldest first, ended ones newest first
  bool        newest_first;
  int         limit;  // 0: all
};

bool pb_job_insert(pb_db_t *db, struct pb_job *job, pb_error_t *err) PB_MUST_USE;  // sets id
bool pb_job_load(pb_db_t *db, int id, struct pb_job *job_out,
                 pb_error_t *err) PB_MUST_USE;  // PB_GONE: none
// Whose job it is for people to see: the owner, or the user that a machine names.
const char *pb_job_get_user(const struct pb_job *job);
// The owner's job that was created with that client-job-uuid on the printer; 0: none, or it ended
// without its document.
bool pb_job_find_by_client(pb_db_t *db, int printer_id, const char *owner, const char *client_uuid,
                           int *id_out, pb_error_t *err) PB_MUST_USE;
// The owner's name; "" when there is none.
bool pb_job_copy_owner(pb_db_t *db, int id, char owner_out[PB_JOB_TEXT_SIZE],
                       pb_error_t *err) PB_MUST_USE;
bool pb_job_save(pb_db_t *db, const struct pb_job *job,
                 pb_error_t *err) PB_MUST_USE;  // all but ticket
bool pb_job_save_ticket(pb_db_t *db, const struct pb_job *job, pb_error_t *err) PB_MUST_USE;
// Assign it to the device if it is fetchable and nobody has it (PWG 5100.18 s5.1: compare and set).
bool pb_job_take(pb_db_t *db, int id, const char *device_uuid, bool *is_taken_out,
                 pb_error_t *err) PB_MUST_USE;
// Ids in the order asked for, malloc'd.
bool pb_job_list(pb_db_t *db, const struct pb_job_query *query, int **ids_out, size_t *count_out,
                 pb_error_t *err) PB_MUST_USE;
// Jobs that wait for more documents begin to wait now: nobody could send one while there was no
// service.
bool pb_job_wait_anew(pb_db_t *db, int64_t now_ms, pb_error_t *err) PB_MUST_USE;
// The clock has jumped to now: for held jobs no time has passed by that.
bool pb_job_note_jump(pb_db_t *db, int64_t now_ms, int64_t jump_ms, pb_error_t *err) PB_MUST_USE;
// The id that was given last; 0: none.
bool pb_job_find_newest(pb_db_t *db, int *id_out, pb_error_t *err) PB_MUST_USE;
bool pb_job_count_queued(pb_db_t *db, int printer_id, int64_t *count_out,
                         pb_error_t *err) PB_MUST_USE;
bool pb_job_delete(pb_db_t *db, int id, pb_error_t *err) PB_MUST_USE;
void pb_job_clear(struct pb_job *job);

// Jobs that housekeeping must look at, malloc'd ids.
enum pb_job_chore
{
  PB_JOBS_OVERDUE,    // open without activity since before `time_ms`
  PB_JOBS_CUT_OFF,    // the same, of those that a device has begun to read: it can print no other
  PB_JOBS_FORGOTTEN,  // held since before `time_ms`, until somebody releases it
  PB_JOBS_DUE,        // held until before `time_ms`
  PB_JOBS_OLD,        // ended before `time_ms`
  PB_JOBS_INCOMING    // a document was arriving (time_ms is ignored)
};
// The same of a job that is loaded: it may have changed since it was listed.
bool pb_job_has_chore(const struct pb_job *job, enum pb_job_chore chore, int64_t time_ms);
bool pb_job_list_chore(pb_db_t *db, enum pb_job_chore chore, int64_t time_ms, int **ids_out,
                       size_t *count_out, pb_error_t *err) PB_MUST_USE;

#endif
