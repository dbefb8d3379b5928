// upload - the document data behind a Print-Job or Send-Document: to the spool as it comes, never
// held in memory. The writer belongs to whoever works on the request; the database says whether the
// job still wants the data.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/upload.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/coding.h"
#include "print/capabilities.h"
#include "print/job-attributes.h"
#include "print/job-change.h"
#include "print/print-private.h"
#include "print/sniff.h"

struct pb_upload
{
  pb_spool_writer_t *writer;
  pb_decoder_t      *decoder;  // of what comes compressed; the spool has the document as it is
  struct pb_document document;
  ipp_t             *formats;     // document-format-supported, to check what is found out
  bool               is_begun;    // a byte has come
  bool               is_unknown;  // the format must be found out from the first bytes
  bool               is_ready;
  uint8_t            head[PB_SNIFF_SIZE];
  size_t             head_size;
  int64_t            size;
  ipp_status_t       status;  // why no more is taken; IPP_STATUS_OK: all is well
  char               why[256];
  bool               is_too_late;  // the job had ended before its data was there
};

void
pb_upload_free(pb_upload_t *upload)
{
  if (!upload)
    return;
  pb_spool_writer_free(upload->writer);
  pb_decoder_free(upload->decoder);
  ippDelete(upload->formats);
  free(upload);
}

// The `compression` of the request, which was checked before.
static bool
begin_decoder(struct pb_request *request, pb_error_t *err)
{
  const char    *name   = pb_ipp_text(request->ipp, IPP_TAG_OPERATION, "compression");
  enum pb_coding coding = PB_CODING_NONE;

  if (!name || !pb_coding_parse(name, &coding) || coding == PB_CODING_NONE)
    return true;
  return pb_decoder_new(coding, &request->upload->decoder, err);
}

bool
pb_upload_begin(struct pb_request *request, const struct pb_document *document, ipp_t *capabilities)
{
  pb_error_t   err    = {0};
  pb_upload_t *upload = calloc(1, sizeof(*upload));

  if (!upload)
    return pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  request->upload    = upload;
  upload->document   = *document;
  upload->is_unknown = strcmp(document->format, PB_FORMAT_UNKNOWN) == 0;
  upload->formats    = pb_capabilities_copy_formats(capabilities);
  if (!upload->formats)
    return pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  if (!begin_decoder(request, &err))
    return pb_request_fail(request, &err);
  if (!pb_spool_create(request->print->spool, upload->document.spool_id, &upload->writer, &err))
    return pb_request_fail(request, &err);
  if (!pb_document_insert(request->print->db, &upload->document, &err))
    return pb_request_fail(request, &err);
  request->answer = PB_ANSWER_DOCUMENT;
  return true;
}

// --- while it arrives

static bool
stop_taking(pb_upload_t *upload, ipp_status_t status, const char *why)
{
  upload->status = status;
  pb_text_copy(upload->why, sizeof(upload->why), why);
  return false;
}

static bool
find_out_format(pb_upload_t *upload)
{
  const char *format = pb_sniff_format(upload->head, upload->head_size);

  if (!format)
    format = PB_FORMAT_UNKNOWN;
  upload->is_unknown = false;
  if (!pb_capabilities_has_format(upload->formats, format))
    return stop_taking(upload, IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
                       "the document's format is not one that the printer takes");
  pb_text_copy(upload->document.format, sizeof(upload->document.format), format);
  return true;
}

static bool
keep_head(pb_upload_t *upload, const void *data, size_t size)
{
  size_t take = PB_SNIFF_SIZE - upload->head_size;

  if (!upload->is_unknown)
    return true;
  if (take > size)
    take = size;
  memcpy(upload->head + upload->head_size, data, take);
  upload->head_size += take;
  return upload->head_size < PB_SNIFF_SIZE || find_out_format(upload);
}

