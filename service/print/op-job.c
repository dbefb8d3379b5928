// op-job - Get-Jobs, Get-Job-Attributes, Get-Documents, Get-Document-Attributes.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "print/job-attributes.h"
#include "print/operations.h"
#include "print/print-private.h"

enum
{
  LIST_MAX       = 1000,  // jobs or documents of an answer
  ATTRIBUTES_MAX = 3500   // of an answer; a message may hold PB_IPP_ATTRIBUTES_MAX
};

static const ipp_tag_t OP = IPP_TAG_OPERATION;

static const struct
{
  const char *keyword;
  bool        is_ended, is_not_ended, is_fetchable;
} which_jobs[] = {
  {"not-completed", false, true,  false},
  {"completed",     true,  false, false},
  {"all",           false, false, false},
  {"fetchable",     false, false, true },
};

static bool
read_which(struct pb_request *request, struct pb_job_query *query)
{
  const char *which = pb_ipp_text(request->ipp, OP, "which-jobs");

  for (size_t i = 0; i < sizeof(which_jobs) / sizeof(which_jobs[0]); i++)
  {
    if (strcmp(which ? which : which_jobs[0].keyword, which_jobs[i].keyword) != 0)
      continue;
    query->is_ended     = which_jobs[i].is_ended;
    query->is_not_ended = which_jobs[i].is_not_ended;
    query->is_fetchable = which_jobs[i].is_fetchable;
    query->by_priority  = which_jobs[i].is_fetchable;
    return true;
  }
  pb_request_refuse(request, IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,
                    "which-jobs=%s is not supported", which);
  ippAddString(request->response, IPP_TAG_UNSUPPORTED_GROUP, IPP_TAG_KEYWORD, "which-jobs",
               /*language*/ NULL, which);
  return false;
}

// Fetchable jobs of a device are those that it may take: its own, and nobody's.  Else only its own.
static bool
read_query(struct pb_request *request, struct pb_job_query *query)
{
  const char *uuid    = pb_ipp_text(request->ipp, OP, "output-device-uuid");
  bool        my_jobs = pb_ipp_bool(request->ipp, OP, "my-jobs", false);

  *query = (struct pb_job_query){.printer_id = request->printer.id};
  if (!read_which(request, query))
    return false;
  if (my_jobs || (!pb_request_is_operator(request) && !pb_request_is_proxy(request)))
    query->owner = request->principal.name;
  if (my_jobs)
    query->asserted_user = pb_request_get_asserted(request);
  if (uuid && query->is_fetchable)
    query->may_take_uuid = uuid;
  else
    query->device_uuid = uuid;
  return true;
}

static bool
read_bounds(struct pb_request *request, int *first_out, int *limit_out)
{
  int limit = pb_ipp_int(request->ipp, OP, "limit", LIST_MAX);
  int first = pb_ipp_int(request->ipp, OP, "first-index", 1);

  if (limit < 1 || first < 1)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST,
                             "limit and first-index are positive");
  *limit_out = limit < LIST_MAX ? limit : LIST_MAX;
  *first_out = first;
  return true;
}

static int
count_attributes(ipp_t *message)
{
  int count = 0;

  for (ipp_attribute_t *at = ippFirstAttribute(message); at; at = ippNextAttribute(message))
    count++;
  return count;
}

static bool
add_job(struct pb_request *request, int id, const struct pb_requested *requested, bool is_first)
{
  bool          ok  = true;
  pb_error_t    err = {0};
  struct pb_job job;

  if (!pb_job_load(request->print->db, id, &job, &err))
    return pb_request_fail(request, &err);
  if (!is_first)
    ippAddSeparator(request->response);
  ok = pb_job_add_requested(request, &job, requested);
  pb_job_clear(&job);
  return ok;
}

bool
pb_op_get_jobs(struct pb_request *request)
{
  static const char *const otherwise[] = {"job-id", "job-uri", NULL};
  bool                     ok          = true;
  pb_error_t               err         = {0};
  struct pb_job_query      query;
  struct pb_requested      requested;
  int                     *ids   = NULL;
  size_t                   count = 0;
  int                      first = 1, limit = 0, added = 0;

  if (!read_query(request, &query) || !read_bounds(request, &first, &limit))
    return false;
  query.limit = first > 1000000 ? 1 : first - 1 + limit;
  if (!pb_job_list(request->print->db, &query, &ids, &count, &err))
    return pb_request_fail(request, &err);
  pb_requested_read(&requested, request->ipp, otherwise);
  for (size_t i = (size_t)first - 1;
       ok && i < count && count_attributes(request->response) < ATTRIBUTES_MAX; i++)
    ok = add_job(request, ids[i], &requested, added++ == 0);
  free(ids);
  return ok;
}

bool
pb_op_get_job_attributes(struct pb_request *request)
{
  struct pb_requested requested;

  pb_requested_read(&requested, request->ipp, /*otherwise*/ NULL);
  return pb_job_add_requested(request, &request->job, &requested);
}

bool
pb_op_get_documents(struct pb_request *request)
{
  static const char *const otherwise[] = {"document-number", NULL};
  bool                     ok          = true;
  pb_error_t               err         = {0};
  struct pb_requested      requested;
  struct pb_document      *documents = NULL;
  size_t                   count     = 0;
  int                      first = 1, limit = 0;

  if (!read_bounds(request, &first, &limit))
    return false;
  if (!pb_document_list(request->print->db, request->job.id, &documents, &count, &err))
    return pb_request_fail(request, &err);
  pb_requested_read(&requested, request->ipp, otherwise);
  for (size_t i = (size_t)first - 1; ok && i < count && limit-- > 0; i++)
  {
    if (i > (size_t)first - 1)
      ippAddSeparator(request->response);
    ok = pb_document_add_requested(request, &request->job, &documents[i], &requested);
    if (count_attributes(request->response) > ATTRIBUTES_MAX)
      break;
  }
  free(documents);
  return ok;
}

bool
pb_op_get_document_attributes(struct pb_request *request)
{
  pb_error_t          err = {0};
  struct pb_document  document;
  struct pb_requested requested;
  int                 number = pb_ipp_int(request->ipp, OP, "document-number", 0);

  if (number < 1)
    return pb_request_refuse(request, IPP_STATUS_ERROR_BAD_REQUEST, "document-number is missing");
  if (!pb_document_load(request->print->db, request->job.id, number, &document, &err))
    return pb_request_fail(request, &err);
  pb_requested_read(&requested, request->ipp, /*otherwise*/ NULL);
  return pb_document_add_requested(request, &request->job, &document, &requested);
}
