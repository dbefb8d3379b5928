// print - the life of the IPP objects' module; recovery at start and housekeeping.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "print/job-change.h"
#include "print/job-hold.h"
#include "print/lease.h"
#include "print/presence.h"
#include "print/print-private.h"
#include "print/request.h"

enum
{
  AT_ONCE = 50,   // records that go in one transaction
  JUMP_MS = 5000  // of the wall clock against the other: less is drift
};

void
pb_print_set_options(pb_print_t *print, const struct pb_print_options *options)
{
  atomic_store(&print->options.job_history_ms, options->job_history_ms);
  atomic_store(&print->options.multiple_operation_ms, options->multiple_operation_ms);
  atomic_store(&print->options.cut_off_ms, options->cut_off_ms);
  atomic_store(&print->options.held_ms, options->held_ms);
  atomic_store(&print->options.lease_ms, options->lease_ms);
  atomic_store(&print->options.jobs_per_printer, options->jobs_per_printer);
  atomic_store(&print->options.has_cut_through, options->has_cut_through);
}

bool
pb_print_new(pb_edge_t *edge, pb_db_t *db, pb_identity_t *identity, pb_spool_t *spool,
             pb_events_t *events, const struct pb_print_options *options, pb_print_t **print_out,
             pb_error_t *err)
{
  pb_print_t *print = calloc(1, sizeof(*print));

  if (!print)
    return pb_error_set(err, PB_RETRY, "out of memory");
  print->edge            = edge;
  print->db              = db;
  print->identity        = identity;
  print->spool           = spool;
  print->events          = events;
  print->started_ms      = pb_clock_now_ms();
  print->started_mono_ms = pb_clock_mono_ms();
  print->tick_ms         = print->started_ms;
  print->tick_mono_ms    = print->started_mono_ms;
  print->authority       = pb_text_dup(options->authority);
  pb_print_set_options(print, options);
  pb_seen_init(&print->seen);
  pb_unfinished_init(&print->unfinished);
  if (!print->authority)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto failed;
  }
  if (!pb_print_migrate(db, err) || (edge && !pb_print_add_routes(print, err)))
    goto failed;
  *print_out = print;
  return true;

failed:
  pb_print_free(print);
  return false;
}

void
pb_print_set_tunnels(pb_print_t *print, pb_print_has_tunnel_t has_tunnel, void *user)
{
  print->has_tunnel      = has_tunnel;
  print->has_tunnel_user = user;
}

void
pb_print_end_waits(pb_print_t *print)
{
  atomic_store(&print->is_ending, true);
  pb_events_wake_all(print->events);
}

void
pb_print_free(pb_print_t *print)
{
  if (!print)
    return;
  pb_seen_flush(&print->seen, print->db);
  pb_seen_clear(&print->seen);
  pb_unfinished_clear(&print->unfinished);
  free(print->authority);
  free(print);
}

int
pb_print_up_time(const pb_print_t *print)
{
  return (int)((pb_clock_mono_ms() - print->started_mono_ms) / 1000) + 1;
}

int
pb_print_up_time_at(const pb_print_t *print, int64_t at_ms)
{
  return pb_print_up_time(print) - (int)((pb_clock_now_ms() - at_ms) / 1000);
}

// --- chores: a step for each job that a question finds, in a transaction of its own

static int64_t
get_limit_ms(const pb_print_t *print, enum pb_job_chore chore, int64_t now_ms)
{
  switch (chore)
  {
    case PB_JOBS_OVERDUE:
      return now_ms - print->options.multiple_operation_ms;
    case PB_JOBS_CUT_OFF:
      return now_ms - print->options.cut_off_ms;
    case PB_JOBS_FORGOTTEN:
      return now_ms - print->options.held_ms;
    case PB_JOBS_OLD:
      return now_ms - print->options.job_history_ms;
    default:
      return now_ms;
  }
}

static bool
load_job(struct pb_request *request)
{
  pb_error_t err = {0};
  int        id  = request->job.id;

  if (!pb_job_load(request->print->db, id, &request->job, &err))
    return pb_request_fail(request, &err);
  request->printer.id = request->job.printer_id;
  return true;
}

