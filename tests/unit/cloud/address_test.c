// address_test - a service's address as people type it, and which port is meant where none is.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "cloud/address.h"

static void
check_row(const char *name, bool is_good)
{
  if (!is_good)
    fail_msg("row \"%s\"", name);
}

static void
test_parse(void **state)
{
  static const struct
  {
    const char *typed;
    const char *url;  // NULL: refused
    bool        has_port;
  } rows[] = {
    {"print.example",              "https://print.example:8631", false},
    {"Print.Example/",             "https://print.example:8631", false},
    {"https://print.example",      "https://print.example:8631", false},
    {"https://print.example/",     "https://print.example:8631", false},
    {"https://print.example:443",  "https://print.example:443",  true },
    {"print.example:9000",         "https://print.example:9000", true },
    {"[::1]",                      "https://[::1]:8631",         false},
    {"https://[::1]:9000/",        "https://[::1]:9000",         true },
    {"",                           NULL,                         false},
    {"https://",                   NULL,                         false},
    {"http://print.example",       NULL,                         false},
    {"ipps://print.example",       NULL,                         false},
    {"https://print.example/path", NULL,                         false},
    {"https://print.example?x",    NULL,                         false},
    {"user@print.example",         NULL,                         false},
    {"print.example:0",            NULL,                         false},
    {"print example",              NULL,                         false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_service service;
    pb_error_t        err      = {0};
    bool              has_port = false;
    bool              ok       = pb_address_parse(rows[i].typed, &service, &has_port, &err);

    check_row(rows[i].typed, ok == (rows[i].url != NULL));
    if (rows[i].url == NULL)
    {
      assert_int_equal(err.kind, PB_CONFIG);
      continue;
    }
    assert_string_equal(service.url, rows[i].url);
    assert_int_equal(has_port, rows[i].has_port);
  }
}

struct net
{
  const char *answers[2];  // where a service is
  int         asked;
};

static bool
ask(void *user, const char *url, pb_error_t *err)
{
  struct net *net = user;

  net->asked++;
  for (size_t i = 0; i < 2; i++)
  {
    if (net->answers[i] != NULL && strcmp(net->answers[i], url) == 0)
      return true;
  }
  return pb_error_set(err, PB_RETRY, "%s is silent", url);
}

static void
test_find(void **state)
{
#define H "https://h.example"
  static const struct
  {
    const char *name, *typed, *known[3], *answers[2], *want;  // want NULL: refused
    int         asked;
    const char *why;
  } rows[] = {
    {"typed",            H ":9000",   {H ":8631"},             {NULL},                H ":9000", 0, NULL                                                  },
    {"our own port",     H,           {NULL},                  {H ":8631"},           H ":8631", 1, NULL                                                  },
    {"both",             H,           {NULL},                  {H ":443", H ":8631"}, H ":8631", 1, NULL                                                  },
    {"the web's",        H,           {NULL},                  {H ":443"},            H ":443",  2, NULL                                                  },
    {"neither",          H,           {NULL},                  {NULL},                NULL,      2, ":8631 is silent (nor is there a service at port 443)"},
    {"known",            "h.example", {H ":9000"},             {H ":8631"},           H ":9000", 0, NULL                                                  },
    {"another is known", H,           {"https://i.example:1"}, {H ":443"},            H ":443",  2, NULL                                                  },
    {"several",          H,           {H ":1", H ":2"},        {H ":443"},            NULL,      0, "say the port"                                        },
  };
#undef H

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct net net = {
      .answers = {rows[i].answers[0], rows[i].answers[1]}
    };
    size_t            count = 0;
    struct pb_service service;
    pb_error_t        err = {0};

    while (count < 3 && rows[i].known[count] != NULL)
      count++;
    bool ok = pb_address_find(rows[i].typed, rows[i].known, count, ask, &net, &service, &err);
    check_row(rows[i].name, ok == (rows[i].want != NULL));
    check_row(rows[i].name, net.asked == rows[i].asked);
    if (ok)
      assert_string_equal(service.url, rows[i].want);
    else
      assert_non_null(strstr(err.message, rows[i].why));
  }
}

static void
test_nobody_is_asked(void **state)
{
  struct pb_service service;
  pb_error_t        err = {0};

  (void)state;
  check_ok(pb_address_find("h.example", NULL, 0, /*ask*/ NULL, NULL, &service, &err), err);
  assert_string_equal(service.url, "https://h.example:8631");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_parse),
    cmocka_unit_test(test_find),
    cmocka_unit_test(test_nobody_is_asked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
