// message_test - the scanner and ippReadIO agree; every split gives the same answer; caps hold.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"
#include "ipp/message.h"

#define HEAD "\x02\x00\x00\x02\x00\x00\x00\x01"
#define END "\x03"
#define COPIES                                                                                     \
  "\x21\x00\x06"                                                                                   \
  "copies"                                                                                         \
  "\x00\x04\x00\x00\x00\x02"
#define MORE_INT "\x21\x00\x00\x00\x04\x00\x00\x00\x03"
#define BEGIN_COL                                                                                  \
  "\x34\x00\x09"                                                                                   \
  "media-col"                                                                                      \
  "\x00\x00"
#define MEMBER                                                                                     \
  "\x4a\x00\x00\x00\x01"                                                                           \
  "m"
#define MEMBER_INT "\x21\x00\x00\x00\x04\x00\x00\x00\x07"
#define SUB_COL "\x34\x00\x00\x00\x00"
#define END_COL "\x37\x00\x00\x00\x00"
#define LANG                                                                                       \
  "\x36\x00\x01"                                                                                   \
  "n"                                                                                              \
  "\x00\x08"                                                                                       \
  "\x00\x02"                                                                                       \
  "en"                                                                                             \
  "\x00\x02"                                                                                       \
  "ab"
#define MORE_LANG                                                                                  \
  "\x36\x00\x00"                                                                                   \
  "\x00\x08"                                                                                       \
  "\x00\x02"                                                                                       \
  "en"                                                                                             \
  "\x00\x02"                                                                                       \
  "ab"
#define OPERATION "\x01"
#define JOB "\x02"
#define DEEP1 MEMBER SUB_COL
#define DEEP6 DEEP1 DEEP1 DEEP1 DEEP1 DEEP1 DEEP1
#define CLOSE6 END_COL END_COL END_COL END_COL END_COL END_COL

#define BYTES(text) text, sizeof(text) - 1

