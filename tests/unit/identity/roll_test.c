// roll_test - a client's key is followed by another one: in two steps, both good in between, and
// only by who has the key before.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "identity/client-key.h"
#include <pthread.h>
#include <stdatomic.h>

static atomic_int number;

static struct reply
ask_token(struct world *w, const pb_key_t *key, const pb_key_t *next)
{
  int64_t             now    = pb_clock_now_ms();
  struct pb_assertion claims = {
    .audience = ISSUER "/oauth/token", .issued_ms = now, .expires_ms = now + 120000};
  pb_secret_t jwt = {0};
  pb_error_t  err = {0};

  pb_text_copy(claims.issuer, sizeof(claims.issuer), w->client_id);
  pb_text_copy(claims.subject, sizeof(claims.subject), w->client_id);
  snprintf(claims.id, sizeof(claims.id), "%d", atomic_fetch_add(&number, 1));
  if (next != NULL)
    pb_key_get_id(next, claims.next_key);
  check_ok(pb_jwt_sign(key, &claims, &jwt, &err), err);
  struct reply reply =
    world_post(w, pb_oauth_token, "grant_type", "client_credentials", "client_assertion_type",
               PB_ASSERTION_TYPE, "client_assertion", jwt.text, "scope", PB_SCOPE_PROXY, NULL);
  pb_secret_clear(&jwt);
  return reply;
}

// The token's principal; false: it is refused.
static bool
use_token(struct world *w, json_object *json, pb_principal_t *principal)
{
  return pb_token_check(w->identity, pb_json_text(json, "access_token"), principal, NULL);
}

static pb_principal_t
get_principal(struct world *w, const pb_key_t *key, const pb_key_t *next)
{
  struct reply   reply = ask_token(w, key, next);
  pb_principal_t principal;

  assert_int_equal(reply.status, 200);
  assert_true(use_token(w, reply.json, &principal));
  json_object_put(reply.json);
  return principal;
}

static bool
register_with(struct world *w, const pb_principal_t *principal, const pb_key_t *key,
              const char *uuid, pb_error_t *err)
{
  struct pb_approved_queue queue;
  char                    *csr = NULL, *cert = NULL;

  check_ok(pb_csr_make(key, uuid, &csr, err), *err);
  bool ok = pb_identity_register_device(w->identity, principal, uuid, csr, &queue, &cert, err);
  free(csr);
  free(cert);
  return ok;
}

// Both devices, as the connector's command does it.
static void
share(struct world *w)
{
  struct reply       asked = world_ask(w, PB_SCOPE_REGISTER, DETAILS), got;
  struct pb_user     user  = world_user(w, ADMIN);
  struct pb_approver by    = {.user = &user, .peer = PEER};
  pb_principal_t     principal;
  pb_error_t         err = {0};

  check_ok(pb_approval_approve(w->identity, pb_json_text(asked.json, "user_code"), &by,
                               (const char *const[]){UUID_1, UUID_2}, 2, &err),
           err);
  got = world_poll(w, pb_json_text(asked.json, "device_code"));
  assert_true(use_token(w, got.json, &principal));
  check_ok(register_with(w, &principal, w->key, UUID_1, &err), err);
  check_ok(register_with(w, &principal, w->key, UUID_2, &err), err);
  json_object_put(asked.json);
  json_object_put(got.json);
}

static pb_key_t *
make_key(void)
{
  pb_key_t  *key = NULL;
  pb_error_t err = {0};

  check_ok(pb_key_make(&key, &err), err);
  return key;
}

static void
a_key_follows_another_without_a_gap(void **state)
{
  struct world  *w     = *state;
  pb_key_t      *next  = make_key();
  struct reply   early = {0};
  pb_principal_t principal, other;
  pb_error_t     err = {0};

  share(w);
  early     = ask_token(w, w->key, NULL);
  principal = get_principal(w, w->key, next);
  check_ok(register_with(w, &principal, next, UUID_1, &err), err);
  check_ok(register_with(w, &principal, next, UUID_2, &err), err);
  check_ok(register_with(w, &principal, next, UUID_1, &err), err);  // after a crash, once more
  // Both are good, and what was got before, too.
  assert_true(use_token(w, early.json, &other));
  get_principal(w, w->key, NULL);
  principal = get_principal(w, w->key, next);
  check_ok(register_with(w, &principal, next, UUID_1, &err), err);
  // The first use of the new one.
  principal = get_principal(w, next, NULL);
  assert_string_equal(principal.client_id, w->client_id);
  assert_int_equal(principal.role, PB_ROLE_PROXY);
  assert_false(use_token(w, early.json, &other));
  struct reply refused = ask_token(w, w->key, NULL);
  assert_non_null(strstr(pb_json_text(refused.json, "error_description"), PB_KEY_REPLACED));
  check_error(refused, "invalid_client");
  get_principal(w, next, NULL);
  // A certificate alone, with the key that it has.
  check_ok(register_with(w, &principal, next, UUID_2, &err), err);
  json_object_put(early.json);
  pb_key_free(next);
}

