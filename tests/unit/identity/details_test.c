// details_test - authorization_details from strangers.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "cloud/protocol.h"
#include "identity/details.h"

#define U1 "urn:uuid:00000000-0000-4000-8000-00000000000A"
#define U2 "urn:uuid:00000000-0000-4000-8000-000000000002"
#define HEAD "\"type\":\"printbridge-share\",\"output-device-uuid\":\""
#define ONE "{" HEAD U1 "\",\"printer-name\":\"Laser\"}"

static void
test_details(void **state)
{
  static const struct
  {
    const char *name, *input;
    size_t      want;  // queues; 0: refused
  } rows[] = {
    {"one",             "[" ONE "]",                                                       1},
    {"two",             "[" ONE ",{" HEAD U2 "\",\"printer-name\":\"B\",\"host\":\"h\"}]", 2},
    {"blanks",          " [ " ONE " ]",                                                    1},
    {"UTF-8",           "[{" HEAD U1 "\",\"printer-name\":\"B\xC3\xBCro\"}]",              1},
    {"joins",           "[{" HEAD U1 "\",\"printer-name\":\"B\",\"join-printer\":\"7\"}]", 1},
    {"nothing",         "",                                                                0},
    {"empty list",      "[]",                                                              0},
    {"object",          ONE,                                                               0},
    {"behind",          "[" ONE "]x",                                                      0},
    {"two lists",       "[" ONE "],[]",                                                    0},
    {"cut",             "[" ONE,                                                           0},
    {"not objects",     "[1]",                                                             0},
    {"null",            "[null]",                                                          0},
    {"nested",          "[[[[[[[[]]]]]]]]",                                                0},
    {"other type",
     "[{\"type\":\"payment\",\"output-device-uuid\":\"" U1 "\",\"printer-name\":\"x\"}]",  0},
    {"no type",         "[{\"output-device-uuid\":\"" U1 "\",\"printer-name\":\"x\"}]",    0},
    {"no name",         "[{" HEAD U1 "\"}]",                                               0},
    {"empty name",      "[{" HEAD U1 "\",\"printer-name\":\"\"}]",                         0},
    {"no uuid",         "[{\"type\":\"printbridge-share\",\"printer-name\":\"x\"}]",       0},
    {"bad uuid",        "[{" HEAD "urn:uuid:1\",\"printer-name\":\"x\"}]",                 0},
    {"twice",           "[" ONE "," ONE "]",                                               0},
    {"unknown member",  "[{" HEAD U1 "\",\"printer-name\":\"x\",\"color\":\"red\"}]",      0},
    {"number",          "[{" HEAD U1 "\",\"printer-name\":7}]",                            0},
    {"NUL",             "[{" HEAD U1 "\",\"printer-name\":\"a\\u0000b\"}]",                0},
    {"escape sequence", "[{" HEAD U1 "\",\"printer-name\":\"a\\u001b[1m\"}]",              0},
    {"bad UTF-8",       "[{" HEAD U1 "\",\"printer-name\":\"a\xFF\"}]",                    0},
    {"comment",         "[/* x */" ONE "]",                                                0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_approved_queue *queues = NULL;
    size_t                    count  = 0;
    pb_error_t                err    = {0};

    print_message("%s\n", rows[i].name);
    bool ok = pb_details_parse(rows[i].input, strlen(rows[i].input), &queues, &count, &err);
    assert_int_equal(ok, rows[i].want > 0);
    assert_int_equal(count, rows[i].want);
    if (ok)
      assert_string_equal(queues[0].uuid, "urn:uuid:00000000-0000-4000-8000-00000000000a");
    else
      assert_int_equal(err.kind, PB_REJECT);
    free(queues);
  }
}

// Names of `size` bytes in `count` queues.
static bool
parse_many(int count, int size)
{
  char                     *text   = malloc((size_t)count * (size_t)(size + 200) + 10);
  struct pb_approved_queue *queues = NULL;
  size_t                    used = 0, got = 0;
  pb_error_t                err = {0};

  text[used++] = '[';
  for (int i = 0; i < count; i++)
    used += (size_t)sprintf(
      text + used, "%s{" HEAD "urn:uuid:00000000-0000-4000-8000-%012d\",\"printer-name\":\"%0*d\"}",
      i > 0 ? "," : "", i, size, 0);
  text[used++] = ']';
  bool ok      = pb_details_parse(text, used, &queues, &got, &err);
  assert_int_equal(got, ok ? count : 0);
  free(queues);
  free(text);
  return ok;
}

static void
test_sizes(void **state)
{
  (void)state;
  assert_true(parse_many(1, 127));
  assert_false(parse_many(1, 128));
  assert_true(parse_many(PB_QUEUES_PER_GRANT_MAX, 127));
  assert_false(parse_many(PB_QUEUES_PER_GRANT_MAX + 1, 10));
}

static void
test_format(void **state)
{
  struct pb_approved_queue queue = {.uuid = U2, .queue = "\"quoted\""}, *back = NULL;
  size_t                   count = 0;
  pb_error_t               err   = {0};
  json_object             *array = pb_details_format(&queue, 1);
  const char              *text  = json_object_to_json_string(array);

  (void)state;
  check_ok(pb_details_parse(text, strlen(text), &back, &count, &err), err);
  assert_int_equal(count, 1);
  assert_string_equal(back[0].queue, "\"quoted\"");
  free(back);
  json_object_put(array);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_details), cmocka_unit_test(test_sizes),
                                     cmocka_unit_test(test_format)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