static const struct row
{
  const char          *name;
  const char          *bytes;
  size_t               size;
  enum pb_ipp_scan_got want;
} rows[] = {
  {"header alone",                 BYTES(HEAD),                                                                 PB_IPP_SCAN_MORE},
  {"no groups",                    BYTES(HEAD END),                                                             PB_IPP_SCAN_DONE},
  {"empty group",                  BYTES(HEAD OPERATION END),                                                   PB_IPP_SCAN_DONE},
  {"one attribute",                BYTES(HEAD JOB COPIES END),                                                  PB_IPP_SCAN_DONE},
  {"two values",                   BYTES(HEAD JOB COPIES MORE_INT END),                                         PB_IPP_SCAN_DONE},
  {"integer and range",
   BYTES(HEAD JOB COPIES "\x33\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x00\x02" END),
   PB_IPP_SCAN_DONE                                                                                                             },
  {"keyword and name",
   BYTES(HEAD JOB "\x44\x00\x01x\x00\x01"
                  "a"
                  "\x42\x00\x00\x00\x01"
                  "b" END),
   PB_IPP_SCAN_DONE                                                                                                             },
  {"octet string",                 BYTES(HEAD JOB "\x30\x00\x01x\x00\x02\x00\x01" END),                         PB_IPP_SCAN_DONE},
  {"no-value",                     BYTES(HEAD JOB "\x13\x00\x01x\x00\x00" END),                                 PB_IPP_SCAN_DONE},
  {"collection",                   BYTES(HEAD JOB BEGIN_COL MEMBER MEMBER_INT END_COL END),                     PB_IPP_SCAN_DONE},
  {"empty collection",             BYTES(HEAD JOB BEGIN_COL END_COL END),                                       PB_IPP_SCAN_DONE},
  {"two collections",              BYTES(HEAD JOB BEGIN_COL END_COL SUB_COL MEMBER MEMBER_INT END_COL END),
   PB_IPP_SCAN_DONE                                                                                                             },
  {"seven deep",                   BYTES(HEAD JOB BEGIN_COL DEEP6 CLOSE6 END_COL END),                          PB_IPP_SCAN_DONE},
  {"eight deep",                   BYTES(HEAD JOB BEGIN_COL DEEP6 DEEP1 END_COL CLOSE6 END_COL END),            PB_IPP_SCAN_BAD },
  {"name with language",           BYTES(HEAD JOB LANG END),                                                    PB_IPP_SCAN_DONE},
  {"two names with language leak", BYTES(HEAD JOB LANG MORE_LANG END),                                          PB_IPP_SCAN_BAD },
  {"text then language",
   BYTES(HEAD JOB "\x42\x00\x01x\x00\x01"
                  "a" MORE_LANG END),
   PB_IPP_SCAN_BAD                                                                                                              },
  {"group zero",                   BYTES(HEAD "\x00" END),                                                      PB_IPP_SCAN_BAD },
  {"operation group late",         BYTES(HEAD JOB OPERATION END),                                               PB_IPP_SCAN_BAD },
  {"attribute without group",      BYTES(HEAD COPIES END),                                                      PB_IPP_SCAN_BAD },
  {"value without attribute",      BYTES(HEAD JOB MORE_INT END),                                                PB_IPP_SCAN_BAD },
  {"value after new group",        BYTES(HEAD JOB COPIES "\x04" MORE_INT END),                                  PB_IPP_SCAN_BAD },
  {"integer of three bytes",       BYTES(HEAD JOB "\x21\x00\x01x\x00\x03\x00\x00\x00" END),
   PB_IPP_SCAN_BAD                                                                                                              },
  {"boolean of two bytes",         BYTES(HEAD JOB "\x22\x00\x01x\x00\x02\x00\x00" END),                         PB_IPP_SCAN_BAD },
  {"integer then boolean",         BYTES(HEAD JOB COPIES "\x22\x00\x00\x00\x01\x01" END),                       PB_IPP_SCAN_BAD },
  {"no-value with bytes",          BYTES(HEAD JOB "\x13\x00\x01x\x00\x01y" END),                                PB_IPP_SCAN_BAD },
  {"text then no-value",
   BYTES(HEAD JOB "\x42\x00\x01x\x00\x01"
                  "a"
                  "\x13\x00\x00\x00\x00" END),
   PB_IPP_SCAN_BAD                                                                                                              },
  {"extension tag",                BYTES(HEAD JOB "\x7f\x00\x00\x00\x21\x00\x01x\x00\x04\x00\x00\x00\x00" END),
   PB_IPP_SCAN_BAD                                                                                                              },
  {"NUL in a name",                BYTES(HEAD JOB "\x21\x00\x02x\x00\x00\x04\x00\x00\x00\x00" END),
   PB_IPP_SCAN_BAD                                                                                                              },
  {"end inside collection",        BYTES(HEAD JOB BEGIN_COL END),                                               PB_IPP_SCAN_BAD },
  {"end of no collection",         BYTES(HEAD JOB END_COL END),                                                 PB_IPP_SCAN_BAD },
  {"member outside",               BYTES(HEAD JOB MEMBER MEMBER_INT END),                                       PB_IPP_SCAN_BAD },
  {"member without value",         BYTES(HEAD JOB BEGIN_COL MEMBER END_COL END),                                PB_IPP_SCAN_BAD },
  {"two member names",             BYTES(HEAD JOB BEGIN_COL MEMBER MEMBER MEMBER_INT END_COL END),
   PB_IPP_SCAN_BAD                                                                                                              },
  {"named in collection",          BYTES(HEAD JOB BEGIN_COL COPIES END_COL END),                                PB_IPP_SCAN_BAD },
  {"empty member name",            BYTES(HEAD JOB BEGIN_COL "\x4a\x00\x00\x00\x00" MEMBER_INT END_COL END),
   PB_IPP_SCAN_BAD                                                                                                              },
  {"value over 32767",             BYTES(HEAD JOB "\x41\x00\x01x\x80\x00"),                                     PB_IPP_SCAN_BAD },
  {"name over 255",                BYTES(HEAD JOB "\x41\x01\x00"),                                              PB_IPP_SCAN_BAD },
};

