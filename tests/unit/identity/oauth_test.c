// oauth_test - the endpoints, from a code's request to its tokens' end.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "world.h"

static char *
text_of(json_object *json, const char *name)
{
  const char *text = pb_json_text(json, name);

  assert_non_null(text);
  return strdup(text);
}

static void
approve(struct world *w, const char *code, const char *email, const char *const *uuids,
        size_t count)
{
  struct pb_user     user = world_user(w, email);
  struct pb_approver by   = {.user = &user, .peer = PEER};
  pb_error_t         err  = {0};

  check_ok(pb_approval_approve(w->identity, code, &by, uuids, count, &err), err);
}

// Asks and approves; the reply with the tokens.
static struct reply
obtain(struct world *w, const char *scope, const char *details, const char *const *uuids,
       size_t count)
{
  struct reply asked = world_ask(w, scope, details);

  assert_int_equal(asked.status, 200);
  approve(w, pb_json_text(asked.json, "user_code"), ADMIN, uuids, count);
  struct reply granted = world_poll(w, pb_json_text(asked.json, "device_code"));
  assert_int_equal(granted.status, 200);
  json_object_put(asked.json);
  return granted;
}

static pb_principal_t
authenticate(struct world *w, const char *token)
{
  char           header[512];
  pb_principal_t principal;
  pb_error_t     err = {0};

  snprintf(header, sizeof(header), "Bearer %s", token);
  check_ok(pb_identity_authenticate(w->identity, header, PEER, &principal, &err), err);
  return principal;
}

static bool
is_good(struct world *w, const char *token)
{
  char           header[512];
  pb_principal_t principal;
  pb_error_t     err = {0};

  snprintf(header, sizeof(header), "Bearer %s", token);
  if (pb_identity_authenticate(w->identity, header, PEER, &principal, &err))
    return true;
  assert_int_equal(err.kind, PB_AUTH);
  return false;
}

static void
test_bad_requests(void **state)
{
  static const struct
  {
    const char *name, *client_id, *scope, *details, *requester, *want;
  } rows[] = {
    {"no client",        NULL,                                          PB_SCOPE_USER,     NULL,    NULL,       "invalid_request"},
    {"odd client",       "a b",                                         PB_SCOPE_USER,     NULL,    NULL,       "invalid_client" },
    {"proxy by code",    "app",                                         PB_SCOPE_PROXY,    NULL,    NULL,       "invalid_scope"  },
    {"unknown scope",    "app",                                         "root",            NULL,    NULL,       "invalid_scope"  },
    {"no thumbprint",    "app",                                         PB_SCOPE_REGISTER, DETAILS, NULL,       "invalid_client" },
    {"details for user", "app",                                         PB_SCOPE_USER,     DETAILS, NULL,       "invalid_request"},
    {"odd requester",    "app",                                         PB_SCOPE_USER,     NULL,    "a\x1b[1m", "invalid_request"},
    {"no details",       "0123456789012345678901234567890123456789012", PB_SCOPE_REGISTER, NULL,    NULL,
     "invalid_request"                                                                                                           },
    {"bad details",      "0123456789012345678901234567890123456789012", PB_SCOPE_REGISTER, "[]",    NULL,
     "invalid_authorization_details"                                                                                             },
  };
  struct world *w = *state;

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    print_message("%s\n", rows[i].name);
    check_error(world_post(w, pb_oauth_device_authorization, "client_id", rows[i].client_id,
                           "scope", rows[i].scope, "authorization_details", rows[i].details,
                           PB_PARAM_REQUESTER, rows[i].requester, NULL),
                rows[i].want);
  }
  check_error(
    world_post(w, pb_oauth_device_authorization, "client_id", "a", "client_id", "b", NULL),
    "invalid_request");
  check_error(world_post(w, pb_oauth_token, "grant_type", "password", NULL),
              "unsupported_grant_type");
  check_error(world_post(w, pb_oauth_token, "x", "y", NULL), "invalid_request");
  check_error(world_post(w, pb_oauth_revoke, "x", "y", NULL), "invalid_request");
  check_error(world_poll(w, "nonsense"), "invalid_grant");
}

