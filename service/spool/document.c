// document - one document of the spool while somebody writes or reads it: its file, its place in
// the table, its end.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "spool/document.h"

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1

static const char magic[8] = "pbspool";

struct header
{
  char    magic[8];
  uint8_t version;
  uint8_t zeros[3];
  uint8_t wrapped[PB_SEAL_WRAPPED_SIZE];
  uint8_t more_zeros[SPOOL_HEADER_SIZE - 12 - PB_SEAL_WRAPPED_SIZE];
};
_Static_assert(sizeof(struct header) == SPOOL_HEADER_SIZE, "the header has holes");

bool
document_is_id(const char *id)
{
  return strlen(id) == PB_SPOOL_ID_SIZE - 1 &&
         strspn(id, "0123456789abcdef") == PB_SPOOL_ID_SIZE - 1;
}

static document_t *
document_new(const char *id)
{
  document_t *document = calloc(1, sizeof(*document));

  if (document == NULL)
    return NULL;
  document->uses = 1;
  document->fd   = -1;
  (void)pb_text_copy(document->id, sizeof(document->id), id);
  (void)pthread_mutex_init(&document->mutex, NULL);
  (void)pthread_cond_init(&document->woken, NULL);
  return document;
}

void
document_free(document_t *document)
{
  if (document == NULL)
    return;
  if (document->fd >= 0)
    close(document->fd);
  if (document->tail != NULL)
    pb_wipe(document->tail, PB_SEAL_RECORD_SIZE);
  free(document->tail);
  pb_wipe(document->key, sizeof(document->key));
  (void)pthread_cond_destroy(&document->woken);
  (void)pthread_mutex_destroy(&document->mutex);
  free(document);
}

