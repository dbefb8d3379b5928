// ppd_strings_test - what a local queue's PPD calls its options and choices, and what of it
// crosses.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "ipp/attributes.h"
#include "ipp/ppd-lines.h"
#include "ipp/ppd-strings.h"
#include "ipp/ppd-vendor.h"

static const char ppd[] = "*PPD-Adobe: \"4.3\"\n"
                          "*% *OpenUI *Comment/Comment: PickOne\n"
                          "*LanguageVersion: English\n"
                          "*LanguageEncoding: ISOLatin1\n"
                          "*cupsLanguages: \"de pt_BR\"\n"
                          "*cupsIPPFinishings 20/staple-top-left: \"*Staple TopLeft\"\n"
                          "*OpenUI *PageSize/Media Size: PickOne\n"
                          "*PageSize A4/A4: \"<</PageSize[595 842]>>setpagedevice\n"
                          "*PageSize Trap/Trap: in a value\"\n"
                          "*PageSize Own/Own: \"\"\n"
                          "*CloseUI: *PageSize\n"
                          "*OpenUI *InputSlot/Media Source: PickOne\n"
                          "*InputSlot Upper/Top Caf\xe9: \"\"\n"
                          "*InputSlot Lower/Bottom <3C>x<3E> <e9e9>: \"\"\r\n"
                          "*CloseUI: *InputSlot\n"
                          "*OpenUI *MediaType/Media Type: PickOne\n"
                          "*MediaType Plain/Plain: \"\"\n"
                          "*CloseUI: *MediaType\n"
                          "*OpenUI *Duplex/2-Sided: PickOne\n"
                          "*Duplex None/Off: \"\"\n"
                          "*Duplex DuplexTumble/Short: \"\"\n"
                          "*CloseUI: *Duplex\n"
                          "*OpenUI *Staple/Staple: PickOne\n"
                          "*Staple None/None: \"\"\n"
                          "*Staple TopLeft/Top Left: \"\"\n"
                          "*CloseUI: *Staple\n"
                          "*OpenUI *TonerSave/Save Toner: PickOne\n"
                          "*TonerSave On/Yes: \"\"\n"
                          "*TonerSave Off/No: \"\"\n"
                          "*CloseUI: *TonerSave\n"
                          "*de.Translation PageSize/Papierformat: \"\"\n"
                          "*de.PageSize A4/DIN A4: \"\"\n"
                          "*de.Translation InputSlot/Papierzufuhr: \"\"\n"
                          "*de.InputSlot Upper/Oberes Fach f\xc3\xbcr <C3A4>: \"\"\n"
                          "*de.InputSlot None/Gibt es nicht: \"\"\n"
                          "*de.MediaType Plain/Normal: \"\"\n"
                          "*de.Duplex DuplexTumble/Kurze Seite: \"\"\n"
                          "*de.Staple TopLeft/Oben links: \"\"\n"
                          "*de.Translation TonerSave/Toner sparen: \"\"\n"
                          "*de.TonerSave On/Ja=1: \"\"\n"
                          "*de.TonerSave Off/Bad \xff: \"\"\n"
                          "*de.Other On/x: \"\"\n"
                          "*pt_BR.Duplex None/Desligado: \"\"\n"
                          "*toolong.Duplex None/x: \"\"\n"
                          "*DE.Duplex DuplexTumble/y: \"\"\n";

static ipp_t *
read_ppd(const char *text)
{
  static const char *const sources[] = {"top", "bottom"};
  static const char *const types[]   = {"stationery", "other"};
  ipp_t                   *to        = ippNew();

  ippAddStrings(to, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "media-source-supported", 2, NULL, sources);
  ippAddStrings(to, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "media-type-supported", 2, NULL, types);
  assert_true(pb_ppd_vendor_add(text, strlen(text), to));
  assert_true(pb_ppd_strings_add(text, strlen(text), to));
  return to;
}

