// cloud-export_fuzz - what `printbridge import` is given: the text that a passphrase opened, and
// the sealed file around it.  The first byte chooses.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/export.h"
#include "net/vault.h"

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
check_registration(const pb_registration_t *registration)
{
  must(registration->key && registration->url && registration->client_id[0]);
  must(pb_text_has_prefix(registration->url, "https://"));
  must(!strchr(registration->url + strlen("https://"), '/'));  // it names a folder
  must(registration->queues_count > 0 && registration->queues_count <= PB_EXPORT_QUEUES_MAX);
  for (size_t i = 0; i < registration->queues_count; i++)
  {
    must(pb_text_is_uuid(registration->queues[i].uuid));  // it names files
    must(pb_text_is_printable(registration->queues[i].queue));
    must(registration->queues[i].queue[0] && !strchr(registration->queues[i].queue, '/'));
  }
  (void)pb_registration_get_renewal(registration);
  (void)pb_registration_get_expiry(registration);
}

static void
try_text(const char *text, size_t size)
{
  struct pb_export export;
  pb_error_t err = {0};

  if (!pb_export_parse(text, size, &export, &err))
  {
    must(err.kind == PB_REJECT || err.kind == PB_CONFIG);
    return;
  }
  must(export.count > 0 && export.count <= PB_EXPORT_SERVICES_MAX);
  for (size_t i = 0; i < export.count; i++)
    check_registration(export.services[i].registration);
  pb_export_clear(&export);
}

// Most never get as far as scrypt, which is the point.
static void
try_file(const uint8_t *data, size_t size)
{
  char        text[]     = "passphrase";
  pb_secret_t passphrase = {.text = text, .size = sizeof(text) - 1};
  pb_buffer_t plain      = {0};
  pb_error_t  err        = {0};

  if (!pb_vault_open(&passphrase, data, size, &plain, &err))
    must(err.kind == PB_REJECT || err.kind == PB_CONFIG || err.kind == PB_AUTH);
  pb_buffer_clear(&plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  if (data[0] == 'f')
    try_file(data + 1, size - 1);
  else
  {
    char *text = pb_text_dup_size((const char *)data + 1, size - 1);

    if (text)
      try_text(text, size - 1);
    free(text);
  }
  return 0;
}
