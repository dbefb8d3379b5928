// portal_test - the gate, the cookies and the pages, with no network; printers and tunnels are made
// up here.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "portal/visit.h"
#include <unistd.h>

#define ADMIN "admin@cloud.test"
#define USER "user@cloud.test"
#define PASSWORD "correct horse"
#define PEER "192.0.2.7"
#define CLIENT "0123456789012345678901234567890123456789012"
#define UUID_1 "urn:uuid:00000000-0000-4000-8000-000000000001"
#define UUID_2 "urn:uuid:00000000-0000-4000-8000-000000000002"
#define PUBLIC_KEY "a public key, which nobody uses here"
#define HOSTILE "<script>alert(\"1\")</script>'&\xE2\x80\xAE"

// --- what the portal asks of print and tunnels

static int  canceled_job, removed_printer, released_job;
static int  more_printers, listed;  // beside the first one; how often they were asked for
static char released_pin[64];

bool
pb_print_each_printer(pb_print_t *print, void (*fn)(void *user, const struct pb_printer_view *),
                      void *user, pb_error_t *err)
{
  static const struct pb_device_view devices[] = {
    {.uuid = "urn:uuid:1", .host = HOSTILE,      .client_id = CLIENT},
    { .uuid = "urn:uuid:2",          .host = "", .client_id = "other",     .is_away = true}
  };

  (void)print;
  (void)err;
  fn(user, &(struct pb_printer_view){.id             = 1,
                                     .name           = HOSTILE,
                                     .make_and_model = HOSTILE,
                                     .location       = HOSTILE,
                                     .uri            = "ipps://cloud.test/ipp/print/1",
                                     .state          = 5,
                                     .state_reasons  = HOSTILE,
                                     .state_message  = HOSTILE,
                                     .queued_jobs    = 3,
                                     .devices        = devices,
                                     .devices_count  = 2});
  listed++;
  for (int i = 0; i < more_printers; i++)
    fn(user, &(struct pb_printer_view){.id = i + 2, .name = i == 0 ? "Laser" : "Plotter"});
  return true;
}

bool
pb_print_find_printer(pb_print_t *print, const char                                *name,
                      void (*fn)(void *user, const struct pb_printer_view *), void *user,
                      pb_error_t *err)
{
  if (strcmp(name, "1") != 0)
    return pb_error_set(err, PB_GONE, "there is no printer %s", name);
  return pb_print_each_printer(print, fn, user, err);
}

static char removed_device[64];

bool
pb_print_remove_device(pb_print_t *print, int printer_id, const char *uuid, pb_error_t *err)
{
  (void)print;
  (void)err;
  (void)printer_id;
  pb_text_copy(removed_device, sizeof(removed_device), uuid);
  return true;
}

bool
pb_print_each_job(pb_print_t *print, int printer_id, const char *owner, int limit,
                  void (*fn)(void *user, const struct pb_job_view *), void *user, pb_error_t *err)
{
  (void)print;
  (void)printer_id;
  (void)limit;
  (void)err;
  fn(user, &(struct pb_job_view){.printer_id    = 1,
                                 .id            = 7,
                                 .printer_name  = HOSTILE,
                                 .name          = HOSTILE,
                                 .user          = owner != NULL ? owner : "everybody",
                                 .machine       = HOSTILE,
                                 .state         = 5,
                                 .created_ms    = 1000,
                                 .state_message = HOSTILE});
  fn(user, &(struct pb_job_view){.printer_id         = 1,
                                 .id                 = 8,
                                 .printer_name       = "Laser",
                                 .name               = "secret",
                                 .user               = "everybody",
                                 .state              = 4,
                                 .is_waiting_for_pin = true,
                                 .state_message      = ""});
  fn(user, &(struct pb_job_view){.printer_id    = 1,
                                 .id            = 9,
                                 .printer_name  = "Laser",
                                 .name          = "tonight",
                                 .user          = "everybody",
                                 .state         = 4,
                                 .hold_until_ms = 1800000000000,
                                 .state_message = ""});
  return true;
}

bool
pb_print_cancel_job(pb_print_t *print, int printer_id, int job_id, const pb_principal_t *principal,
                    pb_error_t *err)
{
  (void)print;
  (void)printer_id;
  if (principal->role == PB_ROLE_USER)
    return pb_error_set(err, PB_AUTH, "not your job");
  canceled_job = job_id;
  return true;
}

bool
pb_print_release_job(pb_print_t *print, int printer_id, int job_id, const char *pin,
                     const pb_principal_t *principal, pb_error_t *err)
{
  (void)print;
  (void)printer_id;
  (void)principal;
  if (strcmp(pin, "0000") == 0)
    return pb_error_set(err, PB_REJECT, "that is not the PIN of job %d", job_id);
  released_job = job_id;
  pb_text_copy(released_pin, sizeof(released_pin), pin);
  return true;
}

bool
pb_print_remove_printer(pb_print_t *print, int printer_id, pb_error_t *err)
{
  (void)print;
  (void)err;
  removed_printer = printer_id;
  return true;
}

