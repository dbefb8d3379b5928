// service-url - the address of the service that a command means (see service-url.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "service-url.h"

#include "base/text.h"
#include "cloud/address.h"
#include "cloud/registration.h"

#include <stdlib.h>

bool
service_url_find(const struct options *options, const char *typed, bool may_ask, char *dst,
                 size_t dst_size, pb_error_t *err)
{
  pb_registration_t  **list  = NULL;
  const char         **known = NULL;
  size_t               count = 0;
  struct pb_service    service;
  struct pb_http_trust trust = {.ca_fingerprint = options->ca_fingerprint,
                                .ca_file        = options->ca_file};
  bool                 ok    = false;

  if (!pb_registrations_load(options->state, &list, &count, err))
    return false;
  known = calloc(count + 1, sizeof(*known));
  for (size_t i = 0; known != NULL && i < count; i++)
    known[i] = list[i]->url;
  if (known == NULL)
    pb_error_set(err, PB_RETRY, "out of memory");
  else
    ok = pb_address_find(typed, known, count, may_ask ? pb_address_ask_metadata : NULL, &trust,
                         &service, err) &&
         (pb_text_copy(dst, dst_size, service.url) ||
          pb_error_set(err, PB_CONFIG, "%.200s: too long", typed));
  free(known);
  pb_registrations_free(list, count);
  return ok;
}
