// outside - all that a job's steps reach outside of the connector through: the service, the local
// CUPS, the document socket and the queue that has the job.  A table, so that tests put a service
// and a CUPS of their own behind it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_OUTSIDE_H
#define PB_CONNECTOR_OUTSIDE_H

#include "connector/document.h"
#include "ipp/cups.h"

struct pb_job;

struct pb_outside
{
  void           *user;  // the queue
  pb_documents_t *documents;

  // The service: as pb_cloud_request and pb_cloud_fetch.  fetch is called from document threads.
  bool (*request)(void *user, const char *uri, ipp_t *request, ipp_t **response_out,
                  pb_error_t *err);
  bool (*fetch)(void *user, const char *uri, ipp_t *request, pb_http_sink_t sink, void *sink_user,
                const atomic_bool *stop, ipp_t **response_out, pb_error_t *err);

  // The local CUPS: as in ipp/cups.h; `cups` is the worker's.
  bool (*find_job)(pb_cups_t *cups, const char *queue, const char *cloud_job_id, int *job_id_out,
                   pb_error_t *err);
  bool (*create_job)(pb_cups_t *cups, const struct pb_cups_job *job, int *job_id_out,
                     pb_error_t *err);
  bool (*send_ticket)(pb_cups_t *cups, const char *queue, int job_id, const pb_ticket_t *ticket,
                      bool is_last, pb_error_t *err);
  bool (*get_job)(pb_cups_t *cups, const char *queue, int job_id,
                  struct pb_cups_job_state *state_out, pb_error_t *err);
  bool (*cancel_job)(pb_cups_t *cups, const char *queue, int job_id, pb_error_t *err);
  bool (*hold_job)(pb_cups_t *cups, const char *queue, int job_id, pb_error_t *err);
  bool (*release_job)(pb_cups_t *cups, const char *queue, int job_id, pb_error_t *err);
  bool (*is_reprint_set)(void *user, pb_cups_t *cups);  // interrupted-job = reprint for the queue

  // The document socket: as in connector/document.h.
  bool (*offer)(pb_documents_t *documents, const struct pb_document_source *source,
                char capability_out[PB_CAPABILITY_SIZE], pb_error_t *err);
  bool (*offer_again)(pb_documents_t *documents, const struct pb_document_source *source,
                      const char *capability, pb_error_t *err);
  void (*withdraw)(pb_documents_t *documents, const char *capability);

  // The queue.  lock_local lends the local queue's attributes until unlock_local; NULL: they are
  // not known yet.
  ipp_t *(*lock_local)(void *user);
  void (*unlock_local)(void *user);
  bool (*may_submit)(void          *user,
                     struct pb_job *job);  // no older job of the queue is still on its way to CUPS
  void (*moved)(void *user, struct pb_job *job);  // its state has changed, or a step has failed
  void (*wake)(void *user, struct pb_job *job);   // from document threads
  int64_t (*watch_ms)(void *user);                // how often to look at a local job
};

#endif
