// ends_test - how codes and clients end, and who is told of it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#define LIFE_MS (10 * 60 * 1000)
#define INTERVAL_MS (5 * 1000)

struct told
{
  int  count;
  char client_id[PB_CLIENT_ID_SIZE];
};

static void
note_revoked(void *user, const char *client_id)
{
  struct told *told = user;

  told->count++;
  pb_text_copy(told->client_id, sizeof(told->client_id), client_id);
}

static void
approve_both(struct world *w, const struct reply *asked)
{
  struct pb_user     user = world_user(w, ADMIN);
  struct pb_approver by   = {.user = &user, .peer = PEER};
  pb_error_t         err  = {0};

  check_ok(pb_approval_approve(w->identity, pb_json_text(asked->json, "user_code"), &by,
                               (const char *const[]){UUID_1, UUID_2}, 2, &err),
           err);
}

// Two devices of the world's client.
static void
register_both(struct world *w)
{
  static const char *const uuids[] = {UUID_1, UUID_2};
  struct reply             asked   = world_ask(w, PB_SCOPE_REGISTER, DETAILS), got;
  pb_principal_t           principal;
  pb_error_t               err = {0};

  approve_both(w, &asked);
  got = world_poll(w, pb_json_text(asked.json, "device_code"));
  check_ok(pb_token_check(w->identity, pb_json_text(got.json, "access_token"), &principal, &err),
           err);
  for (size_t i = 0; i < 2; i++)
  {
    struct pb_approved_queue queue;
    char                    *cert = NULL;

    check_ok(
      pb_identity_register_device(w->identity, &principal, uuids[i], NULL, &queue, &cert, &err),
      err);
    free(cert);
  }
  json_object_put(asked.json);
  json_object_put(got.json);
}

static void
issue(struct world *w, const char *scope, struct pb_tokens *tokens)
{
  struct pb_token_subject subject = {0};
  pb_error_t              err     = {0};

  pb_text_copy(subject.scope, sizeof(subject.scope), scope);
  pb_text_copy(subject.client_id, sizeof(subject.client_id), w->client_id);
  *tokens = (struct pb_tokens){0};
  check_ok(pb_token_issue(w->identity, &subject, tokens, &err), err);
}

static bool
is_good(struct world *w, const struct pb_tokens *tokens)
{
  pb_principal_t principal;

  return pb_token_check(w->identity, tokens->access.text, &principal, NULL);
}

static void
a_client_ends_with_its_last_device(void **state)
{
  struct world    *w    = *state;
  struct told      told = {0};
  struct pb_tokens tokens;
  pb_error_t       err = {0};

  register_both(w);
  issue(w, PB_SCOPE_PROXY, &tokens);
  pb_identity_on_revoked(w->identity, note_revoked, &told);
  check_ok(pb_identity_forget_device(w->identity, UUID_1, &err), err);
  check_ok(pb_identity_forget_device(w->identity, UUID_1, &err), err);  // it is gone already
  assert_int_equal(told.count, 0);
  assert_true(is_good(w, &tokens));
  check_ok(pb_identity_forget_device(w->identity, UUID_2, &err), err);
  assert_int_equal(told.count, 1);
  assert_string_equal(told.client_id, w->client_id);
  assert_false(is_good(w, &tokens));
  pb_tokens_clear(&tokens);
}

static void
who_gives_up_a_token_gives_up_what_it_opened(void **state)
{
  static const struct
  {
    const char *scope;
    bool        is_told;
  } rows[] = {
    {PB_SCOPE_PROXY,    true },
    {PB_SCOPE_REGISTER, false},
    {PB_SCOPE_USER,     false},
  };
  struct world *w = *state;

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct told      told = {0};
    struct pb_tokens tokens;
    struct reply     gone;

    issue(w, rows[i].scope, &tokens);
    pb_identity_on_revoked(w->identity, note_revoked, &told);
    gone = world_post(w, pb_oauth_revoke, "token", tokens.access.text, NULL);
    assert_int_equal(gone.status, 200);
    json_object_put(gone.json);
    assert_false(is_good(w, &tokens));
    gone = world_post(w, pb_oauth_revoke, "token", tokens.access.text, NULL);  // known no more
    assert_int_equal(gone.status, 200);
    json_object_put(gone.json);
    assert_int_equal(told.count, rows[i].is_told);
    pb_identity_on_revoked(w->identity, NULL, NULL);
    pb_tokens_clear(&tokens);
  }
}

// A device that asks each 5 s may come after the end for what was approved before (RFC 8628 s3.5).
static void
an_approved_code_waits_for_one_more_poll(void **state)
{
  static const struct
  {
    bool        is_approved;
    int64_t     after_ms;
    const char *want;  // NULL: tokens
  } rows[] = {
    {true,  -1000,           NULL           },
    {true,  1000,            NULL           },
    {true,  INTERVAL_MS + 1, "expired_token"},
    {false, 1,               "expired_token"},
  };
  struct world *w = *state;

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct reply asked = world_ask(w, PB_SCOPE_REGISTER, DETAILS), got;

    if (rows[i].is_approved)
      approve_both(w, &asked);
    pb_clock_shift_ms(LIFE_MS + rows[i].after_ms);
    got = world_poll(w, pb_json_text(asked.json, "device_code"));
    if (rows[i].want != NULL)
      check_error(got, rows[i].want);
    else
    {
      assert_int_equal(got.status, 200);
      assert_non_null(pb_json_text(got.json, "access_token"));
      json_object_put(got.json);
      pb_clock_shift_ms(INTERVAL_MS + 1);
      check_error(world_poll(w, pb_json_text(asked.json, "device_code")), "invalid_grant");
    }
    json_object_put(asked.json);
  }
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    WORLD(a_client_ends_with_its_last_device),
    WORLD(who_gives_up_a_token_gives_up_what_it_opened),
    WORLD(an_approved_code_waits_for_one_more_poll),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
