// registration-key - how the key of a registration is replaced, and when.
// Both keys are on disk, and listed in service.json, before the next one is registered anywhere; it
// replaces the key by one rename: after a crash the folder is whole, with one key or with two.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/registration.h"

#include "base/file.h"
#include "base/text.h"
#include "cloud/registration-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK "share.lock"
#define DAY_MS (24 * 3600 * INT64_C(1000))

bool
pb_registration_lock(const char *state_folder, int *lock_out, pb_error_t *err)
{
  char *path = pb_file_join(state_folder, LOCK);
  bool  ok   = false;

  *lock_out = -1;
  ok = path ? pb_file_lock(path, lock_out, err) : pb_error_set(err, PB_RETRY, "out of memory");
  free(path);
  return ok;
}

bool
pb_registration_set_next_key(pb_registration_t *registration, const pb_key_t *next_key,
                             pb_error_t *err)
{
  pb_key_t *copy = pb_key_copy(next_key);

  if (!copy)
    return pb_error_set(err, PB_RETRY, "out of memory");
  pb_key_free(registration->next_key);
  registration->next_key = copy;
  return pb_registration_save(registration, err);
}

bool
pb_registration_use_next_key(pb_registration_t *registration, pb_error_t *err)
{
  char *from = pb_file_join(registration->folder, PB_REGISTRATION_NEXT_KEY);
  char *to   = pb_file_join(registration->folder, PB_REGISTRATION_KEY);
  bool  ok   = false;

  if (!from || !to)
    pb_error_set(err, PB_RETRY, "out of memory");
  else if (rename(from, to))
    pb_error_set_errno(err, PB_RETRY, "%s", to);
  else
    ok = pb_file_sync_folder(registration->folder, err);
  free(from);
  free(to);
  if (!ok)
    return false;
  pb_key_free(registration->key);
  registration->key      = registration->next_key;
  registration->next_key = NULL;
  return true;
}

bool
pb_registration_drop_next_key(pb_registration_t *registration, pb_error_t *err)
{
  char *path = pb_file_join(registration->folder, PB_REGISTRATION_NEXT_KEY);
  bool  ok   = path ? pb_file_remove(path, err) : pb_error_set(err, PB_RETRY, "out of memory");

  free(path);
  if (!ok)
    return false;
  pb_key_free(registration->next_key);
  registration->next_key = NULL;
  return true;
}

bool
pb_registration_is_moving(const pb_registration_t *registration)
{
  char id[PB_KEY_ID_SIZE];

  pb_key_get_id(registration->key, id);
  return strcmp(registration->moved_key, id) == 0;
}

int64_t
pb_registration_get_renewal(const pb_registration_t *registration)
{
  int64_t first_ms = INT64_MAX;

  for (size_t i = 0; i < registration->queues_count; i++)
  {
    const pb_registered_queue_t *queue     = &registration->queues[i];
    int64_t                      expiry_ms = 0, due_ms = 0;

    if (!queue->certificate || !pb_cert_get_expiry(queue->certificate, &expiry_ms, /*err*/ NULL))
      continue;
    // A clock that was beyond the end when it came says nothing of its life.
    due_ms = queue->certified_ms <= 0 ? 0
             : expiry_ms > queue->certified_ms
               ? queue->certified_ms + (expiry_ms - queue->certified_ms) / 3 * 2
               : queue->certified_ms + DAY_MS;
    if (due_ms < first_ms)
      first_ms = due_ms;
  }
  return first_ms;
}

int64_t
pb_registration_get_expiry(const pb_registration_t *registration)
{
  int64_t first_ms = 0;

  for (size_t i = 0; i < registration->queues_count; i++)
  {
    const char *certificate = registration->queues[i].certificate;
    int64_t     expiry_ms   = 0;

    if (certificate && pb_cert_get_expiry(certificate, &expiry_ms, /*err*/ NULL) &&
        (!first_ms || expiry_ms < first_ms))
      first_ms = expiry_ms;
  }
  return first_ms;
}
