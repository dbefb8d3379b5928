// world - a service and a CUPS that live in memory and outlive the connector under test, with a
// fault at the nth call: a call that fails before or after it took effect, and a connector that
// dies there.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_CONNECTOR_WORLD_H
#define PB_TESTS_CONNECTOR_WORLD_H

#include "check.h"

#include "base/clock.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "connector/job.h"
#include <dirent.h>
#include <unistd.h>

#define WORLD_DEVICE "urn:uuid:11111111-1111-4111-8111-111111111111"
#define WORLD_JOB "urn:uuid:33333333-3333-4333-8333-333333333333"
#define WORLD_URI "ipps://print.example.com:8631/ipp/print/1"
#define WORLD_LOCAL_MAX 8
#define WORLD_RUNS_MAX 400
#define WORLD_DOCUMENT "the document"

enum fault
{
  FAULT_NONE,
  FAULT_FAIL_BEFORE,  // an error, nothing happened
  FAULT_FAIL_AFTER,   // an error, but it happened
  FAULT_DIE_BEFORE,   // the connector dies instead
  FAULT_DIE_AFTER     // ... once it happened
};

struct local_job
{
  int  state;
  bool is_whole;
  bool is_lost;  // CUPS does not know it
  char cloud_job_id[64];
  int  documents;
  int  numbers[4];
  char capabilities[4][PB_CAPABILITY_SIZE];
};

static struct world
{
  // the service
  bool is_assigned, is_taken_by_other, is_ended;
  int  taken_back;  // how often, to be offered anew
  int  documents;
  char format[64];
  bool has_fidelity;
  char sides[32];  // "": not asked for
  char password[16], encryption[16],
    local_password[32];  // of the ticket; as CUPS got it: "" for none
  int                said_final, final_state;
  int                said_state;  // before the end
  char               said_message[400];
  int                refusal;
  int                acknowledged_documents;
  enum pb_error_kind no_answer;  // requests fail so, without reaching it; PB_OK: they do not
  char               final_message[256];
  // CUPS
  struct local_job local[WORLD_LOCAL_MAX];
  int              local_count;
  int              printed;      // documents that a driver had whole
  char             order[16];    // of document numbers, as they were printed
  bool             is_holding;   // the printer is stopped
  bool             is_cutting;   // readers lose their connector in mid-document
  bool             is_retrying;  // the first time that a job was read whole, it runs once more
  const char      *runner;       // of which cupsd the filters are
  int              refused_readers;
  int              ended_readers;  // of them
  int              leftover;       // of a job that it holds, CUPS runs that document all the same
  bool             is_reprint_set;
  bool             is_cutting_end;   // a filter is killed at the end of its document ...
  bool             is_handing_over;  // ... when that was noted as handed over
  // what the queue can do
  ipp_t *printer;
  // the connector's process
  struct pb_document_source sources[4];
  char                      capabilities[4][PB_CAPABILITY_SIZE];
  int                       offers;
  bool                      is_dead;
  // the fault
  enum fault fault;
  int        at;
  int        calls;
  // the journal
  char          folder[64], path[128];
  pb_journal_t *journal;
  pb_job_t     *job;
} world;

static pb_error_t world_err;

// --- faults

static bool
world_fail(pb_error_t *err)
{
  return pb_error_set(err, PB_RETRY, "fault at call %d", world.calls);
}

// True: the call does not take place.
static bool
world_fault_before(void)
{
  if (world.is_dead)
    return true;
  world.calls++;
  if (world.calls != world.at ||
      (world.fault != FAULT_FAIL_BEFORE && world.fault != FAULT_DIE_BEFORE))
    return false;
  world.is_dead = world.fault == FAULT_DIE_BEFORE;
  return true;
}

// True: it took place, but the caller does not learn of it.
static bool
world_fault_after(void)
{
  if (world.calls != world.at ||
      (world.fault != FAULT_FAIL_AFTER && world.fault != FAULT_DIE_AFTER))
    return false;
  world.is_dead = world.fault == FAULT_DIE_AFTER;
  return true;
}

// --- the service

