// watch_test - a job without a backend: what cupsd says of it, and what is to be done.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/watch.h"

#define UUID "urn:uuid:00000000-0000-4000-8000-000000000001"
#define OTHER "urn:uuid:00000000-0000-4000-8000-000000000002"

static void
test_judge(void **state)
{
  static const struct
  {
    const char        *name;
    bool               was_idle;
    int                now;
    const char        *uuid;
    enum pb_watch_step want;
    bool               is_idle;
  } rows[] = {
    {"the backend is on its way out",  false, IPP_JSTATE_PROCESSING, UUID,  PB_WATCH_ON,     false},
    {"it waits",                       false, IPP_JSTATE_PENDING,    UUID,  PB_WATCH_ON,     true },
    {"it waits still",                 true,  IPP_JSTATE_PENDING,    UUID,  PB_WATCH_ON,     true },
    {"somebody holds it",              true,  IPP_JSTATE_HELD,       UUID,  PB_WATCH_ON,     true },
    {"the queue has stopped",          true,  IPP_JSTATE_STOPPED,    UUID,  PB_WATCH_ON,     true },
    {"a backend runs again",           true,  IPP_JSTATE_PROCESSING, UUID,  PB_WATCH_END,    false},
    {"canceled",                       true,  IPP_JSTATE_CANCELED,   UUID,  PB_WATCH_CANCEL, true },
    {"canceled before the first look", false, IPP_JSTATE_CANCELED,   UUID,  PB_WATCH_CANCEL, true },
    {"completed",                      true,  IPP_JSTATE_COMPLETED,  UUID,  PB_WATCH_END,    true },
    {"aborted",                        true,  IPP_JSTATE_ABORTED,    UUID,  PB_WATCH_END,    true },
    {"another job of that number",     true,  IPP_JSTATE_CANCELED,   OTHER, PB_WATCH_END,    true },
    {"a number without a job",         true,  IPP_JSTATE_CANCELED,   "",    PB_WATCH_END,    true },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_cups_printing printing = {.state = rows[i].now};
    bool                    is_idle  = rows[i].was_idle;

    snprintf(printing.uuid, sizeof(printing.uuid), "%s", rows[i].uuid);
    if (pb_watch_judge(&printing, UUID, &is_idle) != rows[i].want || is_idle != rows[i].is_idle)
      fail_msg("%s", rows[i].name);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_judge)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
