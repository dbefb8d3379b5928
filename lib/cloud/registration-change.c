// registration-change - what changes in a registration: its keys, its queues, and the queues that
// are on offer (see registration.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/registration.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/registration-file.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER_MODE 0700

static bool
out_of_memory(pb_error_t *err)
{
  return pb_error_set(err, PB_RETRY, "out of memory");
}

static bool
save_key(const pb_registration_t *registration, const char *name, const pb_key_t *key,
         pb_error_t *err)
{
  char *path = pb_file_join(registration->folder, name);
  bool  ok   = path ? pb_key_save(key, path, err) : out_of_memory(err);

  free(path);
  return ok;
}

// The folder of all services and that of this one; mkdir -p would leave the first open to others.
static bool
make_folders(const pb_registration_t *registration, pb_error_t *err)
{
  const char *slash = strrchr(registration->folder, '/');
  char *services = pb_text_dup_size(registration->folder, (size_t)(slash - registration->folder));
  bool  ok       = services ? pb_file_make_folder(services, FOLDER_MODE, err) : out_of_memory(err);

  free(services);
  return ok && pb_file_make_folder(registration->folder, FOLDER_MODE, err);
}

// The ids of its keys, so that neither is taken for damage whenever one replaces the other.
static bool
add_key_ids(json_object *object, const pb_registration_t *registration)
{
  const pb_key_t *const keys[] = {registration->key, registration->next_key};
  json_object          *ids    = json_object_new_array();
  bool                  ok     = ids && json_object_object_add(object, "key-ids", ids) == 0;

  if (!ok)
    json_object_put(ids);
  for (size_t i = 0; ok && i < sizeof(keys) / sizeof(keys[0]); i++)
  {
    char         id[PB_KEY_ID_SIZE];
    json_object *text;

    if (!keys[i])
      continue;
    pb_key_get_id(keys[i], id);
    text = json_object_new_string(id);
    ok   = text && json_object_array_add(ids, text) == 0;
  }
  return ok;
}

static bool
save_service(const pb_registration_t *registration, pb_error_t *err)
{
  json_object *object = json_object_new_object();
  const char  *moved  = registration->moved_key[0] ? registration->moved_key : NULL;
  bool         ok     = false;

  if (!object || !pb_json_add_text(object, "url", registration->url) ||
      !pb_json_add_text(object, "issuer", registration->issuer) ||
      !pb_json_add_text(object, "ca-fingerprint", registration->ca_fingerprint) ||
      !pb_json_add_text(object, "ca-file", registration->ca_file) ||
      !pb_json_add_text(object, "client-id", registration->client_id) ||
      !add_key_ids(object, registration) || !pb_json_add_text(object, "moved-key", moved) ||
      (registration->moved_ms && !pb_json_add_int(object, "moved-ms", registration->moved_ms)))
    out_of_memory(err);
  else
    ok = pb_registration_write_json(registration->folder, PB_REGISTRATION_SERVICE, object, err);
  json_object_put(object);
  return ok;
}

bool
pb_registration_save(pb_registration_t *registration, pb_error_t *err)
{
  // The keys first: service.json makes the registration.
  return make_folders(registration, err) &&
         save_key(registration, PB_REGISTRATION_KEY, registration->key, err) &&
         (!registration->next_key ||
          save_key(registration, PB_REGISTRATION_NEXT_KEY, registration->next_key, err)) &&
         save_service(registration, err);
}

static size_t
find_index(const pb_registration_t *registration, const char *uuid)
{
  size_t i = 0;

  while (i < registration->queues_count &&
         !pb_text_is_equal_nocase(registration->queues[i].uuid, uuid))
    i++;
  return i;
}

bool
pb_registration_add_queue(pb_registration_t *registration, const pb_registered_queue_t *queue,
                          pb_error_t *err)
{
  pb_registered_queue_t copy  = *queue;
  size_t                index = find_index(registration, queue->uuid);
  bool                  ok    = false;

  copy.certificate = pb_text_dup(queue->certificate);
  if (queue->certificate && !copy.certificate)
  {
    out_of_memory(err);
    goto done;
  }
  if (!pb_registered_queue_write(registration->folder, &copy, err))
    goto done;
  if (index == registration->queues_count)
  {
    ok = pb_registration_take_queue(registration, &copy, err);
    goto done;
  }
  pb_registered_queue_clear(&registration->queues[index]);
  registration->queues[index] = copy;
  copy                        = (pb_registered_queue_t){0};
  ok                          = true;

done:
  pb_registered_queue_clear(&copy);
  return ok;
}

bool
pb_registration_remove_queue(pb_registration_t *registration, const char *uuid, pb_error_t *err)
{
  size_t index = find_index(registration, uuid);

  if (!pb_registered_queue_remove(registration->folder, uuid, err))
    return false;
  if (index == registration->queues_count)
    return true;
  pb_registered_queue_clear(&registration->queues[index]);
  registration->queues_count--;
  memmove(&registration->queues[index], &registration->queues[index + 1],
          (registration->queues_count - index) * sizeof(*registration->queues));
  return true;
}

// pending.json is {queue: uuid}; a damaged one only costs the healing of an interrupted share.
static json_object *
read_pending(const pb_registration_t *registration)
{
  json_object *pending = NULL;
  pb_error_t   why     = {0};

  if (pb_registration_read_json(registration->folder, PB_REGISTRATION_PENDING, &pending, &why))
    return pending;
  if (why.kind != PB_GONE)
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", why.message);
  return json_object_new_object();
}

bool
pb_registration_get_pending(pb_registration_t *registration, const char *queue, char uuid_out[46],
                            pb_error_t *err)
{
  json_object *pending = read_pending(registration);
  const char  *known   = pending ? pb_json_text(pending, queue) : NULL;
  bool         ok      = false;

  if (!pending)
    return out_of_memory(err);
  if (known && pb_text_is_uuid(known))
    ok = pb_text_copy(uuid_out, PB_UUID_SIZE, known);
  else
  {
    pb_text_make_uuid(uuid_out);
    ok = pb_json_add_text(pending, queue, uuid_out)
           ? pb_registration_write_json(registration->folder, PB_REGISTRATION_PENDING, pending, err)
           : out_of_memory(err);
  }
  json_object_put(pending);
  return ok;
}

bool
pb_registration_drop_pending(pb_registration_t *registration, const char *queue, pb_error_t *err)
{
  json_object *pending = read_pending(registration);
  bool         ok      = true;

  if (!pending)
    return out_of_memory(err);
  if (json_object_object_get_ex(pending, queue, /*value*/ NULL))
  {
    json_object_object_del(pending, queue);
    ok = pb_registration_write_json(registration->folder, PB_REGISTRATION_PENDING, pending, err);
  }
  json_object_put(pending);
  return ok;
}
