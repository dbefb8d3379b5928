// services - the cloud services that are known here.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/services.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/authority.h"
#include "cloud/protocol.h"
#include "cloud/sign-in-file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define HTTPS "https://"
#define FILE_MAX (64 * 1024)
#define FILE_MODE 0644
#define BLANKS " \t\r"

bool
pb_service_parse(const char *url, struct pb_service *service_out, pb_error_t *err)
{
  char        authority[PB_AUTHORITY_SIZE];
  const char *host = url + sizeof(HTTPS) - 1;
  size_t      size;

  *service_out = (struct pb_service){0};
  if (strncasecmp(url, HTTPS, sizeof(HTTPS) - 1) != 0)
    return pb_error_set(err, PB_CONFIG, "a service's address begins with " HTTPS);
  size = strcspn(host, "/");
  if (host[size] == '/' && host[size + 1] != '\0')
    return pb_error_set(err, PB_CONFIG, "a service's address has no path");
  if (!pb_authority_parse(host, size, PB_SERVICE_PORT, service_out->host, &service_out->port))
    return pb_error_set(err, PB_CONFIG, "a service's address: bad host or port");
  pb_authority_format(service_out->host, service_out->port, authority);
  pb_text_format(service_out->url, sizeof(service_out->url), HTTPS "%s", authority);
  return true;
}

void
pb_service_get_name(const struct pb_service *service, char dst[PB_SERVICE_NAME_SIZE])
{
  pb_text_format(dst, PB_SERVICE_NAME_SIZE, "%s_%d", service->host, service->port);
}

struct pb_http_trust
pb_service_get_trust(const struct pb_service *service)
{
  return (struct pb_http_trust){
    .ca_file        = service->ca_file[0] ? service->ca_file : NULL,
    .ca_fingerprint = service->ca_fingerprint[0] ? service->ca_fingerprint : NULL,
  };
}

// "ca-fingerprint=..." or "ca-file=...", without blanks.
static bool
parse_trust(char *word, struct pb_service *service, pb_error_t *err)
{
  static const char fingerprint[] = "ca-fingerprint=";
  static const char file[]        = "ca-file=";

  if (pb_text_has_prefix(word, fingerprint))
  {
    const char *value = word + sizeof(fingerprint) - 1;

    if (strlen(value) < 64 || strspn(value, "0123456789abcdefABCDEF:") != strlen(value) ||
        !pb_text_copy(service->ca_fingerprint, sizeof(service->ca_fingerprint), value))
      return pb_error_set(err, PB_CONFIG, "ca-fingerprint is no SHA-256 in hex");
    return true;
  }
  if (!pb_text_has_prefix(word, file))
    return pb_error_set(err, PB_CONFIG, "what is neither ca-fingerprint= nor ca-file=");
  if (word[sizeof(file) - 1] != '/' ||
      !pb_text_copy(service->ca_file, sizeof(service->ca_file), word + sizeof(file) - 1))
    return pb_error_set(err, PB_CONFIG, "ca-file is no absolute path");
  return true;
}

// "service = URL [trust...]"; false without an error: a comment, or nothing.
static bool
parse_line(char *line, struct pb_service *service, pb_error_t *err)
{
  char *rest = NULL;
  char *word = pb_text_trim(line);

  *service = (struct pb_service){0};
  if (!*word || *word == '#')
    return false;
  rest = strchr(word, '=');
  if (!rest)
    return pb_error_set(err, PB_CONFIG, "no \"service = https://...\"");
  *rest++ = '\0';
  if (strcmp(pb_text_trim(word), "service") != 0)
    return pb_error_set(err, PB_CONFIG, "unknown setting");
  if (!pb_text_is_printable(pb_text_trim(rest)))
    return pb_error_set(err, PB_CONFIG, "not printable");
  word = strtok_r(rest, BLANKS, &rest);
  if (!word || !pb_service_parse(word, service, err))
    return word ? false : pb_error_set(err, PB_CONFIG, "no address");
  for (word = strtok_r(NULL, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest))
    if (!parse_trust(word, service, err))
      return false;
  return true;
}

struct list
{
  struct pb_service *items;  // room for PB_SERVICES_MAX
  size_t             count;
};

static void
add(struct list *list, const struct pb_service *service)
{
  for (size_t i = 0; i < list->count; i++)
    if (strcmp(list->items[i].url, service->url) == 0)
      return;
  if (list->count < PB_SERVICES_MAX)
    list->items[list->count++] = *service;
}

// In place.  path NULL: bad lines are not named.
static void
parse_lines(char *text, const char *path, struct list *list)
{
  int number = 1;

  for (char *line = text, *next; line; line = next, number++)
  {
    struct pb_service service;
    pb_error_t        err = {0};

    next = strchr(line, '\n');
    if (next)
      *next++ = '\0';
    if (parse_line(line, &service, &err))
      add(list, &service);
    else if (err.kind != PB_OK && path)
      pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s:%d: %s", path, number, err.message);
  }
}

bool
pb_services_parse(const char *text, size_t size, struct pb_service **list_out, size_t *count_out,
                  pb_error_t *err)
{
  struct list list = {.items = calloc(PB_SERVICES_MAX, sizeof(*list.items))};
  char       *copy = pb_text_dup_size(text, size);

  *list_out  = NULL;
  *count_out = 0;
  if (!list.items || !copy)
  {
    free(list.items);
    free(copy);
    return pb_error_set(err, PB_RETRY, "out of memory");
  }
  parse_lines(copy, /*path*/ NULL, &list);
  free(copy);
  *list_out  = list.items;
  *count_out = list.count;
  return true;
}