static void
world_describe(ipp_t *response)
{
  ippAddString(response, IPP_TAG_JOB, IPP_TAG_URI, "job-uuid", NULL, WORLD_JOB);
  ippAddString(response, IPP_TAG_JOB, IPP_TAG_NAME, "job-name", NULL, "Letter");
  ippAddString(response, IPP_TAG_JOB, IPP_TAG_NAME, "job-originating-user-name", NULL, "alice");
  ippAddInteger(response, IPP_TAG_JOB, IPP_TAG_INTEGER, "number-of-documents", world.documents);
  ippAddString(response, IPP_TAG_JOB, IPP_TAG_MIMETYPE, "document-format-ready", NULL,
               world.format);
  if (world.password[0] != '\0')
  {
    ippAddOctetString(response, IPP_TAG_OPERATION, "job-password", world.password,
                      (int)strlen(world.password));
    ippAddString(response, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "job-password-encryption", NULL,
                 world.encryption);
  }
  if (world.taken_back > 0)
    ippAddInteger(response, IPP_TAG_JOB, IPP_TAG_INTEGER, PB_JOB_OFFERS, world.taken_back);
  if (world.has_fidelity)
    ippAddBoolean(response, IPP_TAG_JOB, "ipp-attribute-fidelity", 1);
  if (world.sides[0] != '\0')
    ippAddString(response, IPP_TAG_JOB, IPP_TAG_KEYWORD, "sides", NULL, world.sides);
}

static ipp_status_t
world_acknowledge(ipp_t *request)
{
  int code = pb_ipp_int(request, IPP_TAG_OPERATION, "fetch-status-code", 0);

  if (world.is_taken_by_other || world.is_ended)
    return IPP_STATUS_ERROR_NOT_POSSIBLE;
  if (code != 0)
    world.refusal = code;
  else
    world.is_assigned = true;
  return IPP_STATUS_OK;
}

static ipp_status_t
world_update_job(ipp_t *request)
{
  int state = pb_ipp_int(request, IPP_TAG_JOB, "output-device-job-state", 0);

  if (!world.is_assigned)
    return IPP_STATUS_ERROR_NOT_POSSIBLE;
  if (state < IPP_JSTATE_CANCELED)
  {
    world.said_state = state;
    pb_text_copy(world.said_message, sizeof(world.said_message),
                 pb_ipp_text(request, IPP_TAG_JOB, "output-device-job-state-message"));
    return IPP_STATUS_OK;
  }
  world.said_final++;
  if (world.final_state == 0)
  {
    world.final_state = state;
    pb_text_copy(world.final_message, sizeof(world.final_message),
                 pb_ipp_text(request, IPP_TAG_JOB, "output-device-job-state-message"));
  }
  return IPP_STATUS_OK;
}

static ipp_t *
world_answer(ipp_t *request)
{
  ipp_t       *response = pb_ipp_new_response(request, IPP_STATUS_OK);
  ipp_status_t status   = IPP_STATUS_OK;

  assert_int_equal(pb_ipp_int(request, IPP_TAG_OPERATION, "job-id", 0), 7);
  assert_string_equal(pb_ipp_text(request, IPP_TAG_OPERATION, "output-device-uuid"), WORLD_DEVICE);
  switch ((int)ippGetOperation(request))
  {
    case IPP_OP_FETCH_JOB:
      if (world.is_assigned || world.is_taken_by_other || world.is_ended)
        status = IPP_STATUS_ERROR_NOT_FETCHABLE;
      else
        world_describe(response);
      break;
    case IPP_OP_GET_JOB_ATTRIBUTES:
      world_describe(response);
      break;
    case IPP_OP_GET_DOCUMENTS:
      for (int i = 1; i <= world.documents; i++)
      {
        if (i > 1)
          ippAddSeparator(response);
        ippAddInteger(response, IPP_TAG_DOCUMENT, IPP_TAG_INTEGER, "document-number", i);
        ippAddString(response, IPP_TAG_DOCUMENT, IPP_TAG_MIMETYPE, "document-format", NULL,
                     world.format);
      }
      break;
    case IPP_OP_ACKNOWLEDGE_JOB:
      status = world_acknowledge(request);
      break;
    case IPP_OP_UPDATE_JOB_STATUS:
      status = world_update_job(request);
      break;
    case IPP_OP_ACKNOWLEDGE_DOCUMENT:
      world.acknowledged_documents++;
      break;
    case IPP_OP_UPDATE_DOCUMENT_STATUS:
      break;
    default:
      fail_msg("operation %s", ippOpString(ippGetOperation(request)));
  }
  ippSetStatusCode(response, status);
  return response;
}

