// fetch - a document from the connector's unix socket, as it comes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_FILTER_FETCH_H
#define PB_FILTER_FETCH_H

#include "ipp/ticket.h"

// Writes the whole document to fd.  Waits for a connector that is not there or does not know the
// document yet (it may be restarting), also in mid-document; says so on stderr in CUPS's manner.
// False: the document is not whole, and nothing more of it will come; *is_held_out: because its job
// is held.
bool pb_fetch_document(const char *socket_path, const pb_ticket_t *ticket, int fd,
                       bool *is_held_out, pb_error_t *err) PB_MUST_USE;

#endif
