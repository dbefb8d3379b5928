// op-printer - Get-Printer-Attributes, Get-Printer-Supported-Values.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/capabilities.h"
#include "print/operations.h"
#include "print/print-private.h"
#include "print/requested.h"

bool
pb_op_get_printer_attributes(struct pb_request *request)
{
  bool                ok = true;
  struct pb_requested requested;
  const char         *uuid = pb_ipp_text(request->ipp, IPP_TAG_OPERATION, "output-device-uuid");
  ipp_t              *capabilities;
  struct pb_device   *only = uuid ? pb_printer_find_device(&request->printer, uuid) : NULL;

  if (uuid && !only)
    return pb_request_refuse(request, IPP_STATUS_ERROR_NOT_FOUND,
                             "the output device is not this printer's");
  pb_requested_read(&requested, request->ipp, /*otherwise*/ NULL);
  capabilities = pb_capabilities_new_for(request, only, &requested);
  if (!capabilities)
    return false;
  if (pb_requested_copy(&requested, &pb_groups_printer, capabilities, request->response,
                        IPP_TAG_PRINTER) < 0)
    ok = pb_request_refuse(request, IPP_STATUS_ERROR_TEMPORARY, "out of memory");
  ippDelete(capabilities);
  return ok;
}

// RFC 3380 s4.3: which values may a Set-Printer-Attributes give?  None may be set here.
bool
pb_op_get_printer_supported_values(struct pb_request *request)
{
  (void)request;
  return true;
}
