// import - printbridge import: this machine becomes the print server of the file.  Everything is
// looked at before anything is changed; then each service is put in its place whole, and its key is
// replaced at once, which locks out whoever else has the old one.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cloud/account.h"
#include "cloud/export.h"
#include "command.h"
#include "ipp/cups.h"
#include "net/vault.h"
#include "passphrase.h"
#include "renewal.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

#define SETTINGS "imported-printbridged.conf"

struct import
{
  const struct options *options;
  pb_secret_t           passphrase;
  pb_buffer_t           sealed;
  struct pb_export export;
  bool is_changed;
};

static bool
read_file(struct import *import, pb_error_t *err)
{
  return pb_file_read(import->options->names[0], PB_VAULT_FILE_MAX, &import->sealed, err) &&
         passphrase_get(import->options->passphrase_file, /*is_new*/ false, &import->passphrase,
                        err);
}

static bool
open_export(struct import *import, pb_error_t *err)
{
  pb_buffer_t text = {0};
  bool ok = pb_vault_open(&import->passphrase, import->sealed.data ? import->sealed.data : "",
                          import->sealed.size, &text, err) &&
            pb_export_parse(text.data ? text.data : "", text.size, &import->export, err);

  pb_buffer_wipe(&text);
  if (!ok)
    pb_error_prefix(err, "%s", import->options->names[0]);
  return ok;
}

// --- before anything is changed

static bool
is_among(char **names, size_t count, const char *name)
{
  for (size_t i = 0; i < count; i++)
  {
    if (pb_text_is_equal_nocase(names[i], name))
      return true;
  }
  return false;
}

static size_t
name_missing(const struct import *import, char **names, size_t count)
{
  size_t missing = 0;

  for (size_t i = 0; i < import->export.count; i++)
  {
    const pb_registration_t *registration = import->export.services[i].registration;

    for (size_t k = 0; k < registration->queues_count; k++)
    {
      const pb_registered_queue_t *queue = &registration->queues[k];
      char                         shown[256];

      if (is_among(names, count, queue->queue))
        continue;
      missing++;
      pb_text_escape(shown, sizeof(shown), queue->queue, strlen(queue->queue));
      printf("CUPS has no queue %s (%s).\n", shown, queue->printer_uri);
    }
  }
  return missing;
}

// Each queue is known to CUPS by the name that it had.
static bool
check_queues(const struct import *import, pb_error_t *err)
{
  pb_cups_t *cups    = NULL;
  char     **names   = NULL;
  size_t     count   = 0;
  size_t     missing = 0;
  bool       ok      = pb_cups_open(import->options->cups, &cups, err) &&
            pb_cups_copy_queues(cups, &names, &count, err);

  if (ok)
    missing = name_missing(import, names, count);
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
  pb_cups_close(cups);
  if (!ok || !missing || import->options->force)
    return ok;
  return pb_error_set(err, PB_GONE,
                      "%zu queues are missing here: make them by lpadmin first, or say --force; "
                      "nothing was changed",
                      missing);
}

// --- the services

// What an earlier call has put there; NULL: nothing.
static bool
find_there(const struct import *import, const pb_registration_t *from,
           pb_registration_t **there_out, pb_error_t *err)
{
  pb_registration_t *there = NULL;

  *there_out = NULL;
  if (!pb_registration_find(import->options->state, from->url, &there, err))
    return false;
  if (!there->queues_count)
  {
    pb_registration_free(there);
    return true;
  }
  *there_out = there;
  return strcmp(there->client_id, from->client_id) == 0 ||
         pb_error_set(err, PB_REJECT,
                      "%s: queues of this machine are shared there already: take them back by "
                      "\"printbridge unshare\" first; nothing was changed",
                      from->url);
}

static bool
check_services(const struct import *import, pb_error_t *err)
{
  bool ok = true;

  for (size_t i = 0; ok && i < import->export.count; i++)
  {
    pb_registration_t *there = NULL;

    ok = find_there(import, import->export.services[i].registration, &there, err);
    pb_registration_free(there);
  }
  return ok;
}

// The old key is replaced; what cannot be reached now is the connector's to do before anything
// else.
static bool
take_over(struct import *import, pb_registration_t *registration, pb_error_t *err)
{
  pb_error_t why = {0};
  bool       ok  = renewal_run(registration, &why);

  import->is_changed = true;
  // The new key may have been taken, and the answer lost: then it is good, and it is here only.
  if (!ok && why.kind == PB_AUTH && registration->next_key)
  {
    pb_error_clear(&why);
    ok = renewal_run(registration, &why);
  }
  if (ok)
  {
    printf("%s: %zu queues; the host that they came from is locked out.\n", registration->url,
           registration->queues_count);
    return true;
  }
  if (why.kind != PB_AUTH)
  {
    printf("%s: the old key could not be replaced yet (%s): the connector does it as soon as it "
           "can, before anything else.\n",
           registration->url, why.message);
    return true;
  }
  if (!pb_registration_uninstall(registration, err))
    return false;
  return pb_error_set(err, PB_AUTH,
                      "%s: the print server of this file is not known there any more: its key was "
                      "renewed or its queues were removed after the export (%s).  Export it again, "
                      "or share the queues with --adopt; nothing was changed",
                      registration->url, why.message);
}

