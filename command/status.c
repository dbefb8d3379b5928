// status - printbridge status: services, tunnels and queues, what is wrong and what to do.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"
#include "base/text.h"
#include "cloud/registration.h"
#include "command.h"
#include "shown.h"

#include <string.h>

#define QUEUE_WIDTH 20
#define STATE_WIDTH 12
#define JOBS_WIDTH 6

// Tunnel states of connector/control.h, as they are told.
static const struct tunnel_row
{
  const char *name;
  const char *told;
  bool        is_well;
} tunnels[] = {
  {"up",      "tunnel up",                               true },
  {"polling", "polling (the tunnel is not let through)", true },
  {"down",    "not connected",                           false},
  {"denied",  "refused by the service",                  false},
};

static const struct tunnel_row *
find_tunnel(json_object *service)
{
  static const struct tunnel_row unknown = {"", "state unknown", false};
  const char                    *name    = pb_json_text(service, "tunnel");

  for (size_t i = 0; name && i < sizeof(tunnels) / sizeof(tunnels[0]); i++)
  {
    if (!strcmp(name, tunnels[i].name))
      return &tunnels[i];
  }
  return &unknown;
}

static bool
is_queue_well(json_object *queue)
{
  const char *state = pb_json_text(queue, "state");

  return !pb_json_text(queue, "problem") && state && strcmp(state, "stopped") != 0 &&
         strcmp(state, "missing") != 0;
}

static size_t
count_of(json_object *array)
{
  return array ? json_object_array_length(array) : 0;
}

static bool
is_service_well(json_object *service)
{
  json_object *queues = pb_json_array(service, "queues");
  bool         is     = find_tunnel(service)->is_well && !pb_json_text(service, "problem") &&
            pb_json_bool(service, "reachable", true);

  for (size_t i = 0; is && i < count_of(queues); i++)
    is = is_queue_well(json_object_array_get_idx(queues, i));
  return is;
}

// --- as text

static void
print_last_job(json_object *queue)
{
  json_object *job = NULL;

  if (!json_object_object_get_ex(queue, "last_job", &job) || !job)
    return;
  printf("#%lld %s  %s", (long long)pb_json_int(job, "cloud_job", 0), shown_text(job, "state").text,
         shown_text(job, "title").text);
}

static void
print_reasons(json_object *queue)
{
  json_object *reasons = pb_json_array(queue, "reasons");
  bool         has     = false;

  for (size_t i = 0; i < count_of(reasons); i++)
  {
    const char *reason = json_object_get_string(json_object_array_get_idx(reasons, i));
    char        shown[128];
    if (!reason || !strcmp(reason, "none"))
      continue;
    pb_text_escape(shown, sizeof(shown), reason, strlen(reason));
    printf("%s%s", has ? ", " : "      ", shown);
    has = true;
  }
  if (has)
    printf("\n");
}

static void
print_queue(json_object *queue)
{
  char jobs[24];

  snprintf(jobs, sizeof(jobs), "%lld", (long long)pb_json_int(queue, "jobs", 0));
  printf("  ");
  shown_print(shown_text(queue, "queue").text, QUEUE_WIDTH);
  printf("  ");
  shown_print(shown_text(queue, "state").text, STATE_WIDTH);
  printf("  ");
  shown_print(jobs, JOBS_WIDTH);
  print_last_job(queue);
  printf("\n");
  print_reasons(queue);
  if (pb_json_text(queue, "problem"))
    printf("    ! %s\n", shown_text(queue, "problem").text);
}

static void
print_service(json_object *service)
{
  json_object *queues = pb_json_array(service, "queues");

  printf("\n%s  %s", shown_text(service, "url").text, find_tunnel(service)->told);
  if (pb_json_text(service, "since"))
    printf(" since %s", shown_time(service, "since").text);
  printf("\n");
  if (pb_json_text(service, "problem"))
    printf("  ! %s\n", shown_text(service, "problem").text);
  if (pb_json_text(service, "certificate_until"))
    printf("  certificates until %s%s%s\n", shown_time(service, "certificate_until").text,
           pb_json_text(service, "renewal") ? ", renewed by themselves after " : "",
           pb_json_text(service, "renewal") ? shown_time(service, "renewal").text : "");
  if (!count_of(queues))
    return;
  printf("  %-*s  %-*s  %-*s%s\n", QUEUE_WIDTH, "QUEUE", STATE_WIDTH, "STATE", JOBS_WIDTH, "JOBS",
         "LAST JOB");
  for (size_t i = 0; i < count_of(queues); i++)
    print_queue(json_object_array_get_idx(queues, i));
}

