// form_test - forms that are read, and forms that must be refused.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "net/form.h"

static void
test_parse(void **state)
{
  static const struct
  {
    const char *name, *input, *field, *want;
    size_t      count;
  } rows[] = {
    {"empty",                    "",                      "a",   NULL,          0},
    {"one",                      "a=1",                   "a",   "1",           1},
    {"two",                      "a=1&b=2",               "b",   "2",           2},
    {"no equals",                "a",                     "a",   "",            1},
    {"empty value",              "a=&b=2",                "a",   "",            2},
    {"equals in the value",      "a=b=c",                 "a",   "b=c",         1},
    {"plus is a space",          "a=x+y",                 "a",   "x y",         1},
    {"escapes",                  "a%20b=%C3%A9%2b%26%3D", "a b", "\xc3\xa9+&=", 1},
    {"empty pairs",              "&&a=1&&",               "a",   "1",           1},
    {"absent",                   "a=1",                   "aa",  NULL,          1},
    {"repeated gives the first", "a=1&a=2",               "a",   "1",           2},
  };
  pb_error_t err = {0};

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    pb_form_t  *form = NULL;
    const char *got  = NULL;

    check_ok(pb_form_parse(rows[i].input, strlen(rows[i].input), &form, &err), err);
    got = pb_form_get(form, rows[i].field);
    if ((got == NULL) != (rows[i].want == NULL) || (got != NULL && strcmp(got, rows[i].want) != 0))
      fail_msg("%s: got %s", rows[i].name, got != NULL ? got : "nothing");
    assert_int_equal(pb_form_count(form), rows[i].count);
    pb_form_free(form);
  }
}

static void
test_repeated(void **state)
{
  pb_form_t *form = NULL;
  pb_error_t err  = {0};

  (void)state;
  check_ok(pb_form_parse("a=1&b=2&a=3", 11, &form, &err), err);
  assert_true(pb_form_is_repeated(form, "a"));
  assert_false(pb_form_is_repeated(form, "b"));
  assert_false(pb_form_is_repeated(form, "c"));
  assert_string_equal(pb_form_name(form, 2), "a");
  assert_string_equal(pb_form_value(form, 2), "3");
  assert_null(pb_form_name(form, 3));
  assert_null(pb_form_value(form, 3));
  pb_form_free(form);
}

static void
test_refused(void **state)
{
  static const struct
  {
    const char *name, *input;
    size_t      size;
  } rows[] = {
    {"cut escape",                      "a=%4",     4},
    {"cut escape before another field", "a=%4&b=1", 8},
    {"lone percent",                    "a=%",      3},
    {"not hex",                         "a=%zz",    5},
    {"NUL",                             "a=\0b",    4},
    {"escaped NUL",                     "a=%00",    5},
    {"not UTF-8",                       "a=\xff",   3},
    {"escaped and not UTF-8",           "a=%ff",    5},
    {"bad name",                        "%c3=1",    5},
  };
  pb_form_t *form = NULL;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++)
  {
    pb_error_t err = {0};

    if (pb_form_parse(rows[i].input, rows[i].size, &form, &err))
      fail_msg("%s", rows[i].name);
    assert_int_equal(err.kind, PB_REJECT);
    assert_null(form);
  }
}

static void
test_too_many_fields(void **state)
{
  char       text[2 * PB_FORM_FIELDS_MAX + 1];
  pb_form_t *form = NULL;
  pb_error_t err  = {0};

  (void)state;
  for (size_t i = 0; i < sizeof(text); i++)
    text[i] = i % 2 == 0 ? 'a' : '&';
  check_ok(pb_form_parse(text, sizeof(text) - 1, &form, &err), err);
  pb_form_free(form);
  assert_false(pb_form_parse(text, sizeof(text), &form, &err));
  assert_int_equal(err.kind, PB_REJECT);
}

static void
test_append(void **state)
{
  pb_buffer_t buffer;
  pb_error_t  err  = {0};
  pb_form_t  *form = NULL;

  (void)state;
  pb_buffer_init(&buffer, 100);
  check_ok(pb_form_append(&buffer, "a b", "1&2=%+\xc3\xa9", &err), err);
  check_ok(pb_form_append(&buffer, "c", "-._~Z9", &err), err);
  assert_string_equal(buffer.data, "a%20b=1%262%3D%25%2B%C3%A9&c=-._~Z9");
  check_ok(pb_form_parse(buffer.data, buffer.size, &form, &err), err);
  assert_string_equal(pb_form_get(form, "a b"), "1&2=%+\xc3\xa9");
  pb_form_free(form);
  pb_buffer_clear(&buffer);

  pb_buffer_init(&buffer, 8);
  assert_false(pb_form_append(&buffer, "name", "value", &err));  // over the cap
  pb_buffer_clear(&buffer);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_parse),   cmocka_unit_test(test_repeated),
    cmocka_unit_test(test_refused), cmocka_unit_test(test_too_many_fields),
    cmocka_unit_test(test_append),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