static bool
world_request(void *user, const char *uri, ipp_t *request, ipp_t **response_out, pb_error_t *err)
{
  (void)user;
  *response_out = NULL;
  assert_string_equal(uri, WORLD_URI);
  if (world.no_answer != PB_OK)
  {
    ippDelete(request);
    return pb_error_set(err, world.no_answer, "no answer");
  }
  if (world_fault_before())
  {
    ippDelete(request);
    return world_fail(err);
  }
  *response_out = world_answer(request);
  ippDelete(request);
  if (!world_fault_after())
    return true;
  ippDelete(*response_out);
  *response_out = NULL;
  return world_fail(err);
}

static bool
world_fetch(void *user, const char *uri, ipp_t *request, pb_http_sink_t sink, void *sink_user,
            const atomic_bool *stop, ipp_t **response_out, pb_error_t *err)
{
  (void)user;
  (void)uri;
  (void)stop;
  if (world.is_ended || world.is_taken_by_other)
  {
    *response_out = pb_ipp_new_response(request, world.is_ended ? IPP_STATUS_ERROR_NOT_FETCHABLE
                                                                : IPP_STATUS_ERROR_NOT_POSSIBLE);
    ippDelete(request);
    return true;
  }
  *response_out = pb_ipp_new_response(request, IPP_STATUS_OK);
  ippDelete(request);
  return sink(sink_user, WORLD_DOCUMENT, strlen(WORLD_DOCUMENT), err);
}

// --- CUPS

static bool
world_find_job(pb_cups_t *cups, const char *queue, const char *cloud_job_id, int *job_id_out,
               pb_error_t *err)
{
  (void)cups;
  assert_string_equal(queue, "Laser");
  *job_id_out = 0;
  if (world_fault_before())
    return world_fail(err);
  for (int i = 0; i < world.local_count; i++)
  {
    if (!world.local[i].is_lost && strcmp(world.local[i].cloud_job_id, cloud_job_id) == 0)
      *job_id_out = i + 1;
  }
  return !world_fault_after() || world_fail(err);
}

static bool
world_create_job(pb_cups_t *cups, const struct pb_cups_job *job, int *job_id_out, pb_error_t *err)
{
  (void)cups;
  *job_id_out = 0;
  if (world_fault_before())
    return world_fail(err);
  assert_in_range(world.local_count, 0, WORLD_LOCAL_MAX - 1);
  assert_string_equal(job->title, "Letter");
  ipp_attribute_t *password = ippFindAttribute(job->options, "job-password", IPP_TAG_STRING);
  if (password != NULL)
  {
    int         size  = 0;
    const void *bytes = ippGetOctetString(password, 0, &size);

    pb_text_format(world.local_password, sizeof(world.local_password), "%.*s %s", size,
                   (const char *)bytes,
                   pb_ipp_text(job->options, IPP_TAG_JOB, "job-password-encryption"));
  }
  world.local[world.local_count].state = IPP_JSTATE_HELD;
  pb_text_copy(world.local[world.local_count].cloud_job_id,
               sizeof(world.local[world.local_count].cloud_job_id), job->cloud_job_id);
  world.local_count++;
  if (world_fault_after())
    return world_fail(err);
  *job_id_out = world.local_count;
  return true;
}

static bool
world_send_ticket(pb_cups_t *cups, const char *queue, int job_id, const pb_ticket_t *ticket,
                  bool is_last, pb_error_t *err)
{
  struct local_job *local = &world.local[job_id - 1];

  (void)cups;
  (void)queue;
  if (world_fault_before())
    return world_fail(err);
  // As pb_cups_send_ticket: what is there is not sent again.
  if (ticket->document_number > local->documents)
  {
    assert_int_equal(ticket->document_number, local->documents + 1);
    pb_text_copy(local->capabilities[local->documents],
                 sizeof(local->capabilities[local->documents]), ticket->capability);
    local->numbers[local->documents++] = ticket->document_number;
    local->is_whole                    = is_last;
    if (is_last && local->state == IPP_JSTATE_HELD)
      local->state = IPP_JSTATE_PENDING;
  }
  return !world_fault_after() || world_fail(err);
}

