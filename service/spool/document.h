// document - one document of the spool while somebody writes or reads it.  For service/spool only.
// Shared by its writer and its readers, counted.  Lock order: the spool, then a document; no disk
// and no caller under either.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_SPOOL_DOCUMENT_H
#define PB_SPOOL_DOCUMENT_H

#include "net/seal.h"
#include "spool/spool.h"
#include <pthread.h>
#include <stdatomic.h>

// The file: magic, version, wrapped key, zeros; from SPOOL_HEADER_SIZE on the sealed records.
#define SPOOL_HEADER_SIZE 128
#define SPOOL_SEALED_SIZE (PB_SEAL_RECORD_SIZE + PB_SEAL_OVERHEAD)
#define SPOOL_BUCKETS 256

enum document_state
{
  DOCUMENT_WRITING,
  DOCUMENT_FINISHED,
  DOCUMENT_ABORTED,  // the writer gave up
  DOCUMENT_REMOVED
};

typedef struct document document_t;

struct document
{
  document_t *next;  // in its bucket; with uses and is_listed guarded by the spool's mutex
  int         uses;
  bool        is_listed;

  char    id[PB_SPOOL_ID_SIZE];  // these three never change
  int     fd;
  uint8_t key[PB_SEAL_KEY_SIZE];

  pthread_mutex_t     mutex;  // guards all below
  pthread_cond_t      woken;  // a wake function has returned
  enum document_state state;
  // Records below tail_number are on disk.  While it is written (and until the last user leaves)
  // the record tail_number is in `tail`; of a document that was found on disk, tail is NULL and
  // tail_number is the last record.
  uint64_t           tail_number;
  size_t             tail_size;
  uint8_t           *tail;
  pb_spool_reader_t *readers;
  uint64_t           waits;  // counts WAIT answers, to wake each once
};

struct pb_spool
{
  char                *folder;
  int                  folder_fd;
  uint8_t              key[PB_SEAL_KEY_SIZE];
  atomic_int_least64_t document_bytes, free_bytes;  // struct pb_spool_limits
  pthread_mutex_t      mutex;                       // guards the table
  document_t          *documents[SPOOL_BUCKETS];
};

bool document_is_id(const char *id);

// Made, not yet in the table, used once.  create makes the file with its header; load reads and
// checks one.
bool document_create(pb_spool_t *spool, document_t **document_out, pb_error_t *err) PB_MUST_USE;
bool document_load(pb_spool_t *spool, const char *id, document_t **document_out,
                   pb_error_t *err) PB_MUST_USE;
void document_free(document_t *document);

// The table.  find and list count a use; list gives the one that is there already, if there is, and
// frees the new one.
document_t *document_find(pb_spool_t *spool, const char *id);
document_t *document_list(pb_spool_t *spool, document_t *document);
void        document_release(pb_spool_t *spool, document_t *document);

// Set the state, then wake the readers that wait.
void document_end(document_t *document, enum document_state state);
void document_wake(document_t *document);

// Make the file unreadable, then unlink it.  fd -1: it is opened here.
bool document_destroy(pb_spool_t *spool, const char *id, int fd, pb_error_t *err) PB_MUST_USE;

// Another user's state as an error; false.
bool document_fail(const document_t *document, enum document_state state, pb_error_t *err);

struct pb_spool_reader
{
  pb_spool_t        *spool;
  document_t        *document;
  pb_spool_reader_t *next;  // of the document; this and the next five are guarded by its mutex
  void (*wake)(void *user);
  void    *user;
  bool     is_waiting;
  bool     is_waking;
  uint64_t wait_number;

  uint64_t   position;  // the rest belongs to the reader's thread
  pb_seal_t *seal;
  uint64_t   record_number;  // what `record` holds
  size_t     record_size;    // 0: nothing
  uint8_t   *record;
};

#endif