static ipp_status_t
get_spool_status(const pb_error_t *err)
{
  return err->kind == PB_REJECT ? IPP_STATUS_ERROR_REQUEST_ENTITY : IPP_STATUS_ERROR_TEMPORARY;
}

static bool
write_plain(void *user, const void *data, size_t size, pb_error_t *err)
{
  pb_upload_t *upload = user;

  if (!pb_spool_write(upload->writer, data, size, err))
    return stop_taking(upload, get_spool_status(err), err->message);
  upload->size += (int64_t)size;
  return keep_head(upload, data, size);
}

// Our own trouble is not the sender's.
static ipp_status_t
get_decoder_status(const pb_error_t *err)
{
  return err->kind == PB_REJECT ? IPP_STATUS_ERROR_COMPRESSION_ERROR : IPP_STATUS_ERROR_TEMPORARY;
}

static bool
write_compressed(pb_upload_t *upload, const void *data, size_t size, pb_error_t *err)
{
  if (pb_decoder_add(upload->decoder, data, size, write_plain, upload, err))
    return true;
  // What write_plain has said stays.
  return upload->status == IPP_STATUS_OK
           ? stop_taking(upload, get_decoder_status(err), err->message)
           : false;
}

bool
pb_upload_write(struct pb_request *request, const void *data, size_t size, bool *is_ready_out)
{
  pb_error_t   err    = {0};
  pb_upload_t *upload = request->upload;

  *is_ready_out = false;
  if (upload->status != IPP_STATUS_OK)
    return false;
  upload->is_begun = upload->is_begun || size > 0;
  if (!(upload->decoder ? write_compressed(upload, data, size, &err)
                        : write_plain(upload, data, size, &err)))
    return false;
  if (upload->size > 0 && !upload->is_ready && !upload->is_unknown)
    *is_ready_out = upload->is_ready = true;
  return true;
}

// --- cut-through

void
pb_upload_get_mark(const struct pb_request *request, struct pb_upload_mark *mark_out)
{
  *mark_out = (struct pb_upload_mark){.print      = request->print,
                                      .printer_id = request->job.printer_id,
                                      .job_id     = request->upload->document.job_id,
                                      .number     = request->upload->document.number};
  pb_text_copy(mark_out->format, sizeof(mark_out->format), request->upload->document.format);
}

static bool
offer_early(struct pb_request *request)
{
  pb_error_t         err      = {0};
  struct pb_job     *job      = &request->job;
  struct pb_document document = {0};

  if (!pb_job_load(request->print->db, request->upload->document.job_id, job, &err))
    return pb_request_fail(request, &err);
  if (!job->is_incoming || job->is_open || pb_job_is_ended(job->status.state))
    return true;
  if (!pb_document_load(request->print->db, job->id, request->upload->document.number, &document,
                        &err))
    return pb_request_fail(request, &err);
  pb_text_copy(document.format, sizeof(document.format), request->upload->document.format);
  if (!pb_document_save(request->print->db, &document, &err))
    return pb_request_fail(request, &err);
  return pb_job_offer(request, job);
}

void
pb_upload_mark_fetchable(const struct pb_upload_mark *mark)
{
  pb_upload_t       upload = {0};
  struct pb_request request;

  // A request of its own: the client's goes on in another thread.
  pb_request_init(&request, mark->print, /*principal*/ NULL);
  request.now_ms         = pb_clock_now_ms();
  request.printer.id     = mark->printer_id;
  upload.document.job_id = mark->job_id;
  upload.document.number = mark->number;
  pb_text_copy(upload.document.format, sizeof(upload.document.format), mark->format);
  request.upload = &upload;
  (void)pb_request_transact(&request, offer_early);  // the end of the upload offers it again
  request.upload = NULL;
  pb_request_clear(&request);
}

// --- the end

