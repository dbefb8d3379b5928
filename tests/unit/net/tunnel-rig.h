// tunnel-rig - two sessions wired to each other in memory, with a clock that the test moves.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_TUNNEL_RIG_H
#define PB_TESTS_TUNNEL_RIG_H

#include "check.h"

#include "base/buffer.h"
#include "net/tunnel-state.h"
#include "net/tunnel.h"

struct side
{
  pb_tunnel_t *tunnel;
  pb_buffer_t  got;  // first bytes of each message
  int          messages;
  size_t       bytes;
  int          answers;
  int          last_status;
  bool         refuses;
};

struct pair
{
  struct side service, connector;
  int64_t     now_ms;
};

static inline bool
on_message(void *user, const void *message, size_t size)
{
  struct side *side = user;
  pb_error_t   err  = {0};

  check_ok(pb_buffer_append(&side->got, message, 1, &err), err);
  side->messages++;
  side->bytes += size;
  return !side->refuses;
}

static inline void
on_answer(void *user, int status)
{
  struct side *side = user;

  side->answers++;
  side->last_status = status;
}

static inline void
open_side(struct side *side, enum pb_tunnel_end end, int64_t now_ms)
{
  const struct pb_tunnel_ops ops = {on_message, on_answer};
  pb_error_t                 err = {0};

  pb_buffer_init(&side->got, 100000);
  check_ok(pb_tunnel_new(end, &ops, side, now_ms, &side->tunnel, &err), err);
}

static inline int
set_up(void **state)
{
  struct pair *pair = calloc(1, sizeof(*pair));

  pair->now_ms = 1000000;
  open_side(&pair->service, PB_TUNNEL_SERVICE, pair->now_ms);
  open_side(&pair->connector, PB_TUNNEL_CONNECTOR, pair->now_ms);
  *state = pair;
  return 0;
}

static inline int
tear_down(void **state)
{
  struct pair *pair = *state;

  pb_tunnel_free(pair->service.tunnel);
  pb_tunnel_free(pair->connector.tunnel);
  pb_buffer_clear(&pair->service.got);
  pb_buffer_clear(&pair->connector.got);
  free(pair);
  return 0;
}

// Carries what `from` has to say, in pieces of `piece` bytes; returns how many bytes that were.
static inline size_t
carry(pb_tunnel_t *from, pb_tunnel_t *to, size_t piece, int64_t now_ms)
{
  size_t      total = 0;
  const void *data  = NULL;
  pb_error_t  err   = {0};

  for (size_t size = pb_tunnel_take(from, &data); size > 0; size = pb_tunnel_take(from, &data))
  {
    total += size;
    for (size_t at = 0; at < size; at += piece)
    {
      size_t part = size - at < piece ? size - at : piece;
      check_ok(pb_tunnel_receive(to, (const char *)data + at, part, now_ms, &err), err);
    }
  }
  return total;
}

static inline void
settle(struct pair *pair, size_t piece)
{
  while (carry(pair->service.tunnel, pair->connector.tunnel, piece, pair->now_ms) +
           carry(pair->connector.tunnel, pair->service.tunnel, piece, pair->now_ms) >
         0)
    ;
}

static inline void
push(struct pair *pair, char first, size_t size)
{
  char      *message = calloc(1, size);
  pb_error_t err     = {0};

  message[0] = first;
  check_ok(pb_tunnel_push(pair->service.tunnel, message, size, &err), err);
  free(message);
}

#endif
