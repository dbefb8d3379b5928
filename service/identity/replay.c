// replay - each client assertion is good for one use (RFC 7523 s3, jti).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/replay.h"

#include "base/clock.h"
#include "net/digest.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 16384  // assertions within six minutes: a connector makes one in ten
#define KEY_SIZE 16

struct entry
{
  uint8_t key[KEY_SIZE];
  int64_t expires_ms;  // 0: free
};

struct pb_replay
{
  pthread_mutex_t lock;  // guards entries
  struct entry    entries[PLACES];
};

pb_replay_t *
pb_replay_new(void)
{
  pb_replay_t *replay = calloc(1, sizeof(*replay));

  if (replay != NULL)
    pthread_mutex_init(&replay->lock, NULL);
  return replay;
}

void
pb_replay_free(pb_replay_t *replay)
{
  if (replay == NULL)
    return;
  pthread_mutex_destroy(&replay->lock);
  free(replay);
}

static void
make_key(const char *client_id, const char *id, uint8_t key[KEY_SIZE])
{
  uint8_t parts[2][PB_SHA256_SIZE], digest[PB_SHA256_SIZE];

  pb_sha256(client_id, strlen(client_id), parts[0]);
  pb_sha256(id, strlen(id), parts[1]);
  pb_sha256(parts, sizeof(parts), digest);
  memcpy(key, digest, KEY_SIZE);
}

bool
pb_replay_use(pb_replay_t *replay, const char *client_id, const char *id, int64_t expires_ms,
              pb_error_t *err)
{
  uint8_t       key[KEY_SIZE];
  struct entry *room    = NULL;
  bool          is_used = false;
  int64_t       now     = pb_clock_now_ms();

  make_key(client_id, id, key);
  pthread_mutex_lock(&replay->lock);
  for (int i = 0; i < PLACES; i++)
  {
    struct entry *entry = &replay->entries[i];

    if (entry->expires_ms < now)
      room = entry;
    else if (memcmp(entry->key, key, KEY_SIZE) == 0)
      is_used = true;
  }
  if (!is_used && room != NULL)
  {
    memcpy(room->key, key, KEY_SIZE);
    room->expires_ms = expires_ms;
  }
  pthread_mutex_unlock(&replay->lock);
  if (is_used)
    return pb_error_set(err, PB_AUTH, "this assertion (jti) was used before");
  if (room == NULL)
    return pb_error_set(err, PB_RETRY, "too many assertions at the same time");
  return true;
}
