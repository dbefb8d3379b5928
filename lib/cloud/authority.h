// authority - HOST[:PORT] of an address, checked, and written again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_AUTHORITY_H
#define PB_CLOUD_AUTHORITY_H

#include "base/error.h"

#include <stddef.h>

#define PB_HOST_SIZE 256

// "host", "host:port", "[::1]:port": the host in lower case, without brackets.  False: user names,
// empty parts, port 0, whatever is no host.
bool pb_authority_parse(const char *text, size_t size, int default_port,
                        char host_out[PB_HOST_SIZE], int *port_out) PB_MUST_USE;

// With brackets where the host is an IPv6 address; port 0: none.
#define PB_AUTHORITY_SIZE (PB_HOST_SIZE + 10)
void pb_authority_format(const char *host, int port, char dst[PB_AUTHORITY_SIZE]);

#endif