static void
print_text(json_object *status)
{
  json_object *services = pb_json_array(status, "services");

  printf("The connector runs since %s (process %lld).\n", shown_time(status, "since").text,
         (long long)pb_json_int(status, "pid", 0));
  if (pb_json_text(status, "problem"))
    printf("! %s\n", shown_text(status, "problem").text);
  for (size_t i = 0; i < count_of(services); i++)
    print_service(json_object_array_get_idx(services, i));
  if (!count_of(services))
    printf("Nothing is shared: printbridge share QUEUE --service URL\n");
}

static void
print_json(json_object *object)
{
  puts(json_object_to_json_string_ext(object,
                                      JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
}

// --- without the connector

static bool
add_queues(json_object *service, const pb_registration_t *registration)
{
  json_object *queues = json_object_new_array();

  for (size_t i = 0; queues && i < registration->queues_count; i++)
  {
    json_object *queue = json_object_new_object();

    if (!queue || !pb_json_add_text(queue, "queue", registration->queues[i].queue) ||
        !pb_json_add_text(queue, "printer_uri", registration->queues[i].printer_uri) ||
        json_object_array_add(queues, queue))
    {
      json_object_put(queue);
      break;
    }
  }
  return queues && !json_object_object_add(service, "queues", queues);
}

// {"running":false,"services":[{"url","queues":[{"queue","printer_uri"}]}]}
static json_object *
format_registrations(pb_registration_t **list, size_t count)
{
  json_object *status   = json_object_new_object();
  json_object *services = json_object_new_array();

  (void)pb_json_add_bool(status, "running", false);
  for (size_t i = 0; i < count; i++)
  {
    json_object *service = json_object_new_object();

    if (service && pb_json_add_text(service, "url", list[i]->url) && add_queues(service, list[i]) &&
        !json_object_array_add(services, service))
      continue;
    json_object_put(service);
  }
  json_object_object_add(status, "services", services);
  return status;
}

static void
print_registrations(pb_registration_t **list, size_t count)
{
  printf("The connector does not run: start it with \"systemctl start printbridged\".\n");
  for (size_t i = 0; i < count; i++)
  {
    printf("\n%s\n", list[i]->url);
    for (size_t j = 0; j < list[i]->queues_count; j++)
    {
      printf("  ");
      shown_print(list[i]->queues[j].queue, QUEUE_WIDTH);
      printf("  %s\n", list[i]->queues[j].printer_uri);
    }
  }
}

static int
show_without_connector(const struct options *options)
{
  pb_registration_t **list   = NULL;
  size_t              count  = 0;
  json_object        *status = NULL;
  pb_error_t          err    = {0};

  if (!pb_registrations_load(options->state, &list, &count, &err))
    command_fail(&err);
  if (options->json)
  {
    status = format_registrations(list, count);
    print_json(status);
  }
  else
    print_registrations(list, count);
  json_object_put(status);
  pb_registrations_free(list, count);
  return EXIT_NO_DAEMON;
}

int
command_status(const struct options *options)
{
  json_object *status   = NULL;
  json_object *services = NULL;
  pb_error_t   err      = {0};
  bool         is_well  = true;

  if (!ask_connector(options->runtime, "status", &status, &err))
    return err.kind == PB_GONE ? show_without_connector(options) : command_fail(&err);
  if (options->json)
    print_json(status);
  else
    print_text(status);
  services = pb_json_array(status, "services");
  is_well  = !pb_json_text(status, "problem");
  for (size_t i = 0; i < count_of(services); i++)
    is_well = is_well && is_service_well(json_object_array_get_idx(services, i));
  json_object_put(status);
  return is_well ? EXIT_DONE : EXIT_PROBLEM;
}
