// known - which service a command means, and the sign-in there.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "known.h"

#include "base/text.h"
#include "service-url.h"

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

static bool
parse_named(const char *typed, const struct pb_places *places, struct pb_service *service,
            pb_error_t *err)
{
  char              url[512];
  struct pb_service known;

  if (!service_url_format(url, sizeof(url), typed, err) || !pb_service_parse(url, service, err))
    return false;
  if (pb_services_find(places, service->host, service->port, &known, /*err*/ NULL))
    *service = known;
  return true;
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
known_service(const struct options *options, const struct pb_places *places,
              struct pb_service *service_out, pb_error_t *err)
{
  bool ok = options->names_count ? parse_named(options->names[0], places, service_out, err)
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
