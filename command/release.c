// release - printbridge release: a job that the connector holds is printed again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"
#include "base/text.h"
#include "command.h"

int
command_release(const struct options *options)
{
  json_object *answer = NULL;
  pb_error_t   err    = {0};
  int64_t      job    = 0;
  char         line[256];

  if (!pb_text_parse_int(options->names[1], 1, INT32_MAX, &job) ||
      !pb_text_format(line, sizeof(line), "release %s %lld", options->names[0], (long long)job))
  {
    pb_error_set(&err, PB_REJECT, "%s is no job's number: see `printbridge jobs`",
                 options->names[1]);
    command_fail(&err);
    return EXIT_USAGE;
  }
  if (!ask_connector(options->runtime, line, &answer, &err))
  {
    command_fail(&err);
    return err.kind == PB_GONE ? EXIT_NO_DAEMON : EXIT_PROBLEM;
  }
  json_object_put(answer);
  printf("Job %lld of %s is printed again.\n", (long long)job, options->names[0]);
  return EXIT_DONE;
}
