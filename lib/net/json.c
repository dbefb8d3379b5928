// json - json-c with the caps that hostile peers call for.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/json.h"

#include "base/text.h"
#include <string.h>

#define DEPTH_MAX 16

static bool
is_blank(const char *text, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (memchr(" \t\r\n", text[i], 4) == NULL)
      return false;
  return true;
}

bool
pb_json_parse(const char *text, size_t size, json_object **object_out, pb_error_t *err)
{
  json_tokener *tokener = NULL;
  json_object  *object  = NULL;
  bool          ok      = false;

  *object_out = NULL;
  if (size > PB_JSON_MAX)
    return pb_error_set(err, PB_REJECT, "JSON of %zu bytes, more than %d", size, PB_JSON_MAX);
  if (size == 0 || !pb_text_is_utf8(text, size))
    return pb_error_set(err, PB_REJECT, "JSON is %s", size == 0 ? "empty" : "not UTF-8");
  tokener = json_tokener_new_ex(DEPTH_MAX);
  if (tokener == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory for JSON");
    goto done;
  }
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
  object = json_tokener_parse_ex(tokener, text, (int)size);

  enum json_tokener_error why  = json_tokener_get_error(tokener);
  size_t                  used = json_tokener_get_parse_end(tokener);
  if (why != json_tokener_success || !is_blank(text + used, size - used))
    pb_error_set(err, PB_REJECT, "bad JSON at byte %zu: %s", used,
                 why == json_tokener_success    ? "text behind it"
                 : why == json_tokener_continue ? "cut"
                                                : json_tokener_error_desc(why));
  else if (!json_object_is_type(object, json_type_object))
    pb_error_set(err, PB_REJECT, "JSON is not an object");
  else
    ok = true;

done:
  if (ok)
    *object_out = object;
  else
    json_object_put(object);
  if (tokener != NULL)
    json_tokener_free(tokener);
  return ok;
}

static json_object *
find_member(json_object *object, const char *name, enum json_type type)
{
  json_object *member = NULL;

  if (!json_object_is_type(object, json_type_object) ||
      !json_object_object_get_ex(object, name, &member) || !json_object_is_type(member, type))
    return NULL;
  return member;
}

const char *
pb_json_text(json_object *object, const char *name)
{
  json_object *member = find_member(object, name, json_type_string);
  const char  *text   = member != NULL ? json_object_get_string(member) : NULL;

  // "\u0000" would make two texts out of one.
  if (text == NULL || strlen(text) != (size_t)json_object_get_string_len(member))
    return NULL;
  return text;
}

int64_t
pb_json_int(json_object *object, const char *name, int64_t otherwise)
{
  json_object *member = find_member(object, name, json_type_int);

  return member != NULL ? json_object_get_int64(member) : otherwise;
}

bool
pb_json_bool(json_object *object, const char *name, bool otherwise)
{
  json_object *member = find_member(object, name, json_type_boolean);

  return member != NULL ? json_object_get_boolean(member) : otherwise;
}

json_object *
pb_json_array(json_object *object, const char *name)
{
  return find_member(object, name, json_type_array);
}

// Takes the member over, also when it fails.
static bool
add_member(json_object *object, const char *name, json_object *member)
{
  if (member == NULL)
    return false;
  if (json_object_object_add(object, name, member) != 0)
  {
    json_object_put(member);
    return false;
  }
  return true;
}

bool
pb_json_add_text(json_object *object, const char *name, const char *text)
{
  return text == NULL || add_member(object, name, json_object_new_string(text));
}

bool
pb_json_add_int(json_object *object, const char *name, int64_t value)
{
  return add_member(object, name, json_object_new_int64(value));
}

bool
pb_json_add_bool(json_object *object, const char *name, bool value)
{
  return add_member(object, name, json_object_new_boolean(value));
}
