// config - settings from a table and a file.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/config.h"

#include "base/file.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define CONFIG_FILE_MAX (256 * 1024)
#define SETTINGS_MAX 128  // of one program; a bit each for "was given"

static void *
field_of(const struct pb_setting *setting, void *settings)
{
  return (char *)settings + setting->offset;
}

// Which of "a|b|c" the value is.
static bool
parse_choice(const char *choices, const char *value, int64_t *index_out)
{
  size_t size = strlen(value);

  for (int64_t i = 0; choices != NULL; i++)
  {
    const char *bar  = strchr(choices, '|');
    size_t      here = bar != NULL ? (size_t)(bar - choices) : strlen(choices);

    if (here == size && memcmp(choices, value, size) == 0)
    {
      *index_out = i;
      return true;
    }
    choices = bar != NULL ? bar + 1 : NULL;
  }
  return false;
}

static bool
set_number(const struct pb_setting *setting, void *field, int64_t number, pb_error_t *err)
{
  if ((setting->min != 0 || setting->max != 0) && (number < setting->min || number > setting->max))
    return pb_error_set(err, PB_CONFIG, "%s: is out of range: %lld to %lld%s are allowed",
                        setting->name, (long long)setting->min, (long long)setting->max,
                        setting->type == PB_SETTING_DURATION ? " ms"
                        : setting->type == PB_SETTING_SIZE   ? " bytes"
                                                             : "");
  *(int64_t *)field = number;
  return true;
}

static bool
set_text(const struct pb_setting *setting, void *field, const char *value, pb_error_t *err)
{
  char *copy;

  if (!pb_text_is_printable(value))
    return pb_error_set(err, PB_CONFIG, "%s: has control characters or is not UTF-8",
                        setting->name);
  copy = strdup(value);
  if (copy == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  free(*(char **)field);
  *(char **)field = copy;
  return true;
}

static bool
is_text(const struct pb_setting *setting)
{
  return setting->type == PB_SETTING_TEXT || setting->type == PB_SETTING_HOST ||
         setting->type == PB_SETTING_HOSTS;
}

// Goes into URIs, certificates and comparisons as it is.
static bool
is_hosts(const struct pb_setting *setting, const char *value)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

  if (setting->type == PB_SETTING_HOST)
    return *value != '\0' && strspn(value, letters) == strlen(value);
  for (; *value != '\0'; value++)
    if (strchr(letters, *value) == NULL && strchr(" \t:", *value) == NULL)
      return false;
  return true;
}

static bool
set_field(const struct pb_setting *setting, void *settings, const char *value, pb_error_t *err)
{
  void   *field  = field_of(setting, settings);
  int64_t number = 0;

  switch (setting->type)
  {
    case PB_SETTING_TEXT:
      return set_text(setting, field, value, err);
    case PB_SETTING_HOST:
    case PB_SETTING_HOSTS:
      if (!is_hosts(setting, value))
        return pb_error_set(err, PB_CONFIG, "%s: \"%s\" is no host name or address", setting->name,
                            value);
      return set_text(setting, field, value, err);
    case PB_SETTING_INT:
      if (!pb_text_parse_int(value, INT64_MIN, INT64_MAX, &number))
        return pb_error_set(err, PB_CONFIG, "%s: \"%s\" is not a whole number", setting->name,
                            value);
      return set_number(setting, field, number, err);
    case PB_SETTING_SIZE:
      if (!pb_text_parse_size_bytes(value, &number))
        return pb_error_set(err, PB_CONFIG, "%s: \"%s\" is not a size like 512, 64K, 8M or 1G",
                            setting->name, value);
      return set_number(setting, field, number, err);
    case PB_SETTING_DURATION:
      if (!pb_text_parse_duration_ms(value, &number))
        return pb_error_set(err, PB_CONFIG, "%s: \"%s\" is not a time like 10s, 5m, 2h or 7d",
                            setting->name, value);
      return set_number(setting, field, number, err);
    case PB_SETTING_BOOL:
      if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return pb_error_set(err, PB_CONFIG, "%s: \"%s\" is neither yes nor no", setting->name,
                            value);
      *(bool *)field = value[0] == 'y';
      return true;
    case PB_SETTING_CHOICE:
      if (!parse_choice(setting->choices, value, &number))
        return pb_error_set(err, PB_CONFIG, "%s: \"%s\" is none of %s", setting->name, value,
                            setting->choices);
      *(int64_t *)field = number;
      return true;
  }
  return pb_error_set(err, PB_BUG, "%s: unknown type of setting", setting->name);
}

