// cups-job - a cloud job as a local job: made, given its ticket, found again, followed, cancelled.
// cupsd's job-id is no identity: it can lose a fresh job in a crash and use the number again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "attributes.h"
#include "base/text.h"
#include "cups-private.h"
#include "ppd-vendor.h"
#include <string.h>

// Whom cupsd shall name.  It takes any name over the local socket, so "root" stays its own.
static const char *
get_user(const char *user)
{
  if (user == NULL || user[0] == '\0' || strlen(user) > 255 || !pb_text_is_printable(user) ||
      pb_text_is_equal_nocase(user, "root"))
    return "anonymous";
  return user;
}

static ipp_t *
new_job_request(ipp_op_t operation, const char *queue, int job_id, const char *user)
{
  ipp_t *request = pb_cups_new_request(operation, queue, /*user*/ NULL);

  if (request == NULL)
    return NULL;
  if (user != NULL)
  {
    ipp_attribute_t *at =
      pb_ipp_find(request, IPP_TAG_OPERATION, "requesting-user-name", IPP_TAG_NAME);
    ippSetString(request, &at, 0, user);
  }
  if (job_id > 0)
  {
    // job-id stands behind the target.
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", job_id);
  }
  return request;
}

// cupsd hands "300x300dpi" to the filters, which look for the PPD's choice of that name; drivers
// call it "300dpi".
static bool
add_resolution(ipp_t *request)
{
  ipp_attribute_t *at = pb_ipp_find(request, IPP_TAG_JOB, "printer-resolution", IPP_TAG_RESOLUTION);
  ipp_res_t        units = IPP_RES_PER_INCH;
  int              y     = 0;
  int              x     = at != NULL ? ippGetResolution(at, 0, &y, &units) : 0;
  char             choice[32];

  if (at == NULL || x != y)
    return true;
  pb_text_format(choice, sizeof(choice), "%ddp%s", x, units == IPP_RES_PER_CM ? "cm" : "i");
  return ippAddString(request, IPP_TAG_JOB, IPP_TAG_KEYWORD, "Resolution", NULL, choice) != NULL;
}

// In the job group: cupsd hands nothing of the other one to filters and backend.
static bool
add_password(ipp_t *request, ipp_t *options)
{
  static const char *const names[] = {"job-password", "job-password-encryption"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
  {
    ipp_attribute_t *at = pb_ipp_find(options, IPP_TAG_JOB, names[i], IPP_TAG_ZERO);

    if (at != NULL && !pb_attributes_copy_one(at, request, IPP_TAG_JOB))
      return false;
  }
  return true;
}

// Holding a job is the cloud's: what comes here has been released.
static bool
add_options(ipp_t *request, ipp_t *options)
{
  static const char *const holds[] = {"job-hold-until", "job-hold-until-time"};

  if (options == NULL)
    return true;
  if (pb_attributes_copy(PB_ATTRIBUTES_JOB_TEMPLATE, options, IPP_TAG_JOB, request, IPP_TAG_JOB,
                         NULL, NULL) < 0)
    return false;
  for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++)
    ippDeleteAttribute(request, ippFindAttribute(request, holds[i], IPP_TAG_ZERO));
  return pb_ppd_vendor_rename(request) && add_resolution(request) && add_password(request, options);
}

static ipp_t *
new_create_request(const struct pb_cups_job *job)
{
  const char *user    = get_user(job->user);
  ipp_t      *request = new_job_request(IPP_OP_CREATE_JOB, job->queue, 0, user);

  if (request == NULL)
    return NULL;
  if (job->title != NULL && pb_text_is_printable(job->title))
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-name", NULL, job->title);
  ippAddString(request, IPP_TAG_JOB, IPP_TAG_NAME, PB_CUPS_JOB_ID, NULL, job->cloud_job_id);
  ippAddString(request, IPP_TAG_JOB, IPP_TAG_NAME, PB_CUPS_JOB_OWNER, NULL, user);
  if (add_options(request, job->options))
    return request;
  ippDelete(request);
  return NULL;
}