static bool
write_header(pb_spool_t *spool, document_t *document, pb_error_t *err)
{
  struct header header = {.version = VERSION};

  memcpy(header.magic, magic, sizeof(magic));
  if (!pb_seal_wrap(spool->key, document->key, document->id, header.wrapped, err))
    return false;
  if (pwrite(document->fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
    return pb_error_set_errno(err, PB_CONFIG, "%s/%s: cannot write", spool->folder, document->id);
  return true;
}

bool
document_create(pb_spool_t *spool, document_t **document_out, pb_error_t *err)
{
  uint8_t     random[(PB_SPOOL_ID_SIZE - 1) / 2];
  char        id[PB_SPOOL_ID_SIZE];
  document_t *document = NULL;
  bool        ok       = false;

  *document_out = NULL;
  pb_random_bytes(random, sizeof(random));
  pb_text_format_hex(id, random, sizeof(random));
  document = document_new(id);
  if (document != NULL)
    document->tail = malloc(PB_SEAL_RECORD_SIZE);
  if (document == NULL || document->tail == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory for a document");
    goto done;
  }
  pb_random_bytes(document->key, sizeof(document->key));
  document->fd = openat(spool->folder_fd, id, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (document->fd < 0)
  {
    pb_error_set_errno(err, PB_CONFIG, "%s/%s: cannot create", spool->folder, id);
    goto done;
  }
  ok = write_header(spool, document, err);
  if (!ok)
    (void)unlinkat(spool->folder_fd, id, 0);

done:
  if (ok)
    *document_out = document;
  else
    document_free(document);
  return ok;
}

static bool
read_header(pb_spool_t *spool, document_t *document, pb_error_t *err)
{
  struct header header;

  if (pread(document->fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
      memcmp(header.magic, magic, sizeof(magic)) != 0)
    return pb_error_set(err, PB_GONE, "%s/%s: removed, or never a document", spool->folder,
                        document->id);
  if (header.version != VERSION)
    return pb_error_set(err, PB_CONFIG, "%s/%s: version %d, we read %d", spool->folder,
                        document->id, header.version, VERSION);
  if (!pb_seal_unwrap(spool->key, header.wrapped, document->id, document->key, err))
    return pb_error_prefix(err, "%s/%s", spool->folder, document->id);
  return true;
}

static bool
open_last_record(const document_t *document, pb_seal_t *seal, uint8_t *sealed, size_t size)
{
  return pread(document->fd, sealed, size,
               SPOOL_HEADER_SIZE + (off_t)document->tail_number * SPOOL_SEALED_SIZE) ==
           (ssize_t)size &&
         pb_seal_open(seal, document->tail_number, /*is_last*/ true, sealed, size, sealed,
                      /*err*/ NULL);
}

// How many records there are, and that the last one says so itself: a document whose upload a crash
// has cut must not be begun.
static bool
check_last_record(pb_spool_t *spool, document_t *document, pb_error_t *err)
{
  struct stat info;
  pb_seal_t  *seal     = NULL;
  uint8_t    *sealed   = NULL;
  int64_t     body     = 0;
  size_t      size     = 0;
  bool        has_room = true;  // in memory
  bool        ok       = false;

  if (fstat(document->fd, &info) != 0 || info.st_size <= SPOOL_HEADER_SIZE)
    goto done;
  body                  = info.st_size - SPOOL_HEADER_SIZE;
  document->tail_number = (uint64_t)((body - 1) / SPOOL_SEALED_SIZE);
  size                  = (size_t)((body - 1) % SPOOL_SEALED_SIZE) + 1;
  if (size < PB_SEAL_OVERHEAD)
    goto done;
  document->tail_size = size - PB_SEAL_OVERHEAD;
  seal                = pb_seal_new(document->key);
  sealed              = malloc(size);
  has_room            = seal != NULL && sealed != NULL;
  ok                  = has_room && open_last_record(document, seal, sealed, size);

done:
  if (sealed != NULL)
    pb_wipe(sealed, size);
  free(sealed);
  pb_seal_free(seal);
  if (!has_room)
    pb_error_set(err, PB_RETRY, "%s/%s: out of memory", spool->folder, document->id);
  else if (!ok)
    pb_error_set(err, PB_REJECT, "%s/%s: damaged, or cut by a crash", spool->folder, document->id);
  return ok;
}

bool
document_load(pb_spool_t *spool, const char *id, document_t **document_out, pb_error_t *err)
{
  document_t *document = document_new(id);
  bool        ok       = false;

  *document_out = NULL;
  if (document == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a document");
  document->state = DOCUMENT_FINISHED;
  document->fd    = openat(spool->folder_fd, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (document->fd < 0)
    pb_error_set_errno(err, errno == ENOENT ? PB_GONE : PB_CONFIG, "%s/%s", spool->folder, id);
  else
    ok = read_header(spool, document, err) && check_last_record(spool, document, err);
  if (ok)
    *document_out = document;
  else
    document_free(document);
  return ok;
}

static document_t **
bucket_of(pb_spool_t *spool, const char *id)
{
  uint8_t first = 0;

  return pb_text_parse_hex((const char[]){id[0], id[1], '\0'}, &first, 1) ? &spool->documents[first]
                                                                          : &spool->documents[0];
}

static document_t *
find_locked(pb_spool_t *spool, const char *id)
{
  for (document_t *document = *bucket_of(spool, id); document != NULL; document = document->next)
    if (strcmp(document->id, id) == 0)
    {
      document->uses++;
      return document;
    }
  return NULL;
}

document_t *
document_find(pb_spool_t *spool, const char *id)
{
  document_t *document = NULL;

  (void)pthread_mutex_lock(&spool->mutex);
  document = find_locked(spool, id);
  (void)pthread_mutex_unlock(&spool->mutex);
  return document;
}

document_t *
document_list(pb_spool_t *spool, document_t *document)
{
  document_t **bucket = bucket_of(spool, document->id);
  document_t  *other  = NULL;

  (void)pthread_mutex_lock(&spool->mutex);
  other = find_locked(spool, document->id);
  if (other == NULL)
  {
    document->next      = *bucket;
    document->is_listed = true;
    *bucket             = document;
  }
  (void)pthread_mutex_unlock(&spool->mutex);
  if (other == NULL)
    return document;
  document_free(document);
  return other;
}

void
document_release(pb_spool_t *spool, document_t *document)
{
  bool is_free = false;

  (void)pthread_mutex_lock(&spool->mutex);
  is_free = --document->uses == 0;
  if (is_free && document->is_listed)
  {
    document_t **link = bucket_of(spool, document->id);

    while (*link != document)
      link = &(*link)->next;
    *link = document->next;
  }
  (void)pthread_mutex_unlock(&spool->mutex);
  if (is_free)
    document_free(document);
}

static pb_spool_reader_t *
find_waiting_locked(document_t *document, uint64_t up_to)
{
  for (pb_spool_reader_t *reader = document->readers; reader != NULL; reader = reader->next)
    if (reader->is_waiting && reader->wait_number <= up_to)
      return reader;
  return NULL;
}

// Each that waits now, once: who waits again meanwhile has seen what there is.
void
document_wake(document_t *document)
{
  uint64_t           up_to  = 0;
  pb_spool_reader_t *reader = NULL;

  (void)pthread_mutex_lock(&document->mutex);
  up_to  = document->waits;
  reader = find_waiting_locked(document, up_to);
  while (reader != NULL)
  {
    reader->is_waiting = false;
    reader->is_waking  = true;
    (void)pthread_mutex_unlock(&document->mutex);
    reader->wake(reader->user);
    (void)pthread_mutex_lock(&document->mutex);
    reader->is_waking = false;
    (void)pthread_cond_broadcast(&document->woken);
    reader = find_waiting_locked(document, up_to);
  }
  (void)pthread_mutex_unlock(&document->mutex);
}

void
document_end(document_t *document, enum document_state state)
{
  (void)pthread_mutex_lock(&document->mutex);
  document->state = state;
  (void)pthread_mutex_unlock(&document->mutex);
  document_wake(document);
}

bool
document_destroy(pb_spool_t *spool, const char *id, int fd, pb_error_t *err)
{
  static const uint8_t zeros[SPOOL_HEADER_SIZE];
  int                  opened = -1;

  if (fd < 0)
  {
    opened = openat(spool->folder_fd, id, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    fd     = opened;
  }
  // The key is what matters: without it the rest is noise, whatever the disk keeps of it.  A disk
  // that cannot do it must not keep us from unlinking.
  if (fd >= 0 && pwrite(fd, zeros, sizeof(zeros), 0) == (ssize_t)sizeof(zeros))
    (void)fdatasync(fd);
  if (opened >= 0)
    close(opened);
  if (unlinkat(spool->folder_fd, id, 0) != 0 && errno != ENOENT)
    return pb_error_set_errno(err, PB_CONFIG, "%s/%s: cannot remove", spool->folder, id);
  return true;
}

bool
document_fail(const document_t *document, enum document_state state, pb_error_t *err)
{
  if (state == DOCUMENT_REMOVED)
    return pb_error_set(err, PB_GONE, "document %s was removed", document->id);
  return pb_error_set(err, PB_RETRY, "document %s: its upload was broken off", document->id);
}
