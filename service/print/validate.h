// validate - is a message a proper IPP request, and whom is it for?  Pure: looks at the message
// only (RFC 8011 s4.1).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_VALIDATE_H
#define PB_PRINT_VALIDATE_H

#include "ipp/message.h"

// Where a request goes: what the path of a URI says.
struct pb_address
{
  bool is_system;
  int  printer_id;  // 0: none
  int  job_id;      // 0: none
};

// "/ipp/system", "/ipp/print/12", "/ipp/print/12/34"; false: none of them.
bool pb_address_parse(const char *path, struct pb_address *address_out);
bool pb_address_parse_uri(const char *uri, struct pb_address *address_out);
// What people call a printer: its number, or its URI.  0: neither.
int pb_address_parse_printer(const char *text);

// Version, request-id, order of groups, charset, language.  IPP_STATUS_OK, or the status to refuse
// it with, and why.
ipp_status_t pb_validate_form(ipp_t *request, const char **why_out);
// The target attribute (printer-uri and job-id, job-uri, or system-uri) against the path that it
// was sent to. *uri_out is borrowed from the request.
ipp_status_t pb_validate_target(ipp_t *request, const char *path, struct pb_address *address_out,
                                const char **uri_out, const char **why_out);

#endif