static enum pb_ipp_scan_got
scan(const char *bytes, size_t size, size_t first, size_t *used_out)
{
  pb_ipp_scan_t        state;
  size_t               used = 0;
  enum pb_ipp_scan_got got;

  pb_ipp_scan_init(&state);
  got       = pb_ipp_scan_feed(&state, bytes, first, &used);
  *used_out = used;
  if (got != PB_IPP_SCAN_MORE)
    return got;
  got = pb_ipp_scan_feed(&state, bytes + first, size - first, &used);
  *used_out += used;
  return got;
}

static void
test_rows(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    const struct row *row     = &rows[i];
    ipp_t            *message = NULL;
    pb_error_t        err     = {0};

    for (size_t split = 0; split <= row->size; split++)
    {
      size_t used = 0;

      if (scan(row->bytes, row->size, split, &used) != row->want)
        fail_msg("%s: split at %zu", row->name, split);
      if (row->want == PB_IPP_SCAN_DONE)
        assert_int_equal(used, row->size);
    }
    if (pb_ipp_parse(row->bytes, row->size, &message, &err) != (row->want == PB_IPP_SCAN_DONE))
      fail_msg("%s: parse: %s", row->name, err.message);
    if (row->want != PB_IPP_SCAN_DONE)
      assert_int_equal(err.kind, PB_REJECT);
    ippDelete(message);
  }
}

// Byte by byte, and data behind the end is left alone.
static void
test_trickle_with_document(void **state)
{
  static const char bytes[] = HEAD JOB BEGIN_COL MEMBER MEMBER_INT END_COL COPIES END "%PDF-1.7";
  size_t        end         = sizeof(bytes) - 1 - 8;
  pb_ipp_scan_t scanner;
  ipp_t        *message = NULL;
  pb_error_t    err     = {0};

  (void)state;
  pb_ipp_scan_init(&scanner);
  for (size_t i = 0; i < end; i++)
  {
    size_t used = 0;

    assert_int_equal(pb_ipp_scan_feed(&scanner, bytes + i, 1, &used),
                     i + 1 < end ? PB_IPP_SCAN_MORE : PB_IPP_SCAN_DONE);
    assert_int_equal(used, 1);
  }
  size_t used = 0;
  assert_int_equal(scan(bytes, sizeof(bytes) - 1, 0, &used), PB_IPP_SCAN_DONE);
  assert_int_equal(used, end);
  assert_false(pb_ipp_parse(bytes, sizeof(bytes) - 1, &message, &err));
  assert_null(message);
}

static void
test_caps(void **state)
{
  pb_ipp_scan_t        scanner;
  enum pb_ipp_scan_got got  = PB_IPP_SCAN_MORE;
  size_t               used = 0, total = 0;

  (void)state;
  // Endless values.
  pb_ipp_scan_init(&scanner);
  assert_int_equal(pb_ipp_scan_feed(&scanner, BYTES(HEAD JOB COPIES), &used), PB_IPP_SCAN_MORE);
  for (total = used; got == PB_IPP_SCAN_MORE && total < 2 * PB_IPP_MESSAGE_MAX; total += used)
    got = pb_ipp_scan_feed(&scanner, BYTES(MORE_INT), &used);
  assert_int_equal(got, PB_IPP_SCAN_BAD);
  assert_true(total <= PB_IPP_MESSAGE_MAX + 16);

  // Endless groups.
  pb_ipp_scan_init(&scanner);
  got = pb_ipp_scan_feed(&scanner, BYTES(HEAD), &used);
  for (total = 0; got == PB_IPP_SCAN_MORE && total < 2 * PB_IPP_ATTRIBUTES_MAX; total++)
    got = pb_ipp_scan_feed(&scanner, BYTES(JOB), &used);
  assert_int_equal(got, PB_IPP_SCAN_BAD);
  assert_int_equal(total, PB_IPP_ATTRIBUTES_MAX + 1);
}

