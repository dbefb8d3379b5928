// arguments_test - what cupsd says when it starts a backend.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/arguments.h"

#define JOB_UUID "urn:uuid:00000000-0000-4000-8000-000000000001"

static const char *environment[8][2];

static const char *
find(const char *name)
{
  for (size_t i = 0; i < 8 && environment[i][0]; i++)
    if (strcmp(environment[i][0], name) == 0)
      return environment[i][1];
  return NULL;
}

static bool
parse(int argc, const char *uri, const char *job_id, const char *copies, const char *options,
      struct pb_arguments *arguments, pb_error_t *err)
{
  static char argv[7][200];
  char       *pointers[8] = {0};
  const char *values[]    = {uri, job_id, "ann", "A title", copies, options, "/tmp/file"};

  for (int i = 0; i < argc && i < 7; i++)
  {
    snprintf(argv[i], sizeof(argv[i]), "%s", values[i]);
    pointers[i] = argv[i];
  }
  return pb_arguments_parse(argc, pointers, find, arguments, err);
}

static void
test_whole(void **state)
{
  struct pb_arguments arguments;
  pb_error_t          err = {0};

  (void)state;
  memset(environment, 0, sizeof(environment));
  environment[0][0] = "DEVICE_URI";
  environment[0][1] = "printbridge://cloud.test:99/7?wait-for=service";
  environment[1][0] = "PRINTBRIDGE_LEAVE_AFTER";
  environment[1][1] = "2m";
  check_ok(
    parse(7, "printbridge", "12", "3", "job-uuid=" JOB_UUID " sides=one-sided", &arguments, &err),
    err);
  assert_string_equal(arguments.uri.host, "cloud.test");
  assert_string_equal(arguments.uri.id, "7");
  assert_int_equal(arguments.uri.wait_for, PB_WAIT_SERVICE);
  assert_int_equal(arguments.job_id, 12);
  assert_int_equal(arguments.copies, 3);
  assert_string_equal(arguments.user, "ann");
  assert_string_equal(arguments.file, "/tmp/file");
  assert_string_equal(arguments.job_uuid, JOB_UUID);
  assert_string_equal(arguments.tmpdir, "/tmp");
  assert_int_equal(arguments.leave_ms, 120000);
  assert_true(arguments.is_local);
}

static void
test_rows(void **state)
{
  static const struct
  {
    const char *name;
    int         argc;
    const char *uri, *job_id, *copies, *options;
    const char *want_uuid;  // NULL: refused
    bool        want_local;
  } rows[] = {
    {"by argv[0]",       6, "printbridge://h/1", "1", "1",      "",                                    "",       true },
    {"no copies",        6, "printbridge://h/1", "1", "0",      "",                                    "",       true },
    {"a uuid",           6, "printbridge://h/1", "1", "1",      "job-uuid=" JOB_UUID,                  JOB_UUID, true },
    {"a bad uuid",       6, "printbridge://h/1", "1", "1",      "job-uuid=../../etc/passwd",           "",       true },
    {"localhost",        6, "printbridge://h/1", "1", "1",      "job-originating-host-name=localhost", "",
     true                                                                                                             },
    {"another machine",  6, "printbridge://h/1", "1", "1",      "job-originating-host-name=desk.test", "",
     false                                                                                                            },
    {"hidden in braces", 6, "printbridge://h/1", "1", "1",
     "x={=1 job-originating-host-name=desk.test",                                                      "",       false},
    {"hidden in quotes", 6, "printbridge://h/1", "1", "1",
     "x='=1 job-originating-host-name=desk.test",                                                      "",       false},
    {"said twice",       6, "printbridge://h/1", "1", "1",
     "job-originating-host-name=desk.test job-originating-host-name=localhost",                        "",       false},
    {"too few",          5, "printbridge://h/1", "1", "1",      "",                                    NULL,     true },
    {"no uri",           6, "printbridge",       "1", "1",      "",                                    NULL,     true },
    {"another scheme",   6, "ipps://h/ipp",      "1", "1",      "",                                    NULL,     true },
    {"bad job-id",       6, "printbridge://h/1", "x", "1",      "",                                    NULL,     true },
    {"bad copies",       6, "printbridge://h/1", "1", "many",   "",                                    NULL,     true },
    {"copies over all",  6, "printbridge://h/1", "1", "100000", "",                                    NULL,     true },
  };

  (void)state;
  memset(environment, 0, sizeof(environment));
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_arguments arguments;
    pb_error_t          err = {0};
    bool ok = parse(rows[i].argc, rows[i].uri, rows[i].job_id, rows[i].copies, rows[i].options,
                    &arguments, &err);

    if (ok != (rows[i].want_uuid != NULL))
      fail_msg("%s: %s", rows[i].name, err.message);
    if (!ok)
    {
      assert_int_equal(err.kind, PB_CONFIG);
      continue;
    }
    assert_string_equal(arguments.job_uuid, rows[i].want_uuid);
    assert_int_equal(arguments.is_local, rows[i].want_local);
    assert_true(arguments.copies >= 1);
    assert_null(arguments.file);
  }
}

