// event - event notifications as values.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/event.h"

#include "base/text.h"
#include <string.h>

// Reasons that tell a device to stop (PWG 5100.18 s7.2, RFC 8011 s5.3.8).
static const char *const cancel_reasons[] = {
  "processing-to-stop-point", "job-canceled-by-user", "job-canceled-by-operator",
  "job-canceled-at-device",   "aborted-by-system",    "canceled-at-device",
};

static bool
is_cancel_reason(const char *reason)
{
  for (size_t i = 0; i < sizeof(cancel_reasons) / sizeof(cancel_reasons[0]); i++)
  {
    if (strcmp(reason, cancel_reasons[i]) == 0)
      return true;
  }
  return false;
}

static int
get_int(ipp_attribute_t *attribute)
{
  ipp_tag_t tag = ippGetValueTag(attribute);

  return tag == IPP_TAG_INTEGER || tag == IPP_TAG_ENUM ? ippGetInteger(attribute, 0) : 0;
}

static void
take_text(char *dst, size_t dst_size, ipp_attribute_t *attribute)
{
  const char *text = ippGetString(attribute, 0, /*language*/ NULL);

  if (text != NULL && pb_text_is_printable(text))
    pb_text_copy(dst, dst_size, text);
}

static void
take_reasons(struct pb_event_note *note, ipp_attribute_t *attribute)
{
  if (ippGetValueTag(attribute) != IPP_TAG_KEYWORD)
    return;
  for (int i = 0; i < ippGetCount(attribute); i++)
  {
    const char *reason = ippGetString(attribute, i, /*language*/ NULL);

    if (reason != NULL && is_cancel_reason(reason))
      note->is_cancel = true;
  }
}

static void
take_attribute(struct pb_event_note *note, ipp_attribute_t *attribute)
{
  const char *name = ippGetName(attribute);

  // PAPPL's service says notify-job-id, ippserver's job-id, ours both.
  if (strcmp(name, "job-id") == 0 || strcmp(name, "notify-job-id") == 0)
    note->job_id = get_int(attribute);
  else if (strcmp(name, "job-state") == 0)
    note->job_state = get_int(attribute);
  else if (strcmp(name, "job-state-reasons") == 0)
    take_reasons(note, attribute);
  else if (strcmp(name, "notify-subscription-id") == 0)
    note->subscription_id = get_int(attribute);
  else if (strcmp(name, "notify-sequence-number") == 0)
    note->sequence = get_int(attribute);
  else if (strcmp(name, "notify-subscribed-event") == 0)
    take_text(note->name, sizeof(note->name), attribute);
  else if (strcmp(name, "notify-printer-uri") == 0)
    take_text(note->printer_uri, sizeof(note->printer_uri), attribute);
  else if (strcmp(name, "printer-name") == 0)
    take_text(note->printer_name, sizeof(note->printer_name), attribute);
}

static void
give(const struct pb_event_note *note, pb_event_fn_t fn, void *user)
{
  struct pb_event_note whole = *note;

  if (note->job_state == IPP_JSTATE_CANCELED || note->job_state == IPP_JSTATE_ABORTED)
    whole.is_cancel = true;
  fn(user, &whole);
}

int
pb_event_each(ipp_t *message, pb_event_fn_t fn, void *user)
{
  struct pb_event_note note  = {0};
  bool                 has   = false;
  int                  count = 0;

  for (ipp_attribute_t *at = ippFirstAttribute(message); at != NULL; at = ippNextAttribute(message))
  {
    // A group ends where the tag changes, or at libcups's nameless separator.
    bool is_ours = ippGetGroupTag(at) == IPP_TAG_EVENT_NOTIFICATION && ippGetName(at) != NULL;

    if (is_ours)
    {
      take_attribute(&note, at);
      has = true;
    }
    else if (has)
    {
      give(&note, fn, user);
      note = (struct pb_event_note){0};
      has  = false;
      if (++count >= PB_EVENTS_PER_MESSAGE_MAX)
        return count;
    }
  }
  if (has)
  {
    give(&note, fn, user);
    count++;
  }
  return count;
}

bool
pb_event_parse(const void *message, size_t size, pb_event_fn_t fn, void *user, int *count_out,
               pb_error_t *err)
{
  ipp_t *ipp = NULL;

  *count_out = 0;
  if (!pb_ipp_parse(message, size, &ipp, err))
    return pb_error_prefix(err, "event message");
  *count_out = pb_event_each(ipp, fn, user);
  ippDelete(ipp);
  return true;
}
