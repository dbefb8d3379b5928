// hold_test - jobs that wait: for their time, for somebody, for their PIN.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#define PENDING IPP_JSTATE_PENDING
#define HELD IPP_JSTATE_HELD
#define CANCELED IPP_JSTATE_CANCELED
#define REFUSED IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES
#define WRONG IPP_STATUS_ERROR_NOT_AUTHORIZED
#define MINUTE_MS (60 * 1000)
#define WAITS "job-password-wait"
#define SPECIFIED "job-hold-until-specified"

static ipp_t *
with_password(ipp_t *ipp, const char *pin, size_t size, const char *encryption)
{
  ippAddOctetString(ipp, IPP_TAG_OPERATION, "job-password", pin, (int)size);
  if (encryption)
    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "job-password-encryption", NULL,
                 encryption);
  return ipp;
}

static ipp_t *
with_hash(ipp_t *ipp, const char *pin, const char *encryption)
{
  uint8_t hash[64];
  ssize_t size = cupsHashData(encryption, pin, strlen(pin), hash, sizeof(hash));

  assert_true(size > 0);
  return with_password(ipp, (const char *)hash, (size_t)size, encryption);
}

static ipp_t *
with_pin(ipp_t *ipp, const char *pin)
{
  return with_password(ipp, pin, strlen(pin), NULL);
}

static int
submit(struct bench *b, ipp_t *ipp)
{
  ipp_t *response = NULL;
  int    id;

  check_status(call_with(b, &ann, ipp, PDF, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  return id;
}

static int
release(struct bench *b, const pb_principal_t *who, int id, const char *pin)
{
  ipp_t *ipp = who == &proxy ? ask_device(IPP_OP_RELEASE_JOB, id) : ask_job(IPP_OP_RELEASE_JOB, id);

  return call(b, who, pin ? with_pin(ipp, pin) : ipp);
}

// --- the PIN

static int64_t
count_rows(struct bench *b, const char *sql)
{
  int64_t       count = -1;
  pb_error_t    err   = {0};
  pb_db_stmt_t *query = pb_db_query(b->db, &err, sql, "");

  if (pb_db_step(query))
    count = pb_db_int(query, 0);
  check_ok(pb_db_finish(query, &err), err);
  return count;
}

static int64_t
count_passwords(struct bench *b)
{
  return count_rows(b, "SELECT count(*) FROM jobs WHERE length(password) > 0");
}

// Neither in the database nor in its log.
static bool
is_on_disk(struct bench *b, const char *text)
{
  char command[256];

  snprintf(command, sizeof(command), "grep -rqa '%s' %s", text, b->folder);
  return system(command) == 0;
}

static void
a_job_waits_for_its_pin(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL;
  int           id       = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "aPINof4711"));

  check_job(b, id, HELD, WAITS);
  assert_int_equal(count_passwords(b), 1);
  assert_false(is_on_disk(b, "aPINof4711"));
  check_status(call(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id)), IPP_STATUS_ERROR_NOT_FETCHABLE);
  check_status(call(b, &proxy, ask_device(IPP_OP_ACKNOWLEDGE_JOB, id)),
               IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(release(b, &ann, id, NULL), WRONG);
  check_status(release(b, &operator, id, NULL), WRONG);
  check_status(release(b, &bob, id, "aPINof4711"), WRONG);
  check_status(release(b, &ann, id, "aPINof4712"), WRONG);
  check_job(b, id, HELD, WAITS);
  check_status(release(b, &ann, id, "aPINof4711"), IPP_STATUS_OK);
  check_job(b, id, PENDING, "job-fetchable");
  assert_int_equal(count_passwords(b), 0);

  // It has done its work: the device prints without.
  check_status(call_with(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id), NULL, &response),
               IPP_STATUS_OK);
  assert_null(ippFindAttribute(response, "job-password", IPP_TAG_ZERO));
  ippDelete(response);
}

static void
the_pin_goes_with_its_job(void **state)
{
  struct bench *b  = *state;
  int           id = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));

  check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  check_job(b, id, CANCELED, "job-canceled-by-user");
  assert_int_equal(count_passwords(b), 0);
}

