// connector - the INFRA Proxy: its parts started and stopped in the right order, and registrations
// that come and go. Lock order: the connector's mutex, a service's, a queue's, the pool's.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/connector-private.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define TRIM_MS (10 * 60 * 1000)
#define DAMAGE_MS 1000

// --- workers

static void *
worker_new(void *user)
{
  pb_connector_t *connector = user;
  pb_cups_t      *cups      = NULL;
  pb_error_t      err       = {0};
  bool            ok        = pb_cups_open(connector->hub.options.cups_server, &cups, &err);

  // Every worker asks about once a second while CUPS is away.
  if (ok && atomic_exchange(&connector->was_no_cups_said, false))
    pb_log(NULL, PB_LOG_INFO, "CUPS is there now");
  else if (!ok && !atomic_exchange(&connector->was_no_cups_said, true))
    pb_log(NULL, PB_LOG_ERROR, "there is no way to CUPS, tried again: %s", err.message);
  return cups;
}

static void
worker_free(void *worker)
{
  pb_cups_close(worker);
}

// Nothing that happens now can be kept: better to begin anew, with what the service and CUPS know.
static void
say_damage(pb_connector_t *connector)
{
  if (!pb_journal_is_damaged(connector->hub.journal) ||
      atomic_exchange(&connector->was_damage_said, true))
    return;
  pb_log(NULL, PB_LOG_ERROR, "the job journal is damaged: the connector begins anew");
  if (connector->hub.options.on_damaged != NULL)
    connector->hub.options.on_damaged(connector->hub.options.user);
}

void
pb_connector_check(pb_connector_t *connector)
{
  pb_journal_check(connector->hub.journal);
  say_damage(connector);
}

static int64_t
run_damage(void *user, void *worker)
{
  (void)worker;
  say_damage(user);
  return DAMAGE_MS;
}

static int64_t
run_trim(void *user, void *worker)
{
  pb_connector_t *connector = user;
  pb_error_t      err       = {0};

  (void)worker;
  pb_connector_check(connector);
  if (!pb_journal_trim(connector->hub.journal, connector->hub.options.history_ms,
                       connector->hub.options.history_jobs, &err))
    pb_log(NULL, PB_LOG_WARN, "old jobs stay in the journal: %s", err.message);
  return TRIM_MS;
}

// --- start

