// lockout - slows down guessing.
// A table of fixed size, 8 places per set: who fills it pushes out the oldest of a set that a
// secret number chooses, so nobody can aim at somebody else's place.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/lockout.h"

#include "base/clock.h"
#include "base/secret.h"
#include "net/digest.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETS 1024
#define PLACES 8
#define KEY_SIZE 16
#define FORGET_MS (60 * 60 * 1000)  // an hour without a try ends it

// free_tries cost nothing; the next one costs first_ms, each after that twice as much up to max_ms.
static const struct rule
{
  int     free_tries;
  int64_t first_ms;
  int64_t max_ms;
} rules[] = {
  [PB_LOCKOUT_ACCOUNT] = {5,  2000, 15 * 60 * 1000},
  [PB_LOCKOUT_PEER]    = {20, 2000, 15 * 60 * 1000}, // many people behind one address
  [PB_LOCKOUT_CODE]    = {5,  5000, 15 * 60 * 1000}, // RFC 8628 s5.1
};

struct entry
{
  uint8_t key[KEY_SIZE];
  int     tries;  // 0: free
  int64_t last_ms;
  int64_t until_ms;
};

struct pb_lockout
{
  pthread_mutex_t lock;  // guards entries
  uint8_t         secret[32];
  struct entry    entries[SETS][PLACES];
};

pb_lockout_t *
pb_lockout_new(void)
{
  pb_lockout_t *lockout = calloc(1, sizeof(*lockout));

  if (lockout == NULL)
    return NULL;
  pthread_mutex_init(&lockout->lock, NULL);
  pb_random_bytes(lockout->secret, sizeof(lockout->secret));
  return lockout;
}

void
pb_lockout_free(pb_lockout_t *lockout)
{
  if (lockout == NULL)
    return;
  pthread_mutex_destroy(&lockout->lock);
  free(lockout);
}

// One household or machine has a whole IPv6 /64 to itself.
void
pb_lockout_format_peer(const char *peer, char *dst, size_t dst_size)
{
  struct in6_addr address;

  if (inet_pton(AF_INET6, peer, &address) == 1 && !IN6_IS_ADDR_V4MAPPED(&address))
  {
    memset(address.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &address, dst, (socklen_t)dst_size);
    return;
  }
  snprintf(dst, dst_size, "%s", peer);
}

static void
make_key(const pb_lockout_t *lockout, enum pb_lockout_kind kind, const char *name,
         uint8_t digest[PB_SHA256_SIZE])
{
  char subject[256], text[sizeof(lockout->secret) + 1 + sizeof(subject)];

  if (kind == PB_LOCKOUT_PEER)
    pb_lockout_format_peer(name, subject, sizeof(subject));
  else
    snprintf(subject, sizeof(subject), "%s", name);
  memcpy(text, lockout->secret, sizeof(lockout->secret));
  text[sizeof(lockout->secret)] = (char)kind;
  size_t size                   = strlen(subject);
  memcpy(text + sizeof(lockout->secret) + 1, subject, size);
  pb_sha256(text, sizeof(lockout->secret) + 1 + size, digest);
}

// The place of that subject; when there is none and `is_new`, the oldest of its set is taken over.
static struct entry *
find_locked(pb_lockout_t *lockout, enum pb_lockout_kind kind, const char *name, bool is_new)
{
  uint8_t       digest[PB_SHA256_SIZE];
  struct entry *oldest = NULL;
  int64_t       now    = pb_clock_mono_ms();

  make_key(lockout, kind, name, digest);
  struct entry *set = lockout->entries[(digest[30] << 8 | digest[31]) % SETS];
  for (int i = 0; i < PLACES; i++)
  {
    if (set[i].tries > 0 && now - set[i].last_ms > FORGET_MS)
      set[i] = (struct entry){0};
    if (set[i].tries > 0 && memcmp(set[i].key, digest, KEY_SIZE) == 0)
      return &set[i];
    if (oldest == NULL || set[i].tries == 0 ||
        (oldest->tries > 0 && set[i].last_ms < oldest->last_ms))
      oldest = &set[i];
  }
  if (!is_new)
    return NULL;
  *oldest = (struct entry){.last_ms = now};
  memcpy(oldest->key, digest, KEY_SIZE);
  return oldest;
}

static int64_t
wait_after(const struct rule *rule, int tries)
{
  int     over = tries - rule->free_tries;
  int64_t wait = rule->first_ms;

  if (over < 0)
    return 0;
  for (int i = 0; i < over && wait < rule->max_ms; i++)
    wait *= 2;
  return wait < rule->max_ms ? wait : rule->max_ms;
}

bool
pb_lockout_try(pb_lockout_t *lockout, enum pb_lockout_kind kind, const char *name, pb_error_t *err)
{
  int64_t now = pb_clock_mono_ms(), left = 0;

  pthread_mutex_lock(&lockout->lock);
  struct entry *entry = find_locked(lockout, kind, name, true);
  if (entry->until_ms > now)
    left = entry->until_ms - now;
  else
  {
    if (entry->tries < 1000)
      entry->tries++;
    entry->last_ms  = now;
    entry->until_ms = now + wait_after(&rules[kind], entry->tries);
  }
  pthread_mutex_unlock(&lockout->lock);
  if (left == 0)
    return true;
  return pb_error_set(err, PB_RETRY, "too many wrong tries; try again in %lld s",
                      (long long)((left + 999) / 1000));
}

void
pb_lockout_undo(pb_lockout_t *lockout, enum pb_lockout_kind kind, const char *name)
{
  pthread_mutex_lock(&lockout->lock);
  struct entry *entry = find_locked(lockout, kind, name, false);
  if (entry != NULL)
  {
    entry->tries--;
    if (wait_after(&rules[kind], entry->tries) == 0)
      entry->until_ms = 0;
  }
  pthread_mutex_unlock(&lockout->lock);
}

void
pb_lockout_forgive(pb_lockout_t *lockout, enum pb_lockout_kind kind, const char *name)
{
  pthread_mutex_lock(&lockout->lock);
  struct entry *entry = find_locked(lockout, kind, name, false);
  if (entry != NULL)
    *entry = (struct entry){0};
  pthread_mutex_unlock(&lockout->lock);
}
