// adoption_test - a machine that was set up anew takes over the printers that it had, as an
// administrator has chosen, and not otherwise: the printer stays, its former device goes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include "cloud/protocol.h"
#include "identity/approval.h"
#include "identity/token.h"
#include "print/printer-store.h"

#define ADMIN "admin@cloud.test"
#define OLD "client-old"
#define NEW "client-new"
#define UUID_OLD "urn:uuid:00000000-0000-4000-8000-00000000000a"
#define UUID_NEW "urn:uuid:00000000-0000-4000-8000-00000000000b"
#define UUID_OTHER "urn:uuid:00000000-0000-4000-8000-00000000000c"

static void
add_admin(struct bench *b)
{
  pb_error_t err = {0};

  check_ok(pb_identity_add_user(b->identity, ADMIN, PB_ROLE_ADMIN, "correct horse", &err), err);
}

// Two queues of a client; adopt: they ask to take over former printers.  The principal may register
// what was approved; false: it was not.
static bool
get_approval(struct bench *b, const char *client, const char *adopt, const char *uuid,
             const struct pb_approval_choice *choices, size_t count, pb_principal_t *principal_out,
             pb_error_t *err)
{
  struct pb_approved_queue queues[] = {
    {.queue = "Laser",  .host = "ps1"},
    { .uuid = UUID_OTHER, .queue = "Other", .host = "ps1"},
  };
  const struct pb_device_request asked  = {.client_id    = client,
                                           .scope        = PB_SCOPE_REGISTER,
                                           .requester    = ADMIN,
                                           .peer         = "192.0.2.1",
                                           .queues       = queues,
                                           .queues_count = 2};
  struct pb_device_grant         grant  = {0};
  struct pb_tokens               tokens = {0};
  struct pb_token_subject        subject;
  struct pb_user                 admin;
  struct pb_approver             by = {&admin, "192.0.2.1"};

  pb_text_copy(queues[0].uuid, sizeof(queues[0].uuid), uuid);
  pb_text_copy(queues[0].adopt, sizeof(queues[0].adopt), adopt);
  pb_text_copy(queues[1].adopt, sizeof(queues[1].adopt), adopt);
  check_ok(pb_user_find(b->identity, ADMIN, &admin, err), *err);
  check_ok(pb_device_grant_make(b->identity, &asked, &grant, err), *err);
  bool ok = pb_approval_approve_choices(b->identity, grant.user_code, &by, choices, count, err);
  if (ok)
  {
    assert_int_equal(
      pb_device_grant_poll(b->identity, grant.device_code.text, client, &subject, &tokens, err),
      PB_DEVICE_POLL_GRANTED);
    check_ok(pb_token_check(b->identity, tokens.access.text, principal_out, err), *err);
  }
  pb_tokens_clear(&tokens);
  pb_device_grant_clear(&grant);
  return ok;
}

static int
register_device(struct bench *b, const pb_principal_t *who, const char *uuid, int *id_out)
{
  ipp_t *response = NULL, *ipp = ask(IPP_OP_REGISTER_OUTPUT_DEVICE);
  int    status;

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, uuid);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "printer-service-type", NULL, "print");
  status  = call_with(b, who, ipp, NULL, &response);
  *id_out = pb_ipp_int(response, IPP_TAG_PRINTER, "printer-id", 0);
  ippDelete(response);
  return status;
}

// The former one, with its printer and a token of its connector.
static int
make_former(struct bench *b, struct pb_tokens *tokens)
{
  const struct pb_approval_choice choices[] = {
    {.uuid = UUID_OLD, .device = ""}
  };
  struct pb_token_subject subject = {.scope = PB_SCOPE_PROXY, .client_id = OLD};
  pb_principal_t          principal;
  pb_error_t              err = {0};
  int                     id  = 0;

  add_admin(b);
  check_ok(get_approval(b, OLD, "", UUID_OLD, choices, 1, &principal, &err), err);
  check_status(register_device(b, &principal, UUID_OLD, &id), IPP_STATUS_OK);
  *tokens = (struct pb_tokens){0};
  check_ok(pb_token_issue(b->identity, &subject, tokens, &err), err);
  return id;
}

static bool
is_good(struct bench *b, const struct pb_tokens *tokens)
{
  pb_principal_t principal;

  return pb_token_check(b->identity, tokens->access.text, &principal, NULL);
}

static void
the_printer_stays_and_its_former_device_goes(void **state)
{
  struct bench     *b = *state;
  struct pb_tokens  tokens;
  int               id = make_former(b, &tokens), again = 0;
  struct pb_printer before = {0}, after = {0};
  pb_principal_t    principal;
  pb_error_t        err = {0};

  const struct pb_approval_choice choices[] = {
    {.uuid = UUID_NEW, .adopts = id, .device = UUID_OLD}
  };
  check_ok(pb_printer_load(b->print->db, id, &before, &err), err);
  check_ok(get_approval(b, NEW, "former", UUID_NEW, choices, 1, &principal, &err), err);
  assert_true(is_good(b, &tokens));  // nothing has changed yet
  check_status(register_device(b, &principal, UUID_NEW, &again), IPP_STATUS_OK);
  assert_int_equal(again, id);
  check_ok(pb_printer_load(b->print->db, id, &after, &err), err);
  assert_string_equal(after.uuid, before.uuid);
  assert_string_equal(after.name, before.name);
  assert_int_equal(after.devices_count, 1);
  assert_string_equal(after.devices[0].uuid, UUID_NEW);
  assert_string_equal(after.devices[0].client_id, NEW);
  assert_false(is_good(b, &tokens));  // its last device: the former client is revoked
  check_status(register_device(b, &principal, UUID_NEW, &again), IPP_STATUS_OK);
  assert_int_equal(again, id);
  pb_printer_clear(&before);
  pb_printer_clear(&after);
  pb_tokens_clear(&tokens);
}

