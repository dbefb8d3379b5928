// log - one line per event, to one sink.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t   lock         = PTHREAD_MUTEX_INITIALIZER;  // guards the sink's calls
static pb_log_sink_t     current_sink = pb_log_sink_stderr;
static void             *current_user;
static _Atomic int       current_level = PB_LOG_INFO;
static const char *const names[]       = {"error", "warn", "info", "debug"};

void
pb_log_set_sink(pb_log_sink_t sink, void *user)
{
  pthread_mutex_lock(&lock);
  current_sink = sink;
  current_user = user;
  pthread_mutex_unlock(&lock);
}

void
pb_log_set_level(enum pb_log_level level)
{
  atomic_store(&current_level, (int)level);
}

bool
pb_log_parse_level(const char *name, enum pb_log_level *level_out)
{
  for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (pb_text_is_equal(name, names[i]))
    {
      *level_out = (enum pb_log_level)i;
      return true;
    }
  return false;
}

bool
pb_log_is_on(enum pb_log_level level)
{
  return (int)level <= atomic_load(&current_level);
}

// "[queue job 12 GET /x] " or nothing.
static void
format_ctx(const pb_log_ctx_t *ctx, char *dst, size_t dst_size)
{
  char job[24] = "";

  dst[0] = '\0';
  if (ctx == NULL || (ctx->printer == NULL && ctx->job_id == 0 && ctx->request == NULL))
    return;
  if (ctx->job_id != 0)
    snprintf(job, sizeof(job), "job %d", ctx->job_id);
  snprintf(dst, dst_size, "[%s%s%s%s%s] ", ctx->printer != NULL ? ctx->printer : "",
           ctx->printer != NULL && job[0] ? " " : "", job,
           ctx->request != NULL && (ctx->printer != NULL || job[0]) ? " " : "",
           ctx->request != NULL ? ctx->request : "");
}

void
pb_log(const pb_log_ctx_t *ctx, enum pb_log_level level, const char *format, ...)
{
  char    raw[PB_LOG_LINE_SIZE], line[PB_LOG_LINE_SIZE];
  va_list args;

  if (!pb_log_is_on(level))
    return;
  format_ctx(ctx, raw, sizeof(raw) / 2);

  size_t used = strlen(raw);
  va_start(args, format);
  vsnprintf(raw + used, sizeof(raw) - used, format, args);
  va_end(args);
  pb_text_escape(line, sizeof(line), raw, strlen(raw));

  pthread_mutex_lock(&lock);
  current_sink(level, line, current_user);
  pthread_mutex_unlock(&lock);
}

void
pb_log_sink_stderr(enum pb_log_level level, const char *line, void *user)
{
  static const int priorities[] = {3, 4, 6, 7};  // sd-daemon(3)
  char             date[PB_ISO_DATE_SIZE];

  (void)user;
  if (getenv("JOURNAL_STREAM") != NULL)
  {
    fprintf(stderr, "<%d>%s\n", priorities[level], line);
    return;
  }
  int64_t now_ms = pb_clock_now_ms();
  pb_clock_format_iso(date, now_ms);
  date[19] = '\0';
  fprintf(stderr, "%s.%03dZ %-5s %s\n", date, (int)(now_ms % 1000), names[level], line);
}