static bool
reload_job(struct pb_request *request)
{
  pb_error_t err    = {0};
  int        job_id = request->upload->document.job_id;

  pb_job_clear(&request->job);
  if (!pb_job_load(request->print->db, job_id, &request->job, &err))
    return pb_request_fail(request, &err);
  request->job.is_incoming = false;
  request->job.activity_ms = request->now_ms;
  pb_reasons_remove(request->job.status.reasons, "job-incoming");
  return true;
}

static bool
refuse_ended(struct pb_request *request)
{
  // The cancel is the last word; that the data came for nothing is told to its sender.
  pb_request_reset_response(request);
  return pb_request_refuse(request, IPP_STATUS_ERROR_JOB_CANCELED,
                           "job %d was %s while its data arrived", request->job.id,
                           ippEnumString("job-state", request->job.status.state));
}

static bool
save_complete(struct pb_request *request)
{
  pb_error_t         err = {0};
  struct pb_document document;
  struct pb_job     *job = &request->job;

  if (!reload_job(request))
    return false;
  // With cut-through a device that had the last byte may have completed the job before we come
  // here.
  if (pb_job_is_ended(job->status.state) && job->status.state != IPP_JSTATE_COMPLETED)
    return refuse_ended(request);
  if (!pb_document_load(request->print->db, job->id, request->upload->document.number, &document,
                        &err))
    return pb_request_fail(request, &err);
  document.size = request->upload->size;
  pb_text_copy(document.format, sizeof(document.format), request->upload->document.format);
  if (!job->is_open)
    pb_reasons_remove(job->status.reasons, "job-data-insufficient");
  if (!pb_document_save(request->print->db, &document, &err) ||
      !pb_job_save(request->print->db, job, &err))
    return pb_request_fail(request, &err);
  if (!job->is_open && !pb_job_offer(request, job))
    return false;
  pb_job_add_status(request, job);
  return true;
}

// last-document without data: the job has what it had.
static bool
save_empty(struct pb_request *request)
{
  pb_error_t     err = {0};
  struct pb_job *job = &request->job;

  if (!reload_job(request))
    return false;
  if (pb_job_is_ended(job->status.state))
    return refuse_ended(request);
  job->documents--;
  if (!pb_document_delete(request->print->db, job->id, request->upload->document.number, &err))
    return pb_request_fail(request, &err);
  if (!pb_job_close(request, job))
    return false;
  pb_job_add_status(request, job);
  return true;
}

// Its sender knows the job by a client-job-uuid and will come again.
static bool
may_come_again(const struct pb_request *request)
{
  const struct pb_job *job = &request->job;

  return job->client_uuid[0] && request->upload->status == IPP_STATUS_OK &&
         job->documents == request->upload->document.number && !pb_job_is_ended(job->status.state);
}

// A device that reads the document already goes on where it was as soon as it comes again: it asks
// from the start, and compares what it has.
static bool
keep_for_device(struct pb_request *request, pb_error_t *err)
{
  struct pb_document document;

  if (!pb_document_load(request->print->db, request->job.id, request->upload->document.number,
                        &document, err))
    return false;
  document.spool_id[0] = '\0';  // the writer has taken the file along
  document.size        = -1;
  return pb_document_save(request->print->db, &document, err);
}

// As if the document had never been begun; after multiple-operation-timeout the job is aborted all
// the same.
static bool
await_again(struct pb_request *request)
{
  pb_error_t     err = {0};
  struct pb_job *job = &request->job;
  bool           ok  = false;

  job->is_open = true;
  pb_reasons_remove(job->status.reasons, "job-fetchable");
  (void)pb_reasons_add(job->status.reasons, "job-data-insufficient");
  if (job->device_uuid[0])
    ok = keep_for_device(request, &err);
  else
  {
    job->documents--;
    ok = pb_document_delete(request->print->db, job->id, request->upload->document.number, &err);
  }
  if (!ok || !pb_job_save(request->print->db, job, &err))
    return pb_request_fail(request, &err);
  return pb_job_raise(request, PB_EVENT_JOB_STATE_CHANGED, job);
}

