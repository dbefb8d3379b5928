// job-document - a job's documents at the document socket: offered, fetched from the service, noted
// in the journal. The callbacks run on document threads: they touch the journal and the job's
// atomics only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/job-private.h"

#include "base/fault.h"
#include "base/text.h"
#include "cloud/client.h"
#include <stdlib.h>
#include <string.h>

#define EMPTY_ANSWERS_MAX 6

static ipp_t *
new_fetch_request(const struct pb_job_document *document)
{
  ipp_t *request = pb_job_new_request(document->job, IPP_OP_FETCH_DOCUMENT);

  if (request == NULL)
    return NULL;
  ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "document-number", document->number);
  ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "compression-accepted",
               /*language*/ NULL, "none");
  ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format-accepted",
               /*language*/ NULL, document->format);
  return request;
}

struct counted
{
  pb_http_sink_t sink;
  void          *user;
  int64_t        bytes;
};

static bool
count_bytes(void *user, const void *data, size_t size, pb_error_t *err)
{
  struct counted *counted = user;

  counted->bytes += (int64_t)size;
  return counted->sink(counted->user, data, size, err);
}

// The service has the document, it says, and breaks off before its first byte.
static void
check_empty(struct pb_job_document *document, ipp_t *response, int64_t bytes, pb_error_t *err)
{
  if (bytes > 0)
    document->empty_answers = 0;
  else if (response != NULL && ippGetStatusCode(response) <= IPP_STATUS_OK_EVENTS_COMPLETE &&
           err->kind == PB_RETRY && ++document->empty_answers >= EMPTY_ANSWERS_MAX)
    pb_error_set(err, PB_REJECT,
                 "the service breaks document %d off before its first byte each time",
                 document->number);
}

