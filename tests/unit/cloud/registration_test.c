// registration_test - what is kept of a service: round trips, damage, permissions, interruptions.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/registration.h"

#include <sys/stat.h>
#include <unistd.h>

#define URL "https://Print.example:8631"
#define UUID "urn:uuid:6e2a1f0c-9d7b-4f62-8a55-0c1d2e3f4a5b"
#define UUID_2 "urn:uuid:00000000-9d7b-4f62-8a55-0c1d2e3f4a5b"
#define FILE_OF "services/print.example_8631/"

static char state[32];
static int  warnings;
static char warning[PB_LOG_LINE_SIZE];

static void
count_warning(enum pb_log_level level, const char *line, void *user)
{
  (void)user;
  if (level != PB_LOG_WARN)
    return;
  warnings++;
  snprintf(warning, sizeof(warning), "%s", line);
}

static int
set_up(void **unused)
{
  (void)unused;
  strcpy(state, "/tmp/pb-registration-XXXXXX");
  warnings = 0;
  pb_log_set_sink(count_warning, NULL);
  return mkdtemp(state) ? 0 : -1;
}

static int
tear_down(void **unused)
{
  char command[64];

  (void)unused;
  snprintf(command, sizeof(command), "rm -rf %s", state);
  return system(command);
}

static pb_registration_t *
find(const char *url)
{
  pb_registration_t *registration = NULL;
  pb_error_t         err          = {0};

  check_ok(pb_registration_find(state, url, &registration, &err), err);
  return registration;
}

static void
add(pb_registration_t *registration, const char *queue, const char *uuid)
{
  pb_registered_queue_t added = {.certificate = "-----BEGIN CERTIFICATE-----\n"};
  pb_error_t            err   = {0};

  pb_text_copy(added.queue, sizeof(added.queue), queue);
  pb_text_copy(added.uuid, sizeof(added.uuid), uuid);
  strcpy(added.printer_uri, "ipps://print.example:8631/ipp/print/1");
  strcpy(added.printer_uuid, UUID);
  check_ok(pb_registration_add_queue(registration, &added, &err), err);
}

// One service with one queue, on disk.
static void
make_saved(void)
{
  pb_registration_t *registration = find(URL);
  pb_error_t         err          = {0};

  registration->issuer         = pb_text_dup(URL);
  registration->ca_fingerprint = pb_text_dup("ab:cd");
  check_ok(pb_registration_save(registration, &err), err);
  add(registration, "Laser", UUID);
  pb_registration_free(registration);
}

static size_t
count_loaded(void)
{
  pb_registration_t **list  = NULL;
  size_t              count = 0;
  pb_error_t          err   = {0};

  check_ok(pb_registrations_load(state, &list, &count, &err), err);
  pb_registrations_free(list, count);
  return count;
}

static mode_t
mode_of(const char *name)
{
  char       *path = pb_file_join(state, name);
  struct stat info = {0};

  assert_int_equal(stat(path, &info), 0);
  free(path);
  return info.st_mode & 0777;
}

static void
write_file(const char *name, const char *text)
{
  char      *path = pb_file_join(state, name);
  pb_error_t err  = {0};

  check_ok(pb_file_replace(path, 0600, text, strlen(text), &err), err);
  free(path);
}

static void
test_nothing_there(void **unused)
{
  (void)unused;
  assert_int_equal(count_loaded(), 0);
  assert_int_equal(warnings, 0);
}

static void
test_round_trip(void **unused)
{
  pb_registration_t **list  = NULL;
  size_t              count = 0;
  pb_error_t          err   = {0};

  (void)unused;
  make_saved();
  check_ok(pb_registrations_load(state, &list, &count, &err), err);
  assert_int_equal(count, 1);
  assert_string_equal(list[0]->url, URL);
  assert_string_equal(list[0]->issuer, URL);
  assert_string_equal(list[0]->ca_fingerprint, "ab:cd");
  assert_null(list[0]->ca_file);
  assert_int_equal(strlen(list[0]->client_id), 43);
  assert_int_equal(list[0]->queues_count, 1);
  assert_string_equal(list[0]->queues[0].queue, "Laser");
  assert_string_equal(list[0]->queues[0].uuid, UUID);
  assert_non_null(list[0]->queues[0].certificate);
  assert_non_null(pb_registration_find_queue(list[0], "laser"));
  assert_null(pb_registration_find_queue(list[0], "Raster"));
  pb_registrations_free(list, count);
}

