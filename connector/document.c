// document - the offers: which document a capability stands for, and who reads it now.
// The mutex is never held while a source, a socket or a disk is waited for.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "document-private.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_GRACE_MS 60000

static void
free_documents(pb_documents_t *documents)
{
  while (documents->offers != NULL)
  {
    struct pb_offer *offer = documents->offers;

    documents->offers = offer->next;
    free(offer);
  }
  pthread_cond_destroy(&documents->changed);
  pthread_mutex_destroy(&documents->mutex);
  free(documents->socket_path);
  free(documents->temp_folder);
  free(documents);
}

static uid_t
find_uid(const char *user)
{
  struct passwd entry, *found = NULL;
  char          memory[4096];

  if (user == NULL || getpwnam_r(user, &entry, memory, sizeof(memory), &found) != 0 ||
      found == NULL)
    return geteuid();
  return entry.pw_uid;
}

static pb_documents_t *
new_documents(const struct pb_documents_options *options)
{
  pb_documents_t    *documents = calloc(1, sizeof(*documents));
  pthread_condattr_t attributes;

  if (documents == NULL)
    return NULL;
  pthread_mutex_init(&documents->mutex, NULL);
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&documents->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  documents->options     = *options;
  documents->socket_path = pb_text_dup(options->socket_path);
  documents->temp_folder =
    pb_text_dup(options->temp_folder != NULL ? options->temp_folder : "/tmp");
  documents->filter_uid = find_uid(options->filter_user);
  documents->started_ms = pb_clock_mono_ms();
  documents->listen_fd  = -1;
  if (documents->options.unknown_grace_ms == 0)
    documents->options.unknown_grace_ms = DEFAULT_GRACE_MS;
  if (documents->socket_path != NULL && documents->temp_folder != NULL)
    return documents;
  free_documents(documents);
  return NULL;
}

