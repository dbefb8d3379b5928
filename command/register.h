// register - Register-Output-Device and Deregister-Output-Device (PWG 5100.22 s5.3.2, PWG 5100.18
// s5.4).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_REGISTER_H
#define PB_COMMAND_REGISTER_H

#include "cloud/client.h"
#include "offer.h"

// The service makes a printer and a certificate for the offer; repeating it gives the same printer.
// Free queue_out->certificate.
bool register_queue(pb_cloud_t *cloud, const pb_registration_t *registration,
                    const struct offer *offer, pb_registered_queue_t *queue_out,
                    pb_error_t *err) PB_MUST_USE;

// With the machine's own identity.  PB_GONE: the service does not know it any more.
bool deregister_queue(pb_cloud_t *cloud, const pb_registered_queue_t *queue,
                      pb_error_t *err) PB_MUST_USE;

// The service does not know this print server any more.
bool register_is_forgotten(const pb_error_t *why);

#endif
