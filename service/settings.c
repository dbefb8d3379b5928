// settings - the service's table of settings.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include "base/file.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(pb_settings_t, field)
#define KIB 1024LL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SECOND 1000LL
#define DAY (24 * 3600 * SECOND)

// clang-format off
static const struct pb_setting table[] = {
  {"data-folder",             PB_SETTING_TEXT,     AT(data_folder),             "/var/lib/printbridge-service", 0, 0, NULL,
   "Where the database, the keys and the spooled documents are."},
  {"listen",                  PB_SETTING_TEXT,     AT(listen),                  "*",     0, 0, NULL,
   "Address to listen on: * is every address of this machine."},
  {"port",                    PB_SETTING_INT,      AT(port),                    "8631",  1, 65535, NULL,
   "Port to listen on, always with TLS."},
  {"public-port",             PB_SETTING_INT,      AT(public_port),             "0",     0, 65535, NULL,
   "The port in every URI that is handed out, where a router or proxy shows another one; 0 is the same as port."},
  {"host",                    PB_SETTING_HOST,     AT(host),                    NULL,    0, 0, NULL,
   "The name by which clients reach this service; the machine's own name when it is not set."},
  {"other-hosts",             PB_SETTING_HOSTS,    AT(other_hosts),             "localhost 127.0.0.1", 0, 0, NULL,
   "More names and addresses that requests may use, with blanks between them; any other is refused."},
  {"certificate-file",        PB_SETTING_TEXT,     AT(certificate_file),        NULL,    0, 0, NULL,
   "The server certificate and its issuers (PEM); one of our own making when it is not set."},
  {"key-file",                PB_SETTING_TEXT,     AT(key_file),                NULL,    0, 0, NULL,
   "The private key of certificate-file (PEM)."},
  {"log-level",               PB_SETTING_CHOICE,   AT(log_level),               "info",  0, 0, "error|warn|info|debug",
   "How much is logged."},
  {"workers",                 PB_SETTING_INT,      AT(workers),                 "0",     0, 256, NULL,
   "Threads that serve connections; 0 is one per processor core."},
  {"connections",             PB_SETTING_INT,      AT(connections),             "4096",  8, 1000000, NULL,
   "Connections at one time, all together."},
  {"connections-per-address", PB_SETTING_INT,      AT(connections_per_address), "512",   1, 1000000, NULL,
   "Connections at one time from one address."},
  {"idle-timeout",            PB_SETTING_DURATION, AT(idle_ms),                 "60s",   SECOND, DAY, NULL,
   "How long a connection may wait for its next request."},
  {"head-timeout",            PB_SETTING_DURATION, AT(head_ms),                 "10s",   SECOND, DAY, NULL,
   "How long the head of a request may take."},
  {"stall-timeout",           PB_SETTING_DURATION, AT(stall_ms),                "60s",   SECOND, DAY, NULL,
   "How long a request or response may stand still."},
  {"drain-timeout",           PB_SETTING_DURATION, AT(drain_ms),                "30s",   0, DAY, NULL,
   "How long requests may go on when the service is told to stop."},
  {"document-size",           PB_SETTING_SIZE,     AT(document_bytes),          "16G",   MIB, 1024 * GIB, NULL,
   "The largest document that is accepted."},
  {"disk-free",               PB_SETTING_SIZE,     AT(disk_free_bytes),         "256M",  0, 1024 * GIB, NULL,
   "How much of the disk to leave free: documents are refused below it."},
  {"jobs-per-printer",        PB_SETTING_INT,      AT(jobs_per_printer),        "10000", 1, 1000000, NULL,
   "Jobs that may wait for one printer."},
  {"connector-lease",         PB_SETTING_DURATION, AT(lease_ms),                "5m",    5 * SECOND, 30 * DAY, NULL,
   "How long a connector may stay away before another one of the same printer gets its jobs; those that may have been printed are held."},
  {"job-history",             PB_SETTING_DURATION, AT(job_history_ms),          "7d",    60 * SECOND, 3650 * DAY, NULL,
   "How long the records of ended jobs are kept; their documents go at once."},
  {"held-jobs",               PB_SETTING_DURATION, AT(held_ms),                 "30d",   60 * SECOND, 3650 * DAY, NULL,
   "How long a job waits for its PIN, or to be released by somebody, before it is aborted and its documents go."},
  {"multiple-operation-timeout", PB_SETTING_DURATION, AT(multiple_operation_ms), "5m",   10 * SECOND, DAY, NULL,
   "How long a job may wait for its next document before it is aborted."},
  {"cut-off-timeout",         PB_SETTING_DURATION, AT(cut_off_ms),              "60s",   SECOND, DAY, NULL,
   "How long a printer may wait for the rest of a document that broke off before the job is aborted."},
  {"code-life",               PB_SETTING_DURATION, AT(code_life_ms),            "10m",   SECOND, DAY, NULL,
   "How long a code that was shown for approval is good."},
  {"device-certificate",      PB_SETTING_DURATION, AT(certificate_life_ms),     "90d",   SECOND, 3650 * DAY, NULL,
   "How long the certificate of a print server's queue is good; its key and the certificate are renewed after two thirds."},
  {"cut-through",             PB_SETTING_BOOL,     AT(has_cut_through),         "yes",   0, 0, NULL,
   "Let a document be fetched while it is still arriving."},
};
// clang-format on
#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

