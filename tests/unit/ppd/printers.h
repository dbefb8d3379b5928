// printers - the printers of tests/data/printers, and their PPDs in a folder of the test's own.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_PRINTERS_H
#define PB_TESTS_PRINTERS_H

#include "base/file.h"
#include "check.h"
#include "ppd/write.h"
#include <glob.h>
#include <unistd.h>

#define PRINTERS_MIN 12  // fewer: the test looks in the wrong place

struct printer
{
  const char *name;  // "mono-laser.ipp"
  ipp_t      *attributes;
  pb_buffer_t ppd;
  char        path[64];  // of the PPD
};

static inline ipp_t *
printer_read(const char *path)
{
  pb_buffer_t bytes   = {0};
  ipp_t      *message = NULL;
  pb_error_t  err     = {0};

  check_ok(pb_file_read(path, 1024 * 1024, &bytes, &err), err);
  check_ok(pb_ipp_parse(bytes.data, bytes.size, &message, &err), err);
  pb_buffer_clear(&bytes);
  return message;
}

// `check` for each of them.
static inline void
printers_each(void (*check)(struct printer *printer))
{
  glob_t     found;
  pb_error_t err = {0};

  assert_int_equal(glob(PB_TEST_PRINTERS "/*.ipp", 0, NULL, &found), 0);
  assert_true(found.gl_pathc >= PRINTERS_MIN);
  for (size_t i = 0; i < found.gl_pathc; i++)
  {
    struct printer printer = {.name = strrchr(found.gl_pathv[i], '/') + 1,
                              .path = "/tmp/printbridge-test-XXXXXX.ppd"};
    int            fd      = mkstemps(printer.path, 4);

    assert_true(fd >= 0);
    printer.attributes = printer_read(found.gl_pathv[i]);
    if (!pb_ppd_write(printer.attributes, /*names*/ NULL, &printer.ppd, &err))
      fail_msg("%s: %s", printer.name, err.message);
    assert_int_equal(write(fd, printer.ppd.data, printer.ppd.size), printer.ppd.size);
    close(fd);
    check(&printer);
    unlink(printer.path);
    ippDelete(printer.attributes);
    pb_buffer_clear(&printer.ppd);
  }
  globfree(&found);
}

#endif
