// registration_test - devices that an administrator approved become printers, and what is left of
// them when they go: by Deregister-Output-Device, or by the administrator's hand.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include "cloud/protocol.h"
#include "identity/approval.h"
#include "identity/token.h"

#define ADMIN "admin@cloud.test"
#define CLIENT "client-9"
#define UUID_A "urn:uuid:00000000-0000-4000-8000-00000000000a"
#define UUID_B "urn:uuid:00000000-0000-4000-8000-00000000000b"

static const pb_principal_t owner = {.role = PB_ROLE_PROXY, .name = CLIENT, .client_id = CLIENT};

// As the connector's command gets it: asked for, approved, fetched.
static void
get_approval_to_join(struct bench *b, const char *join_a, const char *join_b,
                     pb_principal_t *principal_out)
{
  static const char *const uuids[]  = {UUID_A, UUID_B};
  struct pb_approved_queue queues[] = {
    {.uuid = UUID_A, .queue = "A", .host = "host-a.test"},
    {.uuid = UUID_B,              .queue = "B"            }
  };
  const struct pb_device_request asked = {.client_id    = CLIENT,
                                          .scope        = PB_SCOPE_REGISTER,
                                          .requester    = ADMIN,
                                          .peer         = "192.0.2.1",
                                          .queues       = queues,
                                          .queues_count = 2};
  pb_error_t                     err   = {0};
  struct pb_device_grant         grant = {0};
  struct pb_token_subject        subject;
  struct pb_tokens               tokens = {0};
  struct pb_user                 admin;
  struct pb_approver             by = {&admin, "192.0.2.1"};

  pb_text_copy(queues[0].join, sizeof(queues[0].join), join_a);
  pb_text_copy(queues[1].join, sizeof(queues[1].join), join_b);
  check_ok(pb_identity_add_user(b->identity, ADMIN, PB_ROLE_ADMIN, "correct horse", &err), err);
  check_ok(pb_user_find(b->identity, ADMIN, &admin, &err), err);
  check_ok(pb_device_grant_make(b->identity, &asked, &grant, &err), err);
  check_ok(pb_approval_approve(b->identity, grant.user_code, &by, uuids, 2, &err), err);
  assert_int_equal(
    pb_device_grant_poll(b->identity, grant.device_code.text, CLIENT, &subject, &tokens, &err),
    PB_DEVICE_POLL_GRANTED);
  check_ok(pb_token_check(b->identity, tokens.access.text, principal_out, &err), err);
  pb_tokens_clear(&tokens);
  pb_device_grant_clear(&grant);
}

static void
get_approval(struct bench *b, pb_principal_t *principal_out)
{
  get_approval_to_join(b, "", "", principal_out);
}

// The status; *id_out the printer's.
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

static int
deregister(struct bench *b, int printer_id, const char *uuid)
{
  struct pb_request request;
  pb_buffer_t       body = {0};
  pb_error_t        err  = {0};
  char              uri[64], path[32];
  int               status;

  snprintf(path, sizeof(path), "/ipp/print/%d", printer_id);
  snprintf(uri, sizeof(uri), "ipps://cloud.test:8631%s", path);
  ipp_t *ipp = pb_ipp_new_request(IPP_OP_DEREGISTER_OUTPUT_DEVICE, uri, NULL);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid", NULL, uuid);
  check_ok(pb_ipp_format(ipp, &body, &err), err);
  ippDelete(ipp);
  pb_request_init(&request, b->print, &owner);
  pb_request_perform(&request, path, body.data, body.size);
  status = (int)ippGetStatusCode(request.response);
  pb_request_clear(&request);
  pb_buffer_clear(&body);
  return status;
}

struct share
{
  pb_principal_t   applicant;
  struct pb_tokens tokens;  // of the connector
  int              a, b;    // printers
};

static void
share_both(struct bench *b, struct share *share)
{
  struct pb_token_subject subject = {.scope = PB_SCOPE_PROXY, .client_id = CLIENT};
  pb_error_t              err     = {0};

  *share = (struct share){0};
  get_approval(b, &share->applicant);
  check_status(register_device(b, &share->applicant, UUID_A, &share->a), IPP_STATUS_OK);
  check_status(register_device(b, &share->applicant, UUID_B, &share->b), IPP_STATUS_OK);
  assert_true(share->a > 0 && share->b > share->a);
  check_ok(pb_token_issue(b->identity, &subject, &share->tokens, &err), err);
}

static bool
is_good(struct bench *b, const struct share *share)
{
  pb_principal_t principal;

  return pb_token_check(b->identity, share->tokens.access.text, &principal, NULL);
}