static bool
find_setting(const struct pb_setting *table, size_t count, const char *name, size_t *index_out)
{
  for (size_t i = 0; i < count; i++)
    if (strcmp(table[i].name, name) == 0)
    {
      *index_out = i;
      return true;
    }
  return false;
}

bool
pb_config_set(const struct pb_setting *table, size_t table_count, void *settings, const char *name,
              const char *value, pb_error_t *err)
{
  size_t index;

  if (!find_setting(table, table_count, name, &index))
    return pb_error_set(err, PB_CONFIG, "%s: there is no such setting", name);
  return set_field(&table[index], settings, value, err);
}

// One line: blank, a comment, or "name = value".
static bool
read_line(const struct pb_setting *table, size_t table_count, void *settings, char *line,
          bool *was_given, pb_error_t *err)
{
  char  *text = pb_text_trim(line);
  char  *sign = strchr(text, '=');
  size_t index;

  if (*text == '\0' || *text == '#')
    return true;
  if (sign == NULL)
    return pb_error_set(err, PB_CONFIG, "\"%s\" is not of the form: name = value", text);
  *sign = '\0';

  char *name = pb_text_trim(text), *value = pb_text_trim(sign + 1);
  if (!find_setting(table, table_count, name, &index))
    return pb_error_set(err, PB_CONFIG, "%s: there is no such setting", name);
  if (was_given[index])
    return pb_error_set(err, PB_CONFIG, "%s: is set twice", name);
  was_given[index] = true;
  return set_field(&table[index], settings, value, err);
}

static bool
read_lines(const struct pb_setting *table, size_t table_count, void *settings, const char *path,
           char *text, pb_error_t *err)
{
  bool  was_given[SETTINGS_MAX] = {false};
  char *rest                    = text;
  int   number                  = 0;

  for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
  {
    number++;
    if (!read_line(table, table_count, settings, line, was_given, err))
      return pb_error_prefix(err, "%s:%d", path, number);
  }
  return true;
}

static bool
set_defaults(const struct pb_setting *table, size_t table_count, void *settings, pb_error_t *err)
{
  if (table_count > SETTINGS_MAX)
    return pb_error_set(err, PB_BUG, "more than %d settings", SETTINGS_MAX);
  for (size_t i = 0; i < table_count; i++)
  {
    if (is_text(&table[i]))
      *(char **)field_of(&table[i], settings) = NULL;
    if (table[i].initial != NULL && !set_field(&table[i], settings, table[i].initial, err))
      return false;
  }
  return true;
}

bool
pb_config_load(const struct pb_setting *table, size_t table_count, void *settings, const char *path,
               pb_error_t *err)
{
  bool        ok   = false;
  pb_buffer_t text = {0};

  if (!set_defaults(table, table_count, settings, err))
    return false;
  if (path == NULL)
    return true;
  if (!pb_file_read(path, CONFIG_FILE_MAX, &text, err))
  {
    if (err != NULL && err->kind != PB_RETRY)
      err->kind = PB_CONFIG;
    goto done;
  }
  if (!pb_text_is_utf8(text.data, text.size))
  {
    pb_error_set(err, PB_CONFIG, "%s: is not UTF-8 text", path);
    goto done;
  }
  ok = read_lines(table, table_count, settings, path, text.data, err);

done:
  pb_buffer_clear(&text);
  if (!ok)
    pb_config_clear(table, table_count, settings);
  return ok;
}

void
pb_config_clear(const struct pb_setting *table, size_t table_count, void *settings)
{
  for (size_t i = 0; i < table_count; i++)
    if (is_text(&table[i]))
    {
      char **field = field_of(&table[i], settings);

      free(*field);
      *field = NULL;
    }
}

char *
pb_config_format_help(const struct pb_setting *table, size_t table_count)
{
  pb_buffer_t text = {0};
  bool        ok   = true;

  pb_buffer_init(&text, CONFIG_FILE_MAX);
  for (size_t i = 0; i < table_count && ok; i++)
  {
    ok = pb_buffer_appendf(&text, NULL, "%s# %s\n", i > 0 ? "\n" : "", table[i].help);
    if (ok && table[i].choices != NULL)
      ok = pb_buffer_appendf(&text, NULL, "# One of: %s\n", table[i].choices);
    ok = ok && pb_buffer_appendf(&text, NULL, "#%s =%s%s\n", table[i].name,
                                 table[i].initial != NULL ? " " : "",
                                 table[i].initial != NULL ? table[i].initial : "");
  }
  if (!ok)
    pb_buffer_clear(&text);
  return pb_buffer_take(&text, NULL);
}
