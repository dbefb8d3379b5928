// ppd-strings - names in a PPD. Options first, so that the lines of other languages find theirs;
// then every line that names something.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ppd-strings.h"

#include "attributes.h"
#include "base/text.h"
#include "ppd-lines.h"
#include "strings.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OPTIONS_MAX 128
#define FINISHINGS_MAX 64
#define VALUES_MAX 500  // of one attribute of names
#define NAME_SIZE PB_PPD_LINE_NAME_SIZE

// What options are called in IPP.  Choices that are told in the PPD's order are found by their
// number, since only cupsd knows which keyword it made of which.
static const struct attribute_row
{
  const char *option, *attribute;
  bool        is_numbered;
} attribute_rows[] = {
  {"PageSize",         "media",              false},
  {"InputSlot",        "media-source",       true },
  {"MediaType",        "media-type",         true },
  {"OutputBin",        "output-bin",         true },
  {"Duplex",           "sides",              false},
  {"ColorModel",       "print-color-mode",   false},
  {"cupsPrintQuality", "print-quality",      false},
  {"Resolution",       "printer-resolution", false},
};

static const struct value_row
{
  const char *option, *choice, *value;
} value_rows[] = {
  {"Duplex",           "None",           "one-sided"           },
  {"Duplex",           "DuplexNoTumble", "two-sided-long-edge" },
  {"Duplex",           "DuplexTumble",   "two-sided-short-edge"},
  {"ColorModel",       "Gray",           "monochrome"          },
  {"ColorModel",       "KGray",          "monochrome"          },
  {"ColorModel",       "Black",          "monochrome"          },
  {"ColorModel",       "RGB",            "color"               },
  {"ColorModel",       "CMYK",           "color"               },
  {"ColorModel",       "CMY",            "color"               },
  {"ColorModel",       "Color",          "color"               },
  {"cupsPrintQuality", "Draft",          "3"                   },
  {"cupsPrintQuality", "Normal",         "4"                   },
  {"cupsPrintQuality", "High",           "5"                   },
};

// *LanguageVersion of PPDs of one language.
static const char *const languages[][2] = {
  {"English",    "en"   },
  {"German",     "de"   },
  {"French",     "fr"   },
  {"Spanish",    "es"   },
  {"Italian",    "it"   },
  {"Dutch",      "nl"   },
  {"Portuguese", "pt"   },
  {"Swedish",    "sv"   },
  {"Danish",     "da"   },
  {"Norwegian",  "no"   },
  {"Finnish",    "fi"   },
  {"Polish",     "pl"   },
  {"Czech",      "cs"   },
  {"Hungarian",  "hu"   },
  {"Russian",    "ru"   },
  {"Turkish",    "tr"   },
  {"Japanese",   "ja"   },
  {"Korean",     "ko"   },
  {"Chinese",    "zh-cn"},
};

struct option
{
  char   name[NAME_SIZE];
  char   attribute[128];
  bool   is_numbered;
  char **choices;
  int    count;
};

struct finishing
{
  char option[NAME_SIZE], choice[NAME_SIZE], number[8];
};

struct catalog
{
  char          language[PB_LANGUAGE_SIZE];
  pb_strings_t *strings;
};

struct gather
{
  ipp_t           *attributes;
  struct option    options[OPTIONS_MAX];
  size_t           options_count;
  struct finishing finishings[FINISHINGS_MAX];
  size_t           finishings_count;
  struct catalog   catalogs[PB_PPD_STRINGS_LANGUAGES_MAX];
  size_t           catalogs_count;
  char             language[PB_LANGUAGE_SIZE];  // of lines that name none
  bool             is_utf8;
  size_t           used;  // bytes
};

// --- options

static struct option *
find_option(struct gather *gather, const char *name)
{
  for (size_t i = 0; i < gather->options_count; i++)
  {
    if (strcmp(gather->options[i].name, name) == 0)
      return &gather->options[i];
  }
  return NULL;
}