static bool
is_same_key(const pb_key_t *a, const pb_key_t *b)
{
  char a_id[PB_KEY_ID_SIZE], b_id[PB_KEY_ID_SIZE];

  pb_key_get_id(a, a_id);
  pb_key_get_id(b, b_id);
  return strcmp(a_id, b_id) == 0;
}

// A print server that comes back to a machine from which it was moved: what is there is locked out,
// and gives way.  Of two that are good, the one that is there stays.
static bool
clear_dead(const struct import *import, pb_registration_t **there, const pb_registration_t *from,
           pb_error_t *err)
{
  pb_cloud_account_t *account = NULL;
  json_object        *status  = NULL;
  pb_secret_t         token   = {0};
  pb_error_t          why     = {0};
  bool                ok;

  if (!*there || pb_registration_is_moving(*there) || is_same_key((*there)->key, from->key))
    return true;
  ok = pb_cloud_account_new(*there, &account, &why) &&
       pb_cloud_account_copy_token(account, /*is_fresh*/ true, &token, &why);
  pb_secret_clear(&token);
  pb_cloud_account_free(account);
  if (ok)
    return true;
  if (why.kind != PB_AUTH)
    return pb_error_set(err, why.kind, "%s: whether what is there is good cannot be told: %s",
                        from->url, why.message);
  // It would go on with the jobs that it has, and not know of the others.
  if (ask_connector(import->options->runtime, "status", &status, /*err*/ &(pb_error_t){0}))
  {
    json_object_put(status);
    return pb_error_set(err, PB_CONFIG,
                        "%s: printbridged runs with what is there, which is locked out: stop it "
                        "first; nothing was changed",
                        from->url);
  }
  if (!pb_registration_uninstall(*there, err))
    return false;
  pb_registration_free(*there);
  *there = NULL;
  return true;
}

static bool
install(struct import *import, struct pb_exported_service *service, pb_error_t *err)
{
  pb_registration_t *registration = service->registration;
  pb_registration_t *there        = NULL;
  bool               ok =
    find_there(import, registration, &there, err) && clear_dead(import, &there, registration, err);

  if (ok && there)
  {
    printf("%s: is there already.\n", registration->url);
    ok = !pb_registration_is_moving(there) || take_over(import, there, err);
  }
  else if (ok)
  {
    registration->moved_ms = pb_clock_now_ms();
    pb_key_get_id(registration->key, registration->moved_key);
    ok = pb_registration_install(registration, import->options->state, service->ca_pem, err) &&
         take_over(import, registration, err);
  }
  pb_registration_free(there);
  return ok;
}

// One that cannot be taken over does not keep the others.
static bool
install_all(struct import *import)
{
  bool ok = true;

  for (size_t i = 0; i < import->export.count; i++)
  {
    pb_error_t err = {0};

    if (install(import, &import->export.services[i], &err))
      continue;
    command_fail(&err);
    ok = false;
  }
  return ok;
}

static void
keep_settings(const struct import *import)
{
  const char *settings = import->export.settings;
  char       *path     = settings ? pb_file_join(import->options->state, SETTINGS) : NULL;
  pb_error_t  err      = {0};

  if (!path)
    return;
  if (pb_file_replace(path, 0600, settings, strlen(settings), &err))
    printf("The connector's settings are in %s: compare them with those of this machine.\n", path);
  else
    command_fail(&err);
  free(path);
}

static bool
run_locked(struct import *import, pb_error_t *err)
{
  if (!open_export(import, err) || !check_services(import, err) || !check_queues(import, err))
    return false;
  if (!install_all(import))
    return pb_error_set(err, PB_RETRY, "not everything was imported");
  keep_settings(import);
  return true;
}

int
command_import(const struct options *options)
{
  struct import import = {.options = options};
  pb_error_t    err    = {0};
  int           lock   = -1;
  bool          ok     = read_file(&import, &err) && state_enter(options->state, &err) &&
            state_lock(options->state, &lock, &err) && run_locked(&import, &err);

  state_unlock(&lock);
  if (!ok)
    command_fail(&err);
  if (import.is_changed)
    ask_reload(options->runtime);
  pb_export_clear(&import.export);
  pb_buffer_clear(&import.sealed);
  pb_secret_clear(&import.passphrase);
  return ok ? EXIT_DONE : EXIT_PROBLEM;
}
