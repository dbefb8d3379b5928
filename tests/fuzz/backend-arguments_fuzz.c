// backend-arguments_fuzz - what cupsd hands a backend of a client's job, divided at NULs: argv and
// the environment; and what filters ask through the side channel.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/arguments.h"
#include "backend/attempt.h"
#include "backend/side-channel.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// In this order: argv[0] to argv[6], then these.
static const char *const names[] = {"DEVICE_URI", "CONTENT_TYPE", "FINAL_CONTENT_TYPE", "PRINTER",
                                    "PRINTBRIDGE_LEAVE_AFTER"};

#define ARGV 7
#define TEXTS (ARGV + sizeof(names) / sizeof(names[0]))

static char  *texts[TEXTS + 1];
static size_t texts_count;

static void
must(bool holds)
{
  if (!holds)
    abort();
}

static const char *
find_text(const char *name)
{
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (strcmp(name, names[i]) == 0 && ARGV + i < texts_count)
      return texts[ARGV + i];
  return NULL;
}

// The client's word for where it is counts only where it is cupsd's: once, and "localhost".
static bool
may_be_local(const char *options)
{
  const char *origin = strstr(options, "job-originating-host-name=");

  return origin == NULL || strstr(origin + 1, "job-originating-host-name=") == NULL;
}

static void
check_arguments(const struct pb_arguments *arguments)
{
  char uri[512], uuid[PB_UUID_SIZE];

  must(arguments->job_id >= 0 && arguments->copies >= 1 && arguments->copies <= 9999);
  must(pb_device_uri_is_id(arguments->uri.id) && arguments->uri.port > 0 &&
       arguments->uri.port < 65536);
  must(arguments->job_uuid[0] == '\0' || pb_text_is_uuid(arguments->job_uuid));
  must(!arguments->is_local || may_be_local(arguments->options));
  must(arguments->tmpdir != NULL && arguments->leave_ms >= 0);
  must(!pb_device_uri_get_printer_uri(&arguments->uri, uri, sizeof(uri)) ||
       (pb_text_is_printable(uri) && strchr(uri, ' ') == NULL));
  (void)pb_arguments_get_format(arguments);
  // No name gets out of the folder, and what comes of it is a UUID.
  must(pb_attempt_get("/nonexistent", arguments->job_uuid, arguments->job_id, arguments->user, uuid,
                      NULL));
  must(pb_text_is_uuid(uuid));
}

static void
ask_side_channel(const char *device_id, uint8_t command, uint8_t room)
{
  struct pb_side_state state = {device_id, command % 2 != 0};
  int                  size  = room;
  char                *data  = malloc(room > 0 ? room : 1);

  (void)pb_side_channel_answer(&state, command, data, &size);
  must(size >= 0 && size <= room);
  free(data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct pb_arguments arguments;
  pb_error_t          err  = {0};
  char               *copy = pb_text_dup_size((const char *)data, size);
  size_t              at   = 0;

  must(copy != NULL);
  memcpy(copy, data, size);
  for (texts_count = 0; texts_count < TEXTS && at < size; texts_count++)
  {
    texts[texts_count] = copy + at;
    at += strlen(copy + at) + 1;
  }
  for (size_t i = texts_count; i <= TEXTS; i++)
    texts[i] = NULL;
  for (int argc = 1; argc <= ARGV && (size_t)argc <= texts_count; argc++)
    if (pb_arguments_parse(argc, texts, find_text, &arguments, &err))
      check_arguments(&arguments);
    else
      must(err.kind == PB_CONFIG && err.message[0] != '\0');
  if (size >= 2)
    ask_side_channel(copy, data[0], data[1]);
  free(copy);
  return 0;
}