// False also where nothing is to be done any more: between the look at all jobs and this one,
// somebody was quicker.  Then *ok_out is true.
static bool
load_for(struct pb_request *request, enum pb_job_chore chore, bool *ok_out)
{
  *ok_out = load_job(request);
  return *ok_out && pb_job_has_chore(&request->job, chore,
                                     get_limit_ms(request->print, chore, request->now_ms));
}

// Nobody was told that the job, which is loaded, was taken.
static bool
end_incoming(struct pb_request *request, const char *message)
{
  pb_error_t          err       = {0};
  struct pb_document *documents = NULL;
  size_t              count     = 0;
  bool                ok        = true;

  if (!pb_document_list(request->print->db, request->job.id, &documents, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; ok && i < count; i++)
  {
    if (documents[i].size >= 0)
      continue;
    documents[i].spool_id[0] = '\0';  // the sweep takes the file
    documents[i].size        = 0;
    ok =
      pb_document_save(request->print->db, &documents[i], &err) || pb_request_fail(request, &err);
  }
  free(documents);
  request->job.is_incoming = false;
  pb_reasons_remove(request->job.status.reasons, "job-incoming");
  return ok &&
         (pb_job_save(request->print->db, &request->job, &err) || pb_request_fail(request, &err)) &&
         pb_job_abort(request, &request->job, "submission-interrupted", message);
}

// The upload ended with the service.
static bool
abort_incoming(struct pb_request *request)
{
  return load_job(request) &&
         end_incoming(request, "The service was restarted while the document was arriving.");
}

// The upload ended, and the database could not be told.
static bool
abort_unfinished(struct pb_request *request)
{
  pb_error_t err = {0};
  int        id  = request->job.id;

  if (!pb_job_load(request->print->db, id, &request->job, &err))
    return err.kind == PB_GONE || pb_request_fail(request, &err);
  request->printer.id = request->job.printer_id;
  return !request->job.is_incoming || end_incoming(request, "The document did not arrive whole.");
}

// multiple-operation-time-out-action is 'abort-job': half a job is not what its sender wants
// printed.
static bool
abort_open(struct pb_request *request, enum pb_job_chore chore)
{
  bool ok = false;

  if (!load_for(request, chore, &ok))
    return ok;
  return pb_job_abort(request, &request->job, "submission-interrupted",
                      "No more documents came in time.");
}

static bool
abort_overdue(struct pb_request *request)
{
  return abort_open(request, PB_JOBS_OVERDUE);
}

static bool
abort_cut_off(struct pb_request *request)
{
  return abort_open(request, PB_JOBS_CUT_OFF);
}

static bool
abort_forgotten(struct pb_request *request)
{
  bool ok = false;

  if (!load_for(request, PB_JOBS_FORGOTTEN, &ok))
    return ok;
  return pb_job_abort(request, &request->job, /*reason*/ NULL, "Nobody released it in time.");
}

static bool
release_due(struct pb_request *request)
{
  bool ok = false;

  return load_for(request, PB_JOBS_DUE, &ok) ? pb_job_end_hold(request, &request->job) : ok;
}

static bool
delete_old(struct pb_request *request)
{
  pb_error_t          err       = {0};
  struct pb_document *documents = NULL;
  size_t              count     = 0;

  if (!pb_document_list(request->print->db, request->job.id, &documents, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; i < count; i++)
    (void)pb_request_remove_spooled(request, documents[i].spool_id);
  free(documents);
  return pb_job_delete(request->print->db, request->job.id, &err) || pb_request_fail(request, &err);
}

static bool
do_step(pb_print_t *print, int job_id, bool (*step)(struct pb_request *))
{
  struct pb_request request;
  bool              ok = false;

  pb_request_init(&request, print, /*principal*/ NULL);
  request.now_ms = pb_clock_now_ms();
  request.job.id = job_id;
  ok             = pb_request_transact(&request, step);
  pb_request_clear(&request);
  return ok;
}

static bool
do_chore(pb_print_t *print, enum pb_job_chore chore, int64_t time_ms,
         bool (*step)(struct pb_request *), pb_error_t *err)
{
  int   *ids   = NULL;
  size_t count = 0;

  if (!pb_job_list_chore(print->db, chore, time_ms, &ids, &count, err))
    return false;
  for (size_t i = 0; i < count; i++)
    (void)do_step(print, ids[i], step);  // what fails is logged there, and tried at the next tick
  free(ids);
  return true;
}

static void
do_unfinished(pb_print_t *print)
{
  int    ids[PB_UNFINISHED_MAX];
  size_t count = pb_unfinished_take(&print->unfinished, ids);

  for (size_t i = 0; i < count; i++)
    if (!do_step(print, ids[i], abort_unfinished))
      pb_unfinished_add(&print->unfinished, ids[i]);
}

// Records go by the dozen: each transaction waits for the disk, and nobody else gets at the
// database while it is open.
static bool
delete_some(pb_print_t *print, const int *ids, size_t count)
{
  pb_error_t err = {0};
  bool       ok  = pb_db_begin(print->db, &err);

  if (!ok)
    return false;
  for (size_t i = 0; ok && i < count; i++)
    ok = do_step(print, ids[i], delete_old);
  return pb_db_end(print->db, ok, &err);
}

static bool
drop_history(pb_print_t *print, int64_t time_ms, pb_error_t *err)
{
  int   *ids   = NULL;
  size_t count = 0;

  if (!pb_job_list_chore(print->db, PB_JOBS_OLD, time_ms, &ids, &count, err))
    return false;
  for (size_t i = 0; i < count; i += AT_ONCE)
  {
    size_t some = count - i < AT_ONCE ? count - i : AT_ONCE;

    // One of them does not go: the others do.
    if (!delete_some(print, &ids[i], some))
      for (size_t k = 0; k < some; k++)
        (void)do_step(print, ids[i + k], delete_old);
  }
  free(ids);
  return true;
}

static bool
is_known(void *user, const char *id)
{
  pb_print_t *print = user;
  pb_error_t  err   = {0};
  bool        known = true;

  // When in doubt, keep it.
  return !pb_document_is_spooled(print->db, id, &known, &err) || known;
}

bool
pb_print_recover(pb_print_t *print, pb_error_t *err)
{
  if (!do_chore(print, PB_JOBS_INCOMING, /*time_ms*/ 0, abort_incoming, err) ||
      !pb_job_wait_anew(print->db, pb_clock_now_ms(), err))
    return false;

  int swept = pb_spool_sweep(print->spool, is_known, print);
  if (swept > 0)
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%d documents that had not arrived whole were removed",
           swept);
  return true;
}

// A machine that slept, or whose clock was put right: nobody was silent for that long.
static void
note_jump(pb_print_t *print)
{
  pb_error_t err     = {0};
  int64_t    now_ms  = pb_clock_now_ms();
  int64_t    mono_ms = pb_clock_mono_ms();
  int64_t    jump_ms = now_ms - print->tick_ms - (mono_ms - print->tick_mono_ms);

  print->tick_ms      = now_ms;
  print->tick_mono_ms = mono_ms;
  if (jump_ms > -JUMP_MS && jump_ms < JUMP_MS)
    return;
  pb_log(
    /*ctx*/ NULL, PB_LOG_WARN,
    "the clock has jumped by %lld s: jobs that wait for their next document begin to wait anew",
    (long long)(jump_ms / 1000));
  if (!pb_job_wait_anew(print->db, now_ms, &err) ||
      !pb_job_note_jump(print->db, now_ms, jump_ms, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "housekeeping: %s", err.message);
}

void
pb_print_tick(pb_print_t *print)
{
  static const struct
  {
    enum pb_job_chore chore;
    bool (*step)(struct pb_request *);
  } chores[] = {
    {PB_JOBS_OVERDUE,   abort_overdue  },
    {PB_JOBS_CUT_OFF,   abort_cut_off  },
    {PB_JOBS_FORGOTTEN, abort_forgotten},
    {PB_JOBS_DUE,       release_due    },
  };
  int64_t    now_ms = pb_clock_now_ms();
  pb_error_t err    = {0};

  note_jump(print);
  do_unfinished(print);
  for (size_t i = 0; i < sizeof(chores) / sizeof(chores[0]); i++)
    if (!do_chore(print, chores[i].chore, get_limit_ms(print, chores[i].chore, now_ms),
                  chores[i].step, &err))
      pb_log(/*ctx*/ NULL, PB_LOG_WARN, "housekeeping: %s", err.message);
  if (!drop_history(print, get_limit_ms(print, PB_JOBS_OLD, now_ms), &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "old jobs stay: %s", err.message);
  pb_presence_tick(print);
  pb_lease_tick(print);
  pb_seen_flush(&print->seen, print->db);
}
