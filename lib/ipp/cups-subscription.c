// cups-subscription - asks cupsd to run our notifier for what happens to jobs and printers.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cups-private.h"
#include <string.h>

#define RECIPIENT "printbridge:"

static const char *const events[] = {
  "job-created",     "job-completed",   "job-state-changed",     "job-stopped",
  "job-progress",    "printer-stopped", "printer-state-changed", "printer-config-changed",
  "printer-deleted", "printer-added",   "printer-modified",  // lpadmin's: another PPD, too
};

// Our subscription from before: without a lease it lives as long as cupsd's files do.
static bool
find_subscription(pb_cups_t *cups, int *id_out, pb_error_t *err)
{
  static const char *const wanted[] = {"notify-subscription-id", "notify-recipient-uri"};
  ipp_t                   *response = NULL;
  ipp_t                   *request  = pb_cups_new_request(IPP_OP_GET_SUBSCRIPTIONS, NULL, NULL);
  int                      id       = 0;
  pb_error_t               why      = {0};

  *id_out = 0;
  pb_cups_want(request, wanted, 2);
  if (!pb_cups_perform(cups, request, NULL, 0, "subscriptions", &response, &why))
    return why.kind == PB_GONE || pb_error_set(err, why.kind, "%s", why.message);  // gone: none
  for (ipp_attribute_t *at = ippFirstAttribute(response); at != NULL;
       at                  = ippNextAttribute(response))
  {
    const char *name = ippGetGroupTag(at) == IPP_TAG_SUBSCRIPTION ? ippGetName(at) : NULL;

    if (name == NULL)
      id = 0;
    else if (strcmp(name, "notify-subscription-id") == 0)
      id = ippGetInteger(at, 0);
    else if (strcmp(name, "notify-recipient-uri") == 0 &&
             pb_text_is_equal(ippGetString(at, 0, NULL), RECIPIENT))
      *id_out = id != 0 ? id : -1;
    // cupsd may name the id behind the address.
    if (*id_out == -1 && id != 0)
      *id_out = id;
  }
  ippDelete(response);
  return true;
}

static ipp_t *
new_subscribe_request(void)
{
  ipp_t *request = pb_cups_new_request(IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS, NULL, NULL);

  if (request == NULL)
    return NULL;
  ippAddString(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_URI, "notify-recipient-uri", NULL, RECIPIENT);
  ippAddStrings(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_KEYWORD, "notify-events",
                (int)(sizeof(events) / sizeof(events[0])), NULL, events);
  ippAddInteger(request, IPP_TAG_SUBSCRIPTION, IPP_TAG_INTEGER, "notify-lease-duration", 0);
  return request;
}

bool
pb_cups_subscribe(pb_cups_t *cups, int *subscription_id_out, pb_error_t *err)
{
  ipp_t *response = NULL;

  if (!find_subscription(cups, subscription_id_out, err))
    return false;
  if (*subscription_id_out > 0)
    return true;
  *subscription_id_out = 0;
  if (!pb_cups_perform(cups, new_subscribe_request(), NULL, 0, "subscribe", &response, err))
    return false;
  *subscription_id_out = pb_ipp_int(response, IPP_TAG_SUBSCRIPTION, "notify-subscription-id", 0);
  ippDelete(response);
  if (*subscription_id_out <= 0)
    return pb_error_set(err, PB_REJECT, "CUPS does not know the notifier for " RECIPIENT);
  return true;
}

bool
pb_cups_unsubscribe(pb_cups_t *cups, int subscription_id, pb_error_t *err)
{
  ipp_t *request = pb_cups_new_request(IPP_OP_CANCEL_SUBSCRIPTION, NULL, NULL);

  if (request != NULL)
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-subscription-id",
                  subscription_id);
  return pb_cups_perform(cups, request, NULL, 0, "unsubscribe", NULL, err);
}
