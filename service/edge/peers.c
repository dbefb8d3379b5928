// peers - how many connections each address has.
// IPv6 addresses count by their /64, which is what one customer gets.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE 1024

struct pb_peer
{
  struct pb_peer *next;
  uint8_t         key[16];
  int             count;
};

bool
pb_peers_init(struct pb_peers *peers, pb_error_t *err)
{
  peers->table = calloc(TABLE_SIZE, sizeof(struct pb_peer *));
  if (peers->table == NULL)
    return pb_error_set(err, PB_RETRY, "edge: out of memory");
  pthread_mutex_init(&peers->mutex, NULL);
  return true;
}

void
pb_peers_clear(struct pb_peers *peers)
{
  if (peers->table == NULL)
    return;
  for (size_t i = 0; i < TABLE_SIZE; i++)
  {
    for (struct pb_peer *peer = peers->table[i], *next; peer != NULL; peer = next)
    {
      next = peer->next;
      free(peer);
    }
  }
  free(peers->table);
  peers->table = NULL;
  pthread_mutex_destroy(&peers->mutex);
}

// Where the pointer to the peer is, or would be.
static struct pb_peer **
find_peer(struct pb_peers *peers, const uint8_t key[16])
{
  uint32_t         hash = 2166136261u;
  struct pb_peer **at;

  for (int i = 0; i < 16; i++)
    hash = (hash ^ key[i]) * 16777619u;
  at = &peers->table[hash % TABLE_SIZE];
  while (*at != NULL && memcmp((*at)->key, key, 16) != 0)
    at = &(*at)->next;
  return at;
}

static bool
enter_locked(struct pb_peers *peers, const uint8_t key[16], int max)
{
  struct pb_peer **at = find_peer(peers, key);

  if (*at == NULL)
  {
    *at = calloc(1, sizeof(**at));
    if (*at == NULL)
      return false;
    memcpy((*at)->key, key, 16);
  }
  if ((*at)->count >= max)
    return false;
  (*at)->count++;
  return true;
}

bool
pb_peers_enter(struct pb_peers *peers, const uint8_t key[16], int max)
{
  bool ok;

  pthread_mutex_lock(&peers->mutex);
  ok = max > 0 && enter_locked(peers, key, max);
  pthread_mutex_unlock(&peers->mutex);
  return ok;
}

void
pb_peers_leave(struct pb_peers *peers, const uint8_t key[16])
{
  struct pb_peer **at;

  pthread_mutex_lock(&peers->mutex);
  at = find_peer(peers, key);
  if (*at != NULL && --(*at)->count == 0)
  {
    struct pb_peer *peer = *at;

    *at = peer->next;
    free(peer);
  }
  pthread_mutex_unlock(&peers->mutex);
}