static void
test_names(void **state)
{
  static const struct
  {
    const char *attribute, *value;
    bool        is_there;
  } rows[] = {
    {"printbridge-strings-en",    "media=Media Size",                             true },
    {"printbridge-strings-en",    "media.iso_a4_210x297mm=A4",                    true },
    {"printbridge-strings-en",    "media-source.top=Top Caf\u00e9",               true },
    {"printbridge-strings-en",    "media-source.bottom=Bottom <x> \u00e9\u00e9",  true },
    {"printbridge-strings-en",    "sides.one-sided=Off",                          true },
    {"printbridge-strings-en",    "finishings.20=Top Left",                       true },
    {"printbridge-strings-en",    "x-ppd-tonersave=Save Toner",                   true },
    {"printbridge-strings-en",    "x-ppd-tonersave.On=Yes",                       true },
    {"printbridge-strings-de",    "media=Papierformat",                           true },
    {"printbridge-strings-de",    "media.iso_a4_210x297mm=DIN A4",                true },
    {"printbridge-strings-de",    "media-source=Papierzufuhr",                    true },
    {"printbridge-strings-de",    "media-source.top=Oberes Fach f\u00fcr \u00e4", true },
    {"printbridge-strings-de",    "sides.two-sided-short-edge=Kurze Seite",       true },
    {"printbridge-strings-de",    "finishings.20=Oben links",                     true },
    {"printbridge-strings-de",    "x-ppd-tonersave.On=Ja=1",                      true },
    {"printbridge-strings-pt-br", "sides.one-sided=Desligado",                    true },
 // Two keywords and one choice: nobody knows which.
    {"printbridge-strings-de",    "media-type.stationery=Normal",                 false},
  };
  ipp_t *to = read_ppd(ppd);

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_attribute_t *at = ippFindAttribute(to, rows[i].attribute, IPP_TAG_TEXT);

    assert_non_null(at);
    if ((ippContainsString(at, rows[i].value) != 0) != rows[i].is_there)
      fail_msg("%s: %s", rows[i].attribute, rows[i].value);
  }
  ipp_attribute_t *languages =
    ippFindAttribute(to, "printer-strings-languages-supported", IPP_TAG_LANGUAGE);
  assert_int_equal(ippGetCount(languages), 3);
  for (ipp_attribute_t *at = ippFirstAttribute(to); at != NULL; at = ippNextAttribute(to))
  {
    for (int i = 0; i < ippGetCount(at) && ippGetValueTag(at) == IPP_TAG_TEXT; i++)
    {
      const char *text = ippGetString(at, i, NULL);

      if (strstr(text, "Trap") != NULL || strstr(text, "Comment") != NULL ||
          strstr(text, "Gibt es nicht") != NULL || strstr(text, "Bad") != NULL)
        fail_msg("%s", text);
    }
  }
  ippDelete(to);
}

