// hold - nobody has signed in. A code lives for minutes and a job may wait for days: when the
// code has expired the waiter releases the jobs, whose backends then ask for the next code, show
// it and hold again. Only cupsd and its own backend may write a queue's message; so it is always
// the backend that does, and the waiter needs no rights.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/hold.h"

#include "backend/detach.h"
#include "backend/interrupt.h"
#include "backend/wait.h"
#include "base/clock.h"
#include "base/file.h"
#include "cloud/held.h"
#include "cloud/printer-cache.h"

#include <cups/cups.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK "waiter.lock"
#define DENIED "denied"  // uuids of the jobs that were held, a line each
#define DENIED_MAX ((size_t)PB_HELD_MAX * (PB_UUID_SIZE + 1))
#define LOCK_TRIES 10  // a second each
#define POLL_MIN_MS 1000
#define RELEASE_TRIES 60  // a second each: cupsd has held the job by then

struct put_off
{
  int64_t wake_ms;  // so long after the waiter's end cupsd starts the jobs
  int64_t at_ms;    // monotonic: next time
};

// Of the sign-in at its service.
static bool
format_folder(const struct pb_identity *identity, char dst[PB_PLACE_SIZE])
{
  char name[PB_SERVICE_NAME_SIZE];

  pb_service_get_name(&identity->service, name);
  return pb_text_format(dst, PB_PLACE_SIZE, "%s/%s", identity->folder, name);
}

// --- the waiter

// When this process is gone (cupsd was restarted with all that it had started, or the computer
// was), nobody is left who could release the jobs but cupsd itself: they are held until a time of
// day that is always put off. Then the backend runs again, finds the code that is still good, and
// waits for it.
static void
put_off(const char *folder, struct put_off *next)
{
  int64_t now_ms = pb_clock_mono_ms();

  if (now_ms < next->at_ms)
    return;
  // Those that are not held yet are as soon as their backends have ended.
  next->at_ms = now_ms + next->wake_ms / (pb_held_keep(folder, next->wake_ms) > 0 ? 12 : 3);
}

static void
release_all(const char *folder)
{
  for (int tries = 0; pb_held_release(folder) > 0 && tries < RELEASE_TRIES; tries++)
    if (!pb_interrupt_sleep(1000))
      return;
}

// For the jobs that are held now: one that is printed later has had no refusal.
static void
note_denied(const char *folder)
{
  pb_error_t  err  = {0};
  pb_buffer_t jobs = {0};
  char       *path = pb_file_join(folder, DENIED);

  if (path != NULL && (!pb_held_list(folder, &jobs, &err) ||
                       !pb_file_replace(path, 0600, jobs.data, jobs.size, &err)))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  pb_buffer_clear(&jobs);
  free(path);
}

// What the printers can do, for the next jobs and for lpinfo.
static void
learn_printers(pb_sign_in_t *sign_in, const struct pb_places *places)
{
  pb_cloud_account_t *account = NULL;
  pb_error_t          err     = {0};

  if (pb_sign_in_make_account(sign_in, &account, &err))
  {
    if (!pb_printer_cache_refresh(places, pb_sign_in_get_service(sign_in), account,
                                  /*min_age_ms*/ 0, &err))
      pb_error_clear(&err);  // the jobs go on without
  }
  pb_cloud_account_free(account);
}

static void
wait_for_code(pb_sign_in_t *sign_in, struct pb_device_code *code, const struct pb_places *places,
              const char *folder, int64_t wake_ms)
{
  pb_error_t     err  = {0};
  struct put_off next = {.wake_ms = wake_ms};
  enum pb_poll   poll = PB_POLL_PENDING;

  while (poll == PB_POLL_PENDING)
  {
    if (!pb_interrupt_sleep(code->interval_ms > POLL_MIN_MS ? code->interval_ms : POLL_MIN_MS))
      return;
    pb_error_clear(&err);
    poll = pb_sign_in_poll(sign_in, code, &err);
    if (poll == PB_POLL_PENDING)
      put_off(folder, &next);
  }
  if (poll == PB_POLL_DENIED)
    note_denied(folder);
  release_all(folder);
  if (poll == PB_POLL_GRANTED)
    learn_printers(sign_in, places);
}

// With a handle of its own, since all that the backend had open is closed.
static void
run_waiter(const struct pb_identity *identity, struct pb_device_code *code, const char *folder,
           int64_t wake_ms)
{
  pb_sign_in_t *sign_in = NULL;
  pb_error_t    err     = {0};

  if (pb_sign_in_new(identity->folder, PB_SIGN_IN_USER, &identity->service, &sign_in, &err))
    wait_for_code(sign_in, code, &identity->places, folder, wake_ms);
}

// Another waiter has it. It may be at its end, and have released this very job for the next code.
static bool
wait_for_lock(const char *path)
{
  pb_error_t err  = {0};
  int        lock = -1;  // kept to the end

  for (int tries = 0; tries < LOCK_TRIES; tries++)
    if (!pb_interrupt_sleep(1000) || pb_file_lock(path, &lock, &err))
      return lock >= 0;
  return false;
}

