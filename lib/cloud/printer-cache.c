// printer-cache - what is known of the cloud's printers without asking. The list is a line of
// JSON per printer, so that no reader holds more than it needs; what is read is checked as if the
// network had sent it, since others may have written it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/printer-cache.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/printer-cache-file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0644
#define ATTRIBUTES_TIMEOUT_MS 30000
#define ENDING ".ipp"

// --- where

// "CACHE/printers/HOST_PORT" + ending.
static bool
format_path(char dst[PB_CACHE_PATH_SIZE], const char *cache, const struct pb_service *service,
            const char *ending, pb_error_t *err)
{
  char name[PB_SERVICE_NAME_SIZE];

  pb_service_get_name(service, name);
  return pb_text_format(dst, PB_CACHE_PATH_SIZE, "%s/printers/%s%s", cache, name, ending) ||
         pb_error_set(err, PB_CONFIG, "the cache's path is too long");
}

static int64_t
get_time_ms(const char *path)
{
  struct stat info;

  if (stat(path, &info) != 0)
    return -1;
  return (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
}

// The newer of the machine's file and the user's.  PB_GONE: neither is there.
static bool
find_newest(const struct pb_places *places, const struct pb_service *service, const char *ending,
            char path_out[PB_CACHE_PATH_SIZE], int64_t *time_ms_out, pb_error_t *err)
{
  const char *caches[] = {places->cache, places->user_cache};
  char        path[PB_CACHE_PATH_SIZE];

  *time_ms_out = -1;
  for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++)
  {
    int64_t time_ms;

    if (!caches[i][0])
      continue;
    if (!format_path(path, caches[i], service, ending, err))
      return false;
    time_ms = get_time_ms(path);
    if (time_ms <= *time_ms_out)
      continue;
    *time_ms_out = time_ms;
    pb_text_copy(path_out, PB_CACHE_PATH_SIZE, path);
  }
  return *time_ms_out >= 0 ||
         pb_error_set(err, PB_GONE, "nothing is known of the printers of %s yet", service->url);
}

// The machine's cache if this process may write there, else the user's; with its folder of the
// service.
static bool
find_writable(const struct pb_places *places, const struct pb_service *service,
              const char **cache_out, pb_error_t *err)
{
  const char *caches[] = {places->cache, places->user_cache};
  char        path[PB_CACHE_PATH_SIZE];
  pb_error_t  why = {0};

  for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++)
  {
    if (!caches[i][0])
      continue;
    if (!format_path(path, caches[i], service, "", err))
      return false;
    *cache_out = caches[i];
    pb_error_clear(&why);
    if (!pb_place_make_shared(caches[i], &why) || !pb_place_make_shared(path, &why))
    {
      if (why.kind == PB_RETRY)
        return pb_error_set(err, why.kind, "%s", why.message);
      continue;
    }
    if (access(path, W_OK | X_OK) == 0)
    {
      *strrchr(path, '/') = '\0';
      if (access(path, W_OK | X_OK) == 0)
        return true;
    }
    pb_error_set(&why, PB_CONFIG, "%s may not be written", path);
  }
  return pb_error_set(err, PB_CONFIG, "no place for what is known of the printers: %s",
                      why.message);
}

static bool
format_id_ending(char dst[160], const char *id, pb_error_t *err)
{
  if (!pb_device_uri_is_id(id))
    return pb_error_set(err, PB_CONFIG, "not a printer's id");
  pb_text_format(dst, 160, "/%s" ENDING, id);
  return true;
}

// --- reading

bool
pb_printer_cache_read(const struct pb_places *places, const struct pb_service *service,
                      pb_printer_entry_t **list_out, size_t *count_out, int64_t *age_ms_out,
                      pb_error_t *err)
{
  char        path[PB_CACHE_PATH_SIZE];
  int64_t     time_ms = 0;
  pb_buffer_t text    = {0};
  bool        ok      = false;

  *list_out  = NULL;
  *count_out = 0;
  ok         = find_newest(places, service, ".json", path, &time_ms, err) &&
       pb_file_read(path, PB_CACHE_LIST_MAX, &text, err) &&
       pb_cache_list_parse(service, text.data, text.size, list_out, count_out, err);
  pb_buffer_clear(&text);
  if (ok && age_ms_out)
    *age_ms_out = pb_clock_now_ms() - time_ms;
  return ok;
}

bool
pb_printer_cache_copy_attributes(const struct pb_places *places, const struct pb_service *service,
                                 const char *id, ipp_t **attributes_out, pb_error_t *err)
{
  char        path[PB_CACHE_PATH_SIZE];
  char        ending[160];
  int64_t     time_ms = 0;
  pb_buffer_t bytes   = {0};
  ipp_t      *stored  = NULL;
  bool        ok      = false;

  *attributes_out = NULL;
  ok              = format_id_ending(ending, id, err) &&
       find_newest(places, service, ending, path, &time_ms, err) &&
       pb_file_read(path, PB_IPP_MESSAGE_MAX, &bytes, err) &&
       pb_ipp_parse(bytes.data, bytes.size, &stored, err) &&
       pb_printer_attributes_check(service, stored, attributes_out, err);
  ippDelete(stored);
  pb_buffer_clear(&bytes);
  return ok;
}

