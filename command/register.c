// register - a queue is registered and taken back (see register.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "register.h"

#include "cloud/register.h"

#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 30000
#define TRIES 3

static const char *
get_user(void)
{
  const struct passwd *user = getpwuid(getuid());

  return user ? user->pw_name : "printbridge";
}

bool
register_queue(pb_cloud_t *cloud, const pb_registration_t *registration, const struct offer *offer,
               pb_registered_queue_t *queue_out, pb_error_t *err)
{
  const struct timespec      pause = {.tv_sec = 2};
  const struct pb_registrant who   = {
      .uuid = offer->uuid, .queue = offer->queue, .user = get_user(), .key = registration->key};
  pb_error_t why = {0};

  for (int i = 0; i < TRIES; i++)
  {
    if (i)
      nanosleep(&pause, /*left*/ NULL);
    if (pb_register_device(cloud, registration->url, &who, queue_out, &why))
      return true;
    if (why.kind != PB_RETRY)
      break;
  }
  if (err)
    *err = why;
  return false;
}

bool
deregister_queue(pb_cloud_t *cloud, const pb_registered_queue_t *queue, pb_error_t *err)
{
  ipp_t *request =
    pb_ipp_new_request(IPP_OP_DEREGISTER_OUTPUT_DEVICE, queue->printer_uri, get_user());
  ipp_t *response = NULL;
  bool   ok       = false;

  if (!request || !ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid",
                                /*language*/ NULL, queue->uuid))
  {
    ippDelete(request);
    return pb_error_set(err, PB_RETRY, "out of memory");
  }
  ok = pb_cloud_request(cloud, queue->printer_uri, request, TIMEOUT_MS, /*stop*/ NULL, &response,
                        err) &&
       pb_cloud_check_status(/*request*/ NULL, response, "Deregister-Output-Device", err);
  ippDelete(response);
  return ok;
}

// With a machine's last printer our service forgets the machine (RFC 6749 s5.2 invalid_client, and
// these words); the same code for an assertion that it does not like is no such thing.
bool
register_is_forgotten(const pb_error_t *why)
{
  return why->kind == PB_AUTH && strstr(why->message, "invalid_client") &&
         strstr(why->message, "not registered here");
}
