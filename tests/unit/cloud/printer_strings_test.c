// printer_strings_test - the catalogs of a printer's names: which are fetched, and what is refused.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "base/text.h"
#include "cloud/printer-strings.h"

static struct rig        rig;
static struct pb_service service;

static struct
{
  int         asked, files;
  const char *uri;   // of all languages; NULL: each its own
  const char *body;  // NULL: a name that tells which file it is
  int         status;
} world;

static void
say_uri(ipp_t *asked, struct rig_answer *answer)
{
  ipp_t      *response = pb_ipp_new_response(asked, IPP_STATUS_OK);
  const char *language = pb_ipp_text(asked, IPP_TAG_OPERATION, "attributes-natural-language");
  pb_buffer_t bytes    = {0};
  pb_error_t  err      = {0};
  char        uri[512];

  world.asked++;
  snprintf(uri, sizeof(uri), "%s/strings/1/%s.strings", service.url, language);
  ippAddString(response, IPP_TAG_PRINTER, IPP_TAG_URI, "printer-strings-uri", NULL,
               world.uri != NULL ? world.uri : uri);
  check_ok(pb_ipp_format(response, &bytes, &err), err);
  memcpy(answer->body, bytes.data, bytes.size);
  answer->size = bytes.size;
  answer->type = "application/ipp";
  pb_buffer_clear(&bytes);
  ippDelete(response);
}

static void
answer_any(struct rig *self, const struct rig_request *request, struct rig_answer *answer)
{
  ipp_t     *asked = NULL;
  pb_error_t err   = {0};

  (void)self;
  if (pb_text_has_prefix(request->path, "/strings/"))
  {
    world.files++;
    if (world.body != NULL)
      rig_say(answer, "%s", world.body);
    else
      rig_say(answer, "\"sides\" = \"%s\";", request->path + strlen("/strings/1/"));
    answer->type   = "text/strings";
    answer->status = world.status;
    return;
  }
  check_ok(pb_ipp_parse(request->body, request->body_size, &asked, &err), err);
  say_uri(asked, answer);
  ippDelete(asked);
}

static ipp_t *
make_attributes(const char *const *languages, int count, const char *uri)
{
  ipp_t *attributes = ippNew();

  if (count > 0)
    ippAddStrings(attributes, IPP_TAG_PRINTER, IPP_TAG_LANGUAGE,
                  "printer-strings-languages-supported", count, NULL, languages);
  if (uri != NULL)
    ippAddString(attributes, IPP_TAG_PRINTER, IPP_TAG_URI, "printer-strings-uri", NULL, uri);
  return attributes;
}

static const char *const three[] = {"de", "FR", "pt-br"};

// How many languages come.
static size_t
fetch(ipp_t *attributes, struct pb_printer_strings **list_out)
{
  struct pb_printer_strings *list  = NULL;
  size_t                     count = 0;
  pb_error_t                 err   = {0};

  check_ok(pb_printer_strings_fetch(&service, "1", attributes, 5000, &list, &count, &err), err);
  ippDelete(attributes);
  if (list_out != NULL)
    *list_out = list;
  else
    pb_printer_strings_free(list, count);
  return count;
}

static char *
format_uri(const char *path)
{
  static char uri[512];

  snprintf(uri, sizeof(uri), "%s%s", service.url, path);
  return uri;
}

static void
test_each(void **state)
{
  struct pb_printer_strings *list = NULL;
  size_t count = fetch(make_attributes(three, 3, format_uri("/strings/1/en.strings")), &list);

  (void)state;
  assert_int_equal(count, 3);
  assert_int_equal(world.asked, 3);
  assert_string_equal(list[1].language, "fr");
  assert_string_equal(pb_strings_find(list[1].strings, "sides", NULL), "fr.strings");
  assert_string_equal(pb_strings_find(list[2].strings, "sides", NULL), "pt-br.strings");
  pb_printer_strings_free(list, count);
}

static void
test_one(void **state)
{
  (void)state;
  assert_int_equal(fetch(make_attributes(three, 1, format_uri("/strings/1/de.strings")), NULL), 1);
  assert_int_equal(fetch(make_attributes(NULL, 0, format_uri("/strings/1/de.strings")), NULL), 1);
  assert_int_equal(world.asked, 0);
  assert_int_equal(fetch(make_attributes(three, 3, NULL), NULL), 0);
  assert_int_equal(world.files, 2);
}

