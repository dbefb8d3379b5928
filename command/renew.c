// renew - printbridge renew: the key and the certificates at each service, now and not when they
// are due.  The connector does it, so that what it has open goes on; without it this command does.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"
#include "base/clock.h"
#include "base/text.h"
#include "cloud/rekey.h"
#include "command.h"
#include "renewal.h"
#include "shown.h"
#include "state.h"

#include <string.h>
#include <time.h>

#define PATIENCE_MS (90 * 1000)
#define LOOK_NS (200 * 1000 * 1000)

// --- by this command

bool
renewal_run(pb_registration_t *registration, pb_error_t *err)
{
  struct pb_rekey_options options = {0};
  char                    until[PB_ISO_DATE_SIZE];

  if (!pb_rekey(registration, &options, err))
    return false;
  pb_clock_format_iso(until, pb_registration_get_expiry(registration));
  printf("%s: the key and the certificates are new, until %s.\n", registration->url, until);
  return true;
}

static int
renew_here(const struct options *options)
{
  pb_registration_t **list      = NULL;
  size_t              count     = 0;
  int                 lock      = -1;
  int                 exit_code = EXIT_DONE;
  pb_error_t          err       = {0};

  if (!state_enter(options->state, &err) || !state_lock(options->state, &lock, &err) ||
      !pb_registrations_load(options->state, &list, &count, &err))
  {
    state_unlock(&lock);
    return command_fail(&err);
  }
  if (!count)
    printf("Nothing is shared: there is no key to renew.\n");
  for (size_t i = 0; i < count; i++)
  {
    pb_error_clear(&err);
    if (renewal_run(list[i], &err))
      continue;
    pb_error_prefix(&err, "%s", list[i]->url);
    exit_code = command_fail(&err);
  }
  pb_registrations_free(list, count);
  state_unlock(&lock);
  return exit_code;
}

// --- by the connector

// True: all have been renewed, or one of them cannot be.
static bool
is_over(json_object *status, bool *has_failed_out)
{
  json_object *services = pb_json_array(status, "services");
  bool         is       = true;

  *has_failed_out = false;
  for (size_t i = 0; services && i < json_object_array_length(services); i++)
  {
    json_object *service = json_object_array_get_idx(services, i);

    if (!pb_json_bool(service, "renewing", false))
      continue;
    is              = is && pb_json_text(service, "renewal_problem") != NULL;
    *has_failed_out = true;
  }
  return is;
}

static void
print_outcome(json_object *status)
{
  json_object *services = pb_json_array(status, "services");

  for (size_t i = 0; services && i < json_object_array_length(services); i++)
  {
    json_object *service = json_object_array_get_idx(services, i);

    if (pb_json_text(service, "renewal_problem"))
      printf("%s: not renewed yet: %s; the connector tries it again by itself.\n",
             shown_text(service, "url").text, shown_text(service, "renewal_problem").text);
    else if (!pb_json_bool(service, "renewing", false))
      printf("%s: the key and the certificates are new, until %s.\n",
             shown_text(service, "url").text, shown_text(service, "certificate_until").text);
  }
}

static int
wait_for_connector(const struct options *options)
{
  const struct timespec pause      = {.tv_nsec = LOOK_NS};
  int64_t               end_ms     = pb_clock_mono_ms() + PATIENCE_MS;
  bool                  has_failed = false;
  pb_error_t            err        = {0};

  while (pb_clock_mono_ms() < end_ms)
  {
    json_object *status = NULL;

    nanosleep(&pause, /*left*/ NULL);
    if (!ask_connector(options->runtime, "status", &status, &err))
      return command_fail(&err);
    if (is_over(status, &has_failed))
    {
      print_outcome(status);
      json_object_put(status);
      return has_failed ? EXIT_PROBLEM : EXIT_DONE;
    }
    json_object_put(status);
  }
  pb_error_set(&err, PB_RETRY, "the connector has not done it yet: see \"printbridge status\"");
  return command_fail(&err);
}

int
command_renew(const struct options *options)
{
  json_object *answer = NULL;
  pb_error_t   err    = {0};

  if (ask_connector(options->runtime, "renew", &answer, &err))
  {
    json_object_put(answer);
    return wait_for_connector(options);
  }
  return err.kind == PB_GONE ? renew_here(options) : command_fail(&err);
}
