// settings - of printbridged: what the configuration file may say.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_DAEMON_SETTINGS_H
#define PB_DAEMON_SETTINGS_H

#include "base/config.h"

struct settings
{
  int64_t log_level;
  char   *filter_user;
  int64_t workers;
  int64_t jobs_per_queue;
  int64_t jobs_in_cups;
  int64_t read_ahead;
  int64_t read_ahead_file;
  int64_t safety_poll;
  int64_t poll;
  int64_t report;
  int64_t history;
  int64_t history_jobs;
};

extern const struct pb_setting settings_table[];
extern const size_t            settings_count;

#endif