static void
the_same_device_is_the_same_printer(void **state)
{
  struct bench *b = *state;
  struct share  share;
  int           id = 0;

  share_both(b, &share);
  check_status(register_device(b, &owner, UUID_A, &id), IPP_STATUS_OK);
  assert_int_equal(id, share.a);
  check_status(register_device(b, &share.applicant, UUID, &id), IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_status(register_device(b, &proxy, UUID_A, &id), IPP_STATUS_ERROR_NOT_AUTHORIZED);
  pb_tokens_clear(&share.tokens);
}

// The approval was good for once: whoever wants a device back asks again.
static void
a_device_that_deregisters_is_forgotten(void **state)
{
  struct bench *b = *state;
  struct share  share;
  int           id = 0;

  share_both(b, &share);
  check_status(deregister(b, share.a, UUID_A), IPP_STATUS_OK);
  check_status(register_device(b, &owner, UUID_A, &id), IPP_STATUS_ERROR_NOT_AUTHORIZED);
  check_status(register_device(b, &share.applicant, UUID_A, &id), IPP_STATUS_ERROR_NOT_AUTHORIZED);
  assert_true(is_good(b, &share));  // for the other one
  check_status(register_device(b, &owner, UUID_B, &id), IPP_STATUS_OK);
  check_status(deregister(b, share.b, UUID_B), IPP_STATUS_OK);
  assert_false(is_good(b, &share));
  pb_tokens_clear(&share.tokens);
}

static void
a_printer_that_is_removed_forgets_its_device(void **state)
{
  struct bench *b   = *state;
  pb_error_t    err = {0};
  struct share  share;
  int           id = 0;

  share_both(b, &share);
  check_status(deregister(b, share.a, UUID_A), IPP_STATUS_OK);
  check_ok(pb_print_remove_printer(b->print, share.a, &err), err);  // its device went before
  assert_true(is_good(b, &share));
  check_ok(pb_print_remove_printer(b->print, share.b, &err), err);
  assert_false(is_good(b, &share));
  check_status(register_device(b, &owner, UUID_B, &id), IPP_STATUS_ERROR_NOT_AUTHORIZED);
  assert_false(pb_print_remove_printer(b->print, share.b, &err));
  assert_int_equal(err.kind, PB_GONE);
  pb_tokens_clear(&share.tokens);
}

static void
a_queue_joins_a_printer(void **state)
{
  struct bench     *b = *state;
  pb_principal_t    applicant_;
  pb_error_t        err = {0};
  struct pb_printer printer;
  int               id = 0;

  get_approval_to_join(b, URI, "77", &applicant_);
  check_status(register_device(b, &applicant_, UUID_A, &id), IPP_STATUS_OK);
  assert_int_equal(id, 1);
  check_status(register_device(b, &applicant_, UUID_B, &id), IPP_STATUS_ERROR_NOT_FOUND);
  // The answer was lost.
  check_status(register_device(b, &owner, UUID_A, &id), IPP_STATUS_OK);
  assert_int_equal(id, 1);
  check_ok(pb_printer_load(b->db, 1, &printer, &err), err);
  assert_string_equal(printer.name, "Laser");
  assert_int_equal(printer.devices_count, 2);
  assert_string_equal(printer.devices[0].client_id, "client-1");
  assert_string_equal(printer.devices[1].host, "host-a.test");
  pb_printer_clear(&printer);
  // One goes, the other stays, and with it the printer.
  check_status(deregister(b, 1, UUID_A), IPP_STATUS_OK);
  check_status(deregister(b, 1, UUID_A), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_ok(pb_printer_load(b->db, 1, &printer, &err), err);
  assert_int_equal(printer.devices_count, 1);
  pb_printer_clear(&printer);
}

static void
not_more_than_there_is_room_for(void **state)
{
  struct bench  *b = *state;
  pb_principal_t applicant_;
  pb_error_t     err = {0};
  int            id  = 0;

  for (int i = 1; i < PB_PRINTER_DEVICES_MAX; i++)
  {
    struct pb_device device = {.printer_id = 1, .client_id = "client-2"};

    pb_text_make_uuid(device.uuid);
    check_ok(pb_device_insert(b->db, &device, &err), err);
  }
  get_approval_to_join(b, "1", "2", &applicant_);
  check_status(register_device(b, &applicant_, UUID_A, &id), IPP_STATUS_ERROR_NOT_POSSIBLE);
  check_status(register_device(b, &applicant_, UUID_B, &id), IPP_STATUS_OK);
  assert_int_equal(id, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(the_same_device_is_the_same_printer),
    TEST(a_device_that_deregisters_is_forgotten),
    TEST(a_printer_that_is_removed_forgets_its_device),
    TEST(a_queue_joins_a_printer),
    TEST(not_more_than_there_is_room_for),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
