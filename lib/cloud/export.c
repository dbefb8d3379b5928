// export - a print server as one text: JSON, written here and read as if a stranger had written it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/export.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cloud/registration-file.h"
#include "net/vault.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT 1
#define DEPTH_MAX 8
#define SETTINGS_MAX (256 * 1024)
#define CA_MAX PB_PEM_MAX

static bool
out_of_memory(pb_error_t *err)
{
  return pb_error_set(err, PB_RETRY, "out of memory");
}

// --- writing

static bool
add_key(json_object *object, const char *name, const pb_key_t *key, pb_error_t *err)
{
  pb_secret_t pem = {0};
  bool        ok  = false;

  if (!key)
    return true;
  ok = pb_key_format_private(key, &pem, err) &&
       (pb_json_add_text(object, name, pem.text) || out_of_memory(err));
  pb_secret_clear(&pem);
  return ok;
}

static bool
add_ca(json_object *object, const pb_registration_t *registration, pb_error_t *err)
{
  pb_buffer_t pem = {0};
  bool        ok  = false;

  if (!registration->ca_file)
    return true;
  ok = pb_file_read(registration->ca_file, CA_MAX, &pem, err) &&
       (pb_json_add_text(object, "ca", pem.data ? pem.data : "") || out_of_memory(err));
  pb_buffer_clear(&pem);
  return ok;
}

static bool
add_queues(json_object *object, const pb_registration_t *registration)
{
  json_object *array = json_object_new_array();

  if (!array || json_object_object_add(object, "queues", array))
  {
    json_object_put(array);
    return false;
  }
  for (size_t i = 0; i < registration->queues_count; i++)
  {
    const pb_registered_queue_t *queue = &registration->queues[i];
    json_object                 *item  = pb_registered_queue_format(queue);

    if (!item || !pb_json_add_text(item, "certificate", queue->certificate) ||
        json_object_array_add(array, item))
    {
      json_object_put(item);
      return false;
    }
  }
  return true;
}

static bool
fill_service(json_object *object, const pb_registration_t *registration, pb_error_t *err)
{
  if (!pb_json_add_text(object, "url", registration->url) ||
      !pb_json_add_text(object, "issuer", registration->issuer) ||
      !pb_json_add_text(object, "ca-fingerprint", registration->ca_fingerprint) ||
      !pb_json_add_text(object, "client-id", registration->client_id) ||
      !add_queues(object, registration))
    return out_of_memory(err);
  return add_key(object, "key", registration->key, err) &&
         add_key(object, "next-key", registration->next_key, err) &&
         add_ca(object, registration, err);
}

static bool
add_services(json_object *object, pb_registration_t *const *registrations, size_t count,
             pb_error_t *err)
{
  json_object *array = json_object_new_array();

  if (!array || json_object_object_add(object, "services", array))
  {
    json_object_put(array);
    return out_of_memory(err);
  }
  for (size_t i = 0; i < count; i++)
  {
    json_object *item = json_object_new_object();

    if (!item || json_object_array_add(array, item))
    {
      json_object_put(item);
      return out_of_memory(err);
    }
    if (!fill_service(item, registrations[i], err))
      return false;
  }
  return true;
}