bool
pb_cups_create_job(pb_cups_t *cups, const struct pb_cups_job *job, int *job_id_out, pb_error_t *err)
{
  ipp_t *response = NULL;

  *job_id_out = 0;
  if (!pb_cups_check_queue(cups, job->queue, err))
    return false;
  if (!pb_cups_perform(cups, new_create_request(job), NULL, 0, job->queue, &response, err))
    return false;
  *job_id_out = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  if (*job_id_out <= 0)
    return pb_error_set(err, PB_RETRY, "CUPS: %s: no job-id for a new job", job->queue);
  cups->owned_job  = *job_id_out;
  cups->is_created = true;
  pb_text_copy(cups->owner, sizeof(cups->owner), get_user(job->user));
  return true;
}

static bool
get_attributes(pb_cups_t *cups, const char *queue, int job_id, const char *const *wanted,
               size_t count, ipp_t **response_out, pb_error_t *err)
{
  ipp_t *request = new_job_request(IPP_OP_GET_JOB_ATTRIBUTES, queue, job_id, NULL);

  pb_cups_want(request, wanted, count);
  return pb_cups_perform(cups, request, NULL, 0, queue, response_out, err);
}

// cupsd's default policy lets the owner of a job add documents and cancel it, by name.  It would
// also add a document to a job that has ended, and print again.
static bool
load_job(pb_cups_t *cups, const char *queue, int job_id, int *documents_out, int *state_out,
         pb_error_t *err)
{
  static const char *const wanted[] = {PB_CUPS_JOB_OWNER, "job-state", "number-of-documents"};
  ipp_t                   *response = NULL;

  if (!get_attributes(cups, queue, job_id, wanted, 3, &response, err))
    return false;
  pb_text_copy(cups->owner, sizeof(cups->owner),
               get_user(pb_ipp_text(response, IPP_TAG_JOB, PB_CUPS_JOB_OWNER)));
  *documents_out   = pb_ipp_int(response, IPP_TAG_JOB, "number-of-documents", 0);
  *state_out       = pb_ipp_int(response, IPP_TAG_JOB, "job-state", 0);
  cups->owned_job  = job_id;
  cups->is_created = false;
  ippDelete(response);
  return true;
}

static ipp_t *
new_send_request(const pb_cups_t *cups, const char *queue, int job_id, const char *format,
                 bool is_last)
{
  ipp_t *request = new_job_request(IPP_OP_SEND_DOCUMENT, queue, job_id, cups->owner);

  if (request == NULL)
    return NULL;
  ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format", NULL,
               pb_ticket_type_for(format));
  ippAddBoolean(request, IPP_TAG_OPERATION, "last-document", is_last);
  return request;
}

bool
pb_cups_send_ticket(pb_cups_t *cups, const char *queue, int job_id, const pb_ticket_t *ticket,
                    bool is_last, pb_error_t *err)
{
  char text[PB_TICKET_MAX];
  int  documents = 0, state = IPP_JSTATE_HELD;

  if (!pb_ticket_format(ticket, text, err))
    return false;
  // A job that this connection has just made is empty; of any other we do not know what got there.
  if ((!cups->is_created || cups->owned_job != job_id) &&
      !load_job(cups, queue, job_id, &documents, &state, err))
    return false;
  if (documents >= ticket->document_number)
    return true;
  if (state >= IPP_JSTATE_CANCELED)
    return pb_error_set(err, PB_REJECT, "CUPS: %s: job %d has ended", queue, job_id);
  cups->is_created = false;
  return pb_cups_perform(cups, new_send_request(cups, queue, job_id, ticket->format, is_last), text,
                         strlen(text), queue, NULL, err);
}