static bool
save_broken(struct pb_request *request)
{
  pb_error_t         err = {0};
  struct pb_document document;

  if (!reload_job(request))
    return false;
  request->upload->is_too_late = pb_job_is_ended(request->job.status.state);
  if (may_come_again(request))
    return await_again(request);
  if (pb_document_load(request->print->db, request->job.id, request->upload->document.number,
                       &document, &err))
  {
    document.spool_id[0] = '\0';  // the writer has taken the file along
    if (document.size < 0)
      document.size = 0;
    if (!pb_document_save(request->print->db, &document, &err))
      return pb_request_fail(request, &err);
  }
  if (!pb_job_save(request->print->db, &request->job, &err))
    return pb_request_fail(request, &err);
  return pb_job_abort(request, &request->job, "submission-interrupted", request->upload->why);
}

void
pb_upload_break_off(struct pb_request *request)
{
  pb_upload_t      *upload = request->upload;
  struct pb_request cleanup;

  pb_spool_writer_free(upload->writer);  // readers that follow see the break
  upload->writer = NULL;
  if (!upload->why[0])
    pb_text_copy(upload->why, sizeof(upload->why), "The document did not arrive whole.");

  pb_request_init(&cleanup, request->print, &request->principal);
  cleanup.now_ms     = pb_clock_now_ms();
  cleanup.printer.id = request->job.printer_id;
  cleanup.upload     = upload;
  if (!pb_request_transact(&cleanup, save_broken))
    pb_unfinished_add(&request->print->unfinished, upload->document.job_id);
  cleanup.upload = NULL;
  pb_request_clear(&cleanup);
}

static void
refuse_upload(struct pb_request *request, ipp_status_t status, const char *why)
{
  (void)stop_taking(request->upload, status, why);
  pb_upload_break_off(request);
  pb_request_reset_response(request);
  // The spool lost the document because the job was canceled: say that.
  if (request->upload->is_too_late)
    pb_request_refuse(request, IPP_STATUS_ERROR_JOB_CANCELED,
                      "the job ended while its data arrived");
  else
    pb_request_refuse(request, status, "%s", request->upload->why);
}

static void
finish_document(struct pb_request *request)
{
  pb_error_t   err    = {0};
  pb_upload_t *upload = request->upload;

  if (!pb_spool_finish(upload->writer, &upload->size, &err))
  {
    refuse_upload(request, get_spool_status(&err), err.message);
    return;
  }
  if (pb_request_transact(request, save_complete))
    return;
  // Durable in the spool and not in the database: take it back.
  pb_spool_writer_free(upload->writer);
  upload->writer = NULL;
  if (!pb_spool_remove(request->print->spool, upload->document.spool_id, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "spool: %s", err.message);
  pb_upload_break_off(request);
}

void
pb_upload_finish(struct pb_request *request)
{
  pb_upload_t *upload = request->upload;
  pb_error_t   err    = {0};

  request->answer = PB_ANSWER_REPLY;
  request->now_ms = pb_clock_now_ms();
  if (upload->status == IPP_STATUS_OK && upload->decoder && upload->is_begun &&
      !pb_decoder_end(upload->decoder, &err))
    (void)stop_taking(upload, get_decoder_status(&err), err.message);
  if (upload->status == IPP_STATUS_OK && upload->is_unknown && upload->size > 0)
    (void)find_out_format(upload);
  if (upload->status != IPP_STATUS_OK)
    refuse_upload(request, upload->status, upload->why);
  else if (upload->size > 0)
    finish_document(request);
  else if (upload->document.is_last && upload->document.number > 1)
  {
    pb_spool_writer_free(upload->writer);
    upload->writer = NULL;
    if (!pb_request_transact(request, save_empty))
      pb_upload_break_off(request);
  }
  else
    refuse_upload(request, IPP_STATUS_ERROR_BAD_REQUEST, "there is no document data");
}