static void
start_waiter(const struct pb_identity *identity, struct pb_device_code *code, const char *folder,
             int64_t wake_ms)
{
  pb_error_t err   = {0};
  char      *path  = pb_file_join(folder, LOCK);
  int        lock  = -1;
  pid_t      child = -1;

  // Taken here, if nobody has it, and kept by the child.
  if (path != NULL)
  {
    (void)!pb_file_lock(path, &lock, &err);
    child = fork();
  }
  if (child == 0)
  {
    pb_detach(lock);
    if (lock >= 0 || wait_for_lock(path))
      run_waiter(identity, code, folder, wake_ms);
    _exit(0);
  }
  free(path);
  if (lock >= 0)
    close(lock);
}

// --- the holder

// Said once.
static bool
is_denied(const char *folder, const char *job_uuid)
{
  pb_buffer_t jobs = {0};
  char       *path = pb_file_join(folder, DENIED);
  bool        is   = path != NULL && pb_file_read(path, DENIED_MAX, &jobs, /*err*/ NULL) &&
            job_uuid[0] != '\0' && strstr(jobs.data, job_uuid) != NULL && unlink(path) == 0;

  pb_buffer_clear(&jobs);
  free(path);
  return is;
}

static bool
begin(const struct pb_arguments *arguments, pb_sign_in_t *sign_in, pb_report_t *report,
      struct pb_device_code *code_out, pb_error_t *err)
{
  struct pb_wait wait = {0};
  char           host[256];
  char           requester[600];
  bool           ok = false;

  if (gethostname(host, sizeof(host)) != 0)
    pb_text_copy(host, sizeof(host), "a computer");
  host[sizeof(host) - 1] = '\0';
  pb_text_format(requester, sizeof(requester), "%.255s at %s", arguments->user, host);
  while (!(ok = pb_sign_in_begin(sign_in, requester, code_out, err)))
  {
    if (err->kind != PB_RETRY || !pb_wait_retry(&wait, report, err))
      break;
    pb_error_clear(err);
  }
  pb_wait_over(&wait, report);
  return ok;
}

static bool
note_held(const struct pb_arguments *arguments, const char *folder, pb_error_t *err)
{
  struct pb_held_job job   = {.job_id = arguments->job_id};
  const char        *queue = arguments->queue != NULL ? arguments->queue : "";

  if (!pb_text_copy(job.uuid, sizeof(job.uuid), arguments->job_uuid) ||
      !pb_text_copy(job.server, sizeof(job.server), cupsServer()) ||
      !pb_text_copy(job.queue, sizeof(job.queue), queue) ||
      !pb_text_copy(job.owner, sizeof(job.owner), arguments->user))
    return pb_error_set(err, PB_CONFIG, "the names of the job and its CUPS are too long");
  return pb_held_add(folder, &job, err);
}

static bool
hold_with_code(const struct pb_arguments *arguments, const struct pb_identity *identity,
               pb_sign_in_t *sign_in, const char *folder, pb_report_t *report, pb_error_t *err)
{
  struct pb_device_code code = {0};
  bool ok = begin(arguments, sign_in, report, &code, err) && note_held(arguments, folder, err);

  if (ok)
  {
    pb_report_error(report, "Sign in: %s code %s", code.verification_uri, code.user_code);
    start_waiter(identity, &code, folder, arguments->wake_ms);
  }
  pb_device_code_clear(&code);
  return ok;
}

bool
pb_hold(const struct pb_arguments *arguments, struct pb_identity *identity, pb_report_t *report,
        pb_error_t *err)
{
  char          folder[PB_PLACE_SIZE];
  pb_sign_in_t *sign_in = NULL;
  bool          ok      = false;

  if (!arguments->is_local)
    return pb_error_set(err, PB_CONFIG,
                        "Jobs from other computers need this one's own sign-in: "
                        "printbridge login --system %s",
                        identity->service.url);
  if (!pb_identity_choose_folder(arguments, identity, err))
    return false;
  if (!format_folder(identity, folder))
    return pb_error_set(err, PB_CONFIG, "the folder's path is too long");
  if (is_denied(folder, arguments->job_uuid))
    return pb_error_set(err, PB_CONFIG,
                        "The sign-in at %s was refused. Release the job to ask again.",
                        identity->service.url);
  ok = pb_sign_in_new(identity->folder, PB_SIGN_IN_USER, &identity->service, &sign_in, err) &&
       hold_with_code(arguments, identity, sign_in, folder, report, err);
  pb_sign_in_close(sign_in);
  // A proxy's page, or a service that has no codes: somebody can mend that.  Nothing was sent yet,
  // and the job is not to end for it.
  if (!ok && err->kind == PB_REJECT)
    err->kind = PB_CONFIG;
  return ok;
}

void
pb_hold_end(const struct pb_arguments *arguments, const struct pb_identity *identity)
{
  char folder[PB_PLACE_SIZE];

  if (identity->is_machine || !format_folder(identity, folder))
    return;
  pb_held_remove(folder, arguments->job_uuid);
  (void)pb_held_release(folder);
}