bool
pb_documents_start(const struct pb_documents_options *options, pb_documents_t **documents_out,
                   pb_error_t *err)
{
  pb_documents_t *documents = new_documents(options);

  *documents_out = NULL;
  if (documents == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for the document socket");
  if (!pb_document_listen(documents, err))
  {
    free_documents(documents);
    return false;
  }
  *documents_out = documents;
  return true;
}

// Everything that waits inside a reader ends soon.  The mutex is held, or the caller is the reader.
void
pb_reader_stop(struct pb_reader *reader)
{
  atomic_store(&reader->is_stopped, true);
  pb_read_ahead_stop(reader->read_ahead);
  pthread_cond_broadcast(&reader->documents->changed);
  shutdown(reader->fd, SHUT_RDWR);
}

void
pb_documents_turn_away(pb_documents_t *documents)
{
  if (documents == NULL)
    return;
  pthread_mutex_lock(&documents->mutex);
  documents->is_stopping = true;
  pthread_mutex_unlock(&documents->mutex);
}

void
pb_documents_stop(pb_documents_t *documents)
{
  if (documents == NULL)
    return;
  pthread_mutex_lock(&documents->mutex);
  documents->is_stopping = true;
  for (struct pb_offer *offer = documents->offers; offer != NULL; offer = offer->next)
  {
    if (offer->active != NULL)
      pb_reader_stop(offer->active);
  }
  pthread_cond_broadcast(&documents->changed);
  pthread_mutex_unlock(&documents->mutex);
  pb_document_hang_up(documents);
  free_documents(documents);
}

// The same time for every capability, known or not.
static struct pb_offer *
find_offer_locked(pb_documents_t *documents, const char *capability)
{
  struct pb_offer *found = NULL;

  for (struct pb_offer *offer = documents->offers; offer != NULL; offer = offer->next)
  {
    if (pb_secret_is_equal(offer->capability, PB_CAPABILITY_SIZE - 1, capability,
                           strlen(capability)))
      found = offer;
  }
  return found;
}

static bool
add_offer(pb_documents_t *documents, const struct pb_document_source *source,
          const char *capability, pb_error_t *err)
{
  struct pb_offer *offer = calloc(1, sizeof(*offer));

  if (offer == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a document");
  offer->source = *source;
  pb_text_copy(offer->capability, sizeof(offer->capability), capability);
  pthread_mutex_lock(&documents->mutex);
  bool is_known = find_offer_locked(documents, capability) != NULL;
  if (!is_known)
  {
    offer->next       = documents->offers;
    documents->offers = offer;
  }
  pthread_mutex_unlock(&documents->mutex);
  if (!is_known)
    return true;
  free(offer);
  return pb_error_set(err, PB_BUG, "a document is offered twice");
}

bool
pb_documents_offer(pb_documents_t *documents, const struct pb_document_source *source,
                   char capability_out[PB_CAPABILITY_SIZE], pb_error_t *err)
{
  uint8_t random[(PB_CAPABILITY_SIZE - 1) / 2];

  pb_random_bytes(random, sizeof(random));
  pb_text_format_hex(capability_out, random, sizeof(random));
  return add_offer(documents, source, capability_out, err);
}

bool
pb_documents_offer_again(pb_documents_t *documents, const struct pb_document_source *source,
                         const char *capability, pb_error_t *err)
{
  uint8_t bytes[(PB_CAPABILITY_SIZE - 1) / 2];

  if (!pb_text_parse_hex(capability, bytes, sizeof(bytes)))
    return pb_error_set(err, PB_BUG, "a document's capability is malformed");
  return add_offer(documents, source, capability, err);
}

static void
unlink_offer_locked(pb_documents_t *documents, struct pb_offer *offer)
{
  struct pb_offer **at = &documents->offers;

  while (*at != offer)
    at = &(*at)->next;
  *at = offer->next;
}

void
pb_documents_withdraw(pb_documents_t *documents, const char *capability)
{
  pthread_mutex_lock(&documents->mutex);
  struct pb_offer *offer = find_offer_locked(documents, capability);
  if (offer != NULL && !offer->is_withdrawn)
  {
    offer->is_withdrawn = true;
    if (offer->active != NULL)
      pb_reader_stop(offer->active);
    pthread_cond_broadcast(&documents->changed);
    while (offer->users > 0)
      pthread_cond_wait(&documents->changed, &documents->mutex);
    unlink_offer_locked(documents, offer);
    free(offer);
  }
  pthread_mutex_unlock(&documents->mutex);
}

static enum pb_claim
claim_locked(pb_documents_t *documents, const char *capability, struct pb_reader *reader)
{
  struct pb_offer *offer = find_offer_locked(documents, capability);
  int64_t          age   = pb_clock_mono_ms() - documents->started_ms;

  if (documents->is_stopping)
    return PB_CLAIM_RETRY;
  if (offer == NULL)
    return age < documents->options.unknown_grace_ms ? PB_CLAIM_RETRY : PB_CLAIM_GONE;
  if (offer->is_withdrawn)
    return PB_CLAIM_GONE;
  if (offer->active != NULL && !pb_document_is_hung_up(offer->active->fd))
    return PB_CLAIM_BUSY;
  if (offer->active != NULL)
    pb_reader_stop(offer->active);
  offer->active          = reader;
  reader->offer          = offer;
  reader->readers_before = offer->readers++;
  offer->users++;
  return PB_CLAIM_OK;
}

enum pb_claim
pb_document_claim(pb_documents_t *documents, const char *capability, struct pb_reader *reader)
{
  pb_error_t err = {0};

  if (strlen(capability) != PB_CAPABILITY_SIZE - 1)
    return PB_CLAIM_GONE;
  if (!pb_read_ahead_new(documents->options.read_ahead_bytes,
                         documents->options.read_ahead_file_bytes, documents->temp_folder,
                         &reader->read_ahead, &err))
  {
    pb_log(NULL, PB_LOG_ERROR, "document: %s", err.message);
    return PB_CLAIM_RETRY;
  }
  pthread_mutex_lock(&documents->mutex);
  enum pb_claim claim = claim_locked(documents, capability, reader);
  pthread_mutex_unlock(&documents->mutex);
  if (claim != PB_CLAIM_OK)
  {
    pb_read_ahead_free(reader->read_ahead);
    reader->read_ahead = NULL;
  }
  return claim;
}

void
pb_document_release(struct pb_reader *reader)
{
  pb_documents_t *documents = reader->documents;

  pthread_mutex_lock(&documents->mutex);
  if (reader->offer->active == reader)
    reader->offer->active = NULL;
  reader->offer->users--;
  pthread_cond_broadcast(&documents->changed);
  pthread_mutex_unlock(&documents->mutex);
  pb_read_ahead_free(reader->read_ahead);
}
