// details - authorization_details (RFC 9396) of a register grant.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/details.h"

#include "base/text.h"
#include "cloud/protocol.h"
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 4  // an array of objects of strings

// Members of one object; size of the field it goes to.  Others are refused (RFC 9396 s5).
static const struct member
{
  const char *name;
  size_t      offset;
  size_t      size;
  bool        is_required;
} members[] = {
#define AT(field)                                                                                  \
  offsetof(struct pb_approved_queue, field), sizeof(((struct pb_approved_queue *)0)->field)
  {PB_DETAIL_UUID,     AT(uuid),           true },
  {PB_DETAIL_QUEUE,    AT(queue),          true },
  {PB_DETAIL_MODEL,    AT(make_and_model), false},
  {PB_DETAIL_LOCATION, AT(location),       false},
  {PB_DETAIL_HOST,     AT(host),           false},
  {PB_DETAIL_JOIN,     AT(join),           false},
  {PB_DETAIL_ADOPT,    AT(adopt),          false},
#undef AT
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

bool
pb_details_normalize_uuid(char dst[46], const char *uuid)
{
  if (uuid == NULL || !pb_text_is_uuid(uuid) || !pb_text_copy(dst, 46, uuid))
    return false;
  for (char *c = dst; *c != '\0'; c++)
    if (*c >= 'A' && *c <= 'Z')
      *c = (char)(*c - 'A' + 'a');
  return true;
}

static bool
read_text(json_object *value, const char *name, char *dst, size_t dst_size, pb_error_t *err)
{
  if (!json_object_is_type(value, json_type_string))
    return pb_error_set(err, PB_REJECT, "%s is not text", name);
  const char *text = json_object_get_string(value);
  size_t      size = (size_t)json_object_get_string_len(value);

  if (size >= dst_size)
    return pb_error_set(err, PB_REJECT, "%s is longer than %zu bytes", name, dst_size - 1);
  if (strlen(text) != size || !pb_text_is_printable(text))
    return pb_error_set(err, PB_REJECT, "%s has control characters", name);
  pb_text_copy(dst, dst_size, text);
  return true;
}

static const struct member *
find_member(const char *name)
{
  for (size_t i = 0; i < MEMBERS; i++)
    if (pb_text_is_equal(members[i].name, name))
      return &members[i];
  return NULL;
}

static bool
check_names(json_object *object, pb_error_t *err)
{
  json_object_object_foreach(object, name, value)
  {
    (void)value;
    if (find_member(name) == NULL && !pb_text_is_equal(name, "type"))
      return pb_error_set(err, PB_REJECT, "a queue has a member that is not known");
  }
  return true;
}

static bool
read_queue(json_object *object, struct pb_approved_queue *queue, pb_error_t *err)
{
  char type[64] = "";

  if (!json_object_is_type(object, json_type_object))
    return pb_error_set(err, PB_REJECT, "authorization_details is not a list of objects");
  if (!check_names(object, err))
    return false;
  json_object *value = NULL;
  if (!json_object_object_get_ex(object, "type", &value) ||
      !read_text(value, "type", type, sizeof(type), NULL) ||
      !pb_text_is_equal(type, PB_DETAILS_TYPE))
    return pb_error_set(err, PB_REJECT, "type is not " PB_DETAILS_TYPE);
  for (size_t i = 0; i < MEMBERS; i++)
  {
    char *field = (char *)queue + members[i].offset;

    if (!json_object_object_get_ex(object, members[i].name, &value))
    {
      if (members[i].is_required)
        return pb_error_set(err, PB_REJECT, "%s is missing", members[i].name);
    }
    else if (!read_text(value, members[i].name, field, members[i].size, err))
      return false;
  }
  if (queue->queue[0] == '\0')
    return pb_error_set(err, PB_REJECT, PB_DETAIL_QUEUE " is empty");
  if (queue->join[0] != '\0' && queue->adopt[0] != '\0')
    return pb_error_set(err, PB_REJECT,
                        PB_DETAIL_JOIN " and " PB_DETAIL_ADOPT " exclude each other");
  return pb_details_normalize_uuid(queue->uuid, queue->uuid) ||
         pb_error_set(err, PB_REJECT, PB_DETAIL_UUID " is not of the form urn:uuid:...");
}

static bool
has_uuid(const struct pb_approved_queue *queues, size_t count, const char *uuid)
{
  for (size_t i = 0; i < count; i++)
    if (pb_text_is_equal(queues[i].uuid, uuid))
      return true;
  return false;
}

static bool
read_queues(json_object *array, struct pb_approved_queue *queues, size_t count, pb_error_t *err)
{
  for (size_t i = 0; i < count; i++)
  {
    if (!read_queue(json_object_array_get_idx(array, i), &queues[i], err))
      return false;
    if (has_uuid(queues, i, queues[i].uuid))
      return pb_error_set(err, PB_REJECT, "a uuid is there twice");
  }
  return true;
}

// net/json.h reads objects only; this is an array.
static bool
parse_array(const char *text, size_t size, json_object **array_out, pb_error_t *err)
{
  struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
  json_object         *array   = NULL;

  if (tokener == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for authorization_details");
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  array = json_tokener_parse_ex(tokener, text, (int)size);
  if (json_tokener_get_error(tokener) != json_tokener_success ||
      json_tokener_get_parse_end(tokener) != size || !json_object_is_type(array, json_type_array))
  {
    json_object_put(array);
    array = NULL;
  }
  json_tokener_free(tokener);
  *array_out = array;
  return array != NULL ||
         pb_error_set(err, PB_REJECT, "authorization_details is not a list in JSON");
}

bool
pb_details_parse(const char *text, size_t size, struct pb_approved_queue **queues_out,
                 size_t *count_out, pb_error_t *err)
{
  struct pb_approved_queue *queues = NULL;
  json_object              *array  = NULL;
  bool                      ok     = false;

  if (size == 0 || size > PB_DETAILS_MAX)
    return pb_error_set(err, PB_REJECT, "authorization_details has %zu bytes", size);
  if (!parse_array(text, size, &array, err))
    return false;
  size_t count = json_object_array_length(array);
  if (count < 1 || count > PB_QUEUES_PER_GRANT_MAX)
  {
    pb_error_set(err, PB_REJECT, "authorization_details names %zu queues; 1 to %d are allowed",
                 count, PB_QUEUES_PER_GRANT_MAX);
    goto done;
  }
  queues = calloc(count, sizeof(*queues));
  if (queues == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  if (!read_queues(array, queues, count, err))
    goto done;
  *queues_out = queues;
  *count_out  = count;
  queues      = NULL;
  ok          = true;

done:
  free(queues);
  json_object_put(array);
  return ok;
}

static bool
add_number(json_object *object, const char *name, int number)
{
  char text[16];

  pb_text_format(text, sizeof(text), "%d", number);
  return pb_json_add_text(object, name, text);
}

static json_object *
format_queue(const struct pb_approved_queue *queue)
{
  json_object *object = json_object_new_object();

  if (object == NULL || !pb_json_add_text(object, "type", PB_DETAILS_TYPE) ||
      !pb_json_add_text(object, PB_DETAIL_UUID, queue->uuid) ||
      !pb_json_add_text(object, PB_DETAIL_QUEUE, queue->queue) ||
      (queue->adopts > 0 && !add_number(object, PB_DETAIL_ADOPT, queue->adopts)))
  {
    json_object_put(object);
    return NULL;
  }
  return object;
}

json_object *
pb_details_format(const struct pb_approved_queue *queues, size_t count)
{
  json_object *array = json_object_new_array();

  for (size_t i = 0; array != NULL && i < count; i++)
  {
    json_object *object = format_queue(&queues[i]);

    if (object == NULL || json_object_array_add(array, object) != 0)
    {
      json_object_put(object);
      json_object_put(array);
      return NULL;
    }
  }
  return array;
}
