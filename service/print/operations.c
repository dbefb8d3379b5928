// operations - THE table of operations: what is supported, where it is sent, who may send it, what
// performs it. operations-supported, the access page in docs/PROTOCOL.md and the negative tests
// come from it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/operations.h"

#define EITHER (PB_MAY_USER | PB_MAY_PROXY)

// clang-format off
static const struct pb_operation operations[] = {
  {IPP_OP_PRINT_JOB,                       PB_TARGET_PRINTER, PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_print_job},
  {IPP_OP_VALIDATE_JOB,                    PB_TARGET_PRINTER, PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_validate_job},
  {IPP_OP_CREATE_JOB,                      PB_TARGET_PRINTER, PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_create_job},
  {IPP_OP_SEND_DOCUMENT,                   PB_TARGET_JOB,     PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_send_document},
  {IPP_OP_CANCEL_JOB,                      PB_TARGET_JOB,     PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_cancel_job},
  {IPP_OP_GET_JOB_ATTRIBUTES,              PB_TARGET_JOB,     EITHER,          PB_DEVICE_UNASKED, pb_op_get_job_attributes},
  {IPP_OP_GET_JOBS,                        PB_TARGET_PRINTER, EITHER,          PB_DEVICE_UNASKED, pb_op_get_jobs},
  {IPP_OP_GET_PRINTER_ATTRIBUTES,          PB_TARGET_PRINTER, PB_MAY_ANYBODY,  PB_DEVICE_UNASKED, pb_op_get_printer_attributes},
  {IPP_OP_HOLD_JOB,                        PB_TARGET_JOB,     PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_hold_job},
  {IPP_OP_RELEASE_JOB,                     PB_TARGET_JOB,     EITHER,          PB_DEVICE_UNASKED, pb_op_release_job},
  {IPP_OP_SET_JOB_ATTRIBUTES,              PB_TARGET_JOB,     PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_set_job_attributes},
  {IPP_OP_GET_PRINTER_SUPPORTED_VALUES,    PB_TARGET_PRINTER, EITHER,          PB_DEVICE_UNASKED, pb_op_get_printer_supported_values},
  {IPP_OP_CREATE_PRINTER_SUBSCRIPTIONS,    PB_TARGET_PRINTER, EITHER,          PB_DEVICE_UNASKED, pb_op_create_printer_subscriptions},
  {IPP_OP_CREATE_JOB_SUBSCRIPTIONS,        PB_TARGET_JOB,     EITHER,          PB_DEVICE_UNASKED, pb_op_create_job_subscriptions},
  {IPP_OP_GET_SUBSCRIPTION_ATTRIBUTES,     PB_TARGET_PRINTER, EITHER,          PB_DEVICE_UNASKED, pb_op_get_subscription_attributes},
  {IPP_OP_GET_SUBSCRIPTIONS,               PB_TARGET_PRINTER, EITHER,          PB_DEVICE_UNASKED, pb_op_get_subscriptions},
  {IPP_OP_RENEW_SUBSCRIPTION,              PB_TARGET_PRINTER, EITHER,          PB_DEVICE_UNASKED, pb_op_renew_subscription},
  {IPP_OP_CANCEL_SUBSCRIPTION,             PB_TARGET_PRINTER, EITHER,          PB_DEVICE_UNASKED, pb_op_cancel_subscription},
  {IPP_OP_GET_NOTIFICATIONS,               PB_TARGET_PRINTER, EITHER,          PB_DEVICE_UNASKED, pb_op_get_notifications},
  {IPP_OP_GET_DOCUMENT_ATTRIBUTES,         PB_TARGET_JOB,     EITHER,          PB_DEVICE_UNASKED, pb_op_get_document_attributes},
  {IPP_OP_GET_DOCUMENTS,                   PB_TARGET_JOB,     EITHER,          PB_DEVICE_UNASKED, pb_op_get_documents},
  {IPP_OP_CANCEL_JOBS,                     PB_TARGET_PRINTER, PB_MAY_OPERATOR, PB_DEVICE_UNASKED, pb_op_cancel_jobs},
  {IPP_OP_CANCEL_MY_JOBS,                  PB_TARGET_PRINTER, PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_cancel_my_jobs},
  {IPP_OP_CLOSE_JOB,                       PB_TARGET_JOB,     PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_close_job},
  {IPP_OP_IDENTIFY_PRINTER,                PB_TARGET_PRINTER, PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_identify_printer},
  {IPP_OP_VALIDATE_DOCUMENT,               PB_TARGET_PRINTER, PB_MAY_USER,     PB_DEVICE_UNASKED, pb_op_validate_job},
  {IPP_OP_ACKNOWLEDGE_DOCUMENT,            PB_TARGET_JOB,     PB_MAY_PROXY,    PB_DEVICE_NAMED,   pb_op_acknowledge_document},
  {IPP_OP_ACKNOWLEDGE_IDENTIFY_PRINTER,    PB_TARGET_PRINTER, PB_MAY_PROXY,    PB_DEVICE_IMPLIED, pb_op_acknowledge_identify_printer},
  {IPP_OP_ACKNOWLEDGE_JOB,                 PB_TARGET_JOB,     PB_MAY_PROXY,    PB_DEVICE_NAMED,   pb_op_acknowledge_job},
  {IPP_OP_FETCH_DOCUMENT,                  PB_TARGET_JOB,     PB_MAY_PROXY,    PB_DEVICE_NAMED,   pb_op_fetch_document},
  {IPP_OP_FETCH_JOB,                       PB_TARGET_JOB,     PB_MAY_PROXY,    PB_DEVICE_NAMED,   pb_op_fetch_job},
  {IPP_OP_GET_OUTPUT_DEVICE_ATTRIBUTES,    PB_TARGET_PRINTER, PB_MAY_OPERATOR, PB_DEVICE_NAMED,   pb_op_get_output_device_attributes},
  {IPP_OP_UPDATE_ACTIVE_JOBS,              PB_TARGET_PRINTER, PB_MAY_PROXY,    PB_DEVICE_NAMED,   pb_op_update_active_jobs},
  {IPP_OP_DEREGISTER_OUTPUT_DEVICE,        PB_TARGET_PRINTER, PB_MAY_PROXY,    PB_DEVICE_NAMED,   pb_op_deregister_output_device},
  {IPP_OP_UPDATE_DOCUMENT_STATUS,          PB_TARGET_JOB,     PB_MAY_PROXY,    PB_DEVICE_NAMED,   pb_op_update_document_status},
  {IPP_OP_UPDATE_JOB_STATUS,               PB_TARGET_JOB,     PB_MAY_PROXY,    PB_DEVICE_NAMED,   pb_op_update_job_status},
  {IPP_OP_UPDATE_OUTPUT_DEVICE_ATTRIBUTES, PB_TARGET_PRINTER, PB_MAY_PROXY,    PB_DEVICE_NAMED,   pb_op_update_output_device_attributes},
  {IPP_OP_GET_PRINTERS,                    PB_TARGET_SYSTEM,  PB_MAY_ANYBODY,  PB_DEVICE_UNASKED, pb_op_get_printers},
  {IPP_OP_GET_SYSTEM_ATTRIBUTES,           PB_TARGET_SYSTEM,  PB_MAY_ANYBODY,  PB_DEVICE_UNASKED, pb_op_get_system_attributes},
  {IPP_OP_REGISTER_OUTPUT_DEVICE,          PB_TARGET_SYSTEM,  PB_MAY_REGISTER, PB_DEVICE_UNASKED, pb_op_register_output_device},
};
// clang-format on

const struct pb_operation *
pb_operations(size_t *count_out)
{
  *count_out = sizeof(operations) / sizeof(operations[0]);
  return operations;
}

const struct pb_operation *
pb_operation_find(ipp_op_t code)
{
  for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
  {
    if (operations[i].code == code)
      return &operations[i];
  }
  return NULL;
}
