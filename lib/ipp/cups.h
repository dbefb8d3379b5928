// cups - the one place that speaks to the local CUPS scheduler.
// A pb_cups_t is a connection of one thread; it reconnects by itself.  All calls block. Errors:
// PB_RETRY cupsd is not there or busy, PB_GONE no such queue or job, PB_REJECT cupsd says no.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_CUPS_H
#define PB_IPP_CUPS_H

#include "ipp/message.h"
#include "ipp/ticket.h"

typedef struct pb_cups pb_cups_t;

bool pb_cups_open(const char *server, pb_cups_t **cups_out,
                  pb_error_t *err) PB_MUST_USE;  // NULL: CUPS_SERVER or default
void pb_cups_close(pb_cups_t *cups);

// Names of the local queues (none that cups-browsed made of others' printers, none that lead into
// the cloud).  Free each and the array.
bool pb_cups_copy_queues(pb_cups_t *cups, char ***names_out, size_t *count_out,
                         pb_error_t *err) PB_MUST_USE;
// All attributes of the queue (media-col-database included); ippDelete it.
bool pb_cups_copy_queue(pb_cups_t *cups, const char *queue, ipp_t **attributes_out,
                        pb_error_t *err) PB_MUST_USE;
// State only: printer-state, -reasons, -message, printer-is-accepting-jobs, marker-*,
// queued-job-count: cheap.
bool pb_cups_copy_queue_state(pb_cups_t *cups, const char *queue, ipp_t **attributes_out,
                              pb_error_t *err) PB_MUST_USE;
// What `lpadmin -p QUEUE -o NAME-default=VALUE` has set for the queue; "" where nothing has.
bool pb_cups_find_default(pb_cups_t *cups, const char *queue, const char *name, char *value_out,
                          size_t size, pb_error_t *err) PB_MUST_USE;

// A raw queue would print the ticket itself, and without our MIME rules no filter turns it into a
// document: PB_CONFIG. Remembered for a minute.
bool pb_cups_check_queue(pb_cups_t *cups, const char *queue, pb_error_t *err) PB_MUST_USE;

// What a cloud job becomes.
struct pb_cups_job
{
  const char *queue;
  const char *title;
  const char *user;          // job-originating-user-name to show
  const char *cloud_job_id;  // -> printbridge-job-id; survives a restart of cupsd
  ipp_t      *options;       // job template attributes and job-password (job group); may be NULL
};
// Create-Job; no document yet.  PB_CONFIG: the queue is raw, or our filter is not installed for it;
// PB_RETRY also while CUPS has as many jobs as it takes, or the queue takes none.
bool pb_cups_create_job(pb_cups_t *cups, const struct pb_cups_job *job, int *job_id_out,
                        pb_error_t *err) PB_MUST_USE;
// Send-Document with the ticket as its data.  May be repeated: a job that has document_number
// documents already gets no other one.  PB_REJECT when the job has ended.
bool pb_cups_send_ticket(pb_cups_t *cups, const char *queue, int job_id, const pb_ticket_t *ticket,
                         bool is_last, pb_error_t *err) PB_MUST_USE;
// The local job of that cloud job, ended or not; jobs that were seen are remembered by the
// connection, since cupsd reads a file for each ended one: keep it open.  *job_id_out 0 when there
// is none (that is no error).
bool pb_cups_find_job(pb_cups_t *cups, const char *queue, const char *cloud_job_id, int *job_id_out,
                      pb_error_t *err) PB_MUST_USE;

struct pb_cups_job_state
{
  int  state;             // ipp_jstate_t
  char reasons[512];      // comma-separated keywords
  char message[256];      // job-printer-state-message
  char cloud_job_id[64];  // at most 63 bytes; printbridge-job-id: is it still the same job?
  int  impressions_completed;
  int  sheets_completed;
  int  documents;     // that CUPS has
  bool is_left_open;  // it waits for documents; or did when cupsd crashed, which holds it then and
                      // says no reason
};
bool pb_cups_get_job(pb_cups_t *cups, const char *queue, int job_id,
                     struct pb_cups_job_state *state_out, pb_error_t *err) PB_MUST_USE;
bool pb_cups_cancel_job(pb_cups_t *cups, const char *queue, int job_id,
                        pb_error_t *err) PB_MUST_USE;
// Until somebody releases it; its filters and backend are stopped.  PB_REJECT: it has ended, or is
// not held.
bool pb_cups_hold_cloud_job(pb_cups_t *cups, const char *queue, int job_id,
                            pb_error_t *err) PB_MUST_USE;
bool pb_cups_release_cloud_job(pb_cups_t *cups, const char *queue, int job_id,
                               pb_error_t *err) PB_MUST_USE;

// Ask cupsd to run our notifier for job and printer events of all queues; 0 lease.  PB_REJECT when
// it is not installed: poll then.
bool pb_cups_subscribe(pb_cups_t *cups, int *subscription_id_out, pb_error_t *err) PB_MUST_USE;
bool pb_cups_unsubscribe(pb_cups_t *cups, int subscription_id, pb_error_t *err) PB_MUST_USE;

#endif
