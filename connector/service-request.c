// service-request - requests to a service over a few kept connections.
// After a failure of the network others do not wait for the same time-out: they fail at once until
// one has got through.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/service.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"

#define REQUEST_TIMEOUT_MS (20 * 1000)
#define GATE_MIN_MS 200
#define GATE_BASE_MS 500
#define GATE_CAP_MS (10 * 1000)

pb_cloud_t *
pb_service_take_cloud(pb_service_t *service, pb_error_t *err)
{
  pb_cloud_t *cloud = NULL;

  if (!pb_service_check_moved(service, err))
    return NULL;
  pthread_mutex_lock(&service->mutex);
  if (service->idle_count > 0)
    cloud = service->idle[--service->idle_count];
  pthread_mutex_unlock(&service->mutex);
  if (cloud == NULL && !pb_cloud_open(service->account, &cloud, err))
    return NULL;
  return cloud;
}

void
pb_service_give_cloud(pb_service_t *service, pb_cloud_t *cloud)
{
  pthread_mutex_lock(&service->mutex);
  if (service->idle_count < PB_SERVICE_IDLE_MAX)
  {
    service->idle[service->idle_count++] = cloud;
    cloud                                = NULL;
  }
  pthread_mutex_unlock(&service->mutex);
  pb_cloud_close(cloud);
}

// May this request try?  While the service is away, one in each back-off may.
static bool
pass_gate(pb_service_t *service, pb_error_t *err)
{
  int64_t now = pb_clock_mono_ms();
  bool    ok  = true;

  pthread_mutex_lock(&service->mutex);
  if (service->failures > 0 && now < service->retry_at_ms)
    ok = pb_error_set(err, PB_RETRY, "%s", service->request_why);
  else if (service->failures > 0)
    service->retry_at_ms = now + REQUEST_TIMEOUT_MS;  // this one finds out
  pthread_mutex_unlock(&service->mutex);
  return ok;
}

void
pb_service_note_reply(pb_service_t *service, const pb_error_t *err)
{
  bool is_back = false;

  pthread_mutex_lock(&service->mutex);
  if (err == NULL)
  {
    is_back                 = service->failures > 0;
    service->failures       = 0;
    service->request_why[0] = '\0';
  }
  else
  {
    service->failures++;
    service->retry_at_ms = pb_clock_mono_ms() + pb_clock_backoff_ms(service->failures, GATE_MIN_MS,
                                                                    GATE_BASE_MS, GATE_CAP_MS);
    pb_text_copy(service->request_why, sizeof(service->request_why), err->message);
  }
  pthread_mutex_unlock(&service->mutex);
  if (is_back)
    pb_log(NULL, PB_LOG_INFO, "%s answers again", service->registration->url);
}

bool
pb_service_request(pb_service_t *service, const char *uri, ipp_t *request, ipp_t **response_out,
                   pb_error_t *err)
{
  const char *operation = ippOpString(ippGetOperation(request));
  pb_error_t  why       = {0};
  pb_cloud_t *cloud     = NULL;
  bool        ok        = false;

  *response_out = NULL;
  if (!pass_gate(service, &why))
    goto failed;
  cloud = pb_service_take_cloud(service, &why);
  if (cloud == NULL)
  {
    pb_service_note_reply(service, &why);
    goto failed;
  }
  PB_FAULT_OF("connector.request", operation, "before");
  ok = pb_cloud_request(cloud, uri, request, REQUEST_TIMEOUT_MS, &service->hub->stop, response_out,
                        &why);
  PB_FAULT_OF("connector.request", operation, "after");
  pb_service_note_reply(service, ok || why.kind == PB_REJECT ? NULL : &why);
  pb_service_give_cloud(service, cloud);
  if (ok)
    return true;
  if (err != NULL)
    *err = why;
  return false;

failed:
  ippDelete(request);
  if (err != NULL)
    *err = why;
  return false;
}

bool
pb_service_fetch(pb_service_t *service, const char *uri, ipp_t *request, pb_http_sink_t sink,
                 void *sink_user, const atomic_bool *stop, ipp_t **response_out, pb_error_t *err)
{
  pb_cloud_t *cloud = pb_service_take_cloud(service, err);
  pb_error_t  why   = {0};
  bool        ok    = false;

  *response_out = NULL;
  if (cloud == NULL)
  {
    ippDelete(request);
    return false;
  }
  ok = pb_cloud_fetch(cloud, uri, request, sink, sink_user, stop, response_out, &why);
  pb_service_give_cloud(service, cloud);
  if (ok)
    return true;
  // Only an IPP response says that a document is not to be had.  A certificate that has ended, or a
  // token that is refused, is somebody's to mend, and the job waits for it.
  if (why.kind == PB_AUTH || why.kind == PB_CONFIG)
    why.kind = PB_RETRY;
  if (err != NULL)
    *err = why;
  return false;
}
