// doctor - printbridge doctor: one line for each part of the installation, and what to do where it
// is not right.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cloud/client.h"
#include "cloud/grant.h"
#include "command.h"
#include "ipp/cups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CLOCK_TOLERANCE_MS 60000

struct doctor
{
  const struct options *options;
  int                   problems;
  ipp_t                *queue;  // attributes of some local queue; NULL: none could be asked
  pb_registration_t   **services;
  size_t                services_count;
};

// --- lines

static void
say(const char *subject, const char *mark, const char *text)
{
  char shown[2 * PB_ERROR_MESSAGE_SIZE];

  pb_text_escape(shown, sizeof(shown), text, strlen(text));
  printf("%-8s %-10s %s\n", mark, subject, shown);
  fflush(stdout);
}

static void PB_PRINTF(2, 3) say_ok(const char *subject, const char *format, ...)
{
  char    text[PB_ERROR_MESSAGE_SIZE];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  say(subject, "ok", text);
}

static void PB_PRINTF(3, 4)
  say_problem(struct doctor *doctor, const char *subject, const char *format, ...)
{
  char    text[PB_ERROR_MESSAGE_SIZE];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  say(subject, "PROBLEM", text);
  doctor->problems++;
}

// --- the local scheduler

// Attributes of the first queue: what every queue says of the scheduler's types and notifiers.
static void
ask_some_queue(struct doctor *doctor, pb_cups_t *cups, char **names, size_t count)
{
  pb_error_t err = {0};

  if (!count)
    say_problem(doctor, "cups", "cupsd answers, but has no queues: add one with lpadmin");
  else if (!pb_cups_copy_queue(cups, names[0], &doctor->queue, &err))
    say_problem(doctor, "cups", "%s", err.message);
  else
    say_ok("cups", "cupsd answers, %zu queue%s", count, count == 1 ? "" : "s");
}

static void
check_cups(struct doctor *doctor)
{
  pb_cups_t *cups  = NULL;
  char     **names = NULL;
  size_t     count = 0;
  pb_error_t err   = {0};

  if (pb_cups_open(doctor->options->cups, &cups, &err) &&
      pb_cups_copy_queues(cups, &names, &count, &err))
    ask_some_queue(doctor, cups, names, count);
  else
    say_problem(doctor, "cups", "%s: start it with \"systemctl start cups\"", err.message);
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
  pb_cups_close(cups);
}

static void
check_filter(struct doctor *doctor)
{
  const char *type = pb_ticket_type_for("application/pdf");

  if (!doctor->queue)
    return;
  if (pb_ipp_has_keyword(doctor->queue, IPP_TAG_PRINTER, "document-format-supported", type))
    say_ok("filter", "cupsd takes %s", type);
  else
    say_problem(doctor, "filter",
                "cupsd does not take %s: install printbridge's filter and MIME rules, then "
                "\"systemctl restart cups\"",
                type);
}

// Only asked, never tried: a subscription made here would be the connector's own.
static void
check_notifier(struct doctor *doctor)
{
  static const char schemes[] = "notify-schemes-supported";

  if (!doctor->queue)
    return;
  if (!pb_ipp_find(doctor->queue, IPP_TAG_PRINTER, schemes, IPP_TAG_ZERO))
    say("notifier", "note", "cupsd does not say which notifiers it has");
  else if (pb_ipp_has_keyword(doctor->queue, IPP_TAG_PRINTER, schemes, "printbridge"))
    say_ok("notifier", "cupsd has it");
  else
    say_problem(doctor, "notifier",
                "cupsd does not have it, so job states come later, by polling: install "
                "ServerBin/notifier/printbridge, then \"systemctl restart cups\"");
}

// --- the connector

static void
check_connector(struct doctor *doctor)
{
  json_object *status = NULL;
  pb_error_t   err    = {0};

  if (ask_connector(doctor->options->runtime, "status", &status, &err))
    say_ok("connector", "runs as process %" PRId64, pb_json_int(status, "pid", 0));
  else if (err.kind == PB_GONE)
    say_problem(doctor, "connector", "%s: \"systemctl start printbridged\"", err.message);
  else
    say_problem(doctor, "connector", "%s", err.message);
  json_object_put(status);
}

static void
check_socket(struct doctor *doctor)
{
  char       *path = pb_file_join(doctor->options->runtime, "connector.sock");
  struct stat info;

  if (!path)
    return;
  if (stat(path, &info))
    say_problem(doctor, "socket", "%s: %s: filters cannot reach the connector", path,
                strerror(errno));
  else if (!S_ISSOCK(info.st_mode))
    say_problem(doctor, "socket", "%s is not a socket: remove it, restart printbridged", path);
  else
    say_ok("socket", "%s is there", path);
  free(path);
}

