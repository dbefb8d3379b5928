// link - one tunnel: an upgraded connection with an HTTP/2 session on it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "tunnel/link.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/tunnel.h"
#include <stdlib.h>
#include <string.h>

#define ROOM                                                                                       \
  (128 *                                                                                           \
   1024)  // bytes in the connection above which the session waits: pings stay ahead of messages

struct pb_link
{
  pb_stream_t     *stream;
  pb_tunnel_t     *session;
  pb_exchange_id_t id;
  char             client_id[PB_CLIENT_ID_SIZE];
  struct pb_load  *load;
  pb_link_ended_t  ended;
  void            *user;
  bool             is_closing;
  bool             is_failed;  // the connector could not take a message: it shall come again
};

struct pb_load *
pb_load_new(void)
{
  struct pb_load *load = calloc(1, sizeof(*load));

  if (load != NULL)
    atomic_init(&load->refs, 1);
  return load;
}

void
pb_load_hold(struct pb_load *load)
{
  atomic_fetch_add(&load->refs, 1);
}

void
pb_load_drop(struct pb_load *load)
{
  if (load != NULL && atomic_fetch_sub(&load->refs, 1) == 1)
    free(load);
}

size_t
pb_load_size(struct pb_load *load)
{
  return atomic_load(&load->posted) + atomic_load(&load->waiting);
}

pb_exchange_id_t
pb_link_get_id(const pb_link_t *link)
{
  return link->id;
}

struct pb_load *
pb_link_get_load(const pb_link_t *link)
{
  return link->load;
}

static void
close_link(pb_link_t *link)
{
  if (link->is_closing)
    return;
  link->is_closing = true;
  pb_stream_close(link->stream);
}

// What the session has to say goes out, as far as there is room.
static void
pump(pb_link_t *link)
{
  int64_t wait_ms = 0;

  if (link->is_closing)
    return;
  while (pb_stream_waiting(link->stream) <= ROOM)
  {
    const void *data = NULL;
    size_t      size = pb_tunnel_take(link->session, &data);

    if (size == 0)
      break;
    pb_stream_write(link->stream, data, size);
  }
  atomic_store(&link->load->waiting,
               pb_tunnel_waiting(link->session) + pb_stream_waiting(link->stream));
  if (pb_tunnel_is_done(link->session))
  {
    close_link(link);
    return;
  }
  wait_ms = pb_tunnel_next_ms(link->session) - pb_clock_mono_ms();
  pb_stream_set_timer(link->stream, wait_ms > 1 ? wait_ms : 1);
}

static void
fail(pb_link_t *link, const pb_error_t *err)
{
  pb_log_ctx_t ctx = {.request = link->client_id};

  pb_log(&ctx, PB_LOG_INFO, "tunnel ends: %s", err->message);
  pump(link);  // GOAWAY
  close_link(link);
}

static void
on_data(pb_stream_t *stream, void *user, const void *data, size_t size)
{
  pb_link_t *link = user;
  pb_error_t err  = {0};

  (void)stream;
  if (link->is_closing)
    return;
  if (!pb_tunnel_receive(link->session, data, size, pb_clock_mono_ms(), &err))
  {
    fail(link, &err);
    return;
  }
  if (link->is_failed && !pb_tunnel_is_ending(link->session))
    pb_tunnel_shutdown(link->session, pb_clock_mono_ms());
  pump(link);
}

static void
on_writable(pb_stream_t *stream, void *user)
{
  (void)stream;
  pump(user);
}

static void
on_timer(pb_stream_t *stream, void *user)
{
  pb_link_t *link = user;
  pb_error_t err  = {0};

  (void)stream;
  if (link->is_closing)
    return;
  if (pb_tunnel_tick(link->session, pb_clock_mono_ms(), &err))
    pump(link);
  else
    fail(link, &err);
}

static void
on_shutdown(pb_stream_t *stream, void *user)
{
  pb_link_t *link = user;

  (void)stream;
  pb_tunnel_shutdown(link->session, pb_clock_mono_ms());
  pump(link);
}

static void
free_link(pb_link_t *link)
{
  pb_tunnel_free(link->session);
  pb_load_drop(link->load);
  free(link);
}