static void
test_private(void **unused)
{
  (void)unused;
  make_saved();
  assert_int_equal(mode_of("services"), 0700);
  assert_int_equal(mode_of("services/print.example_8631"), 0700);
  assert_int_equal(mode_of(FILE_OF "key.pem"), 0600);
  assert_int_equal(mode_of(FILE_OF "service.json"), 0600);
  assert_int_equal(mode_of(FILE_OF "6e2a1f0c-9d7b-4f62-8a55-0c1d2e3f4a5b.json"), 0600);
}

// The same service, however it is written, has one identity.
static void
test_one_identity(void **unused)
{
  static const char *const urls[] = {URL, URL "/", "https://print.EXAMPLE:8631"};
  char                     first[64];
  pb_registration_t       *registration;

  (void)unused;
  make_saved();
  registration = find(URL);
  pb_text_copy(first, sizeof(first), registration->client_id);
  pb_registration_free(registration);
  for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
  {
    registration = find(urls[i]);
    assert_string_equal(registration->client_id, first);
    pb_registration_free(registration);
  }
  registration = find("https://print.example:8632");
  assert_string_not_equal(registration->client_id, first);
  pb_registration_free(registration);
}

static void
test_bad_urls(void **unused)
{
  static const char *const rows[] = {
    "http://print.example", "https://", "https:///", "print.example", "", "https://a\nb",
  };

  (void)unused;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_registration_t *registration = NULL;
    pb_error_t         err          = {0};

    if (pb_registration_find(state, rows[i], &registration, &err) || err.kind != PB_CONFIG)
      fail_msg("\"%s\" was taken", rows[i]);
  }
}

// A path in the address must not lead out of the folder.
static void
test_url_stays_in_the_folder(void **unused)
{
  pb_registration_t *registration = find("https://..%2f../../../etc");

  (void)unused;
  assert_null(strstr(registration->folder + strlen(state) + strlen("/services/"), "/"));
  pb_registration_free(registration);
}

// A damaged file is named; the rest goes on; no second identity is made in its place.
static void
test_damage(void **unused)
{
  static const struct
  {
    const char *name;
    const char *file;
    const char *content;
    bool        is_whole_service;  // or the queue only
  } rows[] = {
  // clang-format off
    {"no JSON", FILE_OF "service.json", "{\"url\":", true},
    {"empty", FILE_OF "service.json", "", true},
    {"no members", FILE_OF "service.json", "{}", true},
    {"url in the clear", FILE_OF "service.json", "{\"url\":\"http://print.example\"}", true},
    {"another client id", FILE_OF "service.json", "{\"url\":\"" URL "\",\"client-id\":\"x\"}", true},
    {"no key", FILE_OF "key.pem", "-----BEGIN PRIVATE KEY-----\n", true},
    {"queue is no JSON", FILE_OF "6e2a1f0c-9d7b-4f62-8a55-0c1d2e3f4a5b.json", "x", false},
    {"queue of another uuid", FILE_OF "6e2a1f0c-9d7b-4f62-8a55-0c1d2e3f4a5b.json", "{\"output-device-uuid\":\"" UUID_2 "\",\"queue\":\"L\",\"printer-uri\":\"ipps://h/\",\"printer-uuid\":\"\"}", false},
    {"queue without a name", FILE_OF "6e2a1f0c-9d7b-4f62-8a55-0c1d2e3f4a5b.json", "{\"output-device-uuid\":\"" UUID "\",\"queue\":\"\",\"printer-uri\":\"ipps://h/\",\"printer-uuid\":\"\"}", false},
    {"queue in the clear", FILE_OF "6e2a1f0c-9d7b-4f62-8a55-0c1d2e3f4a5b.json", "{\"output-device-uuid\":\"" UUID "\",\"queue\":\"L\",\"printer-uri\":\"ipp://h/\",\"printer-uuid\":\"\"}", false},
    {"control character", FILE_OF "6e2a1f0c-9d7b-4f62-8a55-0c1d2e3f4a5b.json", "{\"output-device-uuid\":\"" UUID "\",\"queue\":\"L\\n\",\"printer-uri\":\"ipps://h/\",\"printer-uuid\":\"\"}", false},
  // clang-format on
  };

  (void)unused;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_registration_t *registration = NULL;
    pb_error_t         err          = {0};

    tear_down(NULL);
    set_up(NULL);
    make_saved();
    write_file(rows[i].file, rows[i].content);
    if (count_loaded() != 0 || warnings != 1 || !strstr(warning, strrchr(rows[i].file, '/') + 1))
      fail_msg("%s: %d warnings: %s", rows[i].name, warnings, warning);
    if (pb_registration_find(state, URL, &registration, &err) == rows[i].is_whole_service)
      fail_msg("%s: found: %s", rows[i].name, err.message);
    assert_true(!rows[i].is_whole_service || err.kind == PB_CONFIG);
    pb_registration_free(registration);
  }
}