// However the two say it.
static void
hashes_are_compared(void **state)
{
  static const char *const ways[] = {"none", "sha2-256", "sha2-384", "sha2-512"};
  struct bench            *b      = *state;

  for (size_t sent = 0; sent < 4; sent++)
    for (size_t said = 0; said < 4; said++)
    {
      bool   is_possible = sent == said || sent == 0 || said == 0;
      int    id = submit(b, sent == 0 ? with_password(ask(IPP_OP_PRINT_JOB), "1234", 4, "none")
                                      : with_hash(ask(IPP_OP_PRINT_JOB), "1234", ways[sent]));
      ipp_t *ipp;

      ipp = ask_job(IPP_OP_RELEASE_JOB, id);
      check_status(call(b, &ann,
                        said == 0 ? with_password(ipp, "1243", 4, "none")
                                  : with_hash(ipp, "1243", ways[said])),
                   WRONG);
      ipp = ask_job(IPP_OP_RELEASE_JOB, id);
      check_status(call(b, &ann,
                        said == 0 ? with_password(ipp, "1234", 4, "none")
                                  : with_hash(ipp, "1234", ways[said])),
                   is_possible ? (int)IPP_STATUS_OK : (int)WRONG);
      check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
    }
}

// What cannot be kept is refused: it was not meant to lie about.
static void
bad_passwords_are_refused(void **state)
{
  static const struct
  {
    const char *name, *encryption;
    size_t      size;
  } rows[] = {
    {"empty",           NULL,       0  },
    {"too long",        "none",     65 },
    {"much too long",   "none",     256},
    {"half a hash",     "sha2-256", 16 },
    {"a plain one",     "sha2-512", 4  },
    {"unknown",         "rot13",    4  },
    {"not offered",     "md5",      16 },
    {"no such keyword", "",         4  },
  };
  struct bench *b = *state;
  char          bytes[256];

  memset(bytes, 'x', sizeof(bytes));
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    static const int operations[] = {IPP_OP_PRINT_JOB, IPP_OP_CREATE_JOB, IPP_OP_VALIDATE_JOB};

    for (size_t k = 0; k < 3; k++)
    {
      int got = call_with(
        b, &ann, with_password(ask(operations[k]), bytes, rows[i].size, rows[i].encryption), PDF,
        NULL);

      if (got != (int)REFUSED)
        fail_msg("%s: %s", rows[i].name, pb_ipp_status_name((ipp_status_t)got));
    }
  }
  assert_int_equal(count_rows(b, "SELECT count(*) FROM jobs"), 0);
}

static void
wrong_pins_cost_time(void **state)
{
  struct bench *b  = *state;
  int           id = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));

  for (int i = 0; i < 5; i++)
    check_status(release(b, &ann, id, "9999"), WRONG);
  check_status(release(b, &ann, id, "1234"), WRONG);  // too late
  bench_close(b);
  bench_open(b);  // a restart does not help
  check_status(release(b, &ann, id, "1234"), WRONG);
  pb_clock_shift_wall_ms(4 * MINUTE_MS);
  check_status(release(b, &ann, id, "1234"), WRONG);
  pb_clock_shift_wall_ms(1 * MINUTE_MS + 1);
  check_status(release(b, &ann, id, "9999"), WRONG);  // the next wait is longer
  pb_clock_shift_wall_ms(6 * MINUTE_MS);
  check_status(release(b, &ann, id, "1234"), WRONG);
  pb_clock_shift_wall_ms(4 * MINUTE_MS);
  check_job(b, id, HELD, WAITS);
  check_status(release(b, &ann, id, "1234"), IPP_STATUS_OK);
  check_job(b, id, PENDING, "job-fetchable");
  pb_clock_shift_wall_ms(-15 * MINUTE_MS - 1);
}

