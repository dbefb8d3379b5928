// printer-strings - catalogs of names, fetched (see printer-strings.h). Where a printer has several
// languages, which file is whose is asked with each as attributes-natural-language.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/printer-strings.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/client.h"
#include "cloud/device-uri.h"
#include "cloud/reply.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define URI_SIZE 1024

static const ipp_tag_t OP      = IPP_TAG_OPERATION;
static const ipp_tag_t PRINTER = IPP_TAG_PRINTER;

struct fetch
{
  const struct pb_service   *service;
  char                       printer_uri[URI_SIZE];
  int64_t                    until_ms;  // monotonic
  pb_cloud_account_t        *account;
  pb_cloud_t                *cloud;
  pb_http_t                 *http;
  struct pb_printer_strings *list;  // room for PB_PRINTER_LANGUAGES_MAX
  size_t                     count;
  char                       seen[PB_PRINTER_LANGUAGES_MAX][URI_SIZE];  // addresses of the list
};

static bool
has_time_left(const struct fetch *fetch)
{
  return pb_clock_mono_ms() < fetch->until_ms;
}

// Of a request: 0 would be no limit at all.
static int64_t
get_time_left(const struct fetch *fetch)
{
  int64_t left_ms = fetch->until_ms - pb_clock_mono_ms();

  return left_ms > 0 ? left_ms : 1;
}

static bool
open_fetch(struct fetch *fetch, pb_error_t *err)
{
  struct pb_http_trust trust = pb_service_get_trust(fetch->service);

  return pb_cloud_account_new_bearer(fetch->service->url, &trust, /*token*/ NULL, &fetch->account,
                                     err) &&
         pb_cloud_open(fetch->account, &fetch->cloud, err) &&
         pb_http_new(&trust, &fetch->http, err);
}

// --- where they are

static bool
take_uri(const struct fetch *fetch, ipp_t *attributes, char uri[URI_SIZE], pb_error_t *err)
{
  const char *text = pb_ipp_text(attributes, PRINTER, "printer-strings-uri");

  if (text == NULL)
    return pb_error_set(err, PB_GONE, "it has no catalog");
  // Whoever names a printer must not send us anywhere else.
  if (!pb_text_is_printable(text) || !pb_reply_is_same_host(text, fetch->service->url))
    return pb_error_set(err, PB_REJECT, "its catalog is not on the service's host");
  return pb_text_copy(uri, URI_SIZE, text) ||
         pb_error_set(err, PB_REJECT, "the catalog's address is too long");
}

static ipp_t *
ask_uri(const struct fetch *fetch, const char *language)
{
  ipp_t *request =
    pb_ipp_new_request(IPP_OP_GET_PRINTER_ATTRIBUTES, fetch->printer_uri, /*user*/ NULL);
  ipp_attribute_t *at =
    request != NULL ? ippFindAttribute(request, "attributes-natural-language", IPP_TAG_LANGUAGE)
                    : NULL;

  if (at != NULL)
    ippSetString(request, &at, 0, language);
  if (request != NULL)
    ippAddString(request, OP, IPP_CONST_TAG(IPP_TAG_KEYWORD), "requested-attributes",
                 /*language*/ NULL, "printer-strings-uri");
  return request;
}

static bool
find_uri(struct fetch *fetch, const char *language, char uri[URI_SIZE], pb_error_t *err)
{
  ipp_t *response = NULL;
  bool   ok       = pb_cloud_request(fetch->cloud, fetch->printer_uri, ask_uri(fetch, language),
                                     get_time_left(fetch), /*stop*/ NULL, &response, err) &&
            pb_cloud_check_status(NULL, response, "Get-Printer-Attributes", err) &&
            take_uri(fetch, response, uri, err);

  ippDelete(response);
  return ok;
}

// --- one of them

// A service that knows no other language gives the same file again.
static bool
is_new(const struct fetch *fetch, const char *uri)
{
  for (size_t i = 0; i < fetch->count; i++)
  {
    if (strcmp(fetch->seen[i], uri) == 0)
      return false;
  }
  return true;
}

static bool
get_catalog(struct fetch *fetch, const char *uri, pb_strings_t **strings_out, pb_error_t *err)
{
  struct pb_http_reply   reply   = {0};
  struct pb_http_request request = {.method     = "GET",
                                    .url        = uri,
                                    .accept     = "text/strings",
                                    .max_reply  = PB_STRINGS_FILE_MAX,
                                    .timeout_ms = get_time_left(fetch)};
  bool                   ok      = pb_http_perform(fetch->http, &request, &reply, err);

  *strings_out = NULL;
  if (ok && reply.status != 200)
    ok = pb_error_set(err, PB_REJECT, "%.200s: HTTP status %d", uri, reply.status);
  ok = ok && pb_strings_parse(reply.body.data != NULL ? reply.body.data : "", reply.body.size,
                              strings_out, err);
  pb_http_reply_clear(&reply);
  return ok;
}

