// document-store - documents of jobs in the database; their bytes are in the spool.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_DOCUMENT_STORE_H
#define PB_PRINT_DOCUMENT_STORE_H

#include "base/db.h"
#include "base/text.h"
#include "print/reasons.h"
#include "spool/spool.h"

#define PB_DOCUMENT_FORMAT_SIZE 128
#define PB_DOCUMENTS_MAX 1000  // of a job
#define PB_DSTATE_STOPPED 6    // libcups 2.4 has no name for document-state 'processing-stopped'

struct pb_document
{
  int     job_id, number;
  char    uuid[PB_UUID_SIZE];
  char    name[256];
  char    spool_id[PB_SPOOL_ID_SIZE];  // "": the bytes are gone
  char    format[PB_DOCUMENT_FORMAT_SIZE];
  int64_t size;   // -1: still arriving
  int     state;  // 3, 5, 6, 7, 8, 9 (PWG 5100.5)
  char    reasons[PB_REASONS_SIZE];
  char    message[256];
  int64_t created_ms, processing_ms, completed_ms;
  bool    is_last;
  bool    is_fetched;  // a device has begun to read it
  int     device_state;
  char    device_reasons[PB_REASONS_SIZE];
  char    device_message[256];
  int     impressions, impressions_completed;
};

bool pb_document_insert(pb_db_t *db, const struct pb_document *document,
                        pb_error_t *err) PB_MUST_USE;
bool pb_document_load(pb_db_t *db, int job_id, int number, struct pb_document *document_out,
                      pb_error_t *err) PB_MUST_USE;
bool pb_document_save(pb_db_t *db, const struct pb_document *document, pb_error_t *err) PB_MUST_USE;
bool pb_document_delete(pb_db_t *db, int job_id, int number, pb_error_t *err) PB_MUST_USE;
bool pb_document_is_spooled(pb_db_t *db, const char *spool_id, bool *is_known_out,
                            pb_error_t *err) PB_MUST_USE;
// All of a job in order; free() them.
bool pb_document_list(pb_db_t *db, int job_id, struct pb_document **documents_out,
                      size_t *count_out, pb_error_t *err) PB_MUST_USE;

bool pb_document_is_ended(const struct pb_document *document);
// Its upload broke off when a device had begun to read it, and its sender will come again.
bool pb_document_is_awaited(const struct pb_document *document);

#endif
