// settings - of printbridged: the table.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#define AT(field) offsetof(struct settings, field)

// clang-format off
const struct pb_setting settings_table[] = {
  {"log-level", PB_SETTING_CHOICE, AT(log_level), "info", 0, 0, "error|warn|info|debug",
   "How much is written to the log."},
  {"filter-user", PB_SETTING_TEXT, AT(filter_user), "lp", 0, 0, NULL,
   "The user as whom CUPS runs filters; only it and root may fetch documents."},
  {"workers", PB_SETTING_INT, AT(workers), "6", 1, 64, NULL,
   "Threads that work on jobs and queues."},
  {"jobs-per-queue", PB_SETTING_INT, AT(jobs_per_queue), "3", 1, 100, NULL,
   "Jobs of a queue that are given to CUPS at the same time; the others wait at the service."},
  {"jobs-in-cups", PB_SETTING_INT, AT(jobs_in_cups), "300", 1, 100000, NULL,
   "Jobs of all queues that are given to CUPS at the same time, of its MaxJobs (500); beyond that a queue has one, and none "
   "while it is stopped."},
  {"read-ahead", PB_SETTING_SIZE, AT(read_ahead), "1M", 65536, 67108864, NULL,
   "How much of a document is kept in memory ahead of the printer."},
  {"read-ahead-file", PB_SETTING_SIZE, AT(read_ahead_file), "256M", 0, 1099511627776, NULL,
   "How much more is kept in a temporary file."},
  {"safety-poll", PB_SETTING_DURATION, AT(safety_poll), "5s", 1000, 3600000, NULL,
   "How often local jobs are looked at although CUPS tells of changes."},
  {"poll", PB_SETTING_DURATION, AT(poll), "1s", 1000, 60000, NULL,
   "How often local jobs are looked at where the notifier is not installed."},
  {"report", PB_SETTING_DURATION, AT(report), "45s", 1000, 3600000, NULL,
   "How often the state of a local queue is looked at when CUPS tells of no change."},
  {"history", PB_SETTING_DURATION, AT(history), "30d", 60000, 31622400000, NULL,
   "How long jobs that have ended are kept in the journal."},
  {"history-jobs", PB_SETTING_INT, AT(history_jobs), "5000", 10, 1000000, NULL,
   "How many jobs that have ended are kept in the journal."},
};
// clang-format on
const size_t settings_count = sizeof(settings_table) / sizeof(settings_table[0]);
