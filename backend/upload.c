// upload - a document becomes a cloud job. Never two jobs: creating is idempotent by client-job-
// uuid (docs/PROTOCOL.md), and before the document is sent again the service is asked whether it
// has it already.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/upload.h"

#include "backend/interrupt.h"
#include "backend/packing.h"
#include "backend/wait.h"
#include "cloud/protocol.h"
#include "ipp/job-options.h"

#define REQUEST_MS 30000

struct upload
{
  pb_cloud_t                   *cloud;
  const struct pb_upload_order *order;
  int                           job_id;
  enum pb_coding                coding;   // of the document
  pb_encoder_t                 *encoder;  // of the try that is under way
  bool is_broken;     // the service has waited too long for the document and given the job up
  bool is_wanted;     // the service waits for the document
  bool is_stuck;      // which cannot be read once more
  bool is_unpacking;  // the service does not want it compressed after all
};

static void
tell_dropped(void *user, const char *name, const char *value, const char *why)
{
  (void)user;
  pb_log(/*ctx*/ NULL, PB_LOG_INFO, "option %s=%s is not sent: %s", name, value, why);
}

// What the service says of the job.
static void
read_job(struct upload *upload, ipp_t *response)
{
  int state = pb_ipp_int(response, IPP_TAG_JOB, "job-state", IPP_JSTATE_PENDING);

  upload->is_broken =
    state >= IPP_JSTATE_CANCELED &&
    pb_ipp_has_keyword(response, IPP_TAG_JOB, "job-state-reasons", "submission-interrupted");
  upload->is_wanted =
    state < IPP_JSTATE_CANCELED &&
    (pb_ipp_has_keyword(response, IPP_TAG_JOB, "job-state-reasons", "job-data-insufficient") ||
     pb_ipp_has_keyword(response, IPP_TAG_JOB, "job-state-reasons", "job-incoming") ||
     pb_ipp_int(response, IPP_TAG_JOB, "number-of-documents", 1) == 0);
}

static bool
request_job(struct upload *upload, ipp_t *request, const char *what, ipp_t **response_out,
            pb_error_t *err)
{
  if (!pb_cloud_request(upload->cloud, upload->order->printer_uri, request, REQUEST_MS,
                        pb_interrupt_get_flag(), response_out, err))
  {
    // Something else answers there, a proxy without its service: no refusal of the job, which is
    // held until somebody has looked.
    if (err->kind == PB_REJECT)
      err->kind = PB_CONFIG;
    return false;
  }
  if (pb_cloud_check_status(/*request*/ NULL, *response_out, what, err))
    return true;
  ippDelete(*response_out);
  *response_out = NULL;
  return false;
}

static ipp_t *
new_create_request(const struct pb_upload_order *order, pb_error_t *err)
{
  const struct pb_arguments  *arguments = order->arguments;
  const struct pb_job_options options   = {.options      = arguments->options,
                                           .ppd          = order->ppd,
                                           .copies       = arguments->copies,
                                           .final_format = order->format,
                                           .is_filtered  = arguments->file == NULL,
                                           .printer      = order->printer,
                                           .dropped      = tell_dropped};
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_JOB, order->printer_uri, arguments->user);

  if (request == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    return NULL;
  }
  ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-name", NULL, arguments->title);
  ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, PB_CLIENT_JOB_UUID, NULL,
               order->client_job_uuid);
  if (pb_job_options_add(request, &options, err))
    return request;
  ippDelete(request);
  return NULL;
}

static bool
create_job(struct upload *upload, pb_error_t *err)
{
  ipp_t *response = NULL;
  ipp_t *request  = new_create_request(upload->order, err);

  if (request == NULL || !request_job(upload, request, "Create-Job", &response, err))
    return false;
  upload->job_id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  read_job(upload, response);
  ippDelete(response);
  if (upload->job_id <= 0)
    return pb_error_set(err, PB_REJECT, "Create-Job: the service made a job without a number");
  pb_log(/*ctx*/ NULL, PB_LOG_INFO, "cloud job %d%s", upload->job_id,
         upload->is_wanted ? "" : ", which the service has already");
  return true;
}

