// op-update - Update-Job-Status, Update-Document-Status, Update-Active-Jobs (PWG 5100.18 s5.7,
// tables 3 and 4). What the device says is kept as it said it; what it does to the job's own state
// is job-state.c's to know.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "ipp/attributes.h"
#include "print/job-change.h"
#include "print/operations.h"
#include "print/print-private.h"
#include "print/take-back.h"

enum
{
  ACTIVE_MAX = 10000,                  // jobs that one Update-Active-Jobs names
  TICKET_MAX = PB_IPP_MESSAGE_MAX / 2  // so that each answer about the job can be written
};

static const ipp_tag_t OP = IPP_TAG_OPERATION;

// Acknowledged, that is: what is kept for a device may still be given to another one before.
static bool
check_assigned(struct pb_request *request)
{
  if (pb_text_is_equal_nocase(request->job.device_uuid, request->device->uuid) &&
      !pb_reasons_has(request->job.status.reasons, "job-fetchable"))
    return true;
  return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_POSSIBLE,
                           "job %d is not assigned to this device", request->job.id);
}

// A counter only grows; false when there is none, or it is nonsense.
static bool
read_counter(ipp_t *ipp, ipp_tag_t group, const char *name, int *counter)
{
  int value = pb_ipp_int(ipp, group, name, -1);

  if (value <= *counter)
    return false;
  *counter = value;
  return true;
}

static void
read_message(ipp_t *ipp, ipp_tag_t group, const char *name, char *dst, size_t dst_size)
{
  const char *text = pb_ipp_text(ipp, group, name);

  if (text)
    pb_text_escape(dst, dst_size, text, strlen(text));
}

static bool
note_counters(struct pb_request *request, struct pb_job *job)
{
  ipp_t *ipp = request->ipp;
  bool   is_changed =
    read_counter(ipp, IPP_TAG_JOB, "job-impressions-completed", &job->impressions_completed);

  is_changed |= read_counter(ipp, IPP_TAG_JOB, "job-media-sheets-completed", &job->sheets);
  is_changed |= read_counter(ipp, IPP_TAG_JOB, "job-pages-completed", &job->pages);
  // 5100.18 spells it one way, RFC 8011 the other.
  is_changed |= read_counter(ipp, IPP_TAG_JOB, "job-k-octets-completed", &job->k_octets);
  is_changed |= read_counter(ipp, IPP_TAG_JOB, "job-k-octets-processed", &job->k_octets);
  return is_changed;
}

// "xxx-actual" of an xxx that a ticket may have.
static bool
is_actual(const char *name)
{
  static const char end[] = "-actual";
  size_t            size  = name ? strlen(name) : 0;
  char              base[128];

  if (size < sizeof(end) || size - sizeof(end) >= sizeof(base) - 1 ||
      strcmp(name + size - sizeof(end) + 1, end) != 0)
    return false;
  memcpy(base, name, size - sizeof(end) + 1);
  base[size - sizeof(end) + 1] = '\0';
  return pb_attributes_has(PB_ATTRIBUTES_JOB_TEMPLATE, base);
}

// What came of the ticket.  Kept beside it.
static bool
note_actuals(struct pb_request *request, struct pb_job *job)
{
  pb_error_t err   = {0};
  int        count = 0;

  for (ipp_attribute_t *at = ippFirstAttribute(request->ipp); at;
       at                  = ippNextAttribute(request->ipp))
  {
    const char *name = ippGetName(at);

    if (ippGetGroupTag(at) != IPP_TAG_JOB || !is_actual(name) || count >= 64)
      continue;
    ippDeleteAttribute(job->ticket, ippFindAttribute(job->ticket, name, IPP_TAG_ZERO));
    if (!pb_attributes_copy_one(at, job->ticket, IPP_TAG_JOB))
      return pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
    count++;
  }
  if (ippLength(job->ticket) > TICKET_MAX)
    return pb_request_refuse(request, IPP_STATUS_ERROR_REQUEST_ENTITY,
                             "the ticket with its results is larger than %d bytes", TICKET_MAX);
  if (count > 0 && !pb_job_save_ticket(request->print->db, job, &err))
    return pb_request_fail(request, &err);
  return true;
}

