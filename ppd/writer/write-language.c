// write-language - options and choices in the languages that the printer has names for
// (cupsLanguages). Their texts are the printer's: they go through line.h like any other.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "write-private.h"

#include "base/text.h"
#include <string.h>

#define LANGUAGE_SIZE 6               // "pt_BR"
#define ONE_MAX ((size_t)256 * 1024)  // of one language
#define RESERVE ((size_t)64 * 1024)   // of the PPD, that languages leave free

// --- what things are called

// Options that share an attribute have names of their own (members of finishings-col, PWG 5100.1).
static const struct name_row
{
  const char *option, *attribute;
} name_rows[] = {
  {"PageSize",       "media"        },
  {"StapleLocation", "stitching"    },
  {"PunchMedia",     "punching"     },
  {"FoldType",       "folding"      },
  {"BindEdge",       "binding"      },
  {"CutMedia",       "trimming"     },
  {"Booklet",        "booklet-maker"},
};

const char *
pb_ppd_get_option_text(const pb_strings_t *strings, const struct pb_ppd_option *option)
{
  const char *attribute = option->row->attribute;
  const char *text      = NULL;

  for (size_t i = 0; i < sizeof(name_rows) / sizeof(name_rows[0]); i++)
  {
    if (strcmp(name_rows[i].option, option->row->option) == 0)
      attribute = name_rows[i].attribute;
  }
  if (strings != NULL)
    text = pb_strings_find(strings, attribute, /*value*/ NULL);
  return text != NULL ? text : option->row->text;
}

// "media.iso_a4_210x297mm", "finishings.20", "printer-resolution.600dpi"
static const char *
find_choice(const pb_strings_t *strings, const char *attribute, const struct pb_choice_value *value)
{
  char         text[PB_CHOICE_TEXT_SIZE];
  pwg_media_t *size = NULL;

  switch (value->tag)
  {
    case IPP_TAG_BEGIN_COLLECTION:
      if (value->text[0] == '\0')
        size = pwgMediaForSize(value->x, value->y);
      return pb_strings_find(strings, "media", size != NULL ? size->pwg : value->text);
    case IPP_TAG_ENUM:
    case IPP_TAG_INTEGER:
      pb_text_format(text, sizeof(text), "%d", value->number);
      return pb_strings_find(strings, attribute, text);
    case IPP_TAG_RESOLUTION:
      pb_choice_format_text(attribute, value, text);
      return pb_strings_find(strings, attribute, text);
    default:
      return pb_strings_find(strings, attribute, value->text);
  }
}

void
pb_ppd_format_choice(const pb_strings_t *strings, const struct pb_ppd_option *option,
                     const struct pb_ppd_choice *choice, char text_out[PB_CHOICE_TEXT_SIZE])
{
  const char *attribute = option->row->attribute;
  const char *text      = strings != NULL ? find_choice(strings, attribute, &choice->value) : NULL;

  if (text != NULL)
    pb_text_copy(text_out, PB_CHOICE_TEXT_SIZE, text);
  else
    pb_choice_format_text(attribute, &choice->value, text_out);
  if (choice->value.tag == IPP_TAG_BEGIN_COLLECTION && strstr(choice->name, ".Fullbleed") != NULL &&
      strlen(text_out) + 14 < PB_CHOICE_TEXT_SIZE)
    strncat(text_out, " (Borderless)", PB_CHOICE_TEXT_SIZE - strlen(text_out) - 1);
}

// --- languages

// "pt-br" -> "pt_BR"; Chinese by its scripts, as CUPS names them; else the language alone.  False:
// no language of PPDs.
static bool
format_language(const char *natural, char language[LANGUAGE_SIZE])
{
  static const char *const scripts[][2] = {
    {"zh-hans", "zh_CN"},
    {"zh-hant", "zh_TW"},
  };
  size_t size = strcspn(natural, "-");

  if (!pb_strings_is_language(natural))
    return false;
  for (size_t i = 0; i < 2; i++)
  {
    if (pb_text_has_prefix(natural, scripts[i][0]))
      return pb_text_copy(language, LANGUAGE_SIZE, scripts[i][1]);
  }
  if (size != 2 || strlen(natural + size) != 3)  // not "-br"
    return pb_text_format(language, LANGUAGE_SIZE, "%.*s", (int)size, natural) &&
           pb_ppd_is_language(language);
  if (!pb_text_copy(language, LANGUAGE_SIZE, natural))
    return false;
  language[size++] = '_';
  for (; language[size] != '\0'; size++)
  {
    if (language[size] >= 'a' && language[size] <= 'z')
      language[size] = (char)(language[size] - 'a' + 'A');
  }
  return pb_ppd_is_language(language);
}