static void
on_closed(pb_stream_t *stream, void *user)
{
  pb_link_t *link = user;

  (void)stream;
  link->ended(link->user, link->client_id, link->id);
  free_link(link);
}

static void
on_answer(void *user, int status)
{
  pb_link_t   *link = user;
  pb_log_ctx_t ctx  = {.request = link->client_id};

  if (status == 0 || (status >= 200 && status < 300))
    return;
  pb_log(&ctx, PB_LOG_WARN, "the connector answers %d to a pushed event", status);
  link->is_failed = link->is_failed || status >= 500;
}

static const struct pb_stream_ops stream_ops = {.on_data     = on_data,
                                                .on_writable = on_writable,
                                                .on_timer    = on_timer,
                                                .on_shutdown = on_shutdown,
                                                .on_closed   = on_closed};

pb_link_t *
pb_link_open(pb_exchange_t *exchange, const char *client_id, pb_link_ended_t ended, void *user)
{
  const struct pb_tunnel_ops ops  = {.on_answer = on_answer};
  pb_link_t                 *link = calloc(1, sizeof(*link));
  pb_error_t                 err  = {0};

  if (link == NULL)
    return NULL;
  pb_text_copy(link->client_id, sizeof(link->client_id), client_id);
  link->ended = ended;
  link->user  = user;
  link->load  = pb_load_new();
  if (link->load == NULL ||
      !pb_tunnel_new(PB_TUNNEL_SERVICE, &ops, link, pb_clock_mono_ms(), &link->session, &err))
    goto failed;
  link->stream = pb_exchange_upgrade(exchange, "ptth", &stream_ops, link);
  if (link->stream == NULL)
    goto failed;
  link->id = pb_stream_get_id(link->stream);
  pump(link);
  return link;

failed:
  free_link(link);
  return NULL;
}

// --- from other threads.  A stream that is still there means that its link is.

struct letter
{
  pb_link_t      *link;
  struct pb_load *load;
  size_t          size;
  char            message[];
};

static void
take_letter(pb_stream_t *stream, void *arg)
{
  struct letter *letter = arg;
  pb_error_t     err    = {0};

  atomic_fetch_sub(&letter->load->posted, letter->size);
  if (stream != NULL && !letter->link->is_closing)
  {
    pb_log_ctx_t ctx = {.request = letter->link->client_id};

    if (pb_tunnel_push(letter->link->session, letter->message, letter->size, &err))
      pump(letter->link);
    else if (err.kind == PB_RETRY)
      fail(letter->link, &err);
    else
      pb_log(&ctx, PB_LOG_DEBUG, "event waits for Get-Notifications: %s", err.message);
  }
  pb_load_drop(letter->load);
  free(letter);
}

bool
pb_link_post_message(pb_edge_t *edge, pb_exchange_id_t id, pb_link_t *link, struct pb_load *load,
                     const void *message, size_t size)
{
  struct letter *letter = malloc(sizeof(*letter) + size);

  if (letter == NULL)
  {
    pb_load_drop(load);
    return false;
  }
  letter->link = link;
  letter->load = load;
  letter->size = size;
  memcpy(letter->message, message, size);
  atomic_fetch_add(&load->posted, size);
  pb_stream_post(edge, id, take_letter, letter);
  return true;
}

static void
say_goodbye(pb_stream_t *stream, void *arg)
{
  pb_link_t *link = arg;

  if (stream == NULL || link->is_closing)
    return;
  pb_tunnel_shutdown(link->session, pb_clock_mono_ms());
  pump(link);
}

static void
cut(pb_stream_t *stream, void *arg)
{
  pb_link_t *link = arg;

  say_goodbye(stream, arg);
  if (stream != NULL)
    close_link(link);
}

void
pb_link_post_goodbye(pb_edge_t *edge, pb_exchange_id_t id, pb_link_t *link)
{
  pb_stream_post(edge, id, say_goodbye, link);
}

void
pb_link_post_cut(pb_edge_t *edge, pb_exchange_id_t id, pb_link_t *link)
{
  pb_stream_post(edge, id, cut, link);
}
