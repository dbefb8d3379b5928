// lease - jobs of a connector that stays away.
// Each job in a transaction of its own, in which presence is looked at once more: a connector that
// comes back at that moment has its job, or it is refused, but never both.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/lease.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "print/presence.h"
#include "print/print-private.h"
#include "print/take-back.h"

// While nobody is there who could take them nothing is won, and the first to come back may be the
// one that has them.
static bool
is_somebody_there(const struct pb_printer *printer)
{
  for (size_t i = 0; i < printer->devices_count; i++)
  {
    if (!printer->devices[i].is_away)
      return true;
  }
  return false;
}

static bool
load_printer(struct pb_request *request, int id, pb_error_t *err)
{
  if (!pb_printer_load(request->print->db, id, &request->printer, err))
    return false;
  pb_presence_mark(request->print, &request->printer);
  return true;
}

static bool
take_step(struct pb_request *request)
{
  pb_error_t        err = {0};
  struct pb_device *device;
  struct pb_job    *job = &request->job;

  if (!pb_job_load(request->print->db, request->job.id, job, &err) ||
      !load_printer(request, job->printer_id, &err))
    return pb_request_fail(request, &err);
  if (pb_job_is_ended(job->status.state))
    return true;
  device = pb_printer_find_device(&request->printer, job->device_uuid);
  if (!device || !device->is_away || !is_somebody_there(&request->printer))
    return true;
  return pb_job_take_back(request, job, device, PB_GONE_AWAY);
}

static void
take_jobs(pb_print_t *print, const struct pb_device *device)
{
  struct pb_job_query query = {
    .printer_id = device->printer_id, .device_uuid = device->uuid, .is_not_ended = true};
  pb_error_t err   = {0};
  int       *ids   = NULL;
  size_t     count = 0;

  if (!pb_job_list(print->db, &query, &ids, &count, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "leases: %s", err.message);
  for (size_t i = 0; i < count; i++)
  {
    struct pb_request request;

    pb_request_init(&request, print, /*principal*/ NULL);
    request.now_ms = pb_clock_now_ms();
    request.job.id = ids[i];
    (void)pb_request_transact(&request, take_step);  // what fails is logged there, and tried again
    pb_request_clear(&request);
  }
  free(ids);
}

static void
look_at_printer(pb_print_t *print, int id)
{
  pb_error_t        err     = {0};
  struct pb_request request = {.print = print};

  if (!load_printer(&request, id, &err))
    pb_log(/*ctx*/ NULL, err.kind == PB_GONE ? PB_LOG_DEBUG : PB_LOG_WARN, "leases: %s",
           err.message);
  for (size_t i = 0; i < request.printer.devices_count; i++)
  {
    if (request.printer.devices[i].is_away && is_somebody_there(&request.printer))
      take_jobs(print, &request.printer.devices[i]);
  }
  pb_printer_clear(&request.printer);
}

void
pb_lease_tick(pb_print_t *print)
{
  pb_error_t err   = {0};
  int       *ids   = NULL;
  size_t     count = 0;

  if (!pb_printer_list_of_client(print->db, /*client_id*/ NULL, &ids, &count, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "leases: %s", err.message);
  for (size_t i = 0; i < count; i++)
    look_at_printer(print, ids[i]);
  free(ids);
}
