// tunnels - the service's end of the PTTH tunnels: the /tunnel route, and the registry by client
// id.
// The mutex guards the registry; nothing is called under it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "tunnel/tunnels.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "net/tunnel.h"
#include "tunnel/link.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BUCKETS 4096

// A client whose tunnel is up.
struct entry
{
  struct entry    *next;
  char             client_id[PB_CLIENT_ID_SIZE];
  pb_exchange_id_t id;
  pb_link_t       *link;  // touched on its worker only
  struct pb_load  *load;
  int64_t          since_ms;
};

struct pb_tunnels
{
  pb_edge_t     *edge;
  pb_identity_t *identity;
  void (*on_up)(void *user, const char *client_id);
  void           *user;
  pthread_mutex_t mutex;
  struct entry   *entries[BUCKETS];
};

// Where the client's entry hangs, or would.
static struct entry **
find_locked(pb_tunnels_t *tunnels, const char *client_id)
{
  uint32_t       hash = 2166136261U;  // FNV-1a; client ids are hashes already
  struct entry **at   = NULL;

  for (const char *c = client_id; *c != '\0'; c++)
    hash = (hash ^ (uint8_t)*c) * 16777619U;
  at = &tunnels->entries[hash % BUCKETS];
  while (*at != NULL && strcmp((*at)->client_id, client_id) != 0)
    at = &(*at)->next;
  return at;
}

static void
free_entry(struct entry *entry)
{
  if (entry == NULL)
    return;
  pb_load_drop(entry->load);
  free(entry);
}

// Unhooks the entry of the client, or only that of the given tunnel.
static struct entry *
take_entry(pb_tunnels_t *tunnels, const char *client_id, const pb_exchange_id_t *id)
{
  struct entry **at    = NULL;
  struct entry  *entry = NULL;

  pthread_mutex_lock(&tunnels->mutex);
  at    = find_locked(tunnels, client_id);
  entry = *at;
  if (entry != NULL && id != NULL &&
      (entry->id.worker != id->worker || entry->id.number != id->number))
    entry = NULL;
  if (entry != NULL)
    *at = entry->next;
  pthread_mutex_unlock(&tunnels->mutex);
  return entry;
}

static void
on_ended(void *user, const char *client_id, pb_exchange_id_t id)
{
  pb_log_ctx_t  ctx   = {.request = client_id};
  struct entry *entry = take_entry(user, client_id, &id);

  if (entry != NULL)
    pb_log(&ctx, PB_LOG_INFO, "tunnel is down");
  free_entry(entry);
}

// The newer tunnel of a client takes the place of the older one: its connector knows best which one
// works.
static void
register_link(pb_tunnels_t *tunnels, struct entry *entry, pb_link_t *link)
{
  struct entry **at  = NULL;
  struct entry  *old = NULL;

  entry->link     = link;
  entry->id       = pb_link_get_id(link);
  entry->load     = pb_link_get_load(link);
  entry->since_ms = pb_clock_now_ms();
  pb_load_hold(entry->load);

  pthread_mutex_lock(&tunnels->mutex);
  at          = find_locked(tunnels, entry->client_id);
  old         = *at;
  entry->next = old != NULL ? old->next : NULL;
  *at         = entry;
  pthread_mutex_unlock(&tunnels->mutex);

  if (old != NULL)
    pb_link_post_goodbye(tunnels->edge, old->id, old->link);
  free_entry(old);
}

// One of a list of tokens, separated by commas (RFC 9110 s5.6.1).
static bool
has_token(const char *list, const char *token)
{
  size_t size = strlen(token);

  while (list != NULL && *list != '\0')
  {
    list += strspn(list, ", \t");
    size_t this_size = strcspn(list, ", \t");
    if (this_size == size && strncasecmp(list, token, size) == 0)
      return true;
    list += this_size;
  }
  return false;
}

