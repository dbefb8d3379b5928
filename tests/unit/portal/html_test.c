// html_test - what comes out of the writer for texts of all kinds.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "portal/html.h"

#define BAD "\xEF\xBF\xBD"

static void
test_texts(void **state)
{
  static const struct
  {
    const char *name, *input, *want;
  } rows[] = {
    {"plain",      "Laser",                                     "[Laser]"                                           },
    {"empty",      "",                                          "[]"                                                },
    {"none",       NULL,                                        "[]"                                                },
    {"markup",     "<b a=\"x\" c='y'>&amp;",                    "[&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;]"},
    {"percent",    "%s%n%d",                                    "[%s%n%d]"                                          },
    {"UTF-8",      "B\xC3\xBCro \xE2\x82\xAC \xF0\x9F\x96\xA8",
     "[B\xC3\xBCro \xE2\x82\xAC \xF0\x9F\x96\xA8]"                                                                  },
    {"control",    "a\x1b[31m\nb\x7f",                          "[a" BAD "[31m" BAD "b" BAD "]"                     },
    {"C1",         "a\xC2\x9B",                                 "[a" BAD "]"                                        },
    {"override",
     "\xE2\x80\xAE"
     "gpj",                                                     "[" BAD "gpj]"                                      },
    {"isolate",    "\xE2\x81\xA6x\xE2\x81\xA9",                 "[" BAD "x" BAD "]"                                 },
    {"zero width",
     "a\xE2\x80\x8B"
     "b",                                                       "[a" BAD "b]"                                       },
    {"cut",        "a\xE2\x82",                                 "[a" BAD BAD "]"                                    },
    {"overlong",   "\xC0\xBC",                                  "[" BAD BAD "]"                                     },
    {"lone",       "\x80<",                                     "[" BAD "&lt;]"                                     },
    {"surrogate",  "\xED\xA0\x80",                              "[" BAD BAD BAD "]"                                 },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_buffer_t buffer;
    pb_html_t   html = {.out = &buffer};

    print_message("%s\n", rows[i].name);
    pb_buffer_init(&buffer, 1000);
    pb_html_add(&html, "[%s]", rows[i].input);
    assert_false(html.is_failed);
    assert_string_equal(buffer.data, rows[i].want);
    pb_buffer_clear(&buffer);
  }
}

static void
test_format(void **state)
{
  pb_buffer_t buffer;
  pb_html_t   html = {.out = &buffer};

  (void)state;
  pb_buffer_init(&buffer, 30);
  pb_html_add(&html, "<a b=\"%d\">%s 100%%</a>", -7, "<");
  assert_false(html.is_failed);
  assert_string_equal(buffer.data, "<a b=\"-7\">&lt; 100%</a>");
  pb_html_add(&html, "over the cap");
  assert_true(html.is_failed);
  pb_buffer_clear(&buffer);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_format)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
