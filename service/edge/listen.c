// listen - the listening socket: accepts on worker 0, hands each connection to the worker that has
// fewest. Limits are kept here: connections in all, and per address.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024
#define WARN_EVERY_MS 10000
#define ACCEPT_AGAIN_MS 1000  // after accept(2) failed: most often no descriptor is left

struct pb_listener
{
  pb_edge_t             *edge;
  struct evconnlistener *socket;
  struct event           again;
  int64_t                warned_ms;
};

static int
open_socket(const struct addrinfo *info)
{
  static const int on = 1, off = 0;
  int              fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (info->ai_family == AF_INET6)
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
    return fd;
  close(fd);
  return -1;
}

// "*" is "::" that takes IPv4 as well, or 0.0.0.0 where there is no IPv6.
static bool
bind_address(const char *address, int port, int *fd_out, pb_error_t *err)
{
  bool            is_any  = address == NULL || strcmp(address, "*") == 0;
  const char     *names[] = {is_any ? "::" : address, is_any ? "0.0.0.0" : NULL};
  struct addrinfo hints   = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
  char            service[16];

  pb_text_format(service, sizeof(service), "%d", port);
  for (size_t i = 0; i < 2 && names[i] != NULL; i++)
  {
    struct addrinfo *list    = NULL;
    int              failure = getaddrinfo(names[i], service, &hints, &list);

    if (failure != 0)
    {
      pb_error_set(err, PB_CONFIG, "cannot listen on %s: %s", names[i], gai_strerror(failure));
      continue;
    }
    *fd_out = -1;
    for (struct addrinfo *info = list; *fd_out < 0 && info != NULL; info = info->ai_next)
      *fd_out = open_socket(info);
    if (*fd_out < 0)
      pb_error_set_errno(err, PB_CONFIG, "cannot listen on %s port %d", names[i], port);
    freeaddrinfo(list);
    if (*fd_out >= 0)
      return true;
  }
  return false;
}

static int
get_port(int fd)
{
  union
  {
    struct sockaddr     any;
    struct sockaddr_in  v4;
    struct sockaddr_in6 v6;
  } address      = {.v6 = {0}};
  socklen_t size = sizeof(address);

  if (getsockname(fd, &address.any, &size) != 0)
    return 0;
  return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

// The address as text, and as what is counted: IPv4 whole, IPv6 by its /64.
static void
read_peer(const struct sockaddr *address, struct pb_accepted *accepted)
{
  struct in6_addr v6 = {0};

  if (address->sa_family == AF_INET6)
    v6 = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
  else
  {
    v6.s6_addr[10] = v6.s6_addr[11] = 0xff;
    memcpy(v6.s6_addr + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
  }
  memcpy(accepted->key, v6.s6_addr, 16);
  if (IN6_IS_ADDR_V4MAPPED(&v6))
    inet_ntop(AF_INET, v6.s6_addr + 12, accepted->peer, sizeof(accepted->peer));
  else
  {
    inet_ntop(AF_INET6, &v6, accepted->peer, sizeof(accepted->peer));
    memset(accepted->key + 8, 0, 8);
  }
}

void
pb_listener_leave(pb_worker_t *worker, const uint8_t key[16])
{
  pb_peers_leave(&worker->edge->peers, key);
  atomic_fetch_sub(&worker->edge->connections, 1);
  atomic_fetch_sub(&worker->count, 1);
}

static bool
enter(pb_edge_t *edge, const struct pb_accepted *accepted)
{
  if (atomic_fetch_add(&edge->connections, 1) < edge->limits.connections_max &&
      pb_peers_enter(&edge->peers, accepted->key, edge->limits.connections_per_address))
    return true;
  atomic_fetch_sub(&edge->connections, 1);
  return false;
}

static pb_worker_t *
get_least_loaded(pb_edge_t *edge)
{
  pb_worker_t *least = &edge->workers[0];

  for (int i = 1; i < edge->workers_count; i++)
  {
    if (atomic_load(&edge->workers[i].count) < atomic_load(&least->count))
      least = &edge->workers[i];
  }
  return least;
}

struct handover
{
  pb_worker_t       *worker;
  struct pb_accepted accepted;
};

// worker NULL: it has ended.
static void
take_over(pb_worker_t *worker, void *arg)
{
  struct handover *handover = arg;

  if (worker == NULL || worker->is_stopping)
  {
    close(handover->accepted.fd);
    pb_listener_leave(handover->worker, handover->accepted.key);
  }
  else if (!pb_connection_open(worker, &handover->accepted))
    pb_listener_leave(handover->worker, handover->accepted.key);
  free(handover);
}

static void
warn_full(struct pb_listener *listener, const char *peer)
{
  int64_t now_ms = pb_clock_mono_ms();

  if (listener->warned_ms != 0 && now_ms - listener->warned_ms < WARN_EVERY_MS)
    return;
  listener->warned_ms = now_ms;
  pb_log(NULL, PB_LOG_WARN, "edge: too many connections (%d), closed one from %s",
         atomic_load(&listener->edge->connections), peer);
}

static void
on_accept(struct evconnlistener *socket, evutil_socket_t fd, struct sockaddr *address, int size,
          void *arg)
{
  struct pb_listener *listener = arg;
  pb_edge_t          *edge     = listener->edge;
  struct handover    *handover = calloc(1, sizeof(*handover));

  (void)socket;
  (void)size;
  if (handover == NULL)
  {
    close(fd);
    return;
  }
  handover->accepted.fd = fd;
  read_peer(address, &handover->accepted);
  if (!enter(edge, &handover->accepted))
  {
    warn_full(listener, handover->accepted.peer);
    close(fd);
    free(handover);
    return;
  }
  handover->worker = get_least_loaded(edge);
  atomic_fetch_add(&handover->worker->count, 1);
  if (handover->worker->index == 0)
    take_over(handover->worker, handover);
  else
    pb_worker_post(handover->worker, take_over, handover);
}

static void
on_accept_failed(struct evconnlistener *socket, void *arg)
{
  struct pb_listener *listener = arg;

  pb_log(NULL, PB_LOG_ERROR, "edge: accept: %s", strerror(errno));
  evconnlistener_disable(socket);
  event_add(&listener->again, &(struct timeval){ACCEPT_AGAIN_MS / 1000, 0});
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
  struct pb_listener *listener = arg;

  (void)fd;
  (void)what;
  evconnlistener_enable(listener->socket);
}

bool
pb_listener_open(pb_edge_t *edge, pb_error_t *err)
{
  struct pb_listener *listener;
  int                 fd;

  if (!bind_address(edge->address, edge->wanted_port, &fd, err))
    return false;
  listener = calloc(1, sizeof(*listener));
  if (listener != NULL)
    listener->socket =
      evconnlistener_new(edge->workers[0].base, on_accept, listener,
                         LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, /*backlog*/ 0, fd);
  if (listener == NULL || listener->socket == NULL)
  {
    free(listener);
    close(fd);
    return pb_error_set(err, PB_RETRY, "edge: out of memory");
  }
  listener->edge = edge;
  event_assign(&listener->again, edge->workers[0].base, -1, 0, on_again, listener);
  evconnlistener_set_error_cb(listener->socket, on_accept_failed);
  edge->listener = listener;
  edge->port     = get_port(fd);
  return true;
}

void
pb_listener_stop(pb_edge_t *edge)
{
  if (edge->listener == NULL)
    return;
  event_del(&edge->listener->again);
  evconnlistener_free(edge->listener->socket);
  free(edge->listener);
  edge->listener = NULL;
}
