// machine_test - computers that sign in by a key of their own, and answers to refreshes that get
// lost.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "identity/assertion.h"
#include "identity/machine.h"

#define HOST "desk7"

static void
sign(const pb_key_t *key, const char *client_id, const char *audience, bool has_key, char jwt[2048])
{
  static int          number;
  pb_secret_t         text   = {0};
  pb_error_t          err    = {0};
  struct pb_assertion claims = {.issued_ms  = pb_clock_now_ms(),
                                .expires_ms = pb_clock_now_ms() + 60000};

  pb_text_copy(claims.issuer, sizeof(claims.issuer), client_id);
  pb_text_copy(claims.subject, sizeof(claims.subject), client_id);
  pb_text_copy(claims.audience, sizeof(claims.audience), audience);
  pb_text_format(claims.id, sizeof(claims.id), "jti-%d", ++number);
  check_ok(has_key ? pb_jwt_sign_with_key(key, &claims, &text, &err)
                   : pb_jwt_sign(key, &claims, &text, &err),
           err);
  assert_true(pb_text_copy(jwt, 2048, text.text));
  pb_secret_clear(&text);
}

static struct reply
ask_with(struct world *w, const char *client_id, const char *jwt)
{
  return world_post(w, pb_oauth_device_authorization, "client_id", client_id, "scope",
                    PB_SCOPE_MACHINE, PB_PARAM_REQUESTER, HOST, "client_assertion_type",
                    jwt != NULL ? PB_ASSERTION_TYPE : NULL, "client_assertion", jwt, NULL);
}

static struct reply
ask(struct world *w)
{
  char jwt[2048];

  sign(w->key, w->client_id, ISSUER, /*has_key*/ true, jwt);
  return ask_with(w, w->client_id, jwt);
}

static struct reply
get_token(struct world *w, const char *scope)
{
  char jwt[2048];

  sign(w->key, w->client_id, ISSUER PB_PATH_TOKEN, /*has_key*/ false, jwt);
  return world_post(w, pb_oauth_token, "grant_type", "client_credentials", "scope", scope,
                    "client_assertion_type", PB_ASSERTION_TYPE, "client_assertion", jwt, NULL);
}

static bool
approve(struct world *w, const struct reply *asked, const char *email, pb_error_t *err)
{
  struct pb_user     user = world_user(w, email);
  struct pb_approver by   = {.user = &user, .peer = PEER};

  return pb_approval_approve(w->identity, pb_json_text(asked->json, "user_code"), &by, NULL, 0,
                             err);
}

static void
check_principal(struct world *w, const struct reply *got)
{
  pb_principal_t principal;
  pb_error_t     err = {0};

  assert_int_equal(got->status, 200);
  assert_null(pb_json_text(got->json, "refresh_token"));
  assert_null(pb_json_text(got->json, "username"));
  check_ok(pb_token_check(w->identity, pb_json_text(got->json, "access_token"), &principal, &err),
           err);
  assert_int_equal(principal.role, PB_ROLE_USER);
  assert_string_equal(principal.name, w->client_id);
  assert_string_equal(principal.machine, HOST);
  assert_false(principal.may_register);
}

static void
count_machine(void *user, const struct pb_machine *machine)
{
  int *count = user;

  assert_string_equal(machine->host, HOST);
  (*count)++;
}

static void
test_life(void **state)
{
  struct world     *w     = *state;
  pb_error_t        err   = {0};
  struct reply      asked = ask(w);
  struct reply      got;
  struct pb_machine machine;
  pb_principal_t    principal;
  int               count = 0;

  assert_int_equal(asked.status, 200);
  // What only was asked for is worth nothing.
  check_error(get_token(w, PB_SCOPE_MACHINE), "invalid_client");
  assert_false(approve(w, &asked, USER, &err));
  assert_int_equal(err.kind, PB_AUTH);
  check_ok(approve(w, &asked, ADMIN, &err), err);
  got = world_poll(w, pb_json_text(asked.json, "device_code"));
  check_principal(w, &got);
  json_object_put(got.json);

  got = get_token(w, PB_SCOPE_MACHINE);
  check_principal(w, &got);
  check_error(get_token(w, PB_SCOPE_PROXY), "invalid_client");
  check_error(get_token(w, NULL), "invalid_client");
  check_error(get_token(w, PB_SCOPE_USER), "invalid_scope");
  check_ok(pb_machine_find(w->identity, w->client_id, &machine, &err), err);
  check_ok(pb_machine_each(w->identity, count_machine, &count, &err), err);
  assert_int_equal(count, 1);

  check_ok(pb_identity_revoke_client(w->identity, w->client_id, &err), err);
  assert_false(
    pb_token_check(w->identity, pb_json_text(got.json, "access_token"), &principal, &err));
  check_error(get_token(w, PB_SCOPE_MACHINE), "invalid_client");
  assert_false(pb_machine_find(w->identity, w->client_id, &machine, &err));
  json_object_put(got.json);
  json_object_put(asked.json);
}

