// sign-in-file - what is stored of one sign-in. Files of the user's own, but a process of root or
// lp reads them: they are judged as if a stranger had written them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/sign-in-file.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cloud/reply.h"
#include "net/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MODE 0600
#define INTERVAL_MIN_MS 1000
#define INTERVAL_MAX_MS (5 * 60 * 1000)
#define CODE_LIFE_MAX_MS (24 * 60 * 60 * INT64_C(1000))

static const char *const outcomes[] = {
  [PB_STORED_WAITING] = "waiting",
  [PB_STORED_DENIED]  = "denied",
  [PB_STORED_EXPIRED] = "expired",
};

// A text member that is printable and fits; absent is "" where it is optional.
static bool
copy_member(json_object *object, const char *name, bool is_needed, char *dst, size_t dst_size,
            pb_error_t *err)
{
  const char *text = pb_json_text(object, name);

  dst[0] = '\0';
  if (!text && !is_needed)
    return true;
  if (text && pb_text_is_printable(text) && pb_text_copy(dst, dst_size, text))
    return true;
  dst[0] = '\0';
  return pb_error_set(err, PB_CONFIG, "bad or missing \"%s\"", name);
}

static bool
copy_secret(json_object *object, const char *name, pb_secret_t *secret, pb_error_t *err)
{
  const char *text = pb_json_text(object, name);

  if (!text || !*text)
    return true;
  if (strlen(text) > PB_TOKEN_MAX || !pb_text_is_printable(text))
    return pb_error_set(err, PB_CONFIG, "bad \"%s\"", name);
  return pb_secret_set(secret, text, strlen(text), err);
}

// Secrets go there: https, or nothing.
static bool
copy_endpoint(json_object *object, const char *name, bool is_needed, char *dst, size_t dst_size,
              pb_error_t *err)
{
  if (!copy_member(object, name, is_needed, dst, dst_size, err))
    return false;
  if (!dst[0] || pb_text_has_prefix(dst, "https://"))
    return true;
  dst[0] = '\0';
  return pb_error_set(err, PB_CONFIG, "\"%s\" is no https address", name);
}

static bool
copy_service(json_object *object, struct pb_service *service, pb_error_t *err)
{
  char url[sizeof(service->url)];

  return copy_member(object, "service", /*is_needed*/ true, url, sizeof(url), err) &&
         pb_service_parse(url, service, err) &&
         copy_member(object, "ca-fingerprint", false, service->ca_fingerprint,
                     sizeof(service->ca_fingerprint), err) &&
         copy_member(object, "ca-file", false, service->ca_file, sizeof(service->ca_file), err);
}

static bool
parse_object(const char *text, size_t size, json_object **object_out, pb_error_t *err)
{
  if (pb_json_parse(text, size, object_out, err))
    return true;
  if (err && err->kind != PB_RETRY)
    err->kind = PB_CONFIG;
  return false;
}

bool
pb_stored_sign_in_parse(const char *text, size_t size, struct pb_stored_sign_in *stored_out,
                        pb_error_t *err)
{
  json_object             *object = NULL;
  struct pb_stored_sign_in stored = {0};
  bool                     ok;

  ok = parse_object(text, size, &object, err) && copy_service(object, &stored.service, err) &&
       copy_member(object, "id", true, stored.id, sizeof(stored.id), err) &&
       copy_member(object, "user", false, stored.user, sizeof(stored.user), err) &&
       copy_endpoint(object, "token-endpoint", true, stored.token_endpoint,
                     sizeof(stored.token_endpoint), err) &&
       copy_endpoint(object, "revocation-endpoint", false, stored.revocation_endpoint,
                     sizeof(stored.revocation_endpoint), err) &&
       copy_secret(object, "access-token", &stored.access_token, err) &&
       copy_secret(object, "refresh-token", &stored.refresh_token, err);
  stored.expires_ms = pb_json_int(object, "expires-ms", 0);
  json_object_put(object);
  if (!ok)
    pb_stored_sign_in_clear(&stored);
  *stored_out = stored;
  return ok;
}

