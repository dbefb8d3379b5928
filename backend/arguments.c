// arguments - what cupsd says when it starts a backend.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/arguments.h"

#include <cups/cups.h>
#include <string.h>

#define LEAVE_DEFAULT_MS (60 * 60 * 1000LL)
#define WAKE_DEFAULT_MS (3 * 60 * 1000)
#define WAKE_MIN_MS 3000                   // cupsd knows seconds
#define WAKE_MAX_MS (12 * 60 * 60 * 1000)  // and the next time of day only
#define COPIES_MAX 9999
#define ORIGIN "job-originating-host-name"

static size_t
count_matches(const char *text, const char *wanted)
{
  size_t count = 0;

  while ((text = strstr(text, wanted)) != NULL)
  {
    count++;
    text += strlen(wanted);
  }
  return count;
}

// cupsd writes names of attributes as the client sent them: blanks, braces and quotes in one can
// add an option or hide those that follow.  Whoever tries is from elsewhere.
static bool
is_from_here(const char *options, const char *host)
{
  size_t count = count_matches(options, ORIGIN "=");

  return count == 0 || (count == 1 && host != NULL && strcmp(host, "localhost") == 0);
}

static void
read_options(struct pb_arguments *arguments)
{
  cups_option_t *options = NULL;
  int            count   = cupsParseOptions(arguments->options, 0, &options);
  const char    *uuid    = cupsGetOption("job-uuid", count, options);
  const char    *host    = cupsGetOption(ORIGIN, count, options);

  if (uuid != NULL && pb_text_is_uuid(uuid))
    pb_text_copy(arguments->job_uuid, sizeof(arguments->job_uuid), uuid);
  arguments->is_local = is_from_here(arguments->options, host);
  cupsFreeOptions(count, options);
}

static bool
read_device_uri(struct pb_arguments *arguments, const char *argv0, pb_getenv_t env, pb_error_t *err)
{
  const char *uri = env("DEVICE_URI");

  return pb_device_uri_parse(uri != NULL ? uri : argv0, &arguments->uri, err);
}

static bool
read_time(pb_getenv_t env, const char *name, int64_t otherwise_ms, int64_t *ms_out, pb_error_t *err)
{
  const char *text = env(name);

  *ms_out = otherwise_ms;
  if (text == NULL || pb_text_parse_duration_ms(text, ms_out))
    return true;
  return pb_error_set(err, PB_CONFIG, "%s: \"%.40s\" is no time", name, text);
}

static bool
read_times(struct pb_arguments *arguments, pb_getenv_t env, pb_error_t *err)
{
  if (!read_time(env, "PRINTBRIDGE_LEAVE_AFTER", LEAVE_DEFAULT_MS, &arguments->leave_ms, err) ||
      !read_time(env, "PRINTBRIDGE_WAKE_AFTER", WAKE_DEFAULT_MS, &arguments->wake_ms, err))
    return false;
  if (arguments->wake_ms < WAKE_MIN_MS)
    arguments->wake_ms = WAKE_MIN_MS;
  if (arguments->wake_ms > WAKE_MAX_MS)
    arguments->wake_ms = WAKE_MAX_MS;
  return true;
}

bool
pb_arguments_parse(int argc, char **argv, pb_getenv_t env, struct pb_arguments *arguments_out,
                   pb_error_t *err)
{
  int64_t number = 0;
  int64_t copies = 1;

  memset(arguments_out, 0, sizeof(*arguments_out));
  if (argc != 6 && argc != 7)
    return pb_error_set(err, PB_CONFIG, "Usage: %s job-id user title copies options [file]",
                        PB_DEVICE_URI_SCHEME);
  if (!pb_text_parse_int(argv[1], 0, INT32_MAX, &number))
    return pb_error_set(err, PB_CONFIG, "\"%.40s\" is no job-id", argv[1]);
  if (!pb_text_parse_int(argv[4], 0, COPIES_MAX, &copies))
    return pb_error_set(err, PB_CONFIG, "\"%.40s\" is no number of copies", argv[4]);
  *arguments_out = (struct pb_arguments){
    .job_id             = (int)number,
    .user               = argv[2],
    .title              = argv[3],
    .copies             = copies > 0 ? (int)copies : 1,
    .options            = argv[5],
    .file               = argc == 7 ? argv[6] : NULL,
    .ppd                = env("PPD"),
    .content_type       = env("CONTENT_TYPE"),
    .final_content_type = env("FINAL_CONTENT_TYPE"),
    .queue              = env("PRINTER"),
    .tmpdir             = env("TMPDIR") != NULL ? env("TMPDIR") : "/tmp",
  };
  read_options(arguments_out);
  return read_device_uri(arguments_out, argv[0], env, err) && read_times(arguments_out, env, err);
}

// What cupsd calls it, and what it is.  NULL: nothing that a printer takes.
static const struct
{
  const char *name;
  const char *format;
} formats[] = {
  {"application/vnd.cups-pdf",        "application/pdf"         },
  {"application/vnd.cups-pdf-banner", "application/pdf"         },
  {"application/vnd.cups-postscript", "application/postscript"  },
  {"application/vnd.cups-raw",        "application/octet-stream"},
  {"application/vnd.cups-raster",     NULL                      },
  {"application/pdf",                 "application/pdf"         },
  {"application/postscript",          "application/postscript"  },
  {"application/octet-stream",        "application/octet-stream"},
  {"application/vnd.hp-pcl",          "application/vnd.hp-PCL"  },
  {"image/pwg-raster",                "image/pwg-raster"        },
  {"image/urf",                       "image/urf"               },
  {"image/jpeg",                      "image/jpeg"              },
  {"image/png",                       "image/png"               },
  {"image/tiff",                      "image/tiff"              },
  {"text/plain",                      "text/plain"              },
};

const char *
pb_arguments_get_format(const struct pb_arguments *arguments)
{
  const char *type = arguments->final_content_type;

  // A queue without filters ends in "printer/NAME": what was submitted is what comes.
  if (type == NULL || strncmp(type, "printer/", 8) == 0)
    type = arguments->content_type;
  for (size_t i = 0; type != NULL && i < sizeof(formats) / sizeof(formats[0]); i++)
    if (pb_text_is_equal_nocase(type, formats[i].name))
      return formats[i].format;
  return "application/octet-stream";
}