static bool
world_get_job(pb_cups_t *cups, const char *queue, int job_id, struct pb_cups_job_state *state_out,
              pb_error_t *err)
{
  struct local_job *local = &world.local[job_id - 1];

  (void)cups;
  (void)queue;
  *state_out = (struct pb_cups_job_state){0};
  if (world_fault_before())
    return world_fail(err);
  if (local->is_lost)
    return pb_error_set(err, PB_GONE, "no job %d", job_id);
  state_out->state = local->state;
  pb_text_copy(state_out->reasons, sizeof(state_out->reasons),
               local->is_whole ? "none" : "job-incoming");
  pb_text_copy(state_out->cloud_job_id, sizeof(state_out->cloud_job_id), local->cloud_job_id);
  pb_text_copy(state_out->message, sizeof(state_out->message),
               local->state == IPP_JSTATE_STOPPED ? "filter failed" : "");
  state_out->impressions_completed = local->state == IPP_JSTATE_COMPLETED ? 3 : 0;
  state_out->documents             = local->documents;
  state_out->is_left_open          = local->state == IPP_JSTATE_HELD && !local->is_whole;
  return !world_fault_after() || world_fail(err);
}

static bool
world_cancel_job(pb_cups_t *cups, const char *queue, int job_id, pb_error_t *err)
{
  (void)cups;
  (void)queue;
  if (world_fault_before())
    return world_fail(err);
  if (world.local[job_id - 1].state < IPP_JSTATE_CANCELED)
    world.local[job_id - 1].state = IPP_JSTATE_CANCELED;
  return !world_fault_after() || world_fail(err);
}

static bool
world_set_held(int job_id, bool is_held, pb_error_t *err)
{
  struct local_job *local = &world.local[job_id - 1];

  if (world_fault_before())
    return world_fail(err);
  if (is_held ? local->state < IPP_JSTATE_CANCELED : local->state == IPP_JSTATE_HELD)
    local->state = is_held ? IPP_JSTATE_HELD : IPP_JSTATE_PENDING;
  return !world_fault_after() || world_fail(err);
}

static bool
world_hold_job(pb_cups_t *cups, const char *queue, int job_id, pb_error_t *err)
{
  (void)cups;
  (void)queue;
  return world_set_held(job_id, true, err);
}

static bool
world_release_job(pb_cups_t *cups, const char *queue, int job_id, pb_error_t *err)
{
  (void)cups;
  (void)queue;
  return world_set_held(job_id, false, err);
}

static bool
world_is_reprint_set(void *user, pb_cups_t *cups)
{
  (void)user;
  (void)cups;
  return world.is_reprint_set;
}

// --- the document socket

static bool
world_offer_again(pb_documents_t *documents, const struct pb_document_source *source,
                  const char *capability, pb_error_t *err)
{
  (void)documents;
  (void)err;
  assert_in_range(world.offers, 0, 3);
  world.sources[world.offers] = *source;
  pb_text_copy(world.capabilities[world.offers], sizeof(world.capabilities[world.offers]),
               capability);
  world.offers++;
  return true;
}

static bool
world_offer(pb_documents_t *documents, const struct pb_document_source *source,
            char capability_out[PB_CAPABILITY_SIZE], pb_error_t *err)
{
  static unsigned next = 1;

  snprintf(capability_out, PB_CAPABILITY_SIZE, "%032x", next++);
  return world_offer_again(documents, source, capability_out, err);
}

static void
world_withdraw(pb_documents_t *documents, const char *capability)
{
  (void)documents;
  for (int i = 0; i < world.offers; i++)
  {
    if (strcmp(world.capabilities[i], capability) != 0)
      continue;
    world.offers--;
    if (i == world.offers)
      return;
    world.sources[i] = world.sources[world.offers];
    pb_text_copy(world.capabilities[i], sizeof(world.capabilities[i]),
                 world.capabilities[world.offers]);
    return;
  }
  fail_msg("%s was not offered", capability);
}

