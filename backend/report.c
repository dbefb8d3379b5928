// report - lines for cupsd on standard error.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/report.h"

#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 2048  // cupsd's own buffer
#define TEXT_SIZE 512
#define REASONS_MAX 32
#define REASON_SIZE 64
#define SUPPLIES_MAX 32
#define CONNECTING "connecting-to-device"

struct pb_report
{
  pthread_mutex_t mutex;  // guards all of it, and keeps lines whole
  int             fd;
  char            reasons[REASONS_MAX][REASON_SIZE];  // that are set now
  size_t          reasons_count;
  char            printer[REASONS_MAX][REASON_SIZE];  // those of them that are the printer's
  size_t          printer_count;
  char            message[TEXT_SIZE];
  char            job_state[REASON_SIZE];
  char            supplies[LINE_SIZE];
  int             percent;
  bool            is_total_said;
};

pb_report_t *
pb_report_new(int fd)
{
  pb_report_t *report = calloc(1, sizeof(*report));

  if (report == NULL)
    return NULL;
  pthread_mutex_init(&report->mutex, NULL);
  report->fd      = fd;
  report->percent = -1;
  return report;
}

static void PB_PRINTF(2, 3) say_locked(pb_report_t *report, const char *format, ...)
{
  char    line[LINE_SIZE];
  va_list args;
  int     size = 0;

  va_start(args, format);
  size = vsnprintf(line, sizeof(line) - 1, format, args);
  va_end(args);
  if (size < 0)
    return;
  if ((size_t)size > sizeof(line) - 2)
    size = (int)sizeof(line) - 2;
  line[size++] = '\n';
  for (ssize_t done = 0, got = 0; done < size; done += got)
  {
    got = write(report->fd, line + done, (size_t)(size - done));
    if (got <= 0)
      return;  // nobody listens any more
  }
}

// --- messages

void
pb_report_sink(enum pb_log_level level, const char *line, void *user)
{
  pb_report_t *report = user;

  (void)level;
  pthread_mutex_lock(&report->mutex);
  say_locked(report, "DEBUG: %s", line);
  pthread_mutex_unlock(&report->mutex);
}

static void
say_text(pb_report_t *report, const char *prefix, const char *format, va_list args)
{
  char raw[TEXT_SIZE];
  char text[TEXT_SIZE];

  vsnprintf(raw, sizeof(raw), format, args);
  pb_text_escape(text, sizeof(text), raw, strlen(raw));
  pthread_mutex_lock(&report->mutex);
  if (strcmp(text, report->message) != 0)
    say_locked(report, "%s: %s", prefix, text);
  pb_text_copy(report->message, sizeof(report->message), text);
  pthread_mutex_unlock(&report->mutex);
}

void
pb_report_info(pb_report_t *report, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  say_text(report, "INFO", format, args);
  va_end(args);
}

void
pb_report_error(pb_report_t *report, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  report->message[0] = '\0';  // also when it was an INFO before
  say_text(report, "ERROR", format, args);
  va_end(args);
}

// --- keywords

// What may stand in a STATE line: cupsd divides it at commas and white space.
static bool
is_keyword(const char *text)
{
  size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

  return size > 0 && size < REASON_SIZE && text[size] == '\0' && text[0] != '-';
}

static size_t
find_keyword(char list[][REASON_SIZE], size_t count, const char *keyword)
{
  size_t i = 0;

  while (i < count && strcmp(list[i], keyword) != 0)
    i++;
  return i;
}

static void
turn_on_locked(pb_report_t *report, const char *reason)
{
  if (!is_keyword(reason) || report->reasons_count == REASONS_MAX ||
      find_keyword(report->reasons, report->reasons_count, reason) < report->reasons_count)
    return;
  pb_text_copy(report->reasons[report->reasons_count++], REASON_SIZE, reason);
  say_locked(report, "STATE: +%s", reason);
}

static void
turn_off_locked(pb_report_t *report, const char *reason)
{
  size_t at = find_keyword(report->reasons, report->reasons_count, reason);

  if (at == report->reasons_count)
    return;
  say_locked(report, "STATE: -%s", reason);
  report->reasons_count--;
  memmove(report->reasons[at], report->reasons[at + 1], (report->reasons_count - at) * REASON_SIZE);
}

void
pb_report_reason(pb_report_t *report, const char *reason, bool is_on)
{
  pthread_mutex_lock(&report->mutex);
  if (is_on)
    turn_on_locked(report, reason);
  else
    turn_off_locked(report, reason);
  pthread_mutex_unlock(&report->mutex);
}

void
pb_report_still_alive(pb_report_t *report)
{
  pthread_mutex_lock(&report->mutex);
  bool is_on =
    find_keyword(report->reasons, report->reasons_count, CONNECTING) < report->reasons_count;

  turn_off_locked(report, CONNECTING);
  turn_on_locked(report, CONNECTING);
  if (!is_on)
    turn_off_locked(report, CONNECTING);
  pthread_mutex_unlock(&report->mutex);
}

void
pb_report_job_state(pb_report_t *report, const char *reason)
{
  pthread_mutex_lock(&report->mutex);
  if (is_keyword(reason) && strcmp(reason, report->job_state) != 0)
  {
    say_locked(report, "JOBSTATE: %s", reason);
    pb_text_copy(report->job_state, sizeof(report->job_state), reason);
  }
  pthread_mutex_unlock(&report->mutex);
}

void
pb_report_free(pb_report_t *report)
{
  if (report == NULL)
    return;
  while (report->reasons_count > 0)
    turn_off_locked(report, report->reasons[report->reasons_count - 1]);
  pthread_mutex_destroy(&report->mutex);
  free(report);
}

