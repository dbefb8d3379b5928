// keyword_test - which subscribed event describes what happened.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "events/keyword.h"

static pb_event_mask_t
mask_of(const char *keyword)
{
  pb_event_mask_t mask = 0;

  assert_true(pb_event_parse_keyword(keyword, &mask));
  return mask;
}

static void
test_match(void **state)
{
  static const struct
  {
    const char        *name;
    const char        *a, *b;  // subscribed
    enum pb_event_type type;
    const char        *want;  // NULL: not heard
  } rows[] = {
    {"itself",                 "job-fetchable",          "none",          PB_EVENT_JOB_FETCHABLE,          "job-fetchable"        },
    {"most specific",          "job-state-changed",      "job-fetchable", PB_EVENT_JOB_FETCHABLE,
     "job-fetchable"                                                                                                              },
    {"sub-event",              "job-state-changed",      "none",          PB_EVENT_JOB_COMPLETED,          "job-state-changed"    },
    {"created is a change",    "job-state-changed",      "none",          PB_EVENT_JOB_CREATED,            "job-state-changed"    },
    {"parent is no sub-event", "job-completed",          "none",          PB_EVENT_JOB_STATE_CHANGED,      NULL                   },
    {"document",               "document-state-changed", "none",          PB_EVENT_DOCUMENT_FETCHABLE,
     "document-state-changed"                                                                                                     },
    {"document is no job",     "job-state-changed",      "none",          PB_EVENT_DOCUMENT_FETCHABLE,     NULL                   },
    {"printer",                "printer-state-changed",  "none",          PB_EVENT_PRINTER_STOPPED,        "printer-state-changed"},
    {"progress is no change",  "job-state-changed",      "none",          PB_EVENT_JOB_PROGRESS,           NULL                   },
    {"config is no change",    "printer-state-changed",  "none",          PB_EVENT_PRINTER_CONFIG_CHANGED, NULL                   },
    {"none",                   "none",                   "none",          PB_EVENT_JOB_COMPLETED,          NULL                   },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    enum pb_event_type match = PB_EVENT_JOB_CREATED;
    bool heard = pb_event_match(mask_of(rows[i].a) | mask_of(rows[i].b), rows[i].type, &match);

    if (heard != (rows[i].want != NULL))
      fail_msg("%s: heard is %d", rows[i].name, heard);
    if (heard)
      assert_string_equal(pb_event_keyword(match), rows[i].want);
  }
}

static void
test_keywords(void **state)
{
  static const char *const bad[] = {"", "job", "job-fetchable ", "Job-Fetchable",
                                    "printer-on-fire"};
  pb_event_mask_t          mask  = 0;

  (void)state;
  for (int type = 0; type < PB_EVENT_TYPES; type++)
    assert_int_equal(mask_of(pb_event_keyword((enum pb_event_type)type)), 1U << type);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(pb_event_parse_keyword(bad[i], &mask));
  assert_false(pb_event_parse_keyword(NULL, &mask));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_match), cmocka_unit_test(test_keywords)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
