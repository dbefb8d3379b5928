// recall - remembers for some minutes which passwords scrypt has confirmed.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/recall.h"

#include "base/clock.h"
#include "base/secret.h"
#include "net/digest.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 256  // people who print with their real password at the same time
#define LIFE_MS (5 * 60 * 1000)

struct entry
{
  uint8_t digest[PB_SHA256_SIZE];
  int64_t until_ms;  // 0: free
};

struct pb_recall
{
  pthread_mutex_t lock;  // guards entries and next
  uint8_t         secret[32];
  struct entry    entries[PLACES];
  int             next;  // the place to be taken over
};

pb_recall_t *
pb_recall_new(void)
{
  pb_recall_t *recall = calloc(1, sizeof(*recall));

  if (recall == NULL)
    return NULL;
  pthread_mutex_init(&recall->lock, NULL);
  pb_random_bytes(recall->secret, sizeof(recall->secret));
  return recall;
}

void
pb_recall_free(pb_recall_t *recall)
{
  if (recall == NULL)
    return;
  pthread_mutex_destroy(&recall->lock);
  pb_wipe(recall, sizeof(*recall));
  free(recall);
}

// Of the secret and of each text's own SHA-256: fixed sizes, so no two of them run together.
static void
make_digest(const pb_recall_t *recall, const char *email, const char *password, const char *stored,
            uint8_t digest[PB_SHA256_SIZE])
{
  uint8_t parts[4][PB_SHA256_SIZE];

  memcpy(parts[0], recall->secret, PB_SHA256_SIZE);
  pb_sha256(email, strlen(email), parts[1]);
  pb_sha256(password, strlen(password), parts[2]);
  pb_sha256(stored, strlen(stored), parts[3]);
  pb_sha256(parts, sizeof(parts), digest);
  pb_wipe(parts, sizeof(parts));
}

void
pb_recall_add(pb_recall_t *recall, const char *email, const char *password, const char *stored)
{
  uint8_t digest[PB_SHA256_SIZE];

  make_digest(recall, email, password, stored, digest);
  pthread_mutex_lock(&recall->lock);
  struct entry *entry = &recall->entries[recall->next];
  recall->next        = (recall->next + 1) % PLACES;
  memcpy(entry->digest, digest, PB_SHA256_SIZE);
  entry->until_ms = pb_clock_mono_ms() + LIFE_MS;
  pthread_mutex_unlock(&recall->lock);
}

bool
pb_recall_has(pb_recall_t *recall, const char *email, const char *password, const char *stored)
{
  uint8_t digest[PB_SHA256_SIZE];
  bool    has = false;
  int64_t now = pb_clock_mono_ms();

  make_digest(recall, email, password, stored, digest);
  pthread_mutex_lock(&recall->lock);
  for (int i = 0; i < PLACES; i++)
    if (recall->entries[i].until_ms > now &&
        pb_secret_is_equal(recall->entries[i].digest, PB_SHA256_SIZE, digest, PB_SHA256_SIZE))
      has = true;
  pthread_mutex_unlock(&recall->lock);
  return has;
}