static bool
world_sink(void *user, const void *data, size_t size, pb_error_t *err)
{
  size_t *got = user;

  (void)data;
  (void)err;
  *got += size;
  return true;
}

// The connector notes it again until it can, or the filter hangs up.
static bool
world_note_done(const struct pb_document_source *source, int64_t size)
{
  for (int tries = 0; tries < 100; tries++)
  {
    if (source->on_done(source->user, size))
      return true;
  }
  return false;
}

static bool
world_read(const char *capability, int number)
{
  atomic_bool stop = false;
  size_t      got  = 0;
  pb_error_t  err  = {0};

  for (int i = 0; i < world.offers; i++)
  {
    struct pb_document_source *source = &world.sources[i];

    if (strcmp(world.capabilities[i], capability) != 0)
      continue;
    enum pb_document_answer answer = source->on_started(
      source->user, &(struct pb_document_reader){.runner = world.runner, .pid = 1000 + number});
    if (answer != PB_DOCUMENT_READ)
    {
      world.refused_readers++;
      world.ended_readers += answer == PB_DOCUMENT_NEVER;
      return false;
    }
    if (world.is_cutting)
      return false;
    if (!source->fetch(source->user, world_sink, &got, &stop, &err))
    {
      source->on_failed(source->user, &err);
      return false;
    }
    if (world.is_cutting_end)
    {
      // Killed: cupsd takes that for the end of its work.
      world.is_cutting_end = false;
      if (world.is_handing_over)
        assert_true(world_note_done(source, (int64_t)got));
      assert_true(source->on_ended(source->user, /*is_passed_on*/ false));
      return true;
    }
    if (!world_note_done(source, (int64_t)got))
    {
      source->on_ended(source->user, /*is_passed_on*/ false);
      return false;
    }
    // Without an answer the filter asks anew; it has the document, but that counts once it may end.
    if (!source->on_ended(source->user, /*is_passed_on*/ true))
      return false;
    world.order[world.printed++] = (char)('0' + number);
    return true;
  }
  return false;
}

static void
world_run_leftover(const struct local_job *local)
{
  int ended = world.ended_readers;

  if (world_read(local->capabilities[world.leftover - 1], local->numbers[world.leftover - 1]) ||
      ended != world.ended_readers)
    world.leftover = 0;
}

// cupsd goes on with its jobs.
static void
world_tick(void)
{
  for (int i = 0; i < world.local_count; i++)
  {
    struct local_job *local = &world.local[i];
    bool              ok    = true;

    if (local->is_lost || world.is_holding || world.is_dead)
      continue;
    if (local->state == IPP_JSTATE_HELD && world.leftover > 0)
      world_run_leftover(local);
    if (local->state == IPP_JSTATE_PENDING)
      local->state = IPP_JSTATE_PROCESSING;
    else if (local->state == IPP_JSTATE_PROCESSING)
    {
      int refused = world.refused_readers;
      for (int document = 0; ok && document < local->documents; document++)
        ok = world_read(local->capabilities[document], local->numbers[document]);
      if (refused != world.refused_readers)
        continue;  // the filter comes again
      local->state = ok ? IPP_JSTATE_COMPLETED : IPP_JSTATE_STOPPED;
      if (world.is_retrying && ok)
        local->state = IPP_JSTATE_PROCESSING;  // the device failed at the end: once more
      world.is_retrying = false;
    }
  }
}

// --- the queue

static ipp_t *
world_lock_local(void *user)
{
  (void)user;
  return world.printer;
}

static void
world_unlock_local(void *user)
{
  (void)user;
}

static bool
world_may_submit(void *user, pb_job_t *job)
{
  (void)user;
  (void)job;
  return true;
}

static void
world_moved(void *user, pb_job_t *job)
{
  (void)user;
  (void)job;
}

static int64_t
world_watch_ms(void *user)
{
  (void)user;
  return 1000;
}

static const struct pb_outside world_outside = {
  .request        = world_request,
  .fetch          = world_fetch,
  .find_job       = world_find_job,
  .create_job     = world_create_job,
  .send_ticket    = world_send_ticket,
  .get_job        = world_get_job,
  .cancel_job     = world_cancel_job,
  .hold_job       = world_hold_job,
  .release_job    = world_release_job,
  .is_reprint_set = world_is_reprint_set,
  .offer          = world_offer,
  .offer_again    = world_offer_again,
  .withdraw       = world_withdraw,
  .lock_local     = world_lock_local,
  .unlock_local   = world_unlock_local,
  .may_submit     = world_may_submit,
  .moved          = world_moved,
  .wake           = world_moved,
  .watch_ms       = world_watch_ms,
};

