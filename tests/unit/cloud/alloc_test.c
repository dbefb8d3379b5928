// alloc_test - lib/cloud when memory runs out: nothing that is on disk may be lost or overlooked.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/client.h"
#include "cloud/export.h"
#include "cloud/printer-cache.h"
#include "cloud/registration.h"
#include "cloud/reply.h"
#include "cloud/sign-in-file.h"
#include "cloud/sign-in.h"

#define URL "https://print.example:8631"
#define UUID "urn:uuid:6e2a1f0c-9d7b-4f62-8a55-0c1d2e3f4a5b"
#define UUID_2 "urn:uuid:00000000-9d7b-4f62-8a55-0c1d2e3f4a5b"

static void
drop_line(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

// --- replies

static bool
read_metadata(void *world, pb_error_t *err)
{
  static const char text[] = "{\"issuer\":\"" URL "\",\"token_endpoint\":\"" URL
                             "/t\",\"device_authorization_endpoint\":\"" URL "/d\"}";
  struct pb_metadata metadata;

  (void)world;
  return pb_reply_parse_metadata(text, strlen(text), URL, &metadata, err);
}

static bool
read_code(void *world, pb_error_t *err)
{
  static const char text[] =
    "{\"device_code\":\"d\",\"user_code\":\"BCDF-GHJK\",\"expires_in\":600,"
    "\"verification_uri\":\"" URL "/device\"}";
  struct pb_device_code code = {0};
  bool                  ok   = pb_reply_parse_device_code(text, strlen(text), URL, 1, &code, err);

  (void)world;
  assert_true(!ok || strcmp(code.device_code.text, "d") == 0);
  pb_device_code_clear(&code);
  return ok;
}

static bool
read_grant(void *world, pb_error_t *err)
{
  static const char text[] =
    "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":600,"
    "\"refresh_token\":\"r\",\"authorization_details\":[{\"type\":\"x\"}]}";
  struct pb_grant grant = {0};
  bool            ok    = pb_reply_parse_grant(text, strlen(text), 1, &grant, err);

  (void)world;
  assert_true(!ok || (strcmp(grant.refresh_token.text, "r") == 0 && grant.details));
  pb_grant_clear(&grant);
  return ok;
}

// --- registrations

static void
fill_queue(pb_registered_queue_t *queue, const char *uuid, const char *name)
{
  static char certificate[] = "certificate\n";

  *queue = (pb_registered_queue_t){.certificate = certificate};
  pb_text_copy(queue->uuid, sizeof(queue->uuid), uuid);
  pb_text_copy(queue->queue, sizeof(queue->queue), name);
  pb_text_copy(queue->printer_uri, sizeof(queue->printer_uri), "ipps://print.example/ipp/print/1");
  pb_text_copy(queue->printer_uuid, sizeof(queue->printer_uuid), UUID);
}

static bool
load_all(void *world, pb_error_t *err)
{
  pb_registration_t **list  = NULL;
  size_t              count = 0;
  bool                ok    = pb_registrations_load(world, &list, &count, err);

  if (ok && (count != 1 || list[0]->queues_count != 1 || !list[0]->queues[0].certificate ||
             !list[0]->key || !list[0]->url || !list[0]->issuer))
    fail_msg("what is on disk is overlooked: %zu registrations, %zu queues", count,
             count ? list[0]->queues_count : 0);
  pb_registrations_free(list, count);
  return ok;
}

static bool
change(void *world, pb_error_t *err)
{
  pb_registration_t    *registration = NULL;
  pb_registered_queue_t queue;
  char                  pending[46];
  bool                  ok = pb_registration_find(world, URL, &registration, err);

  fill_queue(&queue, UUID_2, "Other");
  ok = ok && pb_registration_get_pending(registration, "Third", pending, err) &&
       pb_registration_add_queue(registration, &queue, err) &&
       pb_registration_remove_queue(registration, UUID_2, err) &&
       pb_registration_drop_pending(registration, "Third", err) &&
       pb_registration_save(registration, err);
  assert_true(!registration || pb_registration_find_queue(registration, "Laser"));
  pb_registration_free(registration);
  return ok;
}

static bool
make_new(void *world, pb_error_t *err)
{
  pb_registration_t *registration = NULL;
  bool               ok = pb_registration_find(world, "https://new.example", &registration, err);

  assert_true(!ok || (registration->key && registration->client_id[0]));
  pb_registration_free(registration);
  return ok;
}

static bool
open_account(void *world, pb_error_t *err)
{
  const struct pb_http_trust trust   = {.ca_fingerprint = NULL, .proxy = ""};
  pb_cloud_account_t        *account = NULL;
  pb_cloud_t                *cloud   = NULL;
  pb_secret_t                token   = {0};
  bool ok = pb_cloud_account_new_bearer(URL, &trust, "secret", &account, err) &&
            pb_cloud_open(account, &cloud, err) &&
            pb_cloud_account_copy_token(account, false, &token, err);

  (void)world;
  assert_true(!ok || strcmp(token.text, "secret") == 0);
  pb_secret_clear(&token);
  pb_cloud_close(cloud);
  pb_cloud_account_free(account);
  return ok;
}

// --- what a desktop keeps

static void
fill_service(struct pb_service *service)
{
  check_ok(pb_service_parse(URL, service, NULL), (pb_error_t){0});
}

static bool
write_sign_in(void *world, pb_error_t *err)
{
  struct pb_stored_sign_in stored = {.id = "id"};
  char                     folder[128];
  bool                     ok;

  fill_service(&stored.service);
  snprintf(folder, sizeof(folder), "%s/sign-ins/print.example_8631", (const char *)world);
  pb_text_copy(stored.token_endpoint, sizeof(stored.token_endpoint), URL "/t");
  ok = pb_file_make_folder(folder, 0700, err) &&
       pb_secret_set(&stored.refresh_token, "r", 1, err) &&
       pb_stored_sign_in_write(folder, &stored, err);
  pb_stored_sign_in_clear(&stored);
  return ok;
}

static bool
open_sign_in(void *world, pb_error_t *err)
{
  pb_sign_in_t     *sign_in = NULL;
  struct pb_service service;
  char              folder[128];
  bool              ok;

  fill_service(&service);
  snprintf(folder, sizeof(folder), "%s/sign-ins", (const char *)world);
  ok = pb_sign_in_open(folder, PB_SIGN_IN_USER, &service, &sign_in, err);
  assert_true(ok == (sign_in != NULL));
  pb_sign_in_close(sign_in);
  return ok;
}

static bool
keep_code(void *world, pb_error_t *err)
{
  struct pb_stored_code stored = {.expires_ms = INT64_C(1) << 50,
                                  .code       = {.user_code = "BCDF-GHJK"}};
  struct pb_stored_code again  = {0};
  struct pb_service     service;
  bool                  ok;

  fill_service(&service);
  pb_text_copy(stored.code.verification_uri, sizeof(stored.code.verification_uri), URL "/device");
  ok = pb_secret_set(&stored.code.device_code, "d", 1, err) &&
       pb_stored_code_write(world, &stored, err) &&
       pb_stored_code_read(world, &service, &again, err);
  assert_true(!ok || strcmp(again.code.device_code.text, "d") == 0);
  pb_stored_code_clear(&stored);
  pb_stored_code_clear(&again);
  return ok;
}

static bool
load_services(void *world, pb_error_t *err)
{
  struct pb_places   places = {0};
  struct pb_service *list   = NULL;
  struct pb_service  other;
  size_t             count = 0;
  bool               ok;

  check_ok(pb_service_parse("https://other.example", &other, NULL), (pb_error_t){0});
  pb_text_copy(places.config, sizeof(places.config), world);
  snprintf(places.user_sign_ins, sizeof(places.user_sign_ins), "%s/sign-ins", (const char *)world);
  ok = pb_services_save(&places, &other, err) && pb_services_load(&places, &list, &count, err);
  if (ok && count != 2)
    fail_msg("a service is overlooked: there are %zu", count);
  free(list);
  return ok;
}

static bool
keep_list(void *world, pb_error_t *err)
{
  struct pb_places   places = {0};
  struct pb_service  service;
  pb_printer_entry_t entries[2] = {
    {.uri            = "ipps://print.example:8631/ipp/print/1",
     .id             = "1",
     .name           = "A",
     .make_and_model = "M",
     .device_id      = "MFG:A;"},
    {.uri            = "ipps://print.example:8631/ipp/print/2",
     .id             = "2",
     .name           = "B",
     .make_and_model = "M",
     .device_id      = "MFG:A;"},
  };
  pb_printer_entry_t *list  = NULL;
  size_t              count = 0;
  bool                ok;

  fill_service(&service);
  snprintf(places.cache, sizeof(places.cache), "%s/cache", (const char *)world);
  ok = pb_printer_cache_write(&places, &service, entries, 2, err) &&
       pb_printer_cache_read(&places, &service, &list, &count, /*age_ms*/ NULL, err);
  if (ok && count != 2)
    fail_msg("a printer is overlooked: there are %zu", count);
  free(list);
  return ok;
}

static bool
keep_attributes(void *world, pb_error_t *err)
{
  struct pb_places  places = {0};
  struct pb_service service;
  ipp_t            *got = NULL, *from = ippNew();
  bool              ok = from != NULL || pb_error_set(err, PB_RETRY, "out of memory");

  fill_service(&service);
  snprintf(places.cache, sizeof(places.cache), "%s/cache", (const char *)world);
  if (ok)
  {
    ippAddString(from, IPP_TAG_PRINTER, IPP_TAG_URI, "printer-uri-supported", NULL,
                 "ipps://print.example:8631/ipp/print/1");
    ippAddBoolean(from, IPP_TAG_PRINTER, "color-supported", 1);
    ok = pb_printer_cache_write_attributes(&places, &service, "1", from, err) &&
         pb_printer_cache_copy_attributes(&places, &service, "1", &got, err);
  }
  assert_true(!ok || pb_ipp_bool(got, IPP_TAG_PRINTER, "color-supported", false));
  ippDelete(got);
  ippDelete(from);
  return ok;
}

static bool
move(void *world, pb_error_t *err)
{
  pb_registration_t **list  = NULL;
  size_t              count = 0;
  pb_buffer_t         text  = {0};
  struct pb_export export;
  bool ok = pb_registrations_load(world, &list, &count, err);

  if (ok && count == 0)
    fail_msg("no registration is there to be moved");
  ok = ok && pb_export_format(list, count, "workers = 3\n", &text, err);
  pb_registrations_free(list, count);
  if (ok)
    ok = pb_export_parse(text.data, text.size, &export, err);
  if (ok && (export.count != count || export.settings == NULL))
    fail_msg("something of it is overlooked");
  if (ok)
    pb_export_clear(&export);
  pb_buffer_clear(&text);
  return ok;
}

static const struct alloc_case cases[] = {
  {"metadata",             read_metadata,   false},
  {"device code",          read_code,       false},
  {"grant",                read_grant,      false},
  {"registrations",        load_all,        false},
  {"registration changed", change,          false},
  {"registrations again",  load_all,        false},
  {"moved",                move,            false},
  {"new registration",     make_new,        false},
  {"account",              open_account,    false},
  {"sign-in written",      write_sign_in,   false},
  {"sign-in",              open_sign_in,    false},
  {"code",                 keep_code,       false},
  {"services",             load_services,   false},
  {"printers",             keep_list,       false},
  {"attributes",           keep_attributes, false},
};

static void
each_allocation_may_fail(void **state)
{
  char                  folder[]     = "/tmp/pb-alloc-XXXXXX", command[64];
  pb_registration_t    *registration = NULL;
  pb_registered_queue_t queue;
  pb_error_t            err = {0};

  (void)state;
  pb_log_set_sink(drop_line, NULL);
  assert_non_null(mkdtemp(folder));
  check_ok(pb_registration_find(folder, URL, &registration, &err), err);
  registration->issuer = registration->issuer ? registration->issuer : strdup(URL);
  check_ok(pb_registration_save(registration, &err), err);
  fill_queue(&queue, UUID, "Laser");
  check_ok(pb_registration_add_queue(registration, &queue, &err), err);
  pb_registration_free(registration);
  alloc_check(cases, sizeof(cases) / sizeof(cases[0]), folder);
  snprintf(command, sizeof(command), "rm -r %s", folder);
  assert_int_equal(system(command), 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
