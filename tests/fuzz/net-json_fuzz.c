// net-json_fuzz - JSON of a peer, and its members.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  json_object *object = NULL;

  if (!pb_json_parse((const char *)data, size, &object, NULL))
    return 0;
  (void)pb_json_text(object, "a");
  (void)pb_json_int(object, "a", 0);
  (void)pb_json_bool(object, "a", false);
  (void)pb_json_array(object, "a");
  (void)json_object_to_json_string(object);
  json_object_put(object);
  return 0;
}
