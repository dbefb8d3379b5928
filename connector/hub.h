// hub - what all parts of the connector share: journal, workers, document socket, settings.
// Made and ended by connector.c; read-only in between but for the atomics.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_HUB_H
#define PB_CONNECTOR_HUB_H

#include "connector/connector.h"
#include "connector/document.h"
#include "connector/journal.h"
#include "connector/work.h"

struct pb_hub
{
  struct pb_connector_options options;
  pb_journal_t               *journal;
  pb_work_t                  *work;
  pb_documents_t             *documents;
  atomic_bool                 stop;            // ends requests that wait
  atomic_bool                 has_notifier;    // cupsd tells us of events
  atomic_bool                 must_subscribe;  // ... but seems to have stopped
  atomic_int                  jobs_count;      // of all queues
  atomic_llong                heard_ms;        // of the last event, monotonic
};

#endif
