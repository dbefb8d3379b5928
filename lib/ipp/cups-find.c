// cups-find - the local job of a cloud job, by the attribute that cupsd keeps for us.
// Ended jobs count: what was printed must be found, or it would be printed again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cups-private.h"
#include <stdlib.h>
#include <string.h>

#define PAGE_JOBS 500  // cupsd's own limit for a history with job attributes
#define PAGES_MAX 200
#define SEEN_MAX 20000

void
pb_cups_forget_seen(pb_cups_t *cups)
{
  free(cups->seen);
  cups->seen       = NULL;
  cups->seen_count = 0;
  cups->seen_to    = 0;
}

static bool
add_seen(pb_cups_t *cups, int job_id, const char *cloud_job_id)
{
  if (cups->seen_count % 64 == 0)
  {
    struct pb_cups_seen *bigger = realloc(cups->seen, (cups->seen_count + 64) * sizeof(*bigger));

    if (bigger == NULL)
      return false;
    cups->seen = bigger;
  }
  struct pb_cups_seen *seen = &cups->seen[cups->seen_count];
  seen->job_id              = job_id;
  // A longer one is none of ours.
  if (pb_text_copy(seen->cloud_job_id, sizeof(seen->cloud_job_id), cloud_job_id))
    cups->seen_count++;
  return true;
}

// Remembers a page of Get-Jobs; counts its jobs.
static bool
add_page(pb_cups_t *cups, ipp_t *response, int *count_out)
{
  int         job_id = 0;
  const char *cloud  = NULL;

  *count_out = 0;
  for (ipp_attribute_t *at = ippFirstAttribute(response); at != NULL;
       at                  = ippNextAttribute(response))
  {
    const char *name = ippGetGroupTag(at) == IPP_TAG_JOB ? ippGetName(at) : NULL;

    if (name == NULL)
    {
      job_id = 0;
      cloud  = NULL;
      continue;
    }
    if (strcmp(name, "job-id") == 0)
    {
      job_id = ippGetInteger(at, 0);
      (*count_out)++;
      if (job_id > cups->seen_to)
        cups->seen_to = job_id;
    }
    else if (strcmp(name, PB_CUPS_JOB_ID) == 0)
      cloud = ippGetString(at, 0, NULL);
    if (job_id > 0 && cloud != NULL)
    {
      if (!add_seen(cups, job_id, cloud))
        return false;
      cloud = NULL;
    }
  }
  return true;
}

// The next page of jobs, of all queues, behind those that were seen.
static bool
get_page(pb_cups_t *cups, int *count_out, pb_error_t *err)
{
  static const char *const wanted[] = {"job-id", PB_CUPS_JOB_ID};
  ipp_t                   *response = NULL;
  ipp_t *request = pb_cups_new_request(IPP_OP_GET_JOBS, /*queue*/ NULL, /*user*/ NULL);

  if (request != NULL)
  {
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "which-jobs", NULL, "all");
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "limit", PAGE_JOBS);
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "first-job-id", cups->seen_to + 1);
    pb_cups_want(request, wanted, 2);
  }
  if (!pb_cups_perform(cups, request, NULL, 0, "list of jobs", &response, err))
    return false;
  bool ok = add_page(cups, response, count_out);
  ippDelete(response);
  return ok || pb_error_set(err, PB_RETRY, "out of memory for the list of jobs");
}

static bool
look_at_new_jobs(pb_cups_t *cups, pb_error_t *err)
{
  int count = PAGE_JOBS;

  if (!pb_cups_connect(cups, err))
    return false;
  if (cups->seen_count > SEEN_MAX)
    pb_cups_forget_seen(cups);
  for (int page = 0; count >= PAGE_JOBS && page < PAGES_MAX; page++)
  {
    if (!get_page(cups, &count, err))
      return false;
  }
  return true;
}

// The last one: an earlier may have been lost, and made again.
static int
find_seen(const pb_cups_t *cups, const char *cloud_job_id)
{
  for (size_t i = cups->seen_count; i > 0; i--)
  {
    if (strcmp(cups->seen[i - 1].cloud_job_id, cloud_job_id) == 0)
      return cups->seen[i - 1].job_id;
  }
  return 0;
}

bool
pb_cups_find_job(pb_cups_t *cups, const char *queue, const char *cloud_job_id, int *job_id_out,
                 pb_error_t *err)
{
  struct pb_cups_job_state now = {0};
  pb_error_t               why = {0};

  *job_id_out = 0;
  if (!look_at_new_jobs(cups, err))
    return false;
  int job_id = find_seen(cups, cloud_job_id);
  if (job_id == 0)
    return true;
  // Is it still that job?  cupsd forgets old ones.
  if (!pb_cups_get_job(cups, queue, job_id, &now, &why))
    return why.kind == PB_GONE || pb_error_set(err, why.kind, "%s", why.message);
  if (strcmp(now.cloud_job_id, cloud_job_id) == 0)
    *job_id_out = job_id;
  return true;
}
