// choice_test - the names and texts of values, and the line that maps a choice back.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "ipp/choice.h"

#define WORD IPP_TAG_KEYWORD
#define SIZE IPP_TAG_BEGIN_COLLECTION

static const struct row
{
  const char            *attribute;
  struct pb_choice_value value;
  const char            *name, *text, *map;  // map NULL: none
} rows[] = {
  {"media-source",
   {.tag = WORD, .text = "by-pass-tray"},
   "ByPassTray",                                                                                               "Bypass Tray",
   "keyword by-pass-tray"                                                                                                                                           },
  {"media-source",       {.tag = WORD, .text = "tray-10"},                                     "Tray10",       "Tray 10",                          "keyword tray-10"},
  {"media-source",       {.tag = WORD, .text = "auto"},                                        "Auto",         "Automatic",                        "keyword auto"   },
  {"media-source",       {.tag = IPP_TAG_NAME, .text = "Tray 1"},                              "Tray1",        "Tray 1",                           "name Tray%201"  },
  {"media-source",       {.tag = IPP_TAG_NAME, .text = "default"},                             "Default",      "default",                          "name default"   },
  {"media-source",       {.tag = IPP_TAG_NAME, .text = "100%"},                                "100_2f97df3b", "100%",                             "name 100%25"    },
  {"media-type",
   {.tag = WORD, .text = "custom-media-1"},
   "KustomMedia1_9e0b4b6d",                                                                                    "Custom Media 1",
   "keyword custom-media-1"                                                                                                                                         },
  {"media-type",
   {.tag = WORD, .text = "com.acme-paper"},
   "Com.acmePaper",                                                                                            "Com.acme Paper",
   "keyword com.acme-paper"                                                                                                                                         },
  {"sides",
   {.tag = WORD, .text = "two-sided-long-edge"},
   "DuplexNoTumble",                                                                                           "Long-Edge (Portrait)",
   "keyword two-sided-long-edge"                                                                                                                                    },
  {"print-color-mode",
   {.tag = WORD, .text = "monochrome"},
   "Gray",                                                                                                     "Grayscale",
   "keyword monochrome"                                                                                                                                             },
  {"print-quality",      {.tag = IPP_TAG_ENUM, .number = 5},                                   "High",         "High",                             "enum 5"         },
  {"finishings",
   {.tag = IPP_TAG_ENUM, .number = 20},
   "StapleTopLeft",                                                                                            "Staple Top Left",
   "enum 20"                                                                                                                                                        },
  {"finishings",
   {.tag = IPP_TAG_ENUM, .number = 4095},
   "Finishings4095",                                                                                           "Finishings 4095",
   "enum 4095"                                                                                                                                                      },
  {"print-darkness",     {.tag = IPP_TAG_INTEGER, .number = -50},                              "Minus50",      "-50",                              "integer -50"    },
  {"print-darkness",
   {.tag = IPP_TAG_INTEGER, .number = -2147483647 - 1},
   "Minus2147483648",                                                                                          "-2147483648",
   "integer -2147483648"                                                                                                                                            },
  {"printer-resolution",
   {.tag = IPP_TAG_RESOLUTION, .x = 600, .y = 1200, .units = IPP_RES_PER_INCH},
   "600x1200dpi",                                                                                              "600x1200dpi",
   "resolution 600 1200 dpi"                                                                                                                                        },
  {"media-size",
   {.tag = SIZE, .text = "iso_a4_210x297mm", .x = 21000, .y = 29700, .margins = {1, 2, 3, 4}},
   "A4",                                                                                                       "A4",
   "size iso_a4_210x297mm 21000 29700 1 2 3 4"                                                                                                                      },
  {"media-size",
   {.tag = SIZE, .text = "", .x = 12345, .y = 23456},
   "123.45x234.56mm",                                                                                          "123.4 x 234.5 mm",
   "size % 12345 23456 0 0 0 0"                                                                                                                                     },
  {"media-size",
   {.tag = SIZE, .text = "oe_2.25x1.25-label_2.25x1.25in", .x = 5715, .y = 3175},
   "2.25x1.25",                                                                                                "2.25x1.25 Label (2.25 x 1.25 in)",
   "size oe_2.25x1.25-label_2.25x1.25in 5715 3175 0 0 0 0"                                                                                                          },
};

