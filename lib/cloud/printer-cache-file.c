// printer-cache-file - the list of a service's printers as a file.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/printer-cache-file.h"

#include "base/text.h"
#include "net/json.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct member
{
  const char *name;
  size_t      offset, size;
  bool        is_needed;
} members[] = {
#define MEMBER(name, field, is_needed)                                                             \
  {                                                                                                \
    name, offsetof(pb_printer_entry_t, field), sizeof(((pb_printer_entry_t *)NULL)->field),        \
      is_needed                                                                                    \
  }
  MEMBER("printer-uri", uri, true),
  MEMBER("printer-name", name, true),
  MEMBER("make-and-model", make_and_model, true),
  MEMBER("location", location, false),
  MEMBER("info", info, false),
  MEMBER("device-id", device_id, true),
#undef MEMBER
};

static bool
read_members(json_object *object, pb_printer_entry_t *entry)
{
  for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
  {
    const char *text = pb_json_text(object, members[i].name);

    if (!text && !members[i].is_needed)
      continue;
    if (!text || !*text || !pb_text_is_printable(text) ||
        !pb_text_copy((char *)entry + members[i].offset, members[i].size, text))
      return false;
  }
  return true;
}

// *err tells only that memory is out.
static bool
read_line(const struct pb_service *service, const char *line, size_t size,
          pb_printer_entry_t *entry, pb_error_t *err)
{
  json_object         *object = NULL;
  struct pb_device_uri uri    = {0};
  bool                 ok;

  *entry = (pb_printer_entry_t){0};
  ok     = pb_json_parse(line, size, &object, err) && read_members(object, entry) &&
       pb_device_uri_from_printer(entry->uri, &uri, /*err*/ NULL) && uri.port == service->port &&
       strcmp(uri.host, service->host) == 0;
  if (ok)
    pb_text_copy(entry->id, sizeof(entry->id), uri.id);
  json_object_put(object);
  return ok;
}

static size_t
count_lines(const char *text, size_t size)
{
  size_t count = 1;

  for (size_t i = 0; i < size && count < PB_PRINTERS_MAX; i++)
    count += text[i] == '\n';
  return count;
}

bool
pb_cache_list_parse(const struct pb_service *service, const char *text, size_t size,
                    pb_printer_entry_t **list_out, size_t *count_out, pb_error_t *err)
{
  size_t              room = count_lines(text, size), count = 0;
  pb_printer_entry_t *list = calloc(room, sizeof(*list));
  const char         *end  = text + size;
  pb_error_t          why  = {0};

  *list_out  = NULL;
  *count_out = 0;
  if (!list)
    return pb_error_set(err, PB_RETRY, "out of memory");
  for (const char *line = text; line < end && count < room;)
  {
    const char *stop = memchr(line, '\n', (size_t)(end - line));

    if (!stop)
      stop = end;
    if (read_line(service, line, (size_t)(stop - line), &list[count], &why))
      count++;
    else if (why.kind == PB_RETRY)
    {
      free(list);
      return pb_error_set(err, why.kind, "%s", why.message);
    }
    line = stop + 1;
  }
  *list_out  = list;
  *count_out = count;
  return true;
}

static bool
append_line(const pb_printer_entry_t *entry, pb_buffer_t *text, pb_error_t *err)
{
  json_object *object = json_object_new_object();
  bool         ok     = object != NULL;

  for (size_t i = 0; ok && i < sizeof(members) / sizeof(members[0]); i++)
  {
    const char *value = (const char *)entry + members[i].offset;

    ok = !*value || pb_json_add_text(object, members[i].name, value);
  }
  const char *line = ok ? json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE)
                        : NULL;
  ok = line ? pb_buffer_append_text(text, line, err) && pb_buffer_append_text(text, "\n", err)
            : pb_error_set(err, PB_RETRY, "out of memory");
  json_object_put(object);
  return ok;
}

bool
pb_cache_list_format(const pb_printer_entry_t *list, size_t count, pb_buffer_t *text_out,
                     pb_error_t *err)
{
  pb_buffer_init(text_out, PB_CACHE_LIST_MAX);
  for (size_t i = 0; i < count; i++)
    if (!append_line(&list[i], text_out, err))
      return false;
  return pb_buffer_append(text_out, "", 0, err);
}
