// ticket_test - what format writes parse takes, and nothing else.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"
#include "ipp/ticket.h"

#define UUID "urn:uuid:0a1b2c3d-0000-4000-8000-0123456789ab"
#define CAPABILITY "0123456789abcdef0123456789abcdef"
#define GOOD                                                                                       \
  "Printbridge-Ticket: 1\nJob: " UUID "\nDocument: 3\nFormat: application/pdf\n"                   \
  "Capability: " CAPABILITY "\n"
#define BYTES(text) text, sizeof(text) - 1

static const struct row
{
  const char *name, *text;
  size_t      size;
  bool        want;
} rows[] = {
  {"good",                     BYTES(GOOD), true                                                  },
  {"empty",                    BYTES(""),   false                                                 },
  {"without the last newline", GOOD,        sizeof(GOOD) - 2,                                       false},
  {"more behind",                          BYTES(GOOD "x"),                         false                                      },
  {"a sixth line",                          BYTES(GOOD "Extra: 1\n"),                        false},
  {"CRLF",                          BYTES("Printbridge-Ticket: 1\r\nJob: " UUID "\r\n"),                                false                   },
  {"version 2",
   BYTES("Printbridge-Ticket: 2\nJob: " UUID
         "\nDocument: 3\nFormat: application/pdf\nCapability: " CAPABILITY "\n"),
   false                  },
  {"order",
   BYTES("Printbridge-Ticket: 1\nDocument: 3\nJob: " UUID
         "\nFormat: application/pdf\nCapability: " CAPABILITY "\n"),
   false                               },
  {"no uuid",
   BYTES(
     "Printbridge-Ticket: 1\nJob: 17\nDocument: 3\nFormat: application/pdf\nCapability: " CAPABILITY
     "\n"),
   false                                                                                        },
  {"document 0",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: 0\nFormat: application/pdf\nCapability: " CAPABILITY "\n"),
   false                  },
  {"document 03",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: 03\nFormat: application/pdf\nCapability: " CAPABILITY "\n"),
   false                 },
  {"document -1",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: -1\nFormat: application/pdf\nCapability: " CAPABILITY "\n"),
   false                 },
  {"huge document",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: 99999999999\nFormat: application/pdf\nCapability: " CAPABILITY "\n"),
   false        },
  {"format that is not carried",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: 3\nFormat: text/html\nCapability: " CAPABILITY "\n"),
   false                        },
  {"ticket of a ticket",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: 3\nFormat: application/vnd.printbridge.pdf\nCapability: " CAPABILITY "\n"),
   false  },
  {"short capability",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: 3\nFormat: application/pdf\nCapability: 0123\n"),
   false                            },
  {"long capability",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: 3\nFormat: application/pdf\nCapability: " CAPABILITY "0\n"),
   false                 },
  {"capability in capitals",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: 3\nFormat: application/pdf\nCapability: 0123456789ABCDEF0123456789ABCDEF\n"),
   false},
  {"NUL",
   BYTES("Printbridge-Ticket: 1\nJob: " UUID
         "\nDocument: 3\nFormat: application/pdf\0\nCapability: " CAPABILITY "\n"),
   false                },
  {"a PDF",                          BYTES("%PDF-1.7\n"),                               false                        },
};

static void
test_rows(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_ticket_t ticket;
    pb_error_t  err = {0};

    if (pb_ticket_parse(rows[i].text, rows[i].size, &ticket, &err) != rows[i].want)
      fail_msg("%s: %s", rows[i].name, err.message);
    if (!rows[i].want)
    {
      assert_int_equal(err.kind, PB_REJECT);
      assert_null(strstr(err.message, CAPABILITY));
      assert_string_equal(ticket.capability, "");
    }
  }
}

static void
test_round_trip(void **state)
{
  size_t             count   = 0;
  const char *const *formats = pb_ticket_formats(&count);

  (void)state;
  assert_true(count >= 7);
  for (size_t i = 0; i < count; i++)
  {
    pb_ticket_t ticket = {.job_uuid = UUID, .document_number = 3, .capability = CAPABILITY}, again;
    char        text[PB_TICKET_MAX];
    pb_error_t  err = {0};

    snprintf(ticket.format, sizeof(ticket.format), "%s", formats[i]);
    check_ok(pb_ticket_format(&ticket, text, &err), err);
    check_ok(pb_ticket_parse(text, strlen(text), &again, &err), err);
    assert_string_equal(again.job_uuid, UUID);
    assert_int_equal(again.document_number, 3);
    assert_string_equal(again.format, formats[i]);
    assert_string_equal(again.capability, CAPABILITY);
    assert_string_equal(pb_ticket_format_for(pb_ticket_type_for(formats[i])), formats[i]);
  }
  assert_null(pb_ticket_type_for("text/html"));
  assert_null(pb_ticket_type_for(NULL));
  assert_null(pb_ticket_format_for("application/pdf"));
}

static void
test_bad_ticket_is_our_mistake(void **state)
{
  pb_ticket_t ticket = {.job_uuid = UUID, .document_number = 1, .format = "application/pdf"};
  char        text[PB_TICKET_MAX];
  pb_error_t  err = {0};

  (void)state;
  assert_false(pb_ticket_format(&ticket, text, &err));
  assert_int_equal(err.kind, PB_BUG);
}

// The MIME rules that are installed say what the table says.
static void
test_mime_rules(void **state)
{
  size_t             count   = 0;
  const char *const *formats = pb_ticket_formats(&count);
  char               path[512], text[8192], line[256];
  const char        *here = __FILE__;

  (void)state;
  snprintf(path, sizeof(path), "%.*s/filter/printbridge.convs",
           (int)(strstr(here, "/tests/unit/") - here), here);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  size_t size = fread(text, 1, sizeof(text) - 1, file);
  text[size]  = '\0';
  fclose(file);
  for (size_t i = 0; i < count; i++)
  {
    snprintf(line, sizeof(line), "%s ", pb_ticket_type_for(formats[i]));
    const char *at = strstr(text, line);
    if (at == NULL || strncmp(at + strlen(line) + strspn(at + strlen(line), " "), formats[i],
                              strlen(formats[i])) != 0)
      fail_msg("%s is not in %s", line, path);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rows),
    cmocka_unit_test(test_round_trip),
    cmocka_unit_test(test_bad_ticket_is_our_mistake),
    cmocka_unit_test(test_mime_rules),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
