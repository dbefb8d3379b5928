// refused_test - whoever has signed in and may not print: that is said, and nobody is asked to sign
// in once more.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/rig.h"

#include "backend/print.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/sign-in-file.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/mman.h>

static struct rig rig;

static struct
{
  ipp_status_t says;    // to Create-Job
  bool         is_web;  // a page instead
  int          pages;   // so many instead of Get-Job-Attributes' answers
  int          others;  // requests that are no IPP
} world;

static void
answer_any(struct rig *self, const struct rig_request *request, struct rig_answer *answer)
{
  ipp_t      *asked = NULL, *response = NULL;
  pb_buffer_t bytes = {0};
  pb_error_t  err   = {0};

  (void)self;
  if (!pb_text_has_prefix(request->path, "/ipp/print/"))
  {
    world.others++;
    answer->status = 404;
    return;
  }
  check_ok(pb_ipp_parse(request->body, request->body_size, &asked, &err), err);
  if (world.is_web || (ippGetOperation(asked) == IPP_OP_GET_JOB_ATTRIBUTES && world.pages-- > 0))
  {
    ippDelete(asked);
    answer->status = 404;
    answer->type   = "text/html";
    return;
  }
  response = pb_ipp_new_response(asked, world.says);
  if (world.says == IPP_STATUS_OK)
  {
    bool is_new = ippGetOperation(asked) == IPP_OP_CREATE_JOB;

    ippAddInteger(response, IPP_TAG_JOB, IPP_TAG_INTEGER, "job-id", 7);
    ippAddInteger(response, IPP_TAG_JOB, IPP_TAG_ENUM, "job-state",
                  is_new ? IPP_JSTATE_PROCESSING : IPP_JSTATE_ABORTED);
    ippAddInteger(response, IPP_TAG_JOB, IPP_TAG_INTEGER, "number-of-documents", 1);
  }
  check_ok(pb_ipp_format(response, &bytes, &err), err);
  memcpy(answer->body, bytes.data, bytes.size);
  answer->size = bytes.size;
  answer->type = "application/ipp";
  pb_buffer_clear(&bytes);
  ippDelete(response);
  ippDelete(asked);
}

