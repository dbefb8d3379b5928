// writer - a document on its way to disk.
// Only the writer's thread changes the tail, so it may look at it without the mutex; a record is
// sealed when the byte behind it comes, since only then it is known not to be the last.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "spool/spool.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/secret.h"
#include "spool/document.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DISK_CHECK_BYTES (8LL * 1024 * 1024)  // so often is the free space looked at

struct pb_spool_writer
{
  pb_spool_t *spool;
  document_t *document;
  pb_seal_t  *seal;
  uint8_t    *sealed;
  int64_t     size;        // plain, so far
  int64_t     checked_at;  // size when the disk was looked at last
  bool        is_over;     // finished, or failed and cleaned up
};

static bool
check_disk(pb_spool_t *spool, pb_error_t *err)
{
  int64_t        free_bytes = spool->free_bytes;
  struct statvfs info;

  if (free_bytes <= 0 || fstatvfs(spool->folder_fd, &info) != 0)
    return true;
  if ((uint64_t)info.f_bavail * info.f_frsize >= (uint64_t)free_bytes)
    return true;
  return pb_error_set(err, PB_RETRY, "%s: disk full", spool->folder);
}

bool
pb_spool_create(pb_spool_t *spool, char id_out[PB_SPOOL_ID_SIZE], pb_spool_writer_t **writer_out,
                pb_error_t *err)
{
  pb_spool_writer_t *writer = NULL;
  bool               ok     = false;

  *writer_out = NULL;
  id_out[0]   = '\0';
  if (!check_disk(spool, err))
    return false;
  writer = calloc(1, sizeof(*writer));
  if (writer == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a document");
  writer->spool = spool;
  if (!document_create(spool, &writer->document, err))
    goto done;
  PB_FAULT("service.spool-create.after");
  writer->document = document_list(spool, writer->document);
  writer->sealed   = malloc(SPOOL_SEALED_SIZE);
  writer->seal     = pb_seal_new(writer->document->key);
  if (writer->sealed == NULL || writer->seal == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory for a document");
    goto done;
  }
  memcpy(id_out, writer->document->id, PB_SPOOL_ID_SIZE);
  *writer_out = writer;
  writer      = NULL;
  ok          = true;

done:
  pb_spool_writer_free(writer);
  return ok;
}

static bool
write_at(pb_spool_t *spool, const document_t *document, const uint8_t *data, size_t size,
         off_t offset, pb_error_t *err)
{
  while (size > 0)
  {
    ssize_t done = pwrite(document->fd, data, size, offset);

    if (done <= 0)
      return pb_error_set_errno(err, PB_CONFIG, "%s/%s: cannot write", spool->folder, document->id);
    data += done;
    size -= (size_t)done;
    offset += done;
  }
  return true;
}

// The tail goes to disk.
static bool
write_record(pb_spool_writer_t *writer, bool is_last, pb_error_t *err)
{
  document_t *document = writer->document;
  uint64_t    number   = document->tail_number;
  size_t      size     = document->tail_size;

  return pb_seal_record(writer->seal, number, is_last, document->tail, size, writer->sealed, err) &&
         write_at(writer->spool, document, writer->sealed, size + PB_SEAL_OVERHEAD,
                  SPOOL_HEADER_SIZE + (off_t)number * SPOOL_SEALED_SIZE, err);
}

static void
begin_record(document_t *document)
{
  (void)pthread_mutex_lock(&document->mutex);
  document->tail_number++;
  document->tail_size = 0;
  (void)pthread_mutex_unlock(&document->mutex);
}

static size_t
fill_tail(document_t *document, const void *data, size_t size)
{
  (void)pthread_mutex_lock(&document->mutex);
  if (size > PB_SEAL_RECORD_SIZE - document->tail_size)
    size = PB_SEAL_RECORD_SIZE - document->tail_size;
  memcpy(document->tail + document->tail_size, data, size);
  document->tail_size += size;
  (void)pthread_mutex_unlock(&document->mutex);
  return size;
}

static enum document_state
state_of(document_t *document)
{
  enum document_state state;

  (void)pthread_mutex_lock(&document->mutex);
  state = document->state;
  (void)pthread_mutex_unlock(&document->mutex);
  return state;
}

// The readers hear of it, and nothing stays on the disk.
static void
give_up(pb_spool_writer_t *writer)
{
  document_t *document = writer->document;
  pb_error_t  err      = {0};

  writer->is_over = true;
  if (state_of(document) == DOCUMENT_WRITING)
    document_end(document, DOCUMENT_ABORTED);
  if (!document_destroy(writer->spool, document->id, document->fd, &err))
    pb_log(NULL, PB_LOG_WARN, "half a document stays behind: %s", err.message);
}

static bool
check_write(pb_spool_writer_t *writer, size_t size, pb_error_t *err)
{
  int64_t document_bytes = writer->spool->document_bytes;

  if (state_of(writer->document) != DOCUMENT_WRITING)
    return document_fail(writer->document, state_of(writer->document), err);
  if (document_bytes > 0 &&
      (size > (uint64_t)document_bytes || writer->size > document_bytes - (int64_t)size))
    return pb_error_set(err, PB_REJECT, "document larger than %" PRId64 " bytes", document_bytes);
  if (writer->size - writer->checked_at < DISK_CHECK_BYTES)
    return true;
  writer->checked_at = writer->size;
  return check_disk(writer->spool, err);
}

static bool
write_data(pb_spool_writer_t *writer, const uint8_t *data, size_t size, pb_error_t *err)
{
  document_t *document = writer->document;

  if (!check_write(writer, size, err))
    return false;
  while (size > 0)
  {
    size_t done = 0;

    if (document->tail_size == PB_SEAL_RECORD_SIZE)
    {
      if (!write_record(writer, /*is_last*/ false, err))
        return false;
      PB_FAULT("service.spool-record.after");
      begin_record(document);
    }
    done = fill_tail(document, data, size);
    data += done;
    size -= done;
    writer->size += (int64_t)done;
  }
  return true;
}

bool
pb_spool_write(pb_spool_writer_t *writer, const void *data, size_t size, pb_error_t *err)
{
  if (writer->is_over)
    return document_fail(writer->document, DOCUMENT_ABORTED, err);
  if (size == 0)
    return true;
  if (!write_data(writer, data, size, err))
  {
    give_up(writer);
    return false;
  }
  document_wake(writer->document);
  return true;
}

static bool
make_durable(pb_spool_writer_t *writer, pb_error_t *err)
{
  pb_spool_t *spool = writer->spool;

  if (state_of(writer->document) != DOCUMENT_WRITING)
    return document_fail(writer->document, state_of(writer->document), err);
  PB_FAULT("service.spool-finish.before");
  if (!write_record(writer, /*is_last*/ true, err))
    return false;
  PB_FAULT("service.spool-sync.before");
  if (fdatasync(writer->document->fd) != 0 || fsync(spool->folder_fd) != 0)
    return pb_error_set_errno(err, PB_CONFIG, "%s/%s: cannot sync", spool->folder,
                              writer->document->id);
  return true;
}

// It may have been removed while the disk was busy: then it stays removed.
static bool
set_finished(document_t *document, pb_error_t *err)
{
  enum document_state state;

  (void)pthread_mutex_lock(&document->mutex);
  state = document->state;
  if (state == DOCUMENT_WRITING)
    document->state = DOCUMENT_FINISHED;
  (void)pthread_mutex_unlock(&document->mutex);
  if (state != DOCUMENT_WRITING)
    return document_fail(document, state, err);
  document_wake(document);
  return true;
}

bool
pb_spool_finish(pb_spool_writer_t *writer, int64_t *size_out, pb_error_t *err)
{
  *size_out = 0;
  if (writer->is_over)
    return document_fail(writer->document, DOCUMENT_ABORTED, err);
  if (!make_durable(writer, err) || !set_finished(writer->document, err))
  {
    give_up(writer);
    return false;
  }
  writer->is_over = true;
  *size_out       = writer->size;
  PB_FAULT("service.spool-finish.after");
  return true;
}

void
pb_spool_writer_free(pb_spool_writer_t *writer)
{
  if (writer == NULL)
    return;
  if (writer->document != NULL)
  {
    if (!writer->is_over)
      give_up(writer);
    document_release(writer->spool, writer->document);
  }
  pb_seal_free(writer->seal);
  free(writer->sealed);
  free(writer);
}
