// queue-report - what the local queue is and can, told to the service: all of it at first, then
// what has changed.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/queue.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "connector/capabilities.h"
#include <string.h>

static void
join_keywords(ipp_t *message, const char *name, char *dst, size_t size)
{
  ipp_attribute_t *at   = pb_ipp_find(message, IPP_TAG_PRINTER, name, IPP_TAG_KEYWORD);
  size_t           used = 0;

  dst[0] = '\0';
  for (int i = 0; at != NULL && i < ippGetCount(at); i++)
  {
    pb_text_format(dst + used, size - used, "%s%s", used > 0 ? "," : "",
                   ippGetString(at, i, /*language*/ NULL));
    used = strlen(dst);
  }
}

// For `status`, and for deciding whether jobs may be taken.  local moves in where it is complete.
static void
keep_local(pb_queue_t *queue, ipp_t **local, bool is_all, bool is_missing)
{
  ipp_t *old         = NULL;
  bool   was_stopped = false;

  pthread_mutex_lock(&queue->mutex);
  was_stopped       = queue->state == IPP_PSTATE_STOPPED;
  queue->is_missing = is_missing;
  queue->state      = is_missing
                        ? IPP_PSTATE_STOPPED
                        : pb_ipp_int(*local, IPP_TAG_PRINTER, "printer-state", IPP_PSTATE_STOPPED);
  if (is_missing)
    pb_text_copy(queue->reasons, sizeof(queue->reasons), "shutdown");
  else
    join_keywords(*local, "printer-state-reasons", queue->reasons, sizeof(queue->reasons));
  // It goes on: those that were left at the service may come.
  if (was_stopped && queue->state != IPP_PSTATE_STOPPED && queue->has_more)
  {
    queue->must_get_jobs = true;
    pb_work_wake(queue->hub->work, queue->task, 0);
  }
  if (is_all || is_missing)
  {
    old          = queue->local;
    queue->local = *local;
    *local       = NULL;
  }
  pthread_mutex_unlock(&queue->mutex);
  ippDelete(old);
}

// The device report, and the queue's picture of itself.
static bool
look(pb_queue_t *queue, pb_cups_t *cups, bool is_all, ipp_t **report_out, pb_error_t *err)
{
  ipp_t *local      = NULL;
  bool   is_missing = false;
  bool   ok         = is_all ? pb_cups_copy_queue(cups, queue->name, &local, err)
                             : pb_cups_copy_queue_state(cups, queue->name, &local, err);

  if (!ok && err->kind != PB_GONE)
    return pb_error_prefix(err, "the local CUPS");
  is_missing = !ok;
  pb_error_clear(err);
  *report_out = is_missing ? pb_capabilities_new_missing(queue->name) : pb_capabilities_new(local);
  keep_local(queue, &local, is_all, is_missing);
  ippDelete(local);
  return *report_out != NULL || pb_error_set(err, PB_RETRY, "out of memory");
}

// Attributes that the service does not want (status 0x0001, unsupported group) are not sent again
// on this connection.
static void
note_refused(pb_queue_t *queue, ipp_t *response)
{
  pb_log_ctx_t ctx = {.printer = queue->name};

  if (queue->refused == NULL)
    queue->refused = ippNew();
  for (ipp_attribute_t *at = ippFirstAttribute(response); at != NULL;
       at                  = ippNextAttribute(response))
  {
    const char *name = ippGetName(at);

    if (name == NULL || ippGetGroupTag(at) != IPP_TAG_UNSUPPORTED_GROUP ||
        ippFindAttribute(queue->refused, name, IPP_TAG_ZERO) != NULL)
      continue;
    pb_log(&ctx, PB_LOG_DEBUG, "the service does not take %s", name);
    ippAddOutOfBand(queue->refused, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_UNSUPPORTED_VALUE, name);
  }
}

static bool
keep_sent(pb_queue_t *queue, ipp_t **report, bool is_all, pb_error_t *err)
{
  if (is_all)
  {
    ippDelete(queue->sent);
    queue->sent = *report;
    *report     = NULL;
    return true;
  }
  if (pb_capabilities_merge(queue->sent, *report) == 0)
    return true;
  ippDelete(queue->sent);
  queue->sent = NULL;
  return pb_error_set(err, PB_RETRY, "out of memory");
}

bool
pb_queue_report(pb_queue_t *queue, pb_cups_t *cups, bool is_all, pb_error_t *err)
{
  ipp_t *report   = NULL;
  ipp_t *request  = NULL;
  ipp_t *response = NULL;
  bool   ok       = false;

  is_all = is_all || queue->sent == NULL || queue->is_missing;
  if (!look(queue, cups, is_all, &report, err))
    goto done;
  request = pb_queue_new_request(queue, IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES);
  if (request == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  // A queue that has gone keeps its capabilities: it may come back.
  if (pb_capabilities_add_changes(request, report, queue->sent, is_all && !queue->is_missing,
                                  queue->refused) == 0)
  {
    ok = true;
    goto done;
  }
  ok      = pb_queue_call(queue, request, &response, err);
  request = NULL;
  if (!ok)
    goto done;
  note_refused(queue, response);
  ok = keep_sent(queue, &report, is_all, err);

done:
  ippDelete(request);
  ippDelete(response);
  ippDelete(report);
  return ok;
}
