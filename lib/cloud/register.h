// register - Register-Output-Device (PWG 5100.22 s5.3.2): a queue becomes an output device of a
// service, or its certificate is renewed.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_REGISTER_H
#define PB_CLOUD_REGISTER_H

#include "cloud/client.h"

struct pb_registrant
{
  const char        *uuid;
  const char        *queue;
  const char        *user;  // for people who read logs
  const pb_key_t    *key;   // to be certified
  const atomic_bool *stop;  // may be NULL
};

// The service makes a printer and a certificate; repeating it gives the same printer.  url: of the
// service.  Free queue_out->certificate.  Errors as of pb_cloud_request and pb_cloud_check_status.
bool pb_register_device(pb_cloud_t *cloud, const char *url, const struct pb_registrant *who,
                        pb_registered_queue_t *queue_out, pb_error_t *err) PB_MUST_USE;

#endif
