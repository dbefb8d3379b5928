// reader - a document read from its start, behind a writer or from the disk.
// What a writer holds in memory is copied from there, so that a pause in the upload holds no page
// back.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "spool/spool.h"

#include "base/secret.h"
#include "spool/document.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Where the next byte is to be found.
enum place
{
  PLACE_MEMORY,  // *got_out bytes were copied
  PLACE_DISK,    // in the reader's record number, whose plain size is *size_out
  PLACE_NOWHERE  // as `got` says
};

static bool
find_document(pb_spool_t *spool, const char *id, document_t **document_out, pb_error_t *err)
{
  document_t         *document = NULL;
  enum document_state state    = DOCUMENT_WRITING;

  *document_out = NULL;
  if (!document_is_id(id))
    return pb_error_set(err, PB_GONE, "\"%.64s\" names no document", id);
  document = document_find(spool, id);
  if (document == NULL)
  {
    if (!document_load(spool, id, &document, err))
      return false;
    document = document_list(spool, document);
  }
  (void)pthread_mutex_lock(&document->mutex);
  state = document->state;
  (void)pthread_mutex_unlock(&document->mutex);
  if (state == DOCUMENT_ABORTED || state == DOCUMENT_REMOVED)
  {
    (void)pb_error_set(err, PB_GONE, "document %s was removed", id);
    document_release(spool, document);
    return false;
  }
  *document_out = document;
  return true;
}

bool
pb_spool_open_reader(pb_spool_t *spool, const char *id, void (*wake)(void *user), void *user,
                     pb_spool_reader_t **reader_out, pb_error_t *err)
{
  pb_spool_reader_t *reader   = calloc(1, sizeof(*reader));
  document_t        *document = NULL;

  *reader_out = NULL;
  if (reader == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a reader");
  if (!find_document(spool, id, &document, err) || document == NULL)
    goto failed;
  reader->wake   = wake;
  reader->user   = user;
  reader->spool  = spool;
  reader->seal   = pb_seal_new(document->key);
  reader->record = malloc(SPOOL_SEALED_SIZE);
  if (reader->seal == NULL || reader->record == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory for a reader");
    goto failed;
  }
  (void)pthread_mutex_lock(&document->mutex);
  reader->document  = document;
  reader->next      = document->readers;
  document->readers = reader;
  (void)pthread_mutex_unlock(&document->mutex);
  *reader_out = reader;
  return true;

failed:
  if (document != NULL)
    document_release(spool, document);
  pb_seal_free(reader->seal);
  free(reader->record);
  free(reader);
  return false;
}

static bool
wait_locked(pb_spool_reader_t *reader)
{
  document_t *document = reader->document;

  if (document->state != DOCUMENT_WRITING)
    return false;
  reader->is_waiting  = reader->wake != NULL;
  reader->wait_number = ++document->waits;
  return true;
}

// Copy from the tail, or say what else.
static enum place
look_locked(pb_spool_reader_t *reader, void *data, size_t room, size_t *got_out, size_t *size_out,
            bool *is_last_out, enum pb_spool_got *got)
{
  document_t *document = reader->document;
  uint64_t    number   = reader->position / PB_SEAL_RECORD_SIZE;
  size_t      offset   = (size_t)(reader->position % PB_SEAL_RECORD_SIZE);
  bool        is_tail  = number == document->tail_number;

  if (document->state == DOCUMENT_ABORTED || document->state == DOCUMENT_REMOVED)
  {
    *got = PB_SPOOL_BROKEN;
    return PLACE_NOWHERE;
  }
  if (number > document->tail_number || (is_tail && offset == document->tail_size))
  {
    *got = wait_locked(reader) ? PB_SPOOL_WAIT : PB_SPOOL_END;
    return PLACE_NOWHERE;
  }
  if (!is_tail || document->tail == NULL)
  {
    *size_out    = is_tail ? document->tail_size : PB_SEAL_RECORD_SIZE;
    *is_last_out = is_tail;
    return PLACE_DISK;
  }
  if (room > document->tail_size - offset)
    room = document->tail_size - offset;
  memcpy(data, document->tail + offset, room);
  *got_out = room;
  return PLACE_MEMORY;
}

static bool
fetch_record(pb_spool_reader_t *reader, size_t size, bool is_last, pb_error_t *err)
{
  document_t *document = reader->document;
  uint64_t    number   = reader->position / PB_SEAL_RECORD_SIZE;
  size_t      sealed   = size + PB_SEAL_OVERHEAD;
  off_t       offset   = SPOOL_HEADER_SIZE + (off_t)number * SPOOL_SEALED_SIZE;

  if (reader->record_size > 0 && reader->record_number == number)
    return true;
  reader->record_size = 0;
  if (pread(document->fd, reader->record, sealed, offset) != (ssize_t)sealed)
    return pb_error_set(err, PB_REJECT, "document %s is shorter than it was", document->id);
  if (!pb_seal_open(reader->seal, number, is_last, reader->record, sealed, reader->record, err))
    return pb_error_prefix(err, "document %s", document->id);
  reader->record_number = number;
  reader->record_size   = size;
  return true;
}

static enum pb_spool_got
read_record(pb_spool_reader_t *reader, size_t size, bool is_last, void *data, size_t room,
            size_t *got_out, pb_error_t *err)
{
  size_t offset = (size_t)(reader->position % PB_SEAL_RECORD_SIZE);

  if (!fetch_record(reader, size, is_last, err))
    return PB_SPOOL_BROKEN;
  if (room > size - offset)
    room = size - offset;
  memcpy(data, reader->record + offset, room);
  reader->position += room;
  *got_out = room;
  return PB_SPOOL_DATA;
}

enum pb_spool_got
pb_spool_read(pb_spool_reader_t *reader, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  document_t         *document = reader->document;
  enum document_state state    = DOCUMENT_WRITING;
  enum pb_spool_got   got      = PB_SPOOL_DATA;
  enum place          place    = PLACE_NOWHERE;
  size_t              size     = 0;
  bool                is_last  = false;

  *got_out = 0;
  if (room == 0)
  {
    pb_error_set(err, PB_BUG, "reading into no room");
    return PB_SPOOL_BROKEN;
  }
  (void)pthread_mutex_lock(&document->mutex);
  place = look_locked(reader, data, room, got_out, &size, &is_last, &got);
  state = document->state;
  (void)pthread_mutex_unlock(&document->mutex);

  if (place == PLACE_DISK)
    return read_record(reader, size, is_last, data, room, got_out, err);
  if (got == PB_SPOOL_BROKEN)
    (void)document_fail(document, state, err);
  reader->position += *got_out;
  return got;
}

void
pb_spool_reader_free(pb_spool_reader_t *reader)
{
  pb_spool_reader_t **link = NULL;

  if (reader == NULL)
    return;
  (void)pthread_mutex_lock(&reader->document->mutex);
  reader->is_waiting = false;
  while (reader->is_waking)
    (void)pthread_cond_wait(&reader->document->woken, &reader->document->mutex);
  link = &reader->document->readers;
  while (*link != reader)
    link = &(*link)->next;
  *link = reader->next;
  (void)pthread_mutex_unlock(&reader->document->mutex);

  document_release(reader->spool, reader->document);
  pb_seal_free(reader->seal);
  pb_wipe(reader->record, SPOOL_SEALED_SIZE);
  free(reader->record);
  free(reader);
}
