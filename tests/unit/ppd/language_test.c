// language_test - PPDs with the printer's own names in several languages: cupstestppd finds
// nothing, libcups shows them, and no name becomes anything but a name.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "printers.h"

#include "base/text.h"
#include "ppd/line.h"

#define EVIL "x: \"\"\n*cupsFilter: \"text/plain 0 sh\"\n*End: \""

static const struct name_row
{
  const char *attribute, *value;
  const char *german, *english;
} name_rows[] = {
  {"media",              NULL,                  "Papierformat",         NULL             },
  {"media",              "iso_a4_210x297mm",    "DIN A4",               "A4 (European)"  },
  {"media-source",       NULL,                  "Papierzuf\u00fchrung", NULL             },
  {"media-source",       "by-pass-tray",        "Universalzufuhr",      "Multipurpose"   },
  {"media-source",       "tray-1",              "Fach <1>: \"oben\"",   NULL             },
  {"sides",              NULL,                  "Beidseitig",           NULL             },
  {"sides",              "two-sided-long-edge", "Lange Kante",          "Long Side"      },
  {"finishings",         "20",                  "Oben links",           "Top Left Corner"},
  {"stitching",          NULL,                  "Heften",               NULL             },
  {"print-quality",      "5",                   "Beste",                NULL             },
  {"printer-resolution", "600dpi",              "600 Punkte",           NULL             },
  {"media-type",         "stationery",          "Normalpapier",         "Caf\u00e9"      },
  {"output-bin",         "face-down",           EVIL,                   EVIL             },
};

static pb_strings_t *
make_catalog(bool is_german)
{
  pb_strings_t *strings = pb_strings_new();

  assert_non_null(strings);
  for (size_t i = 0; i < sizeof(name_rows) / sizeof(name_rows[0]); i++)
  {
    const struct name_row *row  = &name_rows[i];
    const char            *text = is_german ? row->german : row->english;

    if (text != NULL)
      assert_true(pb_strings_add(strings, row->attribute, row->value, text));
  }
  return strings;
}

static struct pb_ppd_catalog catalogs[4];

static void
write_ppd(struct printer *printer, size_t count)
{
  struct pb_ppd_names names = {.catalogs = catalogs, .catalogs_count = count};
  pb_error_t          err   = {0};
  FILE               *file  = fopen(printer->path, "w");

  pb_buffer_clear(&printer->ppd);
  if (!pb_ppd_write(printer->attributes, &names, &printer->ppd, &err))
    fail_msg("%s: %s", printer->name, err.message);
  assert_non_null(file);
  assert_int_equal(fwrite(printer->ppd.data, 1, printer->ppd.size, file), printer->ppd.size);
  fclose(file);
}

static void
check_ppd(struct printer *printer)
{
  char  command[256], line[512], all[4096] = "";
  FILE *pipe = NULL;

  write_ppd(printer, 4);
  snprintf(command, sizeof(command), "cupstestppd %s 2>&1", printer->path);
  pipe = popen(command, "r");
  assert_non_null(pipe);
  while (fgets(line, sizeof(line), pipe) != NULL)
  {
    if (strstr(line, "FAIL") != NULL || strstr(line, "ranslation") != NULL)
      strncat(all, line, sizeof(all) - strlen(all) - 1);
  }
  if (pclose(pipe) != 0 || all[0] != '\0')
    fail_msg("%s: %s", printer->name, all);
}

static void
test_cupstestppd(void **state)
{
  (void)state;
  printers_each(check_ppd);
}

// --- what is in it

static const struct line_row
{
  const char *printer;
  const char *line;
  bool        is_there;
} line_rows[] = {
  {"office-color-mfp", "\n*cupsLanguages: \"en de pt_BR pt zh_CN zh\"\n",               true },
  {"office-color-mfp", "\n*LanguageEncoding: ISOLatin1\n",                              true },
  {"office-color-mfp", "\n*de.Translation PageSize/Papierformat: \"\"\n",               true },
  {"office-color-mfp", "\n*de.PageSize A4/DIN A4: \"\"\n",                              true },
  {"office-color-mfp", "\n*pt_BR.PageSize A4/A4: \"\"\n",                               true },
  {"office-color-mfp", "\n*zh_CN.PageSize A4/DIN A4: \"\"\n",                           true },
  {"office-color-mfp", "\n*PageSize A4/A4 (European): \"",                              true },
  {"office-color-mfp", "\n*de.Translation InputSlot/Papierzuf\u00fchrung: \"\"\n",      true },
  {"office-color-mfp", "\n*de.InputSlot ByPassTray/Universalzufuhr: \"\"\n",            true },
  {"office-color-mfp", "\n*InputSlot ByPassTray/Multipurpose: \"",                      true },
  {"office-color-mfp", "\n*de.InputSlot Tray1/Fach <3C>1<3E><3A> <22>oben<22>: \"\"\n", true },
  {"office-color-mfp", "\n*de.Translation Duplex/Beidseitig: \"\"\n",                   true },
  {"office-color-mfp", "\n*de.Duplex DuplexNoTumble/Lange Kante: \"\"\n",               true },
  {"office-color-mfp", "\n*de.Duplex None/Off (1-Sided): \"\"\n",                       true },
  {"office-color-mfp", "\n*de.Translation StapleLocation/Heften: \"\"\n",               true },
  {"office-color-mfp", "\n*de.StapleLocation StapleTopLeft/Oben links: \"\"\n",         true },
  {"office-color-mfp", "\n*de.cupsPrintQuality High/Beste: \"\"\n",                     true },
  {"office-color-mfp", "\n*MediaType Stationery/Caf?: \"",                              true },
  {"office-color-mfp", "\n*en.MediaType Stationery/Caf\u00e9: \"\"\n",                  true },
  {"office-color-mfp", "\n*cupsFilter:",                                                false},
  {"office-color-mfp", "\n*End",                                                        false},
  {"non-latin",        "\n*de.InputSlot CupsFilterX_cddc8b84/",                         true },
};

