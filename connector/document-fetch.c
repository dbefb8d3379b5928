// document-fetch - one reader's document: fetched by one thread, written to the filter by another.
// A source that breaks is asked again from the start; what was passed on already, by us or by a
// connector before us, is compared by its hash and skipped, so that a page is never made of two
// documents.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "document-private.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define CHUNK_SIZE 65536
#define PIECE_HEAD 7  // "OK\n" and the size
#define PIECE_END 4   // a size of 0
#define LOOK_MS 1000  // how often a reader that waits for the cloud is looked at
#define NOTE_MS 200   // until it is tried again to note that a document goes out whole
#define BACKOFF_MIN_MS 50
#define BACKOFF_BASE_MS 250
#define BACKOFF_CAP_MS 15000
#define SAME_BREAKS_MAX 6  // at the same byte: that is no network

struct fetch
{
  struct pb_reader *reader;
  int64_t           passed_on;  // bytes that went into the read-ahead, or that the reader had
  pb_sha256_run_t  *hash;       // of them; NULL: only the reader's word is known yet
  int64_t           seen;       // bytes of this try
  int               breaks;     // in a row that brought nothing new
  pb_sha256_run_t  *again;      // of those that are skipped
};

// The bytes that the reader has are the same ones?
static bool
check_prefix(struct fetch *fetch, pb_error_t *err)
{
  uint8_t before[PB_SHA256_SIZE], now[PB_SHA256_SIZE];

  if (fetch->hash != NULL)
    pb_sha256_peek(fetch->hash, before);
  else
    memcpy(before, fetch->reader->digest, sizeof(before));
  pb_sha256_peek(fetch->again, now);
  if (memcmp(before, now, sizeof(now)) != 0)
    return pb_error_set(err, PB_REJECT,
                        "the document has changed since its first %lld bytes were printed",
                        (long long)fetch->passed_on);
  if (fetch->hash == NULL)
  {
    fetch->hash  = fetch->again;
    fetch->again = NULL;
  }
  return true;
}

// How much of this piece was passed on in an earlier try.
static bool
skip_piece(struct fetch *fetch, const void *data, size_t size, size_t *skipped_out, pb_error_t *err)
{
  int64_t old = fetch->passed_on - fetch->seen;

  *skipped_out = 0;
  if (old <= 0)
    return true;
  *skipped_out = (int64_t)size < old ? size : (size_t)old;
  pb_sha256_add(fetch->again, data, *skipped_out);
  fetch->seen += (int64_t)*skipped_out;
  return fetch->seen < fetch->passed_on || check_prefix(fetch, err);
}

static bool
take_piece(void *user, const void *data, size_t size, pb_error_t *err)
{
  struct fetch *fetch   = user;
  size_t        skipped = 0;

  if (!skip_piece(fetch, data, size, &skipped, err))
    return false;
  data = (const char *)data + skipped;
  size -= skipped;
  if (size == 0)
    return true;
  // The count goes first: a piece that is cut by a stop is not asked for again.
  pb_sha256_add(fetch->hash, data, size);
  fetch->passed_on += (int64_t)size;
  fetch->seen += (int64_t)size;
  return pb_read_ahead_write(fetch->reader->read_ahead, data, size, err);
}

static bool
try_fetch(struct fetch *fetch, pb_error_t *err)
{
  struct pb_reader                *reader = fetch->reader;
  const struct pb_document_source *source = &reader->offer->source;

  fetch->seen = 0;
  pb_sha256_free(fetch->again);
  fetch->again = pb_sha256_new();
  if (fetch->again == NULL || (fetch->hash == NULL && reader->offset == 0))
    return pb_error_set(err, PB_RETRY, "out of memory for a hash");
  if (!source->fetch(source->user, take_piece, fetch, &reader->is_stopped, err))
    return false;
  if (PB_PLANTED("double-document") &&
      !source->fetch(source->user, take_piece, fetch, &reader->is_stopped, err))
    return false;
  return fetch->seen >= fetch->passed_on ||
         pb_error_set(err, PB_REJECT, "the document is shorter than what was printed of it");
}

