// ppd-write_fuzz - whatever a printer reports, and whatever it calls it in its catalogs of names,
// its PPD has lines of known keywords only, no filter but ours, no quoted text that ends early, no
// line that is too long, and libcups opens it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "ipp/choice.h"
#include "ppd/line.h"
#include "ppd/write.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// libcups calls them deprecated; here they stand for those who read PPDs by them.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <cups/ppd.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const keywords[] = {
  "PPD-Adobe",
  "FormatVersion",
  "FileVersion",
  "LanguageVersion",
  "LanguageEncoding",
  "PSVersion",
  "LanguageLevel",
  "FileSystem",
  "PCFileName",
  "DefaultColorSpace",
  "cupsVersion",
  "cupsSNMPSupplies",
  "cupsSingleFile",
  "Manufacturer",
  "ModelName",
  "Product",
  "NickName",
  "ShortNickName",
  "1284DeviceID",
  "ColorDevice",
  "pbMapVersion",
  "pbMapAttribute",
  "Throughput",
  "cupsJobPassword",
  "cupsJobAccountId",
  "cupsJobAccountingUserId",
  "cupsFilter2",
  "cupsManualCopies",
  "OpenUI",
  "CloseUI",
  "OrderDependency",
  "PageRegion",
  "DefaultPageRegion",
  "ImageableArea",
  "DefaultImageableArea",
  "PaperDimension",
  "MaxMediaWidth",
  "MaxMediaHeight",
  "HWMargins",
  "CustomPageSize",
  "NonUIOrderDependency",
  "VariablePaperSize",
  "ParamCustomPageSize",
  "cupsIPPFinishings",
  "cupsUIConstraints",
  "DefaultPaperDimension",
  "cupsLanguages",
};

static const char *const filters[] = {
  "*cupsFilter2: \"application/pdf application/pdf 0 -\"",
  "*cupsFilter2: \"application/vnd.cups-pdf application/pdf 10 -\"",
  "*cupsFilter2: \"image/pwg-raster image/pwg-raster 0 -\"",
  "*cupsFilter2: \"image/urf image/urf 0 -\"",
  "*cupsFilter2: \"application/vnd.cups-postscript application/postscript 0 -\"",
  "*cupsFilter2: \"image/jpeg image/jpeg 0 -\"",
};

static void
require(bool holds, const char *what, const char *line)
{
  if (holds)
    return;
  fprintf(stderr, "%s: %s\n", what, line);
  abort();
}

static bool
is_in(const char *text, const char *const *list, size_t count)
{
  for (size_t i = 0; i < count; i++)
  {
    if (strcmp(list[i], text) == 0)
      return true;
  }
  return false;
}

static bool
is_option(const char *name)
{
  size_t prefix = strlen(PB_CHOICE_VENDOR);

  return pb_choice_find_option(name) != NULL ||
         (pb_text_has_prefix(name, PB_CHOICE_VENDOR) && name[prefix] != '\0' &&
          strspn(name + prefix, LETTERS) == strlen(name + prefix));
}

// Ours, or "OPTION", "DefaultOPTION", "pbMapOPTION" of an option of ours.
static bool
is_known_keyword(const char *keyword)
{
  static const char *const before[] = {"", "Default", PB_CHOICE_MAP};

  if (is_in(keyword, keywords, sizeof(keywords) / sizeof(keywords[0])))
    return true;
  for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
  {
    if (pb_text_has_prefix(keyword, before[i]) && is_option(keyword + strlen(before[i])))
      return true;
  }
  return false;
}

// "de.Translation", "de.InputSlot"
static bool
is_translation(const char *keyword)
{
  const char *dot = strchr(keyword, '.');
  char        language[8];

  return dot != NULL &&
         pb_text_format(language, sizeof(language), "%.*s", (int)(dot - keyword), keyword) &&
         pb_ppd_is_language(language) && strlen(keyword) <= 40 &&
         (strcmp(dot + 1, "Translation") == 0 || is_option(dot + 1));
}

static void
check_line(const char *line)
{
  char        keyword[PB_PPD_LINE_MAX + 1];
  const char *colon  = strchr(line, ':');
  int         quotes = 0;

  require(strlen(line) <= PB_PPD_LINE_MAX, "too long", line);
  require(line[0] == '*' && colon != NULL, "no keyword", line);
  pb_text_format(keyword, sizeof(keyword), "%.*s", (int)strcspn(line + 1, " :"), line + 1);
  require(is_known_keyword(keyword) || is_translation(keyword), "unknown keyword", line);
  for (const char *at = line; *at != '\0'; at++)
    require((unsigned char)*at >= ' ' && *at != 0x7f, "control characters", line);
  if (strcmp(keyword, "cupsFilter2") == 0)
    require(is_in(line, filters, sizeof(filters) / sizeof(filters[0])), "filter", line);
  for (const char *at = line; *at != '\0'; at++)
    quotes += *at == '"';
  // None; or one where the value begins and one at the end of the line.
  require(quotes == 0 ||
            (quotes == 2 && line[strlen(line) - 1] == '"' && colon[1] == ' ' && colon[2] == '"'),
          "quotes", line);
}

