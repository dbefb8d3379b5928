// alloc_test - the OAuth endpoints when memory runs out: that is the service's fault (5xx), never
// the client's, who would give up its identity.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"
#include "world.h"

#define FIELDS_MAX 6

// One call of an endpoint, made of fields.
struct ask
{
  struct world *w;
  pb_call_fn_t  endpoint;
  struct
  {
    const char *name, *value;
  } fields[FIELDS_MAX];
  void (*prepare)(struct ask *ask);  // before each call, while nothing fails; may be NULL
  char        code[128];
  pb_secret_t jwt;
  int         number;
};

static void
approve(struct world *w, const char *user_code)
{
  struct pb_user     user = world_user(w, ADMIN);
  struct pb_approver by   = {.user = &user, .peer = PEER};
  pb_error_t         err  = {0};

  check_ok(pb_approval_approve(w->identity, user_code, &by, (const char *const[]){UUID_1, UUID_2},
                               2, &err),
           err);
}

// Another code, approved.
static void
prepare_code(struct ask *ask)
{
  struct reply asked = world_ask(ask->w, PB_SCOPE_REGISTER, DETAILS);

  assert_int_equal(asked.status, 200);
  approve(ask->w, pb_json_text(asked.json, "user_code"));
  pb_text_copy(ask->code, sizeof(ask->code), pb_json_text(asked.json, "device_code"));
  json_object_put(asked.json);
}

// Another assertion: each is good for once.
static void
prepare_assertion(struct ask *ask)
{
  int64_t             now    = pb_clock_now_ms();
  struct pb_assertion claims = {
    .audience = ISSUER "/oauth/token", .issued_ms = now, .expires_ms = now + 120000};
  pb_error_t err = {0};

  pb_text_copy(claims.issuer, sizeof(claims.issuer), ask->w->client_id);
  pb_text_copy(claims.subject, sizeof(claims.subject), ask->w->client_id);
  snprintf(claims.id, sizeof(claims.id), "%d", ask->number++);
  pb_secret_clear(&ask->jwt);
  check_ok(pb_jwt_sign(ask->w->key, &claims, &ask->jwt, &err), err);
}

// The same key is a machine's, too, until it says otherwise.
static void
prepare_machine(struct ask *ask)
{
  pb_error_t err = {0};

  prepare_assertion(ask);
  check_ok(pb_db_run(ask->w->db, &err, "UPDATE auth_clients SET machine = 'desk7'", ""), err);
}

static const char *
get_value(const struct ask *ask, int i)
{
  if (strcmp(ask->fields[i].name, "device_code") == 0)
    return ask->code;
  if (strcmp(ask->fields[i].name, "client_assertion") == 0)
    return ask->jwt.text;
  if (strcmp(ask->fields[i].name, "client_id") == 0)
    return ask->w->client_id;
  return ask->fields[i].value;
}

static bool
call_endpoint(void *user, pb_error_t *err)
{
  struct ask    *ask = user;
  struct pb_call call;
  int            status;

  alloc_pause();
  pb_clock_shift_ms(60 * 1000);  // limits on rates are another test's
  if (ask->prepare != NULL)
    ask->prepare(ask);
  check_ok(pb_call_init(&call, "POST", "/test", NULL, PEER, 1 << 20, err), *err);
  call.type = pb_text_dup("application/x-www-form-urlencoded");
  for (int i = 0; i < FIELDS_MAX && ask->fields[i].name != NULL; i++)
    check_ok(pb_form_append(&call.body, ask->fields[i].name, get_value(ask, i), err), *err);
  alloc_resume();
  ask->endpoint(ask->w->identity, &call);
  status = call.status;
  if (status != 200)
    pb_error_set(err, status >= 500 ? PB_RETRY : PB_BUG, "status %d %s", status,
                 call.reply.data != NULL ? call.reply.data : "");
  pb_call_clear(&call);
  return status == 200;
}

static void
register_client(struct world *w)
{
  struct reply             asked = world_ask(w, PB_SCOPE_REGISTER, DETAILS), got;
  struct pb_approved_queue queue;
  pb_principal_t           principal;
  pb_error_t               err = {0};
  char                    *csr = NULL, *cert = NULL;

  approve(w, pb_json_text(asked.json, "user_code"));
  got = world_poll(w, pb_json_text(asked.json, "device_code"));
  check_ok(pb_token_check(w->identity, pb_json_text(got.json, "access_token"), &principal, &err),
           err);
  check_ok(pb_csr_make(w->key, UUID_1, &csr, &err), err);
  check_ok(pb_identity_register_device(w->identity, &principal, UUID_1, csr, &queue, &cert, &err),
           err);
  free(csr);
  free(cert);
  json_object_put(asked.json);
  json_object_put(got.json);
}

static void
out_of_memory_is_not_the_clients_fault(void **state)
{
  struct world *w = *state;
  struct
  {
    const char *name;
    struct ask  ask;
  } rows[] = {
    {"device authorization",
     {.w        = w,
      .endpoint = pb_oauth_device_authorization,
      .fields   = {{"client_id", NULL},
                   {"scope", PB_SCOPE_REGISTER},
                   {"authorization_details", DETAILS},
                   {PB_PARAM_REQUESTER, ADMIN}}}                                                           },
    {"device code",
     {.w        = w,
      .endpoint = pb_oauth_token,
      .prepare  = prepare_code,
      .fields   = {{"grant_type", PB_GRANT_DEVICE_CODE},
                   {"device_code", NULL},
                   {"client_id", NULL}}}                                                                   },
    {"client assertion",
     {.w        = w,
      .endpoint = pb_oauth_token,
      .prepare  = prepare_assertion,
      .fields   = {{"grant_type", "client_credentials"},
                   {"client_assertion_type", PB_ASSERTION_TYPE},
                   {"client_assertion", NULL},
                   {"scope", PB_SCOPE_PROXY}}}                                                             },
    {"a machine's end",
     {.w        = w,
      .endpoint = pb_oauth_revoke,
      .prepare  = prepare_machine,
      .fields   = {{"token", "never heard of"},
                   {"client_assertion_type", PB_ASSERTION_TYPE},
                   {"client_assertion", NULL}}}                                                            },
    {"revocation",           {.w = w, .endpoint = pb_oauth_revoke, .fields = {{"token", "never heard of"}}}},
  };

  register_client(w);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct alloc_case this = {rows[i].name, call_endpoint, false};

    alloc_check(&this, 1, &rows[i].ask);
    pb_secret_clear(&rows[i].ask.jwt);
    pb_clock_shift_ms(11 * 60 * 1000);  // codes that wait end
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(out_of_memory_is_not_the_clients_fault, world_setup,
                                    world_teardown),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