static struct reply
give_up(struct world *w, const char *token, const char *client_id)
{
  char jwt[2048];

  sign(w->key, client_id, ISSUER, /*has_key*/ false, jwt);
  return world_post(w, pb_oauth_revoke, "token", token, "client_id", client_id,
                    "client_assertion_type", PB_ASSERTION_TYPE, "client_assertion", jwt, NULL);
}

static struct reply
sign_in(struct world *w)
{
  struct reply asked = ask(w);
  pb_error_t   err   = {0};

  assert_int_equal(asked.status, 200);
  check_ok(approve(w, &asked, ADMIN, &err), err);
  json_object_put(world_poll(w, pb_json_text(asked.json, "device_code")).json);
  json_object_put(asked.json);
  return get_token(w, PB_SCOPE_MACHINE);
}

// printbridge logout --system: the machine goes from the list, and its key is worth nothing.
static void
test_it_gives_up(void **state)
{
  struct world     *w     = *state;
  pb_error_t        err   = {0};
  struct reply      got   = sign_in(w);
  const char       *token = pb_json_text(got.json, "access_token");
  struct reply      gone;
  struct pb_machine machine;
  pb_principal_t    principal;

  check_error(give_up(w, token, "somebody-else"), "invalid_client");
  check_ok(pb_machine_find(w->identity, w->client_id, &machine, &err), err);
  // The token alone, which could have been stolen, ends itself alone.
  gone = world_post(w, pb_oauth_revoke, "token", token, NULL);
  assert_int_equal(gone.status, 200);
  json_object_put(gone.json);
  assert_false(pb_token_check(w->identity, token, &principal, &err));
  pb_error_clear(&err);
  check_ok(pb_machine_find(w->identity, w->client_id, &machine, &err), err);

  gone = give_up(w, token, w->client_id);
  assert_int_equal(gone.status, 200);
  json_object_put(gone.json);
  assert_false(pb_machine_find(w->identity, w->client_id, &machine, &err));
  check_error(get_token(w, PB_SCOPE_MACHINE), "invalid_client");
  check_error(give_up(w, token, w->client_id), "invalid_client");
  json_object_put(got.json);
}

// The same key may be a connector's: that stays.
static void
test_a_connector_stays(void **state)
{
  struct world     *w   = *state;
  pb_error_t        err = {0};
  struct reply      got = sign_in(w);
  struct pb_machine machine;

  check_ok(pb_db_run(w->db, &err,
                     "INSERT INTO auth_devices (uuid, client_id, queue, make_and_model, location,"
                     " host, registered_ms) VALUES (?, ?, '', '', '', '', 1)",
                     "tt", "urn:uuid:5d2f0c52-7b1e-4d52-9a39-2d1a4c7f0a11", w->client_id),
           err);
  json_object_put(give_up(w, pb_json_text(got.json, "access_token"), w->client_id).json);
  assert_false(pb_machine_find(w->identity, w->client_id, &machine, &err));
  check_error(get_token(w, PB_SCOPE_MACHINE), "invalid_client");
  json_object_put(got.json);
  got = get_token(w, PB_SCOPE_PROXY);
  assert_int_equal(got.status, 200);
  check_error(give_up(w, pb_json_text(got.json, "access_token"), w->client_id), "invalid_client");
  json_object_put(got.json);
}

