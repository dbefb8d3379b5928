// rekey_test - a key and its certificates are renewed at a service that loses requests and answers
// at each point in turn: nothing but the same call again is needed, and no moment is without a key.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "base/log.h"
#include "base/text.h"
#include "cloud/account.h"
#include "cloud/protocol.h"
#include "cloud/rekey.h"
#include "net/form.h"
#include "net/jwt.h"

#include <stdlib.h>

#define QUEUES 3

enum loss
{
  LOSE_NOTHING,
  LOSE_REQUEST,
  LOSE_ANSWER
};

// The service, as far as keys go.
static struct
{
  pb_key_t *current, *next;
  char      named[PB_KEY_ID_SIZE];  // by the last token
  bool      has_roll_over;
  bool      is_queue_gone;  // the second queue's printer was removed
  int       requests;
  int       lose_at;
  enum loss lose;
  int       certified;
  pb_key_t *ca_key;
  char     *ca;
} service;

static struct rig rig;
static char       state[32];

static void
drop_log(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

static bool
is_signed(const pb_key_t *key, const char *jwt, struct pb_assertion *claims)
{
  return key != NULL && pb_jwt_verify(key, jwt, claims, /*err*/ NULL);
}

static void
answer_token(const struct rig_request *request, struct rig_answer *answer)
{
  pb_form_t          *form   = NULL;
  struct pb_assertion claims = {0};
  pb_error_t          err    = {0};

  check_ok(pb_form_parse(request->body, request->body_size, &form, &err), err);
  const char *jwt = pb_form_get(form, "client_assertion");
  if (!is_signed(service.current, jwt, &claims) && is_signed(service.next, jwt, &claims))
  {
    pb_key_free(service.current);
    service.current = service.next;
    service.next    = NULL;
  }
  answer->status = is_signed(service.current, jwt, &claims) ? 200 : 401;
  if (answer->status == 200)
  {
    memcpy(service.named, claims.next_key, sizeof(service.named));
    rig_say(answer, "{\"access_token\":\"token\",\"token_type\":\"Bearer\",\"expires_in\":600}");
  }
  else
    rig_say(answer, "{\"error\":\"invalid_client\"}");
  pb_form_free(form);
}

static char *
join_csr(ipp_t *asked)
{
  static char      text[4096];
  ipp_attribute_t *pieces =
    pb_ipp_find(asked, IPP_TAG_OPERATION, "output-device-x509-request", IPP_TAG_TEXT);

  text[0] = '\0';
  for (int i = 0; i < ippGetCount(pieces); i++)
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", ippGetString(pieces, i, NULL));
  return text;
}

// True: it is one of ours, or the one that was named, which is the next one then.
static bool
take_key(pb_key_t *key)
{
  char id[PB_KEY_ID_SIZE], known[PB_KEY_ID_SIZE];

  pb_key_get_id(key, id);
  pb_key_get_id(service.current, known);
  if (strcmp(id, known) == 0)
    return true;
  if (strcmp(id, service.named) != 0)
    return false;
  pb_key_free(service.next);
  service.next = pb_key_copy(key);
  return true;
}

static ipp_t *
answer_register(ipp_t *asked)
{
  const char *uuid = pb_ipp_text(asked, IPP_TAG_OPERATION, "output-device-uuid");
  char        name[64];
  char       *pem  = NULL;
  pb_key_t   *key  = NULL;
  ipp_t      *said = NULL;
  ipp_t      *xri  = NULL;
  pb_error_t  err  = {0};

  if (service.is_queue_gone && uuid[strlen(uuid) - 1] == '1')
    return pb_ipp_new_response(asked, IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_ok(pb_csr_parse(join_csr(asked), name, &key, &err), err);
  if (!take_key(key))
  {
    pb_key_free(key);
    return pb_ipp_new_response(asked, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES);
  }
  check_ok(pb_cert_make_device(service.ca_key, service.ca, key, uuid, 60000, &pem, &err), err);
  pb_key_free(key);
  said = pb_ipp_new_response(asked, IPP_STATUS_OK);
  ippAddString(said, IPP_TAG_OPERATION, IPP_TAG_TEXT, "output-device-x509-certificate", NULL, pem);
  ippAddString(said, IPP_TAG_PRINTER, IPP_TAG_URI, "printer-uuid", NULL, uuid);
  xri = ippNew();
  ippAddString(xri, IPP_TAG_ZERO, IPP_TAG_URI, "xri-uri", NULL, "ipps://elsewhere/ipp/print/9");
  ippAddCollection(said, IPP_TAG_PRINTER, "printer-xri-supported", xri);
  ippDelete(xri);
  free(pem);
  service.certified++;
  return said;
}

static void
answer_ipp(const struct rig_request *request, struct rig_answer *answer)
{
  pb_error_t  err   = {0};
  ipp_t      *asked = NULL, *said;
  pb_buffer_t bytes = {0};

  check_ok(pb_ipp_parse(request->body, request->body_size, &asked, &err), err);
  said         = answer_register(asked);
  answer->type = "application/ipp";
  check_ok(pb_ipp_format(said, &bytes, &err), err);
  memcpy(answer->body, bytes.data, bytes.size);
  answer->size = bytes.size;
  pb_buffer_clear(&bytes);
  ippDelete(asked);
  ippDelete(said);
}

static void
answer_any(struct rig *self, const struct rig_request *request, struct rig_answer *answer)
{
  enum loss lose = ++service.requests == service.lose_at ? service.lose : LOSE_NOTHING;

  if (lose == LOSE_REQUEST)
  {
    answer->status = 503;
    return;
  }
  if (!strcmp(request->path, "/token"))
    answer_token(request, answer);
  else if (!strcmp(request->path, "/ipp/system"))
    answer_ipp(request, answer);
  else
    rig_say(answer, "{\"issuer\":\"%s\",\"token_endpoint\":\"%s/token\",\"%s\":%s}", self->url,
            self->url, PB_METADATA_ROLL_OVER, service.has_roll_over ? "true" : "false");
  if (lose == LOSE_ANSWER)
    answer->missing = 1;
}

static pb_registration_t *
find(void)
{
  pb_registration_t *registration = NULL;
  pb_error_t         err          = {0};

  check_ok(pb_registration_find(state, rig.url, &registration, &err), err);
  return registration;
}

// A registration on disk, with queues, that the service knows.
static int
set_up(void **unused)
{
  pb_registration_t *registration;
  pb_error_t         err = {0};

  (void)unused;
  pb_log_set_sink(drop_log, NULL);
  memset(&service, 0, sizeof(service));
  service.has_roll_over = true;
  strcpy(state, "/tmp/pb-rekey-XXXXXX");
  assert_non_null(mkdtemp(state));
  rig.answer = answer_any;
  rig_start(&rig);
  check_ok(pb_key_make(&service.ca_key, &err), err);
  check_ok(pb_cert_make_ca(service.ca_key, "CA", 10, &service.ca, &err), err);
  registration                 = find();
  registration->ca_fingerprint = pb_text_dup(rig.fingerprint);
  service.current              = pb_key_copy(registration->key);
  check_ok(pb_registration_save(registration, &err), err);
  for (int i = 0; i < QUEUES; i++)
  {
    pb_registered_queue_t queue = {.printer_uri = "ipps://print.example/ipp/print/1"};

    pb_text_format(queue.uuid, sizeof(queue.uuid), "urn:uuid:00000000-0000-4000-8000-00000000000%d",
                   i);
    snprintf(queue.queue, sizeof(queue.queue), "queue%d", i);
    pb_text_copy(queue.printer_uuid, sizeof(queue.printer_uuid), queue.uuid);
    check_ok(pb_registration_add_queue(registration, &queue, &err), err);
  }
  pb_registration_free(registration);
  return 0;
}

static int
tear_down(void **unused)
{
  char command[64];

  (void)unused;
  rig_stop(&rig);
  pb_key_free(service.current);
  pb_key_free(service.next);
  pb_key_free(service.ca_key);
  free(service.ca);
  snprintf(command, sizeof(command), "rm -rf %s", state);
  return system(command);
}

// A process of its own: what is on disk, and nothing else.
static bool
rekey_once(pb_error_t *err)
{
  struct pb_rekey_options options      = {0};
  pb_registration_t      *registration = find();
  bool                    ok           = pb_rekey(registration, &options, err);

  pb_registration_free(registration);
  return ok;
}

static void
check_renewed(const char *before)
{
  pb_registration_t *registration = find();
  char               id[PB_KEY_ID_SIZE], known[PB_KEY_ID_SIZE];

  pb_key_get_id(registration->key, id);
  pb_key_get_id(service.current, known);
  assert_string_equal(id, known);
  assert_true((strcmp(id, before) != 0) == service.has_roll_over);
  assert_null(registration->next_key);
  assert_int_equal(registration->queues_count, QUEUES);
  for (int i = 0; i < QUEUES; i++)
  {
    assert_string_equal(registration->queues[i].printer_uri, "ipps://print.example/ipp/print/1");
    if (!service.is_queue_gone || i != 1)
      assert_non_null(registration->queues[i].certificate);
  }
  pb_registration_free(registration);
}

static void
it_is_renewed(void **unused)
{
  char       before[PB_KEY_ID_SIZE];
  pb_error_t err = {0};

  (void)unused;
  for (int i = 0; i < 3; i++)
  {
    pb_key_get_id(service.current, before);
    check_ok(rekey_once(&err), err);
    check_renewed(before);
  }
  service.has_roll_over = false;
  pb_key_get_id(service.current, before);
  check_ok(rekey_once(&err), err);
  check_renewed(before);
  service.is_queue_gone = service.has_roll_over = true;
  check_ok(rekey_once(&err), err);
  check_renewed(before);
}

// At each request once: it never comes, or its answer is lost.
static void
whatever_is_lost_it_goes_on(void **unused)
{
  (void)unused;
  for (enum loss lose = LOSE_REQUEST; lose <= LOSE_ANSWER; lose++)
  {
    for (int at = 1;; at++)
    {
      char       before[PB_KEY_ID_SIZE];
      pb_error_t err = {0};

      pb_key_get_id(service.current, before);
      service.requests = 0;
      service.lose     = lose;
      service.lose_at  = at;
      bool is_done     = rekey_once(&err);
      if (service.requests < at)
      {
        check_ok(is_done, err);
        assert_true(at > 2 + QUEUES + 2);
        break;
      }
      service.lose_at = 0;
      if (!is_done)
      {
        assert_int_equal(err.kind, PB_RETRY);
        check_ok(rekey_once(&err), err);
      }
      check_renewed(before);
    }
  }
}

struct told
{
  int  count;
  bool is_failing;
};

static bool
note_registered(void *user, const pb_key_t *next, const pb_key_t *former, pb_error_t *err)
{
  struct told *told = user;

  assert_non_null(next);
  assert_non_null(former);
  told->count++;
  // Both are good.
  assert_non_null(service.current);
  assert_non_null(service.next);
  return !told->is_failing || pb_error_set(err, PB_RETRY, "not now");
}

static void
who_else_uses_it_is_told_before_the_new_key_is_used(void **unused)
{
  struct told             told         = {.is_failing = true};
  struct pb_rekey_options options      = {.on_registered = note_registered, .user = &told};
  pb_registration_t      *registration = find();
  char                    before[PB_KEY_ID_SIZE], now[PB_KEY_ID_SIZE];
  pb_error_t              err = {0};

  (void)unused;
  pb_key_get_id(service.current, before);
  assert_false(pb_rekey(registration, &options, &err));
  assert_int_equal(told.count, 1);
  pb_key_get_id(service.current, now);
  assert_string_equal(now, before);  // nothing has used it
  told.is_failing = false;
  check_ok(pb_rekey(registration, &options, &err), err);
  assert_int_equal(told.count, 2);
  pb_registration_free(registration);
  check_renewed(before);
}

// The identity that runs on while another process renews it finds the new key when the old one
// ends.
static void
an_account_goes_on_with_the_other_key(void **unused)
{
  pb_registration_t  *registration = find();
  pb_cloud_account_t *account      = NULL;
  pb_secret_t         token        = {0};
  pb_error_t          err          = {0};
  pb_registration_t  *renewed      = NULL;
  pb_key_t           *next         = NULL;

  (void)unused;
  check_ok(pb_cloud_account_new(registration, &account, &err), err);
  check_ok(pb_cloud_account_copy_token(account, true, &token, &err), err);
  check_ok(rekey_once(&err), err);
  assert_false(pb_cloud_account_copy_token(account, true, &token, &err));
  assert_int_equal(err.kind, PB_AUTH);
  renewed = find();
  next    = renewed->key;
  check_ok(pb_cloud_account_set_keys(account, registration->key, next, "", &err), err);
  check_ok(pb_cloud_account_copy_token(account, true, &token, &err), err);
  assert_true(pb_cloud_account_has_used(account, next));
  pb_registration_free(renewed);
  pb_secret_clear(&token);
  pb_cloud_account_free(account);
  pb_registration_free(registration);
}

static void
it_came_from_another_host(void **unused)
{
  pb_registration_t *registration = find();
  pb_error_t         err          = {0};

  (void)unused;
  assert_false(pb_registration_is_moving(registration));
  registration->moved_ms = 7;
  pb_key_get_id(registration->key, registration->moved_key);
  check_ok(pb_registration_save(registration, &err), err);
  pb_registration_free(registration);
  registration = find();
  assert_true(pb_registration_is_moving(registration));
  pb_registration_free(registration);
  check_ok(rekey_once(&err), err);
  registration = find();
  assert_false(pb_registration_is_moving(registration));
  assert_int_equal(registration->moved_ms, 7);
  pb_registration_free(registration);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    WORLD(it_is_renewed),
    WORLD(whatever_is_lost_it_goes_on),
    WORLD(who_else_uses_it_is_told_before_the_new_key_is_used),
    WORLD(an_account_goes_on_with_the_other_key),
    WORLD(it_came_from_another_host),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
