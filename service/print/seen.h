// seen - when each connector was last heard of.  In memory; written to the database now and then.
// Thread-safe.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_SEEN_H
#define PB_PRINT_SEEN_H

#include <pthread.h>

#include "identity/identity.h"

#define PB_SEEN_MAX 4096  // connectors remembered between two flushes

typedef struct pb_seen
{
  pthread_mutex_t mutex;  // guards the rest
  struct pb_seen_entry
  {
    char    client_id[PB_CLIENT_ID_SIZE];
    int64_t seen_ms, mono_ms;  // the same moment, by both clocks; 0: not since the start
    bool    is_new;            // not in the database yet
    bool    is_away;           // as it was told last
    bool    has_tunnel;        // when it was looked at last: a word that has not ended
  } * entries;
  size_t count;
} pb_seen_t;

void    pb_seen_init(pb_seen_t *seen);
void    pb_seen_clear(pb_seen_t *seen);
void    pb_seen_note(pb_seen_t *seen, const char *client_id, int64_t now_ms);
int64_t pb_seen_get(pb_seen_t *seen, const char *client_id);  // 0: not since the start
// For how long nothing was heard, of who was silent at `start_mono_ms` at the earliest.  0 of those
// that there is no room for.
int64_t pb_seen_get_silence_ms(pb_seen_t *seen, const char *client_id, int64_t start_mono_ms);
// Its tunnel is up, or is not (any more): what was said by it ends now at the earliest.
void pb_seen_note_tunnel(pb_seen_t *seen, const char *client_id, bool is_up, int64_t now_ms);
// Is that news?  From now on it is none.
bool pb_seen_turn(pb_seen_t *seen, const char *client_id, bool is_away);
void pb_seen_flush(pb_seen_t *seen, pb_db_t *db);

#endif