static void
find_attribute(struct gather *gather, struct option *option)
{
  char name[160];

  for (size_t i = 0; i < sizeof(attribute_rows) / sizeof(attribute_rows[0]); i++)
  {
    if (strcmp(attribute_rows[i].option, option->name) != 0)
      continue;
    pb_text_copy(option->attribute, sizeof(option->attribute), attribute_rows[i].attribute);
    option->is_numbered = attribute_rows[i].is_numbered;
    return;
  }
  pb_text_format(option->attribute, sizeof(option->attribute), PB_ATTRIBUTES_PPD_PREFIX "%s",
                 option->name);
  for (char *at = option->attribute; *at != '\0'; at++)
    *at = (char)tolower((unsigned char)*at);
  pb_text_format(name, sizeof(name), "%s-supported", option->attribute);
  if (ippFindAttribute(gather->attributes, name, IPP_TAG_ZERO) == NULL)
    option->attribute[0] = '\0';
}

static void
open_option(struct gather *gather, const char *name)
{
  struct option *option = &gather->options[gather->options_count];

  if (gather->options_count >= OPTIONS_MAX || find_option(gather, name) != NULL)
    return;
  *option = (struct option){.name = ""};
  pb_text_copy(option->name, sizeof(option->name), name);
  find_attribute(gather, option);
  gather->options_count++;
}

static int
find_choice(const struct option *option, const char *choice)
{
  for (int i = 0; i < option->count; i++)
  {
    if (strcmp(option->choices[i], choice) == 0)
      return i;
  }
  return -1;
}

static bool
add_choice(struct option *option, const char *choice)
{
  char **grown;

  if (find_choice(option, choice) >= 0 || option->count >= VALUES_MAX)
    return true;
  grown = realloc(option->choices, ((size_t)option->count + 1) * sizeof(*grown));
  if (grown == NULL)
    return false;
  option->choices      = grown;
  grown[option->count] = pb_text_dup(choice);
  return grown[option->count] != NULL && ++option->count > 0;
}

// *cupsIPPFinishings 4/staple: "*StapleLocation SinglePortrait"
static void
add_finishing(struct gather *gather, const struct pb_ppd_line_parts *line)
{
  struct finishing *finishing = &gather->finishings[gather->finishings_count];
  size_t            size      = strcspn(line->value, " ");

  if (gather->finishings_count >= FINISHINGS_MAX || line->value[0] != '*' ||
      line->value[size] != ' ' ||
      !pb_text_format(finishing->option, NAME_SIZE, "%.*s", (int)size - 1, line->value + 1) ||
      !pb_text_format(finishing->choice, NAME_SIZE, "%.*s",
                      (int)strcspn(line->value + size + 1, " "), line->value + size + 1) ||
      !pb_text_copy(finishing->number, sizeof(finishing->number), line->name) ||
      strspn(finishing->number, "0123456789") != strlen(finishing->number))
    return;
  gather->finishings_count++;
}

static void
read_language(struct gather *gather, const char *value)
{
  gather->language[0] = '\0';
  for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
  {
    if (strcasecmp(languages[i][0], value) == 0)
      pb_text_copy(gather->language, sizeof(gather->language), languages[i][1]);
  }
}

static bool
read_structure(void *user, const struct pb_ppd_line_parts *line)
{
  struct gather *gather = user;
  struct option *option;

  if (line->language[0] != '\0')
    return true;
  if (strcmp(line->keyword, "LanguageVersion") == 0)
    read_language(gather, line->value);
  else if (strcmp(line->keyword, "LanguageEncoding") == 0)
    gather->is_utf8 = strcasecmp(line->value, "UTF-8") == 0;
  else if (strcmp(line->keyword, "OpenUI") == 0 && line->name[0] == '*')
    open_option(gather, line->name + 1);
  else if (strcmp(line->keyword, "cupsIPPFinishings") == 0)
    add_finishing(gather, line);
  else if (line->name[0] != '\0' && (option = find_option(gather, line->keyword)) != NULL)
    return add_choice(option, line->name);
  return true;
}

