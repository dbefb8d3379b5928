// spool - documents on disk, encrypted, streamed in and out; a reader may follow a writer that has
// not finished. Each document has a random key, wrapped by the service's key in the file's header;
// the rest are sealed records. Removing a document overwrites the header first.  Thread-safe; a
// writer or reader belongs to one thread at a time.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_SPOOL_SPOOL_H
#define PB_SPOOL_SPOOL_H

#include "base/error.h"
#include <stdint.h>

typedef struct pb_spool        pb_spool_t;
typedef struct pb_spool_writer pb_spool_writer_t;
typedef struct pb_spool_reader pb_spool_reader_t;

#define PB_SPOOL_ID_SIZE 33  // 32 hex digits

struct pb_spool_limits
{
  int64_t document_bytes;  // largest document; more is PB_REJECT
  int64_t free_bytes;      // keep so much of the disk free; less is PB_RETRY "disk full"
};

bool pb_spool_open(const char *folder, const uint8_t key[32], const struct pb_spool_limits *limits,
                   pb_spool_t **spool_out, pb_error_t *err) PB_MUST_USE;
void pb_spool_set_limits(pb_spool_t                   *spool,
                         const struct pb_spool_limits *limits);  // any thread, at any time
void pb_spool_close(pb_spool_t *spool);

// Write.  After a failed write or finish the document is gone already, and the writer good for free
// only.  finish makes it durable (file and folder) and says the plain size; it blocks on the disk.
// free of a writer that was not finished removes the document, and readers see it broken.
bool pb_spool_create(pb_spool_t *spool, char id_out[PB_SPOOL_ID_SIZE],
                     pb_spool_writer_t **writer_out, pb_error_t *err) PB_MUST_USE;
bool pb_spool_write(pb_spool_writer_t *writer, const void *data, size_t size,
                    pb_error_t *err) PB_MUST_USE;
bool pb_spool_finish(pb_spool_writer_t *writer, int64_t *size_out, pb_error_t *err) PB_MUST_USE;
void pb_spool_writer_free(pb_spool_writer_t *writer);

// Read from the start.
enum pb_spool_got
{
  PB_SPOOL_DATA,   // *got_out > 0 bytes
  PB_SPOOL_WAIT,   // the writer has not got further: the wake function will be called
  PB_SPOOL_END,    // all was read
  PB_SPOOL_BROKEN  // the writer gave up, the file is damaged or was removed: *err says which
};
// `wake` is called from the writer's (or remover's) thread, once after each WAIT, when there is
// more or the end is known; NULL: none.  It must not free the reader.  PB_GONE: no such document;
// PB_REJECT: damaged, or cut by a crash (seen here already, before anything of it is read).
bool pb_spool_open_reader(pb_spool_t *spool, const char *id, void (*wake)(void *user), void *user,
                          pb_spool_reader_t **reader_out, pb_error_t *err) PB_MUST_USE;
enum pb_spool_got pb_spool_read(pb_spool_reader_t *reader, void *data, size_t room, size_t *got_out,
                                pb_error_t *err);
void
pb_spool_reader_free(pb_spool_reader_t *reader);  // after it returns, wake is not called any more

// A small secret that is kept elsewhere (a job's password), sealed by the same key.  sealed_out
// gets size + PB_SPOOL_SMALL_OVERHEAD bytes, plain_out as much less; context (whose it is) must be
// the same.  PB_REJECT: changed.
#define PB_SPOOL_SMALL_OVERHEAD 76
bool pb_spool_seal_small(pb_spool_t *spool, const char *context, const void *plain, size_t size,
                         uint8_t *sealed_out, pb_error_t *err) PB_MUST_USE;
bool pb_spool_open_small(pb_spool_t *spool, const char *context, const uint8_t *sealed, size_t size,
                         void *plain_out, pb_error_t *err) PB_MUST_USE;

bool pb_spool_remove(pb_spool_t *spool, const char *id, pb_error_t *err) PB_MUST_USE;
// At start: remove what is on disk and not known (half a body of a crash).  Returns how many.
int pb_spool_sweep(pb_spool_t *spool, bool (*is_known)(void *user, const char *id), void *user);

#endif
