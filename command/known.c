// known - which service a command means, and the sign-in there.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "known.h"

#include "base/text.h"
#include "cloud/address.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
find_only(const struct pb_places *places, struct pb_service *service, pb_error_t *err)
{
  struct pb_service *list  = NULL;
  size_t             count = 0;
  bool               ok    = pb_services_load(places, &list, &count, err);

  if (ok && count == 1)
    *service = list[0];
  else if (ok)
    ok = pb_error_set(err, PB_REJECT,
                      count ? "which service? (its address)"
                            : "no service is known yet: say its address");
  free(list);
  return ok;
}

// may_ask: a service that is new here is asked for where no port was typed.
static bool
find_named(const struct options *options, const struct pb_places *places, bool may_ask,
           struct pb_service *service, pb_error_t *err)
{
  struct pb_service   *list = NULL;
  const char          *known[PB_SERVICES_MAX];
  size_t               count = 0;
  struct pb_http_trust trust = {.ca_fingerprint = options->ca_fingerprint,
                                .ca_file        = options->ca_file};
  bool                 ok    = pb_services_load(places, &list, &count, err);

  for (size_t i = 0; i < count; i++)
    known[i] = list[i].url;
  ok = ok && pb_address_find(options->names[0], known, count,
                             may_ask ? pb_address_ask_metadata : NULL, &trust, service, err);
  for (size_t i = 0; ok && i < count; i++)
  {
    if (strcmp(list[i].url, service->url) != 0)
      continue;
    *service = list[i];
    break;
  }
  free(list);
  return ok;
}

// What the command line says goes before what is known.  Paths must not depend on where this runs.
static bool
choose_trust(const struct options *options, struct pb_service *service, pb_error_t *err)
{
  char *path;
  bool  ok = true;

  if (options->ca_fingerprint || options->ca_file)
    service->ca_fingerprint[0] = service->ca_file[0] = '\0';
  if (options->ca_fingerprint)
    ok = pb_text_copy(service->ca_fingerprint, sizeof(service->ca_fingerprint),
                      options->ca_fingerprint) ||
         pb_error_set(err, PB_REJECT, "--ca-fingerprint: too long for a SHA-256");
  if (!ok || !options->ca_file)
    return ok;
  path = realpath(options->ca_file, /*resolved*/ NULL);
  if (!path)
    return pb_error_set_errno(err, PB_CONFIG, "%s", options->ca_file);
  ok = pb_text_copy(service->ca_file, sizeof(service->ca_file), path) ||
       pb_error_set(err, PB_CONFIG, "%s: the path is too long", options->ca_file);
  free(path);
  return ok;
}

bool
known_service(const struct options *options, const struct pb_places *places, bool may_ask,
              struct pb_service *service_out, pb_error_t *err)
{
  bool ok = options->names_count ? find_named(options, places, may_ask, service_out, err)
                                 : find_only(places, service_out, err);

  return ok && choose_trust(options, service_out, err);
}

// STATE is the connector's: what it could have put there is no place for root to write.
static bool
check_machine_folder(const struct pb_places *places, pb_error_t *err)
{
  struct stat info;
  char        path[PB_PLACE_SIZE];
  char       *end;

  pb_text_copy(path, sizeof(path), places->machine_sign_ins);
  end = strrchr(path, '/');
  if (end)
    *end = '\0';
  if (lstat(path, &info) != 0 || (S_ISDIR(info.st_mode) && info.st_uid == geteuid()))
    return true;
  return pb_error_set(err, PB_CONFIG,
                      "%s is not a folder of this user: run this as root, and look "
                      "who made it",
                      path);
}

bool
known_sign_in(const struct options *options, const struct pb_places *places,
              const struct pb_service *service, pb_sign_in_t **sign_in_out, pb_error_t *err)
{
  if (!options->system)
    return pb_sign_in_new(places->user_sign_ins, PB_SIGN_IN_USER, service, sign_in_out, err);
  return check_machine_folder(places, err) &&
         pb_sign_in_new(places->machine_sign_ins, PB_SIGN_IN_MACHINE, service, sign_in_out, err);
}