static enum pb_stored_outcome
parse_outcome(const char *text)
{
  for (size_t i = 0; text && i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
    if (strcmp(text, outcomes[i]) == 0)
      return (enum pb_stored_outcome)i;
  return PB_STORED_EXPIRED;
}

// Times are those of a clock that may have been set since.
static void
set_code_times(json_object *object, struct pb_stored_code *stored)
{
  int64_t left_ms;

  stored->expires_ms = pb_json_int(object, "expires-ms", 0);
  left_ms            = stored->expires_ms > 0 ? stored->expires_ms - pb_clock_now_ms() : 0;
  if (left_ms <= 0 || left_ms > CODE_LIFE_MAX_MS)
  {
    left_ms = 0;
    if (stored->outcome == PB_STORED_WAITING)
      stored->outcome = PB_STORED_EXPIRED;
  }
  stored->code.expires_mono_ms = pb_clock_mono_ms() + left_ms;
  stored->code.interval_ms     = pb_json_int(object, "interval-ms", 0);
  if (stored->code.interval_ms < INTERVAL_MIN_MS || stored->code.interval_ms > INTERVAL_MAX_MS)
    stored->code.interval_ms = 5 * INTERVAL_MIN_MS;
}

static bool
copy_address(json_object *object, const char *name, bool is_needed,
             const struct pb_service *service, char *dst, size_t dst_size, pb_error_t *err)
{
  if (!copy_member(object, name, is_needed, dst, dst_size, err))
    return false;
  if (!dst[0] || pb_reply_is_same_host(dst, service->url))
    return true;
  dst[0] = '\0';
  return pb_error_set(err, PB_CONFIG, "\"%s\" is not of the service", name);
}

bool
pb_stored_code_parse(const char *text, size_t size, const struct pb_service *service,
                     struct pb_stored_code *stored_out, pb_error_t *err)
{
  json_object           *object = NULL;
  struct pb_stored_code  stored = {0};
  struct pb_device_code *code   = &stored.code;
  bool                   ok;

  ok = parse_object(text, size, &object, err) &&
       copy_secret(object, "device-code", &code->device_code, err) &&
       copy_member(object, "user-code", true, code->user_code, sizeof(code->user_code), err) &&
       copy_address(object, "verification-uri", true, service, code->verification_uri,
                    sizeof(code->verification_uri), err) &&
       copy_address(object, "verification-uri-complete", false, service,
                    code->verification_uri_complete, sizeof(code->verification_uri_complete), err);
  if (ok && !code->device_code.text)
    ok = pb_error_set(err, PB_CONFIG, "bad or missing \"device-code\"");
  if (ok)
  {
    stored.outcome = parse_outcome(pb_json_text(object, "outcome"));
    set_code_times(object, &stored);
  }
  json_object_put(object);
  if (!ok)
    pb_stored_code_clear(&stored);
  *stored_out = stored;
  return ok;
}

// A file of secrets that others may read is no longer one.
static bool
read_private(const char *folder, const char *name, pb_buffer_t *text, char **path_out,
             pb_error_t *err)
{
  struct stat info = {0};
  char       *path = pb_file_join(folder, name);

  *path_out = path;
  pb_buffer_init(text, PB_JSON_MAX);
  if (!path)
    return pb_error_set(err, PB_RETRY, "out of memory");
  if (stat(path, &info) != 0)
    return pb_error_set_errno(err, errno == ENOENT || errno == ENOTDIR ? PB_GONE : PB_CONFIG, "%s",
                              path);
  if (!S_ISREG(info.st_mode) || (info.st_mode & 077) != 0)
    return pb_error_set(err, PB_CONFIG,
                        "%s: others may read it (mode %o): remove it and sign in again", path,
                        (unsigned)info.st_mode & 07777u);
  return pb_file_read(path, PB_JSON_MAX, text, err);
}

static bool
write_private(const char *folder, const char *name, json_object *object, pb_error_t *err)
{
  char       *path = pb_file_join(folder, name);
  const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                              JSON_C_TO_STRING_NOSLASHESCAPE);
  bool        ok   = path && text ? pb_file_replace(path, FILE_MODE, text, strlen(text), err)
                                  : pb_error_set(err, PB_RETRY, "out of memory");

  free(path);
  return ok;
}