int64_t
pb_tunnels_up_since_ms(pb_tunnels_t *tunnels, const char *client_id)
{
  (void)tunnels;
  (void)client_id;
  return 0;
}

// --- a browser

struct world
{
  char           folder[64];
  char           path[96];
  pb_db_t       *db;
  pb_identity_t *identity;
  pb_portal_t    portal;
  char           cookie[512];  // as the browser would send it
  char           csrf[128];    // of the last page
  int            status;
  char           location[256];
  char          *body;
};

static void
drop_log(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

static int
setup(void **state)
{
  struct world *w   = calloc(1, sizeof(*w));
  pb_error_t    err = {0};

  pb_log_set_sink(drop_log, NULL);
  canceled_job = removed_printer = 0;
  strcpy(w->folder, "/tmp/pb-portal-XXXXXX");
  assert_non_null(mkdtemp(w->folder));
  snprintf(w->path, sizeof(w->path), "%s/db", w->folder);
  check_ok(pb_db_open(w->path, &w->db, &err), err);
  check_ok(pb_identity_new(w->db, &(struct pb_identity_options){.issuer = "https://cloud.test"},
                           &w->identity, &err),
           err);
  check_ok(pb_identity_add_user(w->identity, ADMIN, PB_ROLE_ADMIN, PASSWORD, &err), err);
  check_ok(pb_identity_add_user(w->identity, USER, PB_ROLE_USER, PASSWORD, &err), err);
  w->portal.identity = w->identity;
  *state             = w;
  return 0;
}

static int
teardown(void **state)
{
  struct world *w = *state;
  char          path[128];

  pb_identity_free(w->identity);
  pb_db_close(w->db);
  unlink(w->path);
  snprintf(path, sizeof(path), "%s-wal", w->path);
  unlink(path);
  snprintf(path, sizeof(path), "%s-shm", w->path);
  unlink(path);
  rmdir(w->folder);
  free(w->body);
  free(w);
  return 0;
}

// Each cookie must be as strict as they come; the browser keeps one name=value at a time of each
// name.
static void
keep_cookie(struct world *w, const char *header)
{
  char name[64], pair[256], rest[512] = "";

  assert_non_null(strstr(header, "; Secure"));
  assert_non_null(strstr(header, "; HttpOnly"));
  assert_non_null(strstr(header, "; SameSite=Strict"));
  assert_non_null(strstr(header, "; Path=/"));
  assert_true(pb_text_has_prefix(header, "__Host-"));
  assert_null(strstr(header, "Domain"));
  snprintf(name, sizeof(name), "%.*s=", (int)strcspn(header, "="), header);
  snprintf(pair, sizeof(pair), "%.*s", (int)strcspn(header, ";"), header);
  for (char *part = strtok(w->cookie, ";"); part != NULL; part = strtok(NULL, ";"))
  {
    part += strspn(part, " ");
    if (!pb_text_has_prefix(part, name))
      snprintf(rest + strlen(rest), sizeof(rest) - strlen(rest), "%s%s",
               rest[0] != '\0' ? "; " : "", part);
  }
  if (strstr(header, "Max-Age=0") == NULL)
    snprintf(rest + strlen(rest), sizeof(rest) - strlen(rest), "%s%s", rest[0] != '\0' ? "; " : "",
             pair);
  snprintf(w->cookie, sizeof(w->cookie), "%s", rest);
}

static void
read_answer(struct world *w, const struct pb_call *call)
{
  bool has_csp = false;

  w->location[0] = '\0';
  for (size_t i = 0; i < call->headers_count; i++)
  {
    const char *name = call->headers[i].name, *value = call->headers[i].value;

    if (strcmp(name, "Set-Cookie") == 0)
      keep_cookie(w, value);
    if (strcmp(name, "Location") == 0)
      snprintf(w->location, sizeof(w->location), "%s", value);
    if (strcmp(name, "Content-Security-Policy") == 0)
      has_csp = strstr(value, "default-src 'none'") != NULL && strstr(value, "unsafe") == NULL;
  }
  assert_true(has_csp);
  w->status = call->status;
  free(w->body);
  w->body          = strdup(call->reply.data != NULL ? call->reply.data : "");
  const char *csrf = strstr(w->body, "name=\"csrf\" value=\"");
  if (csrf != NULL)
    snprintf(w->csrf, sizeof(w->csrf), "%.*s", (int)strcspn(csrf + 19, "\""), csrf + 19);
}

static void
run(struct world *w, struct pb_call *call)
{
  if (w->cookie[0] != '\0')
    call->cookie = strdup(w->cookie);
  pb_portal_answer(&w->portal, call);
  read_answer(w, call);
  pb_call_clear(call);
}

static void
get(struct world *w, const char *path, const char *query)
{
  struct pb_call call;
  pb_error_t     err = {0};

  check_ok(pb_call_init(&call, "GET", path, query, PEER, 65536, &err), err);
  run(w, &call);
}

// fields: name, value, ... NULL
static void
post(struct world *w, const char *path, const char *csrf, ...)
{
  struct pb_call call;
  pb_error_t     err = {0};
  va_list        args;

  check_ok(pb_call_init(&call, "POST", path, NULL, PEER, 65536, &err), err);
  call.type = strdup("application/x-www-form-urlencoded");
  if (csrf != NULL)
    check_ok(pb_form_append(&call.body, "csrf", csrf, &err), err);
  va_start(args, csrf);
  for (const char *name = va_arg(args, const char *); name != NULL;
       name             = va_arg(args, const char *))
    check_ok(pb_form_append(&call.body, name, va_arg(args, const char *), &err), err);
  va_end(args);
  run(w, &call);
}

static void
sign_in(struct world *w, const char *email)
{
  w->cookie[0] = '\0';
  get(w, "/sign-in", NULL);
  assert_int_equal(w->status, 200);
  post(w, "/sign-in", w->csrf, "email", email, "password", PASSWORD, NULL);
  assert_int_equal(w->status, 303);
  assert_string_equal(w->location, "/printers");
  get(w, "/account", NULL);
  assert_int_equal(w->status, 200);
}

static void
ask(struct world *w, const char *scope, struct pb_device_grant *grant)
{
  const struct pb_approved_queue queues[] = {
    {.uuid           = UUID_1,
     .queue          = HOSTILE,
     .make_and_model = HOSTILE,
     .location       = HOSTILE,
     .host           = HOSTILE},
    {.uuid = UUID_2, .queue = "Raster"},
  };
  bool                     is_register = strcmp(scope, PB_SCOPE_REGISTER) == 0;
  struct pb_device_request request     = {.client_id    = CLIENT,
                                          .scope        = scope,
                                          .requester    = HOSTILE,
                                          .peer         = "198.51.100.9",
                                          .queues       = queues,
                                          .queues_count = is_register ? 2 : 0,
                                          .public_key   = PUBLIC_KEY};
  pb_error_t               err         = {0};

  check_ok(pb_device_grant_make(w->identity, &request, grant, &err), err);
}

static enum pb_device_poll
poll_grant(struct world *w, const struct pb_device_grant *grant)
{
  struct pb_token_subject subject;
  struct pb_tokens        tokens = {0};
  pb_error_t              err    = {0};

  pb_clock_shift_ms(60000);
  enum pb_device_poll poll =
    pb_device_grant_poll(w->identity, grant->device_code.text, CLIENT, &subject, &tokens, &err);
  pb_tokens_clear(&tokens);
  return poll;
}

// --- tests

static const char *const everybody[] = {"/sign-in", "/style.css"};
static const char *const users[]     = {"/printers", "/jobs", "/device", "/account"};
static const char *const admins[]    = {"/users"};
static const char *const forms[]     = {
      "/sign-in",
      "/sign-out",
      "/device",
      "/device/decide",
      "/printers/remove",
      "/printers/devices/remove",
      "/jobs/cancel",
      "/jobs/release",
      "/account/password",
      "/account/app-passwords",
      "/account/app-passwords/remove",
      "/account/programs/remove",
      "/users/machines/remove",
      "/users/add",
      "/users/remove",
      "/users/role",
};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
test_rights(void **state)
{
  struct world *w = *state;

  for (size_t i = 0; i < COUNT(everybody); i++)
  {
    get(w, everybody[i], NULL);
    assert_int_equal(w->status, 200);
  }
  get(w, "/device", "user_code=BCDF-GHJK");
  assert_int_equal(w->status, 303);
  assert_string_equal(w->location, "/sign-in?next=%2Fdevice%3Fuser_code%3DBCDF-GHJK");
  for (size_t i = 0; i < COUNT(users); i++)
  {
    get(w, users[i], NULL);
    assert_int_equal(w->status, 303);
  }
  for (size_t i = 0; i < COUNT(admins); i++)
  {
    get(w, admins[i], NULL);
    assert_int_equal(w->status, 303);
  }
  sign_in(w, USER);
  for (size_t i = 0; i < COUNT(users); i++)
  {
    get(w, users[i], NULL);
    assert_int_equal(w->status, 200);
  }
  for (size_t i = 0; i < COUNT(admins); i++)
  {
    get(w, admins[i], NULL);
    assert_int_equal(w->status, 403);
  }
  post(w, "/users/role", w->csrf, "email", USER, "role", "administrator", NULL);
  assert_int_equal(w->status, 403);
  get(w, "/nothing", NULL);
  assert_int_equal(w->status, 404);
  get(w, "/device/decide", NULL);  // a form only
  assert_int_equal(w->status, 405);
}

static void
test_csrf(void **state)
{
  struct world *w = *state;
  char          good[128];

  sign_in(w, ADMIN);
  snprintf(good, sizeof(good), "%s", w->csrf);
  for (size_t i = 0; i < COUNT(forms); i++)
  {
    print_message("%s\n", forms[i]);
    post(w, forms[i], NULL, "printer", "1", "job", "7", "email", USER, "role", "user", NULL);
    assert_int_equal(w->status, 403);
    post(w, forms[i], "wrong", "printer", "1", "job", "7", "email", USER, "role", "user", NULL);
    assert_int_equal(w->status, 403);
  }
  assert_int_equal(canceled_job, 0);
  assert_int_equal(removed_printer, 0);
  post(w, "/jobs/cancel", good, "printer", "1", "job", "7", NULL);
  assert_int_equal(w->status, 303);
  assert_int_equal(canceled_job, 7);

  assert_int_equal(released_job, 0);
  post(w, "/jobs/release", good, "printer", "1", "job", "8", "pin", "0000", NULL);
  assert_int_equal(w->status, 400);
  assert_non_null(strstr(w->body, "that is not the PIN of job 8"));
  post(w, "/jobs/release", good, "printer", "1", "job", "8", "pin", "1234", NULL);
  assert_int_equal(w->status, 303);
  assert_int_equal(released_job, 8);
  assert_string_equal(released_pin, "1234");
  get(w, "/jobs", NULL);
  assert_non_null(strstr(w->body, "Waits for its PIN"));
  assert_non_null(strstr(w->body, "aria-label=\"PIN of job 8\""));
  assert_null(strstr(w->body, "aria-label=\"PIN of job 7\""));
  assert_non_null(strstr(w->body, "Held</span><small>until 2027-01-15T08:00:00Z</small>"));

  // Another session's token does not do.
  struct world other = {.portal = w->portal, .identity = w->identity};
  sign_in(&other, USER);
  post(&other, "/jobs/cancel", good, "printer", "1", "job", "8", NULL);
  assert_int_equal(other.status, 403);
  post(&other, "/jobs/cancel", other.csrf, "printer", "1", "job", "8", NULL);
  assert_int_equal(other.status, 403);  // print says it is not the user's
  assert_int_equal(canceled_job, 7);
  free(other.body);
}

static void
test_sign_in(void **state)
{
  static const struct
  {
    const char *name, *next, *want;
  } rows[] = {
    {"none",       "",                            "/printers"                  },
    {"own",        "/device?user_code=BCDF-GHJK", "/device?user_code=BCDF-GHJK"},
    {"other host", "https://evil.test/",          "/printers"                  },
    {"no scheme",  "//evil.test/",                "/printers"                  },
    {"backslash",  "/\\evil.test/",               "/printers"                  },
    {"line break", "/x\r\nSet-Cookie: a=b",       "/printers"                  },
    {"script",     "javascript:alert(1)",         "/printers"                  },
  };
  struct world *w = *state;
  char          visitor[512];

  for (size_t i = 0; i < COUNT(rows); i++)
  {
    print_message("%s\n", rows[i].name);
    w->cookie[0] = '\0';
    get(w, "/sign-in", NULL);
    post(w, "/sign-in", w->csrf, "email", USER, "password", PASSWORD, "next", rows[i].next, NULL);
    assert_int_equal(w->status, 303);
    assert_string_equal(w->location, rows[i].want);
  }
  // A new secret at sign-in; the visitor's opens nothing.
  w->cookie[0] = '\0';
  get(w, "/sign-in", NULL);
  snprintf(visitor, sizeof(visitor), "%s", w->cookie);
  assert_true(pb_text_has_prefix(visitor, "__Host-pb_visitor="));
  post(w, "/sign-in", w->csrf, "email", USER, "password", PASSWORD, NULL);
  assert_null(strstr(w->cookie, "visitor"));
  snprintf(w->cookie, sizeof(w->cookie), "__Host-pb_session=%s", strchr(visitor, '=') + 1);
  get(w, "/printers", NULL);
  assert_int_equal(w->status, 303);
}

static void
test_lock_out(void **state)
{
  struct world *w     = *state;
  int           tries = 0;

  get(w, "/sign-in", NULL);
  do
  {
    post(w, "/sign-in", w->csrf, "email", USER, "password", "guess", NULL);
    tries++;
  } while (w->status == 403 && tries < 50);
  assert_int_equal(w->status, 429);
  assert_true(tries <= 7);
  assert_non_null(strstr(w->body, "try again in"));
  post(w, "/sign-in", w->csrf, "email", USER, "password", PASSWORD, NULL);
  assert_int_equal(w->status, 429);  // the right one as well
  pb_clock_shift_ms(16 * 60 * 1000);
  post(w, "/sign-in", w->csrf, "email", USER, "password", PASSWORD, NULL);
  assert_int_equal(w->status, 303);
}

static void
test_session_ends(void **state)
{
  struct world *w = *state;
  char          cookie[512];

  sign_in(w, USER);
  pb_clock_shift_ms(PB_SESSION_IDLE_MS - 60000);
  get(w, "/account", NULL);
  assert_int_equal(w->status, 200);
  pb_clock_shift_ms(PB_SESSION_IDLE_MS - 60000);
  get(w, "/account", NULL);
  assert_int_equal(w->status, 200);
  pb_clock_shift_ms(PB_SESSION_IDLE_MS + 60000);
  get(w, "/account", NULL);
  assert_int_equal(w->status, 303);

  sign_in(w, USER);
  for (int i = 0; i < 12 * 60 / 20; i++)
  {
    pb_clock_shift_ms(20 * 60 * 1000);
    get(w, "/account", NULL);
  }
  pb_clock_shift_ms(1000);
  get(w, "/account", NULL);
  assert_int_equal(w->status, 303);  // however busy

  sign_in(w, USER);
  snprintf(cookie, sizeof(cookie), "%s", w->cookie);
  post(w, "/sign-out", w->csrf, NULL);
  assert_int_equal(w->status, 303);
  snprintf(w->cookie, sizeof(w->cookie), "%s", cookie);  // a browser that does not forget
  get(w, "/account", NULL);
  assert_int_equal(w->status, 303);
}

static void
test_escaping(void **state)
{
  struct world          *w     = *state;
  struct pb_device_grant grant = {0};

  sign_in(w, ADMIN);
  ask(w, PB_SCOPE_REGISTER, &grant);
  post(w, "/device", w->csrf, "user_code", grant.user_code, NULL);
  assert_int_equal(w->status, 200);
  assert_null(strstr(w->body, "<script"));
  assert_null(strstr(w->body, "\xE2\x80\xAE"));
  assert_non_null(
    strstr(w->body, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;\xEF\xBF\xBD"));
  assert_non_null(strstr(w->body, "198.51.100.9"));
  pb_device_grant_clear(&grant);
  for (size_t i = 0; i < COUNT(users); i++)
  {
    get(w, users[i], "user_code=%3Cscript%3E%22%27");
    assert_int_equal(w->status, 200);
    assert_null(strstr(w->body, "<script"));
  }
  post(w, "/users/add", w->csrf, "email", HOSTILE, "role", "user", "password", PASSWORD, NULL);
  assert_int_equal(w->status, 400);
  assert_null(strstr(w->body, "<script"));
}

// Whom a queue joins is told before anything is approved.
static void
test_joins(void **state)
{
  static const struct
  {
    const char *join, *want;
  } rows[] = {
    {"",  NULL                                                             },
    {"1", "<b>joins the printer &lt;script&gt;"                            },
    {"2", "joins the printer 2, which there is not: it cannot be shared so"},
  };
  struct world *w = *state;

  sign_in(w, ADMIN);
  for (size_t i = 0; i < COUNT(rows); i++)
  {
    struct pb_approved_queue queue   = {.uuid = UUID_1, .queue = "Laser"};
    struct pb_device_request request = {.client_id    = CLIENT,
                                        .scope        = PB_SCOPE_REGISTER,
                                        .requester    = "",
                                        .peer         = "198.51.100.9",
                                        .queues       = &queue,
                                        .queues_count = 1};
    struct pb_device_grant   grant   = {0};
    pb_error_t               err     = {0};

    snprintf(queue.join, sizeof(queue.join), "%s", rows[i].join);
    check_ok(pb_device_grant_make(w->identity, &request, &grant, &err), err);
    post(w, "/device", w->csrf, "user_code", grant.user_code, NULL);
    assert_int_equal(w->status, 200);
    if (rows[i].want == NULL)
      assert_null(strstr(w->body, "joins the printer"));
    else
      assert_non_null(strstr(w->body, rows[i].want));
    assert_null(strstr(w->body, "<script"));
    if (i == 1)
      assert_non_null(strstr(w->body, "and a print server serve already"));
    pb_device_grant_clear(&grant);
  }
}

static void
ask_to_adopt(struct world *w, int queues_count, struct pb_device_grant *grant)
{
  struct pb_approved_queue *queues  = calloc((size_t)queues_count, sizeof(*queues));
  struct pb_device_request  request = {.client_id    = CLIENT,
                                       .scope        = PB_SCOPE_REGISTER,
                                       .requester    = "",
                                       .peer         = "198.51.100.9",
                                       .queues       = queues,
                                       .queues_count = (size_t)queues_count};
  pb_error_t                err     = {0};

  assert_non_null(queues);
  for (int i = 0; i < queues_count; i++)
  {
    snprintf(queues[i].uuid, sizeof(queues[i].uuid), "urn:uuid:00000000-0000-4000-8000-%012d",
             i + 1);
    strcpy(queues[i].queue, "Laser");
    strcpy(queues[i].adopt, "former");
  }
  check_ok(pb_device_grant_make(w->identity, &request, grant, &err), err);
  free(queues);
}

static int
count_text(const char *body, const char *text)
{
  int count = 0;

  for (const char *at = strstr(body, text); at != NULL; at = strstr(at + 1, text))
    count++;
  return count;
}

// A page of a whole print server at a large service: the printers are read once, and listed once.
static void
test_formers(void **state)
{
  static const struct
  {
    int  queues, printers, options;
    bool has_list;
  } rows[] = {
    {2,   3,    2 * 6,          false}, // "a new printer", two devices, three printers
    {200, 2000, 200 * 2 + 2002, true }, // "a new printer", the one that is alike
  };
  struct world *w = *state;

  sign_in(w, ADMIN);
  for (size_t i = 0; i < COUNT(rows); i++)
  {
    struct pb_device_grant grant = {0};

    more_printers = rows[i].printers;
    listed        = 0;
    ask_to_adopt(w, rows[i].queues, &grant);
    post(w, "/device", w->csrf, "user_code", grant.user_code, NULL);
    assert_int_equal(w->status, 200);
    assert_int_equal(listed, 1);
    assert_int_equal(count_text(w->body, "<option"), rows[i].options);
    assert_int_equal(strstr(w->body, "<datalist") != NULL, rows[i].has_list);
    assert_null(strstr(w->body, "<script"));
    pb_device_grant_clear(&grant);
  }
  more_printers = 0;
}

static void
test_adoption(void **state)
{
  static const struct
  {
    const char *name, *adopt, *other;
    int         status;
  } rows[] = {
    {"a new one",        "",          "",             200},
    {"one of the few",   "1 " UUID_2, "",             200},
    {"one of all",       "",          "1 " UUID_2,    200},
    {"without a server", "2 ",        "",             200},
    {"both",             "1 " UUID_2, "2 ",           400},
    {"no number",        "Laser",     "",             400},
    {"no printer",       "0 " UUID_2, "",             400},
    {"no uuid",          "",          "1 urn:uuid:",  400},
    {"too large",        "",          "99999999999 ", 400},
  };
  struct world *w = *state;

  sign_in(w, ADMIN);
  for (size_t i = 0; i < COUNT(rows); i++)
  {
    struct pb_device_grant grant = {0};

    print_message("%s\n", rows[i].name);
    ask_to_adopt(w, 1, &grant);
    post(w, "/device/decide", w->csrf, "user_code", grant.user_code, "decision", "approve", "queue",
         UUID_1, "adopt-" UUID_1, rows[i].adopt, "other-" UUID_1, rows[i].other, NULL);
    assert_int_equal(w->status, rows[i].status);
    assert_int_equal(poll_grant(w, &grant) == PB_DEVICE_POLL_GRANTED, rows[i].status == 200);
    pb_device_grant_clear(&grant);
  }
}

static void
test_print_servers_of_a_printer(void **state)
{
  struct world *w = *state;

  sign_in(w, USER);
  get(w, "/printers", NULL);
  assert_non_null(strstr(w->body, ">Away<"));
  assert_null(strstr(w->body, "/printers/devices/remove"));
  post(w, "/printers/devices/remove", w->csrf, "printer", "1", "device", "urn:uuid:2", NULL);
  assert_int_equal(w->status, 403);
  assert_string_equal(removed_device, "");
  sign_in(w, ADMIN);
  get(w, "/printers", NULL);
  assert_non_null(strstr(w->body, "name=\"device\" value=\"urn:uuid:2\""));
  post(w, "/printers/devices/remove", w->csrf, "printer", "x", "device", "urn:uuid:2", NULL);
  assert_int_equal(w->status, 400);
  post(w, "/printers/devices/remove", w->csrf, "printer", "1", "device", "urn:uuid:2", NULL);
  assert_int_equal(w->status, 303);
  assert_string_equal(removed_device, "urn:uuid:2");
}

static void
test_gets_change_nothing(void **state)
{
  struct world          *w     = *state;
  struct pb_device_grant grant = {0};
  char                   query[128];

  sign_in(w, ADMIN);
  ask(w, PB_SCOPE_REGISTER, &grant);
  snprintf(query, sizeof(query), "user_code=%s&decision=approve&queue=" UUID_1, grant.user_code);
  get(w, "/device", query);
  assert_int_equal(w->status, 200);
  assert_non_null(strstr(w->body, grant.user_code));  // filled in
  for (size_t i = 0; i < COUNT(forms); i++)
    get(w, forms[i], query);
  get(w, "/sign-in", NULL);
  assert_int_equal(w->status, 303);                                 // still signed in
  post(w, "/device", w->csrf, "user_code", grant.user_code, NULL);  // shows only
  assert_int_equal(poll_grant(w, &grant), PB_DEVICE_POLL_PENDING);
  pb_device_grant_clear(&grant);
}

static void
test_approval(void **state)
{
  struct world             *w      = *state;
  struct pb_device_grant    grant  = {0};
  struct pb_approved_queue *queues = NULL;
  size_t                    count  = 0;
  pb_error_t                err    = {0};

  sign_in(w, USER);
  ask(w, PB_SCOPE_REGISTER, &grant);
  post(w, "/device", w->csrf, "user_code", grant.user_code, NULL);
  assert_int_equal(w->status, 403);
  post(w, "/device/decide", w->csrf, "user_code", grant.user_code, "decision", "approve", "queue",
       UUID_1, NULL);
  assert_int_equal(w->status, 403);
  assert_int_equal(poll_grant(w, &grant), PB_DEVICE_POLL_PENDING);

  sign_in(w, ADMIN);
  post(w, "/device", w->csrf, "user_code", "BCDFGHJK", NULL);
  assert_int_equal(w->status, 404);
  post(w, "/device/decide", w->csrf, "user_code", grant.user_code, "decision", "approve", NULL);
  assert_int_equal(w->status, 400);  // none chosen
  post(w, "/device/decide", w->csrf, "user_code", grant.user_code, NULL);
  assert_int_equal(w->status, 400);
  post(w, "/device/decide", w->csrf, "user_code", grant.user_code, "decision", "approve", "queue",
       UUID_2, NULL);
  assert_int_equal(w->status, 200);
  pb_clock_shift_ms(60000);
  struct pb_token_subject subject;
  struct pb_tokens        tokens = {0};
  assert_int_equal(
    pb_device_grant_poll(w->identity, grant.device_code.text, CLIENT, &subject, &tokens, &err),
    PB_DEVICE_POLL_GRANTED);
  check_ok(
    pb_device_grant_queues(w->identity, subject.grant_id, PB_GRANT_APPROVED, &queues, &count, &err),
    err);
  assert_int_equal(count, 1);
  assert_string_equal(queues[0].queue, "Raster");
  free(queues);
  pb_tokens_clear(&tokens);
  pb_device_grant_clear(&grant);

  ask(w, PB_SCOPE_REGISTER, &grant);
  post(w, "/device/decide", w->csrf, "user_code", grant.user_code, "decision", "deny", NULL);
  assert_int_equal(w->status, 200);
  assert_int_equal(poll_grant(w, &grant), PB_DEVICE_POLL_DENIED);
  pb_device_grant_clear(&grant);

  sign_in(w, USER);
  ask(w, PB_SCOPE_USER, &grant);
  post(w, "/device/decide", w->csrf, "user_code", grant.user_code, "decision", "approve", NULL);
  assert_int_equal(w->status, 200);
  assert_int_equal(poll_grant(w, &grant), PB_DEVICE_POLL_GRANTED);
  pb_device_grant_clear(&grant);
}

static void
test_account(void **state)
{
  struct world  *w = *state;
  char           password[64], basic[128];
  pb_principal_t principal;
  pb_error_t     err = {0};

  sign_in(w, USER);
  post(w, "/account/app-passwords", w->csrf, "name", "Laptop", NULL);
  assert_int_equal(w->status, 200);
  const char *at = strstr(w->body, "class=\"shown\">");
  assert_non_null(at);
  snprintf(password, sizeof(password), "%.*s", (int)strcspn(at + 14, "<"), at + 14);
  snprintf(basic, sizeof(basic), USER ":%s", password);
  char *encoded = pb_text_format_base64(basic, strlen(basic), false);
  snprintf(basic, sizeof(basic), "Basic %s", encoded);
  free(encoded);
  check_ok(pb_identity_authenticate(w->identity, basic, PEER, &principal, &err), err);
  assert_int_equal(principal.role, PB_ROLE_USER);
  get(w, "/account", NULL);
  assert_null(strstr(w->body, password));  // shown once
  at = strstr(w->body, "name=\"id\" value=\"");
  assert_non_null(at);
  char id[24];
  snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 17, "\""), at + 17);
  post(w, "/account/app-passwords/remove", w->csrf, "id", id, NULL);
  assert_int_equal(w->status, 303);
  assert_false(pb_identity_authenticate(w->identity, basic, PEER, &principal, &err));

  post(w, "/account/password", w->csrf, "current", "wrong", "password", "new password", "again",
       "new password", NULL);
  assert_int_equal(w->status, 400);
  post(w, "/account/password", w->csrf, "current", PASSWORD, "password", "new password", "again",
       "other", NULL);
  assert_int_equal(w->status, 400);
  post(w, "/account/password", w->csrf, "current", PASSWORD, "password", "short", "again", "short",
       NULL);
  assert_int_equal(w->status, 400);
  post(w, "/account/password", w->csrf, "current", PASSWORD, "password", "new password", "again",
       "new password", NULL);
  assert_int_equal(w->status, 200);
  get(w, "/account", NULL);
  assert_int_equal(w->status, 200);  // this browser stays
}

static void
test_users(void **state)
{
  struct world *w = *state;

  sign_in(w, ADMIN);
  post(w, "/users/add", w->csrf, "email", "New@cloud.test", "role", "operator", "password",
       PASSWORD, NULL);
  assert_int_equal(w->status, 303);
  post(w, "/users/add", w->csrf, "email", "new@cloud.test", "role", "operator", "password",
       PASSWORD, NULL);
  assert_int_equal(w->status, 400);
  post(w, "/users/add", w->csrf, "email", "x@cloud.test", "role", "proxy", "password", PASSWORD,
       NULL);
  assert_int_equal(w->status, 400);
  post(w, "/users/role", w->csrf, "email", ADMIN, "role", "user", NULL);
  assert_int_equal(w->status, 400);  // the last administrator
  post(w, "/users/remove", w->csrf, "email", ADMIN, NULL);
  assert_int_equal(w->status, 400);
  post(w, "/users/role", w->csrf, "email", "new@cloud.test", "role", "administrator", NULL);
  assert_int_equal(w->status, 303);
  post(w, "/users/role", w->csrf, "email", ADMIN, "role", "user", NULL);
  assert_int_equal(w->status, 303);
  get(w, "/users", NULL);
  assert_int_equal(w->status, 403);  // at once
}

// What the hidden field of that name in the page's first such form says.
static void
copy_field(struct world *w, const char *name, char value[128])
{
  char        field[64];
  const char *at;

  snprintf(field, sizeof(field), "name=\"%s\" value=\"", name);
  at = strstr(w->body, field);
  assert_non_null(at);
  at += strlen(field);
  snprintf(value, 128, "%.*s", (int)strcspn(at, "\""), at);
}

static void
allow(struct world *w, const char *scope, const char *title)
{
  struct pb_device_grant grant = {0};

  ask(w, scope, &grant);
  get(w, "/device", NULL);
  post(w, "/device", w->csrf, "user_code", grant.user_code, NULL);
  assert_int_equal(w->status, 200);
  assert_non_null(strstr(w->body, title));
  assert_null(strstr(w->body, "<script"));
  post(w, "/device/decide", w->csrf, "user_code", grant.user_code, "decision", "approve", NULL);
  assert_int_equal(w->status, 200);
  assert_int_equal(poll_grant(w, &grant), PB_DEVICE_POLL_GRANTED);
  pb_device_grant_clear(&grant);
}

// A program is its user's to take back, nobody else's.
static void
test_programs(void **state)
{
  struct world *w = *state;
  char          program[128];

  sign_in(w, USER);
  allow(w, PB_SCOPE_USER, "Allow this program?");
  get(w, "/account", NULL);
  assert_null(strstr(w->body, "<script"));
  assert_non_null(strstr(w->body, "&lt;script&gt;"));
  copy_field(w, "program", program);

  sign_in(w, ADMIN);
  get(w, "/account", NULL);
  assert_null(strstr(w->body, "name=\"program\""));
  post(w, "/account/programs/remove", w->csrf, "program", program, NULL);
  sign_in(w, USER);
  get(w, "/account", NULL);
  assert_non_null(strstr(w->body, program));
  post(w, "/account/programs/remove", w->csrf, "program", program, NULL);
  assert_int_equal(w->status, 303);
  get(w, "/account", NULL);
  assert_null(strstr(w->body, "name=\"program\""));
}

static void
test_machines(void **state)
{
  struct world          *w     = *state;
  struct pb_device_grant grant = {0};
  char                   client[128];

  sign_in(w, USER);
  ask(w, PB_SCOPE_MACHINE, &grant);
  get(w, "/device", NULL);
  post(w, "/device", w->csrf, "user_code", grant.user_code, NULL);
  assert_int_equal(w->status, 403);
  assert_non_null(strstr(w->body, "Only an administrator can let a machine"));
  post(w, "/device/decide", w->csrf, "user_code", grant.user_code, "decision", "approve", NULL);
  assert_int_not_equal(w->status, 200);
  assert_int_equal(poll_grant(w, &grant), PB_DEVICE_POLL_PENDING);
  pb_device_grant_clear(&grant);

  sign_in(w, ADMIN);
  allow(w, PB_SCOPE_MACHINE, "Let this machine print for its users?");
  get(w, "/users", NULL);
  assert_null(strstr(w->body, "<script"));
  copy_field(w, "client", client);
  assert_string_equal(client, CLIENT);
  sign_in(w, USER);
  post(w, "/users/machines/remove", w->csrf, "client", client, NULL);
  assert_int_equal(w->status, 403);
  sign_in(w, ADMIN);
  post(w, "/users/machines/remove", w->csrf, "client", client, NULL);
  assert_int_equal(w->status, 303);
  post(w, "/users/machines/remove", w->csrf, "client", client, NULL);
  assert_int_equal(w->status, 400);
  get(w, "/users", NULL);
  assert_null(strstr(w->body, "name=\"client\""));
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    WORLD(test_rights),
    WORLD(test_csrf),
    WORLD(test_sign_in),
    WORLD(test_lock_out),
    WORLD(test_session_ends),
    WORLD(test_escaping),
    WORLD(test_joins),
    WORLD(test_formers),
    WORLD(test_adoption),
    WORLD(test_print_servers_of_a_printer),
    WORLD(test_gets_change_nothing),
    WORLD(test_approval),
    WORLD(test_account),
    WORLD(test_users),
    WORLD(test_programs),
    WORLD(test_machines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
