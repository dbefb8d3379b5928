// client_test - IPP requests with the machine's token, against a server that refuses, lies, stalls
// and cuts.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "cloud/client.h"
#include "cloud/protocol.h"
#include "net/form.h"
#include "net/jwt.h"

#include <stdatomic.h>

#define DAY_MS (24 * 60 * 60 * 1000LL)
#define DOCUMENT "%PDF-1.7 and so on, to the end"

// What the server does, and what it has seen.
static struct
{
  atomic_int  tokens;  // given
  atomic_int  ipp_requests;
  atomic_int  documents;     // that came whole
  atomic_int  refuse_below;  // bearer "tokenN" with N below this gets a 401
  atomic_int  token_status;  // of the token endpoint
  int         life_s;
  int         status;  // of IPP requests
  const char *type;
  const char *extra;  // behind the IPP message
  size_t      missing;
  int         cut_message;   // send only so many bytes of it; 0: all
  int64_t     clock_ms;      // the server's clock less ours
  bool        is_date_late;  // tell the clock at the token endpoint only
} world;

static struct rig        rig;
static pb_registration_t registration;

static void
answer_token(const struct rig_request *request, struct rig_answer *answer)
{
  pb_form_t          *form   = NULL;
  struct pb_assertion claims = {0};
  pb_error_t          err    = {0};
  int64_t             now_ms = pb_clock_now_ms() + world.clock_ms;
  bool                ok     = pb_form_parse(request->body, request->body_size, &form, &err) &&
            !strcmp(pb_form_get(form, "grant_type"), "client_credentials") &&
            !strcmp(pb_form_get(form, "client_assertion_type"), PB_ASSERTION_TYPE) &&
            pb_jwt_verify(registration.key, pb_form_get(form, "client_assertion"), &claims, &err);

  ok = ok && strstr(claims.audience, "/token") && llabs(claims.issued_ms - now_ms) < 10000 &&
       claims.expires_ms > now_ms;
  pb_form_free(form);
  answer->date_ms = now_ms;
  answer->status  = ok ? world.token_status : 401;
  if (answer->status == 200)
    rig_say(answer, "{\"access_token\":\"token%d\",\"token_type\":\"Bearer\",\"expires_in\":%d}",
            atomic_fetch_add(&world.tokens, 1) + 1, world.life_s);
  else
    rig_say(answer, "{\"error\":\"%s\"}",
            answer->status == 401 ? "invalid_client" : "temporarily_unavailable");
}

static void
answer_ipp(const struct rig_request *request, struct rig_answer *answer)
{
  pb_error_t  err    = {0};
  ipp_t      *asked  = NULL;
  ipp_t      *said   = NULL;
  pb_buffer_t bytes  = {0};
  int         number = 0;

  atomic_fetch_add(&world.ipp_requests, 1);
  sscanf(request->bearer, "token%d", &number);
  if (number < world.refuse_below)
  {
    answer->status = 401;
    return;
  }
  answer->status = world.status;
  answer->type   = world.type;
  if (request->coding[0])
    world.documents +=
      memmem(request->body, request->body_size, DOCUMENT, strlen(DOCUMENT)) != NULL;
  else if (!pb_ipp_parse(request->body, request->body_size, &asked, &err))
  {
    answer->status = 400;
    return;
  }
  said = pb_ipp_new_response(asked, IPP_STATUS_OK);
  if (pb_ipp_format(said, &bytes, &err))
  {
    size_t size = world.cut_message ? (size_t)world.cut_message : bytes.size;
    memcpy(answer->body, bytes.data, size);
    memcpy(answer->body + size, world.extra, strlen(world.extra));
    answer->size    = size + strlen(world.extra);
    answer->missing = world.missing;
  }
  pb_buffer_clear(&bytes);
  ippDelete(asked);
  ippDelete(said);
}

static void
answer_any(struct rig *self, const struct rig_request *request, struct rig_answer *answer)
{
  if (!world.is_date_late)
    answer->date_ms = pb_clock_now_ms() + world.clock_ms;
  if (!strcmp(request->path, "/token"))
    answer_token(request, answer);
  else if (!strcmp(request->path, "/ipp/system"))
    answer_ipp(request, answer);
  else
    rig_say(answer, "{\"issuer\":\"%s\",\"token_endpoint\":\"%s/token\"}", self->url, self->url);
}

static int
start_all(void **state)
{
  pb_error_t err = {0};

  (void)state;
  rig.answer = answer_any;
  rig_start(&rig);
  registration.url            = rig.url;
  registration.ca_fingerprint = rig.fingerprint;
  check_ok(pb_key_make(&registration.key, &err), err);
  pb_key_get_id(registration.key, registration.client_id);
  return 0;
}

