// registration-file - the files of one registration.  UUID.json is what counts: its certificate is
// written before it and removed after it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/registration-file.h"

#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MODE 0600
#define UUID_PREFIX "urn:uuid:"

bool
pb_registration_read_json(const char *folder, const char *name, json_object **object_out,
                          pb_error_t *err)
{
  bool        ok   = false;
  pb_buffer_t text = {0};
  char       *path = pb_file_join(folder, name);

  *object_out = NULL;
  if (!path)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  if (!pb_file_read(path, PB_JSON_MAX, &text, err))
    goto done;
  if (!pb_json_parse(text.data ? text.data : "", text.size, object_out, err))
  {
    pb_error_prefix(err, "%s", path);
    if (err && err->kind != PB_RETRY)
      err->kind = PB_CONFIG;
    goto done;
  }
  ok = true;

done:
  pb_buffer_clear(&text);
  free(path);
  return ok;
}

static bool
write_file(const char *folder, const char *name, const char *text, pb_error_t *err)
{
  char *path = pb_file_join(folder, name);
  bool  ok;

  if (!path || !text)
    ok = pb_error_set(err, PB_RETRY, "%s/%s: out of memory", folder, name);
  else
    ok = pb_file_replace(path, FILE_MODE, text, strlen(text), err);
  free(path);
  return ok;
}

bool
pb_registration_write_json(const char *folder, const char *name, json_object *object,
                           pb_error_t *err)
{
  return write_file(folder, name,
                    json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                             JSON_C_TO_STRING_NOSLASHESCAPE),
                    err);
}

// "urn:uuid:X" -> "X.json" or "X.crt".
static void
format_name(char dst[64], const char *uuid, const char *ending)
{
  pb_text_format(dst, 64, "%s%s", uuid + strlen(UUID_PREFIX), ending);
}

// Members that must be there, be printable and fit.
bool
pb_registered_queue_parse(json_object *object, pb_registered_queue_t *queue, pb_error_t *err)
{
  const struct
  {
    const char *name;
    char       *dst;
    size_t      size;
  } members[] = {
    {"output-device-uuid", queue->uuid,         sizeof(queue->uuid)        },
    {"queue",              queue->queue,        sizeof(queue->queue)       },
    {"printer-uri",        queue->printer_uri,  sizeof(queue->printer_uri) },
    {"printer-uuid",       queue->printer_uuid, sizeof(queue->printer_uuid)},
  };

  for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
  {
    const char *text = pb_json_text(object, members[i].name);
    if (!text || !pb_text_is_printable(text) ||
        !pb_text_copy(members[i].dst, members[i].size, text))
      return pb_error_set(err, PB_CONFIG, "bad or missing \"%s\"", members[i].name);
  }
  if (!pb_text_is_uuid(queue->uuid))
    return pb_error_set(err, PB_CONFIG, "bad \"output-device-uuid\"");
  if (!queue->queue[0])
    return pb_error_set(err, PB_CONFIG, "bad \"queue\"");
  if (!pb_text_has_prefix(queue->printer_uri, "ipps://") &&
      !pb_text_has_prefix(queue->printer_uri, "https://"))
    return pb_error_set(err, PB_CONFIG, "bad \"printer-uri\"");
  queue->certified_ms = pb_json_int(object, "certified-ms", 0);
  return true;
}

json_object *
pb_registered_queue_format(const pb_registered_queue_t *queue)
{
  json_object *object = json_object_new_object();

  if (object && pb_json_add_text(object, "output-device-uuid", queue->uuid) &&
      pb_json_add_text(object, "queue", queue->queue) &&
      pb_json_add_text(object, "printer-uri", queue->printer_uri) &&
      pb_json_add_text(object, "printer-uuid", queue->printer_uuid) &&
      (queue->certified_ms <= 0 || pb_json_add_int(object, "certified-ms", queue->certified_ms)))
    return object;
  json_object_put(object);
  return NULL;
}

// The certificate is kept for the services that ask for it; without it the queue still works.
static bool
read_certificate(const char *folder, pb_registered_queue_t *queue, pb_error_t *err)
{
  pb_buffer_t pem  = {0};
  pb_error_t  why  = {0};
  char       *path = NULL;
  char        name[64];
  bool        ok = false;

  format_name(name, queue->uuid, ".crt");
  path = pb_file_join(folder, name);
  if (!path)
    pb_error_set(err, PB_RETRY, "out of memory");
  else if (pb_file_read(path, PB_PEM_MAX, &pem, &why))
  {
    queue->certificate = pb_text_dup_size(pem.data ? pem.data : "", pem.size);
    ok                 = queue->certificate || pb_error_set(err, PB_RETRY, "out of memory");
  }
  else if (why.kind == PB_GONE)
    ok = true;
  else if (err)
    *err = why;
  pb_buffer_clear(&pem);
  free(path);
  return ok;
}

bool
pb_registered_queue_read(const char *folder, const char *name, pb_registered_queue_t *queue_out,
                         pb_error_t *err)
{
  bool                  ok     = false;
  json_object          *object = NULL;
  pb_registered_queue_t queue  = {0};
  char                  own[64];

  if (!pb_registration_read_json(folder, name, &object, err))
    goto done;
  if (!pb_registered_queue_parse(object, &queue, err))
  {
    pb_error_prefix(err, "%s/%s", folder, name);
    goto done;
  }
  format_name(own, queue.uuid, ".json");
  if (strcmp(own, name) != 0)
  {
    pb_error_set(err, PB_CONFIG, "%s/%s: is of %s", folder, name, queue.uuid);
    goto done;
  }
  ok = read_certificate(folder, &queue, err);

done:
  json_object_put(object);
  if (!ok)
    pb_registered_queue_clear(&queue);
  *queue_out = queue;
  return ok;
}

bool
pb_registered_queue_write(const char *folder, const pb_registered_queue_t *queue, pb_error_t *err)
{
  bool         ok     = false;
  json_object *object = pb_registered_queue_format(queue);
  char         name[64];

  if (!pb_text_is_uuid(queue->uuid))
  {
    pb_error_set(err, PB_BUG, "%s: bad output-device-uuid", queue->queue);
    goto done;
  }
  format_name(name, queue->uuid, ".crt");
  if (queue->certificate && !write_file(folder, name, queue->certificate, err))
    goto done;
  if (!object)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  format_name(name, queue->uuid, ".json");
  ok = pb_registration_write_json(folder, name, object, err);

done:
  json_object_put(object);
  return ok;
}

static bool
remove_file(const char *folder, const char *uuid, const char *ending, pb_error_t *err)
{
  char  name[64];
  char *path;
  bool  ok;

  format_name(name, uuid, ending);
  path = pb_file_join(folder, name);
  ok   = path ? pb_file_remove(path, err) : pb_error_set(err, PB_RETRY, "out of memory");
  free(path);
  return ok;
}

bool
pb_registered_queue_remove(const char *folder, const char *uuid, pb_error_t *err)
{
  if (!pb_text_is_uuid(uuid))
    return pb_error_set(err, PB_BUG, "bad output-device-uuid");
  return remove_file(folder, uuid, ".json", err) && remove_file(folder, uuid, ".crt", err) &&
         pb_file_sync_folder(folder, err);
}

void
pb_registered_queue_clear(pb_registered_queue_t *queue)
{
  free(queue->certificate);
  *queue = (pb_registered_queue_t){0};
}
