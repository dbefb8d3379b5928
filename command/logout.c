// logout - printbridge logout: forget a sign-in, here and at the service.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "known.h"

#include <stdio.h>

static bool
log_out(const struct options *options, struct pb_service *service, bool *is_told, pb_error_t *err)
{
  struct pb_places places;
  pb_sign_in_t    *sign_in = NULL;
  bool             ok      = pb_places_get(/*user*/ NULL, &places, err) &&
            known_service(options, &places, /*may_ask*/ false, service, err) &&
            known_sign_in(options, &places, service, &sign_in, err);

  if (ok && !pb_sign_in_is_stored(sign_in))
    ok = pb_error_set(err, PB_GONE, "%s is not signed in to %s",
                      options->system ? "this machine" : "this user", service->url);
  ok = ok && pb_sign_in_remove(sign_in, is_told, err);
  pb_sign_in_close(sign_in);
  return ok;
}

int
command_logout(const struct options *options)
{
  struct pb_service service = {0};
  pb_error_t        err     = {0};
  bool              is_told = false;

  if (!log_out(options, &service, &is_told, &err))
  {
    command_fail(&err);
    return err.kind == PB_REJECT ? EXIT_USAGE : EXIT_PROBLEM;
  }
  printf("Signed out of %s.\n", service.url);
  if (!is_told && options->system)
    printf("The service could not be told: an administrator removes the machine there, on the page "
           "\"Users\".\n");
  else if (!is_told)
    printf("The service could not be told: remove the program there, on the page \"Account\".\n");
  return EXIT_DONE;
}