// False: stopped meanwhile.
static bool
wait_before_retry(struct pb_reader *reader, int attempt)
{
  pb_documents_t *documents = reader->documents;
  struct timespec until;
  int64_t wait_ms = pb_clock_backoff_ms(attempt, BACKOFF_MIN_MS, BACKOFF_BASE_MS, BACKOFF_CAP_MS);

  clock_gettime(CLOCK_MONOTONIC, &until);
  int64_t ns = until.tv_nsec + wait_ms % 1000 * 1000000;
  until.tv_sec += wait_ms / 1000 + ns / 1000000000;
  until.tv_nsec = ns % 1000000000;
  pthread_mutex_lock(&documents->mutex);
  while (!atomic_load(&reader->is_stopped))
  {
    if (pthread_cond_timedwait(&documents->changed, &documents->mutex, &until) == ETIMEDOUT)
      break;
  }
  pthread_mutex_unlock(&documents->mutex);
  return !atomic_load(&reader->is_stopped);
}

// Only one call of fetch at a time: the one of a reader that died may still be on its way out.
static bool
begin_fetching(struct pb_reader *reader)
{
  pb_documents_t *documents = reader->documents;

  pthread_mutex_lock(&documents->mutex);
  while (reader->offer->is_fetching && !atomic_load(&reader->is_stopped))
    pthread_cond_wait(&documents->changed, &documents->mutex);
  bool is_mine = !atomic_load(&reader->is_stopped);
  if (is_mine)
    reader->offer->is_fetching = true;
  pthread_mutex_unlock(&documents->mutex);
  return is_mine;
}

static void
end_fetching(struct pb_reader *reader)
{
  pthread_mutex_lock(&reader->documents->mutex);
  reader->offer->is_fetching = false;
  pthread_cond_broadcast(&reader->documents->changed);
  pthread_mutex_unlock(&reader->documents->mutex);
}

// The source gives what there was and not a byte more, time and again: it is damaged there.  A try
// that does not get so far says nothing.
static bool
is_broken_there(struct fetch *fetch, int64_t before, pb_error_t *err)
{
  if (fetch->passed_on > before)
    fetch->breaks = 0;
  else if (fetch->passed_on > 0 && fetch->seen >= fetch->passed_on)
    fetch->breaks++;
  if (fetch->breaks < SAME_BREAKS_MAX)
    return false;
  pb_error_set(err, PB_REJECT, "the service breaks the document off after %lld bytes each time",
               (long long)fetch->passed_on);
  return true;
}

static void
fetch_until_done(struct fetch *fetch)
{
  struct pb_reader *reader = fetch->reader;
  pb_error_t        err    = {0};
  int64_t           before = fetch->passed_on;

  for (int attempt = 0; !try_fetch(fetch, &err); attempt++)
  {
    if (err.kind != PB_RETRY || atomic_load(&reader->is_stopped) ||
        is_broken_there(fetch, before, &err))
    {
      pb_read_ahead_end(reader->read_ahead, &err);
      return;
    }
    if (fetch->passed_on > before)
      attempt = 0;
    before = fetch->passed_on;
    pb_log(NULL, PB_LOG_WARN, "document: %s; asking again", err.message);
    if (!wait_before_retry(reader, attempt))
      return;
    pb_error_clear(&err);
  }
  pb_read_ahead_end(reader->read_ahead, NULL);
}

static void *
run_fetch(void *user)
{
  struct fetch fetch = {.reader = user};

  fetch.passed_on = fetch.reader->offset;
  if (fetch.passed_on == 0)
    fetch.hash = pb_sha256_new();
  if (begin_fetching(fetch.reader))
  {
    fetch_until_done(&fetch);
    end_fetching(fetch.reader);
  }
  pb_sha256_free(fetch.hash);
  pb_sha256_free(fetch.again);
  return NULL;
}

