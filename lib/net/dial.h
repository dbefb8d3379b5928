// dial - the connector's end of the PTTH tunnel: a thread that keeps it up, and says when it
// cannot.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_DIAL_H
#define PB_NET_DIAL_H

#include "base/secret.h"
#include "net/http.h"

typedef struct pb_dial pb_dial_t;

enum pb_dial_state
{
  PB_DIAL_DOWN,  // trying; `why` says what went wrong last, "" before the first try
  PB_DIAL_UP,
  PB_DIAL_REFUSED,  // no upgrade is to be had here (a middlebox strips it, or an old service): live
                    // on long polls; it is tried again every few minutes, quietly
  PB_DIAL_DENIED    // 401/403 again with a fresh token: someone must act; tried again every few
                    // minutes
};

// All are called from the dial's own thread.
struct pb_dial_ops
{
  // An access token for the upgrade request; is_fresh: the last one was refused, get a new one.
  bool (*get_token)(void *user, bool is_fresh, pb_secret_t *token_out, pb_error_t *err);
  // One message pushed by the service: application/ipp with event-notification groups.  True: 200
  // is answered.
  bool (*on_message)(void *user, const void *message, size_t size);
  void (*on_state)(void *user, enum pb_dial_state state, const char *why);
};

// `url` is the service's, "https://host:8631"; /tunnel is added.
bool pb_dial_start(const char *url, const struct pb_http_trust *trust,
                   const struct pb_dial_ops *ops, void *user, pb_dial_t **dial_out,
                   pb_error_t *err) PB_MUST_USE;
void pb_dial_stop(pb_dial_t *dial);  // GOAWAY, joins the thread, frees

#endif