static void
drop_line(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

struct desk
{
  char        folder[32], own[256];  // own: of the user's sign-in
  char        uri[128], document[64];
  const char *user;
};

static void
set_place(const struct desk *desk, const char *name, const char *place)
{
  char path[128];

  snprintf(path, sizeof(path), "%s/%s", desk->folder, place);
  assert_int_equal(setenv(name, path, 1), 0);
}

static void
store_sign_in(struct desk *desk)
{
  struct pb_stored_sign_in stored = {.id         = "id",
                                     .expires_ms = pb_clock_now_ms() + INT64_C(3600) * 1000};
  char                     name[PB_SERVICE_NAME_SIZE];
  pb_error_t               err = {0};

  check_ok(pb_service_parse(rig.url, &stored.service, &err), err);
  pb_text_copy(stored.service.ca_fingerprint, sizeof(stored.service.ca_fingerprint),
               rig.fingerprint);
  pb_service_get_name(&stored.service, name);
  snprintf(desk->own, sizeof(desk->own), "%s/users/%.100s/sign-ins/%.40s", desk->folder, desk->user,
           name);
  snprintf(stored.token_endpoint, sizeof(stored.token_endpoint), "%s/token", rig.url);
  check_ok(pb_file_make_folder(desk->own, 0700, &err), err);
  check_ok(pb_secret_set(&stored.access_token, "a", 1, &err), err);
  check_ok(pb_secret_set(&stored.refresh_token, "r", 1, &err), err);
  check_ok(pb_stored_sign_in_write(desk->own, &stored, &err), err);
  pb_stored_sign_in_clear(&stored);
}

static void
store_service(const struct desk *desk)
{
  char       path[64], line[256];
  pb_error_t err = {0};

  snprintf(path, sizeof(path), "%s/config", desk->folder);
  check_ok(pb_file_make_folder(path, 0755, &err), err);
  snprintf(path, sizeof(path), "%s/config/services.conf", desk->folder);
  snprintf(line, sizeof(line), "service = %s ca-fingerprint=%s\n", rig.url, rig.fingerprint);
  check_ok(pb_file_replace(path, 0644, line, strlen(line), &err), err);
}

static int
set_up(void **state)
{
  static struct desk desk = {.folder = "/tmp/pb-refused-XXXXXX"};
  struct passwd     *account;
  pb_error_t         err = {0};

  rig.answer = answer_any;
  rig_start(&rig);
  account = getpwuid(geteuid());
  assert_non_null(account);
  assert_non_null(mkdtemp(desk.folder));
  desk.user = account->pw_name;
  set_place(&desk, "PRINTBRIDGE_CONFIG", "config");
  set_place(&desk, "PRINTBRIDGE_STATE", "state");
  set_place(&desk, "PRINTBRIDGE_CACHE", "cache");
  set_place(&desk, "PRINTBRIDGE_USERS", "users");
  store_service(&desk);
  store_sign_in(&desk);
  snprintf(desk.uri, sizeof(desk.uri), "printbridge://%.50s/7", rig.url + strlen("https://"));
  snprintf(desk.document, sizeof(desk.document), "%s/document", desk.folder);
  check_ok(pb_file_replace(desk.document, 0600, "%PDF-1.4\n", 9, &err), err);
  pb_log_set_sink(drop_line, NULL);
  *state = &desk;
  return 0;
}

static int
tear_down(void **state)
{
  const struct desk *desk = *state;
  char               command[64];

  rig_stop(&rig);
  snprintf(command, sizeof(command), "rm -r %s", desk->folder);
  return system(command);
}

static const struct desk *current;

static const char *
get_variable(const char *name)
{
  return strcmp(name, "DEVICE_URI") == 0 ? current->uri : NULL;
}

static enum pb_ending
print(const struct desk *desk, char said[4096])
{
  char *argv[] = {
    (char[]){"printbridge"}, (char[]){"1"},
    (char *)desk->user,      (char[]){"title"},
    (char[]){"1"},           (char[]){"job-uuid=urn:uuid:00000000-0000-4000-8000-000000000001"},
    (char *)desk->document,  NULL};
  struct pb_arguments arguments = {0};
  struct pb_print_job job       = {.arguments       = &arguments,
                                   .client_job_uuid = "urn:uuid:00000000-0000-4000-8000-000000000002"};
  int                 fd        = memfd_create("said", 0);
  pb_error_t          err       = {0};
  enum pb_ending      ending    = PB_END_DONE;
  ssize_t             size      = 0;

  current = desk;
  check_ok(pb_arguments_parse(7, argv, get_variable, &arguments, &err), err);
  check_ok(pb_source_open(open(desk->document, O_RDONLY), "/tmp", &job.source, &err), err);
  job.report = pb_report_new(fd);
  ending     = pb_print(&job);
  pb_report_free(job.report);
  pb_source_close(job.source);
  size       = pread(fd, said, 4095, 0);
  said[size] = '\0';
  close(fd);
  return ending;
}

// A code would sign in the one who is signed in already; and of two such jobs each would release
// the other one, for ever.
static void
test_an_account_that_may_not_print(void **state)
{
  const struct desk *desk = *state;
  char               said[4096], held[300];

  world.says = IPP_STATUS_ERROR_NOT_AUTHORIZED;
  assert_int_equal(print(desk, said), PB_END_SIGN_IN);
  assert_non_null(strstr(said, "ERROR: Create-Job: client-error-not-authorized"));
  assert_null(strstr(said, "Sign in:"));
  assert_int_equal(world.others, 0);
  snprintf(held, sizeof(held), "%s/held", desk->own);
  assert_int_not_equal(access(held, F_OK), 0);
}

// A proxy without its service says "404": that is no refusal of the job.
static void
test_a_page_instead_of_the_service(void **state)
{
  const struct desk *desk = *state;
  char               said[4096];

  world.is_web = true;
  assert_int_equal(print(desk, said), PB_END_CONFIG);
  world.is_web = false;
  assert_non_null(strstr(said, "no IPP service there (HTTP status 404"));
  world.says = IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES;
  assert_int_equal(print(desk, said), PB_END_FAILED);
}

// Nor does it say how a job has ended.
static void
test_a_page_while_the_job_is_followed(void **state)
{
  const struct desk *desk = *state;
  char               said[4096];

  world.says  = IPP_STATUS_OK;
  world.pages = 1;
  assert_int_equal(print(desk, said), PB_END_FAILED);
  assert_non_null(strstr(said, "The job failed at the printer"));
}

// A refusal is told to the jobs that waited for the answer, once; who canceled them meanwhile
// prints again next week.
static void
test_an_old_refusal(void **state)
{
  static const struct
  {
    const char *jobs;
    bool        is_told;
  } rows[] = {
    {"",                                                false},
    {"urn:uuid:00000000-0000-4000-8000-000000000009\n", false},
    {"urn:uuid:00000000-0000-4000-8000-000000000009\nurn:uuid:00000000-0000-4000-8000-"
     "000000000001\n",                             true },
  };
  const struct desk *desk = *state;
  char               said[4096], path[300];
  pb_error_t         err = {0};

  snprintf(path, sizeof(path), "%s/sign-in.json", desk->own);
  check_ok(pb_file_remove(path, &err), err);
  snprintf(path, sizeof(path), "%s/denied", desk->own);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    check_ok(pb_file_replace(path, 0600, rows[i].jobs, strlen(rows[i].jobs), &err), err);
    world.others = 0;
    // Held either way: the rig has no codes to give, and the document is not lost for that.
    assert_int_equal(print(desk, said), PB_END_CONFIG);
    assert_int_equal(strstr(said, "was refused") != NULL, rows[i].is_told);
    assert_int_equal(world.others == 0, rows[i].is_told);
  }
  assert_int_not_equal(access(path, F_OK), 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_an_account_that_may_not_print),
                                     cmocka_unit_test(test_a_page_instead_of_the_service),
                                     cmocka_unit_test(test_a_page_while_the_job_is_followed),
                                     cmocka_unit_test(test_an_old_refusal)};

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
