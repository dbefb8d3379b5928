// connector-private - shared by connector*.c only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_CONNECTOR_PRIVATE_H
#define PB_CONNECTOR_CONNECTOR_PRIVATE_H

#include "connector/service.h"

struct pb_connector
{
  struct pb_hub   hub;
  int64_t         since_ms;
  bool            was_damaged;  // the journal, at start
  pthread_mutex_t mutex;        // guards the list; services are freed at the end only
  pb_service_t   *services;
  int             subscription_id;  // at cupsd; of the task pb_connector_run_local
  int64_t         subscribed_ms;    // monotonic
  bool            was_poll_said;
  atomic_bool     was_no_cups_said;  // of all workers
  atomic_bool     was_damage_said;
};

// What cupsd's notifier brings; called from socket threads.
void pb_connector_on_local_message(void *user, const void *message, size_t size);
// The task that keeps the subscription at cupsd.
int64_t pb_connector_run_local(void *user, void *worker);
void    pb_connector_end_local(pb_connector_t *connector);

#endif
