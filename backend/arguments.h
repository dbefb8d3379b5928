// arguments - what cupsd says when it starts a backend: argv, environment, and what is in argv[5].
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_ARGUMENTS_H
#define PB_BACKEND_ARGUMENTS_H

#include "base/text.h"
#include "cloud/device-uri.h"

#include <sys/types.h>

struct pb_arguments
{
  struct pb_device_uri uri;
  int                  job_id;  // of the local CUPS
  const char          *user;
  const char          *title;
  int                  copies;
  const char          *options;
  const char          *file;                    // NULL: standard input, made by the queue's filters
  char                 job_uuid[PB_UUID_SIZE];  // of options; "": none there
  bool                 is_local;                // printed on this machine, as far as cupsd says
  const char          *ppd;                     // may be NULL, like the following
  const char          *content_type;            // of what was submitted
  const char          *final_content_type;      // of what comes here
  const char          *queue;                   // $PRINTER
  const char          *tmpdir;                  // never NULL
  int64_t              leave_ms;                // PRINTBRIDGE_LEAVE_AFTER; see track.h
  int64_t              wake_ms;                 // PRINTBRIDGE_WAKE_AFTER; see hold.c
};

typedef const char *(*pb_getenv_t)(const char *name);

// argc is 6 or 7; borrows from argv and the environment.  PB_CONFIG names what is wrong.
bool pb_arguments_parse(int argc, char **argv, pb_getenv_t env, struct pb_arguments *arguments_out,
                        pb_error_t *err) PB_MUST_USE;

// The document-format for what comes here: of our own tables' formats as they are, cupsd's own
// names for them translated, "application/octet-stream" for what nobody knows.  NULL: no printer
// takes it (CUPS's own raster).
const char *pb_arguments_get_format(const struct pb_arguments *arguments);

#endif
