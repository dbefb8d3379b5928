// alloc_test - PPDs, and jobs made by them, when memory runs out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include "base/file.h"
#include "ipp/job-options.h"
#include "ipp/ppd-vendor.h"
#include "ppd/write.h"
#include <unistd.h>

struct world
{
  ipp_t        *printer;
  pb_buffer_t   ppd;
  char          path[64];
  pb_strings_t *german;
};

static bool
write_ppd(void *user, pb_error_t *err)
{
  struct world *world = user;
  pb_buffer_t   ppd   = {0};
  bool          ok    = pb_ppd_write(world->printer, /*names*/ NULL, &ppd, err);

  if (ok)
    assert_string_equal(ppd.data, world->ppd.data);
  else
    assert_null(ppd.data);
  pb_buffer_clear(&ppd);
  return ok;
}

static bool
write_languages(void *user, pb_error_t *err)
{
  struct world               *world  = user;
  const struct pb_ppd_catalog german = {"de", world->german};
  const struct pb_ppd_names   names  = {.catalogs = &german, .catalogs_count = 1};
  pb_buffer_t                 ppd    = {0};
  bool                        ok     = pb_ppd_write(world->printer, &names, &ppd, err);

  if (ok)
    assert_non_null(strstr(ppd.data, "\n*de.Translation Duplex/Beidseitig: \"\"\n"));
  else
    assert_null(ppd.data);
  pb_buffer_clear(&ppd);
  return ok;
}

// A PPD that cannot be read for lack of memory counts as none; then something less is sent, and
// told.
static bool
add_options(void *user, pb_error_t *err)
{
  struct world *world = user;
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_JOB, "ipps://cloud.test/ipp/print/1", "ann");
  struct pb_job_options in = {
    .options  = "sides=one-sided media=iso_a5_148x210mm page-ranges=1-2 job-password=1234 "
                "cupsFinishingTemplate=None StapleLocation=StapleTopLeft",
    .ppd_path = world->path,
    .copies   = 2,
    .printer  = world->printer};
  bool ok = request != NULL && pb_job_options_add(request, &in, err);

  if (request == NULL)
    pb_error_set(err, PB_RETRY, "out of memory");
  if (ok)
    assert_string_equal(pb_ipp_text(request, IPP_TAG_JOB, "sides"), "one-sided");
  ippDelete(request);
  return ok;
}

static bool
add_vendor(void *user, pb_error_t *err)
{
  struct world *world      = user;
  ipp_t        *attributes = ippNew();
  bool ok = attributes != NULL && pb_ppd_vendor_add(world->ppd.data, world->ppd.size, attributes);

  (void)err;
  if (ok)
    assert_non_null(ippFindAttribute(attributes, "x-ppd-pbprintscaling-supported", IPP_TAG_NAME));
  ippDelete(attributes);
  return ok;
}

static const struct alloc_case cases[] = {
  {"a PPD",            write_ppd,       false},
  {"its languages",    write_languages, false},
  {"a job's options",  add_options,     false},
  {"a queue's vendor", add_vendor,      true },
};

static void
each_allocation_may_fail(void **state)
{
  struct world world = {.path = "/tmp/printbridge-test-XXXXXX"};
  pb_buffer_t  bytes = {0};
  pb_error_t   err   = {0};
  int          fd    = mkstemp(world.path);

  (void)state;
  check_ok(pb_file_read(PB_TEST_PRINTERS "/office-color-mfp.ipp", 1024 * 1024, &bytes, &err), err);
  check_ok(pb_ipp_parse(bytes.data, bytes.size, &world.printer, &err), err);
  check_ok(pb_ppd_write(world.printer, /*names*/ NULL, &world.ppd, &err), err);
  assert_int_equal(write(fd, world.ppd.data, world.ppd.size), world.ppd.size);
  close(fd);
  world.german = pb_strings_new();
  assert_true(pb_strings_add(world.german, "sides", /*value*/ NULL, "Beidseitig"));
  alloc_check(cases, sizeof(cases) / sizeof(cases[0]), &world);
  pb_strings_free(world.german);
  unlink(world.path);
  ippDelete(world.printer);
  pb_buffer_clear(&world.ppd);
  pb_buffer_clear(&bytes);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
