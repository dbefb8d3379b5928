// push - what goes down the tunnels: for each client a queue of messages, sent in order by one
// thread at a time.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/state.h"

#include "base/fault.h"
#include "base/log.h"
#include <stdlib.h>

#define LETTERS_MAX 1000  // of one client; what is dropped is still there for Get-Notifications

// The notifications of one occurrence for one client.
struct letter
{
  struct letter *next;
  uint64_t       order;
  ipp_t         *message;
};

// Exists while there is something to push.
struct pb_outbox
{
  struct pb_outbox *next;
  char             *client_id;
  bool              is_draining;  // some thread is at it
  int               count;
  struct letter    *first, *last;
};

static struct pb_outbox *
make_outbox(pb_events_t *events, const char *client_id)
{
  struct pb_outbox *outbox = events->outboxes;

  while (outbox != NULL && !pb_text_is_equal(outbox->client_id, client_id))
    outbox = outbox->next;
  if (outbox != NULL)
    return outbox;

  outbox = calloc(1, sizeof(*outbox));
  if (outbox == NULL)
    return NULL;
  outbox->client_id = pb_text_dup(client_id);
  if (outbox->client_id == NULL)
  {
    free(outbox);
    return NULL;
  }
  outbox->next     = events->outboxes;
  events->outboxes = outbox;
  return outbox;
}

// A message of the shape of a Get-Notifications response; nobody asked, so its request-id is 1.
static ipp_t *
make_message(const pb_events_t *events)
{
  ipp_t *message = ippNew();

  if (message == NULL)
    return NULL;
  ippSetVersion(message, 2, 0);
  ippSetStatusCode(message, IPP_STATUS_OK);
  ippSetRequestId(message, 1);
  ippAddString(message, IPP_TAG_OPERATION, IPP_TAG_CHARSET, "attributes-charset", NULL, "utf-8");
  ippAddString(message, IPP_TAG_OPERATION, IPP_TAG_LANGUAGE, "attributes-natural-language", NULL,
               "en");
  pb_events_add_times(events, message, PB_EVENT_LIFE_S);
  return message;
}

static struct letter *
make_letter(const pb_events_t *events, struct pb_outbox *outbox, uint64_t order)
{
  struct letter *letter = outbox->last;

  if (letter != NULL && letter->order == order)
    return letter;
  if (outbox->count >= LETTERS_MAX)
    return NULL;
  letter = calloc(1, sizeof(*letter));
  if (letter == NULL)
    return NULL;
  letter->order   = order;
  letter->message = make_message(events);
  if (letter->message == NULL)
  {
    free(letter);
    return NULL;
  }
  if (outbox->last != NULL)
    outbox->last->next = letter;
  else
    outbox->first = letter;
  outbox->last = letter;
  outbox->count++;
  return letter;
}

void
pb_events_post_locked(pb_events_t *events, const pb_subscription_t *subscription,
                      const struct pb_notification *notification)
{
  struct pb_outbox *outbox = make_outbox(events, subscription->row.client_id);
  struct letter    *letter =
    outbox != NULL ? make_letter(events, outbox, notification->what->order) : NULL;

  // What is missing here is seen by the gap in the sequence numbers, and fetched.
  if (letter == NULL ||
      !pb_subscription_add_notification(subscription, notification, letter->message))
    pb_log(NULL, PB_LOG_WARN, "no room to push an event to %s", subscription->row.client_id);
}

static void
free_letter(struct letter *letter)
{
  ippDelete(letter->message);
  free(letter);
}

static struct letter *
take_first(struct pb_outbox *outbox)
{
  struct letter *letter = outbox->first;

  if (letter == NULL)
    return NULL;
  outbox->first = letter->next;
  if (outbox->first == NULL)
    outbox->last = NULL;
  outbox->count--;
  return letter;
}

static void
push_letter(const struct pb_events_ops *ops, const char *client_id, struct letter *letter)
{
  pb_buffer_t bytes = {0};
  pb_error_t  err   = {0};

  PB_FAULT("service.push.before");
  if (!pb_ipp_format(letter->message, &bytes, &err))
    pb_log(NULL, PB_LOG_WARN, "event for %s: %s", client_id, err.message);
  else if (!ops->push(ops->user, client_id, bytes.data, bytes.size))
    pb_log(NULL, PB_LOG_DEBUG, "event for %s waits for Get-Notifications", client_id);
  PB_FAULT("service.push.after");
  pb_buffer_clear(&bytes);
}

static void
remove_outbox(pb_events_t *events, struct pb_outbox *outbox)
{
  struct pb_outbox **at = &events->outboxes;

  while (*at != outbox)
    at = &(*at)->next;
  *at = outbox->next;
  free(outbox->client_id);
  free(outbox);
}

void
pb_events_run_pushes(pb_events_t *events)
{
  pthread_mutex_lock(&events->mutex);
  for (;;)
  {
    struct pb_outbox *outbox = events->outboxes;

    while (outbox != NULL && outbox->is_draining)
      outbox = outbox->next;
    if (outbox == NULL)
      break;
    outbox->is_draining = true;  // nobody else frees it now
    for (struct letter *letter = take_first(outbox); letter != NULL; letter = take_first(outbox))
    {
      pthread_mutex_unlock(&events->mutex);
      push_letter(&events->ops, outbox->client_id, letter);
      free_letter(letter);
      pthread_mutex_lock(&events->mutex);
    }
    remove_outbox(events, outbox);
  }
  pthread_mutex_unlock(&events->mutex);
}

void
pb_events_free_outboxes(pb_events_t *events)
{
  while (events->outboxes != NULL)
  {
    struct pb_outbox *outbox = events->outboxes;
    for (struct letter *letter = take_first(outbox); letter != NULL; letter = take_first(outbox))
      free_letter(letter);
    remove_outbox(events, outbox);
  }
}
