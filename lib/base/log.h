// log - one line per event, to the sink that main() picked.
// Text from a peer is escaped and cut here, so callers pass it as it came.  No secret at any level.
// Any thread may log; the sink is called under a lock.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_LOG_H
#define PB_BASE_LOG_H

#include "base/error.h"

enum pb_log_level
{
  PB_LOG_ERROR,  // someone must act
  PB_LOG_WARN,   // we recovered
  PB_LOG_INFO,   // one line per milestone of a job
  PB_LOG_DEBUG   // why we chose
};

// What the line is about; NULL and 0 fields are left out.
typedef struct pb_log_ctx
{
  const char *printer;  // queue or cloud printer
  int         job_id;
  const char *request;  // operation, path or peer
} pb_log_ctx_t;

#define PB_LOG_LINE_SIZE 2048

// `line` is one line without a newline, printable UTF-8 only.
typedef void (*pb_log_sink_t)(enum pb_log_level level, const char *line, void *user);

// Set once by main() before threads start.  Default: stderr, INFO.
void pb_log_set_sink(pb_log_sink_t sink, void *user);
void pb_log_set_level(enum pb_log_level level);
bool pb_log_parse_level(const char *name, enum pb_log_level *level_out);  // "error" ... "debug"
bool pb_log_is_on(enum pb_log_level level);

// ctx may be NULL.
void pb_log(const pb_log_ctx_t *ctx, enum pb_log_level level, const char *format, ...)
  PB_PRINTF(3, 4);

// stderr with "<N>" priority prefixes when under systemd (JOURNAL_STREAM), with a time stamp
// otherwise.
void pb_log_sink_stderr(enum pb_log_level level, const char *line, void *user);

#endif