static void
test_code_states(void **state)
{
  struct world *w     = *state;
  struct reply  asked = world_ask(w, PB_SCOPE_REGISTER, DETAILS);

  assert_int_equal(asked.status, 200);
  assert_int_equal(pb_json_int(asked.json, "interval", 0), 5);
  assert_int_equal(pb_json_int(asked.json, "expires_in", 0), 600);
  char *code      = text_of(asked.json, "device_code");
  char *user_code = text_of(asked.json, "user_code");
  assert_string_equal(pb_json_text(asked.json, "verification_uri"), ISSUER "/device");
  json_object_put(asked.json);

  check_error(world_poll(w, code), "authorization_pending");
  check_error(world_poll(w, code), "slow_down");
  pb_clock_shift_ms(9900);
  check_error(world_poll(w, code), "slow_down");  // 10 s by now; and 15 s from here on
  pb_clock_shift_ms(15100);
  check_error(world_poll(w, code), "authorization_pending");
  check_error(world_post(w, pb_oauth_token, "grant_type", PB_GRANT_DEVICE_CODE, "device_code", code,
                         "client_id", "other", NULL),
              "invalid_grant");

  approve(w, user_code, ADMIN, (const char *const[]){UUID_2}, 1);
  pb_clock_shift_ms(15100);
  struct reply granted = world_poll(w, code);
  assert_int_equal(granted.status, 200);
  json_object *details = pb_json_array(granted.json, "authorization_details");
  assert_int_equal(json_object_array_length(details), 1);
  assert_string_equal(pb_json_text(json_object_array_get_idx(details, 0), PB_DETAIL_UUID), UUID_2);
  assert_null(pb_json_text(granted.json, "refresh_token"));
  pb_principal_t principal = authenticate(w, pb_json_text(granted.json, "access_token"));
  assert_int_equal(principal.role, PB_ROLE_NONE);
  assert_true(principal.may_register);
  json_object_put(granted.json);

  pb_clock_shift_ms(15100);
  check_error(world_poll(w, code), "invalid_grant");  // single use
  free(code);
  free(user_code);
}