static bool
fetch(void *user, pb_http_sink_t sink, void *sink_user, const atomic_bool *stop, pb_error_t *err)
{
  struct pb_job_document  *document = user;
  const struct pb_outside *outside  = document->job->outside;
  ipp_t                   *request  = NULL;
  ipp_t                   *response = NULL;
  struct counted           counted  = {.sink = sink, .user = sink_user};
  bool                     ok       = false;

  request = new_fetch_request(document);
  if (request == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  PB_FAULT("connector.fetch-document.before");
  ok = outside->fetch(outside->user, document->job->record.printer_uri, request, count_bytes,
                      &counted, stop, &response, err);
  PB_FAULT("connector.fetch-document.after");
  // Another device has the job, or a person has to decide about it: nothing of it is printed here.
  if (response != NULL && ippGetStatusCode(response) == IPP_STATUS_ERROR_NOT_POSSIBLE)
    atomic_store(&document->job->is_dropped, true);
  // A status other than successful has no data behind it.
  if (response != NULL)
    ok = pb_cloud_check_status(/*request*/ NULL, response, "Fetch-Document", ok ? err : NULL) && ok;
  if (!ok)
    check_empty(document, response, counted.bytes, err);
  ippDelete(response);
  return ok;
}

static bool
note_reader(struct pb_job_document *document, const char *runner, pb_error_t *err)
{
  pb_job_t *job = document->job;
  bool      ok  = false;

  PB_FAULT("connector.note-reader.before");
  ok = pb_journal_note_reader(job->journal, job->record.id, document->number, runner, err);
  PB_FAULT("connector.note-reader.after");
  return ok;
}

// It is tried again every moment: the first time is enough to say so.
static void
say_note(struct pb_job_document *document, const pb_error_t *err)
{
  pb_job_t *job = document->job;

  if (err->kind == PB_OK)
    atomic_store(&job->is_note_failing, false);
  else if (!atomic_exchange(&job->is_note_failing, true))
    pb_job_log(job, PB_LOG_ERROR, "document %d waits, it cannot be noted: %s", document->number,
               err->message);
}

static enum pb_document_answer
on_started(void *user, const struct pb_document_reader *reader)
{
  struct pb_job_document *document = user;
  pb_job_t               *job      = document->job;
  pb_error_t              err      = {0};
  enum pb_document_answer answer   = pb_job_may_read(document, reader, &err);

  // The journal's count of readers survives us.
  if (answer == PB_DOCUMENT_READ && !note_reader(document, reader->runner, &err))
    answer = PB_DOCUMENT_LATER;
  if (answer == PB_DOCUMENT_READ)
    atomic_store(&document->reading, PB_JOB_READ_GOES_ON);
  say_note(document, &err);
  job->outside->wake(job->outside->user, job);
  return answer;
}

static bool
on_done(void *user, int64_t bytes)
{
  struct pb_job_document *document = user;
  pb_job_t               *job      = document->job;
  pb_error_t              err      = {0};
  bool                    ok       = false;

  PB_FAULT("connector.note-handed-over.before");
  ok = pb_journal_note_handed_over(job->journal, job->record.id, document->number, bytes, &err);
  PB_FAULT("connector.note-handed-over.after");
  if (ok)
    pb_job_log(job, PB_LOG_INFO, "document %d is handed over: %lld bytes", document->number,
               (long long)bytes);
  say_note(document, &err);
  job->outside->wake(job->outside->user, job);
  return ok;
}

static bool
on_ended(void *user, bool is_passed_on)
{
  struct pb_job_document *document = user;
  pb_job_t               *job      = document->job;
  pb_error_t              err      = {0};
  bool                    ok       = true;

  if (is_passed_on)
    ok = pb_journal_note_passed_on(job->journal, job->record.id, document->number, &err);
  say_note(document, &err);
  if (ok)
    atomic_store(&document->reading, is_passed_on ? PB_JOB_READ_PASSED_ON : PB_JOB_READ_CUT);
  job->outside->wake(job->outside->user, job);
  return ok;
}

static void
on_failed(void *user, const pb_error_t *why)
{
  struct pb_job_document *document = user;
  pb_job_t               *job      = document->job;

  pb_job_log(job, PB_LOG_WARN, "document %d cannot be handed over: %s", document->number,
             why->message);
  // Retries are the document's own business; anything else is the end of it.
  if (why->kind != PB_RETRY && !atomic_load(&job->is_document_lost))
  {
    job->lost_why = *why;
    atomic_store(&job->is_document_lost, true);
  }
  job->outside->wake(job->outside->user, job);
}

static bool
make_documents(pb_job_t *job, pb_error_t *err)
{
  if (job->documents != NULL)
    return true;
  job->documents = calloc((size_t)job->record.documents_count, sizeof(*job->documents));
  if (job->documents == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  job->documents_count = job->record.documents_count;
  for (int i = 0; i < job->documents_count; i++)
  {
    const struct pb_journal_document *noted = &job->record.documents[i];

    job->documents[i].job    = job;
    job->documents[i].number = noted->number;
    pb_text_copy(job->documents[i].format, sizeof(job->documents[i].format), noted->format);
  }
  return true;
}

// No filter begins with a PDF before it has its end, and it can print one that lacks a little of
// it.
static size_t
get_tail(const char *format)
{
  return strcmp(format, "application/pdf") == 0 ? PB_DOCUMENT_TAIL_MAX : PB_DOCUMENT_TAIL;
}

static bool
offer_one(pb_job_t *job, int i, pb_error_t *err)
{
  struct pb_job_document     *document = &job->documents[i];
  struct pb_journal_document *noted    = &job->record.documents[i];
  struct pb_document_source   source   = {.fetch      = fetch,
                                          .on_started = on_started,
                                          .on_done    = on_done,
                                          .on_ended   = on_ended,
                                          .on_failed  = on_failed,
                                          .user       = document,
                                          .tail_bytes = get_tail(document->format)};

  if (document->capability[0] != '\0')
    return true;
  if (noted->capability[0] != '\0')
  {
    if (!job->outside->offer_again(job->outside->documents, &source, noted->capability, err))
      return false;
  }
  else if (!job->outside->offer(job->outside->documents, &source, noted->capability, err))
    return false;
  pb_text_copy(document->capability, sizeof(document->capability), noted->capability);
  return true;
}

bool
pb_job_offer_documents(pb_job_t *job, pb_error_t *err)
{
  if (job->is_offered)
    return true;
  if (job->record.documents_count == 0)
    return pb_error_set(err, PB_REJECT, "the job has no document");
  if (!make_documents(job, err))
    return false;
  for (int i = 0; i < job->documents_count; i++)
  {
    if (!offer_one(job, i, err))
      return false;
  }
  job->is_offered = true;
  return true;
}

void
pb_job_withdraw_documents(pb_job_t *job)
{
  for (int i = 0; i < job->documents_count; i++)
  {
    if (job->documents[i].capability[0] != '\0')
      job->outside->withdraw(job->outside->documents, job->documents[i].capability);
  }
  free(job->documents);
  job->documents       = NULL;
  job->documents_count = 0;
  job->is_offered      = false;
}

bool
pb_job_is_handed_over(pb_job_t *job, bool *is_any_out, pb_error_t *err)
{
  bool is_all = true;

  *is_any_out = false;
  if (!pb_journal_load_documents(job->journal, &job->record, err))
    return false;
  for (int i = 0; i < job->record.documents_count; i++)
  {
    is_all      = is_all && job->record.documents[i].is_handed_over;
    *is_any_out = *is_any_out || job->record.documents[i].is_handed_over;
  }
  return is_all;
}

bool
pb_job_is_read(const pb_job_t *job)
{
  for (int i = 0; i < job->record.documents_count; i++)
  {
    if (job->record.documents[i].readers == 0)
      return false;
  }
  return true;
}

bool
pb_job_is_passed_on(const pb_job_t *job)
{
  for (int i = 0; i < job->record.documents_count; i++)
  {
    if (!job->record.documents[i].is_passed_on)
      return false;
  }
  return true;
}

bool
pb_job_is_reading(const pb_job_t *job, enum pb_job_reading reading)
{
  for (int i = 0; i < job->documents_count; i++)
  {
    if (atomic_load(&job->documents[i].reading) == (int)reading)
      return true;
  }
  return false;
}
