// registration - what a print server keeps of a service that it is registered with (see
// registration.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/registration.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/registration-file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SERVICES_FOLDER "services"
#define SERVICES_MAX 64   // a print server with more is a mistake
#define QUEUES_MAX 10000  // of one service; each costs a few KB
#define FOLDER_NAME_SIZE 200

static bool
out_of_memory(pb_error_t *err)
{
  return pb_error_set(err, PB_RETRY, "out of memory");
}

// "https://Host:8631/" -> "host_8631"
static bool
format_folder_name(char *dst, size_t dst_size, const char *url, pb_error_t *err)
{
  if (!pb_text_has_prefix(url, "https://") || !pb_text_is_printable(url))
    return pb_error_set(err, PB_CONFIG, "%s: a service's address begins with https://", url);

  const char *at   = url + strlen("https://");
  size_t      size = strlen(at);
  while (size && at[size - 1] == '/')
    size--;
  if (!size || size >= dst_size)
    return pb_error_set(err, PB_CONFIG, "%s: bad address of a service", url);
  for (size_t i = 0; i < size; i++)
  {
    unsigned char c = (unsigned char)at[i];
    dst[i]          = isalnum(c) || c == '-' || (c == '.' && i) ? (char)tolower(c) : '_';
  }
  dst[size] = '\0';
  return true;
}

// "https://host:8631", without a slash behind it.
static char *
copy_url(const char *url)
{
  size_t size = strlen(url);

  while (size && url[size - 1] == '/')
    size--;
  return pb_text_dup_size(url, size);
}

static bool
append_queue(pb_registration_t *registration, pb_registered_queue_t *queue, pb_error_t *err)
{
  size_t                 count = registration->queues_count;
  pb_registered_queue_t *more;

  if (count >= QUEUES_MAX)
    return pb_error_set(err, PB_REJECT, "%s: too many queues", registration->url);
  more = realloc(registration->queues, (count + 1) * sizeof(*more));
  if (!more)
    return out_of_memory(err);
  more[count]                = *queue;
  registration->queues       = more;
  registration->queues_count = count + 1;
  *queue                     = (pb_registered_queue_t){0};
  return true;
}

bool
pb_registration_take_queue(pb_registration_t *registration, pb_registered_queue_t *queue,
                           pb_error_t *err)
{
  return append_queue(registration, queue, err);
}

static int
compare_queues(const void *a, const void *b)
{
  const pb_registered_queue_t *a_queue = a;
  const pb_registered_queue_t *b_queue = b;

  return strcasecmp(a_queue->queue, b_queue->queue);
}

// "8-4-4-4-12.json"
static bool
is_queue_file(const char *name)
{
  char uuid[PB_UUID_SIZE];

  return strlen(name) == 36 + strlen(".json") && !strcmp(name + 36, ".json") &&
         pb_text_format(uuid, sizeof(uuid), "urn:uuid:%.36s", name) && pb_text_is_uuid(uuid);
}

static bool
read_queues(pb_registration_t *registration, pb_error_t *err)
{
  DIR           *folder = opendir(registration->folder);
  struct dirent *entry;
  bool           ok = true;

  if (!folder)
    return pb_error_set_errno(err, PB_CONFIG, "%s", registration->folder);
  for (entry = readdir(folder); ok && entry; entry = readdir(folder))
  {
    pb_registered_queue_t queue = {0};
    pb_error_t            why   = {0};

    if (!is_queue_file(entry->d_name))
      continue;
    if (pb_registered_queue_read(registration->folder, entry->d_name, &queue, &why))
      ok = append_queue(registration, &queue, err);
    else if (why.kind == PB_RETRY)
      ok = pb_error_set(err, why.kind, "%s", why.message);  // out of memory: nothing is damaged
    else
      pb_log(/*ctx*/ NULL, PB_LOG_WARN, "queue left out: %s", why.message);
    pb_registered_queue_clear(&queue);
  }
  closedir(folder);
  // The folder's order is nobody's.
  if (registration->queues_count)
    qsort(registration->queues, registration->queues_count, sizeof(*registration->queues),
          compare_queues);
  return ok;
}

static bool
read_key(const pb_registration_t *registration, const char *name, pb_key_t **key_out,
         pb_error_t *err)
{
  char *path = pb_file_join(registration->folder, name);
  bool  ok   = path ? pb_key_load(path, key_out, err) : out_of_memory(err);

  free(path);
  return ok;
}

bool
pb_registration_read_keys(pb_registration_t *registration, pb_error_t *err)
{
  pb_key_t  *key  = NULL;
  pb_key_t  *next = NULL;
  pb_error_t why  = {0};

  if (!read_key(registration, PB_REGISTRATION_KEY, &key, err))
    return false;
  if (!read_key(registration, PB_REGISTRATION_NEXT_KEY, &next, &why) && why.kind != PB_GONE)
  {
    pb_key_free(key);
    return pb_error_set(err, why.kind, "%s", why.message);
  }
  pb_key_free(registration->key);
  pb_key_free(registration->next_key);
  registration->key      = key;
  registration->next_key = next;
  return true;
}

