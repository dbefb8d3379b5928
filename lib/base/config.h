// config - settings: one const table per program says their names, types, bounds, defaults and
// meaning; the reader of "name = value" files, the help text and the documentation come from it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_CONFIG_H
#define PB_BASE_CONFIG_H

#include "base/error.h"
#include <stdint.h>

enum pb_setting_type
{
  PB_SETTING_TEXT,      // char *  (malloc'd)
  PB_SETTING_INT,       // int64_t
  PB_SETTING_SIZE,      // int64_t bytes: 64K, 8M, 1G
  PB_SETTING_DURATION,  // int64_t ms: 10s, 5m, 2h, 7d
  PB_SETTING_BOOL,      // bool: yes no
  PB_SETTING_CHOICE,    // int64_t: index into choices, "a|b|c"
  PB_SETTING_HOST,      // char *: one host name or IPv4 address
  PB_SETTING_HOSTS      // char *: names and addresses with blanks between them; may be empty
};

struct pb_setting
{
  const char          *name;
  enum pb_setting_type type;
  size_t               offset;  // of the field in the program's settings structure
  const char *initial;   // default, as it would be written in the file; NULL: none (text only)
  int64_t     min, max;  // numbers; 0, 0: no bounds
  const char *choices;   // PB_SETTING_CHOICE
  const char *help;      // one sentence
};

// Fill `settings` with the defaults of the table, then with the file (path NULL: defaults only; a
// missing file is PB_CONFIG).  Unknown names, bad values and repeated names are PB_CONFIG and say
// "path:line: name: why".
bool pb_config_load(const struct pb_setting *table, size_t table_count, void *settings,
                    const char *path, pb_error_t *err) PB_MUST_USE;

// One setting from a command line or the environment.
bool pb_config_set(const struct pb_setting *table, size_t table_count, void *settings,
                   const char *name, const char *value, pb_error_t *err) PB_MUST_USE;

void pb_config_clear(const struct pb_setting *table, size_t table_count,
                     void *settings);  // frees texts

// The table as a commented configuration file, malloc'd; NULL when out of memory.
char *pb_config_format_help(const struct pb_setting *table, size_t table_count);

#endif
