// config_test - settings tables and files.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/config.h"

#include "base/file.h"
#include "check.h"
#include <unistd.h>

struct settings
{
  char   *name;
  int64_t count, size, time, level;
  bool    is_on;
};

#define AT(field) offsetof(struct settings, field)
static const struct pb_setting table[] = {
  {"name",  PB_SETTING_TEXT,     AT(name),  NULL,  0,    0,     NULL,       "A name."   },
  {"count", PB_SETTING_INT,      AT(count), "3",   1,    10,    NULL,       "How many." },
  {"size",  PB_SETTING_SIZE,     AT(size),  "64K", 0,    0,     NULL,       "How large."},
  {"time",  PB_SETTING_DURATION, AT(time),  "10s", 1000, 60000, NULL,       "How long." },
  {"level", PB_SETTING_CHOICE,   AT(level), "low", 0,    0,     "low|high", "Which."    },
  {"on",    PB_SETTING_BOOL,     AT(is_on), "no",  0,    0,     NULL,       "Whether."  },
};
#define COUNT (sizeof(table) / sizeof(table[0]))

static char path[] = "/tmp/pb-config-test-XXXXXX";

static void
write_file(const char *text)
{
  pb_error_t err = {0};

  check_ok(pb_file_replace(path, 0600, text, strlen(text), &err), err);
}

static void
reads_a_file(void **state)
{
  struct settings s   = {0};
  pb_error_t      err = {0};

  (void)state;
  write_file("# comment\n\n name = a printer \ncount=7\nlevel = high\non = yes\r\n");
  check_ok(pb_config_load(table, COUNT, &s, path, &err), err);
  assert_string_equal(s.name, "a printer");
  assert_int_equal(s.count, 7);
  assert_int_equal(s.size, 65536);
  assert_int_equal(s.time, 10000);
  assert_int_equal(s.level, 1);
  assert_true(s.is_on);
  pb_config_clear(table, COUNT, &s);
  assert_null(s.name);
}

static void
names_what_is_wrong(void **state)
{
  static const struct
  {
    const char *text, *want;
  } rows[] = {
    {"count = x\n",            ":1: count: "     },
    {"\ncount = 11\n",         ":2: count: "     },
    {"level = middle\n",       ":1: level: "     },
    {"on = true\n",            ":1: on: "        },
    {"colour = red\n",         ":1: colour: "    },
    {"nonsense\n",             ":1: \"nonsense\""},
    {"count = 2\ncount = 2\n", ":2: count: "     },
    {"time = 2h\n",            ":1: time: "      },
    {"size = -1\n",            ":1: size: "      },
    {"name = a\tb\n",          ":1: name: "      },
    {"name = \xff\n",          "not UTF-8"       },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct settings s   = {0};
    pb_error_t      err = {0};

    write_file(rows[i].text);
    assert_false(pb_config_load(table, COUNT, &s, path, &err));
    assert_int_equal(err.kind, PB_CONFIG);
    assert_non_null(strstr(err.message, path));
    if (strstr(err.message, rows[i].want) == NULL)
      fail_msg("%s: %s", rows[i].text, err.message);
  }
}

static void
a_missing_file_is_named(void **state)
{
  struct settings s   = {0};
  pb_error_t      err = {0};

  (void)state;
  assert_false(pb_config_load(table, COUNT, &s, "/nonexistent/x.conf", &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_non_null(strstr(err.message, "/nonexistent/x.conf"));
}

static void
help_is_a_valid_file(void **state)
{
  struct settings s    = {0};
  pb_error_t      err  = {0};
  char           *help = pb_config_format_help(table, COUNT);

  (void)state;
  assert_non_null(help);
  for (size_t i = 0; i < COUNT; i++)
    assert_non_null(strstr(help, table[i].help));
  write_file(help);
  check_ok(pb_config_load(table, COUNT, &s, path, &err), err);
  pb_config_clear(table, COUNT, &s);
  free(help);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_a_file),
    cmocka_unit_test(names_what_is_wrong),
    cmocka_unit_test(a_missing_file_is_named),
    cmocka_unit_test(help_is_a_valid_file),
  };
  int fd = mkstemp(path);

  if (fd < 0)
    return 1;
  close(fd);
  int status = cmocka_run_group_tests(tests, NULL, NULL);
  unlink(path);
  return status;
}