// They pass the check of what a device may report.
static void
test_they_cross(void **state)
{
  ipp_t *from = read_ppd(ppd), *to = ippNew();

  (void)state;
  ippAddString(from, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printbridge-strings-X", NULL, "a=b");
  ippAddString(from, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "printbridge-strings-fr", NULL, "a");
  assert_true(pb_attributes_copy(PB_ATTRIBUTES_DEVICE, from, IPP_TAG_PRINTER, to, IPP_TAG_PRINTER,
                                 NULL, NULL) > 0);
  assert_non_null(ippFindAttribute(to, "printbridge-strings-de", IPP_TAG_TEXT));
  assert_null(ippFindAttribute(to, "printbridge-strings-X", IPP_TAG_ZERO));
  assert_null(ippFindAttribute(to, "printbridge-strings-fr", IPP_TAG_ZERO));
  assert_string_equal(pb_attributes_get_strings_language("printbridge-strings-pt-br"), "pt-br");
  assert_null(pb_attributes_get_strings_language("printbridge-strings-"));
  assert_null(pb_attributes_get_strings_language("printer-strings-uri"));
  assert_false(pb_attributes_has(PB_ATTRIBUTES_JOB_TEMPLATE, "printbridge-strings-de"));
  ippDelete(from);
  ippDelete(to);
}

// A PPD in German alone.
static void
test_one_language(void **state)
{
  static const char german[] =
    "*LanguageVersion: German\n*LanguageEncoding: ISOLatin1\n"
    "*OpenUI *Duplex/Beidseitig f\xfcr: PickOne\n*Duplex None/Aus: \"\"\n*CloseUI: *Duplex\n";
  static const char unknown[] =
    "*LanguageVersion: Klingon\n"
    "*OpenUI *Duplex/x: PickOne\n*Duplex None/y: \"\"\n*CloseUI: *Duplex\n";
  ipp_t *to = read_ppd(german);

  (void)state;
  assert_true(ippContainsString(ippFindAttribute(to, "printbridge-strings-de", IPP_TAG_TEXT),
                                "sides=Beidseitig f\u00fcr"));
  assert_null(ippFindAttribute(to, "printbridge-strings-en", IPP_TAG_ZERO));
  ippDelete(to);
  to = read_ppd(unknown);
  assert_null(ippFindAttribute(to, "printer-strings-languages-supported", IPP_TAG_ZERO));
  ippDelete(to);
}

// A PPD with too much of it.
static void
test_cap(void **state)
{
  pb_buffer_t text = {0};
  pb_error_t  err  = {0};
  size_t      all  = 0;

  (void)state;
  pb_buffer_init(&text, 4 * 1024 * 1024);
  check_ok(pb_buffer_appendf(&text, &err,
                             "*OpenUI *Duplex/Duplex: PickOne\n*Duplex None/Off: \"\"\n"
                             "*CloseUI: *Duplex\n*OpenUI *Big/Big: PickOne\n"),
           err);
  for (int i = 0; i < 60; i++)
    check_ok(pb_buffer_appendf(&text, &err,
                               "*Big Choice%d/A rather long name of the choice number %d: \"\"\n",
                               i, i),
             err);
  check_ok(pb_buffer_appendf(&text, &err, "*CloseUI: *Big\n"), err);
  for (int i = 0; i < 60 * 60; i++)
    check_ok(pb_buffer_appendf(&text, &err,
                               "*%c%c.Big Choice%d/A rather long name of the choice: \"\"\n",
                               'a' + i / 60 / 26, 'a' + i / 60 % 26, i % 60),
             err);
  ipp_t *to = read_ppd(text.data);
  for (ipp_attribute_t *at = ippFirstAttribute(to); at != NULL; at = ippNextAttribute(to))
  {
    for (int i = 0; ippGetValueTag(at) == IPP_TAG_TEXT && i < ippGetCount(at); i++)
      all += strlen(ippGetString(at, i, NULL));
  }
  assert_in_range(all, 1000, PB_PPD_STRINGS_MAX);
  assert_in_range(
    ippGetCount(ippFindAttribute(to, "printer-strings-languages-supported", IPP_TAG_LANGUAGE)), 2,
    PB_PPD_STRINGS_LANGUAGES_MAX);
  ippDelete(to);
  pb_buffer_clear(&text);
}

static void
test_decode(void **state)
{
  static const struct
  {
    const char *text;
    bool        is_utf8;
    const char *want;  // NULL: refused
  } rows[] = {
    {"plain",    true,  "plain" },
    {"<41>",     true,  "A"     },
    {"<41 42>c", true,  "ABc"   },
    {"a<b",      true,  "a<b"   },
    {"<zz>",     true,  "<zz>"  },
    {"<414>",    true,  NULL    },
    {"<e4>",     false, "\u00e4"},
    {"<c3a4>",   true,  "\u00e4"},
    {"<e4>",     true,  NULL    },
    {"\xe4",     false, "\u00e4"},
    {"<0a>",     true,  NULL    },
    {"",         true,  ""      },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    char to[64];
    bool ok = pb_ppd_line_decode(rows[i].text, rows[i].is_utf8, to, sizeof(to));

    if (rows[i].want != NULL && (!ok || strcmp(to, rows[i].want) != 0))
      fail_msg("%s: %s", rows[i].text, ok ? to : "refused");
    if (rows[i].want == NULL && ok && strcmp(rows[i].text, "<414>") != 0)
      fail_msg("%s: taken", rows[i].text);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_names),        cmocka_unit_test(test_they_cross),
    cmocka_unit_test(test_one_language), cmocka_unit_test(test_cap),
    cmocka_unit_test(test_decode),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
