// backend-answers_fuzz - what a service says of a job and a printer, as lines for cupsd: whatever
// it is, each line is one of ours, and nothing of the service's is more than a value in it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/report.h"
#include "backend/track.h"
#include "base/text.h"

#include <cups/cups.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINE_MAX_SIZE 2048  // cupsd's own buffer
#define SAID_MAX (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
  if (!holds)
    abort();
}

static void
check_nothing_more(const char *value)
{
  must(pb_text_is_printable(value));
}

static void
check_keyword(const char *value)
{
  must(value[0] != '\0' &&
       value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "0123456789._-")] == '\0');
}

// As cupsd reads it.
static void
check_attributes(const char *value)
{
  static const char *const names[] = {"job-media-progress", "marker-colors",      "marker-levels",
                                      "marker-low-levels",  "marker-high-levels", "marker-names",
                                      "marker-types"};
  cups_option_t           *options = NULL;
  int                      count   = cupsParseOptions(value, 0, &options);

  must(count > 0);
  for (int i = 0; i < count; i++)
  {
    size_t row = 0;

    while (row < sizeof(names) / sizeof(names[0]) && strcmp(options[i].name, names[row]) != 0)
      row++;
    must(row < sizeof(names) / sizeof(names[0]));
  }
  cupsFreeOptions(count, options);
}

static void
check_number(const char *value)
{
  int64_t number;

  must(pb_text_parse_int(value, 1, INT32_MAX, &number));
}

static const struct
{
  const char *prefix;
  void (*check)(const char *value);
} lines[] = {
  {"INFO: ",       check_nothing_more},
  {"ERROR: ",      check_nothing_more},
  {"STATE: +",     check_keyword     },
  {"STATE: -",     check_keyword     },
  {"ATTR: ",       check_attributes  },
  {"PAGE: total ", check_number      },
};

static void
check_line(const char *line)
{
  size_t row = 0;

  must(strlen(line) < LINE_MAX_SIZE);
  while (row < sizeof(lines) / sizeof(lines[0]) && !pb_text_has_prefix(line, lines[row].prefix))
    row++;
  must(row < sizeof(lines) / sizeof(lines[0]));
  lines[row].check(line + strlen(lines[row].prefix));
}

static void
check_said(int fd)
{
  static char said[SAID_MAX];
  ssize_t     size = pread(fd, said, sizeof(said) - 1, 0);

  must(size >= 0 && size < SAID_MAX - 1 && memchr(said, '\0', (size_t)size) == NULL);
  must(size == 0 || said[size - 1] == '\n');
  said[size] = '\0';
  for (char *line = said, *end = NULL; *line != '\0'; line = end + 1)
  {
    end  = strchr(line, '\n');
    *end = '\0';
    check_line(line);
  }
}

static void
judge(ipp_t *message, pb_report_t *report, bool is_patient)
{
  struct pb_track track  = {.leave_ms = 60000, .is_patient = is_patient};
  enum pb_ending  ending = PB_END_AGAIN;

  for (int64_t now_ms = 1000; now_ms < 90000; now_ms += 20000)
  {
    pb_report_printer(report, message);
    if (pb_track_judge(&track, message, now_ms, report, &ending))
    {
      must(ending == PB_END_DONE || ending == PB_END_CANCELED_THERE || ending == PB_END_FAILED);
      return;
    }
    must(pb_track_get_interval_ms(&track, now_ms) > 0);
  }
  abort();  // nothing has moved for a minute
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static int   fd      = -1;
  ipp_t       *message = NULL;
  pb_report_t *report  = NULL;
  pb_error_t   err     = {0};

  if (fd < 0)
    fd = memfd_create("said", 0);
  must(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
  if (!pb_ipp_parse(data, size, &message, &err))
    return 0;
  report = pb_report_new(fd);
  judge(message, report, /*is_patient*/ size % 2 != 0);
  pb_report_free(report);
  check_said(fd);
  ippDelete(message);
  return 0;
}
