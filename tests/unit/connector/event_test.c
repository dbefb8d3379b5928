// event_test - notifications of our service, of others, and of cupsd.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "connector/event.h"

struct seen
{
  int                  count;
  struct pb_event_note notes[8];
};

static void
on_note(void *user, const struct pb_event_note *note)
{
  struct seen *seen = user;

  if (seen->count < 8)
    seen->notes[seen->count] = *note;
  seen->count++;
}

static void
add_event(ipp_t *message, const char *name, int sequence, const char *id_name, int job_id,
          int job_state, const char *reason)
{
  if (sequence > 1)
    ippAddSeparator(message);
  ippAddString(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_URI, "notify-printer-uri", NULL,
               "ipps://h:8631/ipp/print/1");
  ippAddString(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_KEYWORD, "notify-subscribed-event",
               NULL, name);
  ippAddInteger(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_INTEGER, "notify-subscription-id", 12);
  ippAddInteger(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_INTEGER, "notify-sequence-number",
                sequence);
  if (id_name != NULL)
    ippAddInteger(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_INTEGER, id_name, job_id);
  if (job_state != 0)
    ippAddInteger(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_ENUM, "job-state", job_state);
  if (reason != NULL)
    ippAddString(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_KEYWORD, "job-state-reasons", NULL,
                 reason);
}

static ipp_t *
new_message(void)
{
  ipp_t *message = ippNew();

  ippSetStatusCode(message, IPP_STATUS_OK);
  ippSetRequestId(message, 1);
  ippAddString(message, IPP_TAG_OPERATION, IPP_TAG_CHARSET, "attributes-charset", NULL, "utf-8");
  ippAddString(message, IPP_TAG_OPERATION, IPP_TAG_LANGUAGE, "attributes-natural-language", NULL,
               "en");
  ippAddInteger(message, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "notify-get-interval", 30);
  return message;
}

static void
parse(ipp_t *message, struct seen *seen)
{
  pb_buffer_t bytes = {0};
  pb_error_t  err   = {0};
  int         count = 0;

  check_ok(pb_ipp_format(message, &bytes, &err), err);
  check_ok(pb_event_parse(bytes.data, bytes.size, on_note, seen, &count, &err), err);
  assert_int_equal(count, seen->count);
  pb_buffer_clear(&bytes);
  ippDelete(message);
}

static void
test_rows(void **state)
{
  static const struct
  {
    const char *name, *event, *id_name;
    int         job_state;
    const char *reason;
    bool        is_cancel;
  } rows[] = {
    {"ours",            "job-fetchable",     "job-id",        IPP_JSTATE_PENDING,   "job-fetchable",              false},
    {"PAPPL's",         "job-fetchable",     "notify-job-id", IPP_JSTATE_PENDING,   "job-fetchable",              false},
    {"canceled",        "job-state-changed", "job-id",        IPP_JSTATE_CANCELED,  "job-canceled-by-user",       true },
    {"aborted",         "job-state-changed", "job-id",        IPP_JSTATE_ABORTED,   NULL,                         true },
    {"about to stop",   "job-state-changed", "job-id",        IPP_JSTATE_STOPPED,   "processing-to-stop-point",
     true                                                                                                              },
    {"by the operator", "job-state-changed", "job-id",        0,                    "job-canceled-by-operator",   true },
    {"stopped",         "job-state-changed", "job-id",        IPP_JSTATE_STOPPED,   "printer-stopped",            false},
    {"completed",       "job-state-changed", "job-id",        IPP_JSTATE_COMPLETED, "job-completed-successfully",
     false                                                                                                             },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t      *message = new_message();
    struct seen seen    = {0};

    add_event(message, rows[i].event, 1, rows[i].id_name, 77, rows[i].job_state, rows[i].reason);
    parse(message, &seen);
    if (seen.count != 1 || strcmp(seen.notes[0].name, rows[i].event) != 0 ||
        seen.notes[0].job_id != 77 || seen.notes[0].is_cancel != rows[i].is_cancel ||
        seen.notes[0].subscription_id != 12 || seen.notes[0].sequence != 1 ||
        seen.notes[0].job_state != rows[i].job_state)
      fail_msg("%s", rows[i].name);
  }
}

static void
test_several(void **state)
{
  ipp_t      *message = new_message();
  struct seen seen    = {0};

  (void)state;
  add_event(message, "job-fetchable", 1, "job-id", 1, 3, NULL);
  add_event(message, "printer-state-changed", 2, NULL, 0, 0, NULL);
  add_event(message, "job-state-changed", 3, "job-id", 2, 7, NULL);
  parse(message, &seen);
  assert_int_equal(seen.count, 3);
  assert_int_equal(seen.notes[0].job_id, 1);
  assert_false(seen.notes[0].is_cancel);
  assert_int_equal(seen.notes[1].job_id, 0);  // nothing is left over from the one before
  assert_int_equal(seen.notes[1].job_state, 0);
  assert_int_equal(seen.notes[2].sequence, 3);
  assert_true(seen.notes[2].is_cancel);
}

static void
test_none(void **state)
{
  struct seen seen = {0};

  (void)state;
  parse(new_message(), &seen);
  assert_int_equal(seen.count, 0);
}

static void
test_wrong_types(void **state)
{
  ipp_t      *message = new_message();
  struct seen seen    = {0};

  (void)state;
  ippAddString(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_KEYWORD, "job-id", NULL, "seven");
  ippAddInteger(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_INTEGER, "notify-subscribed-event", 5);
  ippAddInteger(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_INTEGER, "job-state-reasons", 5);
  ippAddString(message, IPP_TAG_EVENT_NOTIFICATION, IPP_TAG_NAME, "printer-name", NULL,
               "a\x1b[31m");
  parse(message, &seen);
  assert_int_equal(seen.count, 1);
  assert_int_equal(seen.notes[0].job_id, 0);
  assert_string_equal(seen.notes[0].name, "");
  assert_string_equal(seen.notes[0].printer_name, "");
}

static void
test_garbage(void **state)
{
  struct seen seen  = {0};
  pb_error_t  err   = {0};
  int         count = 9;

  (void)state;
  assert_false(pb_event_parse("garbage", 7, on_note, &seen, &count, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_int_equal(count, 0);
  assert_false(pb_event_parse("", 0, on_note, &seen, &count, &err));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rows),        cmocka_unit_test(test_several), cmocka_unit_test(test_none),
    cmocka_unit_test(test_wrong_types), cmocka_unit_test(test_garbage),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