bool
pb_export_format(pb_registration_t *const *registrations, size_t count, const char *settings,
                 pb_buffer_t *text_out, pb_error_t *err)
{
  json_object *object    = json_object_new_object();
  char         host[256] = "";
  bool         ok        = false;

  pb_buffer_init(text_out, PB_VAULT_MAX);
  if (gethostname(host, sizeof(host) - 1))
    host[0] = '\0';
  if (!object || !pb_json_add_int(object, "format", FORMAT) ||
      !pb_json_add_text(object, "version", PB_VERSION) || !pb_json_add_text(object, "host", host) ||
      !pb_json_add_int(object, "made-ms", pb_clock_now_ms()) ||
      !pb_json_add_text(object, "settings", settings))
    out_of_memory(err);
  else if (add_services(object, registrations, count, err))
    ok = pb_buffer_append_text(text_out,
                               json_object_to_json_string_ext(
                                 object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
                               err);
  json_object_put(object);
  if (!ok)
    pb_buffer_wipe(text_out);
  return ok;
}

// --- reading

static bool
refuse(pb_error_t *err, const char *what)
{
  return pb_error_set(err, PB_REJECT, "bad or missing \"%s\"", what);
}

static bool
parse_object(const char *text, size_t size, json_object **object_out, pb_error_t *err)
{
  struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
  json_object         *object  = NULL;

  *object_out = NULL;
  if (!tokener)
    return out_of_memory(err);
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  if (size <= PB_VAULT_MAX)
    object = json_tokener_parse_ex(tokener, text, (int)size);
  if (json_tokener_get_error(tokener) != json_tokener_success ||
      json_tokener_get_parse_end(tokener) != size || !json_object_is_type(object, json_type_object))
  {
    json_object_put(object);
    object = NULL;
  }
  json_tokener_free(tokener);
  *object_out = object;
  return object || pb_error_set(err, PB_REJECT, "no export of a print server");
}

// A printable line; absent is fine when it is optional.
static bool
copy_line(json_object *object, const char *name, bool is_required, char **dst, pb_error_t *err)
{
  const char *text = pb_json_text(object, name);

  if (!text)
    return !is_required || refuse(err, name);
  if (!text[0] || strlen(text) >= 1024 || !pb_text_is_printable(text))
    return refuse(err, name);
  *dst = pb_text_dup(text);
  return *dst || out_of_memory(err);
}

static bool
copy_pem(json_object *object, const char *name, size_t max_size, char **dst, pb_error_t *err)
{
  const char *text = pb_json_text(object, name);

  if (!text)
    return true;
  if (strlen(text) > max_size)
    return refuse(err, name);
  *dst = pb_text_dup(text);
  return *dst || out_of_memory(err);
}

static bool
read_key(json_object *object, const char *name, bool is_required, pb_key_t **key_out,
         pb_error_t *err)
{
  const char *pem = pb_json_text(object, name);
  pb_error_t  why = {0};

  if (!pem)
    return !is_required || refuse(err, name);
  if (!strstr(pem, "PRIVATE KEY-----"))
    return refuse(err, name);
  if (pb_key_parse_pem(pem, key_out, &why))
    return true;
  return why.kind == PB_RETRY ? out_of_memory(err) : refuse(err, name);
}

static bool
is_client_id(const char *text)
{
  size_t size = text ? strlen(text) : 0;

  return size > 0 && size < sizeof(((pb_registration_t *)0)->client_id) &&
         strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") == size;
}

static bool
has_queue(const pb_registration_t *registration, const pb_registered_queue_t *queue)
{
  for (size_t i = 0; i < registration->queues_count; i++)
  {
    if (pb_text_is_equal_nocase(registration->queues[i].uuid, queue->uuid))
      return true;
  }
  return false;
}

static bool
read_queue(json_object *object, pb_registration_t *registration, pb_error_t *err)
{
  pb_registered_queue_t queue     = {0};
  int64_t               expiry_ms = 0;
  pb_error_t            why       = {0};
  bool                  ok        = false;

  if (!json_object_is_type(object, json_type_object))
    return refuse(err, "queues");
  if (!pb_registered_queue_parse(object, &queue, &why) || strchr(queue.queue, '/') ||
      !pb_text_is_uuid(queue.printer_uuid) || has_queue(registration, &queue))
  {
    pb_error_set(err, why.kind == PB_RETRY ? PB_RETRY : PB_REJECT, "a queue: %s",
                 why.kind != PB_OK ? why.message : "a bad name, or one that is there twice");
    goto done;
  }
  if (!copy_pem(object, "certificate", PB_PEM_MAX, &queue.certificate, err))
    goto done;
  if (queue.certificate && !pb_cert_get_expiry(queue.certificate, &expiry_ms, &why))
  {
    if (why.kind == PB_RETRY)
    {
      out_of_memory(err);
      goto done;
    }
    // The queue works without it, and gets another one soon.
    free(queue.certificate);
    queue.certificate = NULL;
  }
  ok = pb_registration_take_queue(registration, &queue, err);

done:
  pb_registered_queue_clear(&queue);
  return ok;
}

static bool
read_queues(json_object *object, pb_registration_t *registration, pb_error_t *err)
{
  json_object *array = pb_json_array(object, "queues");
  size_t       count = array ? json_object_array_length(array) : 0;

  if (count < 1 || count > PB_EXPORT_QUEUES_MAX)
    return refuse(err, "queues");
  for (size_t i = 0; i < count; i++)
  {
    if (!read_queue(json_object_array_get_idx(array, i), registration, err))
      return false;
  }
  return true;
}

// An address that a registration could have been made with.
static bool
check_url(const pb_registration_t *registration, pb_error_t *err)
{
  const char *host = registration->url + strlen("https://");

  return (pb_text_has_prefix(registration->url, "https://") && host[0] && strlen(host) < 200 &&
          strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:[]") ==
            strlen(host)) ||
         refuse(err, "url");
}

static bool
read_service(json_object *object, struct pb_exported_service *service, pb_error_t *err)
{
  pb_registration_t *registration = calloc(1, sizeof(*registration));

  service->registration = registration;
  if (!registration)
    return out_of_memory(err);
  if (!json_object_is_type(object, json_type_object))
    return refuse(err, "services");
  if (!copy_line(object, "url", /*is_required*/ true, &registration->url, err) ||
      !copy_line(object, "issuer", /*is_required*/ false, &registration->issuer, err) ||
      !copy_line(object, "ca-fingerprint", /*is_required*/ false, &registration->ca_fingerprint,
                 err) ||
      !copy_pem(object, "ca", CA_MAX, &service->ca_pem, err) || !check_url(registration, err))
    return false;
  if (!is_client_id(pb_json_text(object, "client-id")))
    return refuse(err, "client-id");
  pb_text_copy(registration->client_id, sizeof(registration->client_id),
               pb_json_text(object, "client-id"));
  return read_key(object, "key", /*is_required*/ true, &registration->key, err) &&
         read_key(object, "next-key", /*is_required*/ false, &registration->next_key, err) &&
         read_queues(object, registration, err);
}

static bool
read_services(json_object *object, struct pb_export *export, pb_error_t *err)
{
  json_object *array = pb_json_array(object, "services");
  size_t       count = array ? json_object_array_length(array) : 0;

  if (count < 1 || count > PB_EXPORT_SERVICES_MAX)
    return refuse(err, "services");
  export->services = calloc(count, sizeof(*export->services));
  if (!export->services)
    return out_of_memory(err);
  export->count = count;
  for (size_t i = 0; i < count; i++)
  {
    if (!read_service(json_object_array_get_idx(array, i), &export->services[i], err))
      return false;
    for (size_t k = 0; k < i; k++)
    {
      if (pb_text_is_equal_nocase(export->services[k].registration->url,
                                  export->services[i].registration->url))
        return pb_error_set(err, PB_REJECT, "a service is there twice");
    }
  }
  return true;
}

static bool
read_export(json_object *object, struct pb_export *export, pb_error_t *err)
{
  int64_t     format = pb_json_int(object, "format", 0);
  const char *host   = pb_json_text(object, "host");

  if (format > FORMAT)
    return pb_error_set(err, PB_CONFIG, "made by a newer Printbridge (format %lld)",
                        (long long)format);
  if (format != FORMAT)
    return refuse(err, "format");
  if (host && pb_text_is_printable(host))
    pb_text_copy(export->host, sizeof(export->host), host);
  export->made_ms = pb_json_int(object, "made-ms", 0);
  return copy_pem(object, "settings", SETTINGS_MAX, &export->settings, err) &&
         read_services(object, export, err);
}

bool
pb_export_parse(const char *text, size_t size, struct pb_export *export_out, pb_error_t *err)
{
  json_object *object = NULL;
  bool         ok     = false;

  *export_out = (struct pb_export){0};
  if (!parse_object(text, size, &object, err))
    return false;
  ok = read_export(object, export_out, err);
  json_object_put(object);
  if (!ok)
    pb_export_clear(export_out);
  return ok;
}

void
pb_export_clear(struct pb_export *export)
{
  for (size_t i = 0; i < export->count; i++)
  {
    pb_registration_free(export->services[i].registration);
    free(export->services[i].ca_pem);
  }
  free(export->services);
  free(export->settings);
  *export = (struct pb_export){0};
}