static void
refuse(pb_exchange_t *exchange, int status, const char *text)
{
  pb_exchange_reply(exchange, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void
refuse_credentials(pb_exchange_t *exchange, const pb_error_t *err)
{
  if (err->kind != PB_OK && err->kind != PB_AUTH)
  {
    if (err->kind != PB_RETRY)
      pb_log(/*ctx*/ NULL, PB_LOG_ERROR, "no tunnel can be opened: %s", err->message);
    pb_exchange_add_header(exchange, "Retry-After", "60");
    refuse(exchange, 503, "Try again later.\n");
    return;
  }
  pb_exchange_add_header(exchange, "WWW-Authenticate",
                         err->kind == PB_OK
                           ? "Bearer realm=\"Printbridge\""
                           : "Bearer realm=\"Printbridge\", error=\"invalid_token\"");
  refuse(exchange, 401, "An access token is needed.\n");
}

static bool
check_principal(pb_tunnels_t *tunnels, pb_exchange_t *exchange, pb_principal_t *principal)
{
  const char *authorization = pb_exchange_header(exchange, "Authorization");
  pb_error_t  err           = {0};

  // Tokens only: a look at a password takes scrypt 50 ms, during which this worker serves nobody.
  if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) != 0)
  {
    refuse_credentials(exchange, &err);
    return false;
  }
  if (!pb_identity_authenticate(tunnels->identity, authorization, pb_exchange_peer(exchange),
                                principal, &err))
  {
    if (err.kind == PB_OK)
      err.kind = PB_AUTH;
    refuse_credentials(exchange, &err);
    return false;
  }
  if (principal->role == PB_ROLE_NONE && !principal->may_register)
  {
    refuse_credentials(exchange, &err);
    return false;
  }
  if (principal->role != PB_ROLE_PROXY || principal->client_id[0] == '\0')
  {
    refuse(exchange, 403, "The tunnel is for connectors.\n");
    return false;
  }
  return true;
}

static bool
check_upgrade(pb_exchange_t *exchange)
{
  const char *alpn = pb_exchange_header(exchange, "ALPN");

  if (has_token(pb_exchange_header(exchange, "Connection"), "upgrade") &&
      has_token(pb_exchange_header(exchange, "Upgrade"), "ptth") &&
      (alpn == NULL || has_token(alpn, "h2")))
    return true;
  pb_exchange_add_header(exchange, "Upgrade", "ptth");
  refuse(exchange, 426, "This is for Upgrade: ptth, with HTTP/2 inside.\n");
  return false;
}

static bool
is_still_good(pb_tunnels_t *tunnels, pb_exchange_t *exchange)
{
  const char    *authorization = pb_exchange_header(exchange, "Authorization");
  pb_principal_t principal     = {0};

  return pb_identity_authenticate(tunnels->identity, authorization, pb_exchange_peer(exchange),
                                  &principal, /*err*/ NULL);
}

static void
on_head(pb_exchange_t *exchange, void *context)
{
  pb_tunnels_t  *tunnels   = context;
  pb_principal_t principal = {0};
  struct entry  *entry     = NULL;
  pb_link_t     *link      = NULL;

  if (!check_principal(tunnels, exchange, &principal) || !check_upgrade(exchange))
    return;
  entry = calloc(1, sizeof(*entry));
  if (entry != NULL)
    link = pb_link_open(exchange, principal.client_id, on_ended, tunnels);
  if (link == NULL)
  {
    free(entry);
    if (!pb_exchange_is_answered(exchange))
      refuse(exchange, 503, "There is no room for a tunnel.\n");
    return;
  }
  pb_text_copy(entry->client_id, sizeof(entry->client_id), principal.client_id);
  register_link(tunnels, entry, link);
  // Revoked since the first look: whoever did that found no tunnel to cut.
  if (!is_still_good(tunnels, exchange))
  {
    pb_tunnels_cut(tunnels, principal.client_id);
    return;
  }

  pb_log_ctx_t ctx = {.request = principal.client_id};
  pb_log(&ctx, PB_LOG_INFO, "tunnel is up");
  if (tunnels->on_up != NULL)
    tunnels->on_up(tunnels->user, principal.client_id);
}