static int
stop_all(void **state)
{
  (void)state;
  rig_stop(&rig);
  pb_key_free(registration.key);
  return 0;
}

static int
reset(void **state)
{
  (void)state;
  memset(&world, 0, sizeof(world));
  world.token_status = 200;
  world.life_s       = 600;
  world.status       = 200;
  world.type         = "application/ipp";
  world.extra        = "";
  return 0;
}

static pb_cloud_account_t *
new_account(void)
{
  pb_cloud_account_t *account = NULL;
  pb_error_t          err     = {0};

  check_ok(pb_cloud_account_new(&registration, &account, &err), err);
  return account;
}

// One IPP request; the kind of its failure.
static enum pb_error_kind
send_one(pb_cloud_account_t *account)
{
  pb_cloud_t *cloud    = NULL;
  ipp_t      *response = NULL;
  pb_error_t  err      = {0};
  char        uri[400];
  bool        ok;

  snprintf(uri, sizeof(uri), "ipps://%s/ipp/system", rig.url + strlen("https://"));
  check_ok(pb_cloud_open(account, &cloud, &err), err);
  ok = pb_cloud_request(cloud, uri, pb_ipp_new_request(IPP_OP_GET_SYSTEM_ATTRIBUTES, uri, "me"),
                        5000, NULL, &response, &err);
  assert_true(ok == (response != NULL));
  ippDelete(response);
  pb_cloud_close(cloud);
  return ok ? PB_OK : err.kind;
}

static void
test_request(void **state)
{
  pb_cloud_account_t *account = new_account();

  (void)state;
  assert_int_equal(send_one(account), PB_OK);
  assert_int_equal(send_one(account), PB_OK);
  assert_int_equal(world.tokens, 1);
  assert_int_equal(world.ipp_requests, 2);
  pb_cloud_account_free(account);
}

static void
test_replies(void **state)
{
  static const struct
  {
    const char        *name;
    int                status;
    const char        *type;
    const char        *extra;
    int                cut_message;
    size_t             missing;
    enum pb_error_kind want;
  } rows[] = {
  // clang-format off
    {"whole",                   200, "application/ipp", "",     0, 0, PB_OK    },
    {"parameters of the type",  200, "Application/IPP; charset=utf-8", "", 0, 0, PB_OK},
    {"more behind it",          200, "application/ipp", "data", 0, 0, PB_REJECT},
    {"message ends too early",  200, "application/ipp", "",     9, 0, PB_RETRY },
    {"connection ends",         200, "application/ipp", "",     0, 3, PB_RETRY },
    {"page",                    200, "text/html",       "",     0, 0, PB_REJECT},
    {"another success",         201, "application/ipp", "",     0, 0, PB_REJECT},
    {"forbidden",               403, "text/html",       "",     0, 0, PB_AUTH  },
    {"not found",               404, "text/html",       "",     0, 0, PB_REJECT},
    {"moved",                   301, "text/html",       "",     0, 0, PB_REJECT},
    {"slow down",               429, "text/html",       "",     0, 0, PB_RETRY },
    {"trouble",                 503, "text/html",       "",     0, 0, PB_RETRY },
  // clang-format on
  };
  pb_cloud_account_t *account = new_account();

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    world.status            = rows[i].status;
    world.type              = rows[i].type;
    world.extra             = rows[i].extra;
    world.cut_message       = rows[i].cut_message;
    world.missing           = rows[i].missing;
    enum pb_error_kind kind = send_one(account);
    if (kind != rows[i].want)
      fail_msg("%s: %s", rows[i].name, pb_error_kind_name(kind));
  }
  pb_cloud_account_free(account);
}

static void
test_refused_token_is_renewed_once(void **state)
{
  pb_cloud_account_t *account = new_account();

  (void)state;
  world.refuse_below = 2;
  assert_int_equal(send_one(account), PB_OK);
  assert_int_equal(world.ipp_requests, 2);
  world.refuse_below = 1000;
  assert_int_equal(send_one(account), PB_AUTH);
  assert_int_equal(world.ipp_requests, 4);
  assert_int_equal(world.tokens, 3);
  pb_cloud_account_free(account);
}

static void
test_fixed_token_is_not_renewed(void **state)
{
  pb_cloud_account_t *account = NULL;
  pb_error_t          err     = {0};

  (void)state;
  world.refuse_below = 2;
  check_ok(pb_cloud_account_new_bearer(rig.url, &rig.trust, "token1", &account, &err), err);
  assert_int_equal(send_one(account), PB_AUTH);
  assert_int_equal(world.ipp_requests, 1);
  assert_int_equal(world.tokens, 0);
  pb_cloud_account_free(account);
}