// --- names

static pb_strings_t *
find_catalog(struct gather *gather, const char *language)
{
  struct catalog *catalog = &gather->catalogs[gather->catalogs_count];

  for (size_t i = 0; i < gather->catalogs_count; i++)
  {
    if (strcmp(gather->catalogs[i].language, language) == 0)
      return gather->catalogs[i].strings;
  }
  if (gather->catalogs_count >= PB_PPD_STRINGS_LANGUAGES_MAX)
    return NULL;
  pb_text_copy(catalog->language, sizeof(catalog->language), language);
  catalog->strings = pb_strings_new();
  if (catalog->strings != NULL)
    gather->catalogs_count++;
  return catalog->strings;
}

// "pt_BR" -> "pt-br"; "": the PPD's own.
static bool
format_language(const struct gather *gather, const char *language, char natural[PB_LANGUAGE_SIZE])
{
  if (!pb_text_copy(natural, PB_LANGUAGE_SIZE, language[0] != '\0' ? language : gather->language))
    return false;
  for (char *at = natural; *at != '\0'; at++)
    *at = *at == '_' ? '-' : (char)tolower((unsigned char)*at);
  return pb_strings_is_language(natural);
}

static bool
add_name(struct gather *gather, const struct pb_ppd_line_parts *line, const char *attribute,
         const char *value)
{
  char          language[PB_LANGUAGE_SIZE];
  char          text[PB_STRINGS_TEXT_SIZE];
  size_t        size    = strlen(attribute) + strlen(value != NULL ? value : "") + 2;
  pb_strings_t *strings = NULL;

  if (line->text[0] == '\0' || !format_language(gather, line->language, language) ||
      !pb_ppd_line_decode(line->text, gather->is_utf8 || line->language[0] != '\0', text,
                          sizeof(text)))
    return true;
  size += strlen(text);
  if (gather->used + size > PB_PPD_STRINGS_MAX)
    return true;
  strings = find_catalog(gather, language);
  if (strings == NULL)
    return gather->catalogs_count >= PB_PPD_STRINGS_LANGUAGES_MAX;
  gather->used += size;
  return pb_strings_add(strings, attribute, value, text);
}

// The IPP value of a choice; NULL: nobody knows it by a name.
static const char *
find_value(struct gather *gather, const struct option *option, const char *choice)
{
  pwg_media_t     *size = NULL;
  ipp_attribute_t *at   = NULL;
  char             name[160];
  int              number = find_choice(option, choice);

  for (size_t i = 0; i < sizeof(value_rows) / sizeof(value_rows[0]); i++)
  {
    if (strcmp(value_rows[i].option, option->name) == 0 &&
        strcmp(value_rows[i].choice, choice) == 0)
      return value_rows[i].value;
  }
  if (strcmp(option->name, "PageSize") == 0)
  {
    size = pwgMediaForPPD(choice);
    return size != NULL ? size->pwg : NULL;
  }
  if (!option->is_numbered)
    return strcmp(option->name, "Resolution") == 0 ||
               pb_text_has_prefix(option->attribute, PB_ATTRIBUTES_PPD_PREFIX)
             ? choice
             : NULL;
  pb_text_format(name, sizeof(name), "%s-supported", option->attribute);
  at = ippFindAttribute(gather->attributes, name, IPP_TAG_ZERO);
  return at != NULL && ippGetCount(at) == option->count && number >= 0
           ? ippGetString(at, number, /*language*/ NULL)
           : NULL;
}

static bool
add_finishing_names(struct gather *gather, const struct pb_ppd_line_parts *line)
{
  for (size_t i = 0; i < gather->finishings_count; i++)
  {
    const struct finishing *finishing = &gather->finishings[i];

    if (strcmp(finishing->option, line->keyword) == 0 &&
        strcmp(finishing->choice, line->name) == 0 &&
        !add_name(gather, line, "finishings", finishing->number))
      return false;
  }
  return true;
}