static void
and_another_one(void **state)
{
  struct world *w = *state;
  pb_key_t     *key[4];
  pb_error_t    err = {0};

  share(w);
  key[0] = w->key;
  for (int i = 1; i < 4; i++)
  {
    key[i]                   = make_key();
    pb_principal_t principal = get_principal(w, key[i - 1], key[i]);
    check_ok(register_with(w, &principal, key[i], UUID_1, &err), err);
    get_principal(w, key[i], NULL);
    for (int k = 0; k < i; k++)
      check_error(ask_token(w, key[k], NULL), "invalid_client");
  }
  // Not even the first one, which has named the client, comes back.
  pb_principal_t principal = get_principal(w, key[3], key[0]);
  assert_false(register_with(w, &principal, key[0], UUID_1, &err));
  for (int i = 1; i < 4; i++)
    pb_key_free(key[i]);
}

// The last one that was registered counts: an interrupted try may have lost its key.
static void
a_next_key_that_was_lost_is_replaced(void **state)
{
  struct world  *w    = *state;
  pb_key_t      *lost = make_key(), *next = make_key();
  pb_principal_t principal;
  pb_error_t     err = {0};

  share(w);
  principal = get_principal(w, w->key, lost);
  check_ok(register_with(w, &principal, lost, UUID_1, &err), err);
  principal = get_principal(w, w->key, next);
  check_ok(register_with(w, &principal, next, UUID_1, &err), err);
  check_error(ask_token(w, lost, NULL), "invalid_client");
  get_principal(w, next, NULL);
  check_error(ask_token(w, w->key, NULL), "invalid_client");
  pb_key_free(lost);
  pb_key_free(next);
}

static void
nobody_else_brings_a_key(void **state)
{
  struct world  *w     = *state;
  pb_key_t      *thief = make_key(), *next = make_key();
  pb_principal_t plain, meant;
  pb_error_t     err = {0};

  share(w);
  plain = get_principal(w, w->key, NULL);
  meant = get_principal(w, w->key, next);
  const struct
  {
    const char           *name;
    const pb_principal_t *principal;
  } rows[] = {
    {"a token that names no key",      &plain},
    {"a token that names another key", &meant},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    print_message("%s\n", rows[i].name);
    assert_false(register_with(w, rows[i].principal, thief, UUID_1, &err));
    assert_int_equal(err.kind, PB_REJECT);
  }
  check_error(ask_token(w, thief, NULL), "invalid_client");
  check_error(ask_token(w, next, NULL), "invalid_client");  // it is only named yet
  // A former key does not come back.
  check_ok(register_with(w, &meant, next, UUID_1, &err), err);
  get_principal(w, next, NULL);
  meant = get_principal(w, next, w->key);
  assert_false(register_with(w, &meant, w->key, UUID_1, &err));
  pb_key_free(thief);
  pb_key_free(next);
}

// The former host, whose key was replaced, asks for something smaller under the same name.
static struct reply
ask_as_machine(struct world *w, const pb_key_t *key)
{
  int64_t             now    = pb_clock_now_ms();
  struct pb_assertion claims = {
    .audience = ISSUER, .issued_ms = now, .expires_ms = now + 120000, .id = "machine"};
  pb_secret_t jwt = {0};
  pb_error_t  err = {0};

  pb_text_copy(claims.issuer, sizeof(claims.issuer), w->client_id);
  pb_text_copy(claims.subject, sizeof(claims.subject), w->client_id);
  check_ok(pb_jwt_sign_with_key(key, &claims, &jwt, &err), err);
  struct reply reply = world_post(w, pb_oauth_device_authorization, "client_id", w->client_id,
                                  "scope", PB_SCOPE_MACHINE, "client_assertion_type",
                                  PB_ASSERTION_TYPE, "client_assertion", jwt.text, NULL);
  pb_secret_clear(&jwt);
  return reply;
}

