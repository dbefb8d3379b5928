// capabilities - what a printer is and can do, as the world sees it: what its device reported, what
// the service knows better, and sane values for what nobody said (PWG 5100.18 s5, IPP Everywhere).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_CAPABILITIES_H
#define PB_PRINT_CAPABILITIES_H

#include "print/composite.h"
#include "print/request.h"
#include "print/requested.h"

// All printer attributes of request->printer (only: as if it had that device alone) as a bag with a
// printer group; ippDelete it.  NULL: out of memory or the database; the response says so.
ipp_t *pb_capabilities_new(struct pb_request *request, const struct pb_device *only);
// The same for a client who wants some of them: what only costs time may be left out.
ipp_t *pb_capabilities_new_for(struct pb_request *request, const struct pb_device *only,
                               const struct pb_requested *requested);

ipp_t *pb_capabilities_copy_formats(
  ipp_t *capabilities);  // document-format-supported only; NULL: out of memory
bool pb_capabilities_has_format(ipp_t *capabilities, const char *format);

#endif
