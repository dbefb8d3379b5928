// printers_test - the list of a service's printers, their attributes, and what is kept of both.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "base/text.h"
#include "cloud/printer-cache.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>

static struct rig        rig;
static struct pb_service service;
static struct pb_places  places;

static struct
{
  int  printers;  // that there are
  int  lists, attributes;
  bool ignores_first, is_busy;
  char bearer[64];
} world;

static void
add_printer(ipp_t *response, int id)
{
  char text[256];

  snprintf(text, sizeof(text), "ipps://127.0.0.1:%d/ipp/print/%d", service.port, id);
  ippAddString(response, IPP_TAG_PRINTER, IPP_TAG_URI, "printer-uri-supported", NULL, text);
  snprintf(text, sizeof(text), "Printer %d", id);
  ippAddString(response, IPP_TAG_PRINTER, IPP_TAG_NAME, "printer-name", NULL, text);
  ippAddString(response, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-make-and-model", NULL, "Acme 1");
  ippAddString(response, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-location", NULL, "Hall");
  ippAddString(response, IPP_TAG_PRINTER, IPP_TAG_MIMETYPE, "document-format-supported", NULL,
               "application/pdf");
}

static void
say_message(struct rig_answer *answer, ipp_t *response)
{
  pb_buffer_t bytes = {0};
  pb_error_t  err   = {0};

  check_ok(pb_ipp_format(response, &bytes, &err), err);
  assert_true(bytes.size <= sizeof(answer->body));
  memcpy(answer->body, bytes.data, bytes.size);
  answer->size = bytes.size;
  answer->type = "application/ipp";
  pb_buffer_clear(&bytes);
}

static void
answer_any(struct rig *self, const struct rig_request *request, struct rig_answer *answer)
{
  ipp_t     *asked = NULL, *response;
  pb_error_t err   = {0};

  (void)self;
  pb_text_copy(world.bearer, sizeof(world.bearer), request->bearer);
  if (world.is_busy || !pb_ipp_parse(request->body, request->body_size, &asked, &err))
  {
    answer->status = 503;
    return;
  }
  response = pb_ipp_new_response(asked, IPP_STATUS_OK);
  if (ippGetOperation(asked) == IPP_OP_GET_PRINTERS)
  {
    int first = pb_ipp_int(asked, IPP_TAG_OPERATION, "first-index", 1);

    world.lists++;
    if (world.ignores_first)
      first = 1;
    for (int id = first; id <= world.printers && id < first + 50; id++)
    {
      if (id > first)
        ippAddSeparator(response);
      add_printer(response, id);
    }
  }
  else
  {
    world.attributes++;
    add_printer(response, atoi(strrchr(request->path, '/') + 1));
    ippAddBoolean(response, IPP_TAG_PRINTER, "color-supported", 1);
    ippAddString(response, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "unheard-of", NULL, "yes");
    ippAddString(response, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-device-id", NULL,
                 "MFG:Acme;MDL:1;");
  }
  say_message(answer, response);
  ippDelete(response);
  ippDelete(asked);
}

static int
start_all(void **state)
{
  pb_error_t err = {0};

  (void)state;
  rig.answer = answer_any;
  rig_start(&rig);
  check_ok(pb_service_parse(rig.url, &service, &err), err);
  pb_text_copy(service.ca_fingerprint, sizeof(service.ca_fingerprint), rig.fingerprint);
  return 0;
}

static int
stop_all(void **state)
{
  (void)state;
  rig_stop(&rig);
  return 0;
}

static int
begin_test(void **state)
{
  (void)state;
  memset(&world, 0, sizeof(world));
  memset(&places, 0, sizeof(places));
  strcpy(places.cache, "/tmp/pb-cache-XXXXXX");
  assert_non_null(mkdtemp(places.cache));
  return 0;
}

static int
end_test(void **state)
{
  char command[PB_PLACE_SIZE + 16];

  (void)state;
  places.cache[strlen("/tmp/pb-cache-XXXXXX")] = '\0';
  snprintf(command, sizeof(command), "rm -r %s", places.cache);
  assert_int_equal(system(command), 0);
  return 0;
}

// --- reading entries

// The rows hold the place of the port.
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void
test_entries(void **state)
{
  static const struct
  {
    const char *name, *uri, *xri, *model;
    const char *want_id;  // NULL: refused
    const char *want_model;
  } rows[] = {
    {"uri",                 "ipps://127.0.0.1:%d/ipp/print/3",    NULL,                              "Acme", "3",  "Acme"   },
    {"xri",                 NULL,                                 "ipps://127.0.0.1:%d/ipp/print/4", "Acme", "4",  "Acme"   },
    {"other uri, good xri", "ipp://127.0.0.1:%d/ipp/print/3",     "ipps://127.0.0.1:%d/ipp/print/4",
     "A",                                                                                                    "4",  "A"      },
    {"no model",            "ipps://127.0.0.1:%d/ipp/print/3",    NULL,                              NULL,   "3",  "Printer"},
    {"control characters",  "ipps://127.0.0.1:%d/ipp/print/3",    NULL,                              "A\nB", "3",  "A\\x0aB"},
    {"another host",        "ipps://127.0.0.2:%d/ipp/print/3",    NULL,                              "Acme", NULL, NULL     },
    {"another port",        "ipps://127.0.0.1:1%d/ipp/print/3",   NULL,                              "Acme", NULL, NULL     },
    {"not encrypted",       "ipp://127.0.0.1:%d/ipp/print/3",     NULL,                              "Acme", NULL, NULL     },
    {"another path",        "ipps://127.0.0.1:%d/printers/3",     NULL,                              "Acme", NULL, NULL     },
    {"a path in the id",    "ipps://127.0.0.1:%d/ipp/print/../x", NULL,                              "Acme", NULL, NULL     },
    {"nothing",             NULL,                                 NULL,                              "Acme", NULL, NULL     },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t             *group = ippNew();
    pb_printer_entry_t entry;
    pb_error_t         err = {0};
    char               text[PB_DEVICE_URI_SIZE];

    if (rows[i].uri)
    {
      snprintf(text, sizeof(text), rows[i].uri, service.port);
      ippAddString(group, IPP_TAG_PRINTER, IPP_TAG_URI, "printer-uri-supported", NULL, text);
    }
    if (rows[i].xri)
    {
      ipp_t *xri = ippNew();

      snprintf(text, sizeof(text), rows[i].xri, service.port);
      ippAddString(xri, IPP_TAG_ZERO, IPP_TAG_URI, "xri-uri", NULL, text);
      ippAddCollection(group, IPP_TAG_PRINTER, "printer-xri-supported", xri);
      ippDelete(xri);
    }
    if (rows[i].model)
      ippAddString(group, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-make-and-model", NULL,
                   rows[i].model);
    if (pb_printer_entry_read(&service, group, &entry, &err) != (rows[i].want_id != NULL))
      fail_msg("%s: %s", rows[i].name, err.message);
    if (rows[i].want_id)
    {
      assert_string_equal(entry.id, rows[i].want_id);
      assert_string_equal(entry.make_and_model, rows[i].want_model);
      pb_printer_entry_get_device_uri(&service, &entry, text);
      assert_true(pb_text_has_prefix(text, "printbridge://127.0.0.1:"));
    }
    ippDelete(group);
  }
}

// What backend and driver tell alike, whatever the model is called.
static void
test_device_ids(void **state)
{
  static const struct
  {
    const char *model, *mdl;
  } rows[] = {
    {"Acme 1",                      "Acme 1" },
    {"A:B;C",                       "A B C"  },
    {"\u8907 \"IM\" <C> \\;\u6a5f", "IM C"   },
    {"  A  B ",                     "A B"    },
    {"\u8907\u6a5f",                "Printer"},
    {NULL,                          "Printer"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t             *group = ippNew();
    pb_printer_entry_t entry;
    pb_error_t         err = {0};
    char               text[512];

    snprintf(text, sizeof(text), "ipps://127.0.0.1:%d/ipp/print/3", service.port);
    ippAddString(group, IPP_TAG_PRINTER, IPP_TAG_URI, "printer-uri-supported", NULL, text);
    if (rows[i].model != NULL)
      ippAddString(group, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-make-and-model", NULL,
                   rows[i].model);
    check_ok(pb_printer_entry_read(&service, group, &entry, &err), err);
    snprintf(text, sizeof(text), "MFG:Printbridge;MDL:%s (3 at 127.0.0.1 %d);CMD:PDF;", rows[i].mdl,
             service.port);
    assert_string_equal(entry.device_id, text);
    ippDelete(group);
  }
}

static void
test_list(void **state)
{
  static const struct
  {
    int  printers;
    bool ignores_first;
    int  want, want_lists;
  } rows[] = {
    {0,    false, 0,    1 },
    {1,    false, 1,    2 },
    {49,   false, 49,   2 },
    {120,  false, 120,  4 },
    {1100, false, 1000, 20},
    {120,  true,  50,   2 },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_printer_entry_t *list  = NULL;
    size_t              count = 0;
    pb_error_t          err   = {0};

    world.printers      = rows[i].printers;
    world.ignores_first = rows[i].ignores_first;
    world.lists         = 0;
    check_ok(pb_printer_list_fetch(NULL, &service, &list, &count, &err), err);
    assert_int_equal(count, rows[i].want);
    assert_int_equal(world.lists, rows[i].want_lists);
    assert_string_equal(world.bearer, "");
    if (count)
      assert_string_equal(list[count - 1].location, "Hall");
    free(list);
  }
  world.is_busy             = true;
  pb_printer_entry_t *list  = NULL;
  size_t              count = 0;
  pb_error_t          err   = {0};
  assert_false(pb_printer_list_fetch(NULL, &service, &list, &count, &err));
  assert_int_equal(err.kind, PB_RETRY);
  assert_null(list);
}

// --- the cache

static void
test_refresh(void **state)
{
  pb_printer_entry_t *list       = NULL;
  size_t              count      = 0;
  int64_t             age_ms     = -1;
  ipp_t              *attributes = NULL;
  char                path[PB_PLACE_SIZE + 512];
  struct stat         info;
  pb_error_t          err = {0};

  (void)state;
  assert_false(pb_printer_cache_read(&places, &service, &list, &count, NULL, &err));
  assert_int_equal(err.kind, PB_GONE);
  assert_false(pb_printer_cache_copy_attributes(&places, &service, "1", &attributes, &err));
  assert_int_equal(err.kind, PB_GONE);
  assert_false(pb_printer_cache_copy_attributes(&places, &service, "../1", &attributes, &err));
  assert_int_equal(err.kind, PB_CONFIG);

  // As a program of cupsd: what it writes is for all to read.
  world.printers = 3;
  mode_t before  = umask(077);
  size_t used    = strlen(places.cache);
  pb_text_copy(places.cache + used, sizeof(places.cache) - used, "/new");
  check_ok(pb_printer_cache_refresh(&places, &service, NULL, 60000, &err), err);
  umask(before);
  static const char *const folders[] = {"", "/printers", "/printers/127.0.0.1_%d"};
  for (size_t i = 0; i < 3; i++)
  {
    char below[64];

    snprintf(below, sizeof(below), folders[i], service.port);
    snprintf(path, sizeof(path), "%s%s", places.cache, below);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0755);
  }
  check_ok(pb_printer_cache_read(&places, &service, &list, &count, &age_ms, &err), err);
  assert_int_equal(count, 3);
  assert_in_range(age_ms, 0, 60000);
  assert_string_equal(list[2].name, "Printer 3");
  assert_string_equal(list[2].id, "3");
  free(list);
  check_ok(pb_printer_cache_copy_attributes(&places, &service, "2", &attributes, &err), err);
  assert_true(pb_ipp_bool(attributes, IPP_TAG_PRINTER, "color-supported", false));
  assert_null(ippFindAttribute(attributes, "unheard-of", IPP_TAG_ZERO));
  assert_true(pb_text_has_prefix(pb_ipp_text(attributes, IPP_TAG_PRINTER, "printer-device-id"),
                                 "MFG:Printbridge;MDL:Acme 1 (2 at"));
  ippDelete(attributes);

  // Young enough; then one printer less, and old enough.
  world.printers = 2;
  check_ok(pb_printer_cache_refresh(&places, &service, NULL, 60000, &err), err);
  assert_int_equal(world.attributes, 3);
  check_ok(pb_printer_cache_refresh(&places, &service, NULL, 0, &err), err);
  assert_int_equal(world.attributes, 5);
  check_ok(pb_printer_cache_read(&places, &service, &list, &count, NULL, &err), err);
  assert_int_equal(count, 2);
  free(list);
  assert_false(pb_printer_cache_copy_attributes(&places, &service, "3", &attributes, &err));
  snprintf(path, sizeof(path), "%s/printers/127.0.0.1_%d.json", places.cache, service.port);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0644);

  // The service is gone: what is known stays.
  world.is_busy = true;
  assert_false(pb_printer_cache_refresh(&places, &service, NULL, 0, &err));
  check_ok(pb_printer_cache_read(&places, &service, &list, &count, NULL, &err), err);
  assert_int_equal(count, 2);
  free(list);
}

// Somebody is at it: nobody else asks, and nobody waits.
static void
test_one_at_a_time(void **state)
{
  char       path[PB_PLACE_SIZE + 512];
  int        lock;
  pb_error_t err = {0};

  (void)state;
  world.printers = 1;
  check_ok(pb_printer_cache_refresh(&places, &service, NULL, 0, &err), err);
  snprintf(path, sizeof(path), "%s/printers/127.0.0.1_%d.lock", places.cache, service.port);
  check_ok(pb_file_lock(path, &lock, &err), err);
  check_ok(pb_printer_cache_refresh(&places, &service, NULL, 0, &err), err);
  assert_int_equal(world.attributes, 1);
  close(lock);
}

static void
write_list(const char *cache, const char *text, time_t time_s)
{
  char           path[PB_PLACE_SIZE + 512];
  struct timeval times[2] = {{.tv_sec = time_s}, {.tv_sec = time_s}};
  pb_error_t     err      = {0};

  snprintf(path, sizeof(path), "%s/printers", cache);
  check_ok(pb_file_make_folder(path, 0755, &err), err);
  snprintf(path, sizeof(path), "%s/printers/127.0.0.1_%d.json", cache, service.port);
  check_ok(pb_file_replace(path, 0644, text, strlen(text), &err), err);
  assert_int_equal(utimes(path, times), 0);
}

static void
check_names(const char *want)
{
  pb_printer_entry_t *list       = NULL;
  size_t              count      = 0;
  char                names[256] = "";
  pb_error_t          err        = {0};

  check_ok(pb_printer_cache_read(&places, &service, &list, &count, NULL, &err), err);
  for (size_t i = 0, used = 0; i < count; i++, used = strlen(names))
    assert_true(pb_text_format(names + used, sizeof(names) - used, "%s;", list[i].name));
  assert_string_equal(names, want);
  free(list);
}

#define LINE(port, name, more)                                                                     \
  "{\"printer-uri\":\"ipps://127.0.0.1:" port "/ipp/print/1\",\"printer-name\":\"" name            \
  "\",\"make-and-model\":\"A\",\"device-id\":\"MFG:A;\"" more "}\n"

// The newer of two; and lines that nobody of ours wrote.
static void
test_files(void **state)
{
  char good[512], older[512], bad[2048];

  (void)state;
  snprintf(places.user_cache, sizeof(places.user_cache), "%.900s/user", places.cache);
  snprintf(older, sizeof(older), LINE("%d", "old", ""), service.port);
  snprintf(good, sizeof(good), LINE("%d", "new", ",\"location\":\"Hall\""), service.port);
  write_list(places.cache, older, 1000000);
  check_names("old;");
  write_list(places.user_cache, good, 2000000);
  check_names("new;");
  write_list(places.cache, older, 3000000);
  check_names("old;");
  snprintf(bad, sizeof(bad),
           LINE("%d", "one", "") LINE("1%d", "port", "") "\n{}\n[]\nno\n" LINE("%d", "", "")
             LINE("%d", "bad\\u0007", "") LINE("%d", "last", ""),
           service.port, service.port, service.port, service.port, service.port);
  write_list(places.cache, bad, 4000000);
  check_names("one;last;");
  write_list(places.cache, "", 5000000);
  check_names("");
}

#define CACHE(test) cmocka_unit_test_setup_teardown(test, begin_test, end_test)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_entries),
    cmocka_unit_test(test_device_ids),
    CACHE(test_list),
    CACHE(test_refresh),
    CACHE(test_one_at_a_time),
    CACHE(test_files),
  };
  return cmocka_run_group_tests(tests, start_all, stop_all);
}
