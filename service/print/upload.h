// upload - the document data behind a Print-Job or Send-Document: written to the spool as it comes;
// the job can be fetched while it is still arriving (cut-through). write is called on the
// connection's thread; begin, mark_fetchable, finish and break_off block on the disk and are called
// where that is allowed.  mark_fetchable may run beside write, in another thread.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_UPLOAD_H
#define PB_PRINT_UPLOAD_H

#include "print/request.h"

#define PB_SNIFF_SIZE 64  // bytes that tell a format

typedef struct pb_upload pb_upload_t;

// Inside the request's transaction, for request->job: a document is added to it and its spool file
// begun.  format is application/octet-stream when it must be found out.  Sets request->upload and
// the answer.
bool pb_upload_begin(struct pb_request *request, const struct pb_document *document,
                     ipp_t *capabilities);

// *is_ready_out becomes true once: enough has come for pb_upload_mark_fetchable to be called.
bool pb_upload_write(struct pb_request *request, const void *data, size_t size, bool *is_ready_out);

// What mark_fetchable needs, apart from the request, which may end meanwhile.
struct pb_upload_mark
{
  pb_print_t *print;
  int         printer_id, job_id, number;
  char        format[PB_DOCUMENT_FORMAT_SIZE];
};
void pb_upload_get_mark(const struct pb_request *request, struct pb_upload_mark *mark_out);
void pb_upload_mark_fetchable(const struct pb_upload_mark *mark);

void pb_upload_finish(
  struct pb_request *request);  // all data has come: durable, and the response is filled in
void pb_upload_break_off(
  struct pb_request *request);             // no more will come: no debris; the job is aborted
void pb_upload_free(pb_upload_t *upload);  // NULL is fine

#endif