static void
test_rows(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    const struct row *row = &rows[i];
    char              name[PB_CHOICE_NAME_SIZE], text[PB_CHOICE_TEXT_SIZE], map[PB_CHOICE_MAP_SIZE];
    struct pb_choice_value back;
    bool                   is_default = true;

    pb_choice_format_name(row->attribute, &row->value, name);
    assert_string_equal(name, row->name);
    pb_choice_format_text(row->attribute, &row->value, text);
    assert_string_equal(text, row->text);
    for (int with = 0; with < 2; with++)
    {
      assert_true(pb_choice_map_format(&row->value, with, map));
      assert_int_equal(strncmp(map, row->map, strlen(row->map)), 0);
      assert_string_equal(map + strlen(row->map), with ? " default" : "");
      assert_true(pb_choice_map_parse(map, &back, &is_default));
      assert_int_equal(is_default, with);
      assert_true(pb_choice_value_is_equal(&back, &row->value));
    }
  }
}

static void
test_bad_maps(void **state)
{
  static const char *const maps[] = {
    "",
    " ",
    "keyword",
    "keyword ",
    "keyword  a",
    "keyword a b",
    "Keyword a",
    "keyword a%",
    "keyword a%2",
    "keyword a%zz",
    "keyword %61",
    "keyword a%0A",
    "keyword a%00b",
    "keyword a\"b",
    "keyword a b default x",
    "keyword %",
    "name default default default",
    "enum",
    "enum x",
    "enum 1 2",
    "enum 99999999999",
    "enum 1.5",
    "resolution 600 600",
    "resolution 0 600 dpi",
    "resolution 600 600 dpx",
    "size a 1 1 1 1 1",
    "size a 0 1 0 0 0 0",
    "size a 1 1 -1 0 0 0",
    "size a 1 1 0 0 0 0 0",
    "default",
    "cupsFilter x",
    "text a",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
  {
    struct pb_choice_value value;
    bool                   is_default = false;

    if (pb_choice_map_parse(maps[i], &value, &is_default))
      fail_msg("'%s' is taken", maps[i]);
  }
}

// Too long to map: then there is no such choice.
static void
test_long(void **state)
{
  struct pb_choice_value value = {.tag = IPP_TAG_NAME};
  char             map[PB_CHOICE_MAP_SIZE], name[PB_CHOICE_NAME_SIZE], text[PB_CHOICE_TEXT_SIZE];
  ipp_t           *message = ippNew();
  ipp_attribute_t *at      = NULL;

  (void)state;
  memset(value.text, ' ', sizeof(value.text) - 1);
  assert_false(pb_choice_map_format(&value, false, map));
  memset(value.text, 'a', sizeof(value.text) - 1);
  assert_true(pb_choice_map_format(&value, true, map));
  pb_choice_format_name("media-type", &value, name);
  assert_int_equal(strlen(name), PB_CHOICE_NAME_SIZE - 1);
  pb_choice_format_text("media-type", &value, text);
  assert_int_equal(strlen(text), PB_CHOICE_TEXT_SIZE - 1);
  at = ippAddString(message, IPP_TAG_PRINTER, IPP_TAG_NAME, "media-type-supported", NULL,
                    "line\nbreak");
  assert_false(pb_choice_value_get(at, 0, &value));
  at = ippAddBoolean(message, IPP_TAG_PRINTER, "page-ranges-supported", 1);
  assert_false(pb_choice_value_get(at, 0, &value));
  ippDelete(message);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rows),
    cmocka_unit_test(test_bad_maps),
    cmocka_unit_test(test_long),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
