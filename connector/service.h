// service - a cloud service that queues are registered with: the account, the tunnel or the long
// polls, the requests.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_SERVICE_H
#define PB_CONNECTOR_SERVICE_H

#include "cloud/client.h"
#include "connector/queue.h"
#include "net/dial.h"

#define PB_SERVICE_IDLE_MAX 16  // connections kept for the next request
#define PB_SERVICE_POLLERS_MAX 32

typedef struct pb_service pb_service_t;

struct pb_service_poller
{
  pb_service_t *service;
  int           index;
  pthread_t     thread;
};

struct pb_service
{
  atomic_bool    is_moving;  // another host may run with our key: only a new key may be asked for
  struct pb_hub *hub;
  pb_registration_t  *registration;  // ours; the account borrows it
  pb_cloud_account_t *account;
  pb_dial_t          *dial;
  pb_task_t          *renewal;
  pb_service_t       *next;  // guarded by the connector's mutex

  pthread_mutex_t    mutex;   // guards what follows
  pb_queue_t        *queues;  // prepended only; freed with the service
  bool               is_removed;
  pb_cloud_t        *idle[PB_SERVICE_IDLE_MAX];
  int                idle_count;
  enum pb_dial_state dial_state;
  char               dial_why[PB_ERROR_MESSAGE_SIZE];
  int64_t            since_ms;  // wall clock, of dial_state
  bool               was_polling_said;
  // After a failure of the network, one request at a time finds out whether it is back.
  int     failures;
  int64_t retry_at_ms;  // monotonic
  char    request_why[PB_ERROR_MESSAGE_SIZE];
  // The key and the certificates (service-renew.c).
  int64_t renewal_ms;  // wall clock: when they are to be renewed; INT64_MAX: never
  int64_t expiry_ms;   // when the first certificate ends; 0: there is none
  int64_t renewed_ms;  // by this process; 0: not yet
  bool    is_renewal_asked;
  char    renewal_why[PB_ERROR_MESSAGE_SIZE];  // it failed
  int     renewal_failures;

  // Long polls, while there is no tunnel.
  bool                     is_polling;
  atomic_bool              stop_polling;
  int                      pollers_count;
  struct pb_service_poller pollers[PB_SERVICE_POLLERS_MAX];
};

// Takes the registration, also when it fails.  Its queues are started.
bool pb_service_start(struct pb_hub *hub, pb_registration_t *registration,
                      pb_service_t **service_out, pb_error_t *err) PB_MUST_USE;
bool pb_service_add_queue(pb_service_t *service, const pb_registered_queue_t *queue,
                          pb_error_t *err) PB_MUST_USE;
// The head of the list; queues are only ever prepended, so it may be walked without the mutex.
pb_queue_t *pb_service_get_queues(pb_service_t *service);
pb_queue_t *pb_service_find_queue(pb_service_t *service,
                                  const char   *uuid);  // one that is not removed; may be NULL
void        pb_service_remove(
         pb_service_t *service);  // no longer registered: its queues are removed, the tunnel ends
void pb_service_stop(pb_service_t *service);  // tunnel and polls; before the workers stop
void pb_service_free(pb_service_t *service);  // after they have

// As pb_cloud_request and pb_cloud_fetch; any thread.
bool pb_service_request(pb_service_t *service, const char *uri, ipp_t *request,
                        ipp_t **response_out, pb_error_t *err) PB_MUST_USE;
bool pb_service_fetch(pb_service_t *service, const char *uri, ipp_t *request, pb_http_sink_t sink,
                      void *sink_user, const atomic_bool *stop, ipp_t **response_out,
                      pb_error_t *err) PB_MUST_USE;

// The registration on disk as it is now: when its certificates end.
void pb_service_note_certificates(pb_service_t *service, const pb_registration_t *registration);
void pb_service_renew(pb_service_t *service);  // the key and the certificates, now

// Between service*.c.
bool        pb_service_start_renewal(pb_service_t *service, pb_error_t *err) PB_MUST_USE;
bool        pb_service_check_moved(pb_service_t *service,
                                   pb_error_t   *err) PB_MUST_USE;            // PB_RETRY: is_moving
pb_cloud_t *pb_service_take_cloud(pb_service_t *service, pb_error_t *err);  // NULL: *err says why
void        pb_service_give_cloud(pb_service_t *service, pb_cloud_t *cloud);
void
pb_service_start_polling(pb_service_t *service);  // from the dial's thread only, like stop_polling
void pb_service_stop_polling(pb_service_t *service);                       // joins
void pb_service_note_reply(pb_service_t *service, const pb_error_t *err);  // NULL: it answered

#endif