enum copied
{
  COPIED_ALL,
  COPIED_HUNG_UP,  // the filter has gone
  COPIED_FAILED    // err says why; or the document was withdrawn
};

// What is on its way, with room for what stands before and behind a chunk.
struct piece
{
  uint8_t bytes[PIECE_HEAD + CHUNK_SIZE + PB_DOCUMENT_TAIL_MAX + PIECE_END];
  size_t  size;  // of what there is
};

// The first so many bytes of it. "OK" goes with the first of all, so that a document that cannot be
// had at all is refused in words; the end goes with the last.
static bool
send_piece(struct pb_reader *reader, struct piece *piece, size_t size, bool is_last, int64_t *sent)
{
  static const uint8_t ok[]   = {'O', 'K', '\n'};
  size_t               skip   = *sent > 0 ? sizeof(ok) : 0;
  uint8_t             *head   = piece->bytes + sizeof(ok);
  size_t               length = PIECE_HEAD + size;

  memcpy(piece->bytes, ok, sizeof(ok));
  for (int i = 0; i < 4; i++)
    head[i] = (uint8_t)(size >> (24 - 8 * i));
  if (is_last && size > 0)
  {
    memset(piece->bytes + length, 0, PIECE_END);
    length += PIECE_END;
  }
  if (!pb_document_send(reader->fd, piece->bytes + skip, length - skip, /*data*/ NULL, 0))
    return false;
  if (*sent == 0)
    PB_FAULT("connector.first-chunk.after");
  *sent += (int64_t)size;
  piece->size -= size;
  memmove(piece->bytes + PIECE_HEAD, piece->bytes + PIECE_HEAD + size, piece->size);
  return true;
}

// The last of the document is noted before it goes, and goes with the end in one piece: a crash in
// between must not look as if the driver had had half of it.
static bool
send_last(struct pb_reader *reader, struct piece *piece, int64_t *sent)
{
  const struct pb_document_source *source = &reader->offer->source;
  int64_t                          total  = reader->offset + *sent + (int64_t)piece->size;

  while (source->on_done != NULL && !source->on_done(source->user, total))
  {
    (void)poll(NULL, 0, NOTE_MS);
    if (atomic_load(&reader->is_stopped) || pb_document_is_hung_up(reader->fd))
      return false;
  }
  PB_FAULT("connector.last-chunk.before");
  return send_piece(reader, piece, piece->size, /*is_last*/ true, sent);
}

static size_t
get_tail(const struct pb_document_source *source)
{
  size_t tail = source->tail_bytes > 0 ? source->tail_bytes : PB_DOCUMENT_TAIL;

  return tail < PB_DOCUMENT_TAIL_MAX ? tail : PB_DOCUMENT_TAIL_MAX;
}

// Everything goes out as it comes but the last of it, which waits until more comes or its end.
static enum copied
copy_to_filter(struct pb_reader *reader, int64_t *sent_out, pb_error_t *err)
{
  static _Thread_local struct piece piece;
  size_t                            tail = get_tail(&reader->offer->source);

  piece.size = 0;
  for (;;)
  {
    size_t                 size = 0;
    enum pb_read_ahead_got got  = pb_read_ahead_read(
       reader->read_ahead, piece.bytes + PIECE_HEAD + piece.size, CHUNK_SIZE, LOOK_MS, &size, err);

    piece.size += size;
    if (got == PB_READ_AHEAD_FAILED)
      return COPIED_FAILED;
    if (got == PB_READ_AHEAD_END)
      return send_last(reader, &piece, sent_out) ? COPIED_ALL : COPIED_HUNG_UP;
    if (piece.size > tail &&
        !send_piece(reader, &piece, piece.size - tail, /*is_last*/ false, sent_out))
      return COPIED_HUNG_UP;
    if (got == PB_READ_AHEAD_WAIT && pb_document_is_hung_up(reader->fd))
      return COPIED_HUNG_UP;
  }
}