bool
pb_op_update_job_status(struct pb_request *request)
{
  pb_error_t       err = {0};
  struct pb_job   *job = &request->job;
  ipp_attribute_t *state =
    pb_ipp_find(request->ipp, IPP_TAG_JOB, "output-device-job-state", IPP_TAG_ENUM);
  enum pb_job_event event = PB_JOB_DEVICE_WAITING;
  ipp_attribute_t  *reasons =
    pb_ipp_find(request->ipp, IPP_TAG_JOB, "output-device-job-state-reasons", IPP_TAG_KEYWORD);

  // Only a job that has come to its end undoes that it was withheld: what may go on, the connector
  // says in Update-Active-Jobs.
  if (state && ippGetInteger(state, 0) == IPP_JSTATE_COMPLETED && !pb_job_give_back(request, job))
    return false;
  if (!check_assigned(request))
    return false;
  if (state && !pb_job_event_of_device(ippGetInteger(state, 0), &event))
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST,
                             "output-device-job-state=%d is no job state", ippGetInteger(state, 0));
  if (state)
    job->device_state = ippGetInteger(state, 0);
  if (reasons)
    pb_reasons_from_ipp(reasons, job->device_reasons);
  read_message(request->ipp, IPP_TAG_JOB, "output-device-job-state-message", job->device_message,
               sizeof(job->device_message));
  if (note_counters(request, job) && !pb_job_raise(request, PB_EVENT_JOB_PROGRESS, job))
    return false;
  if (!note_actuals(request, job))
    return false;
  if (state)
    return pb_job_move(request, job, event);
  return pb_job_save(request->print->db, job, &err) || pb_request_fail(request, &err);
}

// --- documents

// document-state follows the device: it never goes back from an end.
static bool
move_document(struct pb_request *request, struct pb_document *document, int state)
{
  pb_error_t err = {0};

  if (pb_document_is_ended(document) || state == IPP_DSTATE_PENDING || state == document->state)
    return pb_document_save(request->print->db, document, &err) || pb_request_fail(request, &err);
  if (document->processing_ms == 0)
    document->processing_ms = request->now_ms;
  if (state >= IPP_DSTATE_CANCELED)
    return pb_document_end(request, document, state);
  document->state = state;
  if (!pb_document_save(request->print->db, document, &err))
    return pb_request_fail(request, &err);
  return pb_document_raise(request, PB_EVENT_DOCUMENT_STATE_CHANGED, document);
}

static bool
is_document_state(int state)
{
  return state == IPP_DSTATE_PENDING ||
         (state >= IPP_DSTATE_PROCESSING && state <= IPP_DSTATE_COMPLETED);
}

bool
pb_op_update_document_status(struct pb_request *request)
{
  pb_error_t       err    = {0};
  ipp_tag_t        group  = IPP_TAG_DOCUMENT;
  int              number = pb_ipp_int(request->ipp, OP, "document-number", 0);
  ipp_attribute_t *state =
    pb_ipp_find(request->ipp, group, "output-device-document-state", IPP_TAG_ENUM);
  ipp_attribute_t *reasons =
    pb_ipp_find(request->ipp, group, "output-device-document-state-reasons", IPP_TAG_KEYWORD);
  struct pb_document document;

  if (!check_assigned(request))
    return false;
  if (number < 1 || (state && !is_document_state(ippGetInteger(state, 0))))
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST,
                             "document-number is missing or output-device-document-state is none");
  if (!pb_document_load(request->print->db, request->job.id, number, &document, &err))
    return pb_request_fail(request, &err);
  if (state)
    document.device_state = ippGetInteger(state, 0);
  if (reasons)
    pb_reasons_from_ipp(reasons, document.device_reasons);
  read_message(request->ipp, group, "output-device-document-state-message", document.device_message,
               sizeof(document.device_message));
  (void)read_counter(request->ipp, group, "impressions-completed", &document.impressions_completed);
  return move_document(request, &document, state ? document.device_state : document.state);
}

// --- Update-Active-Jobs

struct active
{
  ipp_attribute_t *ids, *states;  // of the request
  int              count;
  ipp_attribute_t *job_ids, *job_states;  // of the response: what the proxy does not know
  ipp_attribute_t *unknown;
};

// The response's two lists must have their values side by side, so they are collected in bags
// first.
static void
add_value(ipp_t *bag, ipp_attribute_t **at, ipp_tag_t group, ipp_tag_t syntax, const char *name,
          int value)
{
  if (*at)
    ippSetInteger(bag, at, ippGetCount(*at), value);
  else
    *at = ippAddInteger(bag, group, syntax, name, value);
}

static bool
read_active(struct pb_request *request, struct active *active)
{
  active->ids    = pb_ipp_find(request->ipp, OP, "job-ids", IPP_TAG_INTEGER);
  active->states = pb_ipp_find(request->ipp, OP, "output-device-job-states", IPP_TAG_ENUM);
  active->count  = active->ids ? ippGetCount(active->ids) : 0;
  if (!active->ids != !active->states ||
      (active->ids && ippGetCount(active->states) != active->count))
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST,
                             "job-ids and output-device-job-states go together");
  if (active->count > ACTIVE_MAX)
    return pb_request_refuse(request, IPP_STATUS_ERROR_REQUEST_VALUE, "job-ids names more than %d",
                             ACTIVE_MAX);
  return true;
}

