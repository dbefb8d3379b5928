// watch - a job of which cupsd has stopped the backend, not the job.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/watch.h"

#include "backend/detach.h"
#include "backend/interrupt.h"
#include "base/clock.h"

#include <string.h>
#include <unistd.h>

#define WATCHED_MS (60 * 60 * 1000LL)
#define LOOK_MS 1000
#define LOOK_LATER_MS 5000
#define LATER_MS (60 * 1000LL)

enum pb_watch_step
pb_watch_judge(const struct pb_cups_printing *printing, const char *job_uuid, bool *is_idle_io)
{
  bool was_idle = *is_idle_io;

  *is_idle_io = printing->state != IPP_JSTATE_PROCESSING;
  if (strcmp(printing->uuid, job_uuid) != 0)
    return PB_WATCH_END;
  if (printing->state == IPP_JSTATE_CANCELED)
    return PB_WATCH_CANCEL;
  if (printing->state > IPP_JSTATE_CANCELED)
    return PB_WATCH_END;
  // Being canceled while it prints is its backend's to see.
  return was_idle && !*is_idle_io ? PB_WATCH_END : PB_WATCH_ON;
}

// A cupsd that does not answer restarts; one that does not know the job has forgotten how it ended.
static enum pb_watch_step
look(const struct pb_arguments *arguments, bool *is_idle_io)
{
  pb_cups_t              *cups     = NULL;
  struct pb_cups_printing printing = {0};
  enum pb_watch_step      step     = PB_WATCH_ON;
  pb_error_t              err      = {0};

  if (!pb_cups_open(/*server*/ NULL, &cups, &err))
    return PB_WATCH_ON;
  if (pb_cups_get_printing(cups, arguments->queue, arguments->job_id, &printing, &err))
    step = pb_watch_judge(&printing, arguments->job_uuid, is_idle_io);
  else if (err.kind == PB_GONE)
    step = PB_WATCH_END;
  else
    *is_idle_io = true;
  pb_cups_close(cups);
  return step;
}

static enum pb_watch_step
wait_for_end(const struct pb_arguments *arguments)
{
  int64_t            begin_ms = pb_clock_mono_ms();
  bool               is_idle  = false;
  enum pb_watch_step step     = PB_WATCH_ON;

  while (step == PB_WATCH_ON)
  {
    int64_t past_ms = pb_clock_mono_ms() - begin_ms;

    if (past_ms > WATCHED_MS || !pb_interrupt_sleep(past_ms < LATER_MS ? LOOK_MS : LOOK_LATER_MS))
      return PB_WATCH_END;
    step = look(arguments, &is_idle);
  }
  return step;
}

static void
cancel(const struct pb_follow *follow, const struct pb_identity *identity)
{
  enum pb_sign_in_kind kind    = identity->is_machine ? PB_SIGN_IN_MACHINE : PB_SIGN_IN_USER;
  struct pb_follow     anew    = *follow;
  pb_sign_in_t        *sign_in = NULL;
  pb_cloud_account_t  *account = NULL;
  pb_error_t           err     = {0};

  if (pb_sign_in_open(identity->folder, kind, &identity->service, &sign_in, &err) &&
      pb_sign_in_make_account(sign_in, &account, &err) && pb_cloud_open(account, &anew.cloud, &err))
  {
    for (int attempt = 0; !pb_follow_cancel(&anew); attempt++)
      if (!pb_interrupt_sleep(pb_clock_backoff_ms(attempt, 1000, 1000, 60000)) || attempt > 20)
        break;
  }
  pb_cloud_close(anew.cloud);
  pb_cloud_account_free(account);
  pb_sign_in_close(sign_in);
}

void
pb_watch_start(const struct pb_follow *follow, const struct pb_identity *identity)
{
  if (fork() != 0)
    return;
  pb_detach(/*kept*/ -1);
  if (wait_for_end(follow->arguments) == PB_WATCH_CANCEL)
    cancel(follow, identity);
  _exit(0);
}