// A wrong number typed at a print server, or an operator's curiosity, is not the owner's doing.
static void
nobody_locks_the_owner_out(void **state)
{
  struct bench *b     = *state;
  int           id    = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));
  int           other = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));

  for (int i = 0; i < 5; i++)
    check_status(release(b, i % 2 ? &proxy : &operator, id, "9999"), WRONG);
  check_status(release(b, &proxy, id, "1234"), WRONG);  // too late
  check_status(release(b, &operator, id, "1234"), WRONG);
  bench_close(b);
  bench_open(b);
  check_status(release(b, &proxy, id, "1234"), WRONG);
  check_status(release(b, &ann, id, "9999"), WRONG);
  check_status(release(b, &ann, id, "1234"), IPP_STATUS_OK);

  for (int i = 0; i < 5; i++)
    check_status(release(b, &ann, other, "9999"), WRONG);
  check_status(release(b, &ann, other, "1234"), WRONG);
  check_status(release(b, &proxy, other, "1234"), IPP_STATUS_OK);
  assert_int_equal(count_passwords(b), 0);
}

// Wrong ones while the clock was wrong, too: nobody waits for years.
static void
no_wait_is_longer_than_the_longest(void **state)
{
  struct bench *b    = *state;
  int64_t       year = (int64_t)365 * 24 * 60 * MINUTE_MS;
  int           id   = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));

  pb_clock_shift_wall_ms(year);
  for (int i = 0; i < 5; i++)
    check_status(release(b, &ann, id, "9999"), WRONG);
  pb_clock_shift_wall_ms(-year);
  check_status(release(b, &ann, id, "1234"), IPP_STATUS_OK);
}

// At the print server: whoever knows the PIN, and no more than that.
static void
the_pin_is_given_at_the_print_server(void **state)
{
  struct bench *b   = *state;
  int           id  = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));
  ipp_t        *ipp = with_pin(ask(IPP_OP_PRINT_JOB), "1234");
  int           both, plain;

  check_status(release(b, &proxy, id, "4321"), WRONG);
  check_status(call(b, &stranger, with_pin(ask_job(IPP_OP_RELEASE_JOB, id), "1234")), WRONG);
  check_status(release(b, &proxy, id, "1234"), IPP_STATUS_OK);
  check_job(b, id, PENDING, "job-fetchable");

  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "indefinite");
  both = submit(b, ipp);
  check_job(b, both, HELD, SPECIFIED "," WAITS);
  check_status(release(b, &proxy, both, "1234"), IPP_STATUS_OK);
  check_job(b, both, HELD, SPECIFIED);  // its owner wants it to wait
  check_status(release(b, &proxy, both, NULL), WRONG);
  check_status(release(b, &ann, both, NULL), IPP_STATUS_OK);
  check_job(b, both, PENDING, "job-fetchable");

  plain = print_job(b, &ann);
  check_status(call(b, &ann, ask_job(IPP_OP_HOLD_JOB, plain)), IPP_STATUS_OK);
  check_status(release(b, &proxy, plain, "1234"), WRONG);
  check_job(b, plain, HELD, SPECIFIED);
}

static void
the_pin_is_given_at_the_portal(void **state)
{
  struct bench *b   = *state;
  int           id  = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));
  pb_error_t    err = {0};

  const struct
  {
    const char           *pin;
    const pb_principal_t *who;
    bool                  want;
  } rows[] = {
    {"",     &ann, false},
    {"9999", &ann, false},
    {"1234", &bob, false},
    {"1234", &ann, true },
    {"",     &ann, true }, // released is released
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    err = (pb_error_t){0};
    if (pb_print_release_job(b->print, 1, id, rows[i].pin, rows[i].who, &err) != rows[i].want)
      fail_msg("row %zu: %s", i, err.message);
    assert_true(rows[i].want || err.kind == PB_REJECT);
  }
  check_job(b, id, PENDING, "job-fetchable");
}

