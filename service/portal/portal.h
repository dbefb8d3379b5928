// portal - the web pages: sign in, approve a device's code, printers, jobs, app passwords.  Plain
// HTML from the binary.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PORTAL_PORTAL_H
#define PB_PORTAL_PORTAL_H

#include "edge/edge.h"
#include "identity/identity.h"
#include "print/print.h"
#include "tunnel/tunnels.h"

typedef struct pb_portal pb_portal_t;

// Adds its routes: "/", /sign-in, /sign-out, /device (RFC 8628 verification_uri), /printers, /jobs,
// /account, /style.css
bool pb_portal_new(pb_edge_t *edge, pb_identity_t *identity, pb_print_t *print,
                   pb_tunnels_t *tunnels, pb_portal_t **portal_out, pb_error_t *err) PB_MUST_USE;
void pb_portal_free(pb_portal_t *portal);

#endif
