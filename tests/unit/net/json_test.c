// json_test - JSON that is read, and JSON that must be refused.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "net/json.h"

static void
test_members(void **state)
{
  static const char text[] = " {\"t\":\"x\\u00e9\",\"i\":-5,\"big\":9007199254740993,\"b\":true,"
                             "\"a\":[1],\"n\":null,\"z\":\"a\\u0000b\",\"d\":1.5}\r\n";
  json_object      *object = NULL;
  pb_error_t        err    = {0};

  (void)state;
  check_ok(pb_json_parse(text, strlen(text), &object, &err), err);
  assert_string_equal(pb_json_text(object, "t"), "x\xc3\xa9");
  assert_null(pb_json_text(object, "i"));
  assert_null(pb_json_text(object, "n"));
  assert_null(pb_json_text(object, "absent"));
  assert_null(pb_json_text(object, "z"));  // a NUL inside
  assert_null(pb_json_text(NULL, "t"));
  assert_int_equal(pb_json_int(object, "i", 7), -5);
  assert_true(pb_json_int(object, "big", 7) == 9007199254740993);
  assert_int_equal(pb_json_int(object, "t", 7), 7);
  assert_int_equal(pb_json_int(object, "d", 7), 7);
  assert_true(pb_json_bool(object, "b", false));
  assert_true(pb_json_bool(object, "i", true));
  assert_int_equal(json_object_array_length(pb_json_array(object, "a")), 1);
  assert_null(pb_json_array(object, "t"));
  json_object_put(object);
}

static void
test_refused(void **state)
{
  static const struct
  {
    const char *name, *input;
    size_t      size;  // 0: strlen
  } rows[] = {
    {"empty",          "",                                              0},
    {"blank",          "  ",                                            0},
    {"a number",       "1",                                             0},
    {"an array",       "[{}]",                                          0},
    {"a text",         "\"x\"",                                         0},
    {"null",           "null",                                          0},
    {"cut",            "{\"a\":1",                                      0},
    {"text behind it", "{} x",                                          0},
    {"two objects",    "{}{}",                                          0},
    {"NUL behind it",  "{}\0",                                          3},
    {"not UTF-8",      "{\"a\":\"\xff\"}",                              0},
    {"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}",                          0},
    {"trailing comma", "{\"a\":1,}",                                    0},
    {"single quotes",  "{\"a\":'1'}",                                   0},
    {"comment",        "{/*x*/\"a\":1}",                                0},
    {"too deep",       "{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}", 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    json_object *object = NULL;
    pb_error_t   err    = {0};
    size_t       size   = rows[i].size > 0 ? rows[i].size : strlen(rows[i].input);

    if (pb_json_parse(rows[i].input, size, &object, &err))
      fail_msg("%s", rows[i].name);
    assert_int_equal(err.kind, PB_REJECT);
    assert_null(object);
  }
}

static void
test_cap(void **state)
{
  char        *text   = malloc(PB_JSON_MAX + 1);
  json_object *object = NULL;
  pb_error_t   err    = {0};

  (void)state;
  assert_non_null(text);
  memset(text, ' ', PB_JSON_MAX + 1);
  memcpy(text, "{}", 2);
  check_ok(pb_json_parse(text, PB_JSON_MAX, &object, &err), err);
  json_object_put(object);
  assert_false(pb_json_parse(text, PB_JSON_MAX + 1, &object, &err));
  assert_int_equal(err.kind, PB_REJECT);
  free(text);
}

static void
test_add(void **state)
{
  json_object *object = json_object_new_object();

  (void)state;
  assert_true(pb_json_add_text(object, "t", "x"));
  assert_true(pb_json_add_text(object, "none", NULL));
  assert_true(pb_json_add_int(object, "i", INT64_MAX));
  assert_true(pb_json_add_bool(object, "b", false));
  assert_string_equal(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
                      "{\"t\":\"x\",\"i\":9223372036854775807,\"b\":false}");
  json_object_put(object);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_members),
    cmocka_unit_test(test_refused),
    cmocka_unit_test(test_cap),
    cmocka_unit_test(test_add),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