// A device that has PIN printing of its own gets the password with the job.
static void
a_device_with_pin_printing_gets_it(void **state)
{
  struct bench    *b        = *state;
  ipp_t           *response = NULL, *ipp = ask_device(IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES, 0);
  ipp_attribute_t *at;
  int              id, size = 0;

  ippAddInteger(ipp, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "job-password-supported", 4);
  check_status(call(b, &proxy, ipp), IPP_STATUS_OK);
  check_status(call_with(b, &ann, ask(IPP_OP_GET_PRINTER_ATTRIBUTES), NULL, &response),
               IPP_STATUS_OK);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_PRINTER, "job-password-supported", 0), 4);
  assert_string_equal(pb_ipp_text(response, IPP_TAG_PRINTER, "job-password-encryption-supported"),
                      "none");
  ippDelete(response);

  check_status(call_with(b, &ann, with_pin(ask(IPP_OP_PRINT_JOB), "12345"), PDF, NULL), REFUSED);
  id = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));
  check_job(b, id, PENDING, "job-fetchable");
  assert_false(is_on_disk(b, "1234x"));
  check_status(call_with(b, &proxy, ask_device(IPP_OP_FETCH_JOB, id), NULL, &response),
               IPP_STATUS_OK);
  at = ippFindAttribute(response, "job-password", IPP_TAG_STRING);
  assert_non_null(at);
  assert_memory_equal(ippGetOctetString(at, 0, &size), "1234", 4);
  assert_int_equal(size, 4);
  assert_string_equal(pb_ipp_text(response, IPP_TAG_OPERATION, "job-password-encryption"), "none");
  ippDelete(response);
  // The job's people do not see it.
  check_status(call_with(b, &ann, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, id), NULL, &response),
               IPP_STATUS_OK);
  assert_null(ippFindAttribute(response, "job-password", IPP_TAG_ZERO));
  ippDelete(response);
}

static void
pins_are_offered(void **state)
{
  struct bench    *b        = *state;
  ipp_t           *response = NULL;
  ipp_attribute_t *at;

  check_status(call_with(b, &ann, ask(IPP_OP_GET_PRINTER_ATTRIBUTES), NULL, &response),
               IPP_STATUS_OK);
  assert_int_equal(pb_ipp_int(response, IPP_TAG_PRINTER, "job-password-supported", 0), 64);
  at = ippFindAttribute(response, "job-creation-attributes-supported", IPP_TAG_KEYWORD);
  assert_true(ippContainsString(at, "job-password"));
  assert_true(ippContainsString(at, "job-hold-until-time"));
  ippDelete(response);
}

// --- times

static int64_t
get_hold(struct bench *b, int id)
{
  struct pb_job job;
  pb_error_t    err = {0};
  int64_t       until_ms;

  check_ok(pb_job_load(b->db, id, &job, &err), err);
  until_ms = job.hold_until_ms;
  pb_job_clear(&job);
  return until_ms;
}

static void
named_times_hold(void **state)
{
  static const struct
  {
    const char *keyword;
    bool        is_supported;
  } rows[] = {
    {"no-hold",      true },
    {"indefinite",   true },
    {"day-time",     true },
    {"evening",      true },
    {"night",        true },
    {"weekend",      true },
    {"second-shift", true },
    {"third-shift",  true },
    {"teatime",      false},
  };
  struct bench *b = *state;

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t  *ipp   = ask(IPP_OP_PRINT_JOB);
    int64_t until = 0;
    bool    is    = pb_hold_find_end(rows[i].keyword, pb_clock_now_ms(), &until);
    int     id;

    assert_int_equal(is, rows[i].is_supported);
    if (is)
    {
      ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, rows[i].keyword);
      id = submit(b, ipp);
      assert_int_equal(get_hold(b, id), until);
      check_job(b, id, until ? HELD : PENDING, until ? SPECIFIED : "job-fetchable");
      check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
      ipp = ask(IPP_OP_PRINT_JOB);
    }
    id  = submit(b, ipp);
    ipp = ask_job(IPP_OP_HOLD_JOB, id);
    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "job-hold-until", NULL, rows[i].keyword);
    check_status(call(b, &ann, ipp), is ? (int)IPP_STATUS_OK : (int)REFUSED);
    assert_int_equal(get_hold(b, id), until);
    check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
  }
}