static bool
read_file(const struct pb_places *places, pb_buffer_t *text, char path[PB_PLACE_SIZE + 32],
          pb_error_t *err)
{
  pb_text_format(path, PB_PLACE_SIZE + 32, "%s/" PB_SERVICES_FILE, places->config);
  return pb_file_read(path, FILE_MAX, text, err);
}

// False: out of memory, so that it may hold what is not seen now.
static bool
load_file(const struct pb_places *places, struct list *list, pb_error_t *err)
{
  char        path[PB_PLACE_SIZE + 32];
  pb_buffer_t text = {0};
  pb_error_t  why  = {0};

  if (read_file(places, &text, path, &why))
    parse_lines(text.data, path, list);
  else if (why.kind != PB_GONE && why.kind != PB_RETRY)
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", why.message);
  pb_buffer_clear(&text);
  return why.kind != PB_RETRY || pb_error_set(err, why.kind, "%s", why.message);
}

static bool
load_sign_in(const char *folder, const char *name, struct list *list, pb_error_t *err)
{
  char                     path[PB_PLACE_SIZE + 300];
  char                     own[PB_SERVICE_NAME_SIZE];
  struct pb_stored_sign_in stored = {0};
  pb_error_t               why    = {0};

  if (!pb_text_format(path, sizeof(path), "%s/%s", folder, name))
    return true;
  if (pb_stored_sign_in_read(path, &stored, &why))
  {
    pb_service_get_name(&stored.service, own);
    if (strcmp(own, name) == 0)
      add(list, &stored.service);
  }
  else if (why.kind != PB_GONE && why.kind != PB_RETRY)
    pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "%s", why.message);
  pb_stored_sign_in_clear(&stored);
  return why.kind != PB_RETRY || pb_error_set(err, why.kind, "%s", why.message);
}

// What was signed in to; a folder that is not there, or not for this process, holds nothing.
static bool
load_sign_ins(const char *folder, struct list *list, pb_error_t *err)
{
  struct dirent *entry;
  DIR           *entries = folder[0] ? opendir(folder) : NULL;
  bool           ok      = true;

  if (!entries)
    return true;
  while (ok && (entry = readdir(entries)) != NULL)
    ok = entry->d_name[0] == '.' || load_sign_in(folder, entry->d_name, list, err);
  closedir(entries);
  return ok;
}

bool
pb_services_load(const struct pb_places *places, struct pb_service **list_out, size_t *count_out,
                 pb_error_t *err)
{
  struct list list = {.items = calloc(PB_SERVICES_MAX, sizeof(*list.items))};

  *list_out  = NULL;
  *count_out = 0;
  if (!list.items)
    return pb_error_set(err, PB_RETRY, "out of memory");
  if (!load_file(places, &list, err) || !load_sign_ins(places->machine_sign_ins, &list, err) ||
      !load_sign_ins(places->user_sign_ins, &list, err))
  {
    free(list.items);
    return false;
  }
  *list_out  = list.items;
  *count_out = list.count;
  return true;
}

bool
pb_services_find(const struct pb_places *places, const char *host, int port,
                 struct pb_service *service_out, pb_error_t *err)
{
  struct pb_service *list  = NULL;
  size_t             count = 0;
  bool               found = false;

  if (!pb_services_load(places, &list, &count, err))
    return false;
  for (size_t i = 0; i < count && !found; i++)
  {
    found = list[i].port == port && pb_text_is_equal_nocase(list[i].host, host);
    if (found)
      *service_out = list[i];
  }
  free(list);
  return found || pb_error_set(err, PB_GONE, "no service at %s:%d is known here", host, port);
}

static bool
append_line(pb_buffer_t *text, const struct pb_service *service, pb_error_t *err)
{
  return pb_buffer_appendf(text, err, "service = %s%s%s%s%s\n", service->url,
                           service->ca_fingerprint[0] ? " ca-fingerprint=" : "",
                           service->ca_fingerprint, service->ca_file[0] ? " ca-file=" : "",
                           service->ca_file);
}

// All lines but that of the service.
static bool
copy_other_lines(const char *text, const struct pb_service *service, pb_buffer_t *to,
                 pb_error_t *err)
{
  bool ok = true;

  for (const char *line = text; ok && *line;)
  {
    struct pb_service other;
    size_t            size = strcspn(line, "\n");
    char             *copy = pb_text_dup_size(line, size);

    if (!copy)
      return pb_error_set(err, PB_RETRY, "out of memory");
    if (!parse_line(copy, &other, /*err*/ NULL) || strcmp(other.url, service->url) != 0)
      ok = pb_buffer_append(to, line, size, err) && pb_buffer_append_text(to, "\n", err);
    free(copy);
    line += size + (line[size] == '\n');
  }
  return ok;
}

bool
pb_services_save(const struct pb_places *places, const struct pb_service *service, pb_error_t *err)
{
  char        path[PB_PLACE_SIZE + 32];
  pb_buffer_t before = {0}, after = {0};
  pb_error_t  why = {0};
  bool        ok  = read_file(places, &before, path, &why) || why.kind == PB_GONE;

  pb_buffer_init(&after, FILE_MAX);
  if (!ok && err)
    *err = why;
  if (strpbrk(service->ca_file, BLANKS))
    ok = pb_error_set(err, PB_CONFIG, "%s: a path with blanks has no place in " PB_SERVICES_FILE,
                      service->ca_file);
  ok = ok && pb_place_make_shared(places->config, err) &&
       copy_other_lines(before.data ? before.data : "", service, &after, err) &&
       append_line(&after, service, err) &&
       pb_file_replace(path, FILE_MODE, after.data, after.size, err);
  pb_buffer_clear(&before);
  pb_buffer_clear(&after);
  return ok;
}