bool
pb_stored_sign_in_read(const char *folder, struct pb_stored_sign_in *stored_out, pb_error_t *err)
{
  pb_buffer_t text = {0};
  char       *path = NULL;
  bool        ok   = read_private(folder, PB_SIGN_IN_FILE, &text, &path, err);

  *stored_out = (struct pb_stored_sign_in){0};
  if (ok)
  {
    ok = pb_stored_sign_in_parse(text.data, text.size, stored_out, err);
    if (!ok)
      pb_error_prefix(err, "%s", path);
  }
  pb_buffer_wipe(&text);
  free(path);
  return ok;
}

bool
pb_stored_sign_in_write(const char *folder, const struct pb_stored_sign_in *stored, pb_error_t *err)
{
  json_object             *object  = json_object_new_object();
  const struct pb_service *service = &stored->service;
  bool                     ok;

  ok = object && pb_json_add_text(object, "service", service->url) &&
       pb_json_add_text(object, "ca-fingerprint",
                        service->ca_fingerprint[0] ? service->ca_fingerprint : NULL) &&
       pb_json_add_text(object, "ca-file", service->ca_file[0] ? service->ca_file : NULL) &&
       pb_json_add_text(object, "id", stored->id) &&
       pb_json_add_text(object, "user", stored->user[0] ? stored->user : NULL) &&
       pb_json_add_text(object, "token-endpoint", stored->token_endpoint) &&
       pb_json_add_text(object, "revocation-endpoint",
                        stored->revocation_endpoint[0] ? stored->revocation_endpoint : NULL) &&
       pb_json_add_text(object, "access-token", stored->access_token.text) &&
       pb_json_add_text(object, "refresh-token", stored->refresh_token.text) &&
       pb_json_add_int(object, "expires-ms", stored->expires_ms);
  ok = ok ? write_private(folder, PB_SIGN_IN_FILE, object, err)
          : pb_error_set(err, PB_RETRY, "out of memory");
  json_object_put(object);
  return ok;
}

void
pb_stored_sign_in_clear(struct pb_stored_sign_in *stored)
{
  pb_secret_clear(&stored->access_token);
  pb_secret_clear(&stored->refresh_token);
  *stored = (struct pb_stored_sign_in){0};
}

bool
pb_stored_code_read(const char *folder, const struct pb_service *service,
                    struct pb_stored_code *stored_out, pb_error_t *err)
{
  pb_buffer_t text = {0};
  char       *path = NULL;
  bool        ok   = read_private(folder, PB_SIGN_IN_PENDING, &text, &path, err);

  *stored_out = (struct pb_stored_code){0};
  if (ok)
  {
    ok = pb_stored_code_parse(text.data, text.size, service, stored_out, err);
    if (!ok)
      pb_error_prefix(err, "%s", path);
  }
  pb_buffer_wipe(&text);
  free(path);
  return ok;
}

bool
pb_stored_code_write(const char *folder, const struct pb_stored_code *stored, pb_error_t *err)
{
  json_object                 *object = json_object_new_object();
  const struct pb_device_code *code   = &stored->code;
  bool                         ok;

  ok =
    object && pb_json_add_text(object, "device-code", code->device_code.text) &&
    pb_json_add_text(object, "user-code", code->user_code) &&
    pb_json_add_text(object, "verification-uri", code->verification_uri) &&
    pb_json_add_text(object, "verification-uri-complete",
                     code->verification_uri_complete[0] ? code->verification_uri_complete : NULL) &&
    pb_json_add_int(object, "interval-ms", code->interval_ms) &&
    pb_json_add_int(object, "expires-ms", stored->expires_ms) &&
    pb_json_add_text(object, "outcome", outcomes[stored->outcome]);
  ok = ok ? write_private(folder, PB_SIGN_IN_PENDING, object, err)
          : pb_error_set(err, PB_RETRY, "out of memory");
  json_object_put(object);
  return ok;
}

void
pb_stored_code_clear(struct pb_stored_code *stored)
{
  pb_device_code_clear(&stored->code);
  *stored = (struct pb_stored_code){0};
}
