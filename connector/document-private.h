// document-private - what the parts of the document socket share.
// documents->mutex guards everything here that is not marked otherwise.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_DOCUMENT_PRIVATE_H
#define PB_CONNECTOR_DOCUMENT_PRIVATE_H

#include "document.h"
#include "net/digest.h"
#include "read-ahead.h"
#include <pthread.h>
#include <sys/types.h>

#define PB_DOCUMENT_EVENT_MAX (1024 * 1024)
#define PB_DOCUMENT_CONNECTIONS_MAX 256

struct pb_offer
{
  struct pb_offer          *next;
  char                      capability[PB_CAPABILITY_SIZE];
  struct pb_document_source source;
  struct pb_reader         *active;       // NULL: nobody reads
  int                       readers;      // how many there have been
  int                       users;        // threads inside; withdraw waits for 0
  bool                      is_fetching;  // one fetch at a time
  bool                      is_withdrawn;
};

// One filter that reads one document: a thread that writes to its socket, and one that fetches.
struct pb_reader
{
  pb_documents_t  *documents;
  struct pb_offer *offer;
  int              fd;
  pb_read_ahead_t *read_ahead;  // set before the reader can be seen by others
  atomic_bool      is_stopped;
  int              readers_before;
  int64_t          offset;                  // it has so much already,
  uint8_t          digest[PB_SHA256_SIZE];  // which has this hash
};

struct pb_connection
{
  struct pb_connection *next;
  pb_documents_t       *documents;
  int                   fd;
};

struct pb_documents
{
  pthread_mutex_t             mutex;
  pthread_cond_t              changed;  // monotonic
  struct pb_documents_options options;  // with copies of the texts
  char                       *socket_path, *temp_folder;
  uid_t                       filter_uid;
  int                         listen_fd;
  int                         wake_fds[2];
  pthread_t                   accept_thread;
  int64_t                     refusal_say_ms;  // of accept_thread: no word of a stranger before
  int64_t                     started_ms;
  bool                        is_stopping;
  struct pb_offer            *offers;
  struct pb_connection       *connections;
  int                         connection_count;
};

enum pb_claim
{
  PB_CLAIM_OK,
  PB_CLAIM_GONE,
  PB_CLAIM_BUSY,
  PB_CLAIM_RETRY
};

// document.c: who reads what.  A claim that is OK is given back by release.
enum pb_claim pb_document_claim(pb_documents_t *documents, const char *capability,
                                struct pb_reader *reader);
void          pb_document_release(struct pb_reader *reader);
void          pb_reader_stop(struct pb_reader *reader);

// document-fetch.c: serve one claimed reader until its document ends, one way or another.
void pb_document_serve(struct pb_reader *reader);

// document-runner.c: of the filter at the other end; returns its process id, or 0.
long pb_document_find_runner(int fd, char runner_out[PB_DOCUMENT_RUNNER_SIZE]);

// document-socket.c
bool pb_document_listen(pb_documents_t *documents, pb_error_t *err) PB_MUST_USE;
void pb_document_hang_up(pb_documents_t *documents);  // closes, joins all threads
bool pb_document_is_hung_up(int fd);                  // the filter's end is closed
bool pb_document_send(int fd, const void *head, size_t head_size, const void *data, size_t size);

#endif