static void
put_one(pb_ppd_out_t *out, const char *language, const pb_strings_t *strings,
        const struct pb_ppd_option *option)
{
  pb_ppd_put(out, &(struct pb_ppd_line){.language = language,
                                        .keyword  = "Translation",
                                        .option   = option->row->option,
                                        .text     = pb_ppd_get_option_text(strings, option),
                                        .kind     = PB_PPD_CODE,
                                        .value    = ""});
  for (size_t i = 0; i < option->count; i++)
  {
    char text[PB_CHOICE_TEXT_SIZE];

    pb_ppd_format_choice(strings, option, &option->choices[i], text);
    pb_ppd_put(out, &(struct pb_ppd_line){.language = language,
                                          .keyword  = option->row->option,
                                          .option   = option->choices[i].name,
                                          .text     = text,
                                          .kind     = PB_PPD_CODE,
                                          .value    = ""});
  }
}

// All of it, or nothing where there is no room.
static bool
put_language(pb_ppd_out_t *out, const pb_ppd_model_t *model, const char *language,
             const pb_strings_t *strings)
{
  pb_buffer_t  block = {0};
  pb_error_t   why   = {0};
  pb_ppd_out_t own   = {.buffer = &block, .err = &why, .is_multilingual = true};
  size_t       left  = PB_PPD_SIZE_MAX - RESERVE;
  bool         is_in = false;

  left = out->buffer->size < left ? left - out->buffer->size : 0;
  pb_buffer_init(&block, left < ONE_MAX ? left : ONE_MAX);
  for (size_t i = 0; i < model->count; i++)
    put_one(&own, language, strings, &model->options[i]);
  if (own.has_failed && why.kind == PB_RETRY)  // out of memory, and not of room
  {
    pb_error_set(out->err, why.kind, "%s", why.message);
    out->has_failed = true;
  }
  is_in = !own.has_failed && block.size > 0;
  if (is_in && !pb_buffer_append(out->buffer, block.data, block.size, out->err))
    out->has_failed = true;
  pb_buffer_clear(&block);
  return is_in;
}

struct list
{
  char   text[PB_PPD_LANGUAGES_MAX * LANGUAGE_SIZE + 1];  // "de fr"
  size_t count;
};

static bool
has_language(const struct list *list, const char *language)
{
  const char *at = strstr(list->text, language);

  for (; at != NULL; at = strstr(at + 1, language))
  {
    size_t size = strlen(language);

    if ((at == list->text || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
      return true;
  }
  return false;
}

// A catalog of the language whatever the country.
static bool
has_own(const struct pb_ppd_names *names, const char *language)
{
  for (size_t i = 0; i < names->catalogs_count; i++)
  {
    if (strcmp(names->catalogs[i].language, language) == 0)
      return true;
  }
  return false;
}

static void
add_language(pb_ppd_out_t *out, const pb_ppd_model_t *model, struct list *list,
             const char *language, const pb_strings_t *strings)
{
  size_t used = strlen(list->text);

  if (out->has_failed || list->count >= PB_PPD_LANGUAGES_MAX || has_language(list, language) ||
      !put_language(out, model, language, strings))
    return;
  pb_text_format(list->text + used, sizeof(list->text) - used, "%s%s", used > 0 ? " " : "",
                 language);
  list->count++;
}

void
pb_ppd_put_languages(pb_ppd_out_t *out, const pb_ppd_model_t *model,
                     const struct pb_ppd_names *names)
{
  struct list list = {.text = ""};
  char        language[LANGUAGE_SIZE];

  if (!out->is_multilingual)
    return;
  // What ASCII could not hold.
  if (out->has_lost)
    add_language(out, model, &list, "en", out->names);
  for (size_t i = 0; i < names->catalogs_count; i++)
  {
    const pb_strings_t *strings = names->catalogs[i].strings;
    char                base[3];

    // English is what the PPD says without a language.
    if (strings == out->names || !format_language(names->catalogs[i].language, language))
      continue;
    add_language(out, model, &list, language, strings);
    // Whoever speaks another kind of it is better served by this one than by English; and
    // cupstestppd wants it.
    pb_text_copy(base, sizeof(base), language);
    if (language[2] == '_' && !has_own(names, base))
      add_language(out, model, &list, base, strings);
  }
  if (list.count > 0)
    pb_ppd_put_code(out, "cupsLanguages", list.text);
}
