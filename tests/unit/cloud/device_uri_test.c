// device_uri_test - device URIs, addresses and services.conf: what is taken, and what is refused.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "cloud/device-uri.h"
#include "cloud/services.h"

#include <sys/stat.h>
#include <unistd.h>

#define LONG_ID                                                                                    \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aaaaaaaaaaaaa"                                                                                  \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
test_parse(void **state)
{
  static const struct
  {
    const char      *text;
    const char      *host;  // NULL: refused
    int              port;
    const char      *id;
    enum pb_wait_for wait_for;
    const char      *again;  // as it is written; NULL: the same
  } rows[] = {
    {"printbridge://cloud.test/3",                              "cloud.test", 8631, "3",       PB_WAIT_PRINTER, NULL               },
    {"printbridge://cloud.test:8632/3",                         "cloud.test", 8632, "3",       PB_WAIT_PRINTER, NULL               },
    {"printbridge://cloud.test:8631/3",                         "cloud.test", 8631, "3",       PB_WAIT_PRINTER,
     "printbridge://cloud.test/3"                                                                                                  },
    {"PrintBridge://Cloud.Test/A-b_c.d",                        "cloud.test", 8631, "A-b_c.d", PB_WAIT_PRINTER,
     "printbridge://cloud.test/A-b_c.d"                                                                                            },
    {"printbridge://127.0.0.1:1/x?wait-for=service",            "127.0.0.1",  1,    "x",       PB_WAIT_SERVICE, NULL               },
    {"printbridge://h/x?wait-for=printer",                      "h",          8631, "x",       PB_WAIT_PRINTER, "printbridge://h/x"},
    {"printbridge://[::1]:8632/x",                              "::1",        8632, "x",       PB_WAIT_PRINTER, NULL               },
    {"printbridge://[FE80::1]/x",                               "fe80::1",    8631, "x",       PB_WAIT_PRINTER,
     "printbridge://[fe80::1]/x"                                                                                                   },
    {"",                                                        NULL,         0,    NULL,      0,               NULL               },
    {"printbridge",                                             NULL,         0,    NULL,      0,               NULL               },
    {"printbridge:cloud/3",                                     NULL,         0,    NULL,      0,               NULL               },
    {"ipps://cloud/3",                                          NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://",                                          NULL,         0,    NULL,      0,               NULL               },
    {"printbridge:///3",                                        NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud",                                     NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/",                                    NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud?wait-for=service",                    NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://user@cloud/3",                              NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud:0/3",                                 NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud:65536/3",                             NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud:/3",                                  NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud:+8/3",                                NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud:8 /3",                                NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://.cloud/3",                                  NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://-cloud/3",                                  NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cl ud/3",                                   NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cl%41ud/3",                                 NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://[::1/3",                                    NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://[]/3",                                      NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://[::1]x/3",                                  NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/.",                                   NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/..",                                  NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/a/b",                                 NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/a%2fb",                               NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/3 ",                                  NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/3?",                                  NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/3?wait-for=",                         NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/3?wait-for=ever",                     NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/3?color=1",                           NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/3?wait-for=service&wait-for=printer", NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/3#x",                                 NULL,         0,    NULL,      0,               NULL               },
    {"printbridge://cloud/" LONG_ID,                            NULL,         0,    NULL,      0,               NULL               },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_device_uri uri;
    pb_error_t           err = {0};
    char                 text[PB_DEVICE_URI_SIZE];

    if (pb_device_uri_parse(rows[i].text, &uri, &err) != (rows[i].host != NULL))
      fail_msg("%s: %s", rows[i].text, err.message);
    if (!rows[i].host)
    {
      assert_int_equal(err.kind, PB_CONFIG);
      continue;
    }
    assert_string_equal(uri.host, rows[i].host);
    assert_int_equal(uri.port, rows[i].port);
    assert_string_equal(uri.id, rows[i].id);
    assert_int_equal(uri.wait_for, rows[i].wait_for);
    assert_true(pb_device_uri_format(&uri, text, sizeof(text)));
    assert_string_equal(text, rows[i].again ? rows[i].again : rows[i].text);
  }
}

static void
test_other_forms(void **state)
{
  struct pb_device_uri uri = {.host = "::1", .port = 8632, .id = "3"};
  char                 text[512];
  pb_error_t           err = {0};

  (void)state;
  assert_true(pb_device_uri_get_printer_uri(&uri, text, sizeof(text)));
  assert_string_equal(text, "ipps://[::1]:8632/ipp/print/3");
  assert_true(pb_device_uri_get_service(&uri, text, sizeof(text)));
  assert_string_equal(text, "https://[::1]:8632");
  assert_false(pb_device_uri_get_service(&uri, text, 10));
  assert_false(pb_device_uri_format(&uri, text, 10));
  uri.id[0] = '\0';
  assert_false(pb_device_uri_format(&uri, text, sizeof(text)));
  check_ok(pb_device_uri_from_printer("ipps://Cloud.test/ipp/print/7", &uri, &err), err);
  assert_string_equal(uri.host, "cloud.test");
  assert_int_equal(uri.port, 631);
  assert_string_equal(uri.id, "7");
  static const char *const bad[] = {"ipp://c/ipp/print/7",    "ipps://c/ipp/print/",
                                    "ipps://c/print/7",       "ipps:///ipp/print/7",
                                    "ipps://c/ipp/print/7/8", ""};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(pb_device_uri_from_printer(bad[i], &uri, &err));
}

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
test_services_text(void **state)
{
  static const char  text[] = "# a comment\n"
                              "\n"
                              "service = https://one.test\n"
                              "  service=https://Two.test:9000/ ca-fingerprint=" HEX64 "\r\n"
                              "service = https://three.test ca-file=/etc/ca.pem\n"
                              "service = https://one.test ca-file=/etc/other.pem\n"
                              "service = http://plain.test\n"
                              "service = https://path.test/x\n"
                              "service = https://short.test ca-fingerprint=0123\n"
                              "service = https://relative.test ca-file=ca.pem\n"
                              "service = https://more.test color=yes\n"
                              "service =\n"
                              "server = https://other.test\n"
                              "https://bare.test\n"
                              "service = https://last.test";
  struct pb_service *list   = NULL;
  size_t             count  = 0;
  pb_error_t         err    = {0};

  (void)state;
  check_ok(pb_services_parse(text, sizeof(text) - 1, &list, &count, &err), err);
  assert_int_equal(count, 4);
  assert_string_equal(list[0].url, "https://one.test:8631");
  assert_string_equal(list[0].ca_file, "");
  assert_string_equal(list[1].url, "https://two.test:9000");
  assert_string_equal(list[1].ca_fingerprint, HEX64);
  assert_string_equal(list[2].ca_file, "/etc/ca.pem");
  assert_string_equal(list[3].host, "last.test");
  free(list);
}

static void
check_count(const struct pb_places *places, size_t want)
{
  struct pb_service *list  = NULL;
  size_t             count = 0;
  pb_error_t         err   = {0};

  check_ok(pb_services_load(places, &list, &count, &err), err);
  assert_int_equal(count, want);
  free(list);
}

static void
test_services_file(void **state)
{
  struct pb_places  places = {0};
  struct pb_service one, two;
  pb_error_t        err = {0};
  char              path[PB_PLACE_SIZE + 32];

  (void)state;
  strcpy(places.config, "/tmp/pb-services-XXXXXX");
  assert_non_null(mkdtemp(places.config));
  snprintf(path, sizeof(path), "%s/" PB_SERVICES_FILE, places.config);
  check_count(&places, 0);
  assert_false(pb_services_find(&places, "one.test", 8631, &two, &err));
  assert_int_equal(err.kind, PB_GONE);

  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("# ours\nservice = https://one.test # no\nservice = https://two.test:1", file);
  fclose(file);
  check_count(&places, 1);
  check_ok(pb_service_parse("https://one.test", &one, &err), err);
  strcpy(one.ca_fingerprint, HEX64);
  check_ok(pb_services_save(&places, &one, &err), err);
  check_count(&places, 2);
  strcpy(one.ca_fingerprint, "");
  strcpy(one.ca_file, "/etc/ca.pem");
  check_ok(pb_services_save(&places, &one, &err), err);
  check_count(&places, 2);
  check_ok(pb_services_find(&places, "ONE.test", 8631, &two, &err), err);
  assert_string_equal(two.ca_file, "/etc/ca.pem");
  assert_string_equal(two.ca_fingerprint, "");
  check_ok(pb_services_find(&places, "two.test", 1, &two, &err), err);
  strcpy(one.ca_file, "/etc/my ca.pem");
  assert_false(pb_services_save(&places, &one, &err));
  unlink(path);
  rmdir(places.config);
}

static void
test_places(void **state)
{
  struct pb_places places;
  pb_error_t       err = {0};

  (void)state;
  setenv("PRINTBRIDGE_CONFIG", "/t/etc", 1);
  setenv("PRINTBRIDGE_STATE", "/t/lib", 1);
  setenv("PRINTBRIDGE_CACHE", "/t/cache", 1);
  setenv("XDG_CONFIG_HOME", "/t/xdg", 1);
  setenv("HOME", "/t/home", 1);
  unsetenv("XDG_CACHE_HOME");
  unsetenv("PRINTBRIDGE_USERS");
  check_ok(pb_places_get(NULL, &places, &err), err);
  assert_string_equal(places.config, "/t/etc");
  assert_string_equal(places.machine_sign_ins, "/t/lib/sign-ins/machine");
  assert_string_equal(places.cache, "/t/cache");
  assert_string_equal(places.user_sign_ins, "/t/xdg/printbridge/sign-ins");
  assert_string_equal(places.user_cache, "/t/home/.cache/printbridge");
  // Another user's: this process's environment says nothing of it.
  check_ok(pb_places_get("daemon", &places, &err), err);
  assert_null(strstr(places.user_sign_ins, "/t/"));
  assert_non_null(strstr(places.user_sign_ins, "/.config/printbridge/sign-ins"));

  setenv("PRINTBRIDGE_USERS", "/t/users", 1);
  check_ok(pb_places_get("mary", &places, &err), err);
  assert_string_equal(places.user_sign_ins, "/t/users/mary/sign-ins");
  assert_string_equal(places.user_cache, "/t/users/mary/cache");
  static const char *const bad[] = {"", ".", "..", "a/b", "../x", ".hidden", "a\nb"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
  {
    check_ok(pb_places_get(bad[i], &places, &err), err);
    assert_string_equal(places.user_sign_ins, "");
  }
  setenv("PRINTBRIDGE_CONFIG", "etc", 1);
  assert_false(pb_places_get(NULL, &places, &err));
  assert_int_equal(err.kind, PB_CONFIG);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_parse),         cmocka_unit_test(test_other_forms),
    cmocka_unit_test(test_services_text), cmocka_unit_test(test_services_file),
    cmocka_unit_test(test_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