static bool
read_names(void *user, const struct pb_ppd_line_parts *line)
{
  struct gather *gather    = user;
  bool           is_open   = strcmp(line->keyword, "OpenUI") == 0 && line->name[0] == '*';
  bool           is_option = is_open || strcmp(line->keyword, "Translation") == 0;
  struct option *option    = find_option(gather, is_open     ? line->name + 1
                                                 : is_option ? line->name
                                                             : line->keyword);
  const char    *value     = NULL;

  if (option == NULL || (!is_open && is_option && line->language[0] == '\0'))
    return true;
  if (is_option)
    return option->attribute[0] == '\0' || add_name(gather, line, option->attribute, NULL);
  if (!add_finishing_names(gather, line))
    return false;
  if (option->attribute[0] != '\0')
    value = find_value(gather, option, line->name);
  return value == NULL || add_name(gather, line, option->attribute, value);
}

// --- attributes

static bool
put_catalog(const struct catalog *catalog, ipp_t *attributes)
{
  char             name[64];
  ipp_attribute_t *at = NULL;

  pb_text_format(name, sizeof(name), PB_ATTRIBUTES_STRINGS_PREFIX "%s", catalog->language);
  for (size_t i = 0; i < pb_strings_count(catalog->strings) && i < VALUES_MAX; i++)
  {
    const char *key = NULL, *is = NULL;
    char        text[PB_STRINGS_KEY_SIZE + PB_STRINGS_TEXT_SIZE];

    pb_strings_get(catalog->strings, i, &key, &is);
    pb_text_format(text, sizeof(text), "%s=%s", key, is);
    if (at != NULL && !ippSetString(attributes, &at, ippGetCount(at), text))
      return false;
    if (at == NULL)
      at = ippAddString(attributes, IPP_TAG_PRINTER, IPP_TAG_TEXT, name, /*language*/ NULL, text);
    if (at == NULL)
      return false;
  }
  return true;
}

static bool
put_all(const struct gather *gather, ipp_t *attributes)
{
  static const char name[]                             = "printer-strings-languages-supported";
  const char       *list[PB_PPD_STRINGS_LANGUAGES_MAX] = {NULL};
  ipp_attribute_t  *old = ippFindAttribute(attributes, name, IPP_TAG_ZERO);

  if (old != NULL)
    ippDeleteAttribute(attributes, old);
  for (size_t i = 0; i < gather->catalogs_count; i++)
  {
    list[i] = gather->catalogs[i].language;
    if (!put_catalog(&gather->catalogs[i], attributes))
      return false;
  }
  return gather->catalogs_count == 0 ||
         ippAddStrings(attributes, IPP_TAG_PRINTER, IPP_TAG_LANGUAGE, name,
                       (int)gather->catalogs_count, /*language*/ NULL, list) != NULL;
}

static void
free_gather(struct gather *gather)
{
  for (size_t i = 0; gather != NULL && i < gather->options_count; i++)
  {
    for (int j = 0; j < gather->options[i].count; j++)
      free(gather->options[i].choices[j]);
    free(gather->options[i].choices);
  }
  for (size_t i = 0; gather != NULL && i < gather->catalogs_count; i++)
    pb_strings_free(gather->catalogs[i].strings);
  free(gather);
}

bool
pb_ppd_strings_add(const char *text, size_t size, ipp_t *attributes)
{
  struct gather *gather = calloc(1, sizeof(*gather));
  bool           ok     = gather != NULL;

  if (ok)
  {
    gather->attributes = attributes;
    pb_text_copy(gather->language, sizeof(gather->language), "en");
  }
  ok = ok && pb_ppd_each_line(text, size, read_structure, gather) &&
       pb_ppd_each_line(text, size, read_names, gather) && put_all(gather, attributes);
  free_gather(gather);
  return ok;
}