static void
check_lines(struct printer *printer)
{
  write_ppd(printer, 4);
  for (size_t i = 0; i < sizeof(line_rows) / sizeof(line_rows[0]); i++)
  {
    const struct line_row *row = &line_rows[i];

    if (pb_text_has_prefix(printer->name, row->printer) &&
        (strstr(printer->ppd.data, row->line) != NULL) != row->is_there)
      fail_msg("%s: %s: %s", printer->name, row->is_there ? "there is no line" : "there is a line",
               row->line);
  }
}

static void
test_lines(void **state)
{
  (void)state;
  printers_each(check_lines);
}

// English alone needs no languages, and so may be what it likes.
static void
check_english(struct printer *printer)
{
  write_ppd(printer, 1);
  assert_null(strstr(printer->ppd.data, "cupsLanguages"));
  assert_null(strstr(printer->ppd.data, "\n*en."));
  assert_non_null(strstr(printer->ppd.data, "\n*LanguageEncoding: UTF-8\n"));
  if (pb_text_has_prefix(printer->name, "office-color-mfp"))
    assert_non_null(strstr(printer->ppd.data, "\n*MediaType Stationery/Caf\u00e9: \""));
}

static void
test_english(void **state)
{
  (void)state;
  printers_each(check_english);
}

// Languages that are none, twice the same, and more than there is room for.
static void
check_languages(struct printer *printer)
{
  static const char *const bad[] = {
    "de: \"x\"\n*cupsFilter", "DE", "de_DE", "", "deutsch", "es-419", "de", "de"};
  static char           codes[60][3];
  struct pb_ppd_catalog many[70];
  struct pb_ppd_names   names = {.catalogs = many, .catalogs_count = 70};
  pb_error_t            err   = {0};

  for (size_t i = 0; i < 70; i++)
  {
    if (i >= 10)
      snprintf(codes[i - 10], sizeof(codes[0]), "%c%c", (char)('f' + i / 26), (char)('a' + i % 26));
    many[i] = (struct pb_ppd_catalog){i < 10 ? bad[i % 8] : codes[i - 10], catalogs[1].strings};
  }
  pb_buffer_clear(&printer->ppd);
  check_ok(pb_ppd_write(printer->attributes, &names, &printer->ppd, &err), err);
  assert_null(strstr(printer->ppd.data, "\n*cupsFilter:"));
  char *line = strstr(printer->ppd.data, "\n*cupsLanguages: ");
  assert_non_null(line);
  if (strstr(line, "es de fk ") == NULL)
    fail_msg("%s: %.80s", printer->name, line);
  assert_true(strcspn(line + 1, "\n") <= PB_PPD_LINE_MAX);
  assert_true(printer->ppd.size <= PB_PPD_SIZE_MAX);
}

static void
test_languages(void **state)
{
  (void)state;
  printers_each(check_languages);
}

// "fil-ph": no language of PPDs is three letters and a country, but one of three letters is.
static void
check_three_letters(struct printer *printer)
{
  struct pb_ppd_catalog catalog = {"fil-ph", catalogs[1].strings};
  struct pb_ppd_names   names   = {.catalogs = &catalog, .catalogs_count = 1};
  pb_error_t            err     = {0};

  pb_buffer_clear(&printer->ppd);
  check_ok(pb_ppd_write(printer->attributes, &names, &printer->ppd, &err), err);
  if (strstr(printer->ppd.data, "\n*cupsLanguages: \"fil\"\n") == NULL &&
      strstr(printer->ppd.data, "\n*cupsLanguages: \"en fil\"\n") == NULL)
    fail_msg("%s: no fil", printer->name);
}

static void
test_three_letters(void **state)
{
  (void)state;
  printers_each(check_three_letters);
}

static int
set_up(void **state)
{
  (void)state;
  catalogs[0] = (struct pb_ppd_catalog){"en", make_catalog(false)};
  catalogs[1] = (struct pb_ppd_catalog){"de", make_catalog(true)};
  catalogs[2] = (struct pb_ppd_catalog){"pt-br", pb_strings_new()};
  catalogs[3] = (struct pb_ppd_catalog){"zh-hans-cn", catalogs[1].strings};
  return 0;
}

static int
tear_down(void **state)
{
  (void)state;
  for (size_t i = 0; i < 3; i++)
    pb_strings_free((pb_strings_t *)catalogs[i].strings);
  return 0;
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_cupstestppd), cmocka_unit_test(test_lines),
    cmocka_unit_test(test_languages),   cmocka_unit_test(test_three_letters),
    cmocka_unit_test(test_english),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
