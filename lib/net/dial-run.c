// dial-run - carries one tunnel: bytes between the line and the session, until either ends.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/dial-state.h"

#include "base/clock.h"
#include "net/tunnel.h"
#include <string.h>

#define CHUNK 65536
#define READS_PER_TURN 64  // then the other direction has its turn
#define GOODBYE_MS 2000    // for GOAWAY when the dial is stopped

struct run
{
  pb_dial_t           *dial;
  struct pb_dial_line *line;
  pb_tunnel_t         *tunnel;
  pb_buffer_t          out;  // what take gave and the line has not taken
  bool                 is_leaving;
  int64_t              leave_ms;  // when to leave at the latest
  char                 data[CHUNK];
};

static bool
on_message(void *user, const void *message, size_t size)
{
  pb_dial_t *dial = user;

  return dial->ops.on_message(dial->user, message, size);
}

// Everything the session has to say, as far as the line takes it.
static bool
flush(struct run *run, pb_error_t *err)
{
  for (;;)
  {
    size_t done = 0;

    while (run->out.size < CHUNK)
    {
      const void *data = NULL;
      size_t      size = pb_tunnel_take(run->tunnel, &data);

      if (size == 0)
        break;
      if (!pb_buffer_append(&run->out, data, size, err))
        return false;
    }
    if (run->out.size == 0)
      return true;
    if (!pb_http_raw_send(run->line->raw, run->out.data, run->out.size, &done, err))
      return false;
    if (done == 0)
      return true;
    pb_buffer_consume(&run->out, done);
  }
}

static bool
receive(struct run *run, bool *has_more_out, pb_error_t *err)
{
  *has_more_out = false;
  for (int i = 0; i < READS_PER_TURN; i++)
  {
    size_t size = 0;

    if (!pb_http_raw_receive(run->line->raw, run->data, sizeof(run->data), &size, err))
      return false;
    if (size == 0)
      return true;
    if (!pb_tunnel_receive(run->tunnel, run->data, size, pb_clock_mono_ms(), err))
      return false;
  }
  *has_more_out = true;
  return true;
}

static void
say_goodbye_if_stopped(struct run *run)
{
  if (run->is_leaving || !atomic_load(&run->dial->is_stopped))
    return;
  run->is_leaving = true;
  run->leave_ms   = pb_clock_mono_ms() + GOODBYE_MS;
  pb_tunnel_shutdown(run->tunnel, pb_clock_mono_ms());
}

// Once around; false: it is over.
static bool
turn(struct run *run, pb_error_t *err)
{
  bool    has_more = false;
  int64_t until_ms = 0;

  say_goodbye_if_stopped(run);
  if (!receive(run, &has_more, err))
  {
    pb_error_t ignored = {0};
    (void)flush(run, &ignored);  // the session's GOAWAY, if there is one
    return false;
  }
  if (!pb_tunnel_tick(run->tunnel, pb_clock_mono_ms(), err) || !flush(run, err))
    return false;
  if (pb_tunnel_is_done(run->tunnel) && run->out.size == 0)
    return pb_error_set(err, PB_RETRY,
                        run->is_leaving ? "stopped" : "the service has ended the tunnel");
  if (run->is_leaving && pb_clock_mono_ms() >= run->leave_ms)
    return pb_error_set(err, PB_RETRY, "stopped");
  if (has_more)
    return true;
  until_ms = pb_tunnel_next_ms(run->tunnel);
  if (run->is_leaving && until_ms > run->leave_ms)
    until_ms = run->leave_ms;
  pb_dial_wait(run->dial, run->line->fd, run->out.size > 0, until_ms);
  return true;
}

void
pb_dial_run(pb_dial_t *dial, struct pb_dial_line *line, pb_error_t *err)
{
  const struct pb_tunnel_ops ops = {.on_message = on_message};
  struct run                 run = {.dial = dial, .line = line};

  pb_buffer_init(&run.out, 4 * CHUNK);
  if (!pb_tunnel_new(PB_TUNNEL_CONNECTOR, &ops, dial, pb_clock_mono_ms(), &run.tunnel, err))
    return;
  if (line->rest.size == 0 ||
      pb_tunnel_receive(run.tunnel, line->rest.data, line->rest.size, pb_clock_mono_ms(), err))
  {
    while (turn(&run, err))
      ;
  }
  pb_tunnel_free(run.tunnel);
  pb_buffer_clear(&run.out);
}
