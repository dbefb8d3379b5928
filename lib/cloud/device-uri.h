// device-uri - the address of a cloud printer as CUPS keeps it:
// "printbridge://HOST[:PORT]/ID[?wait-for=printer|service]".
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_DEVICE_URI_H
#define PB_CLOUD_DEVICE_URI_H

#include "base/error.h"

#include <stddef.h>

#define PB_DEVICE_URI_SCHEME "printbridge"
#define PB_DEVICE_URI_SIZE 512  // of the longest, with its NUL

// When a job ends in CUPS.
enum pb_wait_for
{
  PB_WAIT_PRINTER,  // with its end at the printer (default)
  PB_WAIT_SERVICE   // as soon as the service has it whole
};

struct pb_device_uri
{
  char host[256];  // lower case; an IPv6 address without its brackets
  int  port;
  char id[128];  // what follows /ipp/print/ in the printer's URI: [A-Za-z0-9._-], not beginning
                 // with '.'
  enum pb_wait_for wait_for;
};

// PB_CONFIG names what is wrong.  No port: PB_SERVICE_PORT.
bool pb_device_uri_parse(const char *text, struct pb_device_uri *uri_out,
                         pb_error_t *err) PB_MUST_USE;

// False: the parts are not of the right form, or it does not fit.  The default port and wait_for
// are left out.
bool pb_device_uri_format(const struct pb_device_uri *uri, char *dst, size_t dst_size) PB_MUST_USE;

// "ipps://HOST:PORT/ipp/print/ID", "https://HOST:PORT"; false: does not fit.
bool pb_device_uri_get_printer_uri(const struct pb_device_uri *uri, char *dst,
                                   size_t dst_size) PB_MUST_USE;
bool pb_device_uri_get_service(const struct pb_device_uri *uri, char *dst,
                               size_t dst_size) PB_MUST_USE;

// A printer's URI of a service (ipps://HOST:PORT/ipp/print/ID) as a device's.  PB_REJECT: another
// form.
bool pb_device_uri_from_printer(const char *printer_uri, struct pb_device_uri *uri_out,
                                pb_error_t *err) PB_MUST_USE;

bool pb_device_uri_is_id(const char *id);

#endif
