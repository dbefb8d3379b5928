// job-state_test - the table: every move that there is, and every one that there is not.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "connector/job-state.h"

static const struct row
{
  enum pb_job_state from;
  enum pb_job_move  move;
  enum pb_job_state to;
} rows[] = {
  {PB_JOB_DISCOVERED,   PB_JOB_TICKET_FITS,   PB_JOB_FETCHED     },
  {PB_JOB_DISCOVERED,   PB_JOB_TICKET_BAD,    PB_JOB_REFUSING    },
  {PB_JOB_DISCOVERED,   PB_JOB_TAKEN,         PB_JOB_FORGOTTEN   },
  {PB_JOB_FETCHED,      PB_JOB_ACCEPTED,      PB_JOB_ACKNOWLEDGED},
  {PB_JOB_FETCHED,      PB_JOB_TAKEN,         PB_JOB_FORGOTTEN   },
  {PB_JOB_FETCHED,      PB_JOB_ENDED,         PB_JOB_ENDING      },
  {PB_JOB_REFUSING,     PB_JOB_REFUSED,       PB_JOB_DONE        },
  {PB_JOB_REFUSING,     PB_JOB_TAKEN,         PB_JOB_FORGOTTEN   },
  {PB_JOB_ACKNOWLEDGED, PB_JOB_LOCAL_MADE,    PB_JOB_CREATED     },
  {PB_JOB_ACKNOWLEDGED, PB_JOB_ENDED,         PB_JOB_ENDING      },
  {PB_JOB_CREATED,      PB_JOB_LOCAL_SENT,    PB_JOB_SUBMITTED   },
  {PB_JOB_CREATED,      PB_JOB_LOCAL_LOST,    PB_JOB_ACKNOWLEDGED},
  {PB_JOB_CREATED,      PB_JOB_ENDED,         PB_JOB_ENDING      },
  {PB_JOB_SUBMITTED,    PB_JOB_LOCAL_STARTED, PB_JOB_PRINTING    },
  {PB_JOB_SUBMITTED,    PB_JOB_LOCAL_LOST,    PB_JOB_ACKNOWLEDGED},
  {PB_JOB_SUBMITTED,    PB_JOB_ENDED,         PB_JOB_ENDING      },
  {PB_JOB_PRINTING,     PB_JOB_LOCAL_LOST,    PB_JOB_ACKNOWLEDGED},
  {PB_JOB_PRINTING,     PB_JOB_ENDED,         PB_JOB_ENDING      },
  {PB_JOB_ENDING,       PB_JOB_REPORTED,      PB_JOB_DONE        },
};

static const struct row *
find_row(enum pb_job_state from, enum pb_job_move move)
{
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    if (rows[i].from == from && rows[i].move == move)
      return &rows[i];
  }
  return NULL;
}

static void
test_moves(void **state)
{
  (void)state;
  for (int from = 0; from < PB_JOB_STATES; from++)
  {
    for (int move = 0; move < PB_JOB_MOVES; move++)
    {
      const struct row *row  = find_row((enum pb_job_state)from, (enum pb_job_move)move);
      enum pb_job_state next = PB_JOB_DISCOVERED;
      bool ok = pb_job_state_next((enum pb_job_state)from, (enum pb_job_move)move, &next);

      if (ok != (row != NULL) || (row != NULL && next != row->to))
        fail_msg("%s from %s", pb_job_move_name((enum pb_job_move)move),
                 pb_job_state_name((enum pb_job_state)from));
    }
  }
}

static void
test_bad_numbers(void **state)
{
  enum pb_job_state next;

  (void)state;
  assert_false(pb_job_state_next((enum pb_job_state)99, PB_JOB_TAKEN, &next));
  assert_false(pb_job_state_next(PB_JOB_FETCHED, (enum pb_job_move)99, &next));
  assert_string_equal(pb_job_state_name((enum pb_job_state)(-1)), "unknown");
  assert_false(pb_job_state_is_ended((enum pb_job_state)77));
}

// From every state that has not ended an end can be reached.
static void
test_ends_are_reachable(void **state)
{
  (void)state;
  for (int from = 0; from < PB_JOB_STATES; from++)
  {
    enum pb_job_state at = (enum pb_job_state)from;

    for (int i = 0; i < PB_JOB_STATES && !pb_job_state_is_ended(at); i++)
    {
      for (int move = PB_JOB_MOVES - 1; move >= 0; move--)
      {
        enum pb_job_state next = at;

        if (move != PB_JOB_LOCAL_LOST && pb_job_state_next(at, (enum pb_job_move)move, &next))
        {
          at = next;
          break;
        }
      }
    }
    assert_true(pb_job_state_is_ended(at));
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_moves),
    cmocka_unit_test(test_bad_numbers),
    cmocka_unit_test(test_ends_are_reachable),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
