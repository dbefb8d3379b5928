// seen - when each connector was last heard of.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "print/printer-store.h"

void
pb_seen_init(pb_seen_t *seen)
{
  *seen = (pb_seen_t){0};
  pthread_mutex_init(&seen->mutex, /*attributes*/ NULL);
}

void
pb_seen_clear(pb_seen_t *seen)
{
  free(seen->entries);
  pthread_mutex_destroy(&seen->mutex);
  *seen = (pb_seen_t){0};
}

static struct pb_seen_entry *
find_locked(pb_seen_t *seen, const char *client_id)
{
  for (size_t i = 0; i < seen->count; i++)
  {
    if (strcmp(seen->entries[i].client_id, client_id) == 0)
      return &seen->entries[i];
  }
  return NULL;
}

static struct pb_seen_entry *
add_locked(pb_seen_t *seen, const char *client_id)
{
  struct pb_seen_entry *more;

  if (seen->count == PB_SEEN_MAX)
    return NULL;
  more = realloc(seen->entries, (seen->count + 1) * sizeof(*more));
  if (!more)
    return NULL;
  seen->entries     = more;
  more[seen->count] = (struct pb_seen_entry){0};
  pb_text_copy(more[seen->count].client_id, sizeof(more->client_id), client_id);
  return &more[seen->count++];
}

static void
note_locked(struct pb_seen_entry *entry, int64_t now_ms)
{
  entry->seen_ms = now_ms;
  entry->mono_ms = pb_clock_mono_ms();
  entry->is_new  = true;
}

void
pb_seen_note(pb_seen_t *seen, const char *client_id, int64_t now_ms)
{
  struct pb_seen_entry *entry;

  if (!client_id[0])
    return;
  pthread_mutex_lock(&seen->mutex);
  entry = find_locked(seen, client_id);
  if (!entry)
    entry = add_locked(seen, client_id);
  if (entry)
    note_locked(entry, now_ms);
  pthread_mutex_unlock(&seen->mutex);
}

void
pb_seen_note_tunnel(pb_seen_t *seen, const char *client_id, bool is_up, int64_t now_ms)
{
  struct pb_seen_entry *entry;

  pthread_mutex_lock(&seen->mutex);
  entry = find_locked(seen, client_id);
  if (!entry && is_up)
    entry = add_locked(seen, client_id);
  if (entry && (is_up || entry->has_tunnel))
    note_locked(entry, now_ms);
  if (entry)
    entry->has_tunnel = is_up;
  pthread_mutex_unlock(&seen->mutex);
}

int64_t
pb_seen_get(pb_seen_t *seen, const char *client_id)
{
  int64_t               seen_ms = 0;
  struct pb_seen_entry *entry;

  pthread_mutex_lock(&seen->mutex);
  entry = find_locked(seen, client_id);
  if (entry)
    seen_ms = entry->seen_ms;
  pthread_mutex_unlock(&seen->mutex);
  return seen_ms;
}

int64_t
pb_seen_get_silence_ms(pb_seen_t *seen, const char *client_id, int64_t start_mono_ms)
{
  int64_t               from_ms = start_mono_ms;
  int64_t               now_ms  = pb_clock_mono_ms();
  struct pb_seen_entry *entry;

  pthread_mutex_lock(&seen->mutex);
  entry = find_locked(seen, client_id);
  if (entry && entry->mono_ms > from_ms)
    from_ms = entry->mono_ms;
  if (entry ? entry->has_tunnel : seen->count == PB_SEEN_MAX)
    from_ms = now_ms;
  pthread_mutex_unlock(&seen->mutex);
  return now_ms - from_ms;
}

bool
pb_seen_turn(pb_seen_t *seen, const char *client_id, bool is_away)
{
  bool                  is_news = false;
  struct pb_seen_entry *entry;

  pthread_mutex_lock(&seen->mutex);
  entry = find_locked(seen, client_id);
  if (!entry && is_away)
    entry = add_locked(seen, client_id);
  if (entry)
  {
    is_news        = entry->is_away != is_away;
    entry->is_away = is_away;
  }
  pthread_mutex_unlock(&seen->mutex);
  return is_news;
}

// Takes one entry that is not in the database; the lock is not held while it is written.
static bool
take_new(pb_seen_t *seen, struct pb_seen_entry *entry_out)
{
  bool is_found = false;

  pthread_mutex_lock(&seen->mutex);
  for (size_t i = 0; i < seen->count && !is_found; i++)
  {
    is_found = seen->entries[i].is_new;
    if (is_found)
    {
      seen->entries[i].is_new = false;
      *entry_out              = seen->entries[i];
    }
  }
  pthread_mutex_unlock(&seen->mutex);
  return is_found;
}

void
pb_seen_flush(pb_seen_t *seen, pb_db_t *db)
{
  bool                 ok = true;
  struct pb_seen_entry entry;

  if (!pb_db_begin(db, /*err*/ NULL))
    return;
  while (ok && take_new(seen, &entry))
    ok = pb_device_save_seen(db, entry.client_id, entry.seen_ms, /*err*/ NULL);
  ok = pb_db_end(db, ok, /*err*/ NULL);
  (void)ok;  // the next word of the connector brings it again
}
