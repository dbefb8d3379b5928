// export_test - a print server as a text, read back, and read when somebody has changed it; and how
// it is put in its place on another machine.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/export.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL "https://print.example:8631"
#define URL_2 "https://other.example:8631"
#define UUID "urn:uuid:6e2a1f0c-9d7b-4f62-8a55-0c1d2e3f4a5b"
#define UUID_2 "urn:uuid:00000000-9d7b-4f62-8a55-0c1d2e3f4a5b"

static char state[32], elsewhere[32];

static void
drop_log(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

static int
set_up(void **unused)
{
  (void)unused;
  pb_log_set_sink(drop_log, NULL);
  strcpy(state, "/tmp/pb-export-XXXXXX");
  strcpy(elsewhere, "/tmp/pb-import-XXXXXX");
  return mkdtemp(state) && mkdtemp(elsewhere) ? 0 : -1;
}

static int
tear_down(void **unused)
{
  char command[128];

  (void)unused;
  snprintf(command, sizeof(command), "rm -rf %s %s", state, elsewhere);
  return system(command);
}

static pb_registration_t *
find(const char *folder, const char *url)
{
  pb_registration_t *registration = NULL;
  pb_error_t         err          = {0};

  check_ok(pb_registration_find(folder, url, &registration, &err), err);
  return registration;
}

static void
add_queue(pb_registration_t *registration, const char *name, const char *uuid)
{
  pb_registered_queue_t queue = {.printer_uri  = "ipps://print.example:8631/ipp/print/1",
                                 .printer_uuid = UUID,
                                 .certified_ms = 1234};
  pb_error_t            err   = {0};
  char                 *ca    = NULL;

  pb_text_copy(queue.queue, sizeof(queue.queue), name);
  pb_text_copy(queue.uuid, sizeof(queue.uuid), uuid);
  check_ok(pb_cert_make_ca(registration->key, "CA", 1, &ca, &err), err);
  queue.certificate = ca;
  check_ok(pb_registration_add_queue(registration, &queue, &err), err);
  free(ca);
}

// Two services, the first with two queues, a CA's file and a key that is being replaced.
static void
make_saved(void)
{
  pb_registration_t *registration = find(state, URL);
  pb_key_t          *next         = NULL;
  char               path[64];
  pb_error_t         err = {0};

  snprintf(path, sizeof(path), "%s/ca", state);
  check_ok(pb_file_replace(path, 0600, "the CA", 6, &err), err);
  registration->ca_file        = pb_text_dup(path);
  registration->ca_fingerprint = pb_text_dup("ab:cd");
  registration->issuer         = pb_text_dup(URL);
  check_ok(pb_registration_save(registration, &err), err);
  check_ok(pb_key_make(&next, &err), err);
  check_ok(pb_registration_set_next_key(registration, next, &err), err);
  pb_key_free(next);
  add_queue(registration, "Laser", UUID);
  add_queue(registration, "Büro", UUID_2);
  pb_registration_free(registration);
  registration = find(state, URL_2);
  check_ok(pb_registration_save(registration, &err), err);
  add_queue(registration, "Laser", UUID_2);
  pb_registration_free(registration);
}

static char *
format(void)
{
  pb_registration_t **list  = NULL;
  size_t              count = 0;
  pb_buffer_t         text  = {0};
  pb_error_t          err   = {0};

  check_ok(pb_registrations_load(state, &list, &count, &err), err);
  assert_int_equal(count, 2);
  check_ok(pb_export_format(list, count, "workers = 3\n", &text, &err), err);
  pb_registrations_free(list, count);
  return pb_buffer_take(&text, NULL);
}

static void
check_same(const pb_registration_t *a, const pb_registration_t *b)
{
  char a_id[PB_KEY_ID_SIZE], b_id[PB_KEY_ID_SIZE];

  assert_string_equal(a->url, b->url);
  assert_string_equal(a->client_id, b->client_id);
  pb_key_get_id(a->key, a_id);
  pb_key_get_id(b->key, b_id);
  assert_string_equal(a_id, b_id);
  assert_true((a->next_key != NULL) == (b->next_key != NULL));
  assert_int_equal(a->queues_count, b->queues_count);
  for (size_t i = 0; i < a->queues_count; i++)
  {
    assert_string_equal(a->queues[i].queue, b->queues[i].queue);
    assert_string_equal(a->queues[i].uuid, b->queues[i].uuid);
    assert_string_equal(a->queues[i].printer_uri, b->queues[i].printer_uri);
    assert_string_equal(a->queues[i].certificate, b->queues[i].certificate);
    assert_int_equal(a->queues[i].certified_ms, b->queues[i].certified_ms);
  }
}

static void
it_goes_elsewhere(void **unused)
{
  struct pb_export export;
  char      *text;
  pb_error_t err = {0};

  (void)unused;
  make_saved();
  text = format();
  check_ok(pb_export_parse(text, strlen(text), &export, &err), err);
  assert_int_equal(export.count, 2);
  assert_string_equal(export.settings, "workers = 3\n");
  for (size_t i = 0; i < 2; i++)
  {
    pb_registration_t *from   = export.services[i].registration;
    pb_registration_t *old    = find(state, from->url), *now;
    bool               has_ca = export.services[i].ca_pem != NULL;
    struct stat        info;
    char               path[256];

    assert_true(has_ca == (old->ca_file != NULL));
    check_ok(pb_registration_install(from, elsewhere, export.services[i].ca_pem, &err), err);
    now = find(elsewhere, from->url);
    check_same(old, now);
    if (has_ca)
    {
      assert_true(pb_text_has_prefix(now->ca_file, elsewhere));
      assert_int_equal(access(now->ca_file, R_OK), 0);
    }
    snprintf(path, sizeof(path), "%s/key.pem", now->folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    // Once.
    assert_false(pb_registration_install(from, elsewhere, NULL, &err));
    assert_int_equal(err.kind, PB_REJECT);
    check_ok(pb_registration_uninstall(now, &err), err);
    pb_registration_free(old);
    pb_registration_free(now);
    now = find(elsewhere, from->url);
    assert_int_equal(now->queues_count, 0);
    pb_registration_free(now);
  }
  pb_export_clear(&export);
  free(text);
}

// What an interrupted share or import has left is no reason to refuse.
static void
leftovers_do_not_matter(void **unused)
{
  struct pb_export export;
  pb_registration_t *there;
  char              *text;
  char               path[256];
  pb_error_t         err = {0};

  (void)unused;
  make_saved();
  there = find(elsewhere, URL);
  check_ok(pb_registration_save(there, &err), err);
  snprintf(path, sizeof(path), "%s/services/.import-print.example_8631", elsewhere);
  check_ok(pb_file_make_folder(path, 0700, &err), err);
  snprintf(path, sizeof(path), "%s/services/.import-print.example_8631/x.json", elsewhere);
  check_ok(pb_file_replace(path, 0600, "x", 1, &err), err);
  text = format();
  check_ok(pb_export_parse(text, strlen(text), &export, &err), err);
  for (size_t i = 0; i < 2; i++)
    check_ok(pb_registration_install(export.services[i].registration, elsewhere, NULL, &err), err);
  pb_registration_free(there);
  there = find(elsewhere, URL);
  assert_int_equal(there->queues_count, 2);
  pb_registration_free(there);
  snprintf(path, sizeof(path), "%s/services/.import-print.example_8631", elsewhere);
  assert_int_not_equal(access(path, F_OK), 0);
  pb_export_clear(&export);
  free(text);
}

// The first `from` in the text becomes `to`.
static char *
change(const char *text, const char *from, const char *to)
{
  const char *at      = strstr(text, from);
  size_t      size    = strlen(text) + strlen(to) + 1;
  char       *changed = calloc(1, size);

  assert_non_null(at);
  assert_non_null(changed);
  snprintf(changed, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  return changed;
}

static void
what_somebody_has_changed_is_refused(void **unused)
{
  static const struct
  {
    const char        *name, *from, *to;
    enum pb_error_kind want;
  } rows[] = {
    {"nothing",             "{",                            "{",                          PB_OK    },
    {"no JSON",             "{",                            "[",                          PB_REJECT},
    {"more behind it",      "\"}]}",                        "\"}]}{}",                    PB_REJECT},
    {"newer",               "\"format\":1",                 "\"format\":2",               PB_CONFIG},
    {"no format",           "\"format\":1",                 "\"formats\":1",              PB_REJECT},
    {"no services",         "\"services\":[",               "\"services\":[],\"x\":[",    PB_REJECT},
    {"the same twice",      "other.example",                "PRINT.example",              PB_REJECT},
    {"http",                "\"url\":\"https",              "\"url\":\"http",             PB_REJECT},
    {"a path",              "\"url\":\"" URL,               "\"url\":\"https://../../x",  PB_REJECT},
    {"no key",              "\"key\":",                     "\"keys\":",                  PB_REJECT},
    {"a public key",        "PRIVATE KEY",                  "PUBLIC KEY",                 PB_REJECT},
    {"a key that is none",  "BEGIN PRIVATE KEY-----\\n",    "BEGIN PRIVATE KEY-----\\nA", PB_REJECT},
    {"client id",           "\"client-id\":\"",             "\"client-id\":\"../",        PB_REJECT},
    {"no queues",           "\"queues\":",                  "\"queue\":",                 PB_REJECT},
    {"queue's uuid",        "\"output-device-uuid\":\"urn", "\"output-device-uuid\":\"/", PB_REJECT},
    {"a uuid twice",        UUID_2 "\",\"queue\":\"B",      UUID "\",\"queue\":\"B",      PB_REJECT},
    {"queue's name",        "\"queue\":\"Laser\"",          "\"queue\":\"../Laser\"",     PB_REJECT},
    {"control character",   "\"queue\":\"Laser\"",          "\"queue\":\"La\\nser\"",     PB_REJECT},
    {"printer's address",   "ipps://",                      "file://",                    PB_REJECT},
    {"certificate",         "BEGIN CERTIFICATE",            "BEGIN CERTIFICAT",           PB_OK    },
    {"certificate missing", "\"certificate\":",             "\"other\":",                 PB_OK    },
    {"settings missing",    "\"settings\":",                "\"other\":",                 PB_OK    },
  };
  char *text;

  (void)unused;
  make_saved();
  text = format();
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_export export;
    char      *changed = change(text, rows[i].from, rows[i].to);
    pb_error_t err     = {0};
    bool       ok      = pb_export_parse(changed, strlen(changed), &export, &err);

    if (err.kind != rows[i].want || ok != (rows[i].want == PB_OK))
      fail_msg("%s: %d %s", rows[i].name, err.kind, err.message);
    pb_export_clear(&export);
    free(changed);
  }
  free(text);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    WORLD(it_goes_elsewhere),
    WORLD(leftovers_do_not_matter),
    WORLD(what_somebody_has_changed_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