static void
test_code_ends(void **state)
{
  struct world      *w     = *state;
  struct pb_user     admin = world_user(w, ADMIN), user = world_user(w, USER);
  struct pb_approver by = {.user = &admin, .peer = PEER}, by_user = {.user = &user, .peer = PEER};
  pb_error_t         err = {0};

  // denied; a user may not, and a second decision comes too late
  struct reply asked = world_ask(w, PB_SCOPE_REGISTER, DETAILS);
  const char  *code  = pb_json_text(asked.json, "user_code");
  assert_false(
    pb_approval_approve(w->identity, code, &by_user, (const char *const[]){UUID_1}, 1, &err));
  assert_int_equal(err.kind, PB_AUTH);
  assert_false(pb_approval_deny(w->identity, code, &by_user, &err));
  assert_int_equal(err.kind, PB_AUTH);
  assert_false(pb_approval_approve(w->identity, code, &by, NULL, 0, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_false(
    pb_approval_approve(w->identity, code, &by, (const char *const[]){"urn:uuid:x"}, 1, &err));
  assert_int_equal(err.kind, PB_REJECT);
  check_ok(pb_approval_deny(w->identity, code, &by, &err), err);
  assert_false(pb_approval_approve(w->identity, code, &by, (const char *const[]){UUID_1}, 1, &err));
  assert_int_equal(err.kind, PB_GONE);
  check_error(world_poll(w, pb_json_text(asked.json, "device_code")), "access_denied");
  json_object_put(asked.json);

  // expired, both codes together
  asked = world_ask(w, PB_SCOPE_REGISTER, DETAILS);
  pb_clock_shift_ms(10 * 60 * 1000 + 1);
  assert_false(pb_approval_deny(w->identity, pb_json_text(asked.json, "user_code"), &by, &err));
  assert_int_equal(err.kind, PB_GONE);
  check_error(world_poll(w, pb_json_text(asked.json, "device_code")), "expired_token");
  json_object_put(asked.json);

  // typed sloppily
  struct pb_approval approval;
  char               sloppy[32];
  asked = world_ask(w, PB_SCOPE_USER, NULL);
  code  = pb_json_text(asked.json, "user_code");
  snprintf(sloppy, sizeof(sloppy), " %.4s %s", code, code + 5);
  for (char *c = sloppy; *c != '\0'; c++)
    *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
  check_ok(pb_approval_find(w->identity, sloppy, &by, &approval, &err), err);
  assert_string_equal(approval.user_code, code);
  pb_approval_clear(&approval);
  json_object_put(asked.json);
}

static void
test_code_guessing(void **state)
{
  struct world      *w    = *state;
  struct pb_user     user = world_user(w, USER);
  struct pb_approver by   = {.user = &user, .peer = PEER};
  struct pb_approval approval;
  pb_error_t         err   = {0};
  int                tries = 0;

  do
  {
    tries++;
    assert_false(pb_approval_find(w->identity, "BCDF-GHJK", &by, &approval, &err));
  } while (err.kind == PB_GONE && tries < 100);
  assert_int_equal(err.kind, PB_RETRY);
  assert_true(tries <= 7);
  pb_clock_shift_ms(16 * 60 * 1000);
  assert_false(pb_approval_find(w->identity, "BCDF-GHJK", &by, &approval, &err));
  assert_int_equal(err.kind, PB_GONE);
}

static void
test_pending_cap(void **state)
{
  struct world *w = *state;

  for (int i = 0; i < PB_PENDING_GRANTS_PER_PEER; i++)
  {
    struct reply asked = world_ask(w, PB_SCOPE_USER, NULL);

    assert_int_equal(asked.status, 200);
    json_object_put(asked.json);
  }
  check_error(world_ask(w, PB_SCOPE_USER, NULL), "temporarily_unavailable");
  pb_clock_shift_ms(10 * 60 * 1000 + 1);
  struct reply asked = world_ask(w, PB_SCOPE_USER, NULL);
  assert_int_equal(asked.status, 200);
  json_object_put(asked.json);
}

static bool
make_grant_from(struct world *w, const char *peer, size_t queues_count)
{
  struct pb_approved_queue queues[2] = {
    {.uuid = UUID_1, .queue = "a"},
    {.uuid = UUID_2             }
  };
  struct pb_device_grant   grant;
  pb_error_t               err     = {0};
  struct pb_device_request request = {.client_id    = w->client_id,
                                      .scope        = PB_SCOPE_REGISTER,
                                      .requester    = "",
                                      .peer         = peer,
                                      .queues       = queues,
                                      .queues_count = queues_count};
  bool                     ok      = pb_device_grant_make(w->identity, &request, &grant, &err);

  assert_true(ok || err.kind == PB_RETRY);
  pb_device_grant_clear(&grant);
  return ok;
}

// Who has an IPv6 /64 has as many addresses as he likes.
static void
test_pending_cap_of_network(void **state)
{
  struct world *w = *state;
  char          peer[64];

  for (int i = 0; i < PB_PENDING_GRANTS_PER_PEER; i++)
  {
    snprintf(peer, sizeof(peer), "2001:db8:0:1::%x", i);
    assert_true(make_grant_from(w, peer, 0));
  }
  assert_false(make_grant_from(w, "2001:db8:0:1:ffff::1", 0));
  assert_true(make_grant_from(w, "2001:db8:0:2::1", 0));
}

static int64_t
count_rows(struct world *w, const char *sql)
{
  pb_error_t    err   = {0};
  pb_db_stmt_t *query = pb_db_query(w->db, &err, sql, "");
  int64_t       count = pb_db_step(query) ? pb_db_int(query, 0) : -1;

  check_ok(pb_db_finish(query, &err), err);
  return count;
}

// Strangers' requests that nobody decided about do not stay on the disk.
static void
test_undecided_go(void **state)
{
  static const char *const queues = "SELECT count(*) FROM auth_grant_queues";
  static const char *const grants = "SELECT count(*) FROM auth_grants";
  struct world            *w      = *state;

  assert_true(make_grant_from(w, PEER, 2));
  assert_int_equal(count_rows(w, queues), 2);
  pb_clock_shift_ms(10 * 60 * 1000 + 1);
  assert_true(make_grant_from(w, PEER, 0));
  assert_int_equal(count_rows(w, queues), 0);
  assert_int_equal(count_rows(w, grants), 2);
  pb_clock_shift_ms(61 * 60 * 1000);
  assert_true(make_grant_from(w, PEER, 0));
  assert_int_equal(count_rows(w, grants), 2);
}

static struct reply
refresh(struct world *w, const char *token, const char *client_id)
{
  return world_post(w, pb_oauth_token, "grant_type", "refresh_token", "refresh_token", token,
                    "client_id", client_id, NULL);
}

static void
test_refresh(void **state)
{
  struct world *w       = *state;
  struct reply  first   = obtain(w, PB_SCOPE_USER, NULL, NULL, 0);
  const char   *access  = pb_json_text(first.json, "access_token");
  const char   *rotated = pb_json_text(first.json, "refresh_token");

  pb_principal_t principal = authenticate(w, access);
  assert_int_equal(principal.role, PB_ROLE_USER);  // though it is the administrator's
  assert_string_equal(principal.name, ADMIN);
  assert_false(principal.may_register);
  assert_false(is_good(w, rotated));  // not an access token
  check_error(refresh(w, rotated, "other"), "invalid_grant");
  check_error(refresh(w, access, w->client_id), "invalid_grant");

  struct reply second = refresh(w, rotated, w->client_id);
  assert_int_equal(second.status, 200);
  assert_true(is_good(w, pb_json_text(second.json, "access_token")));
  // The first one again, later than its answer can have been lost: the whole family ends.
  pb_clock_shift_ms(10 * 60 * 1000 + 1);
  check_error(refresh(w, rotated, w->client_id), "invalid_grant");
  assert_false(is_good(w, pb_json_text(second.json, "access_token")));
  assert_false(is_good(w, access));
  check_error(refresh(w, pb_json_text(second.json, "refresh_token"), w->client_id),
              "invalid_grant");
  json_object_put(first.json);
  json_object_put(second.json);
}

static void
test_ends_of_tokens(void **state)
{
  struct world *w     = *state;
  struct reply  one   = obtain(w, PB_SCOPE_USER, NULL, NULL, 0);
  struct reply  two   = obtain(w, PB_SCOPE_USER, NULL, NULL, 0);
  struct reply  three = obtain(w, PB_SCOPE_USER, NULL, NULL, 0);
  pb_error_t    err   = {0};

  struct reply gone =
    world_post(w, pb_oauth_revoke, "token", pb_json_text(one.json, "refresh_token"), NULL);
  assert_int_equal(gone.status, 200);
  json_object_put(gone.json);
  assert_false(is_good(w, pb_json_text(one.json, "access_token")));
  assert_true(is_good(w, pb_json_text(two.json, "access_token")));
  gone = world_post(w, pb_oauth_revoke, "token", "never heard of", NULL);
  assert_int_equal(gone.status, 200);
  json_object_put(gone.json);

  pb_clock_shift_ms(60 * 60 * 1000 + 1);
  assert_false(is_good(w, pb_json_text(two.json, "access_token")));
  // A new password ends what the old one opened.
  check_ok(pb_identity_set_password(w->identity, ADMIN, "another password", &err), err);
  check_error(refresh(w, pb_json_text(three.json, "refresh_token"), w->client_id), "invalid_grant");
  json_object_put(one.json);
  json_object_put(two.json);
  json_object_put(three.json);
}

// Approves UUID_1 and UUID_2 and registers the first with a CSR.
static pb_principal_t
register_first(struct world *w)
{
  struct reply granted =
    obtain(w, PB_SCOPE_REGISTER, DETAILS, (const char *const[]){UUID_1, UUID_2}, 2);
  pb_principal_t           principal = authenticate(w, pb_json_text(granted.json, "access_token"));
  struct pb_approved_queue queue;
  char                    *csr = NULL, *cert = NULL;
  pb_error_t               err = {0};

  check_ok(pb_csr_make(w->key, UUID_1, &csr, &err), err);
  check_ok(pb_identity_register_device(w->identity, &principal, UUID_1, csr, &queue, &cert, &err),
           err);
  assert_string_equal(queue.queue, "Laser");
  assert_string_equal(queue.make_and_model, "Acme 1");
  assert_string_equal(queue.location, "Hall");
  assert_string_equal(queue.host, "ps1");
  assert_non_null(strstr(cert, "BEGIN CERTIFICATE"));
  free(csr);
  free(cert);
  json_object_put(granted.json);
  return principal;
}

static struct reply
assert_client(struct world *w, const pb_key_t *key, struct pb_assertion claims)
{
  pb_secret_t jwt = {0};
  pb_error_t  err = {0};

  check_ok(pb_jwt_sign(key, &claims, &jwt, &err), err);
  struct reply reply =
    world_post(w, pb_oauth_token, "grant_type", "client_credentials", "client_assertion_type",
               PB_ASSERTION_TYPE, "client_assertion", jwt.text, "scope", PB_SCOPE_PROXY, NULL);
  pb_secret_clear(&jwt);
  return reply;
}

static struct pb_assertion
good_claims(struct world *w, const char *id)
{
  int64_t             now    = pb_clock_now_ms();
  struct pb_assertion claims = {.issued_ms = now, .expires_ms = now + 120000};

  pb_text_copy(claims.issuer, sizeof(claims.issuer), w->client_id);
  pb_text_copy(claims.subject, sizeof(claims.subject), w->client_id);
  pb_text_copy(claims.audience, sizeof(claims.audience), ISSUER "/oauth/token");
  pb_text_copy(claims.id, sizeof(claims.id), id);
  return claims;
}

static void
test_assertions(void **state)
{
  struct world *w = *state;

  check_error(assert_client(w, w->key, good_claims(w, "early")),
              "invalid_client");  // not registered yet
  register_first(w);
  struct reply reply = assert_client(w, w->key, good_claims(w, "one"));
  assert_int_equal(reply.status, 200);
  assert_int_equal(pb_json_int(reply.json, "expires_in", 0), 600);
  pb_principal_t principal = authenticate(w, pb_json_text(reply.json, "access_token"));
  assert_int_equal(principal.role, PB_ROLE_PROXY);
  assert_string_equal(principal.client_id, w->client_id);
  json_object_put(reply.json);
  check_error(assert_client(w, w->key, good_claims(w, "one")), "invalid_client");  // replay

  struct pb_assertion issuer = good_claims(w, "by issuer");
  pb_text_copy(issuer.audience, sizeof(issuer.audience), ISSUER);
  reply = assert_client(w, w->key, issuer);
  assert_int_equal(reply.status, 200);
  json_object_put(reply.json);
}

static void
test_bad_assertions(void **state)
{
  struct world *w     = *state;
  pb_key_t     *other = NULL;
  pb_error_t    err   = {0};
  int64_t       now   = pb_clock_now_ms();

  register_first(w);
  check_ok(pb_key_make(&other, &err), err);
  check_error(assert_client(w, other, good_claims(w, "wrong key")), "invalid_client");
  pb_key_free(other);

  const struct
  {
    const char *name, *audience, *issuer, *id;
    int64_t     issued_ms, expires_ms;
    bool        is_clock;
  } rows[] = {
    {"aud",          "https://evil.test", NULL,  "a", now,            now + 60000,           false},
    {"iss",          ISSUER,              "you", "b", now,            now + 60000,           false},
    {"no jti",       ISSUER,              NULL,  "",  now,            now + 60000,           false},
    {"expired",      ISSUER,              NULL,  "c", now - 86400000, now - 86400000 + 9000, true },
    {"too far",      ISSUER,              NULL,  "d", now,            now + 3600000,         true },
    {"from future",  ISSUER,              NULL,  "e", now + 86400000, now + 86400000,        true },
    {"iat future",   ISSUER,              NULL,  "f", now + 120000,   now + 180000,          true },
    {"before start", ISSUER,              NULL,  "g", now - 7200000,  now + 60000,           true },
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct pb_assertion claims = good_claims(w, rows[i].id);

    print_message("%s\n", rows[i].name);
    pb_text_copy(claims.audience, sizeof(claims.audience), rows[i].audience);
    if (rows[i].issuer != NULL)
      pb_text_copy(claims.issuer, sizeof(claims.issuer), rows[i].issuer);
    claims.issued_ms   = rows[i].issued_ms;
    claims.expires_ms  = rows[i].expires_ms;
    struct reply reply = assert_client(w, w->key, claims);
    assert_non_null(reply.json);
    const char *why = pb_json_text(reply.json, "error_description");
    assert_int_equal(why != NULL && pb_text_has_prefix(why, "clock:"), rows[i].is_clock);
    check_error(reply, "invalid_client");
  }
}

// Tokens whose header lies about the algorithm: none, HS256.
static void
test_bad_algorithms(void **state)
{
  static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}",
                                        "{\"alg\":\"ES384\"}", "{}"};
  struct world            *w         = *state;
  char                     claims[512], jwt[2048];

  register_first(w);
  snprintf(claims, sizeof(claims),
           "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"" ISSUER "\",\"jti\":\"x\",\"exp\":%lld}",
           w->client_id, w->client_id, (long long)(pb_clock_now_ms() / 1000) + 60);
  for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
    for (int is_signed = 0; is_signed < 2; is_signed++)
    {
      char *head = pb_text_format_base64(headers[i], strlen(headers[i]), true);
      char *body = pb_text_format_base64(claims, strlen(claims), true);

      snprintf(jwt, sizeof(jwt), "%s.%s.%s", head, body, is_signed ? "AAAA" : "");
      check_error(world_post(w, pb_oauth_token, "grant_type", "client_credentials",
                             "client_assertion_type", PB_ASSERTION_TYPE, "client_assertion", jwt,
                             NULL),
                  "invalid_client");
      free(head);
      free(body);
    }
}