static void
add_unknown(struct active *active, ipp_t *unknowns, int id)
{
  add_value(unknowns, &active->unknown, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_INTEGER, "job-ids", id);
}

// What the device is to make of the job.  A cancel that waits for it is 'processing-stopped' here,
// which says nothing to a device whose printer has stopped, and its event may have been lost with
// the process that raised it.
static int
get_state_for_device(const struct pb_job *job)
{
  return pb_job_is_canceling(&job->status) ? IPP_JSTATE_CANCELED : job->status.state;
}

static void
add_different(struct active *active, ipp_t *known, ipp_t *states, const struct pb_job *job)
{
  add_value(known, &active->job_ids, OP, IPP_TAG_INTEGER, "job-ids", job->id);
  add_value(states, &active->job_states, OP, IPP_TAG_ENUM, "output-device-job-states",
            get_state_for_device(job));
}

struct lists
{
  ipp_t *known, *states, *unknown;
};

// Is it the device's?  One that was withheld from it is again if it is at work on it still.  What
// was kept for it, and it has not acknowledged, is not yet.
static bool
take_listed(struct pb_request *request, struct pb_job *job, int state)
{
  bool is_at_work =
    state == IPP_JSTATE_PROCESSING || state == IPP_JSTATE_STOPPED || state == IPP_JSTATE_COMPLETED;

  if (is_at_work && !pb_job_give_back(request, job))
    return false;
  return pb_text_is_equal_nocase(job->device_uuid, request->device->uuid) &&
         !pb_reasons_has(job->status.reasons, "job-fetchable");
}

static bool
update_listed(struct pb_request *request, struct active *active, struct lists *lists, int index)
{
  bool              ok    = true;
  int               state = ippGetInteger(active->states, index);
  int               id    = ippGetInteger(active->ids, index);
  enum pb_job_event event;
  struct pb_job     job;

  if (!pb_job_load(request->print->db, id, &job, /*err*/ NULL) ||
      !take_listed(request, &job, state))
  {
    add_unknown(active, lists->unknown, id);
    pb_job_clear(&job);
    return true;
  }
  if (!pb_job_event_of_device(state, &event))
    ok = pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST, "%d is no job state", state);
  else
  {
    job.device_state = state;
    ok               = pb_job_move(request, &job, event);
  }
  if (ok && get_state_for_device(&job) != state)
    add_different(active, lists->known, lists->states, &job);
  pb_job_clear(&job);
  return ok;
}

static bool
is_listed(const struct active *active, int id)
{
  for (int i = 0; i < active->count; i++)
  {
    if (ippGetInteger(active->ids, i) == id)
      return true;
  }
  return false;
}

// Assigned to the device, and it does not know: table 4.
static bool
update_missing(struct pb_request *request, struct active *active, struct lists *lists)
{
  bool                ok    = true;
  pb_error_t          err   = {0};
  int                *ids   = NULL;
  size_t              count = 0;
  struct pb_job       job;
  struct pb_job_query query = {
    .printer_id = request->printer.id, .device_uuid = request->device->uuid, .is_not_ended = true};

  if (!pb_job_list(request->print->db, &query, &ids, &count, &err))
    return pb_request_fail(request, &err);
  for (size_t i = 0; ok && i < count; i++)
  {
    if (is_listed(active, ids[i]))
      continue;
    if (!pb_job_load(request->print->db, ids[i], &job, &err))
    {
      ok = pb_request_fail(request, &err);
      break;
    }
    if (!pb_reasons_has(job.status.reasons, "job-fetchable"))
    {
      ok = pb_job_move(request, &job, PB_JOB_DEVICE_LOST);
      add_different(active, lists->known, lists->states, &job);
    }
    pb_job_clear(&job);
  }
  free(ids);
  return ok;
}

static bool
add_lists(struct pb_request *request, const struct active *active)
{
  return (!active->job_ids || pb_attributes_copy_one(active->job_ids, request->response, OP)) &&
         (!active->job_states ||
          pb_attributes_copy_one(active->job_states, request->response, OP)) &&
         (!active->unknown ||
          pb_attributes_copy_one(active->unknown, request->response, IPP_TAG_UNSUPPORTED_GROUP));
}

bool
pb_op_update_active_jobs(struct pb_request *request)
{
  bool          ok     = true;
  struct active active = {0};
  struct lists  lists  = {pb_bag_new(), pb_bag_new(), pb_bag_new()};

  if (!lists.known || !lists.states || !lists.unknown)
    ok = pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  ok = ok && read_active(request, &active);
  for (int i = 0; ok && i < active.count; i++)
    ok = update_listed(request, &active, &lists, i);
  ok = ok && update_missing(request, &active, &lists);
  if (ok && !add_lists(request, &active))
    ok = pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  ippDelete(lists.known);
  ippDelete(lists.states);
  ippDelete(lists.unknown);
  return ok;
}
