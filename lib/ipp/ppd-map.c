// ppd-map - reads *DefaultOPTION and *pbMapOPTION lines of a PPD.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ppd-map.h"

#include "base/text.h"
#include "choice.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_SIZE 512
#define LINES_MAX 100000  // the largest PPDs have 20,000
#define ENTRIES_MAX 20000
#define DEFAULT "*Default"
#define MAP "*" PB_CHOICE_MAP

struct entry
{
  char  option[PB_CHOICE_NAME_SIZE];
  char  choice[PB_CHOICE_NAME_SIZE];  // "": the default
  char *value;
};

struct pb_ppd_map
{
  struct entry *entries;
  size_t        count;
};

static bool
add(pb_ppd_map_t *map, const char *option, const char *choice, const char *value)
{
  struct entry *grown = NULL;
  struct entry  entry = {{0}, {0}, NULL};

  // What is too long is nothing of ours.
  if (map->count >= ENTRIES_MAX || !pb_text_copy(entry.option, sizeof(entry.option), option) ||
      !pb_text_copy(entry.choice, sizeof(entry.choice), choice))
    return true;
  if ((map->count & (map->count - 1)) == 0)
  {
    grown = realloc(map->entries, (map->count == 0 ? 1 : map->count * 2) * sizeof(*grown));
    if (grown == NULL)
      return false;
    map->entries = grown;
  }
  entry.value = pb_text_dup(value);
  if (entry.value == NULL)
    return false;
  map->entries[map->count++] = entry;
  return true;
}

// "*DefaultInputSlot: Tray1", "*pbMapInputSlot Tray1: "keyword tray-1"".
static bool
read_line(pb_ppd_map_t *map, char *line)
{
  bool  is_map = pb_text_has_prefix(line, MAP);
  char *option = line + (is_map ? strlen(MAP) : strlen(DEFAULT));
  char *colon = NULL, *choice = NULL, *value = NULL, *quote = NULL;

  if (!is_map && !pb_text_has_prefix(line, DEFAULT))
    return true;
  colon = strchr(option, ':');
  if (colon == NULL)
    return true;
  *colon = '\0';
  value  = pb_text_trim(colon + 1);
  choice = strchr(option, ' ');
  if (choice != NULL)
    *choice++ = '\0';
  if (!is_map)
    return choice != NULL || add(map, option, "", value);
  quote = value[0] == '"' ? strchr(value + 1, '"') : NULL;
  if (choice == NULL || quote == NULL)
    return true;
  *quote = '\0';
  return add(map, option, pb_text_trim(choice), value + 1);
}

static bool
read_lines(pb_ppd_map_t *map, FILE *file, const char *path, pb_error_t *err)
{
  char line[LINE_SIZE];

  for (int count = 0; fgets(line, sizeof(line), file) != NULL; count++)
  {
    if (count == 0 && !pb_text_has_prefix(line, "*PPD-Adobe"))
      return pb_error_set(err, PB_REJECT, "%s is not a PPD", path);
    if (count >= LINES_MAX)
      return pb_error_set(err, PB_REJECT, "%s is too long", path);
    line[strcspn(line, "\r\n")] = '\0';
    if (!read_line(map, line))
      return pb_error_set(err, PB_RETRY, "out of memory");
  }
  return true;
}

bool
pb_ppd_map_open(const char *path, pb_ppd_map_t **map_out, pb_error_t *err)
{
  pb_ppd_map_t *map  = calloc(1, sizeof(*map));
  FILE         *file = NULL;
  bool          ok   = false;

  *map_out = NULL;
  if (map == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  file = fopen(path, "re");
  if (file == NULL)
    pb_error_set_errno(err, PB_REJECT, "cannot read %s", path);
  else
    ok = read_lines(map, file, path, err);
  if (file != NULL)
    fclose(file);
  if (ok)
    *map_out = map;
  else
    pb_ppd_map_close(map);
  return ok;
}

void
pb_ppd_map_close(pb_ppd_map_t *map)
{
  if (map == NULL)
    return;
  for (size_t i = 0; i < map->count; i++)
    free(map->entries[i].value);
  free(map->entries);
  free(map);
}

// Names of options and choices are the same in either case, as for libcups; the first line counts.
const char *
pb_ppd_map_get(const pb_ppd_map_t *map, const char *option, const char *choice)
{
  for (size_t i = 0; i < map->count; i++)
  {
    if (strcasecmp(map->entries[i].option, option) == 0 &&
        strcasecmp(map->entries[i].choice, choice) == 0)
      return map->entries[i].value;
  }
  return NULL;
}

const char *
pb_ppd_map_get_default(const pb_ppd_map_t *map, const char *option)
{
  return pb_ppd_map_get(map, option, "");
}

const char *
pb_ppd_map_next(const pb_ppd_map_t *map, const char *option, size_t *at)
{
  while (*at < map->count)
  {
    const struct entry *entry = &map->entries[(*at)++];

    if (strcasecmp(entry->option, option) == 0 && entry->choice[0] != '\0')
      return entry->choice;
  }
  return NULL;
}