// A clock that is a day off, in both directions, told with the metadata or only when the token is
// refused.
static void
test_clock_of_the_service(void **state)
{
  (void)state;
  for (int i = 0; i < 4; i++)
  {
    pb_cloud_account_t *account = new_account();
    world.clock_ms              = i & 1 ? DAY_MS : -DAY_MS;
    world.is_date_late          = i & 2;
    assert_int_equal(send_one(account), PB_OK);
    pb_cloud_account_free(account);
  }
}

static void
get_token(pb_cloud_account_t *account, bool is_fresh, const char *want)
{
  pb_secret_t token = {0};
  pb_error_t  err   = {0};

  check_ok(pb_cloud_account_copy_token(account, is_fresh, &token, &err), err);
  assert_string_equal(token.text, want);
  pb_secret_clear(&token);
}

static void
test_token_is_renewed_ahead(void **state)
{
  pb_cloud_account_t *account = new_account();
  pb_secret_t         token   = {0};
  pb_error_t          err     = {0};

  (void)state;
  world.life_s = 100;
  get_token(account, false, "token1");
  pb_clock_shift_ms(79 * 1000);
  get_token(account, false, "token1");
  get_token(account, true, "token2");
  pb_clock_shift_ms(81 * 1000);
  get_token(account, false, "token3");
  // The service is in trouble: the old one does until its end.
  world.token_status = 503;
  pb_clock_shift_ms(90 * 1000);
  get_token(account, false, "token3");
  pb_clock_shift_ms(10 * 1000);
  assert_false(pb_cloud_account_copy_token(account, false, &token, &err));
  assert_int_equal(err.kind, PB_RETRY);
  world.token_status = 200;
  get_token(account, false, "token4");
  pb_cloud_account_free(account);
  pb_clock_shift_ms(-260 * 1000);
}

static void *
take_token(void *user)
{
  get_token(user, false, "token1");
  return NULL;
}

static void
test_threads_share_one_request(void **state)
{
  pb_cloud_account_t *account = new_account();
  pthread_t           threads[8];

  (void)state;
  for (size_t i = 0; i < 8; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, take_token, account), 0);
  for (size_t i = 0; i < 8; i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(world.tokens, 1);
  pb_cloud_account_free(account);
}

struct got
{
  ipp_t **response;
  char    text[256];
  size_t  size;
  bool    is_refusing;
};

static bool
take_document(void *user, const void *data, size_t size, pb_error_t *err)
{
  struct got *got = user;

  assert_non_null(*got->response);
  if (got->is_refusing)
    return pb_error_set(err, PB_GONE, "enough");
  memcpy(got->text + got->size, data, size);
  got->size += size;
  return true;
}

static void
test_fetch(void **state)
{
  static const struct
  {
    const char        *name;
    const char        *extra;
    size_t             missing;
    bool               is_refusing;
    enum pb_error_kind want;
  } rows[] = {
    {"whole",            DOCUMENT, 0, false, PB_OK   },
    {"empty document",   "",       0, false, PB_OK   },
    {"cut",              DOCUMENT, 4, false, PB_RETRY},
    {"the reader stops", DOCUMENT, 0, true,  PB_GONE },
  };
  pb_cloud_account_t *account = new_account();
  pb_cloud_t         *cloud   = NULL;
  pb_error_t          err     = {0};
  char                uri[400];

  (void)state;
  snprintf(uri, sizeof(uri), "%s/ipp/system", rig.url);
  check_ok(pb_cloud_open(account, &cloud, &err), err);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t     *response = NULL;
    struct got got      = {.response = &response, .is_refusing = rows[i].is_refusing};

    world.extra   = rows[i].extra;
    world.missing = rows[i].missing;
    bool ok       = pb_cloud_fetch(cloud, uri, pb_ipp_new_request(IPP_OP_FETCH_DOCUMENT, uri, "me"),
                                   take_document, &got, NULL, &response, &err);
    if (ok != (rows[i].want == PB_OK) || (!ok && err.kind != rows[i].want))
      fail_msg("%s: %d %s", rows[i].name, ok, err.message);
    assert_true(ok == (response != NULL));
    assert_true(!ok ||
                (got.size == strlen(rows[i].extra) && !memcmp(got.text, rows[i].extra, got.size)));
    ippDelete(response);
  }
  pb_cloud_close(cloud);
  pb_cloud_account_free(account);
}

struct document
{
  size_t done;
  bool   is_broken;
};

