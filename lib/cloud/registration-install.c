// registration-install - a registration that came from elsewhere is put in its place whole: written
// beside, under a name that nobody reads, and renamed.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/registration.h"

#include "base/file.h"
#include "base/text.h"
#include "cloud/registration-file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CA_FILE "ca.pem"

// The files of a folder, and the folder; there are no folders in it.
static bool
remove_folder(const char *path, pb_error_t *err)
{
  DIR           *folder = opendir(path);
  struct dirent *entry;
  bool           ok = true;

  if (!folder)
    return errno == ENOENT || pb_error_set_errno(err, PB_CONFIG, "%s", path);
  for (entry = readdir(folder); ok && entry; entry = readdir(folder))
  {
    char *name;

    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
      continue;
    name = pb_file_join(path, entry->d_name);
    ok   = name ? pb_file_remove(name, err) : pb_error_set(err, PB_RETRY, "out of memory");
    free(name);
  }
  closedir(folder);
  return ok && (rmdir(path) == 0 || pb_error_set_errno(err, PB_CONFIG, "%s", path));
}

// The folder of the service, and the one beside it; nothing is shared there yet.
static bool
find_places(const char *state_folder, const char *url, char **folder_out, char **beside_out,
            pb_error_t *err)
{
  pb_registration_t *there = NULL;
  bool               ok    = false;
  const char        *slash;
  pb_buffer_t        beside;

  pb_buffer_init(&beside, 4096);
  if (!pb_registration_find(state_folder, url, &there, err))
    return false;
  if (there->queues_count)
  {
    pb_error_set(err, PB_REJECT, "%s: queues of this machine are shared there already", url);
    goto done;
  }
  slash       = strrchr(there->folder, '/');
  *folder_out = pb_text_dup(there->folder);
  ok          = pb_buffer_appendf(&beside, err, "%.*s/.import-%s", (int)(slash - there->folder),
                                  there->folder, slash + 1);
  *beside_out = pb_buffer_take(&beside, /*size*/ NULL);
  if (ok && !*folder_out)
    ok = pb_error_set(err, PB_RETRY, "out of memory");

done:
  pb_buffer_clear(&beside);
  pb_registration_free(there);
  return ok;
}

static bool
write_queues(pb_registration_t *registration, pb_error_t *err)
{
  for (size_t i = 0; i < registration->queues_count; i++)
  {
    if (!pb_registered_queue_write(registration->folder, &registration->queues[i], err))
      return false;
  }
  return true;
}

static bool
write_ca(const char *folder, const char *ca_pem, pb_error_t *err)
{
  char *path = pb_file_join(folder, CA_FILE);
  bool  ok   = path ? pb_file_replace(path, 0600, ca_pem, strlen(ca_pem), err)
                    : pb_error_set(err, PB_RETRY, "out of memory");

  free(path);
  return ok;
}

static bool
put_in_place(const char *beside, const char *folder, pb_error_t *err)
{
  const char *slash    = strrchr(folder, '/');
  char       *services = pb_text_dup_size(folder, (size_t)(slash - folder));
  bool        ok       = false;

  if (!services)
    return pb_error_set(err, PB_RETRY, "out of memory");
  // What an interrupted share may have left.
  if (!remove_folder(folder, err))
    goto done;
  ok = rename(beside, folder) == 0 ? pb_file_sync_folder(services, err)
                                   : pb_error_set_errno(err, PB_CONFIG, "%s", folder);

done:
  free(services);
  return ok;
}

bool
pb_registration_install(pb_registration_t *registration, const char *state_folder,
                        const char *ca_pem, pb_error_t *err)
{
  char *folder = NULL, *beside = NULL;
  bool  ok = false;

  if (!find_places(state_folder, registration->url, &folder, &beside, err) ||
      !remove_folder(beside, err))
    goto done;
  if (ca_pem)
  {
    free(registration->ca_file);
    registration->ca_file = pb_file_join(folder, CA_FILE);
    if (!registration->ca_file)
    {
      pb_error_set(err, PB_RETRY, "out of memory");
      goto done;
    }
  }
  free(registration->folder);
  registration->folder = beside;
  beside               = NULL;
  if (!pb_registration_save(registration, err) || !write_queues(registration, err) ||
      (ca_pem && !write_ca(registration->folder, ca_pem, err)) ||
      !put_in_place(registration->folder, folder, err))
    goto done;
  free(registration->folder);
  registration->folder = folder;
  folder               = NULL;
  ok                   = true;

done:
  free(folder);
  free(beside);
  return ok;
}

bool
pb_registration_uninstall(pb_registration_t *registration, pb_error_t *err)
{
  return remove_folder(registration->folder, err);
}