static void
test_register(void **state)
{
  struct world  *w         = *state;
  pb_principal_t principal = register_first(w), nobody = {0}, user = {.role = PB_ROLE_ADMIN};
  struct pb_approved_queue queue;
  pb_key_t                *other = NULL;
  char                    *csr = NULL, *cert = NULL;
  pb_error_t               err = {0};

  // who may not
  assert_false(
    pb_identity_register_device(w->identity, &nobody, UUID_2, NULL, &queue, &cert, &err));
  assert_int_equal(err.kind, PB_AUTH);
  assert_false(pb_identity_register_device(w->identity, &user, UUID_2, NULL, &queue, &cert, &err));
  assert_int_equal(err.kind, PB_AUTH);
  assert_false(pb_identity_register_device(w->identity, &principal,
                                           "urn:uuid:00000000-0000-4000-8000-000000000003", NULL,
                                           &queue, &cert, &err));
  assert_int_equal(err.kind, PB_AUTH);
  assert_false(
    pb_identity_register_device(w->identity, &principal, "nonsense", NULL, &queue, &cert, &err));
  assert_int_equal(err.kind, PB_REJECT);
  // somebody else's key
  check_ok(pb_key_make(&other, &err), err);
  check_ok(pb_csr_make(other, UUID_2, &csr, &err), err);
  assert_false(
    pb_identity_register_device(w->identity, &principal, UUID_2, csr, &queue, &cert, &err));
  assert_int_equal(err.kind, PB_REJECT);
  free(csr);
  pb_key_free(other);
  // another device's name under the client's own key
  check_ok(pb_csr_make(w->key, UUID_1, &csr, &err), err);
  assert_false(
    pb_identity_register_device(w->identity, &principal, UUID_2, csr, &queue, &cert, &err));
  assert_int_equal(err.kind, PB_REJECT);
  free(csr);
  // the same again, by its own token; not a uuid that is only approved
  pb_principal_t proxy = {.role = PB_ROLE_PROXY};
  pb_text_copy(proxy.client_id, sizeof(proxy.client_id), w->client_id);
  check_ok(pb_csr_make(w->key, UUID_1, &csr, &err), err);
  check_ok(pb_identity_register_device(w->identity, &proxy, UUID_1, csr, &queue, &cert, &err), err);
  assert_string_equal(queue.queue, "Laser");
  free(cert);
  cert = NULL;
  assert_false(pb_identity_register_device(w->identity, &proxy, UUID_2, NULL, &queue, &cert, &err));
  pb_text_copy(proxy.client_id, sizeof(proxy.client_id), "thief");
  assert_false(pb_identity_register_device(w->identity, &proxy, UUID_1, NULL, &queue, &cert, &err));
  assert_int_equal(err.kind, PB_AUTH);
  free(csr);

  // its only device is forgotten: the client is too
  struct reply reply = assert_client(w, w->key, good_claims(w, "alive"));
  assert_int_equal(reply.status, 200);
  check_ok(pb_identity_forget_device(w->identity, UUID_1, &err), err);
  assert_false(is_good(w, pb_json_text(reply.json, "access_token")));
  json_object_put(reply.json);
  check_error(assert_client(w, w->key, good_claims(w, "dead")), "invalid_client");
}

