// login - printbridge login: a person approves a code, and this user (or with --system this
// machine) may print to the service's printers. Jobs that wait for a sign-in go on by themselves:
// the backend's waiter looks at the same files; where it is gone (a restart of the computer), this
// command releases them, the user's next job does, or cupsd itself within minutes (backend/hold.c).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/held.h"
#include "cloud/printer-cache.h"
#include "code.h"
#include "command.h"
#include "known.h"
#include "qr.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES_DEFAULT 5
#define TRIES_MAX 100
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

struct login
{
  const struct options *options;
  struct pb_places      places;
  struct pb_service     service;
  pb_sign_in_t         *sign_in;
  int                   tries;
};

// For whom: shown where it is approved.
static void
format_requester(const struct login *login, char *dst, size_t dst_size)
{
  char           host[256] = "";
  struct passwd *account   = getpwuid(geteuid());

  if (gethostname(host, sizeof(host) - 1) != 0 || !pb_text_is_printable(host))
    host[0] = '\0';
  if (login->options->system || !account)
    pb_text_copy(dst, dst_size, host);
  else
    pb_text_format(dst, dst_size, "%s on %s", account->pw_name, host);
}

static enum pb_poll
try_code(struct login *login, const char *requester, pb_error_t *err)
{
  const struct options *options      = login->options;
  struct pb_device_code code         = {0};
  enum pb_poll          poll         = PB_POLL_FAILED;
  bool                  is_reachable = true, is_first = true;

  if (!pb_sign_in_begin(login->sign_in, requester, &code, err))
    return PB_POLL_FAILED;
  code_show(&code,
            options->system ? "An administrator of the service approves this machine at"
                            : "Sign in, and approve this program, at",
            !options->no_qr && (options->qr || qr_is_possible(stdout)));
  do
  {
    code_pause(&code, is_first);
    is_first = false;
    poll     = pb_sign_in_poll(login->sign_in, &code, err);
    if (poll == PB_POLL_PENDING)
      code_show_reachable(&is_reachable, err);
  } while (poll == PB_POLL_PENDING);
  pb_device_code_clear(&code);
  return poll;
}

static bool
sign_in_by_code(struct login *login, pb_error_t *err)
{
  char requester[512];

  format_requester(login, requester, sizeof(requester));
  for (int i = 1; i <= login->tries; i++)
  {
    switch (try_code(login, requester, err))
    {
      case PB_POLL_GRANTED:
        return true;
      case PB_POLL_DENIED:
        return pb_error_set(err, PB_AUTH, "it was denied");
      case PB_POLL_EXPIRED:
        if (i < login->tries)
          printf("\nThe code has expired.  Here is a new one (%d of %d).\n", i + 1, login->tries);
        break;
      default:
        return false;
    }
  }
  return pb_error_set(err, PB_GONE, "nobody approved it before the %s expired: run this again",
                      login->tries > 1 ? "last code" : "code");
}

// Programs of CUPS run as somebody else: they know of services.conf only.
static void
make_known(const struct login *login)
{
  struct pb_places  machine = login->places;
  struct pb_service known;
  pb_error_t        err = {0};

  machine.user_sign_ins[0] = '\0';
  if (pb_services_find(&machine, login->service.host, login->service.port, &known, &err) &&
      strcmp(known.ca_fingerprint, login->service.ca_fingerprint) == 0 &&
      strcmp(known.ca_file, login->service.ca_file) == 0 && !login->options->system)
    return;
  pb_error_clear(&err);
  if (!pb_services_save(&login->places, &login->service, &err))
    printf("CUPS does not know of the service yet (%s).\nAn administrator tells it with: "
           "printbridge login "
           "--system %s\n",
           err.message, login->service.url);
}

static void
show_printer(const struct login *login, const pb_printer_entry_t *entry)
{
  char uri[PB_DEVICE_URI_SIZE], name[sizeof(entry->name)];

  pb_printer_entry_get_device_uri(&login->service, entry, uri);
  pb_text_copy(name, sizeof(name), entry->name);
  for (char *at = name; *at; at++)
    if (!strchr(NAME_LETTERS, *at))
      *at = '_';
  printf("\n%s, %s%s%s\n    %s\n", entry->name, entry->make_and_model,
         entry->location[0] ? ", " : "", entry->location, uri);
  printf("    lpadmin -p %s -E -v %s -m %s:%s\n", name, uri, PB_DEVICE_URI_SCHEME,
         uri + sizeof(PB_DEVICE_URI_SCHEME "://") - 1);
}

static bool
show_printers(const struct login *login, pb_error_t *err)
{
  pb_printer_entry_t *list  = NULL;
  size_t              count = 0;
  bool                ok    = pb_printer_cache_read(&login->places, &login->service, &list, &count,
                                                    /*age_ms*/ NULL, err);

  if (ok && count == 0)
    printf("The service has no printers yet.\n");
  else if (ok)
    printf("\nIts printers, and how each is added to CUPS:\n");
  for (size_t i = 0; i < count; i++)
    show_printer(login, &list[i]);
  free(list);
  return ok;
}

static bool
refresh_printers(const struct login *login, pb_error_t *err)
{
  pb_cloud_account_t *account = NULL;
  bool                ok =
    pb_sign_in_make_account(login->sign_in, &account, err) &&
    pb_printer_cache_refresh(&login->places, &login->service, account, /*min_age_ms*/ 0, err);

  pb_cloud_account_free(account);
  return ok;
}

// What the user printed before he signed in, and whose waiter has gone (a restart of CUPS or of the
// computer).
static void
release_held(const struct login *login)
{
  const char *folder = login->places.user_sign_ins;
  char        name[PB_SERVICE_NAME_SIZE];
  char        own[PB_PLACE_SIZE];

  pb_service_get_name(&login->service, name);
  if (!login->options->system && folder[0] != '\0' &&
      pb_text_format(own, sizeof(own), "%s/%s", folder, name))
    (void)pb_held_release(own);
}

static bool
log_in(struct login *login, pb_error_t *err)
{
  const struct options *options = login->options;
  const char           *user;

  if (!pb_places_get(/*user*/ NULL, &login->places, err) ||
      !known_service(options, &login->places, /*may_ask*/ true, &login->service, err) ||
      !known_sign_in(options, &login->places, &login->service, &login->sign_in, err) ||
      !sign_in_by_code(login, err))
    return false;
  user = pb_sign_in_get_user(login->sign_in);
  printf("Signed in to %s%s%s.\n", login->service.url, user[0] ? " as " : "", user);
  make_known(login);
  release_held(login);
  return refresh_printers(login, err) && show_printers(login, err);
}

int
command_login(const struct options *options)
{
  struct login login = {.options = options, .tries = TRIES_DEFAULT};
  int64_t      tries = TRIES_DEFAULT;
  pb_error_t   err   = {0};
  bool         ok;

  if (options->tries && !pb_text_parse_int(options->tries, 1, TRIES_MAX, &tries))
  {
    pb_error_set(&err, PB_REJECT, "--tries: a number from 1 to %d", TRIES_MAX);
    command_fail(&err);
    return EXIT_USAGE;
  }
  login.tries = (int)tries;
  ok          = log_in(&login, &err);
  pb_sign_in_close(login.sign_in);
  if (ok)
    return EXIT_DONE;
  command_fail(&err);
  return err.kind == PB_REJECT ? EXIT_USAGE : EXIT_PROBLEM;
}
