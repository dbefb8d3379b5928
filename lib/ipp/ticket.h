// ticket - the few lines that stand for a document in the local CUPS queue: which document, and the
// capability to fetch it.  Text, so that "what is in this job" can be read by a person; strict,
// because a user could print one.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_TICKET_H
#define PB_IPP_TICKET_H

#include "base/error.h"

#define PB_TICKET_MAX 1024
#define PB_CAPABILITY_SIZE 33  // 128 bits as hex

typedef struct pb_ticket
{
  char job_uuid[46];     // the cloud job's, "urn:uuid:..."
  int  document_number;  // 1 and up
  char format[128];      // MIME type that the filter yields
  char capability[PB_CAPABILITY_SIZE];
} pb_ticket_t;

bool pb_ticket_format(const pb_ticket_t *ticket, char text_out[PB_TICKET_MAX],
                      pb_error_t *err) PB_MUST_USE;
bool pb_ticket_parse(const char *text, size_t size, pb_ticket_t *ticket_out,
                     pb_error_t *err) PB_MUST_USE;

// Formats that we carry: "application/pdf" <-> "application/vnd.printbridge.pdf".  NULL: not one of
// them.
const char *pb_ticket_type_for(const char *format);
const char *pb_ticket_format_for(const char *type);
// The table behind both, for MIME rules, docs and tests: formats[0..count).
const char *const *pb_ticket_formats(size_t *count_out);

#endif
