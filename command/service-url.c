// service-url - a service's address as people type it (see service-url.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "service-url.h"

#include "base/text.h"
#include "cloud/protocol.h"

#include <string.h>

bool
service_url_format(char *dst, size_t dst_size, const char *typed, pb_error_t *err)
{
  bool has_scheme = strstr(typed, "://") != NULL;
  bool is_good    = true;

  if (has_scheme && !pb_text_has_prefix(typed, "https://"))
    return pb_error_set(err, PB_CONFIG, "%s: a service's address begins with https://", typed);
  if (has_scheme)
    is_good = pb_text_copy(dst, dst_size, typed);
  else if (strchr(typed, ':'))
    is_good = pb_text_format(dst, dst_size, "https://%s", typed);
  else
    is_good = pb_text_format(dst, dst_size, "https://%s:%d", typed, PB_SERVICE_PORT);

  size_t size = strlen(dst);
  while (size && dst[size - 1] == '/')
    dst[--size] = '\0';
  if (is_good && size > strlen("https://") && !strpbrk(dst, " ?#@\\"))
    return true;
  return pb_error_set(err, PB_CONFIG, "%s: not an address of a service", typed);
}
