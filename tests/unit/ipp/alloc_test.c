// alloc_test - lib/ipp when memory runs out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include "ipp/attributes.h"
#include "ipp/message.h"
#include "ipp/ppd-strings.h"
#include "ipp/strings.h"

#define JOB IPP_TAG_JOB
#define URI "ipps://cloud.test/ipp/print/1"

static void
add_size(ipp_t *message)
{
  ipp_t *size = ippNew(), *col = ippNew();

  ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "x-dimension", 21000);
  ippAddInteger(size, IPP_TAG_ZERO, IPP_TAG_INTEGER, "y-dimension", 29700);
  ippAddCollection(col, IPP_TAG_ZERO, "media-size", size);
  ippAddCollection(message, JOB, "media-col", col);
  ippDelete(size);
  ippDelete(col);
}

// Made while nothing fails.
static ipp_t *
make_message(void)
{
  ipp_t *message = pb_ipp_new_request(IPP_OP_PRINT_JOB, URI, "ann");

  ippAddInteger(message, JOB, IPP_TAG_INTEGER, "copies", 2);
  ippAddString(message, JOB, IPP_TAG_KEYWORD, "sides", NULL, "one-sided");
  ippAddRange(message, JOB, "page-ranges", 1, 7);
  add_size(message);
  return message;
}

static bool
make_messages(void *world, pb_error_t *err)
{
  ipp_t *request  = pb_ipp_new_request(IPP_OP_GET_JOBS, URI, "ann");
  ipp_t *response = request ? pb_ipp_new_response(request, IPP_STATUS_OK) : NULL;
  ipp_t *lone     = pb_ipp_new_response(NULL, IPP_STATUS_ERROR_BAD_REQUEST);
  bool   ok       = request && response && lone;

  (void)world;
  (void)err;
  if (response)
    pb_ipp_set_status(response, IPP_STATUS_ERROR_GONE, "it is %s", "gone");
  ippDelete(request);
  ippDelete(response);
  ippDelete(lone);
  return ok;
}

static bool
write_and_read(void *world, pb_error_t *err)
{
  pb_buffer_t bytes = {0};
  ipp_t      *back  = NULL;
  bool ok = pb_ipp_format(world, &bytes, err) && pb_ipp_parse(bytes.data, bytes.size, &back, err);

  assert_true(!ok || pb_ipp_int(back, JOB, "copies", 0) == 2);
  pb_buffer_clear(&bytes);
  ippDelete(back);
  return ok;
}

static bool
copy_set(void *world, pb_error_t *err)
{
  ipp_t *to = ippNew();
  int    count =
    to ? pb_attributes_copy(PB_ATTRIBUTES_JOB_TEMPLATE, world, JOB, to, JOB, NULL, NULL) : -1;

  (void)err;
  if (to && count >= 0)
  {
    assert_int_equal(count, 4);
    assert_true(
      pb_attributes_is_equal(pb_ipp_find(world, JOB, "media-col", IPP_TAG_BEGIN_COLLECTION),
                             pb_ipp_find(to, JOB, "media-col", IPP_TAG_BEGIN_COLLECTION)));
  }
  ippDelete(to);
  return count >= 0;
}

static bool
copy_one(void *world, pb_error_t *err)
{
  ipp_attribute_t *from = pb_ipp_find(world, JOB, "media-col", IPP_TAG_BEGIN_COLLECTION);
  ipp_t           *to   = ippNew();
  bool             ok   = to && pb_attributes_copy_one(from, to, JOB);

  (void)err;
  assert_true(!ok || pb_attributes_is_equal(
                       from, pb_ipp_find(to, JOB, "media-col", IPP_TAG_BEGIN_COLLECTION)));
  ippDelete(to);
  return ok;
}

static bool
read_catalog(void *world, pb_error_t *err)
{
  static const char file[]  = "\xff\xfe\"\0b\0\"\0=\0\"\0\xe4\0\"\0;\0";
  pb_strings_t     *strings = NULL;
  pb_buffer_t       text    = {0};
  bool              ok      = pb_strings_parse(file, sizeof(file) - 1, &strings, err) &&
            pb_strings_format(strings, &text, err);

  (void)world;
  if (ok)
    assert_string_equal(text.data, "\"b\" = \"\u00e4\";\n");
  pb_buffer_clear(&text);
  pb_strings_free(strings);
  return ok;
}

static bool
read_names(void *world, pb_error_t *err)
{
  static const char ppd[] = "*OpenUI *Duplex/Two Sides: PickOne\n*Duplex None/Off: \"\"\n"
                            "*CloseUI: *Duplex\n*de.Duplex None/Aus: \"\"\n";
  ipp_t            *to    = ippNew();
  bool              ok    = to && pb_ppd_strings_add(ppd, sizeof(ppd) - 1, to);

  (void)world;
  (void)err;
  if (ok)
    assert_true(ippContainsString(ippFindAttribute(to, "printbridge-strings-de", IPP_TAG_TEXT),
                                  "sides.one-sided=Aus"));
  ippDelete(to);
  return ok;
}

static const struct alloc_case cases[] = {
  {"messages",       make_messages,  true },
  {"bytes and back", write_and_read, false},
  {"a set",          copy_set,       true },
  {"an attribute",   copy_one,       true },
  {"a catalog",      read_catalog,   false},
  {"a PPD's names",  read_names,     true },
};

static void
each_allocation_may_fail(void **state)
{
  ipp_t *message = make_message();

  (void)state;
  alloc_check(cases, sizeof(cases) / sizeof(cases[0]), message);
  ippDelete(message);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
