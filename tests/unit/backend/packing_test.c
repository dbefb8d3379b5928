// packing_test - which documents are worth compressing, and for whom.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/packing.h"

#include <unistd.h>

#define SIZE 20000

static uint8_t block[SIZE];

static void
fill_text(void)
{
  for (size_t i = 0; i < SIZE; i++)
    block[i] = (uint8_t) "moveto lineto show\n"[(i * i / 7) % 19];
}

static void
fill_noise(void)
{
  uint64_t seed = 88172645463325252ULL;

  for (size_t i = 0; i < SIZE; i++)
  {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    block[i] = (uint8_t)seed;
  }
}

// A sixth of it shrinks: not worth the trouble.
static void
fill_mostly_noise(void)
{
  fill_noise();
  memset(block, 0, SIZE / 6);
}

static void
test_helps(void **state)
{
  static const struct
  {
    const char *format;
    void (*fill)(void);
    size_t size;
    bool   want;
  } rows[] = {
    {"application/postscript", fill_text,         SIZE, true },
    {"application/pdf",        fill_text,         SIZE, true },
    {"image/pwg-raster",       fill_text,         SIZE, true },
    {"application/pdf",        fill_noise,        SIZE, false},
    {"image/jpeg",             fill_noise,        SIZE, false},
    {"application/postscript", fill_noise,        SIZE, false},
    {"image/urf",              fill_mostly_noise, SIZE, false},
 // Too little to tell.
    {"application/postscript", fill_noise,        10,   true },
    {"text/plain",             fill_text,         0,    true },
    {"application/pdf",        fill_text,         10,   false},
    {"image/pwg-raster",       fill_text,         0,    false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    rows[i].fill();
    if (pb_packing_helps(rows[i].format, block, rows[i].size) != rows[i].want)
      fail_msg("row %zu: %s of %zu bytes", i, rows[i].format, rows[i].size);
  }
}

static ipp_t *
make_printer(const char *const *names, int count)
{
  ipp_t *printer = ippNew();

  if (count > 0)
    ippAddStrings(printer, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "compression-supported", count, NULL,
                  names);
  return printer;
}

static void
test_choose(void **state)
{
  static const char *const both[] = {"none", "gzip"}, *const other[] = {"none", "deflate"};
  ipp_t *printers[] = {make_printer(both, 2), make_printer(other, 2), make_printer(NULL, 0), NULL};
  pb_source_t *source = NULL;
  char         byte;
  size_t       got = 0;
  int          fds[2];
  pb_error_t   err = {0};

  (void)state;
  fill_text();
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(write(fds[1], block, SIZE), SIZE);
  close(fds[1]);
  check_ok(pb_source_open(fds[0], "/tmp", &source, &err), err);
  for (size_t i = 0; i < sizeof(printers) / sizeof(printers[0]); i++)
  {
    assert_int_equal(pb_packing_choose(printers[i], "application/postscript", source),
                     i == 0 ? PB_CODING_GZIP : PB_CODING_NONE);
    ippDelete(printers[i]);
  }
  check_ok(pb_source_read(source, -1, &byte, 1, &got, &err), err);
  assert_int_equal(byte, block[0]);
  pb_source_close(source);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_helps),
    cmocka_unit_test(test_choose),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