static bool
add_language(struct fetch *fetch, const char *language, const char *uri, pb_error_t *err)
{
  struct pb_printer_strings *one = &fetch->list[fetch->count];

  if (!is_new(fetch, uri))
    return true;
  if (!has_time_left(fetch))
    return pb_error_set(err, PB_RETRY, "it takes too long");
  if (!get_catalog(fetch, uri, &one->strings, err))
    return false;
  pb_text_copy(one->language, sizeof(one->language), language);
  pb_text_copy(fetch->seen[fetch->count], URI_SIZE, uri);
  fetch->count++;
  return true;
}

// --- all of them

static size_t
copy_languages(ipp_t *attributes, char languages[PB_PRINTER_LANGUAGES_MAX][PB_LANGUAGE_SIZE])
{
  ipp_attribute_t *at =
    pb_ipp_find(attributes, PRINTER, "printer-strings-languages-supported", IPP_TAG_LANGUAGE);
  size_t count = 0;

  for (int i = 0; at != NULL && i < ippGetCount(at) && count < PB_PRINTER_LANGUAGES_MAX; i++)
  {
    const char *text = ippGetString(at, i, /*language*/ NULL);

    if (text == NULL || !pb_text_copy(languages[count], PB_LANGUAGE_SIZE, text))
      continue;
    for (char *c = languages[count]; *c != '\0'; c++)
      *c = (char)tolower((unsigned char)*c);
    count += pb_strings_is_language(languages[count]);
  }
  return count;
}

// The service may not say which languages it has: then it is that of its answers.
static bool
fetch_only(struct fetch *fetch, ipp_t *attributes, const char *language, pb_error_t *err)
{
  char uri[URI_SIZE];

  return take_uri(fetch, attributes, uri, err) && add_language(fetch, language, uri, err);
}

// What went wrong with one language says something of the others only where the network failed.
static void
fetch_each(struct fetch *fetch, ipp_t *attributes)
{
  char   languages[PB_PRINTER_LANGUAGES_MAX][PB_LANGUAGE_SIZE];
  size_t count     = copy_languages(attributes, languages);
  bool   is_silent = false;

  for (size_t i = 0; i < (count > 1 ? count : 1) && !is_silent; i++)
  {
    pb_error_t why = {0};
    char       uri[URI_SIZE];
    bool       ok = count > 1 ? find_uri(fetch, languages[i], uri, &why) &&
                            add_language(fetch, languages[i], uri, &why)
                              : fetch_only(fetch, attributes, count > 0 ? languages[0] : "en", &why);

    if (!ok)
      pb_log(/*ctx*/ NULL, PB_LOG_INFO, "%s: names in %s: %s", fetch->printer_uri,
             count > 0 ? languages[i] : "its language", why.message);
    is_silent = why.kind == PB_RETRY || !has_time_left(fetch);
  }
}

bool
pb_printer_strings_fetch(const struct pb_service *service, const char *id, ipp_t *attributes,
                         int64_t within_ms, struct pb_printer_strings **list_out, size_t *count_out,
                         pb_error_t *err)
{
  struct pb_device_uri where = {.port = service->port};
  struct fetch        *fetch = NULL;
  pb_error_t           why   = {0};

  *list_out  = NULL;
  *count_out = 0;
  if (pb_ipp_find(attributes, PRINTER, "printer-strings-uri", IPP_TAG_URI) == NULL ||
      !pb_device_uri_is_id(id))
    return true;
  fetch = calloc(1, sizeof(*fetch));
  if (fetch != NULL)
    fetch->list = calloc(PB_PRINTER_LANGUAGES_MAX, sizeof(*fetch->list));
  if (fetch == NULL || fetch->list == NULL)
  {
    free(fetch);
    return pb_error_set(err, PB_RETRY, "out of memory");
  }
  fetch->service  = service;
  fetch->until_ms = pb_clock_mono_ms() + within_ms;
  if (pb_text_copy(where.host, sizeof(where.host), service->host) &&
      pb_text_copy(where.id, sizeof(where.id), id) &&
      pb_device_uri_get_printer_uri(&where, fetch->printer_uri, URI_SIZE) &&
      open_fetch(fetch, &why))
    fetch_each(fetch, attributes);
  else
    pb_log(/*ctx*/ NULL, PB_LOG_INFO, "names of printer %s: %s", id, why.message);
  *list_out  = fetch->list;
  *count_out = fetch->count;
  pb_http_free(fetch->http);
  pb_cloud_close(fetch->cloud);
  pb_cloud_account_free(fetch->account);
  free(fetch);
  return true;
}

void
pb_printer_strings_free(struct pb_printer_strings *list, size_t count)
{
  for (size_t i = 0; list != NULL && i < count; i++)
    pb_strings_free(list[i].strings);
  free(list);
}