static ipp_t *
with_time(ipp_t *ipp, ipp_tag_t group, int64_t at_ms)
{
  ippAddDate(ipp, group, "job-hold-until-time", ippTimeToDate((time_t)(at_ms / 1000)));
  return ipp;
}

static void
a_moment_holds(void **state)
{
  struct bench *b      = *state;
  int64_t       now_ms = pb_clock_now_ms();
  ipp_t        *ipp, *response = NULL;
  int id   = submit(b, with_time(ask(IPP_OP_PRINT_JOB), IPP_TAG_JOB, now_ms + 10 * MINUTE_MS));
  int past = submit(b, with_time(ask(IPP_OP_PRINT_JOB), IPP_TAG_JOB, now_ms - MINUTE_MS));

  check_job(b, id, HELD, SPECIFIED);
  check_job(b, past, PENDING, "job-fetchable");
  ipp = with_time(ask_job(IPP_OP_SET_JOB_ATTRIBUTES, id), IPP_TAG_JOB, now_ms + 20 * MINUTE_MS);
  check_status(call(b, &ann, ipp), IPP_STATUS_OK);
  pb_clock_shift_wall_ms(11 * MINUTE_MS);
  pb_print_tick(b->print);
  check_job(b, id, HELD, SPECIFIED);
  check_status(call_with(b, &ann, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, id), NULL, &response),
               IPP_STATUS_OK);
  assert_non_null(ippFindAttribute(response, "job-hold-until-time", IPP_TAG_DATE));
  ippDelete(response);
  pb_clock_shift_wall_ms(10 * MINUTE_MS);
  pb_print_tick(b->print);
  check_job(b, id, PENDING, "job-fetchable");
  pb_clock_shift_wall_ms(-21 * MINUTE_MS);

  ipp = with_time(ask(IPP_OP_PRINT_JOB), IPP_TAG_JOB, now_ms + MINUTE_MS);
  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "indefinite");
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_ERROR_CONFLICTING);
}

// Its time comes before its last document: it is not offered by half.
static void
an_open_job_is_not_offered_when_due(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL, *ipp;
  int           id;

  ipp = with_time(ask(IPP_OP_CREATE_JOB), IPP_TAG_JOB, pb_clock_now_ms() + 30 * 1000);
  check_status(call_with(b, &ann, ipp, NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 0);
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_OK);
  pb_clock_shift_wall_ms(31 * 1000);
  pb_print_tick(b->print);
  check_job(b, id, PENDING, "job-data-insufficient");
  ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);
  ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", 1);
  check_status(call_with(b, &ann, ipp, PDF, NULL), IPP_STATUS_OK);
  check_job(b, id, PENDING, "job-fetchable");
  pb_clock_shift_wall_ms(-31 * 1000);
}

// A day here.  What has a time of its own waits for that.
static void
forgotten_jobs_end(void **state)
{
  struct bench *b    = *state;
  int64_t       day  = (int64_t)24 * 60 * MINUTE_MS;
  int           pin  = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));
  int           held = print_job(b, &ann), waits = print_job(b, &ann);
  int later = submit(b, with_time(ask(IPP_OP_PRINT_JOB), IPP_TAG_JOB, pb_clock_now_ms() + 2 * day));

  check_status(call(b, &ann, ask_job(IPP_OP_HOLD_JOB, held)), IPP_STATUS_OK);
  pb_clock_shift_ms(day - MINUTE_MS);
  pb_print_tick(b->print);
  check_job(b, pin, HELD, WAITS);
  pb_clock_shift_ms(2 * MINUTE_MS);
  pb_print_tick(b->print);
  check_job(b, pin, IPP_JSTATE_ABORTED, "aborted-by-system");
  check_job(b, held, IPP_JSTATE_ABORTED, "aborted-by-system");
  check_job(b, later, HELD, SPECIFIED);
  check_job(b, waits, PENDING, "job-fetchable");
  assert_int_equal(count_passwords(b), 0);
  pb_clock_shift_ms(-day - MINUTE_MS);
}