// Absent members stay NULL.
static bool
copy_member(json_object *object, const char *name, char **dst, pb_error_t *err)
{
  const char *text = pb_json_text(object, name);

  if (!text)
    return true;
  if (!pb_text_is_printable(text))
    return pb_error_set(err, PB_CONFIG, "bad \"%s\"", name);
  *dst = pb_text_dup(text);
  return *dst || out_of_memory(err);
}

static bool
is_listed(json_object *ids, const char *id)
{
  for (size_t i = 0; ids && i < json_object_array_length(ids); i++)
  {
    json_object *item = json_object_array_get_idx(ids, i);

    if (json_object_is_type(item, json_type_string) &&
        strcmp(json_object_get_string(item), id) == 0)
      return true;
  }
  return false;
}

// The key is the one that gave the client its id, or one that followed.
static bool
check_key(pb_registration_t *registration, json_object *object, pb_error_t *err)
{
  const char *client_id = pb_json_text(object, "client-id");
  char        id[PB_KEY_ID_SIZE];

  pb_key_get_id(registration->key, id);
  if (!client_id ||
      !pb_text_copy(registration->client_id, sizeof(registration->client_id), client_id) ||
      (strcmp(client_id, id) != 0 && !is_listed(pb_json_array(object, "key-ids"), id)))
    return pb_error_set(err, PB_CONFIG, "%s is not the key of \"client-id\"", PB_REGISTRATION_KEY);
  return true;
}

static void
read_moved(pb_registration_t *registration, json_object *object)
{
  const char *key = pb_json_text(object, "moved-key");

  registration->moved_ms = pb_json_int(object, "moved-ms", 0);
  pb_text_copy(registration->moved_key, sizeof(registration->moved_key), key ? key : "");
}

// service.json and the key, which must belong together.
static bool
read_service(pb_registration_t *registration, pb_error_t *err)
{
  json_object *object = NULL;
  bool         ok     = false;

  if (!pb_registration_read_json(registration->folder, PB_REGISTRATION_SERVICE, &object, err))
    return false;
  if (!copy_member(object, "url", &registration->url, err) ||
      !copy_member(object, "issuer", &registration->issuer, err) ||
      !copy_member(object, "ca-fingerprint", &registration->ca_fingerprint, err) ||
      !copy_member(object, "ca-file", &registration->ca_file, err))
    goto done;
  if (!registration->url || !pb_text_has_prefix(registration->url, "https://"))
  {
    pb_error_set(err, PB_CONFIG, "bad or missing \"url\"");
    goto done;
  }
  if (!pb_registration_read_keys(registration, err))
  {
    // Missing here is damage: PB_GONE would look like a service that was never shared with.
    if (err && err->kind != PB_RETRY)
      err->kind = PB_CONFIG;
    goto done;
  }
  if (!check_key(registration, object, err))
    goto done;
  read_moved(registration, object);
  ok = true;

done:
  if (!ok)
    pb_error_prefix(err, "%s/%s", registration->folder, PB_REGISTRATION_SERVICE);
  json_object_put(object);
  return ok;
}

// One folder below STATE/services.  PB_GONE: it has no service.json.
static bool
load_folder(const char *services, const char *name, pb_registration_t **registration_out,
            pb_error_t *err)
{
  pb_registration_t *registration = calloc(1, sizeof(*registration));

  *registration_out = NULL;
  if (!registration)
    return out_of_memory(err);
  registration->folder = pb_file_join(services, name);
  if (!registration->folder)
    out_of_memory(err);
  else if (read_service(registration, err) && read_queues(registration, err))
  {
    *registration_out = registration;
    return true;
  }
  pb_registration_free(registration);
  return false;
}

static bool
append_registration(pb_registration_t ***list, size_t *count, pb_registration_t *registration,
                    pb_error_t *err)
{
  pb_registration_t **more;

  if (*count >= SERVICES_MAX)
    return pb_error_set(err, PB_CONFIG, "more than %d services", SERVICES_MAX);
  more = realloc(*list, (*count + 1) * sizeof(pb_registration_t *));
  if (!more)
    return out_of_memory(err);
  more[*count] = registration;
  *list        = more;
  *count += 1;
  return true;
}

// Load one and put it on the list, or say why not in the log.
static bool
load_into(const char *services, const char *name, pb_registration_t ***list, size_t *count,
          pb_error_t *err)
{
  pb_registration_t *registration = NULL;
  pb_error_t         why          = {0};

  if (!load_folder(services, name, &registration, &why))
  {
    if (why.kind == PB_RETRY)
      return pb_error_set(err, why.kind, "%s", why.message);  // out of memory: nothing is damaged
    // A folder of an interrupted first share has only a key in it.
    if (why.kind != PB_GONE)
      pb_log(/*ctx*/ NULL, PB_LOG_WARN, "registration left out: %s", why.message);
    return true;
  }
  if (!registration->queues_count)
  {
    pb_registration_free(registration);
    return true;
  }
  if (append_registration(list, count, registration, err))
    return true;
  pb_registration_free(registration);
  return false;
}

