// strings - message catalogs in memory, sorted by their keys.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "strings.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define ROOM_STEP 64

struct entry
{
  char *key;   // and behind its NUL the text
  char *text;  // borrows
};

struct pb_strings
{
  struct entry *entries;
  size_t        count, room;
};

pb_strings_t *
pb_strings_new(void)
{
  return calloc(1, sizeof(pb_strings_t));
}

void
pb_strings_free(pb_strings_t *strings)
{
  if (strings == NULL)
    return;
  for (size_t i = 0; i < strings->count; i++)
    free(strings->entries[i].key);
  free(strings->entries);
  free(strings);
}

size_t
pb_strings_count(const pb_strings_t *strings)
{
  return strings->count;
}

void
pb_strings_get(const pb_strings_t *strings, size_t number, const char **key_out,
               const char **text_out)
{
  *key_out  = strings->entries[number].key;
  *text_out = strings->entries[number].text;
}

// Where the key is, or would be.
static size_t
find_place(const pb_strings_t *strings, const char *key, bool *is_there_out)
{
  size_t low = 0, high = strings->count;

  *is_there_out = false;
  while (low < high)
  {
    size_t middle = low + (high - low) / 2;
    int    order  = strcmp(key, strings->entries[middle].key);

    if (order == 0)
    {
      *is_there_out = true;
      return middle;
    }
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static bool
format_key(char key[PB_STRINGS_KEY_SIZE], const char *attribute, const char *value)
{
  return attribute[0] != '\0' &&
         pb_text_format(key, PB_STRINGS_KEY_SIZE, "%s%s%s", attribute, value != NULL ? "." : "",
                        value != NULL ? value : "") &&
         pb_text_is_printable(key);
}

static bool
make_entry(struct entry *entry, const char *key, const char *text)
{
  size_t key_size = strlen(key) + 1, text_size = strlen(text) + 1;

  entry->key = malloc(key_size + text_size);
  if (entry->key == NULL)
    return false;
  entry->text = entry->key + key_size;
  memcpy(entry->key, key, key_size);
  memcpy(entry->text, text, text_size);
  return true;
}

static bool
make_room(pb_strings_t *strings)
{
  struct entry *grown;

  if (strings->count < strings->room)
    return true;
  grown = realloc(strings->entries, (strings->room + ROOM_STEP) * sizeof(*grown));
  if (grown == NULL)
    return false;
  strings->entries = grown;
  strings->room += ROOM_STEP;
  return true;
}

bool
pb_strings_add(pb_strings_t *strings, const char *attribute, const char *value, const char *text)
{
  char         key[PB_STRINGS_KEY_SIZE], copy[PB_STRINGS_TEXT_SIZE];
  char        *trimmed;
  bool         is_there = false;
  struct entry entry;

  if (strings->count >= PB_STRINGS_COUNT_MAX || !format_key(key, attribute, value))
    return true;
  pb_text_copy(copy, sizeof(copy), text);
  trimmed      = pb_text_trim(copy);
  size_t place = find_place(strings, key, &is_there);
  if (is_there || trimmed[0] == '\0' || !pb_text_is_printable(trimmed))
    return true;
  if (!make_room(strings) || !make_entry(&entry, key, trimmed))
    return false;
  memmove(&strings->entries[place + 1], &strings->entries[place],
          (strings->count - place) * sizeof(entry));
  strings->entries[place] = entry;
  strings->count++;
  return true;
}

const char *
pb_strings_find(const pb_strings_t *strings, const char *attribute, const char *value)
{
  char   key[PB_STRINGS_KEY_SIZE];
  bool   is_there = false;
  size_t place;

  if (!format_key(key, attribute, value))
    return NULL;
  place = find_place(strings, key, &is_there);
  return is_there ? strings->entries[place].text : NULL;
}

static bool
append_quoted(pb_buffer_t *to, const char *text, const char *end, pb_error_t *err)
{
  if (!pb_buffer_append_text(to, "\"", err))
    return false;
  for (; *text != '\0'; text++)
  {
    if ((*text == '"' || *text == '\\') && !pb_buffer_append_text(to, "\\", err))
      return false;
    if (!pb_buffer_append(to, text, 1, err))
      return false;
  }
  return pb_buffer_append_text(to, end, err);
}

bool
pb_strings_format(const pb_strings_t *strings, pb_buffer_t *text_out, pb_error_t *err)
{
  pb_buffer_init(text_out,
                 (size_t)PB_STRINGS_COUNT_MAX * 2 * (PB_STRINGS_KEY_SIZE + PB_STRINGS_TEXT_SIZE));
  for (size_t i = 0; i < strings->count; i++)
  {
    if (!append_quoted(text_out, strings->entries[i].key, "\" = ", err) ||
        !append_quoted(text_out, strings->entries[i].text, "\";\n", err))
      return false;
  }
  return pb_buffer_append(text_out, "", 0, err);
}

bool
pb_strings_is_language(const char *language)
{
  size_t word     = 0;
  bool   is_first = true;

  if (strlen(language) >= PB_LANGUAGE_SIZE)
    return false;
  for (const char *at = language;; at++)
  {
    if (*at == '-' || *at == '\0')
    {
      if (word < 2 || word > 8 || (is_first && word > 3))
        return false;
      if (*at == '\0')
        return true;
      is_first = false;
      word     = 0;
    }
    else if ((*at >= 'a' && *at <= 'z') || (!is_first && *at >= '0' && *at <= '9'))
      word++;
    else
      return false;
  }
}