static void
test_bad_leave_after(void **state)
{
  struct pb_arguments arguments;
  pb_error_t          err = {0};

  (void)state;
  memset(environment, 0, sizeof(environment));
  environment[0][0] = "PRINTBRIDGE_LEAVE_AFTER";
  environment[0][1] = "soon";
  assert_false(parse(6, "printbridge://h/1", "1", "1", "", &arguments, &err));
}

static void
test_wake_after(void **state)
{
  static const struct
  {
    const char *text;  // NULL: not set
    int64_t     want;  // 0: refused
  } rows[] = {
    {NULL,   180000  },
    {"5s",   5000    },
    {"1s",   3000    },
    {"0",    3000    },
    {"2d",   43200000},
    {"soon", 0       },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_arguments arguments;
    pb_error_t          err = {0};

    memset(environment, 0, sizeof(environment));
    environment[0][0] = rows[i].text != NULL ? "PRINTBRIDGE_WAKE_AFTER" : NULL;
    environment[0][1] = rows[i].text;
    assert_int_equal(parse(6, "printbridge://h/1", "1", "1", "", &arguments, &err),
                     rows[i].want != 0);
    if (rows[i].want != 0)
      assert_int_equal(arguments.wake_ms, rows[i].want);
  }
}

static void
test_formats(void **state)
{
  static const struct
  {
    const char *content, *final, *want;
  } rows[] = {
    {"application/pdf",        "application/pdf",             "application/pdf"         },
    {"application/pdf",        "application/vnd.cups-pdf",    "application/pdf"         },
    {"text/plain",             "image/pwg-raster",            "image/pwg-raster"        },
    {"application/pdf",        "printer/Q",                   "application/pdf"         },
    {"application/pdf",        NULL,                          "application/pdf"         },
    {"application/postscript", "printer/Q/application/x",     "application/postscript"  },
    {"application/x-strange",  "printer/Q",                   "application/octet-stream"},
    {NULL,                     NULL,                          "application/octet-stream"},
    {"application/pdf",        "application/vnd.cups-raster", NULL                      },
    {"application/pdf",        "application/vnd.cups-raw",    "application/octet-stream"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_arguments arguments = {.content_type       = rows[i].content,
                                     .final_content_type = rows[i].final};
    const char         *got       = pb_arguments_get_format(&arguments);

    if (!pb_text_is_equal(got, rows[i].want))
      fail_msg("%s -> %s: %s", rows[i].content, rows[i].final, got);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_whole),           cmocka_unit_test(test_rows),
    cmocka_unit_test(test_bad_leave_after), cmocka_unit_test(test_wake_after),
    cmocka_unit_test(test_formats),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
