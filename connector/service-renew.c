// service-renew - the key and the certificates of a service are renewed well before they end, or at
// once where they came from another host, which may still run.
// A task of its own; what it changes on disk it changes under the lock that `printbridge share`
// takes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/service.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/account.h"
#include "cloud/rekey.h"
#include <string.h>
#include <unistd.h>

#define LOOK_MS (60 * 60 * 1000)  // clocks jump
#define BUSY_MS 500               // `printbridge share` is at work
#define RETRY_MIN_MS 1000
#define RETRY_BASE_MS 2000
#define RETRY_CAP_MS (10 * 60 * 1000)
#define MOVING_CAP_MS (15 * 1000)  // nothing else goes on until then
#define REFUSED_MS (60 * 60 * 1000)
#define DAY_MS (24 * 60 * 60 * INT64_C(1000))

bool
pb_service_check_moved(pb_service_t *service, pb_error_t *err)
{
  return !atomic_load(&service->is_moving) ||
         pb_error_set(err, PB_RETRY, "%s: the key that came from the former host is replaced first",
                      service->registration->url);
}

void
pb_service_note_certificates(pb_service_t *service, const pb_registration_t *registration)
{
  pthread_mutex_lock(&service->mutex);
  service->renewal_ms = pb_registration_get_renewal(registration);
  service->expiry_ms  = pb_registration_get_expiry(registration);
  if (registration->next_key != NULL)
    service->renewal_ms = 0;  // it was begun
  pthread_mutex_unlock(&service->mutex);
  atomic_store(&service->is_moving, pb_registration_is_moving(registration));
  if (service->renewal != NULL)
    pb_work_wake(service->hub->work, service->renewal, 0);
}

void
pb_service_renew(pb_service_t *service)
{
  pthread_mutex_lock(&service->mutex);
  service->is_renewal_asked = true;
  service->renewal_failures = 0;
  pthread_mutex_unlock(&service->mutex);
  pb_work_wake(service->hub->work, service->renewal, 0);
}

// From now on our own tokens are asked for with the next key; with the other one as long as that
// one is not known.
static bool
on_registered(void *user, const pb_key_t *next, const pb_key_t *former, pb_error_t *err)
{
  pb_service_t *service = user;

  return pb_cloud_account_set_keys(service->account, next, former, /*next_key*/ "", err);
}

// How long until it is to be done; 0: now.
static int64_t
get_wait(pb_service_t *service)
{
  int64_t now     = pb_clock_now_ms();
  int64_t wait_ms = LOOK_MS;

  pthread_mutex_lock(&service->mutex);
  if (service->is_renewal_asked || atomic_load(&service->is_moving))
    wait_ms = 0;
  else if (service->renewal_ms < now + LOOK_MS)
    wait_ms = service->renewal_ms > now ? service->renewal_ms - now : 0;
  pthread_mutex_unlock(&service->mutex);
  return wait_ms;
}

static bool
renew_locked(pb_service_t *service, pb_error_t *err)
{
  struct pb_rekey_options options = {
    .on_registered = on_registered, .user = service, .stop = &service->hub->stop};
  pb_registration_t *registration = NULL;
  bool               ok           = false;

  if (!pb_registration_find(service->hub->options.state_folder, service->registration->url,
                            &registration, err))
    return false;
  ok = pb_rekey(registration, &options, err);
  if (ok)
    pb_service_note_certificates(service, registration);
  pb_registration_free(registration);
  return ok;
}

static void
note_done(pb_service_t *service, bool was_moving)
{
  char until[PB_ISO_DATE_SIZE];

  pthread_mutex_lock(&service->mutex);
  service->renewed_ms = pb_clock_now_ms();
  // A queue that the service refuses, or a certificate that has ended when it comes.
  if (service->renewal_ms <= service->renewed_ms)
    service->renewal_ms = service->renewed_ms + DAY_MS;
  service->renewal_failures = 0;
  service->renewal_why[0]   = '\0';
  service->is_renewal_asked = false;
  pb_clock_format_iso(until, service->expiry_ms);
  pthread_mutex_unlock(&service->mutex);
  pb_log(NULL, PB_LOG_INFO, "%s: the key and the certificates are new, until %s%s",
         service->registration->url, until,
         was_moving ? "; the host that they came from is locked out" : "");
  if (was_moving)
  {
    for (pb_queue_t *queue = pb_service_get_queues(service); queue != NULL; queue = queue->next)
      pb_queue_sync(queue, 0);
  }
}

static int64_t
note_failure(pb_service_t *service, const pb_error_t *why)
{
  bool was;
  int  failures;

  pthread_mutex_lock(&service->mutex);
  was      = strcmp(service->renewal_why, why->message) == 0;
  failures = service->renewal_failures++;
  pb_text_copy(service->renewal_why, sizeof(service->renewal_why), why->message);
  pthread_mutex_unlock(&service->mutex);
  pb_log(NULL, was ? PB_LOG_DEBUG : PB_LOG_WARN,
         "%s: the key and the certificates are not renewed yet: %s", service->registration->url,
         why->message);
  if (why->kind != PB_RETRY)
    return REFUSED_MS;
  return pb_clock_backoff_ms(failures, RETRY_MIN_MS, RETRY_BASE_MS,
                             atomic_load(&service->is_moving) ? MOVING_CAP_MS : RETRY_CAP_MS);
}

static int64_t
run_renewal(void *user, void *worker)
{
  pb_service_t *service    = user;
  bool          was_moving = atomic_load(&service->is_moving);
  pb_error_t    err        = {0};
  int           lock       = -1;
  bool          ok         = false;
  bool          is_removed;

  (void)worker;  // CUPS is not wanted
  pthread_mutex_lock(&service->mutex);
  is_removed = service->is_removed;
  pthread_mutex_unlock(&service->mutex);
  if (is_removed || atomic_load(&service->hub->stop))
    return PB_TASK_IDLE;

  int64_t wait_ms = get_wait(service);
  if (wait_ms > 0)
    return wait_ms;
  if (!pb_registration_lock(service->hub->options.state_folder, &lock, &err))
    return BUSY_MS;
  ok = renew_locked(service, &err);
  close(lock);
  if (!ok)
    return note_failure(service, &err);
  note_done(service, was_moving);
  return get_wait(service);
}

bool
pb_service_start_renewal(pb_service_t *service, pb_error_t *err)
{
  pb_service_note_certificates(service, service->registration);
  service->renewal = pb_work_add(service->hub->work, run_renewal, service, 0);
  return service->renewal != NULL || pb_error_set(err, PB_RETRY, "out of memory");
}
