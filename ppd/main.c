// main - the driver program: "list" and "cat NAME", as cups-driverd runs it. Runs for every look
// at the list of models: reads the cache and nothing else, unless one PPD is asked for by name.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/device-uri.h"
#include "cloud/printer-cache.h"
#include "cloud/printer-strings.h"
#include "ppd/write.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME PB_DEVICE_URI_SCHEME ":"
#define LIVE_TIMEOUT_MS 5000
#define NAMES_TIMEOUT_MS 5000  // for all languages together: without them it is still a PPD

static int
tell(const pb_error_t *err)
{
  char text[PB_ERROR_MESSAGE_SIZE * 2];

  pb_text_escape(text, sizeof(text), err->message, strlen(err->message));
  fprintf(stderr, "ERROR: %s\n", text);
  return 1;
}

// "printbridge:HOST:PORT/ID": the device's URI without its slashes.
static bool
format_name(const struct pb_service *service, const pb_printer_entry_t *entry, char *name,
            size_t size)
{
  char uri[PB_DEVICE_URI_SIZE];

  pb_printer_entry_get_device_uri(service, entry, uri);
  return pb_text_has_prefix(uri, SCHEME "//") &&
         pb_text_format(name, size, SCHEME "%s", uri + strlen(SCHEME "//"));
}

static bool
parse_name(const char *name, struct pb_device_uri *uri, pb_error_t *err)
{
  char text[PB_DEVICE_URI_SIZE];

  if (!pb_text_has_prefix(name, SCHEME) ||
      !pb_text_format(text, sizeof(text), SCHEME "//%s", name + strlen(SCHEME)))
    return pb_error_set(err, PB_CONFIG, "%.200s is not " SCHEME "HOST:PORT/ID", name);
  return pb_device_uri_parse(text, uri, err);
}

// --- list

// "name" language "make" "make and model" "1284 id": the texts hold no quotes.
static void
list_printer(const struct pb_service *service, const pb_printer_entry_t *entry)
{
  struct pb_ppd_title title;
  char                name[PB_DEVICE_URI_SIZE];

  pb_ppd_make_title(entry->make_and_model, entry->device_id, entry->id, &title);
  if (format_name(service, entry, name, sizeof(name)))
    printf("\"%s\" en \"%s\" \"%s\" \"%s\"\n", name, title.make, title.nick, title.device_id);
}

static int
list(const struct pb_places *places)
{
  pb_error_t         err      = {0};
  struct pb_service *services = NULL;
  size_t             count    = 0;

  if (!pb_services_load(places, &services, &count, &err))
    return tell(&err);
  for (size_t i = 0; i < count; i++)
  {
    pb_printer_entry_t *printers       = NULL;
    size_t              printers_count = 0;

    if (!pb_printer_cache_read(places, &services[i], &printers, &printers_count, /*age_ms*/ NULL,
                               &err))
      continue;  // nothing is known of this service yet
    for (size_t j = 0; j < printers_count; j++)
      list_printer(&services[i], &printers[j]);
    free(printers);
  }
  free(services);
  return 0;
}

// --- cat

// Get-Printer-Attributes is answered to anybody.
static bool
copy_attributes(const struct pb_places *places, const struct pb_service *service, const char *id,
                ipp_t **attributes_out, pb_error_t *err)
{
  return pb_printer_cache_copy_attributes(places, service, id, attributes_out, NULL) ||
         pb_printer_attributes_fetch(/*account*/ NULL, service, id, LIVE_TIMEOUT_MS, attributes_out,
                                     err);
}

// The names that the list gives, so that a PPD is found again by them.
static bool
find_entry(const struct pb_places *places, const struct pb_service *service, const char *id,
           pb_printer_entry_t *entry_out)
{
  pb_printer_entry_t *printers = NULL;
  size_t              count    = 0;
  bool                is_found = false;

  if (!pb_printer_cache_read(places, service, &printers, &count, /*age_ms*/ NULL, NULL))
    return false;
  for (size_t i = 0; !is_found && i < count; i++)
  {
    is_found = strcmp(printers[i].id, id) == 0;
    if (is_found)
      *entry_out = printers[i];
  }
  free(printers);
  return is_found;
}

// Names of options and choices in each language; they are asked for when a printer is added, and
// only then.
static bool
write_ppd(const struct pb_service *service, const char *id, ipp_t *attributes,
          const struct pb_ppd_names *names, pb_buffer_t *ppd, pb_error_t *err)
{
  struct pb_ppd_names        all   = *names;
  struct pb_printer_strings *list  = NULL;
  size_t                     count = 0;
  struct pb_ppd_catalog      catalogs[PB_PRINTER_LANGUAGES_MAX];
  bool                       ok = false;

  if (!pb_printer_strings_fetch(service, id, attributes, NAMES_TIMEOUT_MS, &list, &count, err))
    return false;
  for (size_t i = 0; i < count; i++)
    catalogs[i] = (struct pb_ppd_catalog){list[i].language, list[i].strings};
  all.catalogs       = catalogs;
  all.catalogs_count = count;
  ok                 = pb_ppd_write(attributes, &all, ppd, err);
  pb_printer_strings_free(list, count);
  return ok;
}

// The entry by which the list has it, or would have it.
static bool
make_ppd(const struct pb_places *places, const struct pb_device_uri *uri, pb_buffer_t *ppd,
         pb_error_t *err)
{
  struct pb_service   service    = {{0}, 0, {0}, {0}, {0}};
  ipp_t              *attributes = NULL;
  pb_printer_entry_t *entry      = calloc(1, sizeof(*entry));
  struct pb_ppd_names names      = {.make_and_model = NULL};
  bool                ok         = false;

  if (entry == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  // Of services that somebody here has named: a PPD's name alone sends nobody to strangers.
  if (!pb_services_find(places, uri->host, uri->port, &service, err))
    goto done;
  if (!copy_attributes(places, &service, uri->id, &attributes, err))
    goto done;
  if (!find_entry(places, &service, uri->id, entry) &&
      !pb_printer_entry_read(&service, attributes, entry, err))
    goto done;
  names = (struct pb_ppd_names){
    .make_and_model = entry->make_and_model, .id = entry->id, .device_id = entry->device_id};
  ok = write_ppd(&service, uri->id, attributes, &names, ppd, err);

done:
  ippDelete(attributes);
  free(entry);
  return ok;
}

static int
cat(const struct pb_places *places, const char *name)
{
  pb_error_t           err = {0};
  struct pb_device_uri uri;
  pb_buffer_t          ppd    = {0};
  int                  status = 0;

  if (!parse_name(name, &uri, &err) || !make_ppd(places, &uri, &ppd, &err))
    status = tell(&err);
  else if (fwrite(ppd.data, 1, ppd.size, stdout) != ppd.size || fflush(stdout) != 0)
    status = 1;
  pb_buffer_clear(&ppd);
  return status;
}

int
main(int argc, char *argv[])
{
  pb_error_t       err = {0};
  struct pb_places places;

  if (!pb_places_get(/*user*/ NULL, &places, &err))
    return tell(&err);
  if (argc == 2 && strcmp(argv[1], "list") == 0)
    return list(&places);
  if (argc == 3 && strcmp(argv[1], "cat") == 0)
    return cat(&places, argv[2]);
  fprintf(stderr, "Usage: printbridge list\n       printbridge cat " SCHEME "HOST:PORT/ID\n");
  return 1;
}
