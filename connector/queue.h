// queue - a shared queue: kept in step with its infrastructure printer, and the jobs that it has
// taken. A queue's task (sync, reports, looking for jobs) is run by one worker at a time; each job
// is a task of its own.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_QUEUE_H
#define PB_CONNECTOR_QUEUE_H

#include "connector/event.h"
#include "connector/hub.h"
#include "connector/job.h"
#include <pthread.h>

#define PB_QUEUE_IGNORED 64

struct pb_service;
typedef struct pb_queue pb_queue_t;

struct pb_queue
{
  struct pb_hub     *hub;
  struct pb_service *service;
  char               uuid[46];
  char               name[128];
  char               printer_uri[1024];
  struct pb_outside  outside;
  pb_task_t         *task;
  pb_queue_t        *next;        // of the service; constant
  atomic_bool        is_removed;  // not shared any more

  // The mutex guards these.  Nothing is called out to under it but pb_work_wake.
  pthread_mutex_t mutex;
  pb_job_t       *jobs;  // oldest first
  int             jobs_count;
  int             ignored[PB_QUEUE_IGNORED];  // cloud jobs that are not for us, a ring
  int             ignored_next;
  bool            must_sync, must_report, must_report_all, must_get_events, must_get_jobs;
  bool            has_more;  // the service has jobs that we had no room for
  bool            is_synced;
  int             subscription_id, next_sequence;
  ipp_t          *local;  // what CUPS says of the queue; NULL: not known, or the queue is not there
  bool            is_missing;  // CUPS does not know the queue
  int             state;       // ipp_pstate_t
  char            reasons[512];
  char            problem[512];

  // The task's own.
  bool    is_moved;  // from another host: what is assigned and not in the journal may be on paper
  ipp_t  *sent;      // device attributes that the service has; NULL: full report next
  ipp_t  *refused;   // those that it does not want
  int     failures;
  int64_t report_due_ms, report_all_due_ms;  // monotonic
};

pb_queue_t *pb_queue_new(struct pb_hub *hub, struct pb_service *service, const char *uuid,
                         const char *name,
                         const char *printer_uri);  // NULL: out of memory
void        pb_queue_free(pb_queue_t *queue);       // after the workers have stopped
// Take up the journal's jobs and begin; delay_ms until the first sync.
bool pb_queue_start(pb_queue_t *queue, int64_t delay_ms, pb_error_t *err) PB_MUST_USE;
void pb_queue_remove(pb_queue_t *queue);  // its jobs are canceled here

// From any thread.
void pb_queue_sync(pb_queue_t *queue, int64_t delay_ms);  // in step again: the connection is new
void pb_queue_wake_jobs(pb_queue_t *queue);
// Print a held job again; false leaves err alone unless the queue has the job.
bool pb_queue_release_job(pb_queue_t *queue, int cloud_job, pb_error_t *err) PB_MUST_USE;
// Release-Job at the service, for a job that waits there for its PIN.
bool pb_queue_release_with_pin(pb_queue_t *queue, int cloud_job, const char *pin,
                               pb_error_t *err) PB_MUST_USE;
void pb_queue_on_event(pb_queue_t *queue, const struct pb_event_note *note);  // of the service
void pb_queue_on_local_event(pb_queue_t *queue, const struct pb_event_note *note);  // of cupsd
// For long polls: false while there is no subscription.
bool   pb_queue_get_subscription(pb_queue_t *queue, int *id_out, int *next_sequence_out);
ipp_t *pb_queue_new_request(const pb_queue_t *queue,
                            ipp_op_t          operation);                          // with output-device-uuid
ipp_t *pb_queue_new_get_notifications(pb_queue_t *queue, bool has_wait);  // NULL: no subscription
void   pb_queue_take_notifications(pb_queue_t *queue, ipp_t *response);
void pb_queue_drop_subscription(pb_queue_t *queue);  // the service does not know it: make a new one

// Between queue*.c.
void pb_queue_discover(pb_queue_t *queue, int cloud_job, bool is_adopted);
bool pb_queue_synchronize(pb_queue_t *queue, pb_cups_t *cups, pb_error_t *err) PB_MUST_USE;
bool pb_queue_get_events(pb_queue_t *queue, pb_error_t *err) PB_MUST_USE;
bool pb_queue_get_jobs(pb_queue_t *queue, pb_error_t *err) PB_MUST_USE;
bool pb_queue_report(pb_queue_t *queue, pb_cups_t *cups, bool is_all, pb_error_t *err) PB_MUST_USE;
bool pb_queue_call(pb_queue_t *queue, ipp_t *request, ipp_t **response_out,
                   pb_error_t *err) PB_MUST_USE;
void pb_queue_init_outside(pb_queue_t *queue);
// The jobs of the journal that are not under way.
bool pb_queue_take_up(pb_queue_t *queue, pb_error_t *err) PB_MUST_USE;

#endif
