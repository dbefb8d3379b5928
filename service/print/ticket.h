// ticket - a client's job template attributes against what the printer can do.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_JOB_TICKET_H
#define PB_PRINT_JOB_TICKET_H

#include "print/request.h"

// What of the request's job group is accepted, as a bag (ippDelete it).  The rest goes into the
// response's unsupported group with status 0x0001; or false and 0x040B when the client insisted
// (ipp-attribute-fidelity, job-mandatory-attributes).
bool pb_job_ticket_accept(struct pb_request *request, ipp_t *capabilities, ipp_t **ticket_out);

// Put an attribute into the response's unsupported group; is_name: the attribute as such is
// unknown.
void pb_job_ticket_add_unsupported(struct pb_request *request, ipp_attribute_t *attribute,
                                   bool is_name);

#endif
