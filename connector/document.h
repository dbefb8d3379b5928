// document - the connector's unix socket where filters fetch documents and the notifier brings
// events. A document is offered under a random capability; one reader at a time. Between the cloud
// and the filter stands a bounded read-ahead.  A broken source is asked again, and so it is for a
// filter that goes on where an earlier connector died: what the reader already has is skipped,
// after comparing its hash.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_DOCUMENT_H
#define PB_CONNECTOR_DOCUMENT_H

#include "ipp/ticket.h"
#include "net/http.h"
#include <stdint.h>

typedef struct pb_documents pb_documents_t;

struct pb_documents_options
{
  const char *socket_path;
  const char *filter_user;            // who may connect besides root and ourselves ("lp")
  size_t      read_ahead_bytes;       // in memory, per document (1 MiB)
  int64_t     read_ahead_file_bytes;  // then in an unlinked file (256 MiB)
  const char *temp_folder;
  // How long after the start an unknown capability is answered "retry" (its offer may still come):
  // 0 is 60 s, below 0 not at all.
  int64_t unknown_grace_ms;
  // An event message of the notifier (application/ipp bytes as cupsd wrote them).  Called from a
  // socket thread.
  void (*on_event)(void *user, const void *message, size_t size);
  void *user;
};

bool pb_documents_start(const struct pb_documents_options *options, pb_documents_t **documents_out,
                        pb_error_t *err) PB_MUST_USE;
// From now on each filter is told to come again, to the next process; NULL is fine.
void pb_documents_turn_away(pb_documents_t *documents);
void pb_documents_stop(pb_documents_t *documents);

// Names the run of cupsd that has started a filter: the same text for all filters of one cupsd
// process, another one after its end, "" where it cannot be found out.
#define PB_DOCUMENT_RUNNER_SIZE 80

// A filter that wants to read a document.
struct pb_document_reader
{
  const char *runner;          // which run of cupsd has started it
  long        pid;             // of the filter; 0: not known
  int         readers_before;  // 0 the first time
  int64_t     offset;          // it has so much of it, and goes on from there
};

enum pb_document_answer
{
  PB_DOCUMENT_READ,
  PB_DOCUMENT_LATER,  // it comes again by itself
  PB_DOCUMENT_NEVER   // it ends
};

// Where the bytes come from, and who hears how it goes.  Called from the document's own threads.
// None may call withdraw or stop.
struct pb_document_source
{
  // Fetch the whole document from the start into sink; blocks; ends early when *stop becomes true.
  // PB_RETRY: ask again (with back-off); anything else: the document is lost, the filter is told to
  // fail.  One call at a time per offer.
  bool (*fetch)(void *user, pb_http_sink_t sink, void *sink_user, const atomic_bool *stop,
                pb_error_t *err);
  // Unless it may read, nothing is fetched.
  enum pb_document_answer (*on_started)(void *user, const struct pb_document_reader *reader);
  // The last of it goes to a filter: said before it goes, so that it is known whatever dies then.
  // False: that cannot be noted now; it waits and is asked again.
  bool (*on_done)(void *user, int64_t bytes);
  // The filter that was let read has passed all of it on, or has gone before that; not said of one
  // that is sent away. False: that cannot be noted, and the filter says it again.
  bool (*on_ended)(void *user, bool is_passed_on);
  void (*on_failed)(void *user, const pb_error_t *why);
  void *user;
  // So much of the end is kept back until it is known to be the end: whatever dies before that, the
  // driver has not had the whole.  0: PB_DOCUMENT_TAIL; at most PB_DOCUMENT_TAIL_MAX.
  size_t tail_bytes;
};
#define PB_DOCUMENT_TAIL 4096
#define PB_DOCUMENT_TAIL_MAX 65536

// Fills capability_out.  The source must stay until withdraw returns.
bool pb_documents_offer(pb_documents_t *documents, const struct pb_document_source *source,
                        char capability_out[PB_CAPABILITY_SIZE], pb_error_t *err) PB_MUST_USE;
// The same again after a restart of the connector, with the capability that the ticket in CUPS
// already carries.
bool pb_documents_offer_again(pb_documents_t *documents, const struct pb_document_source *source,
                              const char *capability, pb_error_t *err) PB_MUST_USE;
void pb_documents_withdraw(pb_documents_t *documents, const char *capability);  // joins its threads

#endif