static bool
give_document(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  struct document *document = user;

  if (document->is_broken)
    return pb_error_set(err, PB_REJECT, "the filter has failed");
  *got_out = strlen(DOCUMENT) - document->done;
  assert_true(*got_out <= room);
  memcpy(data, DOCUMENT + document->done, *got_out);
  document->done += *got_out;
  return true;
}

// The kind of its failure.
static enum pb_error_kind
send_document(pb_cloud_account_t *account, struct document *document)
{
  pb_cloud_t *cloud    = NULL;
  ipp_t      *response = NULL;
  pb_error_t  err      = {0};
  char        uri[400];
  bool        ok;

  snprintf(uri, sizeof(uri), "ipps://%s/ipp/system", rig.url + strlen("https://"));
  check_ok(pb_cloud_open(account, &cloud, &err), err);
  ok = pb_cloud_send(cloud, uri, pb_ipp_new_request(IPP_OP_SEND_DOCUMENT, uri, "me"), give_document,
                     document, NULL, &response, &err);
  assert_true(ok == (response != NULL));
  ippDelete(response);
  pb_cloud_close(cloud);
  return ok ? PB_OK : err.kind;
}

// A document that was begun cannot be had again: a refused token is renewed, and the caller begins
// anew.
static void
test_send(void **state)
{
  pb_cloud_account_t *account  = new_account();
  struct document     document = {0};

  (void)state;
  assert_int_equal(send_document(account, &document), PB_OK);
  assert_int_equal(world.documents, 1);
  document           = (struct document){0};
  world.refuse_below = 2;
  assert_int_equal(send_document(account, &document), PB_RETRY);
  assert_int_equal(world.tokens, 2);
  assert_int_equal(world.ipp_requests, 2);
  document = (struct document){0};
  assert_int_equal(send_document(account, &document), PB_OK);
  assert_int_equal(world.documents, 2);
  document = (struct document){.is_broken = true};
  assert_int_equal(send_document(account, &document), PB_REJECT);
  pb_cloud_account_free(account);
}

static void
test_wrong_ca(void **state)
{
  pb_registration_t   other         = registration;
  pb_cloud_account_t *account       = NULL;
  pb_secret_t         token         = {0};
  pb_error_t          err           = {0};
  char                fingerprint[] = "00000000000000000000000000000000"
                                      "00000000000000000000000000000000";

  (void)state;
  other.ca_fingerprint = fingerprint;
  check_ok(pb_cloud_account_new(&other, &account, &err), err);
  assert_false(pb_cloud_account_copy_token(account, false, &token, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  pb_cloud_account_free(account);
}

static void
test_ipp_statuses(void **state)
{
  static const struct
  {
    int                status;
    enum pb_error_kind want;
  } rows[] = {
    {0x0000, PB_OK    },
    {0x0001, PB_OK    },
    {0x0007, PB_OK    },
    {0x0401, PB_AUTH  },
    {0x0403, PB_AUTH  },
    {0x0404, PB_REJECT},
    {0x0405, PB_RETRY },
    {0x0406, PB_GONE  },
    {0x0407, PB_GONE  },
    {0x0420, PB_REJECT},
    {0x0500, PB_RETRY },
    {0x0501, PB_REJECT},
    {0x0507, PB_RETRY },
    {0x7FFF, PB_REJECT},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_t     *response = ippNew();
    pb_error_t err      = {0};
    bool       ok;

    ippSetStatusCode(response, (ipp_status_t)rows[i].status);
    ok = pb_cloud_check_status(NULL, response, "Fetch-Job", &err);
    if (ok != (rows[i].want == PB_OK) || (!ok && err.kind != rows[i].want))
      fail_msg("%04x: %d %s", (unsigned)rows[i].status, ok, err.message);
    ippDelete(response);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(test_request, reset),
    cmocka_unit_test_setup(test_replies, reset),
    cmocka_unit_test_setup(test_refused_token_is_renewed_once, reset),
    cmocka_unit_test_setup(test_fixed_token_is_not_renewed, reset),
    cmocka_unit_test_setup(test_clock_of_the_service, reset),
    cmocka_unit_test_setup(test_token_is_renewed_ahead, reset),
    cmocka_unit_test_setup(test_threads_share_one_request, reset),
    cmocka_unit_test_setup(test_fetch, reset),
    cmocka_unit_test_setup(test_send, reset),
    cmocka_unit_test_setup(test_wrong_ca, reset),
    cmocka_unit_test(test_ipp_statuses),
  };

  return cmocka_run_group_tests(tests, start_all, stop_all);
}