// A request that was refused, and has a body.
static void
on_end(pb_exchange_t *exchange)
{
  (void)exchange;
}

static void
on_revoked(void *user, const char *client_id)
{
  pb_tunnels_cut(user, client_id);
}

static const struct pb_handler handler = {.on_head = on_head, .on_end = on_end};

bool
pb_tunnels_new(pb_edge_t *edge, pb_identity_t                         *identity,
               void (*on_up)(void *user, const char *client_id), void *user,
               pb_tunnels_t **tunnels_out, pb_error_t *err)
{
  pb_tunnels_t   *tunnels = calloc(1, sizeof(*tunnels));
  struct pb_route route   = {PB_PATH_TUNNEL, "GET", &handler, tunnels};

  if (tunnels == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for the tunnels");
  tunnels->edge     = edge;
  tunnels->identity = identity;
  tunnels->on_up    = on_up;
  tunnels->user     = user;
  pthread_mutex_init(&tunnels->mutex, NULL);
  if (!pb_edge_add_route(edge, &route, err))
  {
    pb_tunnels_free(tunnels);
    return false;
  }
  pb_identity_on_revoked(identity, on_revoked, tunnels);
  *tunnels_out = tunnels;
  return true;
}

void
pb_tunnels_free(pb_tunnels_t *tunnels)
{
  if (tunnels == NULL)
    return;
  pb_identity_on_revoked(tunnels->identity, NULL, NULL);
  for (int i = 0; i < BUCKETS; i++)
  {
    while (tunnels->entries[i] != NULL)
    {
      struct entry *entry = tunnels->entries[i];
      tunnels->entries[i] = entry->next;
      free_entry(entry);
    }
  }
  pthread_mutex_destroy(&tunnels->mutex);
  free(tunnels);
}

bool
pb_tunnels_push(pb_tunnels_t *tunnels, const char *client_id, const void *message, size_t size)
{
  pb_exchange_id_t id   = {0};
  pb_link_t       *link = NULL;
  struct pb_load  *load = NULL;
  bool             full = false;

  pthread_mutex_lock(&tunnels->mutex);
  const struct entry *entry = *find_locked(tunnels, client_id);
  if (entry != NULL)
  {
    id   = entry->id;
    link = entry->link;
    load = entry->load;
    full = pb_load_size(load) + size > PB_TUNNEL_QUEUE_MAX;
    pb_load_hold(load);
  }
  pthread_mutex_unlock(&tunnels->mutex);
  if (load == NULL)
    return false;
  if (!full)
    return pb_link_post_message(tunnels->edge, id, link, load, message, size);

  // It does not take its events: when it comes again, it asks for what it missed.
  pb_log_ctx_t ctx = {.request = client_id};
  pb_log(&ctx, PB_LOG_WARN, "tunnel is cut: %zu bytes wait in it", pb_load_size(load));
  pb_load_drop(load);
  free_entry(take_entry(tunnels, client_id, &id));
  pb_link_post_cut(tunnels->edge, id, link);
  return false;
}

int64_t
pb_tunnels_up_since_ms(pb_tunnels_t *tunnels, const char *client_id)
{
  int64_t since_ms = 0;

  pthread_mutex_lock(&tunnels->mutex);
  const struct entry *entry = *find_locked(tunnels, client_id);
  if (entry != NULL)
    since_ms = entry->since_ms;
  pthread_mutex_unlock(&tunnels->mutex);
  return since_ms;
}

void
pb_tunnels_cut(pb_tunnels_t *tunnels, const char *client_id)
{
  struct entry *entry = take_entry(tunnels, client_id, /*id*/ NULL);

  if (entry != NULL)
    pb_link_post_cut(tunnels->edge, entry->id, entry->link);
  free_entry(entry);
}
