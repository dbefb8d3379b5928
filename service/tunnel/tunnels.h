// tunnels - the service's end of the PTTH tunnels: the /tunnel route, and a registry by client id.
// Thread-safe.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TUNNEL_TUNNELS_H
#define PB_TUNNEL_TUNNELS_H

#include "edge/edge.h"
#include "identity/identity.h"

typedef struct pb_tunnels pb_tunnels_t;

// Adds its route to the edge, and listens to identity for clients that are revoked, whose tunnels
// it cuts.  `on_up` (may be NULL) is called from a worker thread after a client's tunnel came up.
bool pb_tunnels_new(pb_edge_t *edge, pb_identity_t                         *identity,
                    void (*on_up)(void *user, const char *client_id), void *user,
                    pb_tunnels_t **tunnels_out, pb_error_t *err) PB_MUST_USE;
void pb_tunnels_free(pb_tunnels_t *tunnels);  // after pb_edge_stop, before pb_identity_free

// Send one IPP message of events down the client's tunnel, in order.  Copies.  False when there is
// none (the events wait for Get-Notifications), or its queue is full (the tunnel is then cut, so
// that the connector resynchronizes).
bool    pb_tunnels_push(pb_tunnels_t *tunnels, const char *client_id, const void *message,
                        size_t size);
int64_t pb_tunnels_up_since_ms(pb_tunnels_t *tunnels,
                               const char   *client_id);                 // wall clock; 0: not up
void    pb_tunnels_cut(pb_tunnels_t *tunnels, const char *client_id);  // revoked

#endif