// What one setting alone cannot say.
static bool
check(pb_settings_t *settings, pb_error_t *err)
{
  char name[256] = "localhost";

  if ((settings->certificate_file == NULL) != (settings->key_file == NULL))
    return pb_error_set(err, PB_CONFIG, "certificate-file and key-file: set both or none of them");
  if (settings->host != NULL && settings->host[0] != '\0')
    return true;
  gethostname(name, sizeof(name) - 1);
  free(settings->host);
  settings->host = strdup(name);
  return settings->host != NULL || pb_error_set(err, PB_RETRY, "out of memory");
}

bool
pb_settings_load(pb_settings_t *settings_out, const char *path, pb_error_t *err)
{
  if (path == NULL && access(PB_SERVICE_CONFIG, F_OK) == 0)
    path = PB_SERVICE_CONFIG;
  if (!pb_config_load(table, TABLE_COUNT, settings_out, path, err))
    return false;
  if (check(settings_out, err))
    return true;
  if (path != NULL)
    pb_error_prefix(err, "%s", path);
  pb_settings_clear(settings_out);
  return false;
}

static bool
is_same(const struct pb_setting *setting, const void *a, const void *b)
{
  return setting->type == PB_SETTING_INT ? *(const int64_t *)a == *(const int64_t *)b
                                         : pb_text_is_equal(*(char *const *)a, *(char *const *)b);
}

static void
swap(const struct pb_setting *setting, void *a, void *b)
{
  union
  {
    int64_t number;
    char   *text;
  } kept;
  size_t size = setting->type == PB_SETTING_INT ? sizeof(kept.number) : sizeof(kept.text);

  memcpy(&kept, a, size);
  memcpy(a, b, size);
  memcpy(b, &kept, size);
}

void
pb_settings_keep_started(pb_settings_t *fresh, pb_settings_t *running, char *names_out,
                         size_t names_size)
{
  // Whole numbers and texts: what is_same and swap know.
  static const char *const names[] = {"data-folder", "listen",      "port",   "public-port",
                                      "host",        "other-hosts", "workers"};
  size_t                   used    = 0;

  names_out[0] = '\0';
  for (size_t i = 0; i < TABLE_COUNT; i++)
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
    {
      void *a = (char *)fresh + table[i].offset, *b = (char *)running + table[i].offset;

      if (strcmp(table[i].name, names[k]) != 0)
        continue;
      if (!is_same(&table[i], a, b))
        pb_text_format(names_out + used, names_size - used, "%s%s", used > 0 ? ", " : "",
                       table[i].name);
      used = strlen(names_out);
      swap(&table[i], a, b);
    }
}

void
pb_settings_clear(pb_settings_t *settings)
{
  pb_config_clear(table, TABLE_COUNT, settings);
}

char *
pb_settings_format_help(void)
{
  return pb_config_format_help(table, TABLE_COUNT);
}

char *
pb_settings_path(const pb_settings_t *settings, const char *name)
{
  return pb_file_join(settings->data_folder, name);
}

char *
pb_settings_authority(const pb_settings_t *settings)
{
  char *authority = NULL;
  int   port      = (int)(settings->public_port != 0 ? settings->public_port : settings->port);

  return asprintf(&authority, "%s:%d", settings->host, port) < 0 ? NULL : authority;
}
