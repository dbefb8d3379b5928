// job-private - shared by job*.c only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_JOB_PRIVATE_H
#define PB_CONNECTOR_JOB_PRIVATE_H

#include "base/log.h"
#include "connector/job.h"
#include "ipp/attributes.h"

// True: done, *wait_ms_out says when to go on (0: at once; PB_TASK_IDLE: when woken).  False: RETRY
// and AUTH are tried again later, anything else ends the job.
typedef bool (*pb_job_step_t)(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out,
                              pb_error_t *err);

bool pb_job_step_fetch(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err);
bool pb_job_step_acknowledge(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err);
bool pb_job_step_refuse(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err);
bool pb_job_step_create(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err);
bool pb_job_step_submit(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err);
bool pb_job_step_watch(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err);
bool pb_job_step_report(pb_job_t *job, pb_cups_t *cups, int64_t *wait_ms_out, pb_error_t *err);

// The move, in the journal with that line of its story; nothing has changed when false.
bool pb_job_move(pb_job_t *job, enum pb_job_move move, const char *hop,
                 pb_error_t *err) PB_MUST_USE;
// Into ENDING with what will be reported.
bool pb_job_end(pb_job_t *job, int outcome, const char *reason, const char *message,
                pb_error_t *err) PB_MUST_USE;
// The same for a job that the service has ended: canceled, or aborted by itself.
bool pb_job_end_as_asked(pb_job_t *job, pb_error_t *err) PB_MUST_USE;
// In the journal before the local job is canceled because of it.
bool pb_job_decide_aborted(pb_job_t *job, const char *message, pb_error_t *err) PB_MUST_USE;
// CUPS does not know the local job any more: made again, or ended, as the policy says.
// A local job that waits for tickets gets what CUPS lacks of them, and is let go.
bool pb_job_complete_local(pb_job_t *job, pb_cups_t *cups, const struct pb_cups_job_state *local,
                           pb_error_t *err) PB_MUST_USE;
bool pb_job_lose(pb_job_t *job, pb_error_t *err) PB_MUST_USE;
void pb_job_log(const pb_job_t *job, enum pb_log_level level, const char *format, ...)
  PB_PRINTF(3, 4);

// A request about the job with job-id and output-device-uuid; NULL: out of memory.
ipp_t *pb_job_new_request(const pb_job_t *job, ipp_op_t operation);
// Send it (freed here).  False unless the answer's status is successful; PB_RETRY or PB_AUTH where
// there was no answer.  response_out may be NULL.
bool pb_job_call(pb_job_t *job, ipp_t *request, ipp_t **response_out, pb_error_t *err) PB_MUST_USE;

// Update-Job-Status; reasons are separated by commas.  Update-Document-Status; impressions -1: not
// said.  NULL: out of memory.
ipp_t *pb_job_new_status(const pb_job_t *job, int state, const char *reasons, const char *message);
ipp_t *pb_job_new_document_status(const pb_job_t *job, int number, int state, int impressions);

// The documents at the document socket, under journaled capabilities where there are some.
bool pb_job_offer_documents(pb_job_t *job, pb_error_t *err) PB_MUST_USE;
void pb_job_withdraw_documents(pb_job_t *job);
bool pb_job_is_handed_over(pb_job_t *job, bool *is_any_out,
                           pb_error_t *err);    // all documents were taken whole
bool pb_job_is_read(const pb_job_t *job);       // as loaded by that: a filter has begun with each
bool pb_job_is_passed_on(const pb_job_t *job);  // likewise: the driver has all of them
bool pb_job_is_reading(const pb_job_t *job, enum pb_job_reading reading);  // one of its documents

// Does the ticket fit the local queue?  Fills job->options; a refusal goes into record.refusal and
// message.
bool pb_job_check_ticket(pb_job_t *job, ipp_t *ticket, pb_error_t *err) PB_MUST_USE;
bool pb_job_pack_ticket(pb_job_t *job, pb_error_t *err) PB_MUST_USE;  // options -> record.ticket
// Fills the record's documents from the answers.
bool pb_job_take_documents(pb_job_t *job, ipp_t *ticket, pb_error_t *err) PB_MUST_USE;

// Somebody at the print server canceled it.
#define PB_REASON_CANCELED_HERE "job-canceled-at-device"

// printbridge-job-id of the local job: the job's uuid, and the attempt where it is not the first.
#define PB_LOCAL_ID_SIZE 64
void pb_job_format_local_id(const pb_job_t *job, char id[PB_LOCAL_ID_SIZE]);

// The one place that decides what becomes of a job whose local job was lost or has broken off.
enum pb_again
{
  PB_AGAIN_PRINT,  // make a new local job
  PB_AGAIN_END     // say so and leave it to a person
};
enum pb_again pb_job_decide_again(bool is_any_handed_over);

// What becomes of a filter that wants a document which was handed over whole.  runner: the cupsd
// that has started it; runner_before: of the filter that had it; refused_runner: of the one that
// was refused last.  hold: enum pb_job_hold.
enum pb_read
{
  PB_READ_REFUSED,  // the job is to be held, unless its queue says `reprint`
  PB_READ_AGAIN,
  PB_READ_RELEASED  // a person has decided
};
enum pb_read pb_job_decide_read(int hold, const char *runner_before, const char *refused_runner,
                                const char *runner);

// job-hold.c.  From a document thread: may this filter read?  When later, err may say why.
enum pb_document_answer pb_job_may_read(struct pb_job_document          *document,
                                        const struct pb_document_reader *reader, pb_error_t *err);
// The step of a job with a hold, while its local job has not ended.  refused_pid: of the filter
// that had been refused last when CUPS was asked.
bool pb_job_keep_held(pb_job_t *job, pb_cups_t *cups, const struct pb_cups_job_state *local,
                      long refused_pid, int64_t *wait_ms_out, pb_error_t *err);

#endif
