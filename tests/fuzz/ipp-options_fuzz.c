// ipp-options_fuzz - whatever stands in argv[5] and in the PPD (before and behind the first NUL),
// what is added to the request is job template attributes, each once, sound, and as bytes a
// message again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "ipp/attributes.h"
#include "ipp/job-options.h"
#include "ipp/ppd-vendor.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
refused(void *user, ipp_attribute_t *attribute, const char *why)
{
  (void)user;
  (void)attribute;
  (void)why;
  abort();
}

static int
count_job(ipp_t *request)
{
  int count = 0;

  for (ipp_attribute_t *at = ippFirstAttribute(request); at != NULL; at = ippNextAttribute(request))
    count += ippGetGroupTag(at) == IPP_TAG_JOB && ippGetName(at) != NULL;
  return count;
}

static void
check_request(ipp_t *request)
{
  ipp_t      *copy  = ippNew();
  ipp_t      *again = NULL;
  pb_buffer_t bytes = {0};

  if (pb_attributes_copy(PB_ATTRIBUTES_JOB_TEMPLATE, request, IPP_TAG_JOB, copy, IPP_TAG_JOB,
                         refused, NULL) != count_job(request))
    abort();
  if (!pb_ipp_format(request, &bytes, NULL) || !pb_ipp_parse(bytes.data, bytes.size, &again, NULL))
    abort();
  pb_buffer_clear(&bytes);
  ippDelete(again);
  ippDelete(copy);
}

static void
check_vendor(const char *ppd, size_t size)
{
  ipp_t *attributes = ippNew(), *copy = ippNew();

  if (!pb_ppd_vendor_add(ppd, size, attributes))
    abort();
  if (pb_attributes_copy(PB_ATTRIBUTES_DEVICE, attributes, IPP_TAG_PRINTER, copy, IPP_TAG_PRINTER,
                         refused, NULL) < 0)
    abort();
  ippDelete(attributes);
  ippDelete(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char path[]  = "/tmp/printbridge-fuzz-XXXXXX";
  static int  fd      = -1;
  char       *options = pb_text_dup_size((const char *)data, size);
  size_t      used    = strlen(options);
  size_t      rest    = used < size ? size - used - 1 : 0;
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_JOB, "ipps://cloud.test/ipp/print/1", "ann");
  struct pb_job_options in  = {.options = options, .ppd_path = path, .copies = (int)(size % 5)};
  pb_error_t            err = {0};

  if (fd < 0)
    fd = mkstemp(path);
  if (fd < 0 || ftruncate(fd, 0) != 0 ||
      pwrite(fd, options + used + (rest > 0), rest, 0) != (ssize_t)rest)
    abort();
  if (!pb_job_options_add(request, &in, &err) && err.kind != PB_REJECT)
    abort();
  check_request(request);
  check_vendor(options + used + (rest > 0), rest);
  ippDelete(request);
  free(options);
  return 0;
}