// The filter says so when it has passed everything on; one that is killed does not, and cupsd takes
// that for a job that is printed.
static bool
wait_passed_on(struct pb_reader *reader)
{
  static const char want[] = "DONE\n";
  char              said[sizeof(want)];
  size_t            size = 0;

  while (size < strlen(want) && !atomic_load(&reader->is_stopped))
  {
    ssize_t got = recv(reader->fd, said + size, strlen(want) - size, 0);

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
      return false;
    if (got > 0)
      size += (size_t)got;
  }
  return size == strlen(want) && memcmp(said, want, size) == 0;
}

static void
tell_filter(struct pb_reader *reader, int64_t sent, const pb_error_t *why)
{
  static const uint8_t given_up[] = {0xff, 0xff, 0xff, 0xff};
  static const char    refused[]  = "ERR the document cannot be fetched\n";

  pb_log(NULL, PB_LOG_ERROR, "document: %s", why->message);
  if (why->kind == PB_RETRY)
    return;  // it asks again for the rest
  if (sent == 0)
    pb_document_send(reader->fd, refused, strlen(refused), NULL, 0);
  else
    pb_document_send(reader->fd, given_up, sizeof(given_up), NULL, 0);
}

// The filter has what it gets: the fetch may end.  The socket stays open until the end is read.
static void
stop_fetch(struct pb_reader *reader)
{
  pthread_mutex_lock(&reader->documents->mutex);
  atomic_store(&reader->is_stopped, true);
  pb_read_ahead_stop(reader->read_ahead);
  pthread_cond_broadcast(&reader->documents->changed);
  pthread_mutex_unlock(&reader->documents->mutex);
}

// May it read?  Else it has been told.
static bool
ask_source(struct pb_reader *reader)
{
  static const char *const answers[] = {
    [PB_DOCUMENT_LATER] = "ERR retry not now\n", [PB_DOCUMENT_NEVER] = "ERR held\n"};
  const struct pb_document_source *source = &reader->offer->source;
  char                             runner[PB_DOCUMENT_RUNNER_SIZE];
  struct pb_document_reader        said = {
           .runner = runner, .readers_before = reader->readers_before, .offset = reader->offset};
  enum pb_document_answer answer = PB_DOCUMENT_READ;

  said.pid = pb_document_find_runner(reader->fd, runner);
  if (source->on_started != NULL)
    answer = source->on_started(source->user, &said);
  if (answer == PB_DOCUMENT_READ)
    return true;
  pb_document_send(reader->fd, answers[answer], strlen(answers[answer]), NULL, 0);
  return false;
}

void
pb_document_serve(struct pb_reader *reader)
{
  static const char         bye[]  = "BYE\n";
  struct pb_document_source source = reader->offer->source;
  pthread_t                 thread;
  pb_error_t                err  = {0};
  int64_t                   sent = 0;

  if (!ask_source(reader))
    return;
  if (pthread_create(&thread, NULL, run_fetch, reader) != 0)
  {
    pb_log(NULL, PB_LOG_ERROR, "document: no thread");
    return;
  }
  enum copied copied       = copy_to_filter(reader, &sent, &err);
  bool        is_failed    = copied == COPIED_FAILED && !atomic_load(&reader->is_stopped);
  bool        is_passed_on = copied == COPIED_ALL && wait_passed_on(reader);
  bool        is_sent_away = atomic_load(&reader->is_stopped) && !is_passed_on;
  if (is_failed)
    tell_filter(reader, sent, &err);
  stop_fetch(reader);
  pthread_join(thread, NULL);
  if (is_failed && source.on_failed != NULL)
    source.on_failed(source.user, &err);
  if (is_sent_away)
    return;
  if ((source.on_ended == NULL || source.on_ended(source.user, is_passed_on)) && is_passed_on)
    pb_document_send(reader->fd, bye, strlen(bye), NULL, 0);
}