// The days count from when it was held, not from when it came; and a wrong clock is no day.
static void
held_jobs_have_their_days(void **state)
{
  struct bench *b    = *state;
  int64_t       day  = (int64_t)24 * 60 * MINUTE_MS;
  int           late = print_job(b, &ann);
  int           pin  = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));
  ipp_t        *ipp  = with_pin(ask(IPP_OP_PRINT_JOB), "1234");
  int           both;

  pb_print_tick(b->print);
  pb_clock_shift_wall_ms(400 * day);
  pb_print_tick(b->print);
  check_job(b, pin, HELD, WAITS);
  pb_clock_shift_wall_ms(-400 * day);
  pb_print_tick(b->print);
  check_job(b, pin, HELD, WAITS);

  both = submit(b, with_time(ipp, IPP_TAG_JOB, pb_clock_now_ms() + 2 * day));
  pb_clock_shift_ms(day + MINUTE_MS);
  check_status(call(b, &ann, ask_job(IPP_OP_HOLD_JOB, late)), IPP_STATUS_OK);
  pb_print_tick(b->print);
  check_job(b, pin, IPP_JSTATE_ABORTED, "aborted-by-system");
  check_job(b, late, HELD, SPECIFIED);
  pb_clock_shift_ms(day + MINUTE_MS);
  pb_print_tick(b->print);
  check_job(b, late, IPP_JSTATE_ABORTED, "aborted-by-system");
  pb_print_tick(b->print);
  check_job(b, both, HELD, WAITS);  // its PIN is asked for from now on
  pb_clock_shift_ms(-2 * (day + MINUTE_MS));
}

static void
add_race(struct bench *b, int first, const char *when, int second, const char *change)
{
  char       sql[512];
  pb_error_t err = {0};

  check_ok(pb_db_run(b->db, &err, "DROP TRIGGER IF EXISTS race", ""), err);
  snprintf(sql, sizeof(sql),
           "CREATE TRIGGER race AFTER UPDATE ON jobs WHEN NEW.id = %d AND NEW.state = %s BEGIN "
           "UPDATE jobs SET %s WHERE id = %d; END",
           first, when, change, second);
  check_ok(pb_db_run(b->db, &err, sql, ""), err);
}

static int
create_open(struct bench *b)
{
  ipp_t *response = NULL;
  int    id;

  check_status(call_with(b, &ann, ask(IPP_OP_CREATE_JOB), NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  return id;
}

// Somebody was quicker: between the look at all jobs and the step for one, it has been released,
// held anew, or gone on with.
static void
housekeeping_looks_twice(void **state)
{
  struct bench *b      = *state;
  int64_t       day    = (int64_t)24 * 60 * MINUTE_MS;
  int64_t       due_ms = pb_clock_now_ms() + MINUTE_MS;
  int           first, second;

  first  = submit(b, with_time(ask(IPP_OP_PRINT_JOB), IPP_TAG_JOB, due_ms));
  second = submit(b, with_time(ask(IPP_OP_PRINT_JOB), IPP_TAG_JOB, due_ms));
  add_race(b, first, "3", second, "hold_until_ms = 9223372036854775807");
  pb_clock_shift_wall_ms(2 * MINUTE_MS);
  pb_print_tick(b->print);
  pb_clock_shift_wall_ms(-2 * MINUTE_MS);
  check_job(b, first, PENDING, "job-fetchable");
  check_job(b, second, HELD, SPECIFIED);
  check_status(call(b, &ann, ask(IPP_OP_CANCEL_MY_JOBS)), IPP_STATUS_OK);

  first  = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));
  second = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));
  add_race(b, first, "8", second, "state = 3, reasons = 'job-fetchable', is_fetchable = 1");
  pb_clock_shift_ms(day + MINUTE_MS);
  pb_print_tick(b->print);
  pb_clock_shift_ms(-day - MINUTE_MS);
  check_job(b, first, IPP_JSTATE_ABORTED, "aborted-by-system");
  check_job(b, second, PENDING, "job-fetchable");
  check_status(call(b, &ann, ask(IPP_OP_CANCEL_MY_JOBS)), IPP_STATUS_OK);

  first  = create_open(b);
  second = create_open(b);
  add_race(b, first, "8", second, "is_incoming = 1");
  pb_clock_shift_ms(2 * MINUTE_MS);
  pb_print_tick(b->print);
  pb_clock_shift_ms(-2 * MINUTE_MS);
  check_job(b, first, IPP_JSTATE_ABORTED, "submission-interrupted,aborted-by-system");
  check_job(b, second, PENDING, "job-data-insufficient");
}