// --- the printer

// cupsd's own words about a queue are not the cloud printer's to say.
static bool
is_printers_own(const char *reason)
{
  return strcmp(reason, "none") != 0 && strcmp(reason, "paused") != 0 &&
         strncmp(reason, "cups-", 5) != 0 && strcmp(reason, CONNECTING) != 0;
}

static void
report_reasons_locked(pb_report_t *report, ipp_t *printer)
{
  ipp_attribute_t *reasons =
    pb_ipp_find(printer, IPP_TAG_PRINTER, "printer-state-reasons", IPP_TAG_ZERO);
  char   before[REASONS_MAX][REASON_SIZE];
  size_t before_count = report->printer_count;
  int    count        = reasons != NULL ? ippGetCount(reasons) : 0;

  memcpy(before, report->printer, sizeof(before));
  report->printer_count = 0;
  for (int i = 0; i < count && report->printer_count < REASONS_MAX; i++)
  {
    const char *reason = ippGetString(reasons, i, /*language*/ NULL);

    if (reason == NULL || !is_keyword(reason) || !is_printers_own(reason))
      continue;
    pb_text_copy(report->printer[report->printer_count++], REASON_SIZE, reason);
    turn_on_locked(report, reason);
  }
  for (size_t i = 0; i < before_count; i++)
    if (find_keyword(report->printer, report->printer_count, before[i]) == report->printer_count)
      turn_off_locked(report, before[i]);
}

// In a list of cupsd's: quoted where it is not a plain word; what would end the quotes is left out.
static bool
append_value(pb_buffer_t *line, ipp_attribute_t *attribute, int i)
{
  const char *text = NULL;
  char        shown[128];
  size_t      size = 0;

  if (ippGetValueTag(attribute) == IPP_TAG_INTEGER)
    return pb_buffer_appendf(line, NULL, "%d", ippGetInteger(attribute, i));
  text = ippGetString(attribute, i, /*language*/ NULL);
  for (; text != NULL && *text != '\0' && size < sizeof(shown) - 1; text++)
    if (strchr("\"'\\,;", *text) == NULL && (unsigned char)*text >= 0x20 && *text != 0x7f)
      shown[size++] = *text;
  shown[size] = '\0';
  return pb_text_is_utf8(shown, size) && pb_buffer_appendf(line, NULL, "\"%s\"", shown);
}

static const struct
{
  const char *name;
  ipp_tag_t   tag;
} supplies[] = {
  {"marker-colors",      IPP_TAG_NAME   },
  {"marker-levels",      IPP_TAG_INTEGER},
  {"marker-low-levels",  IPP_TAG_INTEGER},
  {"marker-high-levels", IPP_TAG_INTEGER},
  {"marker-names",       IPP_TAG_NAME   },
  {"marker-types",       IPP_TAG_KEYWORD},
};

static bool
append_supply(pb_buffer_t *line, ipp_t *printer, size_t row)
{
  ipp_attribute_t *attribute =
    pb_ipp_find(printer, IPP_TAG_PRINTER, supplies[row].name, IPP_TAG_ZERO);
  ipp_tag_t tag = attribute != NULL ? ippGetValueTag(attribute) : IPP_TAG_ZERO;

  if (attribute == NULL || ippGetCount(attribute) > SUPPLIES_MAX)
    return true;
  if ((tag == IPP_TAG_INTEGER) != (supplies[row].tag == IPP_TAG_INTEGER) ||
      (tag != IPP_TAG_INTEGER && tag != IPP_TAG_NAME && tag != IPP_TAG_NAMELANG &&
       tag != IPP_TAG_KEYWORD))
    return true;
  if (!pb_buffer_appendf(line, NULL, "%s%s=", line->size > 0 ? " " : "", supplies[row].name))
    return false;
  for (int i = 0; i < ippGetCount(attribute); i++)
    if ((i > 0 && !pb_buffer_append_text(line, ",", NULL)) || !append_value(line, attribute, i))
      return false;
  return true;
}

static void
report_supplies_locked(pb_report_t *report, ipp_t *printer)
{
  pb_buffer_t line;
  bool        ok = true;

  pb_buffer_init(&line, sizeof(report->supplies) - 16);
  for (size_t i = 0; ok && i < sizeof(supplies) / sizeof(supplies[0]); i++)
    ok = append_supply(&line, printer, i);
  if (ok && line.size > 0 && strcmp(line.data, report->supplies) != 0)
  {
    say_locked(report, "ATTR: %s", line.data);
    pb_text_copy(report->supplies, sizeof(report->supplies), line.data);
  }
  pb_buffer_clear(&line);
}

void
pb_report_printer(pb_report_t *report, ipp_t *printer)
{
  pthread_mutex_lock(&report->mutex);
  report_reasons_locked(report, printer);
  report_supplies_locked(report, printer);
  pthread_mutex_unlock(&report->mutex);
}

// --- progress

void
pb_report_progress(pb_report_t *report, int percent)
{
  percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
  pthread_mutex_lock(&report->mutex);
  if (percent != report->percent)
    say_locked(report, "ATTR: job-media-progress=%d", percent);
  report->percent = percent;
  pthread_mutex_unlock(&report->mutex);
}

void
pb_report_total(pb_report_t *report, int impressions)
{
  pthread_mutex_lock(&report->mutex);
  if (impressions > 0 && !report->is_total_said)
    say_locked(report, "PAGE: total %d", impressions);
  report->is_total_said = true;
  pthread_mutex_unlock(&report->mutex);
}