bool
pb_registrations_load(const char *state_folder, pb_registration_t ***list_out, size_t *count_out,
                      pb_error_t *err)
{
  bool           ok       = false;
  char          *services = pb_file_join(state_folder, SERVICES_FOLDER);
  DIR           *folder   = NULL;
  struct dirent *entry;

  *list_out  = NULL;
  *count_out = 0;
  if (!services)
    return out_of_memory(err);
  folder = opendir(services);
  if (!folder)
  {
    ok = errno == ENOENT || pb_error_set_errno(err, PB_CONFIG, "%s", services);
    goto done;
  }
  for (entry = readdir(folder); entry; entry = readdir(folder))
  {
    if (entry->d_name[0] == '.')
      continue;
    if (!load_into(services, entry->d_name, list_out, count_out, err))
      goto done;
  }
  ok = true;

done:
  if (folder)
    closedir(folder);
  free(services);
  if (!ok)
  {
    pb_registrations_free(*list_out, *count_out);
    *list_out  = NULL;
    *count_out = 0;
  }
  return ok;
}

void
pb_registrations_free(pb_registration_t **list, size_t count)
{
  for (size_t i = 0; i < count; i++)
    pb_registration_free(list[i]);
  free(list);
}

// A key that an interrupted save has left is used again.
static bool
find_or_make_key(pb_registration_t *registration, pb_error_t *err)
{
  pb_error_t why = {0};

  if (read_key(registration, PB_REGISTRATION_KEY, &registration->key, &why))
  {
    pb_key_get_id(registration->key, registration->client_id);
    return true;
  }
  if (why.kind != PB_GONE)
  {
    if (err)
      *err = why;
    return false;
  }
  if (!pb_key_make(&registration->key, err))
    return false;
  pb_key_get_id(registration->key, registration->client_id);
  return true;
}

static bool
make_registration(const char *services, const char *name, const char *url,
                  pb_registration_t **registration_out, pb_error_t *err)
{
  pb_registration_t *registration = calloc(1, sizeof(*registration));

  if (!registration)
    return out_of_memory(err);
  registration->folder = pb_file_join(services, name);
  registration->url    = copy_url(url);
  if (!registration->folder || !registration->url)
    out_of_memory(err);
  else if (find_or_make_key(registration, err))
  {
    *registration_out = registration;
    return true;
  }
  pb_registration_free(registration);
  return false;
}

bool
pb_registration_find(const char *state_folder, const char *url,
                     pb_registration_t **registration_out, pb_error_t *err)
{
  bool       ok       = false;
  char      *services = pb_file_join(state_folder, SERVICES_FOLDER);
  char      *wanted   = copy_url(url);
  pb_error_t why      = {0};
  char       name[FOLDER_NAME_SIZE];

  *registration_out = NULL;
  if (!services || !wanted)
  {
    out_of_memory(err);
    goto done;
  }
  if (!format_folder_name(name, sizeof(name), url, err))
    goto done;
  if (!load_folder(services, name, registration_out, &why))
  {
    // Never a second identity in place of a damaged one.
    if (why.kind == PB_GONE)
      ok = make_registration(services, name, url, registration_out, err);
    else if (err)
      *err = why;
    goto done;
  }
  if (!pb_text_is_equal_nocase((*registration_out)->url, wanted))
  {
    pb_error_set(err, PB_CONFIG, "%s is of %s", (*registration_out)->folder,
                 (*registration_out)->url);
    pb_registration_free(*registration_out);
    *registration_out = NULL;
    goto done;
  }
  ok = true;

done:
  free(services);
  free(wanted);
  return ok;
}

void
pb_registration_free(pb_registration_t *registration)
{
  if (!registration)
    return;
  for (size_t i = 0; i < registration->queues_count; i++)
    pb_registered_queue_clear(&registration->queues[i]);
  free(registration->queues);
  pb_key_free(registration->key);
  pb_key_free(registration->next_key);
  free(registration->folder);
  free(registration->url);
  free(registration->issuer);
  free(registration->ca_fingerprint);
  free(registration->ca_file);
  free(registration);
}

const pb_registered_queue_t *
pb_registration_find_queue(const pb_registration_t *registration, const char *queue)
{
  for (size_t i = 0; i < registration->queues_count; i++)
  {
    // CUPS's queue names do not tell upper from lower case.
    if (pb_text_is_equal_nocase(registration->queues[i].queue, queue))
      return &registration->queues[i];
  }
  return NULL;
}
