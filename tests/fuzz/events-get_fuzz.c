// events-get_fuzz - any IPP message as any of the subscription operations; nothing may crash, leak
// or grow.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "events/events.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
drop_line(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

static void
no_wake(void *user)
{
  (void)user;
}

static void
answer(pb_events_t *events, ipp_t *request, ipp_t *response)
{
  const struct pb_event_owner owner = {"ann", "client", true};
  const char                 *uri   = "ipps://host/ipp/print/7";

  switch ((int)ippGetOperation(request))
  {
    case IPP_OP_CREATE_JOB_SUBSCRIPTIONS:
      pb_events_create(events, request, response, 7, uri, 3, &owner);
      break;
    case IPP_OP_GET_SUBSCRIPTION_ATTRIBUTES:
      pb_events_get_attributes(events, request, response, 7, &owner);
      break;
    case IPP_OP_GET_SUBSCRIPTIONS:
      pb_events_list(events, request, response, 7, &owner);
      break;
    case IPP_OP_RENEW_SUBSCRIPTION:
      pb_events_renew(events, request, response, 7, &owner);
      break;
    case IPP_OP_CANCEL_SUBSCRIPTION:
      pb_events_cancel(events, request, response, 7, &owner);
      break;
    case IPP_OP_GET_NOTIFICATIONS:
      pb_events_get(events, request, response, 7, &owner, true, no_wake, events);
      break;
    default:
      pb_events_create(events, request, response, 7, uri, 0, &owner);
      break;
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static pb_db_t     *db      = NULL;
  static pb_events_t *events  = NULL;
  ipp_t              *request = NULL, *response = NULL;
  pb_error_t          err = {0};

  if (events == NULL)
  {
    pb_log_set_sink(drop_line, NULL);
    if (!pb_db_open(":memory:", &db, &err) || !pb_events_new(db, NULL, &events, &err))
      abort();
  }
  if (!pb_ipp_parse(data, size, &request, &err))
    return 0;
  response = pb_ipp_new_response(request, IPP_STATUS_OK);
  answer(events, request, response);
  pb_events_raise(events,
                  &(struct pb_event){.type = PB_EVENT_JOB_FETCHABLE, .printer_id = 7, .job_id = 3});
  pb_events_forget(events, events);
  ippDelete(request);
  ippDelete(response);
  return 0;
}