// --- writing

static bool
is_listed(const pb_printer_entry_t *list, size_t count, const char *name, size_t id_size)
{
  for (size_t i = 0; i < count; i++)
    if (strlen(list[i].id) == id_size && strncmp(list[i].id, name, id_size) == 0)
      return true;
  return false;
}

// Attributes of printers that are no longer there.
static void
remove_others(const char *folder, const pb_printer_entry_t *list, size_t count)
{
  struct dirent *entry;
  DIR           *entries = opendir(folder);

  while (entries && (entry = readdir(entries)) != NULL)
  {
    size_t size = strlen(entry->d_name);

    if (size <= sizeof(ENDING) - 1 ||
        strcmp(entry->d_name + size - (sizeof(ENDING) - 1), ENDING) != 0 ||
        is_listed(list, count, entry->d_name, size - (sizeof(ENDING) - 1)))
      continue;
    if (unlinkat(dirfd(entries), entry->d_name, 0) != 0)
      pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "%s/%s cannot be removed", folder, entry->d_name);
  }
  if (entries)
    closedir(entries);
}

bool
pb_printer_cache_write(const struct pb_places *places, const struct pb_service *service,
                       const pb_printer_entry_t *list, size_t count, pb_error_t *err)
{
  char        path[PB_CACHE_PATH_SIZE], folder[PB_CACHE_PATH_SIZE];
  const char *cache = NULL;
  pb_buffer_t text  = {0};
  bool        ok    = false;

  ok = find_writable(places, service, &cache, err) &&
       format_path(path, cache, service, ".json", err) &&
       format_path(folder, cache, service, "", err) &&
       pb_cache_list_format(list, count, &text, err) &&
       pb_file_replace(path, FILE_MODE, text.data, text.size, err);
  pb_buffer_clear(&text);
  if (ok)
    remove_others(folder, list, count);
  return ok;
}

bool
pb_printer_cache_write_attributes(const struct pb_places *places, const struct pb_service *service,
                                  const char *id, ipp_t *attributes, pb_error_t *err)
{
  char        path[PB_CACHE_PATH_SIZE];
  char        ending[160];
  const char *cache = NULL;
  pb_buffer_t bytes = {0};
  bool        ok    = false;

  ok = format_id_ending(ending, id, err) && find_writable(places, service, &cache, err) &&
       format_path(path, cache, service, ending, err) && pb_ipp_format(attributes, &bytes, err) &&
       pb_file_replace(path, FILE_MODE, bytes.data, bytes.size, err);
  pb_buffer_clear(&bytes);
  return ok;
}

// --- refreshing

// A printer whose attributes cannot be had keeps the old ones.
static bool
refresh_attributes(const struct pb_places *places, const struct pb_service *service,
                   pb_cloud_account_t *account, const char *id, pb_error_t *err)
{
  ipp_t     *attributes = NULL;
  pb_error_t why        = {0};
  bool       ok =
    pb_printer_attributes_fetch(account, service, id, ATTRIBUTES_TIMEOUT_MS, &attributes, &why) &&
    pb_printer_cache_write_attributes(places, service, id, attributes, &why);

  ippDelete(attributes);
  if (!ok)
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "printer %s of %s: %s", id, service->url, why.message);
  // With the service gone, or nowhere to write, the others would fare no better.
  if (!ok && (why.kind == PB_RETRY || why.kind == PB_CONFIG))
    return pb_error_set(err, why.kind, "%s", why.message);
  return true;
}

static bool
refresh_locked(const struct pb_places *places, const struct pb_service *service,
               pb_cloud_account_t *account, pb_error_t *err)
{
  pb_printer_entry_t *list  = NULL;
  size_t              count = 0;
  bool                ok    = pb_printer_list_fetch(account, service, &list, &count, err);

  // Attributes first: a printer that is listed has its PPD.
  for (size_t i = 0; ok && i < count; i++)
    ok = refresh_attributes(places, service, account, list[i].id, err);
  ok = ok && pb_printer_cache_write(places, service, list, count, err);
  free(list);
  return ok;
}

bool
pb_printer_cache_refresh(const struct pb_places *places, const struct pb_service *service,
                         pb_cloud_account_t *account, int64_t min_age_ms, pb_error_t *err)
{
  char        path[PB_CACHE_PATH_SIZE], list[PB_CACHE_PATH_SIZE];
  const char *cache = NULL;
  int         lock  = -1;
  bool        ok    = true;

  if (!find_writable(places, service, &cache, err) ||
      !format_path(path, cache, service, ".lock", err) ||
      !format_path(list, cache, service, ".json", err))
    return false;
  if (!pb_file_lock(path, &lock, /*err*/ NULL))
    return true;  // somebody is at it
  int64_t time_ms = get_time_ms(list);
  int64_t age_ms  = pb_clock_now_ms() - time_ms;
  if (time_ms < 0 || age_ms < 0 || age_ms >= min_age_ms)
    ok = refresh_locked(places, service, account, err);
  close(lock);
  return ok;
}
