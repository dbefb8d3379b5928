// ticket - reads and writes "Printbridge-Ticket: 1" and its four lines.  One spelling only: what
// format writes, parse takes, and nothing else.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ticket.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define FIRST_LINE "Printbridge-Ticket: 1"

// Each format that we carry and the type under which its ticket stands in the queue.
static const char *const formats[] = {
  "application/pdf", "image/pwg-raster",       "image/urf",  "image/jpeg",
  "image/png",       "application/postscript", "text/plain",
};
static const char *const types[] = {
  "application/vnd.printbridge.pdf",  "application/vnd.printbridge.pwg-raster",
  "application/vnd.printbridge.urf",  "application/vnd.printbridge.jpeg",
  "application/vnd.printbridge.png",  "application/vnd.printbridge.postscript",
  "application/vnd.printbridge.text",
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))
_Static_assert(FORMAT_COUNT == sizeof(types) / sizeof(types[0]), "one type per format");

const char *
pb_ticket_type_for(const char *format)
{
  for (size_t i = 0; i < FORMAT_COUNT; i++)
  {
    if (pb_text_is_equal_nocase(formats[i], format))
      return types[i];
  }
  return NULL;
}

const char *
pb_ticket_format_for(const char *type)
{
  for (size_t i = 0; i < FORMAT_COUNT; i++)
  {
    if (pb_text_is_equal_nocase(types[i], type))
      return formats[i];
  }
  return NULL;
}

const char *const *
pb_ticket_formats(size_t *count_out)
{
  *count_out = FORMAT_COUNT;
  return formats;
}

static bool
is_capability(const char *text)
{
  return strlen(text) == PB_CAPABILITY_SIZE - 1 && strspn(text, "0123456789abcdef") == strlen(text);
}

static bool
check_ticket(const pb_ticket_t *ticket, enum pb_error_kind kind, pb_error_t *err)
{
  if (!pb_text_is_uuid(ticket->job_uuid))
    return pb_error_set(err, kind, "ticket: job is not a uuid");
  if (ticket->document_number < 1)
    return pb_error_set(err, kind, "ticket: document number is below 1");
  if (pb_ticket_type_for(ticket->format) == NULL)
    return pb_error_set(err, kind, "ticket: format is not one that is carried");
  if (!is_capability(ticket->capability))
    return pb_error_set(err, kind, "ticket: capability is malformed");
  return true;
}

bool
pb_ticket_format(const pb_ticket_t *ticket, char text_out[PB_TICKET_MAX], pb_error_t *err)
{
  if (!check_ticket(ticket, PB_BUG, err))
    return false;
  if (!pb_text_format(
        text_out, PB_TICKET_MAX, FIRST_LINE "\nJob: %s\nDocument: %d\nFormat: %s\nCapability: %s\n",
        ticket->job_uuid, ticket->document_number, ticket->format, ticket->capability))
    return pb_error_set(err, PB_BUG, "ticket is too long");
  return true;
}

// Takes "NAME: VALUE\n" from the front of *text.
static bool
take_line(char **text, const char *name, char *value_out, size_t value_size)
{
  size_t name_size = strlen(name);
  char  *end       = strchr(*text, '\n');

  if (end == NULL || strncmp(*text, name, name_size) != 0 ||
      strncmp(*text + name_size, ": ", 2) != 0)
    return false;
  *end       = '\0';
  bool whole = pb_text_copy(value_out, value_size, *text + name_size + 2);
  *text      = end + 1;
  return whole;
}

static bool
parse_lines(char *text, pb_ticket_t *ticket, pb_error_t *err)
{
  char    version[8], document[16];
  int64_t number = 0;

  if (!take_line(&text, "Printbridge-Ticket", version, sizeof(version)) ||
      strcmp(version, "1") != 0)
    return pb_error_set(err, PB_REJECT, "ticket: does not begin with " FIRST_LINE);
  if (!take_line(&text, "Job", ticket->job_uuid, sizeof(ticket->job_uuid)) ||
      !take_line(&text, "Document", document, sizeof(document)) ||
      !take_line(&text, "Format", ticket->format, sizeof(ticket->format)) ||
      !take_line(&text, "Capability", ticket->capability, sizeof(ticket->capability)))
    return pb_error_set(err, PB_REJECT, "ticket: a line is missing, too long or out of order");
  if (*text != '\0')
    return pb_error_set(err, PB_REJECT, "ticket: has more than its lines");
  if (document[0] == '0' || !pb_text_parse_int(document, 1, 1000000, &number))
    return pb_error_set(err, PB_REJECT, "ticket: document number is malformed");
  ticket->document_number = (int)number;
  return check_ticket(ticket, PB_REJECT, err);
}

bool
pb_ticket_parse(const char *text, size_t size, pb_ticket_t *ticket_out, pb_error_t *err)
{
  char copy[PB_TICKET_MAX];

  memset(ticket_out, 0, sizeof(*ticket_out));
  if (size >= sizeof(copy))
    return pb_error_set(err, PB_REJECT, "ticket: longer than %d bytes", PB_TICKET_MAX - 1);
  if (memchr(text, '\0', size) != NULL)
    return pb_error_set(err, PB_REJECT, "ticket: has a NUL");
  memcpy(copy, text, size);
  copy[size] = '\0';
  if (parse_lines(copy, ticket_out, err))
    return true;
  memset(ticket_out, 0, sizeof(*ticket_out));
  return false;
}
