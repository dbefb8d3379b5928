// dial-state - what a pb_dial_t holds, for the dial's own files.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_DIAL_STATE_H
#define PB_NET_DIAL_STATE_H

#include "base/buffer.h"
#include "net/dial.h"
#include <pthread.h>

#define PB_DIAL_OPEN_MS 15000     // DNS, proxy, TCP and TLS
#define PB_DIAL_UPGRADE_MS 15000  // for the answer to the upgrade request

struct pb_dial
{
  char                *url;
  struct pb_http_trust trust;  // its texts are ours
  struct pb_dial_ops   ops;
  void                *user;
  pthread_t            thread;
  atomic_bool          is_stopped;
  int                  stop_fd;  // eventfd: readable once stopped
  // of the thread
  enum pb_dial_state state;
  char               why[PB_ERROR_MESSAGE_SIZE];
  int                attempt;  // tries since it was last up for a while
};

// One connection; owned by the thread.
struct pb_dial_line
{
  pb_http_raw_t *raw;
  int            fd;
  pb_buffer_t    rest;  // what came behind the 101
};

// Waits until the line can be read (or written), the dial is stopped or until_ms (monotonic) has
// come.
void pb_dial_wait(pb_dial_t *dial, int fd, bool wants_write, int64_t until_ms);
void pb_dial_set_state(pb_dial_t *dial, enum pb_dial_state state, const char *why);

// "Host:" of the url, port included; false (PB_CONFIG): it is not https://host[:port][/].
bool pb_dial_parse_host(const char *url, char *host, size_t host_size, pb_error_t *err) PB_MUST_USE;
// Connects and asks for the upgrade.  True: an answer came, *status_out says which; 101: the line
// is a tunnel. pb_dial_line_close it in any case.
bool pb_dial_open(pb_dial_t *dial, const pb_secret_t *token, struct pb_dial_line *line,
                  int *status_out, pb_error_t *err) PB_MUST_USE;
void pb_dial_line_close(struct pb_dial_line *line);
// Carries the tunnel until it ends; err says why.
void pb_dial_run(pb_dial_t *dial, struct pb_dial_line *line, pb_error_t *err);

#endif