static void
test_metadata(void **state)
{
  struct world  *w = *state;
  struct pb_call call;
  json_object   *json = NULL;
  pb_error_t     err  = {0};

  check_ok(pb_call_init(&call, "GET", PB_PATH_METADATA, NULL, PEER, 0, &err), err);
  pb_oauth_metadata(w->identity, &call);
  assert_int_equal(call.status, 200);
  check_ok(pb_json_parse(call.reply.data, call.reply.size, &json, &err), err);
  assert_string_equal(pb_json_text(json, "issuer"), ISSUER);
  assert_string_equal(pb_json_text(json, "token_endpoint"), ISSUER "/oauth/token");
  assert_string_equal(pb_json_text(json, "device_authorization_endpoint"),
                      ISSUER "/oauth/device_authorization");
  assert_int_equal(json_object_array_length(pb_json_array(json, "grant_types_supported")), 3);
  assert_int_equal(json_object_array_length(pb_json_array(json, "response_types_supported")), 0);
  json_object_put(json);
  pb_call_clear(&call);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    WORLD(test_metadata),
    WORLD(test_bad_requests),
    WORLD(test_code_states),
    WORLD(test_code_ends),
    WORLD(test_code_guessing),
    WORLD(test_pending_cap),
    WORLD(test_pending_cap_of_network),
    WORLD(test_undecided_go),
    WORLD(test_refresh),
    WORLD(test_ends_of_tokens),
    WORLD(test_assertions),
    WORLD(test_bad_assertions),
    WORLD(test_bad_algorithms),
    WORLD(test_register),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
