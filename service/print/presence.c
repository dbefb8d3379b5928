// presence - is a connector there?
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/presence.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "print/print-private.h"
#include "print/printer-change.h"
#include "print/request.h"

static bool
has_tunnel(pb_print_t *print, const char *client_id)
{
  return print->has_tunnel && print->has_tunnel(print->has_tunnel_user, client_id);
}

bool
pb_presence_is_away(pb_print_t *print, const char *client_id)
{
  int64_t lease_ms = atomic_load(&print->options.lease_ms);

  if (lease_ms <= 0 || has_tunnel(print, client_id))
    return false;
  return pb_seen_get_silence_ms(&print->seen, client_id, print->started_mono_ms) >= lease_ms;
}

void
pb_presence_mark(pb_print_t *print, struct pb_printer *printer)
{
  for (size_t i = 0; i < printer->devices_count; i++)
    printer->devices[i].is_away = pb_presence_is_away(print, printer->devices[i].client_id);
}

// --- gone, and back

struct round
{
  pb_print_t *print;
  struct turn  // a connector whose presence has changed
  {
    char client_id[PB_CLIENT_ID_SIZE];
    bool is_away;
  } * turns;
  size_t count;
};

// The lease begins when the tunnel is found to have ended.
static void
look_at(void *user, const char *client_id)
{
  struct round *round = user;
  struct turn  *more;
  bool          is_away;

  pb_seen_note_tunnel(&round->print->seen, client_id, has_tunnel(round->print, client_id),
                      pb_clock_now_ms());
  is_away = pb_presence_is_away(round->print, client_id);
  if (!pb_seen_turn(&round->print->seen, client_id, is_away))
    return;
  more = realloc(round->turns, (round->count + 1) * sizeof(*more));
  if (!more)
    return;
  round->turns = more;
  pb_text_copy(more[round->count].client_id, sizeof(more->client_id), client_id);
  more[round->count++].is_away = is_away;
}

static bool
tell_step(struct pb_request *request)
{
  pb_error_t err = {0};
  int        id  = request->printer.id;

  if (!pb_printer_load(request->print->db, id, &request->printer, &err))
    return pb_request_fail(request, &err);
  pb_presence_mark(request->print, &request->printer);
  return pb_printer_note_state(request);
}

static void
tell_printers(pb_print_t *print, const struct turn *turn)
{
  pb_error_t err   = {0};
  int       *ids   = NULL;
  size_t     count = 0;

  pb_log(/*ctx*/ NULL, PB_LOG_INFO, "connector %s %s", turn->client_id,
         turn->is_away ? "has stayed away for longer than its lease" : "is back");
  if (!pb_printer_list_of_client(print->db, turn->client_id, &ids, &count, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  for (size_t i = 0; i < count; i++)
  {
    struct pb_request request;

    pb_request_init(&request, print, /*principal*/ NULL);
    request.now_ms     = pb_clock_now_ms();
    request.printer.id = ids[i];
    (void)pb_request_transact(&request, tell_step);
    pb_request_clear(&request);
  }
  free(ids);
}

void
pb_presence_tick(pb_print_t *print)
{
  struct round round = {.print = print};
  pb_error_t   err   = {0};

  if (!pb_device_each_client(print->db, look_at, &round, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  for (size_t i = 0; i < round.count; i++)
    tell_printers(print, &round.turns[i]);
  free(round.turns);
}