// A service that gives every language the same file.
static void
test_same(void **state)
{
  (void)state;
  world.uri = format_uri("/strings/1/en.strings");
  assert_int_equal(fetch(make_attributes(three, 3, world.uri), NULL), 1);
  assert_int_equal(world.files, 1);
}

static void
test_elsewhere(void **state)
{
  static const char *const uris[] = {
    "http://127.0.0.1/de.strings",
    "https://other.example/de.strings",
    "https://127.0.0.1@other.example/",
    "ipps://127.0.0.1/x",
    "file:///etc/passwd",
    "https://127.0.0.10/x",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
  {
    if (fetch(make_attributes(NULL, 0, uris[i]), NULL) != 0)
      fail_msg("%s", uris[i]);
    world.uri = uris[i];
    assert_int_equal(fetch(make_attributes(three, 3, uris[i]), NULL), 0);
  }
  assert_int_equal(world.files, 0);
}

static void
test_bad_files(void **state)
{
  static const struct
  {
    int         status;
    const char *body;
  } rows[] = {
    {404, "\"a\" = \"b\";"},
    {302, "\"a\" = \"b\";"},
    {500, ""              },
    {200, "<html>"        },
    {200, ""              },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    world.status = rows[i].status;
    world.body   = rows[i].body;
    assert_int_equal(fetch(make_attributes(three, 3, format_uri("/strings/1/de.strings")), NULL),
                     0);
  }
}

// Nobody is there: it is not waited for each language.
static void
test_silence(void **state)
{
  struct pb_service gone = service, kept = service;
  int64_t           begin = pb_clock_mono_ms();

  (void)state;
  assert_true(pb_service_parse("https://127.0.0.1:1", &gone, NULL));
  pb_text_copy(gone.ca_fingerprint, sizeof(gone.ca_fingerprint), service.ca_fingerprint);
  service = gone;
  assert_int_equal(fetch(make_attributes(three, 3, "https://127.0.0.1:1/x"), NULL), 0);
  service = kept;
  assert_true(pb_clock_mono_ms() - begin < 4000);
}

// Whoever takes the connection and says nothing: an end that is reached is no "as long as you
// like".
static void
test_no_time_left(void **state)
{
  struct pb_service  silent  = service;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t          size    = sizeof(address);
  int                fd      = socket(AF_INET, SOCK_STREAM, 0);
  char               url[64];
  struct pb_printer_strings *list       = NULL;
  size_t                     count      = 0;
  int64_t                    begin_ms   = pb_clock_mono_ms();
  ipp_t                     *attributes = NULL;
  pb_error_t                 err        = {0};

  (void)state;
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(listen(fd, 4), 0);
  getsockname(fd, (struct sockaddr *)&address, &size);
  snprintf(url, sizeof(url), "https://127.0.0.1:%d", ntohs(address.sin_port));
  check_ok(pb_service_parse(url, &silent, &err), err);
  attributes = make_attributes(three, 3, url);
  check_ok(pb_printer_strings_fetch(&silent, "1", attributes, /*within_ms*/ 0, &list, &count, &err),
           err);
  assert_int_equal(count, 0);
  assert_true(pb_clock_mono_ms() - begin_ms < 2000);
  pb_printer_strings_free(list, count);
  ippDelete(attributes);
  close(fd);
}

static int
begin_test(void **state)
{
  (void)state;
  memset(&world, 0, sizeof(world));
  world.status = 200;
  return 0;
}

static int
begin_all(void **state)
{
  (void)state;
  rig.answer = answer_any;
  rig_start(&rig);
  if (!pb_service_parse(rig.url, &service, NULL))
    return -1;
  pb_text_copy(service.ca_fingerprint, sizeof(service.ca_fingerprint), rig.fingerprint);
  return 0;
}

static int
end_all(void **state)
{
  (void)state;
  rig_stop(&rig);
  return 0;
}

#define TEST(test) cmocka_unit_test_setup(test, begin_test)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(test_each),      TEST(test_one),     TEST(test_same),         TEST(test_elsewhere),
    TEST(test_bad_files), TEST(test_silence), TEST(test_no_time_left),
  };

  return cmocka_run_group_tests(tests, begin_all, end_all);
}