// --- state on disk

static void
check_folder(struct doctor *doctor)
{
  const char *path = doctor->options->state;
  struct stat info;

  if (stat(path, &info))
    say_problem(doctor, "state", "%s: %s: nothing has been shared yet", path, strerror(errno));
  else if (!S_ISDIR(info.st_mode))
    say_problem(doctor, "state", "%s is no folder", path);
  else if (info.st_mode & (S_IWGRP | S_IWOTH))
    say_problem(doctor, "state", "%s may be changed by others: chmod 750 %s", path, path);
  else
    say_ok("state", "%s is changed by its owner only", path);
}

static void
check_key(struct doctor *doctor, const pb_registration_t *registration)
{
  char       *path = pb_file_join(registration->folder, "key.pem");
  struct stat info;

  if (!path)
    return;
  if (stat(path, &info))
    say_problem(doctor, "key", "%s: %s", path, strerror(errno));
  else if (info.st_mode & (S_IRWXG | S_IRWXO))
    say_problem(doctor, "key", "%s is open to others: chmod 600 %s", path, path);
  else
    say_ok("key", "%s is private", path);
  free(path);
}

static void
load_services(struct doctor *doctor)
{
  pb_error_t err = {0};

  if (!pb_registrations_load(doctor->options->state, &doctor->services, &doctor->services_count,
                             &err))
    say_problem(doctor, "state", "%s: run this as root", err.message);
}

// --- a service

static void
check_clock(const struct pb_metadata *metadata)
{
  int64_t off_ms = pb_clock_now_ms() - metadata->date_ms;

  if (!metadata->date_ms)
    return;
  if (llabs(off_ms) < CLOCK_TOLERANCE_MS)
    say_ok("clock", "agrees with the service's");
  else
    say("clock", "note",
        "this machine's clock differs by more than a minute from the service's; printing works, "
        "but set up NTP");
}

static bool
check_reachable(struct doctor *doctor, const pb_registration_t *registration)
{
  struct pb_http_trust trust    = {.ca_file        = registration->ca_file,
                                   .ca_fingerprint = registration->ca_fingerprint};
  pb_http_t           *http     = NULL;
  struct pb_metadata   metadata = {0};
  pb_error_t           err      = {0};
  bool                 ok =
    pb_http_new(&trust, &http, &err) && pb_metadata_get(http, registration->url, &metadata, &err);

  if (ok)
  {
    say_ok("service", "%s answers", registration->url);
    check_clock(&metadata);
  }
  else
    say_problem(doctor, "service", "%s: %s", registration->url, err.message);
  pb_http_free(http);
  return ok;
}

static void
check_token(struct doctor *doctor, const pb_registration_t *registration)
{
  pb_cloud_account_t *account = NULL;
  pb_secret_t         token   = {0};
  pb_error_t          err     = {0};

  if (pb_cloud_account_new(registration, &account, &err) &&
      pb_cloud_account_copy_token(account, /*is_fresh*/ true, &token, &err))
    say_ok("identity", "the service knows this machine");
  else
    say_problem(doctor, "identity", "%s%s", err.message,
                err.kind == PB_AUTH ? ": unshare --force and share the queues again" : "");
  pb_secret_clear(&token);
  pb_cloud_account_free(account);
}

static void
check_services(struct doctor *doctor)
{
  if (!doctor->services_count)
    say("service", "note", "nothing is shared: printbridge share QUEUE --service URL");
  for (size_t i = 0; i < doctor->services_count; i++)
  {
    check_key(doctor, doctor->services[i]);
    if (check_reachable(doctor, doctor->services[i]))
      check_token(doctor, doctor->services[i]);
  }
}

static void (*const checks[])(struct doctor *doctor) = {
  check_cups,   check_filter, check_notifier, check_connector,
  check_socket, check_folder, load_services,  check_services,
};

int
command_doctor(const struct options *options)
{
  struct doctor doctor = {.options = options};

  for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
    checks[i](&doctor);
  if (doctor.problems)
    printf("\n%d problem%s.\n", doctor.problems, doctor.problems == 1 ? "" : "s");
  ippDelete(doctor.queue);
  pb_registrations_free(doctor.services, doctor.services_count);
  return doctor.problems ? EXIT_PROBLEM : EXIT_DONE;
}
