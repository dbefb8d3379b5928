// json - json-c with the caps that hostile peers call for.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_JSON_H
#define PB_NET_JSON_H

#include "base/error.h"
#include <json-c/json.h>
#include <stdint.h>

#define PB_JSON_MAX (64 * 1024)  // no reply of OAuth or of our own sockets is longer

// The whole text is one JSON object, valid UTF-8, at most 16 deep.  PB_REJECT otherwise.
// json_object_put it.
bool pb_json_parse(const char *text, size_t size, json_object **object_out,
                   pb_error_t *err) PB_MUST_USE;

// Members; NULL or the given default when absent or of another type.  Strings are borrowed.
const char  *pb_json_text(json_object *object, const char *name);
int64_t      pb_json_int(json_object *object, const char *name, int64_t otherwise);
bool         pb_json_bool(json_object *object, const char *name, bool otherwise);
json_object *pb_json_array(json_object *object, const char *name);

// NULL text is left out.  False: out of memory.
bool pb_json_add_text(json_object *object, const char *name, const char *text);
bool pb_json_add_int(json_object *object, const char *name, int64_t value);
bool pb_json_add_bool(json_object *object, const char *name, bool value);

#endif