static void
a_printer_without_a_device(void **state)
{
  struct bench     *b = *state;
  struct pb_tokens  tokens;
  int               id = make_former(b, &tokens), again = 0;
  struct pb_printer after = {0};
  pb_principal_t    principal;
  pb_error_t        err = {0};

  const struct pb_approval_choice choices[] = {
    {.uuid = UUID_NEW, .adopts = id, .device = ""}
  };
  check_ok(get_approval(b, NEW, "former", UUID_NEW, choices, 1, &principal, &err), err);
  // It has one still: that is not what was approved.
  check_status(register_device(b, &principal, UUID_NEW, &again), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_ok(pb_device_delete(b->print->db, UUID_OLD, &err), err);
  check_status(register_device(b, &principal, UUID_NEW, &again), IPP_STATUS_OK);
  assert_int_equal(again, id);
  check_ok(pb_printer_load(b->print->db, id, &after, &err), err);
  assert_int_equal(after.devices_count, 1);
  pb_printer_clear(&after);
  pb_tokens_clear(&tokens);
}

static void
without_a_choice_it_is_a_new_printer(void **state)
{
  const struct pb_approval_choice choices[] = {
    {.uuid = UUID_NEW, .device = ""}
  };
  struct bench    *b = *state;
  struct pb_tokens tokens;
  int              id = make_former(b, &tokens), other = 0;
  pb_principal_t   principal;
  pb_error_t       err = {0};

  check_ok(get_approval(b, NEW, "former", UUID_NEW, choices, 1, &principal, &err), err);
  check_status(register_device(b, &principal, UUID_NEW, &other), IPP_STATUS_OK);
  assert_int_not_equal(other, id);
  assert_true(is_good(b, &tokens));
  pb_tokens_clear(&tokens);
}

static void
what_cannot_be_approved(void **state)
{
  struct bench    *b = *state;
  struct pb_tokens tokens;
  int              id = make_former(b, &tokens);
  const struct
  {
    const char               *name, *adopt;
    struct pb_approval_choice choices[2];
    size_t                    count;
  } rows[] = {
    {"not asked for",   "",       {{.uuid = UUID_NEW, .adopts = id, .device = UUID_OLD}}, 1},
    {"the same twice",
     "former",                    {{.uuid = UUID_NEW, .adopts = id, .device = UUID_OLD},
      {.uuid = UUID_OTHER, .adopts = id, .device = UUID_OLD}},
     2                                                                                     },
    {"no number",       "former", {{.uuid = UUID_NEW, .adopts = -1, .device = UUID_OLD}}, 1},
    {"another queue's", "former", {{.uuid = UUID_OLD, .adopts = id, .device = UUID_OLD}}, 1},
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_principal_t principal;
    pb_error_t     err = {0};

    if (get_approval(b, NEW, rows[i].adopt, UUID_NEW, rows[i].choices, rows[i].count, &principal,
                     &err))
      fail_msg("%s", rows[i].name);
    assert_int_equal(err.kind, PB_REJECT);
  }
  assert_true(is_good(b, &tokens));
  pb_tokens_clear(&tokens);
}

static void
what_has_changed_since_it_was_approved(void **state)
{
  struct bench    *b = *state;
  struct pb_tokens tokens;
  int              id = make_former(b, &tokens), other = 0;
  const struct
  {
    const char               *name;
    struct pb_approval_choice choice;
    int                       want;
  } rows[] = {
    {"the printer is gone",
     {.uuid = UUID_NEW, .adopts = id + 7, .device = UUID_OLD},
     IPP_STATUS_ERROR_NOT_FOUND   },
    {"another device",
     {.uuid = UUID_NEW, .adopts = id, .device = UUID_OTHER},
     IPP_STATUS_ERROR_NOT_POSSIBLE},
  };

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_principal_t principal;
    pb_error_t     err = {0};

    check_ok(get_approval(b, NEW, "former", UUID_NEW, &rows[i].choice, 1, &principal, &err), err);
    check_status(register_device(b, &principal, UUID_NEW, &other), rows[i].want);
  }
  assert_true(is_good(b, &tokens));
  pb_tokens_clear(&tokens);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    BENCH(the_printer_stays_and_its_former_device_goes), BENCH(a_printer_without_a_device),
    BENCH(without_a_choice_it_is_a_new_printer),         BENCH(what_cannot_be_approved),
    BENCH(what_has_changed_since_it_was_approved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
