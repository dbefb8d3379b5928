// release - printbridge release: a job that the connector holds is printed again; with --pin, one
// that waits at the service for its PIN may go.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"
#include "base/secret.h"
#include "base/text.h"
#include "command.h"
#include "quiet.h"
#include <string.h>

#define PIN_MAX 64

static bool
read_pin(char pin[PIN_MAX + 2], pb_error_t *err)
{
  if (!quiet_read_line("PIN: ", pin, PIN_MAX + 2) || pin[0] == '\0' || strlen(pin) > PIN_MAX)
    return pb_error_set(err, PB_REJECT, "a PIN has 1 to %d characters", PIN_MAX);
  return true;
}

static bool
format_line(const struct options *options, int64_t job, char *line, size_t size, pb_error_t *err)
{
  char pin[PIN_MAX + 2]     = "";
  char hex[2 * PIN_MAX + 1] = "";
  bool ok                   = !options->pin || read_pin(pin, err);

  for (size_t i = 0; ok && pin[i] != '\0'; i++)
    pb_text_format(hex + 2 * i, sizeof(hex) - 2 * i, "%02x", (unsigned)(unsigned char)pin[i]);
  if (ok && !pb_text_format(line, size, "release%s%s %s %lld", options->pin ? "-pin " : "", hex,
                            options->names[0], (long long)job))
    ok = pb_error_set(err, PB_REJECT, "%s is no queue's name", options->names[0]);
  pb_wipe(pin, sizeof(pin));
  pb_wipe(hex, sizeof(hex));
  return ok;
}

int
command_release(const struct options *options)
{
  json_object *answer = NULL;
  pb_error_t   err    = {0};
  int64_t      job    = 0;
  char         line[400];
  bool         ok = false;

  if (!pb_text_parse_int(options->names[1], 1, INT32_MAX, &job))
  {
    pb_error_set(&err, PB_REJECT, "%s is no job's number: see `printbridge jobs`",
                 options->names[1]);
    command_fail(&err);
    return EXIT_USAGE;
  }
  if (!format_line(options, job, line, sizeof(line), &err))
  {
    command_fail(&err);
    return EXIT_USAGE;
  }
  ok = ask_connector(options->runtime, line, &answer, &err);
  pb_wipe(line, sizeof(line));
  if (!ok)
  {
    command_fail(&err);
    return err.kind == PB_GONE ? EXIT_NO_DAEMON : EXIT_PROBLEM;
  }
  json_object_put(answer);
  printf(options->pin ? "Job %lld of %s is released.\n" : "Job %lld of %s is printed again.\n",
         (long long)job, options->names[0]);
  return EXIT_DONE;
}