static void
test_round_trip(void **state)
{
  ipp_t *request = pb_ipp_new_request(IPP_OP_GET_SYSTEM_ATTRIBUTES, "ipps://h/ipp/system", "anna");
  ipp_t *again   = NULL;
  pb_buffer_t bytes = {0};
  pb_error_t  err   = {0};

  (void)state;
  ippAddInteger(request, IPP_TAG_JOB, IPP_TAG_INTEGER, "copies", 3);
  ippAddBoolean(request, IPP_TAG_PRINTER, "color-supported", 1);
  ippAddString(request, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "sides", NULL, "one-sided");
  for (int i = 0; i < 2; i++)
  {
    check_ok(pb_ipp_format(request, &bytes, &err), err);
    check_ok(pb_ipp_parse(bytes.data, bytes.size, &again, &err), err);
    assert_string_equal(pb_ipp_text(again, IPP_TAG_OPERATION, "system-uri"), "ipps://h/ipp/system");
    assert_int_equal(pb_ipp_int(again, IPP_TAG_JOB, "copies", 0), 3);
    assert_int_equal(pb_ipp_int(again, IPP_TAG_PRINTER, "copies", 17), 17);
    assert_true(pb_ipp_bool(again, IPP_TAG_PRINTER, "color-supported", false));
    assert_true(pb_ipp_has_keyword(again, IPP_TAG_PRINTER, "sides", "one-sided"));
    assert_false(pb_ipp_has_keyword(again, IPP_TAG_JOB, "sides", "one-sided"));
    assert_null(pb_ipp_find(again, IPP_TAG_JOB, "copies", IPP_TAG_KEYWORD));
    assert_int_equal(ippGetRequestId(again), ippGetRequestId(request));
    ippDelete(again);
    pb_buffer_clear(&bytes);
  }
  ippDelete(request);
}

static void
test_response(void **state)
{
  ipp_t *request  = pb_ipp_new_request(IPP_OP_PRINT_JOB, "ipps://h/ipp/print/1", NULL);
  ipp_t *response = pb_ipp_new_response(request, IPP_STATUS_OK);
  char   longer[600];

  (void)state;
  memset(longer, 'x', sizeof(longer));
  longer[599] = '\0';
  longer[3]   = '\n';
  pb_ipp_set_status(response, IPP_STATUS_ERROR_NOT_FETCHABLE, "%s", longer);
  assert_int_equal(ippGetStatusCode(response), IPP_STATUS_ERROR_NOT_FETCHABLE);
  assert_true(strlen(pb_ipp_text(response, IPP_TAG_OPERATION, "status-message")) <= 255);
  assert_null(strchr(pb_ipp_text(response, IPP_TAG_OPERATION, "status-message"), '\n'));
  pb_ipp_set_status(response, IPP_STATUS_OK, "fine");
  assert_string_equal(pb_ipp_text(response, IPP_TAG_OPERATION, "status-message"), "fine");
  assert_int_equal(ippGetRequestId(request), ippGetRequestId(response));
  ippDelete(response);

  // Behind another group the message would make the response unreadable.
  response = pb_ipp_new_response(NULL, IPP_STATUS_OK);
  ippAddInteger(response, IPP_TAG_JOB, IPP_TAG_INTEGER, "job-id", 1);
  pb_ipp_set_status(response, IPP_STATUS_ERROR_INTERNAL, "late");
  assert_null(pb_ipp_text(response, IPP_TAG_OPERATION, "status-message"));
  ippDelete(response);
  ippDelete(request);

  assert_string_equal(pb_ipp_status_name(IPP_STATUS_ERROR_NOT_FETCHABLE),
                      "client-error-not-fetchable");
  assert_string_equal(pb_ipp_status_name((ipp_status_t)0x050d), "server-error-too-many-printers");
  assert_string_equal(pb_ipp_status_name(IPP_STATUS_OK), "successful-ok");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rows),     cmocka_unit_test(test_trickle_with_document),
    cmocka_unit_test(test_caps),     cmocka_unit_test(test_round_trip),
    cmocka_unit_test(test_response),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