// All that a request sets, in whatever order; and what was set is what is told.
static void
several_attributes_are_set_at_once(void **state)
{
  struct bench *b        = *state;
  int           id       = print_job(b, &ann);
  ipp_t        *response = NULL, *ipp;

  for (int is_last = 0; is_last < 2; is_last++)
  {
    const char *name = is_last ? "Second" : "First";

    ipp = ask_job(IPP_OP_SET_JOB_ATTRIBUTES, id);
    if (!is_last)
      ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "indefinite");
    ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_NAME, "job-name", NULL, name);
    ippAddInteger(ipp, IPP_TAG_JOB, IPP_TAG_INTEGER, "job-priority", 70 + is_last);
    if (is_last)
      ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "no-hold");
    check_status(call(b, &ann, ipp), IPP_STATUS_OK);
    check_job(b, id, is_last ? PENDING : HELD, is_last ? "job-fetchable" : SPECIFIED);
    check_status(call_with(b, &ann, ask_job(IPP_OP_GET_JOB_ATTRIBUTES, id), NULL, &response),
                 IPP_STATUS_OK);
    assert_string_equal(pb_ipp_text(response, IPP_TAG_JOB, "job-name"), name);
    assert_int_equal(pb_ipp_int(response, IPP_TAG_JOB, "job-priority", 0), 70 + is_last);
    ippDelete(response);
  }
  ipp = ask_job(IPP_OP_SET_JOB_ATTRIBUTES, id);
  ippAddString(ipp, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "indefinite");
  ippAddInteger(ipp, IPP_TAG_JOB, IPP_TAG_INTEGER, "job-priority", 101);
  check_status(call(b, &ann, ipp), IPP_STATUS_ERROR_ATTRIBUTES_NOT_SETTABLE);
  check_job(b, id, PENDING, "job-fetchable");
}

// PWG 5100.18 s8.7: the PIN of whoever stands at one of two print servers' printers.
static void
the_pin_goes_with_a_device(void **state)
{
  struct bench *b   = *state;
  int           id  = submit(b, with_pin(ask(IPP_OP_PRINT_JOB), "1234"));
  pb_error_t    err = {0};
  struct pb_job job;

  check_status(call(b, &ann, with_pin(ask_device(IPP_OP_RELEASE_JOB, id), "1234")), IPP_STATUS_OK);
  check_ok(pb_job_load(b->db, id, &job, &err), err);
  assert_string_equal(job.device_uuid, UUID);
  pb_job_clear(&job);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_job_waits_for_its_pin),
    TEST(the_pin_goes_with_its_job),
    TEST(hashes_are_compared),
    TEST(bad_passwords_are_refused),
    TEST(wrong_pins_cost_time),
    TEST(nobody_locks_the_owner_out),
    TEST(no_wait_is_longer_than_the_longest),
    TEST(the_pin_is_given_at_the_print_server),
    TEST(the_pin_is_given_at_the_portal),
    TEST(a_device_with_pin_printing_gets_it),
    TEST(pins_are_offered),
    TEST(named_times_hold),
    TEST(a_moment_holds),
    TEST(an_open_job_is_not_offered_when_due),
    TEST(forgotten_jobs_end),
    TEST(held_jobs_have_their_days),
    TEST(housekeeping_looks_twice),
    TEST(several_attributes_are_set_at_once),
    TEST(the_pin_goes_with_a_device),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