static void
join_keywords(char *dst, size_t dst_size, ipp_attribute_t *at)
{
  size_t used = 0;

  dst[0] = '\0';
  for (int i = 0; i < ippGetCount(at); i++)
  {
    const char *keyword = ippGetString(at, i, NULL);
    size_t      size    = keyword != NULL ? strlen(keyword) : 0;

    if (size == 0 || used + size + 2 > dst_size)
      continue;
    if (used > 0)
      dst[used++] = ',';
    memcpy(dst + used, keyword, size + 1);
    used += size;
  }
}

// A cupsd that crashed has forgotten why it held the job: with a reason, somebody holds it.
static bool
is_left_open(ipp_t *response, const struct pb_cups_job_state *state)
{
  const char *until = pb_ipp_text(response, IPP_TAG_JOB, "job-hold-until");

  if (state->state != IPP_JSTATE_HELD)
    return false;
  return strstr(state->reasons, "job-incoming") != NULL ||
         (strcmp(state->reasons, "none") == 0 && (until == NULL || strcmp(until, "no-hold") == 0));
}

bool
pb_cups_get_job(pb_cups_t *cups, const char *queue, int job_id, struct pb_cups_job_state *state_out,
                pb_error_t *err)
{
  static const char *const wanted[] = {"job-state",
                                       "job-state-reasons",
                                       "job-printer-state-message",
                                       "job-impressions-completed",
                                       "job-media-sheets-completed",
                                       "number-of-documents",
                                       "job-hold-until",
                                       PB_CUPS_JOB_ID};
  ipp_t                   *response = NULL;

  memset(state_out, 0, sizeof(*state_out));
  if (!get_attributes(cups, queue, job_id, wanted, sizeof(wanted) / sizeof(wanted[0]), &response,
                      err))
    return false;
  state_out->state = pb_ipp_int(response, IPP_TAG_JOB, "job-state", 0);
  join_keywords(state_out->reasons, sizeof(state_out->reasons),
                pb_ipp_find(response, IPP_TAG_JOB, "job-state-reasons", IPP_TAG_ZERO));
  pb_text_copy(state_out->message, sizeof(state_out->message),
               pb_ipp_text(response, IPP_TAG_JOB, "job-printer-state-message"));
  pb_text_copy(state_out->cloud_job_id, sizeof(state_out->cloud_job_id),
               pb_ipp_text(response, IPP_TAG_JOB, PB_CUPS_JOB_ID));
  state_out->impressions_completed =
    pb_ipp_int(response, IPP_TAG_JOB, "job-impressions-completed", 0);
  state_out->sheets_completed = pb_ipp_int(response, IPP_TAG_JOB, "job-media-sheets-completed", 0);
  state_out->documents        = pb_ipp_int(response, IPP_TAG_JOB, "number-of-documents", 0);
  state_out->is_left_open     = is_left_open(response, state_out);
  ippDelete(response);
  return true;
}

// A request of the job's owner that has no more to say.
static bool
perform_as_owner(pb_cups_t *cups, ipp_op_t operation, const char *queue, int job_id,
                 pb_error_t *err)
{
  int documents = 0, state = 0;

  if (cups->owned_job != job_id && !load_job(cups, queue, job_id, &documents, &state, err))
    return false;
  return pb_cups_perform(cups, new_job_request(operation, queue, job_id, cups->owner), NULL, 0,
                         queue, NULL, err);
}

bool
pb_cups_cancel_job(pb_cups_t *cups, const char *queue, int job_id, pb_error_t *err)
{
  return perform_as_owner(cups, IPP_OP_CANCEL_JOB, queue, job_id, err);
}

bool
pb_cups_hold_cloud_job(pb_cups_t *cups, const char *queue, int job_id, pb_error_t *err)
{
  return perform_as_owner(cups, IPP_OP_HOLD_JOB, queue, job_id, err);
}

bool
pb_cups_release_cloud_job(pb_cups_t *cups, const char *queue, int job_id, pb_error_t *err)
{
  return perform_as_owner(cups, IPP_OP_RELEASE_JOB, queue, job_id, err);
}