static void
test_refused(void **state)
{
  struct world *w     = *state;
  pb_key_t     *other = NULL;
  pb_error_t    err   = {0};
  char          jwt[2048], id[PB_KEY_ID_SIZE];

  check_ok(pb_key_make(&other, &err), err);
  pb_key_get_id(other, id);
  check_error(ask_with(w, w->client_id, NULL), "invalid_request");
  check_error(ask_with(w, w->client_id, "a.b.c"), "invalid_client");
  sign(w->key, w->client_id, ISSUER, /*has_key*/ false, jwt);
  check_error(ask_with(w, w->client_id, jwt), "invalid_client");  // no key in it
  sign(other, w->client_id, ISSUER, /*has_key*/ true, jwt);
  check_error(ask_with(w, w->client_id, jwt), "invalid_client");  // another one's name
  sign(other, id, ISSUER, /*has_key*/ true, jwt);
  check_error(ask_with(w, w->client_id, jwt), "invalid_client");  // client_id differs
  sign(w->key, w->client_id, "https://other.test", /*has_key*/ true, jwt);
  check_error(ask_with(w, w->client_id, jwt), "invalid_client");  // for somebody else
  sign(w->key, w->client_id, ISSUER, /*has_key*/ true, jwt);
  struct reply asked = ask_with(w, w->client_id, jwt);
  assert_int_equal(asked.status, 200);
  json_object_put(asked.json);
  pb_key_free(other);
}

// Strangers may ask as often as the codes allow: those who are known do not notice.
static void
test_strangers(void **state)
{
  struct world *w   = *state;
  pb_error_t    err = {0};
  char          client_id[PB_CLIENT_ID_SIZE], jwt[2048], *pem = NULL;

  sign(w->key, w->client_id, ISSUER, /*has_key*/ true, jwt);
  for (int i = 0; i < 3; i++)
  {
    check_ok(pb_assertion_check_new(w->identity, jwt, client_id, &pem, &err), err);
    assert_string_equal(client_id, w->client_id);
    free(pem);
  }
}

static struct reply
refresh(struct world *w, const struct reply *from)
{
  return world_post(w, pb_oauth_token, "grant_type", "refresh_token", "refresh_token",
                    pb_json_text(from->json, "refresh_token"), "client_id", w->client_id, NULL);
}

static struct reply
obtain_user(struct world *w)
{
  pb_error_t   err   = {0};
  struct reply asked = world_ask(w, PB_SCOPE_USER, NULL);
  struct reply got;

  check_ok(approve(w, &asked, USER, &err), err);
  got = world_poll(w, pb_json_text(asked.json, "device_code"));
  assert_int_equal(got.status, 200);
  assert_string_equal(pb_json_text(got.json, "username"), USER);
  json_object_put(asked.json);
  return got;
}

// The answer to a refresh may be lost, or its reader killed before it was saved.
static void
test_lost_answer(void **state)
{
  struct world *w     = *state;
  struct reply  first = obtain_user(w);
  struct reply  lost  = refresh(w, &first);
  struct reply  lost_too, second, third;

  assert_int_equal(lost.status, 200);
  lost_too = refresh(w, &first);
  assert_int_equal(lost_too.status, 200);
  second = refresh(w, &first);
  assert_int_equal(second.status, 200);
  third = refresh(w, &second);
  assert_int_equal(third.status, 200);
  // The first one's successor was used: this is a second holder.
  check_error(refresh(w, &first), "invalid_grant");
  check_error(refresh(w, &third), "invalid_grant");
  json_object_put(first.json);
  json_object_put(lost.json);
  json_object_put(lost_too.json);
  json_object_put(second.json);
  json_object_put(third.json);
}

// Who comes with what was taken back is the other of two holders.
static void
test_taken_back(void **state)
{
  struct world *w     = *state;
  struct reply  first = obtain_user(w);
  struct reply  taken = refresh(w, &first);
  struct reply  thief = refresh(w, &first);

  assert_int_equal(taken.status, 200);
  assert_int_equal(thief.status, 200);
  check_error(refresh(w, &taken), "invalid_grant");
  check_error(refresh(w, &thief), "invalid_grant");
  json_object_put(first.json);
  json_object_put(taken.json);
  json_object_put(thief.json);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    WORLD(test_life),
    WORLD(test_refused),
    WORLD(test_strangers),
    WORLD(test_lost_answer),
    WORLD(test_taken_back),
    WORLD(test_it_gives_up),
    WORLD(test_a_connector_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