static void
check_libcups(const pb_buffer_t *ppd)
{
  FILE       *plain = tmpfile();
  ppd_file_t *is    = NULL;
  int         line  = 0;

  require(plain != NULL && fwrite(ppd->data, 1, ppd->size, plain) == ppd->size &&
            fflush(plain) == 0,
          "write", "");
  rewind(plain);
  is = ppdOpenFd(dup(fileno(plain)));
  fclose(plain);
  if (is == NULL)
  {
    fprintf(stderr, "%s\n", ppdErrorString(ppdLastError(&line)));
    require(false, "libcups does not open it", ppd->data);
    return;
  }
  require(is->num_sizes > 0, "no sizes", ppd->data);
  for (int i = 0; i < is->num_filters; i++)
    require(is->filters[i][strlen(is->filters[i]) - 1] == '-', "filter", is->filters[i]);
  ppdMarkDefaults(is);
  require(ppdConflicts(is) == 0, "its defaults conflict", ppd->data);
  ppdClose(is);
}

static void
check_lines(pb_buffer_t *ppd)
{
  char *text = pb_text_dup(ppd->data);
  char *rest = text;

  require(text != NULL && ppd->size > 0 && ppd->data[ppd->size - 1] == '\n' &&
            strlen(ppd->data) == ppd->size,
          "the end", "");
  for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n"))
    check_line(line);
  free(text);
}

static void
write_ppd(ipp_t *message, const struct pb_ppd_names *names)
{
  pb_buffer_t ppd = {0};

  if (pb_ppd_write(message, names, &ppd, NULL))
  {
    check_lines(&ppd);
    check_libcups(&ppd);
  }
  pb_buffer_clear(&ppd);
}

// Each text of the message is the name of each value of it.
static void
add_names(pb_strings_t *strings, const char *name, const char *value, ipp_t *message)
{
  const char *texts[] = {pb_ipp_text(message, IPP_TAG_PRINTER, "printer-info"),
                         pb_ipp_text(message, IPP_TAG_PRINTER, "printer-location"), value};

  for (size_t i = 0; i < 3; i++)
  {
    char attribute[256] = "";

    pb_text_format(attribute, sizeof(attribute), "%.*s", (int)(strlen(name) - strlen("-supported")),
                   name);
    if (texts[i] != NULL && !pb_strings_add(strings, attribute, value, texts[i]))
      abort();
    if (texts[i] != NULL && !pb_strings_add(strings, attribute, NULL, texts[i]))
      abort();
  }
}

static pb_strings_t *
make_names(ipp_t *message)
{
  pb_strings_t *strings = pb_strings_new();
  const char   *names[64], *values[64];
  size_t        count = 0;

  // Finding moves the message's cursor.
  for (ipp_attribute_t *at = ippFirstAttribute(message); at != NULL && count < 64;
       at                  = ippNextAttribute(message))
  {
    const char *name = ippGetName(at);

    for (int i = 0;
         name != NULL && strstr(name, "-supported") != NULL && i < ippGetCount(at) && count < 64 &&
         ippGetValueTag(at) >= IPP_TAG_TEXT && ippGetValueTag(at) <= IPP_TAG_MIMETYPE;
         i++)
    {
      names[count]    = name;
      values[count++] = ippGetString(at, i, NULL);
    }
  }
  for (size_t i = 0; strings != NULL && i < count; i++)
    add_names(strings, names[i], values[i], message);
  return strings;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  ipp_t *message = NULL;

  if (!pb_ipp_parse(data, size, &message, NULL))
    return 0;
  write_ppd(message, /*names*/ NULL);
  pb_strings_t *strings  = make_names(message);
  const char   *language = pb_ipp_text(message, IPP_TAG_PRINTER, "printer-name");

  const struct pb_ppd_catalog catalogs[] = {
    {"de",                                  strings},
    {"en",                                  strings},
    {language != NULL ? language : "pt-br", strings},
  };
  const struct pb_ppd_names names = {.catalogs = catalogs, .catalogs_count = 3};

  if (strings != NULL)
    write_ppd(message, &names);
  pb_strings_free(strings);
  ippDelete(message);
  return 0;
}
