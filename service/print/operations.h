// operations - the functions behind the table of operations, one per IPP operation; see struct
// pb_operation.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_OPERATIONS_H
#define PB_PRINT_OPERATIONS_H

#include "print/request.h"

// op-create.c
bool pb_op_print_job(struct pb_request *request);
bool pb_op_validate_job(struct pb_request *request);
bool pb_op_create_job(struct pb_request *request);
bool pb_op_send_document(struct pb_request *request);
bool pb_op_close_job(struct pb_request *request);
// op-job.c
bool pb_op_get_jobs(struct pb_request *request);
bool pb_op_get_job_attributes(struct pb_request *request);
bool pb_op_get_documents(struct pb_request *request);
bool pb_op_get_document_attributes(struct pb_request *request);
// op-control.c
bool pb_op_cancel_job(struct pb_request *request);
bool pb_op_cancel_jobs(struct pb_request *request);
bool pb_op_cancel_my_jobs(struct pb_request *request);
bool pb_op_hold_job(struct pb_request *request);
bool pb_op_release_job(struct pb_request *request);
bool pb_op_set_job_attributes(struct pb_request *request);
// op-fetch.c
bool pb_op_fetch_job(struct pb_request *request);
bool pb_op_acknowledge_job(struct pb_request *request);
bool pb_op_fetch_document(struct pb_request *request);
bool pb_op_acknowledge_document(struct pb_request *request);
// op-update.c
bool pb_op_update_job_status(struct pb_request *request);
bool pb_op_update_document_status(struct pb_request *request);
bool pb_op_update_active_jobs(struct pb_request *request);
// op-device.c
bool pb_op_update_output_device_attributes(struct pb_request *request);
bool pb_op_get_output_device_attributes(struct pb_request *request);
bool pb_op_deregister_output_device(struct pb_request *request);
// The same for whoever may: its jobs, its registration, and its client with its last one.
bool pb_device_remove(struct pb_request *request, struct pb_device *device);
bool pb_op_identify_printer(struct pb_request *request);
bool pb_op_acknowledge_identify_printer(struct pb_request *request);
// op-printer.c
bool pb_op_get_printer_attributes(struct pb_request *request);
bool pb_op_get_printer_supported_values(struct pb_request *request);
// op-system.c
bool pb_op_get_system_attributes(struct pb_request *request);
bool pb_op_get_printers(struct pb_request *request);
bool pb_op_register_output_device(struct pb_request *request);
// op-subscription.c
bool pb_op_create_printer_subscriptions(struct pb_request *request);
bool pb_op_create_job_subscriptions(struct pb_request *request);
bool pb_op_get_subscription_attributes(struct pb_request *request);
bool pb_op_get_subscriptions(struct pb_request *request);
bool pb_op_renew_subscription(struct pb_request *request);
bool pb_op_cancel_subscription(struct pb_request *request);
bool pb_op_get_notifications(struct pb_request *request);

#endif
