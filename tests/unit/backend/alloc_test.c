// alloc_test - the backend when memory runs out: it says "again", or says less; it never takes a
// job for printed, a user for a stranger, or half a line for one.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include "backend/attempt.h"
#include "backend/discovery.h"
#include "backend/identity.h"
#include "backend/packing.h"
#include "backend/report.h"
#include "backend/side-channel.h"
#include "backend/source.h"
#include "base/file.h"
#include "base/log.h"
#include "cloud/printer-cache.h"
#include "cloud/sign-in-file.h"

#include <pwd.h>
#include <unistd.h>

#define URL "https://print.example:8631"
#define DEVICE "printbridge://print.example/7"
#define JOB_UUID "urn:uuid:00000000-0000-4000-8000-000000000001"

struct world
{
  char        folder[64], marks[96], uuid[PB_UUID_SIZE];
  const char *user;
  ipp_t      *printer;
  int         pipe_fds[2];
};

static void
drop_line(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

static const char *
get_nothing(const char *name)
{
  return strcmp(name, "DEVICE_URI") == 0 ? DEVICE : NULL;
}

// Else a job that is printed once more would find the cloud job of its first run, and be told as
// printed.
static bool
find_attempt(void *user, pb_error_t *err)
{
  struct world *w = user;
  char          uuid[PB_UUID_SIZE];
  bool          ok = pb_attempt_get(w->marks, JOB_UUID, 7, "ann", uuid, err);

  assert_true(!ok || strcmp(uuid, w->uuid) == 0);
  return ok;
}

static bool
end_attempt(void *user, pb_error_t *err)
{
  struct world *w = user;
  char          uuid[PB_UUID_SIZE];
  pb_error_t    why = {0};
  bool          ok  = pb_attempt_end(w->marks, JOB_UUID, err);

  alloc_pause();
  check_ok(pb_attempt_get(w->marks, JOB_UUID, 7, "ann", uuid, &why), why);
  alloc_resume();
  assert_true(!ok || strcmp(uuid, w->uuid) != 0);
  pb_text_copy(w->uuid, sizeof(w->uuid), uuid);
  return ok;
}

// Who has signed in is not asked to do it again, and is known to the service that he trusts.
static bool
find_identity(void *user, pb_error_t *err)
{
  struct world       *w      = user;
  char               *argv[] = {(char[]){"printbridge"},
                                (char[]){"1"},
                                (char *)w->user,
                                (char[]){"title"},
                                (char[]){"1"},
                                (char[]){""},
                                NULL};
  struct pb_arguments arguments;
  struct pb_identity  identity = {0};
  bool                ok       = pb_arguments_parse(6, argv, get_nothing, &arguments, err) &&
            pb_identity_find(&arguments, &identity, err);

  if (ok && (identity.sign_in == NULL || identity.service.ca_fingerprint[0] == '\0'))
    fail_msg("the sign-in or the service's fingerprint is overlooked");
  pb_identity_clear(&identity);
  return ok;
}

static bool
list_printers(void *user, pb_error_t *err)
{
  static char text[65536];
  FILE       *out;
  size_t      size;

  (void)user;
  (void)err;
  alloc_pause();
  out = tmpfile();
  alloc_resume();
  pb_discovery_list(out);
  rewind(out);
  size       = fread(text, 1, sizeof(text) - 1, out);
  text[size] = '\0';
  fclose(out);
  assert_true(pb_text_has_prefix(text, "network ") && text[size - 1] == '\n');
  return strstr(text, DEVICE) != NULL;
}

// Its lines are whole or are not there.
static bool
report_supplies(void *user, pb_error_t *err)
{
  static const char want[] = "ATTR: marker-levels=7 marker-names=\"Black\"\n";
  struct world     *w      = user;
  pb_report_t      *report = pb_report_new(w->pipe_fds[1]);
  char              said[1000];
  ssize_t           size;

  if (report == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  pb_report_printer(report, w->printer);
  pb_report_free(report);
  assert_int_equal(write(w->pipe_fds[1], "\n", 1), 1);
  size           = read(w->pipe_fds[0], said, sizeof(said) - 1);
  said[size - 1] = '\0';
  assert_true(said[0] == '\0' || strcmp(said, want) == 0);
  return said[0] != '\0';
}

static bool
read_pipe(void *user, pb_error_t *err)
{
  static const char text[] = "%!PS-Adobe-3.0\n";
  pb_source_t      *source = NULL;
  char              data[100];
  size_t            got = 0;
  int               fds[2];
  bool              ok;

  (void)user;
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
  close(fds[1]);
  // A folder without O_TMPFILE: a name is made.
  ok = pb_source_open(fds[0], "/proc/self/fd", &source, err) &&
       pb_source_read(source, -1, data, sizeof(data), &got, err);
  assert_true(!ok || (got == strlen(text) && memcmp(data, text, got) == 0));
  pb_source_close(source);
  return ok;
}

static bool
choose_packing(void *user, pb_error_t *err)
{
  static const char text[8192];
  struct world     *w      = user;
  pb_source_t      *source = NULL;
  char              byte;
  size_t            got = 0;
  int               fds[2];
  enum pb_coding    coding = PB_CODING_NONE;

  assert_int_equal(pipe(fds), 0);
  assert_int_equal(write(fds[1], text, sizeof(text)), sizeof(text));
  close(fds[1]);
  if (!pb_source_open(fds[0], "/tmp", &source, err))
    return false;
  coding = pb_packing_choose(w->printer, "application/pdf", source);
  check_ok(pb_source_read(source, -1, &byte, 1, &got, err), *err);
  assert_int_equal(got, 1);
  pb_source_close(source);
  return coding == PB_CODING_GZIP;
}

static bool
start_side_channel(void *user, pb_error_t *err)
{
  pb_side_channel_t *side = NULL;
  struct world      *w    = user;
  pb_report_t       *report;
  bool               ok;

  alloc_pause();
  report = pb_report_new(w->pipe_fds[1]);
  alloc_resume();
  ok = pb_side_channel_start(report, "MFG:A;MDL:B;", &side, err);
  pb_side_channel_stop(side);
  pb_report_free(report);
  return ok;
}

static const struct alloc_case cases[] = {
  {"attempt",       find_attempt,       false},
  {"attempt's end", end_attempt,        false},
  {"identity",      find_identity,      false},
  {"discovery",     list_printers,      true },
  {"supplies",      report_supplies,    true },
  {"source",        read_pipe,          false},
  {"packing",       choose_packing,     true },
  {"side channel",  start_side_channel, false},
};

// --- what is on the disk and in the air

static void
set_place(const struct world *w, const char *name, const char *place)
{
  char path[128];

  snprintf(path, sizeof(path), "%s/%s", w->folder, place);
  assert_int_equal(setenv(name, path, 1), 0);
}

static void
store_sign_in(const struct world *w)
{
  struct pb_stored_sign_in stored = {.id = "id"};
  char                     folder[192];
  pb_error_t               err = {0};

  check_ok(pb_service_parse(URL, &stored.service, &err), err);
  snprintf(folder, sizeof(folder), "%s/users/%s/sign-ins/print.example_8631", w->folder, w->user);
  pb_text_copy(stored.token_endpoint, sizeof(stored.token_endpoint), URL "/t");
  check_ok(pb_file_make_folder(folder, 0700, &err), err);
  check_ok(pb_secret_set(&stored.refresh_token, "r", 1, &err), err);
  check_ok(pb_stored_sign_in_write(folder, &stored, &err), err);
  pb_stored_sign_in_clear(&stored);
}

static void
store_printers(const struct world *w)
{
  static const char services[] =
    "service = " URL " ca-fingerprint="
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
  pb_printer_entry_t entry  = {.uri            = "ipps://print.example:8631/ipp/print/7",
                               .id             = "7",
                               .name           = "A",
                               .make_and_model = "M",
                               .device_id      = "MFG:A;"};
  struct pb_places   places = {0};
  struct pb_service  service;
  char               path[128];
  pb_error_t         err = {0};

  snprintf(path, sizeof(path), "%s/config", w->folder);
  check_ok(pb_file_make_folder(path, 0755, &err), err);
  snprintf(path, sizeof(path), "%s/config/services.conf", w->folder);
  check_ok(pb_file_replace(path, 0644, services, strlen(services), &err), err);
  check_ok(pb_service_parse(URL, &service, &err), err);
  snprintf(places.cache, sizeof(places.cache), "%s/cache", w->folder);
  check_ok(pb_printer_cache_write(&places, &service, &entry, 1, &err), err);
}

static void
each_allocation_may_fail(void **state)
{
  struct world   w       = {.folder = "/tmp/pb-alloc-XXXXXX"};
  struct passwd *account = getpwuid(geteuid());
  pb_error_t     err     = {0};
  char           command[96];

  (void)state;
  assert_non_null(account);
  assert_non_null(mkdtemp(w.folder));
  w.user = account->pw_name;
  snprintf(w.marks, sizeof(w.marks), "%s/runs", w.folder);
  pb_log_set_sink(drop_line, NULL);
  set_place(&w, "PRINTBRIDGE_CONFIG", "config");
  set_place(&w, "PRINTBRIDGE_STATE", "state");
  set_place(&w, "PRINTBRIDGE_CACHE", "cache");
  set_place(&w, "PRINTBRIDGE_USERS", "users");
  store_sign_in(&w);
  store_printers(&w);
  assert_int_equal(pipe(w.pipe_fds), 0);
  w.printer = ippNew();
  ippAddInteger(w.printer, IPP_TAG_PRINTER, IPP_TAG_INTEGER, "marker-levels", 7);
  ippAddString(w.printer, IPP_TAG_PRINTER, IPP_TAG_NAME, "marker-names", NULL, "Black");
  ippAddString(w.printer, IPP_TAG_PRINTER, IPP_TAG_KEYWORD, "compression-supported", NULL, "gzip");
  check_ok(pb_attempt_end(w.marks, JOB_UUID, &err), err);
  check_ok(pb_attempt_get(w.marks, JOB_UUID, 7, "ann", w.uuid, &err), err);

  alloc_check(cases, sizeof(cases) / sizeof(cases[0]), &w);

  ippDelete(w.printer);
  close(w.pipe_fds[0]);
  close(w.pipe_fds[1]);
  snprintf(command, sizeof(command), "rm -r %s", w.folder);
  assert_int_equal(system(command), 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
