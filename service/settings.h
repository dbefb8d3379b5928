// settings - what an administrator may set of the service, and where its files are.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_SERVICE_SETTINGS_H
#define PB_SERVICE_SETTINGS_H

#include "base/config.h"

#define PB_SERVICE_CONFIG "/etc/printbridge/service.conf"

typedef struct pb_settings
{
  char   *data_folder;
  char   *listen;
  int64_t port;
  int64_t public_port;       // 0: port
  char   *host;              // the name that clients use; part of every URI that is handed out
  char   *other_hosts;       // more names and addresses, by blanks
  char   *certificate_file;  // NULL: of our own making, in the data folder
  char   *key_file;
  int64_t log_level;  // enum pb_log_level
  int64_t workers;
  int64_t connections;
  int64_t connections_per_address;
  int64_t idle_ms, head_ms, stall_ms, drain_ms;
  int64_t document_bytes, disk_free_bytes;
  int64_t jobs_per_printer;
  int64_t job_history_ms, multiple_operation_ms, cut_off_ms, held_ms;
  int64_t code_life_ms;
  int64_t lease_ms;
  bool    has_cut_through;
  int64_t certificate_life_ms;  // of a device
} pb_settings_t;

// path NULL: /etc/printbridge/service.conf, or the defaults when that does not exist.  PB_CONFIG
// names file and line.
bool pb_settings_load(pb_settings_t *settings_out, const char *path, pb_error_t *err) PB_MUST_USE;
// Some settings count at the start only: fresh gets those of the running service, which gets
// fresh's.  names_out: which of them the file has changed, with commas; "": none.
void  pb_settings_keep_started(pb_settings_t *fresh, pb_settings_t *running, char *names_out,
                               size_t names_size);
void  pb_settings_clear(pb_settings_t *settings);
char *pb_settings_format_help(
  void);  // malloc'd: a configuration file with every setting, its meaning and default

// Files of the data folder; malloc'd.
char *pb_settings_path(const pb_settings_t *settings, const char *name);
char *pb_settings_authority(const pb_settings_t *settings);  // "host:8631"

#endif
