// export - printbridge export: what makes this machine a print server, in one file under a
// passphrase, for other hardware.  Nothing changes here: whoever uses the file first locks the
// other out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/export.h"
#include "ask.h"
#include "base/clock.h"
#include "base/file.h"
#include "command.h"
#include "net/vault.h"
#include "passphrase.h"
#include "state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTINGS_MAX (256 * 1024)

struct export
{
  const struct options *options;
  pb_secret_t           passphrase;
  pb_buffer_t           settings;
  pb_registration_t   **list;
  size_t                count;
  pb_buffer_t           sealed;
  int                   fd;
};

// A new file, or one that an interrupted call has left empty.  It is opened before this goes on as
// the connector's user, who may not write there.
static bool
open_file(struct export *export, pb_error_t *err)
{
  const char *path = export->options->names[0];
  struct stat info;

  export->fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (export->fd < 0)
    return pb_error_set_errno(err, PB_CONFIG, "%s", path);
  if (fstat(export->fd, &info) || !S_ISREG(info.st_mode) || info.st_size)
    return pb_error_set(err, PB_CONFIG, "%s is there already", path);
  if (info.st_uid != geteuid())
    return pb_error_set(err, PB_CONFIG, "%s is somebody else's file", path);
  return fchmod(export->fd, 0600) == 0 || pb_error_set_errno(err, PB_CONFIG, "%s", path);
}

static bool
read_settings(struct export *export, pb_error_t *err)
{
  return !export->options->config ||
         pb_file_read(export->options->config, SETTINGS_MAX, &export->settings, err);
}

// Under the lock: no key changes meanwhile.
static bool
seal_locked(struct export *export, pb_error_t *err)
{
  pb_buffer_t text = {0};
  bool        ok =
    pb_registrations_load(export->options->state, &export->list, &export->count, err) &&
    (export->count > 0 ||
     pb_error_set(err, PB_GONE, "nothing is shared here: there is no print server to move"));

  ok = ok &&
       pb_export_format(export->list, export->count,
                        export->options->config ? export->settings.data : NULL, &text, err) &&
       pb_vault_seal(&export->passphrase, text.data, text.size, &export->sealed, err);
  pb_buffer_wipe(&text);
  return ok;
}

static bool
make(struct export *export, pb_error_t *err)
{
  const char *state = export->options->state;
  int         lock  = -1;
  bool        ok;

  if (!state_enter(state, err) || !state_lock(state, &lock, err))
    return false;
  ok = seal_locked(export, err);
  state_unlock(&lock);
  return ok && pb_file_write_all(export->fd, export->sealed.data, export->sealed.size, err) &&
         (fsync(export->fd) == 0 ||
          pb_error_set_errno(err, PB_CONFIG, "%s", export->options->names[0]));
}

// --- what is said

// Those that the connector has taken; -1: it does not run.
static int64_t
count_jobs(const char *runtime)
{
  json_object *status = NULL;
  json_object *services;
  int64_t      jobs = 0;

  if (!ask_connector(runtime, "status", &status, /*err*/ &(pb_error_t){0}))
    return -1;
  services = pb_json_array(status, "services");
  for (size_t i = 0; services && i < json_object_array_length(services); i++)
  {
    json_object *queues = pb_json_array(json_object_array_get_idx(services, i), "queues");

    for (size_t k = 0; queues && k < json_object_array_length(queues); k++)
      jobs += pb_json_int(json_object_array_get_idx(queues, k), "jobs", 0);
  }
  json_object_put(status);
  return jobs;
}

static void
say_done(const struct export *export, int64_t jobs)
{
  char    until[PB_ISO_DATE_SIZE];
  int64_t renewal_ms = INT64_MAX;
  size_t  queues     = 0;

  for (size_t i = 0; i < export->count; i++)
  {
    int64_t due_ms = pb_registration_get_renewal(export->list[i]);

    renewal_ms = due_ms < renewal_ms ? due_ms : renewal_ms;
    queues += export->list[i]->queues_count;
  }
  printf("%s: %zu queues, %zu service%s.\n", export->options->names[0], queues, export->count,
         export->count == 1 ? "" : "s");
  if (renewal_ms < INT64_MAX)
  {
    pb_clock_format_iso(until, renewal_ms);
    printf("It is good until this print server renews its key, after %s.\n", until);
  }
  if (jobs > 0)
    printf("%lld jobs are on their way here.  Those that have begun by the time of the import are "
           "held on the new machine, as nobody can know what is on paper.\n",
           (long long)jobs);
  printf("Whoever has it and the passphrase is this print server: keep it safe, and delete it "
         "afterwards.\n"
         "On the new machine, with the same CUPS queues: printbridge import FILE.  From then on "
         "this one is not served any more.\n");
}

int
command_export(const struct options *options)
{
  struct export export = {.options = options, .fd = -1};
  pb_error_t err       = {0};
  int64_t    jobs      = count_jobs(options->runtime);
  bool ok = passphrase_get(options->passphrase_file, /*is_new*/ true, &export.passphrase, &err) &&
            read_settings(&export, &err) && open_file(&export, &err);

  if (ok)
  {
    ok = make(&export, &err);
    if (ok)
      say_done(&export, jobs);
    else if (ftruncate(export.fd, 0) || unlink(options->names[0]))
      pb_error_prefix(&err, "%s is of no use", options->names[0]);
  }
  if (!ok)
    command_fail(&err);
  if (export.fd >= 0)
    close(export.fd);
  pb_secret_clear(&export.passphrase);
  pb_buffer_clear(&export.settings);
  pb_buffer_clear(&export.sealed);
  pb_registrations_free(export.list, export.count);
  return ok ? EXIT_DONE : EXIT_PROBLEM;
}