static bool
ask_job(struct upload *upload, pb_error_t *err)
{
  static const char *const wanted[] = {"job-id", "job-state", "job-state-reasons",
                                       "number-of-documents"};
  ipp_t                   *response = NULL;
  ipp_t *request = pb_ipp_new_request(IPP_OP_GET_JOB_ATTRIBUTES, upload->order->printer_uri,
                                      upload->order->arguments->user);

  if (request != NULL)
  {
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", upload->job_id);
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", 4, NULL,
                  wanted);
  }
  if (!request_job(upload, request, "Get-Job-Attributes", &response, err))
    return false;
  read_job(upload, response);
  ippDelete(response);
  return true;
}

static bool
give_plain(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  const struct upload *upload = user;

  return pb_source_read(upload->order->source, pb_interrupt_get_fd(), data, room, got_out, err);
}

static bool
give_document(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  const struct upload *upload = user;

  if (upload->encoder != NULL)
    return pb_encoder_read(upload->encoder, give_plain, user, data, room, got_out, err);
  return give_plain(user, data, room, got_out, err);
}

static ipp_t *
new_send_request(const struct upload *upload)
{
  const struct pb_upload_order *order = upload->order;
  ipp_t                        *request =
    pb_ipp_new_request(IPP_OP_SEND_DOCUMENT, order->printer_uri, order->arguments->user);

  if (request != NULL)
  {
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", upload->job_id);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "document-name", NULL,
                 order->arguments->title);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format", NULL,
                 order->format);
    if (upload->coding != PB_CODING_NONE)
      ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "compression", NULL,
                   pb_coding_name(upload->coding));
    ippAddBoolean(request, IPP_TAG_OPERATION, "last-document", /*value*/ 1);
  }
  return request;
}

static bool
is_about_compression(ipp_status_t status)
{
  return status == IPP_STATUS_ERROR_COMPRESSION_NOT_SUPPORTED ||
         status == IPP_STATUS_ERROR_COMPRESSION_ERROR;
}

static bool
send_document(struct upload *upload, pb_error_t *err)
{
  ipp_t *response = NULL;
  bool   ok       = false;

  if (upload->coding != PB_CODING_NONE && !pb_encoder_new(upload->coding, &upload->encoder, err))
    return false;
  ok = pb_cloud_send(upload->cloud, upload->order->printer_uri, new_send_request(upload),
                     give_document, upload, pb_interrupt_get_flag(), &response, err);
  pb_encoder_free(upload->encoder);
  upload->encoder = NULL;
  if (!ok)
    return false;
  ok = pb_cloud_check_status(/*request*/ NULL, response, "Send-Document", err);
  upload->is_unpacking =
    !ok && upload->coding != PB_CODING_NONE && is_about_compression(ippGetStatusCode(response));
  ippDelete(response);
  return ok;
}

// One try at what is still to do.
static bool
try_upload(struct upload *upload, bool is_again, pb_error_t *err)
{
  if (upload->job_id == 0 && !create_job(upload, err))
    return false;
  if (is_again && !ask_job(upload, err))
    return false;
  // The same uuid gives another job then.
  if (upload->is_broken && !create_job(upload, err))
    return false;
  if (!upload->is_wanted)
    return true;
  upload->is_stuck = !pb_source_rewind(upload->order->source, err);
  if (upload->is_stuck || send_document(upload, err))
    return !upload->is_stuck;
  if (!upload->is_unpacking)
    return false;
  pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s; sending it as it is", err->message);
  pb_error_clear(err);
  upload->is_unpacking = false;
  upload->coding       = PB_CODING_NONE;
  return try_upload(upload, /*is_again*/ true, err);
}

// A refusal may mean only that an earlier try had arrived after all.
static bool
is_there(struct upload *upload)
{
  pb_error_t why = {0};

  return upload->job_id > 0 && ask_job(upload, &why) && !upload->is_wanted;
}

bool
pb_upload_run(pb_cloud_t *cloud, const struct pb_upload_order *order, int *job_id_out,
              pb_error_t *err)
{
  struct upload  upload = {.cloud = cloud, .order = order};
  struct pb_wait wait   = {0};
  bool           ok     = false;

  upload.coding = pb_packing_choose(order->printer, order->format, order->source);
  pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "compression: %s", pb_coding_name(upload.coding));
  while (!(ok = try_upload(&upload, /*is_again*/ wait.attempt > 0, err)))
  {
    if (pb_interrupt_is_set() || upload.is_stuck || (err->kind != PB_RETRY && !is_there(&upload)))
      break;
    if (err->kind == PB_RETRY && !pb_wait_retry(&wait, order->report, err))
      break;
    pb_error_clear(err);
  }
  pb_wait_over(&wait, order->report);
  *job_id_out = upload.job_id;
  return ok;
}
