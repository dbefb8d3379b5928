// registration-file - the files of one registration: their names, and JSON objects in and out of
// them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_REGISTRATION_FILE_H
#define PB_CLOUD_REGISTRATION_FILE_H

#include "base/secret.h"
#include "cloud/registration.h"
#include "net/json.h"

#define PB_REGISTRATION_SERVICE "service.json"
#define PB_REGISTRATION_KEY "key.pem"
#define PB_REGISTRATION_NEXT_KEY "next-key.pem"
#define PB_REGISTRATION_PENDING "pending.json"

// PB_GONE when it is missing, PB_CONFIG naming the file when it is no JSON object.
bool pb_registration_read_json(const char *folder, const char *name, json_object **object_out,
                               pb_error_t *err) PB_MUST_USE;
bool pb_registration_write_json(const char *folder, const char *name, json_object *object,
                                pb_error_t *err) PB_MUST_USE;

// One shared queue.  name is that of its JSON file.
bool pb_registered_queue_read(const char *folder, const char *name,
                              pb_registered_queue_t *queue_out, pb_error_t *err) PB_MUST_USE;
bool pb_registered_queue_write(const char *folder, const pb_registered_queue_t *queue,
                               pb_error_t *err) PB_MUST_USE;
bool pb_registered_queue_remove(const char *folder, const char *uuid, pb_error_t *err) PB_MUST_USE;
// Its members, without the certificate; PB_CONFIG names what is bad.  NULL: out of memory.
bool         pb_registered_queue_parse(json_object *object, pb_registered_queue_t *queue,
                                       pb_error_t *err) PB_MUST_USE;
json_object *pb_registered_queue_format(const pb_registered_queue_t *queue);
void         pb_registered_queue_clear(pb_registered_queue_t *queue);

#endif