static void
test_missing_key_is_damage(void **unused)
{
  pb_registration_t *registration = NULL;
  pb_error_t         err          = {0};
  char              *path;

  (void)unused;
  make_saved();
  path = pb_file_join(state, FILE_OF "key.pem");
  assert_int_equal(unlink(path), 0);
  free(path);
  assert_false(pb_registration_find(state, URL, &registration, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_int_equal(count_loaded(), 0);
}

// Interrupted between key and service.json: the key is used again.
static void
test_interrupted_save(void **unused)
{
  pb_registration_t *registration;
  pb_error_t         err = {0};
  char               first[64];
  char              *path;

  (void)unused;
  registration = find(URL);
  check_ok(pb_registration_save(registration, &err), err);
  pb_text_copy(first, sizeof(first), registration->client_id);
  pb_registration_free(registration);
  path = pb_file_join(state, FILE_OF "service.json");
  assert_int_equal(unlink(path), 0);
  free(path);
  assert_int_equal(count_loaded(), 0);
  assert_int_equal(warnings, 0);
  registration = find(URL);
  assert_string_equal(registration->client_id, first);
  pb_registration_free(registration);
}

static void
test_add_replaces_and_remove_removes(void **unused)
{
  pb_registration_t *registration;
  pb_error_t         err = {0};

  (void)unused;
  make_saved();
  registration = find(URL);
  add(registration, "Raster", UUID_2);
  add(registration, "Renamed", UUID);
  assert_int_equal(registration->queues_count, 2);
  pb_registration_free(registration);
  registration = find(URL);
  assert_int_equal(registration->queues_count, 2);
  assert_non_null(pb_registration_find_queue(registration, "Renamed"));
  check_ok(pb_registration_remove_queue(registration, UUID, &err), err);
  check_ok(pb_registration_remove_queue(registration, UUID, &err), err);
  assert_int_equal(registration->queues_count, 1);
  assert_string_equal(registration->queues[0].queue, "Raster");
  pb_registration_free(registration);
  registration = find(URL);
  assert_int_equal(registration->queues_count, 1);
  check_ok(pb_registration_remove_queue(registration, UUID_2, &err), err);
  assert_false(pb_registration_remove_queue(registration, "../key.pem", &err));
  pb_registration_free(registration);
  assert_int_equal(count_loaded(), 0);
  assert_int_equal(warnings, 0);
}

static void
test_pending(void **unused)
{
  pb_registration_t *registration = find(URL);
  pb_error_t         err          = {0};
  char               first[46];
  char               again[46];
  char               other[46];

  (void)unused;
  check_ok(pb_registration_save(registration, &err), err);
  check_ok(pb_registration_get_pending(registration, "Laser", first, &err), err);
  assert_true(pb_text_is_uuid(first));
  check_ok(pb_registration_get_pending(registration, "Raster", other, &err), err);
  assert_string_not_equal(first, other);
  pb_registration_free(registration);

  registration = find(URL);
  check_ok(pb_registration_get_pending(registration, "Laser", again, &err), err);
  assert_string_equal(first, again);
  check_ok(pb_registration_drop_pending(registration, "Laser", &err), err);
  check_ok(pb_registration_drop_pending(registration, "Laser", &err), err);
  check_ok(pb_registration_get_pending(registration, "Laser", again, &err), err);
  assert_string_not_equal(first, again);
  check_ok(pb_registration_get_pending(registration, "Raster", again, &err), err);
  assert_string_equal(other, again);
  pb_registration_free(registration);
  assert_int_equal(count_loaded(), 0);  // nothing is shared yet
}

static void
test_damaged_pending_is_made_anew(void **unused)
{
  pb_registration_t *registration = find(URL);
  pb_error_t         err          = {0};
  char               uuid[46];

  (void)unused;
  check_ok(pb_registration_save(registration, &err), err);
  write_file(FILE_OF "pending.json", "{\"Laser\":\"../x\"}");
  check_ok(pb_registration_get_pending(registration, "Laser", uuid, &err), err);
  assert_true(pb_text_is_uuid(uuid));
  write_file(FILE_OF "pending.json", "]");
  check_ok(pb_registration_get_pending(registration, "Laser", uuid, &err), err);
  assert_true(pb_text_is_uuid(uuid));
  assert_int_equal(warnings, 1);
  pb_registration_free(registration);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_nothing_there, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_private, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_one_identity, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_bad_urls, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_url_stays_in_the_folder, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_missing_key_is_damage, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_interrupted_save, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_add_replaces_and_remove_removes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_pending, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_damaged_pending_is_made_anew, set_up, tear_down),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
