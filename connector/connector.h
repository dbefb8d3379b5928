// connector - the INFRA Proxy: joins the queues that are registered below a state folder with their
// services. start and stop on one thread; the others from any.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_CONNECTOR_H
#define PB_CONNECTOR_CONNECTOR_H

#include "base/error.h"
#include "net/json.h"
#include <stdint.h>

typedef struct pb_connector pb_connector_t;

// Texts are borrowed until the connector is stopped.
struct pb_connector_options
{
  const char *state_folder;                             // registrations and journal
  const char *socket_path;                              // documents and events
  const char *temp_folder;                              // of the read-ahead
  const char *cups_server;                              // NULL: CUPS_SERVER or the default
  const char *filter_user;                              // who may fetch documents besides root
  int64_t     read_ahead_bytes, read_ahead_file_bytes;  // per document
  int         workers;
  int         jobs_per_queue;  // in CUPS at the same time; the others stay at the service
  int     jobs_in_cups;    // of all queues; beyond it a queue has one, and none while it is stopped
  int64_t safety_poll_ms;  // of local jobs, with the notifier
  int64_t poll_ms;         // without it
  int64_t report_ms;       // how often a queue's state is looked at, when no event says so
  int64_t history_ms;      // how long ended jobs are kept
  int     history_jobs;    // and how many
  bool    is_journal_damaged;  // as on_damaged has said to one before: it is set aside
  // The journal has turned out to be damaged: stop, and start anew.  Said once, by a worker or in
  // pb_connector_check.
  void (*on_damaged)(void *user);
  void *user;
};

bool pb_connector_start(const struct pb_connector_options *options, pb_connector_t **connector_out,
                        pb_error_t *err) PB_MUST_USE;
void pb_connector_stop(pb_connector_t *connector);  // the journal has what is not done
bool pb_connector_reload(pb_connector_t *connector,
                         pb_error_t     *err) PB_MUST_USE;  // registrations have changed
void pb_connector_check(
  pb_connector_t *connector);  // the journal on the disk, now; so it is every ten minutes
void pb_connector_renew(pb_connector_t *connector);  // keys and certificates, now
// Print a held job again; PB_GONE: there is no such job, PB_REJECT: it is not held.
bool pb_connector_release(pb_connector_t *connector, const char *queue, int cloud_job,
                          pb_error_t *err) PB_MUST_USE;

// Let a job go that waits at the service for its PIN.  Asks the service; PB_GONE: no such queue.
bool pb_connector_release_pin(pb_connector_t *connector, const char *queue, int cloud_job,
                              const char *pin, pb_error_t *err) PB_MUST_USE;

// As connector/control.h says; NULL: out of memory.
json_object *pb_connector_status(pb_connector_t *connector);
json_object *pb_connector_jobs(pb_connector_t *connector);

#endif
