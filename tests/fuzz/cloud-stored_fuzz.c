// cloud-stored_fuzz - what lies on disks and in configuration: device URIs, services.conf, sign-
// ins, codes, the list of printers. The first byte chooses.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/printer-cache-file.h"
#include "cloud/reply.h"
#include "cloud/sign-in-file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
  if (!holds)
    abort();
}

static void
try_uri(const char *text)
{
  struct pb_device_uri uri, again;
  char                 written[PB_DEVICE_URI_SIZE], other[1024];

  if (pb_device_uri_parse(text, &uri, NULL))
  {
    must(pb_device_uri_format(&uri, written, sizeof(written)));
    must(pb_device_uri_parse(written, &again, NULL));
    must(!strcmp(uri.host, again.host) && !strcmp(uri.id, again.id) && uri.port == again.port &&
         uri.wait_for == again.wait_for);
    must(pb_device_uri_get_printer_uri(&uri, other, sizeof(other)));
    must(pb_device_uri_from_printer(other, &again, NULL) && !strcmp(uri.id, again.id));
    must(!strpbrk(written, " '\"\\;&|<>$`\n"));  // stands in files of CUPS, and on command lines
  }
  if (pb_device_uri_from_printer(text, &uri, NULL))
    must(pb_device_uri_is_id(uri.id) && !strchr(uri.host, '/'));
}

static void
check_service(const struct pb_service *service)
{
  char              name[PB_SERVICE_NAME_SIZE];
  struct pb_service again;

  pb_service_get_name(service, name);
  must(!strchr(name, '/') && name[0] != '.');
  must(pb_service_parse(service->url, &again, NULL) && !strcmp(again.url, service->url));
}

static void
try_services(const char *text, size_t size)
{
  struct pb_service *list  = NULL;
  size_t             count = 0;

  must(pb_services_parse(text, size, &list, &count, NULL) && count <= PB_SERVICES_MAX);
  for (size_t i = 0; i < count; i++)
    check_service(&list[i]);
  free(list);
}

static void
try_sign_in(const char *text, size_t size)
{
  struct pb_stored_sign_in stored = {0};

  if (pb_stored_sign_in_parse(text, size, &stored, NULL))
  {
    check_service(&stored.service);
    must(stored.id[0] && pb_text_is_printable(stored.user));
    must(pb_text_has_prefix(stored.token_endpoint, "https://"));
  }
  pb_stored_sign_in_clear(&stored);
}

static void
try_code(const char *text, size_t size, const struct pb_service *service)
{
  struct pb_stored_code stored = {0};

  if (pb_stored_code_parse(text, size, service, &stored, NULL))
  {
    must(stored.code.device_code.size > 0 && pb_text_is_printable(stored.code.user_code));
    must(pb_reply_is_same_host(stored.code.verification_uri, service->url));
    must(stored.code.interval_ms >= 1000 && stored.code.expires_mono_ms > 0);
  }
  pb_stored_code_clear(&stored);
}

static void
try_list(const char *text, size_t size, const struct pb_service *service)
{
  pb_printer_entry_t *list = NULL, *again = NULL;
  size_t              count = 0, same = 0;
  pb_buffer_t         written = {0};

  must(pb_cache_list_parse(service, text, size, &list, &count, NULL) && count <= PB_PRINTERS_MAX);
  for (size_t i = 0; i < count; i++)
    must(pb_device_uri_is_id(list[i].id) && pb_text_is_printable(list[i].name) &&
         pb_text_is_printable(list[i].device_id));
  must(pb_cache_list_format(list, count, &written, NULL));
  must(pb_cache_list_parse(service, written.data, written.size, &again, &same, NULL));
  must(same == count && (count == 0 || !memcmp(list, again, count * sizeof(*list))));
  pb_buffer_clear(&written);
  free(list);
  free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct pb_service service;
  char             *text;

  if (size == 0 || !pb_service_parse("https://print.example", &service, NULL))
    return 0;
  text = pb_text_dup_size((const char *)data + 1, size - 1);
  must(text != NULL);
  switch (data[0])
  {
    case 'u':
      try_uri(text);
      break;
    case 'c':
      try_services(text, size - 1);
      break;
    case 's':
      try_sign_in(text, size - 1);
      break;
    case 'p':
      try_code(text, size - 1, &service);
      break;
    default:
      try_list(text, size - 1, &service);
  }
  free(text);
  return 0;
}
