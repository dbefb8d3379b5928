// address - a service's address as people type it (see address.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/address.h"

#include "base/text.h"
#include "cloud/authority.h"
#include "cloud/grant.h"
#include "cloud/protocol.h"

#include <string.h>

#define HTTPS "https://"

// A port behind the host, whatever stands in brackets before it.
static bool
has_port(const char *url)
{
  const char *host    = url + strlen(HTTPS);
  const char *bracket = strrchr(host, ']');

  return strchr(bracket != NULL ? bracket : host, ':') != NULL;
}

bool
pb_address_parse(const char *typed, struct pb_service *service_out, bool *has_port_out,
                 pb_error_t *err)
{
  char   url[sizeof(service_out->url)];
  bool   has_scheme = strstr(typed, "://") != NULL;
  bool   is_good    = pb_text_format(url, sizeof(url), "%s%s", has_scheme ? "" : HTTPS, typed);
  size_t size       = strlen(url);

  *service_out = (struct pb_service){0};
  if (has_scheme && !pb_text_has_prefix(typed, HTTPS))
    return pb_error_set(err, PB_CONFIG, "%.200s: a service's address begins with " HTTPS, typed);
  while (size > 0 && url[size - 1] == '/')
    url[--size] = '\0';
  if (!is_good || size <= strlen(HTTPS) || !pb_service_parse(url, service_out, /*err*/ NULL))
    return pb_error_set(err, PB_CONFIG, "%.200s: not an address of a service", typed);
  *has_port_out = has_port(url);
  return true;
}

// How many of the known services are at that host; the last of them.
static size_t
count_known(const char *host, const char *const *known, size_t known_count,
            struct pb_service *service_out)
{
  size_t count = 0;

  for (size_t i = 0; i < known_count; i++)
  {
    struct pb_service one;

    if (!pb_service_parse(known[i], &one, /*err*/ NULL) || strcmp(one.host, host) != 0)
      continue;
    *service_out = one;
    count++;
  }
  return count;
}

static bool
ask_both(pb_address_ask_t ask, void *user, struct pb_service *service, pb_error_t *err)
{
  pb_error_t        why   = {0};
  struct pb_service other = {0};
  char              url[PB_AUTHORITY_SIZE + sizeof(HTTPS)], authority[PB_AUTHORITY_SIZE];

  if (ask(user, service->url, &why))
    return true;
  pb_authority_format(service->host, PB_SERVICE_PORT_HTTPS, authority);
  if (pb_text_format(url, sizeof(url), HTTPS "%s", authority) &&
      pb_service_parse(url, &other, /*err*/ NULL) && ask(user, other.url, /*err*/ NULL))
  {
    *service = other;
    return true;
  }
  return pb_error_set(err, why.kind, "%.300s (nor is there a service at port %d)", why.message,
                      PB_SERVICE_PORT_HTTPS);
}

bool
pb_address_find(const char *typed, const char *const *known, size_t known_count,
                pb_address_ask_t ask, void *user, struct pb_service *service_out, pb_error_t *err)
{
  bool              is_exact = false;
  struct pb_service found    = {0};

  if (!pb_address_parse(typed, service_out, &is_exact, err))
    return false;
  if (is_exact)
    return true;
  switch (count_known(service_out->host, known, known_count, &found))
  {
    case 0:
      return ask == NULL || ask_both(ask, user, service_out, err);
    case 1:
      *service_out = found;
      return true;
    default:
      return pb_error_set(err, PB_REJECT, "%.200s: several services are known there: say the port",
                          typed);
  }
}

bool
pb_address_ask_metadata(void *trust, const char *url, pb_error_t *err)
{
  pb_http_t         *http     = NULL;
  struct pb_metadata metadata = {0};
  bool ok = pb_http_new(trust, &http, err) && pb_metadata_get(http, url, &metadata, err);

  pb_http_free(http);
  return ok;
}