// --- life

static ipp_t *
world_new_printer(void)
{
  static const char *const formats[] = {"application/pdf", "image/jpeg"};
  static const char *const sides[]   = {"one-sided", "two-sided-long-edge"};
  ipp_t                   *printer   = ippNew();

  ippAddStrings(printer, IPP_TAG_PRINTER, IPP_TAG_MIMETYPE, "document-format-supported", 2, NULL,
                formats);
  ippAddStrings(printer, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "sides-supported", 2, NULL, sides);
  return printer;
}

static int
world_set_up(void **state)
{
  (void)state;
  world     = (struct world){.documents = 1, .runner = "cupsd 1"};
  world_err = (pb_error_t){0};
  strcpy(world.format, "application/pdf");
  strcpy(world.folder, "/tmp/pb-world-XXXXXX");
  if (mkdtemp(world.folder) == NULL)
    return -1;
  snprintf(world.path, sizeof(world.path), "%s/journal.db", world.folder);
  world.printer = world_new_printer();
  return pb_journal_open(world.path, &world.journal, NULL, &world_err) ? 0 : -1;
}

static int
world_tear_down(void **state)
{
  DIR *list = NULL;

  (void)state;
  pb_job_free(world.job);
  world.job = NULL;
  pb_journal_close(world.journal);
  ippDelete(world.printer);
  list = opendir(world.folder);
  for (struct dirent *at = readdir(list); at != NULL; at = readdir(list))
  {
    char name[512];

    snprintf(name, sizeof(name), "%s/%s", world.folder, at->d_name);
    if (at->d_name[0] != '.')
      unlink(name);
  }
  closedir(list);
  return rmdir(world.folder);
}

// The process ends, and another one takes up what the journal has.
static void
world_restart(void)
{
  pb_journal_job_t *jobs  = NULL;
  size_t            count = 0;

  pb_job_free(world.job);
  world.job = NULL;
  pb_journal_close(world.journal);
  world.journal = NULL;
  world.is_dead = false;
  check_ok(pb_journal_open(world.path, &world.journal, NULL, &world_err), world_err);
  check_ok(pb_journal_copy_active(world.journal, WORLD_DEVICE, &jobs, &count, &world_err),
           world_err);
  assert_in_range(count, 0, 1);
  if (count == 1)
  {
    world.job = pb_job_new_journaled(&world_outside, world.journal, &jobs[0]);
    // Update-Active-Jobs would say so.
    atomic_store(&world.job->is_adopted, world.is_assigned);
  }
  pb_journal_free_jobs(jobs, count);
}

// One run of the job, if there is one to be had, and one turn of cupsd.
static void
world_turn(void)
{
  int64_t wait_ms = 0;

  if (world.is_dead)
    world_restart();
  if (world.job == NULL && !world.is_assigned && world.refusal == 0 && world.final_state == 0)
    world.job = pb_job_new(&world_outside, world.journal, WORLD_DEVICE, "Laser", WORLD_URI, 7);
  if (world.job == NULL)
    return;
  wait_ms = pb_job_run(world.job, NULL);
  if (wait_ms == PB_TASK_END)
  {
    pb_job_free(world.job);
    world.job = NULL;
  }
  else if (wait_ms > 0)
    pb_clock_shift_ms(wait_ms);
  world_tick();
}

// Until it has ended for good; false: it is stuck.
static bool
world_run(void)
{
  for (int i = 0; i < WORLD_RUNS_MAX; i++)
  {
    world_turn();
    if (world.job == NULL && !world.is_dead)
      return true;
  }
  return false;
}

static void
world_run_to(enum pb_job_state state)
{
  for (int i = 0; i < WORLD_RUNS_MAX && (world.job == NULL || world.job->record.state != state);
       i++)
    world_turn();
  assert_non_null(world.job);
  assert_int_equal(world.job->record.state, state);
}

#endif
