// address - a service's address as people type it: "HOST", "HOST:PORT" or either behind https://.
// Pure but for the question that the caller hands in.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_ADDRESS_H
#define PB_CLOUD_ADDRESS_H

#include "cloud/services.h"

// The service, with its port always named: PB_SERVICE_PORT where none was typed.  PB_CONFIG:
// another scheme, or no address.
bool pb_address_parse(const char *typed, struct pb_service *service_out, bool *has_port_out,
                      pb_error_t *err) PB_MUST_USE;

// Is there a service at this address?
typedef bool (*pb_address_ask_t)(void *user, const char *url, pb_error_t *err);

// Where no port was typed: that of the one service known at this host; else PB_SERVICE_PORT, or
// PB_SERVICE_PORT_HTTPS where there is no service there and one here (a proxy may allow that port
// alone).  ask NULL: nobody is asked.  Blocks as long as ask does.  What ask said of
// PB_SERVICE_PORT where there is none; PB_REJECT: several are known.
bool pb_address_find(const char *typed, const char *const *known, size_t known_count,
                     pb_address_ask_t ask, void *user, struct pb_service *service_out,
                     pb_error_t *err) PB_MUST_USE;

// Asks for the metadata (RFC 8414) with that trust: a pb_address_ask_t whose user is a const struct
// pb_http_trust.
bool pb_address_ask_metadata(void *trust, const char *url, pb_error_t *err);

#endif