static void
roll(struct world *w, const pb_key_t *next)
{
  pb_principal_t principal = get_principal(w, w->key, next);
  pb_error_t     err       = {0};

  check_ok(register_with(w, &principal, next, UUID_1, &err), err);
  get_principal(w, next, NULL);
}

static void
a_former_key_does_not_come_back_as_a_machine(void **state)
{
  struct world *w     = *state;
  pb_key_t     *next  = make_key();
  struct reply  asked = {0};

  share(w);
  roll(w, next);
  asked = ask_as_machine(w, w->key);
  assert_int_equal(asked.status, 401);
  assert_non_null(strstr(pb_json_text(asked.json, "error_description"), PB_KEY_REPLACED));
  check_error(asked, "invalid_client");
  get_principal(w, next, NULL);
  check_error(ask_token(w, w->key, NULL), "invalid_client");
  pb_key_free(next);
}

// Asked and approved before the key was replaced, fetched after it.
static void
nor_by_an_older_approval(void **state)
{
  struct world      *w    = *state;
  pb_key_t          *next = make_key();
  struct pb_user     user = world_user(w, ADMIN);
  struct pb_approver by   = {.user = &user, .peer = PEER};
  struct reply       asked;
  pb_error_t         err = {0};

  share(w);
  asked = ask_as_machine(w, w->key);
  check_ok(
    pb_approval_approve(w->identity, pb_json_text(asked.json, "user_code"), &by, NULL, 0, &err),
    err);
  roll(w, next);
  check_error(world_poll(w, pb_json_text(asked.json, "device_code")), "invalid_grant");
  get_principal(w, next, NULL);
  check_error(ask_token(w, w->key, NULL), "invalid_client");
  json_object_put(asked.json);
  pb_key_free(next);
}

// Its request was let in before the key was replaced, and comes to its turn after it.
static void
what_a_copy_has_on_its_way_names_no_key(void **state)
{
  struct world  *w     = *state;
  pb_key_t      *next  = make_key();
  pb_key_t      *thief = make_key();
  pb_principal_t early;
  pb_error_t     err = {0};

  share(w);
  early = get_principal(w, w->key, thief);
  roll(w, next);
  assert_false(register_with(w, &early, thief, UUID_1, &err));
  assert_int_equal(err.kind, PB_AUTH);
  check_error(ask_token(w, thief, NULL), "invalid_client");
  get_principal(w, next, NULL);
  pb_key_free(next);
  pb_key_free(thief);
}

struct copy
{
  struct world *w;
  pthread_t     thread;
  struct reply  last;  // the last token that it was given
};

static void *
ask_until_refused(void *user)
{
  struct copy *copy = user;

  while (true)
  {
    struct reply reply = ask_token(copy->w, copy->w->key, NULL);

    if (reply.status != 200)
    {
      json_object_put(reply.json);
      return NULL;
    }
    json_object_put(copy->last.json);
    copy->last = reply;
  }
}

// A copy that asks at that very moment has its token before, and it ends, or gets none.
static void
nothing_is_left_to_a_copy(void **state)
{
  struct world *w = *state;

  share(w);
  for (int i = 0; i < 8; i++)
  {
    struct copy    copies[3] = {{.w = w}, {.w = w}, {.w = w}};
    pb_key_t      *next      = make_key();
    pb_principal_t principal;

    for (int k = 0; k < 3; k++)
      assert_int_equal(pthread_create(&copies[k].thread, NULL, ask_until_refused, &copies[k]), 0);
    roll(w, next);
    for (int k = 0; k < 3; k++)
    {
      pthread_join(copies[k].thread, NULL);
      assert_true(copies[k].last.json == NULL || !use_token(w, copies[k].last.json, &principal));
      json_object_put(copies[k].last.json);
    }
    pb_key_free(w->key);
    w->key = next;
  }
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    WORLD(a_key_follows_another_without_a_gap),          WORLD(and_another_one),
    WORLD(a_next_key_that_was_lost_is_replaced),         WORLD(nobody_else_brings_a_key),
    WORLD(a_former_key_does_not_come_back_as_a_machine), WORLD(nor_by_an_older_approval),
    WORLD(what_a_copy_has_on_its_way_names_no_key),      WORLD(nothing_is_left_to_a_copy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