static bool
open_journal(pb_connector_t *connector, pb_error_t *err)
{
  char *path = pb_file_join(connector->hub.options.state_folder, "journal.db");
  bool  ok   = false;

  if (path == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  ok = (!connector->hub.options.is_journal_damaged || pb_journal_set_aside(path, err)) &&
       pb_journal_open(path, &connector->hub.journal, &connector->was_damaged, err);
  connector->was_damaged = connector->was_damaged || connector->hub.options.is_journal_damaged;
  free(path);
  return ok;
}

static bool
start_documents(pb_connector_t *connector, pb_error_t *err)
{
  const struct pb_connector_options *from    = &connector->hub.options;
  struct pb_documents_options        options = {.socket_path      = from->socket_path,
                                                .filter_user      = from->filter_user,
                                                .read_ahead_bytes = (size_t)from->read_ahead_bytes,
                                                .read_ahead_file_bytes = from->read_ahead_file_bytes,
                                                .temp_folder           = from->temp_folder,
                                                // What is not known now was in the lost journal.
                                                .unknown_grace_ms = connector->was_damaged ? -1 : 0,
                                                .on_event         = pb_connector_on_local_message,
                                                .user             = connector};

  return pb_documents_start(&options, &connector->hub.documents, err);
}

static bool
start_work(pb_connector_t *connector, pb_error_t *err)
{
  struct pb_work_options options = {.workers     = connector->hub.options.workers,
                                    .worker_new  = worker_new,
                                    .worker_free = worker_free,
                                    .user        = connector};

  if (!pb_work_start(&options, &connector->hub.work, err))
    return false;
  if (pb_work_add(connector->hub.work, run_trim, connector, 0) == NULL ||
      pb_work_add(connector->hub.work, run_damage, connector, DAMAGE_MS) == NULL ||
      pb_work_add(connector->hub.work, pb_connector_run_local, connector, 0) == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  return true;
}

bool
pb_connector_start(const struct pb_connector_options *options, pb_connector_t **connector_out,
                   pb_error_t *err)
{
  pb_connector_t *connector = calloc(1, sizeof(*connector));

  *connector_out = NULL;
  if (connector == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  connector->hub.options = *options;
  connector->since_ms    = pb_clock_now_ms();
  pthread_mutex_init(&connector->mutex, NULL);
  // The document socket is there before a job of an earlier process may need it.
  if (!open_journal(connector, err) || !start_documents(connector, err) ||
      !start_work(connector, err) || !pb_connector_reload(connector, err))
  {
    pb_connector_stop(connector);
    return false;
  }
  *connector_out = connector;
  return true;
}

// --- registrations

static bool
is_same_identity(const pb_registration_t *a, const pb_registration_t *b)
{
  return pb_text_is_equal(a->folder, b->folder) && pb_text_is_equal(a->url, b->url) &&
         strcmp(a->client_id, b->client_id) == 0 &&
         pb_text_is_equal(a->ca_fingerprint, b->ca_fingerprint) &&
         pb_text_is_equal(a->ca_file, b->ca_file);
}

static const pb_registered_queue_t *
find_registered(const pb_registration_t *registration, const pb_queue_t *queue)
{
  for (size_t i = 0; i < registration->queues_count; i++)
  {
    const pb_registered_queue_t *at = &registration->queues[i];

    if (strcmp(at->uuid, queue->uuid) == 0 && strcmp(at->queue, queue->name) == 0 &&
        strcmp(at->printer_uri, queue->printer_uri) == 0)
      return at;
  }
  return NULL;
}

static bool
compare_queues(pb_service_t *service, const pb_registration_t *now, pb_error_t *err)
{
  bool ok = true;

  for (pb_queue_t *queue = service->queues; queue != NULL; queue = queue->next)
  {
    if (atomic_load(&queue->is_removed) || find_registered(now, queue) != NULL)
      continue;
    pb_log(NULL, PB_LOG_INFO, "%s is not shared with %s any more", queue->name, now->url);
    pb_queue_remove(queue);
  }
  for (size_t i = 0; i < now->queues_count; i++)
  {
    if (pb_service_find_queue(service, now->queues[i].uuid) == NULL)
      ok = pb_service_add_queue(service, &now->queues[i], err) && ok;
  }
  return ok;
}

// The registration on disk of a service that runs; its slot in the list, or NULL.
static pb_registration_t **
find_slot(pb_registration_t **list, size_t count, const pb_service_t *service)
{
  for (size_t i = 0; i < count; i++)
  {
    if (list[i] != NULL && is_same_identity(list[i], service->registration))
      return &list[i];
  }
  return NULL;
}

// What runs is brought in line; what is left in the list is new.
static bool
compare_services_locked(pb_connector_t *connector, pb_registration_t **list, size_t count,
                        pb_error_t *err)
{
  bool ok = true;

  for (pb_service_t *service = connector->services; service != NULL; service = service->next)
  {
    pb_registration_t **slot = find_slot(list, count, service);

    if (service->is_removed)
      continue;
    if (slot == NULL)
    {
      pb_service_remove(service);
      continue;
    }
    ok = compare_queues(service, *slot, err) && ok;
    pb_service_note_certificates(service, *slot);
    pb_registration_free(*slot);
    *slot = NULL;
  }
  return ok;
}

static bool
start_services_locked(pb_connector_t *connector, pb_registration_t **list, size_t count,
                      pb_error_t *err)
{
  bool ok = true;

  for (size_t i = 0; i < count; i++)
  {
    pb_service_t      *service      = NULL;
    pb_registration_t *registration = list[i];

    list[i] = NULL;
    if (registration == NULL)
      continue;
    pb_log(NULL, PB_LOG_INFO, "%s: %zu shared queues", registration->url,
           registration->queues_count);
    ok = pb_service_start(&connector->hub, registration, &service, err) && ok;
    if (service == NULL)
      continue;
    service->next       = connector->services;
    connector->services = service;
  }
  return ok;
}

bool
pb_connector_reload(pb_connector_t *connector, pb_error_t *err)
{
  pb_registration_t **list  = NULL;
  size_t              count = 0;
  bool                ok    = false;

  if (!pb_registrations_load(connector->hub.options.state_folder, &list, &count, err))
    return false;
  pthread_mutex_lock(&connector->mutex);
  ok = compare_services_locked(connector, list, count, err);
  ok = start_services_locked(connector, list, count, err) && ok;
  pthread_mutex_unlock(&connector->mutex);
  pb_registrations_free(list, count);
  return ok;
}

void
pb_connector_renew(pb_connector_t *connector)
{
  pthread_mutex_lock(&connector->mutex);
  for (pb_service_t *service = connector->services; service != NULL; service = service->next)
  {
    if (!service->is_removed)
      pb_service_renew(service);
  }
  pthread_mutex_unlock(&connector->mutex);
}

// --- held jobs

bool
pb_connector_release(pb_connector_t *connector, const char *queue, int cloud_job, pb_error_t *err)
{
  bool ok = pb_error_set(err, PB_GONE,
                         "%s has no job %d on its way here; what the service holds is released in "
                         "its portal",
                         queue, cloud_job);

  pthread_mutex_lock(&connector->mutex);
  for (pb_service_t *service = connector->services; !ok && service != NULL; service = service->next)
  {
    for (pb_queue_t *at = service->queues; !ok && at != NULL; at = at->next)
    {
      if (!atomic_load(&at->is_removed) && pb_text_is_equal_nocase(at->name, queue))
        ok = pb_queue_release_job(at, cloud_job, err);
    }
  }
  pthread_mutex_unlock(&connector->mutex);
  if (ok)
    pb_error_clear(err);
  return ok;
}

// Of the nth service that has the queue; NULL: so many have not.
static pb_queue_t *
find_nth(pb_connector_t *connector, const char *name, int n)
{
  pb_queue_t *found = NULL;

  pthread_mutex_lock(&connector->mutex);
  for (pb_service_t *service = connector->services; service != NULL; service = service->next)
  {
    for (pb_queue_t *at = service->queues; at != NULL && found == NULL; at = at->next)
    {
      if (!atomic_load(&at->is_removed) && pb_text_is_equal_nocase(at->name, name) && n-- == 0)
        found = at;
    }
  }
  pthread_mutex_unlock(&connector->mutex);
  return found;
}

bool
pb_connector_release_pin(pb_connector_t *connector, const char *queue, int cloud_job,
                         const char *pin, pb_error_t *err)
{
  pb_queue_t *at = find_nth(connector, queue, 0);

  pb_error_set(err, PB_GONE, "%s is not shared", queue);
  // Queues live until the connector stops, and the control socket stops before.
  for (int n = 1; at != NULL; at = find_nth(connector, queue, n++))
  {
    pb_error_clear(err);
    if (pb_queue_release_with_pin(at, cloud_job, pin, err))
      return true;
    if (err->kind != PB_GONE)
      return false;
  }
  return false;
}

// --- stop

// Jobs withdraw their documents, so these are stopped later; until then the notifier's messages
// still come and walk the list under the mutex.
static void
free_services(pb_connector_t *connector)
{
  pb_service_t *services = NULL;

  pthread_mutex_lock(&connector->mutex);
  services            = connector->services;
  connector->services = NULL;
  pthread_mutex_unlock(&connector->mutex);
  while (services != NULL)
  {
    pb_service_t *service = services;

    services = service->next;
    pb_service_free(service);
  }
}

void
pb_connector_stop(pb_connector_t *connector)
{
  if (connector == NULL)
    return;
  atomic_store(&connector->hub.stop, true);
  // What a filter lacks of its document it gets from the next process.
  pb_documents_turn_away(connector->hub.documents);
  for (pb_service_t *service = connector->services; service != NULL; service = service->next)
    pb_service_stop(service);
  pb_work_stop(connector->hub.work);
  free_services(connector);
  pb_connector_end_local(connector);
  if (connector->hub.documents != NULL)
    pb_documents_stop(connector->hub.documents);
  pb_work_free(connector->hub.work);
  pb_journal_close(connector->hub.journal);
  pthread_mutex_destroy(&connector->mutex);
  free(connector);
}
