// jobs - printbridge jobs: each job with its hops and times.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"
#include "base/text.h"
#include "command.h"
#include "shown.h"

#include <string.h>

#define WHAT_WIDTH 32

// Drop the jobs of other queues.
static bool
keep_queue(json_object *answer, const char *queue)
{
  json_object *jobs = pb_json_array(answer, "jobs");
  json_object *kept = json_object_new_array();

  for (size_t i = 0; jobs && kept && i < json_object_array_length(jobs); i++)
  {
    json_object *job  = json_object_array_get_idx(jobs, i);
    const char  *name = pb_json_text(job, "queue");

    if (name && pb_text_is_equal_nocase(name, queue) &&
        json_object_array_add(kept, json_object_get(job)))
      json_object_put(job);
  }
  return kept && !json_object_object_add(answer, "jobs", kept);
}

static void
print_hops(json_object *job)
{
  json_object *hops = pb_json_array(job, "hops");

  for (size_t i = 0; hops && i < json_object_array_length(hops); i++)
  {
    json_object *hop = json_object_array_get_idx(hops, i);

    printf("    ");
    shown_print(shown_text(hop, "what").text, WHAT_WIDTH);
    printf("  %s\n", shown_time(hop, "at").text);
  }
}

static void
print_job(json_object *job)
{
  int64_t local_job = pb_json_int(job, "local_job", 0);

  printf("%s #%lld  %s", shown_text(job, "queue").text, (long long)pb_json_int(job, "cloud_job", 0),
         shown_text(job, "state").text);
  printf("  \"%s\"", shown_text(job, "title").text);
  printf("  of %s", shown_text(job, "user").text);
  printf("  %s", shown_size(pb_json_int(job, "bytes", 0)).text);
  if (local_job)
    printf("  (local job %lld)", (long long)local_job);
  printf("\n");
  if (shown_text(job, "message").text[0])
    printf("    %s\n", shown_text(job, "message").text);
  print_hops(job);
}

static void
print_text(json_object *answer)
{
  json_object *jobs = pb_json_array(answer, "jobs");

  if (!jobs || !json_object_array_length(jobs))
    printf("No jobs.\n");
  for (size_t i = 0; jobs && i < json_object_array_length(jobs); i++)
    print_job(json_object_array_get_idx(jobs, i));
}

int
command_jobs(const struct options *options)
{
  json_object *answer = NULL;
  pb_error_t   err    = {0};

  if (!ask_connector(options->runtime, "jobs", &answer, &err))
  {
    command_fail(&err);
    return err.kind == PB_GONE ? EXIT_NO_DAEMON : EXIT_PROBLEM;
  }
  if (options->names_count && !keep_queue(answer, options->names[0]))
    fprintf(stderr, "printbridge: out of memory\n");
  if (options->json)
    puts(json_object_to_json_string_ext(answer,
                                        JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  else
    print_text(answer);
  json_object_put(answer);
  return EXIT_DONE;
}
